/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * ELF cores: what a model of a guest's memory becomes, honest and hostile. The model refuses frames that
 * are not the guest's, as the hypervisor does, and counts how often it is asked.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <elf.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "dom0-tools/lib/core.h"
#include "pv-abi/shared_info.h"
#include "pv-abi/x86.h"

#define PAGES   1024
#define MFN     0x5000ull
#define FOREIGN 0x9999ull
#define KERNEL  0xffffffff80000000ull
#define DIRECT  0xffff888000000000ull
#define HOLE    0xffff800000000000ull

struct model {
    uint64_t page[PAGES][CORE_ENTRIES];
    uint32_t next; /* pfn of the next table */
    uint64_t reads;
    struct core c;
    struct arch_shared_info told;
};

/* Frames in an order of their own, so that a pfn taken for an mfn shows. */
static uint64_t mfn_of(uint64_t pfn)
{
    return MFN + (pfn ^ 0x155);
}

static bool read_page(void *arg, uint64_t mfn, uint64_t page[CORE_ENTRIES])
{
    struct model *m = arg;

    m->reads++;
    if (mfn < MFN || mfn >= MFN + PAGES)
        return false;
    memcpy(page, m->page[(mfn - MFN) ^ 0x155], CORE_PAGE);
    return true;
}

/* The root is pfn 512; tables follow it. */
static int setup(void **state)
{
    struct model *m = calloc(1, sizeof(*m));

    m->next = 513;
    assert_int_equal(core_init(&m->c, PAGES, read_page, m), 0);
    *state = m;
    return 0;
}

static int teardown(void **state)
{
    struct model *m = *state;

    core_free(&m->c);
    free(m);
    return 0;
}

#define ROOT mfn_of(512)

/* The level-1 entry for @vaddr, with the tables above it. */
static uint64_t *entry(struct model *m, uint64_t vaddr)
{
    uint32_t table = 512;
    int level;

    for (level = 4; level > 1; level--) {
        uint64_t *e = &m->page[table][vaddr >> (12 + 9 * (level - 1)) & 511];

        if (!*e)
            *e = mfn_of(m->next++) << 12 | 0x67;
        table = (uint32_t)(((*e >> 12) - MFN) ^ 0x155);
    }
    return &m->page[table][vaddr >> 12 & 511];
}

static void map(struct model *m, uint64_t vaddr, uint64_t mfn)
{
    *entry(m, vaddr) = mfn << 12 | 0x63;
}

static void map_range(struct model *m, uint64_t vaddr, uint64_t pfn, uint64_t count)
{
    uint64_t i;

    for (i = 0; i < count; i++)
        map(m, vaddr + i * CORE_PAGE, mfn_of(pfn + i));
}

/* A p2m of all pages in pfns 0 and 1, mapped at @vaddr. */
static void tell_p2m(struct model *m, uint64_t vaddr)
{
    uint64_t pfn;

    for (pfn = 0; pfn < PAGES; pfn++)
        m->page[pfn / 512][pfn % 512] = mfn_of(pfn);
    map_range(m, vaddr, 0, 2);
    m->told =
        (struct arch_shared_info){.max_pfn = PAGES, .p2m_cr3 = ROOT << 12, .p2m_vaddr = vaddr};
}

static const struct core_load *load_at(const struct core *c, uint64_t vaddr)
{
    size_t i;

    for (i = 0; i < c->nr_loads; i++)
        if (vaddr >= c->loads[i].vaddr && vaddr - c->loads[i].vaddr < c->loads[i].count * 4096ull)
            return &c->loads[i];
    return NULL;
}

/* ---- frames */

static void frames_are_those_of_the_p2m(void **state)
{
    struct model *m = *state;
    uint64_t i;

    tell_p2m(m, 0xffffc90000000000);
    assert_int_equal(core_find_frames(&m->c, &m->told, PAGES, ROOT), 0);
    assert_int_equal(m->c.nr_frames, PAGES);
    for (i = 0; i < PAGES; i++) {
        assert_int_equal(m->c.frames[i].pfn, i);
        assert_int_equal(m->c.frames[i].mfn, mfn_of(i));
    }
}

