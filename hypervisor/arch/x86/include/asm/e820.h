/* SPDX-License-Identifier: GPL-2.0-only */
/* The memory map, and sets of ranges in ascending order cut from it. Pure: arch/x86/e820.c. */
#ifndef ASM_E820_H
#define ASM_E820_H

#include <hv/arch.h>

/*
 * Sort, cut overlaps (the less usable type wins), join neighbours. @map has room for @max entries.
 * Returns the new number.
 */
unsigned int e820_sanitize(struct e820_entry *map, unsigned int nr, unsigned int max);

struct range {
    uint64_t start, end;
};
/* Take [start, end) out of @r, which has room for @max: when a range is split and there is none left,
 * the smaller part is lost. Returns the new number. */
unsigned int range_subtract(struct range *r, unsigned int nr, unsigned int max, uint64_t start,
                            uint64_t end);
/* Carve @size bytes, aligned (a power of two), as high as possible but below @limit. ~0: none. */
uint64_t range_carve(struct range *r, unsigned int *nr, unsigned int max, uint64_t size,
                     uint64_t align, uint64_t limit);

#endif
