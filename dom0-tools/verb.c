/* SPDX-License-Identifier: GPL-2.0-only */
#include "dom0-tools/verb.h"

#include <stdio.h>

#include "dom0-tools/domctl.h"

int verb_help(const struct verb *v)
{
    printf("usage: domctl %s%s%s\n%s\n%s", v->name, *v->args ? " " : "", v->args, v->summary,
           v->help);
    return STATUS_DONE;
}

int verb_misuse(const struct verb *v, const char *why)
{
    fprintf(stderr, "domctl: %s: %s (usage: domctl %s%s%s)\n", v->name, why, v->name,
            *v->args ? " " : "", v->args);
    return STATUS_USAGE;
}
