/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef DOM0_TOOLS_LIB_FILE_H
#define DOM0_TOOLS_LIB_FILE_H

/* Whole files in memory. */

#include <stddef.h>
#include <stdint.h>

struct err;

struct file {
    uint8_t *data; /* never NULL after success; a zero byte follows the contents */
    size_t len;
};

/*
 * Reads a regular file of at most @max bytes. @what ("kernel") and the path name it in *@e
 * (STATUS_USAGE: missing, unreadable, no file, empty when @may_be_empty is 0, too long).
 */
int file_read(struct file *f, const char *what, const char *path, size_t max, int may_be_empty,
              struct err *e);
void file_free(struct file *f);

/* Only the length of a regular file, with the same errors. */
int file_size(const char *what, const char *path, size_t *len, struct err *e);

#endif
