/* SPDX-License-Identifier: GPL-2.0-only */
/* Grants, with the real frame accounting below them. */
#include "tests/fake-arch/fake.h"

#include <hv/alloc.h>
#include <pv-abi/grant_table.h>

#define ARG_VA  FAKE_GUEST_VA
#define LIST_VA (FAKE_GUEST_VA + 0x8000)
#define REF     8

static struct domain *d0, *d1, *d2; /* d1 grants, d0 uses */
static struct grant_entry_v1 *table;
static mfn_t page;

static mfn_t frame_of(struct domain *d)
{
    mfn_t mfn = fake_frame();

    frame_assign(mfn_to_frame(mfn), d);
    memset(mfn_to_virt(mfn), (int)mfn.n, PAGE_SIZE);
    return mfn;
}

static unsigned int references(mfn_t mfn)
{
    return frame_state(mfn_to_frame(mfn)) & FRAME_COUNT_MASK;
}
static unsigned int writers(mfn_t mfn)
{
    return (frame_state(mfn_to_frame(mfn)) & FRAME_TC_MASK) >> FRAME_TC_SHIFT;
}

static int setup(void **state)
{
    mfn_t mfn;

    fake_reset();
    d0 = fake_domain(0, 1);
    d1 = fake_domain(1, 1);
    d2 = fake_domain(2, 1);
    assert_int_equal(grant_init(d0, 4, 2), 0);
    assert_int_equal(grant_init(d1, 4, 2), 0);
    assert_int_equal(grant_init(d2, 4, 2), 0);
    assert_int_equal(grant_frame(d1, 0, &mfn), 0);
    table = mfn_to_virt(mfn);
    page = frame_of(d1);
    table[REF] = (struct grant_entry_v1){GTF_permit_access, 0, (uint32_t)page.n};
    return 0;
}

static int teardown(void **state)
{
    struct domain *all[] = {d0, d1, d2};

    for (unsigned int i = 0; i < 3; i++)
        assert_int_equal(grant_release_mappings(all[i]), 0);
    for (unsigned int i = 0; i < 3; i++) {
        assert_int_equal(fake_refs(all[i]), 1);
        grant_destroy(all[i]);
    }
    assert_int_equal(grant_mappings_total(), 0);
    fake_teardown();
    return 0;
}

static long grant_op(struct domain *d, unsigned int cmd, void *arg, size_t n, unsigned int count)
{
    long rc;

    memcpy(fake_guest(ARG_VA), arg, n * count);
    d->vcpu[0]->hc_args[0] = cmd;
    rc = hc_grant_table_op(d, cmd, ARG_VA, count);
    memcpy(arg, fake_guest(ARG_VA), n * count);
    return rc;
}
#define OP(d, cmd, arg) grant_op(d, GNTTABOP_##cmd, &(arg), sizeof(arg), 1)

static struct gnttab_map_grant_ref map(uint32_t flags, grant_ref_t ref, domid_t dom)
{
    struct gnttab_map_grant_ref m = {
        .host_addr = 0x1000 + ref * 8, .flags = flags, .ref = ref, .dom = dom};

    assert_int_equal(OP(d0, map_grant_ref, m), 0);
    return m;
}

static int unmap(struct domain *d, grant_handle_t handle, uint64_t addr)
{
    struct gnttab_unmap_grant_ref u = {.host_addr = addr, .handle = handle};

    assert_int_equal(OP(d, unmap_grant_ref, u), 0);
    return u.status;
}

static void map_pins_and_unmap_gives_all_back(void **state)
{
    struct gnttab_map_grant_ref m = map(GNTMAP_host_map, REF, 1);

    assert_int_equal(m.status, GNTST_okay);
    assert_int_equal(m.dev_bus_addr, page.n << PAGE_SHIFT);
    assert_int_equal(table[REF].flags, GTF_permit_access | GTF_reading | GTF_writing);
    assert_int_equal(references(page), 2);
    assert_int_equal(writers(page), 1);
    assert_int_equal(fake_refs(d1), 2);
    assert_int_equal(grant_mappings_total(), 1);
    assert_true(fake_ptes[0].used && !fake_ptes[0].readonly);
    assert_int_equal(unmap(d0, m.handle, m.host_addr), GNTST_okay);
    assert_int_equal(table[REF].flags, GTF_permit_access);
    assert_int_equal(references(page), 1);
    assert_int_equal(writers(page), 0);
    assert_int_equal(fake_refs(d1), 1);
    assert_int_equal(unmap(d0, m.handle, m.host_addr), GNTST_bad_handle);
}

