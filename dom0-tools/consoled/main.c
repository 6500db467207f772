/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * consoled: logs each guest's console from its first byte and lets people attach to it.
 *
 * Requests on its socket, one line each, answered by "ok" or by the cause of a refusal:
 *   add DOMID PORT NAME fresh|keep   serve this domain from now on; fresh: start a new log
 *   drop NAME keep|close             take what is left, let the ring go; keep: clients stay
 *   name DOMID NAME                  the guest of this domain has another name now
 *   attach NAME                      from here on the connection is the console
 *   resume NAME                      the same, without what was said before
 * Guests that are alive when consoled starts are found in the store.
 */
#include "dom0-tools/consoled/consoled.h"

#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "dom0-tools/lib/crash.h"
#include "dom0-tools/lib/err.h"
#include "dom0-tools/lib/evtchn.h"
#include "dom0-tools/lib/grant.h"
#include "dom0-tools/lib/proto.h"
#include "dom0-tools/lib/ready.h"
#include "pv-abi/grant_table.h"
#include "pv-abi/io/console.h"
#include "xenstore-like/client.h"

#define LOG_MAX        (16u << 20) /* then NAME.log becomes NAME.log.1 */
#define LINE_MAX_BYTES 512
#define TURNS_MAX      16 /* rings taken from one guest before the others have their turn */

static struct {
    struct evtchn *evtchn;
    struct grant *grant;
    struct console *consoles;
    struct client *clients;
    const char *log_dir;
    const char *socket_path;
    int listener;
} cd = {.log_dir = "/var/log/pavo/console", .socket_path = CONSOLED_SOCKET, .listener = -1};

static const char usage[] =
    "usage: consoled [--log-dir=DIR] [--socket=PATH] [--crash-at=N] [--help]\n"
    "Serves the consoles of all guests. Runs in the foreground, logs to stderr.\n"
    "  --log-dir=DIR  write NAME.log there instead of /var/log/pavo/console\n"
    "  --socket=PATH  listen there instead of " CONSOLED_SOCKET "\n"
    "  --crash-at=N   end at the N-th step that lasts, as if killed (for tests)\n";

__attribute__((format(printf, 1, 2))) static void log_line(const char *fmt, ...)
{
    char text[512];
    va_list ap;

    va_start(ap, fmt);
    vsnprintf(text, sizeof(text), fmt, ap);
    va_end(ap);
    fprintf(stderr, "consoled: %s\n", text);
}

/* ---- log files */

static void log_path(const char *name, const char *suffix, char path[256])
{
    snprintf(path, 256, "%.150s/%s.log%s", cd.log_dir, name, suffix);
}

/* Opens NAME.log; @fresh: an old one is kept as NAME.log.1. */
static void log_open(struct console *c, bool fresh)
{
    char path[256], old[256];
    struct stat st;

    if (c->log_fd >= 0 && !fresh)
        return;
    if (c->log_fd >= 0)
        close(c->log_fd);
    log_path(c->name, "", path);
    log_path(c->name, ".1", old);
    if (fresh && (stat(path, &st) || st.st_size)) /* an empty one is fresh: asked for twice? */
        rename(path, old);
    c->log_fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0600);
    c->log_size = c->log_fd >= 0 && !fstat(c->log_fd, &st) ? (uint64_t)st.st_size : 0;
    if (c->log_fd < 0 && !c->log_missed)
        log_line("%s: %s", path, strerror(errno));
    c->log_missed = c->log_fd < 0;
}

static void note_position(const struct console *c)
{
    position_note(c->name, c->domid, c->log_size, ring_position(c->ring));
}

/* @data is still in the ring. */
static void log_write(struct console *c, const uint8_t *data, size_t len)
{
    if (c->log_size > LOG_MAX || c->log_fd < 0) {
        log_open(c, c->log_fd >= 0);
        note_position(c);
    }
    crash_point();
    while (c->log_fd >= 0 && len) {
        ssize_t n = write(c->log_fd, data, len);

        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            break; /* a full disk must not stop the guest */
        c->log_size += (uint64_t)n;
        data += n;
        len -= (size_t)n;
    }
    c->log_short = len != 0;
    crash_point();
}

/*
 * The log goes with the guest; what an earlier guest of that name said is kept as NAME.log.1. The position
 * goes last: while it is noted under the old name, the next consoled knows that the guest had that.
 */
