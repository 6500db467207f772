/* SPDX-License-Identifier: GPL-2.0-only */
/* domid and domname: for scripts that have the one and need the other. */
#include "dom0-tools/domctl.h"

#include <inttypes.h>
#include <stdio.h>

static int show(const struct verb *v, int argc, char **argv, bool name)
{
    struct err e = {0};
    struct options o;
    struct json *j;
    uint64_t id = 0;
    int status, first = parse_options(v, argc, argv, "", 1, 1, &o, &status);

    if (first < 0)
        return status;
    j = list_domains(argv + first, 1, &e);
    if (!j)
        return fail(&e);
    if (name) {
        puts(json_get_str(json_at(j, 0), "name"));
    } else {
        json_get_u64(json_at(j, 0), "id", &id);
        printf("%" PRIu64 "\n", id);
    }
    json_free(j);
    return STATUS_DONE;
}

int cmd_domid(const struct verb *v, int argc, char **argv)
{
    return show(v, argc, argv, false);
}

int cmd_domname(const struct verb *v, int argc, char **argv)
{
    return show(v, argc, argv, true);
}
