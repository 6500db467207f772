/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * physdev_op: I/O privilege for every guest; interrupts and PCI devices for driver domains.
 * Refused with -ENOSYS (Linux copes): pirq_eoi_gmfn (both versions), free_irq_vector, dbgp_op (we use no
 * debug port), reports of PCI devices in forms without a segment, and the compat form.
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

/* A call: our copy of the arguments, and where the guest has them. */
struct physdev_call {
    guest_va_t arg;
    size_t size;
    union {
        struct physdev_set_iopl set_iopl;
        struct physdev_set_iobitmap set_iobitmap;
        struct physdev_eoi eoi;
        struct physdev_irq_status_query irq_status_query;
        struct physdev_apic apic;
        struct physdev_irq irq;
        struct physdev_map_pirq map_pirq;
        struct physdev_unmap_pirq unmap_pirq;
        struct physdev_setup_gsi setup_gsi;
        struct physdev_get_free_pirq get_free_pirq;
        struct physdev_pci_mmcfg_reserved mmcfg;
        struct physdev_pci_device device;
    } op;
};

static int report(const struct physdev_call *c)
{
    return copy_to_guest(c->arg, &c->op, c->size) ? -EFAULT : 0;
}

/* PHYSDEVOP_set_iopl: the privilege level at which the current vcpu may use ports and cli. Any domain. */
static long set_iopl(struct domain *d, struct physdev_call *c)
{
    if (c->op.set_iopl.iopl > 3)
        return -EINVAL;
    current->arch.iopl = c->op.set_iopl.iopl;
    return 0;
}

/* PHYSDEVOP_set_iobitmap: ports that the current vcpu's user mode may use (a clear bit allows). */
static long set_iobitmap(struct domain *d, struct physdev_call *c)
{
    const struct physdev_set_iobitmap *op = &c->op.set_iobitmap;
    uint64_t *map = current->arch.iobitmap;

    if (op->nr_ports > MAX_PORTS)
        return -EINVAL;
    if (!op->bitmap || !op->nr_ports) {
        current->arch.iobitmap = NULL;
        hv_free(map);
        return 0;
    }
    if (!map)
        map = hv_alloc(MAX_PORTS / 8);
    if (!map)
        return -ENOMEM;
    /* What is not given is denied; on a fault nothing is allowed. */
    memset(map, 0xff, MAX_PORTS / 8);
    current->arch.iobitmap = map;
    if (copy_from_guest(map, op->bitmap, (op->nr_ports + 7) / 8)) {
        memset(map, 0xff, MAX_PORTS / 8);
        return -EFAULT;
    }
    if (op->nr_ports % 8)
        ((uint8_t *)map)[op->nr_ports / 8] |= (uint8_t)(0xff << op->nr_ports % 8);
    return 0;
}

static long eoi(struct domain *d, struct physdev_call *c)
{
    if (c->op.eoi.irq >= d->evtchn.nr_pirqs)
        return -EINVAL;
    arch_pirq_eoi(d, c->op.eoi.irq);
    return 0;
}

static long irq_status_query(struct domain *d, struct physdev_call *c)
{
    struct physdev_irq_status_query *op = &c->op.irq_status_query;

    if (op->irq >= d->evtchn.nr_pirqs)
        return -EINVAL;
    op->flags = pirq_needs_eoi(d, op->irq) ? XENIRQSTAT_needs_eoi : 0;
    return report(c);
}

/* dom0 may look at the IO-APICs; only irq.c writes them. */
static long apic_read(struct domain *d, struct physdev_call *c)
{
    int rc = ioapic_read_at(c->op.apic.apic_physbase, c->op.apic.reg, &c->op.apic.value);

    return rc ? rc : report(c);
}

