/* SPDX-License-Identifier: GPL-2.0-only */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "tests/unit/pt-model.h"

#include <hv/perf.h>
#include <pv-abi/errno.h>
#include <pv-abi/mmu.h>
#include <pv-abi/types.h>

/* Frames of domain 0: an address space in frames 1 (L4) to 4 (L1); 5 and 6 are data. */
#define D0 model_domain(0)
#define D1 model_domain(1)

static uint64_t pte(unsigned int mfn, uint64_t flags)
{
    return (uint64_t)mfn << PAGE_SHIFT | flags;
}

static int setup(void **state)
{
    (void)state;
    model_reset();
    model_own(0, 1, 20);
    model_own(1, 24, 20);
    model_page(1)[0] = pte(2, PTE_P | PTE_RW);
    model_page(2)[0] = pte(3, PTE_P | PTE_RW);
    model_page(3)[0] = pte(4, PTE_P | PTE_RW);
    model_page(4)[0] = pte(5, PTE_P | PTE_RW);
    model_page(4)[1] = pte(6, PTE_P);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    model_judge();
    model_destroy();
    return 0;
}

static void pinning_a_root_types_all_its_tables(void **state)
{
    assert_int_equal(mm_pin_table(D0, _mfn(1), FRAME_T_L4), 0);
    assert_int_equal(frame_state_type(frame_state(model_frame(4))), FRAME_T_L1);
    assert_int_equal(frame_state_type(frame_state(model_frame(5))), FRAME_T_WRITABLE);
    assert_true(model_page(1)[257] == 0xabc0000000000101);
}

static void pinning_twice_is_refused(void **state)
{
    assert_int_equal(mm_pin_table(D0, _mfn(1), FRAME_T_L4), 0);
    assert_int_equal(mm_pin_table(D0, _mfn(1), FRAME_T_L4), -EINVAL);
}

static void a_writable_mapping_of_a_table_is_refused(void **state)
{
    model_page(4)[2] = pte(4, PTE_P | PTE_RW);
    assert_int_equal(mm_pin_table(D0, _mfn(4), FRAME_T_L1), -EINVAL);
    model_page(4)[2] = pte(3, PTE_P | PTE_RW);
    assert_int_equal(mm_pin_table(D0, _mfn(1), FRAME_T_L4), -EINVAL);
    assert_int_equal(frame_state(model_frame(5)) & FRAME_TC_MASK, 0);
}

static void a_read_only_mapping_of_a_table_is_allowed(void **state)
{
    model_page(4)[2] = pte(1, PTE_P);
    assert_int_equal(mm_pin_table(D0, _mfn(1), FRAME_T_L4), 0);
}

static void a_table_cannot_become_writable_while_it_serves(void **state)
{
    struct frame *l1 = model_frame(4);

    assert_int_equal(mm_pin_table(D0, _mfn(1), FRAME_T_L4), 0);
    assert_true(frame_get(l1, D0) && frame_get_type_live(l1, FRAME_T_L1));
    assert_int_equal(mm_write_entry(D0, D0, l1, 1, 9, pte(3, PTE_P | PTE_RW), 0, NULL), -EBUSY);
    assert_int_equal(model_page(4)[9], 0);
    frame_put_and_type(l1);
}

static void foreign_frames_are_refused(void **state)
{
    model_page(4)[3] = pte(24, PTE_P);
    assert_int_equal(mm_pin_table(D0, _mfn(1), FRAME_T_L4), -EINVAL);
    model_page(4)[3] = 0;
    model_page(3)[1] = pte(25, PTE_P);
    assert_int_equal(mm_pin_table(D0, _mfn(1), FRAME_T_L4), -EINVAL);
    assert_int_equal(mm_pin_table(D1, _mfn(1), FRAME_T_L4), -EPERM);
}

static void large_pages_are_refused(void **state)
{
    model_page(3)[1] = pte(5, PTE_P | PTE_PSE);
    assert_int_equal(mm_pin_table(D0, _mfn(1), FRAME_T_L4), -EINVAL);
}

