/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Grant tables, version 1. The domain grants frames to itself, which the interface allows: so every
 * path of map, unmap and copy is run without a second domain.
 */
#include "mini.h"

#define SLOT 48
#define REF  20 /* references from here on are this module's */

static struct grant_entry_v1 *table;

/* The status for a table that is not the caller's. */
static int16_t not_yours(void)
{
    return unprivileged(0) ? GNTST_permission_denied : GNTST_bad_domain;
}

static domid_t self_domid(void)
{
    struct evtchn_alloc_unbound unbound = {.dom = DOMID_SELF, .remote_dom = DOMID_SELF};
    struct evtchn_status status = {.dom = DOMID_SELF};
    struct evtchn_close close;
    static domid_t known = DOMID_INVALID;

    if (known != DOMID_INVALID)
        return known;
    evtchn_op(EVTCHNOP_alloc_unbound, &unbound);
    status.port = unbound.port;
    evtchn_op(EVTCHNOP_status, &status);
    close.port = unbound.port;
    evtchn_op(EVTCHNOP_close, &close);
    return known = status.u.unbound.dom;
}

static void setup(void)
{
    uint64_t frames[1] = {0};
    struct gnttab_setup_table op = {
        .dom = DOMID_SELF, .nr_frames = 1, .frame_list = PTR(frames), .status = 1};

    if (table)
        return;
    scratch_l1();
    CHECK_EQ(grant_op(GNTTABOP_setup_table, &op, 1), 0);
    CHECK_EQ(op.status, GNTST_okay);
    CHECK_EQ(update_va_mapping(scratch_va(SLOT), frames[0] << 12 | PTE_KERNEL, UVMF_INVLPG), 0);
    table = scratch_va(SLOT);
}

static void grant(unsigned int ref, const void *page, uint16_t flags)
{
    table[ref].domid = self_domid();
    table[ref].frame = (uint32_t)va_to_mfn(page);
    barrier();
    *(volatile uint16_t *)&table[ref].flags = (uint16_t)(GTF_permit_access | flags);
}

static int16_t map(unsigned int ref, uint64_t addr, uint32_t flags,
                   struct gnttab_map_grant_ref *out)
{
    struct gnttab_map_grant_ref op = {
        .host_addr = addr, .flags = flags, .ref = ref, .dom = self_domid(), .status = 99};

    CHECK_EQ(grant_op(GNTTABOP_map_grant_ref, &op, 1), 0);
    if (out)
        *out = op;
    return op.status;
}

static int16_t unmap(uint64_t addr, uint32_t handle)
{
    struct gnttab_unmap_grant_ref op = {.host_addr = addr, .handle = handle, .status = 99};

    CHECK_EQ(grant_op(GNTTABOP_unmap_grant_ref, &op, 1), 0);
    return op.status;
}

TEST(setup_table_gives_frames)
{
    uint64_t frames[4] = {0};
    struct gnttab_setup_table op = {
        .dom = DOMID_SELF, .nr_frames = 4, .frame_list = PTR(frames), .status = 99};

    setup();
    CHECK_EQ(grant_op(GNTTABOP_setup_table, &op, 1), 0);
    CHECK_EQ(op.status, GNTST_okay);
    for (int i = 0; i < 4; i++)
        CHECK(frames[i]);
    CHECK(frames[0] != frames[1]);
}

TEST(setup_table_checks_its_arguments)
{
    uint64_t frames[1];
    struct gnttab_setup_table op = {
        .dom = DOMID_SELF, .nr_frames = 100000, .frame_list = PTR(frames), .status = 99};

    setup();
    CHECK_EQ(grant_op(GNTTABOP_setup_table, &op, 1), 0);
    CHECK_EQ(op.status, GNTST_general_error);
    op.dom = 0x1234;
    op.nr_frames = 1;
    CHECK_EQ(grant_op(GNTTABOP_setup_table, &op, 1), 0);
    CHECK_EQ(op.status, not_yours());
    CHECK_EQ(grant_op(GNTTABOP_setup_table, &op, 2), -XEN_EINVAL);
    CHECK_EQ(grant_op(GNTTABOP_setup_table, (void *)0x1000, 1), -XEN_EFAULT);
}

