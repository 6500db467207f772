// SPDX-License-Identifier: GPL-2.0-only
/*
 * Tests of what outlives the daemon. A daemon's end at any moment is: the journal as it was then,
 * and a new struct stored that opens it, on the same rings.
 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "store_fixture.h"
#include "xenstore-like/journal.h"
#include "xenstore-like/perms.h"
#include "xenstore-like/ring.h"
#include "xenstore-like/state.h"

static char path[] = "/tmp/pavo-state-XXXXXX";

static int setup(void **state)
{
    struct fixture *f;
    int rc = fixture_setup(state);

    f = *state;
    strcpy(path + sizeof(path) - 7, "XXXXXX");
    close(mkstemp(path));
    unlink(path);
    assert_int_equal(state_open(&f->st, path), 0);
    return rc;
}

static int teardown(void **state)
{
    unlink(path);
    return fixture_teardown(state);
}

/* The end of the daemon, without any warning, and the next one's start. */
static void restart(struct fixture *f)
{
    const struct machine m = f->st.machine;

    journal_close(f->st.journal);
    f->st.journal = NULL;
    stored_free(&f->st);
    stored_init(&f->st, &m);
    assert_int_equal(state_open(&f->st, path), 1);
    assert_int_equal(f->st.nr_bad_records, 0);
    domains_reconnect(&f->st);
    state_commit(&f->st);
    f->dom0 = conn_new(&f->st, NULL);
}

/* As main.c serves a ring; @until: where the daemon ends. */
enum until { COMMIT, PUBLISHED };

static void serve(struct fixture *f, uint32_t domid, enum until until)
{
    struct domain *d = domain_find(&f->st, domid);
    struct conn *c = d->conn;
    int n = ring_read(d->ring, &d->req_cons, c->in + c->in_len, conn_room(c));

    assert_true(n >= 0);
    c->in_len += n;
    assert_int_equal(conn_process(&f->st, c, 16), 0);
    while (c->out_first) {
        n = ring_write(d->ring, &d->rsp_prod, c->out_first->data + c->out_first->sent,
                       c->out_first->size - c->out_first->sent);
        assert_true(n >= 0);
        if (!n)
            break;
        conn_sent(c, n);
    }
    state_touch(&f->st, c);
    state_commit(&f->st);
    if (until == PUBLISHED)
        ring_publish(d->ring, d->req_cons, d->rsp_prod);
}

/* The guest's side. */
static void guest_bytes(struct fixture *f, uint32_t domid, const void *bytes, size_t len)
{
    struct xenstore_domain_interface *ring = &f->rings[domid];
    size_t i;

    assert_true(ring->req_prod - ring->req_cons + len <= XENSTORE_RING_SIZE);
    for (i = 0; i < len; i++)
        ring->req[(ring->req_prod + i) % XENSTORE_RING_SIZE] = ((const char *)bytes)[i];
    ring->req_prod += len;
}

static size_t message(char *to, uint32_t type, uint32_t tx, const void *payload, size_t len)
{
    struct xsd_sockmsg hdr = {.type = type, .req_id = 5, .tx_id = tx, .len = len};

    memcpy(to, &hdr, sizeof(hdr));
    memcpy(to + sizeof(hdr), payload, len);
    return sizeof(hdr) + len;
}

static void guest_sends(struct fixture *f, uint32_t domid, uint32_t type, uint32_t tx,
                        const void *payload, size_t len)
{
    char buf[XENSTORE_PAYLOAD_MAX + 16];

    guest_bytes(f, domid, buf, message(buf, type, tx, payload, len));
}

/* Takes the next message, which must be whole. False: there is none. */
static bool guest_takes(struct fixture *f, uint32_t domid, struct taken *t)
{
    struct xenstore_domain_interface *ring = &f->rings[domid];
    struct xsd_sockmsg hdr = {0};
    uint32_t i;

    if (ring->rsp_prod == ring->rsp_cons)
        return false;
    for (i = 0; i < sizeof(hdr); i++)
        ((char *)&hdr)[i] = ring->rsp[(ring->rsp_cons + i) % XENSTORE_RING_SIZE];
    assert_true(ring->rsp_prod - ring->rsp_cons >= sizeof(hdr) + hdr.len);
    *t = (struct taken){hdr.type, hdr.req_id, hdr.tx_id, hdr.len, ""};
    for (i = 0; i < hdr.len; i++)
        t->body[i] = ring->rsp[(ring->rsp_cons + sizeof(hdr) + i) % XENSTORE_RING_SIZE];
    t->body[hdr.len] = '\0';
    ring->rsp_cons += sizeof(hdr) + hdr.len;
    return true;
}