static void hypervisor_slots_are_refused(void **state)
{
    struct frame *l4 = model_frame(1);

    assert_int_equal(mm_pin_table(D0, _mfn(1), FRAME_T_L4), 0);
    assert_true(frame_get(l4, D0) && frame_get_type_live(l4, FRAME_T_L4));
    assert_int_equal(mm_write_entry(D0, D0, l4, 4, 256, 0, 0, NULL), -EINVAL);
    assert_int_equal(mm_write_entry(D0, D0, l4, 4, 271, 0, 0, NULL), -EINVAL);
    assert_int_equal(mm_write_entry(D0, D0, l4, 4, 255, 0, 0, NULL), 0);
    assert_int_equal(mm_write_entry(D0, D0, l4, 4, 272, 0, 0, NULL), 0);
    frame_put_and_type(l4);
}

static void the_m2p_is_for_kernel_roots_only(void **state)
{
    struct vcpu *v = D0->vcpu[0];

    model_page(7)[0] = pte(2, PTE_P);
    assert_int_equal(mm_pin_table(D0, _mfn(1), FRAME_T_L4), 0);
    assert_int_equal(mm_pin_table(D0, _mfn(7), FRAME_T_L4), 0);
    assert_int_equal(model_page(1)[256], 0);
    assert_int_equal(vcpu_set_kernel_root(v, _mfn(1)), 0);
    assert_int_equal(vcpu_set_user_root(v, _mfn(7)), 0);
    assert_true(model_page(1)[256] == 0xabc0000000000100);
    assert_int_equal(model_page(7)[256], 0);
}

static void a_root_in_itself_is_refused(void **state)
{
    model_page(1)[1] = pte(1, PTE_P);
    assert_int_equal(mm_pin_table(D0, _mfn(1), FRAME_T_L4), -EINVAL);
}

static void unpinning_gives_all_back_and_leaves_plain_memory(void **state)
{
    assert_int_equal(mm_pin_table(D0, _mfn(1), FRAME_T_L4), 0);
    assert_int_equal(mm_unpin_table(D0, _mfn(1)), 0);
    assert_int_equal(mm_unpin_table(D0, _mfn(1)), -EINVAL);
    assert_int_equal(frame_drain(D0, false), 0);
    assert_int_equal(frame_get_and_type(model_frame(4), D0, FRAME_T_WRITABLE), 0);
    frame_put_and_type(model_frame(4));
    assert_int_equal(model_page(1)[257], 0);
}

static void a_table_waiting_for_devalidation_is_drained_by_who_wants_it_writable(void **state)
{
    assert_int_equal(mm_pin_table(D0, _mfn(1), FRAME_T_L4), 0);
    assert_int_equal(mm_unpin_table(D0, _mfn(1)), 0);
    assert_int_equal(frame_get_and_type(model_frame(1), D0, FRAME_T_WRITABLE), 0);
    frame_put_and_type(model_frame(1));
}

static void what_an_unpinned_root_referred_to_is_free_at_once(void **state)
{
    int rc, calls;

    model_page(7)[0] = pte(2, PTE_P); /* another root over the same tables */
    assert_int_equal(mm_pin_table(D0, _mfn(1), FRAME_T_L4), 0);
    assert_int_equal(mm_pin_table(D0, _mfn(7), FRAME_T_L4), 0);
    assert_int_equal(frame_get_and_type(model_frame(2), D0, FRAME_T_WRITABLE), -EINVAL);
    assert_int_equal(mm_unpin_table(D0, _mfn(1)), 0);
    assert_int_equal(frame_get_and_type(model_frame(2), D0, FRAME_T_WRITABLE), -EINVAL);
    assert_int_equal(mm_unpin_table(D0, _mfn(7)), 0);
    model_preempt_every = 1;
    for (unsigned int mfn = 2; mfn <= 4; mfn++) {
        calls = 0;
        do
            rc = frame_get_and_type(model_frame(mfn), D0, FRAME_T_WRITABLE);
        while (rc == -ERESTART && calls++ < 10);
        assert_int_equal(rc, 0);
        frame_put_and_type(model_frame(mfn));
    }
    model_preempt_every = 0;
}

