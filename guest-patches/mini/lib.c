/* SPDX-License-Identifier: GPL-2.0-only */
/* What the compiler and the tests need of a C library. */
#include "mini.h"

void *memset(void *to, int value, size_t bytes)
{
    void *end = to;

    __asm__ volatile("rep stosb" : "+D"(end), "+c"(bytes) : "a"(value) : "memory");
    return to;
}

void *memcpy(void *to, const void *from, size_t bytes)
{
    void *end = to;

    __asm__ volatile("rep movsb" : "+D"(end), "+S"(from), "+c"(bytes) : : "memory");
    return to;
}

int memcmp(const void *a, const void *b, size_t bytes)
{
    const unsigned char *x = a, *y = b;

    for (; bytes; bytes--, x++, y++)
        if (*x != *y)
            return *x - *y;
    return 0;
}

size_t strlen(const char *text)
{
    size_t n = 0;

    while (text[n])
        n++;
    return n;
}

int strncmp(const char *a, const char *b, size_t bytes)
{
    for (; bytes; bytes--, a++, b++) {
        if (*a != *b)
            return (unsigned char)*a - (unsigned char)*b;
        if (!*a)
            return 0;
    }
    return 0;
}

int strcmp(const char *a, const char *b)
{
    return strncmp(a, b, (size_t)-1);
}

static char *put_number(char *end, unsigned long value, unsigned int base)
{
    do {
        *--end = "0123456789abcdef"[value % base];
        value /= base;
    } while (value);
    return end;
}

/* %s %c %d %u %x %p %%, with l and a width that pads with blanks or zeros. */
int kprintf(const char *format, ...)
{
    char line[256], digits[24];
    unsigned int at = 0;
    va_list args;

    va_start(args, format);
    for (; *format && at < sizeof(line) - 1; format++) {
        const char *text = digits;
        unsigned int width = 0, length;
        int is_long = 0, zero = 0;

        if (*format != '%') {
            line[at++] = *format;
            continue;
        }
        format++;
        zero = *format == '0';
        for (; *format >= '0' && *format <= '9'; format++)
            width = width * 10 + (unsigned int)(*format - '0');
        for (; *format == 'l'; format++)
            is_long = 1;
        switch (*format) {
        case 's':
            text = va_arg(args, const char *);
            length = (unsigned int)strlen(text);
            break;
        case 'd':
        case 'u':
        case 'x':
        case 'p': {
            long value = is_long || *format == 'p' ? va_arg(args, long)
                         : *format == 'd'          ? va_arg(args, int)
                                                   : (long)va_arg(args, unsigned int);
            int negative = *format == 'd' && value < 0;
            char *start = put_number(digits + sizeof(digits),
                                     negative ? -(unsigned long)value : (unsigned long)value,
                                     *format == 'd' || *format == 'u' ? 10 : 16);

            if (negative)
                *--start = '-';
            text = start;
            length = (unsigned int)(digits + sizeof(digits) - start);
            break;
        }
        case 'c':
            digits[0] = (char)va_arg(args, int);
            length = 1;
            break;
        default:
            digits[0] = *format;
            length = 1;
        }
        for (; width > length && at < sizeof(line) - 1; width--)
            line[at++] = zero ? '0' : ' ';
        for (; length && at < sizeof(line) - 1; length--)
            line[at++] = *text++;
    }
    va_end(args);
    console_write(line, at);
    return (int)at;
}