static void guest_gets(struct fixture *f, uint32_t domid, uint32_t type, const char *body)
{
    struct taken t;

    assert_true(guest_takes(f, domid, &t));
    assert_int_equal(t.type, type);
    assert_string_equal(t.body, body);
}

static void guest_gets_nothing(struct fixture *f, uint32_t domid)
{
    struct taken t;

    if (guest_takes(f, domid, &t))
        fail_msg("type %u \"%s\"", t.type, t.body);
}

static void prepare(struct fixture *f)
{
    put(f, f->dom0, 0, "/local/domain/1", "");
    ok(f, f->dom0, XS_SET_PERMS, 0, Z("/local/domain/1\0n1"));
    guest(f, 1);
    state_commit(&f->st);
}

static void the_tree_comes_back_with_values_and_permissions(void **state)
{
    struct fixture *f = *state;

    put(f, f->dom0, 0, "/a/b", "one");
    put(f, f->dom0, 0, "/a/c", "");
    put(f, f->dom0, 0, "/gone/x", "");
    ok(f, f->dom0, XS_SET_PERMS, 0, Z("/a/b\0n2\0r3"));
    ok(f, f->dom0, XS_RM, 0, Z("/gone"));
    ok(f, f->dom0, XS_RM, 0, Z("/tool"));
    state_commit(&f->st);
    restart(f);
    holds(f, f->dom0, 0, "/a/b", "one");
    holds(f, f->dom0, 0, "/a/c", "");
    missing(f, f->dom0, 0, "/gone");
    missing(f, f->dom0, 0, "/tool");
    answered(f, f->dom0, XS_GET_PERMS, 0, Z("/a/b"), "n2\0r3", 6);
    answered(f, f->dom0, XS_GET_PERMS, 0, Z("/a/c"), "n0", 3);
    assert_int_equal(domain_find(&f->st, 2)->nr_nodes, 1);
}

static void what_was_not_committed_has_not_happened(void **state)
{
    struct fixture *f = *state;

    put(f, f->dom0, 0, "/a", "1");
    state_commit(&f->st);
    put(f, f->dom0, 0, "/a", "2");
    restart(f);
    holds(f, f->dom0, 0, "/a", "1");
}

static void generations_never_repeat(void **state)
{
    struct fixture *f = *state;
    uint64_t gen;

    put(f, f->dom0, 0, "/a", "1");
    state_commit(&f->st);
    gen = f->st.gen;
    restart(f);
    assert_true(f->st.gen > gen);
}

static void a_request_taken_but_not_answered_is_done_once(void **state)
{
    struct fixture *f = *state;

    prepare(f);
    guest_sends(f, 1, XS_WRITE, 0, B("data\0x"));
    serve(f, 1, COMMIT); /* the guest does not know yet */
    guest_gets_nothing(f, 1);
    put(f, f->dom0, 0, "/local/domain/1/data", "changed since");
    state_commit(&f->st);
    restart(f);
    serve(f, 1, PUBLISHED);
    guest_gets(f, 1, XS_WRITE, "OK");
    guest_gets_nothing(f, 1);
    holds(f, f->dom0, 0, "/local/domain/1/data", "changed since");
    assert_int_equal(f->rings[1].req_cons, f->rings[1].req_prod);
}

static void a_request_not_taken_is_done_by_the_next_daemon(void **state)
{
    struct fixture *f = *state;

    prepare(f);
    guest_sends(f, 1, XS_WRITE, 0, B("data\0x"));
    restart(f);
    assert_true(f->notified[1] > 1);
    serve(f, 1, PUBLISHED);
    guest_gets(f, 1, XS_WRITE, "OK");
    holds(f, f->dom0, 0, "/local/domain/1/data", "x");
}

static void a_request_read_in_part_is_read_on(void **state)
{
    struct fixture *f = *state;
    char buf[64];
    size_t len = message(buf, XS_WRITE, 0, B("data\0x"));

    prepare(f);
    guest_bytes(f, 1, buf, 21);
    serve(f, 1, PUBLISHED);
    assert_int_equal(f->rings[1].req_cons, f->rings[1].req_prod);
    restart(f);
    guest_bytes(f, 1, buf + 21, len - 21);
    serve(f, 1, PUBLISHED);
    guest_gets(f, 1, XS_WRITE, "OK");
    holds(f, f->dom0, 0, "/local/domain/1/data", "x");
}

