/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Devices that come and go while the guest runs.
 *
 * Attach: 1. dom0's block device; 2. in one transaction the record, its mark "attach", and both ends,
 *         the frontend's with no rights for the guest: the backend wants to see one, the guest shall
 *         not yet; 3. the backend is ready; 4. the guest gets its rights, which is how it hears of the
 *         device; 5. both ends are connected; 6. the mark goes. An error anywhere takes it all back.
 * Detach: 1. in one transaction the mark "detach", and the backend's end says Closing; 2. the guest
 *         answers Closed, and the backend goes; 3. both ends go, then the block device, then record
 *         and mark. A guest that does not answer in time gets its device back as it was. One that is
 *         not asked: the mark "remove", then 3.
 *
 * A domd that is restarted in between finds the mark and carries on: what was coming is taken away, as
 * is what was to be removed; for what was asked back the guest gets DETACH_AGAIN_S more.
 */
#include "dom0-tools/domd/domd.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "dom0-tools/lib/crash.h"
#include "dom0-tools/lib/err.h"
#include "dom0-tools/lib/hv.h"
#include "dom0-tools/lib/nodes.h"
#include "pv-abi/io/xenbus.h"

#define STEP_US        10000
#define DETACH_AGAIN_S 10

/* One device on its way, for the transactions below. */
struct moving {
    struct vm *vm;
    int is_vif;
    size_t i;
    struct node_list l;
    char what[48];         /* for people: "disk xvdb", "vif 1" */
    char fe[128], be[128]; /* its two ends */
    int state;             /* of the backend, before it was told to close */
};

static void describe(struct moving *m, struct vm *vm, int is_vif, size_t i)
{
    memset(m, 0, sizeof(*m));
    m->vm = vm;
    m->is_vif = is_vif;
    m->i = i;
    if (is_vif)
        snprintf(m->what, sizeof(m->what), "vif %u", vm->cfg.vifs[i].devid);
    else
        snprintf(m->what, sizeof(m->what), "disk %s", vm->cfg.disks[i].vdev);
    nodes_frontend_path(m->fe, &vm->cfg, is_vif, i, vm->domid);
    nodes_backend_path(m->be, &vm->cfg, is_vif, i, vm->domid);
}

int device_state(struct store *s, const char *end)
{
    char path[160];
    uint64_t n;

    snprintf(path, sizeof(path), "%s/state", end);
    return store_read_u64(s, STORE_NO_TX, path, &n) || n > XenbusStateReconfigured
               ? XenbusStateUnknown
               : (int)n;
}

static int store_failed(const struct moving *m, int rc, struct err *e)
{
    return err_set(e, STATUS_FAILED, m->what, "see the log of stored", "store: %s", strerror(-rc));
}

/* ---- transactions */

static int set_rights(struct store *s, store_tx_t tx, const struct node *n, uint32_t domid,
                      bool hidden)
{
    struct store_perm perms[2] = {{.domid = 0}, {.domid = domid, .read = true}};
    size_t count = n->perm == NODE_GUEST_READ ? 2 : 1;

    if (n->perm == NODE_GUEST_OWN && !hidden)
        perms[0].domid = domid;
    return store_set_perms(s, tx, n->path, perms, count);
}

int nodes_write(struct store *s, store_tx_t tx, void *arg)
{
    const struct node_write *w = arg;
    size_t i;
    int rc = 0;

    for (i = 0; !rc && i < w->l->count; i++) {
        rc = store_write(s, tx, w->l->nodes[i].path, w->l->nodes[i].value);
        if (!rc)
            rc = set_rights(s, tx, &w->l->nodes[i], w->domid, w->hidden);
    }
    return rc;
}

static int mark(const struct moving *m, const char *verb, struct store *s, store_tx_t tx)
{
    char text[64];

    snprintf(text, sizeof(text), "%s %s", verb, m->what);
    return record_moving(m->vm, text, s, tx);
}