static long alloc_irq_vector(struct domain *d, struct physdev_call *c)
{
    int vector = irq_gsi_vector(c->op.irq.irq);

    if (vector < 0)
        return vector;
    c->op.irq.vector = (uint32_t)vector;
    return report(c);
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
 * PHYSDEVOP_map_pirq: give op->domid a pirq for a GSI or for an MSI of a device.
 * Errors: -EFAULT; -ESRCH, -EPERM for op->domid; the others as pirq_map_gsi() and pirq_map_msi().
 */
static long map_pirq(struct domain *d, struct physdev_call *c)
{
    struct domain *t SCOPED_REF = NULL;
    long rc = domain_get_controlled(d, c->op.map_pirq.domid, &t);

    if (!rc)
        rc = map_pirq_for(t, &c->op.map_pirq);
    if (!rc && report(c)) {
        pirq_unmap(t, c->op.map_pirq.pirq); /* whoever never learned it could not */
        rc = -EFAULT;
    }
    return rc;
}

static long unmap_pirq(struct domain *d, struct physdev_call *c)
{
    struct domain *t SCOPED_REF = NULL;
    long rc = domain_get_controlled(d, c->op.unmap_pirq.domid, &t);

    return rc ? rc : pirq_unmap(t, c->op.unmap_pirq.pirq);
}

static long setup_gsi(struct domain *d, struct physdev_call *c)
{
    const struct physdev_setup_gsi *op = &c->op.setup_gsi;

    return op->gsi < 0 ? -EINVAL
                       : irq_setup_gsi((unsigned int)op->gsi, op->triggering, op->polarity);
}

static long get_free_pirq(struct domain *d, struct physdev_call *c)
{
    int pirq, rc;

    if (c->op.get_free_pirq.type != MAP_PIRQ_TYPE_MSI)
        return -EINVAL;
    rc = pirq_reserve(d, &pirq);
    if (rc)
        return rc;
    c->op.get_free_pirq.pirq = (uint32_t)pirq;
    rc = report(c);
    if (rc)
        pirq_unmap(d, pirq);
    return rc;
}

/* dom0 says which MMCFG windows the firmware really reserves: it must be one that the MCFG names. */
static long mmcfg_reserved(struct domain *d, struct physdev_call *c)
{
    for (unsigned int i = 0; i < acpi.nr_mcfg; i++)
        if (acpi.mcfg_addr[i] == c->op.mmcfg.address && acpi.mcfg_segment[i] == c->op.mmcfg.segment)
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

/* What the operations name that are about a device. */
static pci_bdf_t device_of(const struct physdev_call *c)
{
    return PCI_BDF(c->op.device.seg, c->op.device.bus, c->op.device.devfn);
}

/* -ENODEV: it does not answer. */
static long device_added(struct domain *d, struct physdev_call *c)
{
    pci_bdf_t bdf = device_of(c);

    if (!pci_present(bdf))
        return -ENODEV;
    if (bdf >> 16 == 0)
        set_bit(bdf, known_devices);
    return 0;
}

/* It may be gone already. -ENODEV: it never was there. */
static long device_removed(struct domain *d, struct physdev_call *c)
{
    pci_bdf_t bdf = device_of(c);

    if (!segment_exists(bdf) || (bdf >> 16 == 0 && !test_and_clear_bit(bdf, known_devices)))
        return -ENODEV;
    msi_forget(bdf);
    return 0;
}

static long restore_msi(struct domain *d, struct physdev_call *c)
{
    if (!pci_present(device_of(c)))
        return -ENODEV;
    msi_restore(device_of(c));
    return 0;
}

/* For a device that is about to serve a guest, or did: its table is ours anyway. */
static long check_msix(struct domain *d, struct physdev_call *c)
{
    return pci_find_capability(device_of(c), PCI_CAP_MSIX) ? 0 : -ENODEV;
}

static const struct {
    long (*fn)(struct domain *d, struct physdev_call *c);
    size_t size; /* of what is read of the argument */
} ops[] = {
    [PHYSDEVOP_set_iopl] = {set_iopl, sizeof(struct physdev_set_iopl)},
    [PHYSDEVOP_set_iobitmap] = {set_iobitmap, sizeof(struct physdev_set_iobitmap)},
    [PHYSDEVOP_eoi] = {eoi, sizeof(struct physdev_eoi)},
    [PHYSDEVOP_irq_status_query] = {irq_status_query, sizeof(struct physdev_irq_status_query)},
    [PHYSDEVOP_apic_read] = {apic_read, sizeof(struct physdev_apic)},
    [PHYSDEVOP_alloc_irq_vector] = {alloc_irq_vector, sizeof(struct physdev_irq)},
    [PHYSDEVOP_map_pirq] = {map_pirq, sizeof(struct physdev_map_pirq)},
    [PHYSDEVOP_unmap_pirq] = {unmap_pirq, sizeof(struct physdev_unmap_pirq)},
    [PHYSDEVOP_setup_gsi] = {setup_gsi, sizeof(struct physdev_setup_gsi)},
    [PHYSDEVOP_get_free_pirq] = {get_free_pirq, sizeof(struct physdev_get_free_pirq)},
    [PHYSDEVOP_pci_mmcfg_reserved] = {mmcfg_reserved, sizeof(struct physdev_pci_mmcfg_reserved)},
    [PHYSDEVOP_restore_msi_ext] = {restore_msi, sizeof(struct physdev_pci_device)},
    [PHYSDEVOP_pci_device_add] = {device_added, sizeof(struct physdev_pci_device)},
    [PHYSDEVOP_pci_device_remove] = {device_removed, sizeof(struct physdev_pci_device)},
    [PHYSDEVOP_prepare_msix] = {check_msix, sizeof(struct physdev_pci_device)},
    [PHYSDEVOP_release_msix] = {check_msix, sizeof(struct physdev_pci_device)},
};

/* @arg: guest address of the operation's struct. -EPERM: the domain has no hardware. */
long hc_physdev_op(struct domain *d, uint64_t cmd, guest_va_t arg)
{
    struct physdev_call c;

    if (cmd == PHYSDEVOP_pirq_eoi_gmfn_v1 || cmd == PHYSDEVOP_pirq_eoi_gmfn_v2 ||
        cmd == PHYSDEVOP_dbgp_op)
        return -ENOSYS;
    if (cmd == PHYSDEVOP_apic_write || (cmd != PHYSDEVOP_set_iopl && !d->arch.io_allowed))
        return -EPERM;
    if (cmd >= ARRAY_SIZE(ops) || !ops[cmd].fn)
        return -ENOSYS;
    c.arg = arg;
    c.size = ops[cmd].size;
    if (copy_from_guest(&c.op, arg, c.size))
        return -EFAULT;
    return ops[cmd].fn(d, &c);
}
