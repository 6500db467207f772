// SPDX-License-Identifier: GPL-2.0-only
/*
 * stored: the store's daemon. Options, sockets and the poll loop.
 *
 * One turn of the loop: take what epoll and the event channels report, then handle requests of
 * each connection on the ready list, a bounded number; make durable what they did; then send what
 * there is to send. Whoever has more to do goes to the end of the list. So no connection, however
 * busy, keeps the others waiting.
 */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "dom0-tools/lib/crash.h"
#include "dom0-tools/lib/ready.h"
#include "pv-abi/io/xs_wire.h"
#include "xenstore-like/alloc.h"
#include "xenstore-like/conn.h"
#include "xenstore-like/domain.h"
#include "xenstore-like/links.h"
#include "xenstore-like/log.h"
#include "xenstore-like/ring.h"
#include "xenstore-like/state.h"
#include "xenstore-like/stored.h"

#define DEFAULT_SOCKET    "/run/xenstored/socket"
#define DEFAULT_STATE     "/run/xenstored/state"
#define VERSION           "1.0"
#define MESSAGES_PER_TURN 16
#define PORTS_PER_TURN    256
#define ACCEPTS_PER_TURN  64
#define EVENTS_PER_TURN   128
#define PARTS_PER_WRITE   64
#define SPARE_NODES       256

/*
 * A socket: conn->carrier. Rings have none. epoll tells each change once: what it told is remembered
 * here until it is known to be over.
 */
struct carrier {
    int fd;
    uint32_t polled; /* what epoll watches for */
    bool readable;   /* there may be something to take */
    bool ending;     /* the other side has hung up: what it sent before is still taken */
};

struct options {
    const char *socket_path, *log_path, *state_path;
    bool verbose, no_kernel;
};

static struct stored st;
static struct links *links;
static int epoll_fd, listen_fd, signal_fd;
static int spare_fd; /* given up to refuse a connection when descriptors run out */
static bool stopping;

/* What epoll's data points to, for what is no connection. */
static char is_listen, is_links, is_signal;

static void usage(FILE *f)
{
    fputs("usage: stored [-v] [-o FILE] [--socket PATH] [--state FILE] [--no-kernel]\n"
          "Serves the store: to programs of dom0 on a socket, to dom0's kernel and to guests on\n"
          "shared rings. Stays in the foreground.\n"
          "  -o, --log FILE       append the log to FILE instead of stderr\n"
          "  -v, --verbose        log every message\n"
          "      --socket PATH    socket to serve (" DEFAULT_SOCKET ")\n"
          "      --state FILE     keep the state there (" DEFAULT_STATE "; without the kernel:\n"
          "                       nowhere), on a tmpfs, and carry on with what is found\n"
          "      --no-kernel      socket only: no hypervisor, no rings (for tests)\n"
          "      --crash-at N     end at the N-th step that lasts, as if killed (for tests)\n"
          "  -h, --help           show this\n"
          "      --version        show the version\n",
          f);
}

static int parse_options(int argc, char **argv, struct options *o)
{
    enum { OPT_SOCKET = 256, OPT_STATE, OPT_NO_KERNEL, OPT_CRASH_AT, OPT_VERSION };
    static const struct option longs[] = {
        {"log", required_argument, NULL, 'o'},
        {"verbose", no_argument, NULL, 'v'},
        {"socket", required_argument, NULL, OPT_SOCKET},
        {"state", required_argument, NULL, OPT_STATE},
        {"crash-at", required_argument, NULL, OPT_CRASH_AT},
        {"no-kernel", no_argument, NULL, OPT_NO_KERNEL},
        {"help", no_argument, NULL, 'h'},
        {"version", no_argument, NULL, OPT_VERSION},
        {NULL, 0, NULL, 0},
    };
    int c;

    *o = (struct options){.socket_path = DEFAULT_SOCKET};
    while ((c = getopt_long(argc, argv, "o:vh", longs, NULL)) != -1) {
        switch (c) {
        case 'o':
            o->log_path = optarg;
            break;
        case 'v':
            o->verbose = true;
            break;
        case OPT_SOCKET:
            o->socket_path = optarg;
            break;
        case OPT_STATE:
            o->state_path = optarg;
            break;
        case OPT_CRASH_AT:
            if (crash_at(optarg))
                break;
            fprintf(stderr, "stored: --crash-at %s: not a number of steps\n", optarg);
            return -EINVAL;
        case OPT_NO_KERNEL:
            o->no_kernel = true;
            break;
        case 'h':
            usage(stdout);
            exit(0);
        case OPT_VERSION:
            puts("stored " VERSION);
            exit(0);
        default:
            usage(stderr);
            return -EINVAL;
        }
    }
    if (optind < argc) {
        fprintf(stderr, "stored: %s: not expected\n", argv[optind]);
        return -EINVAL;
    }
    if (!o->state_path && !o->no_kernel)
        o->state_path = DEFAULT_STATE;
    return 0;
}

