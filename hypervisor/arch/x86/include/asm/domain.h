/* SPDX-License-Identifier: GPL-2.0-only */
/* What a PV domain and its vcpus are made of on x86-64. */
#ifndef ASM_DOMAIN_H
#define ASM_DOMAIN_H

#include <asm/regs.h>
#include <hv/types.h>

struct guest_trap {
    uint64_t address; /* 0: no handler */
    uint16_t cs;
    uint8_t dpl; /* software interrupts from rings above are refused */
    bool masks_events;
};

struct guest_callback {
    uint64_t address;
    bool masks_events;
};

#define GDT_GUEST_FRAMES 14u /* the hypervisor's entries follow behind them */

struct pirq_map; /* arch/x86/irq.c */

struct arch_vcpu {
    struct cpu_regs regs; /* while it does not run; else they are in the CPU's record */
    bool in_kernel;       /* guest kernel mode: the kernel root is live */

    /* Roots that the guest loaded (a reference and an L4 type reference each; user may be none),
     * and the one that the CPU takes: the same today, apart so that copies can serve later. */
    mfn_t kernel_root, user_root;
    uint64_t hw_cr3_kernel, hw_cr3_user;

    uint16_t ds, es, fs, gs;
    uint64_t fs_base, gs_base_kernel, gs_base_user; /* while it does not run */
    uint64_t kernel_ss, kernel_sp;

    struct guest_callback event, failsafe, syscall, syscall32, sysenter, nmi;
    struct guest_trap traps[256];

    mfn_t gdt_mfn[GDT_GUEST_FRAMES];
    unsigned int gdt_entries;
    guest_va_t ldt_base;
    unsigned int ldt_entries;
    mfn_t ldt_mfn[16];     /* pages of the LDT that are in the window; INVALID_MFN: not yet */
    unsigned int window;   /* number of its descriptor window */
    unsigned int last_cpu; /* where its translations may be cached */

    uint64_t cr0, cr2, cr4; /* as the guest sees them */
    uint64_t debugreg[8];
    unsigned int iopl;
    uint64_t xcr0; /* as the guest set it */
    void *fpu;     /* XSAVE area */

    bool nmi_pending, nmi_masked;

    /* I/O (dom0) */
    uint64_t *iobitmap;
};

struct arch_domain {
    struct pirq_map *pirqs;
    uint64_t tlb_cpus[1]; /* CPUs that may hold translations of this domain's roots */
    uint64_t sweep;       /* next frame that arch_domain_relinquish() looks at */
    bool io_allowed;      /* hardware domain: ports, MMIO, MSRs by list */
    uint32_t pci_latch;   /* what it wrote to port 0xcf8 */
};

#endif
