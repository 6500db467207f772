// SPDX-License-Identifier: GPL-2.0-only
/*
 * What outlives the daemon: records, a snapshot of all, and the way back.
 * A snapshot consists of the same records, so there is one reader for both.
 */
#include "xenstore-like/state.h"

#include <errno.h>
#include <stdio.h>
#include <unistd.h>

#include "dom0-tools/lib/crash.h"
#include "pv-abi/io/xs_wire.h"
#include "xenstore-like/alloc.h"
#include "xenstore-like/change.h"
#include "xenstore-like/conn.h"
#include "xenstore-like/domain.h"
#include "xenstore-like/journal.h"
#include "xenstore-like/log.h"
#include "xenstore-like/path.h"
#include "xenstore-like/stored.h"
#include "xenstore-like/transaction.h"
#include "xenstore-like/watch.h"

enum record_type {
    REC_BASE = 1,  /* a snapshot begins: nothing is there but "/" and dom0 */
    REC_QUOTA,     /* which, limit */
    REC_SPECIAL,   /* which, permissions */
    REC_DOMAIN,    /* domid, born */
    REC_NODE,      /* path, value, whether as the parent's or permissions */
    REC_INTRODUCE, /* domid, gfn, remote port */
    REC_RELEASE,   /* domid */
    REC_FLAGS,     /* domid, shut down, whether it has a target, that */
    REC_CHANGE,    /* a change */
    REC_WATCH,     /* domid, path, token, prefix */
    REC_UNWATCH,   /* domid, path, token */
    REC_TX_START,  /* domid, number */
    REC_TX_CHANGE, /* domid, number, a change */
    REC_TX_END,    /* domid, number */
    REC_IGNORED,   /* domid */
    REC_CONN,      /* domid, indices, messages gone, bytes of the first sent, next number, input */
    REC_MSG,       /* domid, event, merged, bytes sent, watch's path or "", message */
    REC_REFUSED,   /* domid, quota, how often */
};

/* ---- writing */

static void put_u32(struct stored *st, uint32_t v)
{
    journal_put(st->journal, &v, sizeof(v));
}

static void put_u64(struct stored *st, uint64_t v)
{
    journal_put(st->journal, &v, sizeof(v));
}

static void put_bytes(struct stored *st, const void *bytes, size_t len)
{
    put_u32(st, len);
    journal_put(st->journal, bytes, len);
}

static void put_string(struct stored *st, const char *str)
{
    put_bytes(st, str, strlen(str) + 1);
}

static void put_perms(struct stored *st, const struct perms *ps)
{
    put_u64(st, ps->stamp);
    put_bytes(st, ps->p, ps->count * sizeof(ps->p[0]));
}

static void put_change(struct stored *st, const struct change *ch)
{
    put_u32(st, ch->kind);
    put_u32(st, ch->maker.privileged);
    put_u32(st, ch->maker.domid);
    put_string(st, ch->path);
    if (ch->kind == CHANGE_WRITE)
        put_bytes(st, ch->value->data, ch->value->len);
    if (ch->kind == CHANGE_PERMS)
        put_perms(st, ch->perms);
}

/* Begins a record; false if none is kept. */
static bool begin(struct stored *st, enum record_type type)
{
    if (!st->journal)
        return false;
    journal_begin(st->journal, type);
    return true;
}

static bool begin_of(struct stored *st, enum record_type type, const struct domain *d)
{
    if (!d || !begin(st, type))
        return false;
    put_u32(st, d->domid);
    return true;
}

static void end(struct stored *st)
{
    journal_end(st->journal);
}

void state_domain(struct stored *st, const struct domain *d)
{
    if (!begin_of(st, REC_DOMAIN, d))
        return;
    put_u64(st, d->born);
    end(st);
}

void state_introduce(struct stored *st, const struct domain *d)
{
    if (!begin_of(st, REC_INTRODUCE, d))
        return;
    put_u64(st, d->gfn);
    put_u32(st, d->remote_port);
    end(st);
}

void state_release(struct stored *st, const struct domain *d)
{
    if (begin_of(st, REC_RELEASE, d))
        end(st);
}

