/* SPDX-License-Identifier: GPL-2.0-only */
/* Kernel images: all packings, the answers in the notes, damage of every kind. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <lz4.h>
#include <lz4hc.h>
#include <lzma.h>
#include <stdio.h>
#include <zlib.h>
#include <zstd.h>

#include "dom0-tools/lib/decompress.h"
#include "dom0-tools/lib/err.h"
#include "dom0-tools/lib/image.h"
#include "tests/unit/tools_elf.h"

static struct err err;
static struct elf_file elf;

/* Loads a copy of exactly @len bytes, so that the sanitizer sees every read beyond. */
static int load(struct image *im, const uint8_t *data, size_t len, uint8_t **copy)
{
    *copy = malloc(len ? len : 1);
    memcpy(*copy, data, len);
    memset(&err, 0, sizeof(err));
    return image_load(im, *copy, len, "k", &err);
}

static void assert_loads(const uint8_t *data, size_t len)
{
    struct image im;
    uint8_t *copy;

    assert_int_equal(load(&im, data, len, &copy), 0);
    assert_int_equal(im.nr_segments, 1);
    assert_int_equal(im.segments[0].vaddr, KERNEL_BASE + KERNEL_PADDR);
    assert_int_equal(im.segments[0].file_size, KERNEL_TEXT);
    assert_int_equal(im.segments[0].data[KERNEL_TEXT - 1], 0x90);
    assert_int_equal(im.entry, KERNEL_BASE + KERNEL_PADDR + 0x10);
    image_free(&im);
    free(copy);
}

static void assert_refused(const uint8_t *data, size_t len, const char *message)
{
    struct image im;
    uint8_t *copy;

    assert_int_equal(load(&im, data, len, &copy), -1);
    assert_string_equal(err.text, message);
    assert_int_equal(err.status, STATUS_USAGE);
    assert_null(im.owned);
    free(copy);
}

/* ---- packing */

static uint8_t *pack_gzip(const uint8_t *data, size_t len, size_t *out)
{
    uint8_t *p = malloc(len * 2 + 1024);
    z_stream z = {.next_in = (Bytef *)data,
                  .avail_in = (uInt)len,
                  .next_out = p,
                  .avail_out = (uInt)(len * 2 + 1024)};

    assert_int_equal(deflateInit2(&z, 6, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY), Z_OK);
    assert_int_equal(deflate(&z, Z_FINISH), Z_STREAM_END);
    *out = z.total_out;
    deflateEnd(&z);
    return p;
}

static uint8_t *pack_xz(const uint8_t *data, size_t len, size_t *out)
{
    uint8_t *p = malloc(len * 2 + 1024);

    *out = 0;
    assert_int_equal(
        lzma_easy_buffer_encode(6, LZMA_CHECK_CRC32, NULL, data, len, p, out, len * 2 + 1024),
        LZMA_OK);
    return p;
}

static uint8_t *pack_zstd(const uint8_t *data, size_t len, size_t *out)
{
    uint8_t *p = malloc(len * 2 + 1024);

    *out = ZSTD_compress(p, len * 2 + 1024, data, len, 19);
    assert_false(ZSTD_isError(*out));
    return p;
}

static uint8_t *pack_lz4(const uint8_t *data, size_t len, size_t *out)
{
    const size_t block = 8u << 20;
    uint8_t *p = malloc(len * 2 + 1024 + 16);
    size_t pos = 4, done;

    memcpy(p, "\x02\x21\x4c\x18", 4);
    for (done = 0; done < len; done += block) {
        size_t n = len - done < block ? len - done : block;
        int packed = LZ4_compress_HC((const char *)data + done, (char *)p + pos + 4, (int)n,
                                     LZ4_compressBound((int)n), 9);
        uint32_t head = (uint32_t)packed;

        assert_true(packed > 0);
        memcpy(p + pos, &head, 4);
        pos += 4 + (size_t)packed;
    }
    *out = pos;
    return p;
}

typedef uint8_t *(*pack_fn)(const uint8_t *data, size_t len, size_t *out);
static const pack_fn packers[] = {pack_gzip, pack_xz, pack_zstd, pack_lz4};
#define NR_PACKERS (sizeof(packers) / sizeof(packers[0]))

/* As the kernel's build does it: the unpacked size behind the stream. */
static uint8_t *packed_bzimage(pack_fn pack, size_t *len)
{
    size_t n;
    uint8_t *p = pack(elf.data, elf.len, &n), *whole = malloc(n + 4), *bz;
    uint32_t size = (uint32_t)elf.len;

    memcpy(whole, p, n);
    memcpy(whole + n, &size, 4);
    bz = bzimage(whole, n + 4, len);
    free(whole);
    free(p);
    return bz;
}

