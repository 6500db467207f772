/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * One-shot timers, kept in a heap per CPU, run by SOFTIRQ_TIMER on that CPU with interrupts on.
 * core/timer.c; lock irq-safe. arch_timer_set() programs the CPU's clock.
 */
#ifndef HV_TIMER_H
#define HV_TIMER_H

#include <hv/types.h>

struct timer {
    s_time_t expires_ns;
    void (*fn)(void *);
    void *arg;
    unsigned int cpu;
    bool queued, killed;
    struct timer *left, *right, *parent; /* in the heap */
};

void timers_init(void);
void timer_init(struct timer *t, void (*fn)(void *), void *arg, unsigned int cpu);
void timer_set(struct timer *t, s_time_t expires_ns); /* also replaces the old expiry */
void timer_stop(struct timer *t);
void timer_kill(struct timer *t); /* stop, and wait for the function to end: never from fn itself */
void timer_migrate(struct timer *t, unsigned int cpu);

/* hv/time: ns since boot, the same on every CPU, never backwards (arch). */
s_time_t now_ns(void);

#endif
