/* SPDX-License-Identifier: MIT */
/*
 * domctl: control of domains, by dom0 alone. Pavo keeps these numbers and layouts as its stable
 * control interface.
 * Source: Xen 4.17 public/domctl.h, interface version 0x15. Operations that Pavo refuses are not
 * stated.
 */
#ifndef PV_ABI_DOMCTL_H
#define PV_ABI_DOMCTL_H

#define XEN_DOMCTL_INTERFACE_VERSION 0x15

#define XEN_DOMCTL_createdomain     1
#define XEN_DOMCTL_destroydomain    2
#define XEN_DOMCTL_pausedomain      3
#define XEN_DOMCTL_unpausedomain    4
#define XEN_DOMCTL_getdomaininfo    5
#define XEN_DOMCTL_setvcpuaffinity  9
#define XEN_DOMCTL_max_mem          11
#define XEN_DOMCTL_setvcpucontext   12
#define XEN_DOMCTL_getvcpucontext   13
#define XEN_DOMCTL_getvcpuinfo      14
#define XEN_DOMCTL_max_vcpus        15
#define XEN_DOMCTL_scheduler_op     16
#define XEN_DOMCTL_setdomainhandle  17
#define XEN_DOMCTL_hypercall_init   22
#define XEN_DOMCTL_settimeoffset    24
#define XEN_DOMCTL_getvcpuaffinity  25
#define XEN_DOMCTL_resumedomain     27
#define XEN_DOMCTL_set_address_size 35
#define XEN_DOMCTL_get_address_size 36

/* xen_domctl_createdomain.flags */
#define XEN_DOMCTL_CDF_hvm          0x01
#define XEN_DOMCTL_GRANT_version(v) ((v)&0xf) /* of grant_opts */

/* xen_domctl_getdomaininfo.flags; the shutdown reason stands in bits 16 to 23. */
#define XEN_DOMINF_dying         0x001
#define XEN_DOMINF_hvm_guest     0x002
#define XEN_DOMINF_shutdown      0x004
#define XEN_DOMINF_paused        0x008
#define XEN_DOMINF_blocked       0x010
#define XEN_DOMINF_running       0x020
#define XEN_DOMINF_shutdownmask  255
#define XEN_DOMINF_shutdownshift 16
#define XEN_INVALID_MAX_VCPU_ID  0xffffffff

/* xen_domctl_vcpuaffinity.flags */
#define XEN_VCPUAFFINITY_HARD 1
#define XEN_VCPUAFFINITY_SOFT 2

/* Schedulers, and what scheduler_op does. */
#define XEN_SCHEDULER_CREDIT2          6
#define XEN_SCHEDULER_RTDS             8
#define XEN_DOMCTL_SCHEDOP_putinfo     0
#define XEN_DOMCTL_SCHEDOP_getinfo     1
#define XEN_DOMCTL_SCHEDOP_putvcpuinfo 2

#ifndef __ASSEMBLER__
#include "pv-abi/x86.h"

struct xen_domctl_createdomain {
    uint32_t ssidref;
    xen_domain_handle_t handle;
    uint32_t flags; /* XEN_DOMCTL_CDF_* */
    uint32_t iommu_opts;
    uint32_t max_vcpus;
    uint32_t max_evtchn_port;
    int32_t max_grant_frames;    /* negative: the default */
    int32_t max_maptrack_frames; /* same */
    uint32_t grant_opts;
    uint32_t vmtrace_size;
    uint32_t cpupool_id;
    struct xen_arch_domainconfig arch;
};

struct xen_domctl_getdomaininfo {
    domid_t domain; /* the one found: the given number or the next that exists */
    uint16_t pad1;
    uint32_t flags; /* XEN_DOMINF_* */
    uint64_t tot_pages;
    uint64_t max_pages;
    uint64_t outstanding_pages;
    uint64_t shr_pages;
    uint64_t paged_pages;
    uint64_t shared_info_frame;
    uint64_t cpu_time; /* ns, all vCPUs */
    uint32_t nr_online_vcpus;
    uint32_t max_vcpu_id;
    uint32_t ssidref;
    xen_domain_handle_t handle;
    uint32_t cpupool;
    uint8_t gpaddr_bits;
    uint8_t pad2[7];
    struct xen_arch_domainconfig arch_config;
};

struct xen_domctl_max_mem {
    uint64_t max_memkb;
};

struct xen_domctl_vcpucontext {
    uint32_t vcpu;
    uint32_t _pad;
    uint64_t ctxt; /* guest address of a struct vcpu_guest_context */
};

struct xen_domctl_getvcpuinfo {
    uint32_t vcpu;
    uint8_t online; /* <- from here on */
    uint8_t blocked;
    uint8_t running;
    uint8_t _pad0;
    uint64_t cpu_time;
    uint32_t cpu;
    uint32_t _pad1;
};

struct xen_domctl_vcpuaffinity {
    uint32_t vcpu;
    uint32_t flags; /* XEN_VCPUAFFINITY_* */
    struct xenctl_bitmap cpumap_hard;
    struct xenctl_bitmap cpumap_soft;
};

struct xen_domctl_max_vcpus {
    uint32_t max;
};

struct xen_domctl_sched_credit {
    uint16_t weight;
    uint16_t cap;
};

struct xen_domctl_sched_credit2 {
    uint16_t weight;
    uint16_t cap;
};

struct xen_domctl_scheduler_op {
    uint32_t sched_id; /* XEN_SCHEDULER_* */
    uint32_t cmd;      /* XEN_DOMCTL_SCHEDOP_* */
    union {
        struct xen_domctl_sched_credit credit;
        struct xen_domctl_sched_credit2 credit2;
        struct {
            uint64_t vcpus;
            uint32_t nr_vcpus;
            uint32_t padding;
        } v;
    } u;
};

struct xen_domctl_setdomainhandle {
    xen_domain_handle_t handle;
};

struct xen_domctl_hypercall_init {
    uint64_t gmfn;
};

struct xen_domctl_settimeoffset {
    int64_t time_offset_seconds;
};

struct xen_domctl_address_size {
    uint32_t size; /* bits */
};

struct xen_domctl {
    uint32_t cmd;
    uint32_t interface_version;
    domid_t domain;
    uint16_t _pad[3];
    union {
        struct xen_domctl_createdomain createdomain;
        struct xen_domctl_getdomaininfo getdomaininfo;
        struct xen_domctl_vcpuaffinity vcpuaffinity;
        struct xen_domctl_max_mem max_mem;
        struct xen_domctl_vcpucontext vcpucontext;
        struct xen_domctl_getvcpuinfo getvcpuinfo;
        struct xen_domctl_max_vcpus max_vcpus;
        struct xen_domctl_scheduler_op scheduler_op;
        struct xen_domctl_setdomainhandle setdomainhandle;
        struct xen_domctl_hypercall_init hypercall_init;
        struct xen_domctl_settimeoffset settimeoffset;
        struct xen_domctl_address_size address_size;
        uint8_t pad[128];
    } u;
};
#endif
#endif
