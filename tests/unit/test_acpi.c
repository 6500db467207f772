/* SPDX-License-Identifier: GPL-2.0-only */
/* ACPI tables as bytes: arch/x86/acpi_parse.c. */
#include "fake-arch/fake.h"
#include <stdlib.h>

#include <asm/acpi.h>

/* A table on the heap, exactly as long as it says: the sanitizer sees reads beyond it. */
static uint8_t *table(const char *signature, size_t length)
{
    uint8_t *t = calloc(1, length);

    memcpy(t, signature, 4);
    memcpy(t + 4, &(uint32_t){(uint32_t)length}, 4);
    return t;
}

static void put(uint8_t *t, size_t at, uint64_t v, size_t size)
{
    memcpy(t + at, &v, size);
}

static void checksum_is_of_all_bytes(void **state)
{
    assert_true(acpi_checksum("\x01\x02\xfd", 3));
    assert_false(acpi_checksum("\x01\x02\xfc", 3));
    assert_true(acpi_checksum("", 0));
}

static void rsdp_names_rsdt_or_xsdt(void **state)
{
    uint8_t r[36] = "RSD PTR ";
    unsigned int i;
    uint8_t sum = 0;

    put(r, 16, 0x1234000, 4);
    put(r, 24, 0x5678000, 8);
    for (i = 0; i < 20; i++)
        sum += r[i];
    r[8] = -sum;
    assert_int_equal(acpi_root_table(r), 0x1234000); /* revision 0: the rest means nothing */
    r[15] = 2;
    r[8] -= 2;
    assert_int_equal(acpi_root_table(r), 0x1234000); /* the long checksum is wrong */
    for (i = 0, sum = 0; i < 36; i++)
        sum += r[i];
    r[32] = -sum;
    assert_int_equal(acpi_root_table(r), 0x5678000);
    r[16]++;
    assert_int_equal(acpi_root_table(r), 0);
}

static void root_entries_have_the_size_of_their_table(void **state)
{
    uint8_t *t = table("RSDT", 36 + 12), *x = table("XSDT", 36 + 20);
    maddr_t out[4];

    put(t, 36, 0x1000, 4);
    put(t, 44, 0x3000, 4); /* the one between is 0 */
    assert_int_equal(acpi_root_entries((void *)t, out, 4), 2);
    assert_int_equal(out[1], 0x3000);
    put(x, 36, 0x100001000, 8);
    put(x, 44, 0x2000, 8);
    assert_int_equal(acpi_root_entries((void *)x, out, 4), 2); /* 4 bytes over are no entry */
    assert_int_equal(out[0], 0x100001000);
    assert_int_equal(acpi_root_entries((void *)x, out, 1), 1);
    free(t);
    free(x);
}

static void madt_lists_cpus_ioapics_overrides(void **state)
{
    uint8_t *t = table("APIC", 44 + 8 + 8 + 12 + 10 + 16 + 12);
    struct acpi_info info = {0};
    size_t at = 44;

    put(t, 36, 0xfee00000, 4);
    memcpy(t + at, "\x00\x08\x00\x05\x01\x00\x00\x00", 8); /* id 5, enabled */
    at += 8;
    memcpy(t + at, "\x00\x08\x01\x06\x00\x00\x00\x00", 8); /* id 6, not enabled */
    at += 8;
    memcpy(t + at, "\x01\x0c\x02\x00\x00\x00\xc0\xfe\x18\x00\x00\x00", 12);
    at += 12;
    memcpy(t + at, "\x02\x0a\x00\x09\x14\x00\x00\x00\x0d\x00", 10);
    at += 10;
    memcpy(t + at, "\x09\x10\x00\x00\x07\x00\x00\x00\x01\x00\x00\x00\x00\x00\x00\x00", 16);
    at += 16;
    memcpy(t + at, "\x05\x0c\x00\x00\x00\x00\xd0\xfe\x00\x00\x00\x00", 12);
    acpi_parse_madt((void *)t, &info);
    assert_int_equal(info.nr_cpus, 2);
    assert_int_equal(info.apic_ids[0], 5);
    assert_int_equal(info.apic_ids[1], 7);
    assert_int_equal(info.nr_ioapics, 1);
    assert_int_equal(info.ioapic[0].addr, 0xfec00000);
    assert_int_equal(info.ioapic[0].gsi_base, 24);
    assert_int_equal(info.nr_overrides, 1);
    assert_int_equal(info.override[0].irq, 9);
    assert_int_equal(info.override[0].gsi, 20);
    assert_int_equal(info.override[0].flags, 13);
    assert_int_equal(info.lapic_addr, 0xfed00000);
    free(t);
}

