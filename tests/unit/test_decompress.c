/* SPDX-License-Identifier: GPL-2.0-only */
/* core/decompress.c: what the libraries' encoders pack comes out again; damage never passes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <lz4.h>
#include <lzma.h>
#include <zlib.h>
#include <zstd.h>

#include <hv/pvimage.h>

#define SIZE 300000u
#define ROOM 400000u

static uint8_t plain[SIZE], out[SIZE];
static uint8_t *packed;
static size_t packed_size;

static int setup(void **state)
{
    uint32_t x = 1;

    for (size_t i = 0; i < SIZE; i++) { /* runs of text and of noise */
        x = x * 1103515245 + 12345;
        plain[i] = i & 512 ? (uint8_t)(x >> 24) : (uint8_t) "a kernel "[i % 9];
    }
    memset(out, 0, SIZE);
    packed = malloc(ROOM);
    packed_size = 0;
    return 0;
}
static int teardown(void **state)
{
    free(packed);
    return 0;
}

static void pack_xz(void)
{
    /* As kernels are packed: a filter for x86 code, CRC32. */
    lzma_options_lzma lzma;
    lzma_filter filters[] = {
        {LZMA_FILTER_X86, NULL}, {LZMA_FILTER_LZMA2, &lzma}, {LZMA_VLI_UNKNOWN, NULL}};

    assert_false(lzma_lzma_preset(&lzma, 6));
    assert_int_equal(lzma_stream_buffer_encode(filters, LZMA_CHECK_CRC32, NULL, plain, SIZE, packed,
                                               &packed_size, ROOM),
                     LZMA_OK);
}
static void pack_zstd(void)
{
    packed_size = ZSTD_compress(packed, ROOM, plain, SIZE, 19);
    assert_false(ZSTD_isError(packed_size));
}
static void pack_gzip(void)
{
    z_stream s = {.next_in = plain, .avail_in = SIZE, .next_out = packed, .avail_out = ROOM};

    assert_int_equal(deflateInit2(&s, 9, Z_DEFLATED, 16 + MAX_WBITS, 8, Z_DEFAULT_STRATEGY), Z_OK);
    assert_int_equal(deflate(&s, Z_FINISH), Z_STREAM_END);
    packed_size = s.total_out;
    deflateEnd(&s);
}
static void pack_lz4_block(size_t from, size_t n)
{
    int len = LZ4_compress_default((char *)plain + from, (char *)packed + packed_size + 4, (int)n,
                                   (int)(ROOM - packed_size - 4));

    assert_true(len > 0);
    memcpy(packed + packed_size, &len, 4);
    packed_size += 4 + (size_t)len;
}
static void pack_lz4(void)
{
    memcpy(packed, "\x02\x21\x4c\x18", 4);
    packed_size = 4;
    pack_lz4_block(0, 200000);
    pack_lz4_block(200000, SIZE - 200000);
}

static bool decode(enum kernel_packing p, size_t n, size_t room, size_t *done)
{
    uint8_t *in = malloc(n ? n : 1); /* exact, for the sanitizer */
    uint8_t *to = malloc(room ? room : 1);
    bool ok;

    memcpy(in, packed, n);
    *done = 0;
    ok = payload_decode(p, in, n, to, room, done);
    if (ok && *done <= SIZE)
        memcpy(out, to, *done);
    free(in);
    free(to);
    return ok;
}

static void round_trip(enum kernel_packing p)
{
    size_t done;

    assert_true(decode(p, packed_size, SIZE, &done));
    assert_int_equal(done, SIZE);
    assert_memory_equal(out, plain, SIZE);
}
/* An image shorter than it says, or one that is larger than the room for it, is never taken for whole. */
static void damage(enum kernel_packing p)
{
    size_t done;

    for (size_t n = 0; n < packed_size; n += packed_size / 50)
        assert_false(decode(p, n, SIZE, &done) && done == SIZE);
    assert_false(decode(p, packed_size, SIZE - 1, &done));
    assert_false(decode(p, packed_size, 0, &done));
}
/* Flipped bits: anything may come out, nothing may be touched outside. */
static void noise(enum kernel_packing p)
{
    size_t done;

    for (size_t i = 8; i < packed_size; i += packed_size / 40) {
        packed[i] ^= 0x55;
        decode(p, packed_size, SIZE, &done);
        packed[i] ^= 0x55;
    }
}

#define FORMAT(name, packing)                             \
    static void name##_comes_out_again(void **state)      \
    {                                                     \
        pack_##name();                                    \
        round_trip(packing);                              \
    }                                                     \
    static void damaged_##name##_is_refused(void **state) \
    {                                                     \
        pack_##name();                                    \
        damage(packing);                                  \
        noise(packing);                                   \
    }
FORMAT(xz, KERNEL_XZ)
FORMAT(zstd, KERNEL_ZSTD)
FORMAT(gzip, KERNEL_GZIP)
FORMAT(lz4, KERNEL_LZ4)

static void a_repeated_lz4_magic_is_skipped(void **state)
{
    memcpy(packed, "\x02\x21\x4c\x18", 4);
    packed_size = 4;
    pack_lz4_block(0, 100000);
    memcpy(packed + packed_size, "\x02\x21\x4c\x18", 4);
    packed_size += 4;
    pack_lz4_block(100000, SIZE - 100000);
    round_trip(KERNEL_LZ4);
}

static void a_plain_image_is_not_decoded(void **state)
{
    size_t done;

    assert_false(decode(KERNEL_ELF, 0, SIZE, &done));
}

#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(xz_comes_out_again),
        T(damaged_xz_is_refused),
        T(zstd_comes_out_again),
        T(damaged_zstd_is_refused),
        T(gzip_comes_out_again),
        T(damaged_gzip_is_refused),
        T(lz4_comes_out_again),
        T(damaged_lz4_is_refused),
        T(a_repeated_lz4_magic_is_skipped),
        T(a_plain_image_is_not_decoded),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
