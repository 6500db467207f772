/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The part of a C library that the compiler and the rest of the hypervisor expect: memory, strings,
 * formatted text. Compiled with -fno-tree-loop-distribute-patterns (hypervisor/files.mk), lest the
 * compiler turn memcpy's loop into a call of memcpy. Native tests link the C library's own instead;
 * what that lacks is in core/text.c.
 */
#include <hv/lib.h>

/* Eight bytes anywhere, of any type. */
typedef uint64_t __attribute__((may_alias, aligned(1))) word_t;

void *memcpy(void *d, const void *s, size_t n)
{
    unsigned char *to = d;
    const unsigned char *from = s;

    for (; n >= 32; n -= 32, to += 32, from += 32) {
        uint64_t a = ((const word_t *)from)[0], b = ((const word_t *)from)[1];
        uint64_t c = ((const word_t *)from)[2], e = ((const word_t *)from)[3];

        ((word_t *)to)[0] = a;
        ((word_t *)to)[1] = b;
        ((word_t *)to)[2] = c;
        ((word_t *)to)[3] = e;
    }
    for (; n >= 8; n -= 8, to += 8, from += 8)
        *(word_t *)to = *(const word_t *)from;
    while (n--)
        *to++ = *from++;
    return d;
}

void *memmove(void *d, const void *s, size_t n)
{
    unsigned char *to = d;
    const unsigned char *from = s;

    /* memcpy reads each piece before it writes it, from low to high: right when @d lies below. */
    if ((uintptr_t)to - (uintptr_t)from >= n)
        return memcpy(d, s, n);
    for (; n >= 8; n -= 8)
        *(word_t *)(to + n - 8) = *(const word_t *)(from + n - 8);
    while (n--)
        to[n] = from[n];
    return d;
}

void *memset(void *d, int c, size_t n)
{
    unsigned char *to = d;
    uint64_t w = 0x0101010101010101ull * (unsigned char)c;

    for (; n >= 32; n -= 32, to += 32) {
        ((word_t *)to)[0] = w;
        ((word_t *)to)[1] = w;
        ((word_t *)to)[2] = w;
        ((word_t *)to)[3] = w;
    }
    for (; n >= 8; n -= 8, to += 8)
        *(word_t *)to = w;
    while (n--)
        *to++ = (unsigned char)c;
    return d;
}

int memcmp(const void *a, const void *b, size_t n)
{
    const unsigned char *p = a, *q = b;

    for (; n >= 8 && *(const word_t *)p == *(const word_t *)q; n -= 8)
        p += 8, q += 8;
    for (; n; n--, p++, q++)
        if (*p != *q)
            return *p < *q ? -1 : 1;
    return 0;
}

size_t strlen(const char *s)
{
    size_t n = 0;

    while (s[n])
        n++;
    return n;
}

int strcmp(const char *a, const char *b)
{
    while (*a && *a == *b)
        a++, b++;
    return (unsigned char)*a - (unsigned char)*b;
}

int strncmp(const char *a, const char *b, size_t n)
{
    while (n && *a && *a == *b)
        a++, b++, n--;
    return n ? (unsigned char)*a - (unsigned char)*b : 0;
}

/* Where formatted text goes: counts on behind the end of the buffer. */
struct sink {
    char *buf;
    size_t room, len;
};

static void put(struct sink *s, char c)
{
    if (s->len < s->room)
        s->buf[s->len] = c;
    s->len++;
}

static void pad(struct sink *s, char c, long n)
{
    while (n-- > 0)
        put(s, c);
}

/* One conversion, as its flags say. */
struct conv {
    bool left, zero, alt, upper, negative;
    int width, precision; /* precision < 0: none */
    unsigned int base;
};

