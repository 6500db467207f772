/* SPDX-License-Identifier: GPL-2.0-only */
/* The CPUID policy over made-up CPUs. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <asm/cpuid.h>
#include <pv-abi/x86.h>

enum { A, B, C, D };
#define BIT(n) (1u << (n))

/* A CPU that has everything: all ones where features are told. */
static uint32_t max_basic, max_extended;

static void raw_all(uint32_t leaf, uint32_t sub, uint32_t r[4])
{
    memset(r, 0xff, 16);
    if (leaf == 0)
        r[A] = max_basic;
    else if (leaf == 0x80000000)
        r[A] = max_extended;
    else if (leaf == 0xd && sub == 2)
        r[A] = 256, r[B] = 576, r[C] = 0;
    else if (leaf == 0xd && sub == 5)
        r[A] = 64, r[B] = 1088, r[C] = 2;
    else if (leaf == 0xd && sub == 6)
        r[A] = 512, r[B] = 1152, r[C] = 0;
    else if (leaf == 0xd && sub == 7)
        r[A] = 1024, r[B] = 1664, r[C] = 0;
    else if (leaf == 0x80000008)
        r[A] = 0x3930;
}

static void raw_none(uint32_t leaf, uint32_t sub, uint32_t r[4])
{
    memset(r, 0, 16);
    if (leaf == 0)
        r[A] = max_basic;
    else if (leaf == 0x80000000)
        r[A] = max_extended;
}

static struct cpuid_env env;

static int setup(void **state)
{
    max_basic = 0x1f;
    max_extended = 0x80000021;
    env = (struct cpuid_env){.raw = raw_all,
                             .xcr0 = 0xe7,
                             .guest_xcr0 = 7,
                             .fsgsbase = true,
                             .nx = true,
                             .tsc_stable = true,
                             .tsc_khz = 2500000,
                             .machine_bits = 33};
    return 0;
}

static uint32_t reg(uint32_t leaf, uint32_t sub, unsigned int n)
{
    uint32_t r[4];

    cpuid_policy_leaf(&env, leaf, sub, r);
    return r[n];
}

static void what_a_pv_guest_cannot_use_is_hidden(void **state)
{
    static const struct {
        uint32_t leaf, sub;
        unsigned int reg, bit;
        const char *name;
    } hidden[] = {
        {1, 0, D, 3, "pse"},
        {1, 0, D, 7, "mce"},
        {1, 0, D, 12, "mtrr"},
        {1, 0, D, 13, "pge"},
        {1, 0, D, 14, "mca"},
        {1, 0, D, 17, "pse36"},
        {1, 0, D, 28, "htt"},
        {1, 0, C, 3, "monitor"},
        {1, 0, C, 5, "vmx"},
        {1, 0, C, 17, "pcid"},
        {1, 0, C, 21, "x2apic"},
        {1, 0, C, 24, "tsc deadline"},
        {7, 0, B, 7, "smep"},
        {7, 0, B, 10, "invpcid"},
        {7, 0, B, 14, "mpx"},
        {7, 0, B, 20, "smap"},
        {7, 0, C, 2, "umip"},
        {7, 0, C, 3, "pku"},
        {7, 0, C, 4, "ospke"},
        {7, 0, C, 7, "shstk"},
        {7, 0, C, 16, "la57"},
        {7, 0, C, 22, "rdpid"},
        {7, 0, D, 20, "ibt"},
        {7, 0, D, 26, "ibrs"},
        {7, 0, D, 29, "arch capabilities"},
        {0x80000001, 0, C, 2, "svm"},
        {0x80000001, 0, C, 22, "topoext"},
        {0x80000001, 0, C, 29, "monitorx"},
        {0x80000001, 0, D, 3, "pse"},
        {0x80000001, 0, D, 13, "pge"},
        {0x80000001, 0, D, 26, "1 GiB pages"},
        {0x80000001, 0, D, 27, "rdtscp"},
        {0xd, 1, A, 3, "xsaves"},
    };

    for (size_t i = 0; i < sizeof(hidden) / sizeof(hidden[0]); i++)
        if (reg(hidden[i].leaf, hidden[i].sub, hidden[i].reg) & BIT(hidden[i].bit))
            fail_msg("%s is shown", hidden[i].name);
}

