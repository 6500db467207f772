/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * domctl bench: what this host offers, measured by the programs of `make bench`, which lie beside domctl
 * in ../libexec/pavo/bench. They print lines that lib/benchdoc.c makes results of. On plain Linux and in
 * Xen's dom0 it measures what those offer, so that the results can be merged.
 */
#include "dom0-tools/domctl.h"

#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <limits.h>
#include <inttypes.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "dom0-tools/lib/amount.h"
#include "dom0-tools/lib/benchdoc.h"
#include "dom0-tools/lib/file.h"
#include "dom0-tools/lib/machine.h"

#define MERGE_MAX 8
#define CELLS_MAX 8
#define PATH_SIZE 512
#define GUEST_S   60 /* to make a guest and to end it, beside what it does */
#define END_S     60 /* for a workload that is told to end: it ends its guests first */

/* ---- what there is to measure */

enum host { HOST_LINUX = 1, HOST_PTI = 2, HOST_PAVO = 4, HOST_XEN = 8 };

/* What a workload must say of itself before its figures are believed. */
struct wanted {
    const char *fact, *word; /* contains the word; after a '!' does not */
};

static const struct wanted on_linux[] = {{"hypervisor", "none"}, {NULL, NULL}};
static const struct wanted on_pavo[] = {
    {"hypervisor", "xen"}, {"version", "pavo"}, {"guest-type", "PV"}, {NULL, NULL}};
static const struct wanted on_xen[] = {
    {"hypervisor", "xen"}, {"version", "!pavo"}, {"guest-type", "PV"}, {NULL, NULL}};

/* A cell: a workload where local.sh can run it. */
static const struct offer {
    int hosts;
    const char *config, *workload;
    const char *where; /* first argument of local.sh */
    bool guests;       /* makes guests itself */
    const struct wanted *facts;
} offers[] = {
    {HOST_LINUX, "native", "micro", "here", false, on_linux},
    {HOST_PTI, "native-pti", "micro", "here", false, on_linux},
    {HOST_PAVO, "pavo-dom0", "micro", "here", false, on_pavo},
    {HOST_PAVO, "pavo-guest", "micro", "pavo", false, on_pavo},
    {HOST_PAVO, "pavo-guest", "pv", "pavo", false, on_pavo},
    {HOST_PAVO, "pavo-dom0", "life", "here", true, on_pavo},
    {HOST_XEN, "xen-dom0", "micro", "here", false, on_xen},
    {HOST_XEN, "xen-guest", "micro", "xen type=\"pv\"", false, on_xen},
    {HOST_XEN, "xen-guest", "pv", "xen type=\"pv\"", false, on_xen},
    {HOST_XEN, "xen-dom0", "life", "here", true, on_xen},
};

#define NR_OFFERS (sizeof(offers) / sizeof(offers[0]))

struct wish {
    const char *size;
    uint64_t rounds; /* 0: as the sizes say */
    const char *merge[MERGE_MAX];
    size_t nr_merge;
    const char *kernel;
    bool report, json;
    char **words; /* cells, up to NULL */
};

struct bench {
    const struct wish *w;
    struct machine machine;
    struct bench_results results;
    struct bench_cell cells[CELLS_MAX];
    const struct offer *plan[CELLS_MAX];
    struct json *sizes_file;
    const struct json *sizes;
    char files[PATH_SIZE], work[96], kernel[PATH_MAX];
};

static volatile sig_atomic_t interrupted;

static void on_interrupt(int sig)
{
    interrupted = 1;
}

/* ---- command line */

static const char *take_option(int opt, struct wish *w)
{
    switch (opt) {
    case 's':
        w->size = optarg;
        return strcmp(optarg, "full") && strcmp(optarg, "quick") && strcmp(optarg, "tiny")
                   ? "--size knows full, quick and tiny"
                   : NULL;
    case 'r':
        return number_parse(&w->rounds, optarg) && w->rounds && w->rounds <= BENCH_ROUNDS
                   ? NULL
                   : "--rounds needs a number, 1 to 32";
    case 'm':
        if (w->nr_merge == MERGE_MAX)
            return "too many --merge";
        w->merge[w->nr_merge++] = optarg;
        return NULL;
    case 'k':
        w->kernel = optarg;
        return NULL;
    case 'R':
        w->report = true;
        return NULL;
    default:
        w->json = !strcmp(optarg, "json");
        return w->json ? NULL : "-o knows only json";
    }
}

