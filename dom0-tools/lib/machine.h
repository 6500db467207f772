/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef DOM0_TOOLS_LIB_MACHINE_H
#define DOM0_TOOLS_LIB_MACHINE_H

/*
 * Which machine this is, however it was booted: by what its firmware and its CPU say of it, which plain
 * Linux reads as dom0 does.
 */

#include <stddef.h>
#include <stdint.h>

struct machine {
    char cpu[64];      /* the CPU's own name */
    char product[128]; /* maker and model; "unknown" without SMBIOS */
    char uuid[33];     /* of this very machine, or "" */
    unsigned int cpus; /* threads of all sockets; those of this kernel without SMBIOS */
    uint64_t memory_mib;
    const char
        *accel;  /* "tcg" or "kvm", if that is what the CPU says runs the machine; else "none" */
    char id[17]; /* a hash of the rest */
};

/* What the structures of an SMBIOS table at @data of @len bytes say; leaves the rest as it is. */
void machine_from_smbios(struct machine *m, const uint8_t *data, size_t len);
/* Fills @m->id. */
void machine_identify(struct machine *m);
/* The machine that this runs on. */
void machine_read(struct machine *m);

/* FNV-1a of @len bytes, going on from @hash; FNV_START begins one. */
#define FNV_START 0xcbf29ce484222325ull
uint64_t fnv1a(uint64_t hash, const void *data, size_t len);

#endif
