/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * MSRs as PV guests see them, by list. Linux reads nearly all of them with a handler for the fault, so
 * what is not listed is #GP. Values are the same for every guest; nothing here changes the machine, but
 * for the segment bases, which are the vcpu's own while it runs.
 * Source: Intel SDM vol. 4, AMD APM vol. 2 and BKDGs; inventory of Linux 6.1's accesses.
 */
#include <asm/emulate.h>
#include <asm/machine.h>
#include <asm/mm.h>
#include <asm/msr.h>
#include <hv/arch.h>
#include <hv/control.h>

#define MSR_PLATFORM_ID      0x17
#define MSR_FEATURE_CONTROL  0x3a
#define MSR_UCODE_REV        0x8b
#define MSR_SYSENTER_CS      0x174
#define MSR_SYSENTER_EIP     0x176
#define MSR_MISC_ENABLE      0x1a0
#define MSR_DEBUGCTL         0x1d9
#define MSR_AMD_HWCR         0xc0010015
#define MSR_AMD_PATCH_LOADER 0xc0010020
#define MSR_AMD_DE_CFG       0xc0011029
#define MSR_HYPERCALL_PAGE   0x40000000

#define APIC_BASE_DEFAULT            0xfee00000ull
#define APIC_BASE_BSP                (1ull << 8)
#define APIC_BASE_ENABLE             (1ull << 11)
#define MISC_ENABLE_BTS_UNAVAILABLE  (1ull << 11)
#define MISC_ENABLE_PEBS_UNAVAILABLE (1ull << 12)
#define MISC_ENABLE_PERF             (1ull << 7)
#define MISC_ENABLE_MWAIT            (1ull << 18)
#define MISC_ENABLE_LIMIT_CPUID      (1ull << 22)
#define HWCR_TSC_FREQ_SEL            (1ull << 24)
#define DE_CFG_LFENCE_SERIALIZE      (1ull << 1)

bool guest_rdmsr(struct vcpu *v, uint32_t msr, uint64_t *val)
{
    switch (msr) {
    case MSR_FS_BASE:
    case MSR_GS_BASE: /* the hypervisor leaves FS and GS alone: live values are the guest's */
    case MSR_KERNEL_GS_BASE:
    case MSR_PAT: /* what the guest's page-table bits mean */
        *val = rdmsr(msr);
        return true;
    case MSR_TSC:
        *val = rdtsc();
        return true;
    case MSR_EFER:
        *val = EFER_SCE | EFER_LME | EFER_LMA | (cpu_features.nx ? EFER_NX : 0);
        return true;
    case MSR_APIC_BASE:
        *val = APIC_BASE_DEFAULT | APIC_BASE_ENABLE | (v->id ? 0 : APIC_BASE_BSP);
        return true;
    case MSR_MISC_ENABLE:
        if (cpu_features.amd || rdmsr_try(msr, val))
            return false;
        *val &= ~(MISC_ENABLE_PERF | MISC_ENABLE_MWAIT | MISC_ENABLE_LIMIT_CPUID);
        *val |= MISC_ENABLE_BTS_UNAVAILABLE | MISC_ENABLE_PEBS_UNAVAILABLE;
        return true;
    case MSR_FEATURE_CONTROL: /* locked, nothing enabled */
        *val = 1;
        return !cpu_features.amd;
    case MSR_UCODE_REV:
    case MSR_PLATFORM_ID:
        return !rdmsr_try(msr, val);
    case MSR_DEBUGCTL:
        *val = 0;
        return true;
    case MSR_AMD_HWCR:
        *val = HWCR_TSC_FREQ_SEL;
        return cpu_features.amd;
    case MSR_AMD_DE_CFG: /* LFENCE serializes, or the guest could not change that anyway */
        *val = DE_CFG_LFENCE_SERIALIZE;
        return cpu_features.amd;
    default:
        return false;
    }
}

bool guest_wrmsr(struct vcpu *v, uint32_t msr, uint64_t val)
{
    uint64_t now;

    switch (msr) {
    case MSR_FS_BASE:
    case MSR_GS_BASE:
    case MSR_KERNEL_GS_BASE:
        if (!guest_va_ok(val))
            return false;
        wrmsr(msr, val);
        return true;
    case MSR_EFER: /* only what is there already */
    case MSR_PAT:
        return guest_rdmsr(v, msr, &now) && now == val;
    case MSR_DEBUGCTL:
        return !val;
    case MSR_STAR: /* by callbacks here: dropped, as the guest expects */
    case MSR_LSTAR:
    case MSR_CSTAR:
    case MSR_SFMASK:
    case MSR_SYSENTER_CS ... MSR_SYSENTER_EIP:
    case MSR_TSC:
    case MSR_APIC_BASE:
    case MSR_MISC_ENABLE:
    case MSR_UCODE_REV:
        return true;
    case MSR_AMD_HWCR:
    case MSR_AMD_DE_CFG:
    case MSR_AMD_PATCH_LOADER:
        return cpu_features.amd;
    case MSR_HYPERCALL_PAGE:
        return !(val & ~PAGE_MASK) && !op_hypercall_page(v->domain, val >> PAGE_SHIFT);
    default:
        return false;
    }
}
