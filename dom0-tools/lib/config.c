/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Parser of the xl.cfg(5) syntax.
 *
 *   file  = { [ key ( "=" | "+=" ) value ] ( newline | ";" ) }
 *   value = string | number | "[" [ value { "," value } [ "," ] ] "]"
 *
 * Comments run from # to the end of the line. A list may span lines. Strings stand in single or
 * double quotes and know \n, \t, \\, \', \", \xHH and \ooo. "+=" appends to the list or string
 * that an earlier line gave.
 */
#include "dom0-tools/lib/config.h"

#include <ctype.h>
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "dom0-tools/lib/err.h"

#define DEPTH_MAX 8

struct parser {
    const char *p, *end;
    const char *file;
    const char *key; /* the one whose value is being read, or NULL */
    int line;
    struct err *e;
};

static int fail(struct parser *ps, const char *why)
{
    char what[256];

    if (ps->key)
        snprintf(what, sizeof(what), "%.180s:%d: %.60s", ps->file, ps->line, ps->key);
    else
        snprintf(what, sizeof(what), "%.180s:%d", ps->file, ps->line);
    return err_set(ps->e, STATUS_USAGE, what, NULL, "%s", why);
}

static void value_free(struct cfg_value *v)
{
    size_t i;

    free(v->str);
    for (i = 0; i < v->count; i++)
        value_free(&v->items[i]);
    free(v->items);
    memset(v, 0, sizeof(*v));
}

void cfg_free(struct cfg *c)
{
    size_t i;

    for (i = 0; i < c->count; i++) {
        free(c->items[i].key);
        value_free(&c->items[i].value);
    }
    free(c->items);
    memset(c, 0, sizeof(*c));
}

const struct cfg_item *cfg_find(const struct cfg *c, const char *key)
{
    size_t i = c->count;

    while (i-- > 0)
        if (!strcmp(c->items[i].key, key))
            return &c->items[i];
    return NULL;
}

/* Skips blanks and comments; newlines too if @newlines. */
static void skip(struct parser *ps, bool newlines)
{
    while (ps->p < ps->end) {
        char ch = *ps->p;

        if (ch == '#') {
            while (ps->p < ps->end && *ps->p != '\n')
                ps->p++;
        } else if (ch == ' ' || ch == '\t' || ch == '\r' || (newlines && ch == '\n')) {
            ps->line += ch == '\n';
            ps->p++;
        } else if (ch == '\\' && ps->p + 1 < ps->end && ps->p[1] == '\n') {
            ps->line++;
            ps->p += 2;
        } else {
            return;
        }
    }
}

static int hex_digit(char ch)
{
    if (ch >= '0' && ch <= '9')
        return ch - '0';
    ch |= 0x20;
    return ch >= 'a' && ch <= 'f' ? ch - 'a' + 10 : -1;
}

/* Reads what follows a backslash. Returns the byte, or -1. */
static int read_escape(struct parser *ps)
{
    int value = 0, digits;
    char ch = *ps->p++;

    switch (ch) {
    case 'n':
        return '\n';
    case 't':
        return '\t';
    case 'r':
        return '\r';
    case '\\':
    case '\'':
    case '"':
        return ch;
    case 'x':
        for (digits = 0; digits < 2 && ps->p < ps->end && hex_digit(*ps->p) >= 0; digits++)
            value = value * 16 + hex_digit(*ps->p++);
        return digits && value ? value : -1;
    default:
        if (ch < '0' || ch > '7')
            return -1;
        ps->p--;
        for (digits = 0; digits < 3 && ps->p < ps->end && *ps->p >= '0' && *ps->p <= '7'; digits++)
            value = value * 8 + (*ps->p++ - '0');
        return value && value < 256 ? value : -1;
    }
}

static int parse_string(struct parser *ps, struct cfg_value *v)
{
    char quote = *ps->p++;
    const char *scan;
    size_t n = 0;

    for (scan = ps->p; scan < ps->end && *scan != '\n'; scan++)
        ;
    v->type = CFG_STRING;
    v->str = malloc((size_t)(scan - ps->p) + 1);
    if (!v->str)
        return fail(ps, "out of memory");
    while (ps->p < ps->end && *ps->p != '\n' && *ps->p != quote) {
        int ch = (unsigned char)*ps->p++;

        if (ch == '\\') {
            if (ps->p >= ps->end || *ps->p == '\n')
                break;
            ch = read_escape(ps);
            if (ch < 0)
                return fail(ps, "unknown escape in a string");
        }
        v->str[n++] = (char)ch;
    }
    v->str[n] = '\0';
    if (ps->p >= ps->end || *ps->p != quote)
        return fail(ps, "string without an end quote");
    ps->p++;
    return 0;
}

