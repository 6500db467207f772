/* SPDX-License-Identifier: GPL-2.0-only */
/* Trace files: names, merging, text, Chrome's JSON; damaged and cut off ones. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "dom0-tools/lib/err.h"
#include "dom0-tools/lib/json.h"
#include "dom0-tools/lib/perfnames.h"
#include "dom0-tools/lib/trace.h"
#include "pv-abi/pavo.h"

static uint64_t file[512];
static size_t len;

static void add(const void *data, size_t n)
{
    assert_true(len + n <= sizeof(file));
    memcpy((char *)file + len, data, n);
    len += n;
}

static void add_chunk(uint32_t kind, uint32_t number, const void *data, size_t n)
{
    struct trace_chunk c = {.kind = kind, .number = number, .bytes = (uint32_t)n};

    add(&c, sizeof(c));
    add(data, n);
}

static void add_record(uint32_t cpu, uint64_t ns, unsigned int event, unsigned int domid,
                       uint32_t arg)
{
    struct pavo_record r = {
        .time_ns = ns, .event = (uint8_t)event, .domid = (uint16_t)domid, .arg = arg};

    add_chunk(TRACE_RECORDS, cpu, &r, sizeof(r));
}

static void add_end(uint32_t cpu, uint64_t lost)
{
    add_chunk(TRACE_END, cpu, &lost, sizeof(lost));
}

static int setup(void **state)
{
    struct trace_header h = {.header_bytes = sizeof(h), .nr_cpus = 2};

    memset(file, 0, sizeof(file));
    memcpy(h.magic, TRACE_MAGIC, 8);
    len = 0;
    add(&h, sizeof(h));
    return 0;
}

/* The decoded trace, to be free()d; the size of the file is exact, for the sanitizer. */
static char *decode(int (*fn)(const void *data, size_t len, FILE *f, struct err *e))
{
    void *copy = malloc(len);
    struct trace_summary s;
    struct err e = {0};
    char *text = NULL;
    size_t n;
    FILE *f = open_memstream(&text, &n);

    memcpy(copy, file, len);
    if (!trace_check(copy, len, &s, &e))
        assert_int_equal(fn(copy, len, f, &e), 0);
    fclose(f);
    free(copy);
    return text;
}

static void assert_text(const char *wanted)
{
    char *text = decode(trace_text);

    assert_string_equal(text, wanted);
    free(text);
}

static void cpus_are_merged_in_the_order_of_time(void **state)
{
    add_chunk(TRACE_NAME, 7, "web\0\0\0\0", 8);
    add_record(0, 1000000005, PAVO_EV_HYPERCALL, 7, 1);
    add_record(0, 1000000300, PAVO_EV_HYPERCALL_END, 7, 1 | PAVO_HYPERCALL_AGAIN);
    add_record(1, 999999999, PAVO_EV_TRAP, 0, 14);
    add_record(1, 1000000100, PAVO_EV_MODE_SWITCH, 0, 0);
    add_record(1, 1000000200, PAVO_EV_LOST, 0, 12);
    assert_text("0.999999999 cpu1 d0v0 - trap page fault\n"
                "1.000000005 cpu0 d7v0 web hypercall mmu_update\n"
                "1.000000100 cpu1 d0v0 - mode-switch to user\n"
                "1.000000200 cpu1 - - lost 12\n"
                "1.000000300 cpu0 d7v0 web hypercall-end mmu_update (to go on)\n");
}

static void the_last_name_counts_and_is_made_harmless(void **state)
{
    add_chunk(TRACE_NAME, 7, "web\0\0\0\0", 8);
    add_chunk(TRACE_NAME, 7, "a\"b\\c\nd", 8);
    add_record(0, 5, PAVO_EV_SEND, 7, 3);
    assert_text("0.000000005 cpu0 d7v0 a?b?c?d send 3\n");
}

static void a_summary_adds_up(void **state)
{
    struct trace_summary s;
    struct err e = {0};

    add_record(0, 5, PAVO_EV_SEND, 7, 3);
    add_record(1, 6, PAVO_EV_SEND, 7, 3);
    add_end(0, 3);
    assert_int_equal(trace_check(file, len, &s, &e), 0);
    assert_int_equal(s.records, 2);
    assert_int_equal(s.lost, 3);
    assert_int_equal(s.cpus_ended, 1);
    add_end(1, 4);
    assert_int_equal(trace_check(file, len, &s, &e), 0);
    assert_int_equal(s.lost, 7);
    assert_int_equal(s.cpus_ended, 2);
}

/* How many events of phase @ph the JSON has; -1: it is none. */
static int phases(const char *text, const char *ph)
{
    struct json *j = json_parse(text, strlen(text));
    const struct json *list = json_get(j, "traceEvents");
    int n = j ? 0 : -1;

    for (size_t i = 0; i < json_length(list); i++)
        n += !strcmp(json_get_str(json_at(list, i), "ph"), ph);
    json_free(j);
    return n;
}