static void other_cpu_finishes(void)
{
    D0->devalidating--;
    frame_put_and_type(model_frame(4));
}

/* Another CPU took the last table above frame 4 off the list and has not dropped its reference yet. */
static void a_table_in_the_hands_of_another_cpu_is_waited_for(void **state)
{
    assert_int_equal(frame_get_and_type(model_frame(4), D0, FRAME_T_L1), 0);
    D0->devalidating++;
    model_spin = other_cpu_finishes;
    assert_int_equal(frame_get_and_type(model_frame(4), D0, FRAME_T_WRITABLE), 0);
    frame_put_and_type(model_frame(4));
    assert_int_equal(D0->devalidating, 0);
}

static void that_wait_ends_with_the_time_slice(void **state)
{
    assert_int_equal(frame_get_and_type(model_frame(4), D0, FRAME_T_L1), 0);
    D0->devalidating++;
    model_preempt_every = 1;
    assert_int_equal(frame_get_and_type(model_frame(4), D0, FRAME_T_WRITABLE), -ERESTART);
    model_preempt_every = 0;
    other_cpu_finishes();
}

/* A guest that always has a table on its way does not hold up for ever who maps a frame of it. */
static void others_do_not_wait_for_a_domain_that_never_settles(void **state)
{
    assert_int_equal(frame_get_and_type(model_frame(4), D0, FRAME_T_L1), 0);
    D0->devalidating++;
    model_preempt_every = 1;
    fake_current[0] = model_domain(1)->vcpu[0];
    assert_int_equal(frame_get_and_type(model_frame(4), D0, FRAME_T_WRITABLE), -ERESTART);
    model_now += 2000000000;
    assert_int_equal(frame_get_and_type(model_frame(4), D0, FRAME_T_WRITABLE), -EINVAL);
    fake_current[0] = D0->vcpu[0]; /* who is to blame goes on waiting */
    assert_int_equal(frame_get_and_type(model_frame(4), D0, FRAME_T_WRITABLE), -ERESTART);
    model_preempt_every = 0;
    other_cpu_finishes();
    assert_int_equal(frame_get_and_type(model_frame(4), D0, FRAME_T_WRITABLE), 0);
    frame_put_and_type(model_frame(4));
    assert_int_equal(D0->unsettled_ns, 0);
}

/* The same for a table that waits for devalidation, below others: behind the time it is refused, not looked at
 * for ever. A domain that is paused adds nothing to the list, and is drained however long that takes. */
static void nor_for_a_table_at_the_end_of_its_list(void **state)
{
    assert_int_equal(mm_pin_table(D0, _mfn(4), FRAME_T_L1), 0);
    assert_int_equal(mm_pin_table(D0, _mfn(10), FRAME_T_L1), 0);
    assert_int_equal(mm_unpin_table(D0, _mfn(4)), 0);
    assert_int_equal(mm_unpin_table(D0, _mfn(10)), 0);
    D0->unsettled_ns = model_now;
    model_now += 2000000000;
    model_preempt_every = 1;
    fake_current[0] = model_domain(1)->vcpu[0];
    assert_int_equal(frame_get_and_type(model_frame(4), D0, FRAME_T_WRITABLE), -EINVAL);
    assert_int_equal(mm_pin_table(D0, _mfn(10), FRAME_T_L1), 0);
    assert_int_equal(mm_unpin_table(D0, _mfn(10)), 0);
    D0->pause_count = 1;
    assert_int_equal(frame_get_and_type(model_frame(4), D0, FRAME_T_WRITABLE), -ERESTART);
    assert_int_equal(frame_get_and_type(model_frame(4), D0, FRAME_T_WRITABLE), 0);
    frame_put_and_type(model_frame(4));
}