static int poll_add(int fd, uint32_t events, void *what)
{
    struct epoll_event ev = {.events = events, .data.ptr = what};

    return epoll_ctl(epoll_fd, EPOLL_CTL_ADD, fd, &ev) ? -errno : 0;
}

/* Whether a daemon serves the socket of that address already. */
static bool is_served(const struct sockaddr_un *addr)
{
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    bool served = fd >= 0 && !connect(fd, (const struct sockaddr *)addr, sizeof(*addr));

    if (fd >= 0)
        close(fd);
    return served;
}

static void make_folder(const char *socket_path)
{
    char folder[sizeof(((struct sockaddr_un *)0)->sun_path)];
    char *slash;

    snprintf(folder, sizeof(folder), "%s", socket_path);
    slash = strrchr(folder, '/');
    if (slash && slash != folder) {
        *slash = '\0';
        mkdir(folder, 0755);
    }
}

static int listen_at(const char *path)
{
    struct sockaddr_un addr = {.sun_family = AF_UNIX};
    mode_t mask;
    int rc;

    if (strlen(path) >= sizeof(addr.sun_path))
        return -ENAMETOOLONG;
    strcpy(addr.sun_path, path);
    if (is_served(&addr))
        return -EADDRINUSE;
    make_folder(path);
    listen_fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (listen_fd < 0)
        return -errno;
    unlink(path);
    mask = umask(0177); /* the socket gets mode 0600, from its first moment */
    rc = bind(listen_fd, (struct sockaddr *)&addr, sizeof(addr)) ? -errno : 0;
    umask(mask);
    if (!rc && listen(listen_fd, 1024))
        rc = -errno;
    return rc ? rc : poll_add(listen_fd, EPOLLIN, &is_listen);
}

static int catch_signals(void)
{
    sigset_t set;

    sigemptyset(&set);
    sigaddset(&set, SIGTERM);
    sigaddset(&set, SIGINT);
    sigaddset(&set, SIGHUP);
    sigprocmask(SIG_BLOCK, &set, NULL);
    signal(SIGPIPE, SIG_IGN);
    signal_fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
    return signal_fd < 0 ? -errno : poll_add(signal_fd, EPOLLIN, &is_signal);
}

/* Without a descriptor for it a waiting connection would be reported for ever. */
static void refuse_one(void)
{
    static bool said;

    if (!said)
        log_line("no descriptors left: refusing connections (said once)");
    said = true;
    close(spare_fd);
    close(accept(listen_fd, NULL, NULL));
    spare_fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
}

