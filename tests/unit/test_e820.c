/* SPDX-License-Identifier: GPL-2.0-only */
/* Memory maps: arch/x86/e820.c. */
#include "fake-arch/fake.h"
#include <asm/e820.h>

static void empty_map_stays_empty(void **state)
{
    struct xen_e820entry m[2] = {{0x1000, 0, 1}};

    assert_int_equal(e820_sanitize(m, 0, 2), 0);
    assert_int_equal(e820_sanitize(m, 1, 2), 0);
}

static void map_is_sorted_and_joined(void **state)
{
    struct xen_e820entry m[8] = {{0x3000, 0x1000, 2}, {0x1000, 0x1000, 1}, {0x2000, 0x1000, 1}};

    assert_int_equal(e820_sanitize(m, 3, 8), 2);
    assert_int_equal(m[0].addr, 0x1000);
    assert_int_equal(m[0].size, 0x2000);
    assert_int_equal(m[0].type, 1);
    assert_int_equal(m[1].addr, 0x3000);
    assert_int_equal(m[1].type, 2);
}

static void reserved_beats_ram_where_they_overlap(void **state)
{
    struct xen_e820entry m[8] = {{0, 0x10000, 1}, {0x4000, 0x1000, 2}, {0x8000, 0x1000, 3}};

    assert_int_equal(e820_sanitize(m, 3, 8), 5);
    assert_int_equal(m[0].size, 0x4000);
    assert_int_equal(m[1].type, 2);
    assert_int_equal(m[2].addr, 0x5000);
    assert_int_equal(m[2].type, 1);
    assert_int_equal(m[3].type, 3);
    assert_int_equal(m[4].addr, 0x9000);
    assert_int_equal(m[4].size, 0x7000);
}

static void unknown_type_is_not_ram(void **state)
{
    struct xen_e820entry m[4] = {{0, 0x2000, 1}, {0x1000, 0x1000, 77}};

    assert_int_equal(e820_sanitize(m, 2, 4), 2);
    assert_int_equal(m[0].size, 0x1000);
    assert_int_equal(m[1].type, 77);
}

static void entry_that_wraps_ends_at_the_top(void **state)
{
    struct xen_e820entry m[4] = {{~0ull - 0xfff, 0x100000, 2}, {0x1000, 0x1000, 1}};

    assert_int_equal(e820_sanitize(m, 2, 4), 2);
    assert_int_equal(m[1].addr + m[1].size, ~0ull);
}

static void more_pieces_than_room_are_cut(void **state)
{
    struct xen_e820entry m[3] = {{0, 0x10000, 1}, {0x2000, 0x1000, 2}, {0x6000, 0x1000, 2}};

    assert_int_equal(e820_sanitize(m, 3, 3), 3);
    assert_int_equal(m[2].addr, 0x3000);
}

static void taking_cuts_ends_and_middle(void **state)
{
    struct xen_e820entry m[8] = {{0x1000, 0x4000, 1}, {0x8000, 0x1000, 1}};
    unsigned int nr = 2;

    e820_take(m, &nr, 8, 0x3000, 0x3000); /* nothing */
    assert_int_equal(nr, 2);
    e820_take(m, &nr, 8, 0, 0x2000);
    assert_int_equal(m[0].type, 5);
    assert_int_equal(m[0].size, 0x2000);
    assert_int_equal(m[1].addr, 0x2000);
    assert_int_equal(m[1].size, 0x3000);
    e820_take(m, &nr, 8, 0x3000, 0x4000);
    assert_int_equal(nr, 5);
    assert_int_equal(m[1].size, 0x1000);
    assert_int_equal(m[3].type, 1);
    assert_int_equal(m[3].addr, 0x4000);
    e820_take(m, &nr, 8, 0x2000, 0x9000);
    assert_int_equal(nr, 1);
    assert_int_equal(m[0].size, 0x9000);
}

static void taking_without_room_loses_the_highest(void **state)
{
    struct xen_e820entry m[2] = {{0x1000, 0x8000, 1}, {0x20000, 0x1000, 1}};
    unsigned int nr = 2;

    e820_take(m, &nr, 2, 0x2000, 0x3000);
    assert_int_equal(nr, 2);
    assert_int_equal(m[0].size, 0x1000);
    assert_int_equal(m[1].addr, 0x2000);
    assert_int_equal(m[1].type, 5);
}

static void carve_takes_the_highest_that_fits(void **state)
{
    struct xen_e820entry m[8] = {
        {0x1000, 0xff000, 1}, {0x200000, 0x3000, 1}, {0x100000000, 0x100000000, 1}};
    unsigned int nr = 3;

    assert_true(e820_carve(m, &nr, 8, 0x1000, 0x1000, 1ull << 32) == 0x202000);
    assert_true(e820_carve(m, &nr, 8, 0x4000, 0x1000, 1ull << 32) == 0xfc000);
    assert_true(e820_carve(m, &nr, 8, 0x1000, 0x10000, 1ull << 32) == 0x200000);
    assert_true(e820_carve(m, &nr, 8, 0x1000, 0x1000, ~0ull) == 0x1fffff000);
}

static void carve_respects_the_limit_within_an_entry(void **state)
{
    struct xen_e820entry m[4] = {{0x1000, 0xf000, 1}};
    unsigned int nr = 1;

    assert_true(e820_carve(m, &nr, 4, 0x2000, 0x1000, 0x8000) == 0x6000);
    assert_int_equal(nr, 3);
    assert_true(e820_carve(m, &nr, 4, 0x8000, 0x1000, 0x8000) == ~0ull);
    assert_true(e820_carve(m, &nr, 4, 0x1000, 0x1000, 0x1000) == ~0ull);
    assert_int_equal(nr, 3);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(empty_map_stays_empty),
        cmocka_unit_test(map_is_sorted_and_joined),
        cmocka_unit_test(reserved_beats_ram_where_they_overlap),
        cmocka_unit_test(unknown_type_is_not_ram),
        cmocka_unit_test(entry_that_wraps_ends_at_the_top),
        cmocka_unit_test(more_pieces_than_room_are_cut),
        cmocka_unit_test(taking_cuts_ends_and_middle),
        cmocka_unit_test(taking_without_room_loses_the_highest),
        cmocka_unit_test(carve_takes_the_highest_that_fits),
        cmocka_unit_test(carve_respects_the_limit_within_an_entry),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
