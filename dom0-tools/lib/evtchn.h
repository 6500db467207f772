/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef DOM0_TOOLS_LIB_EVTCHN_H
#define DOM0_TOOLS_LIB_EVTCHN_H

/* Event channels of this process, through libxenevtchn, which only evtchn.c sees. */

#include <stdint.h>

struct evtchn;

int evtchn_open(struct evtchn **e); /* 0 or a negative errno */
void evtchn_close(struct evtchn *e);
int evtchn_fd(const struct evtchn *e); /* to poll() for POLLIN */

/* Binds a local port to @port of @domid. Returns the local port or a negative errno. */
int evtchn_bind(struct evtchn *e, uint32_t domid, uint32_t port);
/* Binds a local port to a global virtual interrupt (VIRQ_*). Returns it or a negative errno. */
int evtchn_bind_virq(struct evtchn *e, unsigned int virq);
void evtchn_unbind(struct evtchn *e, int local);
void evtchn_notify(struct evtchn *e, int local);
/* Takes the next port that has fired (it stays masked until evtchn_unmask()); negative errno. */
int evtchn_pending(struct evtchn *e);
void evtchn_unmask(struct evtchn *e, int local);

#endif
