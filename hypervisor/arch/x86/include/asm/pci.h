/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * PCI configuration space. The one way to it for the hypervisor and, through the emulation of ports
 * 0xcf8 to 0xcff, for dom0: the address port is shared, so every access holds one lock. arch/x86/pci.c.
 */
#ifndef ASM_PCI_H
#define ASM_PCI_H

#include <hv/types.h>

/* A function's address: segment 31-16, bus 15-8, device 7-3, function 2-0. */
typedef uint32_t pci_bdf_t;
#define PCI_BDF(seg, bus, devfn) ((uint32_t)(seg) << 16 | (uint32_t)(bus) << 8 | (devfn))

/*
 * Read or write @size (1, 2 or 4) bytes at register @reg (0 to 4095) of @bdf; @reg is a multiple of @size.
 * Registers from 256 on, and segments other than 0, need MMCFG. What does not exist reads as all ones,
 * and writes to it do nothing; what is read counts in its low @size bytes. Any context; not from NMI.
 */
uint32_t pci_conf_read(pci_bdf_t bdf, unsigned int reg, unsigned int size);
void pci_conf_write(pci_bdf_t bdf, unsigned int reg, unsigned int size, uint32_t value);

/* Register of capability @id, or 0. */
unsigned int pci_find_capability(pci_bdf_t bdf, uint8_t id);
bool pci_present(pci_bdf_t bdf);

#define PCI_CAP_MSI  0x05
#define PCI_CAP_MSIX 0x11

#endif
