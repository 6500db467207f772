/* SPDX-License-Identifier: GPL-2.0-only */
/* Bytes of ACPI tables to struct acpi_info. Pure: no access to the machine. Every read is within
 * length. */
#include <asm/acpi.h>
#include <hv/lib.h>

/* Little-endian number of @size bytes at @at, 0 beyond the table's end. */
static uint64_t field(const struct acpi_header *h, size_t at, size_t size)
{
    uint64_t v = 0;

    if (at + size <= h->length)
        memcpy(&v, (const uint8_t *)h + at, size);
    return v;
}

bool acpi_checksum(const void *p, size_t n)
{
    const uint8_t *b = p;
    uint8_t sum = 0;

    while (n--)
        sum += *b++;
    return !sum;
}

maddr_t acpi_root_table(const uint8_t rsdp[36])
{
    uint32_t rsdt;
    uint64_t xsdt;

    if (memcmp(rsdp, "RSD PTR ", 8) || !acpi_checksum(rsdp, 20))
        return 0;
    memcpy(&rsdt, rsdp + 16, 4);
    memcpy(&xsdt, rsdp + 24, 8);
    if (rsdp[15] >= 2 && xsdt && acpi_checksum(rsdp, 36))
        return xsdt;
    return rsdt;
}

unsigned int acpi_root_entries(const struct acpi_header *root, maddr_t *out, unsigned int max)
{
    size_t size = root->signature[0] == 'X' ? 8 : 4, at;
    unsigned int n = 0;

    for (at = sizeof(*root); at + size <= root->length && n < max; at += size) {
        out[n] = field(root, at, size);
        if (out[n])
            n++;
    }
    return n;
}

static void add_cpu(struct acpi_info *info, uint32_t apic_id, uint32_t flags)
{
    if (!(flags & 1) || apic_id >= 255) /* enabled; xAPIC reaches no more */
        return;
    for (unsigned int i = 0; i < info->nr_cpus; i++)
        if (info->apic_ids[i] == apic_id)
            return;
    if (info->nr_cpus < ARRAY_SIZE(info->apic_ids))
        info->apic_ids[info->nr_cpus++] = apic_id;
}

void acpi_parse_madt(const struct acpi_header *h, struct acpi_info *info)
{
    size_t at, len;

    if (field(h, 36, 4))
        info->lapic_addr = field(h, 36, 4);
    for (at = 44; at + 2 <= h->length; at += len) {
        len = field(h, at + 1, 1);
        if (len < 2 || at + len > h->length)
            return;
        switch (field(h, at, 1)) {
        case 0: /* local APIC */
            if (len >= 8)
                add_cpu(info, field(h, at + 3, 1), field(h, at + 4, 4));
            break;
        case 1: /* IO-APIC */
            if (len >= 12 && info->nr_ioapics < ARRAY_SIZE(info->ioapic))
                info->ioapic[info->nr_ioapics++] = (struct ioapic_info){
                    .id = field(h, at + 2, 1),
                    .addr = field(h, at + 4, 4),
                    .gsi_base = field(h, at + 8, 4),
                };
            break;
        case 2: /* interrupt source override */
            if (len >= 10 && info->nr_overrides < ARRAY_SIZE(info->override))
                info->override[info->nr_overrides++] = (struct irq_override){
                    .irq = field(h, at + 3, 1),
                    .gsi = field(h, at + 4, 4),
                    .flags = field(h, at + 8, 2),
                };
            break;
        case 5: /* local APIC address, 64 bits */
            if (len >= 12)
                info->lapic_addr = field(h, at + 4, 8);
            break;
        case 9: /* local x2APIC */
            if (len >= 16)
                add_cpu(info, field(h, at + 4, 4), field(h, at + 8, 4));
            break;
        default:
            break;
        }
    }
}

void acpi_parse_fadt(const struct acpi_header *h, struct acpi_info *info, maddr_t *dsdt)
{
    *dsdt = field(h, 140, 8) ? field(h, 140, 8) : field(h, 40, 4);
    info->sci_irq = field(h, 46, 2);
    info->pm1a_cnt = field(h, 64, 4);
    info->pm1b_cnt = field(h, 68, 4);
    if (field(h, 91, 1) == 4)
        info->pm_timer_port = field(h, 76, 4);
    if (field(h, 112, 4) & 1u << 10) { /* RESET_REG_SUP */
        info->reset_type = field(h, 116, 1);
        info->reset_addr = field(h, 120, 8);
        info->reset_value = field(h, 128, 1);
    }
}

void acpi_parse_mcfg(const struct acpi_header *h, struct acpi_info *info)
{
    for (size_t at = 44; at + 16 <= h->length && info->nr_mcfg < ARRAY_SIZE(info->mcfg_addr);
         at += 16) {
        unsigned int i = info->nr_mcfg++;

        info->mcfg_addr[i] = field(h, at, 8);
        info->mcfg_segment[i] = field(h, at + 8, 2);
        info->mcfg_bus_start[i] = field(h, at + 10, 1);
        info->mcfg_bus_end[i] = field(h, at + 11, 1);
    }
}

/* One element of the package: a byte constant, 0 or 1. Returns how many bytes it took, 0: not
 * understood. */
static size_t aml_byte(const uint8_t *p, size_t room, uint8_t *v)
{
    if (room >= 1 && p[0] <= 1) {
        *v = p[0];
        return 1;
    }
    if (room >= 2 && p[0] == 0x0a) {
        *v = p[1];
        return 2;
    }
    return 0;
}

/* Name(_S5_, Package {SLP_TYPa, SLP_TYPb, ...}) is found by its bytes: 08 "_S5_" 12 length n ... */
void acpi_parse_s5(const uint8_t *dsdt, size_t n, struct acpi_s5 *s5)
{
    size_t i, at, used;

    for (i = sizeof(struct acpi_header); i + 8 < n; i++) {
        if (memcmp(dsdt + i, "_S5_", 4) || dsdt[i + 4] != 0x12 ||
            (dsdt[i - 1] != 0x08 && dsdt[i - 1] != '\\'))
            continue;
        at = i + 5;
        at += 1 + (dsdt[at] >> 6) + 1; /* package length of 1 to 4 bytes, number of elements */
        if (at >= n)
            return;
        used = aml_byte(dsdt + at, n - at, &s5->type_a);
        if (!used || !aml_byte(dsdt + at + used, n - at - used, &s5->type_b))
            return;
        s5->valid = true;
        return;
    }
}