static void readonly_map_leaves_writing_alone(void **state)
{
    struct gnttab_map_grant_ref r, r2, w;

    table[REF].flags |= GTF_readonly;
    r = map(GNTMAP_host_map | GNTMAP_readonly, REF, 1);
    assert_int_equal(r.status, GNTST_okay);
    assert_int_equal(table[REF].flags, GTF_permit_access | GTF_readonly | GTF_reading);
    assert_int_equal(writers(page), 0);
    assert_int_equal(references(page), 2);
    w = map(GNTMAP_host_map, REF, 1);
    assert_int_equal(w.status, GNTST_general_error); /* write to a read-only grant */
    r2 = map(GNTMAP_host_map | GNTMAP_readonly, REF, 1);
    assert_int_equal(unmap(d0, r.handle, r.host_addr), GNTST_okay);
    assert_int_equal(table[REF].flags, GTF_permit_access | GTF_readonly | GTF_reading);
    assert_int_equal(unmap(d0, r2.handle, r2.host_addr), GNTST_okay);
    assert_int_equal(table[REF].flags, GTF_permit_access | GTF_readonly);
}

static void a_writer_among_readers_is_marked_while_it_lasts(void **state)
{
    struct gnttab_map_grant_ref r = map(GNTMAP_host_map | GNTMAP_readonly, REF, 1);
    struct gnttab_map_grant_ref w = map(GNTMAP_host_map, REF, 1);

    assert_int_equal(w.status, GNTST_okay);
    assert_int_equal(table[REF].flags, GTF_permit_access | GTF_reading | GTF_writing);
    assert_int_equal(unmap(d0, w.handle, w.host_addr), GNTST_okay);
    assert_int_equal(table[REF].flags, GTF_permit_access | GTF_reading);
    assert_int_equal(unmap(d0, r.handle, r.host_addr), GNTST_okay);
}

static void grants_that_do_not_permit_are_refused(void **state)
{
    table[REF + 1] = (struct grant_entry_v1){GTF_permit_access, 2, (uint32_t)page.n};
    table[REF + 2] = (struct grant_entry_v1){GTF_accept_transfer, 0, (uint32_t)page.n};
    table[REF + 3] = (struct grant_entry_v1){GTF_transitive, 0, (uint32_t)page.n};
    table[REF + 4] = (struct grant_entry_v1){GTF_permit_access | GTF_sub_page, 0, (uint32_t)page.n};
    for (grant_ref_t r = REF + 1; r <= REF + 5; r++) {
        uint16_t flags = table[r].flags;

        assert_int_equal(map(GNTMAP_host_map, r, 1).status, GNTST_general_error);
        assert_int_equal(table[r].flags, flags);
    }
    assert_int_equal(map(GNTMAP_host_map, 512, 1).status, GNTST_bad_gntref);
    assert_int_equal(map(GNTMAP_host_map, ~0u, 1).status, GNTST_bad_gntref);
    assert_int_equal(map(0, REF, 1).status, GNTST_bad_gntref);
    assert_int_equal(map(GNTMAP_device_map, REF, 1).status, GNTST_bad_gntref);
    assert_int_equal(map(GNTMAP_host_map, REF, 33).status, GNTST_bad_domain);
    assert_int_equal(references(page), 1);
    assert_int_equal(fake_refs(d1), 1);
    assert_int_equal(d0->grant.nr_maps, 0);
}

static void frames_that_the_granter_does_not_own_are_refused(void **state)
{
    mfn_t other = frame_of(d2);

    table[REF].frame = (uint32_t)other.n;
    assert_int_equal(map(GNTMAP_host_map, REF, 1).status, GNTST_general_error);
    table[REF].frame = FAKE_FRAMES + 5; /* device memory, say */
    assert_int_equal(map(GNTMAP_host_map | GNTMAP_readonly, REF, 1).status, GNTST_bad_page);
    table[REF].frame = 3; /* free */
    assert_int_equal(map(GNTMAP_host_map, REF, 1).status, GNTST_general_error);
    assert_int_equal(table[REF].flags, GTF_permit_access);
    assert_int_equal(references(other), 1);
}