static int parse_number(struct parser *ps, struct cfg_value *v)
{
    char text[64], *end;
    size_t n = 0;

    while (ps->p < ps->end && (isalnum((unsigned char)*ps->p) || *ps->p == '_')) {
        if (n + 1 >= sizeof(text))
            return fail(ps, "number too long");
        text[n++] = *ps->p++;
    }
    text[n] = '\0';
    errno = 0;
    v->number = strtoull(text, &end, 0);
    if (!isdigit((unsigned char)text[0]) || *end)
        return fail(ps, "neither a number nor a quoted string");
    if (errno == ERANGE)
        return fail(ps, "number too large");
    v->type = CFG_NUMBER;
    v->str = strdup(text);
    return v->str ? 0 : fail(ps, "out of memory");
}

static int parse_value(struct parser *ps, struct cfg_value *v, int depth);

static int list_append(struct parser *ps, struct cfg_value *list, struct cfg_value *item)
{
    struct cfg_value *grown = realloc(list->items, (list->count + 1) * sizeof(*grown));

    if (!grown)
        return fail(ps, "out of memory");
    list->items = grown;
    list->items[list->count++] = *item;
    memset(item, 0, sizeof(*item));
    return 0;
}

static int parse_list(struct parser *ps, struct cfg_value *v, int depth)
{
    if (depth >= DEPTH_MAX)
        return fail(ps, "lists nested too deeply");
    v->type = CFG_LIST;
    ps->p++;
    for (;;) {
        struct cfg_value item = {0};

        skip(ps, true);
        if (ps->p < ps->end && *ps->p == ']')
            break;
        if (parse_value(ps, &item, depth + 1) || list_append(ps, v, &item)) {
            value_free(&item);
            return -1;
        }
        skip(ps, true);
        if (ps->p < ps->end && *ps->p == ',')
            ps->p++;
        else if (ps->p >= ps->end || *ps->p != ']')
            return fail(ps, ps->p < ps->end ? "',' or ']' expected in a list"
                                            : "list without an end bracket");
    }
    ps->p++;
    return 0;
}

static int parse_value(struct parser *ps, struct cfg_value *v, int depth)
{
    v->line = ps->line;
    if (ps->p >= ps->end || *ps->p == '\n' || *ps->p == ';')
        return fail(ps, "value missing");
    if (*ps->p == '"' || *ps->p == '\'')
        return parse_string(ps, v);
    if (*ps->p == '[')
        return parse_list(ps, v, depth);
    return parse_number(ps, v);
}

/* "key += value": the earlier value with the new one behind it. */
static int append(struct parser *ps, struct cfg_value *to, struct cfg_value *from)
{
    size_t i, a, b;
    char *joined;

    if (to->type != from->type || to->type == CFG_NUMBER)
        return fail(ps, "+= needs two lists or two strings");
    if (to->type == CFG_LIST) {
        for (i = 0; i < from->count; i++)
            if (list_append(ps, to, &from->items[i]))
                return -1;
        return 0;
    }
    a = strlen(to->str);
    b = strlen(from->str);
    joined = realloc(to->str, a + b + 1);
    if (!joined)
        return fail(ps, "out of memory");
    memcpy(joined + a, from->str, b + 1);
    to->str = joined;
    return 0;
}

static int store_item(struct parser *ps, struct cfg *c, const char *key, int line, bool appends,
                      struct cfg_value *v)
{
    const struct cfg_item *old = appends ? cfg_find(c, key) : NULL;
    struct cfg_item *grown;

    if (old)
        return append(ps, &c->items[old - c->items].value, v);
    grown = realloc(c->items, (c->count + 1) * sizeof(*grown));
    if (!grown)
        return fail(ps, "out of memory");
    c->items = grown;
    grown[c->count] = (struct cfg_item){.key = strdup(key), .line = line, .value = *v};
    if (!grown[c->count].key)
        return fail(ps, "out of memory");
    c->count++;
    memset(v, 0, sizeof(*v));
    return 0;
}

