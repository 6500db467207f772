/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * physdev_op: I/O privilege for every guest; interrupts and PCI devices for driver domains.
 * Refused with -ENOSYS (Linux copes): pirq_eoi_gmfn (both versions), free_irq_vector, dbgp_op (we use no
 * debug port) and the compat form.
 * ABI: pv-abi/physdev.h (source: Xen public physdev.h).
 */
#include <asm/irq.h>
#include <asm/machine.h>
#include <hv/alloc.h>
#include <hv/arch.h>
#include <hv/errno.h>
#include <hv/hypercall.h>
#include <pv-abi/physdev.h>

#define MAX_PORTS 65536u

/* PHYSDEVOP_set_iopl: the privilege level at which the current vcpu may use ports and cli. Any domain. */
static long set_iopl(guest_va_t arg)
{
    struct physdev_set_iopl op;

    if (copy_from_guest(&op, arg, sizeof(op)))
        return -EFAULT;
    if (op.iopl > 3)
        return -EINVAL;
    current->arch.iopl = op.iopl;
    return 0;
}

/* PHYSDEVOP_set_iobitmap: ports that the current vcpu's user mode may use (a clear bit allows). */
static long set_iobitmap(guest_va_t arg)
{
    struct physdev_set_iobitmap op;
    uint64_t *map = current->arch.iobitmap;

    if (copy_from_guest(&op, arg, sizeof(op)))
        return -EFAULT;
    if (op.nr_ports > MAX_PORTS)
        return -EINVAL;
    if (!op.bitmap || !op.nr_ports) {
        current->arch.iobitmap = NULL;
        hv_free(map);
        return 0;
    }
    if (!map) {
        map = hv_alloc(MAX_PORTS / 8);
        if (!map)
            return -ENOMEM;
        memset(map, 0xff, MAX_PORTS / 8);
        current->arch.iobitmap = map;
    }
    /* What is not given is denied; on a fault nothing is allowed. */
    memset(map, 0xff, MAX_PORTS / 8);
    if (copy_from_guest(map, op.bitmap, (op.nr_ports + 7) / 8)) {
        memset(map, 0xff, MAX_PORTS / 8);
        return -EFAULT;
    }
    if (op.nr_ports % 8)
        ((uint8_t *)map)[op.nr_ports / 8] |= (uint8_t)(0xff << op.nr_ports % 8);
    return 0;
}

static long eoi(struct domain *d, guest_va_t arg)
{
    struct physdev_eoi op;

    if (copy_from_guest(&op, arg, sizeof(op)))
        return -EFAULT;
    if (op.irq >= d->evtchn.nr_pirqs)
        return -EINVAL;
    arch_pirq_eoi(d, op.irq);
    return 0;
}

static long irq_status_query(struct domain *d, guest_va_t arg)
{
    struct physdev_irq_status_query op;

    if (copy_from_guest(&op, arg, sizeof(op)))
        return -EFAULT;
    if (op.irq >= d->evtchn.nr_pirqs)
        return -EINVAL;
    op.flags = pirq_needs_eoi(d, op.irq) ? XENIRQSTAT_needs_eoi : 0;
    return copy_to_guest(arg, &op, sizeof(op)) ? -EFAULT : 0;
}

/* dom0 may look at the IO-APICs; only irq.c writes them. */
static long apic_read(guest_va_t arg)
{
    struct physdev_apic op;
    int rc;

    if (copy_from_guest(&op, arg, sizeof(op)))
        return -EFAULT;
    rc = ioapic_read_at(op.apic_physbase, op.reg, &op.value);
    if (rc)
        return rc;
    return copy_to_guest(arg, &op, sizeof(op)) ? -EFAULT : 0;
}

static long alloc_irq_vector(guest_va_t arg)
{
    struct physdev_irq op;
    int vector;

    if (copy_from_guest(&op, arg, sizeof(op)))
        return -EFAULT;
    vector = irq_gsi_vector(op.irq);
    if (vector < 0)
        return vector;
    op.vector = (uint32_t)vector;
    return copy_to_guest(arg, &op, sizeof(op)) ? -EFAULT : 0;
}

/* Number of messages of a multi-message MSI: the next power of two, as the capability counts. */
static unsigned int msi_count(int32_t n)
{
    unsigned int count = 1;

    if (n <= 0 || n > 32)
        return 0;
    while (count < (unsigned int)n)
        count *= 2;
    return count;
}

