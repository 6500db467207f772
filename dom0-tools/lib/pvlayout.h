/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef DOM0_TOOLS_LIB_PVLAYOUT_H
#define DOM0_TOOLS_LIB_PVLAYOUT_H

/*
 * Where everything lies in a new PV domain, and the contents of its first pages. Pure
 * computation: build.c puts the results into the domain.
 *
 * pfns, upwards (virtual = virt_base + pfn * 4096 up to vend):
 *
 *   kernel | ramdisk, if it must be mapped | p2m, if it must be mapped | start_info | store ring |
 *   console ring | page tables | boot stack | padding to 4 MiB, at least 512 KiB ||
 *   p2m at its own address, its page tables | ramdisk
 *
 * Source: Xen 4.17 public/xen.h (start-of-day layout), public/elfnote.h (INIT_P2M, MOD_START_PFN).
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct err;
struct image;
struct shared_info;
struct start_info;
struct vcpu_guest_context;

struct pv_layout {
    uint64_t virt_base, vend; /* the initial mapping covers [virt_base, vend) */
    uint64_t entry;
    uint64_t nr_pages; /* of the domain */
    uint64_t start_info_pfn, store_pfn, console_pfn, stack_pfn;
    uint64_t pt_pfn, nr_pt; /* tables of the initial mapping: the L4, then L3s, L2s, L1s */
    bool p2m_mapped;        /* p2m lies in the initial mapping */
    uint64_t p2m_vaddr, p2m_pfn, p2m_pages;
    uint64_t p2m_pt_pfn, nr_p2m_pt; /* tables for a p2m of its own: L3s, L2s, L1s */
    bool ramdisk_mapped;
    uint64_t ramdisk_pfn, ramdisk_pages, ramdisk_len;
    uint64_t end_pfn; /* pages needed; the rest is free memory of the guest */
};

/*
 * Plans a domain of @nr_pages. Returns 0 with *@lo; -1 with *@e when kernel and ramdisk do not fit
 * (STATUS_RESOURCES) or the kernel wants an impossible layout (STATUS_USAGE).
 */
int pv_layout_plan(struct pv_layout *lo, const struct image *im, uint64_t ramdisk_len,
                   uint64_t nr_pages, struct err *e);

/*
 * Fills the page tables. @p2m: machine frame of each pfn; @tables: nr_pt pages of 512 entries,
 * zeroed; @p2m_tables: nr_p2m_pt pages, zeroed (NULL when 0). Page tables are mapped read-only.
 */
void pv_tables_fill(const struct pv_layout *lo, const uint64_t *p2m, uint64_t *tables,
                    uint64_t *p2m_tables);

struct pv_start {
    uint64_t shared_info_mfn;
    uint32_t store_port, console_port;
    const char *cmdline;
};

void pv_start_info_fill(const struct pv_layout *lo, const uint64_t *p2m, const struct pv_start *s,
                        struct start_info *si);
void pv_shared_info_fill(struct shared_info *sh);
void pv_context_fill(const struct pv_layout *lo, const uint64_t *p2m, struct vcpu_guest_context *c);

#endif