static void an_answer_written_in_part_is_written_on(void **state)
{
    struct fixture *f = *state;
    static char value[1500];
    char body[1600];
    uint32_t got = 0, n;

    prepare(f);
    memset(value, 'v', sizeof(value) - 1);
    put(f, f->dom0, 0, "/local/domain/1/long", value);
    guest_sends(f, 1, XS_READ, 0, Z("long"));
    serve(f, 1, PUBLISHED);
    for (n = 0; n < 3; n++) {
        struct xenstore_domain_interface *ring = &f->rings[1];

        for (; ring->rsp_cons != ring->rsp_prod; ring->rsp_cons++)
            body[got++] = ring->rsp[ring->rsp_cons % XENSTORE_RING_SIZE];
        restart(f);
        serve(f, 1, n % 2 ? PUBLISHED : COMMIT);
    }
    assert_int_equal(got, 16 + sizeof(value) - 1);
    assert_memory_equal(body + 16, value, sizeof(value) - 1);
}

static void watches_of_rings_and_events_not_taken_come_back(void **state)
{
    struct fixture *f = *state;
    unsigned int i;
    char name[64];

    prepare(f);
    guest_sends(f, 1, XS_WATCH, 0, Z("data\0tok"));
    serve(f, 1, PUBLISHED);
    guest_gets(f, 1, XS_WATCH, "OK");
    guest_gets(f, 1, XS_WATCH_EVENT, "data");
    for (i = 0; i < 40; i++) { /* more than fit into the ring */
        sprintf(name, "/local/domain/1/data/n%u", i);
        put(f, f->dom0, 0, name, "");
    }
    state_commit(&f->st);
    restart(f);
    put(f, f->dom0, 0, "/local/domain/1/data/after", "");
    for (i = 0; i < 40; i++) {
        serve(f, 1, PUBLISHED);
        sprintf(name, "data/n%u", i);
        guest_gets(f, 1, XS_WATCH_EVENT, name);
    }
    serve(f, 1, PUBLISHED);
    guest_gets(f, 1, XS_WATCH_EVENT, "data/after");
    guest_gets_nothing(f, 1);
    guest_sends(f, 1, XS_UNWATCH, 0, Z("data\0tok"));
    serve(f, 1, PUBLISHED);
    guest_gets(f, 1, XS_UNWATCH, "OK");
    restart(f);
    put(f, f->dom0, 0, "/local/domain/1/data/last", "");
    serve(f, 1, PUBLISHED);
    guest_gets_nothing(f, 1);
}

static void an_open_transaction_goes_on_and_fails_at_its_end(void **state)
{
    struct fixture *f = *state;
    uint32_t tx;
    struct taken t;
    int i;

    prepare(f);
    guest_sends(f, 1, XS_TRANSACTION_START, 0, Z(""));
    serve(f, 1, PUBLISHED);
    assert_true(guest_takes(f, 1, &t));
    tx = strtoul(t.body, NULL, 10);
    guest_sends(f, 1, XS_WRITE, tx, B("data\0mine"));
    serve(f, 1, PUBLISHED);
    guest_gets(f, 1, XS_WRITE, "OK");
    for (i = 0; i < 2; i++) {
        restart(f);
        guest_sends(f, 1, XS_READ, tx, Z("data"));
        serve(f, 1, PUBLISHED);
        guest_gets(f, 1, XS_READ, "mine");
    }
    guest_sends(f, 1, XS_WRITE, tx, B("more\0too"));
    serve(f, 1, PUBLISHED);
    guest_gets(f, 1, XS_WRITE, "OK");
    guest_sends(f, 1, XS_TRANSACTION_END, tx, Z("T"));
    serve(f, 1, PUBLISHED);
    guest_gets(f, 1, XS_ERROR, "EAGAIN");
    missing(f, f->dom0, 0, "/local/domain/1/data");
    assert_int_equal(domain_find(&f->st, 1)->nr_transactions, 0);
    guest_sends(f, 1, XS_TRANSACTION_START, 0, Z(""));
    serve(f, 1, PUBLISHED);
    assert_true(guest_takes(f, 1, &t));
    assert_int_not_equal(strtoul(t.body, NULL, 10), tx);
}

