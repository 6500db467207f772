/* SPDX-License-Identifier: GPL-2.0-only */
#include "dom0-tools/lib/newfile.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "dom0-tools/lib/err.h"

static int cannot(const struct newfile *f, int error, struct err *e)
{
    return err_set(e, err_file_status(error), f->path, NULL, "cannot be written: %s",
                   strerror(error));
}

/* What stands before the last part of @path, with its slash. */
static int folder_len(const char *path)
{
    const char *slash = strrchr(path, '/');

    return slash ? (int)(slash + 1 - path) : 0;
}

static int open_nameless(const char *path)
{
    int len = folder_len(path), fd;
    char *folder;

    if (asprintf(&folder, "%.*s.", len, path) < 0)
        return -1;
    fd = open(folder, O_TMPFILE | O_WRONLY | O_CLOEXEC, 0600);
    free(folder);
    return fd;
}

int newfile_open(struct newfile *f, const char *path, struct err *e)
{
    int len = folder_len(path);
    struct stat st;

    *f = (struct newfile){.fd = -1, .path = path};
    if (!path[len])
        return err_set(e, STATUS_USAGE, path, NULL, "this is no file's name");
    if (!stat(path, &st) && !S_ISREG(st.st_mode))
        return err_set(e, STATUS_USAGE, path, "name another file",
                       "it is there and no regular file");
    if (asprintf(&f->temporary, "%.*s.%.200s.XXXXXX", len, path, path + len) < 0)
        return err_set(e, STATUS_RESOURCES, path, NULL, "out of memory");
    f->fd = open_nameless(path);
    if (f->fd < 0 && (errno == EOPNOTSUPP || errno == EISDIR)) {
        f->fd = mkostemp(f->temporary, O_CLOEXEC);
        f->named = f->fd >= 0;
    }
    if (f->fd >= 0)
        return 0;
    cannot(f, errno, e);
    newfile_drop(f);
    return -1;
}

int newfile_write(struct newfile *f, const char *data, size_t len, struct err *e)
{
    while (len) {
        ssize_t n = write(f->fd, data, len);

        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return cannot(f, errno, e);
        data += n;
        len -= (size_t)n;
    }
    return 0;
}

/* A link never replaces a file: by way of a name that nobody has. */
static int give_name(struct newfile *f)
{
    char *end = f->temporary + strlen(f->temporary) - 6, self[32];
    unsigned int i;

    if (f->named)
        return 0;
    snprintf(self, sizeof(self), "/proc/self/fd/%d", f->fd);
    for (i = 0; i < 100; i++) {
        snprintf(end, 7, "%06x", ((unsigned int)getpid() * 100 + i) & 0xffffff);
        if (!linkat(AT_FDCWD, self, AT_FDCWD, f->temporary, AT_SYMLINK_FOLLOW)) {
            f->named = 1;
            return 0;
        }
        if (errno != EEXIST)
            break;
    }
    return -1;
}

int newfile_commit(struct newfile *f, struct err *e)
{
    int rc =
        fsync(f->fd) || give_name(f) || rename(f->temporary, f->path) ? cannot(f, errno, e) : 0;

    if (!rc)
        f->named = 0;
    newfile_drop(f);
    return rc;
}

void newfile_drop(struct newfile *f)
{
    if (f->named)
        unlink(f->temporary);
    if (f->fd >= 0)
        close(f->fd);
    free(f->temporary);
    f->fd = -1;
    f->temporary = NULL;
    f->named = 0;
}
