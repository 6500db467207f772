/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef XENSTORE_LIKE_CONN_H
#define XENSTORE_LIKE_CONN_H

/*
 * A connection, whatever carries its bytes (a socket, a ring): bytes that came in but are no
 * handled message yet, messages to go out, watches and transactions.
 *
 * The carrier puts bytes at conn->in + in_len, calls conn_process(), takes bytes from
 * conn->out_first, and calls conn_sent(). Who gets something to send is put on st->ready.
 *
 * Memory is bounded: a connection that does not take its answers is not read from, and events
 * that it does not take are merged into one per watch, which names the watched node itself.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "xenstore-like/list.h"
#include "xenstore-like/perms.h"

#define CONN_IN_BYTES 8192u /* more than one message of the largest size */

struct domain;
struct stored;
struct watch;

struct msg {
    struct msg *next;
    struct watch *watch; /* whose event this is, while that exists */
    bool event;
    bool kept;           /* the journal has it */
    uint32_t size, sent; /* bytes of data */
    char data[];         /* header, payload */
};

struct conn {
    struct list link;      /* st->conns */
    struct list ready;     /* st->ready, or alone */
    struct list touched;   /* st->touched, or alone */
    struct domain *domain; /* of a ring; NULL for a socket, which is dom0's */
    bool ignored;          /* broke the protocol: neither read nor answered any more */
    size_t in_len;
    char *in;
    struct msg *out_first, **out_last;
    size_t out_bytes;
    unsigned int nr_answers; /* in out */
    struct msg *first_new;   /* the first message that is not kept; those after it are not either */
    unsigned int kept_gone;  /* kept messages that have gone, which the journal still has */
    struct list watches, transactions;
    unsigned int nr_watches;
    uint32_t next_tx;
    void *carrier;    /* main.c's, as are the next two: */
    bool more, moved; /* has requests left to handle; bytes have come from, or gone to, its ring */
    unsigned long serial;
};

struct conn *conn_new(struct stored *st, struct domain *domain);
void conn_free(struct stored *st, struct conn *c);

/* Drops watches, transactions and all bytes. */
void conn_reset(struct stored *st, struct conn *c);

/* After a breach of protocol: resets, and nothing more is taken or given. */
void conn_ignore(struct stored *st, struct conn *c);

struct who conn_who(const struct conn *c);
bool conn_privileged(const struct conn *c);

/* The room at c->in + c->in_len. */
size_t conn_room(const struct conn *c);

/*
 * Handles whole messages in c->in, at most @budget. 1 there may be more to do at once, 0 more
 * bytes or room to answer are needed, -EPROTO a message longer than allowed.
 */
int conn_process(struct stored *st, struct conn *c, unsigned int budget);

/* Whether answers pile up, so that nothing should be read. */
bool conn_stalled(const struct stored *st, const struct conn *c);

/* @bytes have gone from the front of the output. For a ring, state_touch() is the caller's. */
void conn_sent(struct conn *c, size_t bytes);

void conn_mark_ready(struct stored *st, struct conn *c);

/* Queues an answer. */
void conn_answer(struct stored *st, struct conn *c, uint32_t type, uint32_t req_id, uint32_t tx_id,
                 const void *payload, size_t len);

/* Queues an event of @w (one of @c's) for @path, unless the same waits already. */
void conn_event(struct stored *st, struct conn *c, struct watch *w, const char *path);

/* Brings back what the journal says: @gone messages have left, @sent bytes of the first one now. */
bool conn_restore_sent(struct conn *c, unsigned int gone, uint32_t sent); /* true: impossible */
void conn_restore_msg(struct stored *st, struct conn *c, const void *data, size_t size,
                      uint32_t sent, bool event, struct watch *w, bool merged);

#endif
