/* SPDX-License-Identifier: GPL-2.0-only */
#include "dom0-tools/domctl.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

static void add_count(struct json_out *o, const void *arg)
{
    json_put_u64(o, "vcpus", *(const uint64_t *)arg);
}

int cmd_vcpu_set(const struct verb *v, int argc, char **argv)
{
    struct err e = {0};
    struct options o;
    uint64_t count;
    struct json *j;
    char *end, what[48];
    int status, first = parse_options(v, argc, argv, "wt", 2, 2, &o, &status);

    if (first < 0)
        return status;
    count = strtoull(argv[first + 1], &end, 10);
    if (*argv[first + 1] < '0' || *argv[first + 1] > '9' || *end)
        return usage_error(v, "COUNT must be a number");
    j = ask_domd("vcpu-set", argv[first], add_count, &count, NULL, &e);
    if (!j)
        return fail(&e);
    json_free(j);
    if (!o.wait)
        return STATUS_DONE;
    snprintf(what, sizeof(what), "run %" PRIu64 " vCPUs", count);
    return wait_for_guest(argv[first], "vcpus", count, o.seconds, what);
}
