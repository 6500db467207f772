/* SPDX-License-Identifier: GPL-2.0-only */
#include "dom0-tools/domctl.h"

#include <getopt.h>
#include <inttypes.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "dom0-tools/lib/perfnames.h"
#include "pv-abi/pavo.h"

#define WORDS (sizeof(struct pavo_perf) / sizeof(uint64_t))

struct wish {
    const char *what; /* "on", "off", "reset"; NULL: show */
    const char *name;
    bool json;
    unsigned int seconds; /* 0: since counting began */
};

/* ---- command line */

static const char *take_option(int opt, struct wish *w)
{
    char *end;

    switch (opt) {
    case 'o':
        w->json = !strcmp(optarg, "json");
        return w->json ? NULL : "-o knows only json";
    case 'i':
        w->seconds = (unsigned int)strtoul(optarg, &end, 10);
        return *optarg < '0' || *optarg > '9' || *end || !w->seconds || w->seconds > 86400
                   ? "-i needs a number of seconds, 1 to 86400"
                   : NULL;
    default:
        if (w->what)
            return "only one of --on, --off and --reset";
        w->what = opt == 'N' ? "on" : opt == 'F' ? "off" : "reset";
        return NULL;
    }
}

/* False with *@status when the verb is over. */
static bool parse(const struct verb *v, int argc, char **argv, struct wish *w, int *status)
{
    static const struct option names[] = {{"on", no_argument, NULL, 'N'},
                                          {"off", no_argument, NULL, 'F'},
                                          {"reset", no_argument, NULL, 'R'},
                                          {"interval", required_argument, NULL, 'i'},
                                          {"output", required_argument, NULL, 'o'},
                                          {"help", no_argument, NULL, 'h'},
                                          {0}};
    const char *why = NULL;
    int opt;

    opterr = 0;
    while (!why && (opt = getopt_long(argc, argv, ":i:o:h", names, NULL)) != -1) {
        if (opt == 'h') {
            *status = show_help(v);
            return false;
        }
        if (opt == '?' || opt == ':') {
            *status = refuse_option(v, argv[optind - 1], opt == ':');
            return false;
        }
        why = take_option(opt, w);
    }
    if (!why && argc - optind > (w->what ? 0 : 1))
        why = w->what && argc - optind == 1 ? "counting is for all domains at once"
                                            : "too many arguments";
    if (!why && w->what && (w->seconds || w->json))
        why = "--on, --off and --reset show nothing";
    if (why)
        *status = usage_error(v, why);
    else
        w->name = argv[optind];
    return !why;
}

/* ---- counters */

static bool take_words(const struct json *domain, uint64_t words[WORDS])
{
    const struct json *list = json_get(domain, "words");
    size_t i;

    memset(words, 0, WORDS * sizeof(*words));
    for (i = 0; i < WORDS && i < json_length(list); i++)
        if (!json_u64(json_at(list, i), &words[i]))
            return false;
    return (uint32_t)words[0] >= PAVO_PERF_VERSION; /* later ones add at the end */
}

/* The same domain's counters in an earlier answer; false: it is new. */
static bool find_words(const struct json *domains, uint64_t id, uint64_t words[WORDS])
{
    size_t i;

    for (i = 0; i < json_length(domains); i++) {
        uint64_t other;

        if (json_get_u64(json_at(domains, i), "id", &other) && other == id)
            return take_words(json_at(domains, i), words);
    }
    return false;
}

/* *@p: of @domain, less what @before has of it. */
static bool take_counters(const struct json *domain, const struct json *before, struct pavo_perf *p)
{
    uint64_t now[WORDS], then[WORDS], id = 0;
    size_t i;

    json_get_u64(domain, "id", &id);
    if (!take_words(domain, now))
        return false;
    /* Was it turned on anew in between, there is nothing to take off. */
    if (find_words(before, id, then) && then[1] == now[1]) {
        for (i = offsetof(struct pavo_perf, events) / sizeof(*now); i < WORDS; i++)
            now[i] -= then[i];
        now[1] = then[2];
    }
    memcpy(p, now, sizeof(*p));
    return true;
}

/* ---- showing */

struct row {
    const char *name;
    uint64_t count, ns;
    bool timed;
};

