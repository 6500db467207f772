/* SPDX-License-Identifier: MIT */
/*
 * Page-table hypercalls: mmu_update, mmuext_op, update_va_mapping.
 * Source: Xen 4.17 public/xen.h.
 */
#ifndef PV_ABI_MMU_H
#define PV_ABI_MMU_H

/* mmu_update: the kind of an update stands in the low two bits of its ptr. */
#define MMU_NORMAL_PT_UPDATE       0
#define MMU_MACHPHYS_UPDATE        1
#define MMU_PT_UPDATE_PRESERVE_AD  2
#define MMU_PT_UPDATE_NO_TRANSLATE 3

/* Bit 31 of the count is the hypervisor's own, for calls that it continues. */
#define MMU_UPDATE_PREEMPTED 0x80000000

#define MMUEXT_PIN_L1_TABLE       0
#define MMUEXT_PIN_L2_TABLE       1
#define MMUEXT_PIN_L3_TABLE       2
#define MMUEXT_PIN_L4_TABLE       3
#define MMUEXT_UNPIN_TABLE        4
#define MMUEXT_NEW_BASEPTR        5
#define MMUEXT_TLB_FLUSH_LOCAL    6
#define MMUEXT_INVLPG_LOCAL       7
#define MMUEXT_TLB_FLUSH_MULTI    8
#define MMUEXT_INVLPG_MULTI       9
#define MMUEXT_TLB_FLUSH_ALL      10
#define MMUEXT_INVLPG_ALL         11
#define MMUEXT_FLUSH_CACHE        12
#define MMUEXT_SET_LDT            13
#define MMUEXT_NEW_USER_BASEPTR   15
#define MMUEXT_CLEAR_PAGE         16
#define MMUEXT_COPY_PAGE          17
#define MMUEXT_FLUSH_CACHE_GLOBAL 18
#define MMUEXT_MARK_SUPER         19
#define MMUEXT_UNMARK_SUPER       20

/* update_va_mapping flags. With a multi flush the rest of the word is the address of a vCPU mask. */
#define UVMF_NONE           0
#define UVMF_TLB_FLUSH      1
#define UVMF_INVLPG         2
#define UVMF_FLUSHTYPE_MASK 3
#define UVMF_MULTI          0
#define UVMF_LOCAL          0
#define UVMF_ALL            4

#ifndef __ASSEMBLER__
#include "pv-abi/types.h"

/* ptr: machine address of an entry (or of a frame, for MACHPHYS) plus the kind; val: new contents. */
struct mmu_update {
    uint64_t ptr;
    uint64_t val;
};

struct mmuext_op {
    uint32_t cmd;
    uint32_t _pad;
    union {
        uint64_t mfn;         /* pin, unpin, base pointers, clear, copy */
        uint64_t linear_addr; /* invlpg, LDT */
    } arg1;
    union {
        uint32_t nr_ents;  /* LDT */
        uint64_t vcpumask; /* multi flushes: guest address */
        uint64_t src_mfn;  /* copy */
    } arg2;
};
#endif
#endif