static void a_page_table_is_not_granted_for_writing(void **state)
{
    assert_int_equal(frame_get_and_type(mfn_to_frame(page), d1, FRAME_T_L1), 0);
    assert_int_equal(map(GNTMAP_host_map, REF, 1).status, GNTST_general_error);
    assert_int_equal(map(GNTMAP_host_map | GNTMAP_readonly, REF, 1).status, GNTST_okay);
    frame_put_and_type(mfn_to_frame(page));
}

static void a_failed_map_leaves_nothing(void **state)
{
    fake_calls.grant_map_result = GNTST_bad_virt_addr;
    assert_int_equal(map(GNTMAP_host_map, REF, 1).status, GNTST_bad_virt_addr);
    assert_int_equal(references(page), 1);
    assert_int_equal(writers(page), 0);
    assert_int_equal(table[REF].flags, GTF_permit_access);
    assert_int_equal(d0->grant.nr_maps, 0);
    assert_int_equal(fake_refs(d1), 1);
}

static void a_failed_unmap_keeps_the_mapping(void **state)
{
    struct gnttab_map_grant_ref m = map(GNTMAP_host_map, REF, 1);

    assert_int_equal(unmap(d0, m.handle, 0x9999000), GNTST_bad_virt_addr);
    assert_int_equal(unmap(d0, m.handle, 0), GNTST_bad_virt_addr);
    assert_int_equal(unmap(d0, m.handle + 1, m.host_addr), GNTST_bad_handle);
    assert_int_equal(unmap(d0, 100000, m.host_addr), GNTST_bad_handle);
    assert_int_equal(unmap(d2, m.handle, m.host_addr), GNTST_bad_handle); /* another's */
    assert_int_equal(references(page), 2);
    assert_int_equal(unmap(d0, m.handle, m.host_addr), GNTST_okay);
}

static void the_frame_number_is_read_once(void **state)
{
    struct gnttab_map_grant_ref a = map(GNTMAP_host_map | GNTMAP_readonly, REF, 1), b;
    mfn_t other = frame_of(d1);

    table[REF].frame = (uint32_t)other.n; /* changed while in use */
    b = map(GNTMAP_host_map | GNTMAP_readonly, REF, 1);
    assert_int_equal(b.dev_bus_addr, page.n << PAGE_SHIFT);
    assert_int_equal(references(other), 1);
    assert_int_equal(unmap(d0, a.handle, a.host_addr), 0);
    assert_int_equal(unmap(d0, b.handle, b.host_addr), 0);
}

static void handles_run_out_and_that_is_logged_once(void **state)
{
    unsigned int prints, n = 0;

    while (n < 1000 && map(GNTMAP_host_map | GNTMAP_readonly, REF, 1).status == GNTST_okay)
        if (++n == 1)
            fake_calls.prints = 0;
    assert_int_equal(n, 256); /* two pages of 128; the fake has as many entries */
    prints = fake_calls.prints;
    assert_int_equal(map(GNTMAP_host_map | GNTMAP_readonly, REF, 1).status, GNTST_no_space);
    assert_int_equal(fake_calls.prints, prints);
    assert_int_equal(prints, 1);
    /* no tables of the fake hold references any more when the domain dies: drop them as it would */
    for (unsigned int i = 0; i < FAKE_PTES; i++)
        if (fake_ptes[i].used)
            frame_put(mfn_to_frame(fake_ptes[i].mfn));
    assert_int_equal(references(page), 1);
}

static void release_of_a_dying_mapper(void **state)
{
    struct gnttab_map_grant_ref m = map(GNTMAP_host_map, REF, 1);

    assert_int_equal(m.status, 0);
    frame_put_and_type(mfn_to_frame(page)); /* its page tables went first */
    assert_int_equal(grant_release_mappings(d0), 0);
    assert_int_equal(table[REF].flags, GTF_permit_access);
    assert_int_equal(fake_refs(d1), 1);
    assert_int_equal(grant_mappings_total(), 0);
}