static void log_move(const char *from_name, const char *to_name)
{
    char from[256], to[256], old[256];

    log_path(from_name, "", from);
    log_path(to_name, "", to);
    log_path(to_name, ".1", old);
    if (!access(from, F_OK)) {
        rename(to, old);
        if (rename(from, to))
            log_line("%s: %s", to, strerror(errno));
    }
    position_move(from_name, to_name);
}

/*
 * What a console says to those who attach goes on where an earlier consoled was ended: the log has it.
 * Reading it is bounded by the size of the history, and what cannot be read is left out.
 */
static void history_restore(struct console *c)
{
    char path[256], buf[4096];
    size_t left = HISTORY_SIZE;
    ssize_t n;
    int fd;

    log_path(c->name, "", path);
    fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    if (fd < 0)
        return;
    if (lseek(fd, -(off_t)HISTORY_SIZE, SEEK_END) < 0)
        lseek(fd, 0, SEEK_SET);
    while (left && (n = read(fd, buf, sizeof(buf))) > 0 && (size_t)n <= left) {
        fifo_push(&c->history, buf, (size_t)n);
        left -= (size_t)n;
    }
    close(fd);
}

/* ---- consoles */

static struct console *console_find(const char *name)
{
    struct console *c;

    for (c = cd.consoles; c; c = c->next)
        if (!strcmp(c->name, name))
            return c;
    return NULL;
}

static struct console *console_new(const char *name)
{
    struct console *c = calloc(1, sizeof(*c));

    if (!c)
        return NULL;
    if (!fifo_init(&c->history, HISTORY_SIZE) || !fifo_init(&c->input, INPUT_SIZE)) {
        fifo_free(&c->history);
        free(c);
        return NULL;
    }
    strcpy(c->name, name);
    c->log_fd = c->port = -1;
    c->next = cd.consoles;
    cd.consoles = c;
    return c;
}

static void client_output(struct client *cl, const void *data, size_t len)
{
    if (fifo_put(&cl->output, data, len) < len)
        cl->closing = true; /* too slow */
}

static void console_output(struct console *c, const uint8_t *data, size_t len)
{
    struct client *cl;

    log_write(c, data, len);
    fifo_push(&c->history, data, len);
    for (cl = cd.clients; cl; cl = cl->next)
        if (cl->console == c)
            client_output(cl, data, len);
}

/* Moves bytes both ways. True when there may be more to take. */
static bool console_turn(struct console *c)
{
    uint8_t buf[XENCONS_OUT_BYTES];
    const uint8_t *typed;
    bool broken = false, moved = false;
    size_t taken, n;

    if (!c->ring)
        return false;
    taken = ring_take(c->ring, buf, &broken);
    if (broken) { /* what was in the ring is skipped: the log's size means another position now */
        c->logged = 0;
        note_position(c);
    }
    if (broken && !c->broken) {
        c->broken = true;
        log_line("%s: nonsense in the console ring of domain %u", c->name, c->domid);
    }
    if (taken) {
        if (c->logged) {
            taken = c->logged < taken ? c->logged : taken;
            c->logged -= taken;
        } else {
            console_output(c, buf, taken);
        }
        ring_taken(c->ring, taken);
        if (c->log_short)
            note_position(c);
        c->log_short = false;
        moved = true;
    }
    while (c->input.len) {
        size_t given;

        n = fifo_peek(&c->input, &typed);
        given = ring_give(c->ring, typed, n);
        if (!given)
            break;
        fifo_drop(&c->input, given);
        moved = true;
    }
    if (moved && c->port >= 0)
        evtchn_notify(cd.evtchn, c->port);
    return taken != 0;
}

static void console_release_ring(struct console *c)
{
    /* What an earlier consoled has logged, then the rest. A guest that writes on must not keep us here. */
    if (console_turn(c))
        console_turn(c);
    if (c->port >= 0)
        evtchn_unbind(cd.evtchn, c->port);
    grant_unmap(cd.grant, c->ring);
    c->port = -1;
    c->ring = NULL;
    c->domid = 0;
    c->logged = 0;
    c->broken = false;
    fifo_drop(&c->input, c->input.len);
}

static void console_free(struct console *c)
{
    struct console **p;
    struct client *cl;

    console_release_ring(c);
    position_forget(c->name);
    for (cl = cd.clients; cl; cl = cl->next)
        if (cl->console == c) {
            cl->console = NULL;
            cl->closing = true;
        }
    for (p = &cd.consoles; *p != c; p = &(*p)->next)
        ;
    *p = c->next;
    if (c->log_fd >= 0)
        close(c->log_fd);
    fifo_free(&c->history);
    fifo_free(&c->input);
    free(c);
}

