/* SPDX-License-Identifier: GPL-2.0-only */
/* callback_op, nmi_op, set_trap_table, set_callbacks: registering entries. */
#include "mini.h"

extern const char entry_event[], entry_failsafe[], entry_syscall[], entry_nmi_callback[];

TEST(each_type_registers)
{
    static const struct {
        uint16_t type;
        const char *entry;
    } types[] = {
        {CALLBACKTYPE_event, entry_event},
        {CALLBACKTYPE_failsafe, entry_failsafe},
        {CALLBACKTYPE_syscall, entry_syscall},
        {CALLBACKTYPE_nmi, entry_nmi_callback},
    };

    for (unsigned int i = 0; i < 4; i++) {
        struct callback_register cb = {
            .type = types[i].type, .flags = CALLBACKF_mask_events, .address = PTR(types[i].entry)};

        CHECK_EQ(callback_op(CALLBACKOP_register, &cb), 0);
    }
}

/* Whether these work is a matter of the CPU; refusing them is allowed. */
TEST(sysenter_and_32_bit_syscall_are_served_or_refused)
{
    static const uint16_t types[] = {CALLBACKTYPE_sysenter, CALLBACKTYPE_syscall32};

    for (unsigned int i = 0; i < 2; i++) {
        struct callback_register cb = {.type = types[i], .address = PTR(entry_syscall)};
        long rc = callback_op(CALLBACKOP_register, &cb);

        CHECK(rc == 0 || rc == -XEN_ENOSYS || rc == -XEN_EINVAL);
    }
}

TEST(wrong_types_and_addresses_are_refused)
{
    struct callback_register cb = {.type = 6, .address = PTR(entry_event)};

    CHECK_EQ(callback_op(CALLBACKOP_register, &cb), -XEN_ENOSYS);
    cb.type = 99;
    CHECK_EQ(callback_op(CALLBACKOP_register, &cb), -XEN_ENOSYS);
    cb.type = CALLBACKTYPE_event;
    cb.address = 0x8000000000000000UL; /* not canonical */
    CHECK_EQ(callback_op(CALLBACKOP_register, &cb), -XEN_EINVAL);
    CHECK_EQ(callback_op(CALLBACKOP_register, (void *)0x1000), -XEN_EFAULT);
}

TEST(only_the_nmi_callback_unregisters)
{
    struct callback_unregister cb = {.type = CALLBACKTYPE_nmi};

    CHECK_EQ(callback_op(CALLBACKOP_unregister, &cb), 0);
    cb.type = CALLBACKTYPE_event;
    CHECK_EQ(callback_op(CALLBACKOP_unregister, &cb), -XEN_EINVAL);
    cb.type = 99;
    CHECK_EQ(callback_op(CALLBACKOP_unregister, &cb), -XEN_ENOSYS);
    CHECK_EQ(callback_op(CALLBACKOP_unregister, (void *)0x1000), -XEN_EFAULT);
    CHECK_EQ(callback_op(2, &cb), -XEN_ENOSYS);
}

TEST(set_callbacks_sets_all_three)
{
    CHECK_EQ(hypercall3(__HYPERVISOR_set_callbacks, PTR(entry_event), PTR(entry_failsafe),
                        PTR(entry_syscall)),
             0);
    traps_init(); /* with masking again */
}

/* Of the old way, which Pavo refuses. */
enum { NMIOP_REGISTER, NMIOP_UNREGISTER };

TEST(nmi_op_registers_a_handler)
{
    uint64_t cb[2] = {PTR(entry_nmi_callback)};
    long rc = hypercall2(__HYPERVISOR_nmi_op, NMIOP_REGISTER, PTR(cb));

    CHECK(rc == 0 || rc == -XEN_ENOSYS);
    if (rc == 0) {
        CHECK_EQ(hypercall2(__HYPERVISOR_nmi_op, NMIOP_UNREGISTER, 0), 0);
        CHECK_EQ(hypercall2(__HYPERVISOR_nmi_op, NMIOP_REGISTER, 0x1000), -XEN_EFAULT);
    }
    CHECK_EQ(hypercall2(__HYPERVISOR_nmi_op, 99, 0), -XEN_ENOSYS);
}

TEST(set_trap_table_checks_its_entries)
{
    struct trap_info bad[2] = {{.vector = 3, .cs = FLAT_KERNEL_CS, .address = 1UL << 63}};

    CHECK_EQ(hypercall1(__HYPERVISOR_set_trap_table, 0x1000), -XEN_EFAULT);
    CHECK_EQ(hypercall1(__HYPERVISOR_set_trap_table, bad), -XEN_EINVAL);
    traps_init();
}

TEST(an_empty_trap_table_clears_it)
{
    CHECK_EQ(hypercall1(__HYPERVISOR_set_trap_table, 0), 0);
    traps_init();
    CHECK_EQ(TRY("int3", : : : "memory"), 3);
}
