/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Disks and network interfaces: the part of dom0's user space in connecting a frontend with
 * dom0's kernel. Nothing here trusts a node that the guest can write. A device is named by @is_vif
 * and its place @i in the config.
 */
#include "dom0-tools/domd/domd.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "dom0-tools/lib/err.h"
#include "dom0-tools/lib/netif.h"
#include "dom0-tools/lib/nodes.h"
#include "pv-abi/io/xenbus.h"
#include "xenstore-like/client.h"

#define READY_MS 10000
#define CLOSE_MS 10000
#define STEP_US  5000

void vif_interface(const struct vm *vm, size_t i, char name[16])
{
    if (vm->cfg.vifs[i].vifname[0])
        strcpy(name, vm->cfg.vifs[i].vifname);
    else
        snprintf(name, 16, "vif%hu.%hhu", (uint16_t)vm->domid, (uint8_t)vm->cfg.vifs[i].devid);
}

/* The kernel's device of a backend, in sysfs. */
static void backend_sysfs(const struct vm *vm, int is_vif, size_t i, char path[128])
{
    if (is_vif)
        snprintf(path, 128, "/sys/bus/xen-backend/devices/vif-%u-%u", vm->domid,
                 vm->cfg.vifs[i].devid);
    else
        snprintf(path, 128, "/sys/bus/xen-backend/devices/vbd-%u-%u", vm->domid,
                 vm->cfg.disks[i].devid);
}

bool device_served(const struct vm *vm, int is_vif, size_t i)
{
    char path[128];

    backend_sysfs(vm, is_vif, i, path);
    return !access(path, F_OK);
}

static int check_driver(const char *driver, const char *module, struct err *e)
{
    char path[96], hint[64];

    snprintf(path, sizeof(path), "/sys/bus/xen-backend/drivers/%s", driver);
    if (!access(path, F_OK))
        return 0;
    snprintf(hint, sizeof(hint), "modprobe %s", module);
    return err_set(e, STATUS_FAILED, "dom0", hint, "its kernel has no %s backend", driver);
}

int device_check(const struct vm *vm, int is_vif, size_t i, struct err *e)
{
    const struct vif_spec *v = &vm->cfg.vifs[i];
    char what[64], hint[96];

    if (!is_vif)
        return check_driver("vbd", "xen-blkback", e);
    if (check_driver("vif", "xen-netback", e))
        return -1;
    snprintf(what, sizeof(what), "bridge %s", v->bridge);
    snprintf(hint, sizeof(hint), "make it: ip link add %s type bridge", v->bridge);
    if (!netif_exists(v->bridge))
        return err_set(e, STATUS_USAGE, what, hint, "no such interface in dom0");
    if (!netif_is_bridge(v->bridge))
        return err_set(e, STATUS_USAGE, what, NULL, "this interface is no bridge");
    if (v->vifname[0] && netif_exists(v->vifname))
        return err_set(e, STATUS_USAGE, "vif", "choose another vifname", "interface %s exists",
                       v->vifname);
    return 0;
}

int devices_open(struct vm *vm, uint32_t (*numbers)[2], struct err *e)
{
    size_t i;

    for (i = 0; i < vm->cfg.nr_disks; i++)
        if (device_check(vm, 0, i, e))
            return -1;
    for (i = 0; i < vm->cfg.nr_vifs; i++)
        if (device_check(vm, 1, i, e))
            return -1;
    for (i = 0; i < vm->cfg.nr_disks; i++)
        if (disk_open(vm, i, numbers[i], e))
            return -1;
    return 0;
}

/* ---- getting ready */

int device_failed(const struct vm *vm, int is_vif, size_t i, struct store *s, const char *what,
                  struct err *e)
{
    char be[128], *why = NULL, *space;

    nodes_backend_path(be, &vm->cfg, is_vif, i, vm->domid);
    /* The kernel writes relative to dom0: error/backend/vbd/1/51712/error = "-13 creating vbd". */
    if (!store_readf(s, STORE_NO_TX, &why, "/local/domain/0/error/%s/error",
                     be + strlen("/local/domain/0/"))) {
        space = strchr(why, ' ');
        err_set(e, STATUS_FAILED, what, NULL, "dom0's backend refused it: %s",
                space ? space + 1 : why);
        free(why);
        return -1;
    }
    return 0;
}

