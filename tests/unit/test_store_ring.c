// SPDX-License-Identifier: GPL-2.0-only
/* Tests of the store's rings: copies around the end, full and empty, indices that lie. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "pv-abi/io/xs_wire.h"
#include "xenstore-like/ring.h"

#define SIZE XENSTORE_RING_SIZE

static struct xenstore_domain_interface ring;
static uint32_t cons, prod; /* ours */

static int setup(void **state)
{
    (void)state;
    memset(&ring, 0xee, sizeof(ring));
    ring_reset(&ring);
    cons = prod = 0;
    return 0;
}

/* What a guest does: puts bytes at req_prod. */
static void guest_put(const char *bytes, size_t len)
{
    size_t i;

    for (i = 0; i < len; i++)
        ring.req[(ring.req_prod + i) % SIZE] = bytes[i];
    ring.req_prod += len;
}

static void reset_empties_and_says_what_we_support(void **state)
{
    (void)state;
    assert_int_equal(ring.req_cons, 0);
    assert_int_equal(ring.req_prod, 0);
    assert_int_equal(ring.rsp_cons, 0);
    assert_int_equal(ring.rsp_prod, 0);
    assert_int_equal(ring.connection, XENSTORE_CONNECTED);
    assert_int_equal(ring.error, XENSTORE_ERROR_NONE);
    assert_int_equal(ring.server_features, XENSTORE_SERVER_FEATURE_ERROR);
}

static void reading_takes_what_is_there_and_no_more_than_asked(void **state)
{
    char buf[16];

    (void)state;
    assert_int_equal(ring_read(&ring, &cons, buf, sizeof(buf)), 0);
    guest_put("hello", 5);
    assert_int_equal(ring_read(&ring, &cons, buf, 3), 3);
    assert_memory_equal(buf, "hel", 3);
    assert_int_equal(cons, 3);
    assert_int_equal(ring.req_cons, 0);
    ring_publish(&ring, cons, prod);
    assert_int_equal(ring.req_cons, 3);
    assert_int_equal(ring_read(&ring, &cons, buf, sizeof(buf)), 2);
    assert_memory_equal(buf, "lo", 2);
    assert_int_equal(ring_read(&ring, &cons, buf, sizeof(buf)), 0);
}

static void bytes_wrap_around_the_end_and_indices_around_zero(void **state)
{
    char buf[8];

    (void)state;
    cons = ring.req_cons = ring.req_prod = UINT32_MAX - 2;
    guest_put("abcdef", 6);
    assert_int_equal(ring.req_prod, 3);
    assert_int_equal(ring_read(&ring, &cons, buf, sizeof(buf)), 6);
    assert_memory_equal(buf, "abcdef", 6);
    prod = ring.rsp_cons = ring.rsp_prod = UINT32_MAX - 1;
    assert_int_equal(ring_write(&ring, &prod, "xyz", 3), 3);
    assert_int_equal(prod, 1);
    assert_int_equal(ring.rsp_prod, UINT32_MAX - 1);
    ring_publish(&ring, cons, prod);
    assert_int_equal(ring.rsp_prod, 1);
    assert_int_equal(ring.rsp[SIZE - 2], 'x');
    assert_int_equal(ring.rsp[SIZE - 1], 'y');
    assert_int_equal(ring.rsp[0], 'z');
}

static void writing_stops_when_full(void **state)
{
    static char bytes[2 * SIZE];

    (void)state;
    memset(bytes, 'x', sizeof(bytes));
    assert_int_equal(ring_write(&ring, &prod, bytes, sizeof(bytes)), SIZE);
    assert_int_equal(ring_write(&ring, &prod, bytes, 1), 0);
    ring.rsp_cons += 10;
    assert_int_equal(ring_write(&ring, &prod, bytes, sizeof(bytes)), 10);
}

static void a_full_request_ring_is_read_whole(void **state)
{
    static char bytes[SIZE], buf[SIZE];

    (void)state;
    memset(bytes, 'q', sizeof(bytes));
    guest_put(bytes, SIZE);
    assert_int_equal(ring_read(&ring, &cons, buf, SIZE), SIZE);
    assert_memory_equal(buf, bytes, SIZE);
}

static void more_requests_than_the_ring_holds_are_refused(void **state)
{
    char buf[4];

    (void)state;
    ring.req_prod = SIZE + 1;
    assert_int_equal(ring_read(&ring, &cons, buf, sizeof(buf)), -EINVAL);
    assert_int_equal(cons, 0);
    ring.req_prod = UINT32_MAX; /* behind cons */
    assert_int_equal(ring_read(&ring, &cons, buf, sizeof(buf)), -EINVAL);
}

static void more_answers_taken_than_given_are_refused(void **state)
{
    (void)state;
    ring.rsp_cons = 1;
    assert_int_equal(ring_write(&ring, &prod, "x", 1), -EINVAL);
    ring.rsp_cons = UINT32_MAX - SIZE;
    assert_int_equal(ring_write(&ring, &prod, "x", 1), -EINVAL);
}

static void what_the_page_says_of_our_indices_is_not_believed(void **state)
{
    char buf[16];

    (void)state;
    guest_put("hello", 5);
    ring.req_cons = ring.rsp_prod = 1000;
    assert_int_equal(ring_read(&ring, &cons, buf, sizeof(buf)), 5);
    assert_int_equal(ring_write(&ring, &prod, "x", 1), 1);
    assert_int_equal(ring.rsp[0], 'x');
}

static void an_error_is_told_in_the_page(void **state)
{
    (void)state;
    ring_set_error(&ring, XENSTORE_ERROR_RINGIDX);
    assert_int_equal(ring.error, XENSTORE_ERROR_RINGIDX);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(reset_empties_and_says_what_we_support, setup),
        cmocka_unit_test_setup(reading_takes_what_is_there_and_no_more_than_asked, setup),
        cmocka_unit_test_setup(bytes_wrap_around_the_end_and_indices_around_zero, setup),
        cmocka_unit_test_setup(writing_stops_when_full, setup),
        cmocka_unit_test_setup(a_full_request_ring_is_read_whole, setup),
        cmocka_unit_test_setup(more_requests_than_the_ring_holds_are_refused, setup),
        cmocka_unit_test_setup(more_answers_taken_than_given_are_refused, setup),
        cmocka_unit_test_setup(what_the_page_says_of_our_indices_is_not_believed, setup),
        cmocka_unit_test_setup(an_error_is_told_in_the_page, setup),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
