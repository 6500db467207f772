/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef XENSTORE_LIKE_PATH_H
#define XENSTORE_LIKE_PATH_H

/*
 * Paths of nodes. Canonical: begins with '/', no '/' at the end (but "/" itself), none doubled,
 * names of letters, digits, '-', '_', '@'.
 */

#include <stddef.h>
#include <stdint.h>

#define PATH_MAX_BYTES 3073 /* longest absolute path and its NUL (XENSTORE_ABS_PATH_MAX) */

/*
 * Makes @path canonical in @to (PATH_MAX_BYTES): a relative one is below /local/domain/@domid.
 * Returns the length of the prefix put before it, 0 for an absolute one; -EINVAL not a path, or
 * too long: 2,048 bytes, not counting a domain's own part, 3,072 in all.
 */
int path_canonical(const char *path, uint32_t domid, char *to);

#endif
