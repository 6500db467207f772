/* SPDX-License-Identifier: GPL-2.0-only */
#include "dom0-tools/lib/crash.h"

#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

static long left; /* 0: never */

bool crash_at(const char *text)
{
    char *end;
    long n = strtol(text, &end, 10);

    if (end == text || *end || n < 1)
        return false;
    left = n;
    return true;
}

void crash_point(void)
{
    if (!__atomic_load_n(&left, __ATOMIC_RELAXED))
        return;
    if (__atomic_sub_fetch(&left, 1, __ATOMIC_SEQ_CST))
        return;
    kill(getpid(), SIGKILL);
    for (;;)
        pause(); /* another thread: nothing more is done until the signal is there */
}
