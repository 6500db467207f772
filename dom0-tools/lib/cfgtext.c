/* SPDX-License-Identifier: GPL-2.0-only */
/* From a config's JSON to text in the syntax of xl.cfg(5): see the header. */
#include "dom0-tools/lib/cfgtext.h"

#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "dom0-tools/lib/err.h"
#include "dom0-tools/lib/guest.h"
#include "dom0-tools/lib/json.h"

#define KB_BEFORE_MB 1000000  /* a rate of more is written in MB/s or GB/s if it can be */
#define US_BEFORE_MS 10000000 /* and a longer interval in ms */

static void put_quoted(FILE *f, const char *s)
{
    fputc('"', f);
    for (; *s; s++) {
        unsigned char ch = (unsigned char)*s;

        if (ch == '"' || ch == '\\')
            fprintf(f, "\\%c", ch);
        else if (ch < ' ' || ch == 0x7f)
            fprintf(f, "\\%03o", ch); /* always three digits: no digit behind it belongs to it */
        else
            fputc(ch, f);
    }
    fputc('"', f);
}

/* One KEY=VALUE element of a disk or vif; a comma would end it early. A boolean is a flag: "untrusted". */
static bool put_element(FILE *f, bool *first, const struct json *device, const char *key)
{
    const struct json *value = json_get(device, key);
    const char *s = json_str(value);
    uint64_t n;

    if (json_type(value) == JSON_BOOL) {
        fprintf(f, "%s%s%s", *first ? "" : ",", json_get_bool(device, key) ? "" : "un", key);
        *first = false;
        return !strcmp(key, "trusted");
    }

    if (s ? strchr(s, ',') != NULL : !json_u64(value, &n))
        return false;
    fprintf(f, "%s%s=", *first ? "" : ",", key);
    if (s)
        fputs(s, f);
    else
        fprintf(f, "%" PRIu64, n);
    *first = false;
    return true;
}

/* The target comes last: it may hold commas then. */
static bool put_disk(FILE *f, const struct json *d)
{
    const char *key, *target = json_get_str(d, "target");
    bool first = true;
    size_t i;

    for (i = 0; json_member(d, i, &key); i++)
        if (strcmp(key, "target") != 0 && !put_element(f, &first, d, key))
            return false;
    fprintf(f, "%starget=%s", first ? "" : ",", target ? target : "");
    return target != NULL;
}

/* The slowest rate in steps of so many bits/s that gives so many bytes in so many microseconds; 0: none. */
static uint64_t rate_in_steps(uint64_t step_bits, uint64_t bytes, uint64_t usecs)
{
    uint64_t step = step_bits * usecs, value = (bytes * 8000000 + step - 1) / step;

    return value * step / 8000000 == bytes ? value : 0;
}

static bool put_rate(FILE *f, bool first, const struct json *v)
{
    static const char units[] = "KMG";
    static const struct {
        uint64_t bits;
        const char *unit;
    } steps[] = {{8000, NULL}, {8, "B/s"}, {1, "b/s"}};
    uint64_t bytes = 0, usecs = 0, value = 0;
    int unit = 0, i;
    bool ms;

    json_get_u64(v, "rate_bytes", &bytes);
    json_get_u64(v, "rate_usecs", &usecs);
    if (!bytes || !usecs || bytes > RATE_BYTES_MAX || usecs > RATE_USECS_MAX)
        return bytes == 0;
    for (i = 0; i < 3 && !(value = rate_in_steps(steps[i].bits, bytes, usecs)); i++)
        ;
    if (!value)
        return false;
    while (!i && value > KB_BEFORE_MB && value % 1000 == 0 && unit < 2)
        value /= 1000, unit++;
    ms = usecs > US_BEFORE_MS && usecs % 1000 == 0;
    fprintf(f, "%srate=%" PRIu64, first ? "" : ",", value);
    if (i)
        fputs(steps[i].unit, f);
    else
        fprintf(f, "%cB/s", units[unit]);
    fprintf(f, "@%" PRIu64 "%s", ms ? usecs / 1000 : usecs, ms ? "ms" : "us");
    return true;
}

static bool put_vif(FILE *f, const struct json *v)
{
    bool first = true;
    const char *key;
    size_t i;

    for (i = 0; json_member(v, i, &key); i++)
        if (strncmp(key, "rate_", 5) != 0 && !put_element(f, &first, v, key))
            return false;
    return put_rate(f, first, v);
}

/* An element of a list: text, or a device whose own text is quoted in turn. */
static bool put_list_element(FILE *f, const char *key, const struct json *element)
{
    char *text = NULL;
    size_t size;
    FILE *sub;
    bool ok;

    if (json_str(element)) {
        put_quoted(f, json_str(element));
        return true;
    }
    if (json_type(element) != JSON_OBJECT)
        return false;
    sub = open_memstream(&text, &size);
    if (!sub)
        return false;
    ok = !strcmp(key, "disk") ? put_disk(sub, element) : put_vif(sub, element);
    ok = !fclose(sub) && ok;
    if (ok)
        put_quoted(f, text);
    free(text);
    return ok;
}

static bool put_value(FILE *f, const char *key, const struct json *value)
{
    uint64_t n;
    size_t i;

    switch (json_type(value)) {
    case JSON_STRING:
        put_quoted(f, json_str(value));
        return true;
    case JSON_INTEGER:
        if (!json_u64(value, &n))
            return false;
        fprintf(f, "%" PRIu64, n);
        return true;
    case JSON_ARRAY:
        fputc('[', f);
        for (i = 0; i < json_length(value); i++) {
            fputs(i ? ",\n    " : " ", f);
            if (!put_list_element(f, key, json_at(value, i)))
                return false;
        }
        fputs(i ? " ]" : "]", f);
        return true;
    default:
        return false;
    }
}

char *cfg_text(const struct json *config, struct err *e)
{
    const struct json *value;
    const char *key;
    char *text = NULL;
    size_t size, i;
    FILE *f = open_memstream(&text, &size);

    if (!f) {
        err_set(e, STATUS_RESOURCES, "config", NULL, "out of memory");
        return NULL;
    }
    for (i = 0; (value = json_member(config, i, &key)); i++) {
        fprintf(f, "%s = ", key);
        if (json_type(value) == JSON_BOOL)
            fputc(json_get_bool(config, key) ? '1' : '0', f);
        else if (!put_value(f, key, value))
            break;
        fputc('\n', f);
    }
    if (fclose(f) || value) {
        if (value)
            err_set(e, STATUS_USAGE, key, NULL, "cannot be written in the syntax of a config file");
        else
            err_set(e, STATUS_RESOURCES, "config", NULL, "out of memory");
        free(text);
        return NULL;
    }
    return text;
}
