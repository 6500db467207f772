/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * PV domains and vcpus on x86-64: creation and teardown, a vcpu's context as the control interface sees it,
 * and the hypercalls by which a guest kernel says where it wants to be entered.
 */
#include <asm/machine.h>
#include <asm/mm.h>
#include <asm/msr.h>
#include <hv/alloc.h>
#include <hv/arch.h>
#include <hv/hypercall.h>
#include <pv-abi/callback.h>
#include <pv-abi/x86.h>

#define GUEST_CR0 (CR0_PG | CR0_WP | CR0_NE | CR0_MP | (1ul << 4) | 1ul)

/* --- Creation and teardown ------------------------------------------------------------------------------- */

int arch_domain_create(struct domain *d)
{
    d->arch.io_allowed = d->domid == 0;
    return 0;
}

void arch_domain_destroy(struct domain *d)
{
    arch_pirq_release_all(d);
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
    if (v->domain == idle_domain)
        return 0;
    rc = fpu_create(v);
    if (rc)
        return rc;
    rc = descriptors_create(v);
    if (rc)
        hv_free(v->arch.fpu);
    return rc;
}

/* The roots and tables of a vcpu that does not run any more. */
static void vcpu_drop_tables(struct vcpu *v)
{
    vcpu_set_user_root(v, INVALID_MFN);
    vcpu_set_kernel_root(v, INVALID_MFN);
    descriptors_drop(v);
}

void arch_vcpu_destroy(struct vcpu *v)
{
    if (v->domain == idle_domain)
        return;
    descriptors_destroy(v);
    hv_free(v->arch.fpu);
}

int arch_domain_relinquish(struct domain *d)
{
    struct vcpu *v;

    for_each_vcpu (d, v)
        vcpu_drop_tables(v);
    if (__atomic_load_n(&d->arch.tlb_cpus[0], __ATOMIC_SEQ_CST))
        return -ERESTART; /* a CPU is just switching away */
    while (d->arch.sweep < max_mfn) {
        frame_relinquish(mfn_to_frame(_mfn(d->arch.sweep++)), d);
        if (!(d->arch.sweep & 0xfff) && hypercall_preempt_check())
            return -ERESTART;
    }
    return frame_drain(d, true);
}

/* --- Context ----------------------------------------------------------------------------------------------- */

/* The ABI's record of registers begins as ours does: fifteen general registers. */
#define GENERAL_REGS offsetof(struct cpu_regs, error_code)
_Static_assert(GENERAL_REGS == offsetof(struct cpu_user_regs, error_code) &&
                   offsetof(struct cpu_regs, rdi) == offsetof(struct cpu_user_regs, rdi),
               "the same order of registers");

static void regs_from_abi(struct cpu_regs *r, const struct cpu_user_regs *a)
{
    *r = (struct cpu_regs){
        .rip = a->rip,
        .rsp = a->rsp,
        .cs = a->cs | 3,
        .ss = a->ss ? a->ss | 3 : 0,
        .rflags = (a->rflags & 0x240dd5) | RFLAGS_IF | 2,
    };
    memcpy(r, a, GENERAL_REGS);
}

static void regs_to_abi(struct cpu_user_regs *a, const struct cpu_regs *r)
{
    memcpy(a, r, GENERAL_REGS);
    a->rip = r->rip;
    a->rsp = r->rsp;
    a->cs = r->cs;
    a->ss = r->ss;
    a->rflags = r->rflags;
}

static void trap_set(struct vcpu *v, const struct trap_info *t)
{
    v->arch.traps[t->vector] = (struct guest_trap){
        t->address, t->cs | 3, t->flags & TRAP_INFO_DPL_MASK, t->flags & TRAP_INFO_IF};
}

static bool context_ok(const struct vcpu_guest_context *c)
{
    const uint64_t addresses[] = {c->user_regs.rip,
                                  c->event_callback_eip,
                                  c->failsafe_callback_eip,
                                  c->syscall_callback_eip,
                                  c->fs_base,
                                  c->gs_base_kernel,
                                  c->gs_base_user,
                                  c->ldt_ents ? c->ldt_base : 0};

    for (unsigned int i = 0; i < ARRAY_SIZE(addresses); i++) {
        if (!guest_va_ok(addresses[i]))
            return false;
    }
    for (unsigned int i = 0; i < ARRAY_SIZE(c->trap_ctxt); i++) {
        if (!guest_va_ok(c->trap_ctxt[i].address))
            return false;
    }
    return c->ldt_ents <= 8192 && c->gdt_ents <= FIRST_RESERVED_GDT_ENTRY;
}

