/* SPDX-License-Identifier: GPL-2.0-only */
#include "dom0-tools/domctl.h"

#include <inttypes.h>
#include <stdio.h>
#include <time.h>

/* "3 days, 04:05:06" */
static void print_span(uint64_t s)
{
    if (s >= 86400)
        printf("%" PRIu64 " day%s, ", s / 86400, s >= 172800 ? "s" : "");
    printf("%02u:%02u:%02u\n", (unsigned int)(s / 3600 % 24), (unsigned int)(s / 60 % 60),
           (unsigned int)(s % 60));
}

static void print_one(const struct json *d, const struct options *o, struct json_out *out)
{
    uint64_t id = 0, started = 0, now = (uint64_t)time(NULL), up;
    const char *name = json_get_str(d, "name");

    json_get_u64(d, "id", &id);
    if (!json_get_u64(d, "started", &started))
        return; /* domd does not know it */
    up = now > started ? now - started : 0;
    if (out) {
        json_object(out);
        json_put_str(out, "name", name);
        json_put_u64(out, "id", id);
        json_put_u64(out, "started", started);
        json_put_u64(out, "uptime", up);
        json_end_object(out);
        return;
    }
    if (o->brief)
        printf("%s up ", name);
    else
        printf("%-24s %5" PRIu64 " ", name, id);
    print_span(up);
}

int cmd_uptime(const struct verb *v, int argc, char **argv)
{
    struct err e = {0};
    struct json_out *out;
    struct options o;
    struct json *j;
    size_t i;
    int status, first = parse_options(v, argc, argv, "os", 0, -1, &o, &status);

    if (first < 0)
        return status;
    j = list_domains(argv + first, argc - first, true, &e);
    if (!j)
        return fail(&e);
    out = o.json ? json_out_new(true) : NULL;
    if (out)
        json_array(out);
    else if (!o.brief)
        printf("%-24s %5s %s\n", "NAME", "ID", "UPTIME");
    for (i = 0; i < json_length(j); i++)
        print_one(json_at(j, i), &o, out);
    if (out)
        json_end_array(out);
    status = out ? print_text(out) : STATUS_DONE;
    json_out_free(out);
    json_free(j);
    return status;
}
