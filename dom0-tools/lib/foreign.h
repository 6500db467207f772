/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef DOM0_TOOLS_LIB_FOREIGN_H
#define DOM0_TOOLS_LIB_FOREIGN_H

/* Mapping pages of other domains, through libxenforeignmemory, which only foreign.c sees. */

#include <stddef.h>
#include <stdint.h>

struct foreign;

/* 0 with *@f; a negative errno. */
int foreign_open(struct foreign **f);
void foreign_close(struct foreign *f);

/* Maps @count frames of @domid, readable and writable, side by side. NULL: errno tells why. */
void *foreign_map(struct foreign *f, uint32_t domid, const uint64_t *mfns, size_t count);
void foreign_unmap(struct foreign *f, void *p, size_t count);

/*
 * Copies @count frames of @domid to @to, through a mapping that only reads; what is not the domain's
 * is read as zeros. Returns how many those were, or a negative errno.
 */
long foreign_read(struct foreign *f, uint32_t domid, const uint64_t *mfns, size_t count, void *to);

/* Maps the first frame of the domain's grant table; *@handle goes to foreign_unmap_grants(). */
void *foreign_map_grants(struct foreign *f, uint32_t domid, void **handle);
void foreign_unmap_grants(struct foreign *f, void *handle);

#endif
