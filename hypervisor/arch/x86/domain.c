/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * PV domains and vcpus on x86-64: creation, context, the switch between vcpus, and the hypercalls that
 * set a vcpu's registers and tables.
 *
 * While a vcpu runs, its general registers lie in the CPU's record and its segment bases in the CPU;
 * the switch saves both before sched_switch_done() lets another CPU take it.
 *
 * A CPU that goes idle leaves the guest's root and descriptor tables at once. Keeping the root would need a
 * reference on it, and the guest, which knows nothing of that, could not make its tables plain memory again.
 */
#include <asm/layout.h>
#include <asm/machine.h>
#include <asm/mm.h>
#include <asm/msr.h>
#include <asm/traps.h>
#include <hv/alloc.h>
#include <hv/arch.h>
#include <hv/hypercall.h>
#include <pv-abi/callback.h>
#include <pv-abi/vcpu.h>
#include <pv-abi/x86.h>

#define GUEST_CR0         (CR0_PG | CR0_WP | CR0_NE | CR0_MP | (1ul << 4) | 1ul)
#define XSAVE_LEGACY_SIZE 512u
#define MXCSR_DEFAULT     0x1f80u
#define FCW_DEFAULT       0x37fu

/* What each CPU still has of a guest. */
static struct loaded {
    struct domain *domain; /* whose tlb_cpus has this CPU's bit; NULL: on the hypervisor's root */
} loaded[NR_CPUS];

static bool is_idle(const struct vcpu *v)
{
    return v->domain == idle_domain;
}

/* --- Descriptor windows --------------------------------------------------------------------------- */

#define NR_WINDOWS 65536u
static unsigned long window_map[NR_WINDOWS / 64];

static uint64_t window_va(const struct vcpu *v)
{
    return VCPU_WINDOW_VA + (uint64_t)v->arch.window * VCPU_WINDOW_SIZE;
}

static uint64_t ldt_window_va(const struct vcpu *v)
{
    return window_va(v) + VCPU_WINDOW_SIZE / 2;
}

static int window_alloc(struct vcpu *v)
{
    for (unsigned int i = 0; i < NR_WINDOWS; i++) {
        if (!test_and_set_bit(i, window_map)) {
            v->arch.window = i;
            return 0;
        }
    }
    return -ENOSPC;
}

static void gdt_drop(struct vcpu *v)
{
    for (unsigned int i = 0; i < GDT_GUEST_FRAMES; i++) {
        if (mfn_is_invalid(v->arch.gdt_mfn[i]))
            continue;
        arch_unmap_pages(window_va(v) + i * PAGE_SIZE, 1);
        frame_put_and_type(mfn_to_frame(v->arch.gdt_mfn[i]));
        v->arch.gdt_mfn[i] = INVALID_MFN;
    }
    v->arch.gdt_entries = 0;
}

/* Take the frames of a new GDT and put them in the window in place of the old ones. */
static int gdt_set(struct vcpu *v, const uint64_t *mfns, unsigned int entries)
{
    unsigned int nr = (entries + 511) / 512, i;
    int rc = 0;

    if (entries > FIRST_RESERVED_GDT_ENTRY)
        return -EINVAL;
    for (i = 0; i < nr; i++) {
        if (!mfn_valid(_mfn(mfns[i])))
            rc = -EINVAL;
        else
            rc = frame_get_and_type(mfn_to_frame(_mfn(mfns[i])), v->domain, FRAME_T_SEGDESC);
        if (rc)
            goto err;
    }
    gdt_drop(v);
    for (i = 0; i < nr; i++) {
        rc = arch_map_pages(window_va(v) + i * PAGE_SIZE, _mfn(mfns[i]), 1, PROT_R);
        if (rc)
            goto err_mapped;
        v->arch.gdt_mfn[i] = _mfn(mfns[i]);
    }
    v->arch.gdt_entries = entries;
    return 0;
err_mapped:
    for (unsigned int j = i; j < nr; j++)
        frame_put_and_type(mfn_to_frame(_mfn(mfns[j])));
    gdt_drop(v);
    return rc;
err:
    while (i-- > 0)
        frame_put_and_type(mfn_to_frame(_mfn(mfns[i])));
    return rc == -EPERM ? -EINVAL : rc;
}

