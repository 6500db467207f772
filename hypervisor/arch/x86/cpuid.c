/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * CPUID policy of PV guests. Features are passed by keep-lists: what is not named here stays hidden, so a
 * new CPU brings no surprise. Hidden on purpose: all that needs ring 0 (PGE, PSE, PCID, SMEP, SMAP, ...), an
 * MSR that is not switched between vcpus (RDTSCP and RDPID with TSC_AUX, speculation control), or the
 * machine's topology (each vcpu is a package of one core, local APIC id 0).
 * Pure: natively tested.
 * Source: Intel SDM vol. 2 (CPUID), AMD APM vol. 3 (appendix E), pv-abi/x86.h for the leaves at 0x40000000.
 */
#include <asm/cpuid.h>
#include <hv/lib.h>
#include <pv-abi/x86.h>

enum { A, B, C, D };

#define BIT(n) (1u << (n))

#define MAX_BASIC    0xdu
#define MAX_EXTENDED 0x80000008u
#define VERSION_4_17 (4u << 16 | 17)
#define WIDTH_MAX    44u /* wider, and Linux asks for grant tables v2 */

#define L1C_XSAVE         BIT(26)
#define L1C_OSXSAVE       BIT(27)
#define L1C_HYPERVISOR    BIT(31)
/* The bits of leaf 1 EDX that AMD repeats at 0x80000001. */
#define REPEATED_1D       0x0183f3ffu
#define L7B_FSGSBASE      BIT(0)
#define E1D_SYSCALL       BIT(11)
#define E1D_NX            BIT(20)
#define E1D_LM            BIT(29)
#define E7D_INVARIANT_TSC BIT(8)
#define KEEP_E8B          (BIT(0) | BIT(2)) /* clzero, fp error pointers restored */

/* syscall nx mmxext ffxsr lm 3dnow */
#define KEEP_E1D   (BIT(11) | BIT(20) | BIT(22) | BIT(25) | BIT(29) | BIT(30) | BIT(31))
#define L7B_AVX512 (BIT(16) | BIT(17) | BIT(21) | BIT(26) | BIT(27) | BIT(28) | BIT(30) | BIT(31))

/* The keep-lists: what is for everybody, and what needs the registers of AVX or AVX-512 as well. */
static const struct features {
    uint32_t leaf, sub, reg;
    uint32_t always, avx, avx512;
} features[] = {
    {1, 0, C,
     BIT(0) | BIT(1) | BIT(9) | BIT(13) | BIT(19) | BIT(20) | BIT(22) | BIT(23) | BIT(25) |
         BIT(26) | BIT(30),
     BIT(12) | BIT(28) | BIT(29), 0}, /* fma avx f16c */
    /* fpu de tsc msr pae cx8 apic sep cmov pat clflush mmx fxsr sse sse2 ss */
    {1, 0, D,
     BIT(0) | BIT(2) | BIT(4) | BIT(5) | BIT(6) | BIT(8) | BIT(9) | BIT(11) | BIT(15) | BIT(16) |
         BIT(19) | BIT(23) | BIT(24) | BIT(25) | BIT(26) | BIT(27),
     0, 0},
    {7, 0, B,
     BIT(0) | BIT(3) | BIT(6) | BIT(8) | BIT(9) | BIT(13) | BIT(18) | BIT(19) | BIT(23) | BIT(24) |
         BIT(29),
     BIT(5), L7B_AVX512},
    {7, 0, C, BIT(8) | BIT(25) | BIT(27) | BIT(28), BIT(9) | BIT(10),
     BIT(1) | BIT(6) | BIT(11) | BIT(12) | BIT(14)},
    {7, 0, D, BIT(4) | BIT(10) | BIT(14), 0, BIT(2) | BIT(3) | BIT(8)},
    {7, 1, A, BIT(10) | BIT(11) | BIT(12), BIT(4), BIT(5)},
    /* lahf abm sse4a misalignsse 3dnowprefetch tbm; xop fma4 */
    {0x80000001, 0, C, BIT(0) | BIT(5) | BIT(6) | BIT(7) | BIT(8) | BIT(21), BIT(11) | BIT(16), 0},
};

