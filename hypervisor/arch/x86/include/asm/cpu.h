/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * This CPU: who runs here. Each CPU has one 32 KiB block of stack, aligned to its size; the record of
 * the CPU lies at its top, so that the stack pointer leads to it without a segment register (GS and FS
 * are the guest's).
 */
#ifndef ASM_CPU_H
#define ASM_CPU_H

#include <asm/regs.h>
#include <hv/types.h>

#define STACK_ORDER 3
#define STACK_SIZE  (4096ul << STACK_ORDER)

struct cpu_record {
    struct cpu_regs regs; /* of the guest that runs here, as the entry code pushed them */
    struct vcpu *vcpu;    /* current */
    uint64_t scratch;     /* entry code: rsp across a syscall */
    uint32_t cpu;         /* number, 0..NR_CPUS-1 */
    uint32_t pad[3];
};
/* The processor aligns the stack to 16 before it pushes its frame: the frame must end there. */
_Static_assert((sizeof(struct cpu_record) - sizeof(struct cpu_regs)) % 16 == 0, "frame alignment");

static inline struct cpu_record *cpu_record(void)
{
    register uint64_t sp __asm__("rsp");
    uint64_t x;

    __asm__("mov %1, %0" : "=r"(x) : "r"(sp));
    return (struct cpu_record *)((x | (STACK_SIZE - 1)) + 1) - 1;
}
static inline unsigned int this_cpu(void)
{
    return cpu_record()->cpu;
}
#define current (cpu_record()->vcpu)

static inline unsigned long arch_irq_save(void)
{
    unsigned long f;

    __asm__ volatile("pushfq; popq %0; cli" : "=r"(f)::"memory");
    return f;
}
static inline void arch_irq_restore(unsigned long f)
{
    if (f & 0x200)
        __asm__ volatile("sti" ::: "memory");
}
static inline void arch_irq_enable(void)
{
    __asm__ volatile("sti" ::: "memory");
}
static inline void arch_irq_disable(void)
{
    __asm__ volatile("cli" ::: "memory");
}

#endif