static int begin_attach(struct store *s, store_tx_t tx, void *arg)
{
    struct moving *m = arg;
    struct node_write w = {&m->l, m->vm->domid, true};
    int rc;

    store_gather(s, tx);
    rc = mark(m, "attach", s, tx);
    if (!rc)
        rc = record_add_device(m->vm, m->is_vif, m->i, s, tx);
    return rc ? rc : nodes_write(s, tx, &w);
}

static int offer(struct store *s, store_tx_t tx, void *arg)
{
    const struct moving *m = arg;
    size_t i;
    int rc = 0;

    store_gather(s, tx);
    for (i = 0; !rc && i < m->l.count; i++)
        if (m->l.nodes[i].perm == NODE_GUEST_OWN)
            rc = set_rights(s, tx, &m->l.nodes[i], m->vm->domid, false);
    return rc;
}

static int forget(struct store *s, store_tx_t tx, void *arg)
{
    const struct moving *m = arg;
    int rc = record_remove_device(m->vm, m->is_vif, m->i, s, tx);

    return rc ? rc : record_moving(m->vm, NULL, s, tx);
}

static int set_closing(struct store *s, store_tx_t tx, const struct moving *m, const char *online,
                       int state)
{
    char path[160];
    int rc;

    snprintf(path, sizeof(path), "%s/online", m->be);
    rc = store_write(s, tx, path, online);
    snprintf(path, sizeof(path), "%s/state", m->be);
    return rc ? rc : store_writef(s, tx, path, "%d", state);
}

static int begin_detach(struct store *s, store_tx_t tx, void *arg)
{
    const struct moving *m = arg;
    int rc = mark(m, "detach", s, tx);

    return rc ? rc : set_closing(s, tx, m, "0", XenbusStateClosing);
}

static int undo_detach(struct store *s, store_tx_t tx, void *arg)
{
    const struct moving *m = arg;
    int rc = set_closing(s, tx, m, "1", m->state);

    return rc ? rc : record_moving(m->vm, NULL, s, tx);
}

/* ---- both */

/* Takes the device away and out of every list. The guest is not asked. */
static int take_away(struct moving *m, struct store *s, struct err *e)
{
    int rc;

    crash_point();
    device_remove(m->vm, m->is_vif, m->i, s);
    crash_point();
    rc = store_transact(s, forget, m);
    crash_point();
    if (m->is_vif)
        registry_drop_vif(m->vm, m->i);
    else
        registry_drop_disk(m->vm, m->i);
    return rc ? store_failed(m, rc, e) : 0;
}

/* 0; -1 with *@e when the domain has ended. *@paused may be NULL. */
static int check_runs(const struct moving *m, bool *paused, struct err *e)
{
    struct hv_domain info;
    int rc = hv_domain_info(domd.hv, m->vm->domid, &info);

    if (rc || info.dying || info.shutdown)
        return err_set(e, STATUS_FAILED, m->vm->cfg.name, NULL, "the guest has ended");
    if (paused)
        *paused = info.paused;
    return 0;
}

/* ---- attach */

static int refused(const struct moving *m, struct store *s, struct err *e)
{
    char *why = NULL, *space;
    int rc;

    /* What the guest wrote of it, if it did; Linux: error/device/vbd/51728/error = "-22 text". */
    rc = store_readf(s, STORE_NO_TX, &why, "/local/domain/%u/error/device/%s/error", m->vm->domid,
                     strstr(m->fe, "/device/") + strlen("/device/"));
    space = rc ? NULL : strchr(why, ' ');
    err_set(e, STATUS_FAILED, m->what, NULL, "the guest refused it%s%.200s", rc ? "" : ": ",
            rc      ? ""
            : space ? space + 1
                    : why);
    free(why);
    return -1;
}

static int wait_connected(const struct moving *m, struct store *s, unsigned int timeout_s,
                          struct err *e)
{
    long end = now_ms() + timeout_s * 1000l;

