/* SPDX-License-Identifier: MIT */
/*
 * sysctl: control and figures of the host, by dom0 alone.
 * Source: Xen 4.17 public/sysctl.h, interface version 0x15. Layouts of operations that Pavo
 * refuses are not stated.
 */
#ifndef PV_ABI_SYSCTL_H
#define PV_ABI_SYSCTL_H

#define XEN_SYSCTL_INTERFACE_VERSION 0x15

#define XEN_SYSCTL_readconsole            1
#define XEN_SYSCTL_tbuf_op                2
#define XEN_SYSCTL_physinfo               3
#define XEN_SYSCTL_sched_id               4
#define XEN_SYSCTL_perfc_op               5
#define XEN_SYSCTL_getdomaininfolist      6
#define XEN_SYSCTL_debug_keys             7
#define XEN_SYSCTL_getcpuinfo             8
#define XEN_SYSCTL_availheap              9
#define XEN_SYSCTL_get_pmstat             10
#define XEN_SYSCTL_cpu_hotplug            11
#define XEN_SYSCTL_pm_op                  12
#define XEN_SYSCTL_page_offline_op        14
#define XEN_SYSCTL_lockprof_op            15
#define XEN_SYSCTL_cputopoinfo            16
#define XEN_SYSCTL_numainfo               17
#define XEN_SYSCTL_cpupool_op             18
#define XEN_SYSCTL_scheduler_op           19
#define XEN_SYSCTL_coverage_op            20
#define XEN_SYSCTL_psr_cmt_op             21
#define XEN_SYSCTL_pcitopoinfo            22
#define XEN_SYSCTL_psr_alloc              23
#define XEN_SYSCTL_get_cpu_levelling_caps 25
#define XEN_SYSCTL_get_cpu_featureset     26
#define XEN_SYSCTL_livepatch_op           27
#define XEN_SYSCTL_get_cpu_policy         29

/* xen_sysctl_physinfo.capabilities */
#define XEN_SYSCTL_PHYSCAP_hvm                0x001
#define XEN_SYSCTL_PHYSCAP_pv                 0x002
#define XEN_SYSCTL_PHYSCAP_directio           0x004
#define XEN_SYSCTL_PHYSCAP_hap                0x008
#define XEN_SYSCTL_PHYSCAP_shadow             0x010
#define XEN_SYSCTL_PHYSCAP_iommu_hap_pt_share 0x020
#define XEN_SYSCTL_PHYSCAP_vmtrace            0x040
#define XEN_SYSCTL_PHYSCAP_vpmu               0x080
#define XEN_SYSCTL_PHYSCAP_gnttab_v1          0x100
#define XEN_SYSCTL_PHYSCAP_gnttab_v2          0x200
#define XEN_SYSCTL_PHYSCAP_MAX                XEN_SYSCTL_PHYSCAP_gnttab_v2

#define XEN_SYSCTL_PERFCOP_reset 1
#define XEN_SYSCTL_PERFCOP_query 2

#define XEN_SYSCTL_CPU_HOTPLUG_ONLINE      0
#define XEN_SYSCTL_CPU_HOTPLUG_OFFLINE     1
#define XEN_SYSCTL_CPU_HOTPLUG_SMT_ENABLE  2
#define XEN_SYSCTL_CPU_HOTPLUG_SMT_DISABLE 3

#define XEN_INVALID_CORE_ID   0xffffffff
#define XEN_INVALID_SOCKET_ID 0xffffffff
#define XEN_INVALID_NODE_ID   0xffffffff
#define XEN_INVALID_MEM_SZ    0xffffffff
#define XEN_INVALID_NODE_DIST 0xffffffff

#define XEN_SYSCTL_CPUPOOL_OP_CREATE     1
#define XEN_SYSCTL_CPUPOOL_OP_DESTROY    2
#define XEN_SYSCTL_CPUPOOL_OP_INFO       3
#define XEN_SYSCTL_CPUPOOL_OP_ADDCPU     4
#define XEN_SYSCTL_CPUPOOL_OP_RMCPU      5
#define XEN_SYSCTL_CPUPOOL_OP_MOVEDOMAIN 6
#define XEN_SYSCTL_CPUPOOL_OP_FREEINFO   7
#define XEN_SYSCTL_CPUPOOL_PAR_ANY       0xffffffff

#define XEN_SYSCTL_SCHEDOP_putinfo 0
#define XEN_SYSCTL_SCHEDOP_getinfo 1

#define XEN_SYSCTL_cpu_featureset_raw     0
#define XEN_SYSCTL_cpu_featureset_host    1
#define XEN_SYSCTL_cpu_featureset_pv      2
#define XEN_SYSCTL_cpu_featureset_hvm     3
#define XEN_SYSCTL_cpu_featureset_pv_max  4
#define XEN_SYSCTL_cpu_featureset_hvm_max 5
#define XEN_SYSCTL_cpu_policy_raw         0
#define XEN_SYSCTL_cpu_policy_host        1
#define XEN_SYSCTL_cpu_policy_pv_max      2
#define XEN_SYSCTL_cpu_policy_hvm_max     3
#define XEN_SYSCTL_cpu_policy_pv_default  4
#define XEN_SYSCTL_cpu_policy_hvm_default 5

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

struct xen_sysctl_perfc_desc {
    char name[80];
    uint32_t nr_vals;
};

struct xen_sysctl_perfc_op {
    uint32_t cmd;
    uint32_t nr_counters;
    uint32_t nr_vals;
    uint32_t _pad;
    uint64_t desc; /* guest address of struct xen_sysctl_perfc_desc */
    uint64_t val;  /* guest address of uint32_t */
};

