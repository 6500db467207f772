/* SPDX-License-Identifier: GPL-2.0-only */
#include "dom0-tools/domctl.h"

static void add_name(struct json_out *o, const void *arg)
{
    json_put_str(o, "to", arg);
}

int cmd_rename(const struct verb *v, int argc, char **argv)
{
    struct err e = {0};
    struct options o;
    struct json *j;
    int status, first = parse_options(v, argc, argv, "", 2, 2, &o, &status);

    if (first < 0)
        return status;
    j = ask_domd("rename", argv[first], add_name, argv[first + 1], NULL, &e);
    if (!j)
        return fail(&e);
    json_free(j);
    return STATUS_DONE;
}
