/* SPDX-License-Identifier: GPL-2.0-only */
#include "dom0-tools/domctl.h"

#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "dom0-tools/lib/amount.h"

struct share {
    const char *name;
    bool json, has_weight, has_cap;
    uint64_t weight, cap;
};

/* Its own, as -w and -c mean weight and cap here, as they do for xl. NULL, or what is wrong. */
static const char *take_option(int opt, struct share *s)
{
    switch (opt) {
    case 'w':
        s->has_weight = true;
        return number_parse(&s->weight, optarg) ? NULL : "-w needs a number";
    case 'c':
        s->has_cap = true;
        return number_parse(&s->cap, optarg) ? NULL : "-c needs a number";
    case 'd':
        s->name = optarg;
        return NULL;
    case 'o':
        s->json = !strcmp(optarg, "json");
        return s->json ? NULL : "-o knows only json";
    default:
        return NULL;
    }
}

/* False with *@status when the verb is over. */
static bool parse(const struct verb *v, int argc, char **argv, struct share *s, int *status)
{
    static const struct option names[] = {
        {"weight", required_argument, NULL, 'w'}, {"cap", required_argument, NULL, 'c'},
        {"domain", required_argument, NULL, 'd'}, {"output", required_argument, NULL, 'o'},
        {"help", no_argument, NULL, 'h'},         {0}};
    const char *why = NULL;
    int opt;

    opterr = 0;
    while (!why && (opt = getopt_long(argc, argv, ":w:c:d:o:h", names, NULL)) != -1) {
        if (opt == 'h') {
            *status = show_help(v);
            return false;
        }
        if (opt == '?' || opt == ':') {
            *status = refuse_option(v, argv[optind - 1], opt == ':');
            return false;
        }
        why = take_option(opt, s);
    }
    if (!why && argc - optind > (s->name ? 0 : 1))
        why = "too many arguments";
    if (!why && !s->name && optind < argc)
        s->name = argv[optind];
    if (!why && !s->name && (s->has_weight || s->has_cap))
        why = "which domain?";
    if (why)
        *status = usage_error(v, why);
    return !why;
}

static void add_share(struct json_out *o, const void *arg)
{
    const struct share *s = arg;

    if (s->has_weight)
        json_put_u64(o, "weight", s->weight);
    if (s->has_cap)
        json_put_u64(o, "cap", s->cap);
}

static void print_table(const struct json *domains)
{
    size_t i;

    printf("%-24s %5s %6s %5s\n", "NAME", "ID", "WEIGHT", "CAP/%");
    for (i = 0; i < json_length(domains); i++) {
        const struct json *d = json_at(domains, i);
        const char *name = json_get_str(d, "name");
        uint64_t id = 0, weight = 0, cap = 0;

        json_get_u64(d, "id", &id);
        json_get_u64(d, "weight", &weight);
        json_get_u64(d, "cap", &cap);
        printf("%-24s %5" PRIu64 " %6" PRIu64 " %5" PRIu64 "\n", name ? name : "?", id, weight,
               cap);
    }
}

int cmd_sched(const struct verb *v, int argc, char **argv)
{
    struct share s = {0};
    struct err e = {0};
    struct json *j;
    int status = STATUS_DONE;

    if (!parse(v, argc, argv, &s, &status))
        return status;
    j = ask_domd("sched", s.name, add_share, &s, NULL, &e);
    if (!j)
        return fail(&e);
    if (s.json)
        status = print_json(json_get(j, "domains"));
    else if (!s.has_weight && !s.has_cap)
        print_table(json_get(j, "domains"));
    json_free(j);
    return status;
}
