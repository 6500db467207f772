/* SPDX-License-Identifier: MIT */
/*
 * mca: machine-check records for dom0.
 * Source: Xen 4.17 public/arch-x86/xen-mca.h. Records of types that Pavo never makes are not stated.
 */
#ifndef PV_ABI_MCA_H
#define PV_ABI_MCA_H

#define XEN_MCA_INTERFACE_VERSION 0x01ecc003

#define XEN_MC_fetch        1
#define XEN_MC_notifydomain 2
#define XEN_MC_physcpuinfo  3
#define XEN_MC_msrinject    4
#define XEN_MC_mceinject    5
#define XEN_MC_inject_v2    6

/* xen_mc_fetch.flags: in */
#define XEN_MC_NONURGENT      0x0001
#define XEN_MC_URGENT         0x0002
#define XEN_MC_ACK            0x0004
/* and out */
#define XEN_MC_OK             0x00
#define XEN_MC_FETCHFAILED    0x01
#define XEN_MC_NODATA         0x02
#define XEN_MC_NOMATCH        0x04
#define XEN_MC_CANNOTHANDLE   0x08
#define XEN_MC_NOTDELIVERED   0x10
#define XEN_MC_VCPUID_INVALID 0xffff

/* mcinfo_common.type */
#define MC_TYPE_GLOBAL   0
#define MC_TYPE_BANK     1
#define MC_TYPE_EXTENDED 2
#define MC_TYPE_RECOVERY 3

#define MC_FLAG_CORRECTABLE   0x01
#define MC_FLAG_UNCORRECTABLE 0x02
#define MC_FLAG_RECOVERABLE   0x04
#define MC_FLAG_POLLED        0x08
#define MC_FLAG_RESET         0x10
#define MC_FLAG_CMCI          0x20
#define MC_FLAG_MCE           0x40

#define MCINFO_HYPERCALLSIZE    1024
#define MCINFO_MAXSIZE          768
#define MCINFO_FLAGS_UNCOMPLETE 1
#define MC_NCAPS                7

#ifndef __ASSEMBLER__
#include "pv-abi/types.h"

struct mcinfo_common {
    uint16_t type;
    uint16_t size;
};

struct mcinfo_global {
    struct mcinfo_common common;
    uint16_t mc_domid;
    uint16_t mc_vcpuid;
    uint32_t mc_socketid;
    uint16_t mc_coreid;
    uint16_t mc_core_threadid;
    uint32_t mc_apicid;
    uint32_t mc_flags;
    uint64_t mc_gstatus;
};

struct mcinfo_bank {
    struct mcinfo_common common;
    uint16_t mc_bank;
    uint16_t mc_domid;
    uint64_t mc_status;
    uint64_t mc_addr;
    uint64_t mc_misc;
    uint64_t mc_ctrl2;
    uint64_t mc_tsc;
};

struct mcinfo_msr {
    uint64_t reg;
    uint64_t value;
};

struct mc_info {
    uint32_t mi_nentries;
    uint32_t flags; /* MCINFO_FLAGS_* */
    uint64_t mi_data[(MCINFO_MAXSIZE - 1) / 8];
};

struct mcinfo_logical_cpu {
    uint32_t mc_cpunr;
    uint32_t mc_chipid;
    uint16_t mc_coreid;
    uint16_t mc_threadid;
    uint32_t mc_apicid;
    uint32_t mc_clusterid;
    uint32_t mc_ncores;
    uint32_t mc_ncores_active;
    uint32_t mc_nthreads;
    int32_t mc_cpuid_level;
    uint32_t mc_family;
    uint32_t mc_vendor;
    uint32_t mc_model;
    uint32_t mc_step;
    char mc_vendorid[16];
    char mc_brandid[64];
    uint32_t mc_cpu_caps[MC_NCAPS];
    uint32_t mc_cache_size;
    uint32_t mc_cache_alignment;
    int32_t mc_nmsrvals;
    struct mcinfo_msr mc_msrvalues[8];
};

struct xen_mc_fetch {
    uint32_t flags;
    uint32_t _pad0;
    uint64_t fetch_id;
    uint64_t data; /* guest address of a struct mc_info */
};

struct xen_mc_notifydomain {
    uint16_t mc_domid;
    uint16_t mc_vcpuid;
    uint32_t flags;
};

struct xen_mc_physcpuinfo {
    uint32_t ncpus; /* in: room; out: there are */
    uint32_t _pad0;
    uint64_t info; /* guest address of struct mcinfo_logical_cpu, or 0 */
};

struct xen_mc_msrinject {
    uint32_t mcinj_cpunr;
    uint32_t mcinj_flags;
    uint32_t mcinj_count;
    domid_t mcinj_domid;
    uint16_t _pad0;
    struct mcinfo_msr mcinj_msr[8];
};

struct xen_mc_mceinject {
    uint32_t mceinj_cpunr;
};

struct xen_mc_inject_v2 {
    uint32_t flags;
    uint32_t _pad;
    struct xenctl_bitmap cpumap;
};

struct xen_mc {
    uint32_t cmd;
    uint32_t interface_version;
    union {
        struct xen_mc_fetch mc_fetch;
        struct xen_mc_notifydomain mc_notifydomain;
        struct xen_mc_physcpuinfo mc_physcpuinfo;
        struct xen_mc_msrinject mc_msrinject;
        struct xen_mc_mceinject mc_mceinject;
        struct xen_mc_inject_v2 mc_inject_v2;
    } u;
};

ABI_SIZE(struct mcinfo_global, 32);
ABI_SIZE(struct mcinfo_bank, 48);
ABI_SIZE(struct mc_info, 768);
ABI_SIZE(struct mcinfo_logical_cpu, 304);
ABI_SIZE(struct xen_mc_fetch, 24);
ABI_SIZE(struct xen_mc_notifydomain, 8);
ABI_SIZE(struct xen_mc_physcpuinfo, 16);
ABI_SIZE(struct xen_mc_msrinject, 144);
ABI_SIZE(struct xen_mc_mceinject, 4);
ABI_SIZE(struct xen_mc_inject_v2, 24);
ABI_SIZE(struct xen_mc, 152);
#endif

#endif
