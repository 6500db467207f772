/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Ticket locks. A lock that an interrupt handler takes is taken with interrupts off everywhere
 * (spin_lock_irqsave); the others are never taken in interrupt context.
 *
 * Lock order, first taken first (docs/architecture.md explains it):
 *   domctl_lock, table_lock, d->lock, grant (mapper's, then granter's), d->page_lock,
 *   d->evtchn_lock (two domains: lower domid first), heap_lock, irq descriptor, sched (runqueue; two:
 *   lower cpu first), timer, console.
 */
#ifndef HV_SPINLOCK_H
#define HV_SPINLOCK_H

#include <asm/cpu.h>
#include <hv/lib.h>

typedef struct {
    uint16_t head, tail;
} spinlock_t;
#define SPINLOCK_INIT ((spinlock_t){.head = 0})

static inline void spin_lock(spinlock_t *l)
{
    uint16_t t = __atomic_fetch_add(&l->tail, 1, __ATOMIC_RELAXED);

    while (__atomic_load_n(&l->head, __ATOMIC_ACQUIRE) != t)
        __builtin_ia32_pause();
}
static inline bool spin_trylock(spinlock_t *l)
{
    uint16_t h = __atomic_load_n(&l->head, __ATOMIC_RELAXED);

    return __atomic_compare_exchange_n(&l->tail, &h, (uint16_t)(h + 1), false, __ATOMIC_ACQUIRE,
                                       __ATOMIC_RELAXED);
}
static inline void spin_unlock(spinlock_t *l)
{
    __atomic_store_n(&l->head, (uint16_t)(l->head + 1), __ATOMIC_RELEASE);
}
#define spin_lock_irqsave(l, flags) \
    do {                            \
        (flags) = arch_irq_save();  \
        spin_lock(l);               \
    } while (0)
#define spin_unlock_irqrestore(l, flags) \
    do {                                 \
        spin_unlock(l);                  \
        arch_irq_restore(flags);         \
    } while (0)
/*
 * Hold a lock from here to the end of the block, whichever way that is left:
 *     SCOPED_LOCK(&d->lock);
 *     SCOPED_LOCK_IRQ(&e->lock); (interrupts off)
 */
struct scoped_lock {
    spinlock_t *lock;
    unsigned long flags;
};
static inline spinlock_t *scope_enter(spinlock_t *l)
{
    spin_lock(l);
    return l;
}
static inline struct scoped_lock scope_enter_irq(spinlock_t *l)
{
    struct scoped_lock s = {l, arch_irq_save()};

    spin_lock(l);
    return s;
}
static inline void scope_leave(spinlock_t **l)
{
    spin_unlock(*l);
}
static inline void scope_leave_irq(struct scoped_lock *s)
{
    spin_unlock_irqrestore(s->lock, s->flags);
}
/* "unused": clang sees no use in a cleanup. */
#define SCOPED_CLEANUP(fn) __attribute__((unused, cleanup(fn)))
#define SCOPED_LOCK(l)     spinlock_t *scope SCOPED_CLEANUP(scope_leave) = scope_enter(l)
#define SCOPED_LOCK_IRQ(l) \
    struct scoped_lock scope_irq SCOPED_CLEANUP(scope_leave_irq) = scope_enter_irq(l)

/* Both locks of a pair in address order; the same lock twice is taken once. */
static inline void spin_lock_pair(spinlock_t *a, spinlock_t *b)
{
    if (a > b) {
        spinlock_t *t = a;

        a = b;
        b = t;
    }
    spin_lock(a);
    if (a != b)
        spin_lock(b);
}
static inline void spin_unlock_pair(spinlock_t *a, spinlock_t *b)
{
    spin_unlock(a);
    if (a != b)
        spin_unlock(b);
}

#endif
