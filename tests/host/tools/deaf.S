/* SPDX-License-Identifier: GPL-2.0-only */
/* A PV kernel that sleeps for ever: it has no drivers and answers nothing. */
#define NOTE(type, desc...) .balign 4; .long 4, 2f - 1f, type; .asciz "Xen"; 1: desc; 2: .balign 4

    .text
    .globl _start
_start:
    mov $29, %eax       /* sched_op */
    mov $3, %edi        /* poll: no ports, no timeout */
    lea poll(%rip), %rsi
    syscall
    jmp _start
    .balign 8
poll:
    .quad 0, 0, 0

    .section .note.Xen, "a", @note
    NOTE(6, .asciz "deaf")
    NOTE(5, .asciz "xen-3.0")
    NOTE(8, .asciz "generic")
    NOTE(3, .quad 0)
    NOTE(4, .quad 0)
    NOTE(1, .quad _start)
