/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef XENSTORE_LIKE_ALLOC_H
#define XENSTORE_LIKE_ALLOC_H

/*
 * Allocation for the daemon: never NULL. What a guest can make us hold is bounded by its quotas
 * to far less than dom0 has, so running out is dom0's own failure, and ends the daemon at once.
 */

#include <stdlib.h>
#include <string.h>

static inline void *xmalloc(size_t size)
{
    void *p = malloc(size ? size : 1);

    if (!p)
        abort();
    return p;
}

static inline void *xcalloc(size_t count, size_t size)
{
    void *p = calloc(count, size);

    if (!p)
        abort();
    return p;
}

static inline void *xrealloc(void *old, size_t size)
{
    void *p = realloc(old, size ? size : 1);

    if (!p)
        abort();
    return p;
}

static inline char *xstrdup(const char *str)
{
    size_t size = strlen(str) + 1;

    return memcpy(xmalloc(size), str, size);
}

#endif