/* False with *@status when the verb is over. */
static bool parse(const struct verb *v, int argc, char **argv, struct wish *w, int *status)
{
    static const struct option names[] = {
        {"size", required_argument, NULL, 's'},  {"rounds", required_argument, NULL, 'r'},
        {"merge", required_argument, NULL, 'm'}, {"kernel", required_argument, NULL, 'k'},
        {"report", no_argument, NULL, 'R'},      {"output", required_argument, NULL, 'o'},
        {"help", no_argument, NULL, 'h'},        {0}};
    const char *why = NULL;
    int opt;

    opterr = 0;
    while (!why && (opt = getopt_long(argc, argv, ":s:r:m:k:o:h", names, NULL)) != -1) {
        if (opt == 'h') {
            *status = show_help(v);
            return false;
        }
        if (opt == '?' || opt == ':') {
            *status = refuse_option(v, argv[optind - 1], opt == ':');
            return false;
        }
        why = take_option(opt, w);
    }
    w->words = argv + optind;
    if (!why && w->report && (!w->nr_merge || *w->words))
        why = "--report measures nothing; it needs --merge FILE";
    if (why)
        *status = usage_error(v, why);
    return !why;
}

/* ---- what this host is */

static bool read_word(const char *path, char *buf, size_t size)
{
    FILE *f = fopen(path, "re");
    bool ok;

    *buf = '\0';
    if (!f)
        return false;
    ok = fgets(buf, (int)size, f) != NULL;
    fclose(f);
    buf[strcspn(buf, "\n")] = '\0';
    return ok;
}

static bool has_pti(void)
{
    char line[4096] = "";
    FILE *f = fopen("/proc/cpuinfo", "re");
    bool found = false;

    while (f && !found && fgets(line, sizeof(line), f))
        found = !strncmp(line, "flags", 5) && strstr(line, " pti ");
    if (f)
        fclose(f);
    return found;
}

/* Which host this is; its version into @r. */
static enum host find_host(struct bench_results *r)
{
    static const char folder[] = "/sys/hypervisor";
    char path[64], type[16], major[16], minor[16], extra[32];

    strcpy(r->pavo, "none");
    strcpy(r->xen, "none");
    snprintf(path, sizeof(path), "%s/type", folder);
    if (!read_word(path, type, sizeof(type)) || strcmp(type, "xen"))
        return has_pti() ? HOST_PTI : HOST_LINUX;
    snprintf(path, sizeof(path), "%s/version/major", folder);
    read_word(path, major, sizeof(major));
    snprintf(path, sizeof(path), "%s/version/minor", folder);
    read_word(path, minor, sizeof(minor));
    snprintf(path, sizeof(path), "%s/version/extra", folder);
    read_word(path, extra, sizeof(extra));
    snprintf(strstr(extra, "pavo") ? r->pavo : r->xen, sizeof(r->pavo), "%s.%s%s", major, minor,
             extra);
    return strstr(extra, "pavo") ? HOST_PAVO : HOST_XEN;
}

/* ---- what it needs */

static int nothing_there(const char *what, const char *hint, struct err *e)
{
    return err_set(e, STATUS_FAILED, what, hint, "%s", strerror(errno));
}

/* The folder of the programs: beside the one that domctl is in. */
static int find_files(struct bench *b, struct err *e)
{
    ssize_t n = readlink("/proc/self/exe", b->files, sizeof(b->files) - 64);
    char path[PATH_SIZE + 16], *slash;
    int i;

    b->files[n > 0 ? n : 0] = '\0';
    for (i = 0; i < 2 && (slash = strrchr(b->files, '/')); i++)
        *slash = '\0';
    strcat(b->files, "/libexec/pavo/bench");
    snprintf(path, sizeof(path), "%s/local.sh", b->files);
    if (access(path, X_OK))
        return nothing_there(b->files, "`make install` puts the programs of the bench there", e);
    return 0;
}

