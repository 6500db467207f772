/* SPDX-License-Identifier: GPL-2.0-only */
/* Event channels, 2-level ABI: 4,096 ports a domain. core/evtchn.c. */
#ifndef HV_EVTCHN_H
#define HV_EVTCHN_H

#include <hv/spinlock.h>

#define EVTCHN_MAX_PORTS 4096u
#define EVTCHN_BUCKET    64u /* ports allocated at a time */

struct evtchn; /* core/evtchn.c */

struct evtchn_domain {
    spinlock_t lock;
    struct evtchn *bucket[EVTCHN_MAX_PORTS / EVTCHN_BUCKET];
    unsigned int max_port; /* ports are < this */
    unsigned int in_use;
    evtchn_port_t next_free_hint;
    evtchn_port_t *pirq_to_port; /* [nr_pirqs], dom0 and domains with hardware; NULL else */
    unsigned int nr_pirqs;
    unsigned long pollers; /* atomic; bit n: vcpu n waits in SCHEDOP_poll */
    bool limit_logged;
};

/* @max_port: highest port the domain may have (0: as many as there are). -ENOMEM. */
int evtchn_init(struct domain *d, unsigned int max_port);
/* @d may bind pirqs 0..@nr-1. Once, before it runs. -ENOMEM. */
int evtchn_init_pirqs(struct domain *d, unsigned int nr);
/* Close all ports (dying domain). Bounded slices: 0 or -ERESTART. */
int evtchn_close_all(struct domain *d);
void evtchn_destroy(struct domain *d);
unsigned int evtchn_in_use(const struct domain *d);

/* Send a virtual interrupt. Any context. */
void virq_send_vcpu(struct vcpu *v, unsigned int virq);
/* A global VIRQ to whoever handles it (dom0). */
void virq_send_global(unsigned int virq);
/* Deliver machine interrupt @pirq to @d: sets its port pending. Any context, interrupts off. */
void pirq_send(struct domain *d, unsigned int pirq);
/* Is @port of @d pending (for SCHEDOP_poll): 0 or 1; -EINVAL no such port in use. */
int evtchn_port_pending(struct domain *d, evtchn_port_t port);

/* Wake @v if it sleeps in SCHEDOP_block or SCHEDOP_poll. Any context. (core/sched.c) */
void vcpu_unblock(struct vcpu *v);

long hc_event_channel_op(struct domain *d, uint64_t cmd, guest_va_t arg);

#endif
