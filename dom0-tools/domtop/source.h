/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef DOM0_TOOLS_DOMTOP_SOURCE_H
#define DOM0_TOOLS_DOMTOP_SOURCE_H

struct err;
struct sample;

/* Asks domd. 0 with *@s to be sample_free()d; -1 with *@e, *@s empty. Waits a few seconds at most. */
int source_sample(struct sample *s, struct err *e);

#endif
