/* SPDX-License-Identifier: GPL-2.0-only */
/* mem-set and mem-max. */
#include "dom0-tools/domctl.h"

#include <inttypes.h>
#include <stdio.h>

#include "dom0-tools/lib/amount.h"

static void add_mib(struct json_out *o, const void *arg)
{
    json_put_u64(o, "mib", *(const uint64_t *)arg);
}

static int set_memory(const struct verb *v, int argc, char **argv, const char *known)
{
    struct err e = {0};
    struct options o;
    struct json *j;
    uint64_t mib;
    char what[48];
    int status, first = parse_options(v, argc, argv, known, 2, 2, &o, &status);

    if (first < 0)
        return status;
    if (!mib_parse(&mib, argv[first + 1]))
        return usage_error(v, "SIZE must be a number of MiB, or end in b, k, m, g or t");
    j = ask_domd(v->name, argv[first], add_mib, &mib, NULL, &e);
    if (!j)
        return fail(&e);
    json_free(j);
    if (!o.wait)
        return STATUS_DONE;
    snprintf(what, sizeof(what), "come to %" PRIu64 " MiB", mib);
    return wait_for_guest(argv[first], "memory_mib", mib, o.seconds, what);
}

int cmd_mem_set(const struct verb *v, int argc, char **argv)
{
    return set_memory(v, argc, argv, "wt");
}

int cmd_mem_max(const struct verb *v, int argc, char **argv)
{
    return set_memory(v, argc, argv, "");
}
