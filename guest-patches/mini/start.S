/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * ELF notes, first instructions, and every entry from the hypervisor.
 *
 * An entry finds RCX and R11 on top of the frame that real hardware would have pushed; all others
 * are as they were. The way back is the iret hypercall (pv-abi/x86.h, struct iret_context).
 */
#include "pv-abi/elfnote.h"
#include "pv-abi/hypercall.h"
#include "pv-abi/x86.h"

    .section .note.Xen, "a", @note
    .macro note type, text
    .align 4
    .long 4, 9f - 8f, \type
    .asciz "Xen"
8:  .asciz "\text"
9:  .align 4
    .endm
    .macro note_quad type, value
    .align 4
    .long 4, 8, \type
    .asciz "Xen"
    .quad \value
    .endm
    note XEN_ELFNOTE_GUEST_OS, "mini"
    note XEN_ELFNOTE_GUEST_VERSION, "1"
    note XEN_ELFNOTE_XEN_VERSION, "xen-3.0"
    note XEN_ELFNOTE_LOADER, "generic"
    note XEN_ELFNOTE_FEATURES, "!writable_page_tables|pae_pgdir_above_4gb"
    note_quad XEN_ELFNOTE_VIRT_BASE, 0xffffffff80000000
    note_quad XEN_ELFNOTE_PADDR_OFFSET, 0
    note_quad XEN_ELFNOTE_ENTRY, _start

    .section .text.start, "ax"
    .globl _start
_start:
    cld
    lea boot_stack_end(%rip), %rsp
    mov %rsi, %rdi
    xor %ebp, %ebp
    call mini_main
    ud2

    .text
    /* A second vCPU starts here, on the stack that its context names. */
    .globl cpu_start
cpu_start:
    xor %ebp, %ebp
    call cpu_main
    ud2

    .macro entry name, number, has_error
    .globl \name
\name:
    pop %rcx
    pop %r11
    .ifeq \has_error
    push $0
    .endif
    push $\number
    jmp entered
    .endm

    entry trap_de, 0, 0
    entry trap_db, 1, 0
    entry trap_nmi, 2, 0
    entry trap_bp, 3, 0
    entry trap_of, 4, 0
    entry trap_br, 5, 0
    entry trap_ud, 6, 0
    entry trap_nm, 7, 0
    entry trap_ts, 10, 1
    entry trap_np, 11, 1
    entry trap_ss, 12, 1
    entry trap_gp, 13, 1
    entry trap_pf, 14, 1
    entry trap_mf, 16, 0
    entry trap_ac, 17, 1
    entry trap_xf, 19, 0
    entry trap_int80, 0x80, 0
    entry trap_int81, 0x81, 0
    entry entry_event, 0x100, 0
    entry entry_nmi_callback, 0x103, 0

    /* System calls: the frame is an iret frame whose RCX and R11 are the CPU's doing. */
    entry entry_syscall, 0x101, 0

    /* Four selectors and the frame, by which an impossible return is reported. */
    .globl entry_failsafe
entry_failsafe:
    pop %rcx
    pop %r11
    add $32, %rsp
    push $0
    push $0x102
    jmp entered

entered:
    push %rax
    push %rcx
    push %rdx
    push %rbx
    push %rbp
    push %rsi
    push %rdi
    push %r8
    push %r9
    push %r10
    push %r11
    push %r12
    push %r13
    push %r14
    push %r15
    cld
    mov %rsp, %rdi
    mov %rsp, %rbp
    and $-16, %rsp
    call trap_entered
    mov %rbp, %rsp
    pop %r15
    pop %r14
    pop %r13
    pop %r12
    pop %r11
    pop %r10
    pop %r9
    pop %r8
    pop %rdi
    pop %rsi
    pop %rbp
    pop %rbx
    pop %rdx
    pop %rcx
    pop %rax
    add $16, %rsp
    push $0
    push %rcx
    push %r11
    push %rax
    mov $__HYPERVISOR_iret, %eax
    syscall
    ud2

    /* user_enter(frame, save): leave to user mode by iret; user_left() comes back here. */
    .globl user_enter
user_enter:
    push %rbx
    push %rbp
    push %r12
    push %r13
    push %r14
    push %r15
    mov %rsp, (%rsi)
    mov %rdi, %rsp
    mov $__HYPERVISOR_iret, %eax
    syscall
    ud2
    .globl user_left
user_left:
    mov %rdi, %rsp
    mov %rsi, %rax
    pop %r15
    pop %r14
    pop %r13
    pop %r12
    pop %rbp
    pop %rbx
    ret

    .bss
    .balign 4096
    .skip 32768
boot_stack_end:
