/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef XENSTORE_LIKE_STORED_H
#define XENSTORE_LIKE_STORED_H

/*
 * The whole state of the daemon. One thread; nothing here blocks.
 *
 *   connections (conn.h) --> messages (wire.h) --> changes (change.h) --> tree (tree.h)
 *                                   |                  |
 *                            transactions        events of watches (watch.h) --> connections
 *
 * What touches the machine (sockets, rings' pages, event channels, domains' states) is behind
 * struct machine and the poll loop in main.c.
 */

#include <stdbool.h>
#include <stdint.h>

#include "xenstore-like/hash.h"
#include "xenstore-like/list.h"
#include "xenstore-like/tree.h"

#define DOMID_LIMIT 0x7ff0u /* DOMID_FIRST_RESERVED: ids of real domains are lower */

struct conn;
struct domain;
struct journal;
struct perms;
struct xenstore_domain_interface;

/* State of a domain as the hypervisor sees it. */
#define DOMAIN_EXISTS   1u
#define DOMAIN_SHUTDOWN 2u /* shut down or crashed, for whatever reason */
#define DOMAIN_DYING    4u

/* What the daemon needs of the hypervisor; negative errno on failure. */
struct machine {
    void *ctx;
    unsigned int (*domain_state)(void *ctx, uint32_t domid); /* DOMAIN_*; 0: no such domain */
    int (*map_ring)(void *ctx, uint32_t domid, uint64_t gfn,
                    struct xenstore_domain_interface **ring);
    void (*unmap_ring)(void *ctx, struct xenstore_domain_interface *ring);
    int (*bind)(void *ctx, uint32_t domid, uint32_t remote_port); /* returns our port */
    void (*unbind)(void *ctx, uint32_t port);
    void (*notify)(void *ctx, uint32_t port);
};

/* Limits for each unprivileged domain; they don't bind dom0. */
struct quotas {
    unsigned int nodes;
    unsigned int watches;
    unsigned int transactions;
    unsigned int node_size;         /* bytes of a value */
    unsigned int perms_per_node;    /* entries */
    unsigned int transaction_nodes; /* nodes read, and changes made, in one transaction */
    unsigned int outstanding;       /* answers not yet taken: then no request is read */
};

/* Permissions of what can be watched but is no node. */
enum special { SPECIAL_INTRODUCE, SPECIAL_RELEASE, NR_SPECIALS };

struct stored {
    struct tree tree; /* the live tree */
    uint64_t gen;
    struct perms *specials[NR_SPECIALS];
    struct domain *domains[DOMID_LIMIT]; /* those heard of */
    struct list domain_list;
    struct list conns;
    struct list ready;       /* connections with something to do, see conn.h */
    struct list touched;     /* connections of which the journal has an old state */
    struct journal *journal; /* see state.h */
    char *state_path;
    bool renewal_failed; /* has been said */
    bool restoring; /* what happens has happened before: nothing is to be said or done about it */
    struct hash watches;     /* struct watch by connection, path and token */
    struct hash watch_paths; /* struct watch_path by path */
    struct machine machine;
    struct quotas quotas;
    unsigned int nr_bad_records; /* of the journal, when it was read */
    uint64_t nr_messages, nr_events, nr_conflicts;
};

/* An empty store as clients expect to find it: "/", "/tool", "/tool/xenstored". */
void stored_init(struct stored *st, const struct machine *machine);
void stored_free(struct stored *st);

const char *special_name(enum special which);

/* The special that @path names, or -1. */
int special_find(const char *path);

#endif
