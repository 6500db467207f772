/* SPDX-License-Identifier: GPL-2.0-only */
/* What a guest sees of CPUID: pure policy over what the CPU says. arch/x86/cpuid.c. */
#ifndef ASM_CPUID_H
#define ASM_CPUID_H

#include <hv/types.h>

struct cpuid_env {
    /* The CPU's own answer: eax ebx ecx edx. */
    void (*raw)(uint32_t leaf, uint32_t sub, uint32_t r[4]);
    uint64_t xcr0;       /* states that guests may enable; 0: no XSAVE */
    uint64_t guest_xcr0; /* what this vcpu enabled */
    bool fsgsbase;       /* CR4.FSGSBASE is on */
    bool nx;
    bool tsc_stable; /* never stops, same on all CPUs */
    uint32_t tsc_khz;
    unsigned int machine_bits; /* width of the highest RAM address */
};

/* Leaf @leaf, subleaf @sub, as a PV guest kernel sees it. */
void cpuid_policy_leaf(const struct cpuid_env *env, uint32_t leaf, uint32_t sub, uint32_t r[4]);

#endif
