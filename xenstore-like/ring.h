/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef XENSTORE_LIKE_RING_H
#define XENSTORE_LIKE_RING_H

/*
 * The shared page of a domain's connection. The other side may write anything into it at any
 * time: each index is read once, and judged before it is used.
 * Source: Xen public io/xs_wire.h.
 */

#include <stddef.h>

struct xenstore_domain_interface;

/* Takes at most @max bytes of requests. Their number, or -EINVAL: impossible indices. */
int ring_read(struct xenstore_domain_interface *ring, void *to, size_t max);

/* Puts at most @len bytes of answers. Their number, 0 if full, or -EINVAL. */
int ring_write(struct xenstore_domain_interface *ring, const void *from, size_t len);

/* Empties both directions and says what we support; for a ring that its domain has not used. */
void ring_reset(struct xenstore_domain_interface *ring);

/* Tells the other side why its connection is no longer served (XENSTORE_ERROR_*). */
void ring_set_error(struct xenstore_domain_interface *ring, unsigned int error);

#endif
