/* SPDX-License-Identifier: GPL-2.0-only */
/* core/elf.c: which kernels are accepted, where they are loaded, what their notes say. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <hv/pvimage.h>
#include <pv-abi/elfnote.h>
#include <pv-abi/version.h>

#define BASE      0xffffffff80000000ull
#define EH_SIZE   64u
#define PH_SIZE   56u
#define NOTES_AT  (EH_SIZE + 4 * PH_SIZE)
#define DATA_AT   0x1000u
#define FILE_SIZE 0x4000u

/* A kernel of three segments, the second with a virtual address that means nothing, and its notes. */
static struct image {
    uint8_t *bytes; /* exactly as large as the file, so that the sanitizer sees each step outside */
    size_t size, notes;
} im;

static void put(size_t at, uint64_t v, size_t n)
{
    memcpy(im.bytes + at, &v, n);
}
static size_t ph(unsigned int i)
{
    return EH_SIZE + i * PH_SIZE;
}
static void put_phdr(unsigned int i, uint32_t type, uint64_t offset, uint64_t vaddr, uint64_t paddr,
                     uint64_t filesz, uint64_t memsz)
{
    put(ph(i), type, 4);
    put(ph(i) + 8, offset, 8);
    put(ph(i) + 16, vaddr, 8);
    put(ph(i) + 24, paddr, 8);
    put(ph(i) + 32, filesz, 8);
    put(ph(i) + 40, memsz, 8);
}
static void add_note(uint32_t type, const void *desc, uint32_t n)
{
    size_t at = NOTES_AT + im.notes;

    put(at, 4, 4);
    put(at + 4, n, 4);
    put(at + 8, type, 4);
    memcpy(im.bytes + at + 12, "Xen", 4);
    memcpy(im.bytes + at + 16, desc, n);
    im.notes += 16 + ((n + 3) & ~3u);
    put(ph(3) + 32, im.notes, 8);
}
static void add_number(uint32_t type, uint64_t v, uint32_t n)
{
    add_note(type, &v, n);
}

static int setup(void **state)
{
    im = (struct image){calloc(1, FILE_SIZE), FILE_SIZE, 0};
    memcpy(im.bytes, "\177ELF\2\1\1", 7);
    put(16, 2, 2);
    put(18, 62, 2);
    put(24, 0x1000000, 8); /* entry of the ELF header: physical, as Linux has it */
    put(32, EH_SIZE, 8);
    put(54, PH_SIZE, 2);
    put(56, 4, 2);
    put_phdr(0, 1, DATA_AT, BASE + 0x1000000, 0x1000000, 0x1000, 0x1000);
    put_phdr(1, 1, DATA_AT + 0x1000, 0, 0x1001000, 0x800, 0x1000);
    put_phdr(2, 1, DATA_AT + 0x2000, BASE + 0x1002000, 0x1002000, 0x1000, 0x5000);
    put_phdr(3, 4, NOTES_AT, 0, 0, 0, 0);
    add_number(XEN_ELFNOTE_VIRT_BASE, BASE, 8);
    add_number(XEN_ELFNOTE_ENTRY, BASE + 0x1002010, 8);
    return 0;
}
static int teardown(void **state)
{
    free(im.bytes);
    return 0;
}

static int parse(struct pv_image *out)
{
    const char *why = NULL;
    int rc = pv_image_parse(im.bytes, im.size, out, &why);

    if (rc) {
        assert_int_equal(rc, -22);
        assert_non_null(why);
    }
    return rc;
}
static void assert_refused(void)
{
    struct pv_image out;

    assert_int_not_equal(parse(&out), 0);
}

static void segments_are_placed_by_their_physical_address(void **state)
{
    struct pv_image out;

    assert_int_equal(parse(&out), 0);
    assert_int_equal(out.nr_segments, 3);
    assert_int_equal(out.segment[1].va, BASE + 0x1001000);
    assert_int_equal(out.segment[1].filesz, 0x800);
    assert_int_equal(out.start, BASE + 0x1000000);
    assert_int_equal(out.end, BASE + 0x1007000);
    assert_int_equal(out.entry, BASE + 0x1002010);
}

static void paddr_offset_moves_the_kernel(void **state)
{
    struct pv_image out;

    add_number(XEN_ELFNOTE_PADDR_OFFSET, 0x1000000, 8);
    add_number(XEN_ELFNOTE_ENTRY, BASE + 0x10, 8);
    assert_int_equal(parse(&out), 0);
    assert_int_equal(out.start, BASE);
}

static void without_an_entry_note_the_header_says_it(void **state)
{
    struct pv_image out;

    im.notes = 0;
    add_number(XEN_ELFNOTE_VIRT_BASE, BASE, 8);
    put(24, BASE + 0x1000020, 8);
    assert_int_equal(parse(&out), 0);
    assert_int_equal(out.entry, BASE + 0x1000020);
}

static void notes_are_read(void **state)
{
    struct pv_image out;
    uint64_t l1[2] = {1, 1};

    add_number(XEN_ELFNOTE_INIT_P2M, 0x8000000000, 8);
    add_number(XEN_ELFNOTE_MOD_START_PFN, 1, 4);
    add_number(XEN_ELFNOTE_HYPERCALL_PAGE, BASE + 0x1003000, 8);
    add_number(XEN_ELFNOTE_SUPPORTED_FEATURES, 1u << XENFEAT_dom0, 4);
    add_note(XEN_ELFNOTE_GUEST_OS, "linux", 6);
    add_note(XEN_ELFNOTE_XEN_VERSION, "xen-3.0", 8);
    add_note(XEN_ELFNOTE_L1_MFN_VALID, l1, sizeof(l1));
    add_note(XEN_ELFNOTE_FEATURES, "!writable_page_tables|pae_pgdir_above_4gb", 41);
    assert_int_equal(parse(&out), 0);
    assert_true(out.has_init_p2m && out.mod_start_pfn && out.has_hypercall_page);
    assert_int_equal(out.init_p2m, 0x8000000000);
    assert_int_equal(out.hypercall_page, BASE + 0x1003000);
    assert_string_equal(out.guest_os, "linux");
}