static void put_number(struct sink *s, const struct conv *c, unsigned long long v)
{
    const char *set = c->upper ? "0123456789ABCDEF" : "0123456789abcdef";
    char digits[24];
    int n = 0, zeros, prefix = (c->negative ? 1 : 0) + (c->alt ? 2 : 0);

    do
        digits[n++] = set[v % c->base];
    while (v /= c->base);
    zeros = c->precision > n ? c->precision - n : 0;
    if (c->zero && !c->left && c->precision < 0 && c->width > n + prefix)
        zeros = c->width - n - prefix;
    if (!c->left)
        pad(s, ' ', c->width - n - zeros - prefix);
    if (c->negative)
        put(s, '-');
    if (c->alt) {
        put(s, '0');
        put(s, c->upper ? 'X' : 'x');
    }
    pad(s, '0', zeros);
    for (int i = n; i-- > 0;)
        put(s, digits[i]);
    if (c->left)
        pad(s, ' ', c->width - n - zeros - prefix);
}

static void put_string(struct sink *s, const struct conv *c, const char *str)
{
    long n = 0;

    if (!str)
        str = "(null)";
    while ((c->precision < 0 || n < c->precision) && str[n])
        n++;
    if (!c->left)
        pad(s, ' ', c->width - n);
    for (long i = 0; i < n; i++)
        put(s, str[i]);
    if (c->left)
        pad(s, ' ', c->width - n);
}

static int digits_of(const char **fmt)
{
    int v = 0;

    while (**fmt >= '0' && **fmt <= '9' && v < 10000)
        v = v * 10 + *(*fmt)++ - '0';
    return v;
}

int vsnprintf(char *buf, size_t n, const char *fmt, va_list ap)
{
    struct sink s = {.buf = buf, .room = n ? n - 1 : 0};

    for (; *fmt; fmt++) {
        struct conv c = {.precision = -1, .base = 10};
        int longs = 0;
        unsigned long long v;

        if (*fmt != '%') {
            put(&s, *fmt);
            continue;
        }
        for (fmt++; *fmt == '-' || *fmt == '0' || *fmt == '#' || *fmt == ' ' || *fmt == '+';
             fmt++) {
            c.left |= *fmt == '-';
            c.zero |= *fmt == '0';
            c.alt |= *fmt == '#';
        }
        if (*fmt == '*') {
            c.width = va_arg(ap, int);
            if (c.width < 0) {
                c.left = true;
                c.width = -c.width;
            }
            fmt++;
        } else {
            c.width = digits_of(&fmt);
        }
        if (*fmt == '.') {
            fmt++;
            if (*fmt == '*') {
                c.precision = va_arg(ap, int);
                fmt++;
            } else {
                c.precision = digits_of(&fmt);
            }
        }
        for (; *fmt == 'l' || *fmt == 'z' || *fmt == 'h' || *fmt == 'j'; fmt++)
            longs += *fmt == 'h' ? -1 : 1;
        switch (*fmt) {
        case 'd':
        case 'i': {
            long long i = longs > 0 ? va_arg(ap, long long) : va_arg(ap, int);

            c.alt = false;
            c.negative = i < 0;
            put_number(&s, &c, i < 0 ? 0ull - (unsigned long long)i : (unsigned long long)i);
            break;
        }
        case 'p':
            c.alt = true;
            longs = 1;
            /* fall through */
        case 'X':
        case 'x':
        case 'u':
            c.upper = *fmt == 'X';
            if (*fmt == 'u')
                c.alt = false;
            else
                c.base = 16;
            v = longs > 0 ? va_arg(ap, unsigned long long) : va_arg(ap, unsigned int);
            if (longs == -1)
                v = (uint16_t)v;
            else if (longs < -1)
                v = (uint8_t)v;
            put_number(&s, &c, v);
            break;
        case 'c': {
            char one[2] = {(char)va_arg(ap, int), 0};

            if (one[0]) {
                put_string(&s, &c, one);
            } else {
                put(&s, 0);
            }
            break;
        }
        case 's':
            put_string(&s, &c, va_arg(ap, const char *));
            break;
        case '%':
            put(&s, '%');
            break;
        case 0: /* the text ends within a conversion */
            fmt--;
            break;
        default: /* not known: shown as it stands */
            put(&s, '%');
            put(&s, *fmt);
        }
    }
    if (n)
        buf[s.len < n ? s.len : n - 1] = 0;
    return (int)s.len;
}

int snprintf(char *buf, size_t n, const char *fmt, ...)
{
    va_list ap;
    int len;

    va_start(ap, fmt);
    len = vsnprintf(buf, n, fmt, ap);
    va_end(ap);
    return len;
}
