/* SPDX-License-Identifier: GPL-2.0-only */
#include "dom0-tools/domctl.h"

#include <stdio.h>

int cmd_dmesg(const struct verb *v, int argc, char **argv)
{
    struct err e = {0};
    struct options o;
    struct json *j;
    const char *log;
    int status;

    if (parse_options(v, argc, argv, "", 0, 0, &o, &status) < 0)
        return status;
    j = ask_domd("dmesg", NULL, NULL, NULL, NULL, &e);
    if (!j)
        return fail(&e);
    log = json_get_str(j, "log");
    fputs(log ? log : "", stdout);
    json_free(j);
    return STATUS_DONE;
}