TEST(query_size_counts_frames)
{
    struct gnttab_query_size op = {.dom = DOMID_SELF, .status = 99};

    setup();
    CHECK_EQ(grant_op(GNTTABOP_query_size, &op, 1), 0);
    CHECK_EQ(op.status, GNTST_okay);
    CHECK(op.nr_frames >= 1);
    CHECK(op.max_nr_frames >= op.nr_frames);
    op.dom = 0x1234;
    CHECK_EQ(grant_op(GNTTABOP_query_size, &op, 1), 0);
    CHECK_EQ(op.status, not_yours());
    CHECK_EQ(grant_op(GNTTABOP_query_size, &op, 2), -XEN_EINVAL);
    CHECK_EQ(grant_op(GNTTABOP_query_size, (void *)0x1000, 1), -XEN_EFAULT);
}

TEST(map_and_unmap_a_granted_page)
{
    struct gnttab_map_grant_ref op;
    uint64_t *page = page_alloc(), value = 0, addr = PTR(scratch_va(SLOT + 1));

    setup();
    *page = 0xfeed;
    grant(REF, page, 0);
    CHECK_EQ(map(REF, addr, GNTMAP_host_map, &op), GNTST_okay);
    CHECK_EQ(op.dev_bus_addr, va_to_maddr(page));
    CHECK_EQ(table[REF].flags, GTF_permit_access | GTF_reading | GTF_writing);
    CHECK_EQ(try_read((void *)addr, &value), -1);
    CHECK_EQ(value, 0xfeed);
    CHECK_EQ(try_write((void *)addr, 0xbeef), -1);
    CHECK_EQ(*page, 0xbeef);
    CHECK_EQ(unmap(addr, op.handle), GNTST_okay);
    CHECK_EQ(table[REF].flags, GTF_permit_access);
    CHECK_EQ(try_read((void *)addr, &value), 14);
    table[REF].flags = 0;
    page_free(page);
}

TEST(a_read_only_mapping_is_read_only)
{
    struct gnttab_map_grant_ref op;
    uint64_t *page = page_alloc(), addr = PTR(scratch_va(SLOT + 1));

    setup();
    grant(REF, page, 0);
    CHECK_EQ(map(REF, addr, GNTMAP_host_map | GNTMAP_readonly, &op), GNTST_okay);
    CHECK_EQ(table[REF].flags, GTF_permit_access | GTF_reading);
    CHECK_EQ(try_read((void *)addr, NULL), -1);
    CHECK_EQ(try_write((void *)addr, 1), 14);
    CHECK_EQ(unmap(addr, op.handle), GNTST_okay);
    table[REF].flags = 0;
    page_free(page);
}

TEST(a_read_only_grant_is_not_mapped_writable)
{
    struct gnttab_map_grant_ref op;
    uint64_t *page = page_alloc(), addr = PTR(scratch_va(SLOT + 1));

    setup();
    grant(REF, page, GTF_readonly);
    CHECK_EQ(map(REF, addr, GNTMAP_host_map, NULL), GNTST_general_error);
    CHECK_EQ(table[REF].flags, GTF_permit_access | GTF_readonly);
    CHECK_EQ(map(REF, addr, GNTMAP_host_map | GNTMAP_readonly, &op), GNTST_okay);
    CHECK_EQ(unmap(addr, op.handle), GNTST_okay);
    table[REF].flags = 0;
    page_free(page);
}

