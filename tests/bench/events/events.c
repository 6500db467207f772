// SPDX-License-Identifier: GPL-2.0-only
/*
 * A plugin of QEMU's translator that counts, from outside and alike for every configuration, what a
 * turn of guest/micro.c or of the tiny kernel's bench costs: between the two marks that stand around
 * each. A turn gives the file that EVENTS names in the environment a line of JSON. Argument: pv=0 or pv=1.
 *
 *   enter, leave        changes into ring 0 and out of it, whatever made them
 *   syscall, hypercall  SYSCALL below and above the middle of the address space: by a program, and by a
 *                       kernel that does not run in ring 0
 *   int                 INT n; what is left of `enter` are exceptions and interrupts
 *   sysret, iret        executed in ring 0; an IRET may stay there
 *   cr3, cr4            MOV to CR3, to CR4
 *   invlpg, invpcid     these instructions
 *   vmrun               VMRUN: entries into a guest that the (emulated) CPU virtualizes
 *
 * The interface tells a plugin addresses and bytes of instructions, not the ring. So rings are told by
 * addresses: the upper half is ring 0; with pv=1, when no such guest runs, only the part of it that the
 * interface of paravirtualization keeps for the hypervisor. Instructions are counted as they begin,
 * also those that then fault. One CPU.
 *
 * Debian 12 packages no header for plugins, so what is used of the interface is declared here. It is
 * version 1, that of QEMU 7.2; a QEMU that no longer has it refuses the plugin, and says so.
 */
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define EXPORT __attribute__((visibility("default")))

/* ---- QEMU's interface */

struct qemu_plugin_tb;
struct qemu_plugin_insn;
typedef uint64_t plugin_id;
struct machine_info {
    const char *target;
    int version_min, version_now;
    bool whole_machine;
    int cpus, cpus_most;
};
typedef void (*exec_fn)(unsigned int cpu, void *data);

extern void qemu_plugin_register_vcpu_tb_trans_cb(plugin_id id,
                                                  void (*fn)(plugin_id, struct qemu_plugin_tb *));
/* @flags: 0 for a function that does not look at registers. */
extern void qemu_plugin_register_vcpu_tb_exec_cb(struct qemu_plugin_tb *tb, exec_fn fn, int flags,
                                                 void *data);
extern void qemu_plugin_register_vcpu_insn_exec_cb(struct qemu_plugin_insn *insn, exec_fn fn,
                                                   int flags, void *data);
extern size_t qemu_plugin_tb_n_insns(const struct qemu_plugin_tb *tb);
extern uint64_t qemu_plugin_tb_vaddr(const struct qemu_plugin_tb *tb);
extern struct qemu_plugin_insn *qemu_plugin_tb_get_insn(const struct qemu_plugin_tb *tb, size_t i);
extern const void *qemu_plugin_insn_data(const struct qemu_plugin_insn *insn);
extern size_t qemu_plugin_insn_size(const struct qemu_plugin_insn *insn);
extern uint64_t qemu_plugin_insn_vaddr(const struct qemu_plugin_insn *insn);

EXPORT int qemu_plugin_version = 1;

/* ---- what is counted */

enum kind {
    NOTHING,
    ENTER,
    LEAVE,
    SYSCALL,
    HYPERCALL,
    INT,
    SYSRET,
    IRET,
    CR3,
    CR4,
    INVLPG,
    INVPCID,
    VMRUN,
    KINDS,
    MARK_BEGIN,
    MARK_END,
};
static const char *const names[KINDS] = {
    [ENTER] = "enter", [LEAVE] = "leave",   [SYSCALL] = "syscall", [HYPERCALL] = "hypercall",
    [INT] = "int",     [SYSRET] = "sysret", [IRET] = "iret",       [CR3] = "cr3",
    [CR4] = "cr4",     [INVLPG] = "invlpg", [INVPCID] = "invpcid", [VMRUN] = "vmrun",
};

#define HOLE_SHIFT 43 /* 0xffff800000000000 to 0xffff87ffffffffff */
#define HOLE       (UINT64_C(0xffff800000000000) >> HOLE_SHIFT)

static uint64_t counts[KINDS], at_begin[KINDS];
static bool pv;            /* ring 0 is the hole alone */
static bool in_guest;      /* between VMRUN and its return */
static uint64_t return_to; /* behind that VMRUN */
static enum { RING0, OTHER, UNKNOWN } ring = UNKNOWN;
static FILE *out;

/*
 * A fault or an interrupt can strike between a return from ring 0 and the first instruction outside: then no
 * block outside is seen. After SYSRET anything in ring 0 tells that, after IRET (which may stay in ring 0) only
 * an address where ring 0 was entered before.
 */
static enum kind returning; /* the last instruction was SYSRET or IRET */
static uint64_t entries[64];
static unsigned int nr_entries;

static bool is_entry(uint64_t va)
{
    for (unsigned int i = 0; i < nr_entries; i++)
        if (entries[i] == va)
            return true;
    return false;
}

static void entered_at(uint64_t va)
{
    counts[ENTER]++;
    if (nr_entries < sizeof(entries) / sizeof(entries[0]) && !is_entry(va))
        entries[nr_entries++] = va;
}

static inline bool is_ring0(uint64_t va)
{
    return va >> 63 && (!pv || in_guest || va >> HOLE_SHIFT == HOLE);
}

