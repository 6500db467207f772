/* SPDX-License-Identifier: GPL-2.0-only */
/* Debug registers: the two hypercalls, the instructions, a breakpoint that hits. */
#include "mini.h"

static long set(unsigned int reg, uint64_t value)
{
    return hypercall2(__HYPERVISOR_set_debugreg, reg, value);
}

static uint64_t get(unsigned int reg)
{
    return (uint64_t)hypercall1(__HYPERVISOR_get_debugreg, reg);
}

TEST(addresses_are_kept)
{
    for (unsigned int reg = 0; reg < 4; reg++) {
        CHECK_EQ(set(reg, 0x1000 * (reg + 1)), 0);
        CHECK_EQ(get(reg), 0x1000 * (reg + 1));
        CHECK_EQ(set(reg, 0), 0);
    }
}

TEST(the_hypervisors_addresses_are_refused)
{
    CHECK_EQ(set(0, 0xffff830000000000UL), -XEN_EPERM);
    CHECK_EQ(set(0, 0x8000000000000000UL), -XEN_EPERM);
    CHECK_EQ(get(0), 0);
}

TEST(status_and_control_read_as_hardware_does)
{
    CHECK_EQ(set(6, 0), 0);
    CHECK_EQ(get(6) & 0xffff0ff0, 0xffff0ff0);
    CHECK_EQ(set(7, 0), 0);
    CHECK_EQ(get(7) & 0x400, 0x400);
}

TEST(dangerous_controls_are_refused_or_dropped)
{
    long rc = set(7, 1UL << 13); /* general detect */

    CHECK(rc < 0 || !(get(7) & 1 << 13));
    rc = set(7, 1UL << 32);
    CHECK(rc < 0 || !(get(7) >> 32));
    CHECK_EQ(set(7, 0), 0);
}

TEST(unknown_registers_are_refused)
{
    CHECK_EQ(set(8, 0), -XEN_ENODEV);
    CHECK_EQ(set(0xffffffff, 0), -XEN_ENODEV);
    CHECK_EQ(get(8), -XEN_ENODEV);
    CHECK_EQ(get(0xffffffff), -XEN_ENODEV);
}

static volatile uint64_t watched;

TEST(a_watchpoint_hits)
{
    CHECK_EQ(set(0, PTR(&watched)), 0);
    CHECK_EQ(set(7, 0x2 | 1 << 16 | 3 << 18), 0); /* global, writes, eight bytes */
    CHECK_EQ(TRY("movq $1, (%0); nop", : : "r"(&watched) : "memory"), 1);
    CHECK_EQ(get(6) & 1, 1);
    CHECK_EQ(set(7, 0), 0);
    CHECK_EQ(set(6, 0), 0);
    CHECK_EQ(TRY("movq $2, (%0); nop", : : "r"(&watched) : "memory"), -1);
    CHECK_EQ(set(0, 0), 0);
}

TEST(the_instructions_work_too)
{
    uint64_t value = 0;

    CHECK_EQ(TRY("mov %0, %%db1", : : "r"(0x7000UL) : "memory"), -1);
    CHECK_EQ(TRY("mov %%db1, %0", : "+r"(value) : : "memory"), -1);
    CHECK_EQ(value, 0x7000);
    CHECK_EQ(get(1), 0x7000);
    CHECK_EQ(set(1, 0), 0);
    CHECK_EQ(TRY("mov %0, %%db1", : : "r"(0xffff830000000000UL) : "memory"), 13);
}
