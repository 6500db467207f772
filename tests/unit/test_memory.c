/* SPDX-License-Identifier: GPL-2.0-only */
/* memory_op and the accounting of frames, with the real allocator, domains and frame references. */
#include "tests/fake-arch/fake.h"

#include <hv/alloc.h>
#include <pv-abi/memory.h>

#define ARG_VA   FAKE_GUEST_VA
#define LIST_VA  (FAKE_GUEST_VA + 0x1000)
#define OUT_VA   (FAKE_GUEST_VA + 0x10000)
#define HEAP_END 4000u
#define SHIFT    6

static struct domain *d1, *d2;
static uint64_t free_before;
static unsigned int acquired_max = 8;

/* Grant-table frames come from nowhere in particular. */
int grant_frame(struct domain *d, unsigned int idx, mfn_t *mfn)
{
    if (idx >= acquired_max)
        return -ENOMEM;
    *mfn = _mfn(500 + idx);
    return 0;
}

static struct domain *make(unsigned int id, uint64_t max_pages)
{
    const uint8_t handle[16] = {0};
    struct domain *d;

    assert_int_equal(domain_create(id, handle, 1, 8, 8, 0, &d), 0);
    assert_int_equal(vcpu_create(d, 0, 0), 0);
    d->max_pages = max_pages;
    return d;
}

static int group_setup(void **state)
{
    fake_reset();
    heap_add(_mfn(1), _mfn(HEAP_END));
    dom0 = make(0, 4096);
    fake_set_current(dom0->vcpu[0]);
    return 0;
}

static int group_teardown(void **state)
{
    fake_teardown();
    return 0;
}

static int setup(void **state)
{
    fake_set_current(dom0->vcpu[0]);
    free_before = heap_free_pages();
    d1 = make(1, 1100);
    d2 = make(2, 100);
    d1->grant.max_frames = 10;
    fake_set_current(d1->vcpu[0]);
    nr_e820 = 0;
    acquired_max = 8;
    return 0;
}

/* Whatever a test did, killing the domains gives every frame back. */
static int teardown(void **state)
{
    fake_guest_read_faults_at(0);
    fake_guest_write_faults_at(0);
    fake_guest_access_hook = NULL;
    fake_preempt_after = 0;
    fake_set_current(dom0->vcpu[0]);
    assert_int_equal(domain_kill(d1), 0);
    assert_int_equal(domain_kill(d2), 0);
    assert_null(domain_get(1));
    assert_null(domain_get(2));
    assert_int_equal(heap_free_pages(), free_before);
    assert_int_equal(heap_claimed_pages(), 0);
    return 0;
}

static void as_dom0(void)
{
    fake_set_current(dom0->vcpu[0]);
}

static long memory_op(uint64_t cmd)
{
    current->hc_args[0] = cmd;
    current->hc_args[1] = ARG_VA;
    return hc_memory_op(current->domain, cmd, ARG_VA);
}

static uint64_t *list(void)
{
    return fake_guest(LIST_VA);
}

static uint64_t *out(void)
{
    return fake_guest(OUT_VA);
}

static struct xen_memory_reservation *reservation(uint64_t nr, unsigned int order,
                                                  unsigned int flags, domid_t domid)
{
    struct xen_memory_reservation *r = fake_guest(ARG_VA);

    *r = (struct xen_memory_reservation){LIST_VA, nr, order, flags, domid, {0}};
    return r;
}

static long populate(uint64_t nr, unsigned int order)
{
    for (uint64_t i = 0; i < nr; i++)
        list()[i] = 0x1000 + (i << (order & 31));
    reservation(nr, order, 0, DOMID_SELF);
    return memory_op(XENMEM_populate_physmap);
}

static struct frame *frame(uint64_t mfn)
{
    return mfn_to_frame(_mfn(mfn));
}

static void populate_gives_frames_and_tells_the_m2p(void **state)
{
    assert_int_equal(populate(3, 0), 3);
    assert_int_equal(d1->tot_pages, 3);
    for (unsigned int i = 0; i < 3; i++) {
        assert_int_equal(frame_owner(frame(list()[i])), 1);
        assert_int_equal(arch_m2p_get(_mfn(list()[i])), 0x1000 + i);
    }
}

static void populate_gives_two_megabytes_in_one_piece(void **state)
{
    assert_int_equal(populate(2, 9), 2);
    assert_int_equal(d1->tot_pages, 1024);
    for (unsigned int i = 0; i < 2; i++) {
        assert_int_equal(list()[i] % 512, 0);
        assert_int_equal(arch_m2p_get(_mfn(list()[i] + 511)), 0x1000 + i * 512 + 511);
        assert_int_equal(frame_owner(frame(list()[i] + 511)), 1);
    }
}