#define XCR0_AVX     (1ull << 2)
#define XCR0_AVX512  (7ull << 5)
#define XSAVE_LEGACY 576u /* x87, SSE and the header */

static void keep_features(const struct cpuid_env *env, uint32_t leaf, uint32_t sub, uint32_t r[4])
{
    bool avx = env->xcr0 & XCR0_AVX, avx512 = (env->xcr0 & XCR0_AVX512) == XCR0_AVX512;

    for (const struct features *f = features; f < features + ARRAY_SIZE(features); f++) {
        if (f->leaf == leaf && f->sub == sub)
            r[f->reg] &= f->always | (avx ? f->avx : 0) | (avx512 ? f->avx512 : 0);
    }
}

static void leaf_zero(uint32_t r[4])
{
    r[A] = r[B] = r[C] = r[D] = 0;
}

static void leaf_1(const struct cpuid_env *env, uint32_t r[4])
{
    r[B] &= 0x0000ffff; /* APIC id 0, no count of logical CPUs */
    keep_features(env, 1, 0, r);
    if (!env->xcr0)
        r[C] &= ~L1C_XSAVE;
    /* Linux looks for this before it sets CR4: to a PV guest it says that the hypervisor has set it. */
    if (r[C] & L1C_XSAVE)
        r[C] |= L1C_OSXSAVE;
    r[C] |= L1C_HYPERVISOR;
}

static void leaf_7(const struct cpuid_env *env, uint32_t sub, uint32_t r[4])
{
    if (sub > 1) {
        leaf_zero(r);
        return;
    }
    keep_features(env, 7, sub, r);
    if (sub == 1) {
        r[B] = r[C] = r[D] = 0;
        return;
    }
    r[A] = min(r[A], 1u);
    if (!env->fsgsbase)
        r[B] &= ~L7B_FSGSBASE;
}

/* Bytes of the XSAVE area for the states @xcr0; in compacted format without gaps but for alignment. */
static uint32_t xsave_size(const struct cpuid_env *env, uint64_t xcr0, bool compact)
{
    uint32_t size = XSAVE_LEGACY, r[4];

    for (unsigned int i = 2; i < 63; i++) {
        if (!(xcr0 >> i & 1))
            continue;
        env->raw(0xd, i, r);
        if (!compact)
            size = max(size, r[A] + r[B]);
        else
            size = (r[C] & 2 ? ROUND_UP(size, 64) : size) + r[A];
    }
    return size;
}

static void leaf_d(const struct cpuid_env *env, uint32_t sub, uint32_t r[4])
{
    if (!env->xcr0) {
        leaf_zero(r);
    } else if (sub == 0) {
        r[A] = (uint32_t)env->xcr0;
        r[B] = xsave_size(env, env->guest_xcr0, false);
        r[C] = xsave_size(env, env->xcr0, false);
        r[D] = (uint32_t)(env->xcr0 >> 32);
    } else if (sub == 1) {
        r[A] &= BIT(0) | BIT(1) | BIT(2); /* xsaveopt, xsavec, xgetbv(1); no supervisor states */
        r[B] = r[A] & BIT(1) ? xsave_size(env, env->guest_xcr0, true) : 0;
        r[C] = r[D] = 0;
    } else if (sub >= 63 || !(env->xcr0 >> sub & 1)) {
        leaf_zero(r);
    } else {
        r[C] &= BIT(1);
        r[D] = 0;
    }
}

