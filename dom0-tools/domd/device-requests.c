/* SPDX-License-Identifier: GPL-2.0-only */
/* What clients can ask for devices: attach, detach, list. */
#include "dom0-tools/domd/domd.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "dom0-tools/domd/request.h"
#include "dom0-tools/lib/dm.h"
#include "dom0-tools/lib/err.h"
#include "dom0-tools/lib/json.h"
#include "dom0-tools/lib/nodes.h"
#include "pv-abi/io/xenbus.h"

#define TIMEOUT_DEFAULT_S 10
#define TIMEOUT_MAX_S     3600

static unsigned int get_timeout(const struct request *r)
{
    uint64_t seconds = TIMEOUT_DEFAULT_S;

    json_get_u64(r->in, "timeout", &seconds);
    return seconds < TIMEOUT_MAX_S ? (unsigned int)seconds : TIMEOUT_MAX_S;
}

static int bad_spec(struct request *r, const char *what)
{
    return err_set(r->e, STATUS_USAGE, what, NULL, "a member is missing or has a wrong value");
}

/* ---- attach */

/* Adds "warning" to the answer when the guest may run out of grants. */
static void tell_grants(struct request *r, const struct vm *vm)
{
    char text[256];

    if (grants_warning(vm->cfg.name, vm->domid, text, sizeof(text)))
        json_put_str(r->out, "warning", text);
}

int op_block_attach(struct request *r)
{
    struct disk_spec d;
    struct vm *vm;
    int rc;

    if (!disk_spec_from_json(&d, json_get(r->in, "disk")))
        return bad_spec(r, "disk");
    vm = need_vm(r);
    if (!vm) {
        disk_spec_free(&d);
        return -1;
    }
    rc = registry_add_disk(vm, &d, r->e);
    if (!rc)
        rc = device_attach(vm, 0, get_timeout(r), r->e);
    if (!rc) {
        json_put_str(r->out, "vdev", vm->cfg.disks[vm->cfg.nr_disks - 1].vdev);
        tell_grants(r, vm);
    }
    registry_release(vm);
    return rc;
}

int op_network_attach(struct request *r)
{
    struct vif_spec v;
    struct vm *vm;
    int rc;

    if (!vif_spec_from_json(&v, json_get(r->in, "vif")))
        return bad_spec(r, "vif");
    if (!v.has_mac) {
        mac_make(v.mac);
        v.has_mac = true;
    }
    vm = need_vm(r);
    if (!vm)
        return -1;
    rc = registry_add_vif(vm, &v, r->e);
    if (!rc)
        rc = device_attach(vm, 1, get_timeout(r), r->e);
    if (!rc) {
        const struct vif_spec *new = &vm->cfg.vifs[vm->cfg.nr_vifs - 1];
        char mac[18];

        mac_format(mac, new->mac);
        json_put_u64(r->out, "devid", new->devid);
        json_put_str(r->out, "mac", mac);
        tell_grants(r, vm);
    }
    registry_release(vm);
    return rc;
}

/* ---- detach */

/* By vdev or number. */
static bool find_disk(const struct vm *vm, const char *name, size_t *i)
{
    char number[16];

    for (*i = 0; *i < vm->cfg.nr_disks; (*i)++) {
        snprintf(number, sizeof(number), "%u", vm->cfg.disks[*i].devid);
        if (!strcmp(name, vm->cfg.disks[*i].vdev) || !strcmp(name, number))
            return true;
    }
    return false;
}

/* By number, MAC, or name in dom0. */
static bool find_vif(const struct vm *vm, const char *name, size_t *i)
{
    char number[16], interface[16];
    uint8_t mac[6];
    bool is_mac = mac_parse(mac, name);

    for (*i = 0; *i < vm->cfg.nr_vifs; (*i)++) {
        const struct vif_spec *v = &vm->cfg.vifs[*i];

        snprintf(number, sizeof(number), "%u", v->devid);
        vif_interface(vm, *i, interface);
        if ((is_mac && !memcmp(mac, v->mac, 6)) || !strcmp(name, number) ||
            !strcmp(name, interface))
            return true;
    }
    return false;
}

