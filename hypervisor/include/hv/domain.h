/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Domains and virtual CPUs.
 * Life:    created (paused, controller pause 1) -> running -> shut down (code) and/or dying -> dead.
 * Refs:    the table of domains holds one until domain_kill is done, tot_pages != 0 and hv_pages != 0
 *          hold one each, lookups hold theirs; the last one frees the struct, then the id.
 * Locking: d->lock guards state, shutdown and the vcpu table; d->page_lock the page counts.
 */
#ifndef HV_DOMAIN_H
#define HV_DOMAIN_H

#include <asm/domain.h>
#include <hv/evtchn.h>
#include <hv/frame.h>
#include <hv/grant.h>
#include <hv/sched.h>
#include <hv/spinlock.h>
#include <hv/timer.h>
#include <pv-abi/shared_info.h>
#include <pv-abi/vcpu.h>

enum domain_dying { DOMAIN_ALIVE, DOMAIN_DYING, DOMAIN_DEAD };

struct vcpu {
    unsigned int id;
    struct domain *domain;

    struct sched_vcpu sched; /* core/sched.c: state, cpu, run time; see hv/sched.h */

    unsigned long pause_flags; /* VPF_* bits, atomic: why it does not run (vcpu_runnable) */

    struct vcpu_info *info; /* in shared_info, or where the guest registered it */
    mfn_t info_mfn;         /* frame held while registered elsewhere; INVALID_MFN otherwise */

    struct timer singleshot, poll_timer;
    int poll_port;                  /* > 0: the one port polled for; 0: none; -1: several */
    evtchn_port_t virq_to_port[32]; /* 0: not bound */

    guest_va_t runstate_va; /* registered area; 0: none. Written on switch while its root is live */
    struct hv_runstate {
        int state;
        s_time_t entry_ns, time_ns[4];
    } runstate;

    bool initialised; /* has a context (VCPUOP_initialise / setvcpucontext) */

    s_time_t perf_woken_ns; /* not yet run since; 0: it has. Lock of its queue */
    s_time_t perf_inner_ns; /* in hypercalls, for a multicall around them; of the last one alone: */
    s_time_t perf_own_ns;

    uint64_t hc_args[6]; /* of the hypercall in progress; handlers put their progress here */
    struct arch_vcpu arch;
};

#define VPF_BLOCKED 0 /* SCHEDOP_block or poll: until an event */
#define VPF_DOWN    1 /* not yet up, or VCPUOP_down */
#define VPF_PARKED  2 /* its domain has used up its cap: until the next period */

struct domain {
    domid_t domid;
    uint32_t refs;
    spinlock_t lock;

    enum domain_dying dying;
    bool privileged; /* dom0 */
    bool is_shut_down;
    bool is_shutting_down;
    uint8_t shutdown_code;
    uint32_t pause_count;   /* all causes; > 0: no vcpu runs */
    bool controller_paused; /* by domctl; counted once in pause_count */
    uint8_t handle[16];
    uint32_t ssidref;

    unsigned int max_vcpus;
    struct vcpu *vcpu[MAX_VCPUS];

    spinlock_t page_lock;
    uint64_t tot_pages, max_pages, claimed_pages, hv_pages;
    struct xen_e820entry *e820; /* memory map that the tools set; NULL: none. page_lock */
    unsigned int nr_e820;
    uint64_t destroy_cursor; /* next frame to look at in domain_kill's sweep */

    struct shared_info *shared;
    mfn_t shared_mfn;

    struct sched_cap cap;

    struct watchdog { /* SCHEDOP_watchdog */
        struct timer timer;
        bool in_use;
    } watchdog[2]; /* lock */

    uint64_t vm_assist;
    struct evtchn_domain evtchn;
    struct grant_domain grant;
    spinlock_t devalidate_lock; /* innermost */
    uint32_t devalidate_head;   /* frames that wait for frame_drain, by number; 0: none */
    unsigned int devalidating;  /* frames off the list that CPUs are at; devalidate_lock */
    s_time_t
        unsettled_ns; /* since when somebody waits for both to be 0; devalidate_lock; 0: nobody */
    int32_t time_offset_s;
    struct pavo_perf *perf; /* counters, core/perf.c; NULL: off */
    struct arch_domain arch;
};

/* Each vcpu that @d has by now. */
#define for_each_vcpu(d, v)                                                                  \
    for (struct vcpu **vcpu_at = (d)->vcpu; vcpu_at < (d)->vcpu + (d)->max_vcpus; vcpu_at++) \
        if (((v) = __atomic_load_n(vcpu_at, __ATOMIC_ACQUIRE)))

/* core/domain.c */
extern struct domain *dom0;
extern struct domain *idle_domain; /* owns the idle vcpus, domid 0x7fff; in no table */
static inline bool is_idle(const struct vcpu *v)
{
    return v->domain == idle_domain;
}

/* The domain @id with a reference, or NULL. */
struct domain *domain_get(domid_t id);
/* One more reference on a domain that the caller already holds. */
void domain_ref(struct domain *d);
void domain_put(struct domain *d);
/* Resolve DOMID_SELF and permission: @d itself, or any domain if @d is privileged. -ESRCH, -EPERM. */
int domain_get_controlled(struct domain *d, domid_t id, struct domain **out);
/* For a variable, which must be NULL or hold a reference: that is given back when its block is left. */
static inline void domain_put_scoped(struct domain **d)
{
    if (*d)
        domain_put(*d);
}
#define SCOPED_REF SCOPED_CLEANUP(domain_put_scoped)
/* Next domain with domid >= @from, with a reference; NULL at the end. */
struct domain *domain_get_next(unsigned int from);

/* @id: wanted domid (dom0: 0), or 0x7fff..: pick. Published, paused. -EEXIST -ENOMEM -EINVAL. */
int domain_create(unsigned int id, const uint8_t handle[16], unsigned int max_vcpus,
                  unsigned int max_grant_frames, unsigned int max_maptrack_frames,
                  unsigned int max_evtchn_port, struct domain **out);
/* One vcpu, down, placed on @cpu. -ENOMEM, -EEXIST, -EINVAL. */
int vcpu_create(struct domain *d, unsigned int id, unsigned int cpu);
/* One slice of destruction: 0 done (dead, list reference dropped), -ERESTART call again. */
int domain_kill(struct domain *d);

void domain_pause(struct domain *d); /* waits until no vcpu runs */
void domain_unpause(struct domain *d);

/* @d says it stops: all vcpus paused, code kept, VIRQ_DOM_EXC to dom0. For dom0: machine power. */
void domain_shutdown(struct domain *d, uint8_t code);
/* The current guest did what cannot be carried on: log, dump its state, shut it down with "crash". */
void domain_crash(struct domain *d, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void domain_resume(struct domain *d);

/* To the area that the guest registered; its root is live. */
void vcpu_runstate_write(const struct vcpu *v);
bool vcpu_events_pending(const struct vcpu *v); /* upcall pending and not masked */
/* Set the pending flags in vcpu_info and wake or kick @v. */
void vcpu_mark_events_pending(struct vcpu *v);

/* Undo VCPUOP_register_vcpu_info, if there was one. */
void vcpu_unmap_info(struct vcpu *v);

#endif
