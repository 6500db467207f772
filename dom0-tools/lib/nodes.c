/* SPDX-License-Identifier: GPL-2.0-only */
/* The store's nodes of a domain and its devices: see the header. */
#include "dom0-tools/lib/nodes.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "dom0-tools/lib/guest.h"
#include "pv-abi/io/xenbus.h"

#define CONSOLE_LIMIT "1048576"

void node_add(struct node_list *l, enum node_perm perm, const char *value, const char *path_fmt,
              ...)
{
    struct node *grown = realloc(l->nodes, (l->count + 1) * sizeof(*grown));
    struct node n = {.value = strdup(value), .perm = perm};
    va_list ap;
    int len;

    va_start(ap, path_fmt);
    len = vasprintf(&n.path, path_fmt, ap);
    va_end(ap);
    if (grown)
        l->nodes = grown;
    if (!grown || !n.value || len < 0) {
        free(n.value);
        if (len >= 0)
            free(n.path);
        l->failed = 1;
        return;
    }
    l->nodes[l->count++] = n;
}

void node_list_free(struct node_list *l)
{
    size_t i;

    for (i = 0; i < l->count; i++) {
        free(l->nodes[i].path);
        free(l->nodes[i].value);
    }
    free(l->nodes);
    memset(l, 0, sizeof(*l));
}

/* A value that is a number. */
static const char *number(char buf[24], uint64_t n)
{
    snprintf(buf, 24, "%" PRIu64, n);
    return buf;
}

static void nodes_vcpus(struct node_list *l, const struct guest_config *g, const char *dom)
{
    uint32_t i;

    node_add(l, NODE_GUEST_READ, "", "%s/cpu", dom);
    for (i = 0; i < g->maxvcpus; i++) {
        node_add(l, NODE_GUEST_READ, "", "%s/cpu/%u", dom, i);
        node_add(l, NODE_GUEST_READ, i < g->vcpus ? "online" : "offline", "%s/cpu/%u/availability",
                 dom, i);
    }
}

/* Where the guest says what it can, and hears what it shall do. */
static void nodes_control(struct node_list *l, const char *dom)
{
    static const char *const own[] = {"shutdown", "feature-poweroff", "feature-reboot",
                                      "feature-suspend", "sysrq"};
    size_t i;

    node_add(l, NODE_GUEST_READ, "", "%s/control", dom);
    for (i = 0; i < sizeof(own) / sizeof(own[0]); i++)
        node_add(l, NODE_GUEST_OWN, "", "%s/control/%s", dom, own[i]);
    node_add(l, NODE_GUEST_READ, "1", "%s/control/platform-feature-multiprocessor-suspend", dom);
    node_add(l, NODE_GUEST_READ, "1", "%s/control/platform-feature-xs_reset_watches", dom);
}

void nodes_domain(struct node_list *l, const struct guest_config *g, const struct node_domain *d)
{
    char dom[64], vm[64], uuid[37], buf[24];

    uuid_format(uuid, d->uuid);
    snprintf(dom, sizeof(dom), "/local/domain/%u", d->domid);
    snprintf(vm, sizeof(vm), "/vm/%s", uuid);

    node_add(l, NODE_GUEST_READ, "", "%s", vm);
    node_add(l, NODE_GUEST_READ, uuid, "%s/uuid", vm);
    node_add(l, NODE_GUEST_READ, g->name, "%s/name", vm);
    node_add(l, NODE_GUEST_READ, number(buf, (uint64_t)d->start_time), "%s/start_time", vm);

    node_add(l, NODE_GUEST_READ, "", "%s", dom);
    node_add(l, NODE_GUEST_READ, vm, "%s/vm", dom);
    node_add(l, NODE_GUEST_READ, g->name, "%s/name", dom);
    node_add(l, NODE_GUEST_READ, number(buf, d->domid), "%s/domid", dom);
    nodes_vcpus(l, g, dom);
    node_add(l, NODE_GUEST_READ, "", "%s/memory", dom);
    node_add(l, NODE_GUEST_READ, number(buf, g->maxmem_mib << 10), "%s/memory/static-max", dom);
    node_add(l, NODE_GUEST_READ, number(buf, g->memory_mib << 10), "%s/memory/target", dom);
    nodes_control(l, dom);
    node_add(l, NODE_GUEST_READ, "", "%s/device", dom);
    node_add(l, NODE_GUEST_OWN, "", "%s/data", dom);
    node_add(l, NODE_GUEST_OWN, "", "%s/drivers", dom);
    node_add(l, NODE_GUEST_OWN, "", "%s/feature", dom);
    node_add(l, NODE_GUEST_OWN, "", "%s/attr", dom);
    node_add(l, NODE_GUEST_OWN, "", "%s/error", dom);

    node_add(l, NODE_GUEST_READ, "", "%s/store", dom);
    node_add(l, NODE_GUEST_READ, number(buf, d->store_mfn), "%s/store/ring-ref", dom);
    node_add(l, NODE_GUEST_READ, number(buf, d->store_port), "%s/store/port", dom);

    node_add(l, NODE_GUEST_READ, "", "%s/console", dom);
    node_add(l, NODE_GUEST_READ, number(buf, d->console_mfn), "%s/console/ring-ref", dom);
    node_add(l, NODE_GUEST_READ, number(buf, d->console_port), "%s/console/port", dom);
    node_add(l, NODE_GUEST_READ, CONSOLE_LIMIT, "%s/console/limit", dom);
    node_add(l, NODE_GUEST_READ, "consoled", "%s/console/type", dom);
    node_add(l, NODE_GUEST_READ, "socket", "%s/console/output", dom);
    node_add(l, NODE_GUEST_READ, "", "%s/console/tty", dom);
}

