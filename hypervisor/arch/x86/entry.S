/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Ways into the hypervisor and back. Every entry builds a struct cpu_regs; from a guest it lies exactly
 * at the top of the CPU's stack, in its struct cpu_record. The direction flag is clear in C code.
 *
 * A guest can reach: exceptions and interrupts (gates clear IF), and syscall (IF masked). NMI, double
 * fault, machine check and #DB have stacks of their own (IST): syscall enters with the guest's RSP, and
 * these can strike before the first instruction there has changed it.
 */
#include <asm/traps.h>
#include <pv-abi/x86.h>

#define STACK_SIZE 0x8000
#define RECORD_SIZE 200       /* sizeof(struct cpu_record); traps.c asserts these */
#define REGS_SIZE 168
#define REG_VECTOR 124
#define REG_CS 136
#define RECORD_SCRATCH 176
#define CPU_SMAP_USABLE 3     /* in struct cpu_features */

    .macro SAVE_REGS
    .irp reg, rdi, rsi, rdx, rcx, rax, r8, r9, r10, r11, rbx, rbp, r12, r13, r14, r15
    push %\reg
    .endr
    .endm

    .macro RESTORE_REGS
    .irp reg, r15, r14, r13, r12, rbp, rbx, r11, r10, r9, r8, rax, rcx, rdx, rsi, rdi
    pop %\reg
    .endr
    .endm

/* The rest of the registers, and flags as C wants them. Gates leave RFLAGS.AC as the guest had it; with SMAP it
 * would open guest memory to stray accesses. (syscall masks it.) */
    .macro ENTER_GATE
    SAVE_REGS
    cld
    cmpb $0, CPU_SMAP_USABLE + cpu_features(%rip)
    je .Lac\@
    clac
.Lac\@:
    .endm

    .section .text.entry, "ax"

/* --- syscall: hypercalls and system calls of guests ---------------------------------------------
 * A stub of each CPU (traps.c writes it) has put the guest's RSP into the record's scratch and RSP
 * behind the record's registers. RCX = return address, R11 = flags. */
    .globl entry_syscall64, entry_syscall32
    .balign 64
entry_syscall32:
    pushq $FLAT_RING3_SS32
    pushq 8 + (RECORD_SCRATCH - REGS_SIZE)(%rsp)
    pushq %r11
    pushq $FLAT_RING3_CS32
    jmp 1f
    .balign 64
entry_syscall64:
    pushq $FLAT_RING3_SS64
    pushq 8 + (RECORD_SCRATCH - REGS_SIZE)(%rsp)
    pushq %r11
    pushq $FLAT_RING3_CS64
1:  pushq %rcx
    pushq $0
    movl $TRAP_SYSCALL, 4(%rsp)
    SAVE_REGS
    mov %rsp, %rdi
    call do_syscall
    /* fall through */

/* --- back to the guest that is current; RSP at the record's registers --------------------------- */
ret_to_guest:
    mov %rsp, %rdi
    call exit_to_guest
    test %al, %al
    jz 1f
    RESTORE_REGS
    mov 8(%rsp), %rcx
    mov 24(%rsp), %r11
    mov 32(%rsp), %rsp
    sysretq
1:  RESTORE_REGS
    add $8, %rsp
iret_to_guest:
    iretq

/* The guest's frame was not acceptable (its own selectors): the stack still holds it. */
iret_failed:
    pushq $0
    SAVE_REGS
    mov %rsp, %rdi
    call do_iret_failed
    jmp ret_to_guest

    .section .extable, "a"
    .balign 4
    .long iret_to_guest - ., iret_failed - .
    .previous

/* --- exceptions and interrupts --------------------------------------------------------------------- */
common_exception:
    ENTER_GATE
    mov %rsp, %rdi
    testb $3, REG_CS(%rsp)
    jz 1f
    call do_guest_trap
    jmp ret_to_guest
