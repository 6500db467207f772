/* SPDX-License-Identifier: GPL-2.0-only */
#include "dom0-tools/domctl.h"

#include <inttypes.h>
#include <stdio.h>

static uint64_t number(const struct json *j, const char *key)
{
    uint64_t n = 0;

    json_get_u64(j, key, &n);
    return n;
}

static const char *word(const struct json *j, const char *key)
{
    const char *s = json_get_str(j, key);

    return s ? s : "?";
}

static void print_table(const struct json *domains, bool verbose)
{
    size_t i;

    printf("%-24s %5s %-9s %5s %8s %10s%s\n", "NAME", "ID", "STATE", "VCPUS", "MEM/MiB", "TIME/s",
           verbose ? " UUID" : "");
    for (i = 0; i < json_length(domains); i++) {
        const struct json *d = json_at(domains, i);

        printf("%-24s %5" PRIu64 " %-9s %5" PRIu64 " %8" PRIu64 " %10.1f%s%s\n", word(d, "name"),
               number(d, "id"), word(d, "state"), number(d, "vcpus"), number(d, "memory_mib"),
               (double)number(d, "cpu_time_ns") / 1e9, verbose ? " " : "",
               verbose ? word(d, "uuid") : "");
    }
}

int cmd_list(const struct verb *v, int argc, char **argv)
{
    struct err e = {0};
    struct options o;
    struct json *j;
    int status, first = parse_options(v, argc, argv, "ov", 0, -1, &o, &status);

    if (first < 0)
        return status;
    j = list_domains(argv + first, argc - first, false, &e);
    if (!j)
        return fail(&e);
    status = STATUS_DONE;
    if (o.json)
        status = print_json(j);
    else
        print_table(j, o.verbose);
    json_free(j);
    return status;
}
