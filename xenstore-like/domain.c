// SPDX-License-Identifier: GPL-2.0-only
/* Domains as the store knows them. */
#include "xenstore-like/domain.h"

#include <errno.h>
#include <stdio.h>

#include "xenstore-like/alloc.h"
#include "xenstore-like/change.h"
#include "xenstore-like/conn.h"
#include "xenstore-like/log.h"
#include "xenstore-like/ring.h"
#include "xenstore-like/state.h"
#include "xenstore-like/stored.h"
#include "xenstore-like/watch.h"

struct domain *domain_find(const struct stored *st, uint32_t domid)
{
    return domid < DOMID_LIMIT ? st->domains[domid] : NULL;
}

static struct domain *domain_new(struct stored *st, uint32_t domid, uint64_t born)
{
    struct domain *d = xcalloc(1, sizeof(*d));

    d->domid = domid;
    d->born = born;
    st->domains[domid] = d;
    list_add_tail(&d->link, &st->domain_list);
    state_domain(st, d);
    return d;
}

struct domain *domain_learn(struct stored *st, uint32_t domid)
{
    unsigned int state;

    if (domid >= DOMID_LIMIT)
        return NULL;
    if (st->domains[domid])
        return st->domains[domid];
    state = domid ? st->machine.domain_state(st->machine.ctx, domid) : DOMAIN_EXISTS;
    if (!(state & DOMAIN_EXISTS) || (state & DOMAIN_DYING))
        return NULL;
    return domain_new(st, domid, ++st->gen);
}

void domain_count_nodes(void *ctx, uint32_t domid, int nodes)
{
    struct domain *d = domain_find(ctx, domid);

    if (d)
        d->nr_nodes += nodes;
}

/* Maps the page, unless one is mapped, and binds the port. */
static int reach_ring(struct stored *st, struct domain *d, uint64_t gfn, uint32_t remote_port)
{
    struct machine *m = &st->machine;
    bool map = !d->ring;
    int port = 0, rc;

    rc = map ? m->map_ring(m->ctx, d->domid, gfn, &d->ring) : 0;
    if (rc)
        return rc;
    port = m->bind(m->ctx, d->domid, remote_port);
    if (port < 0) {
        if (map) {
            m->unmap_ring(m->ctx, d->ring);
            d->ring = NULL;
        }
        return port;
    }
    d->port = port;
    d->remote_port = remote_port;
    if (map)
        d->gfn = gfn;
    return 0;
}

static int connect_ring(struct stored *st, struct domain *d, uint64_t gfn, uint32_t remote_port)
{
    int rc = reach_ring(st, d, gfn, remote_port);

    if (rc)
        return rc;
    d->conn = conn_new(st, d);
    d->introduced = true;
    return 0;
}

/* It has no ring if that could not be mapped again after a restart. */
static int rebind(struct stored *st, struct domain *d, uint64_t gfn, uint32_t remote_port)
{
    struct machine *m = &st->machine;
    int rc;

    if (d->port)
        m->unbind(m->ctx, d->port);
    d->port = 0;
    rc = reach_ring(st, d, gfn, remote_port);
    if (rc)
        return rc;
    conn_reset(st, d->conn);
    d->conn->kept_gone = 0; /* the record of the introduction drops them */
    d->conn->ignored = false;
    return 0;
}

int domain_introduce(struct stored *st, uint32_t domid, uint64_t gfn, uint32_t remote_port)
{
    struct domain *d = domain_learn(st, domid);
    bool fresh;
    int rc;

    if (!d)
        return -ENOENT;
    fresh = !d->introduced;
    rc = fresh ? connect_ring(st, d, gfn, remote_port) : rebind(st, d, gfn, remote_port);
    if (rc) {
        log_line("domain %u: cannot connect its ring (page %#llx, port %u): %s", domid,
                 (unsigned long long)gfn, remote_port, strerror(-rc));
        return rc;
    }
    d->req_cons = d->rsp_prod = 0;
    state_introduce(st, d);
    if (d->ring) {
        ring_reset(d->ring);
        st->machine.notify(st->machine.ctx, d->port);
    }
    log_line("domain %u: %s, page %#llx, port %u", domid, fresh ? "introduced" : "reconnected",
             (unsigned long long)gfn, remote_port);
    if (fresh)
        watch_fire_special(st, SPECIAL_INTRODUCE);
    return 0;
}