    for (;;) {
        int be = device_state(s, m->be), fe = device_state(s, m->fe);

        if (be == XenbusStateConnected && fe == XenbusStateConnected)
            return 0;
        if (fe == XenbusStateClosing || fe == XenbusStateClosed)
            return refused(m, s, e);
        if (device_failed(m->vm, m->is_vif, m->i, s, m->what, e) || check_runs(m, NULL, e))
            return -1;
        if (now_ms() > end)
            return err_set(e, STATUS_TIMEOUT, m->what, "has it a driver? -t 0 would not wait",
                           "the guest did not take it within %u s", timeout_s);
        usleep(STEP_US);
    }
}

static int attach_steps(struct moving *m, uint32_t numbers[2], unsigned int timeout_s,
                        struct store *s, struct err *e)
{
    struct node_disk disk;
    bool paused;
    int rc;

    if (check_runs(m, &paused, e) || device_check(m->vm, m->is_vif, m->i, e))
        return -1;
    if (!m->is_vif && disk_open(m->vm, m->i, numbers, e))
        return -1;
    crash_point();
    disk = (struct node_disk){numbers[0], numbers[1]};
    if (m->is_vif)
        nodes_vif(&m->l, &m->vm->cfg, m->i, m->vm->domid);
    else
        nodes_disk(&m->l, &m->vm->cfg, m->i, m->vm->domid, &disk);
    rc = m->l.failed ? -ENOMEM : store_transact(s, begin_attach, m);
    crash_point();
    if (rc)
        return store_failed(m, rc, e);
    if (device_wait(m->vm, m->is_vif, m->i, s, e))
        return -1;
    crash_point();
    rc = store_transact(s, offer, m);
    crash_point();
    if (rc)
        return store_failed(m, rc, e);
    if (timeout_s && !paused && wait_connected(m, s, timeout_s, e))
        return -1;
    crash_point();
    rc = record_moving(m->vm, NULL, s, STORE_NO_TX);
    crash_point();
    return rc ? store_failed(m, rc, e) : 0;
}

int device_attach(struct vm *vm, int is_vif, unsigned int timeout_s, struct err *e)
{
    struct err later = {0};
    struct moving m;
    struct store *s;
    uint32_t numbers[2] = {0, 0};
    int rc;

    describe(&m, vm, is_vif, (is_vif ? vm->cfg.nr_vifs : vm->cfg.nr_disks) - 1);
    if (open_store(&s, e)) {
        if (is_vif)
            registry_drop_vif(vm, m.i);
        else
            registry_drop_disk(vm, m.i);
        return -1;
    }
    rc = attach_steps(&m, numbers, timeout_s, s, e);
    node_list_free(&m.l);
    if (rc && take_away(&m, s, &later))
        log_line("%s: attach failed, and so did its way back: %s", vm->cfg.name, later.text);
    if (!rc && !is_vif)
        disk_keep_overlay(vm, m.i);
    if (!rc)
        event_emit(vm, "attached", "device", m.what);
    store_close(s);
    return rc;
}

/* ---- detach */

static bool backend_gone(const struct moving *m)
{
    return !device_served(m->vm, m->is_vif, m->i);
}

/* True when nobody in the guest has the device: it never took it, or gave it back. */
static bool unused(int frontend)
{
    return frontend == XenbusStateUnknown || frontend == XenbusStateInitialising ||
           frontend == XenbusStateClosed;
}

static int wait_closed(struct moving *m, struct store *s, unsigned int timeout_s, struct err *e)
{
    long end = now_ms() + timeout_s * 1000l;
    int fe, rc;

    while (!backend_gone(m)) {
        if (check_runs(m, NULL, e))
            return -1;
        if (now_ms() <= end) {
            usleep(STEP_US);
            continue;
        }
        fe = device_state(s, m->fe);
        if (fe == XenbusStateClosed || fe == XenbusStateUnknown)
            return 0;
        if (fe == XenbusStateClosing) {
            record_moving(m->vm, NULL, s, STORE_NO_TX);
            return err_set(e, STATUS_TIMEOUT, m->what,
                           "detach it again when the guest has let go, or use --force",
                           "the guest began to close it, but still uses it after %u s", timeout_s);
        }
        rc = store_transact(s, undo_detach, m);
        if (rc)
            return store_failed(m, rc, e);
        return err_set(e, STATUS_TIMEOUT, m->what, "--force takes it away all the same",
                       "the guest did not give it back within %u s", timeout_s);
    }
    return 0;
}

