/* SPDX-License-Identifier: GPL-2.0-only */
/* Whole files in memory. */
#include "dom0-tools/lib/file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "dom0-tools/lib/err.h"

static int read_all(int fd, struct file *f)
{
    size_t got = 0;

    while (got < f->len) {
        ssize_t n = read(fd, f->data + got, f->len - got);

        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return n ? -errno : -EIO;
        got += (size_t)n;
    }
    f->data[got] = '\0';
    return 0;
}

/* Opens a regular file; its descriptor, or -1 with *@e naming it as @name. */
static int open_regular(const char *name, const char *path, struct stat *st, struct err *e)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);

    if (fd < 0)
        return err_set(e, STATUS_USAGE, name, errno == ENOENT ? "check the path" : NULL, "%s",
                       errno == ENOENT ? "no such file" : strerror(errno));
    if (fstat(fd, st))
        err_set(e, STATUS_USAGE, name, NULL, "%s", strerror(errno));
    else if (!S_ISREG(st->st_mode))
        err_set(e, STATUS_USAGE, name, "check the path", "not a regular file");
    else
        return fd;
    close(fd);
    return -1;
}

int file_size(const char *what, const char *path, size_t *len, struct err *e)
{
    struct stat st;
    char name[512];
    int fd;

    snprintf(name, sizeof(name), "%s %s", what, path);
    fd = open_regular(name, path, &st, e);
    if (fd < 0)
        return -1;
    close(fd);
    *len = (size_t)st.st_size;
    return *len ? 0 : err_set(e, STATUS_USAGE, name, NULL, "the file is empty");
}

int file_read(struct file *f, const char *what, const char *path, size_t max, int may_be_empty,
              struct err *e)
{
    struct stat st;
    char name[512];
    int fd, rc;

    memset(f, 0, sizeof(*f));
    snprintf(name, sizeof(name), "%s %s", what, path);
    fd = open_regular(name, path, &st, e);
    if (fd < 0)
        return -1;
    if (!st.st_size && !may_be_empty)
        rc = err_set(e, STATUS_USAGE, name, NULL, "the file is empty");
    else if ((uint64_t)st.st_size > max)
        rc = err_set(e, STATUS_USAGE, name, NULL, "%llu bytes are too many, at most %zu",
                     (unsigned long long)st.st_size, max);
    else {
        f->len = (size_t)st.st_size;
        f->data = malloc(f->len + 1);
        rc = f->data ? read_all(fd, f) : -ENOMEM;
        if (rc)
            rc = err_set(e, rc == -ENOMEM ? STATUS_RESOURCES : STATUS_USAGE, name, NULL, "%s",
                         strerror(-rc));
    }
    close(fd);
    if (rc)
        file_free(f);
    return rc;
}

void file_free(struct file *f)
{
    free(f->data);
    memset(f, 0, sizeof(*f));
}