/* A guest that has 65,536 tables can map one frame that often. The list's reference must find room even then. */
static void a_table_with_all_references_taken_can_be_unpinned(void **state)
{
    struct frame *f = model_frame(4);

    assert_int_equal(mm_pin_table(D0, _mfn(4), FRAME_T_L1), 0);
    f->state += FRAME_COUNT_MASK - 4;
    for (unsigned int got = 0; frame_get(f, D0); got++)
        assert_true(got < 3);
    frame_put(f);
    assert_int_equal(mm_unpin_table(D0, _mfn(4)), 0);
    assert_int_equal(frame_state(f) & FRAME_TC_MASK, 0);
    assert_int_equal(frame_drain(D0, false), 0);
    assert_int_equal(frame_state(f) & FRAME_COUNT_MASK, FRAME_COUNT_MASK - 3);
    f->state -= FRAME_COUNT_MASK - 4;
}

static void a_dying_domain_gives_back_the_pin_of_a_frame_with_all_references_taken(void **state)
{
    struct frame *f = model_frame(4);

    assert_int_equal(mm_pin_table(D0, _mfn(4), FRAME_T_L1), 0);
    f->state += FRAME_COUNT_MASK - 3;
    assert_false(frame_get(f, D0));
    frame_relinquish(f, D1); /* not its frame */
    assert_true(frame_state(f) & FRAME_PINNED);
    frame_relinquish(f, D0);
    assert_false(frame_state(f) & FRAME_PINNED);
    assert_int_equal(frame_drain(D0, false), 0);
    f->state -= FRAME_COUNT_MASK - 3;
}

/* So is an update of a table that has as many users as can be: it is not tried for ever. */
static void an_update_of_a_table_with_all_type_references_taken_is_refused(void **state)
{
    struct mmu_update req = {.ptr = pte(4, 8), .val = 0};
    struct frame *f = model_frame(4);
    uint32_t done = 7;

    assert_int_equal(mm_pin_table(D0, _mfn(4), FRAME_T_L1), 0);
    f->state += FRAME_TC_MASK - FRAME_TC_ONE;
    assert_int_equal(hc_mmu_update(D0, (guest_va_t)&req, 1, (guest_va_t)&done, DOMID_SELF),
                     -EINVAL);
    assert_int_equal(done, 0);
    f->state -= FRAME_TC_MASK - FRAME_TC_ONE;
    assert_int_equal(hc_mmu_update(D0, (guest_va_t)&req, 1, (guest_va_t)&done, DOMID_SELF), 0);
    assert_int_equal(done, 1);
    assert_int_equal(model_page(4)[1], 0);
}

static void another_cpu_runs_it(void)
{
    D0->arch.tlb_cpus[0] |= 8;
}

/* The update is an event, at which CPU 3 has begun to run the domain: it may have cached the old entry. */
static void who_is_to_be_flushed_is_seen_after_the_update(void **state)
{
    uint64_t vcpus = 1;

    assert_int_equal(vcpu_set_kernel_root(D0->vcpu[0], _mfn(1)), 0);
    D0->vcpu[0]->sched.cpu = D0->vcpu[0]->arch.last_cpu = 3;
    perf_flags = 1;
    model_note = another_cpu_runs_it;
    D0->arch.tlb_cpus[0] = 1;
    assert_int_equal(hc_update_va_mapping(D0, 0x1000, 0, UVMF_TLB_FLUSH | UVMF_ALL), 0);
    assert_int_equal(model_flushed_cpus, 9);
    D0->arch.tlb_cpus[0] = 1;
    assert_int_equal(
        hc_update_va_mapping(D0, 0x1000, pte(6, PTE_P), UVMF_INVLPG | (uint64_t)(uintptr_t)&vcpus),
        0);
    assert_int_equal(model_flushed_cpus, 8);
    assert_int_equal(hc_update_va_mapping(D0, 0x1000, 0, UVMF_INVLPG | UVMF_LOCAL), 0);
    assert_int_equal(model_flushed_cpus, 1);
    model_flushed_cpus = 0;
    assert_int_equal(hc_update_va_mapping(D0, 0x1000, pte(6, PTE_P), UVMF_NONE | UVMF_ALL), 0);
    assert_int_equal(model_flushed_cpus, 0);
}