static void ldt_drop_pages(struct vcpu *v)
{
    for (unsigned int i = 0; i < ARRAY_SIZE(v->arch.ldt_mfn); i++) {
        if (mfn_is_invalid(v->arch.ldt_mfn[i]))
            continue;
        arch_unmap_pages(ldt_window_va(v) + i * PAGE_SIZE, 1);
        frame_put_and_type(mfn_to_frame(v->arch.ldt_mfn[i]));
        v->arch.ldt_mfn[i] = INVALID_MFN;
    }
}

void vcpu_set_ldt(struct vcpu *v, guest_va_t base, unsigned int entries)
{
    ldt_drop_pages(v);
    v->arch.ldt_base = base;
    v->arch.ldt_entries = entries;
    if (v == current)
        ldt_load(ldt_window_va(v), entries);
}

/* The processor looked for a descriptor of an LDT page that is not in the window yet. */
bool mm_ldt_fault(struct vcpu *v, uint64_t va)
{
    uint64_t off = va - ldt_window_va(v), pte;
    unsigned int page = (unsigned int)(off >> PAGE_SHIFT);
    struct frame *f;
    int rc;

    if (va < ldt_window_va(v) || off >= (uint64_t)v->arch.ldt_entries * 8 ||
        !mfn_is_invalid(v->arch.ldt_mfn[page]))
        return false;
    pte = mm_lookup(v->domain, v->arch.kernel_root, v->arch.ldt_base + (uint64_t)page * PAGE_SIZE);
    if (!(pte & PTE_P) || !mfn_valid(pte_mfn(pte)))
        return false;
    f = mfn_to_frame(pte_mfn(pte));
    rc = frame_get_and_type(f, v->domain, FRAME_T_SEGDESC);
    if (rc)
        return rc == -ERESTART; /* it faults again after the interruption */
    if (arch_map_pages(va & PAGE_MASK, pte_mfn(pte), 1, PROT_R)) {
        frame_put_and_type(f);
        return false;
    }
    v->arch.ldt_mfn[page] = pte_mfn(pte);
    return true;
}

/* --- FPU ---------------------------------------------------------------------------------------------- */

static uint32_t fpu_size(void)
{
    return cpu_features.xsave ? cpu_features.xsave_size : XSAVE_LEGACY_SIZE;
}

static void xcr0_write(uint64_t v)
{
    __asm__ volatile("xsetbv" ::"c"(0), "a"((uint32_t)v), "d"((uint32_t)(v >> 32)));
}

static void fpu_reset(struct vcpu *v)
{
    memset(v->arch.fpu, 0, fpu_size());
    *(uint16_t *)v->arch.fpu = FCW_DEFAULT;
    *(uint32_t *)((char *)v->arch.fpu + 24) = MXCSR_DEFAULT;
}

/* All enabled states are saved and restored, also those that the guest's XCR0 hides: what one guest leaves
 * in a register that the next may enable later would leak. */
static void fpu_save(struct vcpu *v)
{
    if (!cpu_features.xsave) {
        __asm__ volatile("fxsaveq %0" : "=m"(*(char(*)[512])v->arch.fpu));
        return;
    }
    if (v->arch.xcr0 != cpu_features.xcr0)
        xcr0_write(cpu_features.xcr0);
    if (cpu_features.xsaveopt)
        __asm__ volatile("xsaveopt64 (%0)" ::"r"(v->arch.fpu), "a"(-1), "d"(-1) : "memory");
    else
        __asm__ volatile("xsave64 (%0)" ::"r"(v->arch.fpu), "a"(-1), "d"(-1) : "memory");
}

static void fpu_restore(struct vcpu *v)
{
    if (!cpu_features.xsave) {
        __asm__ volatile("fxrstorq %0" ::"m"(*(char(*)[512])v->arch.fpu));
        return;
    }
    __asm__ volatile("xrstor64 (%0)" ::"r"(v->arch.fpu), "a"(-1), "d"(-1) : "memory");
    if (v->arch.xcr0 != cpu_features.xcr0)
        xcr0_write(v->arch.xcr0);
}

static void fpu_set_ts(bool ts)
{
    uint64_t cr0 = read_cr0();

    if (ts != !!(cr0 & CR0_TS))
        write_cr0(ts ? cr0 | CR0_TS : cr0 & ~CR0_TS);
}

