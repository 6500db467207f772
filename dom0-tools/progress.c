/* SPDX-License-Identifier: GPL-2.0-only */
/* Waiting for what only the guest can do. */
#include "dom0-tools/domctl.h"

#include <inttypes.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

#define STEP_US 100000

int64_t now_ms(void)
{
    struct timespec ts;

    clock_gettime(CLOCK_MONOTONIC, &ts);
    return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

int wait_for_guest(const char *name, const char *key, uint64_t wanted, unsigned int seconds,
                   const char *what)
{
    int64_t start = now_ms(), end = start + (int64_t)seconds * 1000;
    bool terminal = isatty(STDERR_FILENO), shown = false;
    struct err e = {0};
    uint64_t now = 0;

    for (;;) {
        struct json *j = ask_domd("info", name, NULL, NULL, NULL, &e);

        if (!j)
            break;
        json_get_u64(json_get(j, "info"), key, &now);
        json_free(j);
        if (now == wanted)
            break;
        if (now_ms() >= end) {
            err_set(&e, STATUS_TIMEOUT, name, "the guest goes on trying",
                    "it did not %s within %u s: %s is %" PRIu64, what, seconds, key, now);
            break;
        }
        if (terminal && now_ms() - start > 1000) {
            fprintf(stderr, "\r%s: %" PRIu64 " of %" PRIu64 " \033[K", name, now, wanted);
            shown = true;
        }
        usleep(STEP_US);
    }
    if (shown)
        fputs("\r\033[K", stderr);
    return e.status ? fail(&e) : STATUS_DONE;
}
