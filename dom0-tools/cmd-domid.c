/* SPDX-License-Identifier: GPL-2.0-only */
/* domid and domname: for scripts that have the one and need the other. */
#include "dom0-tools/domctl.h"

#include <inttypes.h>
#include <stdio.h>

static int print_names(const struct json *domain)
{
    struct json_out *o = json_out_new(true);
    uint64_t id = 0;
    int status;

    if (!o)
        return STATUS_FAILED;
    json_get_u64(domain, "id", &id);
    json_object(o);
    json_put_str(o, "name", json_get_str(domain, "name"));
    json_put_u64(o, "id", id);
    json_put_str(o, "uuid", json_get_str(domain, "uuid"));
    json_end_object(o);
    status = print_text(o);
    json_out_free(o);
    return status;
}

static int show(const struct verb *v, int argc, char **argv, bool name)
{
    struct err e = {0};
    struct options o;
    struct json *j;
    uint64_t id = 0;
    int status, first = parse_options(v, argc, argv, "o", 1, 1, &o, &status);

    if (first < 0)
        return status;
    j = list_domains(argv + first, 1, true, &e);
    if (!j)
        return fail(&e);
    status = STATUS_DONE;
    if (o.json) {
        status = print_names(json_at(j, 0));
    } else if (name) {
        puts(json_get_str(json_at(j, 0), "name"));
    } else {
        json_get_u64(json_at(j, 0), "id", &id);
        printf("%" PRIu64 "\n", id);
    }
    json_free(j);
    return status;
}

int cmd_domid(const struct verb *v, int argc, char **argv)
{
    return show(v, argc, argv, false);
}

int cmd_domname(const struct verb *v, int argc, char **argv)
{
    return show(v, argc, argv, true);
}
