/* SPDX-License-Identifier: GPL-2.0-only */
/* What Linux asks for at boot and copes without: PMU, machine checks, and dom0's extras. */
#include "mini.h"
#include "pv-abi/mca.h"

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
    struct xen_mc mc = {.cmd = XEN_MC_fetch, .interface_version = XEN_MCA_INTERFACE_VERSION};
    long rc;

    mc.u.mc_fetch.flags = XEN_MC_URGENT;
    mc.u.mc_fetch.data = PTR(info);
    rc = hypercall1(__HYPERVISOR_mca, PTR(&mc));
    if (!is_dom0())
        CHECK(rc < 0);
    else
        CHECK(rc == 0 || rc == -XEN_ENOSYS);
    if (rc == 0)
        CHECK_EQ(mc.u.mc_fetch.flags & XEN_MC_NODATA, XEN_MC_NODATA);
}

TEST(architecture_numbers_without_meaning_are_refused)
{
    for (unsigned int number = __HYPERVISOR_arch_2; number <= __HYPERVISOR_arch_7; number++)
        CHECK_EQ(hypercall0(number), -XEN_ENOSYS);
}