/* Takes over the ring of @domid. NULL, or the cause of failure. */
static const char *console_add(uint32_t domid, uint32_t port, const char *name, bool fresh)
{
    struct console *c = console_find(name);
    char earlier[GUEST_NAME_MAX + 1];
    bool made = !c;

    if (!guest_name_ok(name))
        return "no name of a guest";
    if (!c)
        c = console_new(name);
    if (!c)
        return "out of memory";
    if (c->ring)
        console_release_ring(c);
    /* Renamed when there was no consoled, or by one that ended within. */
    if (made && !fresh && position_find(domid, name, earlier) && !console_find(earlier))
        log_move(earlier, name);
    if (fresh)
        fifo_drop(&c->history, c->history.len);
    else if (made)
        history_restore(c);
    log_open(c, fresh);
    c->ring = grant_map(cd.grant, domid, GNTTAB_RESERVED_CONSOLE);
    c->port = c->ring ? evtchn_bind(cd.evtchn, domid, port) : -1;
    if (!c->ring || c->port < 0) {
        log_line("%s: cannot %s of domain %u: %s", name,
                 c->ring ? "bind the console's event channel" : "map the console ring", domid,
                 strerror(c->ring ? -c->port : errno));
        if (made)
            console_free(c);
        else
            console_release_ring(c);
        return "cannot reach the guest's console ring";
    }
    c->domid = domid;
    c->logged = fresh ? 0 : position_logged(name, domid, c->log_size, ring_position(c->ring));
    if (!c->logged)
        note_position(c);
    console_turn(c);
    return NULL;
}

static void on_event(void)
{
    struct console *c;
    int port = evtchn_pending(cd.evtchn);

    if (port < 0)
        return;
    evtchn_unmask(cd.evtchn, port);
    for (c = cd.consoles; c; c = c->next)
        if (c->port == port)
            console_turn(c);
}

/* ---- clients */

static struct client *client_new(int fd)
{
    struct client *cl = calloc(1, sizeof(*cl));

    if (!cl || !fifo_init(&cl->output, OUTPUT_SIZE)) {
        free(cl);
        close(fd);
        return NULL;
    }
    cl->fd = fd;
    cl->next = cd.clients;
    cd.clients = cl;
    return cl;
}

static void clients_sweep(void)
{
    struct client **p = &cd.clients;

    while (*p) {
        struct client *cl = *p;

        if (!cl->closing || (cl->fd >= 0 && cl->output.len && !cl->console)) {
            p = &cl->next;
            continue;
        }
        *p = cl->next;
        close(cl->fd);
        fifo_free(&cl->output);
        free(cl);
    }
}

static void answer(struct client *cl, const char *text)
{
    client_output(cl, text, strlen(text));
    client_output(cl, "\n", 1);
}

static void do_attach(struct client *cl, const char *name, bool resume)
{
    struct console *c = console_find(name);
    const uint8_t *p;
    size_t n, left, at, skip;

    if (!c) {
        answer(cl, "this guest has no console");
        return;
    }
    answer(cl, "ok");
    if (resume) {
        cl->console = c;
        return;
    }
    /* A full history begins anywhere: show it from its first whole line. */
    skip = c->history.len == c->history.size ? fifo_find(&c->history, '\n') : 0;
    at = (c->history.head + skip) & (c->history.size - 1);
    for (left = c->history.len - skip; left; left -= n, at = 0) {
        p = c->history.data + at;
        n = c->history.size - at < left ? c->history.size - at : left;
        client_output(cl, p, n);
    }
    cl->console = c;
}

static void do_drop(struct client *cl, const char *name, bool keep)
{
    struct console *c = console_find(name);

    if (c && keep)
        console_release_ring(c);
    else if (c)
        console_free(c);
    else if (!keep && guest_name_ok(name))
        position_forget(name); /* an earlier consoled's */
    answer(cl, "ok");
}

static const char *do_name(uint32_t domid, const char *name)
{
    struct console *c = cd.consoles, *other = console_find(name);

    while (c && (!domid || c->domid != domid))
        c = c->next;
    if (!guest_name_ok(name))
        return "no name of a guest";
    if (!c || other == c)
        return NULL; /* not served, or named so already */
    if (other)
        return "another console has this name";
    log_move(c->name, name);
    strcpy(c->name, name);
    return NULL;
}

