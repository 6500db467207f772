/* SPDX-License-Identifier: MIT */
/*
 * xen_version: who the hypervisor says it is, and its feature bits.
 * Source: Xen 4.17 public/version.h and features.h.
 */
#ifndef PV_ABI_VERSION_H
#define PV_ABI_VERSION_H

#define XENVER_version             0 /* result: major << 16 | minor */
#define XENVER_extraversion        1
#define XENVER_compile_info        2
#define XENVER_capabilities        3
#define XENVER_changeset           4
#define XENVER_platform_parameters 5
#define XENVER_get_features        6
#define XENVER_pagesize            7
#define XENVER_guest_handle        8 /* the domain's UUID, 16 bytes */
#define XENVER_commandline         9
#define XENVER_build_id            10

#define XEN_EXTRAVERSION_LEN      16
#define XEN_CAPABILITIES_INFO_LEN 1024
#define XEN_CHANGESET_INFO_LEN    64
#define XEN_COMMANDLINE_LEN       1024

/* Bit numbers in the words of XENVER_get_features. */
#define XENFEAT_writable_page_tables       0
#define XENFEAT_writable_descriptor_tables 1
#define XENFEAT_auto_translated_physmap    2
#define XENFEAT_supervisor_mode_kernel     3
#define XENFEAT_pae_pgdir_above_4gb        4
#define XENFEAT_mmu_pt_update_preserve_ad  5
#define XENFEAT_highmem_assist             6
#define XENFEAT_gnttab_map_avail_bits      7
#define XENFEAT_hvm_callback_vector        8
#define XENFEAT_dom0                       11
#define XENFEAT_memory_op_vnode_supported  13
#define XENFEAT_NR_SUBMAPS                 1

#ifndef __ASSEMBLER__
#include "pv-abi/types.h"

typedef char xen_extraversion_t[XEN_EXTRAVERSION_LEN];
typedef char xen_capabilities_info_t[XEN_CAPABILITIES_INFO_LEN];
typedef char xen_changeset_info_t[XEN_CHANGESET_INFO_LEN];
typedef char xen_commandline_t[XEN_COMMANDLINE_LEN];

struct xen_compile_info {
    char compiler[64];
    char compile_by[16];
    char compile_domain[32];
    char compile_date[32];
};

struct xen_platform_parameters {
    xen_ulong_t virt_start;
};

struct xen_feature_info {
    uint32_t submap_idx;
    uint32_t submap; /* <- */
};

struct xen_build_id {
    uint32_t len; /* bytes of room at buf */
    unsigned char buf[];
};
#endif
#endif
