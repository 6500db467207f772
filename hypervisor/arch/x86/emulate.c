/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Privileged instructions of PV guests. A guest kernel runs at CPL 3, so each of them is a #GP; what is
 * harmless or has a meaning for a guest is carried out here, the rest is the guest's own fault.
 * The instruction is fetched once; only 64-bit code is looked at. Linux asks for CPUID with a prefix of its
 * own (#UD), since CPUID does not fault.
 * Source: pv-abi/x86.h; Intel SDM vol. 2.
 */
#include <asm/boot.h>
#include <asm/cpuid.h>
#include <asm/decode.h>
#include <asm/emulate.h>
#include <asm/machine.h>
#include <asm/msr.h>
#include <hv/arch.h>
#include <hv/guest_access.h>
#include <hv/lib.h>
#include <hv/perf.h>
#include <pv-abi/x86.h>

#define STRING_IO_MAX 1024u /* elements at a time; the instruction is then met again */

/* CR4 as a guest may have it: what is on in fact, and bits that it may set without effect. */
#define CR4_GUEST_FREE (CR4_TSD | CR4_DE | CR4_PSE | CR4_MCE | CR4_PGE | (1ul << 8) | CR4_FSGSBASE)

/* ---- CPUID ------------------------------------------------------------------------------------------ */

/* The same for every domain, but for the states that the vcpu enabled. */
static void do_cpuid(struct cpu_regs *regs)
{
    const struct cpuid_env env = {
        .raw = cpuid_count,
        .xcr0 = cpu_features.xsave ? cpu_features.xcr0 : 0,
        .guest_xcr0 = current->arch.xcr0,
        .fsgsbase = cpu_features.cr4 & CR4_FSGSBASE,
        .nx = cpu_features.nx,
        .tsc_stable = tsc_is_stable,
        .tsc_khz = arch_cpu_khz(),
        .machine_bits =
            max_mfn > 1 ? PAGE_SHIFT + 64 - (unsigned int)__builtin_clzll(max_mfn - 1) : 32,
    };
    uint32_t r[4];

    cpuid_policy_leaf(&env, (uint32_t)regs->rax, (uint32_t)regs->rcx, r);
    regs->rax = r[0];
    regs->rbx = r[1];
    regs->rcx = r[2];
    regs->rdx = r[3];
}

bool emulate_forced_cpuid(struct cpu_regs *regs)
{
    static const uint8_t wanted[] = {XEN_EMULATE_PREFIX_BYTES, 0x0f, 0xa2};
    uint8_t insn[sizeof(wanted)];

    if (copy_from_guest(insn, regs->rip, sizeof(insn)) || memcmp(insn, wanted, sizeof(wanted)))
        return false;
    perf_event(current, PAVO_EV_EMULATE, PAVO_EMUL_FORCED_CPUID);
    do_cpuid(regs);
    regs->rip += sizeof(wanted);
    return true;
}

/* ---- control registers -------------------------------------------------------------------------------- */

static uint64_t guest_cr4(const struct vcpu *v)
{
    uint64_t forced = CR4_PAE | CR4_OSFXSR | CR4_OSXMMEXCPT | (cpu_features.cr4 & CR4_OSXSAVE);

    return (v->arch.cr4 & CR4_GUEST_FREE) | forced;
}

static bool read_cr(struct vcpu *v, unsigned int cr, uint64_t *val)
{
    const uint64_t cr0to4[] = {v->arch.cr0, 0, v->arch.cr2, mfn_to_maddr(v->arch.kernel_root),
                               guest_cr4(v)};

    if (cr >= ARRAY_SIZE(cr0to4) || cr == 1)
        return false;
    *val = cr0to4[cr];
    return true;
}

static bool write_cr(struct vcpu *v, unsigned int cr, uint64_t val)
{
    switch (cr) {
    case 0: /* only TS is its own */
        if ((val ^ v->arch.cr0) & ~CR0_TS)
            return false;
        hc_fpu_taskswitch(v->domain, !!(val & CR0_TS));
        return true;
    case 2:
        v->arch.cr2 = val;
        v->info->arch.cr2 = val;
        return true;
    case 4:
        v->arch.cr4 = val;
        return true;
    default: /* roots are loaded by MMUEXT_NEW_BASEPTR */
        return false;
    }
}

/* States that depend on each other come together; x87 is never off. */
static bool xcr0_ok(uint64_t val)
{
    const uint64_t sse = 2, avx = 4, bnd = 0x18, avx512 = 0xe0, tile = 0x60000;

    if ((val & ~cpu_features.xcr0) || !(val & 1))
        return false;
    if ((val & avx) && !(val & sse))
        return false;
    if ((val & bnd) && (val & bnd) != bnd)
        return false;
    if ((val & avx512) && ((val & avx512) != avx512 || !(val & avx)))
        return false;
    return !(val & tile) || (val & tile) == tile;
}

static bool do_xsetbv(struct vcpu *v, const struct cpu_regs *regs)
{
    uint64_t val = (uint32_t)regs->rax | regs->rdx << 32;

    if (!cpu_features.xsave || (uint32_t)regs->rcx || !xcr0_ok(val))
        return false;
    v->arch.xcr0 = val;
    xsetbv(val);
    return true;
}

/* ---- ports ---------------------------------------------------------------------------------------------- */

/* One of ins and outs, with or without rep: registers follow each element, so it may stop anywhere. */
static void string_io(struct vcpu *v, struct cpu_regs *regs, const struct priv_insn *in,
                      uint16_t port)
{
    bool input = in->op == PRIV_INS;
    uint64_t *addr = input ? &regs->rdi : &regs->rsi;
    int64_t step = regs->rflags & RFLAGS_DF ? -(int64_t)in->size : in->size;

    for (unsigned int n = 0; !in->rep || regs->rcx; n++) {
        uint32_t val = 0;
        bool ok;

        if (n == STRING_IO_MAX)
            return; /* rip still points to it */
        /* Writable first (unless another vcpu takes the page away), then read the port: what a device gave
         * once it may not give again. */
        ok = !(input ? clear_guest(*addr, in->size) : copy_from_guest(&val, *addr, in->size));
        if (ok && input) {
            val = ioport_read(v->domain, port, in->size);
            ok = !copy_to_guest(*addr, &val, in->size);
        } else if (ok) {
            ioport_write(v->domain, port, in->size, val);
        }
        if (!ok) {
            guest_inject_page_fault(*addr, input ? 2 : 0);
            return;
        }
        *addr += (uint64_t)step;
        if (!in->rep)
            break;
        regs->rcx--;
    }
    regs->rip += in->len;
}

static bool port_io(struct vcpu *v, struct cpu_regs *regs, const struct priv_insn *in)
{
    uint16_t port = (uint16_t)(in->port >= 0 ? (uint64_t)in->port : regs->rdx);

    if (!ioport_allowed(v, port, in->size))
        return false;
    if (in->op == PRIV_INS || in->op == PRIV_OUTS) {
        string_io(v, regs, in, port);
        return true;
    }
    if (in->op == PRIV_IN)
        cpu_reg_write(regs, 0, false, in->size, ioport_read(v->domain, port, in->size));
    else
        ioport_write(v->domain, port, in->size, (uint32_t)regs->rax);
    regs->rip += in->len;
    return true;
}

/* ---- dispatch --------------------------------------------------------------------------------------------- */

static bool code_is_64bit(uint16_t cs)
{
    uint32_t rights = 0;

    __asm__("lar %1, %0" : "+r"(rights) : "r"((uint32_t)cs) : "cc");
    return rights & (1u << 21);
}

/* The instruction may end right before a page that is not there. */
unsigned int insn_fetch(uint64_t rip, uint8_t insn[INSN_MAX])
{
    unsigned int len = (unsigned int)(PAGE_SIZE - (rip & ~PAGE_MASK));

    if (!copy_from_guest(insn, rip, INSN_MAX))
        return INSN_MAX;
    return len < INSN_MAX && !copy_from_guest(insn, rip, len) ? len : 0;
}

/* Instructions that the kernel alone may use. false: refused. rip is advanced by the caller. */
static bool kernel_insn(struct vcpu *v, struct cpu_regs *regs, const struct priv_insn *in)
{
    uint64_t *reg = cpu_reg(regs, in->reg), val;

    switch (in->op) {
    case PRIV_CLI: /* masking events is a flag in vcpu_info */
    case PRIV_STI:
        return true;
    case PRIV_CLTS:
        hc_fpu_taskswitch(v->domain, 0);
        return true;
    case PRIV_RDMSR:
        if (!guest_rdmsr(v, (uint32_t)regs->rcx, &val))
            return false;
        regs->rax = (uint32_t)val;
        regs->rdx = val >> 32;
        return true;
    case PRIV_WRMSR:
        return guest_wrmsr(v, (uint32_t)regs->rcx, (uint32_t)regs->rax | regs->rdx << 32);
    case PRIV_XSETBV:
        return do_xsetbv(v, regs);
    case PRIV_MOV_FROM_CR:
        return read_cr(v, in->number, reg);
    case PRIV_MOV_TO_CR:
        return write_cr(v, in->number, *reg);
    case PRIV_MOV_FROM_DR:
        if (in->number > 7 || in->number == 4 || in->number == 5)
            return false;
        *reg = (uint64_t)hc_get_debugreg(v->domain, in->number);
        return true;
    case PRIV_MOV_TO_DR:
        return !hc_set_debugreg(v->domain, in->number, *reg);
    case PRIV_INVD:
    case PRIV_WBINVD:
        if (v->domain->arch.io_allowed)
            __asm__ volatile("wbinvd" ::: "memory");
        return true;
    default:
        return false;
    }
}

bool emulate_privileged(struct cpu_regs *regs)
{
    struct vcpu *v = current;
    uint8_t insn[INSN_MAX];
    struct priv_insn in;
    unsigned int len;

    if (!code_is_64bit(regs->cs))
        return false;
    len = insn_fetch(regs->rip, insn);
    if (!len || decode_privileged(insn, len, &in))
        return false;
    perf_event(v, PAVO_EV_EMULATE, in.op);
    switch (in.op) {
    case PRIV_IN:
    case PRIV_OUT:
    case PRIV_INS:
    case PRIV_OUTS:
        return port_io(v, regs, &in);
    case PRIV_CLI:
    case PRIV_STI:
        if (!iopl_ok(v))
            return false;
        break;
    default:
        if (!v->arch.in_kernel || !kernel_insn(v, regs, &in))
            return false;
        break;
    }
    regs->rip += in.len;
    return true;
}