TEST(a_page_may_be_mapped_twice)
{
    struct gnttab_map_grant_ref first, second;
    uint64_t *page = page_alloc(), a = PTR(scratch_va(SLOT + 1)), b = PTR(scratch_va(SLOT + 2));

    setup();
    grant(REF, page, 0);
    CHECK_EQ(map(REF, a, GNTMAP_host_map, &first), GNTST_okay);
    CHECK_EQ(map(REF, b, GNTMAP_host_map | GNTMAP_readonly, &second), GNTST_okay);
    CHECK(first.handle != second.handle);
    CHECK_EQ(unmap(a, first.handle), GNTST_okay);
    CHECK_EQ(table[REF].flags, GTF_permit_access | GTF_reading);
    CHECK_EQ(try_read((void *)b, NULL), -1);
    CHECK_EQ(unmap(b, second.handle), GNTST_okay);
    CHECK_EQ(table[REF].flags, GTF_permit_access);
    table[REF].flags = 0;
    page_free(page);
}

/* contains_pte: the place of the entry instead of an address; guest_avail bits go into it. */
TEST(map_by_the_place_of_the_entry)
{
    struct gnttab_map_grant_ref op;
    uint64_t *page = page_alloc(), value = 0;
    uint64_t *entry = &scratch_l1()[SLOT + 3];

    setup();
    *page = 0x11;
    grant(REF, page, 0);
    CHECK_EQ(map(REF, va_to_maddr(entry), GNTMAP_host_map | GNTMAP_contains_pte | 1 << 16, &op),
             GNTST_okay);
    CHECK_EQ(*entry & 0xe00, 0x200);
    CHECK_EQ(try_read(scratch_va(SLOT + 3), &value), -1);
    CHECK_EQ(value, 0x11);
    CHECK_EQ(unmap(va_to_maddr(entry), op.handle), GNTST_okay);
    CHECK_EQ(*entry, 0);
    table[REF].flags = 0;
    page_free(page);
}

TEST(map_refuses_what_is_not_granted)
{
    uint64_t *page = page_alloc(), addr = PTR(scratch_va(SLOT + 1));
    struct gnttab_map_grant_ref op = {
        .host_addr = addr, .flags = GNTMAP_host_map, .ref = REF, .dom = 0x1234};
    struct gnttab_map_grant_ref self = {
        .host_addr = addr, .flags = GNTMAP_host_map, .ref = REF, .dom = DOMID_SELF};

    setup();
    CHECK_EQ(grant_op(GNTTABOP_map_grant_ref, &self, 1), 0);
    CHECK_EQ(self.status, GNTST_bad_domain); /* by number only */
    table[REF].flags = 0;
    CHECK_EQ(map(REF, addr, GNTMAP_host_map, NULL), GNTST_general_error);
    CHECK_EQ(map(0x7fffffff, addr, GNTMAP_host_map, NULL), GNTST_bad_gntref);
    CHECK_EQ(map(0xffffffff, addr, GNTMAP_host_map, NULL), GNTST_bad_gntref);
    CHECK_EQ(grant_op(GNTTABOP_map_grant_ref, &op, 1), 0);
    CHECK_EQ(op.status, GNTST_bad_domain);
    grant(REF, page, 0);
    table[REF].domid = 0x1234; /* for somebody else */
    CHECK_EQ(map(REF, addr, GNTMAP_host_map, NULL), GNTST_general_error);
    grant(REF, page, 0);
    CHECK_EQ(map(REF, addr, 0, NULL), GNTST_bad_gntref); /* neither host nor device */
    table[REF].frame = 0x0fffffff;                       /* no such frame */
    CHECK_EQ(map(REF, addr, GNTMAP_host_map, NULL), GNTST_bad_page);
    CHECK_EQ(table[REF].flags, GTF_permit_access);
    table[REF].flags = GTF_accept_transfer;
    CHECK_EQ(map(REF, addr, GNTMAP_host_map, NULL), GNTST_general_error);
    table[REF].flags = 0;
    page_free(page);
}

TEST(a_page_table_is_not_mapped_writable_by_a_grant)
{
    struct gnttab_map_grant_ref op;
    uint64_t addr = PTR(scratch_va(SLOT + 1));

    setup();
    grant(REF, scratch_l1(), 0);
    CHECK(map(REF, addr, GNTMAP_host_map, NULL) != GNTST_okay);
    CHECK_EQ(table[REF].flags, GTF_permit_access);
    CHECK_EQ(map(REF, addr, GNTMAP_host_map | GNTMAP_readonly, &op), GNTST_okay);
    CHECK_EQ(unmap(addr, op.handle), GNTST_okay);
    table[REF].flags = 0;
}

