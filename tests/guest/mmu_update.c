/* SPDX-License-Identifier: GPL-2.0-only */
/* mmu_update: all kinds, exact counts of what was done, and everything that must be refused. */
#include "mini.h"

#define SLOT 8 /* scratch entries from here on are this module's */

static void flush(void)
{
    struct mmuext_op op = {.cmd = MMUEXT_TLB_FLUSH_LOCAL};

    mmuext_op(&op, 1, NULL, DOMID_SELF);
}

static uint64_t entry_maddr(unsigned int index)
{
    return va_to_maddr(&scratch_l1()[index]);
}

TEST(normal_update_maps_and_unmaps)
{
    uint64_t *page = page_alloc(), value = 0;

    *page = 0x1234;
    CHECK_EQ(mmu_set(entry_maddr(SLOT), va_to_maddr(page) | PTE_KERNEL, 0), 0);
    CHECK_EQ(try_read(scratch_va(SLOT), &value), -1);
    CHECK_EQ(value, 0x1234);
    CHECK_EQ(try_write(scratch_va(SLOT), 0x4321), -1);
    CHECK_EQ(*page, 0x4321);
    CHECK_EQ(mmu_set(entry_maddr(SLOT), 0, 0), 0);
    flush();
    CHECK_EQ(try_read(scratch_va(SLOT), &value), 14);
    page_free(page);
}

/* The hypervisor may keep marks of its own in A, U, G and in bits 52 to 62. */
TEST(entries_read_back_as_written)
{
    void *page = page_alloc();
    uint64_t own = PTE_A | PTE_U | PTE_G | 0x7ff0000000000000UL;

    CHECK_EQ(mmu_set(entry_maddr(SLOT), va_to_maddr(page) | PTE_P | 0xe00, 0), 0);
    CHECK_EQ(scratch_l1()[SLOT] & ~own, va_to_maddr(page) | PTE_P | 0xe00);
    CHECK_EQ(mmu_set(entry_maddr(SLOT), 0, 0), 0);
    page_free(page);
}

/* What is not present belongs to the guest: any bits stay as they are. */
TEST(absent_entries_hold_anything)
{
    CHECK_EQ(mmu_set(entry_maddr(SLOT), 0xdeadbeefcafe0000UL, 0), 0);
    CHECK_EQ(scratch_l1()[SLOT], 0xdeadbeefcafe0000UL);
    CHECK_EQ(mmu_set(entry_maddr(SLOT), 0, 0), 0);
}

TEST(preserve_ad_keeps_accessed_and_dirty)
{
    void *page = page_alloc();
    uint64_t pte = va_to_maddr(page) | PTE_P | PTE_W;

    CHECK_EQ(mmu_set(entry_maddr(SLOT), pte, MMU_NORMAL_PT_UPDATE), 0);
    flush();
    CHECK_EQ(try_write(scratch_va(SLOT), 1), -1);
    CHECK_EQ(scratch_l1()[SLOT] & (PTE_A | PTE_D), PTE_A | PTE_D);
    CHECK_EQ(mmu_set(entry_maddr(SLOT), pte, MMU_PT_UPDATE_PRESERVE_AD), 0);
    CHECK_EQ(scratch_l1()[SLOT] & (PTE_A | PTE_D), PTE_A | PTE_D);
    CHECK_EQ(mmu_set(entry_maddr(SLOT), pte, MMU_NORMAL_PT_UPDATE), 0);
    CHECK_EQ(scratch_l1()[SLOT] & (PTE_A | PTE_D), 0);
    CHECK_EQ(mmu_set(entry_maddr(SLOT), 0, 0), 0);
    page_free(page);
}

TEST(no_translate_maps_a_machine_frame)
{
    uint64_t *page = page_alloc(), value = 0;

    *page = 77;
    CHECK_EQ(mmu_set(entry_maddr(SLOT), va_to_maddr(page) | PTE_KERNEL, MMU_PT_UPDATE_NO_TRANSLATE),
             0);
    CHECK_EQ(try_read(scratch_va(SLOT), &value), -1);
    CHECK_EQ(value, 77);
    CHECK_EQ(mmu_set(entry_maddr(SLOT), 0, 0), 0);
    page_free(page);
}