static int wait_disk(const struct vm *vm, size_t i, struct store *s, long end, struct err *e)
{
    char sysfs[128], path[160], what[300];

    backend_sysfs(vm, 0, i, sysfs);
    snprintf(path, sizeof(path), "%s/physical_device", sysfs);
    snprintf(what, sizeof(what), "disk %.280s", vm->cfg.disks[i].target);
    while (access(path, F_OK)) {
        if (device_failed(vm, 0, i, s, what, e))
            return -1;
        if (now_ms() > end)
            return err_set(e, STATUS_TIMEOUT, what, "see dom0's kernel log",
                           "dom0's block backend did not take it within %d s", READY_MS / 1000);
        usleep(STEP_US);
    }
    return 0;
}

static int connect_vif(const struct vm *vm, size_t i, struct store *s, const char *made,
                       struct err *e)
{
    const struct vif_spec *v = &vm->cfg.vifs[i];
    char name[16], be[128], path[160];
    int rc = 0;

    vif_interface(vm, i, name);
    if (strcmp(name, made))
        rc = netif_rename(made, name);
    if (rc)
        return err_set(e, STATUS_FAILED, "vif", NULL, "cannot rename %s to %s: %s", made, name,
                       strerror(-rc));
    rc = netif_add_to_bridge(v->bridge, name);
    if (!rc)
        rc = netif_up(name);
    if (rc)
        return err_set(e, STATUS_FAILED, "vif", NULL, "cannot add %s to %s: %s", name, v->bridge,
                       strerror(-rc));
    nodes_backend_path(be, &vm->cfg, 1, i, vm->domid);
    snprintf(path, sizeof(path), "%s/hotplug-status", be);
    rc = store_write(s, STORE_NO_TX, path, "connected");
    return rc ? err_set(e, STATUS_FAILED, "store", NULL, "%s: %s", path, strerror(-rc)) : 0;
}

static int wait_vif(const struct vm *vm, size_t i, struct store *s, long end, struct err *e)
{
    char made[32], what[48];

    snprintf(made, sizeof(made), "vif%u.%u", vm->domid, vm->cfg.vifs[i].devid);
    snprintf(what, sizeof(what), "vif %s", made);
    while (!netif_exists(made)) {
        if (device_failed(vm, 1, i, s, what, e))
            return -1;
        if (now_ms() > end)
            return err_set(e, STATUS_TIMEOUT, what, "see dom0's kernel log",
                           "dom0's network backend did not make it within %d s", READY_MS / 1000);
        usleep(STEP_US);
    }
    return connect_vif(vm, i, s, made, e);
}

int device_wait(struct vm *vm, int is_vif, size_t i, struct store *s, struct err *e)
{
    long end = now_ms() + READY_MS;

    if (is_vif)
        return wait_vif(vm, i, s, end, e);
    if (wait_disk(vm, i, s, end, e))
        return -1;
    disk_held(vm, i);
    return 0;
}

int devices_wait(struct vm *vm, struct store *s, struct err *e)
{
    size_t i;

    for (i = 0; i < vm->cfg.nr_disks; i++)
        if (device_wait(vm, 0, i, s, e))
            return -1;
    for (i = 0; i < vm->cfg.nr_vifs; i++)
        if (device_wait(vm, 1, i, s, e))
            return -1;
    return 0;
}

/* ---- going away */

struct closing {
    const char *fe, *be;
};

/*
 * Tells the backend to close for good; the frontend's end is what makes it let go. One that is closed
 * is not told again: its frontend would try to answer.
 */
static int start_close(struct store *s, store_tx_t tx, void *arg)
{
    const struct closing *c = arg;
    char path[160], *old = NULL;
    int rc = store_readf(s, tx, &old, "%s/state", c->be);

    if (!rc) {
        snprintf(path, sizeof(path), "%s/online", c->be);
        rc = store_write(s, tx, path, "0");
        snprintf(path, sizeof(path), "%s/state", c->be);
        if (!rc && atoi(old) != XenbusStateClosed)
            rc = store_writef(s, tx, path, "%d", XenbusStateClosing);
    }
    free(old);
    if (rc && rc != -ENOENT)
        return rc;
    rc = store_rm(s, tx, c->fe);
    return rc == -ENOENT ? 0 : rc;
}

static void close_device(const struct vm *vm, struct store *s, int is_vif, size_t i)
{
    char fe[128], be[128];
    struct closing c = {fe, be};

    nodes_frontend_path(fe, &vm->cfg, is_vif, i, vm->domid);
    nodes_backend_path(be, &vm->cfg, is_vif, i, vm->domid);
    store_transact(s, start_close, &c);
}

