/* SPDX-License-Identifier: GPL-2.0-only */
/* Exceptions reach the guest's own handlers, with the right error code, address and state. */
#include "mini.h"

TEST(divide_error)
{
    CHECK_EQ(TRY("div %%ecx", : : "a"(1), "d"(0), "c"(0) : "memory"), 0);
    CHECK_EQ(seen.error, 0);
}

TEST(breakpoint)
{
    CHECK_EQ(TRY("int3", : : : "memory"), 3);
}

TEST(undefined_opcode)
{
    CHECK_EQ(TRY("ud2", : : : "memory"), 6);
}

TEST(general_protection_by_address)
{
    CHECK_EQ(try_read((void *)0x8000000000000000UL, NULL), 13);
    CHECK_EQ(seen.error, 0);
}

TEST(general_protection_by_selector)
{
    CHECK_EQ(TRY("mov %0, %%es", : : "r"(0x1234) : "memory"), 13);
    CHECK_EQ(seen.error, 0x1234 & ~3);
    CHECK_EQ(TRY("mov %0, %%es", : : "r"(0) : "memory"), -1);
}

TEST(page_fault_on_read)
{
    CHECK_EQ(try_read((void *)0x123450, NULL), 14);
    CHECK_EQ(seen.error, 0);
    CHECK_EQ(seen.cr2, 0x123450);
}

TEST(page_fault_on_write)
{
    CHECK_EQ(try_write((void *)0x123458, 1), 14);
    CHECK_EQ(seen.error, 2);
    CHECK_EQ(seen.cr2, 0x123458);
}

TEST(page_fault_on_a_read_only_page)
{
    uint64_t *page = page_alloc();

    CHECK_EQ(page_readonly(page), 0);
    CHECK_EQ(try_write(page + 1, 1), 14);
    CHECK_EQ(seen.error, 3);
    CHECK_EQ(seen.cr2, PTR(page + 1));
    CHECK_EQ(page_writable(page), 0);
    CHECK_EQ(try_write(page + 1, 1), -1);
    page_free(page);
}

static int resume_at_return(struct frame *f)
{
    if (f->number != 14)
        return 0;
    seen.number = (int64_t)f->number;
    seen.error = f->error;
    seen.cr2 = shared_info->vcpu_info[0].arch.cr2;
    f->rip = *(uint64_t *)f->rsp;
    f->rsp += 8;
    return 1;
}

TEST(page_fault_on_execution)
{
    void (*code)(void) = (void (*)(void))0x123000;

    seen_clear();
    trap_hook = resume_at_return;
    code();
    trap_hook = NULL;
    CHECK_EQ(seen.number, 14);
    CHECK_EQ(seen.error & ~0x10UL, 0);
    CHECK_EQ(seen.cr2, 0x123000);
}

TEST(no_execute_is_enforced)
{
    uint8_t *page = page_alloc();
    void (*code)(void) = (void (*)(void))page;
    uint32_t a = 0x80000001, b, c = 0, d;

    __asm__ volatile("cpuid" : "+a"(a), "=b"(b), "+c"(c), "=d"(d));
    *page = 0xc3;
    trap_hook = resume_at_return;
    seen_clear();
    code();
    CHECK_EQ(seen.number, -1);
    CHECK_EQ(update_va_mapping(page, va_to_maddr(page) | PTE_KERNEL | PTE_NX, UVMF_INVLPG), 0);
    seen_clear();
    code();
    if (d & 1 << 20) {
        CHECK_EQ(seen.number, 14);
        CHECK_EQ(seen.error, 0x11);
    }
    trap_hook = NULL;
    CHECK_EQ(page_writable(page), 0);
    page_free(page);
}

