/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef XENSTORE_LIKE_WIRE_H
#define XENSTORE_LIKE_WIRE_H

/*
 * The store's messages: one table maps a type to its handler.
 * Source of types and formats: Xen public io/xs_wire.h and docs/misc/xenstore.txt.
 */

struct conn;
struct stored;
struct xsd_sockmsg;

/* Handles one message and queues its answer. @body has hdr->len bytes (<= XENSTORE_PAYLOAD_MAX). */
void wire_handle(struct stored *st, struct conn *c, const struct xsd_sockmsg *hdr,
                 const char *body);

/* For logs; "?" for an unknown type. */
const char *wire_name(unsigned int type);

#endif
