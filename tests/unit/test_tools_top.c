/* SPDX-License-Identifier: GPL-2.0-only */
/* What domtop makes of two answers of domd: rates, order, columns. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "dom0-tools/domtop/model.h"
#include "dom0-tools/lib/json.h"

#define ANSWER                                                                                    \
    "{\"time_ns\": %llu, \"info\": {\"version\": \"4.17.0-pavo\", \"cpus\": 2},"                  \
    " \"daemons\": {\"stored\": true, \"consoled\": false}, \"domains\": ["                       \
    "{\"name\": \"Domain-0\", \"id\": 0, \"state\": \"running\", \"vcpus\": 2, \"memory_mib\": "  \
    "768, "                                                                                       \
    "\"cpu_time_ns\": %llu, \"disk_stats\": [], \"vif_stats\": []},"                              \
    "{\"name\": \"web\", \"id\": %u, \"state\": \"blocked\", \"vcpus\": 1, \"memory_mib\": 256, " \
    "\"cpu_time_ns\": %llu, \"vcpu_stats\": [{\"id\": 0, \"online\": true, \"cpu\": 3, "          \
    "\"cpu_time_ns\": %llu}, {\"id\": 1, \"online\": false, \"cpu_time_ns\": 0}],"                \
    "\"disk_stats\": [{\"read_bytes\": 10, \"write_bytes\": %llu},"                               \
    "{\"read_bytes\": 5, \"write_bytes\": 0}],"                                                   \
    "\"vif_stats\": [{\"received_bytes\": 7, \"sent_bytes\": 8}]}]}"

static void read_answer(struct sample *s, unsigned long long time, unsigned long long cpu0,
                        unsigned int id, unsigned long long cpu, unsigned long long written)
{
    char text[2048];
    struct json *j;

    snprintf(text, sizeof(text), ANSWER, time, cpu0, id, cpu, cpu, written);
    j = json_parse(text, strlen(text));
    assert_non_null(j);
    assert_true(sample_read(s, j));
    json_free(j);
}

static void counters_of_all_devices_are_added(void **state)
{
    struct sample s;

    read_answer(&s, 1000, 0, 3, 5, 100);
    assert_int_equal(s.count, 2);
    assert_string_equal(s.rows[1].name, "web");
    assert_int_equal(s.rows[1].total[DISK_READ], 15);
    assert_int_equal(s.rows[1].total[DISK_WRITE], 100);
    assert_int_equal(s.rows[1].total[NET_RX], 7);
    assert_int_equal(s.rows[1].total[NET_TX], 8);
    assert_true(s.stored);
    assert_false(s.consoled);
    assert_false(s.rows[1].has_rates);
    sample_free(&s);
}

static void rates_are_what_was_added_per_second(void **state)
{
    struct sample a, b;

    read_answer(&a, 1000000000, 0, 3, 100000000, 1000);
    read_answer(&b, 3000000000, 3000000000, 3, 600000000, 5000);
    sample_rates(&b, &a);
    assert_true(b.interval_s > 1.999 && b.interval_s < 2.001);
    assert_true(b.rows[0].cpu_percent > 149.9 && b.rows[0].cpu_percent < 150.1);
    assert_true(b.rows[1].cpu_percent > 24.9 && b.rows[1].cpu_percent < 25.1);
    assert_true(b.rows[1].rate[DISK_WRITE] > 1999 && b.rows[1].rate[DISK_WRITE] < 2001);
    assert_true(b.rows[1].rate[DISK_READ] < 0.1);
    sample_free(&a);
    sample_free(&b);
}

static void a_counter_that_went_back_has_no_rate(void **state)
{
    struct sample a, b;

    read_answer(&a, 1000000000, 0, 3, 900, 5000);
    read_answer(&b, 2000000000, 0, 3, 100, 0);
    sample_rates(&b, &a);
    assert_true(b.rows[1].has_rates);
    assert_true(b.rows[1].cpu_percent < 0.001);
    assert_true(b.rows[1].rate[DISK_WRITE] < 0.001);
    sample_free(&a);
    sample_free(&b);
}

static void a_domain_that_is_new_has_no_rates(void **state)
{
    struct sample a, b;

    read_answer(&a, 1000000000, 0, 3, 900, 5000);
    read_answer(&b, 2000000000, 0, 4, 950, 5000);
    sample_rates(&b, &a);
    assert_true(b.rows[0].has_rates);
    assert_false(b.rows[1].has_rates);
    sample_free(&a);
    read_answer(&a, 2000000000, 0, 4, 950, 5000); /* no time has passed */
    sample_rates(&a, &b);
    assert_false(a.rows[0].has_rates);
    sample_free(&a);
    sample_free(&b);
}

