/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef DOM0_TOOLS_LIB_CFGTEXT_H
#define DOM0_TOOLS_LIB_CFGTEXT_H

/* A config as text in the syntax of xl.cfg(5): what config.h and guest.h read, written. */

struct err;
struct json;

/*
 * Writes the JSON form of a config (see guest_config_to_json()) as text that gives the same guest
 * when it is read again. Keys that this file does not know are written as they are.
 * Returns the text, to be free()d, or NULL with *@e naming the key that cannot be written.
 */
char *cfg_text(const struct json *config, struct err *e);

#endif
