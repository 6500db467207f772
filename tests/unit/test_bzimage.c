/* SPDX-License-Identifier: GPL-2.0-only */
/* core/bzimage.c: where the payload of a kernel file lies and how it is packed. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <hv/pvimage.h>

#define PAYLOAD_AT  (3 * 512 + 0x600u)
#define PAYLOAD_LEN 0x200u
#define FILE_SIZE   (PAYLOAD_AT + PAYLOAD_LEN + 0x40)
#define UNPACKED    0x123456u

static uint8_t *file;

static void put(size_t at, uint64_t v, size_t n)
{
    memcpy(file + at, &v, n);
}

static int setup(void **state)
{
    file = calloc(1, FILE_SIZE);
    put(0x1f1, 2, 1);
    put(0x1fe, 0xaa55, 2);
    memcpy(file + 0x202, "HdrS", 4);
    put(0x206, 0x20f, 2);
    put(0x248, 0x600, 4);
    put(0x24c, PAYLOAD_LEN, 4);
    memcpy(file + PAYLOAD_AT, "\xfd\x37zXZ", 6);
    put(PAYLOAD_AT + PAYLOAD_LEN - 4, UNPACKED, 4);
    return 0;
}
static int teardown(void **state)
{
    free(file);
    return 0;
}

static int find(struct kernel_payload *out, size_t size)
{
    const char *why = NULL;
    int rc = kernel_payload_find(file, size, out, &why);

    if (rc) {
        assert_int_equal(rc, -22);
        assert_non_null(why);
    }
    return rc;
}
static void assert_packing(const void *magic, size_t n, enum kernel_packing packing)
{
    struct kernel_payload k;

    memset(file + PAYLOAD_AT, 0, 8);
    memcpy(file + PAYLOAD_AT, magic, n);
    assert_int_equal(find(&k, FILE_SIZE), 0);
    assert_int_equal(k.packing, packing);
    assert_int_equal(k.offset, PAYLOAD_AT);
}

static void the_payload_of_a_bzimage_is_found(void **state)
{
    struct kernel_payload k;

    assert_int_equal(find(&k, FILE_SIZE), 0);
    assert_int_equal(k.packing, KERNEL_XZ);
    assert_int_equal(k.offset, PAYLOAD_AT);
    assert_int_equal(k.size, PAYLOAD_LEN - 4);
    assert_int_equal(k.unpacked_size, UNPACKED);
}
static void each_compression_is_recognised(void **state)
{
    assert_packing("\x1f\x8b\x08", 3, KERNEL_GZIP);
    assert_packing("\xfd\x37zXZ", 6, KERNEL_XZ);
    assert_packing("\x02\x21\x4c\x18", 4, KERNEL_LZ4);
    assert_packing("\x28\xb5\x2f\xfd", 4, KERNEL_ZSTD);
    assert_packing("\177ELF", 4, KERNEL_ELF);
}
static void the_size_word_of_gzip_belongs_to_the_format(void **state)
{
    struct kernel_payload k;

    memcpy(file + PAYLOAD_AT, "\x1f\x8b\x08", 4);
    assert_int_equal(find(&k, FILE_SIZE), 0);
    assert_int_equal(k.size, PAYLOAD_LEN);
    assert_int_equal(k.unpacked_size, UNPACKED);
}
static void zero_setup_sectors_mean_four(void **state)
{
    struct kernel_payload k;

    put(0x1f1, 0, 1);
    put(0x248, PAYLOAD_AT - 5 * 512, 4);
    assert_int_equal(find(&k, FILE_SIZE), 0);
    assert_int_equal(k.offset, PAYLOAD_AT);
}
static void an_unknown_compression_is_refused(void **state)
{
    struct kernel_payload k;

    memcpy(file + PAYLOAD_AT, "BZh9", 5);
    assert_int_not_equal(find(&k, FILE_SIZE), 0);
}
static void an_old_boot_protocol_is_refused(void **state)
{
    struct kernel_payload k;

    put(0x206, 0x207, 2);
    assert_int_not_equal(find(&k, FILE_SIZE), 0);
    put(0x206, 0x208, 2);
    assert_int_equal(find(&k, FILE_SIZE), 0);
}
static void a_truncated_file_is_refused(void **state)
{
    struct kernel_payload k;

    assert_int_not_equal(find(&k, PAYLOAD_AT + PAYLOAD_LEN - 1), 0);
    assert_int_equal(find(&k, PAYLOAD_AT + PAYLOAD_LEN), 0);
    assert_int_not_equal(find(&k, 0x24f), 0);
    assert_int_not_equal(find(&k, 0), 0);
}
static void a_payload_outside_is_refused(void **state)
{
    struct kernel_payload k;

    put(0x248, 0xffffffff, 4);
    assert_int_not_equal(find(&k, FILE_SIZE), 0);
    put(0x248, 0x600, 4);
    put(0x24c, 0xffffffff, 4);
    assert_int_not_equal(find(&k, FILE_SIZE), 0);
    put(0x24c, 0, 4);
    assert_int_not_equal(find(&k, FILE_SIZE), 0);
}
static void a_size_that_is_no_kernels_is_refused(void **state)
{
    struct kernel_payload k;

    put(PAYLOAD_AT + PAYLOAD_LEN - 4, 0x20000001, 4);
    assert_int_not_equal(find(&k, FILE_SIZE), 0);
    put(PAYLOAD_AT + PAYLOAD_LEN - 4, 0, 4);
    assert_int_not_equal(find(&k, FILE_SIZE), 0);
}
static void a_plain_elf_file_is_its_own_payload(void **state)
{
    struct kernel_payload k;

    memset(file, 0, FILE_SIZE);
    memcpy(file, "\177ELF", 4);
    assert_int_equal(find(&k, FILE_SIZE), 0);
    assert_int_equal(k.packing, KERNEL_ELF);
    assert_int_equal(k.offset, 0);
    assert_int_equal(k.size, FILE_SIZE);
}
static void something_else_is_refused(void **state)
{
    struct kernel_payload k;

    memset(file, 'x', FILE_SIZE);
    assert_int_not_equal(find(&k, FILE_SIZE), 0);
}

#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(the_payload_of_a_bzimage_is_found),
        T(each_compression_is_recognised),
        T(the_size_word_of_gzip_belongs_to_the_format),
        T(zero_setup_sectors_mean_four),
        T(an_unknown_compression_is_refused),
        T(an_old_boot_protocol_is_refused),
        T(a_truncated_file_is_refused),
        T(a_payload_outside_is_refused),
        T(a_size_that_is_no_kernels_is_refused),
        T(a_plain_elf_file_is_its_own_payload),
        T(something_else_is_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
