/* SPDX-License-Identifier: GPL-2.0-only */
/* Floating point and vector state: fpu_taskswitch, and that nobody else touches it. */
#include "mini.h"

static void put(uint64_t value)
{
    __asm__ volatile("movq %0, %%xmm7" : : "r"(value));
}

static uint64_t get(void)
{
    uint64_t value;

    __asm__ volatile("movq %%xmm7, %0" : "=r"(value));
    return value;
}

TEST(fpu_taskswitch_traps_the_first_use)
{
    uint64_t value = 0;

    put(0x1122334455667788);
    CHECK_EQ(hypercall1(__HYPERVISOR_fpu_taskswitch, 1), 0);
    CHECK_EQ(TRY("movq %%xmm7, %0", : "+r"(value) : : "memory"), 7);
    /* The trap clears TS: the next use works, and finds what was there. */
    CHECK_EQ(TRY("movq %%xmm7, %0", : "+r"(value) : : "memory"), -1);
    CHECK_EQ(value, 0x1122334455667788);
    CHECK_EQ(hypercall1(__HYPERVISOR_fpu_taskswitch, 1), 0);
    CHECK_EQ(hypercall1(__HYPERVISOR_fpu_taskswitch, 0), 0);
    CHECK_EQ(TRY("movq %%xmm7, %0", : "+r"(value) : : "memory"), -1);
    CHECK_EQ(value, 0x1122334455667788);
}

TEST(state_survives_hypercalls_and_blocking)
{
    struct sched_poll poll = {.nr_ports = 0};

    put(0xabcdef);
    for (int i = 0; i < 20; i++) {
        CHECK_EQ(sched_op(SCHEDOP_yield, NULL), 0);
        CHECK_EQ(get(), 0xabcdef);
    }
    poll.timeout = system_time_ns() + 5000000;
    sched_op(SCHEDOP_poll, &poll);
    CHECK_EQ(get(), 0xabcdef);
}

static volatile uint64_t other;
static volatile uint32_t bad;

static void use_registers(void *arg)
{
    for (uint64_t i = 0; i < 200; i++) {
        put(PTR(arg) + i);
        sched_op(SCHEDOP_yield, NULL);
        if (get() != PTR(arg) + i)
            bad++;
    }
    other = 1;
}

/* More vCPUs than CPUs, all busy with the same register. */
TEST(vcpus_do_not_see_each_others_state)
{
    bad = 0;
    for (unsigned int cpu = 1; cpu <= 3; cpu++)
        CHECK_EQ(cpu_run(cpu, use_registers, (void *)(cpu * 0x10000UL)), 0);
    use_registers((void *)0x990000);
    for (unsigned int cpu = 1; cpu <= 3; cpu++)
        CHECK_EQ(cpu_wait(cpu, 20000000000UL), 0);
    CHECK_EQ(bad, 0);
}

TEST(x87_state_is_ones_own)
{
    uint16_t control = 0;

    __asm__ volatile("fninit; fnstcw %0" : "=m"(control));
    CHECK_EQ(control, 0x37f);
    sched_op(SCHEDOP_yield, NULL);
    __asm__ volatile("fnstcw %0" : "=m"(control));
    CHECK_EQ(control, 0x37f);
}