static int detach(struct request *r, int is_vif)
{
    const char *device = json_get_str(r->in, "device");
    struct vm *vm;
    size_t i;
    int rc;

    if (!device)
        return bad_spec(r, "device");
    vm = need_vm(r);
    if (!vm)
        return -1;
    json_put_str(r->out, "device", device);
    if (!(is_vif ? find_vif(vm, device, &i) : find_disk(vm, device, &i)))
        rc = err_set(r->e, STATUS_USAGE, vm->cfg.name,
                     is_vif ? "see domctl network-list" : "see domctl block-list", "no %s '%.60s'",
                     is_vif ? "interface" : "disk", device);
    else
        rc = device_detach(vm, is_vif, i, json_get_bool(r->in, "force"), get_timeout(r), r->e);
    registry_release(vm);
    return rc;
}

int op_block_detach(struct request *r)
{
    return detach(r, 0);
}

int op_network_detach(struct request *r)
{
    return detach(r, 1);
}

/* ---- list */

static const char *state_word(int state)
{
    static const char *const words[] = {"gone",    "new",           "waiting",
                                        "waiting", "connected",     "closing",
                                        "closed",  "reconfiguring", "connected"};

    return words[state];
}

static void tell_states(struct json_out *o, const struct vm *vm, int is_vif, size_t i,
                        struct store *s)
{
    char fe[128], be[128];

    nodes_frontend_path(fe, &vm->cfg, is_vif, i, vm->domid);
    nodes_backend_path(be, &vm->cfg, is_vif, i, vm->domid);
    json_put_str(o, "state", state_word(device_state(s, be)));
    json_put_str(o, "frontend_state", state_word(device_state(s, fe)));
    json_put_str(o, "backend", be);
}

static void tell_disk(struct json_out *o, const struct vm *vm, size_t i, struct store *s)
{
    const struct disk_spec *d = &vm->cfg.disks[i];
    struct dm_usage usage;

    json_object(o);
    json_put_str(o, "vdev", d->vdev);
    json_put_u64(o, "devid", d->devid);
    json_put_str(o, "target", d->target);
    json_put_str(o, "access", d->writable ? "rw" : "ro");
    if (d->overlay) {
        json_put_str(o, "overlay", d->overlay);
        if (!dm_snapshot_usage(vm->disks[i].mapped, &usage)) {
            json_put_u64(o, "overlay_used_kib", usage.used_sectors / 2);
            json_put_bool(o, "overlay_broken", usage.broken);
        }
    }
    tell_states(o, vm, 0, i, s);
    json_end_object(o);
}

static void tell_vif(struct json_out *o, const struct vm *vm, size_t i, struct store *s)
{
    const struct vif_spec *v = &vm->cfg.vifs[i];
    char mac[18], name[16];

    mac_format(mac, v->mac);
    vif_interface(vm, i, name);
    json_object(o);
    json_put_u64(o, "devid", v->devid);
    json_put_str(o, "mac", mac);
    json_put_str(o, "bridge", v->bridge);
    json_put_str(o, "interface", name);
    if (v->rate_bytes) {
        json_put_u64(o, "rate_bytes", v->rate_bytes);
        json_put_u64(o, "rate_usecs", v->rate_usecs);
    }
    tell_states(o, vm, 1, i, s);
    json_end_object(o);
}

static int list(struct request *r, int is_vif)
{
    struct vm *vm;
    struct store *s;
    size_t i, n;

    if (open_store(&s, r->e))
        return -1;
    vm = need_vm(r);
    if (!vm) {
        store_close(s);
        return -1;
    }
    json_key(r->out, is_vif ? "interfaces" : "disks");
    json_array(r->out);
    n = is_vif ? vm->cfg.nr_vifs : vm->cfg.nr_disks;
    for (i = 0; i < n; i++)
        if (is_vif)
            tell_vif(r->out, vm, i, s);
        else
            tell_disk(r->out, vm, i, s);
    json_end_array(r->out);
    registry_release(vm);
    store_close(s);
    return 0;
}

int op_block_list(struct request *r)
{
    return list(r, 0);
}

int op_network_list(struct request *r)
{
    return list(r, 1);
}