long hc_fpu_taskswitch(struct domain *d, uint64_t set)
{
    if (set)
        current->arch.cr0 |= CR0_TS;
    else
        current->arch.cr0 &= ~CR0_TS;
    fpu_set_ts(set);
    return 0;
}

/* --- Creation ---------------------------------------------------------------------------------------------- */

int arch_domain_create(struct domain *d)
{
    d->arch.io_allowed = d->domid == 0;
    d->arch.cpuid = cpuid_policy_create(d);
    return d->arch.cpuid ? 0 : -ENOMEM;
}

void arch_domain_destroy(struct domain *d)
{
    arch_pirq_release_all(d);
    cpuid_policy_destroy(d->arch.cpuid);
    d->arch.cpuid = NULL;
}

int arch_vcpu_create(struct vcpu *v)
{
    int rc;

    v->arch.kernel_root = v->arch.user_root = INVALID_MFN;
    for (unsigned int i = 0; i < GDT_GUEST_FRAMES; i++)
        v->arch.gdt_mfn[i] = INVALID_MFN;
    for (unsigned int i = 0; i < ARRAY_SIZE(v->arch.ldt_mfn); i++)
        v->arch.ldt_mfn[i] = INVALID_MFN;
    v->arch.cr0 = GUEST_CR0;
    v->arch.xcr0 = cpu_features.xsave ? 1 : 0;
    v->arch.last_cpu = v->sched.cpu;
    v->arch.debugreg[6] = 0xffff0ff0;
    v->arch.debugreg[7] = 0x400;
    if (is_idle(v))
        return 0;
    v->arch.fpu = hv_alloc(fpu_size() + 64);
    if (!v->arch.fpu)
        return -ENOMEM;
    v->arch.fpu_alloc = v->arch.fpu;
    v->arch.fpu = (void *)ROUND_UP((uint64_t)v->arch.fpu, 64);
    fpu_reset(v);
    rc = window_alloc(v);
    if (rc)
        goto err_fpu;
    rc = arch_map_pages(window_va(v) + FIRST_RESERVED_GDT_BYTE, virt_to_mfn(gdt_page), 1,
                        PROT_R | PROT_W);
    if (rc)
        goto err_window;
    return 0;
err_window:
    clear_bit(v->arch.window, window_map);
err_fpu:
    hv_free(v->arch.fpu_alloc);
    return rc;
}

/* The roots and tables of a vcpu that does not run any more. */
static void vcpu_drop_tables(struct vcpu *v)
{
    vcpu_set_user_root(v, INVALID_MFN);
    vcpu_set_kernel_root(v, INVALID_MFN);
    gdt_drop(v);
    ldt_drop_pages(v);
    v->arch.ldt_entries = 0;
}

void arch_vcpu_reset(struct vcpu *v)
{
    vcpu_drop_tables(v);
}

void arch_vcpu_destroy(struct vcpu *v)
{
    if (is_idle(v))
        return;
    arch_unmap_pages(window_va(v) + FIRST_RESERVED_GDT_BYTE, 1);
    clear_bit(v->arch.window, window_map);
    hv_free(v->arch.fpu_alloc);
}

/* Go to the hypervisor's own root and tables: a vcpu's window goes with the vcpu. Interrupts off. */
static void guest_leave(void)
{
    struct loaded *l = &loaded[this_cpu()];

    tlb_flush_begin();
    write_cr3(mfn_to_maddr(virt_to_mfn(idle_l4())));
    gdt_load(GDT_BASE_BARE);
    ldt_load(0, 0);
    if (l->domain)
        clear_bit(this_cpu(), l->domain->arch.tlb_cpus);
    l->domain = NULL;
}

int arch_domain_relinquish(struct domain *d)
{
    for (unsigned int i = 0; i < d->max_vcpus; i++) {
        if (d->vcpu[i])
            vcpu_drop_tables(d->vcpu[i]);
    }
    if (__atomic_load_n(&d->arch.tlb_cpus[0], __ATOMIC_SEQ_CST))
        return -ERESTART; /* a CPU is just switching away */
    while (d->arch.sweep < max_mfn) {
        struct frame *f = mfn_to_frame(_mfn(d->arch.sweep));
        uint64_t s = frame_state(f);

        d->arch.sweep++;
        if (frame_state_owner(s) == d->domid && (s & (FRAME_PINNED | FRAME_PARTIAL)) &&
            frame_get(f, d)) {
            frame_relinquish(f);
            frame_put(f);
        }
        if (!(d->arch.sweep & 0xfff) && hypercall_preempt_check())
            return -ERESTART;
    }
    return frame_drain(d, true);
}