static void a_dead_granter_lives_until_the_last_unmap(void **state)
{
    struct gnttab_map_grant_ref m = map(GNTMAP_host_map, REF, 1);
    mfn_t mfn;

    assert_int_equal(grant_release_mappings(d1), 0); /* its table is gone now */
    assert_true(frame_put_allocated(mfn_to_frame(page)));
    assert_int_equal(references(page), 1);
    assert_int_equal(fake_refs(d1), 2);
    assert_int_equal(map(GNTMAP_host_map, REF, 1).status, GNTST_general_error);
    assert_int_equal(grant_frame(d1, 0, &mfn), -EINVAL);
    assert_int_equal(unmap(d0, m.handle, m.host_addr), GNTST_okay);
    assert_int_equal(fake_refs(d1), 1);
    assert_int_equal(frame_owner(mfn_to_frame(page)), FRAME_OWNER_NONE); /* freed */
}

static void a_batch_of_unmaps_is_flushed_together(void **state)
{
    struct gnttab_unmap_grant_ref u[20];

    for (unsigned int i = 0; i < 20; i++) {
        struct gnttab_map_grant_ref m =
            map(i % 2 ? GNTMAP_host_map : GNTMAP_host_map | GNTMAP_readonly, REF, 1);

        u[i] = (struct gnttab_unmap_grant_ref){.host_addr = m.host_addr, .handle = m.handle};
    }
    u[7].handle = 100; /* one that is wrong */
    fake_calls.flushes = 0;
    assert_int_equal(grant_op(d0, GNTTABOP_unmap_grant_ref, u, sizeof(u[0]), 20), 0);
    assert_int_equal(fake_calls.flushes, 2);
    for (unsigned int i = 0; i < 20; i++)
        assert_int_equal(u[i].status, i == 7 ? GNTST_bad_handle : GNTST_okay);
    assert_int_equal(references(page), 2);
    assert_int_equal(writers(page), 1);
    assert_int_equal(table[REF].flags, GTF_permit_access | GTF_reading | GTF_writing);
    assert_int_equal(d0->grant.nr_maps, 1);
    fake_calls.flushes = 0;
    for (unsigned int i = 0; i < 256; i++) /* the last one's handle */
        unmap(d0, i, 0x1000 + REF * 8);
    assert_int_equal(fake_calls.flushes, 1);
    assert_int_equal(references(page), 1);
    assert_int_equal(table[REF].flags, GTF_permit_access);
}

/* Nothing is given back before the flush: looked at from within it. */
static void seen_at_flush(guest_va_t va, size_t n, bool write)
{
    if (write)
        assert_int_equal(table[REF].flags, GTF_permit_access | GTF_reading | GTF_writing);
}

static void pins_and_frames_outlive_the_flush_of_a_batch(void **state)
{
    struct gnttab_unmap_grant_ref u[2];

    for (unsigned int i = 0; i < 2; i++) {
        struct gnttab_map_grant_ref m = map(GNTMAP_host_map, REF, 1);

        u[i] = (struct gnttab_unmap_grant_ref){.host_addr = m.host_addr, .handle = m.handle};
    }
    fake_guest_access_hook = seen_at_flush; /* the statuses are written before it */
    assert_int_equal(grant_op(d0, GNTTABOP_unmap_grant_ref, u, sizeof(u[0]), 2), 0);
    fake_guest_access_hook = NULL;
    assert_int_equal(table[REF].flags, GTF_permit_access);
    assert_int_equal(references(page), 1);
}

static struct gnttab_copy copy_from_ref(mfn_t to)
{
    return (struct gnttab_copy){.source = {.u.ref = REF, .domid = 1, .offset = 16},
                                .dest = {.u.gmfn = to.n, .domid = DOMID_SELF, .offset = 100},
                                .len = 50,
                                .flags = GNTCOPY_source_gref};
}