static void populate_keeps_the_address_bits(void **state)
{
    list()[0] = 5;
    reservation(1, 4, XENMEMF_address_bits(20), DOMID_SELF);
    assert_int_equal(memory_op(XENMEM_populate_physmap), 1);
    assert_in_range(list()[0], 16, 240);
    reservation(1, 0, XENMEMF_address_bits(12), DOMID_SELF);
    assert_int_equal(memory_op(XENMEM_populate_physmap), 0);
}

static void an_order_too_large_gives_nothing(void **state)
{
    assert_int_equal(populate(1, 10), 0);
    assert_int_equal(populate(1, 64), 0);
    assert_int_equal(populate(1, 0xffffffff), 0);
    assert_int_equal(d1->tot_pages, 0);
}

static void the_limit_of_a_domain_gives_a_partial_result(void **state)
{
    d1->max_pages = 5;
    assert_int_equal(populate(8, 0), 5);
    assert_int_equal(d1->tot_pages, 5);
    assert_int_equal(populate(1, 0), 0);
    d1->max_pages = 3; /* below what it has */
    assert_int_equal(populate(1, 0), 0);
}

static void a_list_that_cannot_be_written_gives_a_partial_result(void **state)
{
    fake_guest_write_faults_at(LIST_VA + 2 * 8);
    assert_int_equal(populate(4, 0), 2);
    assert_int_equal(d1->tot_pages, 2);
    fake_guest_write_faults_at(0);
    fake_guest_read_faults_at(LIST_VA + 8);
    assert_int_equal(populate(4, 0), 1);
    assert_int_equal(d1->tot_pages, 3);
}

static void a_bad_argument_answers_what_was_done_before(void **state)
{
    fake_guest_read_faults_at(ARG_VA);
    assert_int_equal(memory_op(XENMEM_populate_physmap), 0);
    assert_int_equal(memory_op(XENMEM_populate_physmap | 3 << SHIFT), 3);
    fake_guest_read_faults_at(0);
    reservation(3, 0, 0, DOMID_SELF);
    assert_int_equal(memory_op(XENMEM_populate_physmap | 3 << SHIFT), 3);
    reservation(~0ull, 0, 0, DOMID_SELF);
    assert_int_equal(memory_op(XENMEM_decrease_reservation), 0);
    reservation(1, 0, 0, 77);
    as_dom0();
    assert_int_equal(memory_op(XENMEM_populate_physmap), 0);
}

static void a_long_list_continues_where_it_stopped(void **state)
{
    long rc;

    for (unsigned int i = 0; i < 8; i++)
        list()[i] = 0x100 + i;
    reservation(8, 0, 0, DOMID_SELF);
    fake_preempt_after = 3;
    rc = memory_op(XENMEM_populate_physmap);
    assert_int_equal(rc, HC_CONTINUE);
    assert_int_equal(current->hc_args[0], XENMEM_populate_physmap | 3 << SHIFT);
    assert_int_equal(d1->tot_pages, 3);
    assert_int_equal(memory_op(current->hc_args[0]), 8);
    assert_int_equal(d1->tot_pages, 8);
    for (unsigned int i = 0; i < 8; i++)
        assert_int_equal(arch_m2p_get(_mfn(list()[i])), 0x100 + i);
}

static void increase_needs_no_list(void **state)
{
    reservation(2, 0, 0, DOMID_SELF)->extent_start = 0;
    assert_int_equal(memory_op(XENMEM_increase_reservation), 2);
    assert_int_equal(d1->tot_pages, 2);
    assert_int_equal(populate(0, 0), 0);
    reservation(2, 0, 0, DOMID_SELF)->extent_start = 0;
    assert_int_equal(memory_op(XENMEM_populate_physmap), 0);
}

static void only_dom0_touches_other_domains(void **state)
{
    reservation(1, 0, 0, 2);
    assert_int_equal(memory_op(XENMEM_populate_physmap), -EPERM);
    reservation(1, 0, 0, 0);
    assert_int_equal(memory_op(XENMEM_increase_reservation), -EPERM);
    as_dom0();
    list()[0] = 9;
    reservation(1, 0, 0, 2);
    assert_int_equal(memory_op(XENMEM_populate_physmap), 1);
    assert_int_equal(d2->tot_pages, 1);
    assert_int_equal(frame_owner(frame(list()[0])), 2);
}

static void decrease_gives_back(void **state)
{
    uint64_t free0 = heap_free_pages();

    assert_int_equal(populate(4, 0), 4);
    reservation(4, 0, 0, DOMID_SELF);
    assert_int_equal(memory_op(XENMEM_decrease_reservation), 4);
    assert_int_equal(d1->tot_pages, 0);
    assert_int_equal(heap_free_pages(), free0);
    assert_int_equal(arch_m2p_get(_mfn(list()[0])), M2P_INVALID);
}

static void decrease_of_a_block_gives_back_all_of_it(void **state)
{
    assert_int_equal(populate(1, 9), 1);
    reservation(1, 9, 0, DOMID_SELF);
    assert_int_equal(memory_op(XENMEM_decrease_reservation), 1);
    assert_int_equal(d1->tot_pages, 0);
}