/* --- Context ------------------------------------------------------------------------------------------------ */

static void regs_from_abi(struct cpu_regs *r, const struct cpu_user_regs *a)
{
    *r = (struct cpu_regs){
        .r15 = a->r15,
        .r14 = a->r14,
        .r13 = a->r13,
        .r12 = a->r12,
        .rbp = a->rbp,
        .rbx = a->rbx,
        .r11 = a->r11,
        .r10 = a->r10,
        .r9 = a->r9,
        .r8 = a->r8,
        .rax = a->rax,
        .rcx = a->rcx,
        .rdx = a->rdx,
        .rsi = a->rsi,
        .rdi = a->rdi,
        .rip = a->rip,
        .rsp = a->rsp,
        .cs = a->cs | 3,
        .ss = a->ss ? a->ss | 3 : 0,
        .rflags = (a->rflags & 0x240dd5) | RFLAGS_IF | 2,
    };
}

static void regs_to_abi(struct cpu_user_regs *a, const struct cpu_regs *r)
{
    *a = (struct cpu_user_regs){
        .r15 = r->r15,
        .r14 = r->r14,
        .r13 = r->r13,
        .r12 = r->r12,
        .rbp = r->rbp,
        .rbx = r->rbx,
        .r11 = r->r11,
        .r10 = r->r10,
        .r9 = r->r9,
        .r8 = r->r8,
        .rax = r->rax,
        .rcx = r->rcx,
        .rdx = r->rdx,
        .rsi = r->rsi,
        .rdi = r->rdi,
        .rip = r->rip,
        .rsp = r->rsp,
        .cs = r->cs,
        .ss = r->ss,
        .rflags = r->rflags,
    };
}

static bool callback_ok(uint64_t address)
{
    return guest_va_ok(address);
}

int arch_set_context(struct vcpu *v, const struct vcpu_guest_context *c)
{
    uint64_t user_cr3 = c->ctrlreg[1];
    int rc;

    if (!callback_ok(c->user_regs.rip) || !callback_ok(c->event_callback_eip) ||
        !callback_ok(c->failsafe_callback_eip) || !callback_ok(c->syscall_callback_eip) ||
        !guest_va_ok(c->fs_base) || !guest_va_ok(c->gs_base_kernel) ||
        !guest_va_ok(c->gs_base_user) || c->ldt_ents > 8192 ||
        (c->ldt_ents && !guest_va_ok(c->ldt_base)) || c->gdt_ents > FIRST_RESERVED_GDT_ENTRY)
        return -EINVAL;
    for (unsigned int i = 0; i < ARRAY_SIZE(c->trap_ctxt); i++) {
        if (!callback_ok(c->trap_ctxt[i].address))
            return -EINVAL;
    }
    rc = vcpu_set_kernel_root(v, maddr_to_mfn(c->ctrlreg[3]));
    if (rc)
        return rc == -EPERM ? -EINVAL : rc;
    rc = vcpu_set_user_root(v, (user_cr3 & ~PAGE_MASK) == 1 ? maddr_to_mfn(user_cr3) : INVALID_MFN);
    if (!rc)
        rc = gdt_set(v, c->gdt_frames, (unsigned int)c->gdt_ents);
    if (rc) {
        vcpu_drop_tables(v);
        return rc;
    }
    vcpu_set_ldt(v, c->ldt_base, (unsigned int)c->ldt_ents);

    regs_from_abi(&v->arch.regs, &c->user_regs);
    v->arch.iopl = (c->user_regs.rflags >> 12) & 3;
    v->arch.ds = c->user_regs.ds;
    v->arch.es = c->user_regs.es;
    v->arch.fs = c->user_regs.fs;
    v->arch.gs = c->user_regs.gs;
    v->arch.fs_base = c->fs_base;
    v->arch.gs_base_kernel = c->gs_base_kernel;
    v->arch.gs_base_user = c->gs_base_user;
    v->arch.in_kernel = c->flags & VGCF_in_kernel;
    if (mfn_is_invalid(v->arch.user_root))
        v->arch.in_kernel = true;
    v->arch.kernel_ss = c->kernel_ss | 3;
    v->arch.kernel_sp = c->kernel_sp;
    v->arch.event = (struct guest_callback){c->event_callback_eip, true};
    v->arch.failsafe =
        (struct guest_callback){c->failsafe_callback_eip, c->flags & VGCF_failsafe_disables_events};
    v->arch.syscall =
        (struct guest_callback){c->syscall_callback_eip, c->flags & VGCF_syscall_disables_events};
    for (unsigned int i = 0; i < ARRAY_SIZE(c->trap_ctxt); i++) {
        const struct trap_info *t = &c->trap_ctxt[i];

        if (t->address || t->vector)
            v->arch.traps[t->vector] = (struct guest_trap){
                t->address, t->cs | 3, t->flags & TRAP_INFO_DPL_MASK, t->flags & TRAP_INFO_IF};
    }
    v->arch.cr0 = GUEST_CR0 | (c->ctrlreg[0] & CR0_TS);
    fpu_reset(v);
    if (c->flags & VGCF_i387_valid) {
        uint32_t *mxcsr = (uint32_t *)((char *)v->arch.fpu + 24);

        memcpy(v->arch.fpu, &c->fpu_ctxt, 416);
        *mxcsr &= 0xffbf; /* a reserved bit would fault in our own restore */
        if (cpu_features.xsave)
            *(uint64_t *)((char *)v->arch.fpu + 512) = 3;
    }
    v->initialised = true;
    return 0;
}

