/* SPDX-License-Identifier: MIT */
/*
 * Multiboot 1: what the boot loader leaves (magic in EAX, struct multiboot_info in EBX).
 * Source: Multiboot Specification 0.6.96.
 */
#ifndef PV_ABI_MULTIBOOT_H
#define PV_ABI_MULTIBOOT_H

/* multiboot_info.flags */
#define MULTIBOOT_INFO_CMDLINE          0x00000004
#define MULTIBOOT_INFO_MODS             0x00000008
#define MULTIBOOT_INFO_MEM_MAP          0x00000040
#define MULTIBOOT_INFO_BOOT_LOADER_NAME 0x00000200

#ifndef __ASSEMBLER__
#include "pv-abi/types.h"

struct multiboot_info {
    uint32_t flags;
    uint32_t mem_lower; /* KiB */
    uint32_t mem_upper; /* KiB from 1 MiB on */
    uint32_t boot_device;
    uint32_t cmdline; /* physical addresses, here and below */
    uint32_t mods_count;
    uint32_t mods_addr;
    uint32_t syms[4];
    uint32_t mmap_length; /* bytes */
    uint32_t mmap_addr;
    uint32_t drives_length;
    uint32_t drives_addr;
    uint32_t config_table;
    uint32_t boot_loader_name;
    uint32_t apm_table;
    uint32_t vbe_control_info;
    uint32_t vbe_mode_info;
    uint16_t vbe_mode;
    uint16_t vbe_interface_seg;
    uint16_t vbe_interface_off;
    uint16_t vbe_interface_len;
};

struct multiboot_module {
    uint32_t mod_start;
    uint32_t mod_end; /* first byte behind it */
    uint32_t cmdline;
    uint32_t pad;
};

/* @size does not count itself: the next entry is at this one + size + 4. */
struct multiboot_mmap_entry {
    uint32_t size;
    uint64_t addr;
    uint64_t len;
    uint32_t type;
} __attribute__((packed));

ABI_SIZE(struct multiboot_info, 88);
ABI_OFFSET(struct multiboot_info, mmap_length, 44);
ABI_SIZE(struct multiboot_module, 16);
ABI_SIZE(struct multiboot_mmap_entry, 24);
#endif

#endif