static void device_path(char path[128], const char *base, const struct guest_config *g, int is_vif,
                        size_t i)
{
    if (is_vif)
        snprintf(path, 128, "%s/%u", base, g->vifs[i].devid);
    else
        snprintf(path, 128, "%s/%u", base, g->disks[i].devid);
}

void nodes_frontend_path(char path[128], const struct guest_config *g, int is_vif, size_t i,
                         uint32_t domid)
{
    char base[64];

    snprintf(base, sizeof(base), "/local/domain/%u/device/%s", domid, is_vif ? "vif" : "vbd");
    device_path(path, base, g, is_vif, i);
}

void nodes_backend_path(char path[128], const struct guest_config *g, int is_vif, size_t i,
                        uint32_t domid)
{
    char base[64];

    snprintf(base, sizeof(base), "/local/domain/0/backend/%s/%u", is_vif ? "vif" : "vbd", domid);
    device_path(path, base, g, is_vif, i);
}

/* What the two halves of every device have in common. @untrusted: advice to the frontend. */
static void nodes_pair(struct node_list *l, const char *fe, const char *be, uint32_t domid,
                       bool untrusted)
{
    char buf[24], state[24];

    number(state, XenbusStateInitialising);
    node_add(l, NODE_GUEST_OWN, "", "%s", fe);
    node_add(l, NODE_GUEST_OWN, be, "%s/backend", fe);
    node_add(l, NODE_GUEST_OWN, "0", "%s/backend-id", fe);
    node_add(l, NODE_GUEST_OWN, state, "%s/state", fe);
    if (untrusted)
        node_add(l, NODE_GUEST_OWN, "0", "%s/trusted", fe);
    node_add(l, NODE_GUEST_READ, "", "%s", be);
    node_add(l, NODE_GUEST_READ, fe, "%s/frontend", be);
    node_add(l, NODE_GUEST_READ, number(buf, domid), "%s/frontend-id", be);
    node_add(l, NODE_GUEST_READ, "1", "%s/online", be);
    node_add(l, NODE_GUEST_READ, state, "%s/state", be);
}

void nodes_disk(struct node_list *l, const struct guest_config *g, size_t i, uint32_t domid,
                const struct node_disk *disk)
{
    const struct disk_spec *d = &g->disks[i];
    char fe[128], be[128], buf[24];

    nodes_frontend_path(fe, g, 0, i, domid);
    nodes_backend_path(be, g, 0, i, domid);
    nodes_pair(l, fe, be, domid, d->untrusted);
    node_add(l, NODE_GUEST_OWN, number(buf, d->devid), "%s/virtual-device", fe);
    node_add(l, NODE_GUEST_OWN, "disk", "%s/device-type", fe);
    node_add(l, NODE_GUEST_READ, "0", "%s/removable", be);
    node_add(l, NODE_GUEST_READ, i ? "0" : "1", "%s/bootable", be);
    node_add(l, NODE_GUEST_READ, d->vdev, "%s/dev", be);
    node_add(l, NODE_GUEST_READ, "phy", "%s/type", be);
    node_add(l, NODE_GUEST_READ, d->writable ? "w" : "r", "%s/mode", be);
    node_add(l, NODE_GUEST_READ, "disk", "%s/device-type", be);
    node_add(l, NODE_GUEST_READ, "0", "%s/discard-enable", be);
    node_add(l, NODE_PRIVATE, d->target, "%s/params", be);
    snprintf(buf, sizeof(buf), "%x:%x", disk->major, disk->minor);
    node_add(l, NODE_GUEST_READ, buf, "%s/physical-device", be);
}

void nodes_vif(struct node_list *l, const struct guest_config *g, size_t i, uint32_t domid)
{
    const struct vif_spec *v = &g->vifs[i];
    char fe[128], be[128], buf[24], mac[18], rate[48];

    nodes_frontend_path(fe, g, 1, i, domid);
    nodes_backend_path(be, g, 1, i, domid);
    mac_format(mac, v->mac);
    number(buf, v->devid);
    nodes_pair(l, fe, be, domid, v->untrusted);
    node_add(l, NODE_GUEST_OWN, buf, "%s/handle", fe);
    node_add(l, NODE_GUEST_OWN, mac, "%s/mac", fe);
    node_add(l, NODE_GUEST_READ, buf, "%s/handle", be);
    node_add(l, NODE_GUEST_READ, mac, "%s/mac", be);
    node_add(l, NODE_GUEST_READ, "vif", "%s/type", be);
    node_add(l, NODE_GUEST_READ, v->bridge, "%s/bridge", be);
    /* The kernel's backend wants the node; domd itself does a script's work. */
    node_add(l, NODE_GUEST_READ, "", "%s/script", be);
    if (v->vifname[0])
        node_add(l, NODE_GUEST_READ, v->vifname, "%s/vifname", be);
    if (v->rate_bytes) {
        snprintf(rate, sizeof(rate), "%" PRIu64 ",%u", v->rate_bytes, v->rate_usecs);
        node_add(l, NODE_GUEST_READ, rate, "%s/rate", be);
    }
}
