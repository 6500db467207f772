/* SPDX-License-Identifier: GPL-2.0-only */
/* One fact of the ABI as one side states it. */
#ifndef TESTS_UNIT_ABI_TABLE_H
#define TESTS_UNIT_ABI_TABLE_H

struct abi_fact {
    const char *name;
    long long offset; /* of a member */
    long long size;   /* of a type or member */
    long long value;  /* of a number */
};

extern const struct abi_fact abi_ours[], abi_theirs[];
extern const unsigned long abi_ours_count, abi_theirs_count;

#endif
