// SPDX-License-Identifier: GPL-2.0-only
/* Transactions. */
#include "xenstore-like/transaction.h"

#include <errno.h>

#include "xenstore-like/alloc.h"
#include "xenstore-like/change.h"
#include "xenstore-like/conn.h"
#include "xenstore-like/domain.h"
#include "xenstore-like/state.h"
#include "xenstore-like/stored.h"

/* Something that a transaction has looked at. */
struct look {
    struct hash_link link;
    unsigned int what;
    char path[];
};

struct node_delta {
    uint32_t domid;
    int nodes;
};

static void count_delta(void *ctx, uint32_t domid, int nodes)
{
    struct transaction *tx = ctx;
    unsigned int i;

    for (i = 0; i < tx->nr_deltas; i++) {
        if (tx->deltas[i].domid == domid) {
            tx->deltas[i].nodes += nodes;
            return;
        }
    }
    tx->deltas = xrealloc(tx->deltas, (i + 1) * sizeof(*tx->deltas));
    tx->deltas[i] = (struct node_delta){domid, nodes};
    tx->nr_deltas++;
}

int transaction_delta(const struct transaction *tx, uint32_t domid)
{
    unsigned int i;

    for (i = 0; i < tx->nr_deltas; i++)
        if (tx->deltas[i].domid == domid)
            return tx->deltas[i].nodes;
    return 0;
}

static struct transaction *begin(struct stored *st, struct conn *c, uint32_t id)
{
    struct transaction *tx = xcalloc(1, sizeof(*tx));

    tx->conn = c;
    tx->id = id;
    tx->base = node_get(st->tree.root);
    tx->view = (struct tree){node_get(st->tree.root), &st->gen, count_delta, tx};
    tx->last = &tx->first;
    list_add_tail(&tx->link, &c->transactions);
    if (c->domain)
        c->domain->nr_transactions++;
    state_tx_start(st, tx);
    return tx;
}

int transaction_start(struct stored *st, struct conn *c, struct transaction **out)
{
    uint32_t id;

    if (!conn_privileged(c) && c->domain->nr_transactions >= st->quotas.transactions) {
        domain_refused(st, c->domain, QUOTA_TRANSACTIONS);
        return -ENOSPC;
    }
    do
        id = ++c->next_tx;
    while (!id || transaction_find(c, id));
    *out = begin(st, c, id);
    return 0;
}

void transaction_restore(struct stored *st, struct conn *c, uint32_t id)
{
    begin(st, c, id)->restored = true;
}

void transaction_free(struct stored *st, struct transaction *tx)
{
    struct hash_link *l, *next_link;
    struct change *ch, *next;
    size_t i;

    state_tx_end(st, tx);
    for (ch = tx->first; ch; ch = next) {
        next = ch->next;
        change_free(ch);
    }
    for (i = 0; i < tx->looks.nr_chains; i++) {
        for (l = tx->looks.chains[i]; l; l = next_link) {
            next_link = l->next;
            free(list_entry(l, struct look, link));
        }
    }
    hash_free(&tx->looks);
    free(tx->deltas);
    node_put(tx->base);
    node_put(tx->view.root);
    if (tx->conn->domain)
        tx->conn->domain->nr_transactions--;
    list_del(&tx->link);
    free(tx);
}

struct transaction *transaction_find(struct conn *c, uint32_t id)
{
    struct list *pos, *tmp;

    list_for_each (pos, tmp, &c->transactions) {
        struct transaction *tx = list_entry(pos, struct transaction, link);

        if (tx->id == id)
            return tx;
    }
    return NULL;
}

int transaction_look(struct stored *st, struct transaction *tx, const char *path, size_t len,
                     unsigned int what)
{
    uint64_t hash = hash_bytes(path, len, 0);
    struct hash_link *l;
    struct look *look;

    for (l = hash_first(&tx->looks, hash); l; l = l->next) {
        look = list_entry(l, struct look, link);
        if (l->hash == hash && !strncmp(look->path, path, len) && !look->path[len]) {
            look->what |= what;
            return 0;
        }
    }
    if (!conn_privileged(tx->conn) && tx->looks.count >= st->quotas.transaction_nodes) {
        domain_refused(st, tx->conn->domain, QUOTA_TRANSACTION_NODES);
        return -ENOSPC;
    }
    look = xcalloc(1, sizeof(*look) + len + 1);
    memcpy(look->path, path, len);
    look->what = what;
    hash_insert(&tx->looks, &look->link, hash);
    return 0;
}

void transaction_add(struct stored *st, struct transaction *tx, struct change *ch)
{
    change_apply(&tx->view, ch, NULL);
    *tx->last = ch;
    tx->last = &ch->next;
    tx->nr_changes++;
    state_tx_change(st, tx, ch);
}

int transaction_change(struct stored *st, struct transaction *tx, struct change *ch)
{
    if (!conn_privileged(tx->conn) && tx->nr_changes >= st->quotas.transaction_nodes) {
        domain_refused(st, tx->conn->domain, QUOTA_TRANSACTION_NODES);
        change_free(ch);
        return -ENOSPC;
    }
    transaction_add(st, tx, ch);
    return 0;
}

/* Whether all that was looked at is in the live tree as it was in the snapshot. */
static bool unchanged(const struct stored *st, const struct transaction *tx)
{
    struct hash_link *l;
    size_t i;

    if (tx->base == st->tree.root)
        return true;
    for (i = 0; i < tx->looks.nr_chains; i++) {
        for (l = tx->looks.chains[i]; l; l = l->next) {
            const struct look *look = list_entry(l, struct look, link);
            const struct node *was = tree_find(tx->base, look->path);
            const struct node *is = tree_find(st->tree.root, look->path);

            if (was == is)
                continue;
            if (!was || !is || was->gen != is->gen)
                return false;
            if ((look->what & LOOKED_AT_KIDS) && was->kids_gen != is->kids_gen)
                return false;
        }
    }
    return true;
}

static int may_commit(struct stored *st, const struct transaction *tx)
{
    const struct domain *d = tx->conn->domain;
    const struct change *ch;
    int delta;

    if (tx->restored || !unchanged(st, tx)) {
        st->nr_conflicts++;
        return -EAGAIN;
    }
    for (ch = tx->first; ch; ch = ch->next) {
        const struct domain *owner;

        if (ch->kind != CHANGE_PERMS)
            continue;
        owner = domain_find(st, ch->perms->p[0].domid);
        if (!owner || owner->born > ch->perms->stamp)
            return -ENOENT; /* died meanwhile */
    }
    if (conn_privileged(tx->conn))
        return 0;
    delta = transaction_delta(tx, d->domid);
    if (delta > 0 && d->nr_nodes + delta > st->quotas.nodes) {
        domain_refused(st, tx->conn->domain, QUOTA_NODES);
        return -ENOSPC;
    }
    return 0;
}

int transaction_end(struct stored *st, struct transaction *tx, bool commit)
{
    const struct change *ch;
    struct node *before;
    struct pendings ps;
    int rc = commit ? may_commit(st, tx) : 0;

    if (!rc && commit) {
        /* The snapshot's nodes are no longer needed: fewer will have to be copied. */
        node_put(tx->base);
        node_put(tx->view.root);
        tx->base = tx->view.root = NULL;
        before = node_get(st->tree.root);
        pendings_init(&ps);
        for (ch = tx->first; ch; ch = ch->next) {
            change_apply(&st->tree, ch, &ps);
            state_change(st, ch);
        }
        pendings_fire(st, &ps, before);
        node_put(before);
    }
    transaction_free(st, tx);
    return rc;
}
