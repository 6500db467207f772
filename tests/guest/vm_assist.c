/* SPDX-License-Identifier: GPL-2.0-only */
/* vm_assist: which behaviours can be switched, and the architectural IOPL's effect. */
#include "mini.h"

static long assist(unsigned int cmd, unsigned int type)
{
    return hypercall2(__HYPERVISOR_vm_assist, cmd, type);
}

TEST(writable_pagetables_switch_on)
{
    CHECK_EQ(assist(VMASST_CMD_enable, VMASST_TYPE_writable_pagetables), 0);
}

TEST(runstate_update_flag_switches)
{
    CHECK_EQ(assist(VMASST_CMD_enable, VMASST_TYPE_runstate_update_flag), 0);
    CHECK_EQ(assist(VMASST_CMD_disable, VMASST_TYPE_runstate_update_flag), 0);
}

TEST(linux_s_other_wishes_are_granted_or_refused)
{
    static const unsigned int types[] = {VMASST_TYPE_4gb_segments, VMASST_TYPE_4gb_segments_notify,
                                         VMASST_TYPE_pae_extended_cr3, VMASST_TYPE_m2p_strict};

    for (unsigned int i = 0; i < 4; i++) {
        long rc = assist(VMASST_CMD_enable, types[i]);

        CHECK(rc == 0 || rc == -XEN_EINVAL);
        if (!rc)
            CHECK_EQ(assist(VMASST_CMD_disable, types[i]), 0);
    }
}

TEST(unknown_types_and_commands_are_refused)
{
    CHECK_EQ(assist(VMASST_CMD_enable, 6), -XEN_EINVAL);
    CHECK_EQ(assist(VMASST_CMD_enable, 31), -XEN_EINVAL);
    CHECK_EQ(assist(VMASST_CMD_enable, 64), -XEN_EINVAL);
    CHECK_EQ(assist(VMASST_CMD_enable, 0xffffffff), -XEN_EINVAL);
    CHECK_EQ(assist(2, VMASST_TYPE_writable_pagetables), -XEN_ENOSYS);
}
