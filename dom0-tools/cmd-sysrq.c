/* SPDX-License-Identifier: GPL-2.0-only */
#include "dom0-tools/domctl.h"

static void add_key(struct json_out *o, const void *arg)
{
    json_put_str(o, "key", arg);
}

int cmd_sysrq(const struct verb *v, int argc, char **argv)
{
    struct err e = {0};
    struct options o;
    struct json *j;
    int status, first = parse_options(v, argc, argv, "", 2, 2, &o, &status);

    if (first < 0)
        return status;
    j = ask_domd("sysrq", argv[first], add_key, argv[first + 1], NULL, &e);
    if (!j)
        return fail(&e);
    json_free(j);
    return STATUS_DONE;
}
