/* SPDX-License-Identifier: MIT */
/*
 * Grant tables: a domain lends frames to others, by reference.
 * Source: Xen 4.17 public/grant_table.h. Version 2's entries, and arguments of operations that Pavo
 * refuses, are not stated.
 */
#ifndef PV_ABI_GRANT_TABLE_H
#define PV_ABI_GRANT_TABLE_H

#define GNTTAB_RESERVED_CONSOLE  0
#define GNTTAB_RESERVED_XENSTORE 1

/* Entry flags. */
#define GTF_invalid         0
#define GTF_permit_access   1
#define GTF_accept_transfer 2
#define GTF_transitive      3
#define GTF_type_mask       3
#define GTF_readonly        0x004
#define GTF_reading         0x008 /* set by the hypervisor while mapped or copied from */
#define GTF_writing         0x010 /* same, for writing */
#define GTF_sub_page        0x100

#define GNTTABOP_map_grant_ref     0
#define GNTTABOP_unmap_grant_ref   1
#define GNTTABOP_setup_table       2
#define GNTTABOP_dump_table        3
#define GNTTABOP_transfer          4
#define GNTTABOP_copy              5
#define GNTTABOP_query_size        6
#define GNTTABOP_unmap_and_replace 7
#define GNTTABOP_set_version       8
#define GNTTABOP_get_status_frames 9
#define GNTTABOP_get_version       10
#define GNTTABOP_swap_grant_ref    11
#define GNTTABOP_cache_flush       12

#define GNTCOPY_source_gref 1
#define GNTCOPY_dest_gref   2

#define GNTMAP_device_map       0x01
#define GNTMAP_host_map         0x02
#define GNTMAP_readonly         0x04
#define GNTMAP_application_map  0x08 /* for user mode too */
#define GNTMAP_contains_pte     0x10 /* host_addr is the machine address of an L1 entry */
#define GNTMAP_guest_avail_mask 0xffff0000

/* Status of each operation of a batch. */
#define GNTST_okay              0
#define GNTST_general_error     (-1)
#define GNTST_bad_domain        (-2)
#define GNTST_bad_gntref        (-3)
#define GNTST_bad_handle        (-4)
#define GNTST_bad_virt_addr     (-5)
#define GNTST_bad_dev_addr      (-6)
#define GNTST_no_device_space   (-7)
#define GNTST_permission_denied (-8)
#define GNTST_bad_page          (-9)
#define GNTST_bad_copy_arg      (-10)
#define GNTST_address_too_big   (-11)
#define GNTST_eagain            (-12)
#define GNTST_no_space          (-13)

#ifndef __ASSEMBLER__
#include "pv-abi/types.h"

typedef uint32_t grant_ref_t;
typedef uint32_t grant_handle_t;

struct grant_entry_v1 {
    uint16_t flags; /* GTF_* */
    domid_t domid;  /* who may use it */
    uint32_t frame;
};

/* Arguments come as arrays; @status is written for each element. */
struct gnttab_map_grant_ref {
    uint64_t host_addr;
    uint32_t flags; /* GNTMAP_* */
    grant_ref_t ref;
    domid_t dom;
    int16_t status;
    grant_handle_t handle; /* <- */
    uint64_t dev_bus_addr; /* <- machine address */
};

struct gnttab_unmap_grant_ref {
    uint64_t host_addr;
    uint64_t dev_bus_addr;
    grant_handle_t handle;
    int16_t status;
    uint16_t _pad;
};

struct gnttab_setup_table {
    domid_t dom;
    uint16_t _pad0;
    uint32_t nr_frames;
    int16_t status;
    uint16_t _pad1[3];
    uint64_t frame_list; /* guest address of nr_frames xen_pfn_t */
};

struct gnttab_copy {
    struct gnttab_copy_ptr {
        union {
            grant_ref_t ref;
            uint64_t gmfn;
        } u;
        domid_t domid;
        uint16_t offset;
        uint32_t _pad;
    } source, dest;
    uint16_t len;
    uint16_t flags; /* GNTCOPY_* */
    int16_t status;
    uint16_t _pad;
};

struct gnttab_query_size {
    domid_t dom;
    uint16_t _pad0;
    uint32_t nr_frames;     /* <- */
    uint32_t max_nr_frames; /* <- */
    int16_t status;
    uint16_t _pad1;
};

struct gnttab_set_version {
    uint32_t version; /* in: wanted; out: in force */
};

struct gnttab_get_version {
    domid_t dom;
    uint16_t pad;
    uint32_t version; /* <- */
};
#endif
#endif