static void a_domain_that_died_meanwhile_is_released(void **state)
{
    struct fixture *f = *state;

    prepare(f);
    guest(f, 2);
    guest_sends(f, 2, XS_WATCH, 0, Z("@releaseDomain\0r"));
    serve(f, 2, PUBLISHED);
    guest_gets(f, 2, XS_WATCH, "OK");
    f->state[1] = 0;
    restart(f);
    assert_null(domain_find(&f->st, 1));
    missing(f, f->dom0, 0, "/local/domain/1");
    assert_false(f->mapped[1]);
}

static void quotas_targets_and_specials_come_back(void **state)
{
    struct fixture *f = *state;

    guest(f, 1);
    guest(f, 2);
    ok(f, f->dom0, XS_CONTROL, 0,
       Z("quota\0nodes\0"
         "77"));
    ok(f, f->dom0, XS_SET_TARGET, 0,
       Z("1\0"
         "2"));
    ok(f, f->dom0, XS_SET_PERMS, 0, Z("@releaseDomain\0n0\0r2"));
    f->state[2] |= DOMAIN_SHUTDOWN;
    domains_check(&f->st);
    state_commit(&f->st);
    restart(f);
    assert_int_equal(f->st.quotas.nodes, 77);
    assert_ptr_equal(domain_find(&f->st, 1)->target, domain_find(&f->st, 2));
    answered(f, f->dom0, XS_GET_PERMS, 0, Z("@releaseDomain"), "n0\0r2", 6);
    assert_true(domain_find(&f->st, 2)->shutdown);
}

static void a_refusal_is_remembered(void **state)
{
    struct fixture *f = *state;
    struct domain *d;

    prepare(f);
    f->st.quotas.node_size = 3;
    guest_sends(f, 1, XS_WRITE, 0, B("data\0too long"));
    serve(f, 1, PUBLISHED);
    guest_gets(f, 1, XS_ERROR, "ENOSPC");
    restart(f);
    d = domain_find(&f->st, 1);
    assert_int_equal(d->refusals[QUOTA_NODE_SIZE], 1);
    assert_int_equal(d->refusals[QUOTA_NODES], 0);
    restart(f);
    assert_int_equal(domain_find(&f->st, 1)->refusals[QUOTA_NODE_SIZE], 1);
}

static void a_guest_that_broke_its_ring_stays_unserved(void **state)
{
    struct fixture *f = *state;

    prepare(f);
    conn_ignore(&f->st, domain_find(&f->st, 1)->conn);
    state_commit(&f->st);
    restart(f);
    assert_true(domain_find(&f->st, 1)->conn->ignored);
    guest(f, 1);
    state_commit(&f->st);
    restart(f);
    assert_false(domain_find(&f->st, 1)->conn->ignored);
}

static void a_ring_not_reached_at_a_restart_is_reached_when_introduced_again(void **state)
{
    struct fixture *f = *state;

    prepare(f);
    f->map_error = -ENOMEM;
    restart(f);
    f->map_error = 0;
    assert_null(domain_find(&f->st, 1)->ring);
    assert_int_equal(domain_introduce(&f->st, 1, 7, 2), 0);
    assert_true(f->mapped[1]);
    assert_int_equal(domain_find(&f->st, 1)->gfn, 7);
    guest_sends(f, 1, XS_WRITE, 0, B("data\0x"));
    serve(f, 1, PUBLISHED);
    guest_gets(f, 1, XS_WRITE, "OK");
    holds(f, f->dom0, 0, "/local/domain/1/data", "x");
}

static void messages_not_taken_go_when_the_ring_is_introduced_again(void **state)
{
    struct fixture *f = *state;
    char name[64];
    int i;

    prepare(f);
    guest_sends(f, 1, XS_WATCH, 0, Z("data\0tok"));
    serve(f, 1, PUBLISHED);
    for (i = 0; i < 40; i++) { /* more than fit into the ring */
        sprintf(name, "/local/domain/1/data/n%d", i);
        put(f, f->dom0, 0, name, "");
    }
    serve(f, 1, PUBLISHED);
    assert_non_null(domain_find(&f->st, 1)->conn->out_first);
    guest(f, 1);
    state_commit(&f->st);
    restart(f); /* every record makes sense */
    assert_null(domain_find(&f->st, 1)->conn->out_first);
    guest_sends(f, 1, XS_READ, 0, Z("data/n1"));
    serve(f, 1, PUBLISHED);
    guest_gets(f, 1, XS_READ, "");
    guest_gets_nothing(f, 1);
}

