/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef DOM0_TOOLS_DOMD_POLICY_H
#define DOM0_TOOLS_DOMD_POLICY_H

/* What follows the end of a guest: pure logic. */

#include <stdbool.h>
#include <stdint.h>

#include "dom0-tools/lib/guest.h"

#define SHORT_LIFE_S    10 /* a guest that lives shorter is not worth much */
#define SHORT_LIVES_MAX 5  /* so often in a row it is started again */

/* What the config says about an end with SHUTDOWN_* @code. */
enum action policy_action(const struct guest_config *g, unsigned int code);

/* True if *@a dumps the guest's core first; *@a is what follows then. */
bool policy_dumps(enum action *a);

/*
 * The brake on guests that end again and again: @a, or ACTION_PRESERVE instead of a restart when there
 * were too many. *@short_lives counts those in a row and is updated; *@wait_s: how long to wait first.
 */
enum action policy_brake(enum action a, int64_t lived_s, uint32_t *short_lives,
                         unsigned int *wait_s);

/*
 * The name under which an ended guest is kept beside its successor: @name, shortened if need be, with
 * the time (seconds since 1970) behind it; @nth > 0 makes another one.
 */
void policy_kept_name(char to[GUEST_NAME_MAX + 1], const char *name, int64_t when,
                      unsigned int nth);

/* Of a SHUTDOWN_* code, for people and for events. */
const char *policy_end_phrase(unsigned int code);
const char *policy_end_word(unsigned int code);

#endif
