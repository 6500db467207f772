/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The static tables of ACPI: RSDP, then MADT, FADT and MCFG. No AML, but for the one package that says how to
 * power off. Table bodies are judged by pure functions (acpi_parse.c). Tables are few and small: what was
 * mapped to read them stays mapped.
 * Source: ACPI specification 6.4, 5.2.
 */
#include <asm/acpi.h>
#include <asm/boot.h>
#include <asm/machine.h>
#include <asm/msr.h>
#include <hv/lib.h>

struct acpi_info acpi;
static struct acpi_s5 s5;

/* The whole of the table at @addr, mapped, if its checksum is right. */
static const struct acpi_header *map_table(maddr_t addr)
{
    const struct acpi_header *h = arch_ioremap(addr, sizeof(*h));
    uint32_t length = h ? h->length : 0;

    if (length < sizeof(*h) || length > (16u << 20))
        return NULL;
    h = arch_ioremap(addr, length);
    if (h && !acpi_checksum(h, length)) {
        printk(LOG_WARN "ACPI: table at %lx has a wrong checksum\n", addr);
        return NULL;
    }
    return h;
}

static maddr_t scan_rsdp(maddr_t start, size_t size)
{
    const char *p = arch_ioremap(start, size);
    maddr_t found = 0;

    if (!p)
        return 0;
    for (size_t i = 0; i + 20 <= size && !found; i += 16)
        if (!memcmp(p + i, "RSD PTR ", 8) && acpi_checksum(p + i, 20))
            found = start + i;
    return found;
}

static maddr_t find_rsdp(void)
{
    const uint16_t *ebda;
    maddr_t at = 0;

    if (boot_info.rsdp)
        return boot_info.rsdp;
    ebda = arch_ioremap(0x40e, 2);
    if (ebda) {
        maddr_t seg = (maddr_t)*ebda << 4;

        if (seg >= 0x80000 && seg < 0xa0000)
            at = scan_rsdp(seg, 1024);
    }
    return at ? at : scan_rsdp(0xe0000, 0x20000);
}

static void read_table(maddr_t addr)
{
    const struct acpi_header *h = map_table(addr);
    maddr_t dsdt = 0;

    if (!h)
        return;
    if (!memcmp(h->signature, "APIC", 4))
        acpi_parse_madt(h, &acpi);
    else if (!memcmp(h->signature, "FACP", 4))
        acpi_parse_fadt(h, &acpi, &dsdt);
    else if (!memcmp(h->signature, "MCFG", 4))
        acpi_parse_mcfg(h, &acpi);
    h = dsdt ? map_table(dsdt) : NULL;
    if (h)
        acpi_parse_s5((const uint8_t *)h, h->length, &s5);
}

/* The boot CPU is number 0. */
static void order_cpus(void)
{
    uint32_t r[4], me, i;

    cpuid_count(1, 0, r);
    me = r[1] >> 24;
    if (!acpi.nr_cpus)
        acpi.apic_ids[acpi.nr_cpus++] = me;
    for (i = 0; i < acpi.nr_cpus; i++)
        if (acpi.apic_ids[i] == me) {
            acpi.apic_ids[i] = acpi.apic_ids[0];
            acpi.apic_ids[0] = me;
        }
}

void acpi_init(void)
{
    const struct acpi_header *root;
    maddr_t tables[64], root_at;
    unsigned int nr, i;
    const uint8_t *rsdp;

    acpi.lapic_addr = 0xfee00000;
    acpi.sci_irq = 9;
    acpi.rsdp = find_rsdp();
    rsdp = acpi.rsdp ? arch_ioremap(acpi.rsdp, 36) : NULL;
    root_at = rsdp ? acpi_root_table(rsdp) : 0;
    root = root_at ? map_table(root_at) : NULL;
    if (!root) {
        printk(LOG_WARN "ACPI: no tables\n");
        order_cpus();
        return;
    }
    nr = acpi_root_entries(root, tables, ARRAY_SIZE(tables));
    for (i = 0; i < nr; i++)
        read_table(tables[i]);
    order_cpus();

    printk("ACPI: %u CPUs (APIC ids", acpi.nr_cpus);
    for (i = 0; i < acpi.nr_cpus; i++)
        printk(" %u", acpi.apic_ids[i]);
    printk("), %u IO-APICs, pm timer %x, %u MCFG ranges, power control %x/%x, sci %u\n",
           acpi.nr_ioapics, acpi.pm_timer_port, acpi.nr_mcfg, acpi.pm1a_cnt, acpi.pm1b_cnt,
           acpi.sci_irq);
}

/* Sleep type in bits 10-12, sleep enable in bit 13, SCI enable kept in bit 0. */
void acpi_power_off(void)
{
    if (s5.valid && acpi.pm1a_cnt)
        outw(acpi.pm1a_cnt, s5.type_a << 10 | 1 << 13 | 1);
    if (s5.valid && acpi.pm1b_cnt)
        outw(acpi.pm1b_cnt, s5.type_b << 10 | 1 << 13 | 1);
}
