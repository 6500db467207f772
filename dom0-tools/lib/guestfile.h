/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef DOM0_TOOLS_LIB_GUESTFILE_H
#define DOM0_TOOLS_LIB_GUESTFILE_H

/*
 * The three forms of a guest's config: text in the syntax of xl.cfg(5), JSON (what `domctl info`
 * shows), and libvirt-style domain XML. The first byte tells them apart: { is JSON, < is XML.
 */

#include <stdbool.h>
#include <stddef.h>

#include "dom0-tools/lib/guest.h"

struct err;
struct file;
struct json;

enum guest_format { FORMAT_CFG, FORMAT_JSON, FORMAT_XML };

bool guest_format_parse(enum guest_format *f, const char *name); /* "cfg", "json", "xml" */

/*
 * Makes a file that holds JSON or XML into one that holds the same config as xl.cfg(5) text; text
 * stays as it is. @path is for messages. Keys without an effect go to @warn.
 * Returns 0, or -1 with *@e (STATUS_USAGE naming the key; STATUS_FAILED without domxml).
 */
int guest_file_to_cfg(struct file *f, const char *path, guest_warn_fn warn, void *arg,
                      struct err *e);

/*
 * A JSON config as it was typed by a person, completed with the defaults of xl.cfg(5), as a guest.
 * Returns 0 with *@g to be released by guest_config_free(); -1 with *@e.
 */
int guest_json_read(struct guest_config *g, const struct json *j, const char *path,
                    guest_warn_fn warn, void *arg, struct err *e);

/*
 * Writes a guest as text of the form @f, ending with a newline, to be free()d. NULL with *@e, also
 * when reading the text again would not give the same guest.
 */
char *guest_text(const struct guest_config *g, enum guest_format f, struct err *e);

#endif
