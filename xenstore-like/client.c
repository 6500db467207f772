// SPDX-License-Identifier: GPL-2.0-only
/*
 * Client library of the store: one connection, over the daemon's unix socket or a kernel's ring.
 *
 * Invariant: at most one request is under way, so the first message that is no watch event is
 * its answer. Events that come before it are put aside in arrival order.
 * Protocol: pv-abi/io/xs_wire.h.
 */
#include "xenstore-like/client.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <unistd.h>

#include "pv-abi/io/xs_wire.h"
#include "xenstore-like/errors.h"

#define TRANSACT_TRIES_MAX  1000
#define DIRECTORY_TRIES_MAX 100
#define PARTS_MAX           8
#define COME_BACK_MS        10000
#define COME_BACK_STEP_US   10000
#define GATHER_BYTES        16384 /* of requests; more than one of the largest size */
#define GATHER_REQUESTS     64    /* their answers fit into any socket's buffer */

/*
 * A transaction's number as callers see it: with the connection's serial, for it ends with that.
 * A device's is as it comes: the kernel's connection, and its count, are all programs' and last.
 */
#define TX_BITS             24
#define TX_WIRE(tx)         ((tx) & ((1u << TX_BITS) - 1))
#define TX_SERIAL(tx)       ((tx) >> TX_BITS)
#define TX_MAKE(serial, tx) (((serial) << TX_BITS) | (tx))

struct queued_event {
    struct queued_event *next;
    size_t len;
    char data[]; /* path NUL token NUL */
};

/* To be set again when the daemon has come back. */
struct watched {
    struct watched *next;
    char *path, *token;
};

/* Requests of one transaction that are sent together. */
struct gathering {
    store_tx_t tx;
    int rc; /* of the first one that failed */
    unsigned int count;
    size_t len;
    uint8_t types[GATHER_REQUESTS];
    char bytes[GATHER_BYTES];
};

struct store {
    int fd;
    bool device;         /* a kernel's /dev/xen/xenbus, no socket */
    bool broken;         /* the stream's framing is lost, or the peer is gone for good */
    bool gone;           /* the peer is gone: it may come back */
    unsigned int serial; /* of the connection: changes when the peer has come back */
    struct watched *watches;
    struct gathering *gathering; /* NULL: each request waits for its answer */
    char *path;
    struct queued_event *first, **last;
    struct queued_event *shown; /* backs the strings of the last store_next_event() */
    size_t have;                /* bytes of the incoming message that have arrived */
    struct xsd_sockmsg hdr;
    char body[XENSTORE_PAYLOAD_MAX + 1]; /* room for a NUL */
};

static int open_device(struct store *s, const char *path)
{
    s->device = true;
    s->fd = open(path, O_RDWR | O_CLOEXEC);
    return s->fd < 0 ? -errno : 0;
}

static int open_socket(struct store *s, const char *path)
{
    struct sockaddr_un addr = {.sun_family = AF_UNIX};
    int rc;

    if (strlen(path) >= sizeof(addr.sun_path))
        return -ENAMETOOLONG;
    strcpy(addr.sun_path, path);
    s->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (s->fd < 0)
        return -errno;
    while (connect(s->fd, (struct sockaddr *)&addr, sizeof(addr))) {
        if (errno == EINTR)
            continue;
        rc = -errno;
        close(s->fd);
        return rc;
    }
    return 0;
}

int store_open(struct store **out, const char *path)
{
    struct stat info;
    struct store *s;
    int rc;

    if (!path)
        path = getenv("STORE_SOCKET");
    if (!path)
        path = STORE_SOCKET;
    s = calloc(1, sizeof(*s));
    if (!s)
        return -ENOMEM;
    s->last = &s->first;
    s->path = strdup(path);
    if (!s->path) {
        free(s);
        return -ENOMEM;
    }
    if (!stat(path, &info) && S_ISCHR(info.st_mode))
        rc = open_device(s, path);
    else
        rc = open_socket(s, path);
    if (rc) {
        free(s->path);
        free(s);
        return rc;
    }
    *out = s;
    return 0;
}

