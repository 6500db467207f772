/* SPDX-License-Identifier: GPL-2.0-only */
/* physdev_op: I/O privilege, port bitmaps, interrupts and PCI devices of dom0. */
#include "mini.h"

static long physdev(unsigned int cmd, void *arg)
{
    return hypercall2(__HYPERVISOR_physdev_op, cmd, PTR(arg));
}

TEST(iopl_decides_over_privileged_instructions)
{
    struct physdev_set_iopl op = {.iopl = 0};

    CHECK_EQ(physdev(PHYSDEVOP_set_iopl, &op), 0);
    CHECK_EQ(TRY("cli", : : : "memory"), 13);
    op.iopl = 1;
    CHECK_EQ(physdev(PHYSDEVOP_set_iopl, &op), 0);
    CHECK_EQ(TRY("cli", : : : "memory"), -1);
    op.iopl = 4;
    CHECK_EQ(physdev(PHYSDEVOP_set_iopl, &op), -XEN_EINVAL);
    CHECK_EQ(physdev(PHYSDEVOP_set_iopl, (void *)0x1000), -XEN_EFAULT);
}

TEST(a_port_bitmap_is_kept)
{
    static uint8_t bitmap[8192];
    struct physdev_set_iobitmap op = {.bitmap = PTR(bitmap), .nr_ports = 65536};

    CHECK_EQ(physdev(PHYSDEVOP_set_iobitmap, &op), unprivileged(0));
    op.bitmap = 0;
    op.nr_ports = 0;
    CHECK_EQ(physdev(PHYSDEVOP_set_iobitmap, &op), unprivileged(0));
    op.nr_ports = 65537;
    CHECK_EQ(physdev(PHYSDEVOP_set_iobitmap, &op), unprivileged(-XEN_EINVAL));
    CHECK_EQ(physdev(PHYSDEVOP_set_iobitmap, (void *)0x1000), unprivileged(-XEN_EFAULT));
}

TEST(irq_status_is_for_dom0)
{
    struct physdev_irq_status_query op = {.irq = 4};
    long rc = physdev(PHYSDEVOP_irq_status_query, &op);

    if (is_dom0())
        CHECK_EQ(rc, 0);
    op.irq = 0xffffff;
    CHECK_EQ(physdev(PHYSDEVOP_irq_status_query, &op), unprivileged(-XEN_EINVAL));
    CHECK_EQ(physdev(PHYSDEVOP_irq_status_query, (void *)0x1000), unprivileged(-XEN_EFAULT));
}

TEST(eoi_checks_its_number)
{
    struct physdev_eoi op = {.irq = 0xffffff};

    CHECK_EQ(physdev(PHYSDEVOP_eoi, &op), unprivileged(-XEN_EINVAL));
    CHECK_EQ(physdev(PHYSDEVOP_eoi, (void *)0x1000), unprivileged(-XEN_EFAULT));
}

TEST(map_pirq_gives_dom0_its_interrupts)
{
    struct physdev_map_pirq map = {
        .domid = DOMID_SELF, .type = MAP_PIRQ_TYPE_GSI, .index = 4, .pirq = 4};
    struct physdev_unmap_pirq unmap = {.domid = DOMID_SELF, .pirq = 4};
    struct physdev_setup_gsi gsi = {.gsi = 4};
    struct evtchn_bind_pirq bind = {.pirq = 4};
    struct evtchn_close close;

    if (!is_dom0()) {
        CHECK(physdev(PHYSDEVOP_map_pirq, &map) < 0);
        CHECK(physdev(PHYSDEVOP_setup_gsi, &gsi) < 0);
        return;
    }
    gsi.gsi = map.index = map.pirq = 10; /* not the console's */
    bind.pirq = 10;
    unmap.pirq = 10;
    CHECK_EQ(physdev(PHYSDEVOP_map_pirq, &map), 0);
    CHECK_EQ(map.pirq, 10);
    CHECK_EQ(physdev(PHYSDEVOP_setup_gsi, &gsi), 0);
    CHECK_EQ(evtchn_op(EVTCHNOP_bind_pirq, &bind), 0);
    CHECK_EQ(evtchn_op(EVTCHNOP_bind_pirq, &bind), -XEN_EEXIST);
    close.port = bind.port;
    CHECK_EQ(evtchn_op(EVTCHNOP_close, &close), 0);
    CHECK_EQ(physdev(PHYSDEVOP_unmap_pirq, &unmap), 0);
}