void state_flags(struct stored *st, const struct domain *d)
{
    if (!begin_of(st, REC_FLAGS, d))
        return;
    put_u32(st, d->shutdown);
    put_u32(st, d->target != NULL);
    put_u32(st, d->target ? d->target->domid : 0);
    end(st);
}

void state_refused(struct stored *st, const struct domain *d, unsigned int which)
{
    if (!begin_of(st, REC_REFUSED, d))
        return;
    put_u32(st, which);
    put_u64(st, d->refusals[which]);
    end(st);
}

void state_special(struct stored *st, unsigned int which)
{
    if (!begin(st, REC_SPECIAL))
        return;
    put_u32(st, which);
    put_perms(st, st->specials[which]);
    end(st);
}

void state_quota(struct stored *st, unsigned int which)
{
    const unsigned int *limit = quota_limit(st, which);

    if (!limit || !begin(st, REC_QUOTA))
        return;
    put_u32(st, which);
    put_u32(st, *limit);
    end(st);
}

void state_change(struct stored *st, const struct change *ch)
{
    if (!begin(st, REC_CHANGE))
        return;
    put_change(st, ch);
    end(st);
}

void state_watch(struct stored *st, const struct watch *w)
{
    if (!begin_of(st, REC_WATCH, w->conn->domain))
        return;
    put_string(st, w->where->path);
    put_string(st, w->token);
    put_u32(st, w->prefix);
    end(st);
}

void state_unwatch(struct stored *st, const struct watch *w)
{
    if (!begin_of(st, REC_UNWATCH, w->conn->domain))
        return;
    put_string(st, w->where->path);
    put_string(st, w->token);
    end(st);
}

void state_tx_start(struct stored *st, const struct transaction *tx)
{
    if (!begin_of(st, REC_TX_START, tx->conn->domain))
        return;
    put_u32(st, tx->id);
    end(st);
}

void state_tx_change(struct stored *st, const struct transaction *tx, const struct change *ch)
{
    if (!begin_of(st, REC_TX_CHANGE, tx->conn->domain))
        return;
    put_u32(st, tx->id);
    put_change(st, ch);
    end(st);
}

void state_tx_end(struct stored *st, const struct transaction *tx)
{
    if (!begin_of(st, REC_TX_END, tx->conn->domain))
        return;
    put_u32(st, tx->id);
    end(st);
}

void state_ignored(struct stored *st, const struct conn *c)
{
    if (begin_of(st, REC_IGNORED, c->domain))
        end(st);
}

void state_touch(struct stored *st, struct conn *c)
{
    if (st->journal && c->domain && list_empty(&c->touched))
        list_add_tail(&c->touched, &st->touched);
}

static void put_msg(struct stored *st, const struct conn *c, const struct msg *m)
{
    if (!begin_of(st, REC_MSG, c->domain))
        return;
    put_u32(st, m->event);
    put_u32(st, m->watch && m->watch->merged == m);
    put_u32(st, m->sent);
    put_string(st, m->watch ? m->watch->where->path : "");
    put_bytes(st, m->data, m->size);
    end(st);
}

/* The connection's own part, then the messages that no record has yet. */
static void put_conn(struct stored *st, struct conn *c)
{
    const struct domain *d = c->domain;
    struct msg *m;

    if (!begin_of(st, REC_CONN, d))
        return;
    put_u32(st, d->req_cons);
    put_u32(st, d->rsp_prod);
    put_u32(st, c->kept_gone);
    put_u32(st, c->out_first && c->out_first->kept ? c->out_first->sent : 0);
    put_u32(st, c->next_tx);
    put_bytes(st, c->in, c->in_len);
    end(st);
    for (m = c->first_new; m; m = m->next) {
        put_msg(st, c, m);
        m->kept = true;
    }
    c->first_new = NULL;
    c->kept_gone = 0;
}

/* ---- a snapshot */