static void watched_free(struct watched *w)
{
    free(w->path);
    free(w->token);
    free(w);
}

void store_close(struct store *s)
{
    struct queued_event *ev;
    struct watched *w;

    if (!s)
        return;
    while ((ev = s->first)) {
        s->first = ev->next;
        free(ev);
    }
    while ((w = s->watches)) {
        s->watches = w->next;
        watched_free(w);
    }
    free(s->shown);
    free(s->gathering);
    close(s->fd);
    free(s->path);
    free(s);
}

int store_fd(const struct store *s)
{
    return s->fd;
}

static int broken(struct store *s, int rc)
{
    s->broken = true;
    return rc;
}

/* The peer has hung up. */
static int gone(struct store *s)
{
    if (s->device)
        return broken(s, -EPIPE);
    s->gone = true;
    return -EPIPE;
}

static int send_all(struct store *s, struct iovec *iov, int count)
{
    while (count) {
        struct msghdr msg = {.msg_iov = iov, .msg_iovlen = count};
        ssize_t n = s->device ? writev(s->fd, iov, count) : sendmsg(s->fd, &msg, MSG_NOSIGNAL);

        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return errno == ECONNRESET || errno == EPIPE ? gone(s) : broken(s, -errno);
        while (count && (size_t)n >= iov->iov_len) {
            n -= iov->iov_len;
            iov++;
            count--;
        }
        if (count) {
            iov->iov_base = (char *)iov->iov_base + n;
            iov->iov_len -= n;
        }
    }
    return 0;
}

/* recv(), for a device as well. */
static ssize_t take(struct store *s, void *to, size_t len, int flags)
{
    struct pollfd pfd = {.fd = s->fd, .events = POLLIN};

    if (!s->device)
        return recv(s->fd, to, len, flags);
    if ((flags & MSG_DONTWAIT) && poll(&pfd, 1, 0) <= 0) {
        errno = EAGAIN;
        return -1;
    }
    return read(s->fd, to, len);
}

/*
 * Brings in one message: s->hdr and s->body, NUL added. @flags 0 or MSG_DONTWAIT.
 * 1 done, 0 with MSG_DONTWAIT when it is not there yet; a part stays for the next call.
 */
static int receive(struct store *s, int flags)
{
    for (;;) {
        size_t want = sizeof(s->hdr);
        char *to = (char *)&s->hdr + s->have;
        ssize_t n;

        if (s->have >= sizeof(s->hdr)) {
            if (s->hdr.len > XENSTORE_PAYLOAD_MAX)
                return broken(s, -EPROTO);
            want += s->hdr.len;
            to = s->body + (s->have - sizeof(s->hdr));
        }
        if (s->have == want) {
            s->body[s->hdr.len] = '\0';
            s->have = 0;
            return 1;
        }
        n = take(s, to, want - s->have, flags);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK))
            return 0;
        if (n < 0 && errno != ECONNRESET)
            return broken(s, -errno);
        if (n <= 0)
            return gone(s);
        s->have += n;
    }
}

static int queue_event(struct store *s)
{
    struct queued_event *ev;
    size_t path_len = strnlen(s->body, s->hdr.len);

    if (path_len == s->hdr.len ||
        strnlen(s->body + path_len + 1, s->hdr.len - path_len - 1) == s->hdr.len - path_len - 1)
        return broken(s, -EPROTO);
    ev = malloc(sizeof(*ev) + s->hdr.len);
    if (!ev)
        return broken(s, -ENOMEM); /* an event lost silently would be worse */
    ev->next = NULL;
    ev->len = s->hdr.len;
    memcpy(ev->data, s->body, s->hdr.len);
    *s->last = ev;
    s->last = &ev->next;
    return 0;
}

