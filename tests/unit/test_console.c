/* SPDX-License-Identifier: GPL-2.0-only */
/* Log ring, output and console_io: core/console.c. */
#include "fake-arch/fake.h"
#include <hv/cmdline.h>
#include <hv/console.h>
#include <pv-abi/console_io.h>

static char out[4096];
static size_t out_n;
static uint64_t ring_at; /* where the ring was when the test began */

static void capture(const char *s, size_t n)
{
    assert_true(out_n + n < sizeof(out));
    memcpy(out + out_n, s, n);
    out_n += n;
    out[out_n] = 0;
}

static int setup(void **state)
{
    char rest[256];

    fake_reset();
    options.loglvl = LOGLVL_DEFAULT;
    console_set_output(capture);
    console_write_raw("\n", 1); /* no line of the test before is open */
    console_ring_clear();
    while (console_ring_read(&ring_at, rest, sizeof(rest)))
        ;
    out_n = 0;
    out[0] = 0;
    *state = fake_domain(0, 1);
    while (hc_console_io(*state, CONSOLEIO_read, 64, FAKE_GUEST_VA) > 0)
        ; /* input that the test before left */
    return 0;
}

static int teardown(void **state)
{
    fake_teardown();
    return 0;
}

static const char *ring_text(void)
{
    static char text[4096];
    size_t n = console_ring_read(&ring_at, text, sizeof(text) - 1);

    text[n] = 0;
    return text;
}

static void line_goes_to_ring_and_output_with_prefix(void **state)
{
    printk("one %d\n", 1);
    assert_string_equal(out, "(PV) one 1\n");
    assert_string_equal(ring_text(), "(PV) one 1\n");
}

static void level_marker_is_not_shown(void **state)
{
    printk(LOG_ERR "bad\n");
    assert_string_equal(out, "(PV) bad\n");
}

static void line_above_the_level_reaches_only_the_ring(void **state)
{
    printk(LOG_DEBUG "detail\n");
    assert_string_equal(out, "");
    assert_string_equal(ring_text(), "(PV) detail\n");
    options.loglvl = 4;
    printk(LOG_DEBUG "detail\n");
    assert_string_equal(out, "(PV) detail\n");
    options.loglvl = 0;
    printk(LOG_ERR "error\n");
    assert_string_equal(out, "(PV) detail\n");
}

static void unfinished_line_goes_on_with_its_level(void **state)
{
    printk(LOG_DEBUG "a");
    printk("b");
    printk("c\n");
    assert_string_equal(out, "");
    assert_string_equal(ring_text(), "(PV) abc\n");
    printk("d");
    printk("e\n");
    assert_string_equal(out, "(PV) de\n");
}

static void each_line_of_a_message_gets_a_prefix(void **state)
{
    printk("x\ny\n");
    assert_string_equal(out, "(PV) x\n(PV) y\n");
}

static void overlong_message_is_cut_and_ends_its_line(void **state)
{
    char text[800];

    memset(text, 'z', sizeof(text) - 1);
    text[sizeof(text) - 1] = 0;
    printk("%s\n", text);
    assert_int_equal(out[out_n - 1], '\n');
    assert_true(out_n < 520);
}

static void log_line_does_not_join_an_open_line_of_dom0(void **state)
{
    console_write_raw("login: ", 7);
    printk("late\n");
    assert_string_equal(out, "login: \n(PV) late\n");
}

static void ring_keeps_the_last_bytes(void **state)
{
    uint64_t index = ring_at;
    char c[64];
    unsigned int i;

    console_set_output(NULL);
    for (i = 0; i < 20000; i++)
        printk("line %d\n", (int)i);
    assert_int_equal(console_ring_read(&index, c, 32), 32);
    assert_true(index > ring_at + 32); /* the oldest are gone */
    index = ~0ull;
    assert_int_equal(console_ring_read(&index, c, 1), 1); /* a wild index starts at the oldest */
    while (console_ring_read(&index, c, sizeof(c)))
        ;
    index -= 16;
    assert_int_equal(console_ring_read(&index, c, 64), 16);
    c[16] = 0;
    assert_string_equal(c, "(PV) line 19999\n");
}

static void cleared_ring_is_empty(void **state)
{
    char c;

    printk("gone\n");
    console_ring_clear();
    assert_int_equal(console_ring_read(&ring_at, &c, 1), 0);
}

static void init_shows_what_was_logged_before(void **state)
{
    console_set_output(NULL);
    printk("early\n");
    console_set_output(capture);
    console_init();
    assert_string_equal(out, "(PV) early\n");
}

static void dom0_writes_raw(void **state)
{
    memcpy(fake_guest(FAKE_GUEST_VA), "hello\n", 6);
    assert_int_equal(hc_console_io(*state, CONSOLEIO_write, 6, FAKE_GUEST_VA), 0);
    assert_string_equal(out, "hello\n");
    assert_string_equal(ring_text(), "");
}