static void the_journal_does_not_grow_for_ever(void **state)
{
    struct fixture *f = *state;
    struct stat st;
    char value[1001];
    int i;

    memset(value, 'x', sizeof(value) - 1);
    value[sizeof(value) - 1] = '\0';
    for (i = 0; i < 20000; i++) {
        put(f, f->dom0, 0, "/a", value);
        state_commit(&f->st);
    }
    assert_int_equal(stat(path, &st), 0);
    assert_true(st.st_size < 8 << 20);
    restart(f);
    holds(f, f->dom0, 0, "/a", value);
}

static void a_file_that_is_no_journal_is_replaced(void **state)
{
    struct fixture *f = *state;
    const struct machine m = f->st.machine;
    int fd;

    put(f, f->dom0, 0, "/a", "1");
    stored_free(&f->st);
    fd = open(path, O_WRONLY | O_TRUNC);
    assert_int_equal(write(fd, "nonsense", 8), 8);
    close(fd);
    stored_init(&f->st, &m);
    assert_int_equal(state_open(&f->st, path), 0);
    f->dom0 = conn_new(&f->st, NULL);
    missing(f, f->dom0, 0, "/a");
    put(f, f->dom0, 0, "/a", "2");
    state_commit(&f->st);
    restart(f);
    holds(f, f->dom0, 0, "/a", "2");
}

/* While a folder has this name no new journal can be made. */
static const char *blocked_name(void)
{
    static char name[sizeof(path) + sizeof(".new")];

    snprintf(name, sizeof(name), "%s.new", path);
    return name;
}

static void a_journal_that_cannot_be_renewed_is_not_found_again(void **state)
{
    struct fixture *f = *state;
    const struct machine m = f->st.machine;

    put(f, f->dom0, 0, "/a", "1");
    state_commit(&f->st);
    stored_free(&f->st);
    assert_int_equal(mkdir(blocked_name(), 0700), 0);
    stored_init(&f->st, &m);
    assert_true(state_open(&f->st, path) < 0);
    f->dom0 = conn_new(&f->st, NULL);
    holds(f, f->dom0, 0, "/a", "1");
    put(f, f->dom0, 0, "/a", "2");
    state_commit(&f->st);
    assert_int_equal(rmdir(blocked_name()), 0);
    stored_free(&f->st);
    stored_init(&f->st, &m);
    assert_int_equal(state_open(&f->st, path), 0);
    f->dom0 = conn_new(&f->st, NULL);
    missing(f, f->dom0, 0, "/a");
}

/* Commits @count changes of about 1 KB; after how many the journal was still due for renewal. */
static unsigned int write_much(struct fixture *f, int count)
{
    const struct journal *j = f->st.journal;
    unsigned int due = 0;
    char value[1001];

    memset(value, 'x', sizeof(value) - 1);
    value[sizeof(value) - 1] = '\0';
    while (count--) {
        put(f, f->dom0, 0, "/a", value);
        state_commit(&f->st);
        due += f->st.journal == j && journal_due(j);
    }
    return due;
}

static void a_renewal_that_fails_is_tried_again_later_and_said_once(void **state)
{
    char log[] = "/tmp/pavo-log-XXXXXX";
    struct fixture *f = *state;
    struct stat st;

    close(mkstemp(log));
    assert_int_equal(log_open(log), 0);
    assert_int_equal(mkdir(blocked_name(), 0700), 0);
    assert_int_equal(write_much(f, 5000), 0);
    assert_int_equal(lines_with(log, "cannot be made shorter"), 1);
    assert_int_equal(stat(path, &st), 0);
    assert_true(st.st_size > 4 << 20);
    assert_int_equal(rmdir(blocked_name()), 0);
    write_much(f, 4000);
    assert_int_equal(stat(path, &st), 0);
    assert_true(st.st_size < 4 << 20);
    log_open("/dev/null");
    unlink(log);
    restart(f);
}

/* ---- anything, at any moment: what one daemon has is what the next one has */

struct text {
    char *s;
    size_t len;
};