static void accept_all(void)
{
    int i;

    for (i = 0; i < ACCEPTS_PER_TURN; i++) {
        int fd = accept4(listen_fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
        struct carrier *k;
        struct conn *c;

        if (fd < 0) {
            if (errno == EMFILE || errno == ENFILE)
                refuse_one();
            return;
        }
        k = xcalloc(1, sizeof(*k));
        k->fd = fd;
        k->polled = EPOLLIN | EPOLLET;
        c = conn_new(&st, NULL);
        c->carrier = k;
        if (poll_add(fd, k->polled, c)) {
            log_line("cannot poll a connection: %s", strerror(errno));
            conn_free(&st, c);
            close(fd);
            free(k);
        }
    }
}

static void drop_socket(struct conn *c)
{
    struct carrier *k = c->carrier;

    log_trace("%lu: closed", c->serial);
    close(k->fd);
    free(k);
    conn_free(&st, c);
}

static void drop_sockets(void)
{
    struct list *pos, *tmp;

    list_for_each (pos, tmp, &st.conns) {
        struct conn *c = list_entry(pos, struct conn, link);

        if (!c->domain)
            drop_socket(c);
    }
}

/* Writes what waits, by one call. A negative errno if the connection is gone. */
static int flush_socket(struct conn *c)
{
    struct carrier *k = c->carrier;
    struct iovec iov[PARTS_PER_WRITE];
    struct msghdr msg = {.msg_iov = iov};
    struct msg *m = c->out_first;
    ssize_t n;

    if (!m->next) { /* usual, and cheaper */
        n = send(k->fd, m->data + m->sent, m->size - m->sent, MSG_NOSIGNAL | MSG_DONTWAIT);
    } else {
        for (; m && msg.msg_iovlen < PARTS_PER_WRITE; m = m->next)
            iov[msg.msg_iovlen++] = (struct iovec){m->data + m->sent, m->size - m->sent};
        n = sendmsg(k->fd, &msg, MSG_NOSIGNAL | MSG_DONTWAIT);
    }
    if (n >= 0)
        conn_sent(c, n);
    else if (errno != EAGAIN && errno != EINTR)
        return -errno;
    return 0;
}

/* Has epoll report what the connection can use. */
static void poll_again(struct conn *c)
{
    struct carrier *k = c->carrier;
    uint32_t events = EPOLLIN | EPOLLET;

    if (c->out_first)
        events |= EPOLLOUT;
    if (events != k->polled) {
        struct epoll_event ev = {.events = events, .data.ptr = c};

        epoll_ctl(epoll_fd, EPOLL_CTL_MOD, k->fd, &ev);
        k->polled = events;
    }
}

/* Whether there may be bytes to take, and room for them. */
static bool may_take(const struct conn *c)
{
    const struct carrier *k = c->carrier;

    return k->readable && !conn_stalled(&st, c) && conn_room(c);
}

/* -EPIPE at the end of input, 0 otherwise. */
static int fill_from_socket(struct conn *c)
{
    struct carrier *k = c->carrier;
    size_t room = conn_room(c);
    ssize_t n;

    if (!may_take(c))
        return 0;
    n = recv(k->fd, c->in + c->in_len, room, MSG_DONTWAIT);
    if (n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR))
        return -EPIPE;
    if (n > 0)
        c->in_len += n;
    /* Less than there was room for: that was all, and epoll tells of more. */
    k->readable = k->ending || n == (ssize_t)room || (n < 0 && errno == EINTR);
    return 0;
}

/* Takes requests and handles them. False: the connection is gone. */
static bool work_socket(struct conn *c)
{
    int rc = fill_from_socket(c);

    if (!rc)
        rc = conn_process(&st, c, MESSAGES_PER_TURN);
    c->more = rc > 0 || may_take(c);
    if (rc < 0)
        drop_socket(c);
    return rc >= 0;
}

/* Sends answers and events, when what they tell is durable. */
static void finish_socket(struct conn *c)
{
    int rc = 0;

    if (c->out_first) {
        bool stalled = conn_stalled(&st, c);

        rc = flush_socket(c);
        if (stalled && !conn_stalled(&st, c))
            c->more = true; /* messages may wait in c->in */
    }
    if (rc) {
        drop_socket(c);
        return;
    }
    poll_again(c);
    if (c->more)
        conn_mark_ready(&st, c);
}

