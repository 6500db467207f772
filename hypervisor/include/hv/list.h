/* SPDX-License-Identifier: GPL-2.0-only */
/* Circular doubly linked lists with the head as a node. */
#ifndef HV_LIST_H
#define HV_LIST_H

#include <hv/lib.h>

struct list {
    struct list *next, *prev;
};

static inline void list_init(struct list *l)
{
    l->next = l->prev = l;
}
static inline bool list_empty(const struct list *l)
{
    return l->next == l;
}
/* Insert @n behind @at: with a head, in front of all. */
static inline void list_add(struct list *n, struct list *at)
{
    n->prev = at;
    n->next = at->next;
    at->next->prev = n;
    at->next = n;
}
/* Remove and leave @n an empty list. */
static inline void list_del(struct list *n)
{
    n->prev->next = n->next;
    n->next->prev = n->prev;
    list_init(n);
}
#define list_entry(p, t, m)    container_of(p, t, m)
#define list_for_each(p, head) for ((p) = (head)->next; (p) != (head); (p) = (p)->next)

#endif
