/* SPDX-License-Identifier: GPL-2.0-only */
/* A PV kernel that crashes with its first instruction. */
#define NOTE(type, desc...) .balign 4; .long 4, 2f - 1f, type; .asciz "Xen"; 1: desc; 2: .balign 4

    .text
    .globl _start
_start:
    ud2a

    .section .note.Xen, "a", @note
    NOTE(6, .asciz "crash")
    NOTE(5, .asciz "xen-3.0")
    NOTE(8, .asciz "generic")
    NOTE(3, .quad 0)
    NOTE(4, .quad 0)
    NOTE(1, .quad _start)
