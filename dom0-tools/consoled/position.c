/* SPDX-License-Identifier: GPL-2.0-only */
#include "dom0-tools/consoled/consoled.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
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

static bool position_read(const char *name, struct position *p)
{
    char path[128];
    ssize_t n;
    int fd;

    position_path(name, path);
    fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    if (fd < 0)
        return false;
    n = pread(fd, p, sizeof(*p), 0);
    close(fd);
    return n == sizeof(*p);
}

size_t position_logged(const char *name, uint32_t domid, uint64_t log_size, uint32_t position)
{
    struct position p;
    uint32_t logged;

    if (!position_read(name, &p) || p.domid != domid)
        return 0;
    logged = (uint32_t)log_size - p.base - position;
    return logged <= XENCONS_OUT_BYTES ? logged : 0;
}

bool position_find(uint32_t domid, const char *name, char earlier[GUEST_NAME_MAX + 1])
{
    const struct dirent *entry;
    struct position p;
    bool found = false;
    DIR *dir;

    if (position_read(name, &p) && p.domid == domid)
        return false; /* usual, and cheaper */
    dir = opendir(POSITION_DIR);
    if (!dir)
        return false;
    while (!found && (entry = readdir(dir))) {
        found =
            guest_name_ok(entry->d_name) && position_read(entry->d_name, &p) && p.domid == domid;
        if (found)
            strcpy(earlier, entry->d_name);
    }
    closedir(dir);
    return found;
}

void position_move(const char *from, const char *to)
{
    char from_path[128], to_path[128];

    position_path(from, from_path);
    position_path(to, to_path);
    crash_point();
    rename(from_path, to_path);
    crash_point();
}

void position_forget(const char *name)
{
    char path[128];

    position_path(name, path);
    unlink(path);
}