static void copy_moves_bytes_and_keeps_no_pin(void **state)
{
    mfn_t own = frame_of(d0);
    struct gnttab_copy c = copy_from_ref(own);
    uint8_t *to = mfn_to_virt(own), *from = mfn_to_virt(page);

    memset(to, 0xee, PAGE_SIZE);
    for (unsigned int i = 0; i < PAGE_SIZE; i++)
        from[i] = (uint8_t)(i * 7);
    assert_int_equal(OP(d0, copy, c), 0);
    assert_int_equal(c.status, GNTST_okay);
    assert_memory_equal(to + 100, from + 16, 50);
    assert_int_equal(to[99], 0xee);
    assert_int_equal(to[150], 0xee);
    assert_int_equal(table[REF].flags, GTF_permit_access);
    assert_int_equal(references(page), 1);
    assert_int_equal(references(own), 1);
    assert_int_equal(writers(own), 0);
    assert_int_equal(fake_refs(d1), 1);
    c = (struct gnttab_copy){.source = {.u.gmfn = own.n, .domid = DOMID_SELF},
                             .dest = {.u.ref = REF, .domid = 1},
                             .len = PAGE_SIZE,
                             .flags = GNTCOPY_dest_gref};
    assert_int_equal(OP(d0, copy, c), 0);
    assert_int_equal(c.status, GNTST_okay);
    assert_memory_equal(to, from, PAGE_SIZE);
}

static void copy_stays_in_its_page(void **state)
{
    mfn_t own = frame_of(d0);
    struct gnttab_copy c = copy_from_ref(own);

    c.source.offset = 4095, c.len = 1;
    assert_int_equal(OP(d0, copy, c), 0);
    assert_int_equal(c.status, GNTST_okay);
    c.len = 2;
    assert_int_equal(OP(d0, copy, c), 0);
    assert_int_equal(c.status, GNTST_bad_copy_arg);
    c = copy_from_ref(own);
    c.dest.offset = 4090, c.len = 7;
    assert_int_equal(OP(d0, copy, c), 0);
    assert_int_equal(c.status, GNTST_bad_copy_arg);
    c.dest.offset = 0xffff, c.len = 0xffff;
    assert_int_equal(OP(d0, copy, c), 0);
    assert_int_equal(c.status, GNTST_bad_copy_arg);
}

static void copy_refuses_what_is_not_granted_or_owned(void **state)
{
    mfn_t own = frame_of(d0), foreign = frame_of(d2);
    struct gnttab_copy c = copy_from_ref(own);

    c.dest.u.gmfn = foreign.n;
    assert_int_equal(OP(d0, copy, c), 0);
    assert_int_equal(c.status, GNTST_bad_page);
    c.dest.u.gmfn = 1ull << 40;
    assert_int_equal(OP(d0, copy, c), 0);
    assert_int_equal(c.status, GNTST_bad_page);
    c = copy_from_ref(own);
    c.flags = 0; /* a frame of another domain, by number */
    assert_int_equal(OP(d0, copy, c), 0);
    assert_int_equal(c.status, GNTST_permission_denied);
    c = copy_from_ref(own);
    c.source.domid = 33;
    assert_int_equal(OP(d0, copy, c), 0);
    assert_int_equal(c.status, GNTST_bad_domain);
    table[REF].flags |= GTF_readonly;
    c = (struct gnttab_copy){.source = {.u.gmfn = own.n, .domid = DOMID_SELF},
                             .dest = {.u.ref = REF, .domid = 1},
                             .len = 1,
                             .flags = GNTCOPY_dest_gref};
    assert_int_equal(OP(d0, copy, c), 0);
    assert_int_equal(c.status, GNTST_general_error);
    assert_int_equal(table[REF].flags, GTF_permit_access | GTF_readonly);
    assert_int_equal(references(page), 1);
    assert_int_equal(references(own), 1);
}

static void copy_within_one_page_may_overlap(void **state)
{
    mfn_t own = frame_of(d0);
    uint8_t *p = mfn_to_virt(own);
    struct gnttab_copy c = {.source = {.u.gmfn = own.n, .domid = DOMID_SELF},
                            .dest = {.u.gmfn = own.n, .domid = DOMID_SELF, .offset = 1},
                            .len = 10};

    for (unsigned int i = 0; i < 16; i++)
        p[i] = (uint8_t)i;
    assert_int_equal(OP(d0, copy, c), 0);
    assert_int_equal(c.status, GNTST_okay);
    assert_int_equal(p[10], 9);
}

