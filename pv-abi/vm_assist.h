/* SPDX-License-Identifier: MIT */
/*
 * vm_assist: behaviour that a guest kernel switches on for itself.
 * Source: Xen 4.17 public/xen.h.
 */
#ifndef PV_ABI_VM_ASSIST_H
#define PV_ABI_VM_ASSIST_H

#define VMASST_CMD_enable  0
#define VMASST_CMD_disable 1

#define VMASST_TYPE_4gb_segments         0
#define VMASST_TYPE_4gb_segments_notify  1
#define VMASST_TYPE_writable_pagetables  2 /* trapped writes to page tables are emulated */
#define VMASST_TYPE_pae_extended_cr3     3
#define VMASST_TYPE_architectural_iopl   4
#define VMASST_TYPE_runstate_update_flag 5 /* see XEN_RUNSTATE_UPDATE */
#define VMASST_TYPE_m2p_strict           32

#endif
