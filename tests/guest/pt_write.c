/* SPDX-License-Identifier: GPL-2.0-only */
/* Writes to page tables that the guest maps read-only: trapped, checked, carried out. */
#include "mini.h"

#define SLOT 120

static volatile uint64_t *entry(void)
{
    hypercall2(__HYPERVISOR_vm_assist, VMASST_CMD_enable, VMASST_TYPE_writable_pagetables);
    return &scratch_l1()[SLOT];
}

static void flush(void)
{
    struct mmuext_op op = {.cmd = MMUEXT_TLB_FLUSH_LOCAL};

    mmuext_op(&op, 1, NULL, DOMID_SELF);
}

#define OWN (PTE_A | PTE_U | PTE_G | 0x7ff0000000000000UL) /* bits that are the hypervisor's */

TEST(mov_of_64_bits)
{
    uint64_t *page = page_alloc(), value = 0;

    *page = 42;
    CHECK_EQ(try_write(entry(), va_to_maddr(page) | PTE_KERNEL), -1);
    CHECK_EQ((*entry() & ~OWN), (va_to_maddr(page) | PTE_KERNEL) & ~OWN);
    CHECK_EQ(try_read(scratch_va(SLOT), &value), -1);
    CHECK_EQ(value, 42);
    CHECK_EQ(try_write(entry(), 0), -1);
    flush();
    CHECK_EQ(try_read(scratch_va(SLOT), NULL), 14);
    page_free(page);
}

TEST(mov_of_an_immediate)
{
    volatile uint64_t *at = entry();

    CHECK_EQ(TRY("movq $0x123000, (%0)", : : "r"(at) : "memory"), -1);
    CHECK_EQ(*at, 0x123000);
    CHECK_EQ(TRY("movq $0, (%0)", : : "r"(at) : "memory"), -1);
}

TEST(xchg_returns_the_old_entry)
{
    volatile uint64_t *at = entry();
    uint64_t *page = page_alloc(), value = 0;

    CHECK_EQ(try_write(at, va_to_maddr(page) | PTE_KERNEL), -1);
    CHECK_EQ(TRY("xchg %0, (%1)", : "+r"(value) : "r"(at) : "memory"), -1);
    CHECK_EQ(value & ~OWN, (va_to_maddr(page) | PTE_KERNEL) & ~OWN);
    CHECK_EQ(*at, 0);
    page_free(page);
}

TEST(cmpxchg_compares)
{
    volatile uint64_t *at = entry();
    uint64_t rax = 0;
    uint8_t equal = 0;

    CHECK_EQ(TRY("lock cmpxchg %3, (%2); sete %1",
                 : "+a"(rax), "+q"(equal)
                 : "r"(at), "r"(0x5000UL)
                 : "memory", "cc"),
             -1);
    CHECK_EQ(equal, 1);
    CHECK_EQ(*at, 0x5000);
    rax = 0x7000;
    CHECK_EQ(TRY("lock cmpxchg %3, (%2); sete %1",
                 : "+a"(rax), "+q"(equal)
                 : "r"(at), "r"(0x6000UL)
                 : "memory", "cc"),
             -1);
    CHECK_EQ(equal, 0);
    CHECK_EQ(rax, 0x5000);
    CHECK_EQ(*at, 0x5000);
    CHECK_EQ(try_write(at, 0), -1);
}

TEST(bit_operations_work)
{
    volatile uint64_t *at = entry();
    uint64_t *page = page_alloc();
    uint8_t carry = 0;
    uint64_t pte = va_to_maddr(page) | PTE_P | PTE_W | PTE_D | PTE_A;

    CHECK_EQ(try_write(at, pte), -1);
    CHECK_EQ(TRY("lock btrq $1, (%1); setc %0", : "+q"(carry) : "r"(at) : "memory", "cc"), -1);
    CHECK_EQ(carry, 1);
    CHECK_EQ(*at & PTE_W, 0);
    CHECK_EQ(TRY("lock btrq $6, (%1); setc %0", : "+q"(carry) : "r"(at) : "memory", "cc"), -1);
    CHECK_EQ(carry, 1);
    CHECK_EQ(*at & PTE_D, 0);
    CHECK_EQ(TRY("lock btsq $1, (%1); setc %0", : "+q"(carry) : "r"(at) : "memory", "cc"), -1);
    CHECK_EQ(carry, 0);
    CHECK_EQ(*at & PTE_W, PTE_W);
    CHECK_EQ(TRY("lock andq %1, (%0)", : : "r"(at), "r"(~PTE_W) : "memory", "cc"), -1);
    CHECK_EQ(*at & PTE_W, 0);
    CHECK_EQ(TRY("lock orq %1, (%0)", : : "r"(at), "r"(PTE_D) : "memory", "cc"), -1);
    CHECK_EQ(*at & PTE_D, PTE_D);
    CHECK_EQ(try_write(at, 0), -1);
    page_free(page);
}

TEST(a_bad_entry_faults_and_changes_nothing)
{
    volatile uint64_t *at = entry();

    CHECK_EQ(try_write(at, va_to_maddr(scratch_l1()) | PTE_KERNEL), 14);
    CHECK_EQ(seen.cr2, PTR(at));
    CHECK_EQ(seen.error, 3);
    CHECK_EQ(*at, 0);
}

TEST(upper_levels_are_written_too)
{
    volatile uint64_t *l2 = pte_of((void *)SCRATCH, 2) + 1;
    uint64_t *table = page_alloc();
    int64_t trap;

    CHECK_EQ(page_readonly(table), 0);
    trap = try_write(l2, va_to_maddr(table) | PTE_TABLE);
    /* Only the lowest level need be emulated. */
    CHECK(trap == -1 || trap == 14);
    if (trap == -1)
        CHECK_EQ(try_write(l2, 0), -1);
    CHECK_EQ(page_writable(table), 0);
    page_free(table);
}

/* Writes that are no page-table update are the guest's own fault. */
TEST(an_ordinary_read_only_page_still_faults)
{
    uint64_t *page = page_alloc();

    CHECK_EQ(page_readonly(page), 0);
    CHECK_EQ(try_write(page, 1), 14);
    CHECK_EQ(page_writable(page), 0);
    page_free(page);
}