TEST(machphys_update_writes_the_table)
{
    void *page = page_alloc();
    uint64_t mfn = va_to_mfn(page), pfn = mfn_to_pfn(mfn);

    CHECK_EQ(mmu_set(mfn << 12, 0x4242, MMU_MACHPHYS_UPDATE), 0);
    CHECK_EQ(mfn_to_pfn(mfn), 0x4242);
    CHECK_EQ(mmu_set(mfn << 12, pfn, MMU_MACHPHYS_UPDATE), 0);
    CHECK_EQ(mfn_to_pfn(mfn), pfn);
    page_free(page);
}

TEST(machphys_update_of_foreign_frames_is_refused)
{
    CHECK_EQ(mmu_set(0xfffffffffUL << 12, 1, MMU_MACHPHYS_UPDATE), -XEN_EINVAL);
    CHECK_EQ(mmu_set(0, 1, MMU_MACHPHYS_UPDATE), -XEN_EINVAL);
}

TEST(done_counts_all_of_a_good_batch)
{
    struct mmu_update updates[3];
    uint32_t done = 99;
    void *page = page_alloc();

    for (unsigned int i = 0; i < 3; i++) {
        updates[i].ptr = entry_maddr(SLOT + i);
        updates[i].val = va_to_maddr(page) | PTE_KERNEL;
    }
    CHECK_EQ(mmu_update(updates, 3, &done, DOMID_SELF), 0);
    CHECK_EQ(done, 3);
    for (unsigned int i = 0; i < 3; i++)
        updates[i].val = 0;
    done = 99;
    CHECK_EQ(mmu_update(updates, 3, &done, DOMID_SELF), 0);
    CHECK_EQ(done, 3);
    page_free(page);
}

TEST(done_counts_what_came_before_the_bad_one)
{
    struct mmu_update updates[4];
    uint32_t done = 99;
    void *page = page_alloc();

    for (unsigned int i = 0; i < 4; i++) {
        updates[i].ptr = entry_maddr(SLOT + i);
        updates[i].val = va_to_maddr(page) | PTE_KERNEL;
    }
    updates[2].val =
        start_info->pt_base - VIRT_BASE; /* any frame, with a bit that is not allowed */
    updates[2].val = va_to_maddr(page) | PTE_KERNEL | 1UL << 51;
    CHECK(mmu_update(updates, 4, &done, DOMID_SELF) < 0);
    CHECK_EQ(done, 2);
    CHECK_EQ(try_read(scratch_va(SLOT + 1), NULL), -1);
    CHECK_EQ(try_read(scratch_va(SLOT + 2), NULL), 14);
    CHECK_EQ(try_read(scratch_va(SLOT + 3), NULL), 14);
    for (unsigned int i = 0; i < 4; i++)
        updates[i].val = 0;
    CHECK_EQ(mmu_update(updates, 4, NULL, DOMID_SELF), 0);
    page_free(page);
}

TEST(an_empty_batch_is_done)
{
    uint32_t done = 99;

    CHECK_EQ(mmu_update(NULL, 0, &done, DOMID_SELF), 0);
    CHECK_EQ(done, 0);
    CHECK_EQ(mmu_update(NULL, 0, NULL, DOMID_SELF), 0);
}

TEST(bad_pointers_are_faults)
{
    struct mmu_update update = {.ptr = entry_maddr(SLOT), .val = 0};
    uint32_t done = 99;

    CHECK_EQ(mmu_update((void *)0x1000, 1, &done, DOMID_SELF), -XEN_EFAULT);
    CHECK_EQ(done, 0);
    CHECK_EQ(mmu_update((void *)0xffff830000000000UL, 1, &done, DOMID_SELF), -XEN_EFAULT);
    CHECK_EQ(mmu_update(&update, 1, NULL, DOMID_SELF), 0);
}