/* A ring whose indices, or messages, make no sense is served no more. */
static void break_ring(struct conn *c, unsigned int error, const char *why)
{
    struct domain *d = c->domain;

    log_line("domain %u: %s: its connection is no longer served", d->domid, why);
    conn_ignore(&st, c);
    state_commit(&st);
    ring_set_error(d->ring, error);
    st.machine.notify(st.machine.ctx, d->port);
}

/* Moves answers to the ring. Bytes moved or a negative errno. */
static int flush_ring(struct conn *c)
{
    int total = 0;

    while (c->out_first) {
        struct msg *m = c->out_first;
        int n =
            ring_write(c->domain->ring, &c->domain->rsp_prod, m->data + m->sent, m->size - m->sent);

        if (n < 0)
            return n;
        if (!n)
            break;
        conn_sent(c, n);
        total += n;
    }
    return total;
}

static bool work_ring(struct conn *c)
{
    struct domain *d = c->domain;
    int in = 0, rc;

    c->moved = false;
    if (c->ignored || !d->ring)
        return false;
    if (!conn_stalled(&st, c) && conn_room(c)) {
        in = ring_read(d->ring, &d->req_cons, c->in + c->in_len, conn_room(c));
        if (in < 0) {
            break_ring(c, XENSTORE_ERROR_RINGIDX, "impossible indices in its ring");
            return false;
        }
        c->in_len += in;
    }
    rc = conn_process(&st, c, MESSAGES_PER_TURN);
    if (rc < 0) {
        break_ring(c, XENSTORE_ERROR_PROTO, "a message longer than allowed");
        return false;
    }
    c->more = rc > 0;
    c->moved = in > 0;
    return true;
}

/* Writes into the ring what the other side does not see before the index is published. */
static void fill_ring(struct conn *c)
{
    int out = flush_ring(c);

    if (out < 0) {
        break_ring(c, XENSTORE_ERROR_RINGIDX, "impossible indices in its ring");
        c->more = c->moved = false;
        return;
    }
    c->moved = c->moved || out;
    if (c->moved)
        state_touch(&st, c);
}

static void finish_ring(struct conn *c)
{
    struct domain *d = c->domain;

    if (c->moved) {
        ring_publish(d->ring, d->req_cons, d->rsp_prod);
        crash_point();
        st.machine.notify(st.machine.ctx, d->port);
    }
    /* The other side may have written while we were busy; it tells us only of what comes next. */
    if (c->more || c->moved)
        conn_mark_ready(&st, c);
}

static void take_ports(void)
{
    bool domains, check = false;
    int port, i;

    for (i = 0; i < PORTS_PER_TURN && (port = links_next(links, &domains)) >= 0; i++) {
        struct domain *d = domains ? NULL : domain_by_port(&st, port);

        check = check || domains;
        if (d)
            conn_mark_ready(&st, d->conn);
    }
    if (check) {
        domains_check(&st);
        state_commit(&st);
    }
}

static void take_signals(const struct options *o)
{
    struct signalfd_siginfo info;

    while (read(signal_fd, &info, sizeof(info)) == sizeof(info)) {
        if (info.ssi_signo == SIGHUP) {
            if (o->log_path)
                log_open(o->log_path); /* after rotation */
            continue;
        }
        log_line("ended by signal %u", info.ssi_signo);
        stopping = true;
    }
}

/* All requests first, then one commit, then all answers. */
static void serve_ready(void)
{
    struct list turn, worked, *pos, *tmp;

    list_take(&st.ready, &turn);
    list_init(&worked);
    while (!list_empty(&turn)) {
        struct conn *c = list_entry(turn.next, struct conn, ready);

        list_del(&c->ready);
        if (c->domain ? work_ring(c) : work_socket(c)) {
            list_del(&c->ready); /* of its own events it is told in this turn */
            list_add_tail(&c->ready, &worked);
        }
    }
    list_for_each (pos, tmp, &worked) {
        struct conn *c = list_entry(pos, struct conn, ready);

        if (c->domain)
            fill_ring(c);
    }
    state_commit(&st);
    while (!list_empty(&worked)) {
        struct conn *c = list_entry(worked.next, struct conn, ready);

        list_del(&c->ready);
        if (c->domain)
            finish_ring(c);
        else
            finish_socket(c);
    }
}

