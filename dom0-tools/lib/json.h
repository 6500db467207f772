/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef DOM0_TOOLS_LIB_JSON_H
#define DOM0_TOOLS_LIB_JSON_H

/* JSON, read and written through yajl, which only json.c sees. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct json;     /* a value within a parsed document */
struct json_out; /* a document being written */

/*
 * Parses one document. Returns it, to be released by json_free(), or NULL: syntax, nesting deeper
 * than 32, out of memory.
 */
struct json *json_parse(const char *text, size_t len);
void json_free(struct json *j);

/* Members of an object, elements of an array. A wrong type or a missing member gives NULL or 0. */
const struct json *json_get(const struct json *j, const char *key);
const struct json *json_at(const struct json *j, size_t i);
size_t json_length(const struct json *j); /* of an array */
const char *json_str(const struct json *j);
const char *json_get_str(const struct json *j, const char *key);
/* True with *@value set when the member is an integer >= 0. */
bool json_get_u64(const struct json *j, const char *key, uint64_t *value);
bool json_get_bool(const struct json *j, const char *key); /* false unless it is true */
bool json_u64(const struct json *j, uint64_t *value);      /* the same of a value itself */
bool json_number(const struct json *j, double *value);     /* any number */

/* JSON_NONE: NULL, null, or a number that is no integer. */
enum json_type { JSON_NONE, JSON_STRING, JSON_INTEGER, JSON_BOOL, JSON_OBJECT, JSON_ARRAY };
enum json_type json_type(const struct json *j);
/* Object members by number; *@key belongs to the document. */
const struct json *json_member(const struct json *j, size_t i, const char **key);

/* Writing; errors (out of memory) show up at json_text(). @pretty: indented, several lines. */
struct json_out *json_out_new(bool pretty);
void json_out_free(struct json_out *o);
void json_object(struct json_out *o);
void json_end_object(struct json_out *o);
void json_array(struct json_out *o);
void json_end_array(struct json_out *o);
void json_key(struct json_out *o, const char *key);
bool json_is_text(const char *bytes, size_t len);       /* UTF-8 without NUL: a string as it is */
void json_value_str(struct json_out *o, const char *s); /* bytes that are no UTF-8 become '?' */
void json_value_u64(struct json_out *o, uint64_t value);
void json_put_str(struct json_out *o, const char *key, const char *s);
void json_put_u64(struct json_out *o, const char *key, uint64_t value);
void json_put_fraction(struct json_out *o, const char *key, double value); /* three digits */
void json_value_number(struct json_out *o, double value); /* nine digits; it must be finite */
void json_put_number(struct json_out *o, const char *key, double value);
void json_put_bool(struct json_out *o, const char *key, bool value);
/* Copies a parsed value (all of it) as the next value. */
void json_value_copy(struct json_out *o, const struct json *j);
/* The text so far, valid until json_out_free(); NULL when anything went wrong. */
const char *json_text(struct json_out *o, size_t *len);

#endif
