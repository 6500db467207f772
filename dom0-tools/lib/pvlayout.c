/* SPDX-License-Identifier: GPL-2.0-only */
/* Layout and first contents of a new PV domain: see the header. */
#include "dom0-tools/lib/pvlayout.h"

#include <string.h>

#include "dom0-tools/lib/err.h"
#include "dom0-tools/lib/image.h"
#include "pv-abi/shared_info.h"
#include "pv-abi/start_info.h"
#include "pv-abi/x86.h"

#define PAGE      4096ull
#define L1_SPAN   (1ull << 21)
#define L2_SPAN   (1ull << 30)
#define L3_SPAN   (1ull << 39)
#define PAD_MIN   (512ull << 10)
#define PAD_ALIGN (4ull << 20)

#define PTE_PRESENT  0x001ull
#define PTE_RW       0x002ull
#define PTE_USER     0x004ull
#define PTE_ACCESSED 0x020ull
#define PTE_DIRTY    0x040ull
#define PTE_PAGE     (PTE_PRESENT | PTE_RW | PTE_ACCESSED) /* a guest-kernel page */
#define PTE_TABLE    (PTE_PRESENT | PTE_RW | PTE_USER | PTE_ACCESSED | PTE_DIRTY)

#define RFLAGS_IF   0x200
#define DR6_DEFAULT 0xffff0ff0
#define DR7_DEFAULT 0x400

static uint64_t pages_for(uint64_t bytes)
{
    return bytes / PAGE + (bytes % PAGE != 0);
}

/* Tables of one level whose entries each cover @span, for the range [from, to). */
static uint64_t tables_for(uint64_t from, uint64_t to, uint64_t span)
{
    return (to - 1) / span - from / span + 1;
}

static uint64_t all_tables(uint64_t from, uint64_t to)
{
    return tables_for(from, to, L1_SPAN) + tables_for(from, to, L2_SPAN) +
           tables_for(from, to, L3_SPAN);
}

/* The tables lie in the range that they map: repeat until their number stands. */
static int plan_tables(struct pv_layout *lo, struct err *e)
{
    uint64_t n = 0;

    do {
        uint64_t end;

        lo->nr_pt = n;
        lo->stack_pfn = lo->pt_pfn + n;
        end = lo->virt_base + (lo->stack_pfn + 1) * PAGE + PAD_MIN;
        if (end < lo->virt_base || end > UINT64_MAX - PAD_ALIGN)
            return err_set(e, STATUS_USAGE, "kernel", NULL, "reaches the end of the address space");
        lo->vend = (end + PAD_ALIGN - 1) & ~(PAD_ALIGN - 1);
        n = 1 + all_tables(lo->virt_base, lo->vend);
    } while (n != lo->nr_pt);
    return 0;
}

static int plan_own_p2m(struct pv_layout *lo, uint64_t *next, struct err *e)
{
    uint64_t from = lo->p2m_vaddr, to = from + lo->p2m_pages * PAGE;

    if (to < from || (from / L3_SPAN <= (lo->vend - 1) / L3_SPAN &&
                      (to - 1) / L3_SPAN >= lo->virt_base / L3_SPAN))
        return err_set(e, STATUS_USAGE, "kernel", NULL,
                       "wants its p2m list in the 512 GiB of its own mapping");
    lo->p2m_pfn = *next;
    lo->p2m_pt_pfn = *next + lo->p2m_pages;
    lo->nr_p2m_pt = all_tables(from, to);
    *next = lo->p2m_pt_pfn + lo->nr_p2m_pt;
    return 0;
}

int pv_layout_plan(struct pv_layout *lo, const struct image *im, uint64_t ramdisk_len,
                   uint64_t nr_pages, struct err *e)
{
    uint64_t next = pages_for(im->vend - im->virt_base), kernel_end = next;

    memset(lo, 0, sizeof(*lo));
    lo->virt_base = im->virt_base;
    lo->entry = im->entry;
    lo->nr_pages = nr_pages;
    lo->ramdisk_len = ramdisk_len;
    lo->ramdisk_pages = pages_for(ramdisk_len);
    lo->ramdisk_mapped = ramdisk_len && !im->mod_start_pfn;
    lo->p2m_pages = pages_for(nr_pages * sizeof(uint64_t));
    lo->p2m_mapped = im->init_p2m == IMAGE_NO_ADDRESS;
    if (lo->ramdisk_mapped) {
        lo->ramdisk_pfn = next;
        next += lo->ramdisk_pages;
    }
    if (lo->p2m_mapped) {
        lo->p2m_pfn = next;
        lo->p2m_vaddr = lo->virt_base + next * PAGE;
        next += lo->p2m_pages;
    } else {
        lo->p2m_vaddr = im->init_p2m;
    }
    lo->start_info_pfn = next++;
    lo->store_pfn = next++;
    lo->console_pfn = next++;
    lo->pt_pfn = next;
    if (plan_tables(lo, e))
        return -1;
    next = (lo->vend - lo->virt_base) / PAGE;
    if (!lo->p2m_mapped && plan_own_p2m(lo, &next, e))
        return -1;
    if (ramdisk_len && !lo->ramdisk_mapped) {
        lo->ramdisk_pfn = next;
        next += lo->ramdisk_pages;
    }
    lo->end_pfn = next;
    if (next > nr_pages && next - lo->ramdisk_pages <= nr_pages)
        return err_set(e, STATUS_RESOURCES, "ramdisk", "raise memory in the config",
                       "%llu MiB do not fit into the guest's %llu MiB beside its kernel",
                       (unsigned long long)(lo->ramdisk_pages * PAGE >> 20),
                       (unsigned long long)(nr_pages * PAGE >> 20));
    if (next > nr_pages)
        return err_set(e, STATUS_RESOURCES, "kernel", "raise memory in the config",
                       "needs up to %llu MiB, the guest has %llu MiB",
                       (unsigned long long)(kernel_end * PAGE >> 20) + 8,
                       (unsigned long long)(nr_pages * PAGE >> 20));
    return 0;
}