void domain_introduce_dom0(struct stored *st, struct xenstore_domain_interface *ring, uint32_t port)
{
    struct domain *d = st->domains[0];

    d->ring = ring;
    d->port = port;
    if (!d->conn) {
        d->conn = conn_new(st, d);
        d->introduced = true;
        ring_indices(ring, &d->req_cons, &d->rsp_prod);
        state_introduce(st, d);
        state_touch(st, d->conn);
    }
    ring_publish(ring, d->req_cons, d->rsp_prod);
    conn_mark_ready(st, d->conn);
    st->machine.notify(st->machine.ctx, port);
}

void domain_restore(struct stored *st, uint32_t domid, uint64_t born)
{
    struct domain *d = domain_find(st, domid);

    if (d)
        d->born = born;
    else
        domain_new(st, domid, born);
}

void domain_restore_ring(struct stored *st, struct domain *d, uint64_t gfn, uint32_t remote_port)
{
    if (d->conn)
        conn_reset(st, d->conn);
    else
        d->conn = conn_new(st, d);
    d->conn->ignored = false;
    d->introduced = true;
    d->gfn = gfn;
    d->remote_port = remote_port;
    d->req_cons = d->rsp_prod = 0;
}

void domains_reconnect(struct stored *st)
{
    struct list *pos, *tmp;

    list_for_each (pos, tmp, &st->domain_list) {
        struct domain *d = list_entry(pos, struct domain, link);
        unsigned int state;
        int rc;

        if (!d->domid || !d->introduced)
            continue;
        state = st->machine.domain_state(st->machine.ctx, d->domid);
        if (!(state & DOMAIN_EXISTS) || (state & DOMAIN_DYING))
            continue;
        rc = reach_ring(st, d, d->gfn, d->remote_port);
        if (rc) {
            log_line("domain %u: cannot connect its ring again: %s", d->domid, strerror(-rc));
            continue;
        }
        log_line("domain %u: connected again", d->domid);
        if (!d->ring)
            continue;
        /* We may have ended between the commit and this. */
        ring_publish(d->ring, d->req_cons, d->rsp_prod);
        st->machine.notify(st->machine.ctx, d->port);
        conn_mark_ready(st, d->conn);
    }
    domains_check(st);
}

/* The topmost nodes that a domain owns; what is below goes with them. */
struct search {
    uint32_t domid;
    char **paths;
    size_t count;
};

static bool find_owned(void *ctx, const char *path, const struct node *n, const struct node *parent)
{
    struct search *s = ctx;
    const char *last = s->count ? s->paths[s->count - 1] : NULL;
    size_t len = last ? strlen(last) : 0;

    (void)parent;
    if (n->perms->p[0].domid != s->domid || !path[1])
        return true;
    if (last && !strncmp(last, path, len) && path[len] == '/')
        return true;
    s->paths = xrealloc(s->paths, (s->count + 1) * sizeof(*s->paths));
    s->paths[s->count++] = xstrdup(path);
    return true;
}

/* Those at or below @path. */
static void remove_owned(struct stored *st, const struct domain *d, const char *path)
{
    const struct node *n = tree_find(st->tree.root, path);
    const struct who us = {.privileged = true};
    struct search s = {.domid = d->domid};
    struct change *ch;
    size_t i;

    if (!n)
        return;
    tree_walk(n, NULL, path, find_owned, &s);
    for (i = 0; i < s.count; i++) {
        ch = change_new(CHANGE_RM, s.paths[i], &us, NULL, NULL);
        change_commit(st, ch);
        change_free(ch);
        free(s.paths[i]);
    }
    free(s.paths);
}

/* "/" stays. Its owner's number must not be worth anything to a later domain. */
static void take_root_back(struct stored *st)
{
    const struct who us = {.privileged = true};
    struct perms *ps = perms_new(1, ++st->gen);
    struct change *ch = change_new(CHANGE_PERMS, "/", &us, NULL, ps);

    change_commit(st, ch);
    change_free(ch);
    perms_put(ps);
}

static void remove_nodes(struct stored *st, const struct domain *d)
{
    char home[40];

    if (!d->nr_nodes)
        return; /* usual: who made the domain has cleared its nodes away */
    snprintf(home, sizeof(home), "/local/domain/%u", d->domid);
    remove_owned(st, d, home);
    if (d->nr_nodes)
        remove_owned(st, d, "/");
    if (st->tree.root->perms->p[0].domid == d->domid)
        take_root_back(st);
}

