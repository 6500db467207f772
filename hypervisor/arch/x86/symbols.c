/* SPDX-License-Identifier: GPL-2.0-only */
/* Names of our own functions. The tables are made by gen-symbols from a first link
 * (hypervisor/files.mk). */
#include <asm/layout.h>
#include <asm/machine.h>
#include <asm/symbols.h>

/* The symbol at or below @addr, NULL: not our text. */
const char *symbol_lookup(uint64_t addr, uint64_t *offset)
{
    extern char __init_text_end[];
    uint32_t at = addr - HV_VA, low = 0, high = nr_symbols;

    if (addr < HV_VA || addr >= (uint64_t)__init_text_end || !nr_symbols)
        return NULL;
    while (high - low > 1) {
        uint32_t mid = (low + high) / 2;

        if (symbol_address[mid] <= at)
            low = mid;
        else
            high = mid;
    }
    if (symbol_address[low] > at)
        return NULL;
    *offset = at - symbol_address[low];
    return symbol_names + symbol_name_at[low];
}
