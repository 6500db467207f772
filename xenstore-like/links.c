// SPDX-License-Identifier: GPL-2.0-only
/* The daemon's links to the hypervisor and to dom0's kernel. */
#include "xenstore-like/links.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "dom0-tools/lib/evtchn.h"
#include "dom0-tools/lib/foreign.h"
#include "dom0-tools/lib/grant.h"
#include "dom0-tools/lib/hv.h"
#include "pv-abi/grant_table.h"
#include "pv-abi/hypercall.h"
#include "pv-abi/io/xs_wire.h"
#include "xenstore-like/alloc.h"
#include "xenstore-like/stored.h"

#define KVA_FILE     "/proc/xen/xsd_kva"
#define PORT_FILE    "/proc/xen/xsd_port"
#define PRIVCMD_FILE "/dev/xen/privcmd"
#define PAGE_BYTES   4096

/* A mapped ring, to be unmapped the way it was mapped. */
struct ring_page {
    struct list link;
    struct xenstore_domain_interface *ring;
    bool by_grant;
};

struct links {
    struct hv *hv;
    struct evtchn *evtchn;
    struct grant *grant; /* NULL: no driver for it; pages are then mapped as foreign memory */
    struct foreign *foreign;
    int virq_port;
    struct list pages;
};

static unsigned int domain_state(void *ctx, uint32_t domid)
{
    struct links *l = ctx;
    struct hv_domain info;
    int rc = hv_domain_info(l->hv, domid, &info);

    if (rc == -ESRCH || (!rc && info.domid != domid))
        return 0;
    if (rc)
        return DOMAIN_EXISTS; /* we don't know: let nobody's connection go for that */
    return DOMAIN_EXISTS | (info.shutdown ? DOMAIN_SHUTDOWN : 0) | (info.dying ? DOMAIN_DYING : 0);
}

static int map_ring(void *ctx, uint32_t domid, uint64_t gfn,
                    struct xenstore_domain_interface **ring)
{
    struct links *l = ctx;
    struct ring_page *page;
    bool by_grant = true;
    void *p = NULL;

    if (l->grant)
        p = grant_map(l->grant, domid, GNTTAB_RESERVED_XENSTORE);
    if (!p) {
        by_grant = false;
        errno = 0;
        p = foreign_map(l->foreign, domid, &gfn, 1);
    }
    if (!p)
        return errno ? -errno : -EINVAL;
    page = xmalloc(sizeof(*page));
    page->ring = *ring = p;
    page->by_grant = by_grant;
    list_add_tail(&page->link, &l->pages);
    return 0;
}

static void unmap_ring(void *ctx, struct xenstore_domain_interface *ring)
{
    struct links *l = ctx;
    struct list *pos, *tmp;

    list_for_each (pos, tmp, &l->pages) {
        struct ring_page *page = list_entry(pos, struct ring_page, link);

        if (page->ring != ring)
            continue;
        if (page->by_grant)
            grant_unmap(l->grant, ring);
        else
            foreign_unmap(l->foreign, ring, 1);
        list_del(&page->link);
        free(page);
        return;
    }
}

static int bind_port(void *ctx, uint32_t domid, uint32_t remote_port)
{
    struct links *l = ctx;

    return evtchn_bind(l->evtchn, domid, remote_port);
}

static void unbind_port(void *ctx, uint32_t port)
{
    struct links *l = ctx;

    evtchn_unbind(l->evtchn, port);
}

static void notify_port(void *ctx, uint32_t port)
{
    struct links *l = ctx;

    evtchn_notify(l->evtchn, port);
}

