/* SPDX-License-Identifier: GPL-2.0-only */
/* What a freestanding program lacks: strings, printing, bits, assertions. */
#ifndef HV_LIB_H
#define HV_LIB_H

#include <stdarg.h>

#include <hv/types.h>

void *memcpy(void *d, const void *s, size_t n);
void *memmove(void *d, const void *s, size_t n);
void *memset(void *d, int c, size_t n);
int memcmp(const void *a, const void *b, size_t n);
size_t strlen(const char *s);
int strcmp(const char *a, const char *b);
int strncmp(const char *a, const char *b, size_t n);
/* Copy at most @n - 1 bytes of @s and terminate. Returns strlen(@s). */
size_t strlcpy(char *d, const char *s, size_t n);
/* Decimal, or hex after 0x; *end is set behind the last digit. */
unsigned long long simple_strtoull(const char *s, const char **end);

/* %d %u %x %s with a width, numbers also with l, ll, z, 0 and (%x) #; %c %%. No more than that is used.
 * Returns the length that was wanted. */
int vsnprintf(char *buf, size_t n, const char *fmt, va_list ap)
    __attribute__((format(printf, 3, 0)));

/*
 * Log a line: to the ring that dom0 reads (`domctl dmesg`) and, when its level passes loglvl=, to the
 * serial console. Any context, also NMI. Levels: the first two bytes "<N>", N = 0 error, 1 warning,
 * 2 info (default), 3 debug.
 */
void printk(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
#define LOG_ERR   "<0>"
#define LOG_WARN  "<1>"
#define LOG_INFO  "<2>"
#define LOG_DEBUG "<3>"
/* A message that a guest can cause: at most a burst of 20, then 5 a second, over all callers. */
bool printk_ratelimit(void);
#define guest_printk(d, fmt, ...)                                                  \
    do {                                                                           \
        if (printk_ratelimit())                                                    \
            printk(LOG_WARN "d%u: " fmt, (unsigned int)(d)->domid, ##__VA_ARGS__); \
    } while (0)

/* Print, dump this CPU's state, stop the others, then reboot (or halt with noreboot). */
void panic(const char *fmt, ...) __attribute__((format(printf, 1, 2), noreturn));
#define BUG() panic("BUG at %s:%d\n", __FILE__, __LINE__)
#define BUG_ON(c)                                                \
    do {                                                         \
        if (__builtin_expect(!!(c), 0))                          \
            panic("BUG at %s:%d: %s\n", __FILE__, __LINE__, #c); \
    } while (0)

#define likely(x)     __builtin_expect(!!(x), 1)
#define unlikely(x)   __builtin_expect(!!(x), 0)
#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))
#define min(a, b)     CHOOSE(a, <, b)
#define max(a, b)     CHOOSE(a, >, b)
/* Each argument is evaluated once: what changes by itself may have passed the other by the second time. */
#define CHOOSE(a, op, b)        \
    __extension__({             \
        __typeof__(a) a_ = (a); \
        __typeof__(b) b_ = (b); \
        a_ op b_ ? a_ : b_;     \
    })
#define container_of(p, t, m) ((t *)((char *)(p)-offsetof(t, m)))
#define ROUND_UP(x, a)        (((x) + (a)-1) & ~((__typeof__(x))(a)-1))
#define ACCESS_ONCE(x)        (*(volatile __typeof__(x) *)&(x))

/* Barriers; on x86 the second only stops the compiler. */
#define smp_mb()  __atomic_thread_fence(__ATOMIC_SEQ_CST)
#define smp_wmb() __atomic_thread_fence(__ATOMIC_RELEASE)

/* Atomic bit operations on arrays of unsigned long (also memory shared with guests). */
static inline bool test_and_set_bit(unsigned int nr, volatile void *addr)
{
    unsigned long m = 1ul << (nr % 64);
    return __atomic_fetch_or((unsigned long *)addr + nr / 64, m, __ATOMIC_SEQ_CST) & m;
}
static inline bool test_and_clear_bit(unsigned int nr, volatile void *addr)
{
    unsigned long m = 1ul << (nr % 64);
    return __atomic_fetch_and((unsigned long *)addr + nr / 64, ~m, __ATOMIC_SEQ_CST) & m;
}
static inline void set_bit(unsigned int nr, volatile void *addr)
{
    (void)test_and_set_bit(nr, addr);
}
static inline void clear_bit(unsigned int nr, volatile void *addr)
{
    (void)test_and_clear_bit(nr, addr);
}
static inline bool test_bit(unsigned int nr, const volatile void *addr)
{
    return (((const volatile unsigned long *)addr)[nr / 64] >> (nr % 64)) & 1;
}

#endif
