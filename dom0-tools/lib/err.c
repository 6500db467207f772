/* SPDX-License-Identifier: GPL-2.0-only */
/* Errors as one line of text with an exit status. */
#include "dom0-tools/lib/err.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

void err_one_line(char *s)
{
    for (; *s; s++)
        if ((unsigned char)*s < 0x20 || *s == 0x7f)
            *s = '?';
}

int err_set(struct err *e, int status, const char *what, const char *hint, const char *why_fmt, ...)
{
    char why[640];
    va_list ap;

    if (e->status)
        return -1;
    va_start(ap, why_fmt);
    vsnprintf(why, sizeof(why), why_fmt, ap);
    va_end(ap);
    e->status = status;
    snprintf(e->text, sizeof(e->text), "%s%s%s%s%s%s", what ? what : "", what ? ": " : "", why,
             hint ? " (" : "", hint ? hint : "", hint ? ")" : "");
    err_one_line(e->text);
    return -1;
}

int err_prefix(struct err *e, const char *what)
{
    char old[sizeof(e->text)];

    memcpy(old, e->text, sizeof(old));
    if (snprintf(e->text, sizeof(e->text), "%s: %s", what, old) >= (int)sizeof(e->text))
        memcpy(e->text + sizeof(e->text) - 4, "...", 4);
    err_one_line(e->text);
    return -1;
}