/* The answer to a request of @type in s->body, s->hdr.len. */
static int receive_answer(struct store *s, uint32_t type)
{
    int rc;

    for (;;) {
        rc = receive(s, 0);
        if (rc < 0)
            return rc;
        if (s->hdr.type != XS_WATCH_EVENT)
            break;
        rc = queue_event(s);
        if (rc)
            return rc;
    }
    if (s->hdr.type == XS_ERROR) {
        rc = xs_error_number(s->body);
        return rc ? -rc : broken(s, -EPROTO);
    }
    return s->hdr.type == type ? 0 : broken(s, -EPROTO);
}

/* One request and its answer. @parts of the payload follow each other. */
static int talk_once(struct store *s, uint32_t type, uint32_t tx, const struct iovec *parts,
                     int nr_parts)
{
    struct xsd_sockmsg hdr = {.type = type, .tx_id = tx};
    struct iovec iov[PARTS_MAX + 1];
    size_t len = 0;
    int rc, i;

    iov[0] = (struct iovec){&hdr, sizeof(hdr)};
    for (i = 0; i < nr_parts; i++) {
        iov[i + 1] = parts[i];
        len += parts[i].iov_len;
    }
    if (len > XENSTORE_PAYLOAD_MAX)
        return -E2BIG;
    hdr.len = len;
    rc = send_all(s, iov, nr_parts + 1);
    return rc ? rc : receive_answer(s, type);
}

static struct iovec string_part(const char *str)
{
    return (struct iovec){(void *)str, strlen(str) + 1};
}

static int watch_again(struct store *s)
{
    const struct watched *w;
    int rc = 0;

    for (w = s->watches; w && !rc; w = w->next) {
        struct iovec parts[] = {string_part(w->path), string_part(w->token)};

        rc = talk_once(s, XS_WATCH, 0, parts, 2);
        if (rc == -EEXIST)
            rc = 0;
    }
    return rc;
}

/* Waits for the daemon that was here to be there again. The descriptor's number stays. */
static int come_back(struct store *s)
{
    int rc = -EPIPE, i, old = s->fd;

    for (i = 0; i < COME_BACK_MS * 1000 / COME_BACK_STEP_US; i++) {
        if (i)
            usleep(COME_BACK_STEP_US);
        rc = open_socket(s, s->path);
        if (rc) {
            s->fd = old;
            if (rc == -ECONNREFUSED || rc == -ENOENT || rc == -EAGAIN)
                continue;
            break;
        }
        dup3(s->fd, old, O_CLOEXEC);
        close(s->fd);
        s->fd = old;
        s->have = 0;
        s->gone = false;
        s->serial = (s->serial + 1) % (1u << (32 - TX_BITS));
        rc = watch_again(s);
        if (!s->gone)
            break;
    }
    return rc ? broken(s, -EPIPE) : 0;
}

/* ---- requests that are sent together */

/* Sends what was gathered and takes the answers. A daemon that goes meanwhile takes the transaction. */
static void send_gathered(struct store *s)
{
    struct gathering *g = s->gathering;
    struct iovec iov = {g->bytes, g->len};
    unsigned int i;
    int rc = 0;

    if (g->count && !g->rc)
        rc = send_all(s, &iov, 1);
    for (i = 0; i < g->count && !g->rc && !s->gone && !s->broken; i++) {
        int answer = receive_answer(s, g->types[i]);

        rc = rc ? rc : answer;
    }
    if (!g->rc)
        g->rc = s->gone && !s->broken ? -EAGAIN : rc;
    g->count = 0;
    g->len = 0;
}

