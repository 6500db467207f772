/* SPDX-License-Identifier: GPL-2.0-only */
/* domctl bench: what a machine is, lines of workloads, medians, results and their merging. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "dom0-tools/lib/benchdoc.h"
#include "dom0-tools/lib/json.h"
#include "dom0-tools/lib/machine.h"

/* ---- SMBIOS */

/* Puts a structure of @type and @len bytes, with @strings ("a\0b\0"), at @p. Returns what is behind it. */
static uint8_t *put(uint8_t *p, uint8_t type, uint8_t len, const char *strings, size_t strings_len)
{
    memset(p, 0, len);
    p[0] = type;
    p[1] = len;
    memcpy(p + len, strings, strings_len);
    p += len + strings_len;
    *p++ = 0;
    if (!strings_len)
        *p++ = 0;
    return p;
}

/* Two sockets of which one is empty, 8 GiB, 512 KiB and 40 GiB of memory, a slot without. */
static size_t make_table(uint8_t *table)
{
    uint8_t *p = table, *s = p;
    size_t i;

    p = put(s, 1, 0x1b, "Maker\0Model", 12);
    s[4] = 1;
    s[5] = 2;
    for (i = 0; i < 16; i++)
        s[8 + i] = (uint8_t)i;
    s = p;
    p = put(s, 4, 0x30, "", 0);
    s[0x18] = 0x41;
    s[0x25] = 0xff;
    s[0x2e] = 0x00;
    s[0x2f] = 0x01; /* 256 threads */
    s = p;
    p = put(s, 4, 0x28, "", 0); /* no processor in it */
    s[0x25] = 8;
    s = p;
    p = put(s, 17, 0x22, "", 0);
    s[0x0d] = 0x20; /* 8192 MiB */
    s = p;
    p = put(s, 17, 0x22, "", 0);
    s[0x0c] = 0x00;
    s[0x0d] = 0x82; /* 512 KiB */
    s = p;
    p = put(s, 17, 0x22, "", 0);
    s[0x0c] = 0xff;
    s[0x0d] = 0x7f;
    s[0x1d] = 0xa0; /* 40960 MiB */
    s = p;
    p = put(s, 17, 0x22, "", 0);
    p = put(p, 127, 4, "", 0);
    return (size_t)(p - table);
}

static void a_machine_is_what_its_firmware_says(void **state)
{
    struct machine m = {.product = "unknown", .cpus = 3, .memory_mib = 7, .accel = "none"};
    uint8_t table[512];

    machine_from_smbios(&m, table, make_table(table));
    assert_string_equal(m.product, "Maker Model");
    assert_string_equal(m.uuid, "000102030405060708090a0b0c0d0e0f");
    assert_int_equal(m.cpus, 256);
    assert_int_equal(m.memory_mib, 8192 + 40960);
}

static void a_table_that_is_cut_anywhere_is_read_within_its_bounds(void **state)
{
    uint8_t table[512], *cut;
    size_t len = make_table(table), i;

    for (i = 0; i <= len; i++) {
        struct machine m = {.product = "unknown", .cpus = 3, .memory_mib = 7, .accel = "none"};

        cut = malloc(i ? i : 1); /* so that a byte too many is noticed */
        assert_non_null(cut);
        memcpy(cut, table, i);
        machine_from_smbios(&m, cut, i);
        free(cut);
        if (i < 10) {
            assert_string_equal(m.product, "unknown");
            assert_int_equal(m.cpus, 3);
        }
    }
}

static void each_thing_that_differs_makes_another_machine(void **state)
{
    const struct machine one = {
        .cpu = "c", .product = "p", .cpus = 2, .memory_mib = 64, .accel = "none"};
    struct machine m[7], *p = m;
    size_t i, k;

    for (i = 0; i < 7; i++)
        m[i] = one;
    strcpy((++p)->cpu, "d");
    strcpy((++p)->product, "q");
    strcpy((++p)->uuid, "00");
    (++p)->cpus = 3;
    (++p)->memory_mib = 65;
    (++p)->accel = "tcg";
    for (i = 0; i < 7; i++)
        machine_identify(&m[i]);
    for (i = 0; i < 7; i++) {
        assert_int_equal(strlen(m[i].id), 16);
        for (k = 0; k < i; k++)
            assert_string_not_equal(m[i].id, m[k].id);
    }
    /* A hypervisor may hide from its dom0 that KVM runs the machine. */
    m[6].accel = "kvm";
    machine_identify(&m[6]);
    assert_string_equal(m[6].id, m[0].id);
}

/* ---- lines */