static int by_time(const void *a, const void *b)
{
    const struct row *x = a, *y = b;

    if (x->ns != y->ns)
        return x->ns < y->ns ? 1 : -1;
    return x->count < y->count ? 1 : x->count > y->count ? -1 : strcmp(x->name, y->name);
}

static size_t make_rows(struct row *rows, const uint64_t *counts, const uint64_t *ns, size_t nr,
                        const char *(*name)(uint32_t))
{
    size_t i, n = 0;

    for (i = 0; i < nr; i++)
        if (counts[i] || (ns && ns[i]))
            rows[n++] = (struct row){name((uint32_t)i), counts[i], ns ? ns[i] : 0, ns};
    qsort(rows, n, sizeof(*rows), by_time);
    return n;
}

static void print_rows(const char *title, const struct row *rows, size_t n, double seconds)
{
    size_t i;

    if (!n)
        return;
    printf("  %-26s %12s %10s", title, "COUNT", "PER S");
    puts(rows[0].timed ? "    TIME/ms  EACH/ns  CPU/%" : "");
    for (i = 0; i < n; i++) {
        const struct row *r = &rows[i];

        printf("  %-26s %12" PRIu64 " %10.0f", r->name, r->count, (double)r->count / seconds);
        if (r->timed)
            printf(" %10.3f %8" PRIu64 " %6.2f", (double)r->ns / 1e6,
                   r->count ? r->ns / r->count : 0, (double)r->ns / seconds / 1e7);
        putchar('\n');
    }
}

/* Hypercalls that ended only to be issued again. */
static uint64_t to_go_on(const struct pavo_perf *p)
{
    uint64_t n = p->events[PAVO_EV_HYPERCALL_END];
    size_t i;

    for (i = 0; i < sizeof(p->hypercalls) / sizeof(p->hypercalls[0]); i++)
        n -= p->hypercalls[i] < n ? p->hypercalls[i] : n; /* others count while we read */
    return n;
}

static size_t make_other_rows(struct row *rows, const struct pavo_perf *p)
{
    uint64_t counts[PAVO_EVENTS];
    size_t n;

    memcpy(counts, p->events, sizeof(counts));
    counts[PAVO_EV_HYPERCALL] = counts[PAVO_EV_HYPERCALL_END] = 0;
    counts[PAVO_EV_TRAP] = counts[PAVO_EV_EMULATE] = 0; /* shown one by one */
    n = make_rows(rows, counts, NULL, PAVO_EVENTS, perf_event_name);
    if (p->sums[PAVO_EV_GRANT_COPY])
        rows[n++] = (struct row){"bytes copied by grant", p->sums[PAVO_EV_GRANT_COPY], 0, false};
    if (to_go_on(p))
        rows[n++] = (struct row){"hypercalls to go on", to_go_on(p), 0, false};
    if (p->sums[PAVO_EV_SWITCH_OUT])
        rows[n++] = (struct row){"CPU left idle", p->sums[PAVO_EV_SWITCH_OUT], 0, false};
    return n;
}

static void print_latency(const struct pavo_perf *p)
{
    uint64_t total = 0;
    unsigned int i;

    for (i = 0; i < 32; i++)
        total += p->wake_us[i];
    if (!total)
        return;
    printf("  %-26s %12s %10s\n", "WOKEN TO RUNNING", "COUNT", "SHARE/%");
    for (i = 0; i < 32; i++) {
        char text[32];

        if (!p->wake_us[i])
            continue;
        if (i == 31)
            strcpy(text, "longer");
        else
            snprintf(text, sizeof(text), "below %llu us", 1ull << i);
        printf("  %-26s %12" PRIu64 " %10.1f\n", text, p->wake_us[i],
               100.0 * (double)p->wake_us[i] / (double)total);
    }
}

static double seconds_of(const struct pavo_perf *p)
{
    return p->now_ns > p->since_ns ? (double)(p->now_ns - p->since_ns) / 1e9 : 1e-9;
}

static void print_domain(const char *name, uint64_t id, const struct pavo_perf *p)
{
    double seconds = seconds_of(p);
    struct row rows[64] = {{0}};

    printf("%s (%" PRIu64 "): %.3f s\n", name, id, seconds);
    print_rows("HYPERCALL", rows,
               make_rows(rows, p->hypercalls, p->hypercall_ns, 64, perf_hypercall_name), seconds);
    print_rows("TRAP", rows, make_rows(rows, p->traps, NULL, 40, perf_trap_name), seconds);
    print_rows("EMULATED", rows, make_rows(rows, p->emulated, NULL, 40, perf_emulated_name),
               seconds);
    print_rows("EVENT", rows, make_other_rows(rows, p), seconds);
    print_latency(p);
}