/* Puts a request to the others. */
static int gather(struct store *s, uint32_t type, const struct iovec *parts, int nr_parts)
{
    struct gathering *g = s->gathering;
    struct xsd_sockmsg hdr = {.type = type, .tx_id = TX_WIRE(g->tx)};
    int i;

    for (i = 0; i < nr_parts; i++)
        hdr.len += parts[i].iov_len;
    if (hdr.len > XENSTORE_PAYLOAD_MAX)
        return -E2BIG;
    if (g->count == GATHER_REQUESTS || g->len + sizeof(hdr) + hdr.len > GATHER_BYTES)
        send_gathered(s);
    memcpy(g->bytes + g->len, &hdr, sizeof(hdr));
    g->len += sizeof(hdr);
    for (i = 0; i < nr_parts; i++) {
        memcpy(g->bytes + g->len, parts[i].iov_base, parts[i].iov_len);
        g->len += parts[i].iov_len;
    }
    g->types[g->count++] = type;
    return g->rc;
}

static bool answers_nothing(uint32_t type)
{
    return type == XS_WRITE || type == XS_MKDIR || type == XS_RM || type == XS_SET_PERMS;
}

void store_gather(struct store *s, store_tx_t tx)
{
    if (s->device || s->gathering || s->gone || s->broken || TX_SERIAL(tx) != s->serial)
        return; /* then each waits for its answer */
    s->gathering = calloc(1, sizeof(*s->gathering));
    if (s->gathering)
        s->gathering->tx = tx;
}

/* Waits for all answers. The first error. */
static int settle(struct store *s)
{
    int rc;

    send_gathered(s);
    rc = s->gathering->rc;
    free(s->gathering);
    s->gathering = NULL;
    return rc;
}

static int talk(struct store *s, uint32_t type, store_tx_t tx, struct iovec *parts, int nr_parts)
{
    uint32_t number = s->device ? tx : TX_WIRE(tx);
    int rc;

    if (s->gathering && s->gathering->tx == tx && answers_nothing(type))
        return gather(s, type, parts, nr_parts);
    if (s->gathering)
        send_gathered(s); /* answers come in the order of requests */
    for (;;) {
        if (s->broken)
            return -EPIPE;
        if (tx && !s->device && (s->gone || TX_SERIAL(tx) != s->serial))
            return -EAGAIN; /* it went with the daemon */
        rc = s->gone ? come_back(s) : 0;
        if (!rc)
            rc = talk_once(s, type, number, parts, nr_parts);
        if (!s->gone)
            return rc;
    }
}

static int talk_path(struct store *s, uint32_t type, store_tx_t tx, const char *path)
{
    struct iovec part = string_part(path);

    return talk(s, type, tx, &part, 1);
}

static int copy_body(struct store *s, char **value, size_t *len)
{
    *value = malloc(s->hdr.len + 1);
    if (!*value)
        return -ENOMEM;
    memcpy(*value, s->body, s->hdr.len + 1);
    if (len)
        *len = s->hdr.len;
    return 0;
}

int store_read(struct store *s, store_tx_t tx, const char *path, char **value, size_t *len)
{
    int rc = talk_path(s, XS_READ, tx, path);

    return rc ? rc : copy_body(s, value, len);
}

int store_readf(struct store *s, store_tx_t tx, char **value, const char *path_fmt, ...)
{
    char path[STORE_PATH_MAX + 1];
    va_list ap;
    int n;

    va_start(ap, path_fmt);
    n = vsnprintf(path, sizeof(path), path_fmt, ap);
    va_end(ap);
    if (n < 0 || (size_t)n >= sizeof(path))
        return -EINVAL;
    return store_read(s, tx, path, value, NULL);
}

int store_read_u64(struct store *s, store_tx_t tx, const char *path, uint64_t *number)
{
    char *value, *end;
    size_t len;
    int rc = store_read(s, tx, path, &value, &len);

    if (rc)
        return rc;
    errno = 0;
    *number = strtoull(value, &end, 10);
    if (value[0] < '0' || value[0] > '9' || end != value + len || errno)
        rc = -EINVAL;
    free(value);
    return rc;
}

int store_write_bytes(struct store *s, store_tx_t tx, const char *path, const void *value,
                      size_t len)
{
    struct iovec parts[] = {string_part(path), {(void *)value, len}};

    return talk(s, XS_WRITE, tx, parts, 2);
}

