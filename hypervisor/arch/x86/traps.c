/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Exceptions, system calls and hypercalls of guests: what the hypervisor does for the guest itself, and
 * the frames by which it hands the rest to the guest's kernel ("bounce").
 *
 * Invariants: on the way to a guest interrupts are off from the last look at the work flags to the
 * return instruction; a guest always runs with IF set, IOPL 0 and selectors of privilege level 3; sysret
 * is used only with a canonical return address (SDM: else it faults in ring 0 on the guest's stack).
 *
 * ABI of the frames: pv-abi/x86.h (source: Xen public arch-x86/xen-x86_64.h). On the guest's kernel stack, from low
 * to high: RCX, R11, [DS, ES, FS, GS for the failsafe callback], [error code], RIP, CS, RFLAGS, RSP, SS. RFLAGS.IF
 * says whether events were unmasked, and byte 4 of CS that they were masked; CS has RPL 0 for kernel mode.
 */
#include <asm/boot.h>
#include <asm/layout.h>
#include <asm/machine.h>
#include <asm/mm.h>
#include <asm/msr.h>
#include <asm/traps.h>
#include <hv/alloc.h>
#include <hv/arch.h>
#include <hv/hypercall.h>
#include <hv/perf.h>
#include <pv-abi/x86.h>

_Static_assert(sizeof(struct cpu_record) == 200 && sizeof(struct cpu_regs) == 168 &&
                   offsetof(struct cpu_regs, vector) == 124 &&
                   offsetof(struct cpu_regs, cs) == 136 &&
                   offsetof(struct cpu_record, scratch) == 176 && STACK_SIZE == 0x8000 &&
                   offsetof(struct cpu_features, smap_usable) == 3,
               "entry.S knows these");

#define PFEC_P    1u
#define PFEC_W    2u
#define PFEC_U    4u
#define PFEC_RSVD 8u
#define PFEC_I    16u

extern const char entry_stubs[], entry_syscall64[], entry_syscall32[];
extern const int32_t __extable_start[], __extable_end[];
void gdt_load_asm(const void *desc);
void resume_guest(struct cpu_regs *regs) __attribute__((noreturn));
void resume_idle(struct cpu_regs *regs, void (*fn)(void)) __attribute__((noreturn));

/* Called from entry.S. */
void do_syscall(struct cpu_regs *regs);
bool exit_to_guest(struct cpu_regs *regs);
void do_guest_trap(struct cpu_regs *regs);
void do_hypervisor_trap(struct cpu_regs *regs);
void do_ist_trap(struct cpu_regs *regs);
void do_iret_failed(struct cpu_regs *regs);

/* --- Tables --------------------------------------------------------------------------------------- */

struct tss {
    uint32_t reserved0;
    uint64_t rsp[3];
    uint64_t reserved1;
    uint64_t ist[7];
    uint64_t reserved2;
    uint16_t reserved3, iomap_base;
} __attribute__((packed));

uint64_t gdt_page[512] __attribute__((aligned(4096)));
static struct gate idt[256] __attribute__((aligned(4096)));
static struct tss tss[NR_CPUS] __attribute__((aligned(128)));

enum { IST_NONE, IST_DF, IST_NMI, IST_MC, IST_DB };

void gdt_load(uint64_t base)
{
    struct table_desc desc = {FIRST_RESERVED_GDT_BYTE + PAGE_SIZE - 1, base};

    gdt_load_asm(&desc);
}

static void system_descriptor(unsigned int selector, uint64_t base, uint32_t limit,
                              unsigned int type)
{
    uint64_t *p = &gdt_page[(selector - FIRST_RESERVED_GDT_BYTE) / 8];

    p[1] = base >> 32;
    p[0] = (limit & 0xffff) | (base & 0xffffff) << 16 | (0x80ull | type) << 40 |
           (uint64_t)(limit >> 16) << 48 | (base >> 24 & 0xff) << 56;
}

void ldt_load(uint64_t base, unsigned int entries)
{
    unsigned int selector = 0;

    if (entries) {
        selector = LDT_SELECTOR(this_cpu());
        system_descriptor(selector, base, entries * 8 - 1, 2);
    }
    __asm__ volatile("lldt %w0" ::"r"(selector));
}

static void gate_set(unsigned int vector, unsigned int dpl, unsigned int ist)
{
    idt[vector] = gate_to((uint64_t)entry_stubs + vector * 16, dpl, ist);
}

static void idt_load(void)
{
    struct table_desc desc = {sizeof(idt) - 1, (uint64_t)idt};

    __asm__ volatile("lidt %0" ::"m"(desc));
}

void traps_init_boot(void)
{
    gdt_page[1] = 0x00af9b000000ffff; /* 0xe008: hypervisor code */
    gdt_page[2] = 0x00cf93000000ffff; /* 0xe010: hypervisor data */
    gdt_page[4] = 0x00cffb000000ffff; /* 0xe023: 32-bit code, ring 3 */
    gdt_page[5] = 0x00cff3000000ffff; /* 0xe02b: data, ring 3 */
    gdt_page[6] = 0x00affb000000ffff; /* 0xe033: 64-bit code, ring 3 */
    for (unsigned int i = 0; i < 256; i++)
        gate_set(i, i == TRAP_BP || i == TRAP_OF || i == TRAP_INT80 ? 3 : 0, IST_NONE);
    gdt_load(GDT_BASE_BARE);
    idt_load();
}

/* The code that syscall enters, with displacements from the instruction that follows each. */
struct syscall_stub {
    uint8_t save[3]; /* mov %rsp, scratch(%rip) */
    int32_t scratch;
    uint8_t lea[3]; /* lea end of the record's registers(%rip), %rsp */
    int32_t top;
    uint8_t jmp;
    int32_t entry;
} __attribute__((packed));

/* Fill @s, which will run at @at. */
static void stub_write(struct syscall_stub *s, uint64_t at, struct cpu_record *rec,
                       const char *entry)
{
    *s = (struct syscall_stub){
        .save = {0x48, 0x89, 0x25},
        .scratch = (int32_t)((uint64_t)&rec->scratch - (at + offsetof(struct syscall_stub, lea))),
        .lea = {0x48, 0x8d, 0x25},
        .top = (int32_t)((uint64_t)(&rec->regs + 1) - (at + offsetof(struct syscall_stub, jmp))),
        .jmp = 0xe9,
        .entry = (int32_t)((uint64_t)entry - (at + sizeof(*s))),
    };
}

static void syscall_init(unsigned int cpu)
{
    uint64_t va = STACKS_VA + (uint64_t)cpu * STACK_SIZE * 2 + STACK_SIZE;
    uint8_t *page = hv_alloc_page();

    if (!page || arch_map_pages(va, virt_to_mfn(page), 1, PROT_R | PROT_X))
        panic("CPU %u: no memory for its entry code\n", cpu);
    stub_write((void *)page, va, cpu_record_of(cpu), entry_syscall64);
    stub_write((void *)(page + 64), va + 64, cpu_record_of(cpu), entry_syscall32);
    wrmsr(MSR_STAR, (uint64_t)FLAT_RING3_CS32 << 48 | (uint64_t)HV_CS << 32);
    wrmsr(MSR_LSTAR, va);
    wrmsr(MSR_CSTAR, va + 64);
    wrmsr(MSR_SFMASK, RFLAGS_IF | RFLAGS_TF | RFLAGS_DF | RFLAGS_NT | RFLAGS_AC | RFLAGS_RF |
                          RFLAGS_VM | RFLAGS_IOPL);
}

void traps_init_cpu(unsigned int cpu)
{
    struct cpu_record *rec = cpu_record_of(cpu);
    uint64_t block = (uint64_t)(rec + 1) - STACK_SIZE;
    struct tss *t = &tss[cpu];

    t->rsp[0] = (uint64_t)(&rec->regs + 1);
    t->ist[IST_DF - 1] = block + PAGE_SIZE;
    t->ist[IST_NMI - 1] = block + 2 * PAGE_SIZE;
    t->ist[IST_DB - 1] = block + 2 * PAGE_SIZE + PAGE_SIZE / 2;
    t->ist[IST_MC - 1] = block + 3 * PAGE_SIZE;
    t->iomap_base = sizeof(*t); /* no port without a fault */
    system_descriptor(TSS_SELECTOR(cpu), (uint64_t)t, sizeof(*t) - 1, 9);
    gdt_load(GDT_BASE_BARE);
    idt_load();
    __asm__ volatile("ltr %w0" ::"r"(TSS_SELECTOR(cpu)));
    if (!cpu) { /* the other CPUs start after this */
        gate_set(TRAP_DF, 0, IST_DF);
        gate_set(TRAP_NMI, 0, IST_NMI);
        gate_set(TRAP_MC, 0, IST_MC);
        gate_set(TRAP_DB, 0, IST_DB);
    }
    syscall_init(cpu);
}

/* --- Faults of the hypervisor ---------------------------------------------------------------------- */

static uint64_t extable_find(uint64_t rip)
{
    for (const int32_t *e = __extable_start; e < __extable_end; e += 2) {
        if ((uint64_t)&e[0] + (uint64_t)(int64_t)e[0] == rip)
            return (uint64_t)&e[1] + (uint64_t)(int64_t)e[1];
    }
    return 0;
}

void do_hypervisor_trap(struct cpu_regs *regs)
{
    uint64_t fix, cr2 = regs->vector == TRAP_PF ? read_cr2() : 0;

    if (regs->vector == TRAP_PF && cr2 >= VCPU_WINDOW_VA && cr2 < VMAP_VA && current &&
        current->domain != idle_domain && mm_ldt_fault(current, cr2))
        return;
    fix = extable_find(regs->rip);
    if (fix) {
        regs->rip = fix;
        return;
    }
    printk(LOG_ERR "exception %u, error code %x, in the hypervisor\n", regs->vector,
           regs->error_code);
    dump_regs(regs);
    if (regs->vector == TRAP_PF)
        dump_page_walk(cr2, read_cr3());
    panic("unexpected exception %u at %lx, address %lx\n", regs->vector, regs->rip, cr2);
}

void do_ist_trap(struct cpu_regs *regs)
{
    if (regs->vector == TRAP_NMI) {
        if (crashing) {
            for (;;)
                __asm__ volatile("cli; hlt");
        }
        if (printk_ratelimit())
            printk(LOG_WARN "CPU%u: NMI, reason port %x\n", this_cpu(), inb(0x61));
        return;
    }
    dump_regs(regs);
    panic("CPU%u: %s\n", this_cpu(), regs->vector == TRAP_DF ? "double fault" : "machine check");
}

/* --- To the guest's kernel ---------------------------------------------------------------------------- */

/* Build a frame on current's kernel stack and enter the guest kernel at @address. @extra: words between R11 and
 * RIP, such as an error code. */
static void enter_kernel(struct cpu_regs *regs, uint64_t address, bool mask_events,
                         const uint64_t *extra, unsigned int nr_extra)
{
    struct vcpu *v = current;
    struct vcpu_info *info = v->info;
    uint64_t frame[12], sp, flags;
    unsigned int n = 0;
    bool kernel = v->arch.in_kernel;
    uint8_t masked = info->evtchn_upcall_mask;

    if (!address) {
        arch_irq_enable(); /* the holder of a lock that this takes may wait for us to flush */
        domain_crash(v->domain, "d%uv%u has no handler for vector %x\n", v->domain->domid, v->id,
                     regs->vector);
        return;
    }
    if (kernel) {
        sp = regs->rsp;
    } else {
        toggle_guest_mode(v);
        sp = v->arch.kernel_sp;
    }
    sp &= ~15ull;
    flags = regs->rflags & ~(RFLAGS_IF | RFLAGS_IOPL);
    flags |= (uint64_t)v->arch.iopl << 12;
    if (!masked)
        flags |= RFLAGS_IF;
    frame[n++] = regs->rcx;
    frame[n++] = regs->r11;
    while (nr_extra--)
        frame[n++] = *extra++;
    frame[n++] = regs->rip;
    frame[n++] = (kernel ? regs->cs & ~3ull : regs->cs) | (uint64_t)masked << 32;
    frame[n++] = flags;
    frame[n++] = regs->rsp;
    frame[n++] = regs->ss;
    sp -= n * 8;
    if (copy_to_guest(sp, frame, n * 8)) {
        arch_irq_enable();
        domain_crash(v->domain, "d%uv%u: no room for a frame on the kernel stack at %lx\n",
                     v->domain->domid, v->id, sp);
        return;
    }
    if (mask_events)
        info->evtchn_upcall_mask = 1;
    regs->rip = address;
    regs->cs = FLAT_KERNEL_CS;
    regs->ss = FLAT_KERNEL_SS;
    regs->rsp = sp;
    regs->rflags = (regs->rflags & ~(RFLAGS_TF | RFLAGS_NT | RFLAGS_RF | RFLAGS_VM | RFLAGS_AC |
                                     RFLAGS_DF | RFLAGS_IOPL)) |
                   RFLAGS_IF;
    regs->vector = TRAP_SYSCALL; /* RCX and R11 are in the frame: sysret will do */
}

static void enter_callback(struct cpu_regs *regs, const struct guest_callback *cb)
{
    enter_kernel(regs, cb->address, cb->masks_events, NULL, 0);
}

static bool has_error_code(unsigned int vector)
{
    return vector < 32 && ((0x60227d00u >> vector) & 1); /* 8, 10-14, 17, 21, 29, 30 */
}

static void guest_inject(unsigned int vector, uint32_t error_code)
{
    const struct guest_trap *t = &current->arch.traps[vector];
    struct cpu_regs *regs = &cpu_record()->regs;
    uint64_t code = error_code;

    regs->vector = vector;
    enter_kernel(regs, t->address, t->masks_events, &code, has_error_code(vector));
}

void guest_inject_page_fault(uint64_t va, uint32_t error_code)
{
    struct vcpu *v = current;

    if (v->arch.in_kernel)
        error_code &= ~PFEC_U;
    v->arch.cr2 = va;
    v->info->arch.cr2 = va;
    guest_inject(TRAP_PF, error_code);
}

static void inject_trap_of(struct cpu_regs *regs)
{
    guest_inject(regs->vector, regs->error_code);
}

static void guest_page_fault(struct cpu_regs *regs, uint64_t va)
{
    struct vcpu *v = current;
    uint32_t code = regs->error_code;

    if (va >= VCPU_WINDOW_VA && va < VMAP_VA) {
        /* The processor looked up a descriptor: fetch that page of the LDT, or there is none. */
        if (!mm_ldt_fault(v, va))
            guest_inject(TRAP_GP, (va & (VCPU_WINDOW_SIZE / 2 - 1) & ~7u) |
                                      (va & (VCPU_WINDOW_SIZE / 2) ? 4 : 0));
        return;
    }
    if (code & PFEC_RSVD) {
        dump_page_walk(va, read_cr3());
        domain_crash(v->domain, "reserved bit in the page tables of %lx\n", va);
        return;
    }
    if (v->arch.in_kernel && (code & (PFEC_P | PFEC_W | PFEC_I)) == (PFEC_P | PFEC_W) &&
        !mm_emulate_pt_write(regs, va, code))
        return;
    guest_inject_page_fault(va, code);
}

/* May the guest's present mode raise @t by an instruction? Guest kernels count as ring 1. */
static bool trap_allowed(const struct guest_trap *t)
{
    return t->address && t->dpl >= (current->arch.in_kernel ? 1 : 3);
}

/* `int n` through a gate that is closed to guests. The instruction is looked at, not the error code:
 * emulators report it differently. */
static bool software_interrupt(struct cpu_regs *regs)
{
    const struct guest_trap *t;
    uint8_t insn[2];

    if (!(regs->error_code & 2) || copy_from_guest(insn, regs->rip, 2) || insn[0] != 0xcd)
        return false;
    t = &current->arch.traps[insn[1]];
    if (!trap_allowed(t)) {
        guest_inject(TRAP_GP, insn[1] * 8u + 2);
        return true;
    }
    regs->rip += 2;
    regs->vector = insn[1];
    enter_kernel(regs, t->address, t->masks_events, NULL, 0);
    return true;
}

/* `sysenter` faults, for its code segment is null: to the guest's entry point, if it registered one. */
static bool sysenter(struct cpu_regs *regs)
{
    struct vcpu *v = current;
    uint8_t insn[2];

    if (v->arch.in_kernel || !v->arch.sysenter.address || copy_from_guest(insn, regs->rip, 2) ||
        insn[0] != 0x0f || insn[1] != 0x34)
        return false;
    enter_callback(regs, &v->arch.sysenter);
    return true;
}

/* Vectors whose gates are open to ring 3: who may use them is the guest kernel's word. */
static void open_gate(struct cpu_regs *regs)
{
    if (trap_allowed(&current->arch.traps[regs->vector])) {
        inject_trap_of(regs);
        return;
    }
    if (regs->vector == TRAP_INT80)
        regs->rip -= 2;
    guest_inject(TRAP_GP, regs->vector * 8 + 2);
}

void do_guest_trap(struct cpu_regs *regs)
{
    struct vcpu *v = current;
    uint64_t reg;

    perf_event(v, PAVO_EV_TRAP, regs->vector);
    switch (regs->vector) {
    case TRAP_PF:
        reg = read_cr2();
        arch_irq_enable();
        guest_page_fault(regs, reg);
        break;
    case TRAP_GP:
        arch_irq_enable();
        if (!software_interrupt(regs) && !emulate_privileged(regs) && !sysenter(regs))
            inject_trap_of(regs);
        break;
    case TRAP_UD:
        arch_irq_enable();
        if (!emulate_forced_cpuid(regs))
            inject_trap_of(regs);
        break;
    case TRAP_NM:
        inject_trap_of(regs);
        /* The kernel takes the device-not-available trap as its cue and finds TS clear then. */
        hc_fpu_taskswitch(v->domain, 0);
        break;
    case TRAP_DB:
        __asm__ volatile("mov %%db6, %0" : "=r"(reg));
        v->arch.debugreg[6] = (v->arch.debugreg[6] & ~0xfull) | (reg & 0xe00f) | 0xffff0ff0;
        __asm__ volatile("mov %0, %%db6" ::"r"(0xffff0ff0ul));
        inject_trap_of(regs);
        break;
    case TRAP_BP:
    case TRAP_OF:
    case TRAP_INT80:
        open_gate(regs);
        break;
    default:
        inject_trap_of(regs);
    }
}

void do_iret_failed(struct cpu_regs *regs)
{
    struct vcpu *v = current;
    uint64_t segments[4] = {0};

    __asm__ volatile("mov %%ds, %w0; mov %%es, %w1; mov %%fs, %w2; mov %%gs, %w3"
                     : "=r"(segments[0]), "=r"(segments[1]), "=r"(segments[2]), "=r"(segments[3]));
    for (unsigned int i = 0; i < 4; i++)
        segments[i] &= 0xffff;
    arch_irq_enable();
    /* Only what is needed to say where: the frame that did not work names the target itself. */
    enter_kernel(regs, v->arch.failsafe.address, v->arch.failsafe.masks_events, segments, 4);
}

/* --- Hypercalls -------------------------------------------------------------------------------------------- */

static void do_hypercall(struct vcpu *v, struct cpu_regs *regs)
{
    unsigned int nr = (unsigned int)regs->rax;
    long rc;

    v->hc_args[0] = regs->rdi;
    v->hc_args[1] = regs->rsi;
    v->hc_args[2] = regs->rdx;
    v->hc_args[3] = regs->r10;
    v->hc_args[4] = regs->r8;
    v->hc_args[5] = regs->r9;
    rc = hypercall_dispatch(nr);
    if (rc != HC_CONTINUE) {
        regs->rax = (uint64_t)rc;
        return;
    }
    regs->rip -= 2; /* back to the syscall instruction */
    regs->rax = nr;
    regs->rdi = v->hc_args[0];
    regs->rsi = v->hc_args[1];
    regs->rdx = v->hc_args[2];
    regs->r10 = v->hc_args[3];
    regs->r8 = v->hc_args[4];
    regs->r9 = v->hc_args[5];
}

void do_syscall(struct cpu_regs *regs)
{
    struct vcpu *v = current;
    const struct guest_callback *cb;

    if (v->arch.in_kernel) {
        arch_irq_enable();
        do_hypercall(v, regs);
        return;
    }
    perf_event(v, PAVO_EV_SYSCALL, 0);
    cb = regs->cs == FLAT_RING3_CS32 ? &v->arch.syscall32 : &v->arch.syscall;
    if (unlikely(!cb->address)) {
        regs->rip -= 2;
        guest_inject(TRAP_UD, 0);
        return;
    }
    enter_callback(regs, cb);
}

/*
 * iret: return from the frame at the guest kernel's RSP (struct iret_context), to its user mode if the
 * frame's CS has RPL 3. Returns the RAX of the frame. A frame that cannot be read crashes the guest: it
 * has no state left to return to.
 */
long hc_iret(struct domain *d)
{
    struct cpu_regs *regs = &cpu_record()->regs;
    struct vcpu *v = current;
    struct iret_context c;

    if (copy_from_guest(&c, regs->rsp, sizeof(c))) {
        domain_crash(d, "iret: cannot read the frame at %lx\n", regs->rsp);
        return 0;
    }
    if ((c.cs & 3) == 3) {
        if (mfn_is_invalid(v->arch.user_root)) {
            domain_crash(d, "iret to user mode without a user root\n");
            return 0;
        }
        toggle_guest_mode(v);
    }
    regs->rip = c.rip;
    regs->cs = (uint16_t)(c.cs | 3);
    regs->rflags = (c.rflags & ~(RFLAGS_IOPL | RFLAGS_VM)) | RFLAGS_IF;
    regs->rsp = c.rsp;
    regs->ss = (uint16_t)(c.ss | 3);
    if (c.flags & VGCF_in_syscall) {
        regs->vector = TRAP_SYSCALL;
    } else {
        regs->vector = 0;
        regs->r11 = c.r11;
        regs->rcx = c.rcx;
    }
    v->info->evtchn_upcall_mask = !(c.rflags & RFLAGS_IF);
    v->arch.nmi_masked = false;
    return (long)c.rax;
}

/* --- The way out ---------------------------------------------------------------------------------------------- */

static bool sysret_ok(const struct cpu_regs *regs)
{
    return regs->vector == TRAP_SYSCALL && regs->cs == FLAT_RING3_CS64 &&
           regs->ss == FLAT_RING3_SS64 && (int64_t)(regs->rip << 16) >> 16 == (int64_t)regs->rip &&
           !(regs->rflags & (RFLAGS_RF | RFLAGS_VM));
}

/* Everything that must be done before the guest runs; true: by sysret. Interrupts are off on return. */
bool exit_to_guest(struct cpu_regs *regs)
{
    struct vcpu *v = current;
    struct vcpu_info *info = v->info;

    for (;;) {
        arch_irq_disable();
        if (unlikely(softirq_pending())) {
            arch_irq_enable();
            softirq_run(); /* may go on with another vcpu and never return */
            continue;
        }
        if (unlikely(ACCESS_ONCE(v->domain->devalidate_head))) {
            arch_irq_enable();
            frame_drain(v->domain, true);
            continue;
        }
        if (unlikely(v->arch.nmi_pending) && !v->arch.nmi_masked) {
            v->arch.nmi_pending = false;
            v->arch.nmi_masked = true; /* until the iret hypercall */
            regs->vector = TRAP_NMI;
            if (v->arch.nmi.address)
                enter_kernel(regs, v->arch.nmi.address, true, NULL, 0);
            else
                guest_inject(TRAP_NMI, 0);
            continue;
        }
        if (ACCESS_ONCE(info->evtchn_upcall_pending) && !info->evtchn_upcall_mask) {
            perf_event(v, PAVO_EV_UPCALL, 0);
            regs->vector = 0;
            enter_kernel(regs, v->arch.event.address, true, NULL, 0);
            continue;
        }
        return sysret_ok(regs);
    }
}

void arch_resume_current(void)
{
    struct cpu_record *rec = cpu_record();

    if (rec->vcpu->domain == idle_domain)
        resume_idle(&rec->regs, idle_loop);
    resume_guest(&rec->regs);
}

void arch_vcpu_send_nmi(struct vcpu *v)
{
    __atomic_store_n(&v->arch.nmi_pending, true, __ATOMIC_SEQ_CST);
    vcpu_unblock(v);
    arch_vcpu_kick(v);
}

void arch_dump_vcpu(const struct vcpu *v)
{
    const struct cpu_regs *regs = v == current ? &cpu_record()->regs : &v->arch.regs;
    uint64_t root = v->arch.in_kernel ? v->arch.hw_cr3_kernel : v->arch.hw_cr3_user;

    printk(LOG_WARN "d%uv%u on CPU%u, guest %s mode, cr2 %lx\n", v->domain->domid, v->id,
           v->sched.cpu, v->arch.in_kernel ? "kernel" : "user", v->arch.cr2);
    dump_regs(regs);
    if (root)
        dump_page_walk(v->arch.cr2, root);
}
