/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Soft interrupts: per-CPU work flags, looked at before each return to a guest and in the idle loop.
 * Order: all others go before SOFTIRQ_SCHEDULE, which may not return. Bits that are still set then are
 * seen before the next guest runs, because that looks again.
 */
#include <hv/arch.h>
#include <hv/domain.h>
#include <hv/sched.h>

static struct {
    unsigned long pending;
} __attribute__((aligned(64))) softirq[NR_CPUS];
static void (*handlers[NR_SOFTIRQ])(void);

void softirq_open(unsigned int nr, void (*fn)(void))
{
    BUG_ON(nr >= NR_SOFTIRQ);
    handlers[nr] = fn;
}

void softirq_raise(unsigned int nr)
{
    set_bit(nr, &softirq[this_cpu()].pending);
}

void softirq_raise_on(unsigned int cpu, unsigned int nr)
{
    if (!test_and_set_bit(nr, &softirq[cpu].pending) && cpu != this_cpu())
        arch_send_ipi(cpu);
}

bool softirq_pending(void)
{
    return ACCESS_ONCE(softirq[this_cpu()].pending);
}

void softirq_run(void)
{
    unsigned long bits;

    while ((bits = ACCESS_ONCE(softirq[this_cpu()].pending))) {
        unsigned long first = bits & ~(1ul << SOFTIRQ_SCHEDULE);
        unsigned int nr = (unsigned int)__builtin_ctzl(first ? first : bits);

        clear_bit(nr, &softirq[this_cpu()].pending);
        if (handlers[nr])
            handlers[nr]();
    }
}

bool hypercall_preempt_check(void)
{
    return softirq_pending() || vcpu_events_pending(current);
}