static void do_line(struct client *cl, const char *line)
{
    char name[LINE_MAX_BYTES], word[LINE_MAX_BYTES];
    unsigned int domid, port;

    if (sscanf(line, "add %u %u %511s %511s", &domid, &port, name, word) == 4) {
        const char *why = console_add(domid, port, name, !strcmp(word, "fresh"));

        answer(cl, why ? why : "ok");
    } else if (sscanf(line, "drop %511s %511s", name, word) == 2) {
        do_drop(cl, name, !strcmp(word, "keep"));
    } else if (sscanf(line, "name %u %511s", &domid, name) == 2) {
        const char *why = do_name(domid, name);

        answer(cl, why ? why : "ok");
    } else if (sscanf(line, "attach %511s", name) == 1) {
        do_attach(cl, name, false);
    } else if (sscanf(line, "resume %511s", name) == 1) {
        do_attach(cl, name, true);
    } else {
        answer(cl, "unknown request");
        cl->closing = true;
    }
}

/* A line must come in one piece: requests are short and the peer is one of ours. */
static void client_line(struct client *cl)
{
    char line[LINE_MAX_BYTES], *nl;
    ssize_t n = recv(cl->fd, line, sizeof(line) - 1, MSG_PEEK | MSG_DONTWAIT);

    if (n < 0 && (errno == EAGAIN || errno == EINTR))
        return;
    nl = n > 0 ? memchr(line, '\n', (size_t)n) : NULL;
    if (!nl) {
        cl->closing = cl->closing || n <= 0 || n == sizeof(line) - 1;
        if (n > 0)
            usleep(1000); /* the rest is on its way */
        return;
    }
    recv(cl->fd, line, (size_t)(nl - line) + 1, MSG_DONTWAIT);
    *nl = '\0';
    do_line(cl, line);
}

static void client_typed(struct client *cl, bool hung_up)
{
    struct fifo *in = &cl->console->input;
    uint8_t buf[1024];
    size_t room = in->size - in->len;
    ssize_t n;

    if (!room && !hung_up)
        return; /* another client has filled it since we polled */
    n = recv(cl->fd, buf, room < sizeof(buf) ? room : sizeof(buf), MSG_DONTWAIT);
    if (n > 0) {
        fifo_put(in, buf, (size_t)n);
        console_turn(cl->console);
    } else if (!n || (errno != EAGAIN && errno != EINTR)) {
        cl->closing = true;
        cl->console = NULL;
        fifo_drop(&cl->output, cl->output.len);
    }
}

static void client_flush(struct client *cl)
{
    const uint8_t *p;
    size_t n;

    while ((n = fifo_peek(&cl->output, &p))) {
        ssize_t sent = send(cl->fd, p, n, MSG_DONTWAIT | MSG_NOSIGNAL);

        if (sent < 0 && (errno == EAGAIN || errno == EINTR))
            return;
        if (sent < 0) {
            cl->closing = true;
            cl->console = NULL;
            fifo_drop(&cl->output, cl->output.len);
            return;
        }
        fifo_drop(&cl->output, (size_t)sent);
    }
}

/* ---- the loop */

/*
 * Serves a guest that was there before us, but for one that domd takes apart: it would wait for us to let
 * the ring go, and not tell us again. False: the store has gone meanwhile.
 */
static bool find_guest(struct store *s, unsigned long domid)
{
    char *name = NULL, *ending = NULL, path[96];
    uint64_t port;
    int rc;

    snprintf(path, sizeof(path), "/local/domain/%lu/console/port", domid);
    rc = store_read_u64(s, STORE_NO_TX, path, &port);
    if (!rc)
        rc = store_readf(s, STORE_NO_TX, &name, "/local/domain/%lu/name", domid);
    if (!rc && guest_name_ok(name) && !console_find(name)) {
        rc = store_readf(s, STORE_NO_TX, &ending, "/domd/%lu/ending", domid);
        if (rc == -ENOENT)
            console_add((uint32_t)domid, (uint32_t)port, name, false);
    }
    free(ending);
    free(name);
    return rc != -EPIPE;
}

/* Guests that were there before us. False: no store to ask yet, or not to the end. */
static bool find_guests(void)
{
    struct store *s;
    char **ids;
    size_t count, i;
    bool found;
    int rc;

    if (store_open(&s, NULL))
        return false;
    rc = store_directory(s, STORE_NO_TX, "/local/domain", &ids, &count);
    found = rc != -EPIPE;
    if (!rc) {
        for (i = 0; i < count && found; i++) {
            unsigned long domid = strtoul(ids[i], NULL, 10);

            found = !domid || find_guest(s, domid);
        }
        free(ids);
    }
    store_close(s);
    return found;
}

