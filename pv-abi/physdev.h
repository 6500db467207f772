/* SPDX-License-Identifier: MIT */
/*
 * physdev_op: a driver domain's interrupts, ports and PCI devices.
 * Source: Xen 4.17 public/physdev.h.
 */
#ifndef PV_ABI_PHYSDEV_H
#define PV_ABI_PHYSDEV_H

#define PHYSDEVOP_irq_status_query   5
#define PHYSDEVOP_set_iopl           6
#define PHYSDEVOP_set_iobitmap       7
#define PHYSDEVOP_apic_read          8
#define PHYSDEVOP_apic_write         9
#define PHYSDEVOP_alloc_irq_vector   10
#define PHYSDEVOP_eoi                12
#define PHYSDEVOP_map_pirq           13
#define PHYSDEVOP_unmap_pirq         14
#define PHYSDEVOP_manage_pci_add     15
#define PHYSDEVOP_manage_pci_remove  16
#define PHYSDEVOP_pirq_eoi_gmfn_v1   17
#define PHYSDEVOP_restore_msi        19
#define PHYSDEVOP_manage_pci_add_ext 20
#define PHYSDEVOP_setup_gsi          21
#define PHYSDEVOP_get_free_pirq      23
#define PHYSDEVOP_pci_mmcfg_reserved 24
#define PHYSDEVOP_pci_device_add     25
#define PHYSDEVOP_pci_device_remove  26
#define PHYSDEVOP_restore_msi_ext    27
#define PHYSDEVOP_pirq_eoi_gmfn_v2   28
#define PHYSDEVOP_pirq_eoi_gmfn      PHYSDEVOP_pirq_eoi_gmfn_v2
#define PHYSDEVOP_dbgp_op            29
#define PHYSDEVOP_prepare_msix       30
#define PHYSDEVOP_release_msix       31

#define XENIRQSTAT_needs_eoi 1
#define XENIRQSTAT_shared    2

#define MAP_PIRQ_TYPE_MSI       0
#define MAP_PIRQ_TYPE_GSI       1
#define MAP_PIRQ_TYPE_UNKNOWN   2
#define MAP_PIRQ_TYPE_MSI_SEG   3 /* bus holds segment << 16 | bus */
#define MAP_PIRQ_TYPE_MULTI_MSI 4

#define XEN_PCI_MMCFG_RESERVED 1

#define XEN_PCI_DEV_EXTFN  1
#define XEN_PCI_DEV_VIRTFN 2
#define XEN_PCI_DEV_PXM    4 /* optarr[0] is the proximity domain */

#define PHYSDEVOP_DBGP_RESET_PREPARE 1

#ifndef __ASSEMBLER__
#include "pv-abi/types.h"

struct physdev_eoi {
    uint32_t irq;
};

struct physdev_irq_status_query {
    uint32_t irq;
    uint32_t flags; /* <- XENIRQSTAT_* */
};

struct physdev_set_iopl {
    uint32_t iopl;
};

struct physdev_set_iobitmap {
    uint64_t bitmap; /* guest address; 0: none */
    uint32_t nr_ports;
    uint32_t _pad;
};

struct physdev_apic {
    xen_ulong_t apic_physbase;
    uint32_t reg;
    uint32_t value;
};

struct physdev_irq {
    uint32_t irq;
    uint32_t vector; /* <- */
};

struct physdev_map_pirq {
    domid_t domid;
    uint16_t _pad0;
    int32_t type;  /* MAP_PIRQ_TYPE_* */
    int32_t index; /* GSI; -1 for MSI */
    int32_t pirq;  /* in: wanted, or negative; out: given */
    int32_t bus;
    int32_t devfn;
    int32_t entry_nr; /* MSI-X entry; count for multi MSI */
    uint32_t _pad1;
    uint64_t table_base; /* 0: MSI; else MSI-X table */
};

struct physdev_unmap_pirq {
    domid_t domid;
    uint16_t _pad;
    int32_t pirq;
};

struct physdev_setup_gsi {
    int32_t gsi;
    uint8_t triggering; /* 0 edge, 1 level */
    uint8_t polarity;   /* 0 high, 1 low */
    uint16_t _pad;
};

struct physdev_get_free_pirq {
    int32_t type;
    uint32_t pirq; /* <- */
};

struct physdev_pci_mmcfg_reserved {
    uint64_t address;
    uint16_t segment;
    uint8_t start_bus;
    uint8_t end_bus;
    uint32_t flags; /* XEN_PCI_MMCFG_* */
};

struct physdev_pci_device_add {
    uint16_t seg;
    uint8_t bus;
    uint8_t devfn;
    uint32_t flags; /* XEN_PCI_DEV_* */
    struct {
        uint8_t bus;
        uint8_t devfn;
    } physfn;
    uint16_t _pad;
    uint32_t optarr[];
};

struct physdev_pci_device {
    uint16_t seg;
    uint8_t bus;
    uint8_t devfn;
};
#endif
#endif
