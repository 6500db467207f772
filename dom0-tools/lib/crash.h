/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef DOM0_TOOLS_LIB_CRASH_H
#define DOM0_TOOLS_LIB_CRASH_H

/*
 * The daemons' debug switch --crash-at=N: the process kills itself, as kill -9 would, when it gets
 * to its N-th crash point. Crash points stand before and after each step that lasts: what was done
 * up to there must be carried on, or undone, by the daemon that is started next.
 */

#include <stdbool.h>

/* Reads N, a whole number from 1 on. False: it is none. */
bool crash_at(const char *text);

/* May be called by any thread. */
void crash_point(void);

#endif
