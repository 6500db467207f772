/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef DOM0_TOOLS_LIB_CONFIG_H
#define DOM0_TOOLS_LIB_CONFIG_H

/*
 * The syntax of xl.cfg(5): `key = value` lines with strings, numbers and (nested) lists.
 * What the keys mean is the business of guest.h.
 */

#include <stddef.h>
#include <stdint.h>

struct err;

enum cfg_type { CFG_STRING, CFG_NUMBER, CFG_LIST };

struct cfg_value {
    enum cfg_type type;
    int line;
    char *str;               /* CFG_STRING: the text; CFG_NUMBER: the number as written */
    uint64_t number;         /* CFG_NUMBER */
    struct cfg_value *items; /* CFG_LIST */
    size_t count;
};

struct cfg_item {
    char *key;
    int line;
    struct cfg_value value;
};

struct cfg {
    struct cfg_item *items; /* in the order of the file */
    size_t count;
};

#define CFG_TEXT_MAX (1u << 20) /* longest file accepted */

/*
 * Parses @len bytes of @text; @file is for messages only.
 * Returns 0 with *@c filled, to be released by cfg_free(); -1 with *@e set (STATUS_USAGE) and
 * *@c empty: syntax, an unterminated string or list, a number that does not fit, a zero byte,
 * nesting deeper than 8 or a text longer than CFG_TEXT_MAX.
 */
int cfg_parse(struct cfg *c, const char *text, size_t len, const char *file, struct err *e);
void cfg_free(struct cfg *c);

#define CFG_OVERRIDE (-1) /* as a line: this item is no line of the file */

/*
 * Puts @text, "KEY=VALUE" from a command line, in the place of what *@c says about KEY ("KEY+=VALUE":
 * behind it). It has the syntax of the file, several settings with ";" between them; a single value
 * may go without quotes. Returns 0, or -1 with *@e set (STATUS_USAGE); *@c is to be freed either way.
 */
int cfg_override(struct cfg *c, const char *text, struct err *e);

/* The last item named @key, or NULL. */
const struct cfg_item *cfg_find(const struct cfg *c, const char *key);

#endif
