/* SPDX-License-Identifier: GPL-2.0-only */
/* User mode: entered by iret, left by system call, fault, interrupt; kept away from the kernel. */
#include "mini.h"

/* Pieces of code that run in user mode; position-independent, without a stack frame. */
#define USER_CODE_BLOCK(name, text)                                                     \
    __asm__(".pushsection .rodata\n" #name ":\n" text "\n" #name "_end:\n.popsection"); \
    extern const uint8_t name[], name##_end[]
#define RUN(name, argument) user_run(name, (size_t)(name##_end - name), argument)

USER_CODE_BLOCK(u_syscall, "mov $0x1234, %eax; mov $0x55, %ebx; syscall");
USER_CODE_BLOCK(u_int80, "mov $0x77, %eax; int $0x80");
USER_CODE_BLOCK(u_int81, "int $0x81");
USER_CODE_BLOCK(u_int3, "int3");
USER_CODE_BLOCK(u_ud2, "ud2");
USER_CODE_BLOCK(u_hlt, "hlt");
USER_CODE_BLOCK(u_cli, "cli; mov $1, %eax; syscall");
USER_CODE_BLOCK(u_out, "mov $0x80, %dx; out %al, %dx");
USER_CODE_BLOCK(u_read, "mov (%rax), %rax; syscall");
USER_CODE_BLOCK(u_write, "mov %rax, (%rax); syscall");
USER_CODE_BLOCK(u_push, "push %rax; push %rax; pop %rbx; pop %rax; syscall");
USER_CODE_BLOCK(u_div, "xor %edx, %edx; xor %ecx, %ecx; div %ecx");
USER_CODE_BLOCK(
    u_cpuid,
    "mov $0x40000000, %eax; .byte 0x0f, 0x0b, 0x78, 0x65, 0x6e; cpuid; mov %ebx, %eax; syscall");
USER_CODE_BLOCK(u_mov_cr, "mov %cr3, %rax");
USER_CODE_BLOCK(u_wrmsr, "mov $0xc0000100, %ecx; xor %eax, %eax; xor %edx, %edx; wrmsr");
USER_CODE_BLOCK(u_flags, "pushf; pop %rax; syscall");
USER_CODE_BLOCK(u_gs, "mov %gs:0, %rax; syscall");

TEST(a_system_call_enters_the_kernel)
{
    CHECK_EQ(user_init(), 0);
    CHECK_EQ(RUN(u_syscall, 0), 0x1234);
    CHECK_EQ(seen.number, ENTRY_SYSCALL);
    CHECK_EQ(user_frame.rbx, 0x55);
    CHECK_EQ(user_frame.rip, USER_CODE + (uint64_t)(u_syscall_end - u_syscall));
    CHECK_EQ(user_frame.rsp, USER_STACK + 2 * PAGE_SIZE);
    CHECK_EQ(user_frame.cs & 3, 3);
    CHECK_EQ(user_frame.ss & 3, 3);
    CHECK_EQ(user_frame.rflags & 0x200, 0x200);
}

TEST(interrupts_by_number_follow_the_trap_table)
{
    CHECK_EQ(user_init(), 0);
    CHECK_EQ(RUN(u_int80, 0), 0x77);
    CHECK_EQ(seen.number, 0x80);
    RUN(u_int81, 0);
    CHECK_EQ(seen.number, 13);
    CHECK(seen.error == 0x81 * 8 + 2 || seen.error == 0x81 * 16 + 2); /* the latter: QEMU 7.2 */
    RUN(u_int3, 0);
    CHECK_EQ(seen.number, 3);
}

TEST(privileged_instructions_fault)
{
    CHECK_EQ(user_init(), 0);
    RUN(u_hlt, 0);
    CHECK_EQ(seen.number, 13);
    CHECK_EQ(user_frame.rip, USER_CODE);
    RUN(u_out, 0);
    CHECK_EQ(seen.number, 13);
    RUN(u_mov_cr, 0);
    CHECK_EQ(seen.number, 13);
    RUN(u_wrmsr, 0);
    CHECK_EQ(seen.number, 13);
    RUN(u_cli, 0);
    CHECK_EQ(seen.number, 13);
    RUN(u_ud2, 0);
    CHECK_EQ(seen.number, 6);
    RUN(u_div, 0);
    CHECK_EQ(seen.number, 0);
}

TEST(the_kernel_is_out_of_reach)
{
    CHECK_EQ(user_init(), 0);
    RUN(u_read, PTR(start_info));
    CHECK_EQ(seen.number, 14);
    CHECK_EQ(seen.error & ~0x10UL, 4);
    CHECK_EQ(seen.cr2, PTR(start_info));
    RUN(u_write, PTR(start_info));
    CHECK_EQ(seen.number, 14);
    CHECK_EQ(seen.error, 6);
    RUN(u_read, MACH2PHYS_VIRT_START);
    CHECK_EQ(seen.number, 14);
    RUN(u_read, 0xffff830000000000UL);
    CHECK_EQ(seen.number, 14);
    RUN(u_read, 0x8000000000000000UL);
    CHECK_EQ(seen.number, 13);
}

TEST(its_own_pages_work)
{
    CHECK_EQ(user_init(), 0);
    CHECK_EQ(RUN(u_push, 0x4711), 0x4711);
    CHECK_EQ(seen.number, ENTRY_SYSCALL);
    CHECK_EQ(user_frame.rbx, 0x4711);
    RUN(u_read, USER_CODE);
    CHECK_EQ(seen.number, ENTRY_SYSCALL);
    RUN(u_write, USER_CODE); /* mapped read-only */
    CHECK_EQ(seen.number, 14);
    CHECK_EQ(seen.error, 7);
}

TEST(forced_emulation_of_cpuid_works)
{
    CHECK_EQ(user_init(), 0);
    CHECK_EQ(RUN(u_cpuid, 0), 0x566e6558);
    CHECK_EQ(seen.number, ENTRY_SYSCALL);
}

TEST(flags_of_user_mode_are_the_guests)
{
    uint64_t flags;

    CHECK_EQ(user_init(), 0);
    flags = RUN(u_flags, 0);
    CHECK_EQ(seen.number, ENTRY_SYSCALL);
    CHECK_EQ(flags & 0x200, 0x200);
    CHECK_EQ(flags & 0x3000, 0); /* no I/O privilege */
}

TEST(each_mode_has_its_own_gs_base)
{
    uint64_t kernel_value;

    CHECK_EQ(user_init(), 0);
    CHECK_EQ(hypercall2(__HYPERVISOR_set_segment_base, SEGBASE_GS_KERNEL, PTR(start_info)), 0);
    CHECK_EQ(hypercall2(__HYPERVISOR_set_segment_base, SEGBASE_GS_USER, USER_STACK + PAGE_SIZE), 0);
    CHECK_EQ(RUN(u_gs, 0), 0x4711 * 0); /* its stack page begins with zeros */
    CHECK_EQ(seen.number, ENTRY_SYSCALL);
    __asm__ volatile("mov %%gs:0, %0" : "=r"(kernel_value));
    CHECK_EQ(kernel_value, *(const uint64_t *)start_info->magic);
    CHECK_EQ(hypercall2(__HYPERVISOR_set_segment_base, SEGBASE_GS_KERNEL, 0), 0);
}

TEST(an_event_interrupts_user_mode)
{
    struct evtchn_bind_ipi ipi = {.vcpu = 0};
    struct evtchn_send send;
    struct evtchn_close close;

    CHECK_EQ(user_init(), 0);
    CHECK_EQ(evtchn_op(EVTCHNOP_bind_ipi, &ipi), 0);
    send.port = close.port = ipi.port;
    event_unmask_bit(ipi.port);
    event_counts[ipi.port] = 0;
    CHECK_EQ(evtchn_op(EVTCHNOP_send, &send), 0);
    CHECK_EQ(event_counts[ipi.port], 0);
    RUN(u_syscall, 0); /* iret enables events: it comes before the first instruction */
    CHECK_EQ(event_counts[ipi.port], 1);
    CHECK_EQ(seen.number, ENTRY_SYSCALL);
    event_mask_bit(ipi.port);
    CHECK_EQ(evtchn_op(EVTCHNOP_close, &close), 0);
}

TEST(stack_switch_chooses_the_kernels_stack)
{
    uint64_t *page = page_alloc();

    CHECK_EQ(user_init(), 0);
    CHECK_EQ(user_kernel_stack(page + 512), 0);
    CHECK_EQ(RUN(u_syscall, 0), 0x1234);
    CHECK_EQ(page[511], user_frame.ss);
    CHECK_EQ(page[510], USER_STACK + 2 * PAGE_SIZE);
    CHECK_EQ(user_kernel_stack(NULL), 0);
    CHECK_EQ(RUN(u_syscall, 0), 0x1234);
    page_free(page);
}