int store_write(struct store *s, store_tx_t tx, const char *path, const char *value)
{
    return store_write_bytes(s, tx, path, value, strlen(value));
}

int store_writef(struct store *s, store_tx_t tx, const char *path, const char *value_fmt, ...)
{
    char value[STORE_VALUE_MAX + 1];
    va_list ap;
    int n;

    va_start(ap, value_fmt);
    n = vsnprintf(value, sizeof(value), value_fmt, ap);
    va_end(ap);
    if (n < 0 || (size_t)n >= sizeof(value))
        return -E2BIG;
    return store_write_bytes(s, tx, path, value, n);
}

int store_mkdir(struct store *s, store_tx_t tx, const char *path)
{
    return talk_path(s, XS_MKDIR, tx, path);
}

int store_rm(struct store *s, store_tx_t tx, const char *path)
{
    return talk_path(s, XS_RM, tx, path);
}

/* Turns @len bytes of NUL-ended names into one block: pointers first, then the names. */
static int names_block(const char *bytes, size_t len, char ***names, size_t *count)
{
    size_t n = 0, i;
    char *text;

    for (i = 0; i < len; i++)
        n += bytes[i] == '\0';
    *names = malloc((n + 1) * sizeof(char *) + len + 1);
    if (!*names)
        return -ENOMEM;
    text = (char *)(*names + n + 1);
    if (len)
        memcpy(text, bytes, len);
    for (i = 0; i < n; i++) {
        (*names)[i] = text;
        text += strlen(text) + 1;
    }
    (*names)[n] = NULL;
    *count = n;
    return 0;
}

/*
 * Collects a long list by parts into *@all. Each answer begins with the list's generation; when
 * that changes the list did, and we begin again. A list's end is marked by an empty name.
 */
static int directory_parts(struct store *s, store_tx_t tx, const char *path, char **all,
                           size_t *all_len)
{
    char generation[32] = "", offset[24];
    unsigned int tries = 0;
    int rc;

    *all = NULL;
    *all_len = 0;
    for (;;) {
        struct iovec parts[2];
        size_t gen_len, len;
        const char *names;
        char *grown;
        bool end;

        snprintf(offset, sizeof(offset), "%zu", *all_len);
        parts[0] = string_part(path);
        parts[1] = string_part(offset);
        rc = talk(s, XS_DIRECTORY_PART, tx, parts, 2);
        if (rc)
            break;
        gen_len = strnlen(s->body, s->hdr.len) + 1;
        if (gen_len >= s->hdr.len || gen_len > sizeof(generation) ||
            s->body[s->hdr.len - 1] != '\0') {
            rc = broken(s, -EPROTO);
            break;
        }
        if (*all_len && strcmp(generation, s->body)) {
            *all_len = 0;
            rc = ++tries == DIRECTORY_TRIES_MAX ? -EAGAIN : 0;
            if (rc)
                break;
            continue;
        }
        memcpy(generation, s->body, gen_len);
        names = s->body + gen_len;
        len = s->hdr.len - gen_len;
        end = len == 1 || names[len - 2] == '\0';
        len -= end;
        grown = realloc(*all, *all_len + len + 1);
        if (!grown) {
            rc = -ENOMEM;
            break;
        }
        *all = grown;
        memcpy(*all + *all_len, names, len);
        *all_len += len;
        if (end)
            return 0;
    }
    free(*all);
    return rc;
}

int store_directory(struct store *s, store_tx_t tx, const char *path, char ***names, size_t *count)
{
    char *all;
    size_t len;
    int rc = talk_path(s, XS_DIRECTORY, tx, path);

    if (!rc)
        return names_block(s->body, s->hdr.len, names, count);
    if (rc != -E2BIG)
        return rc;
    rc = directory_parts(s, tx, path, &all, &len);
    if (rc)
        return rc;
    rc = names_block(all, len, names, count);
    free(all);
    return rc;
}

