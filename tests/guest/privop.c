/* SPDX-License-Identifier: GPL-2.0-only */
/* Privileged instructions that a kernel in ring 3 still issues: emulated, or a fault of its own. */
#include "mini.h"

#define MSR_EFER      0xc0000080
#define MSR_FS_BASE   0xc0000100
#define MSR_GS_BASE   0xc0000101
#define MSR_KERNEL_GS 0xc0000102
#define MSR_PAT       0x277

static void cpuid(uint32_t leaf, uint32_t subleaf, uint32_t *r)
{
    __asm__ volatile(".byte 0x0f, 0x0b, 0x78, 0x65, 0x6e; cpuid"
                     : "=a"(r[0]), "=b"(r[1]), "=c"(r[2]), "=d"(r[3])
                     : "a"(leaf), "c"(subleaf));
}

static int64_t rdmsr(uint32_t msr, uint64_t *value)
{
    uint32_t low = 0, high = 0;
    int64_t trap = TRY("rdmsr", : "+a"(low), "+d"(high) : "c"(msr) : "memory");

    *value = (uint64_t)high << 32 | low;
    return trap;
}

static int64_t wrmsr(uint32_t msr, uint64_t value)
{
    return TRY("wrmsr",
               :
               : "c"(msr), "a"((uint32_t)value), "d"((uint32_t)(value >> 32))
               : "memory");
}

TEST(cpuid_shows_the_hypervisor)
{
    uint32_t r[4];

    cpuid(0x40000000, 0, r);
    CHECK(r[0] >= 0x40000002);
    CHECK_EQ(r[1], XEN_CPUID_SIGNATURE_EBX);
    CHECK_EQ(r[2], XEN_CPUID_SIGNATURE_ECX);
    CHECK_EQ(r[3], XEN_CPUID_SIGNATURE_EDX);
    cpuid(0x40000001, 0, r);
    CHECK_EQ(r[0], 4 << 16 | 17);
    cpuid(0x40000002, 0, r);
    CHECK_EQ(r[2] & XEN_CPUID_FEAT1_MMU_PT_UPDATE_PRESERVE_AD, 1);
    cpuid(1, 0, r);
    CHECK_EQ(r[2] >> 31, 1);
}

/* What a PV kernel must not see: it would use it and fault. */
TEST(cpuid_hides_what_pv_cannot_have)
{
    uint32_t r[4];

    cpuid(1, 0, r);
    CHECK_EQ(r[2] >> 3 & 1, 0);                               /* MONITOR */
    CHECK_EQ(r[2] >> 5 & 1, 0);                               /* VMX */
    CHECK_EQ(r[2] >> 17 & 1, 0);                              /* PCID */
    CHECK_EQ(r[3] >> 3 & 1, 0);                               /* PSE */
    CHECK_EQ(r[3] >> 13 & 1, 0);                              /* PGE */
    CHECK_EQ(r[3] >> 12 & 1, is_pavo() ? 0 : r[3] >> 12 & 1); /* MTRR */
    cpuid(7, 0, r);
    CHECK_EQ(r[1] >> 7 & 1, 0);  /* SMEP */
    CHECK_EQ(r[1] >> 20 & 1, 0); /* SMAP */
    CHECK_EQ(r[1] >> 10 & 1, 0); /* INVPCID */
    CHECK_EQ(r[2] >> 2 & 1, 0);  /* UMIP */
    CHECK_EQ(r[2] >> 3 & 1, 0);  /* PKU */
    CHECK_EQ(r[2] >> 16 & 1, 0); /* LA57 */
    cpuid(0x80000001, 0, r);
    CHECK_EQ(r[2] >> 2 & 1, 0);  /* SVM */
    CHECK_EQ(r[3] >> 26 & 1, 0); /* 1-GiB pages */
}

TEST(cpuid_keeps_what_linux_needs)
{
    uint32_t r[4];

    cpuid(1, 0, r);
    CHECK_EQ(r[3] & 1, 1);       /* FPU */
    CHECK_EQ(r[3] >> 4 & 1, 1);  /* TSC */
    CHECK_EQ(r[3] >> 5 & 1, 1);  /* MSR */
    CHECK_EQ(r[3] >> 6 & 1, 1);  /* PAE */
    CHECK_EQ(r[3] >> 24 & 7, 7); /* FXSR, SSE, SSE2 */
    cpuid(0x80000001, 0, r);
    CHECK_EQ(r[3] >> 29 & 1, 1); /* long mode */
    CHECK_EQ(r[3] >> 11 & 1, 1); /* SYSCALL */
    CHECK_EQ(r[3] >> 20 & 1, 1); /* NX */
}

