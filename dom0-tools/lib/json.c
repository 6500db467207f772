/* SPDX-License-Identifier: GPL-2.0-only */
/* JSON through yajl. A struct json is yajl's own node, which nobody else may look into. */
#include "dom0-tools/lib/json.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <yajl/yajl_gen.h>
#include <yajl/yajl_tree.h>

#define DEPTH_MAX 32

struct json_out {
    yajl_gen gen;
    bool failed;
};

static yajl_val val(const struct json *j)
{
    return (yajl_val)(uintptr_t)j;
}

static struct json *from_val(yajl_val v)
{
    return (struct json *)v;
}

/* yajl's tree is freed recursively, so a sender must not choose the depth. */
static bool depth_ok(const char *text, size_t len)
{
    bool in_string = false;
    int depth = 0;
    size_t i;

    for (i = 0; i < len; i++) {
        if (in_string) {
            if (text[i] == '\\')
                i++;
            else if (text[i] == '"')
                in_string = false;
        } else if (text[i] == '"') {
            in_string = true;
        } else if (text[i] == '{' || text[i] == '[') {
            if (++depth > DEPTH_MAX)
                return false;
        } else if (text[i] == '}' || text[i] == ']') {
            depth--;
        }
    }
    return true;
}

struct json *json_parse(const char *text, size_t len)
{
    yajl_val v = NULL;
    char *copy;

    if (!depth_ok(text, len) || memchr(text, '\0', len))
        return NULL;
    copy = strndup(text, len);
    if (copy)
        v = yajl_tree_parse(copy, NULL, 0);
    free(copy);
    return from_val(v);
}

void json_free(struct json *j)
{
    yajl_tree_free(val(j));
}

const struct json *json_get(const struct json *j, const char *key)
{
    yajl_val v = val(j);
    size_t i;

    if (!YAJL_IS_OBJECT(v))
        return NULL;
    for (i = 0; i < v->u.object.len; i++)
        if (!strcmp(v->u.object.keys[i], key))
            return from_val(v->u.object.values[i]);
    return NULL;
}

const struct json *json_member(const struct json *j, size_t i, const char **key)
{
    yajl_val v = val(j);

    if (!YAJL_IS_OBJECT(v) || i >= v->u.object.len)
        return NULL;
    *key = v->u.object.keys[i];
    return from_val(v->u.object.values[i]);
}

const struct json *json_at(const struct json *j, size_t i)
{
    yajl_val v = val(j);

    return YAJL_IS_ARRAY(v) && i < v->u.array.len ? from_val(v->u.array.values[i]) : NULL;
}

size_t json_length(const struct json *j)
{
    yajl_val v = val(j);

    return YAJL_IS_ARRAY(v) ? v->u.array.len : 0;
}

const char *json_str(const struct json *j)
{
    yajl_val v = val(j);

    return YAJL_GET_STRING(v);
}

const char *json_get_str(const struct json *j, const char *key)
{
    return json_str(json_get(j, key));
}

bool json_u64(const struct json *j, uint64_t *value)
{
    yajl_val v = val(j);

    if (!YAJL_IS_INTEGER(v) || YAJL_GET_INTEGER(v) < 0)
        return false;
    *value = (uint64_t)YAJL_GET_INTEGER(v);
    return true;
}

bool json_number(const struct json *j, double *value)
{
    yajl_val v = val(j);

    if (!YAJL_IS_NUMBER(v))
        return false;
    *value = strtod(YAJL_GET_NUMBER(v), NULL);
    return isfinite(*value);
}

bool json_get_u64(const struct json *j, const char *key, uint64_t *value)
{
    return json_u64(json_get(j, key), value);
}

enum json_type json_type(const struct json *j)
{
    yajl_val v = val(j);

    switch (v ? v->type : yajl_t_null) {
    case yajl_t_string:
        return JSON_STRING;
    case yajl_t_number:
        return YAJL_IS_INTEGER(v) ? JSON_INTEGER : JSON_NONE;
    case yajl_t_true:
    case yajl_t_false:
        return JSON_BOOL;
    case yajl_t_object:
        return JSON_OBJECT;
    case yajl_t_array:
        return JSON_ARRAY;
    default:
        return JSON_NONE;
    }
}

bool json_get_bool(const struct json *j, const char *key)
{
    yajl_val v = val(json_get(j, key));

    return YAJL_IS_TRUE(v);
}

struct json_out *json_out_new(bool pretty)
{
    struct json_out *o = calloc(1, sizeof(*o));

    if (!o)
        return NULL;
    o->gen = yajl_gen_alloc(NULL);
    if (!o->gen) {
        free(o);
        return NULL;
    }
    if (pretty) {
        yajl_gen_config(o->gen, yajl_gen_beautify, 1);
        yajl_gen_config(o->gen, yajl_gen_indent_string, "  ");
    }
    return o;
}

void json_out_free(struct json_out *o)
{
    if (o)
        yajl_gen_free(o->gen);
    free(o);
}

