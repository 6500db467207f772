/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef XENSTORE_LIKE_LOG_H
#define XENSTORE_LIKE_LOG_H

/* The daemon's log: lines with a time stamp, to stderr or a file. */

#include <stdbool.h>

extern bool log_verbose;

/* Sends further lines to a file (appending). 0 or negative errno. */
int log_open(const char *path);

void log_line(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/* Only when log_verbose: each message that comes and goes. */
#define log_trace(...)             \
    do {                           \
        if (log_verbose)           \
            log_line(__VA_ARGS__); \
    } while (0)

#endif