/* The kernel of guests: the one that runs here, so that only what is below it differs. */
static int find_kernel(struct bench *b, struct err *e)
{
    struct utsname u;

    uname(&u);
    snprintf(b->results.linux_, sizeof(b->results.linux_), "%.64s %.100s", u.release, u.version);
    if (b->w->kernel) {
        if (access(b->w->kernel, R_OK) || !realpath(b->w->kernel, b->kernel))
            return err_set(e, STATUS_USAGE, b->w->kernel, NULL, "%s", strerror(errno));
        return 0;
    }
    snprintf(b->kernel, sizeof(b->kernel), "%s/vmlinuz", b->files);
    if (!access(b->kernel, R_OK))
        return 0;
    snprintf(b->kernel, sizeof(b->kernel), "/boot/vmlinuz-%s", u.release);
    return access(b->kernel, R_OK)
               ? nothing_there(b->kernel, "--kernel names that of the guests", e)
               : 0;
}

static int read_sizes(struct bench *b, struct err *e)
{
    char path[PATH_SIZE + 16];
    struct file f;

    snprintf(path, sizeof(path), "%s/sizes.json", b->files);
    if (file_read(&f, "sizes", path, 1 << 20, 0, e))
        return -1;
    b->sizes_file = json_parse((const char *)f.data, f.len);
    file_free(&f);
    b->sizes = json_get(b->sizes_file, b->w->size);
    return b->sizes ? 0 : err_set(e, STATUS_FAILED, path, NULL, "has no size %s", b->w->size);
}

static uint64_t size_of(const struct bench *b, const char *workload, const char *key,
                        uint64_t other)
{
    uint64_t n = other;

    json_get_u64(json_get(b->sizes, workload), key, &n);
    return n;
}

/* A word is CONFIG/WORKLOAD, or one of the two, with * for any. */
static bool names_offer(const char *word, const struct offer *o)
{
    size_t len = strcspn(word, "/");
    const char *second = word[len] ? word + len + 1 : NULL;

    if (!second)
        return !strcmp(word, "*") || !strcmp(word, o->config) || !strcmp(word, o->workload);
    return (!strncmp(word, "*", len) ||
            (strlen(o->config) == len && !strncmp(word, o->config, len))) &&
           (!strcmp(second, "*") || !strcmp(second, o->workload));
}

/* Fills the plan. */
static int choose(struct bench *b, enum host host, struct err *e)
{
    char all[256] = "";
    size_t i, k;

    for (i = 0; i < NR_OFFERS; i++) {
        const struct offer *o = &offers[i];
        bool wanted = !*b->w->words;

        if (!(o->hosts & (int)host) || !json_get(b->sizes, o->workload))
            continue;
        snprintf(all + strlen(all), sizeof(all) - strlen(all), " %s/%s", o->config, o->workload);
        for (k = 0; b->w->words[k]; k++)
            wanted |= names_offer(b->w->words[k], o);
        if (!wanted)
            continue;
        b->cells[b->results.nr].config = o->config;
        b->cells[b->results.nr].workload = o->workload;
        b->plan[b->results.nr++] = o;
    }
    for (k = 0; b->w->words[k]; k++) {
        for (i = 0; i < b->results.nr && !names_offer(b->w->words[k], b->plan[i]); i++)
            ;
        if (i == b->results.nr)
            return err_set(e, STATUS_USAGE, b->w->words[k], NULL,
                           "no such cell on this host, only%s", all);
    }
    return 0;
}

/* ---- the folder that a workload runs in */

static void remove_work(struct bench *b)
{
    static const char *const names[] = {"run.sh", "local.sh", "life.sh",   "micro",  "mini",
                                        "inside", "vmlinuz",  "args",      "guests", "image",
                                        "said",   "cfg",      "bench/args"};
    char path[128];
    size_t i;

    if (!*b->work)
        return;
    for (i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        snprintf(path, sizeof(path), "%s/%s", b->work, names[i]);
        unlink(path);
    }
    snprintf(path, sizeof(path), "%s/bench", b->work);
    rmdir(path);
    rmdir(b->work);
}