static void long_write_arrives_whole(void **state)
{
    memset(fake_guest(FAKE_GUEST_VA), 'w', 1000);
    assert_int_equal(hc_console_io(*state, CONSOLEIO_write, 1000, FAKE_GUEST_VA), 0);
    assert_int_equal(out_n, 1000);
}

static void long_write_continues_after_a_slice(void **state)
{
    memset(fake_guest(FAKE_GUEST_VA), 'w', 1000);
    fake_preempt_after = 1;
    assert_int_equal(hc_console_io(*state, CONSOLEIO_write, 1000, FAKE_GUEST_VA), HC_CONTINUE);
    assert_true(out_n > 0 && out_n < 1000);
    assert_int_equal(current->hc_args[1], 1000 - out_n);
    assert_int_equal(current->hc_args[2], FAKE_GUEST_VA + out_n);
}

static void write_from_bad_address_is_efault(void **state)
{
    fake_guest_read_faults_at(FAKE_GUEST_VA);
    assert_int_equal(hc_console_io(*state, CONSOLEIO_write, 1, FAKE_GUEST_VA), -EFAULT);
    assert_string_equal(out, "");
}

static void negative_count_is_einval(void **state)
{
    assert_int_equal(hc_console_io(*state, CONSOLEIO_write, 0xffffffff, FAKE_GUEST_VA), -EINVAL);
}

static void unknown_command_is_enosys(void **state)
{
    assert_int_equal(hc_console_io(*state, 7, 1, FAKE_GUEST_VA), -ENOSYS);
}

static void dom0_reads_input_in_order(void **state)
{
    console_input('a');
    console_input('b');
    assert_int_equal(fake_calls.virqs_global, 2);
    assert_int_equal(hc_console_io(*state, CONSOLEIO_read, 1, FAKE_GUEST_VA), 1);
    assert_memory_equal(fake_guest(FAKE_GUEST_VA), "a", 1);
    assert_int_equal(hc_console_io(*state, CONSOLEIO_read, 100, FAKE_GUEST_VA), 1);
    assert_memory_equal(fake_guest(FAKE_GUEST_VA), "b", 1);
    assert_int_equal(hc_console_io(*state, CONSOLEIO_read, 100, FAKE_GUEST_VA), 0);
}

static void input_beyond_the_buffer_is_dropped(void **state)
{
    unsigned int i, n = 0;
    long rc;

    for (i = 0; i < 600; i++)
        console_input('i');
    while ((rc = hc_console_io(*state, CONSOLEIO_read, 64, FAKE_GUEST_VA)) > 0)
        n += rc;
    assert_int_equal(n, 512);
}

static void read_to_bad_address_is_efault(void **state)
{
    console_input('a');
    fake_guest_write_faults_at(FAKE_GUEST_VA);
    assert_int_equal(hc_console_io(*state, CONSOLEIO_read, 1, FAKE_GUEST_VA), -EFAULT);
    fake_guest_write_faults_at(0);
}

static void guest_lines_are_logged_with_its_number(void **state)
{
    struct domain *d = fake_domain(5, 1);

    memcpy(fake_guest(FAKE_GUEST_VA), "ear\033ly\nrest", 11);
    assert_int_equal(hc_console_io(d, CONSOLEIO_write, 11, FAKE_GUEST_VA), 0);
    assert_string_equal(out, "(PV) d5 says: early\n");
    assert_int_equal(hc_console_io(d, CONSOLEIO_write, 11, FAKE_GUEST_VA), 0);
    assert_string_equal(out, "(PV) d5 says: early\n(PV) d5 says: restearly\n");
}

static void guest_read_is_eperm(void **state)
{
    struct domain *d = fake_domain(6, 1);

    assert_int_equal(hc_console_io(d, CONSOLEIO_read, 1, FAKE_GUEST_VA), -EPERM);
}

#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
int main(void)
{
    const struct CMUnitTest tests[] = {
        T(line_goes_to_ring_and_output_with_prefix),
        T(level_marker_is_not_shown),
        T(line_above_the_level_reaches_only_the_ring),
        T(unfinished_line_goes_on_with_its_level),
        T(each_line_of_a_message_gets_a_prefix),
        T(overlong_message_is_cut_and_ends_its_line),
        T(log_line_does_not_join_an_open_line_of_dom0),
        T(ring_keeps_the_last_bytes),
        T(cleared_ring_is_empty),
        T(init_shows_what_was_logged_before),
        T(dom0_writes_raw),
        T(long_write_arrives_whole),
        T(long_write_continues_after_a_slice),
        T(write_from_bad_address_is_efault),
        T(negative_count_is_einval),
        T(unknown_command_is_enosys),
        T(dom0_reads_input_in_order),
        T(input_beyond_the_buffer_is_dropped),
        T(read_to_bad_address_is_efault),
        T(guest_lines_are_logged_with_its_number),
        T(guest_read_is_eperm),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
