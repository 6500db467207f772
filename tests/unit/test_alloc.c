/* SPDX-License-Identifier: GPL-2.0-only */
/* The allocator is included, not linked: each test starts with an empty heap. */
#include "tests/fake-arch/fake.h"

#include "hypervisor/core/alloc.c"

#define FIRST 1u
#define END   4000u
#define PAGES (uint64_t)(END - FIRST)

static struct domain d1 = {.domid = 1}, d2 = {.domid = 2};
static unsigned int nr_flushes;
static uint32_t flushed_stamp, clock_now;
static const uint8_t *watched; /* a byte that must still be dirty when the flush comes */
static bool flushed_before_scrub;

void arch_free_flush(uint32_t stamp)
{
    nr_flushes++;
    flushed_stamp = stamp;
    flushed_before_scrub = watched && *watched;
}

uint32_t arch_tlb_clock(void)
{
    return clock_now;
}

static int setup(void **state)
{
    fake_reset();
    heap_lock = object_lock = (spinlock_t)SPINLOCK_INIT;
    memset(heads, 0, sizeof(heads));
    memset(orders_present, 0, sizeof(orders_present));
    memset(slabs, 0, sizeof(slabs));
    free_pages = total_pages = claimed_pages = 0;
    d1.claimed_pages = d2.claimed_pages = 0;
    nr_flushes = 0;
    watched = NULL;
    heap_add(_mfn(0), _mfn(END));
    return 0;
}

static int teardown(void **state)
{
    fake_teardown();
    return 0;
}