static void assert_phases(int begin, int end, int instant)
{
    char *text = decode(trace_chrome);

    assert_int_equal(phases(text, "B"), begin);
    assert_int_equal(phases(text, "E"), end);
    assert_int_equal(phases(text, "i"), instant);
    free(text);
}

static void an_empty_trace_is_json(void **state)
{
    assert_phases(0, 0, 0);
}

static void hypercalls_are_durations_and_others_instants(void **state)
{
    char *text;

    add_record(0, 1000, PAVO_EV_HYPERCALL, 7, 13);
    add_record(0, 1500, PAVO_EV_HYPERCALL, 7, 1);
    add_record(0, 2500, PAVO_EV_HYPERCALL_END, 7, 1);
    add_record(0, 3001, PAVO_EV_HYPERCALL_END, 7, 13 | PAVO_HYPERCALL_AGAIN);
    add_record(0, 3100, PAVO_EV_UPCALL, 7, 0);
    assert_phases(2, 2, 1);
    text = decode(trace_chrome);
    assert_non_null(strstr(text, "{\"ph\":\"B\",\"pid\":8,\"tid\":1,\"ts\":0.500,\"cat\":"
                                 "\"hypercall\",\"name\":\"mmu_update\","));
    assert_non_null(strstr(text, "{\"ph\":\"E\",\"pid\":8,\"tid\":1,\"ts\":2.001}"));
    assert_non_null(strstr(text, "\"args\":{\"name\":\"vCPU 0\"}"));
    free(text);
}

static void what_began_before_the_trace_is_left_out(void **state)
{
    add_record(0, 1000, PAVO_EV_HYPERCALL_END, 7, 1);
    add_record(0, 1100, PAVO_EV_SWITCH_OUT, 7, 0);
    assert_phases(0, 0, 0);
}

static void what_is_open_at_the_end_ends_there(void **state)
{
    add_record(0, 1000, PAVO_EV_SWITCH_IN, 7, 0);
    add_record(0, 1100, PAVO_EV_HYPERCALL, 7, 13);
    add_record(0, 1200, PAVO_EV_HYPERCALL, 7, 1);
    assert_phases(3, 3, 0);
}

static void a_gap_ends_what_is_open_on_its_cpu(void **state)
{
    char *text;

    add_record(0, 1000, PAVO_EV_SWITCH_IN, 7, 0);
    add_record(0, 1000, PAVO_EV_HYPERCALL, 7, 1);
    add_record(1, 1000, PAVO_EV_HYPERCALL, 8, 1);
    add_record(0, 5000, PAVO_EV_LOST, 0, 9);
    add_record(0, 6000, PAVO_EV_HYPERCALL_END, 7, 1); /* of another one */
    add_record(1, 9000, PAVO_EV_HYPERCALL_END, 8, 1);
    assert_phases(3, 3, 1);
    text = decode(trace_chrome);
    assert_non_null(strstr(text, "{\"ph\":\"E\",\"pid\":8,\"tid\":1,\"ts\":4.000}"));
    assert_non_null(strstr(text, "{\"ph\":\"E\",\"pid\":9,\"tid\":1,\"ts\":8.000}"));
    assert_non_null(strstr(text, "9 records lost"));
    free(text);
}

static void another_vcpus_hypercall_ends_the_one_before(void **state)
{
    add_record(0, 1000, PAVO_EV_HYPERCALL, 7, 1);
    add_record(0, 1100, PAVO_EV_HYPERCALL, 8, 1);
    add_record(0, 1200, PAVO_EV_HYPERCALL_END, 8, 1);
    add_record(0, 1300, PAVO_EV_HYPERCALL_END, 7, 1);
    assert_phases(2, 2, 0);
}

static void however_many_begin_each_ends(void **state)
{
    for (unsigned int i = 0; i < 20; i++)
        add_record(0, 1000 + i, PAVO_EV_HYPERCALL, 7, i);
    assert_phases(20, 20, 0);
}

static void assert_refused(const char *why)
{
    struct trace_summary s;
    struct err e = {0};

    assert_int_equal(trace_check(file, len, &s, &e), -1);
    assert_int_equal(e.status, STATUS_USAGE);
    assert_non_null(strstr(e.text, why));
}

static void what_is_no_trace_is_refused(void **state)
{
    len = 31;
    assert_refused("not a trace");
    len = 0;
    assert_refused("not a trace");
    setup(NULL);
    ((char *)file)[7]++;
    assert_refused("not a trace");
    setup(NULL);
    ((struct trace_header *)(void *)file)->nr_cpus = 65;
    assert_refused("from its head on");
    ((struct trace_header *)(void *)file)->nr_cpus = 1;
    ((struct trace_header *)(void *)file)->header_bytes = 48;
    assert_refused("from its head on");
}