static void decrease_stops_at_a_frame_that_is_not_ones_own(void **state)
{
    assert_int_equal(populate(3, 0), 3);
    list()[1] = list()[2];
    list()[2] = 0; /* not even RAM */
    reservation(3, 0, 0, DOMID_SELF);
    assert_int_equal(memory_op(XENMEM_decrease_reservation), 2);
    list()[0] = dom0->shared_mfn.n;
    reservation(1, 0, 0, DOMID_SELF);
    assert_int_equal(memory_op(XENMEM_decrease_reservation), 0);
    list()[0] = max_mfn;
    assert_int_equal(memory_op(XENMEM_decrease_reservation), 0);
    list()[0] = ~0ull;
    assert_int_equal(memory_op(XENMEM_decrease_reservation), 0);
}

static void decrease_twice_gives_back_once(void **state)
{
    assert_int_equal(populate(1, 0), 1);
    list()[1] = list()[0];
    reservation(2, 0, 0, DOMID_SELF);
    assert_int_equal(memory_op(XENMEM_decrease_reservation), 1);
    assert_int_equal(d1->tot_pages, 0);
}

static void the_hypervisors_pages_cannot_be_given_back(void **state)
{
    list()[0] = d1->shared_mfn.n;
    reservation(1, 0, 0, DOMID_SELF);
    assert_int_equal(memory_op(XENMEM_decrease_reservation), 0);
    assert_int_equal(frame_owner(mfn_to_frame(d1->shared_mfn)), 1);
}

static void a_mapped_frame_is_freed_with_its_last_reference(void **state)
{
    uint64_t free0 = heap_free_pages();
    struct frame *f;

    assert_int_equal(populate(1, 0), 1);
    f = frame(list()[0]);
    assert_true(frame_get(f, d1));
    reservation(1, 0, 0, DOMID_SELF);
    assert_int_equal(memory_op(XENMEM_decrease_reservation), 1);
    assert_int_equal(d1->tot_pages, 1);
    assert_int_equal(heap_free_pages(), free0 - 1);
    assert_int_equal(memory_op(XENMEM_decrease_reservation),
                     1); /* its allocation is gone already */
    assert_int_equal(d1->tot_pages, 1);
    frame_put(f);
    assert_int_equal(d1->tot_pages, 0);
    assert_int_equal(heap_free_pages(), free0);
}

static void decrease_unpins(void **state)
{
    struct frame *f;

    assert_int_equal(populate(1, 0), 1);
    f = frame(list()[0]);
    assert_int_equal(frame_get_and_type(f, d1, FRAME_T_L1), 0);
    frame_test_and_set(f, FRAME_PINNED);
    reservation(1, 0, 0, DOMID_SELF);
    assert_int_equal(memory_op(XENMEM_decrease_reservation), 1);
    assert_int_equal(frame_drain(d1, false), 0);
    assert_int_equal(d1->tot_pages, 0);
}

static void nobody_sees_what_was_in_a_frame(void **state)
{
    assert_int_equal(populate(64, 0), 64);
    for (unsigned int i = 0; i < 64; i++)
        memset(mfn_to_virt(_mfn(list()[i])), 0x77, PAGE_SIZE);
    reservation(64, 0, 0, DOMID_SELF);
    assert_int_equal(memory_op(XENMEM_decrease_reservation), 64);
    fake_set_current(d2->vcpu[0]);
    assert_int_equal(populate(64, 0), 64);
    for (unsigned int i = 0; i < 64; i++)
        for (unsigned int b = 0; b < PAGE_SIZE; b++)
            assert_int_equal(((uint8_t *)mfn_to_virt(_mfn(list()[i])))[b], 0);
}

static void a_dying_domain_gets_nothing(void **state)
{
    mfn_t mfn;

    d1->dying = DOMAIN_DYING;
    assert_int_equal(populate(1, 0), 0);
    assert_int_equal(domain_alloc_frames(d1, 0, 0, &mfn), -EINVAL);
    d1->dying = DOMAIN_ALIVE;
}

static void alloc_frames_tells_why_not(void **state)
{
    mfn_t mfn;

    d1->max_pages = 4000;
    assert_int_equal(domain_alloc_frames(d2, 7, 0, &mfn), -E2BIG);
    assert_int_equal(domain_alloc_frames(d1, 19, 0, &mfn), -ENOMEM);
    assert_int_equal(domain_alloc_frames(d1, 11, 0, &mfn), -ENOMEM);
    assert_int_equal(domain_alloc_frames(d1, 3, 18, &mfn), 0);
    assert_in_range(mfn.n, 1, 56);
    assert_int_equal(d1->tot_pages, 8);
}

/* --- exchange --------------------------------------------------------------------------------- */