TEST(the_frame_shows_the_kernels_own_state)
{
    uint64_t flags;

    seen_clear();
    CHECK_EQ(TRY("int3", : : : "memory"), 3);
    CHECK_EQ(seen.cs & 3, 0); /* the kernel thinks it is in ring 0 */
    CHECK_EQ(seen.cs & 0xfffc, FLAT_KERNEL_CS & 0xfffc);
    CHECK_EQ(seen.cs >> 32 & 0xff, 1); /* saved_upcall_mask stands behind the selector */
    CHECK_EQ(seen.rflags & 0x200, 0);  /* events were masked */
    CHECK_EQ(seen.mask, 1);
    shared_info->vcpu_info[0].evtchn_upcall_mask = 0;
    CHECK_EQ(TRY("int3", : : : "memory"), 3);
    CHECK_EQ(seen.rflags & 0x200, 0x200);                      /* and were not: IF says so */
    CHECK_EQ(seen.mask, 1);                                    /* the entry masks them */
    CHECK_EQ(shared_info->vcpu_info[0].evtchn_upcall_mask, 0); /* iret restored it */
    shared_info->vcpu_info[0].evtchn_upcall_mask = 1;
    __asm__ volatile("pushf; pop %0" : "=r"(flags));
    CHECK_EQ(flags & 0x400, 0);
}

TEST(all_registers_survive_a_trap)
{
    register uint64_t r8 __asm__("r8") = 8, r9 __asm__("r9") = 9, r10 __asm__("r10") = 10;
    register uint64_t r12 __asm__("r12") = 12, r15 __asm__("r15") = 15;
    uint64_t a = 1, b = 2, c = 3, d = 4, si = 5, di = 6;

    TRY("int3",
        : "+a"(a), "+b"(b), "+c"(c), "+d"(d), "+S"(si), "+D"(di), "+r"(r8), "+r"(r9), "+r"(r10),
          "+r"(r12), "+r"(r15)
        :
        : "memory", "r11");
    {
        uint64_t got[] = {a, b, c, d, si, di, r8, r9, r10, r12, r15};
        static const uint64_t want[] = {1, 2, 3, 4, 5, 6, 8, 9, 10, 12, 15};

        for (unsigned int i = 0; i < sizeof(want) / sizeof(want[0]); i++)
            CHECK_EQ(got[i], want[i]);
    }
}

/* int n: allowed where the guest's own table says so, else #GP with the vector's number. */
TEST(software_interrupts_follow_the_trap_table)
{
    CHECK_EQ(TRY("int $0x80", : : : "memory"), 0x80);
    CHECK_EQ(TRY("int $0x81", : : : "memory"), 13);
    CHECK(seen.error == 0x81 * 8 + 2 || seen.error == 0x81 * 16 + 2); /* the latter: QEMU 7.2 */
    CHECK_EQ(TRY("int $14", : : : "memory"), 13);
}

TEST(single_step_traps)
{
    uint64_t flags;

    CHECK_EQ(TRY("pushf; orl $0x100, (%%rsp); popf; nop; nop", : : : "memory", "cc"), 1);
    __asm__ volatile("pushf; andl $~0x100, (%%rsp); popf; pushf; pop %0" : "=r"(flags) : : "cc");
    CHECK_EQ(flags & 0x100, 0);
}

TEST(the_hypervisors_memory_is_out_of_reach)
{
    static const uint64_t places[] = {
        0xffff820000000000UL, 0xffff828000000000UL, 0xffff82c000000000UL, 0xffff82d000000000UL,
        0xffff82d040000000UL, 0xffff830000000000UL, 0xffff838000000000UL, 0xffff87ffffffe000UL};

    for (unsigned int i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
        CHECK_EQ(try_read((void *)places[i], NULL), 14);
        CHECK_EQ(seen.cr2, places[i]);
        CHECK_EQ(try_write((void *)places[i], 0), 14);
    }
}

/* A handler that the guest did not give: the fault cannot be delivered twice in a loop. */
TEST(a_handler_may_fault_itself)
{
    int64_t first, second = -2;

    first = TRY("int3", : : : "memory");
    second = try_read((void *)0x1000, NULL);
    CHECK_EQ(first, 3);
    CHECK_EQ(second, 14);
}
