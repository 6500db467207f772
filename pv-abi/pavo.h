/* SPDX-License-Identifier: MIT */
/*
 * Pavo's own operations, under numbers of its own: 0x5041 ("PA") and 16 bits.
 */
#ifndef PV_ABI_PAVO_H
#define PV_ABI_PAVO_H

/* sysctl, interface version 0x15: the argument is struct pavo_host_info in the union. */
#define XEN_SYSCTL_pavo_host_info 0x50410001
#define PAVO_HOST_INFO_VERSION    1

#ifndef __ASSEMBLER__
#include "pv-abi/types.h"

/* What the whole host uses. Written by the hypervisor. */
struct pavo_host_info {
    uint32_t version;    /* PAVO_HOST_INFO_VERSION */
    uint32_t nr_domains; /* dom0 and dying domains included */
    uint64_t total_pages;
    uint64_t free_pages;
    uint64_t hypervisor_pages;
    uint64_t dom0_event_channels; /* ports of dom0 that are not free */
    uint64_t grant_mappings;      /* mappings of granted frames, all domains together */
};

ABI_SIZE(struct pavo_host_info, 48);
ABI_OFFSET(struct pavo_host_info, total_pages, 8);
#endif

#endif