int store_get_perms(struct store *s, store_tx_t tx, const char *path, struct store_perm **perms,
                    size_t *count)
{
    size_t n = 0, i;
    const char *p;
    int rc = talk_path(s, XS_GET_PERMS, tx, path);

    if (rc)
        return rc;
    for (i = 0; i < s->hdr.len; i++)
        n += s->body[i] == '\0';
    if (!n)
        return broken(s, -EPROTO);
    *perms = calloc(n, sizeof(**perms));
    if (!*perms)
        return -ENOMEM;
    for (i = 0, p = s->body; i < n; i++, p += strlen(p) + 1) {
        (*perms)[i].domid = strtoul(p[0] ? p + 1 : p, NULL, 10);
        (*perms)[i].read = p[0] == 'r' || p[0] == 'b';
        (*perms)[i].write = p[0] == 'w' || p[0] == 'b';
    }
    *count = n;
    return 0;
}

int store_set_perms(struct store *s, store_tx_t tx, const char *path,
                    const struct store_perm *perms, size_t count)
{
    char text[STORE_VALUE_MAX];
    struct iovec parts[2] = {string_part(path), {text, 0}};
    size_t i, len = 0;

    for (i = 0; i < count; i++) {
        char letter = "nrwb"[perms[i].read + 2 * perms[i].write];
        int n = snprintf(text + len, sizeof(text) - len, "%c%u", letter, perms[i].domid);

        len += n + 1;
        if (len > sizeof(text))
            return -E2BIG;
    }
    parts[1].iov_len = len;
    return talk(s, XS_SET_PERMS, tx, parts, 2);
}

static int talk_watch(struct store *s, uint32_t type, const char *path, const char *token)
{
    struct iovec parts[] = {string_part(path), string_part(token)};

    return talk(s, type, STORE_NO_TX, parts, 2);
}

int store_watch(struct store *s, const char *path, const char *token)
{
    struct watched *w = calloc(1, sizeof(*w));
    int rc = -ENOMEM;

    if (w) {
        w->path = strdup(path);
        w->token = strdup(token);
    }
    if (w && w->path && w->token)
        rc = talk_watch(s, XS_WATCH, path, token);
    if (!rc) {
        w->next = s->watches;
        s->watches = w;
    } else if (w) {
        watched_free(w);
    }
    return rc;
}

int store_unwatch(struct store *s, const char *path, const char *token)
{
    struct watched **slot = &s->watches, *w;
    int rc = talk_watch(s, XS_UNWATCH, path, token);

    while (!rc && (w = *slot)) {
        if (!strcmp(w->path, path) && !strcmp(w->token, token)) {
            *slot = w->next;
            watched_free(w);
            break;
        }
        slot = &w->next;
    }
    return rc;
}

int store_next_event(struct store *s, struct store_event *ev)
{
    int rc;

    while (!s->first) {
        if (s->broken)
            return -EPIPE;
        rc = s->gone ? come_back(s) : receive(s, MSG_DONTWAIT);
        if (s->gone || (rc == 0 && s->first))
            continue; /* gone, or come back with events */
        if (rc <= 0)
            return rc;
        if (s->hdr.type != XS_WATCH_EVENT)
            return broken(s, -EPROTO);
        rc = queue_event(s);
        if (rc)
            return rc;
    }
    free(s->shown);
    s->shown = s->first;
    s->first = s->shown->next;
    if (!s->first)
        s->last = &s->first;
    ev->path = s->shown->data;
    ev->token = ev->path + strlen(ev->path) + 1;
    return 1;
}

int store_wait_event(struct store *s, struct store_event *ev, int timeout_ms)
{
    struct pollfd pfd = {.fd = s->fd, .events = POLLIN};
    int rc;

    for (;;) {
        rc = store_next_event(s, ev);
        if (rc)
            return rc;
        rc = poll(&pfd, 1, timeout_ms);
        if (rc < 0)
            return -errno;
        if (rc == 0)
            return 0;
    }
}