/* One level of a contiguous mapping: entries in consecutive tables, pointing to consecutive pfns. */
static void fill_level(uint64_t *tables, const uint64_t *p2m, uint64_t span, uint64_t from,
                       uint64_t to, uint64_t first_child_pfn)
{
    uint64_t base = from / (span * 512) * 512; /* index of entry 0 of the first table */
    uint64_t i;

    for (i = from / span; i <= (to - 1) / span; i++)
        tables[i - base] = p2m[first_child_pfn + i - from / span] << 12 | PTE_TABLE;
}

static void fill_l1(uint64_t *tables, const struct pv_layout *lo, const uint64_t *p2m,
                    uint64_t from, uint64_t to, uint64_t first_pfn)
{
    uint64_t base = from / L1_SPAN * 512, first = from / PAGE, i;

    for (i = first; i < to / PAGE; i++) {
        uint64_t pfn = first_pfn + i - first, pte = p2m[pfn] << 12 | PTE_PAGE;

        if (pfn >= lo->pt_pfn && pfn < lo->pt_pfn + lo->nr_pt)
            pte &= ~PTE_RW;
        tables[i - base] = pte;
    }
}

/* L3s, L2s, L1s stand one after another at @tables and at @tables_pfn. */
static void fill_range(const struct pv_layout *lo, const uint64_t *p2m, uint64_t *l4,
                       uint64_t *tables, uint64_t tables_pfn, uint64_t from, uint64_t to,
                       uint64_t first_pfn)
{
    uint64_t n3 = tables_for(from, to, L3_SPAN), n2 = tables_for(from, to, L2_SPAN), i;

    for (i = 0; i < n3; i++)
        l4[(from / L3_SPAN + i) % 512] = p2m[tables_pfn + i] << 12 | PTE_TABLE;
    fill_level(tables, p2m, L2_SPAN, from, to, tables_pfn + n3);
    fill_level(tables + n3 * 512, p2m, L1_SPAN, from, to, tables_pfn + n3 + n2);
    fill_l1(tables + (n3 + n2) * 512, lo, p2m, from, to, first_pfn);
}

void pv_tables_fill(const struct pv_layout *lo, const uint64_t *p2m, uint64_t *tables,
                    uint64_t *p2m_tables)
{
    fill_range(lo, p2m, tables, tables + 512, lo->pt_pfn + 1, lo->virt_base, lo->vend, 0);
    if (!lo->p2m_mapped)
        fill_range(lo, p2m, tables, p2m_tables, lo->p2m_pt_pfn, lo->p2m_vaddr,
                   lo->p2m_vaddr + lo->p2m_pages * PAGE, lo->p2m_pfn);
}

void pv_start_info_fill(const struct pv_layout *lo, const uint64_t *p2m, const struct pv_start *s,
                        struct start_info *si)
{
    memset(si, 0, sizeof(*si));
    strcpy(si->magic, START_INFO_MAGIC);
    si->nr_pages = lo->nr_pages;
    si->shared_info = s->shared_info_mfn * PAGE;
    si->flags = SIF_VIRT_P2M_4TOOLS;
    si->store_mfn = p2m[lo->store_pfn];
    si->store_evtchn = s->store_port;
    si->console.domU.mfn = p2m[lo->console_pfn];
    si->console.domU.evtchn = s->console_port;
    si->pt_base = lo->virt_base + lo->pt_pfn * PAGE;
    si->nr_pt_frames = lo->nr_pt;
    si->mfn_list = lo->p2m_vaddr;
    if (!lo->p2m_mapped) {
        si->first_p2m_pfn = lo->p2m_pfn;
        si->nr_p2m_frames = lo->p2m_pages + lo->nr_p2m_pt;
    }
    if (lo->ramdisk_len) {
        si->mod_start =
            lo->ramdisk_mapped ? lo->virt_base + lo->ramdisk_pfn * PAGE : lo->ramdisk_pfn;
        si->mod_len = lo->ramdisk_len;
        if (!lo->ramdisk_mapped)
            si->flags |= SIF_MOD_START_PFN;
    }
    strncpy((char *)si->cmd_line, s->cmdline, MAX_GUEST_CMDLINE - 1);
}

void pv_shared_info_fill(struct shared_info *sh)
{
    int i;

    for (i = 0; i < XEN_LEGACY_MAX_VCPUS; i++)
        sh->vcpu_info[i].evtchn_upcall_mask = 1;
}

void pv_context_fill(const struct pv_layout *lo, const uint64_t *p2m, struct vcpu_guest_context *c)
{
    memset(c, 0, sizeof(*c));
    c->flags = VGCF_in_kernel | VGCF_online;
    c->user_regs.rip = lo->entry;
    c->user_regs.rsp = lo->virt_base + (lo->stack_pfn + 1) * PAGE;
    c->user_regs.rsi = lo->virt_base + lo->start_info_pfn * PAGE;
    c->user_regs.rflags = RFLAGS_IF;
    c->user_regs.cs = FLAT_KERNEL_CS;
    c->user_regs.ss = FLAT_KERNEL_SS;
    c->kernel_ss = FLAT_KERNEL_SS;
    c->kernel_sp = c->user_regs.rsp;
    c->ctrlreg[3] = p2m[lo->pt_pfn] << 12;
    c->debugreg[6] = DR6_DEFAULT;
    c->debugreg[7] = DR7_DEFAULT;
}
