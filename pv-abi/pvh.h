/* SPDX-License-Identifier: MIT */
/*
 * PVH boot: 32-bit entry named by an ELF note, address of struct hvm_start_info in EBX.
 * Source: Xen 4.17 public/arch-x86/hvm/start_info.h.
 */
#ifndef PV_ABI_PVH_H
#define PV_ABI_PVH_H

#ifndef __ASSEMBLER__
#include "pv-abi/types.h"

/* All addresses are physical. */
struct hvm_start_info {
    uint32_t magic;
    uint32_t version; /* from 1 on there is a memory map */
    uint32_t flags;
    uint32_t nr_modules;
    uint64_t modlist_paddr;
    uint64_t cmdline_paddr;
    uint64_t rsdp_paddr;
    uint64_t memmap_paddr;
    uint32_t memmap_entries;
    uint32_t reserved;
};

struct hvm_modlist_entry {
    uint64_t paddr;
    uint64_t size;
    uint64_t cmdline_paddr;
    uint64_t reserved;
};

struct hvm_memmap_table_entry {
    uint64_t addr;
    uint64_t size;
    uint32_t type; /* E820_* */
    uint32_t reserved;
};
#endif
#endif
