/* SPDX-License-Identifier: GPL-2.0-only */
/* mmuext_op: pin and unpin at every level, base pointers, flushes, LDT, clear and copy. */
#include "mini.h"

static long ext(unsigned int cmd, uint64_t arg1, uint64_t arg2)
{
    struct mmuext_op op = {.cmd = cmd, .arg1.mfn = arg1, .arg2.src_mfn = arg2};

    return mmuext_op(&op, 1, NULL, DOMID_SELF);
}

TEST(pin_each_level_and_unpin)
{
    uint64_t *table[5];

    for (unsigned int level = 1; level <= 4; level++) {
        table[level] = page_alloc();
        CHECK_EQ(page_readonly(table[level]), 0);
        CHECK_EQ(pin(level, va_to_mfn(table[level])), 0);
        CHECK_EQ(page_writable(table[level]), -XEN_EBUSY);
    }
    for (unsigned int level = 1; level <= 4; level++) {
        CHECK_EQ(unpin(va_to_mfn(table[level])), 0);
        CHECK_EQ(page_writable(table[level]), 0);
        page_free(table[level]);
    }
}

TEST(pinning_leaves_the_guests_slots_alone)
{
    uint64_t *l4 = page_alloc();

    CHECK_EQ(page_readonly(l4), 0);
    CHECK_EQ(pin(4, va_to_mfn(l4)), 0);
    CHECK_EQ(l4[0], 0);
    CHECK_EQ(l4[511], 0);
    CHECK_EQ(unpin(va_to_mfn(l4)), 0);
    CHECK_EQ(page_writable(l4), 0);
    page_free(l4);
}

TEST(pinning_twice_is_refused)
{
    void *l1 = page_alloc();

    CHECK_EQ(page_readonly(l1), 0);
    CHECK_EQ(pin(1, va_to_mfn(l1)), 0);
    CHECK_EQ(pin(1, va_to_mfn(l1)), -XEN_EINVAL);
    CHECK_EQ(unpin(va_to_mfn(l1)), 0);
    CHECK_EQ(unpin(va_to_mfn(l1)), -XEN_EINVAL);
    CHECK_EQ(page_writable(l1), 0);
    page_free(l1);
}

TEST(a_writable_page_is_not_pinned)
{
    void *page = page_alloc();

    for (unsigned int level = 1; level <= 4; level++)
        CHECK(pin(level, va_to_mfn(page)) < 0);
    CHECK_EQ(*(volatile uint64_t *)page = 5, 5);
    page_free(page);
}

TEST(a_table_has_one_level)
{
    void *l1 = page_alloc();

    CHECK_EQ(page_readonly(l1), 0);
    CHECK_EQ(pin(1, va_to_mfn(l1)), 0);
    CHECK(pin(2, va_to_mfn(l1)) < 0);
    CHECK(pin(4, va_to_mfn(l1)) < 0);
    CHECK_EQ(unpin(va_to_mfn(l1)), 0);
    CHECK_EQ(page_writable(l1), 0);
    page_free(l1);
}

TEST(a_bad_entry_prevents_pinning)
{
    uint64_t *l1 = page_alloc(), *l2 = page_alloc();

    l1[100] = va_to_maddr((void *)start_info->pt_base) | PTE_KERNEL;
    CHECK_EQ(page_readonly(l1), 0);
    CHECK(pin(1, va_to_mfn(l1)) < 0);
    CHECK_EQ(page_writable(l1), 0);
    l2[511] = va_to_maddr(l1) | PTE_TABLE; /* l1 is mapped writable */
    CHECK_EQ(page_readonly(l2), 0);
    CHECK(pin(2, va_to_mfn(l2)) < 0);
    CHECK_EQ(page_writable(l2), 0);
    page_free(l1);
    page_free(l2);
}