TEST(interrupt_flag_instructions_do_nothing)
{
    CHECK_EQ(TRY("cli", : : : "memory"), -1);
    CHECK_EQ(TRY("sti", : : : "memory"), -1);
}

TEST(control_registers_read)
{
    uint64_t cr0 = 0, cr2 = 0, cr3 = 0, cr4 = 0;

    CHECK_EQ(TRY("mov %%cr0, %0", : "+r"(cr0) : : "memory"), -1);
    CHECK_EQ(cr0 & 0x80000001UL, 0x80000001UL);
    CHECK_EQ(TRY("mov %%cr3, %0", : "+r"(cr3) : : "memory"), -1);
    CHECK_EQ(cr3 >> 12, va_to_mfn((void *)start_info->pt_base));
    CHECK_EQ(TRY("mov %%cr4, %0", : "+r"(cr4) : : "memory"), -1);
    CHECK_EQ(cr4 >> 5 & 1, 1); /* PAE */
    CHECK_EQ(try_read((void *)0x7654, NULL), 14);
    CHECK_EQ(TRY("mov %%cr2, %0", : "+r"(cr2) : : "memory"), -1);
    CHECK_EQ(cr2, 0x7654);
}

TEST(control_registers_write_within_limits)
{
    uint64_t cr0 = 0, cr4 = 0, value = 0;

    TRY("mov %%cr0, %0", : "+r"(cr0) : : "memory");
    CHECK_EQ(TRY("mov %0, %%cr0", : : "r"(cr0 | 8) : "memory"), -1); /* TS may be set */
    TRY("mov %%cr0, %0", : "+r"(value) : : "memory");
    CHECK_EQ(value & 8, 8);
    CHECK_EQ(TRY("clts", : : : "memory"), -1);
    TRY("mov %%cr0, %0", : "+r"(value) : : "memory");
    CHECK_EQ(value & 8, 0);
    CHECK_EQ(TRY("mov %0, %%cr0", : : "r"(cr0 & ~0x80000000UL) : "memory"), 13); /* paging stays */
    TRY("mov %%cr4, %0", : "+r"(cr4) : : "memory");
    CHECK_EQ(TRY("mov %0, %%cr4", : : "r"(cr4) : "memory"), -1);
    CHECK_EQ(TRY("mov %0, %%cr2", : : "r"(0x4242UL) : "memory"), -1);
    TRY("mov %%cr2, %0", : "+r"(value) : : "memory");
    CHECK_EQ(value, 0x4242);
    CHECK_EQ(TRY("mov %%cr8, %0", : "+r"(value) : : "memory"), 13);
}

TEST(segment_base_msrs_work)
{
    uint64_t value;

    CHECK_EQ(wrmsr(MSR_FS_BASE, PTR(start_info)), -1);
    CHECK_EQ(rdmsr(MSR_FS_BASE, &value), -1);
    CHECK_EQ(value, PTR(start_info));
    __asm__ volatile("mov %%fs:0, %0" : "=r"(value));
    CHECK_EQ(value, *(const uint64_t *)start_info->magic);
    CHECK_EQ(wrmsr(MSR_FS_BASE, 0), -1);
    CHECK_EQ(wrmsr(MSR_GS_BASE, PTR(start_info)), -1);
    CHECK_EQ(rdmsr(MSR_GS_BASE, &value), -1);
    CHECK_EQ(value, PTR(start_info));
    CHECK_EQ(wrmsr(MSR_GS_BASE, 0), -1);
    CHECK_EQ(wrmsr(MSR_KERNEL_GS, 0x5000), -1);
    CHECK_EQ(rdmsr(MSR_KERNEL_GS, &value), -1);
    CHECK_EQ(value, 0x5000);
    CHECK_EQ(wrmsr(MSR_FS_BASE, 0x8000000000000000UL), 13);
}

TEST(efer_is_what_a_64_bit_kernel_expects)
{
    uint64_t value;

    CHECK_EQ(rdmsr(MSR_EFER, &value), -1);
    CHECK_EQ(value & 0x501, 0x501); /* SCE, LME, LMA */
}

TEST(unknown_msrs_fault)
{
    uint64_t value;

    CHECK_EQ(rdmsr(0x12345678, &value), 13);
    CHECK_EQ(wrmsr(0x12345678, 0), 13);
}