int links_open(struct links **out, struct machine *m, const char **what)
{
    struct links *l = xcalloc(1, sizeof(*l));
    int rc;

    list_init(&l->pages);
    *what = PRIVCMD_FILE;
    if (access(PRIVCMD_FILE, R_OK | W_OK)) {
        rc = -errno; /* asked first: the library would print lines of its own */
        goto err;
    }
    rc = hv_open(&l->hv);
    if (rc)
        goto err;
    *what = "event channels (/dev/xen/evtchn)";
    rc = evtchn_open(&l->evtchn);
    if (rc)
        goto err;
    *what = PRIVCMD_FILE;
    rc = foreign_open(&l->foreign);
    if (rc)
        goto err;
    if (grant_open(&l->grant))
        l->grant = NULL;
    *what = "news of domains (VIRQ_DOM_EXC)";
    rc = evtchn_bind_virq(l->evtchn, VIRQ_DOM_EXC);
    if (rc < 0)
        goto err;
    l->virq_port = rc;

    m->ctx = l;
    m->domain_state = domain_state;
    m->map_ring = map_ring;
    m->unmap_ring = unmap_ring;
    m->bind = bind_port;
    m->unbind = unbind_port;
    m->notify = notify_port;
    *out = l;
    return 0;
err:
    links_close(l);
    return rc;
}

void links_close(struct links *l)
{
    struct list *pos, *tmp;

    if (!l)
        return;
    list_for_each (pos, tmp, &l->pages)
        unmap_ring(l, list_entry(pos, struct ring_page, link)->ring);
    if (l->grant)
        grant_close(l->grant);
    if (l->foreign)
        foreign_close(l->foreign);
    if (l->evtchn)
        evtchn_close(l->evtchn);
    if (l->hv)
        hv_close(l->hv);
    free(l);
}

static int read_port(uint32_t *port)
{
    char text[24];
    ssize_t n;
    int fd = open(PORT_FILE, O_RDONLY | O_CLOEXEC);

    if (fd < 0)
        return -errno;
    n = read(fd, text, sizeof(text) - 1);
    close(fd);
    if (n <= 0)
        return -EIO;
    text[n] = '\0';
    *port = strtoul(text, NULL, 10);
    return *port ? 0 : -EIO;
}

int links_dom0_ring(struct links *l, struct xenstore_domain_interface **ring, uint32_t *port,
                    const char **what)
{
    uint32_t remote_port = 0;
    int fd, rc;
    void *p;

    *what = PORT_FILE;
    rc = read_port(&remote_port);
    if (rc)
        return rc;
    *what = KVA_FILE;
    fd = open(KVA_FILE, O_RDWR | O_CLOEXEC);
    if (fd < 0)
        return -errno;
    p = mmap(NULL, PAGE_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    rc = -errno;
    close(fd);
    if (p == MAP_FAILED)
        return rc;
    *what = "the event channel of dom0's kernel";
    rc = evtchn_bind(l->evtchn, 0, remote_port);
    if (rc < 0) {
        munmap(p, PAGE_BYTES);
        return rc;
    }
    *ring = p;
    *port = rc;
    return 0;
}

int links_fd(const struct links *l)
{
    return evtchn_fd(l->evtchn);
}

int links_next(struct links *l, bool *domains)
{
    int port = evtchn_pending(l->evtchn);

    if (port < 0)
        return port;
    /* Before the ring is looked at: what comes after our look must fire again. */
    evtchn_unmask(l->evtchn, port);
    *domains = port == l->virq_port;
    return port;
}

static unsigned int none_domain_state(void *ctx, uint32_t domid)
{
    (void)ctx;
    (void)domid;
    return DOMAIN_EXISTS;
}

static int none_map_ring(void *ctx, uint32_t domid, uint64_t gfn,
                         struct xenstore_domain_interface **ring)
{
    (void)ctx;
    (void)domid;
    (void)gfn;
    *ring = NULL;
    return 0;
}

static void none_unmap_ring(void *ctx, struct xenstore_domain_interface *ring)
{
    (void)ctx;
    (void)ring;
}

static int none_bind(void *ctx, uint32_t domid, uint32_t remote_port)
{
    (void)ctx;
    (void)domid;
    (void)remote_port;
    return 0;
}

static void none_port(void *ctx, uint32_t port)
{
    (void)ctx;
    (void)port;
}

void links_none(struct machine *m)
{
    *m = (struct machine){NULL,      none_domain_state, none_map_ring, none_unmap_ring,
                          none_bind, none_port,         none_port};
}
