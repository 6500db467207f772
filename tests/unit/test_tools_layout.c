/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The layout of a new domain. The page tables are walked as the CPU would, through a model of
 * machine memory: what they map, and how, is what counts.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "dom0-tools/lib/err.h"
#include "dom0-tools/lib/image.h"
#include "dom0-tools/lib/pvlayout.h"
#include "pv-abi/shared_info.h"
#include "pv-abi/start_info.h"
#include "pv-abi/x86.h"

#define BASE 0xffffffff80000000ull
#define RW   2ull

static struct err err;

struct model {
    struct pv_layout lo;
    uint64_t *p2m, *tables, *p2m_tables;
};

/* Frames in an order of their own, so that a pfn taken for an mfn shows. */
static uint64_t mfn_of(uint64_t pfn)
{
    return 0x100000 + (pfn ^ 0x155);
}

static struct image linux_image(void)
{
    struct image im = {.vstart = BASE + 0x1000000,
                       .vend = BASE + 0x3000000,
                       .entry = BASE + 0x1000100,
                       .virt_base = BASE,
                       .hypercall_page = IMAGE_NO_ADDRESS,
                       .init_p2m = 1ull << 39,
                       .mod_start_pfn = true};

    return im;
}

static void model_make(struct model *m, const struct image *im, uint64_t ramdisk, uint64_t pages)
{
    uint64_t i;

    memset(&err, 0, sizeof(err));
    assert_int_equal(pv_layout_plan(&m->lo, im, ramdisk, pages, &err), 0);
    m->p2m = malloc(pages * 8);
    for (i = 0; i < pages; i++)
        m->p2m[i] = mfn_of(i);
    m->tables = calloc(m->lo.nr_pt, 4096);
    m->p2m_tables = m->lo.nr_p2m_pt ? calloc(m->lo.nr_p2m_pt, 4096) : NULL;
    pv_tables_fill(&m->lo, m->p2m, m->tables, m->p2m_tables);
}

static void model_free(struct model *m)
{
    free(m->p2m);
    free(m->tables);
    free(m->p2m_tables);
}

/* The table in frame @mfn, if it is one. */
static uint64_t *table(const struct model *m, uint64_t mfn)
{
    uint64_t i;

    for (i = 0; i < m->lo.nr_pt; i++)
        if (m->p2m[m->lo.pt_pfn + i] == mfn)
            return m->tables + i * 512;
    for (i = 0; i < m->lo.nr_p2m_pt; i++)
        if (m->p2m[m->lo.p2m_pt_pfn + i] == mfn)
            return m->p2m_tables + i * 512;
    return NULL;
}

/* The L1 entry that maps @va, 0 if none. */
static uint64_t walk(const struct model *m, uint64_t va)
{
    uint64_t entry = mfn_of(m->lo.pt_pfn) << 12;
    int shift;

    for (shift = 39; shift >= 12; shift -= 9) {
        uint64_t *t = table(m, entry >> 12 & 0xffffffffff);

        assert_non_null(t);
        entry = t[va >> shift & 511];
        if (!(entry & 1))
            return 0;
    }
    return entry;
}

static void assert_maps(const struct model *m, uint64_t va, uint64_t pfn)
{
    uint64_t pte = walk(m, va);
    bool is_table = pfn >= m->lo.pt_pfn && pfn < m->lo.pt_pfn + m->lo.nr_pt;

    assert_int_equal(pte >> 12 & 0xffffffffff, mfn_of(pfn));
    assert_int_equal(!(pte & RW), is_table);
}

