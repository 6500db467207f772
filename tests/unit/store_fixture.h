/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef TESTS_UNIT_STORE_FIXTURE_H
#define TESTS_UNIT_STORE_FIXTURE_H

/*
 * A store on a machine of our own: domains that are what a test says they are, rings that are
 * plain memory. Messages go straight to a connection, answers and events are taken from it.
 */

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "pv-abi/io/xs_wire.h"
#include "xenstore-like/conn.h"
#include "xenstore-like/domain.h"
#include "xenstore-like/log.h"
#include "xenstore-like/stored.h"
#include "xenstore-like/transaction.h"
#include "xenstore-like/watch.h"

#define DOMAINS 16

/* Payloads from string literals, with the last NUL and without. */
#define Z(literal) (literal), sizeof(literal)
#define B(literal) (literal), (sizeof(literal) - 1)

struct fixture {
    struct stored st;
    unsigned int state[DOMAINS];
    struct xenstore_domain_interface rings[DOMAINS];
    bool mapped[DOMAINS];
    unsigned int notified[DOMAINS];
    int map_error, bind_error;
    unsigned int nr_bound;
    struct conn *dom0; /* a socket */
};

/* The last answer or event taken. */
struct taken {
    uint32_t type, req_id, tx_id, len;
    char body[XENSTORE_PAYLOAD_MAX + 1];
};

static inline unsigned int fixture_state(void *ctx, uint32_t domid)
{
    struct fixture *f = ctx;

    return domid < DOMAINS ? f->state[domid] : 0;
}

static inline int fixture_map(void *ctx, uint32_t domid, uint64_t gfn,
                              struct xenstore_domain_interface **ring)
{
    struct fixture *f = ctx;

    (void)gfn;
    if (f->map_error)
        return f->map_error;
    assert_false(f->mapped[domid]);
    f->mapped[domid] = true;
    *ring = &f->rings[domid];
    return 0;
}

static inline void fixture_unmap(void *ctx, struct xenstore_domain_interface *ring)
{
    struct fixture *f = ctx;

    assert_true(f->mapped[ring - f->rings]);
    f->mapped[ring - f->rings] = false;
}

/* Our port is the domain's number + 100. */
static inline int fixture_bind(void *ctx, uint32_t domid, uint32_t remote_port)
{
    struct fixture *f = ctx;

    (void)remote_port;
    if (f->bind_error)
        return f->bind_error;
    f->nr_bound++;
    return 100 + domid;
}

static inline void fixture_unbind(void *ctx, uint32_t port)
{
    struct fixture *f = ctx;

    (void)port;
    assert_true(f->nr_bound > 0);
    f->nr_bound--;
}

static inline void fixture_notify(void *ctx, uint32_t port)
{
    struct fixture *f = ctx;

    f->notified[port - 100]++;
}

static inline int fixture_setup(void **state)
{
    struct fixture *f = calloc(1, sizeof(*f));
    const struct machine m = {
        f, fixture_state, fixture_map, fixture_unmap, fixture_bind, fixture_unbind, fixture_notify};
    int i;

    for (i = 0; i < DOMAINS - 1; i++) /* the last one does not exist */
        f->state[i] = DOMAIN_EXISTS;
    log_open("/dev/null");
    stored_init(&f->st, &m);
    f->dom0 = conn_new(&f->st, NULL);
    *state = f;
    return 0;
}

static inline int fixture_teardown(void **state)
{
    struct fixture *f = *state;
    int i;

    stored_free(&f->st);
    assert_int_equal(f->nr_bound, 0);
    for (i = 0; i < DOMAINS; i++)
        assert_false(f->mapped[i]);
    free(f);
    return 0;
}

/* Introduces a domain; its connection. */
static inline struct conn *guest(struct fixture *f, uint32_t domid)
{
    assert_int_equal(domain_introduce(&f->st, domid, 1, 1), 0);
    return domain_find(&f->st, domid)->conn;
}

/* Takes the first message that waits to go out. False: none. */
static inline bool take(struct conn *c, struct taken *t)
{
    struct xsd_sockmsg hdr;
    struct msg *m = c->out_first;

    if (!m)
        return false;
    memcpy(&hdr, m->data, sizeof(hdr));
    *t = (struct taken){hdr.type, hdr.req_id, hdr.tx_id, hdr.len, ""};
    assert_true(hdr.len <= XENSTORE_PAYLOAD_MAX);
    assert_int_equal(m->size, sizeof(hdr) + hdr.len);
    memcpy(t->body, m->data + sizeof(hdr), hdr.len);
    t->body[hdr.len] = '\0';
    conn_sent(c, m->size);
    return true;
}