static void rows_are_sorted_by_any_key(void **state)
{
    struct sample s;

    read_answer(&s, 1, 100, 3, 200, 0);
    sample_sort(&s, SORT_CPU, true, false);
    assert_int_equal(s.rows[0].id, 3);
    sample_sort(&s, SORT_CPU, true, true);
    assert_int_equal(s.rows[0].id, 0);
    sample_sort(&s, sort_key_parse("read"), true, false);
    assert_int_equal(s.rows[0].id, 3);
    sample_sort(&s, sort_key_parse("Memory"), false, false);
    assert_int_equal(s.rows[0].id, 0);
    sample_sort(&s, SORT_NAME, false, true);
    assert_string_equal(s.rows[0].name, "web");
    sample_sort(&s, sort_key_parse("tx"), false, false); /* equal: by id */
    assert_int_equal(s.rows[0].id, 0);
    assert_int_equal(sort_key_parse("fun"), -1);
    sample_free(&s);
}

static void answers_that_make_no_sense_are_refused(void **state)
{
    static const char *const bad[] = {"{}", "[]", "{\"domains\": []}",
                                      "{\"time_ns\": 1, \"domains\": {}}",
                                      "{\"time_ns\": -1, \"domains\": []}"};
    struct sample s;
    struct json *j;
    size_t i;

    for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        j = json_parse(bad[i], strlen(bad[i]));
        assert_false(sample_read(&s, j));
        assert_null(s.rows);
        json_free(j);
    }
    j = json_parse("{\"time_ns\": 1, \"domains\": [7]}", 30);
    assert_true(sample_read(&s, j));
    assert_string_equal(s.rows[0].name, "?");
    json_free(j);
    sample_free(&s);
}

static void a_line_fits_every_width_and_shows_what_matters_most(void **state)
{
    struct layout l;
    struct sample s;
    char line[512];
    int width, column_width;

    read_answer(&s, 1, 100, 3, 200, 16 << 20);
    for (width = 8; width <= 300; width++) {
        layout_make(&l, width);
        layout_line(&l, NULL, false, line, sizeof(line));
        assert_true((int)strlen(line) <= width);
        assert_int_equal(strncmp(line, "NAME", 4), 0);
        layout_line(&l, &s.rows[1], true, line, sizeof(line));
        assert_true((int)strlen(line) <= width);
        assert_int_equal(l.shown[COL_CPU], width >= 16);
    }
    layout_make(&l, 40);
    layout_line(&l, &s.rows[1], true, line, sizeof(line));
    assert_non_null(strstr(line, "16.0M"));
    layout_make(&l, 80);
    for (width = 0; width < NR_COLUMNS; width++)
        assert_true(layout_column(&l, width, &column_width) >= 0);
    layout_make(&l, 8);
    assert_int_equal(layout_column(&l, COL_CPU, &column_width), -1);
    sample_free(&s);
}

static void vcpus_have_lines_of_their_own(void **state)
{
    struct sample a, b;
    struct layout l;
    struct row v;
    char line[512];

    read_answer(&a, 1000000000, 0, 3, 100000000, 0);
    read_answer(&b, 3000000000, 0, 3, 600000000, 0);
    sample_rates(&b, &a);
    assert_int_equal(sample_lines(&b, false), 2);
    assert_int_equal(sample_lines(&b, true), 4);
    layout_make(&l, 80);
    row_of_vcpu(&b.rows[1], 0, &v);
    layout_line(&l, &v, false, line, sizeof(line));
    assert_non_null(strstr(line, " vcpu 0"));
    assert_non_null(strstr(line, "cpu 3"));
    assert_non_null(strstr(line, " 25.0"));
    row_of_vcpu(&b.rows[1], 1, &v);
    layout_line(&l, &v, false, line, sizeof(line));
    assert_non_null(strstr(line, "offline"));
    sample_free(&a);
    sample_free(&b);
}

static void bytes_are_short(void **state)
{
    static const struct {
        double bytes;
        const char *text;
    } known[] = {{0, "0"},          {9999, "9999"},         {10240, "10.0K"},
                 {1023999, "1.0M"}, {16777216, "16.0M"},    {1e12, "931.3G"},
                 {1536e3, "1.5M"},  {1.8446744e19, "16.0E"}};
    char text[16];
    size_t i;

    for (i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
        format_bytes(text, known[i].bytes);
        assert_string_equal(text, known[i].text);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(counters_of_all_devices_are_added),
        cmocka_unit_test(rates_are_what_was_added_per_second),
        cmocka_unit_test(a_counter_that_went_back_has_no_rate),
        cmocka_unit_test(a_domain_that_is_new_has_no_rates),
        cmocka_unit_test(rows_are_sorted_by_any_key),
        cmocka_unit_test(answers_that_make_no_sense_are_refused),
        cmocka_unit_test(a_line_fits_every_width_and_shows_what_matters_most),
        cmocka_unit_test(vcpus_have_lines_of_their_own),
        cmocka_unit_test(bytes_are_short),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
