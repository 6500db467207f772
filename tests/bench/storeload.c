// SPDX-License-Identifier: GPL-2.0-only
/*
 * storeload SOCKET KIND CONNECTIONS COUNT: gives a store daemon requests, one under way on each of
 * some connections, and prints seconds.
 *   fill   COUNT nodes below /load, 100 to a folder
 *   read   COUNT reads             write  COUNT writes
 *   tx     COUNT transactions, each with a read and a write
 *   watch  CONNECTIONS watches of one node, which is written until COUNT events have come
 *   idle   CONNECTIONS with COUNT watches in all, of nodes of their own; then sleeps until killed
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "pv-abi/io/xs_wire.h"

#define NODES 1000 /* that reads and writes go to */

struct conn {
    int fd, step;
    unsigned int number, tx;
    size_t have;
    char in[8192];
};

static struct conn *conns;
static unsigned int nr_conns;
static long todo, under_way;
static const char *kind;

static void die(const char *what)
{
    fprintf(stderr, "storeload: %s: %s\n", what, strerror(errno));
    exit(1);
}

static void dial(struct conn *c, const char *path)
{
    struct sockaddr_un addr = {.sun_family = AF_UNIX};

    strncpy(addr.sun_path, path, sizeof(addr.sun_path) - 1);
    c->fd = socket(AF_UNIX, SOCK_STREAM, 0);
    while (connect(c->fd, (struct sockaddr *)&addr, sizeof(addr)))
        if (errno != EINTR && errno != EAGAIN)
            die(path);
}

/* @second may be NULL. */
static void ask(struct conn *c, unsigned int type, unsigned int tx, const char *first,
                const char *second, size_t second_len)
{
    struct xsd_sockmsg hdr = {.type = type, .tx_id = tx};
    char buf[4200];
    size_t len = strlen(first) + 1;

    memcpy(buf + sizeof(hdr), first, len);
    if (second)
        memcpy(buf + sizeof(hdr) + len, second, second_len);
    hdr.len = len + second_len;
    memcpy(buf, &hdr, sizeof(hdr));
    if (write(c->fd, buf, sizeof(hdr) + hdr.len) != (ssize_t)(sizeof(hdr) + hdr.len))
        die("write");
}

static void node(char *path, const struct conn *c, long i)
{
    if (!strcmp(kind, "fill"))
        sprintf(path, "/load/%ld/%ld", i / 100, i % 100);
    else
        sprintf(path, "/bench/%ld", (c->number + i * nr_conns) % NODES);
}

/* Begins the connection's next operation, or goes on with it. False: nothing more to do. */
static int next(struct conn *c)
{
    char path[64];

    if (!c->step && !todo)
        return 0;
    node(path, c, todo);
    if (strcmp(kind, "tx")) {
        todo--;
        if (!strcmp(kind, "read"))
            ask(c, XS_READ, 0, path, NULL, 0);
        else
            ask(c, XS_WRITE, 0, path, "a value of some length", 22);
        return 1;
    }
    switch (c->step++) {
    case 0:
        todo--;
        ask(c, XS_TRANSACTION_START, 0, "", NULL, 0);
        break;
    case 1:
        ask(c, XS_READ, c->tx, path, NULL, 0);
        break;
    case 2:
        ask(c, XS_WRITE, c->tx, path, "a value of some length", 22);
        break;
    default:
        c->step = 0;
        ask(c, XS_TRANSACTION_END, c->tx, "T", NULL, 0);
    }
    return 1;
}

