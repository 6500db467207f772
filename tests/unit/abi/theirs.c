/* SPDX-License-Identifier: GPL-2.0-only */
/* The facts as libxen-dev's headers state them. */
#define ABI_SIDE 2
#include "tests/unit/abi/headers.h"
#include "tests/unit/abi/table.h"

const struct abi_fact abi_theirs[] = {
#define ABI_TYPE(type) {.name = #type, .size = sizeof(type)},
#define ABI_MEMBER(type, member)       \
    {.name = #type "." #member,        \
     .offset = offsetof(type, member), \
     .size = sizeof(((type *)0)->member)},
#define ABI_OPEN(type, member)         \
    {.name = #type "." #member,        \
     .offset = offsetof(type, member), \
     .size = sizeof(((type *)0)->member[0])},
#define ABI_VALUE(number) {.name = #number, .value = (long long)(number)},
#include "build/unit/abi-list/abi-list.h"
};
const unsigned long abi_theirs_count = sizeof(abi_theirs) / sizeof(abi_theirs[0]);