TEST(map_refuses_an_address_without_a_table)
{
    uint64_t *page = page_alloc();

    setup();
    grant(REF, page, 0);
    CHECK_EQ(map(REF, 0x123456000UL, GNTMAP_host_map, NULL), GNTST_general_error);
    CHECK_EQ(map(REF, 0xffff830000000000UL, GNTMAP_host_map, NULL), GNTST_general_error);
    CHECK_EQ(map(REF, 0xfffffffff000UL, GNTMAP_host_map | GNTMAP_contains_pte, NULL),
             GNTST_general_error);
    CHECK_EQ(table[REF].flags, GTF_permit_access);
    table[REF].flags = 0;
    page_free(page);
}

TEST(unmap_checks_handle_and_address)
{
    struct gnttab_map_grant_ref op;
    uint64_t *page = page_alloc(), addr = PTR(scratch_va(SLOT + 1));

    setup();
    CHECK_EQ(unmap(addr, 12345), GNTST_bad_handle);
    CHECK_EQ(unmap(addr, 0xffffffff), GNTST_bad_handle);
    grant(REF, page, 0);
    CHECK_EQ(map(REF, addr, GNTMAP_host_map, &op), GNTST_okay);
    CHECK(unmap(PTR(scratch_va(SLOT + 2)), op.handle) != GNTST_okay);
    CHECK_EQ(unmap(addr, op.handle), GNTST_okay);
    CHECK_EQ(unmap(addr, op.handle), GNTST_bad_handle);
    table[REF].flags = 0;
    page_free(page);
}

/* A granted page that is mapped keeps its type: it cannot become a page table. */
TEST(a_mapped_grant_blocks_a_page_table)
{
    struct gnttab_map_grant_ref op;
    uint64_t *page = page_alloc(), addr = PTR(scratch_va(SLOT + 1));

    setup();
    grant(REF, page, 0);
    CHECK_EQ(map(REF, addr, GNTMAP_host_map, &op), GNTST_okay);
    CHECK_EQ(page_readonly(page), 0);
    CHECK(pin(1, va_to_mfn(page)) < 0);
    CHECK_EQ(unmap(addr, op.handle), GNTST_okay);
    CHECK_EQ(pin(1, va_to_mfn(page)), 0);
    CHECK_EQ(unpin(va_to_mfn(page)), 0);
    CHECK_EQ(page_writable(page), 0);
    table[REF].flags = 0;
    page_free(page);
}

TEST(batches_report_each_status)
{
    struct gnttab_map_grant_ref ops[3];
    struct gnttab_unmap_grant_ref unmaps[2];
    uint64_t *page = page_alloc();

    setup();
    grant(REF, page, 0);
    for (unsigned int i = 0; i < 3; i++)
        ops[i] = (struct gnttab_map_grant_ref){.host_addr = PTR(scratch_va(SLOT + 1 + i)),
                                               .flags = GNTMAP_host_map,
                                               .ref = i == 1 ? REF + 1 : REF,
                                               .dom = self_domid()};
    table[REF + 1].flags = 0;
    CHECK_EQ(grant_op(GNTTABOP_map_grant_ref, ops, 3), 0);
    CHECK_EQ(ops[0].status, GNTST_okay);
    CHECK_EQ(ops[1].status, GNTST_general_error);
    CHECK_EQ(ops[2].status, GNTST_okay);
    for (unsigned int i = 0; i < 2; i++)
        unmaps[i] = (struct gnttab_unmap_grant_ref){.host_addr = ops[2 * i].host_addr,
                                                    .handle = ops[2 * i].handle};
    CHECK_EQ(grant_op(GNTTABOP_unmap_grant_ref, unmaps, 2), 0);
    CHECK_EQ(unmaps[0].status, GNTST_okay);
    CHECK_EQ(unmaps[1].status, GNTST_okay);
    CHECK_EQ(grant_op(GNTTABOP_map_grant_ref, ops, 0), 0);
    CHECK_EQ(grant_op(GNTTABOP_map_grant_ref, (void *)0x1000, 1), -XEN_EFAULT);
    CHECK_EQ(grant_op(GNTTABOP_unmap_grant_ref, (void *)0x1000, 1), -XEN_EFAULT);
    table[REF].flags = 0;
    page_free(page);
}

