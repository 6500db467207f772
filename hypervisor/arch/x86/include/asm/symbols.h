/* SPDX-License-Identifier: GPL-2.0-only */
/* Tables that arch/x86/gen-symbols writes: addresses from HV_VA, ascending. */
#ifndef ASM_SYMBOLS_H
#define ASM_SYMBOLS_H

#include <stdint.h>

extern const uint32_t nr_symbols, symbol_address[], symbol_name_at[];
extern const char symbol_names[];

#endif