static void a_page_that_was_writable_is_flushed_before_it_becomes_a_table(void **state)
{
    unsigned int before = model_type_flushes;

    assert_int_equal(frame_get_and_type(model_frame(4), D0, FRAME_T_WRITABLE), 0);
    frame_put_and_type(model_frame(4));
    assert_int_equal(mm_pin_table(D0, _mfn(4), FRAME_T_L1), 0);
    assert_int_equal(model_type_flushes, before + 1);
}

static void a_table_waiting_for_devalidation_can_be_pinned_again(void **state)
{
    assert_int_equal(mm_pin_table(D0, _mfn(1), FRAME_T_L4), 0);
    assert_int_equal(mm_unpin_table(D0, _mfn(1)), 0);
    assert_int_equal(mm_pin_table(D0, _mfn(1), FRAME_T_L4), 0);
    model_judge();
    assert_true(frame_state(model_frame(1)) & FRAME_VALIDATED);
}

static void preserve_keeps_the_accessed_and_dirty_bits(void **state)
{
    struct frame *l1 = model_frame(4);

    assert_int_equal(mm_pin_table(D0, _mfn(1), FRAME_T_L4), 0);
    model_page(4)[0] |= PTE_A | PTE_D; /* as the processor does */
    assert_true(frame_get(l1, D0) && frame_get_type_live(l1, FRAME_T_L1));
    assert_int_equal(mm_write_entry(D0, D0, l1, 1, 0, pte(5, PTE_P), MM_PRESERVE_AD, NULL), 0);
    assert_true(model_page(4)[0] == pte(5, PTE_P | PTE_US | PTE_A | PTE_D));
    assert_int_equal(mm_write_entry(D0, D0, l1, 1, 0, pte(5, PTE_P), 0, NULL), 0);
    assert_true(model_page(4)[0] == pte(5, PTE_P | PTE_US));
    frame_put_and_type(l1);
}

static void cache_attributes_are_for_hardware_domains(void **state)
{
    model_page(4)[0] |= PTE_PCD;
    assert_int_equal(mm_pin_table(D0, _mfn(1), FRAME_T_L4), 0);
    assert_false(model_page(4)[0] & PTE_PCD);
}

static void no_domain_has_its_tables_read_uncached(void **state)
{
    struct frame *l2 = model_frame(3);

    D0->arch.io_allowed = true;
    model_page(1)[0] |= PTE_PCD;
    model_page(2)[0] |= PTE_PWT;
    assert_int_equal(mm_pin_table(D0, _mfn(1), FRAME_T_L4), 0);
    assert_false(model_page(1)[0] & PTE_CACHE);
    assert_false(model_page(2)[0] & PTE_CACHE);
    assert_true(frame_get(l2, D0) && frame_get_type_live(l2, FRAME_T_L2));
    assert_int_equal(
        mm_write_entry(D0, D0, l2, 2, 0, pte(4, PTE_P | PTE_RW | PTE_PCD | PTE_PWT), 0, NULL), 0);
    assert_true(model_page(3)[0] == pte(4, PTE_P | PTE_RW | PTE_US));
    frame_put_and_type(l2);
}

static void device_memory_needs_permission(void **state)
{
    model_page(4)[7] = pte(MODEL_FRAMES + 1, PTE_P | PTE_RW);
    assert_int_equal(mm_pin_table(D0, _mfn(1), FRAME_T_L4), -EINVAL);
    D0->arch.io_allowed = true;
    assert_int_equal(mm_pin_table(D0, _mfn(1), FRAME_T_L4), 0);
}

static void descriptors_get_ring_3_and_gates_are_refused(void **state)
{
    uint64_t code = 0x00af9a000000ffff, gate = 0x00008e0000080000, tss = 0x0000890000000067,
             none = 0;

    assert_true(descriptor_ok(&code));
    assert_int_equal((code >> 45) & 3, 3);
    assert_int_equal((code >> 40) & 1, 1); /* its first use would fault: the window is read-only */
    assert_false(descriptor_ok(&gate));
    assert_false(descriptor_ok(&tss));
    assert_true(descriptor_ok(&none));
}

