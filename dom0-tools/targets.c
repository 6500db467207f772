/* SPDX-License-Identifier: GPL-2.0-only */
/* Verbs that take several domains: names, numbers, UUIDs and shell patterns. */
#include "dom0-tools/domctl.h"

#include <fnmatch.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

bool is_pattern(const char *word)
{
    return strpbrk(word, "*?[") != NULL; /* no name holds one of these */
}

bool names_domain(const char *word, const struct json *domain)
{
    const char *name = json_get_str(domain, "name"), *uuid = json_get_str(domain, "uuid");
    char number[24];
    uint64_t id;

    if (!name || !uuid || !json_get_u64(domain, "id", &id))
        return false;
    if (is_pattern(word))
        return !fnmatch(word, name, 0);
    snprintf(number, sizeof(number), "%" PRIu64, id);
    return !strcmp(word, name) || !strcasecmp(word, uuid) || !strcmp(word, number);
}

/* Appends unless it is there already. False: not a guest of domd's. */
static bool add_target(struct target *list, long *count, const struct json *domain)
{
    const char *name = json_get_str(domain, "name"), *uuid = json_get_str(domain, "uuid");
    struct target *t = &list[*count];
    uint64_t id = 0;
    long i;

    if (!name || *name == '(' || !uuid || !json_get_u64(domain, "id", &id) || !id)
        return false; /* dom0, or on its way out */
    snprintf(t->name, sizeof(t->name), "%s", name);
    snprintf(t->uuid, sizeof(t->uuid), "%s", uuid);
    for (i = 0; i < *count; i++)
        if (!strcmp(list[i].uuid, t->uuid))
            return true;
    t->word = NULL;
    ++*count;
    return true;
}

/* A word that is no pattern: the one guest it names, so that none is there twice; else domd judges. */
static void add_word(struct target *list, long *count, const char *word, const struct json *domains)
{
    const struct json *found = NULL;
    uint64_t id = 0;
    size_t k, n = 0;

    for (k = 0; k < json_length(domains); k++)
        if (names_domain(word, json_at(domains, k))) {
            found = json_at(domains, k);
            n++;
        }
    if (n == 1 && json_get_u64(found, "id", &id) && id)
        add_target(list, count, found);
    else
        list[(*count)++] = (struct target){.word = word};
}

static int add_pattern(struct target *list, long *count, const char *word,
                       const struct json *domains, struct err *e)
{
    bool any = false;
    size_t k;

    for (k = 0; k < json_length(domains); k++)
        if (names_domain(word, json_at(domains, k)))
            any |= add_target(list, count, json_at(domains, k));
    return any ? 0 : err_set(e, STATUS_NO_DOMAIN, word, "see domctl list", "no guest matches");
}

static bool is_wanted(enum all all, const struct json *domain)
{
    const char *state = json_get_str(domain, "state");

    return all == ALL_KNOWN || (all == ALL_ALIVE && state && strcmp(state, "shutdown") &&
                                strcmp(state, "crashed") && strcmp(state, "dying"));
}

long find_targets(char **words, int count, enum all all, struct target **list, struct err *e)
{
    bool ask = all != ALL_NONE || count > 1 || (count == 1 && is_pattern(words[0]));
    const struct json *domains;
    struct json *j = NULL;
    long n = 0;
    size_t k;
    int i, rc = 0;

    if (ask && !(j = ask_domd("list", NULL, NULL, NULL, NULL, e)))
        return -1;
    domains = json_get(j, "domains");
    *list = calloc((size_t)count + json_length(domains) + 2, sizeof(**list));
    if (!*list)
        rc = err_set(e, STATUS_RESOURCES, NULL, NULL, "out of memory");
    for (k = 0; !rc && k < json_length(domains); k++)
        if (is_wanted(all, json_at(domains, k)))
            add_target(*list, &n, json_at(domains, k));
    for (i = 0; !rc && i < count; i++) {
        if (is_pattern(words[i]))
            rc = add_pattern(*list, &n, words[i], domains, e);
        else
            add_word(*list, &n, words[i], domains);
    }
    json_free(j);
    if (!rc)
        return n;
    free_targets(*list, 0);
    *list = NULL;
    return -1;
}