static void a_p2m_by_lists_is_read(void **state)
{
    struct model *m = *state;

    tell_p2m(m, DIRECT);
    m->page[600][0] = mfn_of(601);
    m->page[601][0] = mfn_of(0);
    m->page[601][1] = mfn_of(1);
    m->told =
        (struct arch_shared_info){.max_pfn = PAGES, .pfn_to_mfn_frame_list_list = mfn_of(600)};
    assert_int_equal(core_find_frames(&m->c, &m->told, PAGES, ROOT), 0);
    assert_int_equal(m->c.nr_frames, PAGES);
    assert_int_equal(m->c.frames[1000].mfn, mfn_of(1000));
}

static void marks_in_the_p2m_are_no_frames(void **state)
{
    struct model *m = *state;

    tell_p2m(m, DIRECT);
    m->page[0][3] = ~0ull;
    m->page[0][4] = 1ull << 62 | mfn_of(4);
    m->page[0][5] = 0;
    assert_int_equal(core_find_frames(&m->c, &m->told, PAGES, ROOT), 0);
    assert_int_equal(m->c.nr_frames, PAGES - 3);
    assert_int_equal(m->c.frames[3].pfn, 6);
}

static void a_frame_named_twice_is_taken_once(void **state)
{
    struct model *m = *state;

    tell_p2m(m, DIRECT);
    m->page[0][9] = m->page[0][8];
    assert_int_equal(core_find_frames(&m->c, &m->told, PAGES, ROOT), 0);
    assert_int_equal(m->c.nr_frames, PAGES - 1);
    assert_int_equal(m->c.frames[8].pfn, 8);
    assert_int_equal(m->c.frames[9].pfn, 10);
}

static void a_p2m_without_end_is_bounded(void **state)
{
    struct model *m = *state;
    uint64_t i;

    tell_p2m(m, DIRECT);
    memset(m->page[0], 0xff, sizeof(m->page[0]));
    m->page[0][7] = mfn_of(7);
    for (i = 1; i < 512; i++) /* the same page again and again */
        map(m, DIRECT + i * CORE_PAGE, mfn_of(0));
    m->told.max_pfn = UINT64_MAX;
    assert_int_equal(core_find_frames(&m->c, &m->told, 1 << 20, ROOT), 0);
    assert_int_equal(m->c.nr_frames, 1);
    assert_true(m->reads < (1 << 20) / 512 * 5);
}

static void no_more_frames_than_the_guest_has(void **state)
{
    struct model *m = *state;

    tell_p2m(m, DIRECT);
    m->c.pages = 100;
    assert_int_equal(core_find_frames(&m->c, &m->told, PAGES, ROOT), 0);
    assert_int_equal(m->c.nr_frames, 100);
}

static void without_a_p2m_frames_are_numbered_as_mapped(void **state)
{
    struct model *m = *state;

    map_range(m, KERNEL, 100, 50);
    map_range(m, DIRECT, 90, 20); /* ten of them once more */
    assert_int_equal(core_find_frames(&m->c, &m->told, PAGES, ROOT), 0);
    assert_int_equal(m->c.nr_frames, 60);
    assert_int_equal(m->c.frames[0].mfn, mfn_of(100));
    assert_int_equal(m->c.frames[59].mfn, mfn_of(99));
    assert_int_equal(m->c.frames[59].pfn, 59);
}

static void nothing_found_is_said(void **state)
{
    struct model *m = *state;

    map(m, KERNEL, mfn_of(3));
    assert_int_equal(core_find_frames(&m->c, &m->told, PAGES, FOREIGN), -ENOENT);
}

static void a_guest_that_has_lost_its_pages_has_no_frames(void **state)
{
    struct model *m = *state;

    core_free(&m->c);
    assert_int_equal(core_init(&m->c, 0, read_page, m), 0);
    map_range(m, KERNEL, 100, 50);
    assert_int_equal(core_find_frames(&m->c, &m->told, PAGES, ROOT), -ENOENT);
}

/* ---- loads */

static void find(struct model *m)
{
    assert_int_equal(core_find_frames(&m->c, &m->told, PAGES, ROOT), 0);
    assert_int_equal(core_find_loads(&m->c, ROOT), 0);
}

