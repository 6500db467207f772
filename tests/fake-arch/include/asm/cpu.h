/* SPDX-License-Identifier: GPL-2.0-only */
/* This CPU, as the test sets it. */
#ifndef ASM_CPU_H
#define ASM_CPU_H

#include <asm/regs.h>
#include <hv/types.h>

extern struct vcpu *fake_current[NR_CPUS];
extern unsigned int fake_cpu; /* number of "this" CPU */
extern bool fake_irqs_on;
extern void (*fake_irq_restore_hook)(void);

static inline unsigned int this_cpu(void)
{
    return fake_cpu;
}
#define current (fake_current[fake_cpu])

static inline unsigned long arch_irq_save(void)
{
    unsigned long was = fake_irqs_on;

    fake_irqs_on = false;
    return was;
}
static inline void arch_irq_restore(unsigned long was)
{
    fake_irqs_on = was;
    if (fake_irq_restore_hook)
        fake_irq_restore_hook();
}
static inline void arch_irq_enable(void)
{
    fake_irqs_on = true;
}
static inline void arch_irq_disable(void)
{
    fake_irqs_on = false;
}

#endif