/* ---- copy */

static int16_t copy(struct gnttab_copy *op)
{
    op->status = 99;
    CHECK_EQ(grant_op(GNTTABOP_copy, op, 1), 0);
    return op->status;
}

TEST(copy_between_frames_and_grants)
{
    uint8_t *from = page_alloc(), *to = page_alloc();
    struct gnttab_copy op = {.len = 100, .source.offset = 10, .dest.offset = 20};

    setup();
    for (int i = 0; i < 4096; i++)
        from[i] = (uint8_t)(i * 7);
    op.source.domid = op.dest.domid = DOMID_SELF;
    op.source.u.gmfn = va_to_mfn(from);
    op.dest.u.gmfn = va_to_mfn(to);
    CHECK_EQ(copy(&op), GNTST_okay);
    CHECK(!memcmp(to + 20, from + 10, 100));
    CHECK_EQ(to[19] | to[120], 0);

    grant(REF, from, GTF_readonly);
    memset(to, 0, 4096);
    op.flags = GNTCOPY_source_gref;
    op.source.u.gmfn = 0;
    op.source.u.ref = REF;
    CHECK_EQ(copy(&op), GNTST_okay);
    CHECK(!memcmp(to + 20, from + 10, 100));
    CHECK_EQ(table[REF].flags, GTF_permit_access | GTF_readonly);

    grant(REF + 1, to, 0);
    memset(to, 0, 4096);
    op.flags = GNTCOPY_source_gref | GNTCOPY_dest_gref;
    op.dest.u.gmfn = 0;
    op.dest.u.ref = REF + 1;
    op.len = 4096;
    op.source.offset = op.dest.offset = 0;
    CHECK_EQ(copy(&op), GNTST_okay);
    CHECK(!memcmp(to, from, 4096));
    CHECK_EQ(table[REF + 1].flags, GTF_permit_access);
    table[REF].flags = table[REF + 1].flags = 0;
    page_free(from);
    page_free(to);
}

TEST(copy_checks_its_arguments)
{
    uint8_t *from = page_alloc(), *to = page_alloc();
    struct gnttab_copy good = {.len = 100}, op;

    setup();
    good.source.domid = good.dest.domid = DOMID_SELF;
    good.source.u.gmfn = va_to_mfn(from);
    good.dest.u.gmfn = va_to_mfn(to);
    op = good;
    op.source.offset = 4000;
    CHECK_EQ(copy(&op), GNTST_bad_copy_arg);
    op = good;
    op.dest.offset = 4097;
    CHECK_EQ(copy(&op), GNTST_bad_copy_arg);
    op = good;
    op.source.domid = 0x1234;
    op.flags = GNTCOPY_source_gref;
    CHECK_EQ(copy(&op), GNTST_bad_domain);
    op = good;
    op.source.u.gmfn = 0xfffffffffUL;
    CHECK(copy(&op) != GNTST_okay);
    op = good;
    op.dest.u.gmfn = va_to_mfn(scratch_l1()); /* a page table is not written */
    CHECK(copy(&op) != GNTST_okay);
    op = good;
    op.flags = GNTCOPY_dest_gref;
    op.dest.u.gmfn = 0;
    op.dest.u.ref = REF;
    table[REF].flags = 0;
    CHECK_EQ(copy(&op), GNTST_general_error);
    grant(REF, to, GTF_readonly);
    CHECK_EQ(copy(&op), GNTST_general_error);
    op.dest.u.ref = 0x7fffffff;
    CHECK_EQ(copy(&op), GNTST_bad_gntref);
    CHECK_EQ(grant_op(GNTTABOP_copy, (void *)0x1000, 1), -XEN_EFAULT);
    table[REF].flags = 0;
    page_free(from);
    page_free(to);
}