static int map_pirq_for(struct domain *t, struct physdev_map_pirq *op)
{
    pci_bdf_t bdf;
    unsigned int nr = 1;
    int rc;

    switch (op->type) {
    case MAP_PIRQ_TYPE_GSI:
        return op->index < 0 ? -EINVAL : pirq_map_gsi(t, (unsigned int)op->index, &op->pirq);
    case MAP_PIRQ_TYPE_MSI:
        bdf = PCI_BDF(0, op->bus & 0xff, op->devfn & 0xff);
        break;
    case MAP_PIRQ_TYPE_MULTI_MSI:
        nr = msi_count(op->entry_nr);
        if (op->table_base || !nr)
            return -EINVAL;
        /* fall through */
    case MAP_PIRQ_TYPE_MSI_SEG:
        bdf = PCI_BDF((uint32_t)op->bus >> 16, op->bus & 0xff, op->devfn & 0xff);
        break;
    default:
        return -EINVAL;
    }
    if (op->entry_nr < 0 || op->entry_nr > 2047)
        return -EINVAL;
    rc = pirq_map_msi(t, bdf, op->table_base, (unsigned int)op->entry_nr, nr, &op->pirq);
    if (!rc && op->type == MAP_PIRQ_TYPE_MULTI_MSI)
        op->entry_nr = (int32_t)nr;
    return rc;
}

/*
 * PHYSDEVOP_map_pirq: give op.domid a pirq for a GSI or for an MSI of a device.
 * Errors: -EFAULT; -ESRCH, -EPERM for op.domid; the others as pirq_map_gsi() and pirq_map_msi().
 */
static long map_pirq(struct domain *d, guest_va_t arg)
{
    struct physdev_map_pirq op;
    struct domain *t;
    long rc;

    if (copy_from_guest(&op, arg, sizeof(op)))
        return -EFAULT;
    rc = domain_get_controlled(d, op.domid, &t);
    if (rc)
        return rc;
    rc = map_pirq_for(t, &op);
    if (!rc && copy_to_guest(arg, &op, sizeof(op))) {
        pirq_unmap(t, op.pirq); /* a guest that never learned its pirq could not unmap it */
        rc = -EFAULT;
    }
    domain_put(t);
    return rc;
}

static long unmap_pirq(struct domain *d, guest_va_t arg)
{
    struct physdev_unmap_pirq op;
    struct domain *t;
    long rc;

    if (copy_from_guest(&op, arg, sizeof(op)))
        return -EFAULT;
    rc = domain_get_controlled(d, op.domid, &t);
    if (rc)
        return rc;
    rc = pirq_unmap(t, op.pirq);
    domain_put(t);
    return rc;
}

static long setup_gsi(guest_va_t arg)
{
    struct physdev_setup_gsi op;

    if (copy_from_guest(&op, arg, sizeof(op)))
        return -EFAULT;
    if (op.gsi < 0)
        return -EINVAL;
    return irq_setup_gsi((unsigned int)op.gsi, op.triggering, op.polarity);
}

static long get_free_pirq(struct domain *d, guest_va_t arg)
{
    struct physdev_get_free_pirq op;
    int pirq;
    long rc;

    if (copy_from_guest(&op, arg, sizeof(op)))
        return -EFAULT;
    if (op.type != MAP_PIRQ_TYPE_MSI)
        return -EINVAL;
    rc = pirq_reserve(d, &pirq);
    if (rc)
        return rc;
    op.pirq = (uint32_t)pirq;
    if (!copy_to_guest(arg, &op, sizeof(op)))
        return 0;
    pirq_unmap(d, pirq);
    return -EFAULT;
}

/* dom0 says which MMCFG windows the firmware really reserves: it must be one that the MCFG names. */
static long pci_mmcfg_reserved(guest_va_t arg)
{
    struct physdev_pci_mmcfg_reserved op;

    if (copy_from_guest(&op, arg, sizeof(op)))
        return -EFAULT;
    for (unsigned int i = 0; i < acpi.nr_mcfg; i++)
        if (acpi.mcfg_addr[i] == op.address && acpi.mcfg_segment[i] == op.segment)
            return 0;
    return -ENODEV;
}

/*
 * The functions of segment 0 that dom0 has told us of. Nothing else is kept for a device (no IOMMU); of
 * other segments only their existence is checked.
 */
static uint64_t known_devices[0x10000 / 64];

static bool segment_exists(pci_bdf_t bdf)
{
    for (unsigned int i = 0; i < acpi.nr_mcfg; i++)
        if (acpi.mcfg_segment[i] == bdf >> 16)
            return true;
    return bdf >> 16 == 0;
}