static bool put_node(void *ctx, const char *path, const struct node *n, const struct node *parent)
{
    struct stored *st = ctx;
    bool as_parent = parent && parent->perms == n->perms;

    begin(st, REC_NODE);
    put_string(st, path);
    put_bytes(st, n->value->data, n->value->len);
    put_u32(st, as_parent);
    if (!as_parent)
        put_perms(st, n->perms);
    end(st);
    return true;
}

static void put_ring(struct stored *st, struct domain *d)
{
    struct conn *c = d->conn;
    struct list *pos, *tmp;
    const struct change *ch;
    struct msg *m;

    state_introduce(st, d);
    if (c->ignored)
        state_ignored(st, c);
    list_for_each (pos, tmp, &c->watches)
        state_watch(st, list_entry(pos, struct watch, in_conn));
    list_for_each (pos, tmp, &c->transactions) {
        const struct transaction *tx = list_entry(pos, struct transaction, link);

        state_tx_start(st, tx);
        for (ch = tx->first; ch; ch = ch->next)
            state_tx_change(st, tx, ch);
    }
    for (m = c->out_first; m; m = m->next)
        m->kept = false;
    c->first_new = c->out_first;
    c->kept_gone = 0;
    put_conn(st, c);
}

static void put_all(struct stored *st)
{
    struct list *pos, *tmp;
    unsigned int i;

    begin(st, REC_BASE);
    end(st);
    for (i = 0; i < NR_QUOTAS; i++)
        state_quota(st, i);
    list_for_each (pos, tmp, &st->domain_list)
        state_domain(st, list_entry(pos, struct domain, link));
    for (i = 0; i < NR_SPECIALS; i++)
        state_special(st, i);
    tree_walk(st->tree.root, NULL, "/", put_node, st);
    list_for_each (pos, tmp, &st->domain_list) {
        struct domain *d = list_entry(pos, struct domain, link);

        if (d->conn)
            put_ring(st, d);
    }
    list_for_each (pos, tmp, &st->domain_list) {
        const struct domain *d = list_entry(pos, struct domain, link);

        state_flags(st, d);
        for (i = 0; i < NR_QUOTAS; i++)
            if (d->refusals[i])
                state_refused(st, d, i);
    }
}

/* Begins a new journal with a snapshot; the old one serves until that is complete. */
static int renew(struct stored *st, const char *path)
{
    struct journal *old = st->journal;
    int rc = journal_create(&st->journal, path);

    if (rc) {
        st->journal = old;
        return rc;
    }
    put_all(st);
    journal_commit(st->journal, st->gen);
    crash_point();
    rc = journal_publish(st->journal);
    if (rc) {
        journal_close(st->journal);
        st->journal = old;
        return rc;
    }
    crash_point();
    journal_close(old);
    return 0;
}

/* Without memory for it, a journal that says less than is true must not be found. */
static void give_up(struct stored *st, int rc)
{
    log_line("%s: %s: from now on a restart loses the store's state", st->state_path,
             strerror(-rc));
    remove(st->state_path);
    journal_close(st->journal);
    st->journal = NULL;
}

/* The journal is sound, if long. To try again at each commit would be a snapshot at each. */
static void put_off(struct stored *st, int rc)
{
    if (!st->renewal_failed)
        log_line("%s: %s: it cannot be made shorter and grows on (said once)", st->state_path,
                 strerror(-rc));
    st->renewal_failed = true;
    journal_defer(st->journal);
}

void state_commit(struct stored *st)
{
    struct list *pos, *tmp;
    int rc = 0;

    if (!st->journal)
        return;
    list_for_each (pos, tmp, &st->touched) {
        list_del(pos);
        put_conn(st, list_entry(pos, struct conn, touched));
    }
    if (!journal_pending(st->journal))
        return;
    crash_point();
    journal_commit(st->journal, st->gen);
    crash_point();
    if (journal_failed(st->journal) || journal_due(st->journal))
        rc = renew(st, st->state_path);
    if (rc && journal_failed(st->journal))
        give_up(st, rc);
    else if (rc)
        put_off(st, rc);
}

/* ---- reading */

struct reader {
    const char *at;
    size_t left;
    bool bad;
};

