/* SPDX-License-Identifier: GPL-2.0-only */
/* Sets of CPUs and sizes of memory as people write them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "dom0-tools/lib/amount.h"

static uint64_t cpus(const char *text)
{
    uint64_t mask = 0;

    assert_true(cpus_parse(&mask, text));
    return mask;
}

static void cpu_lists_are_read_from_left_to_right(void **state)
{
    assert_true(cpus("0") == 1);
    assert_true(cpus("63") == 1ull << 63);
    assert_true(cpus("1,3") == 0xa);
    assert_true(cpus("0-3,5,^1") == 0x2d);
    assert_true(cpus("all") == CPUS_ALL);
    assert_true(cpus("all,^7") == ~0x80ull);
    assert_true(cpus("^1,0-1") == 3);
    assert_true(cpus("0-63") == CPUS_ALL);
    assert_true(cpus(" 2 , 4 ") == 0x14);
}

static void wrong_cpu_lists_are_refused(void **state)
{
    static const char *const wrong[] = {"",      ",",       "1,",    "-1", "64",
                                        "3-1",   "1-",      "a",     "1a", "0x1",
                                        "1,,2",  "all1",    "1 2",   "^1", "1,^1",
                                        "0-3-5", "nodes:0", "0,^-1", "-",  "99999999999999999999"};
    uint64_t mask;

    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
        if (cpus_parse(&mask, wrong[i]))
            fail_msg("'%s' was taken", wrong[i]);
}

static void cpu_sets_are_written_short(void **state)
{
    char text[CPUS_TEXT_MAX];

    cpus_format(text, 3, 2);
    assert_string_equal(text, "all");
    cpus_format(text, CPUS_ALL, 64);
    assert_string_equal(text, "all");
    cpus_format(text, 3, 4);
    assert_string_equal(text, "0-1");
    cpus_format(text, 0x8000000000000035ull, 4);
    assert_string_equal(text, "0,2,4-5,63");
    cpus_format(text, 0x5555555555555555ull, 4); /* the longest */
    assert_true(cpus(text) == 0x5555555555555555ull);
}

static uint64_t mib(const char *text)
{
    uint64_t n = 0;

    assert_true(mib_parse(&n, text));
    return n;
}

static void sizes_have_units(void **state)
{
    assert_int_equal(mib("262144"), 256); /* as for xl */
    assert_int_equal(mib("1"), 1);
    assert_int_equal(mib("256m"), 256);
    assert_int_equal(mib("2G"), 2048);
    assert_int_equal(mib("1t"), 1 << 20);
    assert_int_equal(mib("262144k"), 256);
    assert_int_equal(mib("262145k"), 257);
    assert_int_equal(mib("1b"), 1);
    assert_int_equal(mib("0"), 0);
    assert_int_equal(mib("18014398509481984"), 17592186044416);
    assert_int_equal(mib("17592186044415m"), 17592186044415);
}

static void numbers_are_digits_that_fit(void **state)
{
    static const char *const wrong[] = {"",
                                        "-1",
                                        "+1",
                                        " 1",
                                        "1 ",
                                        "0x1",
                                        "9223372036854775808",
                                        "18446744073709551615",
                                        "18446744073709551616"};
    uint64_t n;

    assert_true(number_parse(&n, "9223372036854775807"));
    assert_true(n == INT64_MAX);
    assert_true(number_parse(&n, "0"));
    assert_int_equal(n, 0);
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
        if (number_parse(&n, wrong[i]))
            fail_msg("'%s' was taken", wrong[i]);
}

static void wrong_sizes_are_refused(void **state)
{
    static const char *const wrong[] = {"",
                                        "m",
                                        "-1",
                                        "+1",
                                        "1x",
                                        "1mm",
                                        "1.5",
                                        " 1",
                                        "0x10",
                                        "99999999999999999999",
                                        "99999999999999t"};
    uint64_t n;

    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
        if (mib_parse(&n, wrong[i]))
            fail_msg("'%s' was taken", wrong[i]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(cpu_lists_are_read_from_left_to_right),
        cmocka_unit_test(wrong_cpu_lists_are_refused),
        cmocka_unit_test(cpu_sets_are_written_short),
        cmocka_unit_test(sizes_have_units),
        cmocka_unit_test(numbers_are_digits_that_fit),
        cmocka_unit_test(wrong_sizes_are_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
