/* SPDX-License-Identifier: GPL-2.0-only */
/* The console ring against a hostile guest, and the byte queues. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "dom0-tools/consoled/consoled.h"
#include "pv-abi/io/console.h"

static struct xencons_interface ring;
static uint8_t buf[XENCONS_OUT_BYTES];

static void guest_writes(const char *text)
{
    for (; *text; text++)
        ring.out[ring.out_prod++ % XENCONS_OUT_BYTES] = *text;
}

static void output_is_taken_in_order_and_across_the_end(void **state)
{
    bool broken = false;

    memset(&ring, 0, sizeof(ring));
    ring.out_prod = ring.out_cons = XENCONS_OUT_BYTES - 3;
    guest_writes("abcdef");
    assert_int_equal(ring_take(&ring, buf, &broken), 6);
    assert_memory_equal(buf, "abcdef", 6);
    assert_int_equal(ring_take(&ring, buf, &broken), 6); /* it stays until it is logged */
    ring_taken(&ring, 6);
    assert_int_equal(ring.out_cons, ring.out_prod);
    assert_int_equal(ring_take(&ring, buf, &broken), 0);
    ring.out_prod = ring.out_cons = UINT32_MAX - 1;
    guest_writes("xyz");
    assert_int_equal(ring_take(&ring, buf, &broken), 3);
    assert_memory_equal(buf, "xyz", 3);
    assert_false(broken);
}

static void a_full_ring_is_taken_and_more_is_nonsense(void **state)
{
    bool broken = false;

    memset(&ring, 'a', sizeof(ring));
    ring.out_cons = 100;
    ring.out_prod = 100 + XENCONS_OUT_BYTES;
    assert_int_equal(ring_take(&ring, buf, &broken), XENCONS_OUT_BYTES);
    assert_false(broken);
    ring_taken(&ring, XENCONS_OUT_BYTES);
    ring.out_prod = ring.out_cons + XENCONS_OUT_BYTES + 1;
    assert_int_equal(ring_take(&ring, buf, &broken), 0);
    assert_true(broken);
    /* And then it goes on. */
    broken = false;
    guest_writes("z");
    assert_int_equal(ring_take(&ring, buf, &broken), 1);
    assert_false(broken);
}

static void input_fits_as_far_as_there_is_room(void **state)
{
    uint8_t typed[XENCONS_IN_BYTES + 10];

    memset(&ring, 0, sizeof(ring));
    memset(typed, 't', sizeof(typed));
    assert_int_equal(ring_give(&ring, typed, 10), 10);
    assert_int_equal(ring.in_prod, 10);
    assert_int_equal(ring_give(&ring, typed, sizeof(typed)), XENCONS_IN_BYTES - 10);
    assert_int_equal(ring_give(&ring, typed, 1), 0);
    ring.in_cons = 5;
    assert_int_equal(ring_give(&ring, typed, 100), 5);
    ring.in_cons = ring.in_prod + 1; /* nonsense */
    assert_int_equal(ring_give(&ring, typed, 1), 0);
}

static void queues_keep_order_and_the_newest(void **state)
{
    const uint8_t *p;
    struct fifo f;

    assert_true(fifo_init(&f, 8));
    assert_int_equal(fifo_put(&f, "abcdef", 6), 6);
    fifo_drop(&f, 4);
    assert_int_equal(fifo_put(&f, "ghijklm", 7), 6);
    assert_int_equal(fifo_peek(&f, &p), 4);
    assert_memory_equal(p, "efgh", 4);
    fifo_drop(&f, 4);
    assert_int_equal(fifo_peek(&f, &p), 4);
    assert_memory_equal(p, "ijkl", 4);
    fifo_push(&f, "0123456", 7);
    assert_int_equal(f.len, 8);
    assert_int_equal(f.data[f.head], 'l');
    fifo_push(&f, "a long text", 11);
    assert_int_equal(f.len, 8);
    assert_int_equal(f.data[f.head], 'o');
    fifo_drop(&f, 100);
    assert_int_equal(f.len, 0);
    fifo_free(&f);
}

static void a_byte_is_found_across_the_end_of_a_queue(void **state)
{
    struct fifo f;

    assert_true(fifo_init(&f, 8));
    assert_int_equal(fifo_find(&f, '\n'), 0);
    fifo_put(&f, "abcdef", 6);
    fifo_drop(&f, 5);
    fifo_put(&f, "gh\njk\n", 6);
    assert_int_equal(fifo_find(&f, 'f'), 1);
    assert_int_equal(fifo_find(&f, '\n'), 4);
    assert_int_equal(fifo_find(&f, 'a'), 0);
    fifo_free(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(output_is_taken_in_order_and_across_the_end),
        cmocka_unit_test(a_full_ring_is_taken_and_more_is_nonsense),
        cmocka_unit_test(input_fits_as_far_as_there_is_room),
        cmocka_unit_test(queues_keep_order_and_the_newest),
        cmocka_unit_test(a_byte_is_found_across_the_end_of_a_queue),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
