/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The whole contract between core/ and an architecture. Two implementations: arch/x86/ and
 * tests/fake-arch/ (native unit tests).
 */
#ifndef HV_ARCH_H
#define HV_ARCH_H

#include <asm/cpu.h> /* inline: this_cpu(), current, arch_irq_save/restore/enable/disable */
#include <hv/domain.h>
#include <hv/frame.h>
#include <pv-abi/memory.h>

struct vcpu_guest_context;
struct xen_sysctl_physinfo;

/* --- Memory of the machine --------------------------------------------------------------------- */

/* Directmap: every RAM frame is readable and writable at a fixed address. */
void *mfn_to_virt(mfn_t mfn);
mfn_t virt_to_mfn(const void *p);

#define PROT_R    0u
#define PROT_W    1u
#define PROT_X    2u
#define PROT_UC   4u
#define PROT_USER 8u
/* Map @nr (>= 1) pages of machine memory from @mfn at page-aligned @va of the shared hypervisor slots.
 * Any pcpu, no locks needed. Returns 0; -EEXIST if a page was mapped (nothing changed); -ENOMEM. */
int arch_map_pages(vaddr_t va, mfn_t mfn, unsigned long nr, unsigned int prot);
/* Unmap; flushes the range on every CPU. */
void arch_unmap_pages(vaddr_t va, unsigned long nr);
/* Map device memory somewhere. NULL when no room. */
void *arch_ioremap(maddr_t addr, size_t size);

/* m2p entry of @mfn: what guests read in the table at 0xffff800000000000. */
#define M2P_INVALID (~0ull)
void arch_m2p_set(mfn_t mfn, uint64_t pfn);
uint64_t arch_m2p_get(mfn_t mfn);

/* Machine memory map in e820 terms (for XENMEM_machine_memory_map and the dom0 builder). */
extern struct xen_e820entry e820[128];
extern unsigned int nr_e820;

/* --- Page tables (arch/x86/mm.c) ----------------------------------------------------------------- */

/* Check the contents of @f as @t, taking references for each entry, from entry @start on. Returns 0;
 * -EINVAL refused (own references dropped again); -ERESTART with *@start = entries done. */
int arch_frame_validate(struct frame *f, enum frame_type t, const struct domain *d,
                        unsigned int *start);
/* Drop the references of the first @nr entries of a table (512: all). Cannot fail, never recurses. */
void arch_frame_devalidate(struct frame *f, enum frame_type t, const struct domain *d,
                           unsigned int nr);
/* A frame of @d leaves FRAME_T_WRITABLE (or any type) for another: no CPU may keep a stale writable
 * translation that is older than @stamp. */
void arch_type_change_flush(const struct domain *d, uint32_t stamp);
/* Before a freed frame of @d (stamp as above) is given to anybody. */
void arch_free_flush(uint32_t stamp);
uint32_t arch_tlb_clock(void);
/* One turn of a loop that waits for another CPU: answers its shoot-downs even with interrupts off. */
void arch_spin_wait(void);

/* Grant mappings: enter @mfn in the guest's tables. Caller holds a reference (and a writable type
 * reference if !@readonly) that passes to the entry.
 *   @addr  machine address of a PTE if GNTMAP_contains_pte is in @flags, else a virtual address of current
 * Returns a GNTST_* status (0 = okay). */
int arch_grant_map(struct domain *d, uint64_t addr, mfn_t mfn, unsigned int flags, bool readonly);
/* Remove it again, with the references that the entry held; checks that it still maps @mfn, and as @readonly
 * says. No CPU has a translation of it left afterwards, unless @flags has GRANT_FLUSH_LATER: then the caller
 * holds references of its own until he has flushed. */
#define GRANT_FLUSH_LATER 0x4000u
int arch_grant_unmap(struct domain *d, uint64_t addr, mfn_t mfn, unsigned int flags, bool readonly);
void arch_flush_domain_tlb(const struct domain *d); /* all CPUs where it may have translations */

/* --- Domains and vcpus ----------------------------------------------------------------------------- */

int arch_domain_create(struct domain *d);
/* Slices: drop roots, pinned tables, descriptor tables. 0 or -ERESTART. */
int arch_domain_relinquish(struct domain *d);
void arch_domain_destroy(struct domain *d);
int arch_vcpu_create(struct vcpu *v);
void arch_vcpu_destroy(struct vcpu *v);
/* From VCPUOP_initialise / setvcpucontext. -EINVAL, -EFAULT; -ERESTART. */
int arch_set_context(struct vcpu *v, const struct vcpu_guest_context *c);
void arch_get_context(struct vcpu *v, struct vcpu_guest_context *c);