static void long_batches_go_on_later(void **state)
{
    mfn_t own = frame_of(d0);
    struct gnttab_copy c[40];

    for (unsigned int i = 0; i < 40; i++) {
        c[i] = copy_from_ref(own);
        c[i].status = 99;
    }
    fake_preempt_after = 2;
    assert_int_equal(grant_op(d0, GNTTABOP_copy, c, sizeof(c[0]), 40), HC_CONTINUE);
    assert_int_equal(d0->vcpu[0]->hc_args[1], ARG_VA + 32 * sizeof(c[0]));
    assert_int_equal(d0->vcpu[0]->hc_args[2], 8);
    assert_int_equal(c[31].status, GNTST_okay);
    assert_int_equal(c[32].status, 99);
    assert_int_equal(hc_grant_table_op(d0, GNTTABOP_copy, ARG_VA + 32 * sizeof(c[0]), 8), 0);
    memcpy(c, fake_guest(ARG_VA), sizeof(c));
    assert_int_equal(c[39].status, GNTST_okay);
}

static struct gnttab_setup_table setup_table(struct domain *d, domid_t dom, unsigned int nr)
{
    struct gnttab_setup_table s = {.dom = dom, .nr_frames = nr, .frame_list = LIST_VA};

    assert_int_equal(OP(d, setup_table, s), 0);
    return s;
}

static void setup_table_grows_and_lists_frames(void **state)
{
    uint64_t *list = fake_guest(LIST_VA);

    assert_int_equal(setup_table(d1, DOMID_SELF, 4).status, GNTST_okay);
    assert_ptr_equal(mfn_to_virt(_mfn(list[0])), table);
    for (unsigned int i = 0; i < 4; i++) {
        assert_int_equal(frame_owner(mfn_to_frame(_mfn(list[i]))), 1);
        assert_true(frame_state(mfn_to_frame(_mfn(list[i]))) & FRAME_HYPERVISOR);
    }
    fake_calls.prints = 0;
    assert_int_equal(setup_table(d1, DOMID_SELF, 5).status, GNTST_general_error);
    assert_int_equal(setup_table(d1, DOMID_SELF, ~0u).status, GNTST_general_error);
    assert_int_equal(fake_calls.prints, 1);
    assert_int_equal(setup_table(d0, 1, 1).status, GNTST_okay);
    assert_int_equal(setup_table(d2, 1, 1).status, GNTST_permission_denied);
    assert_int_equal(setup_table(d0, 33, 1).status, GNTST_bad_domain);
    /* the new frames work */
    ((struct grant_entry_v1 *)mfn_to_virt(_mfn(list[3])))[511] = table[REF];
    setup_table(d1, DOMID_SELF, 4);
    assert_int_equal(unmap(d0, map(GNTMAP_host_map, 2047, 1).handle, 0x1000 + 2047 * 8),
                     GNTST_okay);
}

static void grant_frame_grows_to_the_limit(void **state)
{
    mfn_t mfn;

    assert_int_equal(grant_frame(d2, 3, &mfn), 0);
    assert_int_equal(d2->grant.nr_frames, 4);
    assert_int_equal(grant_frame(d2, 4, &mfn), -EINVAL);
    assert_int_equal(grant_frame(d2, ~0u, &mfn), -EINVAL);
}

static void sizes_and_versions_are_told(void **state)
{
    struct gnttab_query_size q = {.dom = DOMID_SELF};
    struct gnttab_get_version g = {.dom = DOMID_SELF};
    struct gnttab_set_version v = {.version = 2};

    assert_int_equal(OP(d1, query_size, q), 0);
    assert_int_equal(q.status, GNTST_okay);
    assert_int_equal(q.nr_frames, 1);
    assert_int_equal(q.max_nr_frames, 4);
    q.dom = 0;
    assert_int_equal(OP(d1, query_size, q), 0);
    assert_int_equal(q.status, GNTST_permission_denied);
    assert_int_equal(OP(d1, get_version, g), 0);
    assert_int_equal(g.version, 1);
    g.dom = 0;
    assert_int_equal(OP(d1, get_version, g), -EPERM);
    assert_int_equal(OP(d1, set_version, v), -ENOSYS);
    assert_int_equal(v.version, 1);
    assert_int_equal(OP(d1, set_version, v), 0);
    v.version = 3;
    assert_int_equal(OP(d1, set_version, v), -EINVAL);
}