/* What a failed validation took it gives back: the same pages work right afterwards. */
TEST(a_failed_pin_leaves_no_trace)
{
    uint64_t *l1 = page_alloc(), *page = page_alloc();

    for (unsigned int i = 0; i < 511; i++)
        l1[i] = va_to_maddr(page) | PTE_KERNEL;
    l1[511] = va_to_maddr((void *)start_info->pt_base) | PTE_KERNEL;
    CHECK_EQ(page_readonly(l1), 0);
    CHECK(pin(1, va_to_mfn(l1)) < 0);
    CHECK_EQ(page_readonly(page), 0);
    CHECK_EQ(pin(2, va_to_mfn(page)), 0); /* no writable reference is left */
    CHECK_EQ(unpin(va_to_mfn(page)), 0);
    CHECK_EQ(page_writable(page), 0);
    CHECK_EQ(page_writable(l1), 0);
    page_free(l1);
    page_free(page);
}

static volatile uint32_t stop;

/* Each way out of a hypercall takes apart what the domain's vcpus have unpinned. */
static void enter_and_leave(void *arg)
{
    (void)arg;
    while (!stop)
        hypercall2(__HYPERVISOR_xen_version, XENVER_pagesize, 0);
}

/* As kernels take an address space down: unpin, and every table writable again in the same multicall. */
static void unpin_trees(unsigned int rounds)
{
    uint64_t *table[5];
    struct multicall_entry calls[5];
    struct mmuext_op op = {.cmd = MMUEXT_UNPIN_TABLE};
    unsigned int refused = 0;

    for (unsigned int level = 1; level <= 4; level++)
        table[level] = page_alloc();
    op.arg1.mfn = va_to_mfn(table[4]);
    for (unsigned int round = 0; round < rounds; round++) {
        for (unsigned int level = 1; level <= 4; level++) {
            if (level > 1)
                table[level][0] = va_to_maddr(table[level - 1]) | PTE_TABLE;
            CHECK_EQ(page_readonly(table[level]), 0);
        }
        CHECK_EQ(pin(4, va_to_mfn(table[4])), 0);
        calls[0] = (struct multicall_entry){.op = __HYPERVISOR_mmuext_op,
                                            .args = {PTR(&op), 1, 0, DOMID_SELF}};
        for (unsigned int level = 1; level <= 4; level++)
            calls[level] = (struct multicall_entry){
                .op = __HYPERVISOR_update_va_mapping,
                .args = {PTR(table[level]), va_to_maddr(table[level]) | PTE_KERNEL, UVMF_INVLPG}};
        CHECK_EQ(hypercall2(__HYPERVISOR_multicall, PTR(calls), 5), 0);
        for (unsigned int i = 0; i < 5; i++)
            refused += calls[i].result != 0;
        CHECK_EQ(refused, 0);
    }
    for (unsigned int level = 1; level <= 4; level++)
        page_free(table[level]);
}

TEST(the_tables_of_an_unpinned_root_are_writable_at_once)
{
    unpin_trees(100);
}

TEST(also_while_another_vcpu_takes_them_apart)
{
    stop = 0;
    CHECK_EQ(cpu_run(1, enter_and_leave, NULL), 0);
    unpin_trees(500);
    stop = 1;
    CHECK_EQ(cpu_wait(1, 5000000000UL), 0);
}

TEST(unpin_of_what_was_never_pinned_is_refused)
{
    void *page = page_alloc();

    CHECK_EQ(unpin(va_to_mfn(page)), -XEN_EINVAL);
    CHECK_EQ(unpin(0xfffffffffUL), -XEN_EINVAL);
    CHECK_EQ(pin(1, 0xfffffffffUL), -XEN_EINVAL);
    page_free(page);
}

