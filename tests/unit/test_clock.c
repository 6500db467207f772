/* SPDX-License-Identifier: GPL-2.0-only */
/* Clock arithmetic: arch/x86/clock.c. */
#include "fake-arch/fake.h"
#include <asm/clock.h>

static void scale_is_exact_for_a_gigahertz(void **state)
{
    struct clock_scale s = clock_scale_of(1000000000);

    assert_int_equal(clock_ns(s, 12345678901ull), 12345678901ull);
}

static void scale_is_precise_from_slow_to_fast(void **state)
{
    static const uint64_t hz[] = {1000,       3579545,    100000000,  999999999,  1000000001,
                                  1999999999, 2000000001, 2596147003, 4000000001, 8000000000};
    unsigned int i;

    for (i = 0; i < ARRAY_SIZE(hz); i++) {
        struct clock_scale s = clock_scale_of(hz[i]);
        uint64_t hour = clock_ns(s, hz[i] * 3600);

        assert_true(s.mul >> 31); /* no bit of precision is wasted */
        assert_true(hour <= 3600 * NS_PER_SEC && hour > 3600 * NS_PER_SEC - 2000);
    }
}

static void clock_survives_many_years(void **state)
{
    struct clock_scale s = clock_scale_of(2000000000);
    uint64_t years = 100ull * 365 * 86400;

    assert_true(clock_ns(s, years * 2000000000) / NS_PER_SEC >= years - 1);
}

static void clock_never_runs_backwards(void **state)
{
    struct clock_scale s = clock_scale_of(2596147003);
    uint64_t t, last = 0;

    for (t = 0; t < 100000; t++) {
        uint64_t ns = clock_ns(s, (1ull << 40) + t);

        assert_true(ns >= last);
        last = ns;
    }
}

static void rtc_in_bcd(void **state)
{
    assert_int_equal(rtc_to_seconds((uint8_t[]){0, 0, 0, 1, 1, 0x70}, 2), 0);
    assert_int_equal(rtc_to_seconds((uint8_t[]){0x59, 0x59, 0x23, 0x31, 0x12, 0x99}, 2), 946684799);
    assert_int_equal(rtc_to_seconds((uint8_t[]){0x00, 0x00, 0x00, 0x29, 0x02, 0x24}, 2),
                     1709164800);
}

static void rtc_in_binary(void **state)
{
    assert_int_equal(rtc_to_seconds((uint8_t[]){30, 20, 10, 23, 11, 26}, 6), 1795429230);
}

static void rtc_with_twelve_hours(void **state)
{
    assert_int_equal(rtc_to_seconds((uint8_t[]){0, 0, 0x12, 1, 1, 0x70}, 0), 0); /* midnight */
    assert_int_equal(rtc_to_seconds((uint8_t[]){0, 0, 0x92, 1, 1, 0x70}, 0), 12 * 3600);
    assert_int_equal(rtc_to_seconds((uint8_t[]){0, 0, 0x91, 1, 1, 0x70}, 0), 23 * 3600);
    assert_int_equal(rtc_to_seconds((uint8_t[]){0, 0, 0x81, 1, 1, 70}, 4), 13 * 3600);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(scale_is_exact_for_a_gigahertz),
        cmocka_unit_test(scale_is_precise_from_slow_to_fast),
        cmocka_unit_test(clock_survives_many_years),
        cmocka_unit_test(clock_never_runs_backwards),
        cmocka_unit_test(rtc_in_bcd),
        cmocka_unit_test(rtc_in_binary),
        cmocka_unit_test(rtc_with_twelve_hours),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