static void lines_become_facts_rows_and_an_end(void **state)
{
    struct bench_round r = {0};

    bench_line(&r, "a line of the kernel");
    bench_line(&r, "ASSERT cpus 2");
    bench_line(&r, "ASSERT net ");
    bench_line(&r, "ASSERT cpus 1");
    bench_line(&r, "ROW one 1.5 ns");
    bench_line(&r, "ROW two 0 MB/s");
    bench_line(&r, "ROW one 2.5 ns");
    assert_false(r.ended);
    bench_line(&r, "END ok");
    assert_true(r.ended);
    assert_string_equal(bench_fact(&r, "cpus"), "1");
    assert_string_equal(bench_fact(&r, "net"), "");
    assert_null(bench_fact(&r, "none"));
    assert_int_equal(r.nr_facts, 2);
    assert_int_equal(bench_row(&r, "one")->nr, 2);
    assert_true(bench_row(&r, "one")->samples[1] > 2.4 && bench_row(&r, "one")->samples[1] < 2.6);
    assert_string_equal(bench_row(&r, "two")->unit, "MB/s");
    assert_null(bench_row(&r, "on"));
    assert_string_equal(r.why, "");
}

static void bad_rows_fail_the_round(void **state)
{
    static const char *const bad[] = {
        "ROW",          "ROW ",          "ROW one",        "ROW one 1",
        "ROW one x ns", "ROW one -1 ns", "ROW one nan ns", "ROW one inf ns"};
    size_t i;

    for (i = 1; i < sizeof(bad) / sizeof(bad[0]); i++) {
        struct bench_round r = {0};

        bench_line(&r, bad[i]);
        assert_non_null(strstr(r.why, "a row that nobody knows"));
        assert_int_equal(r.nr_rows, 0);
    }
}

static void a_unit_cannot_change_and_the_first_failure_stays(void **state)
{
    struct bench_round r = {0};

    bench_line(&r, "ROW one 1 ns");
    bench_line(&r, "FAIL one: \033[2J");
    bench_line(&r, "ROW one 1 us");
    bench_line(&r, "END failed");
    assert_string_equal(r.why, "one: ?[2J");
    assert_int_equal(bench_row(&r, "one")->nr, 1);
    assert_false(r.ended);
}

static void rows_facts_and_samples_have_limits(void **state)
{
    struct bench_round *r = calloc(1, sizeof(*r));
    char line[64];
    int i;

    assert_non_null(r);
    for (i = 0; i < BENCH_SAMPLES; i++)
        bench_line(r, "ROW r0 1 ns");
    for (i = 0; i < BENCH_FACTS + 5; i++) {
        snprintf(line, sizeof(line), "ASSERT f%d x", i);
        bench_line(r, line);
    }
    for (i = 1; i < BENCH_ROWS; i++) {
        snprintf(line, sizeof(line), "ROW r%d 1 ns", i);
        bench_line(r, line);
    }
    assert_string_equal(r->why, "");
    assert_int_equal(r->nr_facts, BENCH_FACTS);
    bench_line(r, "ROW r0 1 ns");
    assert_string_not_equal(r->why, "");
    *r->why = '\0';
    bench_line(r, "ROW more 1 ns");
    assert_string_not_equal(r->why, "");
    assert_int_equal(r->nr_rows, BENCH_ROWS);
    free(r);
}

/* ---- summaries, documents */

static void medians_and_spread(void **state)
{
    double odd[] = {100, 1, 3, 2, 4}, even[] = {4, 2}, zero[] = {0};
    struct bench_summary s = bench_summarize(odd, 5);

    assert_true(s.median == 3 && s.min == 1 && s.max == 100 && s.samples == 5);
    assert_true(fabs(s.spread - 1.0 / 3) < 1e-9);
    s = bench_summarize(even, 2);
    assert_true(s.median == 3 && fabs(s.spread - 1.0 / 3) < 1e-9);
    s = bench_summarize(zero, 1);
    assert_true(s.median == 0 && s.spread == 0);
    assert_true(bench_more_is_better("MB/s") && bench_more_is_better("/s"));
    assert_false(bench_more_is_better("ns") || bench_more_is_better("s") ||
                 bench_more_is_better(""));
}

static struct json *parse(const char *text)
{
    struct json *doc = json_parse(text, strlen(text));

    assert_non_null(doc);
    return doc;
}

#define CELL(status, when) "{\"status\":\"" status "\",\"when\":\"" when "\"}"

/* What became of the cell @name: its time. */
static const char *when_of(const struct json *doc, const char *name)
{
    return json_get_str(json_get(json_get(doc, "cells"), name), "when");
}

