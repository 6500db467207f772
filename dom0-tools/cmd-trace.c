/* SPDX-License-Identifier: GPL-2.0-only */
#include "dom0-tools/domctl.h"

#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "dom0-tools/lib/perfnames.h"
#include "dom0-tools/lib/trace.h"

struct wish {
    const char *path;
    uint32_t mask;        /* 0: all */
    uint64_t records;     /* 0: as domd thinks best */
    unsigned int seconds; /* 0: until interrupted */
    const char *decode;
    bool json;
};

static volatile sig_atomic_t interrupted;

static void on_interrupt(int sig)
{
    interrupted = 1;
}

/* ---- command line */

static bool take_number(const char *text, uint64_t max, uint64_t *n)
{
    char *end;

    *n = strtoull(text, &end, 10);
    return *text >= '0' && *text <= '9' && !*end && *n && *n <= max;
}

static const char *take_option(int opt, struct wish *w)
{
    static char why[256];
    const char *bad;
    uint64_t n;

    switch (opt) {
    case 's':
        if (!take_number(optarg, 86400, &n))
            return "-s needs a number of seconds, 1 to 86400";
        w->seconds = (unsigned int)n;
        return NULL;
    case 'r':
        return take_number(optarg, 1u << 20, &w->records) ? NULL
                                                          : "-r needs a number, 256 to 1048576";
    case 'e':
        if (perf_events_parse(optarg, &w->mask, &bad))
            return NULL;
        snprintf(why, sizeof(why), "-e does not know '%.*s', only %s", (int)strcspn(bad, ","), bad,
                 perf_events_words());
        return why;
    case 'o':
        w->json = !strcmp(optarg, "json");
        return w->json ? NULL : "-o knows only json";
    default:
        w->decode = optarg;
        return strcmp(optarg, "text") && strcmp(optarg, "chrome") ? "-d knows text and chrome"
                                                                  : NULL;
    }
}

