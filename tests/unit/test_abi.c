/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Pavo's headers against libxen-dev's: every size, offset and number, and nothing left out
 * unnoticed. tests/unit/abi/generate makes the lists from the headers themselves.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>
#include "pv-abi/memory.h"
#include "pv-abi/domctl.h"
#include "pv-abi/io/blkif.h"
#include "pv-abi/io/netif.h"
#include "tests/unit/abi/table.h"

static const char *const missing[] = {
#define ABI_MISSING(name) name,
#include "build/unit/abi-list/abi-missing.h"
    NULL,
};

static void every_fact_is_stated_alike(void **state)
{
    unsigned long differing = 0;

    assert_int_equal(abi_ours_count, abi_theirs_count);
    for (unsigned long i = 0; i < abi_ours_count; i++) {
        const struct abi_fact *a = &abi_ours[i], *b = &abi_theirs[i];

        assert_string_equal(a->name, b->name);
        if (a->offset == b->offset && a->size == b->size && a->value == b->value)
            continue;
        differing++;
        print_error("%s: ours %lld+%lld %lld, theirs %lld+%lld %lld\n", a->name, a->offset, a->size,
                    a->value, b->offset, b->size, b->value);
    }
    assert_int_equal(differing, 0);
}

static const struct abi_fact *find(const char *name)
{
    for (unsigned long i = 0; i < abi_ours_count; i++)
        if (!strcmp(abi_ours[i].name, name))
            return &abi_ours[i];
    fail_msg("%s is not compared", name);
    return NULL;
}

/* The lists are generated: facts that everybody knows show that they are not empty or shifted. */
static void the_comparison_covers_what_it_should(void **state)
{
    assert_true(abi_ours_count > 1170);
    assert_int_equal(find("__HYPERVISOR_domctl")->value, 36);
    assert_int_equal(find("XEN_ENOSYS")->value, 38);
    assert_int_equal(find("XS_DIRECTORY_PART")->value, 22);
    assert_int_equal(find("struct vcpu_guest_context")->size, 5168);
    assert_int_equal(find("struct shared_info.evtchn_mask")->offset, 2560);
    assert_int_equal(find("struct evtchn_status.u.interdomain.port")->offset, 20);
    assert_int_equal(find("struct start_info.console.domU.evtchn")->offset, 80);
}

static void no_name_is_left_out_without_a_reason(void **state)
{
    for (int i = 0; missing[i]; i++)
        print_error("%s\n", missing[i]);
    assert_null(missing[0]);
}

static void memory_flags_pack_and_unpack(void **state)
{
    assert_int_equal(XENMEMF_get_address_bits(XENMEMF_address_bits(32) | XENMEMF_node(3)), 32);
    assert_int_equal(XENMEMF_get_node(XENMEMF_address_bits(32) | XENMEMF_node(3)), 3);
    assert_int_equal(XENMEMF_exact_node(0), 0x20100);
    assert_int_equal(XEN_DOMCTL_GRANT_version(0x12), 2);
}

static void ring_sizes_are_powers_of_two_that_fit(void **state)
{
    assert_int_equal(RING_SLOTS(blkif, 4096), 32);
    assert_int_equal(RING_SLOTS(blkif, 16 * 4096), 512);
    assert_int_equal(RING_SLOTS(netif_tx, 4096), 256);
    assert_int_equal(RING_SLOTS(netif_rx, 4096), 256);
    assert_int_equal(ring_slots(64 + 4 * 8, 64, 8), 4);
    assert_int_equal(ring_slots(64 + 4 * 8 - 1, 64, 8), 2);
}

static void ring_events_fire_when_crossed(void **state)
{
    assert_true(ring_wants_event(0, 1, 1));
    assert_true(ring_wants_event(0, 5, 3));
    assert_false(ring_wants_event(0, 1, 2));
    assert_false(ring_wants_event(3, 5, 3));
    assert_true(ring_wants_event(0xffffffff, 1, 0));
    assert_false(ring_wants_event(7, 7, 7));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_fact_is_stated_alike),
        cmocka_unit_test(the_comparison_covers_what_it_should),
        cmocka_unit_test(no_name_is_left_out_without_a_reason),
        cmocka_unit_test(memory_flags_pack_and_unpack),
        cmocka_unit_test(ring_sizes_are_powers_of_two_that_fit),
        cmocka_unit_test(ring_events_fire_when_crossed),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