TEST(tsc_runs)
{
    uint64_t first, second;
    uint32_t low, high;

    CHECK_EQ(TRY("rdtsc", : "=a"(low), "=d"(high) : : "memory"), -1);
    first = (uint64_t)high << 32 | low;
    CHECK_EQ(TRY("rdtsc", : "=a"(low), "=d"(high) : : "memory"), -1);
    second = (uint64_t)high << 32 | low;
    CHECK(second > first);
}

TEST(cache_instructions_do_not_fault)
{
    CHECK_EQ(TRY("wbinvd", : : : "memory"), -1);
    CHECK_EQ(TRY("clflush (%0)", : : "r"(start_info) : "memory"), -1);
}

TEST(port_access_is_dom0s)
{
    uint8_t value = 0;
    int64_t trap = TRY("inb %%dx, %%al", : "+a"(value) : "d"(0x71) : "memory");

    /* A kernel at virtual IOPL 1 may try; a guest's ports read as ones or fault. */
    if (is_dom0())
        CHECK_EQ(trap, -1);
    else
        CHECK(trap == 13 || (trap == -1 && value == 0xff));
    trap = TRY("outb %%al, %%dx", : : "a"(0), "d"(0x80) : "memory");
    if (is_dom0())
        CHECK_EQ(trap, -1);
}

TEST(pci_config_ports_answer_dom0)
{
    uint32_t id = 0;

    if (!is_dom0())
        return;
    CHECK_EQ(TRY("outl %%eax, %%dx", : : "a"(0x80000000), "d"(0xcf8) : "memory"), -1);
    CHECK_EQ(TRY("inl %%dx, %%eax", : "+a"(id) : "d"(0xcfc) : "memory"), -1);
    CHECK(id != 0 && id != 0xffffffff);
}

TEST(string_port_access_works)
{
    uint8_t bytes[4] = {0};
    void *at = bytes;
    uint64_t count = 4;

    if (!is_dom0())
        return;
    CHECK_EQ(TRY("rep insb", : "+D"(at), "+c"(count) : "d"(0x71) : "memory"), -1);
    CHECK_EQ(count, 0);
    CHECK_EQ(PTR(at), PTR(bytes + 4));
}

/* The keyboard controller gives a byte once: it must not be lost by a fault. */
TEST(string_input_that_faults_reads_no_port)
{
    enum { DATA = 0x60, STATUS = 0x64, READ_COMMAND_BYTE = 0x20 };
    void *at = NULL;
    uint8_t value = 0;

    if (!is_dom0())
        return;
    for (unsigned int i = 0; i < 16; i++) /* what the machine's firmware left */
        TRY("inb %%dx, %%al", : "+a"(value) : "d"(DATA) : "memory");
    CHECK_EQ(TRY("outb %%al, %%dx", : : "a"(READ_COMMAND_BYTE), "d"(STATUS) : "memory"), -1);
    CHECK_EQ(TRY("inb %%dx, %%al", : "+a"(value) : "d"(STATUS) : "memory"), -1);
    CHECK_EQ(value & 1, 1);
    CHECK_EQ(TRY("insb", : "+D"(at) : "d"(DATA) : "memory"), 14);
    CHECK_EQ(TRY("inb %%dx, %%al", : "+a"(value) : "d"(STATUS) : "memory"), -1);
    CHECK_EQ(value & 1, 1);
    at = &value;
    CHECK_EQ(TRY("insb", : "+D"(at) : "d"(DATA) : "memory"), -1);
    CHECK_EQ(TRY("inb %%dx, %%al", : "+a"(value) : "d"(STATUS) : "memory"), -1);
    CHECK_EQ(value & 1, 0);
}

TEST(instructions_that_no_guest_may_use_fault)
{
    uint64_t room[2] = {0};

    CHECK_EQ(TRY("lgdt (%0)", : : "r"(room) : "memory"), 13);
    CHECK_EQ(TRY("lidt (%0)", : : "r"(room) : "memory"), 13);
    CHECK_EQ(TRY("lldt %%ax", : : "a"(0) : "memory"), 13);
    CHECK_EQ(TRY("ltr %%ax", : : "a"(0) : "memory"), 13);
    CHECK_EQ(TRY("swapgs", : : : "memory"), 13);
    CHECK_EQ(TRY("hlt", : : : "memory"), 13);
}
