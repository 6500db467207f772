/* SPDX-License-Identifier: GPL-2.0-only */
/* The one file that calls libxenevtchn. */
#include "dom0-tools/lib/evtchn.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <xenevtchn.h>

struct evtchn {
    xenevtchn_handle *handle;
};

int evtchn_open(struct evtchn **e)
{
    struct evtchn *new = calloc(1, sizeof(*new));

    if (!new)
        return -ENOMEM;
    new->handle = xenevtchn_open(NULL, 0);
    if (!new->handle) {
        int rc = errno ? -errno : -ENODEV;

        free(new);
        return rc;
    }
    fcntl(xenevtchn_fd(new->handle), F_SETFL, O_RDWR | O_NONBLOCK);
    *e = new;
    return 0;
}

void evtchn_close(struct evtchn *e)
{
    if (!e)
        return;
    xenevtchn_close(e->handle);
    free(e);
}

int evtchn_fd(const struct evtchn *e)
{
    return xenevtchn_fd(e->handle);
}

int evtchn_bind(struct evtchn *e, uint32_t domid, uint32_t port)
{
    int local = xenevtchn_bind_interdomain(e->handle, domid, port);

    return local < 0 ? -errno : local;
}

int evtchn_bind_virq(struct evtchn *e, unsigned int virq)
{
    int local = xenevtchn_bind_virq(e->handle, virq);

    return local < 0 ? -errno : local;
}

void evtchn_unbind(struct evtchn *e, int local)
{
    xenevtchn_unbind(e->handle, (evtchn_port_t)local);
}

void evtchn_notify(struct evtchn *e, int local)
{
    xenevtchn_notify(e->handle, (evtchn_port_t)local);
}

int evtchn_pending(struct evtchn *e)
{
    int local = xenevtchn_pending(e->handle);

    return local < 0 ? -errno : local;
}

void evtchn_unmask(struct evtchn *e, int local)
{
    xenevtchn_unmask(e->handle, (evtchn_port_t)local);
}