static int link_as(const struct bench *b, const char *name, const char *target, struct err *e)
{
    char at[128];

    snprintf(at, sizeof(at), "%s/%s", b->work, name);
    return symlink(target, at) ? nothing_there(at, NULL, e) : 0;
}

/* A folder with the programs, for what they write beside. */
static int make_work(struct bench *b, struct err *e)
{
    static const char *const names[] = {"run.sh", "local.sh", "life.sh", "micro", "mini", "inside"};
    const char *folder = getenv("TMPDIR");
    char target[PATH_SIZE + 16];
    size_t i;

    if (!folder || !*folder || strlen(folder) > 64)
        folder = "/tmp";
    snprintf(b->work, sizeof(b->work), "%s/domctl-bench.XXXXXX", folder);
    if (!mkdtemp(b->work)) {
        *b->work = '\0';
        return nothing_there(folder, NULL, e);
    }
    setenv("WORK", b->work, 1);
    for (i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        snprintf(target, sizeof(target), "%s/%s", b->files, names[i]);
        if (link_as(b, names[i], target, e))
            return -1;
    }
    return link_as(b, "vmlinuz", b->kernel, e);
}

/* Writes one line; -1 with @why when it cannot. */
static int write_line(const struct bench *b, const char *name, const char *line, char *why,
                      size_t size)
{
    char path[128];
    FILE *f;
    bool bad;

    snprintf(path, sizeof(path), "%s/%s", b->work, name);
    f = fopen(path, "we");
    bad = !f || fprintf(f, "%s\n", line) < 0;
    if (f && fclose(f))
        bad = true;
    if (bad)
        snprintf(why, size, "%s: %s", path, strerror(errno));
    return bad ? -1 : 0;
}

/* What local.sh and run.sh shall do, in their files "args" and "guests". */
static int write_orders(const struct bench *b, const struct offer *o, char *why, size_t why_size)
{
    const struct json *rows = json_get(json_get(b->sizes, o->workload), "rows"), *count;
    char line[2048], path[128];
    const char *name;
    uint64_t n;
    size_t i, at;

    at = (size_t)snprintf(line, sizeof(line), "%s", o->workload);
    if (rows)
        at += (size_t)snprintf(line + at, sizeof(line) - at, " %" PRIu64,
                               size_of(b, o->workload, "reps", 1));
    for (i = 0; (count = json_member(rows, i, &name)) && at < sizeof(line) - 64; i++)
        if (json_u64(count, &n))
            at += (size_t)snprintf(line + at, sizeof(line) - at, " %.32s=%" PRIu64, name, n);
    if (write_line(b, "args", line, why, why_size))
        return -1;
    snprintf(path, sizeof(path), "%s/guests", b->work);
    unlink(path);
    if (!o->guests)
        return 0;
    snprintf(line, sizeof(line), "%s %" PRIu64 " %" PRIu64 " %" PRIu64 " %" PRIu64, o->workload,
             size_of(b, o->workload, "samples", 1), size_of(b, o->workload, "guests", 1),
             size_of(b, o->workload, "guest_mib", 128), b->machine.memory_mib);
    return write_line(b, "guests", line, why, why_size);
}

/* ---- one run */

static void stamp(char text[24])
{
    time_t t = time(NULL);
    struct tm tm;

    strftime(text, 24, "%Y-%m-%dT%H:%M:%SZ", gmtime_r(&t, &tm));
}

/* Whether no guest takes part. */
static bool is_here(const struct offer *o)
{
    return !o->guests && !strcmp(o->where, "here");
}

/* In the child: local.sh, with its output into @out. */
static void run_local_sh(const struct bench *b, const struct offer *o, int out)
{
    char seconds[24], memory[24];
    int null = open("/dev/null", O_RDWR);
    cpu_set_t one;

    setpgid(0, 0);
    signal(SIGINT, SIG_DFL);
    signal(SIGTERM, SIG_DFL);
    if (chdir(b->work) || dup2(null, 0) < 0 || dup2(out, 1) < 0 || dup2(null, 2) < 0)
        _exit(126);
    if (is_here(o)) { /* a guest has one CPU, too */
        CPU_ZERO(&one);
        CPU_SET(sched_getcpu(), &one);
        sched_setaffinity(0, sizeof(one), &one);
    }
    snprintf(seconds, sizeof(seconds), "%" PRIu64, size_of(b, o->workload, "seconds", 600));
    snprintf(memory, sizeof(memory), "%" PRIu64, size_of(b, "machine", "guest_mib", 512));
    execl("./local.sh", "local.sh", o->where, seconds, memory, (char *)NULL);
    _exit(127);
}

