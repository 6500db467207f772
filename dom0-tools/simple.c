/* SPDX-License-Identifier: GPL-2.0-only */
/* Verbs that ask domd for one thing, and print nothing unless asked for JSON. */
#include "dom0-tools/domctl.h"

#include <stdio.h>
#include <string.h>

void copy_answer(struct json_out *out, const struct json *answer)
{
    const struct json *value;
    const char *key;
    size_t i;

    for (i = 0; (value = json_member(answer, i, &key)); i++)
        if (strcmp(key, "ok")) {
            json_key(out, key);
            json_value_copy(out, value);
        }
}

int print_done(struct json *answer, const struct options *o)
{
    struct json_out *out = o->json ? json_out_new(true) : NULL;
    int status = STATUS_DONE;

    if (out) {
        json_object(out);
        copy_answer(out, answer);
        json_end_object(out);
        status = print_text(out);
        json_out_free(out);
    }
    json_free(answer);
    return status;
}

static void ask_one(struct target *t, void *arg)
{
    ask_target(t, *(const char **)arg, NULL, NULL);
}

int simple_verb(const struct verb *v, int argc, char **argv, const char *op)
{
    struct err e = {0};
    struct target *list;
    struct options o;
    long n;
    int status, first = parse_options(v, argc, argv, "o", 1, -1, &o, &status);

    if (first < 0)
        return status;
    n = find_targets(argv + first, argc - first, ALL_NONE, &list, &e);
    if (n < 0)
        return fail(&e);
    status = for_each_target(list, n, ask_one, &op);
    if (o.json)
        print_targets(list, n);
    free_targets(list, n);
    return status;
}

struct word {
    const char *key, *text;
};

static void add_word(struct json_out *o, const void *arg)
{
    const struct word *w = arg;

    json_put_str(o, w->key, w->text);
}

int word_verb(const struct verb *v, int argc, char **argv, const char *op, const char *key)
{
    struct err e = {0};
    struct options o;
    struct json *j;
    struct word w = {.key = key};
    int status, first = parse_options(v, argc, argv, "o", 2, 2, &o, &status);

    if (first < 0)
        return status;
    w.text = argv[first + 1];
    j = ask_domd(op, argv[first], add_word, &w, NULL, &e);
    return j ? print_done(j, &o) : fail(&e);
}

static void add_goal(struct json_out *o, const void *arg)
{
    const struct goal *goal = arg;

    json_put_u64(o, goal->member, goal->value);
}

int goal_verb(const struct verb *v, const char *name, const struct options *o,
              const struct goal *goal)
{
    struct err e = {0};
    struct json *j = ask_domd(v->name, name, add_goal, goal, NULL, &e);
    int status = STATUS_DONE;

    if (!j)
        return fail(&e);
    if (o->wait)
        status = wait_for_guest(name, goal->key, goal->value, o->seconds, goal->what);
    if (!status)
        return print_done(j, o);
    json_free(j);
    return status;
}