static void linux_is_laid_out_as_documented(void **state)
{
    struct image im = linux_image();
    struct model m;
    uint64_t i;

    model_make(&m, &im, 5000000, 65536);
    assert_int_equal(m.lo.start_info_pfn, 0x3000);
    assert_int_equal(m.lo.store_pfn, 0x3001);
    assert_int_equal(m.lo.console_pfn, 0x3002);
    assert_int_equal(m.lo.pt_pfn, 0x3003);
    assert_int_equal(m.lo.stack_pfn, m.lo.pt_pfn + m.lo.nr_pt);
    assert_int_equal(m.lo.vend % (4 << 20), 0);
    assert_true(m.lo.vend - (m.lo.virt_base + (m.lo.stack_pfn + 1) * 4096) >= 512 << 10);
    assert_int_equal(m.lo.p2m_pfn, (m.lo.vend - m.lo.virt_base) / 4096);
    assert_int_equal(m.lo.p2m_pages, 128);
    assert_int_equal(m.lo.ramdisk_pfn, m.lo.p2m_pt_pfn + m.lo.nr_p2m_pt);
    assert_int_equal(m.lo.end_pfn, m.lo.ramdisk_pfn + 1221);
    for (i = 0; i < (m.lo.vend - BASE) / 4096; i++)
        assert_maps(&m, BASE + i * 4096, i);
    assert_int_equal(walk(&m, m.lo.vend), 0);
    for (i = 0; i < m.lo.p2m_pages; i++)
        assert_maps(&m, (1ull << 39) + i * 4096, m.lo.p2m_pfn + i);
    assert_int_equal(walk(&m, (1ull << 39) + m.lo.p2m_pages * 4096), 0);
    model_free(&m);
}

static void every_table_is_used_and_none_is_writable(void **state)
{
    struct image im = linux_image();
    struct model m;
    uint64_t i, k;

    model_make(&m, &im, 0, 1 << 20);
    for (i = 1; i < m.lo.nr_pt; i++) {
        unsigned int used = 0;

        for (k = 0; k < 512; k++)
            used += m.tables[i * 512 + k] & 1;
        assert_true(used > 0);
    }
    /* p2m of 2 Mi entries: 2,048 pages, 4 L1 tables, one L2, one L3. */
    assert_int_equal(m.lo.nr_p2m_pt, 6);
    model_free(&m);
}

static void a_kernel_without_the_notes_gets_all_mapped(void **state)
{
    struct image im = linux_image();
    struct model m;
    uint64_t ramdisk;

    im.init_p2m = IMAGE_NO_ADDRESS;
    im.mod_start_pfn = false;
    model_make(&m, &im, 4097, 65536);
    ramdisk = m.lo.ramdisk_pfn;
    assert_true(m.lo.ramdisk_mapped && m.lo.p2m_mapped);
    assert_int_equal(ramdisk, 0x3000);
    assert_int_equal(m.lo.p2m_pfn, 0x3002);
    assert_int_equal(m.lo.p2m_vaddr, BASE + 0x3002000);
    assert_int_equal(m.lo.nr_p2m_pt, 0);
    assert_maps(&m, BASE + ramdisk * 4096, ramdisk);
    assert_maps(&m, m.lo.p2m_vaddr, m.lo.p2m_pfn);
    model_free(&m);
}

static void a_kernel_at_zero_works(void **state)
{
    struct image im = linux_image();
    struct model m;

    im.virt_base = 0;
    im.vstart = 0x100000;
    im.vend = 0x101000;
    im.init_p2m = IMAGE_NO_ADDRESS;
    model_make(&m, &im, 0, 4096);
    assert_maps(&m, 0, 0);
    assert_maps(&m, 0x100000, 0x100);
    model_free(&m);
}

static void what_does_not_fit_is_told_apart(void **state)
{
    struct image im = linux_image();
    struct pv_layout lo;
    uint64_t need;

    memset(&err, 0, sizeof(err));
    assert_int_equal(pv_layout_plan(&lo, &im, 100 << 20, 1 << 16, &err), 0);
    /* A smaller domain needs a smaller p2m: go down to the last one that fits. */
    for (need = lo.end_pfn; !pv_layout_plan(&lo, &im, 100 << 20, need, &err); need--)
        assert_true(lo.end_pfn <= need);
    assert_true(lo.end_pfn == need + 1);
    assert_int_equal(err.status, STATUS_RESOURCES);
    assert_int_equal(strncmp(err.text, "ramdisk: 100 MiB do not fit", 27), 0);
    memset(&err, 0, sizeof(err));
    assert_int_equal(pv_layout_plan(&lo, &im, 0, 4096, &err), -1);
    assert_int_equal(err.status, STATUS_RESOURCES);
    assert_int_equal(strncmp(err.text, "kernel: needs up to 56 MiB", 26), 0);
}