void arch_get_context(struct vcpu *v, struct vcpu_guest_context *c)
{
    memset(c, 0, sizeof(*c));
    regs_to_abi(&c->user_regs, &v->arch.regs);
    c->user_regs.ds = v->arch.ds;
    c->user_regs.es = v->arch.es;
    c->user_regs.fs = v->arch.fs;
    c->user_regs.gs = v->arch.gs;
    c->flags = (v->arch.in_kernel ? VGCF_in_kernel : 0) | VGCF_i387_valid |
               (v->arch.failsafe.masks_events ? VGCF_failsafe_disables_events : 0) |
               (v->arch.syscall.masks_events ? VGCF_syscall_disables_events : 0);
    if (!test_bit(VPF_DOWN, &v->pause_flags))
        c->flags |= VGCF_online;
    memcpy(&c->fpu_ctxt, v->arch.fpu, sizeof(c->fpu_ctxt));
    for (unsigned int i = 0; i < ARRAY_SIZE(c->trap_ctxt); i++) {
        const struct guest_trap *t = &v->arch.traps[i];

        c->trap_ctxt[i] = (struct trap_info){.vector = (uint8_t)i,
                                             .flags = t->dpl | (t->masks_events ? TRAP_INFO_IF : 0),
                                             .cs = t->cs,
                                             .address = t->address};
    }
    c->ldt_base = v->arch.ldt_base;
    c->ldt_ents = v->arch.ldt_entries;
    for (unsigned int i = 0; i < GDT_GUEST_FRAMES; i++)
        c->gdt_frames[i] = mfn_is_invalid(v->arch.gdt_mfn[i]) ? 0 : v->arch.gdt_mfn[i].n;
    c->gdt_ents = v->arch.gdt_entries;
    c->kernel_ss = v->arch.kernel_ss;
    c->kernel_sp = v->arch.kernel_sp;
    c->ctrlreg[0] = v->arch.cr0;
    c->ctrlreg[3] = mfn_is_invalid(v->arch.kernel_root) ? 0 : mfn_to_maddr(v->arch.kernel_root);
    c->ctrlreg[1] = mfn_is_invalid(v->arch.user_root) ? 0 : mfn_to_maddr(v->arch.user_root) | 1;
    memcpy(c->debugreg, v->arch.debugreg, sizeof(c->debugreg));
    c->event_callback_eip = v->arch.event.address;
    c->failsafe_callback_eip = v->arch.failsafe.address;
    c->syscall_callback_eip = v->arch.syscall.address;
    c->vm_assist = v->domain->vm_assist;
    c->fs_base = v->arch.fs_base;
    c->gs_base_kernel = v->arch.gs_base_kernel;
    c->gs_base_user = v->arch.gs_base_user;
}