static void neighbours_are_one_load(void **state)
{
    struct model *m = *state;
    const struct core_load *l;

    tell_p2m(m, 0xffffc90000000000);
    map_range(m, DIRECT, 0, 700); /* across the border of a table */
    find(m);
    l = load_at(&m->c, DIRECT + 5 * 4096);
    assert_non_null(l);
    assert_true(l->vaddr == DIRECT && l->first == 0 && l->count == 700);
}

static void addresses_of_one_frame_share_it(void **state)
{
    struct model *m = *state;

    tell_p2m(m, DIRECT);
    map_range(m, KERNEL, 20, 3);
    map_range(m, 0xffffea0000000000, 21, 1);
    find(m);
    assert_int_equal(load_at(&m->c, KERNEL)->first, 20);
    assert_int_equal(load_at(&m->c, 0xffffea0000000000)->first, 21);
}

static void a_gap_in_pfns_parts_loads(void **state)
{
    struct model *m = *state;

    tell_p2m(m, DIRECT);
    m->page[0][30] = ~0ull; /* given back: 31 follows 29 in the file */
    map(m, KERNEL, mfn_of(29));
    map(m, KERNEL + 4096, mfn_of(31));
    find(m);
    assert_int_equal(load_at(&m->c, KERNEL)->count, 1);
    assert_int_equal(load_at(&m->c, KERNEL + 4096)->first, 30);
}

static void what_is_not_reached_is_at_its_physical_address(void **state)
{
    struct model *m = *state;
    const struct core_load *l;

    tell_p2m(m, DIRECT);
    map_range(m, KERNEL, 0, 800);
    find(m);
    l = load_at(&m->c, 800 * 4096);
    assert_true(l && l->vaddr == 800 * 4096 && l->first == 800 && l->count == PAGES - 800);
    assert_null(load_at(&m->c, 799 * 4096));
}

static void the_lower_half_and_the_hole_are_left_out(void **state)
{
    struct model *m = *state;

    tell_p2m(m, DIRECT);
    map_range(m, 0x7f0000000000, 40, 2);
    map_range(m, HOLE, 42, 2);
    map_range(m, 0xffff87fffffff000, 44, 1);
    find(m);
    assert_null(load_at(&m->c, 0x7f0000000000));
    assert_null(load_at(&m->c, HOLE));
    assert_null(load_at(&m->c, 0xffff87fffffff000));
    assert_int_equal(load_at(&m->c, 42 * 4096)->first, 2); /* behind the two of the p2m, reached */
    assert_int_equal(load_at(&m->c, DIRECT)->count, 2);
}

static void frames_of_others_are_left_out(void **state)
{
    struct model *m = *state;

    tell_p2m(m, DIRECT);
    map(m, KERNEL, FOREIGN);
    map(m, KERNEL + 4096, mfn_of(3));
    find(m);
    assert_null(load_at(&m->c, KERNEL));
    assert_int_equal(load_at(&m->c, KERNEL + 4096)->first, 3);
}

static void large_pages_are_no_tables(void **state)
{
    struct model *m = *state;
    uint32_t l2;

    tell_p2m(m, DIRECT);
    map(m, KERNEL, mfn_of(3));
    l2 = m->next - 2;
    m->page[l2][511] = mfn_of(7) << 12 | 0xe3;
    find(m);
    assert_null(load_at(&m->c, KERNEL + (511ull << 21)));
}

static void tables_that_name_themselves_end(void **state)
{
    struct model *m = *state;
    int i;

    tell_p2m(m, 0x1000); /* told by the lower half, which is not walked */
    for (i = 256; i < 512; i++)
        m->page[512][i] = ROOT << 12 | 0x67;
    find(m);
    assert_true(m->reads < 3 * PAGES + 2000);
    assert_true(m->c.nr_loads < CORE_LOADS_MAX);
}

