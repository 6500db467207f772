/* SPDX-License-Identifier: GPL-2.0-only */
/* multicall, and hypercalls that do not exist. */
#include "mini.h"

static long multicall(struct multicall_entry *calls, unsigned int count)
{
    return hypercall2(__HYPERVISOR_multicall, PTR(calls), count);
}

TEST(each_call_has_its_result)
{
    struct multicall_entry calls[3] = {
        {.op = __HYPERVISOR_xen_version, .args = {XENVER_pagesize}, .result = 99},
        {.op = 63, .result = 99},
        {.op = __HYPERVISOR_xen_version, .args = {XENVER_version}, .result = 99},
    };

    CHECK_EQ(multicall(calls, 3), 0);
    CHECK_EQ(calls[0].result, 4096);
    CHECK_EQ(calls[1].result, -XEN_ENOSYS);
    CHECK_EQ(calls[2].result, 4 << 16 | 17);
}

TEST(arguments_arrive)
{
    char text[XEN_EXTRAVERSION_LEN] = "x";
    struct multicall_entry call = {.op = __HYPERVISOR_xen_version,
                                   .args = {XENVER_extraversion, PTR(text)}};

    CHECK_EQ(multicall(&call, 1), 0);
    CHECK_EQ(call.result, 0);
    CHECK(text[0] == '.');
}

TEST(page_table_updates_batch)
{
    uint64_t *page = page_alloc(), *l1 = scratch_l1();
    struct multicall_entry calls[4];

    for (unsigned int i = 0; i < 4; i++)
        calls[i] = (struct multicall_entry){
            .op = __HYPERVISOR_update_va_mapping,
            .args = {PTR(scratch_va(64 + i)), va_to_maddr(page) | PTE_KERNEL, UVMF_INVLPG}};
    CHECK_EQ(multicall(calls, 4), 0);
    for (unsigned int i = 0; i < 4; i++) {
        CHECK_EQ(calls[i].result, 0);
        CHECK_EQ(PTE_MFN(l1[64 + i]), va_to_mfn(page));
        calls[i].args[1] = 0;
    }
    CHECK_EQ(multicall(calls, 4), 0);
    page_free(page);
}

TEST(nothing_is_done)
{
    CHECK_EQ(multicall(NULL, 0), 0);
}

TEST(a_bad_array_is_a_fault)
{
    CHECK_EQ(multicall((void *)0x1000, 1), -XEN_EFAULT);
    CHECK_EQ(multicall((void *)0xffff830000000000UL, 1), -XEN_EFAULT);
}

TEST(a_multicall_within_is_refused)
{
    struct multicall_entry call = {.op = __HYPERVISOR_multicall};

    CHECK_EQ(multicall(&call, 1), 0);
    CHECK_EQ(call.result, -XEN_EINVAL);
}

TEST(a_long_one_completes)
{
    static struct multicall_entry calls[600];

    for (unsigned int i = 0; i < 600; i++)
        calls[i] = (struct multicall_entry){
            .op = __HYPERVISOR_xen_version, .args = {XENVER_pagesize}, .result = 99};
    CHECK_EQ(multicall(calls, 600), 0);
    for (unsigned int i = 0; i < 600; i++)
        CHECK_EQ(calls[i].result, 4096);
}

/* Numbers that no hypervisor of this ABI serves. */
TEST(unknown_hypercalls_are_refused)
{
    static const unsigned int numbers[] = {11, 43, 47, 50, 56, 63, 64, 1000, 0xffffffff};

    for (unsigned int i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++)
        CHECK_EQ(hypercall0(numbers[i]), -XEN_ENOSYS);
}

/* Retired, or not for PV: refused, whatever the arguments. */
TEST(retired_hypercalls_are_refused)
{
    CHECK(hypercall4(__HYPERVISOR_tmem_op, 0, 0, 0, 0) < 0);
    CHECK(hypercall4(__HYPERVISOR_xenoprof_op, 99, 0, 0, 0) < 0);
    CHECK(hypercall4(__HYPERVISOR_hvm_op, 99, 0, 0, 0) < 0);
    CHECK(hypercall4(__HYPERVISOR_dm_op, 0, 0, 0, 0) < 0);
    CHECK(hypercall4(__HYPERVISOR_argo_op, 99, 0, 0, 0) < 0);
    CHECK(hypercall4(__HYPERVISOR_hypfs_op, 99, 0, 0, 0) < 0);
    if (is_pavo())
        CHECK_EQ(hypercall4(__HYPERVISOR_kexec_op, 99, 0, 0, 0), -XEN_ENOSYS);
    CHECK(hypercall4(__HYPERVISOR_xsm_op, 0, 0, 0, 0) < 0);
}

TEST(hypercalls_keep_other_registers)
{
    register uint64_t rbx __asm__("rbx") = 0x1111, r12 __asm__("r12") = 0x2222;
    register uint64_t r13 __asm__("r13") = 0x3333, r14 __asm__("r14") = 0x4444;
    register uint64_t r15 __asm__("r15") = 0x5555, r9 __asm__("r9") = 0x6666;
    uint64_t rax = __HYPERVISOR_xen_version;

    __asm__ volatile("syscall"
                     : "+a"(rax), "+r"(rbx), "+r"(r12), "+r"(r13), "+r"(r14), "+r"(r15), "+r"(r9)
                     : "D"((uint64_t)XENVER_pagesize), "S"(0UL)
                     : "rcx", "r11", "memory", "rdx", "r10", "r8");
    {
        uint64_t got[] = {rax, rbx, r12, r13, r14, r15, r9};
        static const uint64_t want[] = {4096, 0x1111, 0x2222, 0x3333, 0x4444, 0x5555, 0x6666};

        for (unsigned int i = 0; i < sizeof(want) / sizeof(want[0]); i++)
            CHECK_EQ(got[i], want[i]);
    }
}
