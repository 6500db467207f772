/* SPDX-License-Identifier: GPL-2.0-only */
/* memory_op: give frames back, take new ones, exchange, maps, sizes, claims, resources. */
#include "mini.h"

#define SLOT 32

static long reserve(unsigned int op, uint64_t *frames, uint64_t count, unsigned int order,
                    unsigned int flags)
{
    struct xen_memory_reservation r = {
        .extent_start = PTR(frames),
        .nr_extents = count,
        .extent_order = order,
        .mem_flags = flags,
        .domid = DOMID_SELF,
    };

    return memory_op(op, &r);
}

static long current_pages(void)
{
    domid_t domid = DOMID_SELF;

    return memory_op(XENMEM_current_reservation, &domid);
}

TEST(decrease_then_populate)
{
    long before = current_pages();
    uint64_t pfn = pfn_take(), frame = pfn_to_mfn(pfn), extent = pfn;

    CHECK_EQ(reserve(XENMEM_decrease_reservation, &frame, 1, 0, 0), 1);
    CHECK_EQ(current_pages(), before - 1);
    CHECK_EQ(reserve(XENMEM_populate_physmap, &extent, 1, 0, 0), 1);
    CHECK_EQ(current_pages(), before);
    CHECK_EQ(mfn_to_pfn(extent), pfn);
    p2m_set(pfn, extent);
}

/* Without the old number in the m2p, and with an address limit. */
TEST(increase_reservation_gives_frames)
{
    uint64_t pfn = pfn_take(), frame = pfn_to_mfn(pfn), fresh = 0;

    CHECK_EQ(reserve(XENMEM_decrease_reservation, &frame, 1, 0, 0), 1);
    CHECK_EQ(reserve(XENMEM_increase_reservation, &fresh, 1, 0, XENMEMF_address_bits(32)), 1);
    CHECK(fresh && fresh < 1UL << 20);
    p2m_set(pfn, fresh);
    CHECK_EQ(mmu_set(fresh << 12, pfn, MMU_MACHPHYS_UPDATE), 0);
}

TEST(a_new_frame_is_clean)
{
    uint64_t pfn = pfn_take(), frame = pfn_to_mfn(pfn), extent = pfn, *l1 = scratch_l1(), or = 0;
    volatile uint64_t *at = scratch_va(SLOT);

    CHECK_EQ(update_va_mapping(scratch_va(SLOT), frame << 12 | PTE_KERNEL, UVMF_INVLPG), 0);
    for (int i = 0; i < 512; i++)
        at[i] = 0x5ec2e7;
    CHECK(l1[SLOT]);
    CHECK_EQ(update_va_mapping(scratch_va(SLOT), 0, UVMF_INVLPG), 0);
    CHECK_EQ(reserve(XENMEM_decrease_reservation, &frame, 1, 0, 0), 1);
    CHECK_EQ(reserve(XENMEM_populate_physmap, &extent, 1, 0, 0), 1);
    p2m_set(pfn, extent);
    CHECK_EQ(update_va_mapping(scratch_va(SLOT), extent << 12 | PTE_KERNEL, UVMF_INVLPG), 0);
    for (int i = 0; i < 512; i++)
        or |= at[i] ^ (at[i] == 0x5ec2e7 ? 1UL << 63 : 0);
    /* A domain may see its own old data, never zero-length promises: all or nothing. */
    CHECK(or == 0 || or == (1UL << 63 | 0x5ec2e7));
    CHECK_EQ(update_va_mapping(scratch_va(SLOT), 0, UVMF_INVLPG), 0);
}

TEST(a_frame_that_was_given_back_is_gone)
{
    uint64_t pfn = pfn_take(), frame = pfn_to_mfn(pfn), extent = pfn;

    scratch_l1();
    CHECK_EQ(reserve(XENMEM_decrease_reservation, &frame, 1, 0, 0), 1);
    CHECK(update_va_mapping(scratch_va(SLOT), frame << 12 | PTE_KERNEL, UVMF_INVLPG) < 0);
    CHECK_EQ(reserve(XENMEM_decrease_reservation, &frame, 1, 0, 0), 0);
    CHECK_EQ(reserve(XENMEM_populate_physmap, &extent, 1, 0, 0), 1);
    p2m_set(pfn, extent);
}

/* While it is mapped a frame stays; the mapping keeps it. */
TEST(decreasing_stops_at_a_bad_frame)
{
    uint64_t pfns[3], frames[3];

    for (int i = 0; i < 3; i++) {
        pfns[i] = pfn_take();
        frames[i] = pfn_to_mfn(pfns[i]);
    }
    frames[1] = 0xfffffffffUL;
    CHECK_EQ(reserve(XENMEM_decrease_reservation, frames, 3, 0, 0), 1);
    CHECK_EQ(reserve(XENMEM_populate_physmap, pfns, 1, 0, 0), 1);
    p2m_set(mfn_to_pfn(pfns[0]), pfns[0]);
}