static void a_tree_that_shares_its_tables_is_bounded(void **state)
{
    struct model *m = *state;
    int i;

    tell_p2m(m, 0x1000);
    for (i = 0; i < 512; i++) {
        m->page[600][i] = mfn_of(601) << 12 | 0x67;
        m->page[601][i] = mfn_of(602) << 12 | 0x67;
        m->page[602][i] = mfn_of((unsigned int)i * 2 % PAGES) << 12 | 0x63; /* no neighbours */
        if (i >= 272)
            m->page[512][i] = mfn_of(600) << 12 | 0x67;
    }
    find(m);
    assert_true(m->reads < 3 * PAGES + 2000);
    assert_true(m->c.nr_loads <= 8 * PAGES + PAGES);
}

static void a_frame_at_thousands_of_addresses_has_a_few_loads(void **state)
{
    struct model *m = *state;
    uint64_t i;

    tell_p2m(m, 0xffffc90000000000);
    for (i = 0; i < 512; i++)
        map(m, KERNEL + i * 4096, mfn_of(77));
    map(m, DIRECT, mfn_of(78));
    find(m);
    assert_non_null(load_at(&m->c, KERNEL + 7 * 4096));
    assert_null(load_at(&m->c, KERNEL + 8 * 4096));
    assert_non_null(load_at(&m->c, DIRECT));
}

/* ---- headers */

static void put(struct model *m, const struct core_vcpu *v, size_t nr, const char *name,
                uint8_t **h, size_t *len)
{
    assert_int_equal(core_headers(&m->c, v, nr, name, h, len), 0);
    assert_int_equal(*len % CORE_PAGE, 0);
}

static void headers_name_each_load(void **state)
{
    struct model *m = *state;
    const Elf64_Phdr *ph;
    const Elf64_Ehdr *eh;
    uint8_t *h;
    size_t len, i;

    tell_p2m(m, DIRECT);
    map_range(m, KERNEL, 50, 4);
    find(m);
    put(m, NULL, 0, "g", &h, &len);
    eh = (const Elf64_Ehdr *)h;
    assert_memory_equal(eh->e_ident, ELFMAG, SELFMAG);
    assert_int_equal(eh->e_type, ET_CORE);
    assert_int_equal(eh->e_machine, EM_X86_64);
    assert_int_equal(eh->e_phnum, m->c.nr_loads + 1);
    ph = (const Elf64_Phdr *)(h + eh->e_phoff);
    assert_int_equal(ph[0].p_type, PT_NOTE);
    assert_true(ph[0].p_offset + ph[0].p_filesz <= len);
    for (i = 1; i < eh->e_phnum; i++) {
        assert_true(i == 1 || ph[i].p_vaddr >= ph[i - 1].p_vaddr);
        if (ph[i].p_vaddr == KERNEL) {
            assert_int_equal(ph[i].p_offset, len + 50 * CORE_PAGE);
            assert_int_equal(ph[i].p_paddr, 50 * CORE_PAGE);
            assert_int_equal(ph[i].p_filesz, 4 * CORE_PAGE);
            assert_int_equal(ph[i].p_memsz, 4 * CORE_PAGE);
        }
    }
    free(h);
}

/* The n-th note of a type, or NULL. */
static const uint8_t *note(const uint8_t *h, uint32_t type, int n)
{
    const Elf64_Phdr *ph = (const Elf64_Phdr *)(h + sizeof(Elf64_Ehdr));
    const uint8_t *p = h + ph->p_offset, *end = p + ph->p_filesz;

    while (p < end) {
        const Elf64_Nhdr *nh = (const Elf64_Nhdr *)p;

        assert_string_equal((const char *)(nh + 1), "CORE");
        p += sizeof(*nh) + 8;
        if (nh->n_type == type && !n--)
            return p;
        p += (nh->n_descsz + 3) & ~3u;
    }
    assert_ptr_equal(p, end);
    return NULL;
}

/* Notes stand at multiples of 4. */
static void copy_note(const uint8_t *h, uint32_t type, int n, void *to, size_t len)
{
    const uint8_t *p = note(h, type, n);

    assert_non_null(p);
    memcpy(to, p, len);
}

#define LONG_NAME "a-guest-whose-name-is-longer-than-all-that-a-core-has-room-for-"

