/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Pure decoder for the two kinds of instructions that fault in a PV guest and are carried out for it:
 * stores to page tables, and privileged instructions. 64-bit code only. No memory is touched but the
 * bytes handed in; natively tested and fuzzed. arch/x86/decode.c.
 */
#ifndef ASM_DECODE_H
#define ASM_DECODE_H

#include <asm/regs.h>
#include <hv/types.h>

#define INSN_MAX 15u

enum pt_write_op {
    PTW_MOV,
    PTW_XCHG,
    PTW_CMPXCHG,
    PTW_XADD,
    PTW_ADD,
    PTW_SUB,
    PTW_AND,
    PTW_OR,
    PTW_XOR,
    PTW_BTS,
    PTW_BTR,
    PTW_BTC,
    PTW_INC,
    PTW_DEC,
    PTW_NOT
};

/* One instruction that writes @size bytes at linear address @addr. */
struct pt_write {
    enum pt_write_op op;
    uint8_t size; /* bytes: 1, 2, 4 or 8 */
    uint8_t len;  /* of the instruction: what rip advances by when it is done */
    int8_t reg; /* register operand that also gets a result (xchg, xadd, cmpxchg's rax); -1: none */
    bool high_byte; /* @reg means ah, ch, dh, bh */
    uint64_t value; /* source operand, zero-extended from @size; bit number for bts, btr, btc */
    uint64_t addr;
};

/*
 * Decode the @len bytes at @insn as a store. @regs: registers before it, rip at its first byte.
 * Returns 0 with *@out filled; -EINVAL not one of these (or has an FS or GS override);
 * -ENODATA @len bytes are too few to know.
 */
int decode_write(const uint8_t *insn, size_t len, const struct cpu_regs *regs,
                 struct pt_write *out);

/*
 * What the store makes of @old, the @size bytes at @addr. True: store *@new. False: nothing to store
 * (cmpxchg that failed). Updates flags and result registers in @regs, not rip: hand in a copy and keep
 * it only when the store took place, for example by a compare-and-swap against @old.
 */
bool pt_write_apply(const struct pt_write *w, uint64_t old, uint64_t *new, struct cpu_regs *regs);

enum priv_op {
    PRIV_CLI,
    PRIV_STI,
    PRIV_INVD,
    PRIV_WBINVD,
    PRIV_CLTS,
    PRIV_RDMSR,
    PRIV_WRMSR,
    PRIV_XSETBV,
    PRIV_MOV_FROM_CR, /* these four in the order of their opcodes */
    PRIV_MOV_FROM_DR,
    PRIV_MOV_TO_CR,
    PRIV_MOV_TO_DR,
    PRIV_IN,
    PRIV_OUT,
    PRIV_INS,
    PRIV_OUTS
};

struct priv_insn {
    enum priv_op op;
    uint8_t len;
    uint8_t size;   /* in, out, ins, outs: bytes (1, 2, 4) */
    uint8_t reg;    /* mov cr/dr: general register 0..15 */
    uint8_t number; /* control or debug register */
    bool rep;       /* ins, outs */
    int32_t port;   /* in, out with immediate port; -1: dx */
};

/* As decode_write, for privileged instructions. String I/O at a 32-bit address or with an FS or GS override of
 * its source is not one of them. */
int decode_privileged(const uint8_t *insn, size_t len, struct priv_insn *out);

/* Register @n (0 rax, 1 rcx, 2 rdx, 3 rbx, 4 rsp, ... 15 r15) of @regs. */
uint64_t *cpu_reg(struct cpu_regs *regs, unsigned int n);

#endif