static void tell_rows(struct json_out *o, const char *key, const uint64_t *counts,
                      const uint64_t *ns, size_t nr, const char *(*name)(uint32_t))
{
    size_t i;

    json_key(o, key);
    json_array(o);
    for (i = 0; i < nr; i++) {
        if (!counts[i] && !(ns && ns[i]))
            continue;
        json_object(o);
        json_put_str(o, "name", name((uint32_t)i));
        json_put_u64(o, "number", i);
        json_put_u64(o, "count", counts[i]);
        if (ns)
            json_put_u64(o, "ns", ns[i]);
        json_end_object(o);
    }
    json_end_array(o);
}

static void tell_domain(struct json_out *o, const char *name, uint64_t id,
                        const struct pavo_perf *p)
{
    size_t i;

    json_object(o);
    json_put_str(o, "name", name);
    json_put_u64(o, "id", id);
    json_put_u64(o, "ns", p->now_ns - p->since_ns);
    tell_rows(o, "hypercalls", p->hypercalls, p->hypercall_ns, 64, perf_hypercall_name);
    json_put_u64(o, "hypercalls_to_go_on", to_go_on(p));
    tell_rows(o, "traps", p->traps, NULL, 40, perf_trap_name);
    tell_rows(o, "emulated", p->emulated, NULL, 40, perf_emulated_name);
    json_key(o, "events");
    json_object(o);
    for (i = PAVO_EV_HYPERCALL; i < PAVO_EVENTS; i++)
        json_put_u64(o, perf_event_name((uint32_t)i), p->events[i]);
    json_end_object(o);
    json_put_u64(o, "grant_bytes", p->sums[PAVO_EV_GRANT_COPY]);
    json_put_u64(o, "cpu_left_idle", p->sums[PAVO_EV_SWITCH_OUT]);
    json_key(o, "wake_us");
    json_array(o);
    for (i = 0; i < 32; i++)
        json_value_u64(o, p->wake_us[i]);
    json_end_array(o);
    json_end_object(o);
}

/* @o: NULL, or write JSON there. */
static bool show(const struct json *domains, const struct json *before, struct json_out *o)
{
    size_t i;

    for (i = 0; i < json_length(domains); i++) {
        const struct json *d = json_at(domains, i);
        const char *name = json_get_str(d, "name");
        struct pavo_perf p;
        uint64_t id = 0;

        json_get_u64(d, "id", &id);
        if (!take_counters(d, before, &p))
            return false;
        if (o)
            tell_domain(o, name ? name : "?", id, &p);
        else
            print_domain(name ? name : "?", id, &p);
    }
    return true;
}

/* ---- the verb */

static void add_what(struct json_out *o, const void *arg)
{
    const struct wish *w = arg;

    if (w->what)
        json_put_str(o, "do", w->what);
}

static int print_counters(const struct wish *w, const struct json *now, const struct json *before)
{
    struct json_out *o = w->json ? json_out_new(true) : NULL;
    struct err e = {0};
    int status = STATUS_DONE;

    if (o)
        json_array(o);
    if (!show(json_get(now, "domains"), json_get(before, "domains"), o)) {
        err_set(&e, STATUS_FAILED, "perf", "domctl and Pavo differ in version?",
                "the counters cannot be read");
        status = fail(&e);
    } else if (o) {
        json_end_array(o);
        status = print_text(o);
    }
    json_out_free(o);
    return status;
}

int cmd_perf(const struct verb *v, int argc, char **argv)
{
    struct json *before = NULL, *now;
    struct wish w = {0};
    struct err e = {0};
    int status = STATUS_DONE;

    if (!parse(v, argc, argv, &w, &status))
        return status;
    if (w.seconds) {
        before = ask_domd("perf", w.name, add_what, &w, NULL, &e);
        if (!before)
            return fail(&e);
        sleep(w.seconds);
    }
    now = ask_domd("perf", w.name, add_what, &w, NULL, &e);
    if (!now)
        status = fail(&e);
    else if (!w.what)
        status = print_counters(&w, now, before);
    json_free(now);
    json_free(before);
    return status;
}
