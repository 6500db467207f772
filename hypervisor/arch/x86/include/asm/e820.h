/* SPDX-License-Identifier: GPL-2.0-only */
/* Memory maps, and memory taken from them. Pure: arch/x86/e820.c. */
#ifndef ASM_E820_H
#define ASM_E820_H

#include <hv/arch.h>

/*
 * Sort, cut overlaps (the less usable type wins), join neighbours. @map has room for @max entries.
 * Returns the new number.
 */
unsigned int e820_sanitize(struct xen_e820entry *map, unsigned int nr, unsigned int max);

/* Make [start, end) unusable. When there is no room for one more entry, the highest is lost. */
void e820_take(struct xen_e820entry *map, unsigned int *nr, unsigned int max, uint64_t start,
               uint64_t end);
/* Take @size (> 0) bytes of RAM, aligned (a power of two), as high as possible but below @limit. ~0: none. */
uint64_t e820_carve(struct xen_e820entry *map, unsigned int *nr, unsigned int max, uint64_t size,
                    uint64_t align, uint64_t limit);

#endif
