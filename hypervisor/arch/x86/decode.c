/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Decoder of stores and of privileged instructions, 64-bit mode. Pure: it sees only the bytes and registers
 * it is given, so it is tested and fuzzed natively. What it does not know it refuses, and the guest gets
 * the fault that it would have got anyway.
 * Source: Intel SDM vol. 2 (encoding: 2.1, appendix A; flags: each instruction).
 */
#include <asm/decode.h>
#include <hv/errno.h>
#include <hv/lib.h>

#define FLAG_CF     0x001u
#define FLAG_PF     0x004u
#define FLAG_AF     0x010u
#define FLAG_ZF     0x040u
#define FLAG_SF     0x080u
#define FLAG_OF     0x800u
#define FLAGS_ARITH (FLAG_CF | FLAG_PF | FLAG_AF | FLAG_ZF | FLAG_SF | FLAG_OF)

enum { REX_B = 1, REX_X = 2, REX_R = 4, REX_W = 8 };

uint64_t *cpu_reg(struct cpu_regs *regs, unsigned int n)
{
    switch (n & 15) {
    case 0:
        return &regs->rax;
    case 1:
        return &regs->rcx;
    case 2:
        return &regs->rdx;
    case 3:
        return &regs->rbx;
    case 4:
        return &regs->rsp;
    case 5:
        return &regs->rbp;
    case 6:
        return &regs->rsi;
    case 7:
        return &regs->rdi;
    case 8:
        return &regs->r8;
    case 9:
        return &regs->r9;
    case 10:
        return &regs->r10;
    case 11:
        return &regs->r11;
    case 12:
        return &regs->r12;
    case 13:
        return &regs->r13;
    case 14:
        return &regs->r14;
    default:
        return &regs->r15;
    }
}

static uint64_t reg_read(const struct cpu_regs *regs, unsigned int n)
{
    return *cpu_reg((struct cpu_regs *)(uintptr_t)regs, n);
}

static uint64_t size_mask(unsigned int size)
{
    return size == 8 ? ~0ull : (1ull << (size * 8)) - 1;
}

/* Write a register as an instruction of that operand size does: 32 bits clear the upper half. */
static void reg_write(struct cpu_regs *regs, unsigned int n, bool high_byte, unsigned int size,
                      uint64_t v)
{
    uint64_t *r = cpu_reg(regs, n), mask = size_mask(size);

    if (high_byte) {
        *r = (*r & ~0xff00ull) | (v & 0xff) << 8;
    } else {
        if (size == 4)
            *r = 0;
        *r = (*r & ~mask) | (v & mask);
    }
}

/* ---- bytes ---------------------------------------------------------------------------------------- */

/* @truncated: a byte beyond the end was asked for; what was decoded then is worthless. */
struct cursor {
    const uint8_t *p;
    size_t len, at;
    bool truncated;
};

static uint8_t next_byte(struct cursor *c)
{
    if (c->at >= c->len || c->at >= INSN_MAX) {
        c->truncated = true;
        return 0;
    }
    return c->p[c->at++];
}

/* Little-endian and sign-extended, @n of 1, 2 or 4 bytes. */
static int64_t next_signed(struct cursor *c, unsigned int n)
{
    uint32_t v = 0;

    for (unsigned int i = 0; i < n; i++)
        v |= (uint32_t)next_byte(c) << (8 * i);
    return n == 1 ? (int8_t)v : n == 2 ? (int16_t)v : (int32_t)v;
}

struct prefixes {
    uint8_t rex;
    bool lock, opsize, addr32, rep, repne;
    uint8_t segment; /* 0x64 or 0x65; the others mean base 0 */
};

/* Prefixes, then returns the first byte of the opcode. */
static uint8_t decode_prefixes(struct cursor *c, struct prefixes *x)
{
    memset(x, 0, sizeof(*x));
    for (;;) {
        uint8_t b = next_byte(c);

        if (c->truncated)
            return 0;
        switch (b) {
        case 0xf0:
            x->lock = true;
            break;
        case 0xf2:
            x->repne = true;
            x->rep = false;
            break;
        case 0xf3:
            x->rep = true;
            x->repne = false;
            break;
        case 0x66:
            x->opsize = true;
            break;
        case 0x67:
            x->addr32 = true;
            break;
        case 0x26:
        case 0x2e:
        case 0x36:
        case 0x3e:
            x->segment = 0;
            break;
        case 0x64:
        case 0x65:
            x->segment = b;
            break;
        case 0x40 ... 0x4f:
            x->rex = b;
            continue; /* counts only right before the opcode */
        default:
            return b;
        }
        x->rex = 0;
    }
}

