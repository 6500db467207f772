/* SPDX-License-Identifier: GPL-2.0-only */
/* ACPI tables as bytes: pure parsers, acpi_parse.c. Source: ACPI specification 6.4, 5.2. */
#ifndef ASM_ACPI_H
#define ASM_ACPI_H

#include <asm/machine.h>

struct acpi_header {
    char signature[4];
    uint32_t length; /* of the whole table; the parsers rely on it */
    uint8_t revision, checksum;
    char oem_id[6], oem_table_id[8];
    uint32_t oem_revision, creator_id, creator_revision;
} __attribute__((packed));
_Static_assert(sizeof(struct acpi_header) == 36, "ACPI table header");

struct acpi_s5 {
    bool valid;
    uint8_t type_a, type_b; /* sleep types of power-off */
};

bool acpi_checksum(const void *p, size_t n);     /* bytes add up to 0 */
maddr_t acpi_root_table(const uint8_t rsdp[36]); /* RSDT or XSDT; 0: bad */
unsigned int acpi_root_entries(const struct acpi_header *root, maddr_t *out, unsigned int max);
void acpi_parse_madt(const struct acpi_header *h, struct acpi_info *info);
void acpi_parse_fadt(const struct acpi_header *h, struct acpi_info *info, maddr_t *dsdt);
void acpi_parse_mcfg(const struct acpi_header *h, struct acpi_info *info);
void acpi_parse_s5(const uint8_t *dsdt, size_t n, struct acpi_s5 *s5);
void acpi_power_off(void); /* returns if it is not known how */

#endif
