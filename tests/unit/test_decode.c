/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The instruction decoder. Stores are compared with the CPU that runs this test: each instruction is
 * carried out both by the decoder on a copy and by the CPU itself on memory and registers of its own.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <sys/mman.h>

#include <asm/decode.h>
#include <hv/errno.h>

/* What the stub loads and stores: rax rcx rdx rbx rsi rdi r8 r9 r10 r11, flags. */
struct machine {
    uint64_t reg[10], flags;
};
static uint8_t *code;
static const uint8_t stub_regs[10] = {0, 1, 2, 3, 6, 7, 8, 9, 10, 11};

static int setup_code(void **state)
{
    code = mmap(NULL, 4096, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    return code == MAP_FAILED;
}

/* mov between register @n and [r15 + 8 * slot] */
static uint8_t *emit_move(uint8_t *p, bool load, unsigned int n, unsigned int slot)
{
    *p++ = (uint8_t)(0x49 | (n >= 8 ? 4 : 0));
    *p++ = load ? 0x8b : 0x89;
    *p++ = (uint8_t)(0x47 | (n & 7) << 3);
    *p++ = (uint8_t)(slot * 8);
    return p;
}

/* Run @insn with @m; r15 holds @m inside. Returns the address of the instruction. */
static void run_on_cpu(const uint8_t *insn, size_t len, struct machine *m)
{
    static const uint8_t enter[] = {0x53, 0x41, 0x57, 0x49, 0x89,
                                    0xff,                          /* push rbx, r15; mov r15, rdi */
                                    0x41, 0xff, 0x77, 80,   0x9d}; /* push [r15+80]; popfq */
    static const uint8_t leave[] = {0x9c, 0x41, 0x8f, 0x47, 80,    /* pushfq; pop [r15+80] */
                                    0xfc, 0x41, 0x5f, 0x5b, 0xc3}; /* cld; pop r15, rbx; ret */
    uint8_t *p = code;

    memcpy(p, enter, sizeof(enter));
    p += sizeof(enter);
    for (unsigned int i = 0; i < 10; i++)
        p = emit_move(p, true, stub_regs[i], i);
    memcpy(p, insn, len);
    p += len;
    for (unsigned int i = 0; i < 10; i++)
        p = emit_move(p, false, stub_regs[i], i);
    memcpy(p, leave, sizeof(leave));
    ((void (*)(struct machine *))(void *)code)(m);
}

static uint64_t random64(void)
{
    uint64_t v = 0;

    for (int i = 0; i < 5; i++)
        v = v << 13 ^ (uint64_t)random();
    switch (random() % 4) { /* near the edges as well */
    case 0:
        return v & 0xff;
    case 1:
        return (uint64_t) - (int64_t)(v & 0xff);
    default:
        return v;
    }
}

#define ARITH 0x8d5u
static uint64_t memory[64], memory_cpu[64];

/* Flags that the manual leaves undefined after @w. */
static uint64_t undefined_flags(const struct pt_write *w)
{
    switch (w->op) {
    case PTW_AND:
    case PTW_OR:
    case PTW_XOR:
        return 0x10;
    case PTW_BTS:
    case PTW_BTR:
    case PTW_BTC:
        return 0x8d4 & ~0x40u;
    default:
        return 0;
    }
}

/* @insn addresses memory through rdi. */
static void compare(const uint8_t *insn, size_t len)
{
    struct cpu_regs regs = {0}, before;
    struct machine m;
    struct pt_write w;
    uint64_t old = 0, new;
    char *at;
    bool store;

    for (unsigned int i = 0; i < 64; i++)
        memory[i] = random64();
    for (unsigned int i = 0; i < 10; i++)
        m.reg[i] = random64();
    m.reg[4] = (uint64_t)random() % 64; /* rsi: index */
    m.reg[5] = (uint64_t)(uintptr_t)&memory[32];
    m.reg[2] = (uint64_t)(random() % 1024) - 512; /* rdx: bit number or value */
    if (random() % 2)
        m.reg[0] = memory[32]; /* rax: let some cmpxchg succeed */
    m.flags = 0x202 | ((uint64_t)random() & ARITH);
    for (unsigned int i = 0; i < 10; i++)
        *cpu_reg(&regs, stub_regs[i]) = m.reg[i];
    regs.rflags = m.flags;
    regs.rip = 0x1000;
    before = regs;

    assert_int_equal(decode_write(insn, len, &regs, &w), 0);
    assert_memory_equal(&regs, &before, sizeof(regs));
    assert_int_equal(w.len, len);
    at = (char *)(uintptr_t)w.addr;
    assert_true(at >= (char *)memory && at + w.size <= (char *)(memory + 64));

    memcpy(memory_cpu, memory, sizeof(memory));
    memcpy(&old, at, w.size);
    store = pt_write_apply(&w, old, &new, &regs);
    run_on_cpu(insn, len, &m); /* on `memory` itself */
    if (store)
        memcpy((char *)memory_cpu + (at - (char *)memory), &new, w.size);
    assert_memory_equal(memory, memory_cpu, sizeof(memory));
    for (unsigned int i = 0; i < 10; i++)
        assert_int_equal(*cpu_reg(&regs, stub_regs[i]), m.reg[i]);
    assert_int_equal((regs.rflags ^ m.flags) & ARITH & ~undefined_flags(&w), 0);
}

/* Opcode bytes with a modrm of form [rdi], [rdi+8], [rdi-0x80 as disp32], [rdi+rsi*2]; all sizes. */
static void compare_forms(const uint8_t *opcode, size_t n, int reg, size_t imm, bool byte_op,
                          bool lock)
{
    for (unsigned int round = 0; round < 400; round++) {
        uint8_t insn[16];
        size_t at = 0;
        unsigned int size = byte_op ? 0 : (unsigned int)random() % 3;
        unsigned int r = reg >= 0 ? (unsigned int)reg : stub_regs[random() % 10];
        uint8_t rex = 0;

        if (lock && random() % 2)
            insn[at++] = 0xf0;
        if (size == 1)
            insn[at++] = 0x66;
        if (size == 2)
            rex = 0x48;
        if (r >= 8)
            rex |= 0x44;
        if (byte_op && random() % 2)
            rex |= 0x40;
        if (reg < 0 && byte_op && !rex && r >= 4 && r < 8)
            r = 4 + r % 4; /* ah, ch, dh, bh */
        if (rex)
            insn[at++] = rex;
        memcpy(insn + at, opcode, n);
        at += n;
        switch (random() % 4) {
        case 0:
            insn[at++] = (uint8_t)((r & 7) << 3 | 7);
            break;
        case 1:
            insn[at++] = (uint8_t)(0x47 | (r & 7) << 3);
            insn[at++] = 8;
            break;
        case 2:
            insn[at++] = (uint8_t)(0x87 | (r & 7) << 3);
            memcpy(insn + at, &(int32_t){-32}, 4);
            at += 4;
            break;
        default:
            insn[at++] = (uint8_t)(0x04 | (r & 7) << 3);
            insn[at++] = 0x77; /* [rdi + rsi*2] */
            break;
        }
        for (size_t i = 0; i < (imm == 4 && size == 1 ? 2 : imm); i++)
            insn[at++] = (uint8_t)random();
        compare(insn, at);
    }
}

static void stores_do_what_the_cpu_does(void **state)
{
    static const uint8_t arith[] = {0x01, 0x09, 0x21, 0x29, 0x31};
    static const uint8_t groups[] = {0, 1, 4, 5, 6};

    srandom(1);
    for (size_t i = 0; i < sizeof(arith); i++) {
        compare_forms(&arith[i], 1, -1, 0, false, true);
        compare_forms((uint8_t[]){arith[i] - 1}, 1, -1, 0, true, true);
    }
    for (size_t i = 0; i < sizeof(groups); i++) {
        compare_forms((uint8_t[]){0x80}, 1, groups[i], 1, true, true);
        compare_forms((uint8_t[]){0x81}, 1, groups[i], 4, false, true);
        compare_forms((uint8_t[]){0x83}, 1, groups[i], 1, false, true);
    }
    compare_forms((uint8_t[]){0x88}, 1, -1, 0, true, false);
    compare_forms((uint8_t[]){0x89}, 1, -1, 0, false, false);
    compare_forms((uint8_t[]){0xc6}, 1, 0, 1, true, false);
    compare_forms((uint8_t[]){0xc7}, 1, 0, 4, false, false);
    compare_forms((uint8_t[]){0x86}, 1, -1, 0, true, true);
    compare_forms((uint8_t[]){0x87}, 1, -1, 0, false, true);
    compare_forms((uint8_t[]){0x0f, 0xb0}, 2, -1, 0, true, true);
    compare_forms((uint8_t[]){0x0f, 0xb1}, 2, -1, 0, false, true);
    compare_forms((uint8_t[]){0x0f, 0xc0}, 2, -1, 0, true, true);
    compare_forms((uint8_t[]){0x0f, 0xc1}, 2, -1, 0, false, true);
    for (uint8_t op = 0xab; op <= 0xbb; op = (uint8_t)(op + 8))
        compare_forms((uint8_t[]){0x0f, op}, 2, 2, 0, false, true); /* bit in rdx */
    for (int ext = 5; ext <= 7; ext++)
        compare_forms((uint8_t[]){0x0f, 0xba}, 2, ext, 1, false, true);
    compare_forms((uint8_t[]){0xff}, 1, 0, 0, false, true);
    compare_forms((uint8_t[]){0xff}, 1, 1, 0, false, true);
    compare_forms((uint8_t[]){0xfe}, 1, 0, 0, true, true);
    compare_forms((uint8_t[]){0xf7}, 1, 2, 0, false, true);
}

#define DECODE(w, regs, ...)                   \
    ({                                         \
        const uint8_t b_[] = {__VA_ARGS__};    \
        decode_write(b_, sizeof(b_), regs, w); \
    })

static void addresses_are_computed(void **state)
{
    struct cpu_regs r = {.rip = 0x1000,
                         .rbx = 0x100,
                         .r12 = 0x10,
                         .r13 = 0x20,
                         .rsp = 0x7000,
                         .rbp = 0xffffffff00000000};
    struct pt_write w;

    /* mov [rip+0x10], rax ; then with an immediate behind the displacement */
    assert_int_equal(DECODE(&w, &r, 0x48, 0x89, 0x05, 0x10, 0, 0, 0), 0);
    assert_int_equal(w.addr, 0x1000 + 7 + 0x10);
    assert_int_equal(DECODE(&w, &r, 0x48, 0xc7, 0x05, 0x10, 0, 0, 0, 1, 0, 0, 0), 0);
    assert_int_equal(w.addr, 0x1000 + 11 + 0x10);
    assert_int_equal(w.value, 1);
    /* [rsp], [r12], [r13+0], [r13+r12*8+disp8], absolute */
    assert_int_equal(DECODE(&w, &r, 0x48, 0x89, 0x04, 0x24), 0);
    assert_int_equal(w.addr, 0x7000);
    assert_int_equal(DECODE(&w, &r, 0x49, 0x89, 0x04, 0x24), 0);
    assert_int_equal(w.addr, 0x10);
    assert_int_equal(DECODE(&w, &r, 0x49, 0x89, 0x45, 0x00), 0);
    assert_int_equal(w.addr, 0x20);
    assert_int_equal(DECODE(&w, &r, 0x4b, 0x89, 0x44, 0xe5, 0xff), 0);
    assert_int_equal(w.addr, 0x20 + 0x80 - 1);
    assert_int_equal(DECODE(&w, &r, 0x48, 0x89, 0x04, 0x25, 0, 0, 0, 0x80), 0);
    assert_int_equal(w.addr, 0xffffffff80000000);
    /* 32-bit address; segment overrides */
    assert_int_equal(DECODE(&w, &r, 0x67, 0x48, 0x89, 0x45, 0x08), 0);
    assert_int_equal(w.addr, 8);
    assert_int_equal(DECODE(&w, &r, 0x3e, 0x48, 0x89, 0x03), 0);
    assert_int_equal(DECODE(&w, &r, 0x65, 0x48, 0x89, 0x03), -EINVAL);
    assert_int_equal(DECODE(&w, &r, 0x64, 0x48, 0x89, 0x03), -EINVAL);
}

static void other_instructions_are_refused(void **state)
{
    struct cpu_regs r = {0};
    struct pt_write w;

    assert_int_equal(DECODE(&w, &r, 0x48, 0x8b, 0x03), -EINVAL);       /* load */
    assert_int_equal(DECODE(&w, &r, 0x48, 0x89, 0xc3), -EINVAL);       /* register to register */
    assert_int_equal(DECODE(&w, &r, 0xf0, 0x48, 0x89, 0x03), -EINVAL); /* lock mov */
    assert_int_equal(DECODE(&w, &r, 0x48, 0x83, 0x3b, 0), -EINVAL);    /* cmp */
    assert_int_equal(DECODE(&w, &r, 0x48, 0x83, 0x13, 0), -EINVAL);    /* adc */
    assert_int_equal(DECODE(&w, &r, 0x0f, 0xba, 0x23, 1), -EINVAL);    /* bt */
    assert_int_equal(DECODE(&w, &r, 0x0f, 0xc7, 0x0b), -EINVAL);       /* cmpxchg8b */
    assert_int_equal(DECODE(&w, &r, 0x48, 0xc7, 0x0b, 0, 0, 0, 0), -EINVAL); /* c7 /1 */
    assert_int_equal(DECODE(&w, &r, 0xff, 0x33), -EINVAL);                   /* push */
    assert_int_equal(DECODE(&w, &r, 0xc5, 0xf8, 0x77), -EINVAL);             /* vzeroupper */
}

static void short_and_endless_instructions(void **state)
{
    static const uint8_t insn[] = {0xf0, 0x48, 0x81, 0x8c, 0x9b, 1, 2, 3, 4, 5, 6, 7, 8};
    uint8_t prefixes[32];
    struct cpu_regs r = {0};
    struct priv_insn p;
    struct pt_write w;

    for (size_t n = 0; n < sizeof(insn); n++)
        assert_int_equal(decode_write(insn, n, &r, &w), -ENODATA);
    assert_int_equal(decode_write(insn, sizeof(insn), &r, &w), 0);
    memset(prefixes, 0x66, sizeof(prefixes));
    assert_int_equal(decode_write(prefixes, 14, &r, &w), -ENODATA);
    assert_int_equal(decode_write(prefixes, sizeof(prefixes), &r, &w), -EINVAL);
    assert_int_equal(decode_privileged(prefixes, sizeof(prefixes), &p), -EINVAL);
    assert_int_equal(decode_privileged(prefixes, 3, &p), -ENODATA);
    assert_int_equal(decode_privileged(insn, 0, &p), -ENODATA);
}

#define PRIV(p, ...)                          \
    ({                                        \
        const uint8_t b_[] = {__VA_ARGS__};   \
        decode_privileged(b_, sizeof(b_), p); \
    })

static void privileged_instructions_are_known(void **state)
{
    static const struct {
        uint8_t bytes[4];
        uint8_t len;
        enum priv_op op;
    } table[] = {
        {{0xfa}, 1, PRIV_CLI},          {{0xfb}, 1, PRIV_STI},
        {{0x0f, 0x06}, 2, PRIV_CLTS},   {{0x0f, 0x08}, 2, PRIV_INVD},
        {{0x0f, 0x09}, 2, PRIV_WBINVD}, {{0x0f, 0x30}, 2, PRIV_WRMSR},
        {{0x0f, 0x32}, 2, PRIV_RDMSR},  {{0x0f, 0x01, 0xd1}, 3, PRIV_XSETBV},
    };
    struct priv_insn p;

    for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
        assert_int_equal(decode_privileged(table[i].bytes, table[i].len, &p), 0);
        assert_int_equal(p.op, table[i].op);
        assert_int_equal(p.len, table[i].len);
        if (table[i].len > 1)
            assert_int_equal(decode_privileged(table[i].bytes, table[i].len - 1u, &p), -ENODATA);
    }
    assert_int_equal(PRIV(&p, 0x90), -EINVAL);
    assert_int_equal(PRIV(&p, 0x0f, 0x0b), -EINVAL);
    assert_int_equal(PRIV(&p, 0xf0, 0xfa), -EINVAL);
    assert_int_equal(PRIV(&p, 0xcd, 0x80), -EINVAL);
    assert_int_equal(PRIV(&p, 0xf4), -EINVAL);             /* hlt */
    assert_int_equal(PRIV(&p, 0x0f, 0x33), -EINVAL);       /* rdpmc */
    assert_int_equal(PRIV(&p, 0x0f, 0x01, 0xf9), -EINVAL); /* rdtscp */
    assert_int_equal(PRIV(&p, 0x0f, 0x01, 0xf0), -EINVAL); /* lmsw */
    assert_int_equal(PRIV(&p, 0x0f, 0x01, 0x38), -EINVAL); /* invlpg */
}