static int parse_setting(struct parser *ps, struct cfg *c)
{
    struct cfg_value v = {0};
    bool appends = false;
    int line = ps->line, rc;
    char key[64];
    size_t n = 0;

    while (ps->p < ps->end && (isalnum((unsigned char)*ps->p) || *ps->p == '_')) {
        if (n + 1 >= sizeof(key))
            return fail(ps, "key too long");
        key[n++] = *ps->p++;
    }
    key[n] = '\0';
    if (!n || isdigit((unsigned char)key[0]))
        return fail(ps, "a line must read KEY = VALUE");
    ps->key = key;
    skip(ps, false);
    if (ps->end - ps->p >= 2 && ps->p[0] == '+' && ps->p[1] == '=') {
        appends = true;
        ps->p++;
    }
    if (ps->p >= ps->end || *ps->p != '=')
        rc = fail(ps, "'=' expected after the key");
    else {
        ps->p++;
        skip(ps, false);
        rc = parse_value(ps, &v, 0);
    }
    if (!rc) {
        skip(ps, false);
        if (ps->p < ps->end && *ps->p != '\n' && *ps->p != ';')
            rc = fail(ps, "something stands behind the value");
    }
    if (!rc)
        rc = store_item(ps, c, key, line, appends, &v);
    value_free(&v);
    ps->key = NULL;
    return rc;
}

int cfg_parse(struct cfg *c, const char *text, size_t len, const char *file, struct err *e)
{
    struct parser ps = {.p = text, .end = text + len, .file = file, .line = 1, .e = e};

    memset(c, 0, sizeof(*c));
    if (len > CFG_TEXT_MAX)
        return fail(&ps, "file too long for a config");
    if (len && memchr(text, '\0', len))
        return fail(&ps, "holds zero bytes: no config");
    for (;;) {
        skip(&ps, true);
        if (ps.p >= ps.end)
            return 0;
        if (*ps.p == ';') {
            ps.p++;
            continue;
        }
        if (parse_setting(&ps, c)) {
            cfg_free(c);
            return -1;
        }
    }
}

/* ---- settings from a command line */

static void mark_lines(struct cfg_value *v)
{
    size_t i;

    v->line = CFG_OVERRIDE;
    for (i = 0; i < v->count; i++)
        mark_lines(&v->items[i]);
}

/* The value of @text as it stands, for people who do not want to quote twice. */
static int bare_value(struct parser *ps, struct cfg *c, const char *text, const char *equals)
{
    struct cfg_value v = {.type = CFG_STRING, .str = strdup(equals + 1)};
    bool appends = equals > text && equals[-1] == '+';
    char key[64];
    int rc;

    snprintf(key, sizeof(key), "%.*s", (int)(equals - text) - appends, text);
    rc = v.str ? store_item(ps, c, key, 0, appends, &v) : fail(ps, "out of memory");
    value_free(&v);
    return rc;
}

static bool is_key(const char *text, const char *equals)
{
    const char *end = equals > text && equals[-1] == '+' ? equals - 1 : equals, *p;

    for (p = text; p < end; p++)
        if (!isalnum((unsigned char)*p) && *p != '_')
            return false;
    return end > text && end - text < 64 && !isdigit((unsigned char)*text);
}

/* Takes away what the file says about the keys of @o, which come in its place. */
static int merge(struct parser *ps, struct cfg *c, struct cfg *o, bool appends)
{
    size_t i, k, n;
    int rc = 0;

    for (i = 0; !rc && i < o->count; i++) {
        struct cfg_item *it = &o->items[i];

        for (k = n = 0; k < c->count && !appends; k++) {
            if (strcmp(c->items[k].key, it->key)) {
                c->items[n++] = c->items[k];
                continue;
            }
            free(c->items[k].key);
            value_free(&c->items[k].value);
        }
        if (!appends)
            c->count = n;
        mark_lines(&it->value);
        rc = store_item(ps, c, it->key, CFG_OVERRIDE, appends, &it->value);
    }
    return rc;
}

int cfg_override(struct cfg *c, const char *text, struct err *e)
{
    const char *equals = strchr(text, '=');
    struct parser ps = {.p = text, .file = "-e", .line = 1, .e = e};
    struct err ignored = {0};
    struct cfg o = {0};
    int rc;

    if (!equals || !is_key(text, equals))
        return err_set(e, STATUS_USAGE, "-e", NULL, "'%.60s' is not KEY=VALUE", text);
    if (strchr("\"'[", equals[1])) /* also the empty value, an error */
        rc = cfg_parse(&o, text, strlen(text), "-e", e);
    else if (cfg_parse(&o, text, strlen(text), "-e", &ignored))
        rc = bare_value(&ps, &o, text, equals);
    else
        rc = 0;
    if (!rc)
        rc = merge(&ps, c, &o, o.count == 1 && equals[-1] == '+');
    cfg_free(&o);
    return rc;
}
