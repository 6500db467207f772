/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef DOM0_TOOLS_LIB_ERR_H
#define DOM0_TOOLS_LIB_ERR_H

/*
 * What went wrong, as a person will read it: one line "WHAT: WHY (HINT)" and the exit status
 * that goes with it. The daemon makes them, the socket carries them, domctl prints them.
 */

/* Exit statuses of the tools; the table in domctl(1) is this one. */
enum {
    STATUS_DONE = 0,
    STATUS_FAILED = 1,    /* the rest: daemon down, not on Pavo, guest crashed at once */
    STATUS_USAGE = 2,     /* command line or config */
    STATUS_NO_DOMAIN = 3, /* no such domain */
    STATUS_RESOURCES = 4, /* not enough of something */
    STATUS_TIMEOUT = 5,   /* a wait ran out */
};

struct err {
    int status;
    char text[1024];
};

/*
 * Fills *@e; an error that is there already stays (the first cause is the one to tell).
 * @what and @hint may be NULL. Control characters become '?', so that the text is one line.
 * Always returns -1, so that a failing function can `return err_set(...)`.
 */
int err_set(struct err *e, int status, const char *what, const char *hint, const char *why_fmt, ...)
    __attribute__((format(printf, 5, 6)));

/* The status of an operation on a file that failed with @error: whether there is no room, or the rest. */
int err_file_status(int error);

/* Control characters in @s become '?': for other texts that are one line. */
void err_one_line(char *s);

/* Puts "@what: " before the text. Returns -1. */
int err_prefix(struct err *e, const char *what);

#endif
