/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Starting the other CPUs, telling them things, and what a CPU does when it has nothing to do.
 * Source: Intel SDM vol. 3, 8.4 (INIT-SIPI-SIPI).
 */
#include <asm/boot.h>
#include <asm/machine.h>
#include <asm/msr.h>
#include <hv/cmdline.h>
#include <hv/sched.h>

uint64_t cpu_online_mask = 1;

unsigned int arch_nr_cpus(void)
{
    /* Started in order, so the online ones are 0 ... n - 1. */
    return 64 - __builtin_clzll(ACCESS_ONCE(cpu_online_mask));
}

bool arch_cpu_online(unsigned int cpu)
{
    return cpu < NR_CPUS && (ACCESS_ONCE(cpu_online_mask) >> cpu & 1);
}

void arch_send_ipi(unsigned int cpu)
{
    apic_send_ipi(cpu, VEC_IPI);
}

void idle_loop(void)
{
    for (;;) {
        arch_irq_disable();
        if (softirq_pending()) {
            arch_irq_enable();
            softirq_run();
        } else {
            __asm__ volatile("sti; hlt" ::: "memory");
        }
    }
}

/* First C code of another CPU, on its own stack, on boot_l4. */
void ap_main(void)
{
    unsigned int cpu = this_cpu();

    write_cr3(image_pa(idle_root));
    current = sched_idle_vcpu(cpu);
    cpu_init_this();
    traps_init_cpu(cpu);
    apic_init_cpu();
    __atomic_fetch_or(&cpu_online_mask, 1ull << cpu, __ATOMIC_SEQ_CST);
    tsc_sync_test();
    arch_irq_enable();
    idle_loop();
}

static bool wait_online(unsigned int cpu, unsigned int us)
{
    for (; us && !arch_cpu_online(cpu); us = us > 10 ? us - 10 : 0)
        delay_us(10);
    return arch_cpu_online(cpu);
}

static bool start_cpu(unsigned int cpu)
{
    struct cpu_record *r = cpu_record_of(cpu);
    uint32_t id = apic_id_of(cpu);

    vmap_stack(cpu);
    r->cpu = cpu;
    sched_cpu_up(cpu);
    ap_rsp = (uint64_t)r;
    apic_send_init(id);
    delay_us(cpu_features.hypervisor ? 100 : 10000); /* only real CPUs need time to reset */
    apic_send_startup(id, TRAMPOLINE_PA >> PAGE_SHIFT);
    if (!wait_online(cpu, 2000))
        apic_send_startup(id, TRAMPOLINE_PA >> PAGE_SHIFT);
    if (!wait_online(cpu, 2000000)) {
        apic_send_init(id); /* it must not wake up later with somebody else's stack */
        printk(LOG_WARN "CPU%u (APIC id %u) does not start\n", cpu, id);
        return false;
    }
    tsc_sync_test();
    return true;
}

void smp_boot(void)
{
    memcpy(mfn_to_virt(maddr_to_mfn(TRAMPOLINE_PA)), ap_trampoline,
           ap_trampoline_end - ap_trampoline);
    for (unsigned int cpu = 1; !options.nosmp && cpu < acpi.nr_cpus; cpu++)
        if (!start_cpu(cpu))
            break; /* CPU numbers have no holes */
    time_judge_tsc();
    printk("%u of %u CPUs are up\n", arch_nr_cpus(), acpi.nr_cpus);
}

void smp_stop_others(void)
{
    crashing = true;
    smp_mb();
    apic_send_nmi_others();
}
