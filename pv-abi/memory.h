/* SPDX-License-Identifier: MIT */
/*
 * memory_op: reservations, maps, resources. Bits 6 and up of the command are the hypervisor's
 * own, for calls that it continues.
 * Source: Xen 4.17 public/memory.h.
 */
#ifndef PV_ABI_MEMORY_H
#define PV_ABI_MEMORY_H

#define XENMEM_increase_reservation       0
#define XENMEM_decrease_reservation       1
#define XENMEM_maximum_ram_page           2
#define XENMEM_current_reservation        3
#define XENMEM_maximum_reservation        4
#define XENMEM_machphys_mfn_list          5
#define XENMEM_populate_physmap           6
#define XENMEM_add_to_physmap             7
#define XENMEM_memory_map                 9
#define XENMEM_machine_memory_map         10
#define XENMEM_exchange                   11
#define XENMEM_machphys_mapping           12
#define XENMEM_set_memory_map             13
#define XENMEM_maximum_gpfn               14
#define XENMEM_remove_from_physmap        15
#define XENMEM_set_pod_target             16
#define XENMEM_get_pod_target             17
#define XENMEM_get_sharing_freed_pages    18
#define XENMEM_get_sharing_shared_pages   19
#define XENMEM_paging_op                  20
#define XENMEM_access_op                  21
#define XENMEM_sharing_op                 22
#define XENMEM_add_to_physmap_batch       23
#define XENMEM_claim_pages                24
#define XENMEM_get_vnumainfo              26
#define XENMEM_reserved_device_memory_map 27
#define XENMEM_acquire_resource           28

/* xen_memory_reservation.mem_flags */
#define XENMEMF_address_bits(x)     (x) /* machine addresses below 1 << x */
#define XENMEMF_get_address_bits(x) ((x)&0xffu)
#define XENMEMF_node(x)             (((x) + 1) << 8)
#define XENMEMF_get_node(x)         ((((x) >> 8) - 1) & 0xffu)
#define XENMEMF_populate_on_demand  0x10000
#define XENMEMF_exact_node_request  0x20000
#define XENMEMF_exact_node(n)       (XENMEMF_node(n) | XENMEMF_exact_node_request)
#define XENMEMF_vnode               0x40000

/* xen_add_to_physmap.space */
#define XENMAPSPACE_shared_info  0
#define XENMAPSPACE_grant_table  1
#define XENMAPSPACE_gmfn_foreign 4

#define XENMEM_resource_ioreq_server          0
#define XENMEM_resource_grant_table           1
#define XENMEM_resource_grant_table_id_shared 0
#define XENMEM_resource_grant_table_id_status 1

/* Entries of memory_map: the PC's own numbering of region types. */
#define E820_RAM      1
#define E820_RESERVED 2
#define E820_ACPI     3
#define E820_NVS      4
#define E820_UNUSABLE 5

#ifndef __ASSEMBLER__
#include "pv-abi/types.h"

struct xen_memory_reservation {
    uint64_t extent_start; /* guest address of nr_extents xen_pfn_t */
    xen_ulong_t nr_extents;
    uint32_t extent_order;
    uint32_t mem_flags; /* XENMEMF_* */
    domid_t domid;
    uint16_t _pad[3];
};

struct xen_memory_exchange {
    struct xen_memory_reservation in;
    struct xen_memory_reservation out;
    xen_ulong_t nr_exchanged; /* in: 0; out: input extents that are gone */
};

/* Argument of maximum_ram_page's relatives that take a domain. */
struct xen_memory_domain {
    domid_t domid;
};

struct xen_machphys_mapping {
    xen_ulong_t v_start; /* <- all three */
    xen_ulong_t v_end;
    xen_ulong_t max_mfn;
};

struct xen_add_to_physmap {
    domid_t domid;
    uint16_t size;  /* for ranges only */
    uint32_t space; /* XENMAPSPACE_* */
    xen_ulong_t idx;
    xen_pfn_t gpfn;
};

struct xen_remove_from_physmap {
    domid_t domid;
    uint16_t _pad[3];
    xen_pfn_t gpfn;
};

struct xen_memory_map {
    uint32_t nr_entries; /* in: room; out: written */
    uint32_t _pad;
    uint64_t buffer; /* guest address of struct xen_e820entry */
};

/* One region of memory_map and machine_memory_map: 20 bytes, no padding. */
struct xen_e820entry {
    uint64_t addr;
    uint64_t size;
    uint32_t type; /* E820_* */
} __attribute__((packed));

struct xen_foreign_memory_map {
    domid_t domid;
    uint16_t _pad[3];
    struct xen_memory_map map;
};

struct xen_mem_acquire_resource {
    domid_t domid;
    uint16_t type; /* XENMEM_resource_* */
    uint32_t id;
    uint32_t nr_frames; /* 0 with a null frame_list asks for the size */
    uint32_t pad;
    uint64_t frame;
    uint64_t frame_list; /* guest address of nr_frames xen_pfn_t */
};

ABI_SIZE(struct xen_e820entry, 20);
#endif
#endif