/* Switch this CPU from @prev to @next. Calls sched_switch_done(prev) and does not return here. */
void arch_switch_to(struct vcpu *prev, struct vcpu *next) __attribute__((noreturn));
/* Return to what current is (idle loop or guest). */
void arch_resume_current(void) __attribute__((noreturn));
/* @v's cpu should look at its events or flags soon: IPI if it runs elsewhere. */
void arch_vcpu_kick(struct vcpu *v);
void arch_vcpu_send_nmi(struct vcpu *v); /* deliver it soon, even to a blocked vcpu */
void arch_send_ipi(unsigned int cpu);    /* wakes or interrupts; the softirq flags say why */
unsigned int arch_nr_cpus(void);         /* online */
bool arch_cpu_online(unsigned int cpu);

/* The guest is at fault: dump registers, stack, page walk of the fault address to the log. */
void arch_dump_vcpu(const struct vcpu *v);

/* --- Time ------------------------------------------------------------------------------------------- */
void arch_timer_set(s_time_t expires_ns); /* this CPU's one-shot clock; <= 0: off */
/* Write vcpu_time_info of @v (also the registered secondary area). */
void arch_update_vcpu_time(struct vcpu *v);
void arch_update_wallclock(struct domain *d);
int arch_set_wallclock(uint64_t sec, uint32_t nsec, s_time_t system_ns);
/* VCPUOP_register_vcpu_time_memory_area; 0 unregisters. */
int arch_register_time_area(struct vcpu *v, guest_va_t va);
/* Copy the runstate to the guest's registered area; its root must be live. */
void arch_update_runstate_area(struct vcpu *v);

/* --- Hypercalls that are the architecture's --------------------------------------------------------- */
long hc_set_trap_table(struct domain *d, guest_va_t traps);
long hc_mmu_update(struct domain *d, guest_va_t ureqs, uint64_t count, guest_va_t done,
                   uint64_t foreign);
long hc_set_gdt(struct domain *d, guest_va_t frames, uint64_t entries);
long hc_stack_switch(struct domain *d, uint64_t ss, uint64_t esp);
long hc_fpu_taskswitch(struct domain *d, uint64_t set);
long hc_set_debugreg(struct domain *d, uint64_t reg, uint64_t value);
long hc_get_debugreg(struct domain *d, uint64_t reg);
long hc_update_descriptor(struct domain *d, uint64_t maddr, uint64_t desc);
long hc_update_va_mapping(struct domain *d, uint64_t va, uint64_t val, uint64_t flags);
long hc_mmuext_op(struct domain *d, guest_va_t uops, uint64_t count, guest_va_t done,
                  uint64_t foreign);
long hc_iret(struct domain *d);
long hc_callback_op(struct domain *d, uint64_t cmd, guest_va_t arg);
long hc_set_callbacks(struct domain *d, uint64_t event, uint64_t failsafe, uint64_t syscall);
long hc_set_segment_base(struct domain *d, uint64_t which, uint64_t base);
long hc_physdev_op(struct domain *d, uint64_t cmd, guest_va_t arg); /* arch/x86/physdev.c */
long hc_platform_op(struct domain *d, guest_va_t arg);              /* arch/x86/platform.c */
/* Fill a hypercall page. */
void arch_hypercall_page(void *page);
uint32_t arch_cpu_khz(void);

/* --- Machine ----------------------------------------------------------------------------------------- */
void machine_restart(void) __attribute__((noreturn));  /* noreboot: halts */
void machine_poweroff(void) __attribute__((noreturn)); /* by ACPI */

/* --- PIRQs (arch/x86/irq.c) --------------------------------------------------------------------------- */
/* Bind/unbind a pirq that @v's domain has mapped, to be delivered through pirq_send. -EINVAL, -EBUSY. */
int arch_pirq_bind(struct vcpu *v, unsigned int pirq, bool share);
void arch_pirq_unbind(struct domain *d, unsigned int pirq);
void arch_pirq_eoi(struct domain *d, unsigned int pirq); /* PHYSDEVOP_eoi / unmask */
void arch_pirq_release_all(struct domain *d);
void arch_pirq_set_affinity(struct domain *d, unsigned int pirq, struct vcpu *v);

#endif
