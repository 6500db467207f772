// SPDX-License-Identifier: GPL-2.0-only
/* The daemon's log. */
#include "xenstore-like/log.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <time.h>

bool log_verbose;
static FILE *file;

int log_open(const char *path)
{
    FILE *f = fopen(path, "ae");

    if (!f)
        return -errno;
    if (file)
        fclose(file);
    file = f;
    setvbuf(file, NULL, _IOLBF, 0);
    return 0;
}

void log_line(const char *fmt, ...)
{
    FILE *f = file ? file : stderr;
    struct timespec now;
    struct tm tm;
    char stamp[32];
    va_list ap;

    clock_gettime(CLOCK_REALTIME, &now);
    gmtime_r(&now.tv_sec, &tm);
    strftime(stamp, sizeof(stamp), "%Y-%m-%dT%H:%M:%S", &tm);
    fprintf(f, "%s.%03ldZ stored: ", stamp, now.tv_nsec / 1000000);
    va_start(ap, fmt);
    vfprintf(f, fmt, ap);
    va_end(ap);
    fputc('\n', f);
}