TEST(populate_stops_at_the_maximum)
{
    uint64_t pfn = start_info->nr_pages + 100, extent = pfn;
    domid_t domid = DOMID_SELF;
    long max = memory_op(XENMEM_maximum_reservation, &domid);
    long now = current_pages();

    CHECK(max >= now);
    if (max == now)
        CHECK_EQ(reserve(XENMEM_populate_physmap, &extent, 1, 0, 0), 0);
}

TEST(a_guest_may_not_ask_for_large_extents)
{
    uint64_t extents[1] = {pfn_take()};

    CHECK_EQ(reserve(XENMEM_populate_physmap, extents, 1, 30, 0), 0);
    CHECK_EQ(reserve(XENMEM_decrease_reservation, extents, 1, 30, 0), 0);
    CHECK_EQ(reserve(XENMEM_increase_reservation, extents, 1, 30, 0), 0);
}

TEST(reservations_report_faults_as_progress)
{
    CHECK_EQ(reserve(XENMEM_decrease_reservation, (void *)0x1000, 1, 0, 0), 0);
    CHECK_EQ(reserve(XENMEM_populate_physmap, (void *)0x1000, 1, 0, 0), 0);
    CHECK_EQ(memory_op(XENMEM_decrease_reservation, (void *)0x1000), 0);
}

TEST(reservations_of_others_are_refused)
{
    uint64_t extent = 0;
    struct xen_memory_reservation r = {
        .domid = 0x1234, .extent_start = PTR(&extent), .nr_extents = 1};
    domid_t domid = 0x1234;

    /* These three know no errors, only extents that they did. */
    CHECK_EQ(memory_op(XENMEM_populate_physmap, &r), unprivileged(0));
    CHECK_EQ(memory_op(XENMEM_decrease_reservation, &r), unprivileged(0));
    CHECK_EQ(memory_op(XENMEM_increase_reservation, &r), unprivileged(0));
    CHECK_EQ(memory_op(XENMEM_current_reservation, &domid), unprivileged(-XEN_ESRCH));
    CHECK_EQ(memory_op(XENMEM_maximum_reservation, &domid), unprivileged(-XEN_ESRCH));
    CHECK_EQ(memory_op(XENMEM_maximum_gpfn, &domid), unprivileged(-XEN_ESRCH));
}

static long exchange(uint64_t *in, uint64_t in_count, unsigned int in_order, uint64_t *out,
                     uint64_t out_count, unsigned int out_order, unsigned int flags,
                     uint64_t *exchanged)
{
    struct xen_memory_exchange x = {
        .in = {.extent_start = PTR(in),
               .nr_extents = in_count,
               .extent_order = in_order,
               .domid = DOMID_SELF},
        .out = {.extent_start = PTR(out),
                .nr_extents = out_count,
                .extent_order = out_order,
                .mem_flags = flags,
                .domid = DOMID_SELF},
    };
    long rc = memory_op(XENMEM_exchange, &x);

    *exchanged = x.nr_exchanged;
    return rc;
}

TEST(exchange_replaces_frames_by_a_contiguous_run)
{
    uint64_t in[4], out[1], done = 9, pfn = 0;

    for (int i = 0; i < 4; i++)
        in[3 - i] = pfn_to_mfn(pfn = pfn_take());
    out[0] = pfn;
    CHECK_EQ(exchange(in, 4, 0, out, 1, 2, XENMEMF_address_bits(32), &done), 0);
    CHECK_EQ(done, 4);
    CHECK(out[0] + 4 <= 1UL << 20);
    CHECK_EQ(out[0] & 3, 0);
    for (unsigned int i = 0; i < 4; i++) {
        CHECK_EQ(mfn_to_pfn(out[0] + i), pfn + i);
        p2m_set(pfn + i, out[0] + i);
    }
}

TEST(exchange_splits_a_run_again)
{
    uint64_t in[1], out[4], done = 9, pfn = 0;

    for (int i = 0; i < 4; i++) {
        pfn = pfn_take();
        out[3 - i] = pfn;
    }
    for (int i = 0; i < 4; i++)
        if (pfn_to_mfn(pfn + i) != pfn_to_mfn(pfn) + i)
            break;
    in[0] = pfn_to_mfn(pfn) & ~3UL;
    for (unsigned int i = 0; i < 4; i++)
        out[i] = mfn_to_pfn(in[0] + i);
    CHECK_EQ(exchange(in, 1, 2, out, 4, 0, 0, &done), 0);
    CHECK_EQ(done, 1);
    for (unsigned int i = 0; i < 4; i++)
        p2m_set(mfn_to_pfn(out[i]), out[i]);
}