/* False with *@status when the verb is over. */
static bool parse(const struct verb *v, int argc, char **argv, struct wish *w, int *status)
{
    static const struct option names[] = {{"seconds", required_argument, NULL, 's'},
                                          {"events", required_argument, NULL, 'e'},
                                          {"records", required_argument, NULL, 'r'},
                                          {"output", required_argument, NULL, 'o'},
                                          {"decode", required_argument, NULL, 'd'},
                                          {"help", no_argument, NULL, 'h'},
                                          {0}};
    const char *why = NULL;
    int opt;

    opterr = 0;
    while (!why && (opt = getopt_long(argc, argv, ":s:e:r:d:o:h", names, NULL)) != -1) {
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
    if (!why && argc - optind != 1)
        why = argc == optind ? "which file?" : "too many arguments";
    if (!why && w->decode && (w->seconds || w->mask || w->records || w->json))
        why = "--decode reads what is there already";
    if (why)
        *status = usage_error(v, why);
    else
        w->path = argv[optind];
    return !why;
}

/* ---- decode */

static int file_error(const char *path, int errnum)
{
    struct err e = {0};

    err_set(&e,
            errnum == ENOENT || errnum == EACCES || errnum == EISDIR ? STATUS_USAGE
                                                                     : err_file_status(errnum),
            path, NULL, "%s", strerror(errnum));
    return fail(&e);
}

static int decode_data(const struct wish *w, const void *data, size_t len)
{
    struct trace_summary s;
    struct err e = {0};

    if (trace_check(data, len, &s, &e) ||
        (strcmp(w->decode, "text") ? trace_chrome(data, len, stdout, &e)
                                   : trace_text(data, len, stdout, &e))) {
        err_prefix(&e, w->path);
        return fail(&e);
    }
    if (!s.cpus_ended)
        fprintf(stderr, "domctl: %s: the file was cut off while it was written\n", w->path);
    return STATUS_DONE;
}

static int decode(const struct wish *w)
{
    int fd = open(w->path, O_RDONLY | O_CLOEXEC), status;
    struct stat st;
    void *data = NULL;

    if (fd < 0 || fstat(fd, &st))
        return file_error(w->path, errno);
    if (S_ISDIR(st.st_mode))
        return file_error(w->path, EISDIR);
    if (st.st_size)
        data = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
    if (data == MAP_FAILED)
        return file_error(w->path, errno);
    status = decode_data(w, data, (size_t)st.st_size);
    if (data)
        munmap(data, (size_t)st.st_size);
    close(fd);
    return status;
}

/* ---- record */

static void add_wish(struct json_out *o, const void *arg)
{
    const struct wish *w = arg;

    if (w->mask)
        json_put_u64(o, "mask", w->mask);
    if (w->records)
        json_put_u64(o, "records", w->records);
}

static int write_all(int fd, const char *p, size_t len)
{
    while (len) {
        ssize_t n = write(fd, p, len);

        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return -errno;
        p += n;
        len -= (size_t)n;
    }
    return 0;
}

/* What comes from domd, into the file; after the time or Ctrl-C, what is left. */
static int copy_trace(const struct wish *w, int from, int to)
{
    int64_t end = w->seconds ? now_ms() + w->seconds * 1000ll : INT64_MAX;
    static char buf[1 << 16];
    bool asked = false;

    for (;;) {
        struct pollfd p = {.fd = from, .events = POLLIN};
        int64_t left = end - now_ms();
        ssize_t n;
        int rc;

        if (!asked && (interrupted || left <= 0)) {
            shutdown(from, SHUT_WR);
            asked = true;
        }
        rc = poll(&p, 1, asked ? -1 : left < 1000 ? (int)left : 1000);
        if (rc <= 0)
            continue;
        n = read(from, buf, sizeof(buf));
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return asked && !n ? 0 : -EPIPE;
        rc = write_all(to, buf, (size_t)n);
        if (rc)
            return rc;
    }
}

static int tell(const char *path, const struct trace_summary *s)
{
    struct json_out *o = json_out_new(true);
    int status;

    json_object(o);
    json_put_str(o, "file", path);
    json_put_u64(o, "records", s->records);
    json_put_u64(o, "lost", s->lost);
    json_end_object(o);
    status = print_text(o);
    json_out_free(o);
    return status;
}

/* Says what came of it. */
static int sum_up(const char *path, int fd, bool json)
{
    struct trace_summary s = {0};
    struct err e = {0};
    struct stat st;
    void *data;

    if (fstat(fd, &st) || !S_ISREG(st.st_mode))
        return STATUS_DONE; /* a pipe */
    data = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
    if (data == MAP_FAILED)
        return file_error(path, errno);
    if (trace_check(data, (size_t)st.st_size, &s, &e)) {
        err_prefix(&e, path);
        return fail(&e);
    }
    munmap(data, (size_t)st.st_size);
    if (json)
        return tell(path, &s);
    fprintf(stderr, "%s: %" PRIu64 " records, %" PRIu64 " lost%s\n", path, s.records, s.lost,
            s.lost ? " (fewer --events, or more --records)" : "");
    return STATUS_DONE;
}

static int record(const struct wish *w)
{
    struct sigaction sa = {.sa_handler = on_interrupt};
    struct err e = {0};
    int to, from, rc, status;

    sigaction(SIGINT, &sa, NULL);
    sigaction(SIGTERM, &sa, NULL);
    from = ask_domd_stream("trace", add_wish, w, &e);
    if (from < 0)
        return fail(&e);
    to = open(w->path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (to < 0) {
        rc = errno;
        close(from);
        return file_error(w->path, rc);
    }
    rc = copy_trace(w, from, to);
    close(from);
    if (rc)
        status = rc == -EPIPE ? fail((err_set(&e, STATUS_FAILED, "domd", "see its log",
                                              "it ended; so does the trace"),
                                      &e))
                              : file_error(w->path, -rc);
    else
        status = sum_up(w->path, to, w->json);
    close(to);
    return status;
}

int cmd_trace(const struct verb *v, int argc, char **argv)
{
    struct wish w = {0};
    int status;

    if (!parse(v, argc, argv, &w, &status))
        return status;
    return w.decode ? decode(&w) : record(&w);
}