static void what_linux_needs_is_shown(void **state)
{
    static const struct {
        uint32_t leaf;
        unsigned int reg, bit;
        const char *name;
    } shown[] = {
        {1, D, 0, "fpu"},           {1, D, 4, "tsc"},
        {1, D, 5, "msr"},           {1, D, 6, "pae"},
        {1, D, 8, "cx8"},           {1, D, 9, "apic"},
        {1, D, 15, "cmov"},         {1, D, 16, "pat"},
        {1, D, 19, "clflush"},      {1, D, 24, "fxsr"},
        {1, D, 26, "sse2"},         {1, C, 13, "cx16"},
        {1, C, 26, "xsave"},        {1, C, 27, "osxsave"},
        {1, C, 28, "avx"},          {1, C, 31, "hypervisor"},
        {7, B, 0, "fsgsbase"},      {7, B, 5, "avx2"},
        {7, B, 16, "avx512f"},      {0x80000001, D, 11, "syscall"},
        {0x80000001, D, 20, "nx"},  {0x80000001, D, 29, "lm"},
        {0x80000001, C, 0, "lahf"},
    };

    for (size_t i = 0; i < sizeof(shown) / sizeof(shown[0]); i++)
        if (!(reg(shown[i].leaf, 0, shown[i].reg) & BIT(shown[i].bit)))
            fail_msg("%s is hidden", shown[i].name);
}

static void without_xsave_nothing_that_needs_it_is_shown(void **state)
{
    env.xcr0 = 0;
    assert_int_equal(reg(1, 0, C) & (BIT(26) | BIT(27) | BIT(28) | BIT(12) | BIT(29)), 0);
    assert_int_equal(reg(7, 0, B) & (BIT(5) | BIT(16)), 0);
    assert_int_equal(reg(0x80000001, 0, C) & (BIT(11) | BIT(16)), 0);
    for (unsigned int sub = 0; sub < 64; sub++)
        for (unsigned int n = A; n <= D; n++)
            assert_int_equal(reg(0xd, sub, n), 0);
    env.xcr0 = 3; /* XSAVE, but no AVX */
    assert_int_equal(reg(1, 0, C) & (BIT(26) | BIT(27) | BIT(28)), BIT(26) | BIT(27));
    env.xcr0 = 7; /* AVX, but no AVX-512 */
    assert_int_equal(reg(7, 0, B) & (BIT(5) | BIT(16) | BIT(31)), BIT(5));
    assert_int_equal(reg(7, 0, C) & BIT(11), 0);
    assert_int_equal(reg(7, 1, A) & (BIT(4) | BIT(5)), BIT(4));
}

static void flags_follow_the_host(void **state)
{
    env.fsgsbase = false;
    assert_int_equal(reg(7, 0, B) & BIT(0), 0);
    env.nx = false;
    assert_int_equal(reg(0x80000001, 0, D) & BIT(20), 0);
    assert_int_equal(reg(0x80000007, 0, D), BIT(8));
    env.tsc_stable = false;
    assert_int_equal(reg(0x80000007, 0, D), 0);
    assert_int_equal(reg(0x40000003, 0, A), 0);
    env.raw = raw_none;
    assert_int_equal(reg(1, 0, D), 0);
    assert_int_equal(reg(1, 0, C), BIT(31));
}