static struct xen_memory_exchange *exchange(uint64_t nr_in, unsigned int order_in, uint64_t nr_out,
                                            unsigned int order_out, unsigned int bits)
{
    struct xen_memory_exchange *x = fake_guest(ARG_VA);

    memset(x, 0, sizeof(*x));
    x->in = (struct xen_memory_reservation){LIST_VA, nr_in, order_in, 0, DOMID_SELF, {0}};
    x->out = (struct xen_memory_reservation){OUT_VA, nr_out, order_out, bits, DOMID_SELF, {0}};
    for (uint64_t i = 0; i < nr_out; i++)
        out()[i] = 0x7000 + (i << order_out);
    return x;
}

static void exchange_makes_one_piece_of_many(void **state)
{
    struct xen_memory_exchange *x;
    uint64_t free0;

    assert_int_equal(populate(512, 0), 512);
    free0 = heap_free_pages();
    x = exchange(512, 0, 1, 9, 23);
    assert_int_equal(memory_op(XENMEM_exchange), 0);
    assert_int_equal(x->nr_exchanged, 512);
    assert_int_equal(out()[0] % 512, 0);
    assert_true(out()[0] + 512 <= 2048);
    assert_int_equal(arch_m2p_get(_mfn(out()[0] + 100)), 0x7000 + 100);
    assert_int_equal(frame_owner(frame(out()[0] + 511)), 1);
    assert_int_equal(frame_owner(frame(list()[7])), FRAME_OWNER_NONE);
    assert_int_equal(arch_m2p_get(_mfn(list()[7])), M2P_INVALID);
    assert_int_equal(d1->tot_pages, 512);
    assert_int_equal(heap_free_pages(), free0);
}

static void exchange_breaks_a_piece_up(void **state)
{
    struct xen_memory_exchange *x;

    assert_int_equal(populate(1, 3), 1);
    x = exchange(1, 3, 8, 0, 0);
    assert_int_equal(memory_op(XENMEM_exchange), 0);
    assert_int_equal(x->nr_exchanged, 1);
    for (unsigned int i = 0; i < 8; i++) {
        assert_int_equal(frame_owner(frame(out()[i])), 1);
        assert_int_equal(arch_m2p_get(_mfn(out()[i])), 0x7000 + i);
    }
    assert_int_equal(d1->tot_pages, 8);
}

static void exchange_scrubs(void **state)
{
    assert_int_equal(populate(4, 0), 4);
    for (unsigned int i = 0; i < 4; i++)
        memset(mfn_to_virt(_mfn(list()[i])), 0x66, PAGE_SIZE);
    exchange(4, 0, 1, 2, 0);
    assert_int_equal(memory_op(XENMEM_exchange), 0);
    for (unsigned int b = 0; b < 4 * PAGE_SIZE; b++)
        assert_int_equal(((uint8_t *)mfn_to_virt(_mfn(out()[0])))[b], 0);
}

static void exchange_of_a_frame_in_use_changes_nothing_from_there_on(void **state)
{
    struct xen_memory_exchange *x;
    struct frame *f;

    assert_int_equal(populate(8, 0), 8);
    f = frame(list()[5]);
    assert_true(frame_get(f, d1));
    x = exchange(8, 0, 4, 1, 0);
    assert_int_equal(memory_op(XENMEM_exchange), -EINVAL);
    assert_int_equal(x->nr_exchanged, 4);
    for (unsigned int i = 4; i < 8; i++) {
        assert_int_equal(frame_owner(frame(list()[i])), 1);
        assert_true(frame_state(frame(list()[i])) & FRAME_ALLOCATED);
        assert_int_equal(arch_m2p_get(_mfn(list()[i])), 0x1000 + i);
    }
    assert_int_equal(out()[2], 0x7000 + 4); /* untouched */
    assert_int_equal(d1->tot_pages, 8);
    frame_put(f);
}

static void exchange_takes_only_plain_frames_of_the_caller(void **state)
{
    struct frame *f;

    assert_int_equal(populate(1, 0), 1);
    f = frame(list()[0]);
    exchange(1, 0, 1, 0, 0);
    frame_test_and_set(f, FRAME_PINNED);
    assert_int_equal(memory_op(XENMEM_exchange), -EINVAL);
    frame_test_and_clear(f, FRAME_PINNED);
    list()[0] = d1->shared_mfn.n;
    assert_int_equal(memory_op(XENMEM_exchange), -EINVAL);
    list()[0] = max_mfn + 1;
    assert_int_equal(memory_op(XENMEM_exchange), -EINVAL);
    list()[0] = dom0->shared_mfn.n;
    assert_int_equal(memory_op(XENMEM_exchange), -EINVAL);
    assert_int_equal(d1->tot_pages, 1);
}

static void exchange_of_the_same_frame_twice_is_refused(void **state)
{
    assert_int_equal(populate(2, 0), 2);
    list()[1] = list()[0];
    exchange(2, 0, 1, 1, 0);
    assert_int_equal(memory_op(XENMEM_exchange), -EINVAL);
    assert_int_equal(frame_owner(frame(list()[0])), 1);
    assert_int_equal(d1->tot_pages, 2);
}

