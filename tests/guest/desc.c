/* SPDX-License-Identifier: GPL-2.0-only */
/* Descriptor tables: set_gdt, update_descriptor, the LDT, segment bases. */
#include "mini.h"

#define CODE64   0x00affb000000ffffUL /* ring 3 code, 64-bit */
#define DATA32   0x00cff3000000ffffUL
#define RING0    0x00cf93000000ffffUL
#define GATE     0x0000ee0000000000UL /* a call gate: type 0xe, present, DPL 3 */
#define TSS      0x0000e90000000067UL
#define INDEX(i) ((i) << 3 | 3)

static uint64_t *gdt;

static long set_gdt(uint64_t *page, unsigned int entries)
{
    uint64_t frames[1] = {page ? va_to_mfn(page) : 0};

    return hypercall2(__HYPERVISOR_set_gdt, PTR(frames), entries);
}

static void setup(void)
{
    if (gdt)
        return;
    gdt = page_alloc();
    gdt[1] = DATA32;
    CHECK_EQ(page_readonly(gdt), 0);
    CHECK_EQ(set_gdt(gdt, 512), 0);
}

static long update_descriptor(uint64_t *entry, uint64_t value)
{
    return hypercall2(__HYPERVISOR_update_descriptor, va_to_maddr(entry), value);
}

static int64_t load_es(unsigned int selector)
{
    int64_t trap = TRY("mov %0, %%es", : : "r"(selector) : "memory");

    __asm__ volatile("mov %0, %%es" : : "r"(0));
    return trap;
}

TEST(set_gdt_makes_selectors_usable)
{
    setup();
    CHECK_EQ(load_es(INDEX(1)), -1);
    CHECK_EQ(load_es(INDEX(2)), 13);        /* empty */
    CHECK_EQ(load_es(FLAT_RING3_DS32), -1); /* the reserved part is always there */
    CHECK_EQ(load_es(0xe008), 13);          /* the hypervisor's own */
}

TEST(set_gdt_checks_its_arguments)
{
    uint64_t frames[1] = {0xfffffffffUL};
    uint64_t *writable = page_alloc();

    setup();
    CHECK_EQ(hypercall2(__HYPERVISOR_set_gdt, PTR(frames), FIRST_RESERVED_GDT_ENTRY + 1),
             -XEN_EINVAL);
    CHECK_EQ(hypercall2(__HYPERVISOR_set_gdt, 0x1000, 512), -XEN_EFAULT);
    CHECK_EQ(hypercall2(__HYPERVISOR_set_gdt, PTR(frames), 512), -XEN_EINVAL);
    CHECK_EQ(set_gdt(writable, 512), -XEN_EINVAL); /* mapped writable */
    CHECK_EQ(set_gdt(scratch_l1(), 512), -XEN_EINVAL);
    CHECK_EQ(set_gdt(gdt, 512), 0);
    page_free(writable);
}

TEST(a_descriptor_table_is_never_writable)
{
    setup();
    CHECK_EQ(page_writable(gdt), -XEN_EBUSY);
    CHECK_EQ(try_write(gdt + 5, 1), 14);
}

TEST(update_descriptor_changes_an_entry)
{
    setup();
    CHECK_EQ(update_descriptor(gdt + 4, DATA32), 0);
    CHECK_EQ(gdt[4] & ~(1UL << 40), DATA32 & ~(1UL << 40));
    CHECK_EQ(load_es(INDEX(4)), -1);
    CHECK_EQ(update_descriptor(gdt + 4, 0), 0);
    CHECK_EQ(load_es(INDEX(4)), 13);
    CHECK_EQ(update_descriptor(gdt + 4, CODE64), 0);
    CHECK_EQ(update_descriptor(gdt + 4, 0), 0);
}

TEST(update_descriptor_refuses_dangerous_ones)
{
    setup();
    CHECK_EQ(update_descriptor(gdt + 4, GATE), -XEN_EINVAL);
    CHECK_EQ(update_descriptor(gdt + 4, TSS), -XEN_EINVAL);
    CHECK_EQ(gdt[4], 0);
}

/* A descriptor of ring 0 is forced out to the guest's ring, or refused. */
TEST(update_descriptor_keeps_the_guest_out_of_ring_0)
{
    long rc;

    setup();
    rc = update_descriptor(gdt + 4, RING0);
    CHECK(rc == 0 || rc == -XEN_EINVAL);
    CHECK(gdt[4] == 0 || (gdt[4] >> 45 & 3) != 0);
    update_descriptor(gdt + 4, 0);
}

TEST(update_descriptor_checks_its_address)
{
    uint64_t *page = page_alloc();

    setup();
    CHECK_EQ(hypercall2(__HYPERVISOR_update_descriptor, va_to_maddr(gdt) + 4, 0), -XEN_EINVAL);
    CHECK_EQ(hypercall2(__HYPERVISOR_update_descriptor, 0xfffffffffUL << 12, 0), -XEN_EINVAL);
    CHECK(update_descriptor(scratch_l1(), DATA32) < 0); /* a page table is none */
    /* An ordinary page of the caller's is. */
    CHECK_EQ(update_descriptor(page, DATA32), 0);
    CHECK_EQ(*page & ~(1UL << 40), DATA32 & ~(1UL << 40));
    page_free(page);
}

