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
#define AT(r) offsetof(struct cpu_regs, r)
    static const uint8_t at[16] = {AT(rax), AT(rcx), AT(rdx), AT(rbx), AT(rsp), AT(rbp),
                                   AT(rsi), AT(rdi), AT(r8),  AT(r9),  AT(r10), AT(r11),
                                   AT(r12), AT(r13), AT(r14), AT(r15)};
#undef AT

    return (uint64_t *)((char *)regs + at[n & 15]);
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

/* More bytes might help a truncated instruction, if it is not at its limit. */
static int decode_error(const struct cursor *c)
{
    return c->at >= INSN_MAX ? -EINVAL : -ENODATA;
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
    bool lock, opsize, addr32, rep;
    uint8_t segment; /* 0x64 or 0x65; the others mean base 0 */
};

/* Prefixes, then returns the opcode: one byte, or 0x0f and another. */
static unsigned int decode_opcode(struct cursor *c, struct prefixes *x)
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
        case 0xf3: /* of ins and outs the same */
            x->rep = true;
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
            return b == 0x0f ? 0x0f00u | next_byte(c) : b;
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

/* Where the second operand of a store comes from. */
enum source {
    NONE,
    REG,     /* the modrm byte's register */
    REG_TOO, /* the same, and it may get a result */
    IMM,     /* an immediate behind the address */
    BIT_REG, /* a bit's number in a register; no form on bytes */
    BIT_IMM8,
};

/* Opcodes of full size; but for bit operations the opcode below is the same on bytes. */
static const struct store {
    uint16_t opcode; /* 0x0f..: two bytes */
    int8_t ext;      /* the modrm byte's opcode extension; -1: it names a register there */
    uint8_t source;
    uint8_t op;
} stores[] = {
    {0x01, -1, REG, PTW_ADD},
    {0x09, -1, REG, PTW_OR},
    {0x21, -1, REG, PTW_AND},
    {0x29, -1, REG, PTW_SUB},
    {0x31, -1, REG, PTW_XOR},
    {0x81, 0, IMM, PTW_ADD},
    {0x81, 1, IMM, PTW_OR},
    {0x81, 4, IMM, PTW_AND},
    {0x81, 5, IMM, PTW_SUB},
    {0x81, 6, IMM, PTW_XOR},
    {0x87, -1, REG_TOO, PTW_XCHG},
    {0x89, -1, REG, PTW_MOV},
    {0xc7, 0, IMM, PTW_MOV},
    {0xf7, 2, NONE, PTW_NOT},
    {0xff, 0, NONE, PTW_INC},
    {0xff, 1, NONE, PTW_DEC},
    {0x0fab, -1, BIT_REG, PTW_BTS},
    {0x0fb3, -1, BIT_REG, PTW_BTR},
    {0x0fbb, -1, BIT_REG, PTW_BTC},
    {0x0fba, 5, BIT_IMM8, PTW_BTS},
    {0x0fba, 6, BIT_IMM8, PTW_BTR},
    {0x0fba, 7, BIT_IMM8, PTW_BTC},
    {0x0fb1, -1, REG_TOO, PTW_CMPXCHG},
    {0x0fc1, -1, REG_TOO, PTW_XADD},
};

