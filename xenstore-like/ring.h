/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef XENSTORE_LIKE_RING_H
#define XENSTORE_LIKE_RING_H

/*
 * The shared page of a domain's connection. The other side may write anything into it at any
 * time: its indices are read once, and judged before they are used; ours are kept elsewhere.
 * Source: Xen public io/xs_wire.h.
 */

#include <stddef.h>
#include <stdint.h>

struct xenstore_domain_interface;

/*
 * Takes at most @max bytes of requests; *@cons, our index, moves on. Their number, or -EINVAL:
 * impossible indices. The other side learns of it by ring_publish().
 */
int ring_read(const struct xenstore_domain_interface *ring, uint32_t *cons, void *to, size_t max);

/* Puts at most @len bytes of answers; *@prod moves on. Their number, 0 if full, or -EINVAL. */
int ring_write(struct xenstore_domain_interface *ring, uint32_t *prod, const void *from,
               size_t len);

/* Shows our indices to the other side. */
void ring_publish(struct xenstore_domain_interface *ring, uint32_t cons, uint32_t prod);

/* What the page says of our indices: for a ring that another daemon served before us. */
void ring_indices(const struct xenstore_domain_interface *ring, uint32_t *cons, uint32_t *prod);

/* Empties both directions and says what we support; for a ring that its domain has not used. */
void ring_reset(struct xenstore_domain_interface *ring);

/* Tells the other side why its connection is no longer served (XENSTORE_ERROR_*). */
void ring_set_error(struct xenstore_domain_interface *ring, unsigned int error);

#endif
