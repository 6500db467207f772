/* SPDX-License-Identifier: GPL-2.0-only */
#include "dom0-tools/domctl.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>

#include "dom0-tools/lib/guest.h"
#include "dom0-tools/lib/guestfile.h"

/* The config of a guest that is there. */
static int from_guest(struct guest_config *g, const char *name, struct err *e)
{
    struct json *j = ask_domd("info", name, NULL, NULL, NULL, e);
    const struct json *config = json_get(json_get(j, "info"), "config");
    int rc = -1;

    if (j && !config)
        err_set(e, STATUS_USAGE, name, NULL, "dom0 has no config");
    else if (j)
        rc = guest_config_from_json(g, config, e);
    json_free(j);
    return rc;
}

int cmd_config(const struct verb *v, int argc, char **argv)
{
    static const struct option names[] = {{"output", required_argument, NULL, 'o'},
                                          {"file", required_argument, NULL, 'f'},
                                          {"help", no_argument, NULL, 'h'},
                                          {0}};
    enum guest_format format = FORMAT_CFG;
    struct options none = {0};
    struct guest_config g;
    const char *file = NULL;
    struct err e = {0};
    char *text;
    int opt;

    opterr = 0;
    while ((opt = getopt_long(argc, argv, ":o:f:h", names, NULL)) != -1) {
        if (opt == 'h')
            return show_help(v);
        if (opt == 'f')
            file = optarg;
        else if (opt != 'o')
            return refuse_option(v, argv[optind - 1], opt == ':');
        else if (!guest_format_parse(&format, optarg))
            return usage_error(v, "-o knows cfg, json and xml");
    }
    if (argc - optind != (file ? 0 : 1))
        return usage_error(v, "either a guest or -f FILE is needed");
    if (file ? read_config(file, &none, &g, &e) : from_guest(&g, argv[optind], &e))
        return fail(&e);
    text = guest_text(&g, format, &e);
    guest_config_free(&g);
    if (!text)
        return fail(&e);
    fputs(text, stdout);
    free(text);
    return STATUS_DONE;
}
