/* SPDX-License-Identifier: GPL-2.0-only */
/* The trap table, and what happens on each entry. */
#include "mini.h"

extern const char trap_de[], trap_db[], trap_nmi[], trap_bp[], trap_of[], trap_br[], trap_ud[],
    trap_nm[], trap_ts[], trap_np[], trap_ss[], trap_gp[], trap_pf[], trap_mf[], trap_ac[],
    trap_xf[], trap_int80[], entry_event[], entry_syscall[], entry_failsafe[];
extern const uint64_t fixups[][2], fixups_end[][2];

volatile struct seen seen = {.number = -1};
int (*trap_hook)(struct frame *frame);

static const struct trap_info trap_table[] = {
    {0, TRAP_INFO_IF, FLAT_KERNEL_CS, 0, (uint64_t)trap_de},
    {1, TRAP_INFO_IF, FLAT_KERNEL_CS, 0, (uint64_t)trap_db},
    {2, TRAP_INFO_IF, FLAT_KERNEL_CS, 0, (uint64_t)trap_nmi},
    {3, TRAP_INFO_IF | 3, FLAT_KERNEL_CS, 0, (uint64_t)trap_bp},
    {4, TRAP_INFO_IF | 3, FLAT_KERNEL_CS, 0, (uint64_t)trap_of},
    {5, TRAP_INFO_IF, FLAT_KERNEL_CS, 0, (uint64_t)trap_br},
    {6, TRAP_INFO_IF, FLAT_KERNEL_CS, 0, (uint64_t)trap_ud},
    {7, TRAP_INFO_IF, FLAT_KERNEL_CS, 0, (uint64_t)trap_nm},
    {10, TRAP_INFO_IF, FLAT_KERNEL_CS, 0, (uint64_t)trap_ts},
    {11, TRAP_INFO_IF, FLAT_KERNEL_CS, 0, (uint64_t)trap_np},
    {12, TRAP_INFO_IF, FLAT_KERNEL_CS, 0, (uint64_t)trap_ss},
    {13, TRAP_INFO_IF, FLAT_KERNEL_CS, 0, (uint64_t)trap_gp},
    {14, TRAP_INFO_IF, FLAT_KERNEL_CS, 0, (uint64_t)trap_pf},
    {16, TRAP_INFO_IF, FLAT_KERNEL_CS, 0, (uint64_t)trap_mf},
    {17, TRAP_INFO_IF, FLAT_KERNEL_CS, 0, (uint64_t)trap_ac},
    {19, TRAP_INFO_IF, FLAT_KERNEL_CS, 0, (uint64_t)trap_xf},
    {0x80, TRAP_INFO_IF | 3, FLAT_KERNEL_CS, 0, (uint64_t)trap_int80},
    {0},
};

void traps_init(void)
{
    static const struct {
        uint16_t type;
        const char *entry;
    } callbacks[] = {
        {CALLBACKTYPE_event, entry_event},
        {CALLBACKTYPE_failsafe, entry_failsafe},
        {CALLBACKTYPE_syscall, entry_syscall},
    };

    hypercall1(__HYPERVISOR_set_trap_table, trap_table);
    for (unsigned int i = 0; i < sizeof(callbacks) / sizeof(callbacks[0]); i++) {
        struct callback_register cb = {
            .type = callbacks[i].type,
            .flags = CALLBACKF_mask_events,
            .address = PTR(callbacks[i].entry),
        };

        callback_op(CALLBACKOP_register, &cb);
    }
}

static void report_and_die(const struct frame *f)
{
    kprintf(
        "FAIL mini: entry 0x%lx error 0x%lx at 0x%lx cs 0x%lx flags 0x%lx rsp 0x%lx cr2 0x%lx\n",
        f->number, f->error, f->rip, f->cs, f->rflags, f->rsp, shared_info->vcpu_info[0].arch.cr2);
    domain_shutdown(SHUTDOWN_crash);
}

/* From start.S: every entry, with all registers in @f. Returning resumes it. */
void trap_entered(struct frame *f)
{
    if (trap_hook && trap_hook(f))
        return;
    if (f->number == ENTRY_EVENT) {
        event_deliver();
        return;
    }
    seen.number = (int64_t)f->number;
    seen.error = f->error;
    seen.cr2 = shared_info->vcpu_info[0].arch.cr2;
    seen.rip = f->rip;
    seen.cs = f->cs;
    seen.ss = f->ss;
    seen.rflags = f->rflags;
    seen.mask = shared_info->vcpu_info[0].evtchn_upcall_mask;
    seen.count++;
    for (const uint64_t(*fixup)[2] = fixups; fixup < fixups_end; fixup++) {
        if (f->rip >= (*fixup)[0] && f->rip <= (*fixup)[1]) {
            f->rip = (*fixup)[1];
            if (f->number == 1)
                f->rflags &= ~0x100UL; /* one step was enough */
            return;
        }
    }
    report_and_die(f);
}

int64_t try_read(const volatile void *va, uint64_t *value)
{
    uint64_t got = 0;
    int64_t trap = TRY("mov (%1), %0", : "+r"(got) : "r"(va) : "memory");

    if (value)
        *value = got;
    return trap;
}

int64_t try_write(volatile void *va, uint64_t value)
{
    return TRY("mov %0, (%1)", : : "r"(value), "r"(va) : "memory");
}