static void exchange_sizes_must_match(void **state)
{
    assert_int_equal(populate(4, 0), 4);
    exchange(4, 0, 1, 1, 0);
    assert_int_equal(memory_op(XENMEM_exchange), -EINVAL);
    exchange(4, 0, 4, 0, 0)->out.domid = 1;
    assert_int_equal(memory_op(XENMEM_exchange), -EINVAL);
    exchange(4, 0, 4, 0, 0)->nr_exchanged = 5;
    assert_int_equal(memory_op(XENMEM_exchange), -EINVAL);
    exchange(4, 0, 4, 0, 0)->in.nr_extents = 1ull << 63;
    assert_int_equal(memory_op(XENMEM_exchange), -EINVAL);
    exchange(1, 0, 1, 0, 0)->in.extent_order = 10;
    assert_int_equal(memory_op(XENMEM_exchange), -EPERM);
    exchange(1, 0, 1, 0, 0)->out.extent_order = 0xffffffff;
    assert_int_equal(memory_op(XENMEM_exchange), -EPERM);
    assert_int_equal(d1->tot_pages, 4);
}

static void exchange_without_memory_gives_back_what_it_took(void **state)
{
    struct xen_memory_exchange *x;

    assert_int_equal(populate(512, 0), 512);
    x = exchange(512, 0, 1, 9, 20); /* 2 MiB below 1 MiB */
    assert_int_equal(memory_op(XENMEM_exchange), -ENOMEM);
    assert_int_equal(x->nr_exchanged, 0);
    assert_int_equal(d1->tot_pages, 512);
    for (unsigned int i = 0; i < 512; i++)
        assert_int_equal(frame_owner(frame(list()[i])), 1);
    exchange(1, 0, 1, 0, 12);
    assert_int_equal(memory_op(XENMEM_exchange), -ENOMEM);
}

static void exchange_bad_pointers_are_efault(void **state)
{
    assert_int_equal(populate(2, 0), 2);
    exchange(2, 0, 2, 0, 0);
    fake_guest_read_faults_at(ARG_VA);
    assert_int_equal(memory_op(XENMEM_exchange), -EFAULT);
    fake_guest_read_faults_at(LIST_VA + 8);
    assert_int_equal(memory_op(XENMEM_exchange), -EFAULT);
    assert_int_equal(((struct xen_memory_exchange *)fake_guest(ARG_VA))->nr_exchanged, 1);
    fake_guest_read_faults_at(0);
    fake_guest_write_faults_at(OUT_VA + 8);
    assert_int_equal(memory_op(XENMEM_exchange), -EFAULT);
    assert_int_equal(d1->tot_pages, 2);
}

static void exchange_continues_where_it_stopped(void **state)
{
    struct xen_memory_exchange *x;

    assert_int_equal(populate(8, 0), 8);
    x = exchange(8, 0, 4, 1, 0);
    fake_preempt_after = 2;
    assert_int_equal(memory_op(XENMEM_exchange), HC_CONTINUE);
    assert_int_equal(x->nr_exchanged, 4);
    assert_int_equal(memory_op(current->hc_args[0]), 0);
    assert_int_equal(x->nr_exchanged, 8);
    for (unsigned int i = 0; i < 4; i++)
        assert_int_equal(arch_m2p_get(_mfn(out()[i] + 1)), 0x7000 + i * 2 + 1);
    assert_int_equal(d1->tot_pages, 8);
}

static void exchange_for_others_is_dom0s(void **state)
{
    struct xen_memory_exchange *x = exchange(1, 0, 1, 0, 0);

    x->in.domid = x->out.domid = 2;
    assert_int_equal(memory_op(XENMEM_exchange), -EPERM);
    as_dom0();
    x->in.domid = x->out.domid = 99;
    assert_int_equal(memory_op(XENMEM_exchange), -ESRCH);
}

/* --- figures, maps ---------------------------------------------------------------------------- */

static long figure(unsigned int op, domid_t domid)
{
    ((struct xen_memory_domain *)fake_guest(ARG_VA))->domid = domid;
    return memory_op(op);
}

static void figures_are_those_of_the_domain(void **state)
{
    assert_int_equal(populate(3, 0), 3);
    assert_int_equal(figure(XENMEM_current_reservation, DOMID_SELF), 3);
    assert_int_equal(figure(XENMEM_maximum_reservation, 1), 1100);
    d1->shared->arch.max_pfn = 0x4000;
    assert_int_equal(figure(XENMEM_maximum_gpfn, DOMID_SELF), 0x3fff);
    assert_int_equal(figure(XENMEM_current_reservation, 2), -EPERM);
    fake_guest_read_faults_at(ARG_VA);
    assert_int_equal(memory_op(XENMEM_current_reservation), -EFAULT);
    fake_guest_read_faults_at(0);
    as_dom0();
    assert_int_equal(figure(XENMEM_current_reservation, 1), 3);
    assert_int_equal(figure(XENMEM_maximum_reservation, 50), -ESRCH);
    d1->max_pages = ~0ull; /* "no limit" is no errno */
    assert_true(figure(XENMEM_maximum_reservation, 1) > 0);
    assert_int_equal(memory_op(XENMEM_maximum_ram_page), max_mfn);
}

