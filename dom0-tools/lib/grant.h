/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef DOM0_TOOLS_LIB_GRANT_H
#define DOM0_TOOLS_LIB_GRANT_H

/* Mapping granted pages, through libxengnttab, which only grant.c sees. */

#include <stdint.h>

struct grant;

int grant_open(struct grant **g); /* 0 or a negative errno */
void grant_close(struct grant *g);
/* Maps one page that @domid granted, readable and writable. NULL: errno tells why. */
void *grant_map(struct grant *g, uint32_t domid, uint32_t ref);
void grant_unmap(struct grant *g, void *page);

#endif
