/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef XENSTORE_LIKE_DOMAIN_H
#define XENSTORE_LIKE_DOMAIN_H

/*
 * Domains as the store knows them.
 * States: unknown -> known (named in some permission) -> introduced (has a connection and, with
 * a hypervisor, a ring) -> unknown (released, or found dying: its nodes, watches, transactions
 * and permissions go). dom0 is known from the start.
 */

#include <stdbool.h>
#include <stdint.h>

#include "xenstore-like/list.h"

struct conn;
struct perms;
struct stored;
struct xenstore_domain_interface;

/* Causes of a refusal, each logged once per domain. */
enum quota {
    QUOTA_NODES,
    QUOTA_WATCHES,
    QUOTA_TRANSACTIONS,
    QUOTA_NODE_SIZE,
    QUOTA_PERMS,
    QUOTA_TRANSACTION_NODES,
    QUOTA_OUTSTANDING,
    QUOTA_EVENTS,
    NR_QUOTAS
};

struct domain {
    struct list link; /* st->domain_list */
    uint32_t domid;
    uint64_t born;         /* generation; permissions older than this are not for it */
    struct domain *target; /* for which it may act as well */
    bool introduced, shutdown;
    struct conn *conn; /* of the ring */
    struct xenstore_domain_interface *ring;
    uint64_t gfn;
    uint32_t port, remote_port;  /* port 0: not bound */
    uint32_t req_cons, rsp_prod; /* our indices in the ring; what the page says of them is shown */
    unsigned int nr_nodes, nr_watches, nr_transactions;
    uint64_t refusals[NR_QUOTAS];
};

/* NULL if unknown. */
struct domain *domain_find(const struct stored *st, uint32_t domid);

/* Makes it known if the hypervisor has it. NULL: no such domain. */
struct domain *domain_learn(struct stored *st, uint32_t domid);

/* Counts nodes of a domain: the live tree's count function, @ctx is the struct stored. */
void domain_count_nodes(void *ctx, uint32_t domid, int nodes);

/*
 * Gives a domain its connection, or an introduced one its new port; resets the ring and all the
 * connection had. -ENOENT no such domain; other errors of mapping and binding.
 */
int domain_introduce(struct stored *st, uint32_t domid, uint64_t gfn, uint32_t remote_port);

/* dom0's own kernel: ring and (local) port are there already, and may be in use. */
void domain_introduce_dom0(struct stored *st, struct xenstore_domain_interface *ring,
                           uint32_t port);

/* Brings back what the journal says; the ring is connected later. */
void domain_restore(struct stored *st, uint32_t domid, uint64_t born);
void domain_restore_ring(struct stored *st, struct domain *d, uint64_t gfn, uint32_t remote_port);

/* Connects the rings of restored domains where they were left; then as domains_check(). */
void domains_reconnect(struct stored *st);

/* Forgets the domain and all that is its own. Watches of @releaseDomain are the caller's. */
void domain_release(struct stored *st, struct domain *d);

/*
 * Compares all domains with what the hypervisor says, after VIRQ_DOM_EXC: releases those dying
 * or gone, and fires @releaseDomain if one was introduced or has newly shut down.
 */
void domains_check(struct stored *st);

/* The introduced domain whose ring uses our @port, or NULL. */
struct domain *domain_by_port(const struct stored *st, uint32_t port);

/* Marks entries for domains that don't exist. Whether the owner exists. */
bool domains_resolve_perms(struct stored *st, struct perms *ps);

/* Notes a refusal; the first of its cause is logged. NULL @d (dom0's sockets) is allowed. */
void domain_refused(struct stored *st, struct domain *d, enum quota which);
const char *quota_name(enum quota which);
unsigned int *quota_limit(struct stored *st, enum quota which); /* NULL: fixed */

#endif
