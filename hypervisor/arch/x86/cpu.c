/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * CPU features, and the control registers that every CPU gets alike: CR4 is set here and never
 * changed later, so that no change ever traps when we run inside another hypervisor.
 * Source: Intel SDM vol. 2 (CPUID) and vol. 3 (2.5, 11.12), AMD APM vol. 2 (3).
 */
#include <asm/boot.h>
#include <asm/machine.h>
#include <asm/msr.h>
#include <hv/lib.h>

/* PAT of the ABI: WB, WT, UC-, UC, WC, WP, UC, UC. */
#define PAT_VALUE 0x050100070406ull

#define XCR0_X87    (1ull << 0)
#define XCR0_SSE    (1ull << 1)
#define XCR0_AVX    (1ull << 2)
#define XCR0_AVX512 (7ull << 5)

struct cpu_features cpu_features;
static bool avx, avx512; /* the instructions; XCR0 alone may offer the state without them */

static bool has(uint32_t reg, unsigned int bit)
{
    return reg >> bit & 1;
}

static void detect_basic(void)
{
    struct cpu_features *f = &cpu_features;
    uint32_t r[4], max_leaf;

    cpuid_count(0, 0, r);
    max_leaf = r[0];
    f->amd = r[1] == 0x68747541 || r[1] == 0x6f677948; /* AuthenticAMD, HygonGenuine */

    cpuid_count(1, 0, r);
    f->pat = has(r[3], 16);
    f->tsc_deadline = has(r[2], 24);
    f->xsave = has(r[2], 26);
    avx = has(r[2], 28);
    f->hypervisor = has(r[2], 31);
    f->cr4 = CR4_PAE | CR4_OSFXSR | CR4_OSXMMEXCPT;
    if (has(r[3], 2))
        f->cr4 |= CR4_DE;
    if (has(r[3], 7))
        f->cr4 |= CR4_MCE;

    if (max_leaf >= 7) {
        cpuid_count(7, 0, r);
        f->fsgsbase = has(r[1], 0);
        f->smep = has(r[1], 7);
        f->smap = has(r[1], 20);
        avx512 = has(r[1], 16);
    }
    if (f->fsgsbase)
        f->cr4 |= CR4_FSGSBASE;
    if (f->smep)
        f->cr4 |= CR4_SMEP;
    if (f->xsave)
        f->cr4 |= CR4_OSXSAVE;
    f->smap_usable = false; /* only after a self-test of iret to ring 3, which TCG fails */
}

static void detect_extended(void)
{
    struct cpu_features *f = &cpu_features;
    uint32_t r[4], max_leaf;

    cpuid_count(0x80000000, 0, r);
    max_leaf = r[0];
    cpuid_count(0x80000001, 0, r);
    f->nx = has(r[3], 20);
    f->gbpages = has(r[3], 26);
    f->phys_bits = 36;
    if (max_leaf >= 0x80000007) {
        cpuid_count(0x80000007, 0, r);
        f->invariant_tsc = has(r[3], 8);
    }
    if (max_leaf >= 0x80000008) {
        cpuid_count(0x80000008, 0, r);
        f->phys_bits = r[0] & 0xff;
    }
}

/* What of XCR0 we enable, and how large the state is then (CR4.OSXSAVE is on). */
static void detect_xsave(void)
{
    struct cpu_features *f = &cpu_features;
    uint64_t supported;
    uint32_t r[4];

    f->xcr0 = XCR0_X87 | XCR0_SSE;
    f->xsave_size = 512;
    if (!f->xsave)
        return;
    cpuid_count(0xd, 0, r);
    supported = (uint64_t)r[3] << 32 | r[0];
    if (avx)
        f->xcr0 |= supported & XCR0_AVX;
    if ((f->xcr0 & XCR0_AVX) && avx512 && (supported & XCR0_AVX512) == XCR0_AVX512)
        f->xcr0 |= XCR0_AVX512;
    xsetbv(f->xcr0);
    cpuid_count(0xd, 0, r);
    f->xsave_size = r[1];
    cpuid_count(0xd, 1, r);
    f->xsaveopt = has(r[0], 0);
}

void cpu_init_this(void)
{
    const struct cpu_features *f = &cpu_features;
    uint64_t efer;

    write_cr0((read_cr0() & ~(CR0_EM | CR0_TS | (1ul << 29) | (1ul << 30))) | CR0_MP | CR0_NE |
              CR0_WP);
    write_cr4(f->cr4);
    efer = rdmsr(MSR_EFER) | EFER_SCE;
    if (f->nx)
        efer |= EFER_NX;
    wrmsr(MSR_EFER, efer);
    if (f->pat)
        wrmsr(MSR_PAT, PAT_VALUE);
    if (f->xsave && f->xcr0)
        xsetbv(f->xcr0);
    __asm__ volatile("fninit");
}

void cpu_init_boot(void)
{
    struct cpu_features *f = &cpu_features;

    detect_basic();
    detect_extended();
    cpu_init_this();
    detect_xsave();
    if (!f->nx || !f->pat)
        panic("this CPU has no %s\n", f->nx ? "page attribute table" : "no-execute bit");
    printk("CPU: %u address bits, xcr0 %lx, state %u bytes%s%s%s%s%s%s\n", f->phys_bits, f->xcr0,
           f->xsave_size, f->smep ? ", smep" : "", f->fsgsbase ? ", fsgsbase" : "",
           f->gbpages ? ", 1 GiB pages" : "", f->tsc_deadline ? ", tsc deadline" : "",
           f->invariant_tsc ? ", invariant tsc" : "", f->hypervisor ? ", under a hypervisor" : "");
}
