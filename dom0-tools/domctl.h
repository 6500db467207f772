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

struct guest_config;

struct verb {
    const char *name;
    const char *args;    /* "[-c] FILE" */
    const char *summary; /* one line */
    const char *help;    /* what --help adds: options, one a line */
    int (*run)(const struct verb *v, int argc, char **argv);
};

int cmd_bench(const struct verb *v, int argc, char **argv);
int cmd_block_attach(const struct verb *v, int argc, char **argv);
int cmd_block_detach(const struct verb *v, int argc, char **argv);
int cmd_block_list(const struct verb *v, int argc, char **argv);
int cmd_config(const struct verb *v, int argc, char **argv);
int cmd_console(const struct verb *v, int argc, char **argv);
int cmd_create(const struct verb *v, int argc, char **argv);
int cmd_destroy(const struct verb *v, int argc, char **argv);
int cmd_dmesg(const struct verb *v, int argc, char **argv);
int cmd_domid(const struct verb *v, int argc, char **argv);
int cmd_domname(const struct verb *v, int argc, char **argv);
int cmd_dump_core(const struct verb *v, int argc, char **argv);
int cmd_events(const struct verb *v, int argc, char **argv);
int cmd_info(const struct verb *v, int argc, char **argv);
int cmd_list(const struct verb *v, int argc, char **argv);
int cmd_metrics(const struct verb *v, int argc, char **argv);
int cmd_mem_max(const struct verb *v, int argc, char **argv);
int cmd_mem_set(const struct verb *v, int argc, char **argv);
int cmd_network_attach(const struct verb *v, int argc, char **argv);
int cmd_network_detach(const struct verb *v, int argc, char **argv);
int cmd_network_list(const struct verb *v, int argc, char **argv);
int cmd_pause(const struct verb *v, int argc, char **argv);
int cmd_perf(const struct verb *v, int argc, char **argv);
int cmd_rename(const struct verb *v, int argc, char **argv);
int cmd_reset(const struct verb *v, int argc, char **argv);
int cmd_sysrq(const struct verb *v, int argc, char **argv);
int cmd_uptime(const struct verb *v, int argc, char **argv);
int cmd_reboot(const struct verb *v, int argc, char **argv);
int cmd_sched(const struct verb *v, int argc, char **argv);
int cmd_shutdown(const struct verb *v, int argc, char **argv);
int cmd_top(const struct verb *v, int argc, char **argv);
int cmd_trace(const struct verb *v, int argc, char **argv);
int cmd_unpause(const struct verb *v, int argc, char **argv);
int cmd_vcpu_list(const struct verb *v, int argc, char **argv);
int cmd_vcpu_pin(const struct verb *v, int argc, char **argv);
int cmd_vcpu_set(const struct verb *v, int argc, char **argv);

/* ---- command lines */

#define OVERRIDES_MAX 64

/* What options a verb knows; those it does not know are an error of the command line. */
struct options {
    bool json;                            /* -o json */
    bool console;                         /* -c */
    bool paused;                          /* -p */
    bool dry_run;                         /* -n */
    bool quiet;                           /* -q */
    bool timing;                          /* --timing */
    bool all;                             /* -a */
    bool destroy;                         /* --destroy */
    bool verbose;                         /* -v */
    bool brief;                           /* -s */
    bool wait;                            /* -w, or what implies it */
    unsigned int waits;                   /* how often -w */
    bool timed;                           /* -t */
    bool force;                           /* --force */
    bool live;                            /* --live */
    bool compress;                        /* --compress */
    unsigned int seconds;                 /* of -t, or 60 */
    const char *file;                     /* -f */
    const char *overrides[OVERRIDES_MAX]; /* -e */
    size_t nr_overrides;
};

/*
 * Parses options that @known names (letters of the table in options.c; --help always) and checks that
 * @min to @max words follow. Returns the index of the first word, or -1 with *@status set: the verb
 * returns it. An option that only xl has is refused with a hint (xl-hints.c).
 */
int parse_options(const struct verb *v, int argc, char **argv, const char *known, int min, int max,
                  struct options *o, int *status);
/* Prints "domctl: VERB: WHY (usage: ...)" and returns STATUS_USAGE. */
int usage_error(const struct verb *v, const char *why);
/*
 * Says why getopt_long() stopped at @word: an option that nobody knows, that only xl has (with a hint,
 * xl-hints.c), or without its value. Returns STATUS_USAGE.
 */
int refuse_option(const struct verb *v, const char *word, bool value_missing);
/* What --help prints. Returns STATUS_DONE. */
int show_help(const struct verb *v);

/* What to do instead of xl's option (letter or long name) or verb; NULL: xl has none of that name. */
const char *xl_option_hint(const char *verb, const char *option);
const char *xl_verb_hint(const char *verb);

/*
 * The guest that create would make from the file at @path (NULL: none) in any of its forms and from
 * @o->overrides; warnings go to stderr, unless @o->quiet. Returns 0 with *@g to be released by
 * guest_config_free(); -1 with *@e.
 */
int read_config(const char *path, const struct options *o, struct guest_config *g, struct err *e);

/* ---- several domains at once: targets.c */

