/* SPDX-License-Identifier: GPL-2.0-only */
/* Sizes of grant tables. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "dom0-tools/lib/grantsize.h"
#include "dom0-tools/lib/guest.h"

static void every_ring_may_be_full(void **state)
{
    struct guest_config g = {.maxvcpus = 1, .nr_disks = 20};

    /* There is room for 4 disks and 2 interfaces more. */
    assert_int_equal(grant_frames_limit(&g), 52); /* 64 + 24 * 1057 + 2 * 514, of 512 each */
    g.nr_vifs = 1;
    assert_int_equal(grant_frames_limit(&g), 53); /* 514 more */
    g.maxvcpus = 2;
    assert_int_equal(grant_frames_limit(&g), 106);
    g.maxvcpus = 32; /* 4 queues a disk, 8 an interface */
    assert_int_equal(grant_frames_limit(&g), 223);
    g.nr_disks = GUEST_DISKS_MAX;
    g.nr_vifs = GUEST_VIFS_MAX;
    assert_int_equal(grant_frames_limit(&g), 835);
}

static void there_is_room_for_more_devices(void **state)
{
    struct guest_config g = {.maxvcpus = 1};

    assert_int_equal(grant_frames_limit(&g), 32);
    g.maxvcpus = 32;
    assert_int_equal(grant_frames_limit(&g), 50); /* of 4 disks and 2 interfaces */
    g.nr_disks = 10;
    assert_int_equal(grant_frames_limit(&g), 132);
}

static void a_config_has_the_last_word(void **state)
{
    struct guest_config g = {.maxvcpus = 32, .nr_disks = 10, .max_grant_frames = 3};

    assert_int_equal(grant_frames_limit(&g), 3);
}

static void tight_from_80_percent_on(void **state)
{
    assert_false(grant_frames_tight(0, 1));
    assert_true(grant_frames_tight(1, 1));
    assert_false(grant_frames_tight(3, 4));
    assert_false(grant_frames_tight(7, 10));
    assert_true(grant_frames_tight(8, 10));
    assert_true(grant_frames_tight(4, 5));
    assert_false(grant_frames_tight(25, 32));
    assert_true(grant_frames_tight(26, 32));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_ring_may_be_full),
        cmocka_unit_test(there_is_room_for_more_devices),
        cmocka_unit_test(a_config_has_the_last_word),
        cmocka_unit_test(tight_from_80_percent_on),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
