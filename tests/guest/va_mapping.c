/* SPDX-License-Identifier: GPL-2.0-only */
/* update_va_mapping: all flush kinds and the refusals. */
#include "mini.h"

#define SLOT 16

static uint64_t pte(const void *page)
{
    return va_to_maddr(page) | PTE_KERNEL;
}

TEST(maps_and_unmaps_with_each_flush)
{
    static const uint64_t flags[] = {
        UVMF_TLB_FLUSH | UVMF_LOCAL,
        UVMF_TLB_FLUSH | UVMF_ALL,
        UVMF_INVLPG | UVMF_LOCAL,
        UVMF_INVLPG | UVMF_ALL,
    };
    uint64_t *one = page_alloc(), *two = page_alloc(), value;

    scratch_l1();
    *one = 1;
    *two = 2;
    for (unsigned int i = 0; i < 4; i++) {
        CHECK_EQ(update_va_mapping(scratch_va(SLOT), pte(one), flags[i]), 0);
        CHECK_EQ(try_read(scratch_va(SLOT), &value), -1);
        CHECK_EQ(value, 1);
        CHECK_EQ(update_va_mapping(scratch_va(SLOT), pte(two), flags[i]), 0);
        CHECK_EQ(try_read(scratch_va(SLOT), &value), -1);
        CHECK_EQ(value, 2);
        CHECK_EQ(update_va_mapping(scratch_va(SLOT), 0, flags[i]), 0);
        CHECK_EQ(try_read(scratch_va(SLOT), &value), 14);
    }
    page_free(one);
    page_free(two);
}

TEST(without_a_flush_the_entry_changes_too)
{
    void *page = page_alloc();

    scratch_l1();
    CHECK_EQ(update_va_mapping(scratch_va(SLOT), pte(page), UVMF_NONE), 0);
    CHECK_EQ(try_read(scratch_va(SLOT), NULL), -1);
    CHECK_EQ(update_va_mapping(scratch_va(SLOT), 0, UVMF_INVLPG), 0);
    page_free(page);
}

TEST(a_vcpu_mask_is_read_from_the_guest)
{
    uint64_t mask = 1;
    void *page = page_alloc();

    scratch_l1();
    CHECK_EQ(update_va_mapping(scratch_va(SLOT), pte(page), UVMF_INVLPG | UVMF_MULTI | PTR(&mask)),
             0);
    CHECK_EQ(update_va_mapping(scratch_va(SLOT), 0, UVMF_TLB_FLUSH | UVMF_MULTI | PTR(&mask)), 0);
    CHECK_EQ(try_read(scratch_va(SLOT), NULL), 14);
    page_free(page);
}

TEST(a_bad_vcpu_mask_is_a_fault)
{
    scratch_l1();
    CHECK_EQ(update_va_mapping(scratch_va(SLOT), 0, UVMF_INVLPG | 0x1000), -XEN_EFAULT);
}

TEST(an_address_without_a_table_is_refused)
{
    CHECK_EQ(update_va_mapping(0x123456000UL, 0, UVMF_INVLPG), -XEN_EINVAL);
    CHECK_EQ(update_va_mapping((void *)(SCRATCH + (1UL << 30)), 0, UVMF_INVLPG), -XEN_EINVAL);
}

TEST(the_hypervisors_addresses_are_refused)
{
    CHECK_EQ(update_va_mapping((void *)0xffff800000000000UL, 0, UVMF_INVLPG), -XEN_EINVAL);
    CHECK_EQ(update_va_mapping((void *)0xffff830000000000UL, 0, UVMF_INVLPG), -XEN_EINVAL);
    CHECK_EQ(update_va_mapping((void *)0xffff87fffffff000UL, 0, UVMF_INVLPG), -XEN_EINVAL);
}

TEST(a_writable_mapping_of_a_table_is_refused)
{
    CHECK_EQ(
        update_va_mapping(scratch_va(SLOT), va_to_maddr(scratch_l1()) | PTE_KERNEL, UVMF_INVLPG),
        -XEN_EBUSY);
    CHECK_EQ(scratch_l1()[SLOT], 0);
}

TEST(otherdomain_needs_a_known_domain)
{
    long rc;

    scratch_l1();
    rc = hypercall4(__HYPERVISOR_update_va_mapping_otherdomain, PTR(scratch_va(SLOT)), 0,
                    UVMF_INVLPG, 0x1234);
    CHECK(rc == -XEN_ESRCH || rc == -XEN_ENOSYS);
}
