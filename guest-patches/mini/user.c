/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * User mode: an address space of its own with a page of code and a page of stack, entered by the
 * iret hypercall and left by the first system call or trap.
 */
#include "mini.h"

struct frame user_frame;
uint64_t user_calls;

extern uint64_t user_enter(const struct iret_context *frame, uint64_t *save);
extern void user_left(uint64_t save, uint64_t result) __attribute__((noreturn));

static uint8_t *code_page, *stack_page;
static uint64_t saved_stack;
static uint8_t kernel_stack[16384] __attribute__((aligned(4096)));

/* Every entry while user mode runs ends it, but user_calls: back to user_run(), on its stack. */
static int leave(struct frame *f)
{
    if (f->number == ENTRY_EVENT)
        return 0;
    if (f->number == ENTRY_SYSCALL && user_calls) {
        user_calls--;
        return 1;
    }
    user_frame = *f;
    seen.number = (int64_t)f->number;
    seen.error = f->error;
    seen.cr2 = shared_info->vcpu_info[0].arch.cr2;
    seen.rip = f->rip;
    seen.cs = f->cs;
    seen.ss = f->ss;
    seen.rflags = f->rflags;
    seen.count++;
    trap_hook = NULL;
    user_left(saved_stack, f->rax);
}

long user_init(void)
{
    uint64_t *l4, *l3, *l2, *l1;
    struct mmuext_op op = {.cmd = MMUEXT_NEW_USER_BASEPTR};
    long rc;

    if (code_page)
        return 0;
    code_page = page_alloc();
    stack_page = page_alloc();
    l4 = page_alloc();
    l3 = page_alloc();
    l2 = page_alloc();
    l1 = page_alloc();
    l4[0] = va_to_maddr(l3) | PTE_TABLE;
    l3[0] = va_to_maddr(l2) | PTE_TABLE;
    l2[USER_CODE >> 21 & 511] = va_to_maddr(l1) | PTE_TABLE;
    l2[USER_STACK >> 21 & 511] = va_to_maddr(l1) | PTE_TABLE;
    l1[0] = va_to_maddr(code_page) | PTE_P | PTE_U | PTE_A;
    l1[1] = va_to_maddr(stack_page) | PTE_TABLE;
    page_readonly(l4);
    page_readonly(l3);
    page_readonly(l2);
    page_readonly(l1);
    rc = pin(4, va_to_mfn(l4));
    if (rc)
        return rc;
    op.arg1.mfn = va_to_mfn(l4);
    rc = mmuext_op(&op, 1, NULL, DOMID_SELF);
    if (rc)
        return rc;
    return user_kernel_stack(NULL);
}

long user_kernel_stack(void *top)
{
    return hypercall2(__HYPERVISOR_stack_switch, FLAT_KERNEL_SS,
                      top ? PTR(top) : PTR(kernel_stack + sizeof(kernel_stack)));
}

uint64_t user_run(const void *code, size_t bytes, uint64_t rdi)
{
    struct iret_context frame = {
        .rip = USER_CODE,
        .cs = FLAT_USER_CS | 3,
        .rflags = 0x202,
        .rsp = USER_STACK + PAGE_SIZE * 2,
        .ss = FLAT_USER_SS | 3,
        .rax = rdi,
    };
    uint64_t result;

    memcpy(code_page, code, bytes);
    seen_clear();
    trap_hook = leave;
    result = user_enter(&frame, &saved_stack);
    events_disable();
    return result;
}
