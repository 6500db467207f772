// SPDX-License-Identifier: GPL-2.0-only
/* The shared page of a domain's connection. */
#include "xenstore-like/ring.h"

#include <errno.h>
#include <stdint.h>
#include <string.h>

#include "pv-abi/io/xs_wire.h"

/* Pairs with the other side's publication of the index: what it wrote before is visible. */
static uint32_t load(const uint32_t *index)
{
    return __atomic_load_n(index, __ATOMIC_ACQUIRE);
}

/* What we read or wrote before is done when the other side sees this. */
static void publish(uint32_t *index, uint32_t value)
{
    __atomic_store_n(index, value, __ATOMIC_SEQ_CST);
}

/* Copies between flat memory and the ring's bytes from free-running @index on. */
static void copy(char *flat, char *ring, uint32_t index, size_t len, int to_ring)
{
    size_t at = index % XENSTORE_RING_SIZE, first = XENSTORE_RING_SIZE - at;

    if (first > len)
        first = len;
    if (to_ring) {
        memcpy(ring + at, flat, first);
        memcpy(ring, flat + first, len - first);
    } else {
        memcpy(flat, ring + at, first);
        memcpy(flat + first, ring, len - first);
    }
}

int ring_read(const struct xenstore_domain_interface *ring, uint32_t *cons, void *to, size_t max)
{
    size_t len = load(&ring->req_prod) - *cons;

    if (len > XENSTORE_RING_SIZE)
        return -EINVAL;
    if (len > max)
        len = max;
    copy(to, (char *)ring->req, *cons, len, 0);
    *cons += len;
    return len;
}

int ring_write(struct xenstore_domain_interface *ring, uint32_t *prod, const void *from, size_t len)
{
    uint32_t used = *prod - load(&ring->rsp_cons);

    if (used > XENSTORE_RING_SIZE)
        return -EINVAL;
    if (len > XENSTORE_RING_SIZE - used)
        len = XENSTORE_RING_SIZE - used;
    copy((char *)from, ring->rsp, *prod, len, 1);
    *prod += len;
    return len;
}

void ring_publish(struct xenstore_domain_interface *ring, uint32_t cons, uint32_t prod)
{
    publish(&ring->req_cons, cons);
    publish(&ring->rsp_prod, prod);
}

void ring_indices(const struct xenstore_domain_interface *ring, uint32_t *cons, uint32_t *prod)
{
    *cons = load(&ring->req_cons);
    *prod = load(&ring->rsp_prod);
}

void ring_reset(struct xenstore_domain_interface *ring)
{
    publish(&ring->req_cons, 0);
    publish(&ring->req_prod, 0);
    publish(&ring->rsp_cons, 0);
    publish(&ring->rsp_prod, 0);
    ring->server_features = XENSTORE_SERVER_FEATURE_ERROR;
    ring->error = XENSTORE_ERROR_NONE;
    publish(&ring->connection, XENSTORE_CONNECTED);
}

void ring_set_error(struct xenstore_domain_interface *ring, unsigned int error)
{
    publish(&ring->error, error);
}
