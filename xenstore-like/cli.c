// SPDX-License-Identifier: GPL-2.0-only
/* store: looks at the store and changes it, from the command line. One table maps verbs. */
#include <errno.h>
#include <getopt.h>
#include <limits.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "dom0-tools/lib/json.h"
#include "xenstore-like/client.h"

enum { STATUS_DONE, STATUS_FAILED, STATUS_USAGE, STATUS_TIMEOUT = 5 };

struct options {
    const char *socket_path;
    bool json, recursive, perms, names, force;
    long count;   /* of events, 0: no limit */
    long seconds; /* for events, -1: no limit */
};

struct verb {
    const char *name, *args, *what;
    const char *opts; /* short options that it takes, beside those all take */
    int min_args;
    int (*run)(struct store *s, const struct options *o, int argc, char **argv);
};

static const char *verb_name = "";

/* One line on stderr. Returns the exit status. */
static int fail(const char *path, int rc)
{
    const char *why = strerror(-rc), *hint = NULL;

    if (rc == -ENOENT)
        why = "no such node";
    else if (rc == -EINVAL)
        why = "not a valid path or argument";
    else if (rc == -E2BIG)
        why = "too long for one message (4096 bytes)";
    else if (rc == -EPIPE)
        hint = " (the store daemon has gone)";
    fprintf(stderr, "store: %s %s: %s%s\n", verb_name, path, why, hint ? hint : "");
    return STATUS_FAILED;
}

static void print_json(struct json_out *out)
{
    size_t len;
    const char *text = json_text(out, &len);

    if (text)
        printf("%.*s%s", (int)len, text, len && text[len - 1] == '\n' ? "" : "\n");
    json_out_free(out);
}

/*
 * Prints bytes so that they stay on one line and say nothing to the terminal, which may take the 8-bit
 * control characters for commands, too: guests write what is shown here.
 */
static void print_escaped(const char *value, size_t len)
{
    bool text = json_is_text(value, len);
    size_t i;

    for (i = 0; i < len; i++) {
        unsigned char c = value[i];

        if (c == '\n')
            fputs("\\n", stdout);
        else if (c == '\t')
            fputs("\\t", stdout);
        else if (c == '\\' || c == '"')
            printf("\\%c", c);
        else if (text && c == 0xc2 && (value[i + 1] & 0xe0) == 0x80) /* U+0080 to U+009f */
            printf("\\xc2\\x%02x", (unsigned char)value[++i]);
        else if (c < 0x20 || c == 0x7f || (c >= 0x80 && !text))
            printf("\\x%02x", c);
        else
            putchar(c);
    }
}

static void json_value(struct json_out *out, const char *value, size_t len)
{
    char *hex;
    size_t i;

    if (json_is_text(value, len)) {
        json_put_str(out, "value", value);
        return;
    }
    hex = malloc(2 * len + 1);
    if (!hex)
        return;
    for (i = 0; i < len; i++)
        sprintf(hex + 2 * i, "%02x", (unsigned char)value[i]);
    json_put_str(out, "value_hex", hex);
    free(hex);
}

static void perm_text(const struct store_perm *p, char *to)
{
    sprintf(to, "%c%u", "nrwb"[p->read + 2 * p->write], p -> domid);
}

static void show_perms(struct json_out *out, const struct store_perm *perms, size_t count)
{
    char text[16];
    size_t i;

    if (out) {
        json_key(out, "permissions");
        json_array(out);
    }
    for (i = 0; i < count; i++) {
        perm_text(&perms[i], text);
        if (out)
            json_value_str(out, text);
        else
            printf("%s%s", i ? "," : "  (", text);
    }
    if (out)
        json_end_array(out);
    else
        putchar(')');
}

struct listing {
    const struct options *o;
    struct json_out *out;
    store_tx_t tx;
};

static int show_node(struct store *s, struct listing *l, const char *path)
{
    struct store_perm *perms = NULL;
    size_t len, count = 0;
    char *value;
    int rc = store_read(s, l->tx, path, &value, &len);

    if (rc)
        return rc;
    if (l->o->perms)
        rc = store_get_perms(s, l->tx, path, &perms, &count);
    if (!rc && l->out) {
        json_object(l->out);
        json_put_str(l->out, "path", path);
        json_value(l->out, value, len);
        if (perms)
            show_perms(l->out, perms, count);
        json_end_object(l->out);
    } else if (!rc) {
        printf("%s = \"", path);
        print_escaped(value, len);
        putchar('"');
        if (perms)
            show_perms(NULL, perms, count);
        putchar('\n');
    }
    free(perms);
    free(value);
    return rc;
}

