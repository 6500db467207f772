/* SPDX-License-Identifier: GPL-2.0-only */
/* Errors as one line of text with an exit status. */
#include "dom0-tools/lib/err.h"

#include <errno.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

void err_one_line(char *s)
{
    for (; *s; s++)
        if ((unsigned char)*s < 0x20 || *s == 0x7f)
            *s = '?';
        else if ((unsigned char)s[0] == 0xc2 && ((unsigned char)s[1] & 0xe0) == 0x80)
            s[0] = s[1] = '?'; /* U+0080 to U+009F: terminals obey these, too */
}

int err_set(struct err *e, int status, const char *what, const char *hint, const char *why_fmt, ...)
{
    char why[sizeof(e->text) - 32];
    va_list ap;
    bool cut;
    int room;

    if (e->status)
        return -1;
    va_start(ap, why_fmt);
    vsnprintf(why, sizeof(why), why_fmt, ap);
    va_end(ap);
    e->status = status;
    /* Room for why and hint first: what can be as long as somebody typed. */
    room = (int)(sizeof(e->text) - strlen(why)) - (hint ? (int)strlen(hint) : 0) - 48;
    cut = what && room > 0 && (int)strlen(what) > room;
    snprintf(e->text, sizeof(e->text), "%.*s%s%s%s%s%s%s", room > 0 ? room : 0, what ? what : "",
             cut ? "..." : "", what ? ": " : "", why, hint ? " (" : "", hint ? hint : "",
             hint ? ")" : "");
    err_one_line(e->text);
    return -1;
}

int err_file_status(int error)
{
    return error == ENOSPC || error == EDQUOT ? STATUS_RESOURCES : STATUS_FAILED;
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