static void a_descriptor_table_is_no_page_table(void **state)
{
    struct frame *f = model_frame(10);

    assert_int_equal(frame_get_and_type(f, D0, FRAME_T_SEGDESC), 0);
    assert_int_equal(frame_get_and_type(f, D0, FRAME_T_WRITABLE), -EINVAL);
    assert_int_equal(frame_get_and_type(f, D0, FRAME_T_L1), -EINVAL);
    frame_put_and_type(f);
    assert_int_equal(frame_get_and_type(f, D0, FRAME_T_WRITABLE), 0);
    frame_put_and_type(f);
}

/* Each level has many tables; validation stops at each chance and is called again until it is through. */
static void stopped_validation_goes_on_where_it_was(void **state)
{
    int rc, calls = 0;

    model_page(2)[1] = pte(7, PTE_P);
    model_page(7)[3] = pte(8, PTE_P);
    assert_int_equal(mm_pin_table(D0, _mfn(8), FRAME_T_L1), 0);
    assert_int_equal(mm_unpin_table(D0, _mfn(8)), 0);
    /* Frame 8 waits for devalidation; wanting it as another type drains it, which may be stopped. */
    model_preempt_every = 1;
    do {
        rc = mm_pin_table(D0, _mfn(1), FRAME_T_L4);
        calls++;
    } while (rc == -ERESTART && calls < 100);
    model_preempt_every = 0;
    assert_int_equal(rc, 0);
}

static void random_operations_keep_every_count(void **state)
{
    uint32_t x = 12345;
    uint8_t ops[6 * 4000];

    for (size_t i = 0; i < sizeof(ops); i++) {
        x = x * 1664525 + 1013904223;
        ops[i] = (uint8_t)(x >> 24);
    }
    model_run(ops, sizeof(ops));
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
    const struct CMUnitTest tests[] = {
        T(pinning_a_root_types_all_its_tables),
        T(pinning_twice_is_refused),
        T(a_writable_mapping_of_a_table_is_refused),
        T(a_read_only_mapping_of_a_table_is_allowed),
        T(a_table_cannot_become_writable_while_it_serves),
        T(foreign_frames_are_refused),
        T(large_pages_are_refused),
        T(hypervisor_slots_are_refused),
        T(the_m2p_is_for_kernel_roots_only),
        T(a_root_in_itself_is_refused),
        T(unpinning_gives_all_back_and_leaves_plain_memory),
        T(a_table_waiting_for_devalidation_is_drained_by_who_wants_it_writable),
        T(what_an_unpinned_root_referred_to_is_free_at_once),
        T(a_table_in_the_hands_of_another_cpu_is_waited_for),
        T(that_wait_ends_with_the_time_slice),
        T(others_do_not_wait_for_a_domain_that_never_settles),
        T(nor_for_a_table_at_the_end_of_its_list),
        T(a_table_with_all_references_taken_can_be_unpinned),
        T(a_dying_domain_gives_back_the_pin_of_a_frame_with_all_references_taken),
        T(an_update_of_a_table_with_all_type_references_taken_is_refused),
        T(who_is_to_be_flushed_is_seen_after_the_update),
        T(a_page_that_was_writable_is_flushed_before_it_becomes_a_table),
        T(a_table_waiting_for_devalidation_can_be_pinned_again),
        T(preserve_keeps_the_accessed_and_dirty_bits),
        T(cache_attributes_are_for_hardware_domains),
        T(no_domain_has_its_tables_read_uncached),
        T(device_memory_needs_permission),
        T(descriptors_get_ring_3_and_gates_are_refused),
        T(a_descriptor_table_is_no_page_table),
        T(stopped_validation_goes_on_where_it_was),
        T(random_operations_keep_every_count),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