static void the_m2p_lies_where_the_abi_says(void **state)
{
    struct xen_machphys_mapping *m = fake_guest(ARG_VA);

    assert_int_equal(memory_op(XENMEM_machphys_mapping), 0);
    assert_int_equal(m->v_start, 0xffff800000000000);
    assert_int_equal(m->v_end, 0xffff804000000000);
    assert_int_equal(m->max_mfn, (m->v_end - m->v_start) / 8 - 1);
    fake_guest_write_faults_at(ARG_VA);
    assert_int_equal(memory_op(XENMEM_machphys_mapping), -EFAULT);
}

static void a_memory_map_is_what_the_tools_set(void **state)
{
    struct xen_foreign_memory_map *fm = fake_guest(ARG_VA);
    struct xen_memory_map *m = fake_guest(ARG_VA);
    struct xen_e820entry *e = fake_guest(LIST_VA);

    *m = (struct xen_memory_map){.nr_entries = 4, .buffer = LIST_VA};
    assert_int_equal(memory_op(XENMEM_memory_map), -ENOSYS); /* none is set */
    as_dom0();
    e[0] = (struct xen_e820entry){0, 0x10000, E820_RAM};
    e[1] = (struct xen_e820entry){0x10000, 0x20000, E820_RESERVED};
    *fm = (struct xen_foreign_memory_map){.domid = 1, .map = {.nr_entries = 2, .buffer = LIST_VA}};
    assert_int_equal(memory_op(XENMEM_set_memory_map), 0);
    assert_int_equal(memory_op(XENMEM_set_memory_map), 0); /* again: the old one goes */
    fm->map.nr_entries = 129;
    assert_int_equal(memory_op(XENMEM_set_memory_map), -EINVAL);
    fm->map.nr_entries = 2;
    fm->map.buffer = 8;
    assert_int_equal(memory_op(XENMEM_set_memory_map), -EFAULT);
    fm->domid = 44;
    assert_int_equal(memory_op(XENMEM_set_memory_map), -ESRCH);

    fake_set_current(d1->vcpu[0]);
    memset(e, 0, 4 * sizeof(*e));
    *m = (struct xen_memory_map){.nr_entries = 4, .buffer = LIST_VA};
    assert_int_equal(memory_op(XENMEM_memory_map), 0);
    assert_int_equal(m->nr_entries, 2);
    assert_int_equal(e[1].addr, 0x10000);
    assert_int_equal(e[1].type, E820_RESERVED);
    assert_int_equal(e[2].type, 0);
    m->nr_entries = 1; /* less room than there is */
    assert_int_equal(memory_op(XENMEM_memory_map), 0);
    assert_int_equal(m->nr_entries, 1);
    *fm = (struct xen_foreign_memory_map){.domid = 2, .map = {.nr_entries = 1, .buffer = LIST_VA}};
    assert_int_equal(memory_op(XENMEM_set_memory_map), -EPERM);
}

static void the_machines_map_is_dom0s(void **state)
{
    struct xen_memory_map *m = fake_guest(ARG_VA);
    struct xen_e820entry *e = fake_guest(LIST_VA);

    nr_e820 = 3;
    e820[2] = (struct xen_e820entry){0x100000, 0x700000, 1};
    *m = (struct xen_memory_map){.nr_entries = 16, .buffer = LIST_VA};
    assert_int_equal(memory_op(XENMEM_machine_memory_map), -EPERM);
    as_dom0();
    assert_int_equal(memory_op(XENMEM_machine_memory_map), 0);
    assert_int_equal(m->nr_entries, 3);
    assert_int_equal(e[2].size, 0x700000);
    *m = (struct xen_memory_map){0};
    assert_int_equal(memory_op(XENMEM_machine_memory_map), 0);
    assert_int_equal(m->nr_entries, 3);
    *m = (struct xen_memory_map){.nr_entries = 1, .buffer = 8};
    assert_int_equal(memory_op(XENMEM_machine_memory_map), -EFAULT);
}

/* --- claims, resources ------------------------------------------------------------------------ */

static long claim(uint64_t pages, domid_t domid)
{
    reservation(pages, 0, 0, domid)->extent_start = 0;
    return memory_op(XENMEM_claim_pages);
}

