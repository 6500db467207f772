/* SPDX-License-Identifier: GPL-2.0-only */
#include "dom0-tools/domctl.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The lines as an array. */
static int print_lines(const char *log)
{
    struct json_out *o = json_out_new(true);
    char *text = strdup(log), *line, *rest = text;
    int status = STATUS_FAILED;

    if (!o || !text)
        goto out;
    json_object(o);
    json_key(o, "lines");
    json_array(o);
    while ((line = strsep(&rest, "\n")))
        if (rest || *line) /* what stands behind the last newline is no line */
            json_value_str(o, line);
    json_end_array(o);
    json_end_object(o);
    status = print_text(o);
out:
    json_out_free(o);
    free(text);
    return status;
}

int cmd_dmesg(const struct verb *v, int argc, char **argv)
{
    struct err e = {0};
    struct options o;
    struct json *j;
    const char *log;
    int status;

    if (parse_options(v, argc, argv, "o", 0, 0, &o, &status) < 0)
        return status;
    j = ask_domd("dmesg", NULL, NULL, NULL, NULL, &e);
    if (!j)
        return fail(&e);
    log = json_get_str(j, "log");
    status = STATUS_DONE;
    if (o.json)
        status = print_lines(log ? log : "");
    else
        fputs(log ? log : "", stdout);
    json_free(j);
    return status;
}