TEST(a_new_base_pointer_takes_effect)
{
    uint64_t *old = (uint64_t *)start_info->pt_base, *new = page_alloc();

    memcpy(new, old, 256 * 8);
    memcpy(new + 272, old + 272, 240 * 8);
    CHECK_EQ(page_readonly(new), 0);
    CHECK_EQ(pin(4, va_to_mfn(new)), 0);
    CHECK_EQ(ext(MMUEXT_NEW_BASEPTR, va_to_mfn(new), 0), 0);
    CHECK_EQ(unpin(va_to_mfn(new)), 0); /* still in use as the base */
    CHECK_EQ(page_writable(new), -XEN_EBUSY);
    CHECK_EQ(ext(MMUEXT_NEW_BASEPTR, va_to_mfn(old), 0), 0);
    CHECK_EQ(page_writable(new), 0);
    page_free(new);
}

TEST(a_base_pointer_must_be_a_top_table)
{
    void *page = page_alloc();
    long rc = ext(MMUEXT_NEW_BASEPTR, va_to_mfn(page), 0);

    CHECK(rc < 0);
    CHECK(ext(MMUEXT_NEW_BASEPTR, va_to_mfn(scratch_l1()), 0) < 0);
    CHECK_EQ(ext(MMUEXT_NEW_BASEPTR, 0xfffffffffUL, 0), -XEN_EINVAL);
    CHECK(ext(MMUEXT_NEW_USER_BASEPTR, va_to_mfn(page), 0) < 0);
    CHECK_EQ(ext(MMUEXT_NEW_USER_BASEPTR, 0xfffffffffUL, 0), -XEN_EINVAL);
    page_free(page);
}

TEST(a_user_base_pointer_is_set_and_cleared)
{
    void *l4 = page_alloc();

    CHECK_EQ(page_readonly(l4), 0);
    CHECK_EQ(pin(4, va_to_mfn(l4)), 0);
    CHECK_EQ(ext(MMUEXT_NEW_USER_BASEPTR, va_to_mfn(l4), 0), 0);
    CHECK_EQ(unpin(va_to_mfn(l4)), 0);
    CHECK_EQ(page_writable(l4), -XEN_EBUSY);
    CHECK_EQ(ext(MMUEXT_NEW_USER_BASEPTR, 0, 0), 0);
    CHECK_EQ(page_writable(l4), 0);
    page_free(l4);
}

TEST(flushes_of_each_kind_work)
{
    uint64_t mask = 1;

    CHECK_EQ(ext(MMUEXT_TLB_FLUSH_LOCAL, 0, 0), 0);
    CHECK_EQ(ext(MMUEXT_INVLPG_LOCAL, PTR(start_info), 0), 0);
    CHECK_EQ(ext(MMUEXT_TLB_FLUSH_MULTI, 0, PTR(&mask)), 0);
    CHECK_EQ(ext(MMUEXT_INVLPG_MULTI, PTR(start_info), PTR(&mask)), 0);
    CHECK_EQ(ext(MMUEXT_TLB_FLUSH_ALL, 0, 0), 0);
    CHECK_EQ(ext(MMUEXT_INVLPG_ALL, PTR(start_info), 0), 0);
}

TEST(flushes_reject_a_bad_mask)
{
    CHECK_EQ(ext(MMUEXT_TLB_FLUSH_MULTI, 0, 0x1000), -XEN_EINVAL);
    CHECK_EQ(ext(MMUEXT_INVLPG_MULTI, PTR(start_info), 0x1000), -XEN_EINVAL);
}

TEST(invlpg_makes_a_change_visible)
{
    uint64_t *one = page_alloc(), *two = page_alloc(), value = 0;
    uint64_t entry = va_to_maddr(&scratch_l1()[24]);

    *one = 1;
    *two = 2;
    CHECK_EQ(mmu_set(entry, va_to_maddr(one) | PTE_KERNEL, 0), 0);
    CHECK_EQ(try_read(scratch_va(24), &value), -1);
    CHECK_EQ(mmu_set(entry, va_to_maddr(two) | PTE_KERNEL, 0), 0);
    CHECK_EQ(ext(MMUEXT_INVLPG_LOCAL, PTR(scratch_va(24)), 0), 0);
    CHECK_EQ(try_read(scratch_va(24), &value), -1);
    CHECK_EQ(value, 2);
    CHECK_EQ(mmu_set(entry, 0, 0), 0);
    page_free(one);
    page_free(two);
}