static void every_packing_of_a_bzimage_loads(void **state)
{
    size_t i, len;

    elf_linux(&elf);
    for (i = 0; i < NR_PACKERS; i++) {
        uint8_t *bz = packed_bzimage(packers[i], &len);

        assert_loads(bz, len);
        free(bz);
    }
}

static void plain_and_packed_elf_files_load(void **state)
{
    size_t i, len;
    uint8_t *p;

    elf_linux(&elf);
    assert_loads(elf.data, elf.len);
    p = bzimage(elf.data, elf.len, &len);
    assert_loads(p, len);
    free(p);
    for (i = 0; i < NR_PACKERS; i++) {
        p = packers[i](elf.data, elf.len, &len);
        assert_loads(p, len);
        free(p);
    }
}

static void a_payload_cut_anywhere_is_refused(void **state)
{
    size_t i, len, cut;

    elf_linux(&elf);
    for (i = 0; i < NR_PACKERS; i++) {
        uint8_t *p = packers[i](elf.data, elf.len, &len);

        for (cut = 8; cut < len; cut += len / 20 + 1) {
            struct image im;
            uint8_t *copy;

            assert_int_equal(load(&im, p, cut, &copy), -1);
            assert_int_equal(err.status, STATUS_USAGE);
            free(copy);
        }
        free(p);
    }
}

static void a_cut_bzimage_names_both_sizes(void **state)
{
    size_t len;
    uint8_t *bz;
    char message[160];

    elf_linux(&elf);
    bz = packed_bzimage(pack_gzip, &len);
    snprintf(message, sizeof(message),
             "k: kernel is truncated: %zu bytes, its headers name %zu (copy the file again)",
             len - 600, len - 512);
    assert_refused(bz, len - 600, message);
    assert_loads(bz, len - 512);
    free(bz);
}

static void damaged_streams_are_refused(void **state)
{
    size_t i, len;

    elf_linux(&elf);
    for (i = 0; i < NR_PACKERS; i++) {
        uint8_t *p = packers[i](elf.data, elf.len, &len);
        struct image im;
        uint8_t *copy;

        memset(p + 12, 0xff, len > 40 ? 20 : len - 12);
        assert_int_equal(load(&im, p, len, &copy), -1);
        assert_int_equal(err.status, STATUS_USAGE);
        free(copy);
        free(p);
    }
}

static void a_bomb_stops_at_the_limit(void **state)
{
    const size_t big = 20u << 20;
    uint8_t *zeroes = calloc(1, big), *out = NULL;
    size_t i, len, out_len;

    for (i = 0; i < NR_PACKERS; i++) {
        uint8_t *p = packers[i](zeroes, big, &len);
        enum compression kind = compression_of(p, len, NULL);

        assert_int_equal(decompress(kind, p, len, big - 1, &out, &out_len), -E2BIG);
        assert_int_equal(decompress(kind, p, len, big, &out, &out_len), 0);
        assert_int_equal(out_len, big);
        free(out);
        free(p);
    }
    free(zeroes);
}

static void other_compressions_are_named(void **state)
{
    assert_refused((const uint8_t *)"BZh91AY&SY", 10,
                   "k: kernel is compressed with bzip2 (gzip, xz, zstd and lz4 are supported)");
    assert_refused((const uint8_t *)"\x89LZO\0\r\n\x1a\n", 9,
                   "k: kernel is compressed with lzo (gzip, xz, zstd and lz4 are supported)");
}

/* ---- what the notes say */

static void notes_are_understood(void **state)
{
    struct image im;
    uint8_t *copy;

    elf_linux(&elf);
    elf_add_u64(&elf, XEN_ELFNOTE_HYPERCALL_PAGE, KERNEL_BASE + KERNEL_PADDR + 0x1000);
    assert_int_equal(load(&im, elf.data, elf.len, &copy), 0);
    assert_int_equal(im.virt_base, KERNEL_BASE);
    assert_int_equal(im.init_p2m, 1ull << 39);
    assert_true(im.mod_start_pfn);
    assert_int_equal(im.hypercall_page, KERNEL_BASE + KERNEL_PADDR + 0x1000);
    assert_string_equal(im.guest_os, "linux");
    assert_int_equal(im.vstart, KERNEL_BASE + KERNEL_PADDR);
    assert_int_equal(im.vend, KERNEL_BASE + KERNEL_PADDR + KERNEL_MEM);
    assert_string_equal(im.compression, "none");
    image_free(&im);
    free(copy);
}

