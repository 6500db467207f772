/* SPDX-License-Identifier: GPL-2.0-only */
/* Arithmetic of clocks. Pure: arch/x86/clock.c. */
#ifndef ASM_CLOCK_H
#define ASM_CLOCK_H

#include <hv/types.h>

#define NS_PER_SEC 1000000000ull

/* ns = ((ticks << shift) * mul) >> 32; a negative shift goes right. As in struct vcpu_time_info. */
struct clock_scale {
    uint32_t mul;
    int8_t shift;
};
/* The most precise scale for a clock of @hz, 1 kHz to 8 GHz. */
struct clock_scale clock_scale_of(uint64_t hz);
uint64_t clock_ns(struct clock_scale s, uint64_t ticks);

/* Registers 0, 2, 4, 7, 8, 9 (second to year) and status B of a MC146818, as seconds since 1970. */
int64_t rtc_to_seconds(const uint8_t regs[6], uint8_t status_b);

#endif
