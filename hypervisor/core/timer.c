/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * One-shot timers: a skew heap per CPU, links inside the timers, so that setting one never allocates.
 * Invariant: t->queued exactly when t is in the heap of cpu t->cpu. The clock of a CPU is programmed by
 *            that CPU alone, for the earliest timer of its heap.
 * Locking:   heap lock of t->cpu (irq-safe; two: lower cpu first), taken after the scheduler's.
 */
#include <hv/arch.h>
#include <hv/sched.h>
#include <hv/spinlock.h>
#include <hv/timer.h>

static struct timer_cpu {
    spinlock_t lock;
    struct timer *root;
    struct timer *running; /* its function runs now */
} __attribute__((aligned(64))) cpus[NR_CPUS];

/* ---- skew heap ---------------------------------------------------------------------------------- */

/* Make one heap of two: interleave their right spines and swap the children on the way, which keeps all
 * operations at O(log n) over any run of them. */
static struct timer *meld(struct timer *a, struct timer *b, struct timer *parent)
{
    struct timer *root, **link = &root;

    while (a && b) {
        struct timer *first = a->expires_ns <= b->expires_ns ? a : b;

        b = first == a ? b : a;
        a = first->right;
        first->right = first->left;
        first->parent = parent;
        *link = parent = first;
        link = &first->left;
    }
    *link = a ? a : b;
    if (*link)
        (*link)->parent = parent;
    return root;
}

static void heap_remove(struct timer_cpu *c, struct timer *t)
{
    struct timer *rest = meld(t->left, t->right, t->parent);

    if (!t->parent)
        c->root = rest;
    else if (t->parent->left == t)
        t->parent->left = rest;
    else
        t->parent->right = rest;
    t->queued = false;
}

/* ---- timers -------------------------------------------------------------------------------------- */

static struct timer_cpu *timer_lock(struct timer *t, unsigned long *flags)
{
    for (;;) {
        struct timer_cpu *c = &cpus[ACCESS_ONCE(t->cpu)];

        spin_lock_irqsave(&c->lock, *flags);
        if (c == &cpus[t->cpu])
            return c;
        spin_unlock_irqrestore(&c->lock, *flags);
    }
}

/* The earliest timer of @c may have changed: have its CPU program its clock. Lock held. */
static void reprogram(struct timer_cpu *c)
{
    unsigned int cpu = (unsigned int)(c - cpus);

    if (cpu == this_cpu())
        arch_timer_set(c->root ? c->root->expires_ns : 0);
    else
        softirq_raise_on(cpu, SOFTIRQ_TIMER);
}

static void timer_queue(struct timer_cpu *c, struct timer *t)
{
    t->left = t->right = NULL;
    c->root = meld(c->root, t, NULL);
    t->queued = true;
    if (c->root == t)
        reprogram(c);
}

void timer_init(struct timer *t, void (*fn)(void *), void *arg, unsigned int cpu)
{
    memset(t, 0, sizeof(*t));
    t->fn = fn;
    t->arg = arg;
    t->cpu = cpu;
}

void timer_set(struct timer *t, s_time_t expires_ns)
{
    unsigned long flags;
    struct timer_cpu *c = timer_lock(t, &flags);

    if (!t->killed) {
        if (t->queued)
            heap_remove(c, t);
        t->expires_ns = max(expires_ns, 1); /* 0 would mean "off" to the clock */
        timer_queue(c, t);
    }
    spin_unlock_irqrestore(&c->lock, flags);
}

void timer_stop(struct timer *t)
{
    unsigned long flags;
    struct timer_cpu *c = timer_lock(t, &flags);

    /* The clock stays as it is: one interrupt too many finds nothing to do. */
    if (t->queued)
        heap_remove(c, t);
    spin_unlock_irqrestore(&c->lock, flags);
}

void timer_kill(struct timer *t)
{
    unsigned long flags;
    struct timer_cpu *c;

    if (!t->fn) /* never initialised */
        return;
    c = timer_lock(t, &flags);
    t->killed = true;
    if (t->queued)
        heap_remove(c, t);
    spin_unlock_irqrestore(&c->lock, flags);
    /* Its function may be running, maybe on the CPU that it was on before a migration. */
    for (unsigned int cpu = 0; cpu < NR_CPUS; cpu++)
        while (__atomic_load_n(&cpus[cpu].running, __ATOMIC_ACQUIRE) == t)
            __builtin_ia32_pause();
}

void timer_migrate(struct timer *t, unsigned int cpu)
{
    unsigned long flags;

    for (;;) {
        unsigned int old = ACCESS_ONCE(t->cpu);
        struct timer_cpu *from = &cpus[old], *to = &cpus[cpu];
        bool done;

        if (old == cpu)
            return;
        flags = arch_irq_save();
        spin_lock_pair(&from->lock, &to->lock); /* address order is CPU order */
        done = t->cpu == old;
        if (done)
            t->cpu = cpu;
        if (done && t->queued) {
            heap_remove(from, t);
            timer_queue(to, t);
        }
        spin_unlock_pair(&from->lock, &to->lock);
        arch_irq_restore(flags);
        if (done)
            return;
    }
}

/* SOFTIRQ_TIMER: run what has expired, then program the clock for the next. */
static void timer_softirq(void)
{
    struct timer_cpu *c = &cpus[this_cpu()];
    unsigned long flags;

    spin_lock_irqsave(&c->lock, flags);
    while (c->root && c->root->expires_ns <= now_ns()) {
        struct timer *t = c->root;
        void (*fn)(void *) = t->fn;
        void *arg = t->arg;

        heap_remove(c, t);
        __atomic_store_n(&c->running, t, __ATOMIC_RELEASE);
        spin_unlock_irqrestore(&c->lock, flags);
        fn(arg);
        spin_lock_irqsave(&c->lock, flags);
        __atomic_store_n(&c->running, NULL, __ATOMIC_RELEASE);
    }
    arch_timer_set(c->root ? c->root->expires_ns : 0);
    spin_unlock_irqrestore(&c->lock, flags);
}

void timers_init(void)
{
    softirq_open(SOFTIRQ_TIMER, timer_softirq);
}
