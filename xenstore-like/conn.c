// SPDX-License-Identifier: GPL-2.0-only
/* A connection, whatever carries its bytes. */
#include "xenstore-like/conn.h"

#include <errno.h>
#include <stdio.h>

#include "pv-abi/io/xs_wire.h"
#include "xenstore-like/alloc.h"
#include "xenstore-like/domain.h"
#include "xenstore-like/log.h"
#include "xenstore-like/state.h"
#include "xenstore-like/stored.h"
#include "xenstore-like/transaction.h"
#include "xenstore-like/watch.h"
#include "xenstore-like/wire.h"

#define ANSWERS_MAX_PRIVILEGED   256u
#define OUT_BYTES_MAX            65536u /* of a guest; beyond, events are merged */
#define OUT_BYTES_MAX_PRIVILEGED (4u << 20)

struct conn *conn_new(struct stored *st, struct domain *domain)
{
    static unsigned long serial;
    struct conn *c = xcalloc(1, sizeof(*c));

    c->domain = domain;
    c->in = xmalloc(CONN_IN_BYTES);
    c->out_last = &c->out_first;
    c->serial = ++serial;
    list_init(&c->watches);
    list_init(&c->transactions);
    list_init(&c->ready);
    list_init(&c->touched);
    list_add_tail(&c->link, &st->conns);
    return c;
}

/* Frees the first message of the output. */
static void drop_first(struct conn *c)
{
    struct msg *m = c->out_first;

    c->out_first = m->next;
    if (!c->out_first)
        c->out_last = &c->out_first;
    if (c->first_new == m)
        c->first_new = m->next;
    c->kept_gone += m->kept;
    c->nr_answers -= !m->event;
    if (m->watch && m->watch->last == m)
        m->watch->last = NULL;
    if (m->watch && m->watch->merged == m)
        m->watch->merged = NULL;
    free(m);
}

void conn_reset(struct stored *st, struct conn *c)
{
    struct list *pos, *tmp;

    list_for_each (pos, tmp, &c->transactions)
        transaction_free(st, list_entry(pos, struct transaction, link));
    while (c->out_first)
        drop_first(c);
    c->out_bytes = 0;
    c->in_len = 0;
    state_touch(st, c);
    list_for_each (pos, tmp, &c->watches)
        watch_free(st, list_entry(pos, struct watch, in_conn));
}

void conn_ignore(struct stored *st, struct conn *c)
{
    conn_reset(st, c);
    c->ignored = true;
    state_ignored(st, c);
}

void conn_free(struct stored *st, struct conn *c)
{
    conn_reset(st, c);
    list_del(&c->link);
    list_del(&c->ready);
    list_del(&c->touched);
    free(c->in);
    free(c);
}

bool conn_privileged(const struct conn *c)
{
    return !c->domain || c->domain->domid == 0;
}

struct who conn_who(const struct conn *c)
{
    struct who who = {.privileged = conn_privileged(c)};

    if (c->domain) {
        who.domid = c->domain->domid;
        who.born = c->domain->born;
        if (c->domain->target) {
            who.has_target = true;
            who.target = c->domain->target->domid;
            who.target_born = c->domain->target->born;
        }
    }
    return who;
}

void conn_mark_ready(struct stored *st, struct conn *c)
{
    if (list_empty(&c->ready))
        list_add_tail(&c->ready, &st->ready);
}

size_t conn_room(const struct conn *c)
{
    return CONN_IN_BYTES - c->in_len;
}

bool conn_stalled(const struct stored *st, const struct conn *c)
{
    return c->nr_answers >= (conn_privileged(c) ? ANSWERS_MAX_PRIVILEGED : st->quotas.outstanding);
}

int conn_process(struct stored *st, struct conn *c, unsigned int budget)
{
    size_t at = 0;
    int rc = 0;

    while (!c->ignored) {
        struct xsd_sockmsg hdr;

        if (c->in_len - at < sizeof(hdr))
            break;
        memcpy(&hdr, c->in + at, sizeof(hdr));
        if (hdr.len > XENSTORE_PAYLOAD_MAX) {
            log_trace("%lu: message of %u bytes", c->serial, hdr.len);
            return -EPROTO;
        }
        if (c->in_len - at < sizeof(hdr) + hdr.len || conn_stalled(st, c))
            break;
        if (!budget--) {
            rc = 1;
            break;
        }
        wire_handle(st, c, &hdr, c->in + at + sizeof(hdr));
        at += sizeof(hdr) + hdr.len;
    }
    c->in_len -= at;
    if (at) {
        memmove(c->in, c->in + at, c->in_len);
        state_touch(st, c);
    }
    return rc;
}