TEST(a_page_with_a_bad_descriptor_is_no_gdt)
{
    uint64_t *page = page_alloc();

    setup();
    page[9] = GATE;
    CHECK_EQ(page_readonly(page), 0);
    CHECK_EQ(set_gdt(page, 512), -XEN_EINVAL);
    CHECK_EQ(page_writable(page), 0);
    CHECK_EQ(set_gdt(gdt, 512), 0);
    CHECK_EQ(load_es(INDEX(1)), -1);
    page_free(page);
}

TEST(an_ldt_serves_selectors)
{
    uint64_t *ldt = page_alloc();
    struct mmuext_op op = {
        .cmd = MMUEXT_SET_LDT, .arg1.linear_addr = PTR(ldt), .arg2.nr_ents = 512};

    ldt[3] = DATA32;
    CHECK_EQ(page_readonly(ldt), 0);
    CHECK_EQ(mmuext_op(&op, 1, NULL, DOMID_SELF), 0);
    CHECK_EQ(load_es(3 << 3 | 4 | 3), -1);
    CHECK_EQ(load_es(4 << 3 | 4 | 3), 13);
    CHECK_EQ(page_writable(ldt), -XEN_EBUSY); /* in use since the first selector */
    op.arg2.nr_ents = 0;
    CHECK_EQ(mmuext_op(&op, 1, NULL, DOMID_SELF), 0);
    CHECK_EQ(load_es(3 << 3 | 4 | 3), 13);
    CHECK_EQ(page_writable(ldt), 0);
    page_free(ldt);
}

TEST(set_ldt_checks_its_arguments)
{
    struct mmuext_op op = {.cmd = MMUEXT_SET_LDT, .arg2.nr_ents = 8193};

    op.arg1.linear_addr = PTR(start_info) & ~4095UL;
    CHECK_EQ(mmuext_op(&op, 1, NULL, DOMID_SELF), -XEN_EINVAL);
    op.arg2.nr_ents = 1;
    op.arg1.linear_addr += 8; /* not aligned */
    CHECK_EQ(mmuext_op(&op, 1, NULL, DOMID_SELF), -XEN_EINVAL);
    op.arg1.linear_addr = 0xffff830000000000UL;
    CHECK_EQ(mmuext_op(&op, 1, NULL, DOMID_SELF), -XEN_EINVAL);
}

TEST(set_segment_base_moves_fs_and_gs)
{
    uint64_t value = 0;

    CHECK_EQ(hypercall2(__HYPERVISOR_set_segment_base, SEGBASE_FS, PTR(start_info)), 0);
    __asm__ volatile("mov %%fs:0, %0" : "=r"(value));
    CHECK_EQ(value, *(const uint64_t *)start_info->magic);
    CHECK_EQ(hypercall2(__HYPERVISOR_set_segment_base, SEGBASE_FS, 0), 0);
    CHECK_EQ(hypercall2(__HYPERVISOR_set_segment_base, SEGBASE_GS_KERNEL, PTR(start_info)), 0);
    __asm__ volatile("mov %%gs:0, %0" : "=r"(value));
    CHECK_EQ(value, *(const uint64_t *)start_info->magic);
    CHECK_EQ(hypercall2(__HYPERVISOR_set_segment_base, SEGBASE_GS_KERNEL, 0), 0);
    CHECK_EQ(hypercall2(__HYPERVISOR_set_segment_base, SEGBASE_GS_USER, 0x1000), 0);
    CHECK_EQ(hypercall2(__HYPERVISOR_set_segment_base, SEGBASE_GS_USER_SEL, 0), 0);
}

TEST(set_segment_base_checks_its_arguments)
{
    CHECK_EQ(hypercall2(__HYPERVISOR_set_segment_base, SEGBASE_FS, 1UL << 63), -XEN_EINVAL);
    CHECK_EQ(hypercall2(__HYPERVISOR_set_segment_base, SEGBASE_GS_USER, 1UL << 63), -XEN_EINVAL);
    CHECK_EQ(hypercall2(__HYPERVISOR_set_segment_base, SEGBASE_GS_KERNEL, 1UL << 63), -XEN_EINVAL);
    CHECK_EQ(hypercall2(__HYPERVISOR_set_segment_base, 4, 0), -XEN_EINVAL);
    CHECK_EQ(hypercall2(__HYPERVISOR_set_segment_base, 0xffffffff, 0), -XEN_EINVAL);
    CHECK_EQ(hypercall2(__HYPERVISOR_set_segment_base, SEGBASE_GS_USER_SEL, 0x1233), 0);
    CHECK_EQ(hypercall2(__HYPERVISOR_set_segment_base, SEGBASE_GS_USER_SEL, 0), 0);
}

TEST(removing_the_gdt_leaves_the_reserved_part)
{
    setup();
    CHECK_EQ(set_gdt(NULL, 0), 0);
    CHECK_EQ(load_es(INDEX(1)), 13);
    CHECK_EQ(load_es(FLAT_RING3_DS32), -1);
    CHECK_EQ(page_writable(gdt), 0);
    CHECK_EQ(page_readonly(gdt), 0);
    CHECK_EQ(set_gdt(gdt, 512), 0);
}