struct modrm {
    uint8_t mod, reg, rm; /* reg and rm with their REX bits */
    uint8_t reg3;         /* without: opcode extension */
    uint64_t base;        /* address but for rip, if not a register */
    bool rip_relative;
};

static void decode_modrm(struct cursor *c, const struct prefixes *x, const struct cpu_regs *regs,
                         struct modrm *m)
{
    uint8_t b = next_byte(c);

    m->mod = b >> 6;
    m->reg3 = (b >> 3) & 7;
    m->reg = (uint8_t)(m->reg3 | (x->rex & REX_R ? 8 : 0));
    m->rm = (uint8_t)((b & 7) | (x->rex & REX_B ? 8 : 0));
    m->base = 0;
    m->rip_relative = false;
    if (m->mod == 3)
        return;
    if ((b & 7) == 4) {
        uint8_t sib = next_byte(c);
        unsigned int index = ((sib >> 3) & 7u) | (x->rex & REX_X ? 8u : 0);
        unsigned int base = (sib & 7u) | (x->rex & REX_B ? 8u : 0);

        if (index != 4)
            m->base += reg_read(regs, index) << (sib >> 6);
        if ((sib & 7) == 5 && m->mod == 0)
            m->base += (uint64_t)next_signed(c, 4);
        else
            m->base += reg_read(regs, base);
    } else if ((b & 7) == 5 && m->mod == 0) {
        m->rip_relative = true;
        m->base = (uint64_t)next_signed(c, 4);
    } else {
        m->base = reg_read(regs, m->rm);
    }
    if (m->mod == 1)
        m->base += (uint64_t)next_signed(c, 1);
    else if (m->mod == 2)
        m->base += (uint64_t)next_signed(c, 4);
}

/* ---- stores ------------------------------------------------------------------------------------------ */

static unsigned int operand_size(const struct prefixes *x, bool byte_op)
{
    if (byte_op)
        return 1;
    return x->rex & REX_W ? 8 : x->opsize ? 2 : 4;
}

/* The register operand of a store, as value and as place for the result. */
static void source_reg(struct pt_write *w, const struct prefixes *x, const struct cpu_regs *regs,
                       uint8_t reg)
{
    w->high_byte = w->size == 1 && !x->rex && reg >= 4;
    w->reg = (int8_t)(w->high_byte ? reg - 4 : reg);
    w->value =
        (reg_read(regs, (unsigned int)w->reg) >> (w->high_byte ? 8 : 0)) & size_mask(w->size);
}

/* 80, 81, 83: add, or, adc, sbb, and, sub, xor, cmp; -1: none that stores without a carry */
static int group1_op(uint8_t ext)
{
    static const int8_t ops[8] = {PTW_ADD, PTW_OR, -1, -1, PTW_AND, PTW_SUB, PTW_XOR, -1};

    return ops[ext];
}

/* Bit operations with the bit in a register reach beyond the operand: move the address there. */
static void bit_string_address(struct pt_write *w, struct modrm *m)
{
    unsigned int bits = w->size * 8u;
    int64_t off = w->size == 8   ? (int64_t)w->value
                  : w->size == 4 ? (int32_t)w->value
                                 : (int16_t)w->value;

    m->base += (uint64_t)(off >> __builtin_ctz(bits)) * w->size;
    w->value = (uint64_t)off & (bits - 1);
    w->reg = -1;
}

/* Two-byte opcodes (after 0f). Returns the operation or -1; fills the rest of @w. */
static int decode_write_0f(struct cursor *c, const struct prefixes *x, const struct cpu_regs *regs,
                           struct pt_write *w, struct modrm *m)
{
    static const int8_t bit_ops[4] = {-1, PTW_BTS, PTW_BTR, PTW_BTC};
    uint8_t b = next_byte(c);

