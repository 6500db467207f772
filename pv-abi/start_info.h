/* SPDX-License-Identifier: MIT */
/*
 * What a PV kernel finds at the address in RSI when it starts.
 * Source: Xen 4.17 public/xen.h.
 */
#ifndef PV_ABI_START_INFO_H
#define PV_ABI_START_INFO_H

#define SIF_PRIVILEGED      0x01 /* may ask for hardware */
#define SIF_INITDOMAIN      0x02 /* dom0 */
#define SIF_MOD_START_PFN   0x08 /* mod_start is a frame number, not an address */
#define SIF_VIRT_P2M_4TOOLS 0x10 /* a virtually mapped p2m is understood */

#define MAX_GUEST_CMDLINE 1024
#define START_INFO_MAGIC  "xen-3.0-x86_64"

#ifndef __ASSEMBLER__
#include "pv-abi/types.h"

struct start_info {
    char magic[32]; /* START_INFO_MAGIC */
    uint64_t nr_pages;
    uint64_t shared_info; /* machine address */
    uint32_t flags;       /* SIF_* */
    uint32_t _pad0;
    uint64_t store_mfn;
    uint32_t store_evtchn;
    uint32_t _pad1;
    union {
        struct {
            uint64_t mfn;
            uint32_t evtchn;
            uint32_t _pad;
        } domU;
        struct {
            uint32_t info_off; /* of a description of the screen: Pavo gives none */
            uint32_t info_size;
        } dom0;
    } console;
    uint64_t pt_base;
    uint64_t nr_pt_frames;
    uint64_t mfn_list; /* virtual address of the p2m */
    uint64_t mod_start;
    uint64_t mod_len;
    int8_t cmd_line[MAX_GUEST_CMDLINE];
    uint64_t first_p2m_pfn; /* these two: only if the p2m lies outside the initial mapping */
    uint64_t nr_p2m_frames;
};
#endif
#endif