static void merging_takes_what_is_missing_failed_or_newer(void **state)
{
    struct json *docs[3] = {
        parse("{\"size\":\"full\",\"started\":\"2005\",\"ended\":null,\"versions\":{\"pavo\":\"4, "
              "5\","
              "\"xen\":\"none\",\"linux\":\"6.1\",\"qemu_inside\":\"none\"},\"cells\":{"
              "\"old\":" CELL("ok", "2001") ",\"bad\":" CELL("failed", "2009") ",\"good\":" CELL(
                  "ok", "2005") "}}"),
        parse("{\"size\":\"tiny\",\"started\":\"2004\",\"ended\":\"2006\",\"versions\":{\"pavo\":"
              "\"none\",\"xen\":\"none\",\"linux\":\"6.1\"},\"cells\":{"
              "\"old\":" CELL("ok", "2003") ",\"bad\":" CELL("ok", "2002") ",\"new\":" CELL(
                  "failed", "2004") "}}"),
        parse("{\"versions\":{\"xen\":\"4.17\",\"pavo\":\"5, 45, "
              "4\",\"linux\":\"6.12\"},\"cells\":{\"old\":" CELL("ok", "2002") ",\"good\":" CELL(
                  "failed", "2006") ",\"new\":" CELL("ok", "2000") "}}"),
    };
    struct json_out *o = json_out_new(false);
    struct json *all;
    size_t i;

    bench_merge(o, (const struct json **)docs, 3);
    all = parse(json_text(o, NULL));
    json_out_free(o);
    assert_string_equal(json_get_str(all, "size"), "full");
    assert_string_equal(json_get_str(all, "started"), "2004");
    assert_string_equal(json_get_str(all, "ended"), "2006");
    assert_string_equal(json_get_str(json_get(all, "versions"), "pavo"), "4, 5, 45");
    assert_string_equal(json_get_str(json_get(all, "versions"), "linux"), "6.1, 6.12");
    assert_string_equal(json_get_str(json_get(all, "versions"), "qemu_inside"), "none");
    assert_string_equal(json_get_str(json_get(all, "versions"), "xen"), "4.17");
    assert_string_equal(when_of(all, "old"), "2003");
    assert_string_equal(when_of(all, "bad"), "2002");
    assert_string_equal(when_of(all, "good"), "2005");
    assert_string_equal(when_of(all, "new"), "2000");
    assert_int_equal(bench_failed(all), 0);
    json_free(all);
    for (i = 0; i < 3; i++)
        json_free(docs[i]);
}

/* Text of the report of a document, with one blank where there are several. */
static char *report(const char *text)
{
    struct json *doc = parse(text);
    char *out = NULL, *from, *to;
    size_t len;
    FILE *f = open_memstream(&out, &len);

    assert_non_null(f);
    bench_report(f, doc);
    fclose(f);
    json_free(doc);
    for (from = to = out; *from; from++)
        if (*from != ' ' || to == out || to[-1] != ' ')
            *to++ = *from;
    *to = '\0';
    return out;
}

#define FIGURES(config, median, better)                                                       \
    "\"" config "/micro\":{\"config\":\"" config                                              \
    "\",\"workload\":\"micro\",\"status\":\"ok\",\"rows\":{\"r\":{\"unit\":\"u\",\"better\":" \
    "\"" better "\",\"median\":" median ",\"spread\":0.1}}}"

static void ratios_say_how_many_times_as_dear(void **state)
{
    char *text = report("{\"cells\":{" FIGURES("xen-dom0", "4", "lower") "," FIGURES(
        "pavo-dom0", "8", "lower") "," FIGURES("native", "2", "lower") "}}");

    assert_non_null(strstr(text, " native xen-dom0 pavo-dom0 pavo-dom0 / Xen\n"));
    assert_non_null(strstr(text, "r, u 2 \302\26110% 4 \302\26110% 2x 8 \302\26110% 4x 2x\n"));
    free(text);
    text = report("{\"versions\":{\"linux\":\"6.1, 6.12\"},\"cells\":{" FIGURES(
        "native", "8", "higher") "," FIGURES("xen-dom0", "2", "higher") "}}");
    assert_non_null(strstr(text, "2 \302\26110% 4x\n"));
    assert_non_null(strstr(text, "\nKernels, not the same in every row: 6.1, 6.12\n"));
    free(text);
}

static void a_report_of_anything_ends(void **state)
{
    static const char *const odd[] = {
        "{}", "{\"cells\":[]}", "{\"cells\":{\"a\":1,\"b\":{}}}",
        "{\"cells\":{\"a\":{\"workload\":\"w\",\"config\":\"c\",\"rows\":{\"r\":3}}}}",
        "{\"cells\":{\"c/w\":{\"workload\":\"w\",\"config\":\"c\",\"rows\":{\"r\":{}}}}}"};
    size_t i;

    for (i = 0; i < sizeof(odd) / sizeof(odd[0]); i++)
        free(report(odd[i]));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_machine_is_what_its_firmware_says),
        cmocka_unit_test(a_table_that_is_cut_anywhere_is_read_within_its_bounds),
        cmocka_unit_test(each_thing_that_differs_makes_another_machine),
        cmocka_unit_test(lines_become_facts_rows_and_an_end),
        cmocka_unit_test(bad_rows_fail_the_round),
        cmocka_unit_test(a_unit_cannot_change_and_the_first_failure_stays),
        cmocka_unit_test(rows_facts_and_samples_have_limits),
        cmocka_unit_test(medians_and_spread),
        cmocka_unit_test(merging_takes_what_is_missing_failed_or_newer),
        cmocka_unit_test(ratios_say_how_many_times_as_dear),
        cmocka_unit_test(a_report_of_anything_ends),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