TEST(map_pirq_checks_its_arguments)
{
    struct physdev_map_pirq map = {
        .domid = 0x1234, .type = MAP_PIRQ_TYPE_GSI, .index = 4, .pirq = 4};

    CHECK_EQ(physdev(PHYSDEVOP_map_pirq, &map), unprivileged(-XEN_ESRCH));
    map.domid = DOMID_SELF;
    map.type = 99;
    CHECK_EQ(physdev(PHYSDEVOP_map_pirq, &map), is_dom0() ? -XEN_EINVAL : -XEN_EPERM);
    map.type = MAP_PIRQ_TYPE_GSI;
    map.index = 100000;
    CHECK(physdev(PHYSDEVOP_map_pirq, &map) < 0);
    CHECK_EQ(physdev(PHYSDEVOP_map_pirq, (void *)0x1000), unprivileged(-XEN_EFAULT));
    CHECK_EQ(physdev(PHYSDEVOP_unmap_pirq, (void *)0x1000), unprivileged(-XEN_EFAULT));
}

TEST(free_pirqs_are_for_msi)
{
    struct physdev_get_free_pirq op = {.type = MAP_PIRQ_TYPE_MSI};
    long rc = physdev(PHYSDEVOP_get_free_pirq, &op);

    if (rc == 0)
        CHECK(op.pirq >= 16);
    CHECK_EQ(physdev(PHYSDEVOP_get_free_pirq, (void *)0x1000), unprivileged(-XEN_EFAULT));
}

TEST(pci_devices_are_reported_by_dom0)
{
    struct {
        struct physdev_pci_device_add add;
        uint32_t opt;
    } op = {.add = {.devfn = 0}};
    struct physdev_pci_device gone = {.seg = 0xffff, .bus = 0xff, .devfn = 0xff};
    long rc = physdev(PHYSDEVOP_pci_device_add, &op);

    if (is_dom0())
        CHECK_EQ(rc, 0);
    else
        CHECK_EQ(rc, -XEN_EPERM);
    CHECK(physdev(PHYSDEVOP_pci_device_remove, &gone) < 0);
    CHECK_EQ(physdev(PHYSDEVOP_pci_device_add, (void *)0x1000), unprivileged(-XEN_EFAULT));
}

TEST(apic_reads_are_served_or_refused)
{
    struct physdev_apic op = {.apic_physbase = 0xfec00000, .reg = 1};
    long rc = physdev(PHYSDEVOP_apic_read, &op);

    if (!is_dom0())
        CHECK(rc < 0);
    CHECK_EQ(physdev(PHYSDEVOP_apic_read, (void *)0x1000), unprivileged(-XEN_EFAULT));
}

TEST(vectors_are_given_by_name_only)
{
    struct physdev_irq op = {.irq = 10};
    long rc = physdev(PHYSDEVOP_alloc_irq_vector, &op);

    if (is_dom0())
        CHECK_EQ(rc, 0);
    CHECK_EQ(physdev(PHYSDEVOP_alloc_irq_vector, (void *)0x1000), unprivileged(-XEN_EFAULT));
}

TEST(config_space_reports_are_checked)
{
    struct physdev_pci_mmcfg_reserved op = {
        .address = 0xb0000000, .segment = 0xff, .end_bus = 0xff, .flags = 0};
    long rc = physdev(PHYSDEVOP_pci_mmcfg_reserved, &op);

    CHECK(rc <= 0);
    CHECK_EQ(physdev(PHYSDEVOP_pci_mmcfg_reserved, (void *)0x1000),
             is_dom0() ? -XEN_EFAULT : -XEN_EPERM);
}

TEST(msi_of_a_missing_device_is_refused)
{
    struct physdev_pci_device gone = {.seg = 0xffff, .bus = 0xff, .devfn = 0xff};

    CHECK(physdev(PHYSDEVOP_restore_msi_ext, &gone) < 0);
    CHECK(physdev(PHYSDEVOP_prepare_msix, &gone) < 0);
    CHECK(physdev(PHYSDEVOP_release_msix, &gone) < 0);
    CHECK_EQ(physdev(PHYSDEVOP_restore_msi_ext, (void *)0x1000), unprivileged(-XEN_EFAULT));
    CHECK_EQ(physdev(PHYSDEVOP_prepare_msix, (void *)0x1000), unprivileged(-XEN_EFAULT));
}

TEST(a_page_for_eoi_bits_is_registered)
{
    uint64_t *page = page_alloc();
    uint64_t op = va_to_mfn(page);
    long rc = physdev(PHYSDEVOP_pirq_eoi_gmfn_v2, &op);

    CHECK(rc == 0 || rc == -XEN_ENOSYS);
    if (!rc)
        CHECK_EQ(physdev(PHYSDEVOP_pirq_eoi_gmfn_v2, &op), unprivileged(-XEN_EBUSY));
}

TEST(unknown_operations_are_refused)
{
    uint64_t room[8] = {0};

    CHECK_EQ(physdev(0, room), unprivileged(-XEN_ENOSYS));
    CHECK_EQ(physdev(32, room), unprivileged(-XEN_ENOSYS));
    CHECK_EQ(physdev(0xffff, room), unprivileged(-XEN_ENOSYS));
    CHECK_EQ(hypercall1(__HYPERVISOR_physdev_op_compat, PTR(room)), -XEN_ENOSYS);
}