static const char *get(struct reader *r, size_t len)
{
    const char *at = r->at;

    if (len > r->left) {
        r->bad = true;
        return NULL;
    }
    r->at += len;
    r->left -= len;
    return at;
}

static uint32_t get_u32(struct reader *r)
{
    const char *at = get(r, sizeof(uint32_t));
    uint32_t v = 0;

    if (at)
        memcpy(&v, at, sizeof(v));
    return v;
}

static uint64_t get_u64(struct reader *r)
{
    const char *at = get(r, sizeof(uint64_t));
    uint64_t v = 0;

    if (at)
        memcpy(&v, at, sizeof(v));
    return v;
}

static const char *get_bytes(struct reader *r, size_t *len)
{
    *len = get_u32(r);
    return get(r, *len);
}

/* Never NULL: "" if it is bad. */
static const char *get_string(struct reader *r)
{
    size_t len;
    const char *str = get_bytes(r, &len);

    if (str && len && !str[len - 1])
        return str;
    r->bad = true;
    return "";
}

/* A path of the tree; "/" if it is bad. */
static const char *get_path(struct reader *r)
{
    const char *path = get_string(r);
    char buf[PATH_MAX_BYTES];

    if (!path_canonical(path, 0, buf) && !strcmp(path, buf))
        return path;
    r->bad = true;
    return "/";
}

static struct perms *get_perms(struct reader *r)
{
    uint64_t stamp = get_u64(r);
    struct perms *ps;
    size_t len;
    const char *bytes = get_bytes(r, &len);

    if (!bytes || len < sizeof(ps->p[0]) || len % sizeof(ps->p[0])) {
        r->bad = true;
        return NULL;
    }
    ps = perms_new(len / sizeof(ps->p[0]), stamp);
    memcpy(ps->p, bytes, len);
    return ps;
}

static struct change *get_change(struct reader *r)
{
    struct who maker = {0};
    struct perms *perms = NULL;
    struct blob *value = NULL;
    struct change *ch = NULL;
    uint32_t kind = get_u32(r);
    const char *path, *bytes;
    size_t len;

    maker.privileged = get_u32(r);
    maker.domid = get_u32(r);
    path = get_path(r);
    if (kind == CHANGE_WRITE && (bytes = get_bytes(r, &len)))
        value = blob_new(bytes, len);
    if (kind == CHANGE_PERMS)
        perms = get_perms(r);
    r->bad = r->bad || kind > CHANGE_PERMS || (kind == CHANGE_RM && !path[1]);
    if (!r->bad)
        ch = change_new(kind, path, &maker, value, perms);
    blob_put(value);
    perms_put(perms);
    return ch;
}

static struct domain *get_domain(struct stored *st, struct reader *r)
{
    struct domain *d = domain_find(st, get_u32(r));

    r->bad = r->bad || !d;
    return d;
}

static struct conn *get_conn(struct stored *st, struct reader *r)
{
    struct domain *d = get_domain(st, r);

    r->bad = r->bad || !d->conn;
    return r->bad ? NULL : d->conn;
}

static struct transaction *get_tx(struct stored *st, struct reader *r)
{
    struct conn *c = get_conn(st, r);
    uint32_t id = get_u32(r);
    struct transaction *tx = c ? transaction_find(c, id) : NULL;

    r->bad = r->bad || !tx;
    return tx;
}

static void read_base(struct stored *st, struct reader *r)
{
    (void)r;
    while (st->tree.root->kids) {
        char path[PATH_MAX_BYTES];

        snprintf(path, sizeof(path), "/%s", st->tree.root->kids->name->data);
        tree_remove(&st->tree, path);
    }
}

static void read_quota(struct stored *st, struct reader *r)
{
    uint32_t which = get_u32(r), value = get_u32(r);
    unsigned int *limit = which < NR_QUOTAS ? quota_limit(st, which) : NULL;

    r->bad = r->bad || !limit;
    if (!r->bad)
        *limit = value;
}