__attribute__((format(printf, 2, 3))) static void add(struct text *t, const char *fmt, ...)
{
    char line[8192];
    va_list ap;
    int n;

    va_start(ap, fmt);
    n = vsnprintf(line, sizeof(line), fmt, ap);
    va_end(ap);
    t->s = realloc(t->s, t->len + n + 1);
    memcpy(t->s + t->len, line, n + 1);
    t->len += n;
}

static bool tell_node(void *ctx, const char *at, const struct node *n, const struct node *parent)
{
    unsigned int i;

    (void)parent;
    add(ctx, "%s = %s", at, n->value->data);
    for (i = 0; i < n->perms->count; i++)
        add(ctx, " %u:%u", n->perms->p[i].domid, n->perms->p[i].bits);
    add(ctx, " @%llu\n", (unsigned long long)n->perms->stamp);
    return true;
}

static void tell_conn(struct text *t, const struct conn *c)
{
    struct list *pos, *tmp;
    const struct msg *m;
    size_t i;

    add(t, "conn %u %u in %zu ignored %d answers %u out %zu tx %u\n", c->domain->req_cons,
        c->domain->rsp_prod, c->in_len, c->ignored, c->nr_answers, c->out_bytes, c->next_tx);
    list_for_each (pos, tmp, &c->watches) {
        const struct watch *w = list_entry(pos, struct watch, in_conn);

        add(t, "watch %s %s %zu %d %d\n", w->where->path, w->token, w->prefix, w->last != NULL,
            w->merged != NULL);
    }
    for (m = c->out_first; m; m = m->next) {
        add(t, "msg %d %u/%u %d ", m->event, m->sent, m->size, m->watch != NULL);
        for (i = 16; i < m->size; i++)
            add(t, "%c", m->data[i] < ' ' ? '|' : m->data[i]);
        add(t, "\n");
    }
    list_for_each (pos, tmp, &c->transactions) {
        const struct transaction *tx = list_entry(pos, struct transaction, link);

        add(t, "transaction %u changes %u\n", tx->id, tx->nr_changes);
    }
}

static char *tell(struct stored *st)
{
    struct text t = {NULL, 0};
    struct list *pos, *tmp;

    tree_walk(st->tree.root, NULL, "/", tell_node, &t);
    list_for_each (pos, tmp, &st->domain_list) {
        const struct domain *d = list_entry(pos, struct domain, link);

        add(&t, "domain %u born %llu nodes %u tx %u %d %d %d\n", d->domid,
            (unsigned long long)d->born, d->nr_nodes, d->nr_transactions, d->introduced,
            d->shutdown, d->target ? (int)d->target->domid : -1);
        if (d->conn)
            tell_conn(&t, d->conn);
    }
    return t.s;
}

static unsigned int rnd(unsigned int n)
{
    static uint64_t x = 88172645463325252u;

    x ^= x << 13;
    x ^= x >> 7;
    x ^= x << 17;
    return x % n;
}

/* A random message, as a guest or dom0 might send. */
static size_t random_message(struct conn *c, char *to)
{
    static const char *const paths[] = {
        "/local/domain/1/a", "/local/domain/1/a/b", "data", "a", "/s/x", "/s",
        "/local/domain/2/c", "@releaseDomain"};
    static const uint32_t types[] = {XS_WRITE,
                                     XS_WRITE,
                                     XS_WRITE,
                                     XS_RM,
                                     XS_MKDIR,
                                     XS_WATCH,
                                     XS_UNWATCH,
                                     XS_SET_PERMS,
                                     XS_READ,
                                     XS_TRANSACTION_START,
                                     XS_TRANSACTION_END,
                                     XS_RESET_WATCHES,
                                     XS_TRANSACTION_START};
    uint32_t type = types[rnd(sizeof(types) / sizeof(types[0]))], tx = 0;
    char body[256];
    size_t len = sprintf(body, "%s", paths[rnd(8)]) + 1;

    if (type == XS_TRANSACTION_START)
        len = sprintf(body, "%s", "") + 1;
    else if (type == XS_TRANSACTION_END)
        len = sprintf(body, "%s", rnd(4) ? "T" : "F") + 1;
    else if (type == XS_WRITE)
        len += sprintf(body + len, "%u", rnd(1000));
    else if (type == XS_WATCH || type == XS_UNWATCH)
        len += sprintf(body + len, "t%u", rnd(2)) + 1;
    else if (type == XS_SET_PERMS)
        len += sprintf(body + len, "%c%u", "nrwb"[rnd(4)], rnd(3)) + 1;
    if (type == XS_RESET_WATCHES && rnd(5))
        type = XS_READ;
    if (!list_empty(&c->transactions) && type != XS_TRANSACTION_START &&
        (type == XS_TRANSACTION_END || rnd(2)))
        tx = list_entry(c->transactions.next, struct transaction, link)->id;
    return message(to, type, tx, body, len);
}

