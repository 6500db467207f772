/* SPDX-License-Identifier: GPL-2.0-only */
#include "dom0-tools/domctl.h"

#include <inttypes.h>
#include <stdio.h>

#include "dom0-tools/lib/amount.h"

int cmd_vcpu_set(const struct verb *v, int argc, char **argv)
{
    struct goal goal = {.member = "vcpus", .key = "vcpus"};
    struct options o;
    char what[48];
    int status, first = parse_options(v, argc, argv, "wto", 2, 2, &o, &status);

    if (first < 0)
        return status;
    if (!number_parse(&goal.value, argv[first + 1]))
        return usage_error(v, "COUNT must be a number");
    snprintf(what, sizeof(what), "run %" PRIu64 " vCPUs", goal.value);
    goal.what = what;
    return goal_verb(v, argv[first], &o, &goal);
}
