/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef DOM0_TOOLS_LIB_GRANTSIZE_H
#define DOM0_TOOLS_LIB_GRANTSIZE_H

/*
 * How large a guest's grant table must be, from its devices: pure arithmetic. A table that is too
 * small shows as devices that hang or never connect, so it is sized for every ring being full.
 */

#include <stdbool.h>
#include <stdint.h>

struct guest_config;

#define GRANT_FRAMES_LIMIT 4096 /* what the hypervisor takes */

/* The limit to create @g with: what the config says, or what is needed and room for more devices. */
uint32_t grant_frames_limit(const struct guest_config *g);

/* True from 80 % of @max on. */
bool grant_frames_tight(uint32_t used, uint32_t max);

#endif