/* The whole lines in @buf; what is left of the last moves to its start. Returns its length. */
static size_t take_lines(struct bench_round *r, char *buf, size_t len)
{
    char *from = buf, *end;

    buf[len] = '\0';
    while ((end = memchr(from, '\n', len - (size_t)(from - buf)))) {
        *end = '\0';
        bench_line(r, from);
        from = end + 1;
    }
    len -= (size_t)(from - buf);
    memmove(buf, from, len);
    return len;
}

/*
 * Reads until all who may write have ended. After @seconds, or when interrupted, they are told to end;
 * what does not within END_S is killed.
 */
static void listen_to(struct bench_round *r, int from, pid_t pid, uint64_t seconds)
{
    int64_t end = now_ms() + (int64_t)seconds * 1000;
    bool told = false;
    char buf[4096];
    size_t len = 0;
    ssize_t n;

    for (;;) {
        struct pollfd p = {.fd = from, .events = POLLIN};

        if (now_ms() >= end || (interrupted && !told)) {
            if (!told && !interrupted)
                snprintf(r->why, sizeof(r->why), "no end within %" PRIu64 " s", seconds);
            kill(-pid, told ? SIGKILL : SIGTERM);
            end = now_ms() + END_S * 1000;
            told = true;
        }
        if (poll(&p, 1, 200) <= 0)
            continue;
        n = read(from, buf + len, sizeof(buf) - 1 - len);
        if (n <= 0)
            return;
        len = take_lines(r, buf, len + (size_t)n);
        if (len == sizeof(buf) - 1)
            len = 0; /* no line of ours is so long */
    }
}

static void check_facts(struct bench_round *r, const struct offer *o)
{
    const struct wanted *w;

    for (w = o->facts; w->fact && !*r->why; w++) {
        const char *value = bench_fact(r, w->fact);
        bool absent = *w->word == '!';

        if (!value)
            snprintf(r->why, sizeof(r->why), "does not say its %s", w->fact);
        else if (!strstr(value, w->word + absent) != absent)
            snprintf(r->why, sizeof(r->why), "is not %s: %s is '%s'", o->config, w->fact, value);
    }
}

/* Each row that was asked for is there. */
static void check_rows(struct bench_round *r, const struct bench *b, const struct offer *o)
{
    const struct json *rows = json_get(json_get(b->sizes, o->workload), "rows");
    const char *name;
    size_t i;

    for (i = 0; json_member(rows, i, &name) && !*r->why; i++)
        if (!bench_row(r, name))
            snprintf(r->why, sizeof(r->why), "no %s", name);
    if (!*r->why && !r->nr_rows)
        snprintf(r->why, sizeof(r->why), "no figures");
}

static int measure(struct bench *b, const struct offer *o, struct bench_round *r)
{
    int64_t began = now_ms();
    uint64_t seconds;
    int fds[2];
    pid_t pid;

    if (getloadavg(&r->load, 1) != 1)
        r->load = 0;
    if (write_orders(b, o, r->why, sizeof(r->why)))
        return -1;
    if (pipe2(fds, O_CLOEXEC) || (pid = fork()) < 0) {
        snprintf(r->why, sizeof(r->why), "%s", strerror(errno));
        return -1;
    }
    if (!pid)
        run_local_sh(b, o, fds[1]);
    setpgid(pid, pid); /* whoever comes first */
    close(fds[1]);
    seconds = size_of(b, o->workload, "seconds", 600);
    listen_to(r, fds[0], pid, is_here(o) ? seconds : seconds + GUEST_S);
    close(fds[0]);
    while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
        ;
    stamp(r->when);
    r->seconds = (double)(now_ms() - began) / 1000;
    if (interrupted)
        snprintf(r->why, sizeof(r->why), "interrupted");
    if (!*r->why && !r->ended)
        snprintf(r->why, sizeof(r->why), "did not come to its end");
    check_facts(r, o);
    check_rows(r, b, o);
    return *r->why ? -1 : 0;
}

