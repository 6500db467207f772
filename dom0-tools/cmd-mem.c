/* SPDX-License-Identifier: GPL-2.0-only */
/* mem-set and mem-max. */
#include "dom0-tools/domctl.h"

#include <ctype.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "dom0-tools/lib/amount.h"
#include "dom0-tools/lib/guest.h"

static int set_memory(const struct verb *v, int argc, char **argv, const char *known)
{
    struct goal goal = {.member = "mib", .key = "memory_mib"};
    struct options o;
    const char *text, *end;
    char what[80];
    int status, first = parse_options(v, argc, argv, known, 2, 2, &o, &status);

    if (first < 0)
        return status;
    text = argv[first + 1];
    end = text + strlen(text) - (*text != '\0');
    if (!mib_parse(&goal.value, text))
        return usage_error(v, "SIZE must be a number of KiB, or end in b, k, m, g or t");
    if (goal.value < GUEST_MEMORY_MIN_MIB && isdigit((unsigned char)*end)) {
        snprintf(what, sizeof(what), "%.20s alone is KiB: say %.20sm", text, text);
        return usage_error(v, what);
    }
    snprintf(what, sizeof(what), "come to %" PRIu64 " MiB", goal.value);
    goal.what = what;
    return goal_verb(v, argv[first], &o, &goal);
}

int cmd_mem_set(const struct verb *v, int argc, char **argv)
{
    return set_memory(v, argc, argv, "wto");
}

int cmd_mem_max(const struct verb *v, int argc, char **argv)
{
    return set_memory(v, argc, argv, "o");
}