static int detach_steps(struct moving *m, bool force, unsigned int timeout_s, struct store *s,
                        struct err *e)
{
    bool paused;
    int rc;

    if (check_runs(m, &paused, e))
        return -1;
    m->state = device_state(s, m->be);
    if (force || unused(device_state(s, m->fe))) {
        crash_point();
        rc = mark(m, "remove", s, STORE_NO_TX);
        return rc ? store_failed(m, rc, e) : take_away(m, s, e);
    }
    if (paused)
        return err_set(e, STATUS_FAILED, m->what, "unpause it, or use --force",
                       "the guest is paused and cannot give it back");
    crash_point();
    rc = store_transact(s, begin_detach, m);
    crash_point();
    if (rc)
        return store_failed(m, rc, e);
    return wait_closed(m, s, timeout_s, e) ? -1 : take_away(m, s, e);
}

int device_detach(struct vm *vm, int is_vif, size_t i, bool force, unsigned int timeout_s,
                  struct err *e)
{
    struct moving m;
    struct store *s;
    int rc;

    if (open_store(&s, e))
        return -1;
    describe(&m, vm, is_vif, i);
    rc = detach_steps(&m, force, timeout_s, s, e);
    if (!rc)
        event_emit(vm, "detached", "device", m.what);
    store_close(s);
    return rc;
}

/* ---- after a restart of domd */

/* Looks for what was on its way: @text is the mark. False: no such device. */
static bool find_moving(struct moving *m, struct vm *vm, const char *text, char verb[8])
{
    char what[48];
    bool known = text && sscanf(text, "%7s %47[^\n]", verb, what) == 2;
    int is_vif;
    size_t i;

    for (is_vif = 0; known && is_vif < 2; is_vif++)
        for (i = 0; i < (is_vif ? vm->cfg.nr_vifs : vm->cfg.nr_disks); i++) {
            describe(m, vm, is_vif, i);
            if (!strcmp(m->what, what))
                return true;
        }
    return false;
}

/* Brings a detach to its end. @vm is visible and held by us. */
static void *detach_again(void *arg)
{
    struct vm *vm = arg;
    struct err e = {0};
    struct moving m;
    struct store *s;
    char verb[8], *text = NULL;

    if (!open_store(&s, &e))
        record_read_moving(vm, &text, s);
    if (find_moving(&m, vm, text, verb)) {
        /* The state it had was not noted, but a device that is detached has been connected. */
        m.state = XenbusStateConnected;
        if (!wait_closed(&m, s, DETACH_AGAIN_S, &e) && !take_away(&m, s, &e)) {
            log_line("%s: %s: detached, as begun before", vm->cfg.name, m.what);
            event_emit(vm, "detached", "device", m.what);
        }
    }
    if (e.status)
        log_line("%s: %s", vm->cfg.name, e.text);
    free(text);
    store_close(s);
    registry_release(vm);
    return NULL;
}

void device_resume(struct vm *vm, struct store *s)
{
    struct err e = {0};
    struct moving m;
    char verb[8] = "", *text = NULL;
    bool found;
    pthread_t t;

    adoption_answer(record_read_moving(vm, &text, s));
    found = find_moving(&m, vm, text, verb);
    free(text);
    if (!found) {
        record_moving(vm, NULL, s, STORE_NO_TX);
    } else if (!strcmp(verb, "detach")) {
        registry_show(vm, VM_LIVE);
        if (!pthread_create(&t, NULL, detach_again, vm)) {
            pthread_detach(t);
            return; /* which releases it */
        }
    } else {
        log_line("%s: %s: taken away, as begun before", vm->cfg.name, m.what);
        if (take_away(&m, s, &e))
            log_line("%s: %s", vm->cfg.name, e.text);
        else if (!strcmp(verb, "remove"))
            event_emit(vm, "detached", "device", m.what);
    }
    registry_publish(vm, VM_LIVE);
}
