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

int strncmp(const char *a, const char *b, size_t n)
{
    while (n && *a && *a == *b)
        a++, b++, n--;
    return n ? (unsigned char)*a - (unsigned char)*b : 0;
}

int strcmp(const char *a, const char *b)
{
    return strncmp(a, b, SIZE_MAX);
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

static void pad(struct sink *s, char c, size_t n)
{
    while (n--)
        put(s, c);
}

/* One conversion, as its flags say. */
struct conv {
    bool zero, alt, negative;
    unsigned int width, base;
};

static void put_number(struct sink *s, const struct conv *c, unsigned long v)
{
    char digits[24];
    unsigned int n = 0, prefix = (c->negative ? 1 : 0) + (c->alt ? 2 : 0), padding;

    do
        digits[n++] = "0123456789abcdef"[v % c->base];
    while (v /= c->base);
    padding = c->width > n + prefix ? c->width - n - prefix : 0;
    if (!c->zero)
        pad(s, ' ', padding);
    if (c->negative)
        put(s, '-');
    if (c->alt) {
        put(s, '0');
        put(s, 'x');
    }
    if (c->zero)
        pad(s, '0', padding);
    while (n)
        put(s, digits[--n]);
}

static void put_string(struct sink *s, const struct conv *c, const char *str)
{
    size_t n;

    if (!str)
        str = "(null)";
    n = strlen(str);
    if (n < c->width)
        pad(s, ' ', c->width - n);
    while (*str)
        put(s, *str++);
}

int vsnprintf(char *buf, size_t n, const char *fmt, va_list ap)
{
    struct sink s = {.buf = buf, .room = n ? n - 1 : 0};

    for (; *fmt; fmt++) {
        struct conv c = {.base = 10};
        bool wide = false;
        long v;

        if (*fmt != '%') {
            put(&s, *fmt);
            continue;
        }
        for (fmt++; *fmt == '0' || *fmt == '#'; fmt++) {
            c.zero |= *fmt == '0';
            c.alt |= *fmt == '#';
        }
        for (; *fmt >= '0' && *fmt <= '9' && c.width < 10000; fmt++)
            c.width = c.width * 10 + (unsigned int)(*fmt - '0');
        for (; *fmt == 'l' || *fmt == 'z'; fmt++)
            wide = true;
        switch (*fmt) {
        case 'd':
            v = wide ? va_arg(ap, long) : va_arg(ap, int);
            c.negative = v < 0;
            put_number(&s, &c, v < 0 ? 0 - (unsigned long)v : (unsigned long)v);
            break;
        case 'x':
            c.base = 16;
            /* fall through */
        case 'u':
            put_number(&s, &c, wide ? va_arg(ap, unsigned long) : va_arg(ap, unsigned int));
            break;
        case 'c':
            put(&s, (char)va_arg(ap, int));
            break;
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
