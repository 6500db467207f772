/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * I/O ports. Who may execute the instruction (ioport_allowed, else #GP) is one question, what it reaches is
 * another: a domain with hardware (dom0) reaches the machine, for others there is nothing on the bus (all ones;
 * kernels probe for PCI that way). Kept by the hypervisor: the interrupt controllers, the timer chip and its
 * own serial line (they read as all ones too). The PCI address port is a latch of the domain, so that its
 * accesses and ours never mix. Sleep states are entered by platform_op alone.
 */
#include <asm/boot.h>
#include <asm/emulate.h>
#include <asm/machine.h>
#include <asm/msr.h>
#include <asm/pci.h>
#include <hv/cmdline.h>
#include <hv/domain.h>
#include <hv/lib.h>

enum { PCI_ADDRESS = 0xcf8, PCI_DATA = 0xcfc };
#define PCI_ENABLE       0x80000000u
#define PM1_SLEEP_ENABLE (1u << 13)

static bool in_range(uint16_t port, unsigned int size, unsigned int first, unsigned int nr)
{
    return port < first + nr && port + size > first;
}

static bool port_kept(uint16_t port, unsigned int size)
{
    unsigned int console = serial_port(options.console);

    return in_range(port, size, 0x20, 2) || in_range(port, size, 0xa0, 2) ||
           in_range(port, size, 0x40, 4) || (console && in_range(port, size, console, 8));
}

/* Guest kernels count as ring 1. */
bool iopl_ok(const struct vcpu *v)
{
    return v->arch.iopl >= (v->arch.in_kernel ? 1 : 3);
}

bool ioport_allowed(const struct vcpu *v, uint16_t port, unsigned int size)
{
    if (port + size > 0x10000)
        return false;
    if (iopl_ok(v))
        return true;
    if (!v->arch.iobitmap)
        return false;
    for (unsigned int i = 0; i < size; i++)
        if (test_bit(port + i, v->arch.iobitmap))
            return false;
    return true;
}

/* Is this an access to the data port, of a register that the latch selects? */
static bool pci_data(const struct domain *d, uint16_t port, unsigned int size, pci_bdf_t *bdf,
                     unsigned int *reg)
{
    uint32_t latch = d->arch.pci_latch;

    *bdf = PCI_BDF(0, (latch >> 16) & 0xff, (latch >> 8) & 0xff);
    *reg = (latch & 0xfc) + (port & 3);
    return (latch & PCI_ENABLE) && !(port & (size - 1));
}

uint32_t ioport_read(struct domain *d, uint16_t port, unsigned int size)
{
    pci_bdf_t bdf;
    unsigned int reg;

    if (!d->arch.io_allowed || port_kept(port, size))
        return ~0u;
    if (port == PCI_ADDRESS && size == 4)
        return d->arch.pci_latch;
    if (port >= PCI_DATA && port < PCI_DATA + 4)
        return pci_data(d, port, size, &bdf, &reg) ? pci_conf_read(bdf, reg, size) : ~0u;
    return size == 1 ? inb(port) : size == 2 ? inw(port) : inl(port);
}

void ioport_write(struct domain *d, uint16_t port, unsigned int size, uint32_t val)
{
    pci_bdf_t bdf;
    unsigned int reg;

    if (!d->arch.io_allowed || port_kept(port, size))
        return;
    if (port == PCI_ADDRESS && size == 4) {
        d->arch.pci_latch = val;
        return;
    }
    if (port >= PCI_DATA && port < PCI_DATA + 4) {
        if (pci_data(d, port, size, &bdf, &reg))
            pci_conf_write(bdf, reg, size, val);
        return;
    }
    if (port && (port == acpi.pm1a_cnt || port == acpi.pm1b_cnt))
        val &= ~PM1_SLEEP_ENABLE;
    else if (port && (port == acpi.pm1a_cnt + 1 || port == acpi.pm1b_cnt + 1) && port != 1)
        val &= ~(PM1_SLEEP_ENABLE >> 8);
    if (size == 1)
        outb(port, (uint8_t)val);
    else if (size == 2)
        outw(port, (uint16_t)val);
    else
        outl(port, val);
}
