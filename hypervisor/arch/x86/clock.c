/* SPDX-License-Identifier: GPL-2.0-only */
/* Arithmetic of clocks: ticks to nanoseconds, calendar to seconds. Pure: also compiled for tests. */
#include <asm/clock.h>

struct clock_scale clock_scale_of(uint64_t hz)
{
    struct clock_scale s;
    int shift = 0;

    /* The largest multiplier below 2^32: NS_PER_SEC < hz * 2^shift <= 2 * NS_PER_SEC. */
    while (shift > -2 && hz > NS_PER_SEC << (1 - shift))
        shift--;
    while (shift >= 0 && hz << shift <= NS_PER_SEC)
        shift++;
    s.shift = (int8_t)shift;
    s.mul = (uint32_t)((shift > 0 ? NS_PER_SEC << (32 - shift) : NS_PER_SEC << 32 << -shift) / hz);
    return s;
}

uint64_t clock_ns(struct clock_scale s, uint64_t ticks)
{
    if (s.shift < 0)
        ticks >>= -s.shift;
    else
        ticks <<= s.shift;
    return (uint64_t)((unsigned __int128)ticks * s.mul >> 32);
}

/* Days from 1970-01-01 to the given day of the Gregorian calendar. */
static int64_t days_since_epoch(unsigned int year, unsigned int month, unsigned int day)
{
    unsigned int y = month <= 2 ? year - 1 : year, m = month <= 2 ? month + 9 : month - 3;

    return 365ll * y + y / 4 - y / 100 + y / 400 + (153 * m + 2) / 5 + day - 1 - 719468;
}

static unsigned int from_bcd(uint8_t v)
{
    return (v >> 4) * 10u + (v & 15);
}

int64_t rtc_to_seconds(const uint8_t regs[6], uint8_t status_b)
{
    bool binary = status_b & 4, full_day = status_b & 2;
    uint8_t hour_reg = full_day ? regs[2] : regs[2] & 0x7f;
    unsigned int v[6], i;

    for (i = 0; i < 6; i++)
        v[i] = binary ? regs[i] : from_bcd(regs[i]);
    v[2] = binary ? hour_reg : from_bcd(hour_reg);
    if (!full_day)
        v[2] = v[2] % 12 + (regs[2] & 0x80 ? 12 : 0);
    v[5] += v[5] < 70 ? 2000 : 1900;
    return ((days_since_epoch(v[5], v[4], v[3]) * 24 + v[2]) * 60 + v[1]) * 60 + v[0];
}