/* Frames of another domain are only reached by its grants. */
TEST(copy_of_a_foreign_frame_is_refused)
{
    uint8_t *page = page_alloc();
    struct gnttab_copy op = {.len = 1};

    setup();
    op.source.domid = is_dom0() ? 0x1234 : 0;
    op.dest.domid = DOMID_SELF;
    op.dest.u.gmfn = va_to_mfn(page);
    CHECK(copy(&op) < 0);
    page_free(page);
}

TEST(transfer_is_refused)
{
    struct {
        uint64_t mfn;
        domid_t domid;
        grant_ref_t ref;
        int16_t status;
    } op = {.mfn = 0xfffffffffUL, .domid = DOMID_SELF, .status = 99};
    long rc = grant_op(GNTTABOP_transfer, &op, 1);

    CHECK(rc == -XEN_ENOSYS || (rc == 0 && op.status != GNTST_okay));
}

TEST(version_1_is_in_force)
{
    struct gnttab_get_version get = {.dom = DOMID_SELF};
    struct gnttab_set_version set = {.version = 1};
    long rc = grant_op(GNTTABOP_set_version, &set, 1);

    CHECK(rc == 0 || rc == -XEN_ENOSYS);
    set.version = 3;
    CHECK(grant_op(GNTTABOP_set_version, &set, 1) < 0);
    rc = grant_op(GNTTABOP_get_version, &get, 1);
    CHECK(rc == 0 || rc == -XEN_ENOSYS);
    if (!rc)
        CHECK_EQ(get.version, 1);
}

TEST(status_frames_need_version_2)
{
    uint64_t frames[1];
    struct {
        uint32_t nr_frames;
        domid_t dom;
        int16_t status;
        uint64_t frame_list;
    } op = {.nr_frames = 1, .dom = DOMID_SELF, .frame_list = PTR(frames), .status = 99};
    long rc = grant_op(GNTTABOP_get_status_frames, &op, 1);

    CHECK(rc == -XEN_ENOSYS || (rc == 0 && op.status != GNTST_okay));
}

TEST(swap_exchanges_two_entries)
{
    struct {
        grant_ref_t ref_a, ref_b;
        int16_t status;
    } op = {.ref_a = REF, .ref_b = REF + 1, .status = 99};
    long rc;

    setup();
    table[REF].frame = 1;
    table[REF + 1].frame = 2;
    table[REF].flags = table[REF + 1].flags = 0;
    rc = grant_op(GNTTABOP_swap_grant_ref, &op, 1);
    CHECK(rc == 0 || rc == -XEN_ENOSYS);
    if (!rc) {
        CHECK_EQ(op.status, GNTST_okay);
        CHECK_EQ(table[REF].frame, 2);
    }
    table[REF].frame = table[REF + 1].frame = 0;
}

TEST(cache_flush_and_unknown_operations_are_refused)
{
    uint64_t room[8] = {0};

    room[1] = 8UL << 32 | 16 << 16; /* no such kind of flush, of 16 bytes */
    CHECK(grant_op(GNTTABOP_cache_flush, room, 1) < 0);
    room[1] = 0;
    CHECK_EQ(grant_op(13, room, 1), -XEN_ENOSYS);
    CHECK_EQ(grant_op(200, room, 1), -XEN_ENOSYS);
}

TEST(dump_table_is_for_debugging)
{
    struct {
        domid_t dom;
        int16_t status;
    } op = {.dom = 0x1234, .status = 99};
    long rc = grant_op(GNTTABOP_dump_table, &op, 1);

    CHECK(rc < 0 || op.status != GNTST_okay);
}

TEST(a_count_that_is_too_large_is_refused)
{
    uint64_t room[8] = {0};

    CHECK_EQ(grant_op(GNTTABOP_copy, room, 0x80000000), -XEN_EINVAL);
}