1:  call do_hypervisor_trap
restore_here:
    RESTORE_REGS
    add $8, %rsp
    iretq

common_interrupt:
    ENTER_GATE
    mov %rsp, %rdi
    movzbl REG_VECTOR(%rsp), %esi
    call do_irq
    testb $3, REG_CS(%rsp)
    jnz ret_to_guest
    jmp restore_here

/* On stacks of their own. They return to where they struck, whatever that was. */
common_ist:
    ENTER_GATE
    mov %rsp, %rdi
    call do_ist_trap
    jmp restore_here

/* #DB: from a guest like any exception, on the main stack; within the hypervisor it is ignored. */
common_debug:
    ENTER_GATE
    testb $3, REG_CS(%rsp)
    jz restore_here
    mov %rsp, %rsi
    mov %rsp, %rax
    or $(STACK_SIZE - 1), %rax
    lea 1 - RECORD_SIZE(%rax), %rdi
    mov %rdi, %rsp
    mov $(REGS_SIZE / 8), %ecx
    rep movsq
    mov %rsp, %rdi
    call do_guest_trap
    jmp ret_to_guest

/* One stub of 16 bytes for each vector. Vectors with an error code: 8, 10-14, 17, 21, 29, 30. */
    .globl entry_stubs
    .balign 16
entry_stubs:
    .set vec, 0
    .rept 256
    .balign 16
    .if !(vec == 8 || (vec >= 10 && vec <= 14) || vec == 17 || vec == 21 || vec == 29 || vec == 30)
    pushq $0
    .endif
    movl $vec, 4(%rsp)
    .if vec == 2 || vec == 8 || vec == 18
    jmp common_ist
    .elseif vec == 1
    jmp common_debug
    .elseif vec < 32 || vec == 0x80
    jmp common_exception
    .else
    jmp common_interrupt
    .endif
    .set vec, vec + 1
    .endr

/* --- stack resets ------------------------------------------------------------------------------------- */
/* void resume_guest(struct cpu_regs *record): forget the C stack and enter the guest. */
    .globl resume_guest
resume_guest:
    mov %rdi, %rsp
    jmp ret_to_guest
/* void resume_idle(struct cpu_regs *record, void (*fn)(void)) */
    .globl resume_idle
resume_idle:
    lea -8(%rdi), %rsp
    and $~15, %rsp
    xor %ebp, %ebp
    call *%rsi
    ud2

/* void gdt_load_asm(const void *desc): load it and take the code and stack selectors from it. */
    .globl gdt_load_asm
gdt_load_asm:
    lgdt (%rdi)
    mov $HV_DS, %eax
    mov %eax, %ss
    pop %rax
    pushq $HV_CS
    push %rax
    lretq

/* int guest_copy(void *to, const void *from, size_t n): bytes that were not copied (rough). */
    .globl guest_copy
guest_copy:
    mov %rdx, %rcx
    shr $3, %rcx
    jz 2f
1:  rep movsq
2:  mov %edx, %ecx
    and $7, %ecx
3:  rep movsb
    xor %eax, %eax
    ret
4:  mov $1, %eax
    ret
/* int guest_clear(void *to, size_t n) */
    .globl guest_clear
guest_clear:
    mov %rsi, %rcx
    xor %eax, %eax
5:  rep stosb
    ret

    .section .extable, "a"
    .balign 4
    .long 1b - ., 4b - .
    .long 3b - ., 4b - .
    .long 5b - ., 4b - .
    .previous

    .globl rdmsr_try
/* int rdmsr_try(uint32_t msr, uint64_t *v) */
rdmsr_try:
    mov %edi, %ecx
6:  rdmsr
    shl $32, %rdx
    or %rdx, %rax
    mov %rax, (%rsi)
    xor %eax, %eax
    ret
    .section .extable, "a"
    .balign 4
    .long 6b - ., 4b - .
    .previous
    .section .note.GNU-stack, "", @progbits
