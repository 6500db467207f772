/* SPDX-License-Identifier: GPL-2.0-only */
/* What Linux asks for at boot and copes without: PMU, machine checks, and dom0's extras. */
#include "mini.h"

TEST(pmu_is_refused)
{
    uint32_t params[6] = {0, 1}; /* version 0.1 of that interface */

    for (unsigned int op = 0; op <= 8; op++) {
        long rc = hypercall2(__HYPERVISOR_xenpmu_op, op, PTR(params));

        CHECK(rc < 0);
        if (is_pavo())
            CHECK_EQ(rc, -XEN_ENOSYS);
    }
}

TEST(machine_checks_are_dom0s)
{
    static uint64_t info[96]; /* where records would go */
    struct {
        uint32_t cmd, version, flags, pad;
        uint64_t id, data, more[18];
    } fetch = {.cmd = 1, .version = 0x01ecc003, .flags = 2 /* urgent */, .data = PTR(info)};
    long rc = hypercall1(__HYPERVISOR_mca, PTR(&fetch));

    if (is_pavo())
        CHECK_EQ(rc, -XEN_ENOSYS);
    else
        CHECK_EQ(rc, is_dom0() ? 0 : -XEN_EPERM);
}

TEST(architecture_numbers_without_meaning_are_refused)
{
    for (unsigned int number = __HYPERVISOR_arch_2; number <= __HYPERVISOR_arch_7; number++)
        CHECK_EQ(hypercall0(number), -XEN_ENOSYS);
}
