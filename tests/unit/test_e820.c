/* SPDX-License-Identifier: GPL-2.0-only */
/* Memory map and ranges: arch/x86/e820.c. */
#include "fake-arch/fake.h"
#include <asm/e820.h>

static void empty_map_stays_empty(void **state)
{
    struct e820_entry m[2] = {{0x1000, 0, 1}};

    assert_int_equal(e820_sanitize(m, 0, 2), 0);
    assert_int_equal(e820_sanitize(m, 1, 2), 0);
}

static void map_is_sorted_and_joined(void **state)
{
    struct e820_entry m[8] = {{0x3000, 0x1000, 2}, {0x1000, 0x1000, 1}, {0x2000, 0x1000, 1}};

    assert_int_equal(e820_sanitize(m, 3, 8), 2);
    assert_int_equal(m[0].addr, 0x1000);
    assert_int_equal(m[0].size, 0x2000);
    assert_int_equal(m[0].type, 1);
    assert_int_equal(m[1].addr, 0x3000);
    assert_int_equal(m[1].type, 2);
}

static void reserved_beats_ram_where_they_overlap(void **state)
{
    struct e820_entry m[8] = {{0, 0x10000, 1}, {0x4000, 0x1000, 2}, {0x8000, 0x1000, 3}};

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
    struct e820_entry m[4] = {{0, 0x2000, 1}, {0x1000, 0x1000, 77}};

    assert_int_equal(e820_sanitize(m, 2, 4), 2);
    assert_int_equal(m[0].size, 0x1000);
    assert_int_equal(m[1].type, 77);
}

static void entry_that_wraps_ends_at_the_top(void **state)
{
    struct e820_entry m[4] = {{~0ull - 0xfff, 0x100000, 2}, {0x1000, 0x1000, 1}};

    assert_int_equal(e820_sanitize(m, 2, 4), 2);
    assert_int_equal(m[1].addr + m[1].size, ~0ull);
}

static void more_pieces_than_room_are_cut(void **state)
{
    struct e820_entry m[3] = {{0, 0x10000, 1}, {0x2000, 0x1000, 2}, {0x6000, 0x1000, 2}};

    assert_int_equal(e820_sanitize(m, 3, 3), 3);
    assert_int_equal(m[2].addr, 0x3000);
}

static void subtract_cuts_ends_and_middle(void **state)
{
    struct range r[4] = {{0x1000, 0x5000}, {0x8000, 0x9000}};
    unsigned int n;

    n = range_subtract(r, 2, 4, 0, 0x2000);
    assert_int_equal(n, 2);
    assert_int_equal(r[0].start, 0x2000);
    n = range_subtract(r, n, 4, 0x4000, 0x6000);
    assert_int_equal(r[0].end, 0x4000);
    n = range_subtract(r, n, 4, 0x2800, 0x3000);
    assert_int_equal(n, 3);
    assert_int_equal(r[0].end, 0x2800);
    assert_int_equal(r[1].start, 0x3000);
    assert_int_equal(r[1].end, 0x4000);
    assert_int_equal(r[2].start, 0x8000);
    n = range_subtract(r, n, 4, 0x2000, 0x9000);
    assert_int_equal(n, 0);
}

static void subtract_of_nothing_changes_nothing(void **state)
{
    struct range r[1] = {{0x1000, 0x5000}};

    assert_int_equal(range_subtract(r, 1, 1, 0x3000, 0x3000), 1);
    assert_int_equal(range_subtract(r, 1, 1, 0x5000, 0x6000), 1);
    assert_int_equal(range_subtract(r, 1, 1, 0, 0x1000), 1);
    assert_int_equal(r[0].end - r[0].start, 0x4000);
}

static void split_without_room_keeps_the_larger_part(void **state)
{
    struct range r[1] = {{0x1000, 0x9000}};

    assert_int_equal(range_subtract(r, 1, 1, 0x2000, 0x3000), 1);
    assert_int_equal(r[0].start, 0x3000);
    assert_int_equal(r[0].end, 0x9000);
}

static void carve_takes_the_highest_that_fits(void **state)
{
    struct range r[8] = {{0x1000, 0x100000}, {0x200000, 0x203000}, {0x100000000, 0x200000000}};
    unsigned int n = 3;

    assert_true(range_carve(r, &n, 8, 0x1000, 0x1000, 1ull << 32) == 0x202000);
    assert_true(range_carve(r, &n, 8, 0x4000, 0x1000, 1ull << 32) == 0xfc000);
    assert_true(range_carve(r, &n, 8, 0x1000, 0x10000, 1ull << 32) == 0x200000);
    assert_int_equal(n, 3); /* the second range lost its start */
    assert_true(range_carve(r, &n, 8, 0x1000, 0x1000, ~0ull) == 0x1fffff000);
}

static void carve_respects_the_limit_within_a_range(void **state)
{
    struct range r[4] = {{0x1000, 0x10000}};
    unsigned int n = 1;

    assert_true(range_carve(r, &n, 4, 0x2000, 0x1000, 0x8000) == 0x6000);
    assert_int_equal(n, 2);
    assert_true(range_carve(r, &n, 4, 0x8000, 0x1000, 0x8000) == ~0ull);
    assert_true(range_carve(r, &n, 4, 0x1000, 0x1000, 0x1000) == ~0ull);
    assert_int_equal(n, 2);
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
        cmocka_unit_test(subtract_cuts_ends_and_middle),
        cmocka_unit_test(subtract_of_nothing_changes_nothing),
        cmocka_unit_test(split_without_room_keeps_the_larger_part),
        cmocka_unit_test(carve_takes_the_highest_that_fits),
        cmocka_unit_test(carve_respects_the_limit_within_a_range),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