/* Takes what has come. The number of whole messages; answers lead to the next request. */
static unsigned int take(struct conn *c, int go_on)
{
    ssize_t n = read(c->fd, c->in + c->have, sizeof(c->in) - c->have);
    unsigned int messages = 0;
    struct xsd_sockmsg hdr;

    if (n <= 0)
        die("the daemon has hung up");
    c->have += n;
    while (c->have >= sizeof(hdr)) {
        memcpy(&hdr, c->in, sizeof(hdr));
        if (c->have < sizeof(hdr) + hdr.len)
            break;
        if (hdr.type == XS_TRANSACTION_START)
            c->tx = strtoul(c->in + sizeof(hdr), NULL, 10);
        if (hdr.type == XS_ERROR && strcmp(c->in + sizeof(hdr), "EAGAIN")) {
            fprintf(stderr, "storeload: %s: %.60s\n", kind, c->in + sizeof(hdr));
            exit(1);
        }
        c->have -= sizeof(hdr) + hdr.len;
        memmove(c->in, c->in + sizeof(hdr) + hdr.len, c->have);
        messages++;
        if (go_on && !next(c))
            under_way--;
    }
    return messages;
}

static double now(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec + t.tv_nsec / 1e9;
}

static int poll_all(void)
{
    int fd = epoll_create1(0);
    unsigned int i;

    for (i = 0; i < nr_conns; i++) {
        struct epoll_event ev = {.events = EPOLLIN, .data.ptr = &conns[i]};

        if (epoll_ctl(fd, EPOLL_CTL_ADD, conns[i].fd, &ev))
            die("epoll");
    }
    return fd;
}

static double requests(void)
{
    struct epoll_event events[64];
    int fd = poll_all(), n, i;
    double start = now();

    for (i = 0; i < (int)nr_conns; i++)
        under_way += next(&conns[i]);
    while (under_way) {
        n = epoll_wait(fd, events, 64, -1);
        for (i = 0; i < n; i++)
            take(events[i].data.ptr, 1);
    }
    return now() - start;
}

/* A watch, and its answer and first event. */
static void watch(struct conn *c, const char *path, const char *token)
{
    unsigned int got = 0;

    ask(c, XS_WATCH, 0, path, token, strlen(token) + 1);
    while (got < 2)
        got += take(c, 0);
}

static double fan_out(const char *socket_path)
{
    struct epoll_event events[64];
    struct conn writer = {0};
    long came = 0, want = 0;
    unsigned int i;
    int fd, n, k;
    double start;

    for (i = 0; i < nr_conns; i++)
        watch(&conns[i], "/bench/watched", "t");
    dial(&writer, socket_path);
    fd = poll_all();
    start = now();
    while (came < todo) {
        ask(&writer, XS_WRITE, 0, "/bench/watched", "x", 1);
        for (want += nr_conns; came < want;) {
            n = epoll_wait(fd, events, 64, -1);
            for (k = 0; k < n; k++)
                came += take(events[k].data.ptr, 0);
        }
        while (!take(&writer, 0))
            ;
    }
    return now() - start;
}

static void idle(void)
{
    char path[64], token[24];
    long i;

    for (i = 0; i < todo; i++) {
        sprintf(path, "/elsewhere/%ld/state", i);
        sprintf(token, "%ld", i);
        watch(&conns[i % nr_conns], path, token);
    }
    puts("idle");
    fflush(stdout);
    for (;;)
        pause();
}

int main(int argc, char **argv)
{
    struct rlimit limit;
    unsigned int i;

    if (argc != 5) {
        fputs("usage: storeload SOCKET fill|read|write|tx|watch|idle CONNECTIONS COUNT\n", stderr);
        return 2;
    }
    getrlimit(RLIMIT_NOFILE, &limit);
    limit.rlim_cur = limit.rlim_max;
    setrlimit(RLIMIT_NOFILE, &limit);
    kind = argv[2];
    nr_conns = atoi(argv[3]);
    todo = atol(argv[4]);
    conns = calloc(nr_conns, sizeof(*conns));
    for (i = 0; i < nr_conns; i++) {
        conns[i].number = i;
        dial(&conns[i], argv[1]);
    }
    if (!strcmp(kind, "idle"))
        idle();
    printf("%.6f\n", !strcmp(kind, "watch") ? fan_out(argv[1]) : requests());
    return 0;
}
