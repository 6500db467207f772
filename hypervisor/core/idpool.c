/* SPDX-License-Identifier: GPL-2.0-only */
#include <hv/errno.h>
#include <hv/idpool.h>
#include <hv/lib.h>

void idpool_init(struct idpool *p, unsigned int first, unsigned int last)
{
    BUG_ON(first > last || last >= IDPOOL_MAX);
    memset(p, 0, sizeof(*p));
    p->first = p->hint = first;
    p->last = last;
}

static bool block_free(const struct idpool *p, unsigned int id, unsigned int n)
{
    for (unsigned int i = id; i < id + n; i++)
        if (test_bit(i, p->used))
            return false;
    return true;
}

static void mark(struct idpool *p, unsigned int id, unsigned int n)
{
    for (unsigned int i = id; i < id + n; i++)
        set_bit(i, p->used);
}

/* A free aligned block that starts in [@from, @to]; -1: none. */
static int search(const struct idpool *p, unsigned int from, unsigned int to, unsigned int n)
{
    for (unsigned int id = ROUND_UP(from, n); id <= to && id + n - 1 <= p->last; id += n)
        if (block_free(p, id, n))
            return (int)id;
    return -1;
}

int idpool_alloc(struct idpool *p, unsigned int n)
{
    int id;

    BUG_ON(n == 0 || (n & (n - 1)));
    id = search(p, p->hint, p->last, n);
    if (id < 0)
        id = search(p, p->first, p->hint, n);
    if (id < 0)
        return -ENOSPC;
    mark(p, (unsigned int)id, n);
    p->hint = (unsigned int)id + n > p->last ? p->first : (unsigned int)id + n;
    return id;
}

int idpool_take(struct idpool *p, unsigned int id)
{
    if (id < p->first || id > p->last)
        return -EINVAL;
    if (test_bit(id, p->used))
        return -EBUSY;
    mark(p, id, 1);
    return 0;
}

void idpool_free(struct idpool *p, unsigned int id, unsigned int n)
{
    BUG_ON(id < p->first || n == 0 || id + n - 1 > p->last);
    for (unsigned int i = id; i < id + n; i++)
        clear_bit(i, p->used);
}

bool idpool_taken(const struct idpool *p, unsigned int id)
{
    return id >= p->first && id <= p->last && test_bit(id, p->used);
}
