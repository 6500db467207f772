/* SPDX-License-Identifier: GPL-2.0-only */
/* core/idpool.c: interrupt vectors and pirqs are handed out once, aligned for blocks of MSIs. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include <hv/idpool.h>
#include <hv/lib.h>

void panic(const char *fmt, ...)
{
    mock_assert(0, fmt, __FILE__, __LINE__);
    abort();
}

static struct idpool p;

static int setup(void **state)
{
    idpool_init(&p, 0x30, 0xef);
    return 0;
}

static void each_number_is_given_once(void **state)
{
    bool seen[256] = {false};

    for (unsigned int i = 0; i < 0xf0 - 0x30; i++) {
        int id = idpool_alloc(&p, 1);

        assert_in_range(id, 0x30, 0xef);
        assert_false(seen[id]);
        seen[id] = true;
    }
    assert_int_equal(idpool_alloc(&p, 1), -28);
}
static void a_block_is_aligned_to_its_size(void **state)
{
    assert_int_equal(idpool_take(&p, 0x30), 0);
    assert_int_equal(idpool_alloc(&p, 8), 0x38);
    assert_int_equal(idpool_alloc(&p, 32), 0x40);
    assert_int_equal(idpool_take(&p, 0x5f), -16);
}
static void a_taken_number_is_never_given(void **state)
{
    assert_int_equal(idpool_take(&p, 0x80), 0);
    assert_int_equal(idpool_take(&p, 0x80), -16);
    for (unsigned int i = 0; i < 0xf0 - 0x31; i++)
        assert_int_not_equal(idpool_alloc(&p, 1), 0x80);
    assert_int_equal(idpool_alloc(&p, 1), -28);
}
static void numbers_outside_cannot_be_taken(void **state)
{
    assert_int_equal(idpool_take(&p, 0x2f), -22);
    assert_int_equal(idpool_take(&p, 0xf0), -22);
    assert_int_equal(idpool_take(&p, 0x30), 0);
    assert_int_equal(idpool_take(&p, 0xef), 0);
    assert_true(idpool_taken(&p, 0xef));
    assert_false(idpool_taken(&p, 0xf0));
}
static void a_freed_block_can_be_given_again(void **state)
{
    for (unsigned int i = 0; i < 5; i++) /* aligned ones: 0x40, 0x60, ... 0xc0 */
        assert_in_range(idpool_alloc(&p, 32), 0x40, 0xc0);
    assert_int_equal(idpool_alloc(&p, 32), -28);
    idpool_free(&p, 0x60, 32);
    assert_int_equal(idpool_alloc(&p, 32), 0x60);
}
static void a_full_pool_gives_what_comes_back(void **state)
{
    while (idpool_alloc(&p, 1) >= 0)
        ;
    idpool_free(&p, 0x50, 4);
    assert_int_equal(idpool_alloc(&p, 4), 0x50);
    assert_int_equal(idpool_alloc(&p, 1), -28);
}
static void a_freed_number_rests(void **state)
{
    int id = idpool_alloc(&p, 1);

    idpool_free(&p, (unsigned int)id, 1);
    assert_int_not_equal(idpool_alloc(&p, 1), id);
}
static void a_block_that_is_no_power_of_two_is_our_mistake(void **state)
{
    expect_assert_failure(idpool_alloc(&p, 3));
}

#define T(f) cmocka_unit_test_setup(f, setup)

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(each_number_is_given_once),
        T(a_block_is_aligned_to_its_size),
        T(a_taken_number_is_never_given),
        T(numbers_outside_cannot_be_taken),
        T(a_freed_block_can_be_given_again),
        T(a_full_pool_gives_what_comes_back),
        T(a_freed_number_rests),
        T(a_block_that_is_no_power_of_two_is_our_mistake),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
