/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef XENSTORE_LIKE_LINKS_H
#define XENSTORE_LIKE_LINKS_H

/*
 * The daemon's links to the hypervisor and to dom0's kernel: pages of rings, event channels,
 * states of domains. Uses the wrappers of dom0-tools/lib, which alone call the libraries.
 */

#include <stdbool.h>
#include <stdint.h>

struct links;
struct machine;
struct xenstore_domain_interface;

/*
 * Opens all and fills in *@m. Returns 0, or a negative errno with *@what naming the file or
 * device that failed.
 */
int links_open(struct links **l, struct machine *m, const char **what);
void links_close(struct links *l);

/* dom0's kernel's ring and our (local) port of its event channel. Returns as links_open(). */
int links_dom0_ring(struct links *l, struct xenstore_domain_interface **ring, uint32_t *port,
                    const char **what);

/* To poll for input. */
int links_fd(const struct links *l);

/*
 * The next of our ports on which something happened, ready to fire again. *@domains: it was the
 * hypervisor, a domain has died or shut down. A negative errno, -EAGAIN: none.
 */
int links_next(struct links *l, bool *domains);

/* A machine without hypervisor, for tests: every domain exists, none has a ring. */
void links_none(struct machine *m);

#endif
