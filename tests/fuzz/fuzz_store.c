// SPDX-License-Identifier: GPL-2.0-only
/*
 * Fuzz target: the store's whole message handler. The input is a script for several connections
 * at once: dom0's socket and the rings of guests. A guest may also write anything into its ring.
 *
 * After each step these must hold: no guest has more nodes, watches or transactions than its
 * quotas; no connection holds more output than its bound; node counts equal the tree.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "pv-abi/io/xs_wire.h"
#include "xenstore-like/change.h"
#include "xenstore-like/conn.h"
#include "xenstore-like/domain.h"
#include "xenstore-like/log.h"
#include "xenstore-like/perms.h"
#include "xenstore-like/ring.h"
#include "xenstore-like/stored.h"

#define DOMAINS 4

static struct stored st;
static struct xenstore_domain_interface rings[DOMAINS];
static unsigned int states[DOMAINS];

static unsigned int domain_state(void *ctx, uint32_t domid)
{
    (void)ctx;
    return domid < DOMAINS ? states[domid] : 0;
}

static int map_ring(void *ctx, uint32_t domid, uint64_t gfn,
                    struct xenstore_domain_interface **ring)
{
    (void)ctx;
    if (gfn == 13)
        return -1;
    *ring = &rings[domid];
    return 0;
}

static void unmap_ring(void *ctx, struct xenstore_domain_interface *ring)
{
    (void)ctx;
    (void)ring;
}

static int bind_port(void *ctx, uint32_t domid, uint32_t port)
{
    (void)ctx;
    return port == 13 ? -1 : (int)(domid + 1);
}

static void port_op(void *ctx, uint32_t port)
{
    (void)ctx;
    (void)port;
}

static const struct machine machine = {NULL,      domain_state, map_ring, unmap_ring,
                                       bind_port, port_op,      port_op};

static void require(bool what)
{
    if (!what)
        abort();
}

struct tally {
    unsigned int nodes[DOMAINS];
};

static bool tally_node(void *ctx, const char *path, const struct node *n, const struct node *parent)
{
    struct tally *t = ctx;

    (void)parent;
    require(strlen(path) <= XENSTORE_ABS_PATH_MAX);
    require(n->perms->p[0].domid < DOMAINS);
    t->nodes[n->perms->p[0].domid]++;
    return true;
}

static void check(bool whole)
{
    struct list *pos, *tmp;
    struct tally t = {{0}};

    list_for_each (pos, tmp, &st.conns) {
        struct conn *c = list_entry(pos, struct conn, link);

        require(c->out_bytes < (conn_privileged(c) ? 8u << 20 : 400000u));
        if (!conn_privileged(c)) {
            require(c->nr_watches <= st.quotas.watches);
            require(c->domain->nr_transactions <= st.quotas.transactions);
        }
    }
    if (!whole)
        return;
    tree_walk(st.tree.root, NULL, "/", tally_node, &t);
    list_for_each (pos, tmp, &st.domain_list) {
        struct domain *d = list_entry(pos, struct domain, link);

        require(d->nr_nodes == t.nodes[d->domid]);
        t.nodes[d->domid] = 0;
    }
    require(!t.nodes[1] && !t.nodes[2] && !t.nodes[3]); /* no node of a domain that is gone */
}

/* Takes some of what waits to go out. */
static void drain(struct conn *c, size_t bytes)
{
    conn_sent(c, bytes < c->out_bytes ? bytes : c->out_bytes);
}

static void give(struct conn *c, const uint8_t *data, size_t size)
{
    if (size > conn_room(c))
        size = conn_room(c);
    memcpy(c->in + c->in_len, data, size);
    c->in_len += size;
    if (conn_process(&st, c, 8) < 0)
        conn_ignore(&st, c);
    if (c->ignored)
        c->in_len = 0;
}

/* One well-formed message of the type that the input says, so that inputs get deep quickly. */
static void give_message(struct conn *c, uint8_t type, uint8_t tx, const uint8_t *data, size_t size)
{
    struct xsd_sockmsg hdr = {.type = type % (XS_TYPE_COUNT + 1), .tx_id = tx, .len = size};

    if (c->in_len || c->ignored || size > XENSTORE_PAYLOAD_MAX)
        return;
    memcpy(c->in, &hdr, sizeof(hdr));
    c->in_len = sizeof(hdr);
    give(c, data, size);
}

/* As main.c serves a ring. */
static void serve_ring(struct conn *c)
{
    int n;

    if (c->ignored)
        return;
    n = ring_read(c->domain->ring, &c->domain->req_cons, c->in + c->in_len, conn_room(c));
    if (n < 0) {
        conn_ignore(&st, c);
        return;
    }
    c->in_len += n;
    if (conn_process(&st, c, 8) < 0)
        conn_ignore(&st, c);
    while (c->out_first) {
        n = ring_write(c->domain->ring, &c->domain->rsp_prod,
                       c->out_first->data + c->out_first->sent,
                       c->out_first->size - c->out_first->sent);
        if (n < 0)
            conn_ignore(&st, c);
        if (n <= 0)
            break;
        conn_sent(c, n);
    }
}

static struct conn *pick(struct conn *socket, unsigned int who)
{
    struct domain *d = domain_find(&st, who % DOMAINS);

    return who % DOMAINS && d && d->conn ? d->conn : socket;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct conn *socket;
    unsigned int steps = 0;
    uint32_t i;

    log_open("/dev/null");
    for (i = 0; i < DOMAINS; i++)
        states[i] = DOMAIN_EXISTS;
    memset(rings, 0, sizeof(rings));
    stored_init(&st, &machine);
    st.quotas.nodes = 20;
    st.quotas.watches = 8;
    st.quotas.transactions = 3;
    st.quotas.transaction_nodes = 12;
    socket = conn_new(&st, NULL);
    domain_introduce(&st, 1, 1, 1);
    domain_introduce(&st, 2, 1, 1);
    give_message(socket, XS_WRITE, 0, (const uint8_t *)"/g\0v", 4);
    give_message(socket, XS_SET_PERMS, 0, (const uint8_t *)"/g\0b0\0n1", 9);

    while (size >= 4 && steps++ < 2000) {
        uint8_t op = data[0] % 16, who = data[1], a = data[2];
        size_t len = data[3];
        struct conn *c = pick(socket, who);

        data += 4;
        size -= 4;
        if (op < 15) {
            if (op == 14)
                len *= 16; /* long ones */
            if (len > size)
                len = size;
        } else {
            len = 0;
        }
        switch (op) {
        case 10:
            give(c, data, len);
            break;
        case 11:
            if (c->domain) {
                memcpy((char *)c->domain->ring + a * 8, data, len > 36 ? 36 : len);
                serve_ring(c);
            }
            break;
        case 12:
            drain(c, a * 64);
            len = 0;
            break;
        case 13:
            states[1 + who % (DOMAINS - 1)] = a % 8;
            domains_check(&st);
            len = 0;
            break;
        case 15:
            if (who % 4 == 0 && socket->in_len == 0) {
                conn_free(&st, socket);
                socket = conn_new(&st, NULL);
            }
            break;
        default:
            give_message(c, a, who / 16, data, len);
        }
        data += len;
        size -= len;
        check(steps % 16 == 0);
    }
    check(true);
    stored_free(&st);
    return 0;
}
