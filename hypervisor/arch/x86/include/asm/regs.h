/* SPDX-License-Identifier: GPL-2.0-only */
/* Registers as the entry code pushes them; entry.S knows the offsets. */
#ifndef ASM_REGS_H
#define ASM_REGS_H

#include <stdint.h>

struct cpu_regs {
    uint64_t r15, r14, r13, r12, rbp, rbx, r11, r10, r9, r8, rax, rcx, rdx, rsi, rdi;
    uint32_t error_code, vector;
    uint64_t rip;
    uint16_t cs, pad_cs[3];
    uint64_t rflags, rsp;
    uint16_t ss, pad_ss[3];
};

#endif
