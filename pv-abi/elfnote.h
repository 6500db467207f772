/* SPDX-License-Identifier: MIT */
/*
 * ELF notes by which a kernel says how it wants to be started. Name "Xen".
 * Source: Xen 4.17 public/elfnote.h. Notes that Pavo does not look at are not stated.
 */
#ifndef PV_ABI_ELFNOTE_H
#define PV_ABI_ELFNOTE_H

#define XEN_ELFNOTE_ENTRY              1 /* virtual address */
#define XEN_ELFNOTE_HYPERCALL_PAGE     2
#define XEN_ELFNOTE_VIRT_BASE          3
#define XEN_ELFNOTE_PADDR_OFFSET       4
#define XEN_ELFNOTE_XEN_VERSION        5 /* "xen-3.0" */
#define XEN_ELFNOTE_GUEST_OS           6
#define XEN_ELFNOTE_GUEST_VERSION      7
#define XEN_ELFNOTE_LOADER             8
#define XEN_ELFNOTE_FEATURES           10 /* names joined by '|'; '!' first: needed */
#define XEN_ELFNOTE_L1_MFN_VALID       13 /* pairs of mask and value */
#define XEN_ELFNOTE_INIT_P2M           15 /* where to map the p2m, if not after the kernel */
#define XEN_ELFNOTE_MOD_START_PFN      16 /* non-zero: the ramdisk need not be mapped */
#define XEN_ELFNOTE_SUPPORTED_FEATURES 17 /* bits are XENFEAT_* */
#define XEN_ELFNOTE_PHYS32_ENTRY       18 /* PVH */

#endif
