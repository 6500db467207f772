/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef DOM0_TOOLS_DOMTOP_SCREEN_H
#define DOM0_TOOLS_DOMTOP_SCREEN_H

struct err;
struct view;

/* Shows samples on the terminal until a person quits. Returns an exit status, the terminal restored. */
int screen_run(struct view *v, struct err *e);

#endif