static void note(struct json_out *o, yajl_gen_status st)
{
    if (st != yajl_gen_status_ok)
        o->failed = true;
}

void json_object(struct json_out *o)
{
    note(o, yajl_gen_map_open(o->gen));
}

void json_end_object(struct json_out *o)
{
    note(o, yajl_gen_map_close(o->gen));
}

void json_array(struct json_out *o)
{
    note(o, yajl_gen_array_open(o->gen));
}

void json_end_array(struct json_out *o)
{
    note(o, yajl_gen_array_close(o->gen));
}

/* Length of the UTF-8 sequence at @s of @left bytes, 0 when it is none (overlong forms included). */
static size_t utf8_length(const unsigned char *s, size_t left)
{
    size_t n, i;

    if (s[0] < 0x80)
        return 1;
    n = s[0] >= 0xc2 && s[0] < 0xe0   ? 2
        : (s[0] & 0xf0) == 0xe0       ? 3
        : s[0] >= 0xf0 && s[0] < 0xf5 ? 4
                                      : 0;
    if (!n || n > left)
        return 0;
    for (i = 1; i < n; i++)
        if ((s[i] & 0xc0) != 0x80)
            return 0;
    if ((s[0] == 0xe0 && s[1] < 0xa0) || (s[0] == 0xed && s[1] >= 0xa0) ||
        (s[0] == 0xf0 && s[1] < 0x90) || (s[0] == 0xf4 && s[1] >= 0x90))
        return 0;
    return n;
}

bool json_is_text(const char *bytes, size_t len)
{
    size_t i, n;

    for (i = 0; i < len; i += n) {
        n = utf8_length((const unsigned char *)bytes + i, len - i);
        if (!n || !bytes[i])
            return false;
    }
    return true;
}

static void put_string(struct json_out *o, const char *s)
{
    unsigned char *copy = (unsigned char *)strdup(s);
    size_t i, n, len = strlen(s);

    if (!copy) {
        o->failed = true;
        return;
    }
    for (i = 0; i < len; i += n ? n : 1) {
        n = utf8_length(copy + i, len - i);
        if (!n)
            copy[i] = '?';
    }
    note(o, yajl_gen_string(o->gen, copy, len));
    free(copy);
}

void json_key(struct json_out *o, const char *key)
{
    put_string(o, key);
}

void json_value_str(struct json_out *o, const char *s)
{
    put_string(o, s);
}

void json_value_u64(struct json_out *o, uint64_t value)
{
    note(o, yajl_gen_integer(o->gen, (long long)value));
}

void json_put_str(struct json_out *o, const char *key, const char *s)
{
    json_key(o, key);
    json_value_str(o, s);
}

void json_put_u64(struct json_out *o, const char *key, uint64_t value)
{
    json_key(o, key);
    json_value_u64(o, value);
}

void json_put_fraction(struct json_out *o, const char *key, double value)
{
    char text[400];
    int n = snprintf(text, sizeof(text), "%.3f", value);

    json_key(o, key);
    note(o, yajl_gen_number(o->gen, text, (size_t)n));
}

void json_value_number(struct json_out *o, double value)
{
    char text[32];
    int n = snprintf(text, sizeof(text), "%.9g", value);

    note(o, yajl_gen_number(o->gen, text, (size_t)n));
}

void json_put_number(struct json_out *o, const char *key, double value)
{
    json_key(o, key);
    json_value_number(o, value);
}

void json_put_bool(struct json_out *o, const char *key, bool value)
{
    json_key(o, key);
    note(o, yajl_gen_bool(o->gen, value));
}

void json_value_copy(struct json_out *o, const struct json *j)
{
    yajl_val v = val(j);
    size_t i;

    switch (v ? v->type : yajl_t_null) {
    case yajl_t_string:
        put_string(o, v->u.string);
        break;
    case yajl_t_number:
        note(o, yajl_gen_number(o->gen, v->u.number.r, strlen(v->u.number.r)));
        break;
    case yajl_t_object:
        json_object(o);
        for (i = 0; i < v->u.object.len; i++) {
            put_string(o, v->u.object.keys[i]);
            json_value_copy(o, from_val(v->u.object.values[i]));
        }
        json_end_object(o);
        break;
    case yajl_t_array:
        json_array(o);
        for (i = 0; i < v->u.array.len; i++)
            json_value_copy(o, from_val(v->u.array.values[i]));
        json_end_array(o);
        break;
    case yajl_t_true:
    case yajl_t_false:
        note(o, yajl_gen_bool(o->gen, v->type == yajl_t_true));
        break;
    default:
        note(o, yajl_gen_null(o->gen));
    }
}

const char *json_text(struct json_out *o, size_t *len)
{
    const unsigned char *text;
    size_t n;

    if (o->failed || yajl_gen_get_buf(o->gen, &text, &n) != yajl_gen_status_ok)
        return NULL;
    if (len)
        *len = n;
    return (const char *)text;
}