static void notes_in_sections_do_too(void **state)
{
    Elf64_Shdr *sh;

    elf_linux(&elf);
    sh = (Elf64_Shdr *)(elf.data + 0x400);
    sh->sh_type = SHT_NOTE;
    sh->sh_offset = elf.note->p_offset;
    sh->sh_size = elf.notes;
    elf.eh->e_shoff = 0x400;
    elf.eh->e_shnum = 1;
    elf.eh->e_shentsize = sizeof(*sh);
    elf.note->p_type = PT_NULL;
    assert_loads(elf.data, elf.len);
    elf.eh->e_shnum = 60000;
    assert_refused(elf.data, elf.len,
                   "k: no PV kernel: it carries no Xen notes (use a kernel built "
                   "with CONFIG_XEN_PV)");
}

static void kernels_that_are_no_pv_kernels_are_named(void **state)
{
    elf_start(&elf);
    assert_refused(elf.data, elf.len,
                   "k: no PV kernel: it carries no Xen notes (use a kernel built "
                   "with CONFIG_XEN_PV)");
    elf_add_note(&elf, XEN_ELFNOTE_PHYS32_ENTRY, "\0\0\0\1", 4);
    assert_refused(elf.data, elf.len,
                   "k: no PV kernel: it knows only the PVH entry (use a kernel built "
                   "with CONFIG_XEN_PV)");
    elf_linux(&elf);
    elf_add_note(&elf, XEN_ELFNOTE_XEN_VERSION, "xen-2.0", 8);
    assert_refused(elf.data, elf.len, "k: PV kernel for another interface than xen-3.0");
    elf_linux(&elf);
    elf_add_note(&elf, XEN_ELFNOTE_LOADER, "special", 8);
    assert_refused(elf.data, elf.len, "k: PV kernel for another loader than generic");
}

static void files_of_another_kind_are_named(void **state)
{
    assert_refused((const uint8_t *)"#!/bin/sh\n", 10,
                   "k: not a kernel (a bzImage or an ELF file is needed)");
    assert_refused((const uint8_t *)"", 0, "k: not a kernel (a bzImage or an ELF file is needed)");
    elf_linux(&elf);
    elf.eh->e_ident[EI_CLASS] = ELFCLASS32;
    assert_refused(elf.data, elf.len, "k: no 64-bit x86 kernel (use a kernel for x86-64)");
    elf_linux(&elf);
    elf.eh->e_type = ET_REL;
    assert_refused(elf.data, elf.len, "k: ELF file, but no executable");
    elf_linux(&elf);
    elf.eh->e_phnum = 0;
    assert_refused(elf.data, elf.len, "k: ELF file without program headers");
}

/* ---- impossible numbers */

static void offsets_beyond_the_file_are_truncation(void **state)
{
    elf_linux(&elf);
    assert_refused(elf.data, 20,
                   "k: kernel is truncated: 20 bytes, its headers name 64 (copy the file "
                   "again)");
    assert_refused(elf.data, 0x1000,
                   "k: kernel is truncated: 4096 bytes, its headers name 12288 (copy "
                   "the file again)");
    elf.eh->e_phoff = UINT64_MAX - 8;
    assert_int_equal(elf.eh->e_phnum, 2);
    assert_refused(elf.data, elf.len,
                   "k: kernel is truncated: 12288 bytes, its headers name 103 (copy "
                   "the file again)");
    elf_linux(&elf);
    elf.note->p_filesz = UINT64_MAX;
    {
        struct image im;
        uint8_t *copy;

        assert_int_equal(load(&im, elf.data, elf.len, &copy), -1);
        free(copy);
    }
}

static void impossible_segments_are_refused(void **state)
{
    elf_linux(&elf);
    elf.load->p_memsz = KERNEL_TEXT - 1;
    assert_refused(elf.data, elf.len, "k: damaged kernel: a segment has impossible sizes");
    elf_linux(&elf);
    elf.load->p_memsz = (512ull << 20) + 1;
    assert_refused(elf.data, elf.len, "k: damaged kernel: a segment has impossible sizes");
    elf_linux(&elf);
    elf.load->p_paddr = UINT64_MAX - 0x1000;
    assert_refused(elf.data, elf.len, "k: damaged kernel: a segment has an impossible address");
    elf_linux(&elf);
    elf.load->p_type = PT_NULL;
    assert_refused(elf.data, elf.len, "k: damaged kernel: nothing to load in it");
}

