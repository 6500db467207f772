/* SPDX-License-Identifier: GPL-2.0-only */
/* A set of small numbers to hand out: interrupt vectors, pirqs. The caller locks. core/idpool.c. */
#ifndef HV_IDPOOL_H
#define HV_IDPOOL_H

#include <hv/types.h>

struct idpool {
    unsigned int first, last; /* inclusive, below IDPOOL_MAX */
    unsigned int hint;        /* where the next search starts: a number rests as long as possible */
    uint64_t used[8];
};
#define IDPOOL_MAX 512u

void idpool_init(struct idpool *p, unsigned int first, unsigned int last);
/* Take @n (a power of two) consecutive free numbers, the first a multiple of @n. It, or -ENOSPC. */
int idpool_alloc(struct idpool *p, unsigned int n);
/* Take exactly @id. -EINVAL out of range; -EBUSY taken. */
int idpool_take(struct idpool *p, unsigned int id);
void idpool_free(struct idpool *p, unsigned int id, unsigned int n);
bool idpool_taken(const struct idpool *p, unsigned int id);

#endif
