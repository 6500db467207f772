/* SPDX-License-Identifier: GPL-2.0-only */
/* The command lines of domctl's verbs. */
#include "dom0-tools/domctl.h"

#include <getopt.h>
#include <stdio.h>
#include <string.h>

#include "dom0-tools/lib/amount.h"

#define WAIT_DEFAULT_S 60
#define WAIT_MAX_S     86400

/* A capital stands for an option that has only a long name. */
static const struct option all_options[] = {
    {"output", required_argument, NULL, 'o'},
    {"console", no_argument, NULL, 'c'},
    {"paused", no_argument, NULL, 'p'},
    {"dryrun", no_argument, NULL, 'n'},
    {"dry-run", no_argument, NULL, 'n'},
    {"quiet", no_argument, NULL, 'q'},
    {"defconfig", required_argument, NULL, 'f'},
    {"set", required_argument, NULL, 'e'},
    {"timing", no_argument, NULL, 'M'},
    {"all", no_argument, NULL, 'a'},
    {"wait", no_argument, NULL, 'w'},
    {"timeout", required_argument, NULL, 't'},
    {"destroy", no_argument, NULL, 'D'},
    {"force", no_argument, NULL, 'F'},
    {"live", no_argument, NULL, 'L'},
    {"compress", no_argument, NULL, 'Z'},
    {"verbose", no_argument, NULL, 'v'},
    {"short", no_argument, NULL, 's'},
    {"help", no_argument, NULL, 'h'},
};

#define NR_OPTIONS (sizeof(all_options) / sizeof(all_options[0]))

int usage_error(const struct verb *v, const char *why)
{
    char line[512];

    snprintf(line, sizeof(line), "%s", why); /* with words that somebody typed */
    err_one_line(line);
    fprintf(stderr, "domctl: %s: %s (usage: domctl %s%s%s)\n", v->name, line, v->name,
            *v->args ? " " : "", v->args);
    return STATUS_USAGE;
}

static const char *take_seconds(const char *text, struct options *o)
{
    uint64_t n;

    if (!number_parse(&n, text) || n > WAIT_MAX_S)
        return "-t needs a number of seconds, at most 86400";
    o->wait = o->timed = true;
    o->seconds = (unsigned int)n;
    return NULL;
}

static const char *take_override(const char *text, struct options *o)
{
    if (!strchr(text, '='))
        return "-e needs KEY=VALUE (xl's -e is not needed: domd watches over every guest)";
    if (o->nr_overrides == OVERRIDES_MAX)
        return "too many -e";
    o->overrides[o->nr_overrides++] = text;
    return NULL;
}

/* NULL, or what is wrong with the value. */
static const char *take_option(int opt, struct options *o)
{
    switch (opt) {
    case 'o':
        o->json = !strcmp(optarg, "json");
        return o->json ? NULL : "-o knows only json";
    case 't':
        return take_seconds(optarg, o);
    case 'e':
        return take_override(optarg, o);
    case 'f':
        o->file = optarg;
        return NULL;
    default:
        break;
    }
    o->console |= opt == 'c';
    o->paused |= opt == 'p';
    o->dry_run |= opt == 'n';
    o->quiet |= opt == 'q';
    o->timing |= opt == 'M';
    o->all |= opt == 'a';
    o->wait |= opt == 'w';
    o->waits += opt == 'w';
    o->destroy |= opt == 'D';
    o->force |= opt == 'F';
    o->live |= opt == 'L';
    o->compress |= opt == 'Z';
    o->verbose |= opt == 'v';
    o->brief |= opt == 's';
    return NULL;
}

/* What getopt_long() shall know for @known. */
static void make_tables(const char *known, char letters[3 * NR_OPTIONS + 2],
                        struct option longs[NR_OPTIONS + 1])
{
    size_t i, n = 0, l = 0;

    letters[l++] = ':'; /* tell a missing value from an unknown option */
    for (i = 0; i < NR_OPTIONS; i++) {
        int c = all_options[i].val;

        if (c != 'h' && !strchr(known, c))
            continue;
        longs[n++] = all_options[i];
        if (c >= 'A' && c <= 'Z')
            continue;
        letters[l++] = (char)c;
        if (all_options[i].has_arg)
            letters[l++] = ':';
    }
    longs[n] = (struct option){0};
    letters[l] = '\0';
}

int refuse_option(const struct verb *v, const char *word, bool value_missing)
{
    char name[64], why[256];
    const char *hint;

    if (optopt && strncmp(word, "--", 2))
        snprintf(name, sizeof(name), "-%c", optopt);
    else
        snprintf(name, sizeof(name), "%.*s", (int)strcspn(word, "="), word);
    err_one_line(name);
    hint = value_missing ? NULL : xl_option_hint(v->name, name);
    if (hint) {
        fprintf(stderr, "domctl: %s: %s is not supported (%s)\n", v->name, name, hint);
        return STATUS_USAGE;
    }
    snprintf(why, sizeof(why), "%s%s%s", value_missing ? "" : "unknown option ", name,
             value_missing ? " needs a value" : "");
    return usage_error(v, why);
}

int show_help(const struct verb *v)
{
    printf("usage: domctl %s%s%s\n%s\n%s", v->name, *v->args ? " " : "", v->args, v->summary,
           v->help);
    return STATUS_DONE;
}

int parse_options(const struct verb *v, int argc, char **argv, const char *known, int min, int max,
                  struct options *o, int *status)
{
    char letters[3 * NR_OPTIONS + 2];
    struct option longs[NR_OPTIONS + 1];
    const char *why;
    int opt;

    *o = (struct options){.seconds = WAIT_DEFAULT_S};
    make_tables(known, letters, longs);
    opterr = 0;
    for (;;) {
        const char *word = argv[optind < argc ? optind : argc - 1];

        opt = getopt_long(argc, argv, letters, longs, NULL);
        if (opt == -1)
            break;
        if (opt == 'h') {
            *status = show_help(v);
            return -1;
        }
        if (opt == '?' || opt == ':') {
            /* It may have skipped words that are no options: its own is the one before optind. */
            if (strncmp(word, "-", 1) || !strcmp(word, "-"))
                word = argv[optind - 1];
            *status = refuse_option(v, word, opt == ':');
            return -1;
        }
        why = take_option(opt, o);
        if (why) {
            *status = usage_error(v, why);
            return -1;
        }
    }
    if (argc - optind < min || (max >= 0 && argc - optind > max)) {
        *status =
            usage_error(v, argc - optind < min ? "an argument is missing" : "too many arguments");
        return -1;
    }
    return optind;
}
