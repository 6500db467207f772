/* SPDX-License-Identifier: GPL-2.0-only */
#include "dom0-tools/domd/policy.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#include "pv-abi/sched.h"

enum action policy_action(const struct guest_config *g, unsigned int code)
{
    if (code == SHUTDOWN_poweroff)
        return g->on_poweroff;
    if (code == SHUTDOWN_reboot)
        return g->on_reboot;
    return g->on_crash;
}

bool policy_dumps(enum action *a)
{
    if (*a != ACTION_COREDUMP_DESTROY && *a != ACTION_COREDUMP_RESTART)
        return false;
    *a = *a == ACTION_COREDUMP_DESTROY ? ACTION_DESTROY : ACTION_RESTART;
    return true;
}

enum action policy_brake(enum action a, int64_t lived_s, uint32_t *short_lives,
                         unsigned int *wait_s)
{
    *wait_s = 0;
    if (a != ACTION_RESTART && a != ACTION_RENAME_RESTART)
        return a;
    if (lived_s >= SHORT_LIFE_S) {
        *short_lives = 0;
        return a;
    }
    if (*short_lives >= SHORT_LIVES_MAX)
        return ACTION_PRESERVE;
    /* At once, then after 1, 2, 4, 8 seconds. */
    *wait_s = *short_lives ? 1u << (*short_lives - 1) : 0;
    ++*short_lives;
    return a;
}

void policy_kept_name(char to[GUEST_NAME_MAX + 1], const char *name, int64_t when, unsigned int nth)
{
    char suffix[40];
    time_t t = (time_t)when;
    struct tm tm;
    size_t n;

    gmtime_r(&t, &tm);
    n = strftime(suffix, sizeof(suffix), "-%Y%m%dT%H%M%SZ", &tm);
    if (nth)
        n += (size_t)snprintf(suffix + n, sizeof(suffix) - n, ".%u", nth % 1000);
    snprintf(to, GUEST_NAME_MAX + 1, "%.*s%s", (int)(GUEST_NAME_MAX - n), name, suffix);
}

const char *policy_end_phrase(unsigned int code)
{
    static const char *const names[] = {"powered off", "asked for a reboot", "suspended", "crashed",
                                        "was ended by its watchdog"};

    return code < sizeof(names) / sizeof(names[0]) ? names[code] : "ended";
}

const char *policy_end_word(unsigned int code)
{
    static const char *const names[] = {"poweroff", "reboot", "suspend", "crash", "watchdog"};

    return code < sizeof(names) / sizeof(names[0]) ? names[code] : "unknown";
}