static void read_special(struct stored *st, struct reader *r)
{
    uint32_t which = get_u32(r);
    struct perms *ps = get_perms(r);

    r->bad = r->bad || which >= NR_SPECIALS;
    if (!r->bad) {
        perms_put(st->specials[which]);
        st->specials[which] = perms_get(ps);
    }
    perms_put(ps);
}

static void read_domain(struct stored *st, struct reader *r)
{
    uint32_t domid = get_u32(r);
    uint64_t born = get_u64(r);

    r->bad = r->bad || domid >= DOMID_LIMIT;
    if (!r->bad)
        domain_restore(st, domid, born);
}

static void read_node(struct stored *st, struct reader *r)
{
    const struct who us = {.privileged = true};
    const char *path = get_path(r);
    size_t len;
    const char *bytes = get_bytes(r, &len);
    uint32_t as_parent = get_u32(r);
    struct perms *ps = as_parent || r->bad ? NULL : get_perms(r);
    struct blob *value;

    if (!r->bad) {
        value = blob_new(bytes, len);
        if (tree_find(st->tree.root, path))
            tree_set_value(&st->tree, path, value);
        else
            tree_create(&st->tree, path, &us, value);
        blob_put(value);
        if (ps)
            tree_set_perms(&st->tree, path, ps);
    }
    perms_put(ps);
}

static void read_introduce(struct stored *st, struct reader *r)
{
    struct domain *d = get_domain(st, r);
    uint64_t gfn = get_u64(r);
    uint32_t port = get_u32(r);

    if (!r->bad)
        domain_restore_ring(st, d, gfn, port);
}

static void read_release(struct stored *st, struct reader *r)
{
    struct domain *d = get_domain(st, r);

    r->bad = r->bad || !d->domid;
    if (!r->bad)
        domain_release(st, d);
}

static void read_flags(struct stored *st, struct reader *r)
{
    struct domain *d = get_domain(st, r);
    uint32_t shutdown = get_u32(r), has_target = get_u32(r), target = get_u32(r);

    if (r->bad)
        return;
    d->shutdown = shutdown;
    d->target = has_target ? domain_find(st, target) : NULL;
}

static void read_refused(struct stored *st, struct reader *r)
{
    struct domain *d = get_domain(st, r);
    uint32_t which = get_u32(r);
    uint64_t count = get_u64(r);

    r->bad = r->bad || which >= NR_QUOTAS;
    if (!r->bad)
        d->refusals[which] = count;
}

static void read_change(struct stored *st, struct reader *r)
{
    struct change *ch = get_change(r);

    if (!ch)
        return;
    change_apply(&st->tree, ch, NULL);
    change_free(ch);
}

/* What may be watched: a path, or a special's name. */
static const char *get_watched(struct reader *r)
{
    struct reader again = *r;
    const char *str = get_string(r);

    if (str[0] == '@')
        return str;
    *r = again;
    return get_path(r);
}

static void read_watch(struct stored *st, struct reader *r)
{
    struct conn *c = get_conn(st, r);
    const char *path = get_watched(r), *token = get_string(r);
    uint32_t prefix = get_u32(r);

    if (!r->bad)
        watch_restore(st, c, path, token, prefix);
}

static void read_unwatch(struct stored *st, struct reader *r)
{
    struct conn *c = get_conn(st, r);
    const char *path = get_watched(r), *token = get_string(r);

    if (!r->bad && watch_remove(st, c, path, token))
        r->bad = true;
}

static void read_tx_start(struct stored *st, struct reader *r)
{
    struct conn *c = get_conn(st, r);
    uint32_t id = get_u32(r);

    r->bad = r->bad || transaction_find(c, id);
    if (!r->bad)
        transaction_restore(st, c, id);
}

static void read_tx_change(struct stored *st, struct reader *r)
{
    struct transaction *tx = get_tx(st, r);
    struct change *ch = r->bad ? NULL : get_change(r);

    if (ch)
        transaction_add(st, tx, ch);
}

static void read_tx_end(struct stored *st, struct reader *r)
{
    struct transaction *tx = get_tx(st, r);

    if (!r->bad)
        transaction_free(st, tx);
}

