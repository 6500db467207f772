/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef DOM0_TOOLS_LIB_AMOUNT_H
#define DOM0_TOOLS_LIB_AMOUNT_H

/* Amounts as people write them: sets of CPUs and sizes of memory. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define CPUS_MAX      64 /* CPUs of a host: one bit each */
#define CPUS_ALL      UINT64_MAX
#define CPUS_TEXT_MAX 256 /* bytes for cpus_format(), NUL included */

/*
 * "all", "3", "0-3,5,^1" (^: without), the parts from left to right; spaces beside commas are
 * allowed. False: syntax, a CPU of 64 or more, a range that runs backwards, an empty set.
 */
bool cpus_parse(uint64_t *mask, const char *text);
/* "all" if @mask holds all of the first @nr_cpus, else "0-2,5". */
void cpus_format(char text[CPUS_TEXT_MAX], uint64_t mask, unsigned int nr_cpus);

/* "0", "42": digits alone. False: anything else, or more than a number of JSON holds (63 bits). */
bool number_parse(uint64_t *n, const char *text);

/*
 * "268435456b", "262144k", "256m", "2g", "1t": bytes, KiB (also without a letter, as for xl), MiB,
 * GiB, TiB, in either case; rounded up to whole MiB. False: anything else, or more than 64 bits hold.
 */
bool mib_parse(uint64_t *mib, const char *text);

#endif
