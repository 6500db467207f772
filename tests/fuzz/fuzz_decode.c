/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The instruction decoder on any bytes: it stays within what it is given, agrees with itself when it is given
 * more or less, and carries out only stores of a sane shape.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <asm/decode.h>
#include <hv/errno.h>

#define CHECK(c)     \
    do {             \
        if (!(c))    \
            abort(); \
    } while (0)

static void check_write(const uint8_t *insn, size_t len, const struct cpu_regs *regs, uint64_t old)
{
    struct cpu_regs after = *regs;
    struct pt_write w, again;
    uint64_t new = 0, mask;
    int rc = decode_write(insn, len, regs, &w);

    CHECK(rc == 0 || rc == -EINVAL || rc == -ENODATA);
    CHECK(rc != -ENODATA || len < INSN_MAX);
    if (rc)
        return;
    CHECK(w.len && w.len <= INSN_MAX && w.len <= len);
    CHECK(w.size == 1 || w.size == 2 || w.size == 4 || w.size == 8);
    CHECK(w.reg >= -1 && w.reg <= 15);
    /* exactly its own bytes are enough, one less is not */
    CHECK(decode_write(insn, w.len, regs, &again) == 0 && !memcmp(&w, &again, sizeof(w)));
    CHECK(decode_write(insn, w.len - 1u, regs, &again) == -ENODATA);

    mask = w.size == 8 ? ~0ull : (1ull << (w.size * 8)) - 1;
    if (pt_write_apply(&w, old, &new, &after))
        CHECK(!(new & ~mask));
    else
        CHECK(w.op == PTW_CMPXCHG);
    /* Only arithmetic flags and the registers of the operation change. */
    CHECK(!((after.rflags ^ regs->rflags) & ~0x8d5ull));
    CHECK(after.rip == regs->rip && after.cs == regs->cs && after.ss == regs->ss);
    for (unsigned int i = 0; i < 16; i++) {
        bool may = (int)i == w.reg || (w.op == PTW_CMPXCHG && !i);

        CHECK(may || *cpu_reg(&after, i) == *cpu_reg((struct cpu_regs *)(uintptr_t)regs, i));
    }
}

static void check_privileged(const uint8_t *insn, size_t len)
{
    struct priv_insn p, again;
    int rc = decode_privileged(insn, len, &p);

    CHECK(rc == 0 || rc == -EINVAL || rc == -ENODATA);
    CHECK(rc != -ENODATA || len < INSN_MAX);
    if (rc)
        return;
    CHECK(p.len && p.len <= INSN_MAX && p.len <= len);
    CHECK(p.reg < 16 && p.number < 16 && p.port >= -1 && p.port <= 0xff);
    CHECK(decode_privileged(insn, p.len, &again) == 0 && !memcmp(&p, &again, sizeof(p)));
    CHECK(decode_privileged(insn, p.len - 1u, &again) == -ENODATA);
    if (p.op == PRIV_IN || p.op == PRIV_OUT || p.op == PRIV_INS || p.op == PRIV_OUTS)
        CHECK(p.size == 1 || p.size == 2 || p.size == 4);
}

/* The instruction first, so that short inputs mean something; then registers and memory, zero if missing. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct {
        struct cpu_regs regs;
        uint64_t old;
    } in = {0};
    size_t n = size ? data[0] % 20u : 0;
    uint8_t *insn;

    if (!size)
        return 0;
    data++, size--;
    n = n < size ? n : size;
    insn = malloc(n ? n : 1); /* a block of its own: reads behind its end are seen */
    memcpy(insn, data, n);
    size -= n;
    memcpy(&in, data + n, size < sizeof(in) ? size : sizeof(in));
    check_write(insn, n, &in.regs, in.old);
    check_privileged(insn, n);
    free(insn);
    return 0;
}
