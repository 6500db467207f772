/* SPDX-License-Identifier: MIT */
/*
 * sysctl: control and figures of the host, by dom0 alone.
 * Source: Xen 4.17 public/sysctl.h, interface version 0x15. Operations that Pavo refuses are not
 * stated.
 */
#ifndef PV_ABI_SYSCTL_H
#define PV_ABI_SYSCTL_H

#define XEN_SYSCTL_INTERFACE_VERSION 0x15

#define XEN_SYSCTL_readconsole       1
#define XEN_SYSCTL_physinfo          3
#define XEN_SYSCTL_sched_id          4
#define XEN_SYSCTL_getdomaininfolist 6

/* xen_sysctl_physinfo.capabilities */
#define XEN_SYSCTL_PHYSCAP_pv        0x002
#define XEN_SYSCTL_PHYSCAP_gnttab_v1 0x100

#ifndef __ASSEMBLER__
#include "pv-abi/domctl.h"

struct xen_sysctl_readconsole {
    uint8_t clear;       /* empty the ring afterwards */
    uint8_t incremental; /* start at @index, and report where the next read starts */
    uint8_t pad0;
    uint8_t pad1;
    uint32_t index;
    uint64_t buffer;
    uint32_t count; /* in: room; out: bytes written */
    uint32_t _pad;
};

struct xen_sysctl_physinfo {
    uint32_t threads_per_core;
    uint32_t cores_per_socket;
    uint32_t nr_cpus;
    uint32_t max_cpu_id;
    uint32_t nr_nodes;
    uint32_t max_node_id;
    uint32_t cpu_khz;
    uint32_t capabilities; /* XEN_SYSCTL_PHYSCAP_* */
    uint32_t arch_capabilities;
    uint32_t pad;
    uint64_t total_pages;
    uint64_t free_pages;
    uint64_t scrub_pages;
    uint64_t outstanding_pages; /* claimed, not yet given out */
    uint64_t max_mfn;
    uint32_t hw_cap[8];
};

struct xen_sysctl_sched_id {
    uint32_t sched_id; /* XEN_SCHEDULER_* */
};

struct xen_sysctl_getdomaininfolist {
    domid_t first_domain;
    uint16_t _pad0;
    uint32_t max_domains;
    uint64_t buffer;      /* guest address of struct xen_domctl_getdomaininfo */
    uint32_t num_domains; /* <- */
    uint32_t _pad1;
};

struct xen_sysctl {
    uint32_t cmd;
    uint32_t interface_version;
    union {
        struct xen_sysctl_readconsole readconsole;
        struct xen_sysctl_physinfo physinfo;
        struct xen_sysctl_sched_id sched_id;
        struct xen_sysctl_getdomaininfolist getdomaininfolist;
        uint8_t pad[128];
    } u;
};
#endif
#endif
