/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * PCI configuration space by ports 0xcf8/0xcfc, or by MMCFG for what the ports cannot name.
 * Locking: pci_lock, irq-safe and innermost (interrupt code masks MSIs).
 * Source: PCI Local Bus 3.0, 3.2.2.3.2; PCI Firmware 3.0, 4 (MMCFG).
 */
#include <asm/machine.h>
#include <asm/msr.h>
#include <asm/pci.h>
#include <hv/arch.h>
#include <hv/spinlock.h>

enum { PORT_ADDRESS = 0xcf8, PORT_DATA = 0xcfc };
enum { REG_STATUS = 0x06, REG_CAPS = 0x34, STATUS_CAPS = 0x10 };

static spinlock_t pci_lock = SPINLOCK_INIT;

/* MMCFG windows, mapped bus by bus (1 MiB each) when first used; whoever comes second wins nothing. */
static volatile uint8_t *mmcfg_bus[4][256];

static volatile uint8_t *mmcfg_address(pci_bdf_t bdf, unsigned int reg)
{
    unsigned int bus = bdf >> 8 & 0xff;

    for (unsigned int i = 0; i < acpi.nr_mcfg; i++) {
        maddr_t base = acpi.mcfg_addr[i] + ((maddr_t)bus << 20);
        volatile uint8_t *va;

        if (acpi.mcfg_segment[i] != bdf >> 16 || bus < acpi.mcfg_bus_start[i] ||
            bus > acpi.mcfg_bus_end[i])
            continue;
        va = __atomic_load_n(&mmcfg_bus[i][bus], __ATOMIC_ACQUIRE);
        if (!va) {
            va = arch_ioremap(base, 1u << 20);
            if (!va)
                return NULL;
            __atomic_store_n(&mmcfg_bus[i][bus], va, __ATOMIC_RELEASE);
        }
        return va + ((bdf & 0xff) << 12) + reg;
    }
    return NULL;
}

static bool by_ports(pci_bdf_t bdf, unsigned int reg)
{
    return bdf >> 16 == 0 && reg < 256;
}

static void select_register(pci_bdf_t bdf, unsigned int reg)
{
    outl(PORT_ADDRESS, 0x80000000u | (bdf & 0xffff) << 8 | (reg & 0xfc));
}

uint32_t pci_conf_read(pci_bdf_t bdf, unsigned int reg, unsigned int size)
{
    uint16_t port = PORT_DATA + (reg & 3);
    volatile uint8_t *va;

    if (reg >= 4096 || (reg & (size - 1)))
        return ~0u;
    if (by_ports(bdf, reg)) {
        SCOPED_LOCK_IRQ(&pci_lock);
        select_register(bdf, reg);
        return size == 1 ? inb(port) : size == 2 ? inw(port) : inl(port);
    }
    va = mmcfg_address(bdf, reg);
    if (!va)
        return ~0u;
    return size == 1 ? *va : size == 2 ? *(volatile uint16_t *)va : *(volatile uint32_t *)va;
}

void pci_conf_write(pci_bdf_t bdf, unsigned int reg, unsigned int size, uint32_t value)
{
    uint16_t port = PORT_DATA + (reg & 3);
    volatile uint8_t *va;

    if (reg >= 4096 || (reg & (size - 1)))
        return;
    if (by_ports(bdf, reg)) {
        SCOPED_LOCK_IRQ(&pci_lock);
        select_register(bdf, reg);
        if (size == 1)
            outb(port, (uint8_t)value);
        else if (size == 2)
            outw(port, (uint16_t)value);
        else
            outl(port, value);
        return;
    }
    va = mmcfg_address(bdf, reg);
    if (!va)
        return;
    if (size == 1)
        *va = (uint8_t)value;
    else if (size == 2)
        *(volatile uint16_t *)va = (uint16_t)value;
    else
        *(volatile uint32_t *)va = value;
}

bool pci_present(pci_bdf_t bdf)
{
    uint16_t vendor = (uint16_t)pci_conf_read(bdf, 0, 2);

    return vendor != 0xffff && vendor != 0;
}

unsigned int pci_find_capability(pci_bdf_t bdf, uint8_t id)
{
    unsigned int pos;

    if (!pci_present(bdf) || !(pci_conf_read(bdf, REG_STATUS, 2) & STATUS_CAPS))
        return 0;
    pos = pci_conf_read(bdf, REG_CAPS, 1) & 0xfc;
    for (unsigned int n = 0; n < 48 && pos >= 0x40; n++) { /* a device may lie: 48 fill the space */
        uint32_t head = pci_conf_read(bdf, pos, 2);

        if ((head & 0xff) == id)
            return pos;
        pos = head >> 8 & 0xfc;
    }
    return 0;
}
