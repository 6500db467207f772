/* SPDX-License-Identifier: GPL-2.0-only */
/* Verbs that ask domd for one thing and print nothing. */
#include "dom0-tools/domctl.h"

#include <stdio.h>
#include <stdlib.h>

static int ask_one(const struct target *t, void *arg, struct err *e)
{
    struct json *j = ask_domd(arg, target_key(t), NULL, NULL, NULL, e);

    json_free(j);
    return j ? 0 : -1;
}

int simple_verb(const struct verb *v, int argc, char **argv, const char *op)
{
    char word[32];
    struct err e = {0};
    struct target *list;
    struct options o;
    long n;
    int status, first = parse_options(v, argc, argv, "", 1, -1, &o, &status);

    if (first < 0)
        return status;
    n = find_targets(argv + first, argc - first, ALL_NONE, &list, &e);
    if (n < 0)
        return fail(&e);
    snprintf(word, sizeof(word), "%s", op);
    status = for_each_target(list, n, ask_one, word);
    free(list);
    return status;
}
