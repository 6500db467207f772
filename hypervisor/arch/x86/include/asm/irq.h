/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Machine interrupts: what physdev.c, the dom0 builder and the local APIC's code share with irq.c.
 * Locking and states: top of arch/x86/irq.c.
 */
#ifndef ASM_IRQ_H
#define ASM_IRQ_H

#include <asm/pci.h>
#include <asm/regs.h>
#include <hv/types.h>

/* apic.c: vectors 0xf0 and above. */
void apic_vector(struct cpu_regs *regs, uint8_t vector);

/* Give @d pirq numbers (a driver domain): the machine's GSIs and room for MSIs. -ENOMEM.
 * arch_pirq_release_all() takes them back. */
int pirq_domain_init(struct domain *d);

/*
 * Map GSI @gsi of the machine as @*pirq of @d (negative: the same number). 0 also if it is so already.
 * -EINVAL no such GSI or pirq, or @d has no pirqs; -EBUSY another domain has it; -EEXIST the pirq is
 * another interrupt.
 */
int pirq_map_gsi(struct domain *d, unsigned int gsi, int *pirq);
/*
 * Map an MSI of @bdf as @*pirq of @d (negative: a free one). @table != 0: MSI-X entry @entry of the table
 * that starts in the BAR at machine address @table; 0: @*nr plain MSIs (power of two, consecutive pirqs).
 * The message is written, masked where the device can mask.
 * -ENODEV no such function; -EINVAL no such capability or entry; -EEXIST mapped already; -ENOSPC no vector
 * or pirq is left; -ENOMEM.
 */
int pirq_map_msi(struct domain *d, pci_bdf_t bdf, maddr_t table, unsigned int entry,
                 unsigned int nr, int *pirq);
int pirq_unmap(struct domain *d, int pirq);    /* -EINVAL not mapped */
int pirq_reserve(struct domain *d, int *pirq); /* -ENOSPC: no free one */
/* Trigger mode and polarity before first use. -EINVAL, -EEXIST set before (nothing changed). */
int irq_setup_gsi(unsigned int gsi, bool level, bool low);
bool pirq_needs_eoi(struct domain *d, unsigned int pirq);
/* A vector for a GSI, as PHYSDEVOP_alloc_irq_vector reports it. -EINVAL, -ENOSPC. */
int irq_gsi_vector(unsigned int gsi);
/* Write the messages of @bdf again (after the device was reset). */
void msi_restore(pci_bdf_t bdf);
/* The device is gone: drop its MSIs. */
void msi_forget(pci_bdf_t bdf);
/* An IO-APIC register for dom0's eyes. -EINVAL: no IO-APIC there. */
int ioapic_read_at(maddr_t base, unsigned int reg, uint32_t *value);

#endif
