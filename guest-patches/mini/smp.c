/* SPDX-License-Identifier: GPL-2.0-only */
/* Further vCPUs. They share the first one's page tables and trap entries, and run one function. */
#include "mini.h"

#define CPUS 8

extern const char cpu_start[], entry_event[], entry_syscall[], entry_failsafe[];

static uint8_t stacks[CPUS][16384] __attribute__((aligned(4096)));
static struct {
    void (*fn)(void *);
    void *arg;
} work[CPUS];
static struct vcpu_guest_context context; /* of the one that is started */

void cpu_context(struct vcpu_guest_context *c, unsigned int cpu)
{
    memset(c, 0, sizeof(*c));
    c->flags = VGCF_in_kernel;
    c->user_regs.rip = PTR(cpu_start);
    c->user_regs.cs = FLAT_KERNEL_CS;
    c->user_regs.ss = FLAT_KERNEL_SS;
    c->user_regs.rsp = PTR(stacks[cpu] + sizeof(stacks[cpu]));
    c->user_regs.rdi = cpu;
    c->user_regs.rflags = 0x1000; /* virtual IOPL 1 */
    c->kernel_ss = FLAT_KERNEL_SS;
    c->kernel_sp = c->user_regs.rsp;
    c->ctrlreg[3] = va_to_mfn((void *)start_info->pt_base) << 12;
    c->event_callback_eip = PTR(entry_event);
    c->failsafe_callback_eip = PTR(entry_failsafe);
    c->syscall_callback_eip = PTR(entry_syscall);
}

/* From start.S, on the new vCPU. */
void cpu_main(unsigned int cpu)
{
    for (;;) { /* VCPUOP_up after VCPUOP_down goes on where it stopped, with new work */
        work[cpu].fn(work[cpu].arg);
        vcpu_op(VCPUOP_down, cpu, NULL);
    }
}

long cpu_run(unsigned int cpu, void (*fn)(void *), void *arg)
{
    long rc;

    work[cpu].fn = fn;
    work[cpu].arg = arg;
    cpu_context(&context, cpu);
    rc = vcpu_op(VCPUOP_initialise, cpu, &context);
    /* One that ran before keeps its context: it goes on behind its VCPUOP_down. */
    if (rc && rc != -XEN_EEXIST)
        return rc;
    return vcpu_op(VCPUOP_up, cpu, NULL);
}

long cpu_wait(unsigned int cpu, uint64_t timeout_ns)
{
    uint64_t end = system_time_ns() + timeout_ns;

    while (vcpu_op(VCPUOP_is_up, cpu, NULL) == 1) {
        if (system_time_ns() > end)
            return -XEN_ETIMEDOUT;
        sched_op(SCHEDOP_yield, NULL);
    }
    return 0;
}