/* A block of instructions begins. */
static void on_block(unsigned int cpu, void *data)
{
    uint64_t va = (uintptr_t)data;
    enum kind by = returning;
    int was = ring;

    returning = NOTHING;
    if (in_guest && va == return_to) { /* the guest was left: no ring changed, another world did */
        in_guest = false;
        ring = RING0;
        return;
    }
    ring = is_ring0(va) ? RING0 : OTHER;
    if (was == UNKNOWN)
        return;
    if (was == RING0 && (ring == OTHER || by == SYSRET || (by == IRET && is_entry(va))))
        counts[LEAVE]++, was = OTHER;
    if (was == OTHER && ring == RING0)
        entered_at(va);
}

static void turn_ended(void)
{
    for (enum kind k = ENTER; k < KINDS; k++)
        fprintf(out, "%s\"%s\": %" PRIu64, k == ENTER ? "{" : ", ", names[k],
                counts[k] - at_begin[k]);
    fputs("}\n", out);
    fflush(out);
}

/* An instruction that counts, or a mark; @data: its kind. */
static void on_insn(unsigned int cpu, void *data)
{
    enum kind kind = (enum kind)(uintptr_t)data;

    if (kind == MARK_BEGIN)
        memcpy(at_begin, counts, sizeof(counts));
    else if (kind == MARK_END)
        turn_ended();
    else if (kind == SYSCALL || kind == HYPERCALL || kind == INT || ring == RING0)
        counts[kind]++; /* from outside ring 0 the others only fault */
    if ((kind == SYSRET || kind == IRET) && ring == RING0)
        returning = kind;
}

/* @data: the address behind it. */
static void on_vmrun(unsigned int cpu, void *data)
{
    counts[VMRUN]++;
    in_guest = true;
    return_to = (uintptr_t)data;
    ring = UNKNOWN;
}

static enum kind decode_0f(const uint8_t *p, const uint8_t *end, bool rex_r)
{
    unsigned int modrm = end - p > 1 ? p[1] : 0, reg = modrm >> 3 & 7;

    switch (p[0]) {
    case 0x05:
    case 0x34:
        return SYSCALL;
    case 0x07:
    case 0x35:
        return SYSRET;
    case 0x01:
        return modrm == 0xd8 ? VMRUN : modrm < 0xc0 && reg == 7 ? INVLPG : NOTHING;
    case 0x22:
        return rex_r ? NOTHING : reg == 3 ? CR3 : reg == 4 ? CR4 : NOTHING;
    case 0x38:
        return modrm == 0x82 ? INVPCID : NOTHING; /* 0f 38 82 */
    case 0x1f:
        if (end - p < 6 || memcmp(p + 1, "\x80PAV", 4))
            return NOTHING;
        return p[5] == 1 ? MARK_BEGIN : p[5] == 2 ? MARK_END : NOTHING;
    default:
        return NOTHING;
    }
}

static enum kind decode(const uint8_t *p, size_t size)
{
    const uint8_t *end = p + size;
    bool rex_r = false;

    for (; p < end - 1; p++) {
        if (*p >= 0x40 && *p <= 0x4f)
            rex_r = *p & 4;
        else if (!*p || !strchr("\x66\x67\xf2\xf3\xf0\x2e\x36\x3e\x26\x64\x65", *p))
            break;
    }
    switch (*p) {
    case 0x0f:
        return p + 1 < end ? decode_0f(p + 1, end, rex_r) : NOTHING;
    case 0xcf:
        return IRET;
    case 0xcc:
    case 0xcd:
    case 0xf1:
        return INT;
    default:
        return NOTHING;
    }
}

static void on_translation(plugin_id id, struct qemu_plugin_tb *tb)
{
    size_t n = qemu_plugin_tb_n_insns(tb);

    qemu_plugin_register_vcpu_tb_exec_cb(tb, on_block, 0, (void *)qemu_plugin_tb_vaddr(tb));
    for (size_t i = 0; i < n; i++) {
        struct qemu_plugin_insn *insn = qemu_plugin_tb_get_insn(tb, i);
        size_t size = qemu_plugin_insn_size(insn);
        uint64_t va = qemu_plugin_insn_vaddr(insn);
        enum kind kind = decode(qemu_plugin_insn_data(insn), size);

        if (kind == SYSCALL && va >> 63)
            kind = HYPERCALL;
        if (kind == VMRUN)
            qemu_plugin_register_vcpu_insn_exec_cb(insn, on_vmrun, 0, (void *)(va + size));
        else if (kind != NOTHING)
            qemu_plugin_register_vcpu_insn_exec_cb(insn, on_insn, 0, (void *)(uintptr_t)kind);
    }
}

EXPORT int qemu_plugin_install(plugin_id id, const struct machine_info *info, int argc, char **argv)
{
    const char *path = getenv("EVENTS");

    if (argc != 1 || (strcmp(argv[0], "pv=0") != 0 && strcmp(argv[0], "pv=1") != 0)) {
        fprintf(stderr, "events: needs one argument, pv=0 or pv=1\n");
        return -1;
    }
    pv = argv[0][3] == '1';
    if (!info->whole_machine || info->cpus != 1 || !path) {
        fprintf(stderr, "events: needs a machine with one CPU, and EVENTS in the environment\n");
        return -1;
    }
    out = fopen(path, "w");
    if (!out) {
        perror(path);
        return -1;
    }
    qemu_plugin_register_vcpu_tb_trans_cb(id, on_translation);
    return 0;
}