int arch_set_context(struct vcpu *v, const struct vcpu_guest_context *c)
{
    uint64_t user_cr3 = c->ctrlreg[1], debugreg[ARRAY_SIZE(c->debugreg)];
    int rc;

    for (unsigned int i = 0; i < ARRAY_SIZE(debugreg); i++) {
        debugreg[i] = c->debugreg[i];
        if (i != 4 && i != 5 && debugreg_value(i, &debugreg[i])) /* these two are not there */
            return -EINVAL;
    }
    if (!context_ok(c))
        return -EINVAL;
    rc = vcpu_set_kernel_root(v, maddr_to_mfn(c->ctrlreg[3]));
    if (rc)
        return rc == -EPERM ? -EINVAL : rc;
    rc = vcpu_set_user_root(v, (user_cr3 & ~PAGE_MASK) == 1 ? maddr_to_mfn(user_cr3) : INVALID_MFN);
    if (!rc)
        rc = vcpu_set_gdt(v, c->gdt_frames, (unsigned int)c->gdt_ents);
    if (rc) { /* it may have run before: not without a root */
        set_bit(VPF_DOWN, &v->pause_flags);
        v->initialised = false;
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
            trap_set(v, t);
    }
    memcpy(v->arch.debugreg, debugreg, sizeof(debugreg));
    v->arch.cr0 = GUEST_CR0 | (c->ctrlreg[0] & CR0_TS);
    fpu_set(v, c->flags & VGCF_i387_valid ? &c->fpu_ctxt : NULL);
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

/* --- Where the guest is entered -------------------------------------------------------------------------- */

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
        if (!guest_va_ok(t.address))
            return -EINVAL;
        trap_set(v, &t);
    }
    return -EINVAL;
}

long hc_stack_switch(struct domain *d, uint64_t ss, uint64_t esp)
{
    current->arch.kernel_ss = (ss & 0xffff) | 3;
    current->arch.kernel_sp = esp;
    return 0;
}

static struct guest_callback *callback_slot(struct vcpu *v, unsigned int type)
{
    struct guest_callback *const slots[] = {
        [CALLBACKTYPE_event] = &v->arch.event,       [CALLBACKTYPE_failsafe] = &v->arch.failsafe,
        [CALLBACKTYPE_syscall] = &v->arch.syscall,   [CALLBACKTYPE_syscall32] = &v->arch.syscall32,
        [CALLBACKTYPE_sysenter] = &v->arch.sysenter, [CALLBACKTYPE_nmi] = &v->arch.nmi,
    };

    return type < ARRAY_SIZE(slots) ? slots[type] : NULL;
}

long hc_callback_op(struct domain *d, uint64_t cmd, guest_va_t arg)
{
    struct vcpu *v = current;
    struct callback_register reg;
    struct guest_callback *slot;

    if (cmd != CALLBACKOP_register && cmd != CALLBACKOP_unregister)
        return -ENOSYS;
    /* What unregister takes is the beginning of what register takes. */
    if (copy_from_guest(&reg, arg,
                        cmd == CALLBACKOP_register ? sizeof(reg)
                                                   : sizeof(struct callback_unregister)))
        return -EFAULT;
    slot = callback_slot(v, reg.type);
    if (!slot)
        return -ENOSYS;
    if (cmd == CALLBACKOP_unregister) {
        /* Without these a guest cannot be entered at all. */
        if (slot == &v->arch.event || slot == &v->arch.failsafe || slot == &v->arch.syscall)
            return -EINVAL;
        *slot = (struct guest_callback){0};
        return 0;
    }
    if (!guest_va_ok(reg.address))
        return -EINVAL;
    *slot = (struct guest_callback){reg.address,
                                    (reg.flags & CALLBACKF_mask_events) || slot == &v->arch.event};
    return 0;
}

long hc_set_callbacks(struct domain *d, uint64_t event, uint64_t failsafe, uint64_t syscall)
{
    struct vcpu *v = current;

    if (!guest_va_ok(event) || !guest_va_ok(failsafe) || !guest_va_ok(syscall))
        return -EINVAL;
    v->arch.event = (struct guest_callback){event, true};
    v->arch.failsafe.address = failsafe;
    v->arch.syscall.address = syscall;
    return 0;
}

/* The hypercall page: for each number 32 bytes; RCX and R11, which syscall destroys, are kept. */
void arch_hypercall_page(void *page)
{
    /* push rcx; push r11; mov eax, number; syscall; pop r11; pop rcx; ret */
    static const uint8_t call[] = {0x51, 0x41, 0x53, 0xb8, 0,    0,    0,
                                   0,    0x0f, 0x05, 0x41, 0x5b, 0x59, 0xc3};
    /* It pushes RAX too: the frame of iret. */
    static const uint8_t iret[] = {0x51, 0x41, 0x53, 0x50, 0xb8, __HYPERVISOR_iret,
                                   0,    0,    0,    0x0f, 0x05};
    uint8_t *p = page;

    memset(p, 0xcc, PAGE_SIZE);
    for (unsigned int i = 0; i < PAGE_SIZE / 32; i++, p += 32) {
        if (i == __HYPERVISOR_iret) {
            memcpy(p, iret, sizeof(iret));
        } else {
            memcpy(p, call, sizeof(call));
            memcpy(p + 4, &i, 4);
        }
    }
}
