/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The hypervisor's own C library against the real one. Its functions are compiled under other names
 * (unit-lib-cflags), so `memcpy` below is the hypervisor's.
 */
#include "tests/fake-arch/fake.h"

/* The C library's, past the renaming. */
int real_snprintf(char *buf, size_t n, const char *fmt, ...) __asm__("snprintf");
void *real_memmove(void *d, const void *s, size_t n) __asm__("memmove");

static uint8_t a[300], b[300];

static void fill(void)
{
    for (unsigned int i = 0; i < sizeof(a); i++) {
        a[i] = (uint8_t)(i * 7 + 1);
        b[i] = 0xee;
    }
}

static void memcpy_copies_exactly_n(void **state)
{
    for (size_t n = 0; n < 200; n++) {
        for (size_t off = 0; off < 9; off++) {
            fill();
            assert_ptr_equal(memcpy(b + off, a + 3, n), b + off);
            for (size_t i = 0; i < n; i++)
                assert_int_equal(b[off + i], a[3 + i]);
            assert_int_equal(b[off + n], 0xee);
            assert_true(!off || b[off - 1] == 0xee);
        }
    }
}

static void memmove_survives_overlap(void **state)
{
    uint8_t want[300];

    for (size_t n = 0; n < 130; n++) {
        for (size_t from = 0; from < 70; from += 3) {
            for (size_t to = 0; to < 70; to += 7) {
                fill();
                for (size_t i = 0; i < sizeof(want); i++)
                    want[i] = a[i];
                real_memmove(want + to, want + from, n);
                memmove(a + to, a + from, n);
                for (size_t i = 0; i < sizeof(want); i++)
                    assert_int_equal(a[i], want[i]);
            }
        }
    }
}

static void memset_sets_exactly_n(void **state)
{
    for (size_t n = 0; n < 150; n++) {
        fill();
        memset(b + 5, 0x1a5, n);
        assert_int_equal(b[4], 0xee);
        assert_int_equal(b[5 + n], 0xee);
        for (size_t i = 0; i < n; i++)
            assert_int_equal(b[5 + i], 0xa5);
    }
}

static void memcmp_finds_the_first_difference(void **state)
{
    for (size_t n = 1; n < 60; n++) {
        fill();
        memcpy(b, a, n);
        assert_int_equal(memcmp(a, b, n), 0);
        for (size_t i = 0; i < n; i++) {
            b[i]++;
            assert_true(b[i] ? memcmp(a, b, n) < 0 : memcmp(a, b, n) > 0);
            assert_true(b[i] ? memcmp(b, a, n) > 0 : memcmp(b, a, n) < 0);
            b[i]--;
        }
    }
}

static void strings_compare_as_unsigned_bytes(void **state)
{
    assert_int_equal(strlen(""), 0);
    assert_int_equal(strlen("abc"), 3);
    assert_int_equal(strcmp("abc", "abc"), 0);
    assert_true(strcmp("abc", "abd") < 0);
    assert_true(strcmp("abc", "ab") > 0);
    assert_true(strcmp("\xff", "a") > 0);
    assert_int_equal(strncmp("abcX", "abcY", 3), 0);
    assert_true(strncmp("abcX", "abcY", 4) < 0);
    assert_int_equal(strncmp("ab", "ab", 100), 0);
}

static void strlcpy_ends_and_tells_the_length(void **state)
{
    char buf[4] = "zzz";

    assert_int_equal(strlcpy(buf, "abcdef", sizeof(buf)), 6);
    assert_string_equal(buf, "abc");
    assert_int_equal(strlcpy(buf, "x", sizeof(buf)), 1);
    assert_string_equal(buf, "x");
    assert_int_equal(strlcpy(buf, "abc", 0), 3);
    assert_string_equal(buf, "x");
    assert_int_equal(strlcpy(buf, "abc", 1), 3);
    assert_string_equal(buf, "");
}

static void numbers_are_read_in_decimal_and_hex(void **state)
{
    static const struct {
        const char *s;
        unsigned long long v;
        unsigned int used;
    } cases[] = {{"0", 0, 1},       {"42rest", 42, 2}, {"0x1fZ", 31, 4},
                 {"0XAb", 0xab, 4}, {"0x", 0, 1},      {"0xg", 0, 1},
                 {"", 0, 0},        {"-1", 0, 0},      {"18446744073709551615", ~0ull, 20},
                 {"007", 7, 3}};

    for (unsigned int i = 0; i < ARRAY_SIZE(cases); i++) {
        const char *end;

        assert_int_equal(simple_strtoull(cases[i].s, &end), cases[i].v);
        assert_int_equal(end - cases[i].s, cases[i].used);
    }
    assert_int_equal(simple_strtoull("12", NULL), 12);
}

