/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef XENSTORE_LIKE_TRANSACTION_H
#define XENSTORE_LIKE_TRANSACTION_H

/*
 * Transactions. One holds a snapshot of the tree (base: a reference to its root) and a view that
 * begins as the same root and takes its changes, so it sees one state of the tree from start to
 * end, plus what it did itself. It notes what it has looked at. On commit, if all that is in the
 * live tree as it was in the snapshot, its changes are made there again, in order; if not, the
 * commit fails with -EAGAIN and nothing has happened.
 */

#include <stdbool.h>
#include <stdint.h>

#include "xenstore-like/hash.h"
#include "xenstore-like/list.h"
#include "xenstore-like/tree.h"

struct change;
struct conn;
struct stored;

#define LOOKED_AT_NODE 1u /* existence, value, permissions */
#define LOOKED_AT_KIDS 2u /* the list of children */

struct transaction {
    struct list link; /* conn->transactions */
    struct conn *conn;
    uint32_t id;
    struct node *base;
    struct tree view;
    struct hash looks; /* struct look by path */
    unsigned int nr_changes;
    bool restored; /* what it had looked at is not known any more: it cannot be committed */
    struct change *first, **last;
    struct node_delta *deltas; /* nodes per domain, against the snapshot */
    unsigned int nr_deltas;
};

/* -ENOSPC the domain has too many. */
int transaction_start(struct stored *st, struct conn *c, struct transaction **tx);

/* NULL: no such transaction of this connection. */
struct transaction *transaction_find(struct conn *c, uint32_t id);

/* Notes that the outcome depends on the first @len bytes of @path. -ENOSPC too many. */
int transaction_look(struct stored *st, struct transaction *tx, const char *path, size_t len,
                     unsigned int what);

/* Makes a change within; takes @ch over. -ENOSPC too many. */
int transaction_change(struct stored *st, struct transaction *tx, struct change *ch);

/* Makes a change within whatever the quota; takes @ch over. */
void transaction_add(struct stored *st, struct transaction *tx, struct change *ch);

/* Brings back one that was open when the daemon ended. Its commit will conflict. */
void transaction_restore(struct stored *st, struct conn *c, uint32_t id);

/* Nodes that the domain has more (or less) than in the snapshot. */
int transaction_delta(const struct transaction *tx, uint32_t domid);

/*
 * Ends and frees it. -EAGAIN conflict; -ENOSPC the changes of other transactions together with
 * these exceed the domain's quota of nodes.
 */
int transaction_end(struct stored *st, struct transaction *tx, bool commit);

void transaction_free(struct stored *st, struct transaction *tx);

#endif