TEST(a_batch_may_be_long)
{
    static struct mmu_update updates[512];
    uint32_t done = 0;
    void *page = page_alloc();

    for (unsigned int i = 0; i < 512; i++) {
        updates[i].ptr = entry_maddr(SLOT + i % 4);
        updates[i].val = i & 1 ? va_to_maddr(page) | PTE_KERNEL : 0;
    }
    CHECK_EQ(mmu_update(updates, 512, &done, DOMID_SELF), 0);
    CHECK_EQ(done, 512);
    for (unsigned int i = 0; i < 4; i++)
        updates[i].val = 0;
    CHECK_EQ(mmu_update(updates, 4, &done, DOMID_SELF), 0);
    page_free(page);
}

/* The invariant of the system: no writable mapping of a page table. */
TEST(a_page_table_is_never_mapped_writable)
{
    uint64_t l1 = va_to_maddr(scratch_l1());
    uint64_t l4 = va_to_maddr((void *)start_info->pt_base);

    CHECK_EQ(mmu_set(entry_maddr(SLOT), l1 | PTE_KERNEL, 0), -XEN_EBUSY);
    CHECK_EQ(mmu_set(entry_maddr(SLOT), l4 | PTE_KERNEL, 0), -XEN_EBUSY);
    CHECK_EQ(scratch_l1()[SLOT], 0);
    CHECK_EQ(mmu_set(entry_maddr(SLOT), l1 | PTE_P, 0), 0);
    CHECK_EQ(try_read(scratch_va(SLOT), NULL), -1);
    CHECK_EQ(mmu_set(entry_maddr(SLOT), 0, 0), 0);
}

TEST(a_writable_page_never_becomes_a_page_table)
{
    uint64_t *l2 = pte_of((void *)SCRATCH, 2), *page = page_alloc();
    uint64_t other = va_to_maddr(l2 + 1);

    CHECK_EQ(mmu_set(other, va_to_maddr(page) | PTE_TABLE, 0), -XEN_EINVAL);
    CHECK_EQ(page_readonly(page), 0);
    CHECK_EQ(mmu_set(other, va_to_maddr(page) | PTE_TABLE, 0), 0);
    CHECK_EQ(page_writable(page), -XEN_EBUSY);
    CHECK_EQ(mmu_set(other, 0, 0), 0);
    CHECK_EQ(page_writable(page), 0);
    page_free(page);
}

TEST(a_table_with_a_bad_entry_is_refused)
{
    uint64_t *l2 = pte_of((void *)SCRATCH, 2), *page = page_alloc();

    page[7] = va_to_maddr(scratch_l1()) | PTE_KERNEL; /* a writable mapping of a page table */
    CHECK_EQ(page_readonly(page), 0);
    CHECK(mmu_set(va_to_maddr(l2 + 1), va_to_maddr(page) | PTE_TABLE, 0) < 0);
    CHECK_EQ(l2[1], 0);
    CHECK_EQ(page_writable(page), 0);
    page_free(page);
}

TEST(large_pages_are_refused)
{
    uint64_t *l2 = pte_of((void *)SCRATCH, 2), *l3 = pte_of((void *)SCRATCH, 3);
    void *page = page_alloc();

    CHECK_EQ(
        mmu_set(va_to_maddr(l2 + 1), (va_to_maddr(page) & ~0x1fffffUL) | PTE_TABLE | PTE_PS, 0),
        -XEN_EINVAL);
    CHECK_EQ(l2[1], 0);
    CHECK_EQ(mmu_set(va_to_maddr(l3 + 1), PTE_TABLE | PTE_PS, 0), -XEN_EINVAL);
    page_free(page);
}

TEST(reserved_bits_are_refused)
{
    uint64_t page = va_to_maddr(page_alloc());

    CHECK_EQ(mmu_set(entry_maddr(SLOT), page | PTE_KERNEL | PTE_G, 0), 0);
    CHECK(mmu_set(entry_maddr(SLOT), page | PTE_KERNEL | 1UL << 51, 0) < 0);
    CHECK_EQ(mmu_set(va_to_maddr(pte_of((void *)SCRATCH, 2) + 1), page | PTE_TABLE | PTE_G, 0),
             -XEN_EINVAL);
    CHECK_EQ(mmu_set(entry_maddr(SLOT), 0, 0), 0);
}