    if (c->truncated)
        return -1;
    switch (b) {
    case 0xab: /* bts, btr, btc r/m, r */
    case 0xb3:
    case 0xbb:
        w->size = (uint8_t)operand_size(x, false);
        decode_modrm(c, x, regs, m);
        source_reg(w, x, regs, m->reg);
        bit_string_address(w, m);
        return bit_ops[(b >> 3) & 3];
    case 0xba: /* the same with imm8 */
        w->size = (uint8_t)operand_size(x, false);
        decode_modrm(c, x, regs, m);
        w->value = (uint64_t)next_signed(c, 1) & (w->size * 8u - 1);
        return m->reg3 >= 4 ? bit_ops[m->reg3 & 3] : -1;
    case 0xb0: /* cmpxchg */
    case 0xb1:
    case 0xc0: /* xadd */
    case 0xc1:
        w->size = (uint8_t)operand_size(x, !(b & 1));
        decode_modrm(c, x, regs, m);
        source_reg(w, x, regs, m->reg);
        return b < 0xc0 ? PTW_CMPXCHG : PTW_XADD;
    default:
        return -1;
    }
}

static int decode_write_1(struct cursor *c, const struct prefixes *x, const struct cpu_regs *regs,
                          struct pt_write *w, struct modrm *m, uint8_t b)
{
    w->size = (uint8_t)operand_size(x, !(b & 1));
    switch (b) {
    case 0x00: /* op r/m, r */
    case 0x01:
    case 0x08:
    case 0x09:
    case 0x20:
    case 0x21:
    case 0x28:
    case 0x29:
    case 0x30:
    case 0x31:
        decode_modrm(c, x, regs, m);
        source_reg(w, x, regs, m->reg);
        w->reg = -1;
        return group1_op(b >> 3);
    case 0x80: /* op r/m, imm */
    case 0x81:
    case 0x83:
        decode_modrm(c, x, regs, m);
        w->value = (uint64_t)next_signed(c, b == 0x81 ? min(w->size, 4u) : 1) & size_mask(w->size);
        return group1_op(m->reg3);
    case 0x86: /* xchg */
    case 0x87:
        decode_modrm(c, x, regs, m);
        source_reg(w, x, regs, m->reg);
        return PTW_XCHG;
    case 0x88: /* mov r/m, r */
    case 0x89:
        decode_modrm(c, x, regs, m);
        source_reg(w, x, regs, m->reg);
        w->reg = -1;
        return PTW_MOV;
    case 0xc6: /* mov r/m, imm */
    case 0xc7:
        decode_modrm(c, x, regs, m);
        w->value = (uint64_t)next_signed(c, min(w->size, 4u)) & size_mask(w->size);
        return m->reg3 == 0 ? PTW_MOV : -1;
    case 0xf6: /* not */
    case 0xf7:
        decode_modrm(c, x, regs, m);
        return m->reg3 == 2 ? PTW_NOT : -1;
    case 0xfe: /* inc, dec */
    case 0xff:
        decode_modrm(c, x, regs, m);
        w->value = 1;
        return m->reg3 == 0 ? PTW_INC : m->reg3 == 1 ? PTW_DEC : -1;
    default:
        return -1;
    }
}

int decode_write(const uint8_t *insn, size_t len, const struct cpu_regs *regs, struct pt_write *out)
{
    struct cursor c = {.p = insn, .len = len};
    struct prefixes x;
    struct modrm m = {.mod = 3};
    uint8_t b = decode_prefixes(&c, &x);
    int op;

    memset(out, 0, sizeof(*out));
    out->reg = -1;
    if (c.truncated)
        return c.at >= INSN_MAX ? -EINVAL : -ENODATA;
    op = b == 0x0f ? decode_write_0f(&c, &x, regs, out, &m)
                   : decode_write_1(&c, &x, regs, out, &m, b);
    if (c.truncated)
        return c.at >= INSN_MAX ? -EINVAL : -ENODATA;
    if (op < 0 || m.mod == 3 || x.segment)
        return -EINVAL;
    if (x.lock && op == PTW_MOV) /* #UD on hardware */
        return -EINVAL;
    out->op = (enum pt_write_op)op;
    out->len = (uint8_t)c.at;
    out->lock = x.lock || op == PTW_XCHG;
    out->addr = m.base + (m.rip_relative ? regs->rip + c.at : 0);
    if (x.addr32)
        out->addr = (uint32_t)out->addr;
    return 0;
}

