/* SPDX-License-Identifier: GPL-2.0-only */
/* What a kernel finds when it starts. */
#include "mini.h"

TEST(start_info_is_sane)
{
    CHECK(!strncmp(start_info->magic, "xen-3.0-x86_64", 14));
    CHECK(start_info->nr_pages > 1024);
    CHECK_EQ(start_info->shared_info & 4095, 0);
    CHECK(start_info->pt_base >= VIRT_BASE);
    CHECK(start_info->nr_pt_frames >= 4);
    if (!is_dom0()) {
        CHECK(start_info->store_mfn);
        CHECK(start_info->store_evtchn);
    }
}