struct xen_sysctl_getdomaininfolist {
    domid_t first_domain;
    uint16_t _pad0;
    uint32_t max_domains;
    uint64_t buffer;      /* guest address of struct xen_domctl_getdomaininfo */
    uint32_t num_domains; /* <- */
    uint32_t _pad1;
};

struct xen_sysctl_debug_keys {
    uint64_t keys;
    uint32_t nr_keys;
    uint32_t _pad;
};

struct xen_sysctl_cpuinfo {
    uint64_t idletime; /* ns */
};

struct xen_sysctl_getcpuinfo {
    uint32_t max_cpus;
    uint32_t _pad0;
    uint64_t info;
    uint32_t nr_cpus; /* <- */
    uint32_t _pad1;
};

struct xen_sysctl_availheap {
    uint32_t min_bitwidth;
    uint32_t max_bitwidth;
    int32_t node;
    uint32_t _pad;
    uint64_t avail_bytes; /* <- */
};

struct xen_sysctl_cpu_hotplug {
    uint32_t cpu;
    uint32_t op;
};

struct xen_sysctl_cputopo {
    uint32_t core;
    uint32_t socket;
    uint32_t node;
};

struct xen_sysctl_cputopoinfo {
    uint32_t num_cpus; /* in: room; out: there are */
    uint32_t _pad;
    uint64_t cputopo; /* guest address; 0: only count */
};

struct xen_sysctl_meminfo {
    uint64_t memsize;
    uint64_t memfree;
};

struct xen_sysctl_numainfo {
    uint32_t num_nodes;
    uint32_t _pad;
    uint64_t meminfo;
    uint64_t distance;
};

struct xen_sysctl_cpupool_op {
    uint32_t op;
    uint32_t cpupool_id;
    uint32_t sched_id;
    uint32_t domid;
    uint32_t cpu;
    uint32_t n_dom;
    struct xenctl_bitmap cpumap;
};

struct xen_sysctl_pcitopoinfo {
    uint32_t num_devs;
    uint32_t _pad;
    uint64_t devs;
    uint64_t nodes;
};

struct xen_sysctl_cpu_levelling_caps {
    uint32_t caps;
};

struct xen_sysctl_cpu_featureset {
    uint32_t index; /* XEN_SYSCTL_cpu_featureset_* */
    uint32_t nr_features;
    uint64_t features; /* guest address of uint32_t */
};

struct xen_sysctl_cpu_policy {
    uint32_t index; /* XEN_SYSCTL_cpu_policy_* */
    uint32_t nr_leaves;
    uint32_t nr_msrs;
    uint32_t _rsvd;
    uint64_t leaves;
    uint64_t msrs;
};

struct xen_sysctl {
    uint32_t cmd;
    uint32_t interface_version;
    union {
        struct xen_sysctl_readconsole readconsole;
        struct xen_sysctl_physinfo physinfo;
        struct xen_sysctl_cputopoinfo cputopoinfo;
        struct xen_sysctl_pcitopoinfo pcitopoinfo;
        struct xen_sysctl_numainfo numainfo;
        struct xen_sysctl_sched_id sched_id;
        struct xen_sysctl_perfc_op perfc_op;
        struct xen_sysctl_getdomaininfolist getdomaininfolist;
        struct xen_sysctl_debug_keys debug_keys;
        struct xen_sysctl_getcpuinfo getcpuinfo;
        struct xen_sysctl_availheap availheap;
        struct xen_sysctl_cpu_hotplug cpu_hotplug;
        struct xen_sysctl_cpupool_op cpupool_op;
        struct xen_sysctl_cpu_levelling_caps cpu_levelling_caps;
        struct xen_sysctl_cpu_featureset cpu_featureset;
        struct xen_sysctl_cpu_policy cpu_policy;
        uint8_t pad[128];
    } u;
};

ABI_SIZE(struct xen_sysctl_readconsole, 24);
ABI_SIZE(struct xen_sysctl_physinfo, 112);
ABI_OFFSET(struct xen_sysctl_physinfo, total_pages, 40);
ABI_OFFSET(struct xen_sysctl_physinfo, hw_cap, 80);
ABI_SIZE(struct xen_sysctl_sched_id, 4);
ABI_SIZE(struct xen_sysctl_perfc_desc, 84);
ABI_SIZE(struct xen_sysctl_perfc_op, 32);
ABI_SIZE(struct xen_sysctl_getdomaininfolist, 24);
ABI_SIZE(struct xen_sysctl_debug_keys, 16);
ABI_SIZE(struct xen_sysctl_getcpuinfo, 24);
ABI_SIZE(struct xen_sysctl_availheap, 24);
ABI_SIZE(struct xen_sysctl_cpu_hotplug, 8);
ABI_SIZE(struct xen_sysctl_cputopo, 12);
ABI_SIZE(struct xen_sysctl_cputopoinfo, 16);
ABI_SIZE(struct xen_sysctl_meminfo, 16);
ABI_SIZE(struct xen_sysctl_numainfo, 24);
ABI_SIZE(struct xen_sysctl_cpupool_op, 40);
ABI_SIZE(struct xen_sysctl_pcitopoinfo, 24);
ABI_SIZE(struct xen_sysctl_cpu_featureset, 16);
ABI_SIZE(struct xen_sysctl_cpu_policy, 32);
ABI_SIZE(struct xen_sysctl, 136);
ABI_OFFSET(struct xen_sysctl, u, 8);
#endif

#endif
