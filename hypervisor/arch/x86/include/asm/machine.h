/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Between the files of arch/x86: who provides what.
 */
#ifndef ASM_MACHINE_H
#define ASM_MACHINE_H

#include <asm/regs.h>
#include <hv/types.h>

/* --- boot: start.c and its neighbours ---------------------------------------------------------- */

/* What the loader gave, copied out of its memory by the first C code. Modules stay where they are; their
 * memory is not in the heap until boot_modules_release(). */
struct boot_module {
    maddr_t start, end;
    char cmdline[1024];
};
struct boot_info {
    char cmdline[1024]; /* without the image's name */
    unsigned int nr_modules;
    struct boot_module module[4]; /* 0: dom0 kernel, 1: initrd */
    maddr_t rsdp;                 /* 0: look for it */
};
extern struct boot_info boot_info;
void boot_modules_release(void); /* give module memory (and boot-only code) to the heap */

/* L4 of the hypervisor itself: slots 256-271 are what every guest root gets. */
extern uint64_t idle_root[512];

/* --- cpu.c: features of this machine ---------------------------------------------------------------- */
struct cpu_features {
    bool nx, smep, smap, smap_usable, xsave, xsaveopt, fsgsbase, gbpages, pat, tsc_deadline,
        invariant_tsc, hypervisor, amd;
    uint64_t xcr0; /* what we enable: x87, SSE, AVX, ... */
    uint32_t xsave_size;
    uint64_t cr4;           /* value of CR4 on every CPU, never changed later */
    unsigned int phys_bits; /* MAXPHYADDR */
};
extern struct cpu_features cpu_features;

/* --- entry.S, traps.c -------------------------------------------------------------------------------- */
void traps_init_boot(void); /* IDT with all gates: as early as possible on the boot CPU */
void traps_init_cpu(unsigned int cpu); /* GDT, TSS with IST stacks, IDT, syscall MSRs: each CPU */
/* Handler of external vectors 0x20..0xff, called by entry code with interrupts off; @regs of the
 * interrupted context. (irq.c) */
void do_irq(struct cpu_regs *regs, uint8_t vector);
/* crash.c: registers with a symbolised stack; the way of @va through the tables. */
void dump_regs(const struct cpu_regs *regs);
void dump_page_walk(uint64_t va, uint64_t cr3);
extern volatile bool crashing;

/* Fault fix-up, for asm code. */
#define _ASM_EXTABLE(from, to) \
    ".section .extable, \"a\"\n .balign 4\n .long " #from " - ., " #to " - .\n .previous\n"

/* --- apic.c, smp.c, time.c, acpi.c ---------------------------------------------------------------------- */
enum {
    VEC_SPURIOUS = 0xff,
    VEC_IPI = 0xfe,
    VEC_TLB = 0xfd,
    VEC_TIMER = 0xfc,
    VEC_ERROR = 0xfb,
    VEC_DYN_FIRST = 0x30,
    VEC_DYN_LAST = 0xef
};
void apic_init_cpu(void);
void apic_eoi(void);
void apic_send_ipi(unsigned int cpu, uint8_t vector);
void apic_send_ipi_mask(uint64_t cpus, uint8_t vector);
uint32_t apic_id_of(unsigned int cpu);
void smp_boot(void);        /* bring up all other CPUs; they end in the idle loop */
void smp_stop_others(void); /* crash: NMI to all */
void tsc_sync_test(void);
void time_init(void);
extern bool tsc_is_stable; /* guests get PVCLOCK's stable bit */

struct ioapic_info {
    uint8_t id;
    maddr_t addr;
    uint32_t gsi_base;
};
struct irq_override {
    uint8_t irq;
    uint32_t gsi;
    uint16_t flags; /* MPS INTI flags */
};
struct acpi_info {
    unsigned int nr_cpus;
    uint32_t apic_ids[64];
    maddr_t lapic_addr;
    unsigned int nr_ioapics;
    struct ioapic_info ioapic[8];
    unsigned int nr_overrides;
    struct irq_override override[16];
    uint32_t pm_timer_port; /* 0: none */
    maddr_t mcfg_addr[4];
    uint16_t mcfg_segment[4];
    uint8_t mcfg_bus_start[4], mcfg_bus_end[4];
    unsigned int nr_mcfg;
    uint32_t pm1a_cnt, pm1b_cnt, sci_irq; /* ports */
    uint8_t reset_type;                   /* generic address of the reset register */
    uint64_t reset_addr;
    uint8_t reset_value;
    maddr_t rsdp;
};
extern struct acpi_info acpi;
void acpi_init(void);

/* --- mm.c ----------------------------------------------------------------------------------------------- */
void tlb_flush_local(void);
void tlb_flush_begin(void); /* before a root load that is to count as a flush */
/* Flush all non-global translations on @cpus (bit mask), wait for them. Interrupts on. */
void tlb_flush_mask(uint64_t cpus);
void tlb_flush_va_mask(uint64_t cpus, uint64_t va);
void tlb_flush_ipi(void); /* VEC_TLB handler */
/* A guest fault on a read-only mapped page table: emulate the write. 0 done, else not ours. */
int mm_emulate_pt_write(struct cpu_regs *regs, uint64_t va, uint32_t error_code);
/* Fault in the descriptor windows: fill in a page of the LDT. true: retry. */
bool mm_ldt_fault(struct vcpu *v, uint64_t va);
bool mmio_allowed(const struct domain *d, mfn_t mfn); /* may d map this non-RAM frame (irq.c) */
void mmio_deny(mfn_t start, uint64_t nr);             /* IO-APIC, local APIC */

/* --- emulate.c, cpuid.c, msr.c, ioport.c: #GP, #UD and #NM-like faults of guests in kernel mode ----------- */
/* @regs are the live guest registers. true: done (rip advanced, or an exception queued by
 * guest_inject()); false: the fault is the guest's, deliver it. */
bool emulate_privileged(struct cpu_regs *regs);
bool emulate_forced_cpuid(struct cpu_regs *regs); /* #UD with prefix 0f 0b 78 65 6e */
/* Queue an exception for current, to be bounced when the trap handler returns (traps.c). */
void guest_inject(unsigned int vector, uint32_t error_code);
void guest_inject_page_fault(uint64_t va, uint32_t error_code);

/* --- dom0.c, unpack.c ---------------------------------------------------------------------------------------- */
void dom0_create(void);

/* --- irq.c ------------------------------------------------------------------------------------------------------ */
void irq_init(void); /* IO-APICs masked, PICs off */
/* The hypervisor's own use of a GSI (serial). */
int irq_request_own(unsigned int gsi, void (*fn)(void));

#endif
