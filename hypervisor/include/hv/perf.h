/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Counters of each domain, and traces: where the time goes. core/perf.c; what is counted: pv-abi/pavo.h.
 * With all of it off a hook costs one test of perf_flags.
 */
#ifndef HV_PERF_H
#define HV_PERF_H

#include <hv/lib.h>
#include <pv-abi/pavo.h>

#define PERF_COUNT 1u
#define PERF_TRACE 2u
#define PERF_DELAY 4u /* hypercall_delay= is set */
extern unsigned int perf_flags;

/* Of @v happens @event. Any context but NMI, any locks. */
void perf_note(struct vcpu *v, unsigned int event, uint32_t arg) __attribute__((cold));
static inline void perf_event(struct vcpu *v, unsigned int event, uint32_t arg)
{
    if (unlikely(perf_flags & (PERF_COUNT | PERF_TRACE)))
        perf_note(v, event, arg);
}
/* The same for what has more to it, to be called while perf_flags are set. @v is going to be runnable, and still
 * in the state it had; a CPU goes from @prev to @next (interrupts off); hypercall_dispatch(). */
void perf_wake(struct vcpu *v, s_time_t now);
void perf_switch(struct vcpu *prev, struct vcpu *next, s_time_t now);
long perf_hypercall(unsigned int nr);

void perf_init(void);                       /* boot: takes hypercall_delay= */
void perf_domain_init(struct domain *d);    /* a new domain, in the table already */
void perf_domain_destroy(struct domain *d); /* nobody has a reference to it */

/* Operations of dom0; errors as pv-abi/pavo.h says, -EINVAL another command or size, -ENOMEM, -EFAULT. */
long perf_control(const struct pavo_perf_op *op);
long perf_read(struct domain *d, struct pavo_perf_read *op);
long perf_trace(struct pavo_trace_op *op);

#endif