static struct msg *msg_new(uint32_t type, uint32_t req_id, uint32_t tx_id, size_t len)
{
    struct xsd_sockmsg hdr = {.type = type, .req_id = req_id, .tx_id = tx_id, .len = len};
    struct msg *m = xmalloc(sizeof(*m) + sizeof(hdr) + len);

    m->next = NULL;
    m->watch = NULL;
    m->event = m->kept = false;
    m->size = sizeof(hdr) + len;
    m->sent = 0;
    memcpy(m->data, &hdr, sizeof(hdr));
    return m;
}

static void queue(struct stored *st, struct conn *c, struct msg *m)
{
    if (!c->first_new)
        c->first_new = m;
    state_touch(st, c);
    *c->out_last = m;
    c->out_last = &m->next;
    c->out_bytes += m->size;
    conn_mark_ready(st, c);
}

void conn_answer(struct stored *st, struct conn *c, uint32_t type, uint32_t req_id, uint32_t tx_id,
                 const void *payload, size_t len)
{
    struct msg *m = msg_new(type, req_id, tx_id, len);

    if (len)
        memcpy(m->data + sizeof(struct xsd_sockmsg), payload, len);
    c->nr_answers++;
    queue(st, c, m);
}

/* Whether @m, an event of the same watch, says the same and is not on its way yet. */
static bool says(const struct msg *m, const char *path)
{
    return !m->sent && !strcmp(m->data + sizeof(struct xsd_sockmsg), path);
}

/* How the watch's owner is told of a path: a relative watch leaves the domain's own part out. */
static const char *as_watched(const struct watch *w, const char *path)
{
    return path[0] == '/' && strlen(path) >= w->prefix ? path + w->prefix : path;
}

void conn_event(struct stored *st, struct conn *c, struct watch *w, const char *path)
{
    size_t limit = conn_privileged(c) ? OUT_BYTES_MAX_PRIVILEGED : OUT_BYTES_MAX;
    size_t token_len = strlen(w->token), path_len;
    bool merge = c->out_bytes >= limit;
    struct msg *m;

    if (merge) {
        if (w->merged && !w->merged->sent)
            return;
        domain_refused(st, c->domain, QUOTA_EVENTS);
        path = w->where->path;
    }
    path = as_watched(w, path);
    if (strlen(path) + 1 + token_len + 1 > XENSTORE_PAYLOAD_MAX)
        path = as_watched(w, w->where->path); /* which came in one message with the token */
    path_len = strlen(path);
    if (w->last && says(w->last, path))
        return;
    m = msg_new(XS_WATCH_EVENT, 0, 0, path_len + 1 + token_len + 1);
    memcpy(m->data + sizeof(struct xsd_sockmsg), path, path_len + 1);
    memcpy(m->data + sizeof(struct xsd_sockmsg) + path_len + 1, w->token, token_len + 1);
    m->event = true;
    m->watch = w;
    w->last = m;
    if (merge)
        w->merged = m;
    st->nr_events++;
    queue(st, c, m);
}

void conn_sent(struct conn *c, size_t bytes)
{
    c->out_bytes -= bytes;
    while (bytes) {
        struct msg *m = c->out_first;
        size_t n = m->size - m->sent < bytes ? m->size - m->sent : bytes;

        m->sent += n;
        bytes -= n;
        if (m->sent < m->size)
            break;
        drop_first(c);
    }
}

bool conn_restore_sent(struct conn *c, unsigned int gone, uint32_t sent)
{
    for (; gone; gone--) {
        if (!c->out_first)
            return true;
        c->out_bytes -= c->out_first->size - c->out_first->sent;
        drop_first(c);
    }
    c->kept_gone = 0;
    if (!sent)
        return false;
    if (!c->out_first || sent < c->out_first->sent || sent >= c->out_first->size)
        return true;
    c->out_bytes -= sent - c->out_first->sent;
    c->out_first->sent = sent;
    return false;
}

void conn_restore_msg(struct stored *st, struct conn *c, const void *data, size_t size,
                      uint32_t sent, bool event, struct watch *w, bool merged)
{
    struct msg *m = msg_new(0, 0, 0, size - sizeof(struct xsd_sockmsg));

    memcpy(m->data, data, size);
    m->event = event;
    m->watch = w;
    if (w)
        w->last = m;
    if (w && merged)
        w->merged = m;
    c->nr_answers += !event;
    queue(st, c, m);
    m->sent = sent;
    c->out_bytes -= sent;
}