static void a_claim_reserves_what_is_missing(void **state)
{
    assert_int_equal(populate(10, 0), 10);
    as_dom0();
    assert_int_equal(claim(100, 1), 0);
    assert_int_equal(d1->claimed_pages, 90);
    assert_int_equal(claim(200, 1), -EINVAL); /* one at a time */
    fake_set_current(d1->vcpu[0]);
    assert_int_equal(populate(30, 0), 30);
    assert_int_equal(d1->claimed_pages, 60);
    as_dom0();
    assert_int_equal(claim(0, 1), 0);
    assert_int_equal(d1->claimed_pages, 0);
}

static void a_claim_keeps_others_out(void **state)
{
    d1->max_pages = 5000;
    d2->max_pages = 5000;
    as_dom0();
    assert_int_equal(claim(heap_free_pages(), 1), 0);
    fake_set_current(d2->vcpu[0]);
    assert_int_equal(populate(1, 0), 0);
    fake_set_current(d1->vcpu[0]);
    assert_int_equal(populate(1, 0), 1);
}

static void wrong_claims_are_refused(void **state)
{
    assert_int_equal(claim(10, DOMID_SELF), -EPERM);
    assert_int_equal(populate(10, 0), 10);
    as_dom0();
    assert_int_equal(claim(10, 1), -EINVAL); /* it has that already */
    assert_int_equal(claim(1101, 1), -EINVAL);
    d1->max_pages = 100000;
    assert_int_equal(claim(50000, 1), -ENOMEM);
    assert_int_equal(claim(10, 70), -EINVAL);
    assert_int_equal(claim(10, DOMID_SELF), -EINVAL); /* by number only */
    reservation(20, 1, 0, 1)->extent_start = 0;
    assert_int_equal(memory_op(XENMEM_claim_pages), -EINVAL);
    reservation(20, 0, 1, 1)->extent_start = 0;
    assert_int_equal(memory_op(XENMEM_claim_pages), -EINVAL);
    reservation(20, 0, 0, 1);
    assert_int_equal(memory_op(XENMEM_claim_pages), -EINVAL);
}

static void a_claim_ends_with_its_domain(void **state)
{
    struct domain *d3;

    as_dom0();
    d3 = make(3, 1000);
    assert_int_equal(claim(500, 3), 0);
    assert_int_equal(heap_claimed_pages(), 500);
    assert_int_equal(domain_kill(d3), 0);
    assert_int_equal(heap_claimed_pages(), 0);
}

static struct xen_mem_acquire_resource *resource(domid_t domid, uint64_t frame, uint32_t nr)
{
    struct xen_mem_acquire_resource *a = fake_guest(ARG_VA);

    *a = (struct xen_mem_acquire_resource){.domid = domid,
                                           .type = XENMEM_resource_grant_table,
                                           .nr_frames = nr,
                                           .frame = frame,
                                           .frame_list = LIST_VA};
    return a;
}

static void grant_frames_are_listed_for_dom0(void **state)
{
    struct xen_mem_acquire_resource *a;

    as_dom0();
    a = resource(1, 0, 0);
    a->frame_list = 0;
    assert_int_equal(memory_op(XENMEM_acquire_resource), 0);
    assert_int_equal(a->nr_frames, 10);
    resource(1, 2, 3);
    assert_int_equal(memory_op(XENMEM_acquire_resource), 0);
    for (unsigned int i = 0; i < 3; i++)
        assert_int_equal(list()[i], 502 + i);
}

static void a_long_resource_continues(void **state)
{
    as_dom0();
    resource(1, 0, 6);
    fake_preempt_after = 2;
    assert_int_equal(memory_op(XENMEM_acquire_resource), HC_CONTINUE);
    assert_int_equal(current->hc_args[0], XENMEM_acquire_resource | 2 << SHIFT);
    list()[0] = list()[1] = 1;
    assert_int_equal(memory_op(current->hc_args[0]), 0);
    assert_int_equal(list()[0], 1); /* told in the first slice */
    assert_int_equal(list()[2], 502);
    assert_int_equal(list()[5], 505);
}

static void wrong_resources_are_refused(void **state)
{
    resource(1, 0, 1);
    assert_int_equal(memory_op(XENMEM_acquire_resource), -EPERM);
    as_dom0();
    resource(0, 0, 1); /* its own */
    assert_int_equal(memory_op(XENMEM_acquire_resource), -EPERM);
    resource(60, 0, 1);
    assert_int_equal(memory_op(XENMEM_acquire_resource), -ESRCH);
    resource(1, 0, 1)->pad = 1;
    assert_int_equal(memory_op(XENMEM_acquire_resource), -EINVAL);
    resource(1, 0, 1)->frame_list = 0;
    assert_int_equal(memory_op(XENMEM_acquire_resource), -EINVAL);
    resource(1, 0, 1)->type = XENMEM_resource_ioreq_server;
    assert_int_equal(memory_op(XENMEM_acquire_resource), -EOPNOTSUPP);
    resource(1, 0, 1)->id = XENMEM_resource_grant_table_id_status;
    assert_int_equal(memory_op(XENMEM_acquire_resource), -EINVAL);
    resource(1, 10, 1);
    assert_int_equal(memory_op(XENMEM_acquire_resource), -EINVAL);
    resource(1, ~0ull, 2);
    assert_int_equal(memory_op(XENMEM_acquire_resource), -EINVAL);
    resource(1, 8, 1);
    assert_int_equal(memory_op(XENMEM_acquire_resource), -ENOMEM);
    fake_guest_write_faults_at(LIST_VA);
    resource(1, 0, 1);
    assert_int_equal(memory_op(XENMEM_acquire_resource), -EFAULT);
}