/* Sends a message; *@t the answer. Events before it stay for next_event(). */
static inline void ask(struct fixture *f, struct conn *c, uint32_t type, uint32_t tx,
                       const void *payload, size_t len, struct taken *t)
{
    struct xsd_sockmsg hdr = {.type = type, .req_id = 77, .tx_id = tx, .len = len};
    struct msg **slot, *m;

    memcpy(c->in, &hdr, sizeof(hdr));
    memcpy(c->in + sizeof(hdr), payload, len);
    c->in_len = sizeof(hdr) + len;
    assert_int_equal(conn_process(&f->st, c, 1), 0);
    assert_int_equal(c->in_len, 0);
    /* Put the answer in front, then take it. */
    for (slot = &c->out_first; *slot && (*slot)->event; slot = &(*slot)->next)
        ;
    m = *slot;
    assert_non_null(m);
    *slot = m->next;
    if (c->out_last == &m->next)
        c->out_last = slot == &c->out_first ? &m->next : slot;
    m->next = c->out_first;
    c->out_first = m;
    if (!m->next)
        c->out_last = &m->next;
    assert_true(take(c, t));
    assert_int_equal(t->req_id, 77);
    assert_int_equal(t->tx_id, tx);
    assert_true(t->type == type || t->type == XS_ERROR);
}

static inline unsigned int lines_with(const char *file, const char *word)
{
    FILE *in = fopen(file, "r");
    unsigned int n = 0;
    char line[400];

    assert_non_null(in);
    while (fgets(line, sizeof(line), in))
        n += strstr(line, word) != NULL;
    fclose(in);
    return n;
}

/* Sends a message that must be refused with @error. */
static inline void refused(struct fixture *f, struct conn *c, uint32_t type, uint32_t tx,
                           const void *payload, size_t len, const char *error)
{
    struct taken t;

    ask(f, c, type, tx, payload, len, &t);
    assert_int_equal(t.type, XS_ERROR);
    assert_string_equal(t.body, error);
    assert_int_equal(t.len, strlen(error) + 1);
}

/* Sends a message that must be answered by these bytes. */
static inline void answered(struct fixture *f, struct conn *c, uint32_t type, uint32_t tx,
                            const void *payload, size_t len, const void *expected, size_t size)
{
    struct taken t;

    ask(f, c, type, tx, payload, len, &t);
    if (t.type == XS_ERROR)
        fail_msg("refused: %s", t.body);
    assert_int_equal(t.len, size);
    if (size)
        assert_memory_equal(t.body, expected, size);
}

/* Sends a message that must be answered "OK". */
static inline void ok(struct fixture *f, struct conn *c, uint32_t type, uint32_t tx,
                      const void *payload, size_t len)
{
    answered(f, c, type, tx, payload, len, "OK", 3);
}

static inline void put(struct fixture *f, struct conn *c, uint32_t tx, const char *path,
                       const char *value)
{
    char buf[XENSTORE_PAYLOAD_MAX];
    size_t len = strlen(path) + 1, value_len = strlen(value);

    memcpy(buf, path, len);
    memcpy(buf + len, value, value_len);
    ok(f, c, XS_WRITE, tx, buf, len + value_len);
}

static inline void holds(struct fixture *f, struct conn *c, uint32_t tx, const char *path,
                         const char *value)
{
    answered(f, c, XS_READ, tx, path, strlen(path) + 1, value, strlen(value));
}

static inline void missing(struct fixture *f, struct conn *c, uint32_t tx, const char *path)
{
    refused(f, c, XS_READ, tx, path, strlen(path) + 1, "ENOENT");
}

static inline uint32_t begin(struct fixture *f, struct conn *c)
{
    struct taken t;

    ask(f, c, XS_TRANSACTION_START, 0, Z(""), &t);
    assert_int_equal(t.type, XS_TRANSACTION_START);
    assert_true(t.len > 1 && strtoul(t.body, NULL, 10));
    return strtoul(t.body, NULL, 10);
}

/* The next thing that waits must be an event for @path and @token. */
static inline void event(struct conn *c, const char *path, const char *token)
{
    struct taken t;

    if (!take(c, &t))
        fail_msg("no event, expected %s %s", path, token);
    assert_int_equal(t.type, XS_WATCH_EVENT);
    assert_int_equal(t.req_id, 0);
    assert_int_equal(t.tx_id, 0);
    assert_string_equal(t.body, path);
    assert_string_equal(t.body + strlen(path) + 1, token);
    assert_int_equal(t.len, strlen(path) + strlen(token) + 2);
}

static inline void no_event(struct conn *c)
{
    struct taken t;

    if (take(c, &t))
        fail_msg("unexpected: type %u \"%s\"", t.type, t.body);
}

/* Watches and takes the event that comes at once. */
static inline void watch(struct fixture *f, struct conn *c, const char *path, const char *token)
{
    char buf[XENSTORE_PAYLOAD_MAX];
    size_t len = strlen(path) + 1, token_len = strlen(token) + 1;

    memcpy(buf, path, len);
    memcpy(buf + len, token, token_len);
    ok(f, c, XS_WATCH, 0, buf, len + token_len);
    event(c, path, token);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)

#endif
