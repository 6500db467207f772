/* SPDX-License-Identifier: GPL-2.0-only */
/* domtop: what the domains of this host use, as it changes. */
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

#include "dom0-tools/domtop/model.h"
#include "dom0-tools/domtop/screen.h"
#include "dom0-tools/domtop/source.h"
#include "dom0-tools/domtop/view.h"
#include "dom0-tools/lib/err.h"
#include "dom0-tools/lib/json.h"

#define BATCH_WIDTH 100

static const char usage[] =
    "usage: domtop [-b] [-o json] [-d SECONDS] [-n COUNT] [-s KEY] [-r] [-t] [-v] [--help]\n"
    "Shows what the domains of this host use: CPU, memory, disk and network. Press h for its "
    "keys.\n"
    "  -b, --batch            print tables instead, without a terminal\n"
    "  -o, --output=json      the same as JSON, one object a line\n"
    "  -d, --delay=SECONDS    time between two looks (2 unless told)\n"
    "  -n, --iterations=COUNT end after so many (for ever unless told; with -o json, 1)\n"
    "  -s, --sort=KEY         name, id, state, vcpus, memory, cpu (unless told), read, write, rx, "
    "tx\n"
    "  -r, --reverse          in the opposite order\n"
    "  -t, --totals           since the domain's start instead of rates\n"
    "  -v, --vcpus            with a line for each vCPU\n";

struct settings {
    struct view view;
    bool batch, json;
};

static int fail(const struct err *e)
{
    fflush(stdout);
    fprintf(stderr, "domtop: %s\n", e->text);
    return e->status;
}

static int misuse(const char *why)
{
    fprintf(stderr, "domtop: %s (see domtop --help)\n", why);
    return STATUS_USAGE;
}

static void pause_s(double seconds)
{
    struct timespec ts = {.tv_sec = (time_t)seconds};

    ts.tv_nsec = (long)((seconds - (double)ts.tv_sec) * 1e9);
    nanosleep(&ts, NULL);
}

static bool print_json_line(const struct sample *s)
{
    struct json_out *o = json_out_new(false);
    bool ok = false;

    if (o) {
        sample_to_json(s, o);
        ok = json_text(o, NULL) && puts(json_text(o, NULL)) >= 0;
    }
    json_out_free(o);
    return ok;
}

static bool print_table(const struct sample *s, const struct view *v, bool first)
{
    struct layout l;
    struct row vcpu;
    char line[512];
    size_t i, k;

    layout_make(&l, BATCH_WIDTH);
    layout_line(&l, NULL, v->totals, line, sizeof(line));
    printf("%s%s\n", first ? "" : "\n", line);
    for (i = 0; i < s->count; i++) {
        layout_line(&l, &s->rows[i], v->totals, line, sizeof(line));
        puts(line);
        for (k = 0; v->vcpus && k < s->rows[i].nr_vcpus; k++) {
            row_of_vcpu(&s->rows[i], k, &vcpu);
            layout_line(&l, &vcpu, v->totals, line, sizeof(line));
            puts(line);
        }
    }
    if (!s->stored || !s->consoled)
        fprintf(stderr, "domtop: %s: not running (start it)\n", s->stored ? "consoled" : "stored");
    return !ferror(stdout);
}

/* Rates need two looks, so the first table comes after the first delay. */
static int batch(const struct settings *set)
{
    const struct view *v = &set->view;
    struct sample before, now;
    struct err e = {0};
    long turn;

    if (source_sample(&before, &e))
        return fail(&e);
    for (turn = 0; !v->turns || turn < v->turns; turn++) {
        bool ok;

        pause_s(v->delay_s);
        if (source_sample(&now, &e)) {
            sample_free(&before);
            return fail(&e);
        }
        sample_rates(&now, &before);
        sample_sort(&now, v->sort, v->totals, v->reverse);
        ok = set->json ? print_json_line(&now) : print_table(&now, v, !turn);
        sample_free(&before);
        before = now;
        if (!ok || fflush(stdout)) {
            err_set(&e, err_file_status(errno), "standard output", NULL, "cannot be written: %s",
                    strerror(errno));
            break;
        }
    }
    sample_free(&before);
    return e.status ? fail(&e) : STATUS_DONE;
}

/* Returns -1 to go on, else an exit status. */
static int take_option(struct settings *set, int opt)
{
    struct view *v = &set->view;
    char *end;

    switch (opt) {
    case 'b':
        set->batch = true;
        return -1;
    case 'o':
        set->batch = set->json = true;
        return strcmp(optarg, "json") ? misuse("-o knows only json") : -1;
    case 'd':
        v->delay_s = strtod(optarg, &end);
        return *end || !(v->delay_s >= DELAY_MIN_S && v->delay_s <= DELAY_MAX_S)
                   ? misuse("-d needs a number of seconds from 0.1 to 3600")
                   : -1;
    case 'n':
        v->turns = strtol(optarg, &end, 10);
        return *end || v->turns < 1 || v->turns > 1000000000
                   ? misuse("-n needs a number of at least 1")
                   : -1;
    case 's':
        v->sort = sort_key_parse(optarg);
        return v->sort < 0 ? misuse("-s knows no such key") : -1;
    case 'r':
        v->reverse = true;
        return -1;
    case 't':
        v->totals = true;
        return -1;
    case 'v':
        v->vcpus = true;
        return -1;
    case 'h':
        fputs(usage, stdout);
        return STATUS_DONE;
    default:
        return misuse("unknown option, or one without its value");
    }
}

int main(int argc, char **argv)
{
    static const struct option names[] = {
        {"batch", no_argument, NULL, 'b'},       {"output", required_argument, NULL, 'o'},
        {"delay", required_argument, NULL, 'd'}, {"iterations", required_argument, NULL, 'n'},
        {"sort", required_argument, NULL, 's'},  {"reverse", no_argument, NULL, 'r'},
        {"totals", no_argument, NULL, 't'},      {"vcpus", no_argument, NULL, 'v'},
        {"help", no_argument, NULL, 'h'},        {0}};
    struct settings set = {.view = {.delay_s = 2, .sort = SORT_CPU}};
    struct err e = {0};
    int opt, rc;

    opterr = 0;
    while ((opt = getopt_long(argc, argv, "bo:d:n:s:rtvh", names, NULL)) != -1) {
        rc = take_option(&set, opt);
        if (rc >= 0)
            return rc;
    }
    if (optind != argc)
        return misuse("too many arguments");
    if (set.json && !set.view.turns)
        set.view.turns = 1;
    if (set.batch)
        return batch(&set);
    if (!isatty(STDIN_FILENO) || !isatty(STDOUT_FILENO))
        return misuse("this is no terminal: use --batch or -o json");
    screen_run(&set.view, &e);
    return e.status ? fail(&e) : STATUS_DONE;
}