static void each_vcpu_is_a_thread_with_its_registers(void **state)
{
    struct model *m = *state;
    struct vcpu_guest_context c = {.flags = VGCF_i387_valid | VGCF_in_kernel,
                                   .fs_base = 0xf5,
                                   .gs_base_kernel = 0x6b,
                                   .gs_base_user = 0x65};
    struct core_vcpu v[2];
    unsigned long long r[ELF_NGREG];
    struct elf_prpsinfo info;
    struct elf_prstatus s;
    uint8_t *h;
    size_t len;

    c.user_regs.r15 = 15;
    c.user_regs.rip = 0x1234;
    c.user_regs.rsp = 0x5678;
    c.user_regs.rdi = 0xd1;
    c.user_regs.cs = 0xe033;
    c.fpu_ctxt.x[100] = 42;
    core_vcpu_fill(&v[0], 0, &c);
    c.flags = 0;
    core_vcpu_fill(&v[1], 7, &c);
    put(m, v, 2, LONG_NAME, &h, &len);
    copy_note(h, NT_PRSTATUS, 0, &s, sizeof(s));
    memcpy(r, &s.pr_reg, sizeof(r));
    assert_int_equal(s.pr_pid, 1);
    assert_int_equal(r[0], 15);
    assert_int_equal(r[14], 0xd1);
    assert_int_equal(r[16], 0x1234);
    assert_int_equal(r[17], 0xe033);
    assert_int_equal(r[19], 0x5678);
    assert_int_equal(r[21], 0xf5);
    assert_int_equal(r[22], 0x6b);
    copy_note(h, NT_PRSTATUS, 1, &s, sizeof(s));
    memcpy(r, &s.pr_reg, sizeof(r));
    assert_int_equal(s.pr_pid, 8);
    assert_int_equal(r[22], 0x65);
    assert_null(note(h, NT_PRSTATUS, 2));
    assert_int_equal(note(h, NT_FPREGSET, 0)[100], 42);
    assert_null(note(h, NT_FPREGSET, 1));
    copy_note(h, NT_PRPSINFO, 0, &info, sizeof(info));
    assert_null(note(h, NT_PRPSINFO, 1));
    assert_string_equal(info.pr_psargs, "Pavo guest " LONG_NAME);
    assert_string_equal(info.pr_fname, "a-guest-whose-n");
    free(h);
}

static void cores_that_nobody_named_are_known_by_their_names(void **state)
{
    char path[CORE_PATH_MAX];

    (void)state;
    core_path(path, "web", 1700000000);
    assert_string_equal(path, "/var/log/pavo/dump/web-20231114T221320Z.core");
    assert_true(core_is_of("web-20231114T221320Z.core", "web"));
    assert_false(core_is_of("web-20231114T221320Z.core", "we"));
    assert_false(core_is_of("web2-20231114T221320Z.core", "web"));
    assert_false(core_is_of("web-20231114T221320Z.core.gz", "web"));
    assert_false(core_is_of("web-2023111-T221320Z.core", "web"));
    assert_false(core_is_of("web-20231114T221320Z-20231114T221320Z.core", "web"));
}

#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(frames_are_those_of_the_p2m),
        T(a_p2m_by_lists_is_read),
        T(marks_in_the_p2m_are_no_frames),
        T(a_frame_named_twice_is_taken_once),
        T(a_p2m_without_end_is_bounded),
        T(no_more_frames_than_the_guest_has),
        T(without_a_p2m_frames_are_numbered_as_mapped),
        T(nothing_found_is_said),
        T(a_guest_that_has_lost_its_pages_has_no_frames),
        T(neighbours_are_one_load),
        T(addresses_of_one_frame_share_it),
        T(a_gap_in_pfns_parts_loads),
        T(what_is_not_reached_is_at_its_physical_address),
        T(the_lower_half_and_the_hole_are_left_out),
        T(frames_of_others_are_left_out),
        T(large_pages_are_no_tables),
        T(tables_that_name_themselves_end),
        T(a_tree_that_shares_its_tables_is_bounded),
        T(a_frame_at_thousands_of_addresses_has_a_few_loads),
        T(headers_name_each_load),
        T(each_vcpu_is_a_thread_with_its_registers),
        cmocka_unit_test(cores_that_nobody_named_are_known_by_their_names),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
