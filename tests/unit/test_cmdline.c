/* SPDX-License-Identifier: GPL-2.0-only */
/* The hypervisor's command line: core/cmdline.c. */
#include "fake-arch/fake.h"
#include <hv/cmdline.h>

static int setup(void **state)
{
    options = (struct cmdline_options){.loglvl = LOGLVL_DEFAULT, .console = "com1"};
    fake_reset();
    return 0;
}

static void empty_line_keeps_defaults(void **state)
{
    cmdline_parse("");
    cmdline_parse("  \t ");
    assert_int_equal(options.dom0_mem_pages, 0);
    assert_int_equal(options.loglvl, LOGLVL_DEFAULT);
    assert_false(options.noreboot);
    assert_int_equal(fake_calls.prints, 0);
}

static void several_words_are_taken(void **state)
{
    cmdline_parse(" dom0_mem=512M  noreboot\tloglvl=all dom0_max_vcpus=3 ");
    assert_int_equal(options.dom0_mem_pages, 512 << 8);
    assert_true(options.noreboot);
    assert_int_equal(options.loglvl, 4);
    assert_int_equal(options.dom0_max_vcpus, 3);
    assert_int_equal(fake_calls.prints, 0);
}

static void memory_sizes_have_units(void **state)
{
    cmdline_parse("dom0_mem=8192");
    assert_int_equal(options.dom0_mem_pages, 2048); /* KiB without a unit */
    cmdline_parse("dom0_mem=8192B");
    assert_int_equal(options.dom0_mem_pages, 2);
    cmdline_parse("dom0_mem=64k");
    assert_int_equal(options.dom0_mem_pages, 16);
    cmdline_parse("dom0_mem=3G");
    assert_int_equal(options.dom0_mem_pages, 3 << 18);
    cmdline_parse("dom0_mem=0x10M");
    assert_int_equal(options.dom0_mem_pages, 16 << 8);
}

static void plain_memory_size_beats_limits(void **state)
{
    cmdline_parse("dom0_mem=1G,max:2G");
    assert_int_equal(options.dom0_mem_pages, 1 << 18);
    cmdline_parse("dom0_mem=min:256M,512M,max:4G");
    assert_int_equal(options.dom0_mem_pages, 512 << 8);
    cmdline_parse("dom0_mem=max:2G");
    assert_int_equal(options.dom0_mem_pages, 2 << 18);
}

static void bad_memory_sizes_are_refused_and_logged(void **state)
{
    static const char *const bad[] = {"dom0_mem=",    "dom0_mem=M",    "dom0_mem=1Q",
                                      "dom0_mem=1M,", "dom0_mem=max:", "dom0_mem=99999999999999G",
                                      "dom0_mem"};
    unsigned int i;

    options.dom0_mem_pages = 7;
    for (i = 0; i < ARRAY_SIZE(bad); i++) {
        cmdline_parse(bad[i]);
        assert_int_equal(options.dom0_mem_pages, 7);
        assert_int_equal(fake_calls.prints, i + 1);
    }
}

static void log_levels_have_names(void **state)
{
    cmdline_parse("loglvl=none");
    assert_int_equal(options.loglvl, 0);
    cmdline_parse("loglvl=error");
    assert_int_equal(options.loglvl, 1);
    cmdline_parse("loglvl=warning");
    assert_int_equal(options.loglvl, 2);
    cmdline_parse("loglvl=debug");
    assert_int_equal(options.loglvl, 4);
    cmdline_parse("loglvl=loud");
    assert_int_equal(options.loglvl, 4);
    assert_int_equal(fake_calls.prints, 1);
}

static void booleans_can_be_switched_off(void **state)
{
    cmdline_parse("noreboot=1 nosmp=on");
    assert_true(options.noreboot && options.nosmp);
    cmdline_parse("noreboot=no nosmp=0");
    assert_false(options.noreboot || options.nosmp);
    cmdline_parse("noreboot=perhaps");
    assert_false(options.noreboot);
    assert_int_equal(fake_calls.prints, 1);
}

static void a_delay_is_a_number(void **state)
{
    cmdline_parse("hypercall_delay=1000");
    assert_int_equal(options.hypercall_delay, 1000);
    cmdline_parse("hypercall_delay=long hypercall_delay=1k");
    assert_int_equal(options.hypercall_delay, 1000);
    assert_int_equal(fake_calls.prints, 2);
    cmdline_parse("hypercall_delay=0");
    assert_int_equal(options.hypercall_delay, 0);
}

static void console_is_one_of_three(void **state)
{
    cmdline_parse("console=com2 com2=57600,8n1");
    assert_string_equal(options.console, "com2");
    assert_int_equal(options.console_baud, 57600);
    cmdline_parse("console=none");
    assert_string_equal(options.console, "none");
    cmdline_parse("console=vga com1=0 com1=100");
    assert_string_equal(options.console, "none");
    assert_int_equal(options.console_baud, 57600);
    assert_int_equal(fake_calls.prints, 3);
}

static void unknown_words_are_logged(void **state)
{
    cmdline_parse("colour=blue quiet");
    assert_int_equal(fake_calls.prints, 2);
    assert_non_null(strstr(fake_calls.last_print, "quiet"));
}

static void overlong_word_is_cut_not_run_over(void **state)
{
    char line[600];

    memset(line, 'x', sizeof(line) - 1);
    line[sizeof(line) - 1] = 0;
    memcpy(line, "noreboot ", 9);
    cmdline_parse(line);
    assert_true(options.noreboot);
    assert_int_equal(fake_calls.prints, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(empty_line_keeps_defaults, setup),
        cmocka_unit_test_setup(several_words_are_taken, setup),
        cmocka_unit_test_setup(memory_sizes_have_units, setup),
        cmocka_unit_test_setup(plain_memory_size_beats_limits, setup),
        cmocka_unit_test_setup(bad_memory_sizes_are_refused_and_logged, setup),
        cmocka_unit_test_setup(log_levels_have_names, setup),
        cmocka_unit_test_setup(booleans_can_be_switched_off, setup),
        cmocka_unit_test_setup(a_delay_is_a_number, setup),
        cmocka_unit_test_setup(console_is_one_of_three, setup),
        cmocka_unit_test_setup(unknown_words_are_logged, setup),
        cmocka_unit_test_setup(overlong_word_is_cut_not_run_over, setup),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