static void finish_device(const struct vm *vm, struct store *s, int is_vif, size_t i, long end)
{
    char sysfs[128], be[128];
    bool there;

    backend_sysfs(vm, is_vif, i, sysfs);
    there = !access(sysfs, F_OK);
    while (!access(sysfs, F_OK) && now_ms() < end)
        usleep(STEP_US);
    if (!access(sysfs, F_OK))
        log_line("%s: backend %s still open after %d s", vm->cfg.name, sysfs, CLOSE_MS / 1000);
    nodes_backend_path(be, &vm->cfg, is_vif, i, vm->domid);
    store_rm(s, STORE_NO_TX, be);
    if (is_vif && there) {
        char name[16];

        vif_interface(vm, i, name);
        while (netif_exists(name) && now_ms() < end)
            usleep(STEP_US);
    }
}

/* Removes a node and those of its parents, not above @top, that are left without children. */
struct pruning {
    const char *path, *top;
};

static int prune(struct store *s, store_tx_t tx, void *arg)
{
    const struct pruning *p = arg;
    char path[160];
    char **names;
    size_t count;
    int rc;

    snprintf(path, sizeof(path), "%s", p->path);
    rc = store_rm(s, tx, path);
    while (!rc && strcmp(path, p->top)) {
        *strrchr(path, '/') = '\0';
        rc = store_directory(s, tx, path, &names, &count);
        if (rc)
            break;
        free(names);
        if (count)
            return 0;
        rc = store_rm(s, tx, path);
    }
    return rc == -ENOENT ? 0 : rc;
}

static void prune_nodes(struct store *s, const char *path, const char *top)
{
    struct pruning p = {path, top};

    store_transact(s, prune, &p);
}

/* What dom0's kernel noted of the backend, and what lay above its two ends, if nothing is left. */
static void forget_device(const struct vm *vm, struct store *s, int is_vif, size_t i)
{
    char path[160], top[64], fe[128], be[128];

    nodes_frontend_path(fe, &vm->cfg, is_vif, i, vm->domid);
    nodes_backend_path(be, &vm->cfg, is_vif, i, vm->domid);
    snprintf(path, sizeof(path), "/local/domain/0/error/%s", be + strlen("/local/domain/0/"));
    prune_nodes(s, path, "/local/domain/0/error");
    snprintf(top, sizeof(top), "/local/domain/0/backend/%s/%u", is_vif ? "vif" : "vbd", vm->domid);
    prune_nodes(s, be, top);
    snprintf(top, sizeof(top), "/local/domain/%u/device/%s", vm->domid, is_vif ? "vif" : "vbd");
    prune_nodes(s, fe, top);
}

void device_remove(struct vm *vm, int is_vif, size_t i, struct store *s)
{
    long end = now_ms() + CLOSE_MS;

    close_device(vm, s, is_vif, i);
    if (!is_vif)
        disk_held(vm, i);
    finish_device(vm, s, is_vif, i, end);
    forget_device(vm, s, is_vif, i);
    if (!is_vif)
        disk_drop(vm, i);
}

void devices_remove(struct vm *vm, struct store *s)
{
    const struct guest_config *g = &vm->cfg;
    static const char *const kinds[] = {"vbd", "vif"};
    long end = now_ms() + CLOSE_MS;
    char path[64];
    size_t i;
    int k;

    if (vm->domid) {
        for (i = 0; i < g->nr_disks; i++) {
            close_device(vm, s, 0, i);
            disk_held(vm, i);
        }
        for (i = 0; i < g->nr_vifs; i++)
            close_device(vm, s, 1, i);
        for (i = 0; i < g->nr_disks; i++) {
            finish_device(vm, s, 0, i, end);
            forget_device(vm, s, 0, i);
        }
        for (i = 0; i < g->nr_vifs; i++) {
            finish_device(vm, s, 1, i, end);
            forget_device(vm, s, 1, i);
        }
        for (k = 0; k < 2; k++) {
            snprintf(path, sizeof(path), "/local/domain/0/backend/%s/%u", kinds[k], vm->domid);
            store_rm(s, STORE_NO_TX, path);
        }
    }
    for (i = 0; i < g->nr_disks; i++)
        disk_drop(vm, i);
}