/* Shows what is below a node. Depth is bounded by the length of a path. */
static int show_below(struct store *s, struct listing *l, const char *path)
{
    char child[STORE_PATH_MAX + 1];
    size_t count, i;
    char **names;
    int rc = store_directory(s, l->tx, path, &names, &count);

    if (rc)
        return rc;
    for (i = 0; !rc && i < count; i++) {
        if (l->o->names) {
            if (l->out)
                json_value_str(l->out, names[i]);
            else
                puts(names[i]);
            continue;
        }
        if (snprintf(child, sizeof(child), "%s/%s", path[1] ? path : "", names[i]) >=
            (int)sizeof(child))
            rc = -ENAMETOOLONG;
        if (!rc)
            rc = show_node(s, l, child);
        if (!rc)
            rc = show_below(s, l, child);
        if (rc == -EACCES) /* somebody else's */
            rc = 0;
    }
    free(names);
    return rc;
}

static int verb_ls(struct store *s, const struct options *o, int argc, char **argv)
{
    const char *path = argc ? argv[0] : "/";
    struct listing l = {.o = o};
    int rc;

    if (argc > 1) {
        fprintf(stderr, "store: ls: one path at a time\n");
        return STATUS_USAGE;
    }
    if (o->json) {
        l.out = json_out_new(true);
        json_array(l.out);
    }
    rc = store_begin(s, &l.tx); /* one state of the tree from start to end */
    if (!rc)
        rc = show_below(s, &l, path);
    if (rc) {
        json_out_free(l.out);
        return fail(path, rc);
    }
    store_end(s, l.tx, false);
    if (l.out) {
        json_end_array(l.out);
        print_json(l.out);
    }
    return STATUS_DONE;
}

static int verb_read(struct store *s, const struct options *o, int argc, char **argv)
{
    struct json_out *out = NULL;
    size_t len;
    char *value;
    int i, rc;

    if (o->json) {
        out = json_out_new(true);
        json_array(out);
    }
    for (i = 0; i < argc; i++) {
        rc = store_read(s, STORE_NO_TX, argv[i], &value, &len);
        if (rc) {
            json_out_free(out);
            return fail(argv[i], rc);
        }
        if (out) {
            json_object(out);
            json_put_str(out, "path", argv[i]);
            json_value(out, value, len);
            json_end_object(out);
        } else {
            fwrite(value, 1, len, stdout);
            putchar('\n');
        }
        free(value);
    }
    if (out) {
        json_end_array(out);
        print_json(out);
    }
    return STATUS_DONE;
}

/* Paths of one command change together or not at all. */
struct batch {
    int (*one)(struct store *s, store_tx_t tx, char **args, const struct options *o);
    const struct options *o;
    char **argv;
    int argc, step;
    const char *failed;
};

static int run_batch(struct store *s, store_tx_t tx, void *arg)
{
    struct batch *b = arg;
    int i, rc;

    for (i = 0; i < b->argc; i += b->step) {
        b->failed = b->argv[i];
        rc = b->one(s, tx, b->argv + i, b->o);
        if (rc)
            return rc;
    }
    return 0;
}

static int batch(struct store *s, struct batch *b)
{
    int rc = store_transact(s, run_batch, b);

    return rc ? fail(b->failed, rc) : STATUS_DONE;
}

static int write_one(struct store *s, store_tx_t tx, char **args, const struct options *o)
{
    (void)o;
    return store_write(s, tx, args[0], args[1]);
}

static int verb_write(struct store *s, const struct options *o, int argc, char **argv)
{
    struct batch b = {write_one, o, argv, argc, 2, ""};

    if (argc % 2) {
        fprintf(stderr, "store: write: a value is missing for %s\n", argv[argc - 1]);
        return STATUS_USAGE;
    }
    return batch(s, &b);
}

static int mkdir_one(struct store *s, store_tx_t tx, char **args, const struct options *o)
{
    (void)o;
    return store_mkdir(s, tx, args[0]);
}

static int verb_mkdir(struct store *s, const struct options *o, int argc, char **argv)
{
    struct batch b = {mkdir_one, o, argv, argc, 1, ""};

    return batch(s, &b);
}

static int rm_one(struct store *s, store_tx_t tx, char **args, const struct options *o)
{
    char *value;
    int rc = store_read(s, tx, args[0], &value, NULL);

    if (rc)
        return rc == -ENOENT && o->force ? 0 : rc;
    free(value);
    return store_rm(s, tx, args[0]);
}

static int verb_rm(struct store *s, const struct options *o, int argc, char **argv)
{
    struct batch b = {rm_one, o, argv, argc, 1, ""};

    return batch(s, &b);
}

struct chmod_args {
    const char *path;
    const struct store_perm *perms;
    size_t count;
    bool recursive;
};