TEST(exchange_checks_its_arguments)
{
    uint64_t in[1] = {pfn_to_mfn(pfn_take())}, out[1] = {0}, done = 9;

    CHECK_EQ(exchange(in, 1, 0, out, 1, 1, 0, &done), -XEN_EINVAL); /* sizes differ */
    CHECK_EQ(exchange(in, 1, 30, out, 1, 30, 0, &done), -XEN_EPERM);
    CHECK_EQ(memory_op(XENMEM_exchange, (void *)0x1000), -XEN_EFAULT);
    in[0] = 0xfffffffffUL;
    CHECK_EQ(exchange(in, 1, 0, out, 1, 0, 0, &done), -XEN_EINVAL);
    CHECK_EQ(done, 0);
}

TEST(a_page_table_is_not_exchanged)
{
    uint64_t in[1] = {va_to_mfn(scratch_l1())}, out[1] = {0}, done = 9;

    CHECK(exchange(in, 1, 0, out, 1, 0, 0, &done) < 0);
    CHECK_EQ(done, 0);
}

TEST(maximum_ram_page_is_beyond_ones_own)
{
    CHECK(memory_op(XENMEM_maximum_ram_page, NULL) >= (long)va_to_mfn(start_info));
}

TEST(reservation_sizes_agree)
{
    domid_t domid = DOMID_SELF;
    long max = memory_op(XENMEM_maximum_reservation, &domid);

    CHECK(current_pages() > 1024);
    CHECK(max >= current_pages());
    CHECK_EQ(memory_op(XENMEM_current_reservation, (void *)0x1000), -XEN_EFAULT);
}

TEST(maximum_gpfn_follows_shared_info)
{
    domid_t domid = DOMID_SELF;

    shared_info->arch.max_pfn = start_info->nr_pages;
    CHECK_EQ(memory_op(XENMEM_maximum_gpfn, &domid), start_info->nr_pages - 1);
}

TEST(machphys_mapping_is_the_fixed_one)
{
    struct xen_machphys_mapping m = {0};

    CHECK_EQ(memory_op(XENMEM_machphys_mapping, &m), 0);
    CHECK_EQ(m.v_start, MACH2PHYS_VIRT_START);
    CHECK(m.v_end > m.v_start && m.v_end <= MACH2PHYS_VIRT_END);
    CHECK(m.max_mfn >= va_to_mfn(start_info));
    CHECK_EQ(memory_op(XENMEM_machphys_mapping, (void *)0x1000), -XEN_EFAULT);
}

TEST(the_m2p_is_read_only)
{
    uint64_t mfn = va_to_mfn(start_info);
    volatile uint64_t *entry = (uint64_t *)MACH2PHYS_VIRT_START + mfn;

    CHECK_EQ(try_read(entry, NULL), -1);
    CHECK_EQ(try_write(entry, 1), 14);
    CHECK_EQ(try_read((void *)0xffff830000000000UL, NULL), 14);
    CHECK_EQ(try_read((void *)0xffff82d040200000UL, NULL), 14);
    CHECK_EQ(try_read((void *)0xffff87fffffff000UL, NULL), 14);
}

TEST(machphys_mfn_list_names_its_frames)
{
    uint64_t frames[4] = {0};
    struct {
        uint32_t max_extents;
        uint64_t extent_start;
        uint32_t nr_extents;
    } list = {.max_extents = 4, .extent_start = PTR(frames)};
    long rc = memory_op(XENMEM_machphys_mfn_list, &list);

    if (!is_dom0()) {
        CHECK(rc == 0 || rc == -XEN_EPERM || rc == -XEN_ENOSYS);
    } else {
        CHECK(rc == 0 || rc == -XEN_ENOSYS);
    }
    if (rc == 0) {
        CHECK(list.nr_extents >= 1);
        CHECK(frames[0]);
    }
}

TEST(memory_map_is_the_guests)
{
    static struct xen_e820entry entries[32];
    struct xen_memory_map map = {.nr_entries = 32, .buffer = PTR(entries)};
    long rc = memory_op(XENMEM_memory_map, &map);

    /* dom0 has none: it asks for the machine's. */
    if (is_dom0()) {
        CHECK_EQ(rc, -XEN_ENOSYS);
        return;
    }
    if (is_pavo() && rc == -XEN_ENOSYS)
        return; /* its builder gave none */
    CHECK_EQ(rc, 0);
    CHECK(map.nr_entries >= 1 && map.nr_entries <= 32);
    CHECK_EQ(entries[0].addr, 0);
    CHECK_EQ(entries[0].type, E820_RAM);
}