static const struct store *store_find(unsigned int opcode, unsigned int ext)
{
    for (const struct store *s = stores; s < stores + ARRAY_SIZE(stores); s++) {
        if (s->opcode == (s->source < BIT_REG ? opcode | 1 : opcode) &&
            (s->ext < 0 || (unsigned int)s->ext == ext))
            return s;
    }
    return NULL;
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

/* Bit operations with the bit in a register reach beyond the operand: move the address there. */
static void bit_string_address(struct pt_write *w, struct modrm *m)
{
    unsigned int bits = w->size * 8u;
    int64_t off = w->size == 8   ? (int64_t)w->value
                  : w->size == 4 ? (int32_t)w->value
                                 : (int16_t)w->value;

    m->base += (uint64_t)(off >> __builtin_ctz(bits)) * w->size;
    w->value = (uint64_t)off & (bits - 1);
}

int decode_write(const uint8_t *insn, size_t len, const struct cpu_regs *regs, struct pt_write *out)
{
    struct cursor c = {.p = insn, .len = len};
    const struct store *s;
    struct prefixes x;
    struct modrm m;
    unsigned int opcode = decode_opcode(&c, &x), imm_max = 4;

    memset(out, 0, sizeof(*out));
    out->reg = -1;
    decode_modrm(&c, &x, regs, &m); /* all stores have one */
    if (opcode == 0x83) {           /* 81 with an immediate of one byte */
        opcode = 0x81;
        imm_max = 1;
    }
    if (c.truncated)
        return decode_error(&c);
    s = store_find(opcode, m.reg3);
    if (!s || m.mod == 3 || x.segment || (x.lock && s->op == PTW_MOV)) /* lock mov: #UD */
        return -EINVAL;
    out->size = s->source < BIT_REG && !(opcode & 1) ? 1 : x.rex & REX_W ? 8 : x.opsize ? 2 : 4;
    switch ((enum source)s->source) {
    case NONE:
        out->value = 1; /* of inc and dec */
        break;
    case REG:
    case REG_TOO:
    case BIT_REG:
        source_reg(out, &x, regs, m.reg);
        if (s->source == BIT_REG)
            bit_string_address(out, &m);
        if (s->source != REG_TOO)
            out->reg = -1;
        break;
    case IMM:
        out->value = (uint64_t)next_signed(&c, min(out->size, imm_max)) & size_mask(out->size);
        break;
    case BIT_IMM8:
        out->value = (uint64_t)next_signed(&c, 1) & (out->size * 8u - 1);
        break;
    }
    if (c.truncated)
        return decode_error(&c);
    out->op = (enum pt_write_op)s->op;
    out->len = (uint8_t)c.at;
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

/* Flags of @a + @b = @sum but for those that tell of the result. A difference a - b = r is r + b = a. */
static uint64_t carry_flags(uint64_t a, uint64_t b, uint64_t sum, unsigned int size)
{
    uint64_t f = 0, top = 1ull << (size * 8 - 1);

    if ((sum & size_mask(size)) < (a & size_mask(size)))
        f |= FLAG_CF;
    if ((a ^ sum) & (b ^ sum) & top)
        f |= FLAG_OF;
    if ((a ^ b ^ sum) & 0x10)
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
    case PTW_XCHG:
        r = v;
        break;
    case PTW_CMPXCHG:
        acc = regs->rax & mask;
        set_flags(regs, FLAGS_ARITH,
                  result_flags(acc - old, w->size) | carry_flags(acc - old, old, acc, w->size));
        store = acc == old;
        if (store)
            r = v;
        else
            reg_write(regs, 0, false, w->size, old);
        break;
    case PTW_ADD:
    case PTW_XADD:
    case PTW_INC:
        r = old + v;
        set_flags(regs, w->op == PTW_INC ? FLAGS_ARITH & ~FLAG_CF : FLAGS_ARITH,
                  result_flags(r, w->size) | carry_flags(old, v, r, w->size));
        break;
    case PTW_SUB:
    case PTW_DEC:
        r = old - v;
        set_flags(regs, w->op == PTW_DEC ? FLAGS_ARITH & ~FLAG_CF : FLAGS_ARITH,
                  result_flags(r, w->size) | carry_flags(r, v, old, w->size));
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
    case PTW_NOT:
        r = ~old;
        break;
    }
    if (w->op == PTW_XCHG || w->op == PTW_XADD)
        reg_write(regs, (unsigned int)w->reg, w->high_byte, w->size, old);
    *new = r &mask;
    return store;
}

/* ---- privileged instructions --------------------------------------------------------------------------- */

static int decode_priv_op(struct cursor *c, const struct prefixes *x, unsigned int opcode,
                          struct priv_insn *out)
{
    uint8_t modrm;

    switch (opcode) {
    case 0x6c ... 0x6d:
        return PRIV_INS;
    case 0x6e ... 0x6f:
        return PRIV_OUTS;
    case 0xe4 ... 0xe5:
        out->port = next_byte(c);
        return PRIV_IN;
    case 0xe6 ... 0xe7:
        out->port = next_byte(c);
        return PRIV_OUT;
    case 0xec ... 0xed:
        return PRIV_IN;
    case 0xee ... 0xef:
        return PRIV_OUT;
    case 0xfa:
        return PRIV_CLI;
    case 0xfb:
        return PRIV_STI;
    case 0x0f01:
        return next_byte(c) == 0xd1 ? PRIV_XSETBV : -1;
    case 0x0f06:
        return PRIV_CLTS;
    case 0x0f08:
        return PRIV_INVD;
    case 0x0f09:
        return PRIV_WBINVD;
    case 0x0f20 ... 0x0f23: /* mod is ignored: always registers */
        modrm = next_byte(c);
        out->number = (uint8_t)(((modrm >> 3) & 7) | (x->rex & REX_R ? 8 : 0));
        out->reg = (uint8_t)((modrm & 7) | (x->rex & REX_B ? 8 : 0));
        return PRIV_MOV_FROM_CR + (int)(opcode & 3);
    case 0x0f30:
        return PRIV_WRMSR;
    case 0x0f32:
        return PRIV_RDMSR;
    default:
        return -1;
    }
}

int decode_privileged(const uint8_t *insn, size_t len, struct priv_insn *out)
{
    struct cursor c = {.p = insn, .len = len};
    struct prefixes x;
    unsigned int opcode = decode_opcode(&c, &x);
    int op;

    memset(out, 0, sizeof(*out));
    out->size = opcode & 1 ? (x.opsize ? 2 : 4) : 1;
    out->port = -1;
    op = decode_priv_op(&c, &x, opcode, out);
    if (c.truncated)
        return decode_error(&c);
    if (op < 0 || x.lock || (op == PRIV_INS && x.addr32) ||
        (op == PRIV_OUTS && (x.addr32 || x.segment)))
        return -EINVAL;
    out->op = (enum priv_op)op;
    out->len = (uint8_t)c.at;
    out->rep = x.rep;
    return 0;
}