static void random_step(struct fixture *f)
{
    uint32_t domid = 1 + rnd(3);
    char buf[512], *p = buf;
    struct taken t;
    size_t len;

    if (rnd(40) == 0) {
        f->state[domid] = 0;
        domains_check(&f->st);
        f->state[domid] = DOMAIN_EXISTS;
        f->rings[domid] = (struct xenstore_domain_interface){.req = ""};
    } else if (rnd(60) == 0) {
        f->state[domid] ^= DOMAIN_SHUTDOWN;
        domains_check(&f->st);
    }
    if (!domain_find(&f->st, domid) || !domain_find(&f->st, domid)->conn)
        guest(f, domid);
    if (rnd(4) == 0) {
        len = random_message(f->dom0, buf);
        memcpy(f->dom0->in, buf, len);
        f->dom0->in_len = len;
        assert_int_equal(conn_process(&f->st, f->dom0, 1), 0);
        while (take(f->dom0, &t))
            ;
    } else if (f->rings[domid].req_prod - f->rings[domid].req_cons < 500) {
        struct conn *c = domain_find(&f->st, domid)->conn;

        len = random_message(c, buf);
        if (rnd(3) == 0 && !c->in_len) { /* in two parts */
            size_t part = 1 + rnd(len - 1);

            guest_bytes(f, domid, p, part);
            serve(f, domid, PUBLISHED);
            p += part;
            len -= part;
        }
        guest_bytes(f, domid, p, len);
    }
    serve(f, domid, rnd(3) ? PUBLISHED : COMMIT);
    if (!rnd(12))
        f->rings[domid].rsp_cons = f->rings[domid].rsp_prod;
}

static void whatever_happens_the_next_daemon_has_it(void **state)
{
    struct fixture *f = *state;
    char *before, *after;
    int i;

    put(f, f->dom0, 0, "/s", "");
    ok(f, f->dom0, XS_SET_PERMS, 0, Z("/s\0b0"));
    for (i = 0; i < 6000; i++) {
        random_step(f);
        state_commit(&f->st);
        if (rnd(8))
            continue;
        before = tell(&f->st);
        restart(f);
        after = tell(&f->st);
        if (strcmp(before, after))
            fail_msg("step %d: before:\n%s\nafter:\n%s", i, before, after);
        free(before);
        free(after);
    }
}

int main(void)
{
#define STATE_TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        STATE_TEST(the_tree_comes_back_with_values_and_permissions),
        STATE_TEST(what_was_not_committed_has_not_happened),
        STATE_TEST(generations_never_repeat),
        STATE_TEST(a_request_taken_but_not_answered_is_done_once),
        STATE_TEST(a_request_not_taken_is_done_by_the_next_daemon),
        STATE_TEST(a_request_read_in_part_is_read_on),
        STATE_TEST(an_answer_written_in_part_is_written_on),
        STATE_TEST(watches_of_rings_and_events_not_taken_come_back),
        STATE_TEST(an_open_transaction_goes_on_and_fails_at_its_end),
        STATE_TEST(a_domain_that_died_meanwhile_is_released),
        STATE_TEST(quotas_targets_and_specials_come_back),
        STATE_TEST(a_refusal_is_remembered),
        STATE_TEST(a_guest_that_broke_its_ring_stays_unserved),
        STATE_TEST(a_ring_not_reached_at_a_restart_is_reached_when_introduced_again),
        STATE_TEST(messages_not_taken_go_when_the_ring_is_introduced_again),
        STATE_TEST(the_journal_does_not_grow_for_ever),
        STATE_TEST(a_file_that_is_no_journal_is_replaced),
        STATE_TEST(a_journal_that_cannot_be_renewed_is_not_found_again),
        STATE_TEST(a_renewal_that_fails_is_tried_again_later_and_said_once),
        STATE_TEST(whatever_happens_the_next_daemon_has_it),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
