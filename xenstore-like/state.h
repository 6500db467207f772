/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef XENSTORE_LIKE_STATE_H
#define XENSTORE_LIKE_STATE_H

/*
 * What outlives the daemon: the tree, domains, and of each ring its indices, bytes of a request
 * that came in part, answers and events not yet taken, watches, open transactions. A socket's
 * client sees its connection end and comes again.
 *
 * Whoever changes one of these notes it here; the note is a record in a journal (journal.h).
 * Invariant: state_commit() comes between a change and the first moment at which anybody can see
 * it: before an answer is sent, before a ring's indices are published. So a kill loses nothing
 * that was told, and a request that was taken from a ring is done once.
 *
 * Open transactions come back with what they had changed, but not with what they had looked at:
 * they can be read and written on, and their commit fails with EAGAIN.
 *
 * Without a journal (st->journal NULL) all this does nothing.
 */

#include <stdint.h>

struct change;
struct conn;
struct domain;
struct stored;
struct transaction;
struct watch;

void state_domain(struct stored *st, const struct domain *d);
void state_introduce(struct stored *st, const struct domain *d);
void state_release(struct stored *st, const struct domain *d);
void state_flags(struct stored *st, const struct domain *d); /* shut down, target */
void state_special(struct stored *st, unsigned int which);
void state_quota(struct stored *st, unsigned int which);
void state_change(struct stored *st, const struct change *ch); /* of the live tree */

/* These are for rings; for sockets they do nothing. */
void state_watch(struct stored *st, const struct watch *w);
void state_unwatch(struct stored *st, const struct watch *w);
void state_tx_start(struct stored *st, const struct transaction *tx);
void state_tx_change(struct stored *st, const struct transaction *tx, const struct change *ch);
void state_tx_end(struct stored *st, const struct transaction *tx);
void state_ignored(struct stored *st, const struct conn *c);
void state_touch(struct stored *st, struct conn *c); /* its bytes, messages or indices changed */

/* All that was noted since the last time is durable when this returns. */
void state_commit(struct stored *st);

/*
 * Opens the journal at @path, brings back what it holds, and keeps it from then on. @st is as
 * stored_init() made it. 1 there was something, 0 a new one; negative errno: no journal is kept.
 * The rings are not connected yet: domains_reconnect().
 */
int state_open(struct stored *st, const char *path);

#endif