static size_t fill_poll(struct pollfd **fds, size_t *size)
{
    struct client *cl;
    size_t n = 2;

    for (cl = cd.clients; cl; cl = cl->next)
        n++;
    if (n > *size) {
        struct pollfd *grown = realloc(*fds, n * 2 * sizeof(*grown));

        if (!grown)
            return 0;
        *fds = grown;
        *size = n * 2;
    }
    (*fds)[0] = (struct pollfd){.fd = evtchn_fd(cd.evtchn), .events = POLLIN};
    (*fds)[1] = (struct pollfd){.fd = cd.listener, .events = POLLIN};
    n = 2;
    for (cl = cd.clients; cl; cl = cl->next) {
        short events = cl->output.len ? POLLOUT : 0;

        /* Typing waits in the socket while the guest does not take it. */
        if (!cl->closing && (!cl->console || cl->console->input.len < cl->console->input.size))
            events |= POLLIN;
        (*fds)[n++] = (struct pollfd){.fd = cl->fd, .events = events};
    }
    return n;
}

static void serve_clients(const struct pollfd *fds)
{
    struct client *cl;
    size_t n = 2;

    for (cl = cd.clients; cl; cl = cl->next, n++) {
        if (fds[n].revents & (POLLIN | POLLHUP | POLLERR) && !cl->closing) {
            if (cl->console)
                client_typed(cl, fds[n].revents & (POLLHUP | POLLERR));
            else
                client_line(cl);
        }
        client_flush(cl);
    }
}

__attribute__((noreturn)) static void loop(void)
{
    struct pollfd *fds = NULL;
    bool found = false;
    size_t size = 0;

    for (;;) {
        size_t n = fill_poll(&fds, &size);
        int i;

        if (!found)
            found = find_guests();
        if (!n || poll(fds, n, found ? -1 : 500) < 0)
            continue;
        for (i = 0; i < TURNS_MAX && fds[0].revents & POLLIN; i++) {
            struct pollfd again = fds[0];

            on_event();
            if (poll(&again, 1, 0) != 1)
                break;
        }
        serve_clients(fds);
        clients_sweep();
        if (fds[1].revents & POLLIN) {
            int fd = accept4(cd.listener, NULL, NULL, SOCK_CLOEXEC);

            if (fd >= 0)
                client_new(fd);
        }
    }
}

static void on_end(int sig)
{
    unlink(cd.socket_path);
    _exit(STATUS_DONE);
}

static int make_dirs(const char *path)
{
    char part[256];
    size_t i;

    for (i = 1; i < sizeof(part) - 1 && path[i]; i++)
        if (path[i] == '/') {
            memcpy(part, path, i);
            part[i] = '\0';
            mkdir(part, 0755);
        }
    return mkdir(path, 0700) && errno != EEXIST ? -errno : 0;
}

static int start(void)
{
    int rc = evtchn_open(&cd.evtchn);

    if (!rc)
        rc = grant_open(&cd.grant);
    if (rc) {
        log_line("not running on Pavo, or its drivers are missing: %s (modprobe xen-evtchn "
                 "xen-gntdev)",
                 strerror(-rc));
        return STATUS_FAILED;
    }
    rc = make_dirs(cd.log_dir);
    if (rc)
        log_line("%s: %s", cd.log_dir, strerror(-rc));
    mkdir("/run/pavo", 0755);
    cd.listener = proto_listen(cd.socket_path);
    if (cd.listener >= 0)
        return 0;
    log_line("%s: %s", cd.socket_path,
             cd.listener == -EADDRINUSE ? "another consoled serves it" : strerror(-cd.listener));
    return STATUS_FAILED;
}

int main(int argc, char **argv)
{
    static const struct option options[] = {{"log-dir", required_argument, NULL, 'l'},
                                            {"socket", required_argument, NULL, 's'},
                                            {"crash-at", required_argument, NULL, 'c'},
                                            {"help", no_argument, NULL, 'h'},
                                            {0}};
    int opt, rc;

    while ((opt = getopt_long(argc, argv, "h", options, NULL)) != -1) {
        if (opt == 'h') {
            fputs(usage, stdout);
            return STATUS_DONE;
        }
        if (opt == 'l') {
            cd.log_dir = optarg;
        } else if (opt == 's') {
            cd.socket_path = optarg;
        } else if (opt != 'c' || !crash_at(optarg)) {
            fputs(usage, stderr);
            return STATUS_USAGE;
        }
    }
    signal(SIGPIPE, SIG_IGN);
    rc = start();
    if (rc)
        return rc;
    signal(SIGTERM, on_end);
    signal(SIGINT, on_end);
    ready_tell();
    loop();
}
