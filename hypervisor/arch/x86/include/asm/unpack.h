/* SPDX-License-Identifier: GPL-2.0-only */
/* A kernel file as it came from the loader, made into the ELF file inside. arch/x86/unpack.c. */
#ifndef ASM_UNPACK_H
#define ASM_UNPACK_H

#include <hv/types.h>

struct unpacked {
    const void *elf;
    size_t size;
    unsigned int order; /* of the heap block that holds it; only if @owned */
    bool owned;         /* false: @elf lies inside the file itself */
};
/*
 * Returns 0; -EINVAL with *@why a reason for people; -ENOMEM. Boot CPU only, before any guest runs.
 */
int kernel_unpack(const void *file, size_t size, struct unpacked *out, const char **why);
void kernel_unpack_free(struct unpacked *u);

#endif