static uint64_t result_flags(uint64_t v, unsigned int size)
{
    uint64_t f = 0;

    v &= size_mask(size);
    if (!v)
        f |= FLAG_ZF;
    if (v >> (size * 8 - 1))
        f |= FLAG_SF;
    if (!(__builtin_popcount((unsigned int)(v & 0xff)) & 1))
        f |= FLAG_PF;
    return f;
}

/* Flags of @a + @b = @r, or of @a - @b = @r. */
static uint64_t add_flags(uint64_t a, uint64_t b, uint64_t r, unsigned int size)
{
    uint64_t f = result_flags(r, size), top = 1ull << (size * 8 - 1);

    if ((r & size_mask(size)) < (a & size_mask(size)))
        f |= FLAG_CF;
    if ((a ^ r) & (b ^ r) & top)
        f |= FLAG_OF;
    if ((a ^ b ^ r) & 0x10)
        f |= FLAG_AF;
    return f;
}
static uint64_t sub_flags(uint64_t a, uint64_t b, uint64_t r, unsigned int size)
{
    uint64_t f = result_flags(r, size), top = 1ull << (size * 8 - 1);

    if ((a & size_mask(size)) < (b & size_mask(size)))
        f |= FLAG_CF;
    if ((a ^ b) & (a ^ r) & top)
        f |= FLAG_OF;
    if ((a ^ b ^ r) & 0x10)
        f |= FLAG_AF;
    return f;
}

static void set_flags(struct cpu_regs *regs, uint64_t which, uint64_t f)
{
    regs->rflags = (regs->rflags & ~which) | (f & which);
}

bool pt_write_apply(const struct pt_write *w, uint64_t old, uint64_t *new, struct cpu_regs *regs)
{
    uint64_t mask = size_mask(w->size), v = w->value & mask, r = 0, acc;
    bool store = true;

    old &= mask;
    switch (w->op) {
    case PTW_MOV:
        r = v;
        break;
    case PTW_XCHG:
        r = v;
        reg_write(regs, (unsigned int)w->reg, w->high_byte, w->size, old);
        break;
    case PTW_CMPXCHG:
        acc = regs->rax & mask;
        set_flags(regs, FLAGS_ARITH, sub_flags(acc, old, acc - old, w->size));
        if (acc == old) {
            r = v;
        } else {
            reg_write(regs, 0, false, w->size, old);
            store = false;
        }
        break;
    case PTW_XADD:
        r = old + v;
        set_flags(regs, FLAGS_ARITH, add_flags(old, v, r, w->size));
        reg_write(regs, (unsigned int)w->reg, w->high_byte, w->size, old);
        break;
    case PTW_ADD:
        r = old + v;
        set_flags(regs, FLAGS_ARITH, add_flags(old, v, r, w->size));
        break;
    case PTW_SUB:
        r = old - v;
        set_flags(regs, FLAGS_ARITH, sub_flags(old, v, r, w->size));
        break;
    case PTW_AND:
    case PTW_OR:
    case PTW_XOR:
        r = w->op == PTW_AND ? old & v : w->op == PTW_OR ? old | v : old ^ v;
        set_flags(regs, FLAGS_ARITH & ~FLAG_AF, result_flags(r, w->size));
        break;
    case PTW_BTS:
    case PTW_BTR:
    case PTW_BTC:
        v = 1ull << (w->value & (w->size * 8u - 1));
        r = w->op == PTW_BTS ? old | v : w->op == PTW_BTR ? old & ~v : old ^ v;
        set_flags(regs, FLAG_CF, old & v ? FLAG_CF : 0);
        break;
    case PTW_INC:
        r = old + 1;
        set_flags(regs, FLAGS_ARITH & ~FLAG_CF, add_flags(old, 1, r, w->size));
        break;
    case PTW_DEC:
        r = old - 1;
        set_flags(regs, FLAGS_ARITH & ~FLAG_CF, sub_flags(old, 1, r, w->size));
        break;
    case PTW_NOT:
        r = ~old;
        break;
    }
    *new = r &mask;
    return store;
}

