/* SPDX-License-Identifier: GPL-2.0-only */
/* The clock page, the wall clock, and the secondary time area for user mode. */
#include "mini.h"

TEST(system_time_runs_forward)
{
    uint64_t last = system_time_ns();

    for (int i = 0; i < 10000; i++) {
        uint64_t now = system_time_ns();

        if (now < last) {
            CHECK_EQ(now, last);
            break;
        }
        last = now;
    }
    CHECK(last > 0);
}

TEST(the_time_page_is_consistent)
{
    const volatile struct vcpu_time_info *t = &shared_info->vcpu_info[0].time;

    CHECK_EQ(t->version & 1, 0);
    CHECK(t->tsc_to_system_mul);
    CHECK(t->tsc_timestamp);
    CHECK(t->tsc_shift > -32 && t->tsc_shift < 32);
}

TEST(the_wall_clock_is_of_this_century)
{
    uint64_t seconds = (uint64_t)shared_info->wc_sec_hi << 32 | shared_info->wc_sec;

    CHECK_EQ(shared_info->wc_version & 1, 0);
    CHECK(seconds > 1600000000UL && seconds < 4102444800UL);
    CHECK(shared_info->wc_nsec < 1000000000);
}

TEST(the_secondary_area_is_filled_at_once)
{
    static struct vcpu_time_info area __attribute__((aligned(64)));
    struct vcpu_register_time_memory_area reg = {.addr.v = PTR(&area)};
    long rc = vcpu_op(VCPUOP_register_vcpu_time_memory_area, 0, &reg);

    CHECK_EQ(rc, 0);
    CHECK(area.version && !(area.version & 1));
    CHECK_EQ(area.tsc_to_system_mul, shared_info->vcpu_info[0].time.tsc_to_system_mul);
    CHECK_EQ(area.tsc_shift, shared_info->vcpu_info[0].time.tsc_shift);
    CHECK_EQ(area.tsc_timestamp, shared_info->vcpu_info[0].time.tsc_timestamp);
    CHECK_EQ(area.system_time, shared_info->vcpu_info[0].time.system_time);
    reg.addr.v = 0;
    CHECK_EQ(vcpu_op(VCPUOP_register_vcpu_time_memory_area, 0, &reg), 0);
    CHECK_EQ(vcpu_op(VCPUOP_register_vcpu_time_memory_area, 0, (void *)0x1000), -XEN_EFAULT);
    reg.addr.v = 0xffff830000000000UL;
    CHECK(vcpu_op(VCPUOP_register_vcpu_time_memory_area, 0, &reg) < 0);
}