/* ---- the whole */

/* What a cell's figures depend on. */
static uint64_t fingerprint(const struct bench *b, const struct offer *o)
{
    static const char *const names[] = {"micro",   "run.sh", "local.sh",
                                        "life.sh", "inside", "sizes.json"};
    uint64_t hash = fnv1a(FNV_START, o->where, strlen(o->where));
    char path[PATH_SIZE + 16];
    struct err e = {0};
    struct file f;
    size_t i;

    hash = fnv1a(hash, b->results.linux_, strlen(b->results.linux_));
    hash = fnv1a(hash, b->results.pavo, strlen(b->results.pavo));
    hash = fnv1a(hash, b->results.xen, strlen(b->results.xen));
    hash = fnv1a(hash, b->w->size, strlen(b->w->size));
    for (i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        snprintf(path, sizeof(path), "%s/%s", b->files, names[i]);
        if (file_read(&f, "", path, 256u << 20, 1, &e))
            continue;
        hash = fnv1a(hash, f.data, f.len);
        file_free(&f);
    }
    return hash;
}

/* One more round of a cell; a cell that failed is left alone. */
static void measure_cell(struct bench *b, size_t i, uint64_t round, uint64_t rounds)
{
    struct bench_cell *c = &b->cells[i];
    struct bench_round *r;

    if (*c->why)
        return;
    fprintf(stderr, "%s/%s, round %" PRIu64 " of %" PRIu64 " ...\n", c->config, c->workload, round,
            rounds);
    r = calloc(1, sizeof(*r));
    if (!r)
        snprintf(c->why, sizeof(c->why), "out of memory");
    else if (measure(b, b->plan[i], r))
        snprintf(c->why, sizeof(c->why), "%s", r->why);
    stamp(c->when);
    if (!*c->why) {
        c->rounds[c->nr_rounds++] = r;
        fprintf(stderr, "%s/%s: %.0f s\n", c->config, c->workload, r->seconds);
        return;
    }
    free(r);
    fprintf(stderr, "%s/%s: FAILED: %s\n", c->config, c->workload, c->why);
}

static void measure_all(struct bench *b)
{
    uint64_t most = b->w->rounds, k, rounds;
    struct sigaction sa = {.sa_handler = on_interrupt};
    size_t i;

    sigaction(SIGINT, &sa, NULL);
    sigaction(SIGTERM, &sa, NULL);
    sigaction(SIGHUP, &sa, NULL);
    for (i = 0; i < b->results.nr; i++)
        b->cells[i].fingerprint = fingerprint(b, b->plan[i]);
    /* Cells take turns, so that whatever else the machine does hurts all alike. */
    for (k = 0; k < (most ? most : BENCH_ROUNDS) && !interrupted; k++)
        for (i = 0; i < b->results.nr && !interrupted; i++) {
            rounds = size_of(b, b->plan[i]->workload, "rounds", 0);
            if (!rounds && !json_get_u64(b->sizes, "rounds", &rounds))
                rounds = 1;
            if (most)
                rounds = most;
            if (k < rounds)
                measure_cell(b, i, k + 1, rounds);
        }
    stamp(b->results.ended);
    b->results.complete = !interrupted;
    /* Those that had no turn are not in the results. */
    while (interrupted && b->results.nr && !*b->cells[b->results.nr - 1].when)
        b->results.nr--;
}

/* Others that run here take from what is measured. */
static void warn_of_guests(enum host host)
{
    struct err e = {0};
    struct json *list = host == HOST_PAVO ? list_domains(NULL, 0, true, &e) : NULL;
    size_t others = json_length(list);

    if (others > 1)
        fprintf(stderr,
                "domctl: bench: warning: %zu other guests run here, and take part in each figure\n",
                others - 1);
    json_free(list);
}