static int chmod_below(struct store *s, store_tx_t tx, const struct chmod_args *a, const char *path)
{
    char child[STORE_PATH_MAX + 1];
    size_t count, i;
    char **names;
    int rc = store_set_perms(s, tx, path, a->perms, a->count);

    if (rc || !a->recursive)
        return rc;
    rc = store_directory(s, tx, path, &names, &count);
    if (rc)
        return rc;
    for (i = 0; !rc && i < count; i++) {
        if (snprintf(child, sizeof(child), "%s/%s", path[1] ? path : "", names[i]) >=
            (int)sizeof(child))
            rc = -ENAMETOOLONG;
        else
            rc = chmod_below(s, tx, a, child);
    }
    free(names);
    return rc;
}

static int chmod_all(struct store *s, store_tx_t tx, void *arg)
{
    const struct chmod_args *a = arg;

    return chmod_below(s, tx, a, a->path);
}

static int parse_perm(const char *text, struct store_perm *p)
{
    const char *letter = *text ? strchr("nrwb", *text) : NULL;
    unsigned long domid;
    char *end;

    if (!letter || text[1] < '0' || text[1] > '9')
        return -EINVAL;
    p->read = *letter == 'r' || *letter == 'b';
    p->write = *letter == 'w' || *letter == 'b';
    domid = strtoul(text + 1, &end, 10);
    p->domid = domid;
    return *end || domid > UINT32_MAX ? -EINVAL : 0;
}

static int verb_chmod(struct store *s, const struct options *o, int argc, char **argv)
{
    struct store_perm perms[argc];
    struct chmod_args a = {argv[0], perms, argc - 1, o->recursive};
    int i, rc;

    for (i = 1; i < argc; i++) {
        if (parse_perm(argv[i], &perms[i - 1])) {
            fprintf(stderr,
                    "store: chmod: %s: not a permission (n, r, w or b and a domain's number)\n",
                    argv[i]);
            return STATUS_USAGE;
        }
    }
    rc = store_transact(s, chmod_all, &a);
    return rc ? fail(argv[0], rc) : STATUS_DONE;
}

static void show_event(const struct options *o, const struct store_event *ev)
{
    if (o->json) {
        struct json_out *out = json_out_new(false);

        json_object(out);
        json_put_str(out, "path", ev->path);
        json_put_str(out, "watch", ev->token);
        json_end_object(out);
        print_json(out);
    } else {
        puts(ev->path);
    }
    fflush(stdout);
}