TEST(machine_memory_map_is_dom0s)
{
    static struct xen_e820entry entries[128];
    struct xen_memory_map map = {.nr_entries = 128, .buffer = PTR(entries)};
    uint64_t ram = 0;

    if (!is_dom0()) {
        CHECK_EQ(memory_op(XENMEM_machine_memory_map, &map), -XEN_EPERM);
        return;
    }
    CHECK_EQ(memory_op(XENMEM_machine_memory_map, &map), 0);
    CHECK(map.nr_entries >= 3 && map.nr_entries < 128);
    for (unsigned int i = 0; i < map.nr_entries; i++) {
        CHECK(entries[i].type >= 1 && entries[i].type <= 5);
        if (i)
            CHECK(entries[i].addr >= entries[i - 1].addr + entries[i - 1].size);
        if (entries[i].type == E820_RAM)
            ram += entries[i].size;
    }
    CHECK(ram > 256UL << 20);
}

TEST(set_memory_map_is_for_tools)
{
    static struct xen_e820entry entry = {0, 1 << 20, E820_RAM};
    struct xen_foreign_memory_map map = {.domid = 0x1234,
                                         .map = {.nr_entries = 1, .buffer = PTR(&entry)}};

    CHECK_EQ(memory_op(XENMEM_set_memory_map, &map), unprivileged(-XEN_ESRCH));
    CHECK_EQ(memory_op(XENMEM_set_memory_map, (void *)0x1000), -XEN_EFAULT);
}

TEST(claims_are_for_tools)
{
    struct xen_memory_reservation r = {.domid = DOMID_SELF, .nr_extents = 1};
    long rc = memory_op(XENMEM_claim_pages, &r);

    CHECK_EQ(rc, unprivileged(-XEN_EINVAL)); /* by number only */
    r.domid = 0x1234;
    CHECK_EQ(memory_op(XENMEM_claim_pages, &r), unprivileged(-XEN_EINVAL));
    r.domid = 0;
    r.extent_order = 1;
    CHECK_EQ(memory_op(XENMEM_claim_pages, &r), unprivileged(-XEN_EINVAL));
    r.extent_order = 0;
    /* A claim counts what the domain has already: one page is less. */
    CHECK_EQ(memory_op(XENMEM_claim_pages, &r), is_dom0() ? -XEN_EINVAL : -XEN_EPERM);
    CHECK_EQ(memory_op(XENMEM_claim_pages, (void *)0x1000), unprivileged(-XEN_EFAULT));
}

TEST(acquire_resource_checks_its_arguments)
{
    uint64_t frames[1] = {0};
    struct xen_mem_acquire_resource r = {.domid = DOMID_SELF,
                                         .type = XENMEM_resource_grant_table,
                                         .nr_frames = 1,
                                         .frame_list = PTR(frames)};

    CHECK(memory_op(XENMEM_acquire_resource, &r) < 0); /* not on oneself */
    r.domid = 0x1234;
    CHECK_EQ(memory_op(XENMEM_acquire_resource, &r), unprivileged(-XEN_ESRCH));
    r.pad = 1;
    CHECK_EQ(memory_op(XENMEM_acquire_resource, &r), unprivileged(-XEN_EINVAL));
    CHECK_EQ(memory_op(XENMEM_acquire_resource, (void *)0x1000), unprivileged(-XEN_EFAULT));
}

TEST(physmap_operations_are_not_for_pv)
{
    struct xen_add_to_physmap add = {.domid = DOMID_SELF, .space = XENMAPSPACE_shared_info};
    struct xen_remove_from_physmap remove = {.domid = DOMID_SELF};

    CHECK(memory_op(XENMEM_add_to_physmap, &add) < 0);
    CHECK(memory_op(XENMEM_remove_from_physmap, &remove) < 0);
    add.space = XENMAPSPACE_gmfn_foreign;
    CHECK(memory_op(XENMEM_add_to_physmap, &add) < 0);
}

TEST(unsupported_operations_say_so)
{
    static uint64_t room[32];

    CHECK_EQ(memory_op(8, room), -XEN_ENOSYS);
    CHECK_EQ(memory_op(29, room), -XEN_ENOSYS);
    CHECK_EQ(memory_op(63, room), -XEN_ENOSYS);
    CHECK(memory_op(XENMEM_set_pod_target, room) < 0);
    CHECK(memory_op(XENMEM_get_pod_target, room) < 0);
    CHECK(memory_op(XENMEM_paging_op, room) < 0);
    CHECK(memory_op(XENMEM_access_op, room) < 0);
    CHECK(memory_op(XENMEM_sharing_op, room) < 0);
    CHECK(memory_op(XENMEM_add_to_physmap_batch, room) < 0);
    CHECK(memory_op(XENMEM_get_vnumainfo, room) < 0);
}
