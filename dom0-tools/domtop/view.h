/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef DOM0_TOOLS_DOMTOP_VIEW_H
#define DOM0_TOOLS_DOMTOP_VIEW_H

#include <stdbool.h>

/* What a person wants to see. */
struct view {
    double delay_s;
    int sort; /* enum sort_key */
    bool reverse, totals, vcpus;
    long turns; /* end after so many; 0: never */
};

#define DELAY_MIN_S 0.1
#define DELAY_MAX_S 3600.0

#endif