static void broken_madt_records_end_the_walk(void **state)
{
    uint8_t *zero = table("APIC", 48), *over = table("APIC", 48);
    struct acpi_info info = {0};

    acpi_parse_madt((void *)zero, &info); /* a record of length 0 */
    put(over, 44, 0x0800, 2);             /* a CPU of 8 bytes in 4 */
    acpi_parse_madt((void *)over, &info);
    assert_int_equal(info.nr_cpus, 0);
    free(zero);
    free(over);
}

static void more_cpus_than_fit_are_left_out(void **state)
{
    uint8_t *t = table("APIC", 44 + 100 * 8);
    struct acpi_info info = {0};
    unsigned int i;

    for (i = 0; i < 100; i++) {
        t[44 + i * 8 + 1] = 8;
        t[44 + i * 8 + 3] = i;
        t[44 + i * 8 + 4] = 1;
    }
    acpi_parse_madt((void *)t, &info);
    assert_int_equal(info.nr_cpus, 64);
    free(t);
}

static void fadt_gives_ports_and_dsdt(void **state)
{
    uint8_t *t = table("FACP", 244), *old = table("FACP", 116);
    struct acpi_info info = {0};
    maddr_t dsdt;

    put(t, 40, 0x7000, 4);
    put(t, 46, 9, 2);
    put(t, 56, 0x600, 4);
    put(t, 64, 0x604, 4);
    put(t, 76, 0x608, 4);
    t[91] = 4;
    put(t, 112, 1 << 10, 4);
    t[116] = 1;
    put(t, 120, 0xcf9, 8);
    t[128] = 6;
    acpi_parse_fadt((void *)t, &info, &dsdt);
    assert_int_equal(dsdt, 0x7000);
    assert_int_equal(info.sci_irq, 9);
    assert_int_equal(info.pm1a_cnt, 0x604);
    assert_int_equal(info.pm_timer_port, 0x608);
    assert_int_equal(info.reset_addr, 0xcf9);
    assert_int_equal(info.reset_value, 6);
    put(t, 140, 0x123456000, 8);
    acpi_parse_fadt((void *)t, &info, &dsdt);
    assert_int_equal(dsdt, 0x123456000);
    info = (struct acpi_info){0};
    acpi_parse_fadt((void *)old, &info, &dsdt); /* shorter than the fields of later revisions */
    assert_int_equal(dsdt, 0);
    assert_int_equal(info.pm_timer_port, 0);
    free(t);
    free(old);
}

static void mcfg_ranges_are_read_whole(void **state)
{
    uint8_t *t = table("MCFG", 44 + 16 + 8);
    struct acpi_info info = {0};

    put(t, 44, 0xb0000000, 8);
    t[44 + 11] = 255;
    acpi_parse_mcfg((void *)t, &info);
    assert_int_equal(info.nr_mcfg, 1); /* half a range is none */
    assert_int_equal(info.mcfg_addr[0], 0xb0000000);
    assert_int_equal(info.mcfg_bus_end[0], 255);
    free(t);
}

static void s5_package_gives_both_types(void **state)
{
    uint8_t d[80] = {0};
    struct acpi_s5 s5 = {0};

    memcpy(d + 40, "\x08_S5_\x12\x06\x04\x0a\x05\x01\x00\x00", 13);
    acpi_parse_s5(d, sizeof(d), &s5);
    assert_true(s5.valid);
    assert_int_equal(s5.type_a, 5);
    assert_int_equal(s5.type_b, 1);
}

static void s5_at_the_end_or_of_other_shape_is_refused(void **state)
{
    struct acpi_s5 s5 = {0};
    uint8_t *d = calloc(1, 49);

    memcpy(d + 40, "\x08_S5_\x12\x86\x04", 8); /* a length of three bytes leads beyond the end */
    acpi_parse_s5(d, 49, &s5);
    assert_false(s5.valid);
    memcpy(d + 40, "\x08_S5_\x12\x06\x04\x0b", 9);
    acpi_parse_s5(d, 49, &s5);
    assert_false(s5.valid);
    memcpy(d + 40, "\x07_S5_\x12\x06\x04\x00", 9); /* no name */
    acpi_parse_s5(d, 49, &s5);
    assert_false(s5.valid);
    acpi_parse_s5(d, 5, &s5);
    assert_false(s5.valid);
    free(d);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(checksum_is_of_all_bytes),
        cmocka_unit_test(rsdp_names_rsdt_or_xsdt),
        cmocka_unit_test(root_entries_have_the_size_of_their_table),
        cmocka_unit_test(madt_lists_cpus_ioapics_overrides),
        cmocka_unit_test(broken_madt_records_end_the_walk),
        cmocka_unit_test(more_cpus_than_fit_are_left_out),
        cmocka_unit_test(fadt_gives_ports_and_dsdt),
        cmocka_unit_test(mcfg_ranges_are_read_whole),
        cmocka_unit_test(s5_package_gives_both_types),
        cmocka_unit_test(s5_at_the_end_or_of_other_shape_is_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