struct target {
    const char *word; /* as typed, left to domd to resolve; or NULL */
    char name[64], uuid[37];
    struct json *answer; /* what domd said; to be replaced by target_answer() */
    struct err e;        /* or why not */
    bool forced;         /* did not do it by itself */
};

/* What to ask domd for, and what to call it. */
static inline const char *target_key(const struct target *t)
{
    return t->word ? t->word : t->uuid;
}
static inline const char *target_label(const struct target *t)
{
    return t->word ? t->word : t->name;
}

/*
 * The guests that @words name: a word with a shell pattern stands for the guests whose names match
 * (dom0 never), any other for itself, unchecked; @all adds every guest, or every one that has not
 * ended. Returns their number with *@list to be free()d, or -1 with *@e: nothing matches
 * (STATUS_NO_DOMAIN), or what domd said.
 */
enum all { ALL_NONE, ALL_ALIVE, ALL_KNOWN };
long find_targets(char **words, int count, enum all all, struct target **list, struct err *e);
void free_targets(struct target *list, long count);
/* The element of domd's list that a word names, or whose name it matches as a pattern. */
bool is_pattern(const char *word);
bool names_domain(const char *word, const struct json *domain);
/*
 * domd's list of domains, an array; with @count words only those that they name, in the order of
 * the words. NULL with *@e if one names none, or several, or with @alive one that was destroyed and
 * is not gone yet.
 */
struct json *list_domains(char **words, int count, bool alive, struct err *e);
/*
 * Runs @one for each that did not fail before; all get their turn, each error is printed. Returns
 * the first failure's status.
 */
int for_each_target(struct target *list, long count, void (*one)(struct target *t, void *arg),
                    void *arg);
/* Asks domd about it: its answer, or the error, is kept in *@t. */
void ask_target(struct target *t, const char *op, void (*more)(struct json_out *o, const void *arg),
                const void *arg);
/* -o json: what came of each, as an array. */
void print_targets(const struct target *list, long count);

/* ---- domd */

/*
 * Sends a request made of @op, the domain @name (or NULL) and what @more (or NULL) adds to the open
 * object. Returns the answer, to be json_free()d, or NULL with *@e. @passed: see proto_receive().
 */
struct json *ask_domd(const char *op, const char *name,
                      void (*more)(struct json_out *o, const void *arg), const void *arg,
                      int *passed, struct err *e);

/* The same, with a descriptor @give for domd and none from it. */
struct json *ask_domd_giving(const char *op, const char *name,
                             void (*more)(struct json_out *o, const void *arg), const void *arg,
                             int give, struct err *e);

/* A connection on which each event is a line, from now on or (@all) since domd started; -1 with *@e. */
int ask_domd_events(bool all, struct err *e);
/* A request whose answer is followed by more: the connection, or -1 with *@e. */
int ask_domd_stream(const char *op, void (*more)(struct json_out *o, const void *arg),
                    const void *arg, struct err *e);

/* Prints "domctl: TEXT" and returns the status. */
int fail(const struct err *e);

/* simple.c: verbs that are one request, and print nothing unless asked for JSON. */
/* For each NAME. */
int simple_verb(const struct verb *v, int argc, char **argv, const char *op);
/* NAME WORD: the word goes into the member @key. */
int word_verb(const struct verb *v, int argc, char **argv, const char *op, const char *key);
/* What a guest shall come to: domd is told @value as @member; it is done when info has it as @key. */
struct goal {
    const char *member, *key;
    uint64_t value;
    const char *what; /* "use 512 MiB" */
};
/* Asks for it and, if @o says so, waits for the guest. */
int goal_verb(const struct verb *v, const char *name, const struct options *o,
              const struct goal *goal);
/* With -o json, prints what domd answered; frees it. Returns the exit status. */
int print_done(struct json *answer, const struct options *o);
/* The members of an answer but "ok", into an open object. */
void copy_answer(struct json_out *out, const struct json *answer);
/*
 * Waits until the guest itself has done what domd asked of it: until the member @key of its info is
 * @wanted. Shows how far it is on a terminal. @what goes into the error ("use 512 MiB").
 */
int wait_for_guest(const char *name, const char *key, uint64_t wanted, unsigned int seconds,
                   const char *what);
/* Milliseconds of the monotonic clock. */
int64_t now_ms(void);
/* shutdown and reboot */
int ending_verb(const struct verb *v, int argc, char **argv, const char *op);

/* Shows the guest's console until it ends or Ctrl-] is typed. @name: as domd shall find it. */
int show_console(const char *name, const char *label);

/* devices.c: what block-* and network-* share */
/* The words as one device spec, with commas between them; to be free()d. NULL: out of memory. */
char *join_words(char **words);
int detach_verb(const struct verb *v, int argc, char **argv, const char *op);
/* Prints the list @key of the answer to @op: as JSON, or by @print. */
int list_verb(const struct verb *v, int argc, char **argv, const char *op, const char *key,
              void (*print)(const struct json *list));
/* Adds the -t of @o to a request. Prints what the answer warns of. */
void add_timeout(struct json_out *j, const struct options *o);
void print_warning(const struct json *answer);

/* Prints a document that was written. Whether it arrives, main() finds out in the end. */
int print_text(struct json_out *o);
/* Prints one value as indented JSON, with a newline. */
int print_json(const struct json *j);

#endif