static void bad_counts_and_pointers(void **state)
{
    struct gnttab_map_grant_ref m[2] = {
        {.flags = GNTMAP_host_map, .ref = REF, .dom = 1, .host_addr = 8}};

    for (unsigned int cmd = 0; cmd < 13; cmd++) {
        long rc = hc_grant_table_op(d0, cmd, 0x10, 1);

        assert_true(rc == -EFAULT || rc == -ENOSYS);
        assert_int_equal(hc_grant_table_op(d0, cmd, ARG_VA, 0x80000000), -EINVAL);
    }
    assert_int_equal(hc_grant_table_op(d0, GNTTABOP_map_grant_ref, 0x10, 0), 0);
    assert_int_equal(hc_grant_table_op(d0, GNTTABOP_setup_table, ARG_VA, 2), -EINVAL);
    assert_int_equal(hc_grant_table_op(d0, GNTTABOP_get_version, ARG_VA, 0), -EINVAL);
    fake_guest_read_faults_at(ARG_VA + sizeof(m[0]));
    assert_int_equal(grant_op(d0, GNTTABOP_map_grant_ref, m, sizeof(m[0]), 2), -EFAULT);
    assert_int_equal(m[0].status, GNTST_okay); /* the first was done */
    assert_int_equal(unmap(d0, m[0].handle, 8), GNTST_okay);
}

static void refused_operations(void **state)
{
    static const unsigned int refused[] = {GNTTABOP_dump_table,
                                           GNTTABOP_transfer,
                                           GNTTABOP_get_status_frames,
                                           GNTTABOP_swap_grant_ref,
                                           GNTTABOP_cache_flush,
                                           13,
                                           100};

    for (unsigned int i = 0; i < ARRAY_SIZE(refused); i++)
        assert_int_equal(hc_grant_table_op(d0, refused[i], ARG_VA, 1), -ENOSYS);
    assert_int_equal(hc_grant_table_op(d0, 1ull << 32, ARG_VA, 1), -ENOSYS);
}

static void a_domain_may_grant_to_itself(void **state)
{
    struct gnttab_map_grant_ref m = {
        .host_addr = 0x2000, .flags = GNTMAP_host_map, .ref = REF, .dom = DOMID_SELF};

    table[REF].domid = 1;
    assert_int_equal(OP(d1, map_grant_ref, m), 0);
    assert_int_equal(m.status, GNTST_bad_domain); /* by number only */
    m.dom = 1;
    assert_int_equal(OP(d1, map_grant_ref, m), 0);
    assert_int_equal(m.status, GNTST_okay);
    assert_int_equal(unmap(d1, m.handle, 0x2000), GNTST_okay);
    assert_int_equal(fake_refs(d1), 1);
}

#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(map_pins_and_unmap_gives_all_back),
        T(readonly_map_leaves_writing_alone),
        T(a_writer_among_readers_is_marked_while_it_lasts),
        T(grants_that_do_not_permit_are_refused),
        T(frames_that_the_granter_does_not_own_are_refused),
        T(a_page_table_is_not_granted_for_writing),
        T(a_failed_map_leaves_nothing),
        T(a_failed_unmap_keeps_the_mapping),
        T(the_frame_number_is_read_once),
        T(handles_run_out_and_that_is_logged_once),
        T(release_of_a_dying_mapper),
        T(a_dead_granter_lives_until_the_last_unmap),
        T(a_batch_of_unmaps_is_flushed_together),
        T(pins_and_frames_outlive_the_flush_of_a_batch),
        T(copy_moves_bytes_and_keeps_no_pin),
        T(copy_stays_in_its_page),
        T(copy_refuses_what_is_not_granted_or_owned),
        T(copy_within_one_page_may_overlap),
        T(long_batches_go_on_later),
        T(setup_table_grows_and_lists_frames),
        T(grant_frame_grows_to_the_limit),
        T(sizes_and_versions_are_told),
        T(bad_counts_and_pointers),
        T(refused_operations),
        T(a_domain_may_grant_to_itself),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
