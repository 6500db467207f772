/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The scheduler: a run queue per CPU, ordered by weighted virtual run time; wake-up preemption, work
 * stealing by idle CPUs, bounded time slice. core/sched.c. Lock: the queue lock of the vcpu's cpu
 * (irq-safe: wake-ups come from interrupts).
 */
#ifndef HV_SCHED_H
#define HV_SCHED_H

#include <hv/list.h>
#include <hv/spinlock.h>
#include <hv/timer.h>
#include <hv/types.h>

struct sched_vcpu {
    struct list queue; /* in the run queue of @cpu while runnable and not running */
    unsigned int cpu;  /* whose queue lock guards this vcpu */
    bool running;      /* is some cpu's current (or still being switched away from) */
    bool queued;
    uint64_t vruntime_ns;
    s_time_t started_ns;
    uint64_t run_ns;     /* total time on a CPU */
    uint64_t affinity;   /* bit per CPU */
    unsigned int weight; /* 1..65535, default 256 */
};

/* What all vcpus of a domain may use together. */
struct sched_cap {
    spinlock_t lock;          /* irq-safe */
    unsigned int percent;     /* of one CPU; 0: no cap */
    s_time_t left_ns, end_ns; /* of the period: budget, below 0 when owed; when it is over */
    struct timer timer;       /* at end_ns while vcpus are parked */
};

void sched_init(void);               /* boot CPU */
void sched_cpu_up(unsigned int cpu); /* before that cpu idles; makes its idle vcpu */
struct vcpu *sched_idle_vcpu(unsigned int cpu);
/* Also sets up v's two timers (singleshot sends VIRQ_TIMER). */
void sched_vcpu_init(struct vcpu *v, unsigned int cpu);
void sched_vcpu_destroy(struct vcpu *v);
/* Called in softirq context: pick the next vcpu and switch to it (arch_switch_to, does not return when
 * it switches). arch_switch_to is called with interrupts off and no lock held. */
void schedule(void);
/* Called by arch on the new side of a switch, when the old state is saved: @prev may now run elsewhere. */
void sched_switch_done(struct vcpu *prev);

void vcpu_wake(struct vcpu *v);         /* runnable may have become true */
void vcpu_sleep_nosync(struct vcpu *v); /* runnable may have become false: stop it soon */
void vcpu_sleep_sync(struct vcpu *v);   /* and wait until its state is saved */
int vcpu_set_affinity(struct vcpu *v, uint64_t mask); /* -EINVAL: none of these CPUs is up */
uint64_t vcpu_run_ns(const struct vcpu *v);

/* Per-CPU work flags, looked at before each return to a guest and in the idle loop. */
enum { SOFTIRQ_SCHEDULE, SOFTIRQ_TIMER, NR_SOFTIRQ };
void softirq_raise(unsigned int nr);                      /* this CPU */
void softirq_raise_on(unsigned int cpu, unsigned int nr); /* sends an IPI unless it is this one */
bool softirq_pending(void);
void softirq_run(void); /* runs all pending; may not return (schedule) */
void softirq_open(unsigned int nr, void (*fn)(void));
/* True when a long operation should stop and continue later: softirq pending, or an event for current. */
bool hypercall_preempt_check(void);

/* Timers of the cap and of watchdogs. Behind destroy none runs any more. */
void sched_domain_init(struct domain *d);
void sched_domain_destroy(struct domain *d);
/* For the weight see struct sched_vcpu; @cap in percent of one CPU, 0: none. */
void sched_set_share(struct domain *d, unsigned int weight, unsigned int cap);

/* Hypercalls */
long hc_sched_op(struct domain *d, uint64_t cmd, guest_va_t arg);
long hc_set_timer_op(struct domain *d, uint64_t timeout_ns);

#endif