static void a_p2m_amid_the_kernel_is_refused(void **state)
{
    struct image im = linux_image();
    struct pv_layout lo;

    memset(&err, 0, sizeof(err));
    im.init_p2m = 0xffffff8000000000ull;
    assert_int_equal(pv_layout_plan(&lo, &im, 0, 65536, &err), -1);
    assert_int_equal(err.status, STATUS_USAGE);
}

static void start_info_tells_the_layout(void **state)
{
    struct image im = linux_image();
    struct pv_start s = {
        .shared_info_mfn = 0x777, .store_port = 1, .console_port = 2, .cmdline = "a b"};
    struct start_info si;
    struct model m;

    model_make(&m, &im, 5000, 65536);
    pv_start_info_fill(&m.lo, m.p2m, &s, &si);
    assert_string_equal(si.magic, "xen-3.0-x86_64");
    assert_int_equal(si.nr_pages, 65536);
    assert_int_equal(si.shared_info, 0x777000);
    assert_int_equal(si.flags, SIF_MOD_START_PFN | SIF_VIRT_P2M_4TOOLS);
    assert_int_equal(si.store_mfn, mfn_of(m.lo.store_pfn));
    assert_int_equal(si.console.domU.mfn, mfn_of(m.lo.console_pfn));
    assert_int_equal(si.store_evtchn, 1);
    assert_int_equal(si.console.domU.evtchn, 2);
    assert_int_equal(si.pt_base, BASE + m.lo.pt_pfn * 4096);
    assert_int_equal(si.nr_pt_frames, m.lo.nr_pt);
    assert_int_equal(si.mfn_list, 1ull << 39);
    assert_int_equal(si.first_p2m_pfn, m.lo.p2m_pfn);
    assert_int_equal(si.nr_p2m_frames, m.lo.p2m_pages + m.lo.nr_p2m_pt);
    assert_int_equal(si.mod_start, m.lo.ramdisk_pfn);
    assert_int_equal(si.mod_len, 5000);
    assert_string_equal((char *)si.cmd_line, "a b");
    model_free(&m);
}

static void the_first_vcpu_starts_at_the_entry(void **state)
{
    struct vcpu_guest_context *c = malloc(sizeof(*c));
    struct shared_info *sh = calloc(1, sizeof(*sh));
    struct image im = linux_image();
    struct model m;
    int i;

    model_make(&m, &im, 0, 65536);
    pv_context_fill(&m.lo, m.p2m, c);
    assert_int_equal(c->user_regs.rip, im.entry);
    assert_int_equal(c->user_regs.rsi, BASE + m.lo.start_info_pfn * 4096);
    assert_int_equal(c->user_regs.rsp, BASE + (m.lo.stack_pfn + 1) * 4096);
    assert_int_equal(c->user_regs.cs, 0xe033);
    assert_int_equal(c->user_regs.ss, 0xe02b);
    assert_int_equal(c->ctrlreg[3], mfn_of(m.lo.pt_pfn) << 12);
    assert_true(c->flags & VGCF_in_kernel);
    pv_shared_info_fill(sh);
    for (i = 0; i < XEN_LEGACY_MAX_VCPUS; i++)
        assert_int_equal(sh->vcpu_info[i].evtchn_upcall_mask, 1);
    free(c);
    free(sh);
    model_free(&m);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(linux_is_laid_out_as_documented),
        cmocka_unit_test(every_table_is_used_and_none_is_writable),
        cmocka_unit_test(a_kernel_without_the_notes_gets_all_mapped),
        cmocka_unit_test(a_kernel_at_zero_works),
        cmocka_unit_test(what_does_not_fit_is_told_apart),
        cmocka_unit_test(a_p2m_amid_the_kernel_is_refused),
        cmocka_unit_test(start_info_tells_the_layout),
        cmocka_unit_test(the_first_vcpu_starts_at_the_entry),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