void free_targets(struct target *list, long count)
{
    long i;

    for (i = 0; i < count; i++)
        json_free(list[i].answer);
    free(list);
}

int for_each_target(struct target *list, long count, void (*one)(struct target *t, void *arg),
                    void *arg)
{
    int status = STATUS_DONE;
    long i;

    for (i = 0; i < count; i++)
        if (!list[i].e.status) {
            one(&list[i], arg);
            if (list[i].e.status)
                fail(&list[i].e);
        }
    for (i = 0; i < count && !status; i++)
        status = list[i].e.status;
    return status;
}

void ask_target(struct target *t, const char *op, void (*more)(struct json_out *o, const void *arg),
                const void *arg)
{
    struct json *answer = ask_domd(op, target_key(t), more, arg, NULL, &t->e);

    if (!answer)
        return;
    json_free(t->answer);
    t->answer = answer;
}

void print_targets(const struct target *list, long count)
{
    struct json_out *o = json_out_new(true);
    long i;

    if (!o)
        return;
    json_array(o);
    for (i = 0; i < count; i++) {
        const struct target *t = &list[i];

        json_object(o);
        if (t->answer)
            copy_answer(o, t->answer);
        else
            json_put_str(o, "name", target_label(t));
        if (t->forced)
            json_put_bool(o, "forced", true);
        if (t->e.status) {
            json_put_str(o, "error", t->e.text);
            json_put_u64(o, "status", (uint64_t)t->e.status);
        }
        json_end_object(o);
    }
    json_end_array(o);
    print_text(o);
    json_out_free(o);
}

/* Whether it was destroyed, and something holds its memory. */
static bool is_going(const struct json *domain)
{
    const char *name = json_get_str(domain, "name");

    return name && *name == '(';
}

/* Elements of @all that a word names, into @o. */
static void copy_named(struct json_out *o, const struct json *all, const char *word, bool alive,
                       struct err *e)
{
    const struct json *last = NULL;
    size_t k, n = 0;

    for (k = 0; k < json_length(all); k++) {
        const struct json *d = json_at(all, k);

        if (!names_domain(word, d) || (alive && is_pattern(word) && is_going(d)))
            continue;
        last = d;
        json_value_copy(o, d);
        n++;
    }
    if (!n)
        err_set(e, STATUS_NO_DOMAIN, word, "see domctl list",
                is_pattern(word) ? "no domain matches" : "no such domain");
    else if (n > 1 && !is_pattern(word))
        err_set(e, STATUS_USAGE, word, "use the UUID: domctl list -v",
                "ambiguous: the name of one guest and the number of another");
    else if (alive && is_going(last))
        err_set(e, STATUS_NO_DOMAIN, word, "it goes when that is given back",
                "no such domain any more: it was destroyed, but something holds its memory");
}

struct json *list_domains(char **words, int count, bool alive, struct err *e)
{
    struct json *j = ask_domd("list", NULL, NULL, NULL, NULL, e), *chosen = NULL;
    struct json_out *o = j ? json_out_new(false) : NULL;
    const struct json *all = json_get(j, "domains");
    const char *text;
    size_t len;
    int i;

    if (!o) {
        err_set(e, STATUS_RESOURCES, "list", NULL, "out of memory");
        json_free(j);
        return NULL;
    }
    json_array(o);
    for (i = 0; i < count; i++)
        copy_named(o, all, words[i], alive, e);
    if (!count)
        for (i = 0; (size_t)i < json_length(all); i++)
            json_value_copy(o, json_at(all, (size_t)i));
    json_end_array(o);
    text = e->status ? NULL : json_text(o, &len);
    if (text)
        chosen = json_parse(text, len);
    if (!chosen)
        err_set(e, STATUS_RESOURCES, "list", NULL, "out of memory");
    json_out_free(o);
    json_free(j);
    return chosen;
}