/* The document of what was measured now. */
static struct json *measured(struct bench *b)
{
    struct json_out *o = json_out_new(false);
    struct json *doc = NULL;
    const char *text;
    size_t len;

    if (o) {
        bench_write(o, &b->results);
        text = json_text(o, &len);
        doc = text ? json_parse(text, len) : NULL;
    }
    json_out_free(o);
    return doc;
}

static int print_tables(const struct json *doc)
{
    char *text = NULL, *p;
    size_t len;
    FILE *f = open_memstream(&text, &len);

    if (f) {
        bench_report(f, doc);
        fclose(f);
    }
    for (p = text; p && *p; p++) /* words of a file may hold anything */
        if ((*p > 0 && *p < 0x20 && *p != '\n') || *p == 0x7f)
            *p = '?';
    if (text)
        fputs(text, stdout);
    else
        fputs("domctl: bench: out of memory\n", stderr);
    free(text);
    return text ? STATUS_DONE : STATUS_FAILED;
}

/* All documents as one, as tables or JSON. */
static int tell(const struct json **docs, size_t nr, bool json)
{
    struct json_out *o = json_out_new(json);
    struct json *all = NULL;
    const char *text = NULL;
    int status = STATUS_FAILED;
    size_t len;

    if (o) {
        bench_merge(o, docs, nr);
        text = json_text(o, &len);
    }
    if (text)
        all = json_parse(text, len);
    if (!all)
        fputs("domctl: bench: out of memory\n", stderr);
    else
        status = json ? print_text(o) : print_tables(all);
    if (status == STATUS_DONE && !interrupted && bench_failed(all)) {
        fprintf(stderr, "domctl: bench: %zu of the cells failed\n", bench_failed(all));
        status = STATUS_FAILED;
    }
    json_free(all);
    json_out_free(o);
    return status;
}

/* Everything that can be refused before it is measured. */
static int prepare(struct bench *b, struct err *e)
{
    enum host host = find_host(&b->results);

    if (find_files(b, e) || read_sizes(b, e) || choose(b, host, e) || find_kernel(b, e) ||
        make_work(b, e))
        return -1;
    warn_of_guests(host);
    return 0;
}

static void clean(struct bench *b, struct json **docs, size_t nr)
{
    size_t i, k;

    remove_work(b);
    for (i = 0; i < nr; i++)
        json_free(docs[i]);
    for (i = 0; i < CELLS_MAX; i++)
        for (k = 0; k < b->cells[i].nr_rounds; k++)
            free(b->cells[i].rounds[k]);
    json_free(b->sizes_file);
}

int cmd_bench(const struct verb *v, int argc, char **argv)
{
    struct wish w = {.size = "full"};
    struct json *docs[MERGE_MAX + 1] = {NULL};
    struct err e = {0};
    static struct bench b;
    int status = STATUS_DONE;
    const char *id, *size;
    size_t i, nr = 0;

    if (!parse(v, argc, argv, &w, &status))
        return status;
    b.w = &w;
    machine_read(&b.machine);
    b.results = (struct bench_results){.size = w.size, .machine = &b.machine, .cells = b.cells};
    /* Files first: a wrong one shall not be found out after an hour. */
    id = w.report ? NULL : b.machine.id;
    size = w.report ? NULL : w.size;
    for (i = 0; i < w.nr_merge && !e.status; i++) {
        docs[i + 1] = bench_load(w.merge[i], id, size, &e);
        if (!id) {
            id = json_get_str(json_get(docs[1], "machine"), "id");
            size = json_get_str(docs[1], "size");
        }
    }
    nr = i;
    if (!e.status && !w.report && !prepare(&b, &e)) {
        stamp(b.results.started);
        measure_all(&b);
        docs[0] = measured(&b);
        if (!docs[0])
            err_set(&e, STATUS_FAILED, "bench", NULL, "out of memory");
    }
    status =
        e.status ? fail(&e) : tell((const struct json **)docs + w.report, nr + !w.report, w.json);
    if (interrupted) {
        fputs("domctl: bench: interrupted\n", stderr);
        status = STATUS_FAILED;
    }
    clean(&b, docs, nr + 1);
    return status;
}