int store_begin(struct store *s, store_tx_t *tx)
{
    int rc = talk_path(s, XS_TRANSACTION_START, STORE_NO_TX, "");

    if (rc)
        return rc;
    *tx = strtoul(s->body, NULL, 10);
    if (!*tx)
        return broken(s, -EPROTO);
    if (s->device)
        return 0;
    if (*tx >> TX_BITS) {
        gone(s); /* out of numbers: begin anew, after this one */
        return -EAGAIN;
    }
    *tx = TX_MAKE(s->serial, *tx);
    return 0;
}

int store_end(struct store *s, store_tx_t tx, bool commit)
{
    int gathered = s->gathering && s->gathering->tx == tx ? settle(s) : 0, rc;

    commit = commit && !gathered;
    rc = talk_path(s, XS_TRANSACTION_END, tx, commit ? "T" : "F");
    if (commit)
        return rc;
    return gathered ? gathered : rc == -EAGAIN ? 0 : rc;
}

int store_transact(struct store *s, int (*fn)(struct store *s, store_tx_t tx, void *arg), void *arg)
{
    unsigned int tries;
    store_tx_t tx;
    int rc, rc_end;

    for (tries = 0; tries < TRANSACT_TRIES_MAX; tries++) {
        rc = store_begin(s, &tx);
        if (rc == -EAGAIN)
            continue;
        if (rc)
            return rc;
        rc = fn(s, tx, arg);
        rc_end = store_end(s, tx, rc == 0);
        if (rc == 0)
            rc = rc_end;
        if (rc != -EAGAIN)
            return rc;
    }
    return -EAGAIN;
}

/* Sends numbers as strings. */
static int talk_numbers(struct store *s, uint32_t type, const uint64_t *numbers, int count)
{
    struct iovec parts[3];
    char text[3][24];
    int i;

    for (i = 0; i < count; i++) {
        snprintf(text[i], sizeof(text[i]), "%llu", (unsigned long long)numbers[i]);
        parts[i] = string_part(text[i]);
    }
    return talk(s, type, STORE_NO_TX, parts, count);
}

int store_introduce(struct store *s, uint32_t domid, uint64_t gfn, uint32_t port)
{
    return talk_numbers(s, XS_INTRODUCE, (uint64_t[]){domid, gfn, port}, 3);
}

int store_release(struct store *s, uint32_t domid)
{
    return talk_numbers(s, XS_RELEASE, (uint64_t[]){domid}, 1);
}

int store_resume(struct store *s, uint32_t domid)
{
    return talk_numbers(s, XS_RESUME, (uint64_t[]){domid}, 1);
}

int store_set_target(struct store *s, uint32_t domid, uint32_t target)
{
    return talk_numbers(s, XS_SET_TARGET, (uint64_t[]){domid, target}, 2);
}

int store_is_introduced(struct store *s, uint32_t domid)
{
    int rc = talk_numbers(s, XS_IS_DOMAIN_INTRODUCED, (uint64_t[]){domid}, 1);

    return rc ? rc : s->body[0] == 'T';
}

int store_domain_path(struct store *s, uint32_t domid, char **path)
{
    int rc = talk_numbers(s, XS_GET_DOMAIN_PATH, (uint64_t[]){domid}, 1);

    return rc ? rc : copy_body(s, path, NULL);
}

int store_control(struct store *s, const char *const *args, size_t count, char **answer)
{
    struct iovec parts[PARTS_MAX];
    size_t i;
    int rc;

    if (count > PARTS_MAX)
        return -E2BIG;
    for (i = 0; i < count; i++)
        parts[i] = string_part(args[i]);
    rc = talk(s, XS_CONTROL, STORE_NO_TX, parts, count);
    return rc ? rc : copy_body(s, answer, NULL);
}
