/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef DOM0_TOOLS_LIB_NEWFILE_H
#define DOM0_TOOLS_LIB_NEWFILE_H

/*
 * A file that has its name only when it is whole: whoever writes it may be killed at any moment, and
 * no part of it is left (where the file system knows nameless files; else a hidden one may be).
 */

#include <stddef.h>

struct err;

struct newfile {
    int fd; /* to write to; of mode 0600 */
    const char *path;
    char *temporary; /* its name meanwhile, or the one to pass through */
    int named;       /* it has that name already */
};

/* -1 with *@e: @path is there and no regular file, or cannot be made. */
int newfile_open(struct newfile *f, const char *path, struct err *e);
/* Writes all of it; -1 with *@e. Others may write to fd themselves. */
int newfile_write(struct newfile *f, const char *data, size_t len, struct err *e);
/* Gives it its name, in place of a file that had it, when all of it is on the disk. Ends it in any case. */
int newfile_commit(struct newfile *f, struct err *e);
/* Forgets it. */
void newfile_drop(struct newfile *f);

#endif
