/* SPDX-License-Identifier: GPL-2.0-only */
#include "dom0-tools/lib/amount.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A CPU's number at *@p. */
static bool cpu_at(const char **p, unsigned int *cpu)
{
    unsigned int n = 0;

    if (!isdigit((unsigned char)**p))
        return false;
    while (isdigit((unsigned char)**p)) {
        n = n * 10 + (unsigned int)(*(*p)++ - '0');
        if (n >= CPUS_MAX)
            return false;
    }
    *cpu = n;
    return true;
}

static void skip_blanks(const char **p)
{
    while (**p == ' ' || **p == '\t')
        (*p)++;
}

/* One part of a list: "all", "N", "N-M". */
static bool part_at(const char **p, uint64_t *part)
{
    unsigned int first, last;

    if (!strncmp(*p, "all", 3)) {
        *p += 3;
        *part = CPUS_ALL;
        return true;
    }
    if (!cpu_at(p, &first))
        return false;
    last = first;
    if (**p == '-') {
        (*p)++;
        if (!cpu_at(p, &last) || last < first)
            return false;
    }
    *part = (CPUS_ALL >> (CPUS_MAX - 1 - (last - first))) << first;
    return true;
}

bool cpus_parse(uint64_t *mask, const char *text)
{
    uint64_t all = 0, part;

    for (;; text++) {
        bool without;

        skip_blanks(&text);
        without = *text == '^';
        text += without;
        if (!part_at(&text, &part))
            return false;
        all = without ? all & ~part : all | part;
        skip_blanks(&text);
        if (*text != ',')
            break;
    }
    *mask = all;
    return !*text && all;
}

void cpus_format(char text[CPUS_TEXT_MAX], uint64_t mask, unsigned int nr_cpus)
{
    uint64_t known = nr_cpus < CPUS_MAX ? (1ull << nr_cpus) - 1 : CPUS_ALL;
    size_t used = 0;
    unsigned int i, end;

    text[0] = '\0';
    if ((mask & known) == known) {
        strcpy(text, "all");
        return;
    }
    for (i = 0; i < CPUS_MAX; i = end) {
        end = i + 1;
        if (!(mask >> i & 1))
            continue;
        while (end < CPUS_MAX && mask >> end & 1)
            end++;
        used += (size_t)snprintf(text + used, CPUS_TEXT_MAX - used, "%s%u", used ? "," : "", i);
        if (end > i + 1)
            used += (size_t)snprintf(text + used, CPUS_TEXT_MAX - used, "-%u", end - 1);
    }
}

bool number_parse(uint64_t *n, const char *text)
{
    char *end;

    errno = 0;
    *n = strtoull(text, &end, 10);
    return isdigit((unsigned char)*text) && !*end && !errno && *n <= INT64_MAX;
}

bool mib_parse(uint64_t *mib, const char *text)
{
    static const char units[] = "bkmgt";
    const char *unit = units + 1;
    unsigned int shift;
    uint64_t n;
    char *end;

    if (!isdigit((unsigned char)*text))
        return false;
    errno = 0;
    n = strtoull(text, &end, 10);
    if (*end) {
        unit = strchr(units, tolower((unsigned char)*end));
        if (!unit || end[1])
            return false;
    }
    shift = (unsigned int)(unit - units) * 10;
    if (errno || (shift > 20 && n > (UINT64_MAX >> 20) >> (shift - 20)))
        return false;
    if (shift >= 20)
        *mib = n << (shift - 20);
    else
        *mib = (n >> (20 - shift)) + ((n & ((1ull << (20 - shift)) - 1)) != 0);
    return true;
}