static long now_ms(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* Each watch's token is its path. The event that comes when a watch begins counts, too. */
static int verb_watch(struct store *s, const struct options *o, int argc, char **argv)
{
    long end = o->seconds < 0 ? -1 : now_ms() + o->seconds * 1000, left, n;
    struct store_event ev;
    int i, rc;

    for (i = 0; i < argc; i++) {
        rc = store_watch(s, argv[i], argv[i]);
        if (rc && rc != -EEXIST)
            return fail(argv[i], rc);
    }
    for (n = 0; !o->count || n < o->count; n++) {
        left = end < 0 ? -1 : end - now_ms();
        rc = end >= 0 && left <= 0 ? 0 : store_wait_event(s, &ev, left);
        if (rc < 0)
            return fail(argv[0], rc);
        if (rc == 0)
            return o->count ? STATUS_TIMEOUT : STATUS_DONE;
        show_event(o, &ev);
        if (ferror(stdout))
            break; /* nobody would see what comes */
    }
    return STATUS_DONE;
}

static int verb_control(struct store *s, const struct options *o, int argc, char **argv)
{
    char *answer;
    int rc = store_control(s, (const char *const *)argv, (size_t)argc, &answer);

    if (rc)
        return fail(argv[0], rc);
    if (o->json) {
        struct json_out *out = json_out_new(true);

        json_value_str(out, answer);
        print_json(out);
    } else {
        printf("%s%s", answer, *answer && answer[strlen(answer) - 1] != '\n' ? "\n" : "");
    }
    free(answer);
    return STATUS_DONE;
}

static const struct verb verbs[] = {
    {"ls", "[-p] [-1] [PATH]", "show all below PATH (-1: only the names of its children)", "p1", 0,
     verb_ls},
    {"read", "PATH...", "show values", "", 1, verb_read},
    {"write", "PATH VALUE [PATH VALUE]...", "set values, all or none", "", 2, verb_write},
    {"mkdir", "PATH...", "make empty nodes", "", 1, verb_mkdir},
    {"rm", "[-f] PATH...", "remove nodes and all below (-f: missing ones are no error)", "f", 1,
     verb_rm},
    {"chmod", "[-r] PATH PERM...",
     "set permissions: n, r, w or b and a domain's number, the owner first", "r", 2, verb_chmod},
    {"watch", "[-n COUNT] [-t SECONDS] PATH...", "show what changes at or below", "n:t:", 1,
     verb_watch},
    {"control", "COMMAND [ARGUMENT]...", "ask the daemon itself: help tells what", "", 1,
     verb_control},
};

#define NR_VERBS (sizeof(verbs) / sizeof(verbs[0]))

static void usage(FILE *f)
{
    size_t i;

    fputs("usage: store [OPTION]... VERB [ARGUMENT]...\n"
          "Looks at the store and changes it.\n\n",
          f);
    for (i = 0; i < NR_VERBS; i++)
        fprintf(f, "  %s %s\n        %s\n", verbs[i].name, verbs[i].args, verbs[i].what);
    fputs("\n  -o, --output json    print JSON\n"
          "      --socket PATH    the daemon's socket (" STORE_SOCKET ")\n"
          "  -h, --help           show this\n"
          "Exit status: 0 done, 1 failed, 2 usage, 5 watch -n ran out of time\n",
          f);
}

static const struct verb *find_verb(const char *name)
{
    size_t i;

    for (i = 0; i < NR_VERBS; i++)
        if (!strcmp(name, verbs[i].name))
            return &verbs[i];
    return NULL;
}

/* A whole number >= 0, or -1. */
static long parse_number(const char *text)
{
    char *end;
    long v = strtol(text, &end, 10);

    return *text && !*end && v >= 0 ? v : -1;
}

static int set_option(struct options *o, int c)
{
    switch (c) {
    case 'p':
        o->perms = true;
        return 0;
    case '1':
        o->names = true;
        return 0;
    case 'r':
        o->recursive = true;
        return 0;
    case 'f':
        o->force = true;
        return 0;
    case 'n':
        o->count = parse_number(optarg);
        return o->count > 0 ? 0 : -EINVAL;
    case 't':
        o->seconds = parse_number(optarg);
        return o->seconds >= 0 && o->seconds <= INT_MAX / 1000 ? 0 : -EINVAL;
    case 'o':
        o->json = !strcmp(optarg, "json");
        return o->json ? 0 : -EINVAL;
    default:
        return -EINVAL;
    }
}

/* Options before the verb are those all take. 0, or the exit status + 1. */
static int parse_options(struct options *o, int argc, char **argv, const char *opts)
{
    static const struct option longs[] = {
        {"output", required_argument, NULL, 'o'},
        {"socket", required_argument, NULL, 'S'},
        {"help", no_argument, NULL, 'h'},
        {NULL, 0, NULL, 0},
    };
    char shorts[32];
    int c;

    snprintf(shorts, sizeof(shorts), "+o:h%s", opts);
    while ((c = getopt_long(argc, argv, shorts, longs, NULL)) != -1) {
        if (c == 'h') {
            usage(stdout);
            return STATUS_DONE + 1;
        }
        if (c == 'S') {
            o->socket_path = optarg;
        } else if (set_option(o, c)) {
            if (c != '?')
                fprintf(stderr, "store: -%c %s: not a valid value\n", c, optarg);
            fputs("store: try store --help\n", stderr);
            return STATUS_USAGE + 1;
        }
    }
    return 0;
}

/* What a verb printed may not have arrived. */
static int finish(int status)
{
    int error = fflush(stdout) ? errno : 0;

    /* Why an earlier write failed is forgotten: ask again. */
    if (ferror(stdout) && !error)
        error = write(STDOUT_FILENO, "\n", 1) < 0 ? errno : EIO;
    if (!error || status)
        return status;
    fprintf(stderr, "store: %s: standard output: cannot be written: %s\n", verb_name,
            strerror(error));
    return STATUS_FAILED;
}

int main(int argc, char **argv)
{
    struct options o = {.seconds = -1};
    const struct verb *verb;
    struct store *s;
    int rc = parse_options(&o, argc, argv, "");

    if (rc)
        return rc - 1;
    if (optind == argc) {
        usage(stderr);
        return STATUS_USAGE;
    }
    verb = find_verb(argv[optind]);
    if (!verb) {
        fprintf(stderr, "store: %s: no such verb (try store --help)\n", argv[optind]);
        return STATUS_USAGE;
    }
    verb_name = verb->name;
    argc -= optind;
    argv += optind;
    optind = 1;
    rc = parse_options(&o, argc, argv, verb->opts);
    if (rc)
        return rc - 1;
    argc -= optind;
    argv += optind;
    if (argc < verb->min_args) {
        fprintf(stderr, "store: usage: store %s %s\n", verb->name, verb->args);
        return STATUS_USAGE;
    }
    rc = store_open(&s, o.socket_path);
    if (rc) {
        fprintf(stderr, "store: %s: %s (does stored run?)\n",
                o.socket_path ? o.socket_path : STORE_SOCKET, strerror(-rc));
        return STATUS_FAILED;
    }
    rc = verb->run(s, &o, argc, argv);
    store_close(s);
    return finish(rc);
}