static void loop(const struct options *o)
{
    struct epoll_event events[EVENTS_PER_TURN];

    while (!stopping) {
        int n = epoll_wait(epoll_fd, events, EVENTS_PER_TURN, list_empty(&st.ready) ? -1 : 0), i;

        for (i = 0; i < n; i++) {
            void *what = events[i].data.ptr;
            struct conn *c = what;
            struct carrier *k;

            if (what == &is_listen) {
                accept_all();
            } else if (what == &is_links) {
                take_ports();
            } else if (what == &is_signal) {
                take_signals(o);
            } else {
                k = c->carrier;
                k->ending = k->ending || (events[i].events & (EPOLLHUP | EPOLLERR));
                k->readable = k->readable || k->ending || (events[i].events & EPOLLIN);
                conn_mark_ready(&st, c);
            }
        }
        serve_ready();
    }
}

static int fail(const char *what, int rc, const char *hint)
{
    fprintf(stderr, "stored: %s: %s%s%s%s\n", what, strerror(-rc), hint ? " (" : "",
            hint ? hint : "", hint ? ")" : "");
    return 1;
}

static void seed(void)
{
    uint64_t value;

    if (getrandom(&value, sizeof(value), GRND_NONBLOCK) == sizeof(value)) {
        hash_seed(value);
    } else { /* early in boot; addresses and the clock are not known to guests either */
        struct timespec now;

        clock_gettime(CLOCK_REALTIME, &now);
        hash_seed(now.tv_nsec * 1000003u ^ (uintptr_t)&value);
    }
}

static void raise_file_limit(void)
{
    struct rlimit limit;

    if (!getrlimit(RLIMIT_NOFILE, &limit)) {
        limit.rlim_cur = limit.rlim_max;
        setrlimit(RLIMIT_NOFILE, &limit);
    }
}

int main(int argc, char **argv)
{
    struct xenstore_domain_interface *ring = NULL;
    struct machine machine;
    struct options o;
    const char *what;
    uint32_t port = 0;
    int rc;

    if (parse_options(argc, argv, &o))
        return 2;
    log_verbose = o.verbose;
    if (o.log_path && (rc = log_open(o.log_path)))
        return fail(o.log_path, rc, NULL);
    seed();
    spare_fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
    raise_file_limit();
    epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    if (epoll_fd < 0)
        return fail("epoll", -errno, NULL);
    if ((rc = catch_signals()))
        return fail("signals", rc, NULL);

    links_none(&machine);
    if (!o.no_kernel) {
        rc = links_open(&links, &machine, &what);
        if (rc)
            return fail(what, rc, "not dom0 of a hypervisor? --no-kernel serves the socket only");
        rc = links_dom0_ring(links, &ring, &port, &what);
        if (rc)
            return fail(what, rc, "is xenfs mounted on /proc/xen?");
        if ((rc = poll_add(links_fd(links), EPOLLIN, &is_links)))
            return fail("event channels", rc, NULL);
    }
    tree_keep(SPARE_NODES);
    stored_init(&st, &machine);
    rc = listen_at(o.socket_path); /* first: two daemons must not have the state both */
    if (rc)
        return fail(o.socket_path, rc, rc == -EADDRINUSE ? "another store daemon runs" : NULL);
    if (o.state_path && state_open(&st, o.state_path) > 0)
        log_line("carrying on with %s", o.state_path);
    if (ring)
        domain_introduce_dom0(&st, ring, port);
    domains_reconnect(&st);
    state_commit(&st);
    log_line("serving %s%s", o.socket_path, ring ? ", dom0's kernel, guests" : "");

    ready_tell();
    loop(&o);

    unlink(o.socket_path);
    drop_sockets();
    stored_free(&st);
    links_close(links);
    return 0;
}
