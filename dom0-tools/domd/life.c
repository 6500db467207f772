/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The life of a guest: start, end, and what follows an end. vm_stop() undoes every step of
 * vm_start() that was taken and is harmless for those that were not, so that it also serves as
 * the one way back out of a start that failed.
 */
#include "dom0-tools/domd/domd.h"
#include "dom0-tools/domd/policy.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "dom0-tools/lib/build.h"
#include "dom0-tools/lib/crash.h"
#include "dom0-tools/lib/err.h"
#include "dom0-tools/lib/hv.h"
#include "dom0-tools/lib/kernel.h"
#include "dom0-tools/lib/nodes.h"
#include "pv-abi/sched.h"
#include "xenstore-like/client.h"

#define DOMAINS_MAX         512
#define GONE_MS             5000
#define ALIVE_CPU_NS        200000000ull /* a guest that ran so long did not crash at once */
#define ALIVE_BLOCKED_STEPS 50
#define ALIVE_STEPS         150
#define STEP_US             20000

int64_t now_s(void)
{
    struct timespec ts;

    clock_gettime(CLOCK_MONOTONIC, &ts);
    return ts.tv_sec;
}

long now_ms(void)
{
    struct timespec ts;

    clock_gettime(CLOCK_MONOTONIC, &ts);
    return ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

static uint64_t now_us(void)
{
    struct timespec ts;

    clock_gettime(CLOCK_MONOTONIC, &ts);
    return (uint64_t)ts.tv_sec * 1000000 + (uint64_t)ts.tv_nsec / 1000;
}

void timing_mark(struct vm *vm, const char *phase)
{
    struct timing *t = vm->timing;
    uint64_t now = now_us();

    if (!t || t->count == sizeof(t->phase) / sizeof(t->phase[0]))
        return;
    if (phase) {
        t->phase[t->count].name = phase;
        t->phase[t->count++].us = now - t->last_us;
    }
    t->last_us = now;
}

/* ---- the store */

/* A domain's record and all of its nodes. */
struct announcement {
    const struct vm *vm;
    struct node_write nodes;
};

static int announce(struct store *s, store_tx_t tx, void *arg)
{
    struct announcement *a = arg;
    int rc;

    store_gather(s, tx);
    rc = record_put(a->vm, s, tx);
    return rc ? rc : nodes_write(s, tx, &a->nodes);
}

static int publish(struct vm *vm, struct store *s, const struct built *b, uint32_t (*numbers)[2],
                   struct err *e)
{
    struct node_domain d = {.domid = vm->domid,
                            .store_mfn = b->store_mfn,
                            .console_mfn = b->console_mfn,
                            .store_port = b->store_port,
                            .console_port = b->console_port,
                            .start_time = vm->started};
    struct node_list l = {0};
    struct announcement a = {vm, {&l, vm->domid, false}};
    size_t i;
    int rc;

    memcpy(d.uuid, vm->uuid, sizeof(d.uuid));
    nodes_domain(&l, &vm->cfg, &d);
    for (i = 0; i < vm->cfg.nr_disks; i++) {
        struct node_disk disk = {numbers[i][0], numbers[i][1]};

        nodes_disk(&l, &vm->cfg, i, vm->domid, &disk);
    }
    for (i = 0; i < vm->cfg.nr_vifs; i++)
        nodes_vif(&l, &vm->cfg, i, vm->domid);
    rc = l.failed ? -ENOMEM : store_transact(s, announce, &a);
    node_list_free(&l);
    crash_point();
    if (!rc)
        rc = store_introduce(s, vm->domid, b->store_mfn, b->store_port);
    crash_point();
    if (!rc)
        return 0;
    return err_set(e, STATUS_FAILED, "store", "see the log of stored",
                   "cannot announce domain %u: %s", vm->domid, strerror(-rc));
}

static void remove_nodes(const struct vm *vm, struct store *s)
{
    char path[96], uuid[37];

    snprintf(path, sizeof(path), "/local/domain/%u", vm->domid);
    store_rm(s, STORE_NO_TX, path);
    uuid_format(uuid, vm->uuid);
    snprintf(path, sizeof(path), "/vm/%s", uuid);
    store_rm(s, STORE_NO_TX, path);
    crash_point();
    record_remove(vm->domid, s); /* last: until then the next domd would clear away what is left */
}

/* ---- start */

/* Watches the first moments: 0 when it lives (or ended in an orderly way), -1 with *@e. */
static int check_alive(struct vm *vm, struct err *e)
{
    struct hv_domain info;
    int i, blocked = 0;

    for (i = 0; i < ALIVE_STEPS; i++) {
        int rc = hv_domain_info(domd.hv, vm->domid, &info);

        if (rc || info.dying)
            return err_set(e, STATUS_FAILED, vm->cfg.name, NULL, "the domain vanished at once");
        if (info.shutdown && info.shutdown_code == SHUTDOWN_crash) {
            char hint[160];

            snprintf(hint, sizeof(hint), "see /var/log/pavo/console/%s.log and domctl dmesg",
                     vm->cfg.name);
            return err_set(e, STATUS_FAILED, vm->cfg.name, hint, "the guest crashed at once");
        }
        blocked = info.blocked ? blocked + 1 : 0;
        if (info.shutdown || info.cpu_time_ns >= ALIVE_CPU_NS || blocked >= ALIVE_BLOCKED_STEPS)
            return 0;
        usleep(STEP_US);
    }
    return 0;
}

/* From here on a domd that is restarted finds the domain, and destroys it while it is not complete. */
static int note_domain(uint32_t domid, void *arg, struct err *e)
{
    int rc = record_begin(domid, arg);

    return rc ? err_set(e, STATUS_FAILED, "store", "see the log of stored",
                        "cannot note domain %u: %s", domid, strerror(-rc))
              : 0;
}

/*
 * dom0's kernel sets devices up one after the other. Those who want some wait for each other here: then the
 * time that is given to a backend is for its own work, and nobody looks for what cannot be there yet.
 */
static pthread_mutex_t announcing = PTHREAD_MUTEX_INITIALIZER;

static int connect_steps(struct vm *vm, struct store *s, const struct built *b,
                         uint32_t (*numbers)[2], bool fresh_log, struct err *e)
{
    if (publish(vm, s, b, numbers, e))
        return -1;
    timing_mark(vm, "announce");
    if (console_add(vm, b->console_port, fresh_log, e))
        return -1;
    vm->console = true;
    timing_mark(vm, "console");
    crash_point();
    if (devices_wait(vm, s, e))
        return -1;
    timing_mark(vm, "backends");
    return 0;
}

static int start_steps(struct vm *vm, struct store *s, uint32_t (*numbers)[2], bool paused,
                       bool fresh_log, struct err *e)
{
    struct built b;
    int rc;

    if (devices_open(vm, numbers, e))
        return -1;
    timing_mark(vm, "devices");
    crash_point();
    if (domain_build(domd.hv, domd.foreign, &vm->cfg, vm->uuid, note_domain, s, &b, e)) {
        if (b.domid)
            record_remove(b.domid, s);
        return -1;
    }
    crash_point();
    registry_set_domid(vm, b.domid);
    timing_mark(vm, "build");
    pthread_mutex_lock(&announcing);
    timing_mark(vm, "queue");
    vm->started = (int64_t)time(NULL); /* waiting is no life: the brake goes by its length */
    rc = connect_steps(vm, s, &b, numbers, fresh_log, e);
    pthread_mutex_unlock(&announcing);
    if (rc)
        return -1;
    crash_point();
    rc = paused ? 0 : hv_domain_unpause(domd.hv, vm->domid);
    if (rc)
        return err_set(e, STATUS_FAILED, vm->cfg.name, NULL, "cannot unpause: %s", strerror(-rc));
    if (!paused && !vm->unattended && check_alive(vm, e))
        return -1;
    timing_mark(vm, "start");
    rc = pending_complete(vm, s);
    return rc ? err_set(e, STATUS_FAILED, "store", "see the log of stored",
                        "cannot note domain %u: %s", vm->domid, strerror(-rc))
              : 0;
}

int vm_start(struct vm *vm, bool paused, bool fresh_log, struct err *e)
{
    uint32_t(*numbers)[2] = calloc(vm->cfg.nr_disks + 1, sizeof(*numbers));
    struct store *s = NULL;
    size_t i;
    int rc;

    if (!numbers)
        return err_set(e, STATUS_RESOURCES, vm->cfg.name, NULL, "out of memory");
    rc = open_store(&s, e);
    if (!rc)
        rc = start_steps(vm, s, numbers, paused, fresh_log, e);
    store_close(s);
    free(numbers);
    if (rc) {
        pending_end(vm, false);
        vm_stop(vm, false);
    } else {
        for (i = 0; i < vm->cfg.nr_disks; i++)
            disk_keep_overlay(vm, i);
    }
    return rc;
}

/* ---- end */

static void wait_domain_gone(uint32_t domid)
{
    struct hv_domain info;
    int i;

    for (i = 0; i < GONE_MS * 1000 / STEP_US; i++) {
        if (hv_domain_info(domd.hv, domid, &info) == -ESRCH)
            return;
        usleep(i ? STEP_US : 1000);
    }
    log_line("domain %u: destroyed, but something still holds its memory", domid);
}

void vm_stop(struct vm *vm, bool keep_console)
{
    struct store *s = NULL;
    struct err e = {0};
    uint32_t domid = vm->domid;
    size_t i;
    int rc;

    if (domid)
        hv_domain_pause(domd.hv, domid);
    if (open_store(&s, &e))
        log_line("%s: %s: its nodes are left behind", vm->cfg.name, e.text);
    crash_point();
    if (s || !domid)
        devices_remove(vm, s);
    for (i = 0; !s && i < vm->cfg.nr_disks; i++)
        disk_held(vm, i); /* when its backend lets go nothing else shall hold it */
    crash_point();
    if (vm->console || !keep_console)
        console_drop(vm, keep_console);
    vm->console = false;
    if (!domid) {
        store_close(s);
        return;
    }
    crash_point();
    if (s)
        store_release(s, domid);
    crash_point();
    rc = hv_domain_destroy(domd.hv, domid);
    crash_point();
    if (rc && rc != -ESRCH)
        log_line("%s: cannot destroy domain %u: %s", vm->cfg.name, domid, strerror(-rc));
    if (s)
        remove_nodes(vm, s);
    store_close(s);
    crash_point();
    wait_domain_gone(domid);
    registry_set_domid(vm, 0);
}

void vm_destroy(struct vm *vm)
{
    pending_end(vm, false);
    vm_stop(vm, false);
    event_emit(vm, "destroyed", NULL, NULL);
    registry_remove(vm);
}

/* ---- what follows an end */

void start_unattended(struct vm *vm, bool fresh_log)
{
    struct err e = {0};
    int rc;

    vm->unattended = true;
    rc = vm_start(vm, false, fresh_log, &e);
    vm->unattended = false;
    if (!rc) {
        event_emit(vm, "restarted", NULL, NULL);
        registry_publish(vm, VM_LIVE);
        return;
    }
    log_line("%s: restart failed: %s", vm->cfg.name, e.text);
    event_emit(vm, "destroyed", "reason", e.text);
    pending_forget(vm);
    console_drop(vm, false);
    registry_remove(vm);
}

static void restart(struct vm *vm)
{
    pending_end(vm, true);
    vm_stop(vm, true);
    start_unattended(vm, false);
}

static void preserve(struct vm *vm)
{
    struct err e = {0};
    struct store *s;

    if (!open_store(&s, &e)) {
        record_kept(vm, NULL, NULL, s);
        store_close(s);
    }
    event_emit(vm, "preserved", NULL, NULL);
    registry_publish(vm, VM_PRESERVED);
}

struct successor {
    struct guest_config cfg;
    uint32_t kept_domid, short_lives;
};

static void *successor_main(void *arg)
{
    struct successor *n = arg;
    struct err e = {0};
    struct vm *vm = registry_add(&n->cfg, &e);
    struct store *s;

    if (vm) {
        vm->short_lives = n->short_lives;
        start_unattended(vm, true);
    } else {
        log_line("restart failed: %s", e.text);
        guest_config_free(&n->cfg);
    }
    e = (struct err){0};
    if (!open_store(&s, &e)) {
        record_succeeded(n->kept_domid, s);
        store_close(s);
    }
    free(n);
    return NULL;
}

void successor_start(struct guest_config *cfg, uint32_t kept_domid, uint32_t short_lives)
{
    struct successor *n = calloc(1, sizeof(*n));
    pthread_t t;

    if (n) {
        *n = (struct successor){*cfg, kept_domid, short_lives};
        if (!pthread_create(&t, NULL, successor_main, n)) {
            pthread_detach(t);
            return;
        }
    }
    log_line("%s: cannot be started again: out of memory or threads", cfg->name);
    free(n);
    guest_config_free(cfg);
}

/* Gives the ended domain a name and UUID of its own. */
static void change_identity(struct vm *vm)
{
    char name[GUEST_NAME_MAX + 1];
    uint8_t uuid[16];
    unsigned int nth = 0;
    struct err e;

    do {
        e = (struct err){0};
        policy_kept_name(name, vm->cfg.name, (int64_t)time(NULL), nth++);
    } while (registry_rename(vm, name, &e));
    uuid_make(uuid);
    registry_set_uuid(vm, uuid);
}

/* A dead guest does no I/O: its devices go to the successor, what else it was is kept for a look. */
static void rename_restart(struct vm *vm)
{
    struct guest_config cfg;
    struct err e = {0};
    struct store *s = NULL;
    char old_uuid[37];
    uint32_t domid = vm->domid, short_lives;
    int rc;

    if (config_copy(&cfg, &vm->cfg) || open_store(&s, &e)) {
        log_line("%s: cannot be started again: %s", vm->cfg.name, s ? "out of memory" : e.text);
        preserve(vm);
        return;
    }
    devices_remove(vm, s);
    crash_point();
    uuid_format(old_uuid, vm->uuid);
    change_identity(vm);
    rc = record_kept(vm, &cfg, old_uuid, s);
    if (rc)
        log_line("%s: store: %s", vm->cfg.name, strerror(-rc));
    store_close(s);
    crash_point();
    rc = hv_domain_set_uuid(domd.hv, domid, vm->uuid);
    if (rc)
        log_line("%s: cannot change the UUID of domain %u: %s", vm->cfg.name, domid, strerror(-rc));
    console_rename(vm, &e);
    event_emit(vm, "renamed", "from", cfg.name);
    log_line("%s: domain %u is kept as %s", cfg.name, domid, vm->cfg.name);
    registry_drop_devices(vm);
    vm->kept = true;
    event_emit(vm, "preserved", NULL, NULL);
    short_lives = vm->short_lives;
    registry_publish(vm, VM_PRESERVED);
    crash_point();
    successor_start(&cfg, domid, short_lives);
}

struct ending {
    struct vm *vm; /* held */
    bool vanished;
    unsigned int code;
};

static void tell_end(const struct ending *end)
{
    struct vm *vm = end->vm;

    if (end->vanished)
        log_line("%s: domain %u has vanished", vm->cfg.name, vm->domid);
    else
        log_line("%s: domain %u %s", vm->cfg.name, vm->domid, policy_end_phrase(end->code));
    event_emit(vm, "ended", "reason", end->vanished ? "vanished" : policy_end_word(end->code));
}

/* What to do about an end that was not dealt with before; true: not now. */
static bool judge_end(const struct ending *end, enum action *a)
{
    struct vm *vm = end->vm;
    enum action wanted = *a;
    struct err e = {0};
    char seconds[16];
    unsigned int wait;
    struct store *s;

    tell_end(end);
    *a = policy_brake(wanted, (int64_t)time(NULL) - vm->started, &vm->short_lives, &wait);
    if (*a != wanted) {
        log_line("%s: lived less than %d s %d times in a row: kept, not started again",
                 vm->cfg.name, SHORT_LIFE_S, SHORT_LIVES_MAX + 1);
        event_emit(vm, "gave-up", NULL, NULL);
    }
    if (!wait)
        return false;
    snprintf(seconds, sizeof(seconds), "%u", wait);
    log_line("%s: lived less than %d s: is started again in %s s", vm->cfg.name, SHORT_LIFE_S,
             seconds);
    event_emit(vm, "delayed", "seconds", seconds);
    vm->not_before = now_s() + wait;
    vm->delayed = true;
    if (!open_store(&s, &e)) {
        record_delayed(vm, time(NULL) + wait, s);
        store_close(s);
    }
    return true;
}

static void *end_main(void *arg)
{
    struct ending *end = arg;
    struct vm *vm = end->vm;
    bool final = end->vanished || now_s() < vm->final_until;
    enum action a = final ? ACTION_DESTROY : policy_action(&vm->cfg, end->code);
    bool dumps = policy_dumps(&a) && !vm->delayed;
    bool later = vm->delayed ? false : judge_end(end, &a);

    if (dumps)
        dump_ended(vm);
    free(end);
    if (later) {
        registry_release(vm);
        return NULL;
    }
    vm->delayed = false;
    if (a == ACTION_RESTART)
        restart(vm);
    else if (a == ACTION_RENAME_RESTART)
        rename_restart(vm);
    else if (a == ACTION_PRESERVE)
        preserve(vm);
    else
        vm_destroy(vm);
    return NULL;
}

static void handle_end(uint32_t domid, const struct hv_domain *info)
{
    struct ending *end;
    struct vm *vm = registry_try_domid(domid);
    pthread_t t;

    if (!vm)
        return;
    end = calloc(1, sizeof(*end));
    if (!end) {
        registry_release(vm);
        return;
    }
    end->vm = vm;
    end->vanished = !info;
    end->code = info ? info->shutdown_code : 0;
    if (pthread_create(&t, NULL, end_main, end)) {
        free(end);
        registry_release(vm);
        return;
    }
    pthread_detach(t);
}

static void look_at_domains(void)
{
    uint32_t domids[DOMAINS_MAX];
    size_t i, n = registry_domids(domids, DOMAINS_MAX);

    for (i = 0; i < n; i++) {
        struct hv_domain info;
        int rc = hv_domain_info(domd.hv, domids[i], &info);

        if (rc == -ESRCH || (!rc && info.dying))
            handle_end(domids[i], NULL);
        else if (!rc && info.shutdown && info.shutdown_code != SHUTDOWN_suspend)
            handle_end(domids[i], &info);
        else if (!rc)
            grants_look(domids[i]);
    }
}

/*
 * The store tells when a domain has ended (it alone can bind that interrupt). A look every second
 * besides makes up for a store that is being restarted. @arg: NULL if the guests recorded in the
 * store could not be taken over yet.
 */
void *monitor_main(void *arg)
{
    struct store *s = NULL;
    bool adopted = arg != NULL;

    for (;;) {
        struct store_event ev;
        int rc;

        if (!adopted)
            adopted = record_adopt_all();

        if (!s && !store_open(&s, NULL) && store_watch(s, "@releaseDomain", "end")) {
            store_close(s);
            s = NULL;
        }
        rc = s ? store_wait_event(s, &ev, 1000) : 0;
        if (!s)
            usleep(500000);
        if (rc < 0) {
            store_close(s);
            s = NULL;
        }
        look_at_domains();
        kernel_forget(now_s());
    }
    return NULL;
}