/* -ENODEV: it does not answer. */
static long device_added(pci_bdf_t bdf)
{
    if (!pci_present(bdf))
        return -ENODEV;
    if (bdf >> 16 == 0)
        set_bit(bdf, known_devices);
    return 0;
}

/* It may be gone already. -ENODEV: it never was there. */
static long device_removed(pci_bdf_t bdf)
{
    if (!segment_exists(bdf) || (bdf >> 16 == 0 && !test_and_clear_bit(bdf, known_devices)))
        return -ENODEV;
    msi_forget(bdf);
    return 0;
}

/* The operations that only name a device; old ones without a segment. */
static long device_op(uint64_t cmd, guest_va_t arg)
{
    struct physdev_pci_device op;
    struct physdev_manage_pci old;
    pci_bdf_t bdf;

    if (cmd == PHYSDEVOP_manage_pci_add || cmd == PHYSDEVOP_manage_pci_add_ext ||
        cmd == PHYSDEVOP_manage_pci_remove || cmd == PHYSDEVOP_restore_msi) {
        if (copy_from_guest(&old, arg, sizeof(old)))
            return -EFAULT;
        bdf = PCI_BDF(0, old.bus, old.devfn);
    } else {
        if (copy_from_guest(&op, arg, sizeof(op)))
            return -EFAULT;
        bdf = PCI_BDF(op.seg, op.bus, op.devfn);
    }
    switch (cmd) {
    case PHYSDEVOP_manage_pci_remove:
    case PHYSDEVOP_pci_device_remove:
        return device_removed(bdf);
    case PHYSDEVOP_restore_msi:
    case PHYSDEVOP_restore_msi_ext:
        if (!pci_present(bdf))
            return -ENODEV;
        msi_restore(bdf);
        return 0;
    case PHYSDEVOP_prepare_msix: /* for a device that is about to serve a guest: its table is ours */
    case PHYSDEVOP_release_msix:
        return pci_find_capability(bdf, PCI_CAP_MSIX) ? 0 : -ENODEV;
    default:
        return device_added(bdf);
    }
}

/* physdev_op of a driver domain. */
static long hardware_op(struct domain *d, uint64_t cmd, guest_va_t arg)
{
    switch (cmd) {
    case PHYSDEVOP_set_iobitmap:
        return set_iobitmap(arg);
    case PHYSDEVOP_eoi:
        return eoi(d, arg);
    case PHYSDEVOP_irq_status_query:
        return irq_status_query(d, arg);
    case PHYSDEVOP_apic_read:
        return apic_read(arg);
    case PHYSDEVOP_apic_write:
        return -EPERM;
    case PHYSDEVOP_alloc_irq_vector:
        return alloc_irq_vector(arg);
    case PHYSDEVOP_map_pirq:
        return map_pirq(d, arg);
    case PHYSDEVOP_unmap_pirq:
        return unmap_pirq(d, arg);
    case PHYSDEVOP_setup_gsi:
        return setup_gsi(arg);
    case PHYSDEVOP_get_free_pirq:
        return get_free_pirq(d, arg);
    case PHYSDEVOP_pci_mmcfg_reserved:
        return pci_mmcfg_reserved(arg);
    case PHYSDEVOP_manage_pci_add:
    case PHYSDEVOP_manage_pci_add_ext:
    case PHYSDEVOP_manage_pci_remove:
    case PHYSDEVOP_restore_msi:
    case PHYSDEVOP_restore_msi_ext:
    case PHYSDEVOP_pci_device_add:
    case PHYSDEVOP_pci_device_remove:
    case PHYSDEVOP_prepare_msix:
    case PHYSDEVOP_release_msix:
        return device_op(cmd, arg);
    default:
        return -ENOSYS;
    }
}

/* @arg: guest address of the operation's struct. -EPERM: the domain has no hardware. */
long hc_physdev_op(struct domain *d, uint64_t cmd, guest_va_t arg)
{
    if (cmd == PHYSDEVOP_set_iopl)
        return set_iopl(arg);
    if (cmd == PHYSDEVOP_pirq_eoi_gmfn_v1 || cmd == PHYSDEVOP_pirq_eoi_gmfn_v2 ||
        cmd == PHYSDEVOP_dbgp_op)
        return -ENOSYS;
    return d->arch.io_allowed ? hardware_op(d, cmd, arg) : -EPERM;
}