static void what_is_for_translated_guests_is_refused(void **state)
{
    assert_int_equal(memory_op(XENMEM_add_to_physmap), -EACCES);
    assert_int_equal(memory_op(XENMEM_add_to_physmap_batch), -EACCES);
    assert_int_equal(memory_op(XENMEM_remove_from_physmap), -EACCES);
}

static void unknown_operations_are_enosys(void **state)
{
    static const unsigned int ops[] = {8,
                                       XENMEM_set_pod_target,
                                       XENMEM_get_pod_target,
                                       XENMEM_get_sharing_freed_pages,
                                       XENMEM_get_sharing_shared_pages,
                                       XENMEM_paging_op,
                                       XENMEM_access_op,
                                       XENMEM_sharing_op,
                                       XENMEM_get_vnumainfo,
                                       XENMEM_reserved_device_memory_map,
                                       29,
                                       63};

    for (unsigned int i = 0; i < ARRAY_SIZE(ops); i++)
        assert_int_equal(memory_op(ops[i]), -ENOSYS);
    assert_int_equal(memory_op(XENMEM_exchange | 1 << SHIFT), -ENOSYS);
}

/* A guest that gives back a frame just handed out, before the hypervisor finds it cannot tell of
 * it. */
static void give_back_early(guest_va_t va, size_t n, bool write)
{
    static bool once;

    if (write && va == LIST_VA && !once) {
        once = true;
        for (uint64_t m = 1; m < HEAP_END; m++) {
            if (frame_owner(frame(m)) == 1 && (frame_state(frame(m)) & FRAME_ALLOCATED))
                frame_put_allocated(frame(m));
        }
    }
}

static void an_untold_frame_is_not_freed_twice(void **state)
{
    fake_guest_access_hook = give_back_early;
    fake_guest_write_faults_at(LIST_VA);
    assert_int_equal(populate(1, 0), 0);
    assert_int_equal(d1->tot_pages, 0);
}

#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(populate_gives_frames_and_tells_the_m2p),
        T(populate_gives_two_megabytes_in_one_piece),
        T(populate_keeps_the_address_bits),
        T(an_order_too_large_gives_nothing),
        T(the_limit_of_a_domain_gives_a_partial_result),
        T(a_list_that_cannot_be_written_gives_a_partial_result),
        T(a_bad_argument_answers_what_was_done_before),
        T(a_long_list_continues_where_it_stopped),
        T(increase_needs_no_list),
        T(only_dom0_touches_other_domains),
        T(decrease_gives_back),
        T(decrease_of_a_block_gives_back_all_of_it),
        T(decrease_stops_at_a_frame_that_is_not_ones_own),
        T(decrease_twice_gives_back_once),
        T(the_hypervisors_pages_cannot_be_given_back),
        T(a_mapped_frame_is_freed_with_its_last_reference),
        T(decrease_unpins),
        T(nobody_sees_what_was_in_a_frame),
        T(a_dying_domain_gets_nothing),
        T(alloc_frames_tells_why_not),
        T(exchange_makes_one_piece_of_many),
        T(exchange_breaks_a_piece_up),
        T(exchange_scrubs),
        T(exchange_of_a_frame_in_use_changes_nothing_from_there_on),
        T(exchange_takes_only_plain_frames_of_the_caller),
        T(exchange_of_the_same_frame_twice_is_refused),
        T(exchange_sizes_must_match),
        T(exchange_without_memory_gives_back_what_it_took),
        T(exchange_bad_pointers_are_efault),
        T(exchange_continues_where_it_stopped),
        T(exchange_for_others_is_dom0s),
        T(figures_are_those_of_the_domain),
        T(the_m2p_lies_where_the_abi_says),
        T(a_memory_map_is_what_the_tools_set),
        T(the_machines_map_is_dom0s),
        T(a_claim_reserves_what_is_missing),
        T(a_claim_keeps_others_out),
        T(wrong_claims_are_refused),
        T(a_claim_ends_with_its_domain),
        T(grant_frames_are_listed_for_dom0),
        T(a_long_resource_continues),
        T(wrong_resources_are_refused),
        T(what_is_for_translated_guests_is_refused),
        T(unknown_operations_are_enosys),
        T(an_untold_frame_is_not_freed_twice),
    };

    return cmocka_run_group_tests(tests, group_setup, group_teardown);
}