static void chunks_that_cannot_be_are_refused(void **state)
{
    static const struct trace_chunk bad[] = {
        {.kind = 0, .bytes = 8},
        {.kind = TRACE_END + 1, .bytes = 8},
        {.kind = TRACE_RECORDS, .bytes = 24},
        {.kind = TRACE_RECORDS, .bytes = 12},
        {.kind = TRACE_RECORDS, .number = 2, .bytes = 16},
        {.kind = TRACE_RECORDS, .bytes = TRACE_CHUNK_MAX + 16},
        {.kind = TRACE_RECORDS, .bytes = 0xfffffff0},
        {.kind = TRACE_NAME, .number = 65536, .bytes = 8},
        {.kind = TRACE_NAME, .bytes = 264},
        {.kind = TRACE_END, .number = 2, .bytes = 8},
        {.kind = TRACE_END, .bytes = 16},
    };

    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        setup(NULL);
        add_record(0, 1, PAVO_EV_SEND, 7, 0);
        add(&bad[i], sizeof(bad[i]));
        len += 64;
        assert_refused("from byte 64 on");
    }
}

static void a_file_that_was_cut_off_is_good_so_far(void **state)
{
    size_t whole, records;
    char *text;

    for (unsigned int i = 0; i < 4; i++)
        add_record(i % 2, i, PAVO_EV_SEND, 7, i);
    whole = len;
    for (len = sizeof(struct trace_header); len < whole; len++) {
        text = decode(trace_text);
        for (records = 0; strchr(text, '\n'); records++)
            memmove(text, strchr(text, '\n') + 1, strlen(strchr(text, '\n')));
        assert_int_equal(records, (len - sizeof(struct trace_header)) / 32);
        free(text);
    }
}

static void no_byte_can_do_harm(void **state)
{
    size_t i;
    unsigned int flip;

    add_chunk(TRACE_NAME, 7, "web\0\0\0\0", 8);
    add_record(0, 1000, PAVO_EV_SWITCH_IN, 7, 0);
    add_record(0, 1000, PAVO_EV_HYPERCALL, 7, 1);
    add_record(1, 1000, PAVO_EV_HYPERCALL_END, 7, 1);
    add_end(0, 1);
    for (i = 0; i < len; i++) {
        for (flip = 1; flip < 256; flip = flip * 2 + 1) {
            ((uint8_t *)file)[i] ^= (uint8_t)flip;
            free(decode(trace_text));
            free(decode(trace_chrome));
            ((uint8_t *)file)[i] ^= (uint8_t)flip;
        }
    }
}

static void lists_of_events_become_masks(void **state)
{
    const char *bad = NULL;
    uint32_t mask;

    assert_true(perf_events_parse("hypercall", &mask, &bad));
    assert_int_equal(mask, 1u << PAVO_EV_HYPERCALL | 1u << PAVO_EV_HYPERCALL_END);
    assert_true(perf_events_parse("tlb,sched", &mask, &bad));
    assert_int_equal(mask, 7u << PAVO_EV_TLB_LOCAL | 7u << PAVO_EV_WAKE);
    assert_true(perf_events_parse("all", &mask, &bad));
    assert_int_equal(mask, (1u << PAVO_EVENTS) - 2);
    assert_true(perf_events_parse(perf_events_words(), &mask, &bad));
    assert_int_equal(mask, (1u << PAVO_EVENTS) - 2);
    assert_false(perf_events_parse("", &mask, &bad));
    assert_false(perf_events_parse("trap,", &mask, &bad));
    assert_false(perf_events_parse("trap,hyper,tlb", &mask, &bad));
    assert_int_equal(strncmp(bad, "hyper,", 6), 0);
    assert_false(perf_events_parse("al", &mask, &bad));
}

static void what_has_no_name_is_other(void **state)
{
    assert_string_equal(perf_hypercall_name(29), "sched_op");
    assert_string_equal(perf_hypercall_name(63), "other");
    assert_string_equal(perf_hypercall_name(0xffffffff), "other");
    assert_string_equal(perf_trap_name(0x80), "int 0x80");
    assert_string_equal(perf_trap_name(14), "page fault");
    assert_string_equal(perf_trap_name(255), "other");
    assert_string_equal(perf_emulated_name(5), "cpuid");
    assert_string_equal(perf_emulated_name(PAVO_EMUL_PT_STORE + 14), "not to page table");
    assert_string_equal(perf_emulated_name(39), "other");
    assert_string_equal(perf_event_name(PAVO_EVENTS), "unknown");
    assert_string_equal(perf_event_name(PAVO_EV_INTERRUPT), "interrupt");
}

#define T(f) cmocka_unit_test_setup(f, setup)

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(cpus_are_merged_in_the_order_of_time),
        T(the_last_name_counts_and_is_made_harmless),
        T(a_summary_adds_up),
        T(an_empty_trace_is_json),
        T(hypercalls_are_durations_and_others_instants),
        T(what_began_before_the_trace_is_left_out),
        T(what_is_open_at_the_end_ends_there),
        T(a_gap_ends_what_is_open_on_its_cpu),
        T(another_vcpus_hypercall_ends_the_one_before),
        T(however_many_begin_each_ends),
        T(what_is_no_trace_is_refused),
        T(chunks_that_cannot_be_are_refused),
        T(a_file_that_was_cut_off_is_good_so_far),
        T(no_byte_can_do_harm),
        T(lists_of_events_become_masks),
        T(what_has_no_name_is_other),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