/* --- The switch -------------------------------------------------------------------------------------------------- */

#define READ_SEG(s)                                      \
    ({                                                   \
        uint16_t v_;                                     \
        __asm__ volatile("mov %%" #s ", %0" : "=r"(v_)); \
        v_;                                              \
    })
/* A selector that became invalid since is replaced by the null selector. */
#define LOAD_SEG(s, val)                                                                   \
    do {                                                                                   \
        uint32_t sel_ = (val);                                                             \
        __asm__ volatile("mov %0, %%" #s ::"r"(0));                                        \
        if (sel_)                                                                          \
            __asm__ volatile("1: mov %0, %%" #s "\n2:\n" _ASM_EXTABLE(1b, 2b)::"r"(sel_)); \
    } while (0)

static void segments_save(struct vcpu *v)
{
    uint64_t gs, other;

    v->arch.ds = READ_SEG(ds);
    v->arch.es = READ_SEG(es);
    v->arch.fs = READ_SEG(fs);
    v->arch.gs = READ_SEG(gs);
    v->arch.fs_base = rdmsr(MSR_FS_BASE);
    gs = rdmsr(MSR_GS_BASE);
    other = rdmsr(MSR_KERNEL_GS_BASE);
    v->arch.gs_base_kernel = v->arch.in_kernel ? gs : other;
    v->arch.gs_base_user = v->arch.in_kernel ? other : gs;
}

static void segments_load(struct vcpu *v)
{
    LOAD_SEG(ds, v->arch.ds);
    LOAD_SEG(es, v->arch.es);
    LOAD_SEG(fs, v->arch.fs);
    LOAD_SEG(gs, v->arch.gs);
    /* After the selectors, whose loads change the bases. */
    wrmsr(MSR_FS_BASE, v->arch.fs_base);
    wrmsr(MSR_GS_BASE, v->arch.in_kernel ? v->arch.gs_base_kernel : v->arch.gs_base_user);
    wrmsr(MSR_KERNEL_GS_BASE, v->arch.in_kernel ? v->arch.gs_base_user : v->arch.gs_base_kernel);
}

#define WRITE_DR(n, v) __asm__ volatile("mov %0, %%db" #n ::"r"((uint64_t)(v)))

static void debugregs_load(const struct vcpu *v)
{
    WRITE_DR(0, v->arch.debugreg[0]);
    WRITE_DR(1, v->arch.debugreg[1]);
    WRITE_DR(2, v->arch.debugreg[2]);
    WRITE_DR(3, v->arch.debugreg[3]);
    WRITE_DR(6, v->arch.debugreg[6]);
    WRITE_DR(7, v->arch.debugreg[7]);
}

static void vcpu_save(struct vcpu *v)
{
    v->arch.regs = cpu_record()->regs;
    segments_save(v);
    fpu_set_ts(false);
    fpu_save(v);
    if (v->arch.debugreg[7] & 0xff)
        WRITE_DR(7, 0x400);
}

static void root_load(struct vcpu *v)
{
    struct loaded *l = &loaded[this_cpu()];
    struct domain *old = l->domain;

    /* From here on shoot-downs for this domain reach us; the load below is a full flush, so none before
     * it is missed. */
    if (old != v->domain)
        set_bit(this_cpu(), v->domain->arch.tlb_cpus);
    tlb_flush_begin();
    write_cr3(v->arch.in_kernel ? v->arch.hw_cr3_kernel : v->arch.hw_cr3_user);
    l->domain = v->domain;
    if (old && old != v->domain)
        clear_bit(this_cpu(), old->arch.tlb_cpus);
}

static void vcpu_load(struct vcpu *v)
{
    cpu_record()->regs = v->arch.regs;
    root_load(v);
    gdt_load(window_va(v));
    ldt_load(ldt_window_va(v), v->arch.ldt_entries);
    fpu_restore(v);
    segments_load(v);
    v->arch.last_cpu = this_cpu();
    if (v->arch.debugreg[7] & 0xff)
        debugregs_load(v);
    if (v->arch.cr0 & CR0_TS)
        fpu_set_ts(true);
    if (v->runstate_va)
        arch_update_runstate_area(v);
}

void arch_switch_to(struct vcpu *prev, struct vcpu *next)
{
    arch_irq_disable();
    if (!is_idle(prev))
        vcpu_save(prev);
    cpu_record()->vcpu = next;
    if (!is_idle(next))
        vcpu_load(next);
    else if (!is_idle(prev))
        guest_leave();
    sched_switch_done(prev);
    arch_resume_current();
}

void arch_vcpu_kick(struct vcpu *v)
{
    if (v != current && ACCESS_ONCE(v->sched.running))
        arch_send_ipi(v->sched.cpu);
}

void toggle_guest_mode(struct vcpu *v)
{
    v->arch.in_kernel = !v->arch.in_kernel;
    __asm__ volatile("swapgs");
    write_cr3(v->arch.in_kernel ? v->arch.hw_cr3_kernel : v->arch.hw_cr3_user);
}

void arch_update_runstate_area(struct vcpu *v)
{
    struct vcpu_runstate_info info = {.state = v->runstate.state,
                                      .state_entry_time = (uint64_t)v->runstate.entry_ns};
    guest_va_t va = v->runstate_va;

    if (!va || !v->arch.in_kernel) /* in user mode the guest kernel's addresses are not there */
        return;
    for (unsigned int i = 0; i < 4; i++)
        info.time[i] = (uint64_t)v->runstate.time_ns[i];
    copy_to_guest(va, &info, sizeof(info)); /* the guest's loss if it took the page away */
}

/* --- Hypercalls ----------------------------------------------------------------------------------------------------- */

long hc_set_trap_table(struct domain *d, guest_va_t traps)
{
    struct vcpu *v = current;
    struct trap_info t;

    if (!traps) {
        memset(v->arch.traps, 0, sizeof(v->arch.traps));
        return 0;
    }
    for (unsigned int n = 0; n < 1024; n++, traps += sizeof(t)) {
        if (copy_from_guest(&t, traps, sizeof(t)))
            return -EFAULT;
        if (!t.address)
            return 0;
        if (!callback_ok(t.address))
            return -EINVAL;
        v->arch.traps[t.vector] = (struct guest_trap){
            t.address, t.cs | 3, t.flags & TRAP_INFO_DPL_MASK, t.flags & TRAP_INFO_IF};
    }
    return -EINVAL;
}

long hc_set_gdt(struct domain *d, guest_va_t frames, uint64_t entries)
{
    uint64_t mfns[GDT_GUEST_FRAMES];
    struct vcpu *v = current;
    int rc;

    if (entries > FIRST_RESERVED_GDT_ENTRY)
        return -EINVAL;
    if (copy_from_guest(mfns, frames, (entries + 511) / 512 * 8))
        return -EFAULT;
    rc = gdt_set(v, mfns, (unsigned int)entries);
    if (!rc)
        gdt_load(window_va(v));
    return rc == -ERESTART ? HC_CONTINUE : rc;
}

long hc_stack_switch(struct domain *d, uint64_t ss, uint64_t esp)
{
    current->arch.kernel_ss = (ss & 0xffff) | 3;
    current->arch.kernel_sp = esp;
    return 0;
}

long hc_set_segment_base(struct domain *d, uint64_t which, uint64_t base)
{
    if (which != SEGBASE_GS_USER_SEL && !guest_va_ok(base))
        return -EINVAL;
    switch (which) {
    case SEGBASE_FS:
        wrmsr(MSR_FS_BASE, base);
        return 0;
    case SEGBASE_GS_USER:
        wrmsr(MSR_KERNEL_GS_BASE, base);
        return 0;
    case SEGBASE_GS_KERNEL:
        wrmsr(MSR_GS_BASE, base);
        return 0;
    case SEGBASE_GS_USER_SEL: {
        uint32_t sel = (uint16_t)base ? (uint16_t)base | 3 : 0;

        __asm__ volatile("swapgs");
        LOAD_SEG(gs, sel);
        __asm__ volatile("swapgs");
        return 0;
    }
    default:
        return -EINVAL;
    }
}

long hc_set_debugreg(struct domain *d, uint64_t reg, uint64_t value)
{
    struct vcpu *v = current;

    switch (reg) {
    case 0 ... 3:
        if (!guest_va_ok(value)) /* breakpoints in the hypervisor would fire in its own code */
            return -EPERM;
        break;
    case 6:
        value = (value & 0xe00f) | 0xffff0ff0;
        break;
    case 7:
        if (value >> 32 || (value & (1u << 13))) /* no general detect */
            return -EINVAL;
        for (unsigned int i = 0; i < 4; i++) {
            if (((value >> (16 + 4 * i)) & 3) == 2) /* I/O breakpoints */
                return -EINVAL;
        }
        value = (value & ~0xd000ull) | 0x400;
        break;
    default:
        return -ENODEV;
    }
    v->arch.debugreg[reg] = value;
    if ((v->arch.debugreg[7] & 0xff) || reg == 7)
        debugregs_load(v);
    return 0;
}

long hc_get_debugreg(struct domain *d, uint64_t reg)
{
    if (reg > 7 || reg == 4 || reg == 5)
        return -ENODEV;
    return (long)current->arch.debugreg[reg];
}

static struct guest_callback *callback_slot(struct vcpu *v, unsigned int type)
{
    switch (type) {
    case CALLBACKTYPE_event:
        return &v->arch.event;
    case CALLBACKTYPE_failsafe:
        return &v->arch.failsafe;
    case CALLBACKTYPE_syscall:
        return &v->arch.syscall;
    case CALLBACKTYPE_syscall32:
        return &v->arch.syscall32;
    case CALLBACKTYPE_sysenter:
        return &v->arch.sysenter;
    case CALLBACKTYPE_nmi:
        return &v->arch.nmi;
    default:
        return NULL;
    }
}

long hc_callback_op(struct domain *d, uint64_t cmd, guest_va_t arg)
{
    struct callback_register reg;
    struct callback_unregister unreg;
    struct guest_callback *slot;

    switch (cmd) {
    case CALLBACKOP_register:
        if (copy_from_guest(&reg, arg, sizeof(reg)))
            return -EFAULT;
        slot = callback_slot(current, reg.type);
        if (!slot)
            return -ENOSYS;
        if (!callback_ok(reg.address))
            return -EINVAL;
        *slot = (struct guest_callback){reg.address, reg.flags & CALLBACKF_mask_events};
        if (slot == &current->arch.event)
            slot->masks_events = true;
        return 0;
    case CALLBACKOP_unregister:
        if (copy_from_guest(&unreg, arg, sizeof(unreg)))
            return -EFAULT;
        slot = callback_slot(current, unreg.type);
        if (!slot)
            return -ENOSYS;
        /* Without these a guest cannot be entered at all. */
        if (slot == &current->arch.event || slot == &current->arch.failsafe ||
            slot == &current->arch.syscall)
            return -EINVAL;
        *slot = (struct guest_callback){0};
        return 0;
    default:
        return -ENOSYS;
    }
}

long hc_set_callbacks(struct domain *d, uint64_t event, uint64_t failsafe, uint64_t syscall)
{
    struct vcpu *v = current;

    if (!callback_ok(event) || !callback_ok(failsafe) || !callback_ok(syscall))
        return -EINVAL;
    v->arch.event = (struct guest_callback){event, true};
    v->arch.failsafe.address = failsafe;
    v->arch.syscall.address = syscall;
    return 0;
}

/* The hypercall page: for each number 32 bytes; RCX and R11, which syscall destroys, are kept. */
void arch_hypercall_page(void *page)
{
    uint8_t *p = page;

    memset(p, 0xcc, PAGE_SIZE);
    for (unsigned int i = 0; i < PAGE_SIZE / 32; i++, p += 32) {
        static const uint8_t head[] = {0x51, 0x41, 0x53, 0xb8}; /* push rcx; push r11; mov eax, */
        static const uint8_t tail[] = {0x0f, 0x05, 0x41,
                                       0x5b, 0x59, 0xc3}; /* syscall; pop; pop; ret */
        static const uint8_t iret[] = {
            0x51, 0x41, 0x53, 0x50, 0xb8, __HYPERVISOR_iret,
            0,    0,    0,    0x0f, 0x05}; /* pushes RAX too: the frame of iret */

        if (i == __HYPERVISOR_iret) {
            memcpy(p, iret, sizeof(iret));
            continue;
        }
        memcpy(p, head, sizeof(head));
        memcpy(p + 4, &i, 4);
        memcpy(p + 8, tail, sizeof(tail));
    }
}