static void addresses_in_the_hypervisors_hole_are_refused(void **state)
{
    elf_linux(&elf);
    elf_add_u64(&elf, XEN_ELFNOTE_VIRT_BASE, 0xffff800000000000ull);
    assert_refused(elf.data, elf.len, "k: damaged kernel: a segment has an impossible address");
    elf_linux(&elf);
    elf_add_u64(&elf, XEN_ELFNOTE_INIT_P2M, 0xffff800000000000ull);
    assert_refused(elf.data, elf.len, "k: damaged kernel: impossible address for the p2m list");
    elf_linux(&elf);
    elf_add_u64(&elf, XEN_ELFNOTE_ENTRY, KERNEL_BASE + KERNEL_PADDR + KERNEL_MEM);
    assert_refused(elf.data, elf.len, "k: damaged kernel: the entry lies outside of it");
    elf_linux(&elf);
    elf_add_u64(&elf, XEN_ELFNOTE_HYPERCALL_PAGE, KERNEL_BASE);
    assert_refused(elf.data, elf.len, "k: damaged kernel: the hypercall page lies outside of it");
    elf_linux(&elf);
    elf_add_u64(&elf, XEN_ELFNOTE_HYPERCALL_PAGE, KERNEL_BASE + KERNEL_PADDR + KERNEL_MEM - 0x800);
    assert_refused(elf.data, elf.len, "k: damaged kernel: the hypercall page lies outside of it");
}

/* ---- packing */

struct packed {
    uint8_t data[1 << 18];
    size_t len, max;
};

static int take_packed(void *arg, const void *data, size_t len)
{
    struct packed *p = arg;

    if (p->max - p->len < len)
        return -ENOSPC;
    memcpy(p->data + p->len, data, len);
    p->len += len;
    return 0;
}

static void what_was_packed_in_parts_is_unpacked_whole(void **state)
{
    struct packed *p = calloc(1, sizeof(*p));
    struct gzip *g = gzip_new(take_packed, p);
    static uint8_t data[200000];
    uint8_t *out;
    size_t i, len;

    (void)state;
    for (i = 0; i < sizeof(data); i++)
        data[i] = (uint8_t)(i * i >> 7);
    p->max = sizeof(p->data);
    assert_non_null(g);
    for (i = 0; i < sizeof(data); i += 1000)
        assert_int_equal(gzip_put(g, data + i, 1000, false), 0);
    assert_int_equal(gzip_put(g, NULL, 0, true), 0);
    gzip_free(g);
    assert_int_equal(decompress(COMPRESSION_GZIP, p->data, p->len, 1 << 20, &out, &len), 0);
    assert_int_equal(len, sizeof(data));
    assert_memory_equal(out, data, len);
    free(out);
    free(p);
}

static void packing_ends_when_its_output_does(void **state)
{
    struct packed *p = calloc(1, sizeof(*p));
    struct gzip *g = gzip_new(take_packed, p);
    static uint32_t data[1 << 16];
    size_t i;

    (void)state;
    for (i = 0; i < sizeof(data) / sizeof(data[0]); i++)
        data[i] = (uint32_t)(i * 2654435761u); /* nothing to pack */
    p->max = 100000;
    assert_non_null(g);
    assert_int_equal(gzip_put(g, data, sizeof(data), true), -ENOSPC);
    gzip_free(g);
    free(p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_packing_of_a_bzimage_loads),
        cmocka_unit_test(plain_and_packed_elf_files_load),
        cmocka_unit_test(a_payload_cut_anywhere_is_refused),
        cmocka_unit_test(a_cut_bzimage_names_both_sizes),
        cmocka_unit_test(damaged_streams_are_refused),
        cmocka_unit_test(a_bomb_stops_at_the_limit),
        cmocka_unit_test(other_compressions_are_named),
        cmocka_unit_test(notes_are_understood),
        cmocka_unit_test(notes_in_sections_do_too),
        cmocka_unit_test(kernels_that_are_no_pv_kernels_are_named),
        cmocka_unit_test(files_of_another_kind_are_named),
        cmocka_unit_test(offsets_beyond_the_file_are_truncation),
        cmocka_unit_test(impossible_segments_are_refused),
        cmocka_unit_test(addresses_in_the_hypervisors_hole_are_refused),
        cmocka_unit_test(what_was_packed_in_parts_is_unpacked_whole),
        cmocka_unit_test(packing_ends_when_its_output_does),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