TEST(the_hypervisors_slots_are_not_a_guests)
{
    uint64_t *l4 = (uint64_t *)start_info->pt_base;
    uint64_t table = *pte_of((void *)SCRATCH, 4);

    for (unsigned int slot = 256; slot < 272; slot += 15) {
        CHECK_EQ(mmu_set(va_to_maddr(l4 + slot), table, 0), -XEN_EINVAL);
        CHECK_EQ(mmu_set(va_to_maddr(l4 + slot), 0, 0), -XEN_EINVAL);
    }
    CHECK_EQ(mmu_set(va_to_maddr(l4 + 272), table, 0), 0);
    CHECK_EQ(mmu_set(va_to_maddr(l4 + 272), 0, 0), 0);
}

TEST(foreign_frames_are_refused)
{
    uint64_t shared_m2p_frame = 0; /* frame 0 is nobody's memory */
    long rc = mmu_set(entry_maddr(SLOT), shared_m2p_frame | PTE_KERNEL, 0);

    /* dom0 may map what is not RAM, a guest may not. */
    if (is_dom0())
        CHECK_EQ(rc, 0);
    else
        CHECK_EQ(rc, -XEN_EPERM);
    CHECK_EQ(mmu_set(entry_maddr(SLOT), 0, 0), 0);
    /* A frame that the hypervisor itself uses: the one behind its part of the m2p's own tables. */
    CHECK(mmu_set(entry_maddr(SLOT), (1UL << 44) | PTE_KERNEL, 0) < 0);
}

TEST(unknown_domains_are_refused)
{
    struct mmu_update update = {.ptr = entry_maddr(SLOT), .val = 0};
    uint32_t done = 99;

    CHECK_EQ(mmu_update(&update, 1, &done, 0x1234), unprivileged(-XEN_ESRCH));
    CHECK_EQ(done, 0);
    CHECK_EQ(mmu_update(&update, 1, NULL, DOMID_INVALID), unprivileged(-XEN_ESRCH));
    /* The high half names the tables' owner, plus one. */
    CHECK_EQ(mmu_update(&update, 1, NULL, 0x12340000 | DOMID_SELF), unprivileged(-XEN_ESRCH));
}

TEST(naming_oneself_as_foreign_is_refused)
{
    struct mmu_update update = {.ptr = entry_maddr(SLOT), .val = 0};

    if (is_dom0())
        CHECK_EQ(mmu_update(&update, 1, NULL, 0), unprivileged(-XEN_ESRCH));
    else
        CHECK_EQ(mmu_update(&update, 1, NULL, 0), -XEN_EPERM);
}

TEST(a_table_that_is_not_ones_own_is_refused)
{
    CHECK_EQ(mmu_set(0xfffffffffUL << 12, 0, 0), -XEN_EINVAL);
    CHECK_EQ(mmu_set(0x1000, 0, 0), -XEN_EINVAL);
}

/* mmu_update on an ordinary page of the caller is a plain write. */
TEST(a_page_that_is_no_table_is_written)
{
    uint64_t *page = page_alloc();

    CHECK_EQ(mmu_set(va_to_maddr(page + 3), 0x77777, 0), 0);
    CHECK_EQ(page[3], 0x77777);
    page_free(page);
}

TEST(linear_page_tables_map_read_only)
{
    uint64_t *l4 = (uint64_t *)start_info->pt_base;
    uint64_t self = va_to_maddr(l4);
    long rc = mmu_set(va_to_maddr(l4 + 300), self | PTE_P, 0);

    /* Optional; but never writable, and gone without a trace. */
    CHECK(rc == 0 || rc == -XEN_EINVAL);
    CHECK_EQ(mmu_set(va_to_maddr(l4 + 301), self | PTE_TABLE, 0), -XEN_EINVAL);
    CHECK_EQ(mmu_set(va_to_maddr(l4 + 300), 0, 0), 0);
}
