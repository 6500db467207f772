/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Text helpers that no C library has (or not everywhere), and the limit on what guests may log.
 */
#include <hv/lib.h>
#include <hv/timer.h>

size_t strlcpy(char *d, const char *s, size_t n)
{
    size_t len = strlen(s);

    if (n) {
        size_t copy = len < n ? len : n - 1;

        memcpy(d, s, copy);
        d[copy] = 0;
    }
    return len;
}

static int digit(char c, unsigned int base)
{
    int v = c >= '0' && c <= '9'   ? c - '0'
            : c >= 'a' && c <= 'f' ? c - 'a' + 10
            : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                   : 99;

    return v < (int)base ? v : -1;
}

unsigned long long simple_strtoull(const char *s, const char **end)
{
    unsigned long long v = 0;
    unsigned int base = 10;

    if (s[0] == '0' && (s[1] == 'x' || s[1] == 'X') && digit(s[2], 16) >= 0) {
        base = 16;
        s += 2;
    }
    for (; digit(*s, base) >= 0; s++)
        v = v * base + (unsigned int)digit(*s, base);
    if (end)
        *end = s;
    return v;
}

#define RATELIMIT_INTERVAL_NS 200000000ll /* 5 a second */
#define RATELIMIT_BURST       20

/* When the allowance would be full again; a message moves it one interval on. */
static s_time_t ratelimit_full_ns;

bool printk_ratelimit(void)
{
    s_time_t now = now_ns(), old = __atomic_load_n(&ratelimit_full_ns, __ATOMIC_RELAXED), start;

    do {
        start = max(old, now);
        if (start - now > (RATELIMIT_BURST - 1) * RATELIMIT_INTERVAL_NS)
            return false;
    } while (!__atomic_compare_exchange_n(&ratelimit_full_ns, &old, start + RATELIMIT_INTERVAL_NS,
                                          false, __ATOMIC_RELAXED, __ATOMIC_RELAXED));
    return true;
}
