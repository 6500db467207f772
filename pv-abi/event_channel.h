/* SPDX-License-Identifier: MIT */
/*
 * Event channels. Ports are numbers in one domain; 2-level delivery has 4,096 of them.
 * Source: Xen 4.17 public/event_channel.h.
 */
#ifndef PV_ABI_EVENT_CHANNEL_H
#define PV_ABI_EVENT_CHANNEL_H

#define EVTCHNOP_bind_interdomain 0
#define EVTCHNOP_bind_virq        1
#define EVTCHNOP_bind_pirq        2
#define EVTCHNOP_close            3
#define EVTCHNOP_send             4
#define EVTCHNOP_status           5
#define EVTCHNOP_alloc_unbound    6
#define EVTCHNOP_bind_ipi         7
#define EVTCHNOP_bind_vcpu        8
#define EVTCHNOP_unmask           9
#define EVTCHNOP_reset            10
#define EVTCHNOP_init_control     11 /* FIFO delivery: refused */

#define BIND_PIRQ__WILL_SHARE 1

#define EVTCHNSTAT_closed      0
#define EVTCHNSTAT_unbound     1
#define EVTCHNSTAT_interdomain 2
#define EVTCHNSTAT_pirq        3
#define EVTCHNSTAT_virq        4
#define EVTCHNSTAT_ipi         5

#define EVTCHN_2L_NR_CHANNELS 4096

#ifndef __ASSEMBLER__
#include "pv-abi/types.h"

typedef uint32_t evtchn_port_t;

/* In each struct below: fields after a "<-" comment are written by the hypervisor. */
struct evtchn_alloc_unbound {
    domid_t dom;
    domid_t remote_dom;
    evtchn_port_t port; /* <- */
};

struct evtchn_bind_interdomain {
    domid_t remote_dom;
    uint16_t _pad;
    evtchn_port_t remote_port;
    evtchn_port_t local_port; /* <- */
};

struct evtchn_bind_virq {
    uint32_t virq;
    uint32_t vcpu;
    evtchn_port_t port; /* <- */
};

struct evtchn_bind_pirq {
    uint32_t pirq;
    uint32_t flags;     /* BIND_PIRQ__* */
    evtchn_port_t port; /* <- */
};

struct evtchn_bind_ipi {
    uint32_t vcpu;
    evtchn_port_t port; /* <- */
};

struct evtchn_close {
    evtchn_port_t port;
};

struct evtchn_send {
    evtchn_port_t port;
};

struct evtchn_status {
    domid_t dom;
    uint16_t _pad;
    evtchn_port_t port;
    uint32_t status; /* <- EVTCHNSTAT_* */
    uint32_t vcpu;   /* <- where it is delivered */
    union {
        struct {
            domid_t dom;
        } unbound;
        struct {
            domid_t dom;
            uint16_t _pad;
            evtchn_port_t port;
        } interdomain;
        uint32_t pirq;
        uint32_t virq;
    } u; /* <- */
};

struct evtchn_bind_vcpu {
    evtchn_port_t port;
    uint32_t vcpu;
};

struct evtchn_unmask {
    evtchn_port_t port;
};

struct evtchn_reset {
    domid_t dom;
};
#endif
#endif
