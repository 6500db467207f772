/* SPDX-License-Identifier: GPL-2.0-only */
#include "dom0-tools/consoled/consoled.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "dom0-tools/lib/crash.h"
#include "pv-abi/io/console.h"

struct position {
    uint32_t domid;
    uint32_t base; /* size of the log less the ring's position, as both grow */
};

static void position_path(const char *name, char path[128])
{
    snprintf(path, 128, POSITION_DIR "/%s", name);
}

void position_note(const char *name, uint32_t domid, uint64_t log_size, uint32_t position)
{
    struct position p = {domid, (uint32_t)log_size - position};
    char path[128];
    int fd;

    mkdir(POSITION_DIR, 0700);
    position_path(name, path);
    fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0)
        return;
    if (pwrite(fd, &p, sizeof(p), 0) != sizeof(p))
        unlink(path); /* then bytes may be logged twice: better than not at all */
    close(fd);
    crash_point();
}

size_t position_logged(const char *name, uint32_t domid, uint64_t log_size, uint32_t position)
{
    struct position p;
    char path[128];
    uint32_t logged;
    ssize_t n;
    int fd;

    position_path(name, path);
    fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    if (fd < 0)
        return 0;
    n = pread(fd, &p, sizeof(p), 0);
    close(fd);
    logged = (uint32_t)log_size - p.base - position;
    return n == sizeof(p) && p.domid == domid && logged <= XENCONS_OUT_BYTES ? logged : 0;
}

void position_forget(const char *name)
{
    char path[128];

    position_path(name, path);
    unlink(path);
}