TEST(cache_flush_needs_the_hardware)
{
    long rc = ext(MMUEXT_FLUSH_CACHE, 0, 0);

    /* Only a domain with cacheable device memory may. */
    CHECK(rc == 0 || rc == -XEN_EACCES || rc == unprivileged(0));
    rc = ext(MMUEXT_FLUSH_CACHE_GLOBAL, 0, 0);
    CHECK(rc == 0 || rc == -XEN_EACCES || rc == -XEN_EINVAL || rc == unprivileged(0));
}

TEST(mark_super_is_refused)
{
    long rc = ext(MMUEXT_MARK_SUPER, va_to_mfn(start_info), 0);

    CHECK(rc == -XEN_EOPNOTSUPP || rc == -XEN_ENOSYS);
    rc = ext(MMUEXT_UNMARK_SUPER, va_to_mfn(start_info), 0);
    CHECK(rc == -XEN_EOPNOTSUPP || rc == -XEN_ENOSYS);
}

TEST(unknown_commands_are_refused)
{
    CHECK_EQ(ext(14, 0, 0), -XEN_ENOSYS);
    CHECK_EQ(ext(21, 0, 0), -XEN_ENOSYS);
    CHECK_EQ(ext(0xffffffff, 0, 0), -XEN_ENOSYS);
}

TEST(done_counts_exactly)
{
    struct mmuext_op ops[3] = {
        {.cmd = MMUEXT_TLB_FLUSH_LOCAL}, {.cmd = 14}, {.cmd = MMUEXT_TLB_FLUSH_LOCAL}};
    uint32_t done = 99;

    CHECK_EQ(mmuext_op(ops, 3, &done, DOMID_SELF), -XEN_ENOSYS);
    CHECK_EQ(done, 1);
    ops[1].cmd = MMUEXT_TLB_FLUSH_LOCAL;
    CHECK_EQ(mmuext_op(ops, 3, &done, DOMID_SELF), 0);
    CHECK_EQ(done, 3);
    CHECK_EQ(mmuext_op(ops, 0, &done, DOMID_SELF), 0);
    CHECK_EQ(done, 0);
    CHECK_EQ(mmuext_op((void *)0x1000, 1, &done, DOMID_SELF), -XEN_EFAULT);
    CHECK_EQ(mmuext_op(ops, 1, &done, 0x1234), unprivileged(-XEN_ESRCH));
}

TEST(a_tree_is_pinned_whole)
{
    uint64_t *l4 = page_alloc(), *l3 = page_alloc(), *l2 = page_alloc(), *l1 = page_alloc();
    void *page = page_alloc();

    l4[0] = va_to_maddr(l3) | PTE_TABLE;
    l3[0] = va_to_maddr(l2) | PTE_TABLE;
    l2[0] = va_to_maddr(l1) | PTE_TABLE;
    l1[0] = va_to_maddr(page) | PTE_TABLE;
    CHECK_EQ(page_readonly(l4), 0);
    CHECK_EQ(page_readonly(l3), 0);
    CHECK_EQ(page_readonly(l2), 0);
    CHECK(pin(4, va_to_mfn(l4)) < 0); /* l1 is still writable */
    CHECK_EQ(page_readonly(l1), 0);
    CHECK_EQ(pin(4, va_to_mfn(l4)), 0);
    CHECK_EQ(page_writable(l1), -XEN_EBUSY);
    CHECK_EQ(page_writable(l3), -XEN_EBUSY);
    CHECK_EQ(unpin(va_to_mfn(l4)), 0);
    CHECK_EQ(page_writable(l4), 0);
    CHECK_EQ(page_writable(l3), 0);
    CHECK_EQ(page_writable(l2), 0);
    CHECK_EQ(page_writable(l1), 0);
    page_free(l4);
    page_free(l3);
    page_free(l2);
    page_free(l1);
    page_free(page);
}
