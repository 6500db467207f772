/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Sizes of grant tables. Source of the figures: Linux 6.1's frontends with their default parameters.
 * A block queue has a ring page and 32 requests, each with 32 data pages and the page that lists
 * them; a network queue two ring pages with 256 packets each. A frontend uses at most as many
 * queues as it has CPUs.
 */
#include "dom0-tools/lib/grantsize.h"

#include <stddef.h>

#include "dom0-tools/lib/guest.h"

#define GRANTS_PER_FRAME 512u
#define GRANTS_OWN       64u /* reserved ones, console, store, and what drivers leave unused */
#define DISK_QUEUES_MAX  4u
#define DISK_GRANTS      (1u + 32 * (32 + 1))
#define VIF_QUEUES_MAX   8u
#define VIF_GRANTS       (2u + 2 * 256)
#define FRAMES_MIN       32u
#define SPARE_DISKS      4u
#define SPARE_VIFS       2u

/* Frames (512 grants each) that so many devices use when all their rings are full. */
static uint32_t frames_for(size_t disks, size_t vifs, uint32_t vcpus)
{
    uint32_t disk_queues = vcpus < DISK_QUEUES_MAX ? vcpus : DISK_QUEUES_MAX;
    uint32_t vif_queues = vcpus < VIF_QUEUES_MAX ? vcpus : VIF_QUEUES_MAX;
    uint64_t grants = GRANTS_OWN + disks * disk_queues * (uint64_t)DISK_GRANTS +
                      vifs * vif_queues * (uint64_t)VIF_GRANTS;

    return (uint32_t)((grants + GRANTS_PER_FRAME - 1) / GRANTS_PER_FRAME);
}

uint32_t grant_frames_limit(const struct guest_config *g)
{
    uint32_t frames = frames_for(g->nr_disks + SPARE_DISKS, g->nr_vifs + SPARE_VIFS, g->maxvcpus);

    if (g->max_grant_frames)
        return g->max_grant_frames;
    if (frames < FRAMES_MIN)
        return FRAMES_MIN;
    return frames < GRANT_FRAMES_LIMIT ? frames : GRANT_FRAMES_LIMIT;
}

bool grant_frames_tight(uint32_t used, uint32_t max)
{
    return (uint64_t)used * 5 >= (uint64_t)max * 4;
}
