/* SPDX-License-Identifier: GPL-2.0-only */
/* Unpacked kernels: shared while the file is the same, let go of later. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "dom0-tools/lib/err.h"
#include "dom0-tools/lib/image.h"
#include "dom0-tools/lib/kernel.h"
#include "tests/unit/tools_elf.h"

static char path[64];

static void write_file(const void *data, size_t len)
{
    FILE *f;

    unlink(path); /* another inode, whatever the clock's grain */
    f = fopen(path, "w");
    assert_non_null(f);
    assert_int_equal(fwrite(data, 1, len, f), len);
    fclose(f);
}

static void write_kernel(void)
{
    static struct elf_file elf;

    elf_linux(&elf);
    write_file(elf.data, elf.len);
}

static int setup(void **state)
{
    (void)state;
    snprintf(path, sizeof(path), "/tmp/test_tools_kernel.%d", (int)getpid());
    write_kernel();
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    unlink(path);
    kernel_forget(INT64_MAX); /* the sanitizer sees what is still there */
    return 0;
}

static const struct image *get(void)
{
    struct err e = {0};
    const struct image *im = kernel_get(path, &e);

    assert_non_null(im);
    assert_int_equal(im->entry, KERNEL_BASE + KERNEL_PADDR + 0x10);
    assert_int_equal(im->segments[0].data[KERNEL_TEXT - 1], 0x90);
    return im;
}

static void the_same_file_is_unpacked_once(void **state)
{
    const struct image *a = get(), *b = get();

    (void)state;
    assert_ptr_equal(a, b);
    kernel_put(a);
    kernel_put(b);
    b = get(); /* kept for a while */
    assert_ptr_equal(a, b);
    kernel_put(b);
}

static void a_file_that_was_replaced_is_another(void **state)
{
    const struct image *a = get(), *b;

    (void)state;
    write_kernel();
    b = get();
    assert_ptr_not_equal(a, b);
    assert_int_equal(a->segments[0].data[KERNEL_TEXT - 1], 0x90); /* still whole */
    kernel_put(a);
    kernel_put(b);
}

static void what_is_in_use_is_not_dropped(void **state)
{
    const struct image *a = get(), *b;

    (void)state;
    kernel_forget(INT64_MAX);
    assert_int_equal(a->segments[0].data[KERNEL_TEXT - 1], 0x90);
    b = get();
    assert_ptr_equal(a, b);
    kernel_put(a);
    kernel_put(b);
}

static void no_more_than_some_are_kept(void **state)
{
    const struct image *first[KERNEL_KEPT_MAX + 1], *again;
    char own[sizeof(path)], other[KERNEL_KEPT_MAX][sizeof(path)];
    size_t i;

    (void)state;
    memcpy(own, path, sizeof(path));
    first[0] = get();
    kernel_put(first[0]);
    for (i = 1; i <= KERNEL_KEPT_MAX; i++) {
        snprintf(path, sizeof(path), "%.40s.%zu", own, i);
        memcpy(other[i - 1], path, sizeof(path));
        write_kernel();
        first[i] = get();
        kernel_put(first[i]);
    }
    again = get();
    assert_ptr_equal(again, first[KERNEL_KEPT_MAX]);
    kernel_put(again);
    memcpy(path, own, sizeof(path));
    again = get();
    assert_ptr_not_equal(again, first[0]); /* the sanitizer gives no address out twice so soon */
    kernel_put(again);
    for (i = 0; i < KERNEL_KEPT_MAX; i++)
        unlink(other[i]);
}

static void errors_name_the_file_and_leave_nothing(void **state)
{
    struct err e = {0};

    (void)state;
    write_file("no kernel", 9);
    assert_null(kernel_get(path, &e));
    assert_int_equal(e.status, STATUS_USAGE);
    assert_non_null(strstr(e.text, path));
    write_kernel();
    kernel_put(get());
    unlink(path);
    e = (struct err){0};
    assert_null(kernel_get(path, &e));
    assert_int_equal(e.status, STATUS_USAGE);
}

static void *get_and_put(void *arg)
{
    const struct image *im = get();

    (void)arg;
    kernel_put(im);
    return (void *)(uintptr_t)im;
}

static void many_at_once_share_one(void **state)
{
    pthread_t t[16];
    void *im[16];
    size_t i;

    (void)state;
    for (i = 0; i < 16; i++)
        assert_int_equal(pthread_create(&t[i], NULL, get_and_put, NULL), 0);
    for (i = 0; i < 16; i++)
        pthread_join(t[i], &im[i]);
    for (i = 1; i < 16; i++)
        assert_ptr_equal(im[i], im[0]);
}

#define CASE(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(the_same_file_is_unpacked_once), CASE(a_file_that_was_replaced_is_another),
        CASE(what_is_in_use_is_not_dropped),  CASE(errors_name_the_file_and_leave_nothing),
        CASE(many_at_once_share_one),         CASE(no_more_than_some_are_kept),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
