/* SPDX-License-Identifier: GPL-2.0-only */
/* Copy-on-write devices: which files are overlays, and how large they must be. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <string.h>

#include "dom0-tools/lib/dm.h"

static void only_the_kernels_header_is_an_overlay(void **state)
{
    uint8_t head[16] = {'S', 'n', 'A', 'p', 1, 0, 0, 0, 1, 0, 0, 0, 8, 0, 0, 0};
    static const uint8_t zeros[16];

    assert_int_equal(dm_cow_header_check(head, 16), 0);
    assert_int_equal(dm_cow_header_check(head, 15), -EINVAL);
    assert_int_equal(dm_cow_header_check(zeros, 16), -EINVAL);
    head[4] = 0;
    assert_int_equal(dm_cow_header_check(head, 16), -ENODATA);
    head[8] = 2;
    assert_int_equal(dm_cow_header_check(head, 16), -EINVAL);
    head[8] = 1;
    head[0] = 's';
    assert_int_equal(dm_cow_header_check(head, 16), -EINVAL);
}

static void an_overlay_takes_every_block(void **state)
{
    static const uint64_t sizes[] = {512, 4096, 4097, 1 << 20, 64 << 20, 1ull << 40};
    size_t i;

    for (i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
        uint64_t chunks = (sizes[i] + 4095) / 4096, areas = chunks / 256 + 1;

        /* The header, a chunk of metadata for each 256 (and the one to come), the data. */
        assert_true(dm_cow_size(sizes[i]) >= (1 + areas + 1 + chunks) * 4096);
        assert_true(dm_cow_size(sizes[i]) <= sizes[i] + sizes[i] / 200 + (2 << 20));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(only_the_kernels_header_is_an_overlay),
        cmocka_unit_test(an_overlay_takes_every_block),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