#define ASSERT_BUG(stmt)                          \
    do {                                          \
        fake_expect_panic = true;                 \
        if (!setjmp(fake_panic_jmp)) {            \
            stmt;                                 \
            fail_msg("%s is not noticed", #stmt); \
        }                                         \
        fake_expect_panic = false;                \
    } while (0)

/* Blocks of each order that are to be had from the whole heap, largest first. */
static void shape(unsigned int count[MAX_ORDER + 1])
{
    for (unsigned int o = 0; o <= MAX_ORDER; o++) {
        count[o] = 0;
        for (unsigned int z = 0; z < NR_ZONES; z++)
            for (uint32_t n = heads[z][o]; n; n = frame_at(n)->free.next)
                count[o]++;
    }
}

static void whole_range_is_added_without_frame_zero(void **state)
{
    assert_int_equal(heap_total_pages(), PAGES);
    assert_int_equal(heap_free_pages(), PAGES);
}

static void blocks_are_aligned_to_their_size(void **state)
{
    for (unsigned int o = 0; o <= 10; o++) {
        mfn_t m = heap_alloc(o, 0, 0);

        assert_false(mfn_is_invalid(m));
        assert_int_equal(m.n & ((1u << o) - 1), 0);
        for (unsigned int i = 0; i < 1u << o; i++)
            assert_int_equal(frame_state(mfn_to_frame(mfn_add(m, i))), STATE_OUT);
        heap_free(m, o, false);
    }
}

static void orders_above_the_largest_are_refused(void **state)
{
    assert_true(mfn_is_invalid(heap_alloc(MAX_ORDER + 1, 0, 0)));
    assert_true(mfn_is_invalid(heap_alloc(64, 0, 0)));
    assert_int_equal(heap_free_pages(), PAGES);
}

static void high_memory_is_preferred(void **state)
{
    assert_true(heap_alloc(0, 0, 0).n >= 2048);
    assert_true(heap_alloc(5, 0, 0).n >= 2048);
}

static void address_bits_are_kept(void **state)
{
    mfn_t m = heap_alloc(0, 0, PAGE_SHIFT + 8);

    assert_in_range(m.n, 1, 255);
    m = heap_alloc(3, 0, PAGE_SHIFT + 5);
    assert_in_range(m.n, 1, 24);
    assert_true(mfn_is_invalid(heap_alloc(0, 0, PAGE_SHIFT)));
    assert_true(mfn_is_invalid(heap_alloc(0, 0, 1)));
    assert_true(mfn_is_invalid(heap_alloc(8, 0, PAGE_SHIFT + 8))); /* frame 0 is missing */
    assert_true(heap_alloc(0, 0, 63).n >= 2048);
}

static void low_memory_can_run_out_alone(void **state)
{
    unsigned int n = 0;

    while (!mfn_is_invalid(heap_alloc(0, 0, PAGE_SHIFT + 6)))
        n++;
    assert_int_equal(n, 63);
    assert_int_equal(heap_free_pages(), PAGES - 63);
    assert_false(mfn_is_invalid(heap_alloc(0, 0, 0)));
}

static void all_of_it_can_be_had_and_joins_again(void **state)
{
    static mfn_t all[END];
    unsigned int before[MAX_ORDER + 1], after[MAX_ORDER + 1], n = 0;

    shape(before);
    while (!mfn_is_invalid(all[n] = heap_alloc(0, 0, 0)))
        n++;
    assert_int_equal(n, PAGES);
    assert_int_equal(heap_free_pages(), 0);
    for (unsigned int step = 0; step < 7; step++)
        for (unsigned int i = step; i < n; i += 7)
            heap_free(all[i], 0, i & 1);
    assert_int_equal(heap_free_pages(), PAGES);
    shape(after);
    assert_memory_equal(before, after, sizeof(before));
}

static void a_range_added_later_joins(void **state)
{
    mfn_t m;

    assert_true(mfn_is_invalid(heap_alloc(11, 0, 0)));
    heap_add(_mfn(END), _mfn(FAKE_FRAMES));
    m = heap_alloc(11, 0, 0);
    assert_int_equal(m.n, 2048);
    assert_int_equal(heap_total_pages(), FAKE_FRAMES - 1);
}

static void double_free_is_a_bug(void **state)
{
    mfn_t m = heap_alloc(0, 0, 0);

    heap_free(m, 0, false);
    ASSERT_BUG(heap_free(m, 0, false));
}

static void freeing_part_of_a_free_block_is_a_bug(void **state)
{
    mfn_t m = heap_alloc(3, 0, 0);

    heap_free(m, 3, false);
    ASSERT_BUG(heap_free(mfn_add(m, 5), 0, false));
}

static void freeing_a_frame_with_an_owner_is_a_bug(void **state)
{
    mfn_t m = heap_alloc(0, 0, 0);

    mfn_to_frame(m)->state = (uint64_t)d1.domid << FRAME_OWNER_SHIFT | FRAME_ALLOCATED | 1;
    ASSERT_BUG(heap_free(m, 0, true));
}

static void guest_data_never_comes_back(void **state)
{
    mfn_t m = heap_alloc(0, 0, PAGE_SHIFT + 1), again; /* frame 1, the only one */

    memset(mfn_to_virt(m), 0x5a, PAGE_SIZE);
    heap_free(m, 0, true);
    again = heap_alloc(0, 0, PAGE_SHIFT + 1);
    assert_int_equal(again.n, m.n);
    for (unsigned int i = 0; i < PAGE_SIZE; i++)
        assert_int_equal(((uint8_t *)mfn_to_virt(m))[i], 0);
}

static void dirty_memory_is_scrubbed_inside_a_joined_block(void **state)
{
    mfn_t m = heap_alloc(4, 0, 0);

    memset(mfn_to_virt(mfn_add(m, 3)), 0x5a, PAGE_SIZE);
    for (unsigned int i = 0; i < 16; i++)
        heap_free(mfn_add(m, i), 0, i == 3);
    while ((m = heap_alloc(4, 0, 0)).n != ~0ull)
        for (unsigned int i = 0; i < 16 * PAGE_SIZE; i += 64)
            assert_int_equal(((uint8_t *)mfn_to_virt(m))[i], 0);
}

static void zero_flag_clears_the_hypervisors_leftovers(void **state)
{
    mfn_t m = heap_alloc(0, 0, PAGE_SHIFT + 1);
    uint8_t *p = mfn_to_virt(m);

    p[17] = 1;
    heap_free(m, 0, false);
    m = heap_alloc(0, ALLOC_ZERO, PAGE_SHIFT + 1);
    assert_ptr_equal(mfn_to_virt(m), p);
    assert_int_equal(p[17], 0);
    assert_int_equal(nr_flushes, 0);
}

static void stale_translations_go_before_the_scrub(void **state)
{
    mfn_t m = heap_alloc(0, 0, PAGE_SHIFT + 1);
    uint8_t *p = mfn_to_virt(m);

    p[0] = 1;
    watched = p;
    clock_now = 77;
    heap_free(m, 0, true);
    heap_alloc(0, 0, PAGE_SHIFT + 1);
    assert_int_equal(nr_flushes, 1);
    assert_int_equal(flushed_stamp, 77);
    assert_true(flushed_before_scrub);
    assert_int_equal(p[0], 0);
}

static void a_block_is_flushed_by_its_youngest_stamp(void **state)
{
    mfn_t m = heap_alloc(2, 0, 0);

    /* Around the wrap of the clock: 3 is younger than 0xfffffff0. */
    for (unsigned int i = 0; i < 4; i++) {
        static const uint32_t stamps[] = {0xfffffff0, 3, 0xffffffff, 0xfffffff8};

        clock_now = stamps[i];
        heap_free(mfn_add(m, i), 0, true);
    }
    clock_now = 5;
    while (!mfn_is_invalid(heap_alloc(2, 0, 0)))
        ;
    assert_int_equal(nr_flushes, 1);
    assert_int_equal(flushed_stamp, 3);
}

/* A guest can have the clock make half a turn between two frames that it gives back. */
static void a_frame_that_was_free_for_half_a_turn_is_not_the_youngest(void **state)
{
    static const uint32_t stamps[] = {0x10, 0x80000200};

    for (unsigned int first = 0; first < 2; first++) {
        mfn_t m = heap_alloc(1, 0, PAGE_SHIFT + 2);

        assert_false(mfn_is_invalid(m));
        for (unsigned int i = 0; i < 2; i++) {
            clock_now = stamps[i];
            heap_free(mfn_add(m, first ^ i), 0, true);
        }
        nr_flushes = 0;
        clock_now = 0x80000210;
        assert_int_equal(heap_alloc(1, 0, PAGE_SHIFT + 2).n, m.n);
        assert_int_equal(nr_flushes, 1);
        assert_int_equal(flushed_stamp, 0x80000200);
        heap_free(m, 1, false);
    }
}

static void a_claim_is_left_alone_by_others(void **state)
{
    assert_int_equal(heap_claim(&d1, PAGES - 10), 0);
    assert_int_equal(heap_claimed_pages(), PAGES - 10);
    assert_false(mfn_is_invalid(heap_alloc(3, 0, 0)));
    assert_true(mfn_is_invalid(heap_alloc(3, 0, 0)));
    assert_true(mfn_is_invalid(heap_alloc_for(&d2, 3, 0, 0)));
    assert_false(mfn_is_invalid(heap_alloc(1, 0, 0)));
    assert_true(mfn_is_invalid(heap_alloc(0, 0, 0)));
    assert_false(mfn_is_invalid(heap_alloc_for(&d1, 3, 0, 0)));
    assert_int_equal(d1.claimed_pages, PAGES - 18);
    assert_int_equal(heap_claimed_pages(), PAGES - 18);
}

static void a_claim_is_used_up_then_gone(void **state)
{
    assert_int_equal(heap_claim(&d1, 3), 0);
    assert_false(mfn_is_invalid(heap_alloc_for(&d1, 2, 0, 0)));
    assert_int_equal(d1.claimed_pages, 0);
    assert_int_equal(heap_claimed_pages(), 0);
}

static void claims_do_not_exceed_what_is_free(void **state)
{
    assert_int_equal(heap_claim(&d1, PAGES + 1), -ENOMEM);
    assert_int_equal(heap_claim(&d1, PAGES), 0);
    assert_int_equal(heap_claim(&d2, 1), -ENOMEM);
    assert_int_equal(heap_claim(&d1, PAGES - 1), 0); /* its own may change */
    assert_int_equal(heap_claim(&d2, 1), 0);
    assert_int_equal(heap_claim(&d1, ~0ull), -ENOMEM);
    assert_int_equal(heap_claim(&d1, 0), 0);
    assert_int_equal(heap_claim(&d2, 0), 0);
    assert_int_equal(heap_claimed_pages(), 0);
}

static void a_failed_allocation_keeps_the_claim(void **state)
{
    assert_int_equal(heap_claim(&d1, 100), 0);
    assert_true(mfn_is_invalid(heap_alloc_for(&d1, 0, 0, PAGE_SHIFT)));
    assert_true(mfn_is_invalid(heap_alloc_for(&d1, 12, 0, 0)));
    assert_int_equal(d1.claimed_pages, 100);
}

static const size_t sizes[] = {1,    31,   32,   33,   100,  256,  400,  449,
                               1000, 1009, 2016, 2017, 4096, 4097, 20000};

static void objects_are_zero_aligned_and_apart(void **state)
{
    for (unsigned int round = 0; round < 3; round++) {
        unsigned char *p[ARRAY_SIZE(sizes)];

        for (unsigned int i = 0; i < ARRAY_SIZE(sizes); i++) {
            p[i] = hv_alloc(sizes[i]);
            assert_non_null(p[i]);
            assert_int_equal((uintptr_t)p[i] & 15, 0);
            for (size_t n = 0; n < sizes[i]; n++)
                assert_int_equal(p[i][n], 0);
            memset(p[i], (int)i + 1, sizes[i]);
        }
        for (unsigned int i = 0; i < ARRAY_SIZE(sizes); i++)
            for (size_t n = 0; n < sizes[i]; n++)
                assert_int_equal(p[i][n], i + 1);
        for (unsigned int i = 0; i < ARRAY_SIZE(sizes); i++)
            hv_free(p[i]);
        assert_int_equal(heap_free_pages(), PAGES);
    }
    hv_free(NULL);
}

static void many_objects_share_pages_and_give_them_back(void **state)
{
    void *p[500];

    for (unsigned int i = 0; i < 500; i++)
        assert_non_null(p[i] = hv_alloc(64));
    assert_int_equal(PAGES - heap_free_pages(), (500 + 62) / 63);
    for (unsigned int i = 0; i < 500; i += 2)
        hv_free(p[i]);
    for (unsigned int i = 0; i < 500; i += 2)
        assert_non_null(p[i] = hv_alloc(50));
    assert_int_equal(PAGES - heap_free_pages(), (500 + 62) / 63);
    for (unsigned int i = 0; i < 500; i++)
        hv_free(p[i]);
    assert_int_equal(heap_free_pages(), PAGES);
}

static void freeing_an_object_twice_is_a_bug(void **state)
{
    void *keep = hv_alloc(100), *p = hv_alloc(100);

    assert_non_null(keep);
    hv_free(p);
    ASSERT_BUG(hv_free(p));
}

static void freeing_the_middle_of_an_object_is_a_bug(void **state)
{
    char *p = hv_alloc(128);

    ASSERT_BUG(hv_free(p + 16));
}

static void exhaustion_is_null(void **state)
{
    while (!mfn_is_invalid(heap_alloc(0, 0, 0)))
        ;
    assert_null(hv_alloc(1));
    assert_null(hv_alloc(10000));
    assert_null(hv_alloc_page());
    assert_null(hv_alloc(PAGE_SIZE << 20));
}

/* Random traffic against a map of who has which frame. */
static void random_traffic_never_overlaps(void **state)
{
    static uint8_t taken[FAKE_FRAMES];
    struct {
        mfn_t m;
        unsigned int order;
    } held[64];
    unsigned int n = 0, seed = 12345;
    uint64_t used = 0;

    memset(taken, 0, sizeof(taken));
    for (unsigned int i = 0; i < 20000; i++) {
        seed = seed * 1103515245 + 12345;
        if (n < 64 && (seed >> 16) % 2) {
            unsigned int order = (seed >> 18) % 7, bits = (seed >> 22) % 2 ? 0 : PAGE_SHIFT + 9;
            mfn_t m = heap_alloc(order, 0, bits);

            if (mfn_is_invalid(m))
                continue;
            assert_true(!bits || m.n + (1u << order) <= 512);
            for (unsigned int k = 0; k < 1u << order; k++)
                assert_int_equal(taken[m.n + k]++, 0);
            held[n].m = m;
            held[n++].order = order;
            used += 1u << order;
        } else if (n) {
            unsigned int k = (seed >> 17) % n;

            for (unsigned int j = 0; j < 1u << held[k].order; j++)
                taken[held[k].m.n + j] = 0;
            heap_free(held[k].m, held[k].order, seed >> 31);
            used -= 1u << held[k].order;
            held[k] = held[--n];
        }
        assert_int_equal(heap_free_pages(), PAGES - used);
    }
}

#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(whole_range_is_added_without_frame_zero),
        T(blocks_are_aligned_to_their_size),
        T(orders_above_the_largest_are_refused),
        T(high_memory_is_preferred),
        T(address_bits_are_kept),
        T(low_memory_can_run_out_alone),
        T(all_of_it_can_be_had_and_joins_again),
        T(a_range_added_later_joins),
        T(double_free_is_a_bug),
        T(freeing_part_of_a_free_block_is_a_bug),
        T(freeing_a_frame_with_an_owner_is_a_bug),
        T(guest_data_never_comes_back),
        T(dirty_memory_is_scrubbed_inside_a_joined_block),
        T(zero_flag_clears_the_hypervisors_leftovers),
        T(stale_translations_go_before_the_scrub),
        T(a_block_is_flushed_by_its_youngest_stamp),
        T(a_frame_that_was_free_for_half_a_turn_is_not_the_youngest),
        T(a_claim_is_left_alone_by_others),
        T(a_claim_is_used_up_then_gone),
        T(claims_do_not_exceed_what_is_free),
        T(a_failed_allocation_keeps_the_claim),
        T(objects_are_zero_aligned_and_apart),
        T(many_objects_share_pages_and_give_them_back),
        T(freeing_an_object_twice_is_a_bug),
        T(freeing_the_middle_of_an_object_is_a_bug),
        T(exhaustion_is_null),
        T(random_traffic_never_overlaps),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
