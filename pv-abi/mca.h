/* SPDX-License-Identifier: MIT */
/*
 * mca: machine-check records for dom0. Pavo refuses it; Linux asks at every boot.
 * Source: Xen 4.17 public/arch-x86/xen-mca.h. What Linux asks first is all that is stated.
 */
#ifndef PV_ABI_MCA_H
#define PV_ABI_MCA_H

#define XEN_MCA_INTERFACE_VERSION 0x01ecc003

#define XEN_MC_fetch 1

/* xen_mc_fetch.flags: in, and out */
#define XEN_MC_URGENT 2
#define XEN_MC_NODATA 2

#ifndef __ASSEMBLER__
#include "pv-abi/types.h"

struct xen_mc_fetch {
    uint32_t flags;
    uint32_t _pad0;
    uint64_t fetch_id;
    uint64_t data; /* guest address of 768 bytes */
};

struct xen_mc {
    uint32_t cmd;
    uint32_t interface_version;
    union {
        struct xen_mc_fetch mc_fetch;
        uint8_t _pad[144];
    } u;
};

ABI_SIZE(struct xen_mc_fetch, 24);
ABI_SIZE(struct xen_mc, 152);
#endif

#endif