static void leaf_extended(const struct cpuid_env *env, uint32_t leaf, uint32_t r[4])
{
    uint32_t one[4];

    switch (leaf) {
    case 0x80000000:
        r[A] = min(r[A], MAX_EXTENDED);
        break;
    case 0x80000001:
        env->raw(1, 0, one);
        leaf_1(env, one);
        r[B] = 0;
        keep_features(env, leaf, 0, r);
        r[D] = (r[D] & KEEP_E1D) | (r[D] & one[D] & REPEATED_1D & ~KEEP_E1D) | E1D_SYSCALL | E1D_LM;
        if (!env->nx)
            r[D] &= ~E1D_NX;
        break;
    case 0x80000002 ... 0x80000006: /* brand, caches */
        break;
    case 0x80000007:
        r[A] = r[B] = r[C] = 0;
        r[D] &= env->tsc_stable ? E7D_INVARIANT_TSC : 0;
        break;
    case 0x80000008:
        r[A] = (r[A] & 0xff) | 48u << 8;
        r[B] &= KEEP_E8B;
        r[C] = r[D] = 0;
        break;
    default:
        leaf_zero(r);
        break;
    }
}

static void leaf_hypervisor(const struct cpuid_env *env, uint32_t leaf, uint32_t sub, uint32_t r[4])
{
    leaf_zero(r);
    switch (leaf) {
    case XEN_CPUID_LEAF(0):
        r[A] = XEN_CPUID_LEAF(XEN_CPUID_MAX_NUM_LEAVES);
        r[B] = XEN_CPUID_SIGNATURE_EBX;
        r[C] = XEN_CPUID_SIGNATURE_ECX;
        r[D] = XEN_CPUID_SIGNATURE_EDX;
        break;
    case XEN_CPUID_LEAF(1):
        r[A] = VERSION_4_17;
        break;
    case XEN_CPUID_LEAF(2):
        r[A] = 1;                 /* hypercall pages ... */
        r[B] = XEN_CPUID_LEAF(0); /* ... by this MSR */
        r[C] = XEN_CPUID_FEAT1_MMU_PT_UPDATE_PRESERVE_AD;
        break;
    case XEN_CPUID_LEAF(3):
        if (sub == 0) {
            r[A] = env->tsc_stable ? 2 : 0; /* bit 0: emulated, 1: safe to use */
            r[C] = env->tsc_khz;
        } else if (sub == 2) {
            r[A] = env->tsc_khz;
        }
        break;
    case XEN_CPUID_LEAF(5):
        r[B] = min(env->machine_bits, WIDTH_MAX) & XEN_CPUID_MACHINE_ADDRESS_WIDTH_MASK;
        break;
    default:
        break;
    }
}

static void leaf_basic(const struct cpuid_env *env, uint32_t leaf, uint32_t sub, uint32_t r[4])
{
    switch (leaf) {
    case 0:
        r[A] = min(r[A], MAX_BASIC);
        break;
    case 1:
        leaf_1(env, r);
        break;
    case 2: /* cache descriptors */
        break;
    case 4: /* caches, shared with nobody */
        r[A] &= 0x00003fff;
        break;
    case 7:
        leaf_7(env, sub, r);
        break;
    case 0xd:
        leaf_d(env, sub, r);
        break;
    default: /* 3 serial number, 5 monitor, 6 power, 9, 0xa performance, 0xb topology */
        leaf_zero(r);
        break;
    }
}

void cpuid_policy_leaf(const struct cpuid_env *env, uint32_t leaf, uint32_t sub, uint32_t r[4])
{
    uint32_t top[4];

    if (leaf >= 0x40000000 && leaf <= 0x400000ff) {
        leaf_hypervisor(env, leaf, sub, r);
        return;
    }
    env->raw(leaf & 0x80000000, 0, top);
    if (leaf > top[A]) { /* beyond the end: no data of another leaf */
        leaf_zero(r);
        return;
    }
    env->raw(leaf, sub, r);
    if (leaf & 0x80000000)
        leaf_extended(env, leaf, r);
    else
        leaf_basic(env, leaf, sub, r);
}