static void xsave_sizes_are_those_of_the_states(void **state)
{
    assert_int_equal(reg(0xd, 0, A), 0xe7);
    assert_int_equal(reg(0xd, 0, B), 832); /* guest: x87, SSE, AVX */
    assert_int_equal(reg(0xd, 0, C), 2688);
    assert_int_equal(reg(0xd, 1, A), 7);
    assert_int_equal(reg(0xd, 1, B), 832);
    env.guest_xcr0 = 0xe3; /* without AVX: the compacted form closes the gap */
    assert_int_equal(reg(0xd, 0, B), 2688);
    assert_int_equal(reg(0xd, 1, B), 576 + 64 + 512 + 1024);
    assert_int_equal(reg(0xd, 2, A), 256);
    assert_int_equal(reg(0xd, 3, A), 0);
    assert_int_equal(reg(0xd, 9, A), 0); /* PKRU */
    env.guest_xcr0 = 1;
    assert_int_equal(reg(0xd, 0, B), 576);
}

static void each_vcpu_is_a_package_of_one(void **state)
{
    assert_int_equal(reg(1, 0, B) >> 16, 0);
    assert_int_equal(reg(4, 0, A) >> 14, 0);
    for (unsigned int n = A; n <= D; n++) {
        assert_int_equal(reg(0xb, 0, n), 0);
        assert_int_equal(reg(0x1f, 0, n), 0);
    }
    assert_int_equal(reg(0x80000008, 0, C), 0);
    assert_int_equal(reg(0x80000008, 0, A), 0x3030);
}

static void leaves_end_where_they_say(void **state)
{
    static const uint32_t zero[] = {
        3,          5,          6,          9,          0xa,        0xe,        0x14,
        0x15,       0x16,       0x20,       0x7fffffff, 0x8000000a, 0x8000001e, 0x80000022,
        0x8fffffff, 0xc0000000, 0x40000004, 0x40000006, 0x400000ff, 0x40000100, 0x3fffffff};

    assert_int_equal(reg(0, 0, A), 0xd);
    assert_int_equal(reg(0x80000000, 0, A), 0x80000008);
    assert_int_equal(reg(7, 0, A), 1);
    for (size_t i = 0; i < sizeof(zero) / sizeof(zero[0]); i++)
        for (unsigned int n = A; n <= D; n++)
            assert_int_equal(reg(zero[i], 0, n), 0);
    for (unsigned int n = A; n <= D; n++)
        assert_int_equal(reg(7, 2, n), 0);
    max_basic = 5; /* an old CPU: no leaf 7 to show */
    max_extended = 0x80000004;
    assert_int_equal(reg(0, 0, A), 5);
    assert_int_equal(reg(7, 0, B), 0);
    assert_int_equal(reg(0x80000000, 0, A), 0x80000004);
    assert_int_equal(reg(0x80000008, 0, A), 0);
}

static void the_hypervisor_is_found(void **state)
{
    uint32_t r[4];
    char sig[13] = "";

    cpuid_policy_leaf(&env, 0x40000000, 0, r);
    memcpy(sig, &r[B], 12);
    assert_string_equal(sig, "XenVMMXenVMM");
    assert_int_equal(r[A], 0x40000005);
    assert_int_equal(reg(0x40000001, 0, A), 4 << 16 | 17);
    assert_int_equal(reg(0x40000002, 0, A), 1);
    assert_int_equal(reg(0x40000002, 0, B), 0x40000000);
    assert_int_equal(reg(0x40000002, 0, C), 1);
    assert_int_equal(reg(0x40000003, 0, C), 2500000);
    assert_int_equal(reg(0x40000005, 0, B), 33);
    env.machine_bits = 46;
    assert_int_equal(reg(0x40000005, 0, B), 44);
}

#define T(f) cmocka_unit_test_setup(f, setup)

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(what_a_pv_guest_cannot_use_is_hidden),
        T(what_linux_needs_is_shown),
        T(without_xsave_nothing_that_needs_it_is_shown),
        T(flags_follow_the_host),
        T(xsave_sizes_are_those_of_the_states),
        T(each_vcpu_is_a_package_of_one),
        T(leaves_end_where_they_say),
        T(the_hypervisor_is_found),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
