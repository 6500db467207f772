/* SPDX-License-Identifier: GPL-2.0-only */
/* What the verbs for disks and for network interfaces share. */
#include "dom0-tools/domctl.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

char *join_words(char **words)
{
    size_t len = 1;
    char *text, **w;

    for (w = words; *w; w++)
        len += strlen(*w) + 1;
    text = calloc(1, len);
    for (w = words; text && *w; w++) {
        strcat(text, *w);
        if (w[1])
            strcat(text, ",");
    }
    return text;
}

void add_timeout(struct json_out *j, const struct options *o)
{
    if (o->wait)
        json_put_u64(j, "timeout", o->seconds);
}

void print_warning(const struct json *answer)
{
    const char *text = json_get_str(answer, "warning");

    if (text)
        fprintf(stderr, "domctl: warning: %s\n", text);
}

struct detachment {
    const char *device;
    const struct options *o;
};

static void add_detachment(struct json_out *j, const void *arg)
{
    const struct detachment *d = arg;

    json_put_str(j, "device", d->device);
    json_put_bool(j, "force", d->o->force);
    add_timeout(j, d->o);
}

int detach_verb(const struct verb *v, int argc, char **argv, const char *op)
{
    struct err e = {0};
    struct options o;
    struct detachment d = {.o = &o};
    struct json *j;
    int status, first = parse_options(v, argc, argv, "Fto", 2, 2, &o, &status);

    if (first < 0)
        return status;
    d.device = argv[first + 1];
    j = ask_domd(op, argv[first], add_detachment, &d, NULL, &e);
    return j ? print_done(j, &o) : fail(&e);
}

int list_verb(const struct verb *v, int argc, char **argv, const char *op, const char *key,
              void (*print)(const struct json *list))
{
    struct err e = {0};
    struct options o;
    struct json *j;
    int status, first = parse_options(v, argc, argv, "o", 1, 1, &o, &status);

    if (first < 0)
        return status;
    j = ask_domd(op, argv[first], NULL, NULL, NULL, &e);
    if (!j)
        return fail(&e);
    status = STATUS_DONE;
    if (o.json)
        status = print_json(json_get(j, key));
    else
        print(json_get(j, key));
    json_free(j);
    return status;
}