void domain_release(struct stored *st, struct domain *d)
{
    struct machine *m = &st->machine;
    struct list *pos, *tmp;

    if (d->conn)
        conn_free(st, d->conn);
    d->conn = NULL;
    if (d->port)
        m->unbind(m->ctx, d->port);
    if (d->ring)
        m->unmap_ring(m->ctx, d->ring);
    remove_nodes(st, d);
    list_for_each (pos, tmp, &st->domain_list) {
        struct domain *other = list_entry(pos, struct domain, link);

        if (other->target == d)
            other->target = NULL;
    }
    if (d->introduced && !st->restoring)
        log_line("domain %u: released", d->domid);
    state_release(st, d);
    list_del(&d->link);
    st->domains[d->domid] = NULL;
    free(d);
}

void domains_check(struct stored *st)
{
    struct list *pos, *tmp;
    bool tell = false;

    list_for_each (pos, tmp, &st->domain_list) {
        struct domain *d = list_entry(pos, struct domain, link);
        unsigned int state;

        if (!d->domid)
            continue;
        state = st->machine.domain_state(st->machine.ctx, d->domid);
        if ((state & DOMAIN_EXISTS) && !(state & DOMAIN_DYING)) {
            if (d->introduced && (state & DOMAIN_SHUTDOWN) && !d->shutdown) {
                d->shutdown = true;
                state_flags(st, d);
                tell = true;
                log_line("domain %u: has shut down", d->domid);
            }
            continue;
        }
        tell = tell || d->introduced;
        domain_release(st, d);
    }
    if (tell)
        watch_fire_special(st, SPECIAL_RELEASE);
}

struct domain *domain_by_port(const struct stored *st, uint32_t port)
{
    struct list *pos, *tmp;

    list_for_each (pos, tmp, &st->domain_list) {
        struct domain *d = list_entry(pos, struct domain, link);

        if (d->introduced && d->port == port)
            return d;
    }
    return NULL;
}

bool domains_resolve_perms(struct stored *st, struct perms *ps)
{
    unsigned int i;

    for (i = 0; i < ps->count; i++)
        if (!domain_learn(st, ps->p[i].domid))
            ps->p[i].bits |= PERM_IGNORE;
    ps->stamp = ++st->gen; /* not older than a domain just learned of */
    return !(ps->p[0].bits & PERM_IGNORE);
}

static const struct {
    const char *name, *what;
} quotas[NR_QUOTAS] = {
    [QUOTA_NODES] = {"nodes", "nodes"},
    [QUOTA_WATCHES] = {"watches", "watches"},
    [QUOTA_TRANSACTIONS] = {"transactions", "transactions at once"},
    [QUOTA_NODE_SIZE] = {"node-size", "bytes in a node"},
    [QUOTA_PERMS] = {"permissions", "permissions of a node"},
    [QUOTA_TRANSACTION_NODES] = {"transaction-nodes", "nodes in a transaction"},
    [QUOTA_OUTSTANDING] = {"outstanding", "answers not taken"},
    [QUOTA_EVENTS] = {"events", "bytes of events not taken: they are merged"},
};

const char *quota_name(enum quota which)
{
    return quotas[which].name;
}

unsigned int *quota_limit(struct stored *st, enum quota which)
{
    switch (which) {
    case QUOTA_NODES:
        return &st->quotas.nodes;
    case QUOTA_WATCHES:
        return &st->quotas.watches;
    case QUOTA_TRANSACTIONS:
        return &st->quotas.transactions;
    case QUOTA_NODE_SIZE:
        return &st->quotas.node_size;
    case QUOTA_PERMS:
        return &st->quotas.perms_per_node;
    case QUOTA_TRANSACTION_NODES:
        return &st->quotas.transaction_nodes;
    case QUOTA_OUTSTANDING:
        return &st->quotas.outstanding;
    default:
        return NULL;
    }
}

void domain_refused(struct stored *st, struct domain *d, enum quota which)
{
    unsigned int *limit = quota_limit(st, which);

    if (!d || d->refusals[which]++)
        return;
    state_refused(st, d, which);
    if (limit)
        log_line("domain %u: refused, quota %s: at most %u %s (said once)", d->domid,
                 quotas[which].name, *limit, quotas[which].what);
    else
        log_line("domain %u: quota %s: too many %s (said once)", d->domid, quotas[which].name,
                 quotas[which].what);
}
