/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef DOM0_TOOLS_VERB_H
#define DOM0_TOOLS_VERB_H

/* For verbs that read options of their own: help and complaints as parse_options() gives them. */

struct verb;

int verb_help(const struct verb *v);                    /* prints it; STATUS_DONE */
int verb_misuse(const struct verb *v, const char *why); /* one line; STATUS_USAGE */

#endif
