/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The hypervisor's part of every address space: L4 slots 256 to 271. The L3 tables of these slots are
 * allocated once at boot and shared by all roots, so a mapping added later is seen everywhere.
 *
 *   256  machine-to-physical table, read-only for guests (ABI)
 *   257  the same, writable for the hypervisor
 *   258  frame table
 *   259  descriptor windows: 128 KiB for each vcpu, GDT then LDT
 *   260  device memory and other late mappings (arch_ioremap)
 *   261  hypervisor image; CPU stacks 1 GiB above it (within reach of 32-bit displacements)
 *   262-271  directmap of RAM, 5 TiB
 */
#ifndef ASM_LAYOUT_H
#define ASM_LAYOUT_H

#define HV_SLOT_FIRST    256
#define HV_SLOT_LAST     271
#define M2P_RO_VA        0xffff800000000000
#define M2P_RW_VA        0xffff808000000000
#define FRAME_TABLE_VA   0xffff810000000000
#define VCPU_WINDOW_VA   0xffff818000000000
#define VCPU_WINDOW_SIZE 0x20000
#define VMAP_VA          0xffff820000000000
#define VMAP_SIZE        0x4000000000
#define HV_VA            0xffff828000000000 /* = load address HV_PHYS + HV_OFFSET */
#define HV_PHYS          0x200000           /* where the image is loaded */
#define STACKS_VA        0xffff828040000000 /* CPU n at n * STACK_SIZE * 2 (a hole below each) */
#define DIRECTMAP_VA     0xffff830000000000
#define DIRECTMAP_SIZE   0x50000000000

#endif