static void control_and_debug_registers(void **state)
{
    struct priv_insn p;

    assert_int_equal(PRIV(&p, 0x0f, 0x20, 0xd0), 0); /* mov rax, cr2 */
    assert_int_equal(p.op, PRIV_MOV_FROM_CR);
    assert_int_equal(p.number, 2);
    assert_int_equal(p.reg, 0);
    assert_int_equal(PRIV(&p, 0x45, 0x0f, 0x22, 0xc7), 0); /* mov cr8, r15 */
    assert_int_equal(p.op, PRIV_MOV_TO_CR);
    assert_int_equal(p.number, 8);
    assert_int_equal(p.reg, 15);
    assert_int_equal(PRIV(&p, 0x0f, 0x23, 0xfb), 0); /* mov dr7, rbx */
    assert_int_equal(p.op, PRIV_MOV_TO_DR);
    assert_int_equal(p.number, 7);
    assert_int_equal(p.reg, 3);
}

static void ports(void **state)
{
    struct priv_insn p;

    assert_int_equal(PRIV(&p, 0xe4, 0x60), 0);
    assert_int_equal(p.op, PRIV_IN);
    assert_int_equal(p.size, 1);
    assert_int_equal(p.port, 0x60);
    assert_int_equal(PRIV(&p, 0x66, 0xef), 0);
    assert_int_equal(p.op, PRIV_OUT);
    assert_int_equal(p.size, 2);
    assert_int_equal(p.port, -1);
    assert_int_equal(PRIV(&p, 0xed), 0);
    assert_int_equal(p.size, 4);
    assert_int_equal(PRIV(&p, 0xf3, 0x6d), 0);
    assert_int_equal(p.op, PRIV_INS);
    assert_int_equal(p.size, 4);
    assert_true(p.rep);
    assert_int_equal(PRIV(&p, 0xf3, 0x3e, 0x6e), 0);
    assert_int_equal(p.op, PRIV_OUTS);
    assert_int_equal(PRIV(&p, 0xf3, 0x65, 0x6e), -EINVAL);
    assert_int_equal(PRIV(&p, 0x67, 0x6e), -EINVAL);
    assert_int_equal(PRIV(&p, 0x67, 0x6c), -EINVAL);
    assert_int_equal(PRIV(&p, 0x64, 0x6c), 0); /* the destination has no override */
    assert_int_equal(PRIV(&p, 0xe6), -ENODATA);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(stores_do_what_the_cpu_does, setup_code),
        cmocka_unit_test(addresses_are_computed),
        cmocka_unit_test(other_instructions_are_refused),
        cmocka_unit_test(short_and_endless_instructions),
        cmocka_unit_test(privileged_instructions_are_known),
        cmocka_unit_test(control_and_debug_registers),
        cmocka_unit_test(ports),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
