/* SPDX-License-Identifier: GPL-2.0-only */
/* What the fake architecture keeps of a vcpu and of a domain. */
#ifndef ASM_DOMAIN_H
#define ASM_DOMAIN_H

#include <asm/regs.h>
#include <hv/types.h>

struct arch_vcpu {
    struct cpu_regs regs;
    bool created;
    guest_va_t time_area;
    mfn_t kernel_root, user_root; /* arch/x86/mm.c and mmu.c are tested natively too */
    uint64_t hw_cr3_kernel, hw_cr3_user;
    unsigned int last_cpu;
};

struct arch_domain {
    bool created;
    bool io_allowed;
    uint64_t tlb_cpus[1];
    unsigned int relinquish_slices; /* arch_domain_relinquish says -ERESTART so many times */
};

#endif