/* ---- privileged instructions --------------------------------------------------------------------------- */

static int decode_priv_0f01(struct cursor *c, const struct prefixes *x, struct priv_insn *out)
{
    struct cpu_regs none = {0};
    struct modrm m;
    uint8_t b = c->at < c->len ? c->p[c->at] : 0;

    decode_modrm(c, x, &none, &m);
    if (b == 0xd1)
        return PRIV_XSETBV;
    if (b == 0xf9)
        return PRIV_RDTSCP;
    out->reg = m.rm;
    if (m.reg3 == 6 && m.mod == 3)
        return PRIV_LMSW;
    if (m.reg3 == 4 && m.mod == 3)
        return PRIV_SMSW;
    if (m.reg3 == 7 && m.mod != 3)
        return PRIV_INVLPG;
    return -1;
}

static int decode_priv_0f(struct cursor *c, const struct prefixes *x, struct priv_insn *out)
{
    uint8_t b = next_byte(c), modrm;

    switch (b) {
    case 0x01:
        return decode_priv_0f01(c, x, out);
    case 0x06:
        return PRIV_CLTS;
    case 0x08:
        return PRIV_INVD;
    case 0x09:
        return PRIV_WBINVD;
    case 0x20: /* mod is ignored: always registers */
    case 0x21:
    case 0x22:
    case 0x23:
        modrm = next_byte(c);
        out->number = (uint8_t)(((modrm >> 3) & 7) | (x->rex & REX_R ? 8 : 0));
        out->reg = (uint8_t)((modrm & 7) | (x->rex & REX_B ? 8 : 0));
        return b == 0x20   ? PRIV_MOV_FROM_CR
               : b == 0x21 ? PRIV_MOV_FROM_DR
               : b == 0x22 ? PRIV_MOV_TO_CR
                           : PRIV_MOV_TO_DR;
    case 0x30:
        return PRIV_WRMSR;
    case 0x31:
        return PRIV_RDTSC;
    case 0x32:
        return PRIV_RDMSR;
    case 0x33:
        return PRIV_RDPMC;
    case 0xa2:
        return PRIV_CPUID;
    default:
        return -1;
    }
}

static int decode_priv_1(struct cursor *c, const struct prefixes *x, struct priv_insn *out,
                         uint8_t b)
{
    out->size = b & 1 ? (x->opsize ? 2 : 4) : 1;
    out->port = -1;
    switch (b) {
    case 0x6c:
    case 0x6d:
        return PRIV_INS;
    case 0x6e:
    case 0x6f:
        return PRIV_OUTS;
    case 0xe4:
    case 0xe5:
        out->port = next_byte(c);
        return PRIV_IN;
    case 0xe6:
    case 0xe7:
        out->port = next_byte(c);
        return PRIV_OUT;
    case 0xec:
    case 0xed:
        return PRIV_IN;
    case 0xee:
    case 0xef:
        return PRIV_OUT;
    case 0xf4:
        return PRIV_HLT;
    case 0xfa:
        return PRIV_CLI;
    case 0xfb:
        return PRIV_STI;
    default:
        return -1;
    }
}

int decode_privileged(const uint8_t *insn, size_t len, struct priv_insn *out)
{
    struct cursor c = {.p = insn, .len = len};
    struct prefixes x;
    uint8_t b = decode_prefixes(&c, &x);
    int op;

    memset(out, 0, sizeof(*out));
    if (c.truncated)
        return c.at >= INSN_MAX ? -EINVAL : -ENODATA;
    op = b == 0x0f ? decode_priv_0f(&c, &x, out) : decode_priv_1(&c, &x, out, b);
    if (c.truncated)
        return c.at >= INSN_MAX ? -EINVAL : -ENODATA;
    if (op < 0 || x.lock)
        return -EINVAL;
    out->op = (enum priv_op)op;
    out->len = (uint8_t)c.at;
    out->rep = x.rep || x.repne;
    out->addr32 = x.addr32;
    out->segment = x.segment;
    return 0;
}