static void a_needed_unknown_feature_is_refused(void **state)
{
    add_note(XEN_ELFNOTE_FEATURES, "writable_page_tables|!sings", 28);
    assert_refused();
}
static void an_optional_unknown_feature_is_ignored(void **state)
{
    struct pv_image out;

    add_note(XEN_ELFNOTE_FEATURES, "sings|", 7);
    assert_int_equal(parse(&out), 0);
}
static void a_kernel_that_needs_translation_is_refused(void **state)
{
    add_note(XEN_ELFNOTE_FEATURES, "!auto_translated_physmap", 25);
    assert_refused();
}
static void another_interface_version_is_refused(void **state)
{
    add_note(XEN_ELFNOTE_XEN_VERSION, "xen-4.0", 8);
    assert_refused();
}
static void a_kernel_without_xen_notes_is_refused(void **state)
{
    put(ph(3) + 32, 0, 8);
    assert_refused();
}
static void notes_of_others_are_skipped(void **state)
{
    struct pv_image out;
    size_t at = NOTES_AT + im.notes;

    add_number(XEN_ELFNOTE_VIRT_BASE, 0x1000, 8);
    memcpy(im.bytes + at + 12, "GNU", 4);
    assert_int_equal(parse(&out), 0);
    assert_int_equal(out.virt_base, BASE);
}
static void a_note_longer_than_its_segment_is_refused(void **state)
{
    put(NOTES_AT + 4, 0xfffffff0, 4);
    assert_refused();
}
static void a_file_that_ends_anywhere_is_refused_or_whole(void **state)
{
    uint8_t *whole = im.bytes;
    struct pv_image out;

    for (size_t n = 0; n < FILE_SIZE; n += n < 0x200 ? 1 : 37) {
        im.bytes = malloc(n ? n : 1);
        memcpy(im.bytes, whole, n);
        im.size = n;
        assert_int_not_equal(parse(&out), 0);
        free(im.bytes);
    }
    im.bytes = whole;
    im.size = FILE_SIZE;
    assert_int_equal(parse(&out), 0);
}
static void a_segment_past_the_file_is_refused(void **state)
{
    put(ph(2) + 32, 0x1001, 8);
    assert_refused();
}
static void a_segment_whose_offset_overflows_is_refused(void **state)
{
    put(ph(0) + 8, ~0ull - 0x10, 8);
    assert_refused();
}
static void a_segment_that_wraps_memory_is_refused(void **state)
{
    put(ph(2) + 40, ~0ull - 0x1000, 8);
    assert_refused();
}
static void more_file_than_memory_is_refused(void **state)
{
    put(ph(0) + 40, 0xfff, 8);
    assert_refused();
}
static void an_entry_outside_is_refused(void **state)
{
    add_number(XEN_ELFNOTE_ENTRY, BASE + 0x1007000, 8);
    assert_refused();
}
static void a_hypercall_page_outside_is_refused(void **state)
{
    add_number(XEN_ELFNOTE_HYPERCALL_PAGE, BASE + 0x1007000, 8);
    assert_refused();
}
static void an_unaligned_hypercall_page_is_refused(void **state)
{
    add_number(XEN_ELFNOTE_HYPERCALL_PAGE, BASE + 0x1003008, 8);
    assert_refused();
}
static void an_unaligned_p2m_is_refused(void **state)
{
    add_number(XEN_ELFNOTE_INIT_P2M, 0x8000000800, 8);
    assert_refused();
}
static void a_kernel_of_another_machine_is_refused(void **state)
{
    put(18, 183, 2);
    assert_refused();
}
static void damaged_program_headers_are_refused(void **state)
{
    put(32, FILE_SIZE - 8, 8);
    assert_refused();
    put(32, ~0ull, 8);
    assert_refused();
}

#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(segments_are_placed_by_their_physical_address),
        T(paddr_offset_moves_the_kernel),
        T(without_an_entry_note_the_header_says_it),
        T(notes_are_read),
        T(a_needed_unknown_feature_is_refused),
        T(an_optional_unknown_feature_is_ignored),
        T(a_kernel_that_needs_translation_is_refused),
        T(another_interface_version_is_refused),
        T(a_kernel_without_xen_notes_is_refused),
        T(notes_of_others_are_skipped),
        T(a_note_longer_than_its_segment_is_refused),
        T(a_file_that_ends_anywhere_is_refused_or_whole),
        T(a_segment_past_the_file_is_refused),
        T(a_segment_whose_offset_overflows_is_refused),
        T(a_segment_that_wraps_memory_is_refused),
        T(more_file_than_memory_is_refused),
        T(an_entry_outside_is_refused),
        T(a_hypercall_page_outside_is_refused),
        T(an_unaligned_hypercall_page_is_refused),
        T(an_unaligned_p2m_is_refused),
        T(a_kernel_of_another_machine_is_refused),
        T(damaged_program_headers_are_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
