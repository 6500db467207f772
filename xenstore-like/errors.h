/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef XENSTORE_LIKE_ERRORS_H
#define XENSTORE_LIKE_ERRORS_H

/*
 * Error names of the store's wire protocol: errors travel as strings such as "ENOENT".
 * Source of the list: Xen public io/xs_wire.h.
 */

/* The name for a (positive) errno; "EINVAL" for one that the protocol has no name for. */
const char *xs_error_name(int number);

/* The (positive) errno for a name; EINVAL for an unknown name, 0 for an empty one. */
int xs_error_number(const char *name);

#endif
