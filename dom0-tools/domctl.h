/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef DOM0_TOOLS_DOMCTL_H
#define DOM0_TOOLS_DOMCTL_H

/*
 * domctl: one file per verb, a table of them in main.c. Talks to domd's socket and to nothing else.
 * A verb returns its exit status (STATUS_*); verbs and main() print, nobody else.
 */

#include <stdbool.h>
#include <stdint.h>

#include "dom0-tools/lib/err.h"
#include "dom0-tools/lib/json.h"

struct verb {
    const char *name;
    const char *args;    /* "[-c] FILE" */
    const char *summary; /* one line */
    const char *help;    /* what --help adds: options, one a line */
    int (*run)(const struct verb *v, int argc, char **argv);
};

int cmd_console(const struct verb *v, int argc, char **argv);
int cmd_create(const struct verb *v, int argc, char **argv);
int cmd_destroy(const struct verb *v, int argc, char **argv);
int cmd_dmesg(const struct verb *v, int argc, char **argv);
int cmd_info(const struct verb *v, int argc, char **argv);
int cmd_list(const struct verb *v, int argc, char **argv);
int cmd_mem_max(const struct verb *v, int argc, char **argv);
int cmd_mem_set(const struct verb *v, int argc, char **argv);
int cmd_pause(const struct verb *v, int argc, char **argv);
int cmd_reboot(const struct verb *v, int argc, char **argv);
int cmd_sched(const struct verb *v, int argc, char **argv);
int cmd_shutdown(const struct verb *v, int argc, char **argv);
int cmd_unpause(const struct verb *v, int argc, char **argv);
int cmd_vcpu_list(const struct verb *v, int argc, char **argv);
int cmd_vcpu_pin(const struct verb *v, int argc, char **argv);
int cmd_vcpu_set(const struct verb *v, int argc, char **argv);

/* ---- command lines */

/* What options a verb knows; those it does not know are an error of the command line. */
struct options {
    bool json;            /* -o json */
    bool console;         /* -c */
    bool paused;          /* -p */
    bool wait;            /* -w */
    unsigned int seconds; /* -t */
};

/*
 * Parses options that @known names (letters of "ocpwt"; --help always) and checks that @min to @max
 * words follow. Returns the index of the first word, or -1 with *@status set: the verb returns it.
 */
int parse_options(const struct verb *v, int argc, char **argv, const char *known, int min, int max,
                  struct options *o, int *status);

/* Prints "domctl: VERB: WHY (usage: ...)" and returns STATUS_USAGE. */
int usage_error(const struct verb *v, const char *why);

/* ---- domd */

/*
 * Sends a request made of @op, the domain @name (or NULL) and what @more (or NULL) adds to the open
 * object. Returns the answer, to be json_free()d, or NULL with *@e. @passed: see proto_receive().
 */
struct json *ask_domd(const char *op, const char *name,
                      void (*more)(struct json_out *o, const void *arg), const void *arg,
                      int *passed, struct err *e);

/* Prints "domctl: TEXT" and returns the status. */
int fail(const struct err *e);

/* A request without an interesting answer, for the verbs that are no more than that. */
int simple_verb(const struct verb *v, int argc, char **argv, const char *op);
/*
 * Waits until the guest itself has done what domd asked of it: until the member @key of its info is
 * @wanted. Shows how far it is on a terminal. @what goes into the error ("use 512 MiB").
 */
int wait_for_guest(const char *name, const char *key, uint64_t wanted, unsigned int seconds,
                   const char *what);
/* shutdown and reboot */
int ending_verb(const struct verb *v, int argc, char **argv, const char *op);

/* Shows the guest's console until it ends or Ctrl-] is typed. */
int show_console(const char *name);

/* Prints one value as indented JSON, with a newline. */
int print_json(const struct json *j);

#endif
