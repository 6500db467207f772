/* SPDX-License-Identifier: GPL-2.0-only */
/* Circular doubly linked lists with the head as a node. */
#ifndef HV_LIST_H
#define HV_LIST_H

#include <hv/lib.h>

struct list {
    struct list *next, *prev;
};
#define LIST_INIT(name)  \
    {                    \
        &(name), &(name) \
    }

static inline void list_init(struct list *l)
{
    l->next = l->prev = l;
}
static inline bool list_empty(const struct list *l)
{
    return l->next == l;
}
/* Insert @n before @at: with a head, at the tail. */
static inline void list_add_tail(struct list *n, struct list *at)
{
    n->next = at;
    n->prev = at->prev;
    at->prev->next = n;
    at->prev = n;
}
static inline void list_add(struct list *n, struct list *at)
{
    list_add_tail(n, at->next);
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
#define list_for_each_safe(p, n, head) \
    for ((p) = (head)->next, (n) = (p)->next; (p) != (head); (p) = (n), (n) = (p)->next)

#endif