static int hv_snprintf(char *buf, size_t n, const char *fmt, ...)
{
    va_list ap;
    int len;

    va_start(ap, fmt);
    len = vsnprintf(buf, n, fmt, ap);
    va_end(ap);
    return len;
}

/* The same format and arguments to both; length and text must be equal, also when the room is
 * short. */
#define SAME(...)                                                       \
    do {                                                                \
        char ours[128], theirs[128];                                    \
        for (size_t room = 0; room < sizeof(ours); room++) {            \
            ours[0] = theirs[0] = '~';                                  \
            assert_int_equal(hv_snprintf(ours, room, __VA_ARGS__),      \
                             real_snprintf(theirs, room, __VA_ARGS__)); \
            if (room)                                                   \
                assert_string_equal(ours, theirs);                      \
            else                                                        \
                assert_int_equal(ours[0], '~');                         \
        }                                                               \
    } while (0)

static void printing_is_as_in_the_c_library(void **state)
{
    SAME("plain");
    SAME("%d %d %d", 0, -1, 2147483647);
    SAME("%d", -2147483647 - 1);
    SAME("%ld %lld", -9223372036854775807l - 1, 9223372036854775807ll);
    SAME("%u %lu %llu %zu", 4294967295u, ~0ul, ~0ull, (size_t)77);
    SAME("%x %lx %#x %#lx", 0xbeefu, 0xfeedfacecafel, 0x12u, 0x34ul);
    SAME("[%5d] [%5d] [%05d] [%05d] [%1d]", 42, -42, 42, -42, 123);
    SAME("[%8x] [%08x] [%016lx]", 0xabu, 0xabu, 0xabul);
    SAME("[%#10x] [%#010x]", 0xabu, 0xabu);
    SAME("[%s] [%8s] [%2s]", "abc", "abc", "abc");
    SAME("[%c] %%", 'x');
}

static void a_null_string_does_not_kill(void **state)
{
    char buf[32];
    const char *volatile none = NULL;

    hv_snprintf(buf, sizeof(buf), "[%s]", none);
    assert_string_equal(buf, "[(null)]");
}

static void odd_formats_end_within_the_buffer(void **state)
{
    char buf[32];
    const char *volatile odd[] = {"abc%", "%l", "%-", "%5", "%k", "%.", "%99999999999d"};

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-security"
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
    for (unsigned int i = 0; i < ARRAY_SIZE(odd); i++) {
        buf[31] = '~';
        hv_snprintf(buf, 31, odd[i], 1);
        assert_int_equal(buf[31], '~');
    }
#pragma GCC diagnostic pop
}

static void messages_come_in_a_burst_then_five_a_second(void **state)
{
    unsigned int n = 0;

    fake_now = 1000000000000;
    while (printk_ratelimit())
        n++;
    assert_int_equal(n, 20);
    fake_now += 199999999;
    assert_false(printk_ratelimit());
    fake_now += 1;
    assert_true(printk_ratelimit());
    assert_false(printk_ratelimit());
    fake_now += 1000000000;
    for (n = 0; printk_ratelimit(); n++)
        ;
    assert_int_equal(n, 5);
    fake_now += 3600000000000;
    for (n = 0; printk_ratelimit(); n++)
        ;
    assert_int_equal(n, 20);
}

static int64_t ticking(int64_t *clock)
{
    return (*clock)--;
}

static void min_and_max_look_once(void **state)
{
    int64_t clock = 2;

    /* A delta that is still above 1 at the first look would be below it at the next. */
    assert_int_equal(max(ticking(&clock), 1), 2);
    assert_int_equal(clock, 1);
    assert_int_equal(min(ticking(&clock), 5), 1);
    assert_int_equal(clock, 0);
    assert_int_equal(min(max(ticking(&clock), 7), 9), 7);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(memcpy_copies_exactly_n),
        cmocka_unit_test(memmove_survives_overlap),
        cmocka_unit_test(memset_sets_exactly_n),
        cmocka_unit_test(memcmp_finds_the_first_difference),
        cmocka_unit_test(strings_compare_as_unsigned_bytes),
        cmocka_unit_test(strlcpy_ends_and_tells_the_length),
        cmocka_unit_test(numbers_are_read_in_decimal_and_hex),
        cmocka_unit_test(printing_is_as_in_the_c_library),
        cmocka_unit_test(a_null_string_does_not_kill),
        cmocka_unit_test(odd_formats_end_within_the_buffer),
        cmocka_unit_test(min_and_max_look_once),
        cmocka_unit_test(messages_come_in_a_burst_then_five_a_second),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
