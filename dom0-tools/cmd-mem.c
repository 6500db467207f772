/* SPDX-License-Identifier: GPL-2.0-only */
/* mem-set and mem-max. */
#include "dom0-tools/domctl.h"

#include <ctype.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "dom0-tools/lib/amount.h"
#include "dom0-tools/lib/guest.h"

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
    const char *text, *end;
    char what[80];
    int status, first = parse_options(v, argc, argv, known, 2, 2, &o, &status);

    if (first < 0)
        return status;
    text = argv[first + 1];
    end = text + strlen(text) - (*text != '\0');
    if (!mib_parse(&mib, text))
        return usage_error(v, "SIZE must be a number of KiB, or end in b, k, m, g or t");
    if (mib < GUEST_MEMORY_MIN_MIB && isdigit((unsigned char)*end)) {
        snprintf(what, sizeof(what), "%.20s alone is KiB: say %.20sm", text, text);
        return usage_error(v, what);
    }
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
