/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The local APIC in xAPIC mode: timer, interrupts between CPUs, start of other CPUs.
 * Source: Intel SDM vol. 3, chapter 11.
 */
#include <asm/boot.h>
#include <asm/machine.h>
#include <asm/msr.h>
#include <hv/lib.h>
#include <hv/sched.h>

enum {
    APIC_TPR = 0x80,
    APIC_EOI = 0xb0,
    APIC_SVR = 0xf0,
    APIC_ESR = 0x280,
    APIC_ICR = 0x300,
    APIC_ICR2 = 0x310,
    APIC_LVT_TIMER = 0x320,
    APIC_LVT_LINT0 = 0x350,
    APIC_LVT_LINT1 = 0x360,
    APIC_LVT_ERROR = 0x370,
    APIC_TIMER_INITIAL = 0x380,
    APIC_TIMER_CURRENT = 0x390,
    APIC_TIMER_DIVIDE = 0x3e0,
};
#define LVT_MASKED       (1u << 16)
#define LVT_NMI          0x400u
#define LVT_TSC_DEADLINE (2u << 17)
#define ICR_BUSY         (1u << 12)
#define ICR_ASSERT       (1u << 14)
#define ICR_NMI          0x400u
#define ICR_INIT         0x500u
#define ICR_STARTUP      0x600u
#define ICR_ALL_OTHERS   (3u << 18)
#define APIC_BASE_ENABLE (1ull << 11)
#define APIC_BASE_X2APIC (1ull << 10)

static volatile uint32_t *apic;

static uint32_t apic_read(unsigned int reg)
{
    return apic[reg / 4];
}

static void apic_write(unsigned int reg, uint32_t v)
{
    apic[reg / 4] = v;
}

void apic_map(void)
{
    apic = arch_ioremap(acpi.lapic_addr, PAGE_SIZE);
    BUG_ON(!apic);
}

void apic_init_cpu(void)
{
    uint64_t base = rdmsr(MSR_APIC_BASE);

    if (base & APIC_BASE_X2APIC) { /* the only way from there to xAPIC mode leads through off */
        base &= ~(APIC_BASE_X2APIC | APIC_BASE_ENABLE);
        wrmsr(MSR_APIC_BASE, base);
    }
    if (!(base & APIC_BASE_ENABLE))
        wrmsr(MSR_APIC_BASE, base | APIC_BASE_ENABLE);

    apic_write(APIC_TPR, 0);
    apic_write(APIC_LVT_TIMER, LVT_MASKED | VEC_TIMER);
    apic_write(APIC_LVT_LINT0, LVT_MASKED);
    apic_write(APIC_LVT_LINT1, this_cpu() ? LVT_MASKED | LVT_NMI : LVT_NMI);
    apic_write(APIC_LVT_ERROR, VEC_ERROR);
    apic_write(APIC_SVR, 0x100 | VEC_SPURIOUS);
    apic_write(APIC_ESR, 0);
    apic_write(APIC_EOI, 0);
    apic_write(APIC_TIMER_DIVIDE, 0xb); /* by 1 */
    if (cpu_features.tsc_deadline) {
        apic_write(APIC_LVT_TIMER, LVT_TSC_DEADLINE | VEC_TIMER);
        smp_mb();
    } else {
        apic_write(APIC_LVT_TIMER, VEC_TIMER);
    }
}

void apic_eoi(void)
{
    apic_write(APIC_EOI, 0);
}

uint32_t apic_id_of(unsigned int cpu)
{
    return acpi.apic_ids[cpu];
}

static void send(uint32_t apic_id, uint32_t command)
{
    unsigned long flags = arch_irq_save();

    for (unsigned int i = 0; i < 1000000 && (apic_read(APIC_ICR) & ICR_BUSY); i++)
        __builtin_ia32_pause();
    apic_write(APIC_ICR2, apic_id << 24);
    apic_write(APIC_ICR, command);
    arch_irq_restore(flags);
}

void apic_send_ipi(unsigned int cpu, uint8_t vector)
{
    smp_mb(); /* what the other CPU is to see, before it is told */
    send(apic_id_of(cpu), ICR_ASSERT | vector);
}

void apic_send_ipi_mask(uint64_t cpus, uint8_t vector)
{
    while (cpus) {
        unsigned int cpu = __builtin_ctzll(cpus);

        cpus &= cpus - 1;
        if (cpu != this_cpu())
            apic_send_ipi(cpu, vector);
    }
}

void apic_send_init(uint32_t apic_id)
{
    send(apic_id, ICR_ASSERT | ICR_INIT);
}

void apic_send_startup(uint32_t apic_id, uint8_t page)
{
    send(apic_id, ICR_ASSERT | ICR_STARTUP | page);
}

void apic_send_nmi_others(void)
{
    if (apic)
        send(0, ICR_ALL_OTHERS | ICR_ASSERT | ICR_NMI);
}

/* ---- timer ----------------------------------------------------------------------------------- */

void apic_timer_count(uint32_t count)
{
    apic_write(APIC_TIMER_INITIAL, count);
}

uint32_t apic_timer_left(void)
{
    return apic_read(APIC_TIMER_CURRENT);
}

/* ---- our vectors ----------------------------------------------------------------------------- */

static void report_error(void)
{
    apic_write(APIC_ESR, 0);
    printk(LOG_WARN "CPU%u: local APIC error %x\n", this_cpu(), apic_read(APIC_ESR));
}

void apic_vector(struct cpu_regs *regs, uint8_t vector)
{
    if (vector == VEC_SPURIOUS)
        return; /* wants no EOI */
    apic_eoi();
    switch (vector) {
    case VEC_TIMER:
        softirq_raise(SOFTIRQ_TIMER);
        break;
    case VEC_TLB:
        tlb_flush_ipi();
        break;
    case VEC_ERROR:
        report_error();
        break;
    default: /* VEC_IPI: softirq flags are looked at on the way out */
        break;
    }
}