static void read_ignored(struct stored *st, struct reader *r)
{
    struct conn *c = get_conn(st, r);

    if (!r->bad)
        c->ignored = true;
}

static void read_conn(struct stored *st, struct reader *r)
{
    struct conn *c = get_conn(st, r);
    uint32_t req_cons = get_u32(r), rsp_prod = get_u32(r), gone = get_u32(r), sent = get_u32(r);
    uint32_t next_tx = get_u32(r);
    size_t len;
    const char *in = get_bytes(r, &len);

    r->bad = r->bad || len > CONN_IN_BYTES;
    if (r->bad)
        return;
    c->domain->req_cons = req_cons;
    c->domain->rsp_prod = rsp_prod;
    c->next_tx = next_tx;
    c->in_len = len;
    if (len)
        memcpy(c->in, in, len);
    r->bad = conn_restore_sent(c, gone, sent);
}

static void read_msg(struct stored *st, struct reader *r)
{
    struct conn *c = get_conn(st, r);
    uint32_t event = get_u32(r), merged = get_u32(r), sent = get_u32(r);
    const char *path = get_string(r), *data, *body;
    struct watch *w = NULL;
    size_t len, path_len;

    data = get_bytes(r, &len);
    r->bad = r->bad || len < sizeof(struct xsd_sockmsg) || sent > len;
    if (r->bad)
        return;
    if (event && *path && len > sizeof(struct xsd_sockmsg) && !data[len - 1]) {
        body = data + sizeof(struct xsd_sockmsg);
        path_len = strlen(body);
        if (body + path_len + 1 < data + len)
            w = watch_find(st, c, path, body + path_len + 1);
    }
    conn_restore_msg(st, c, data, len, sent, event, w, merged);
}

static void (*const readers[])(struct stored *st, struct reader *r) = {
    [REC_BASE] = read_base,
    [REC_QUOTA] = read_quota,
    [REC_SPECIAL] = read_special,
    [REC_DOMAIN] = read_domain,
    [REC_NODE] = read_node,
    [REC_INTRODUCE] = read_introduce,
    [REC_RELEASE] = read_release,
    [REC_FLAGS] = read_flags,
    [REC_CHANGE] = read_change,
    [REC_WATCH] = read_watch,
    [REC_UNWATCH] = read_unwatch,
    [REC_TX_START] = read_tx_start,
    [REC_TX_CHANGE] = read_tx_change,
    [REC_TX_END] = read_tx_end,
    [REC_IGNORED] = read_ignored,
    [REC_CONN] = read_conn,
    [REC_MSG] = read_msg,
    [REC_REFUSED] = read_refused,
};

#define NR_READERS (sizeof(readers) / sizeof(readers[0]))

static void replay(struct stored *st, struct journal *j)
{
    unsigned long count = 0;
    uint32_t type;
    const char *data;
    size_t len;

    st->restoring = true;
    if (st->gen < journal_counter(j))
        st->gen = journal_counter(j);
    for (; journal_next(j, &type, &data, &len); count++) {
        struct reader r = {data, len, type >= NR_READERS || !readers[type]};

        if (!r.bad)
            readers[type](st, &r);
        /* Ours alone is to blame; what can be had is still better than nothing. */
        if (r.bad && !st->nr_bad_records++)
            log_line("%s: record %lu of type %u makes no sense", st->state_path, count, type);
    }
    st->restoring = false;
}

int state_open(struct stored *st, const char *path)
{
    struct journal *j = NULL;
    int rc = journal_open(&j, path), found = !rc;

    st->state_path = xstrdup(path);
    if (rc && rc != -ENOENT)
        log_line("%s: %s: beginning anew", path,
                 rc == -ESTALE   ? "from before this boot"
                 : rc == -EPROTO ? "not a journal that this version reads"
                                 : strerror(-rc));
    if (found)
        replay(st, j);
    journal_close(j);
    rc = renew(st, path);
    if (rc) {
        log_line("%s: %s: a restart will lose the store's state", path, strerror(-rc));
        unlink(path); /* what it says is old from now on: nobody may carry on with it */
    }
    return rc ? rc : found;
}
