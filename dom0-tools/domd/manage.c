/* SPDX-License-Identifier: GPL-2.0-only */
/* Requests that manage guests which exist: rename, reset, sysrq, waiting for an end, events. */
#include "dom0-tools/domd/domd.h"

#include <ctype.h>
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "dom0-tools/domd/request.h"
#include "dom0-tools/lib/err.h"
#include "dom0-tools/lib/hv.h"
#include "dom0-tools/lib/json.h"
#include "xenstore-like/client.h"

#define WAIT_MAX_S  86400
#define WAIT_STEP_S 1 /* how soon it is noticed that a client has gone */
#define SYSRQ_STEPS 250
#define STEP_US     20000

/* ---- rename */

static int rename_everywhere(struct vm *vm, const char *old, struct err *e)
{
    struct err ignored = {0};
    struct store *s;
    int rc;

    if (open_store(&s, e))
        return -1;
    rc = record_rename(vm, s);
    if (rc)
        err_set(e, STATUS_FAILED, "store", "see the log of stored", "cannot rename %s: %s", old,
                strerror(-rc));
    if (!rc && console_rename(vm, e)) {
        rc = -1;
        registry_rename(vm, old, &ignored);
        record_rename(vm, s);
    }
    store_close(s);
    return rc ? -1 : 0;
}

int op_rename(struct request *r)
{
    const char *to = json_get_str(r->in, "to"), *name = need_name(r);
    char old[GUEST_NAME_MAX + 1];
    struct err ignored = {0};
    struct vm *vm;
    int rc;

    if (!to || !guest_name_ok(to))
        return err_set(r->e, STATUS_USAGE, "rename", NULL,
                       "'%.80s' is no name: letters, digits and _-.+: up to %d", to ? to : "",
                       GUEST_NAME_MAX);
    vm = name ? registry_acquire(name, r->e) : NULL;
    if (!vm)
        return -1;
    strcpy(old, vm->cfg.name);
    rc = registry_rename(vm, to, r->e);
    if (!rc && strcmp(old, to)) {
        rc = rename_everywhere(vm, old, r->e);
        if (rc)
            registry_rename(vm, old, &ignored);
        else
            event_emit(vm, "renamed", "from", old);
    }
    answer_vm(r, vm);
    json_put_str(r->out, "from", old);
    registry_release(vm);
    return rc;
}

/* ---- reset */

int op_reset(struct request *r)
{
    const char *name = need_name(r);
    struct vm *vm = name ? registry_acquire(name, r->e) : NULL;
    char what[GUEST_NAME_MAX + 64];

    if (!vm)
        return -1;
    if (vm->kept) {
        err_set(r->e, STATUS_FAILED, vm->cfg.name, "domctl destroy it",
                "it has ended and is kept for a look; its successor has its devices");
        registry_release(vm);
        return -1;
    }
    vm->short_lives = 0;
    vm->delayed = false;
    vm->final_until = 0;
    pending_end(vm, true);
    vm_stop(vm, true);
    if (vm_start(vm, false, false, r->e)) {
        snprintf(what, sizeof(what), "%s: ended, but it cannot start again", vm->cfg.name);
        err_prefix(r->e, what);
        pending_forget(vm);
        console_drop(vm, false);
        event_emit(vm, "destroyed", "reason", "reset");
        registry_remove(vm);
        return -1;
    }
    event_emit(vm, "reset", NULL, NULL);
    answer_vm(r, vm);
    registry_publish(vm, VM_LIVE);
    return 0;
}

/* ---- sysrq */

/* Waits until the guest has taken the key; else takes it back. */
static int sysrq_taken(struct store *s, const char *path, const char *key)
{
    char *now = NULL;
    int i, rc = 0;

    for (i = 0; i < SYSRQ_STEPS; i++) {
        free(now);
        now = NULL;
        rc = store_read(s, STORE_NO_TX, path, &now, NULL);
        if (rc || strcmp(now, key))
            break;
        usleep(STEP_US);
    }
    free(now);
    if (i == SYSRQ_STEPS)
        store_write(s, STORE_NO_TX, path, "");
    return i < SYSRQ_STEPS ? 0 : -1;
}

int op_sysrq(struct request *r)
{
    const char *key = json_get_str(r->in, "key");
    struct store *s;
    char path[64];
    struct vm *vm;
    int rc;

    if (!key || strlen(key) != 1 || !isalnum((unsigned char)*key))
        return err_set(r->e, STATUS_USAGE, "sysrq", "h makes Linux print what it knows",
                       "the key must be one letter or digit");
    vm = need_live_vm(r);
    if (!vm)
        return -1;
    json_put_str(r->out, "key", key);
    rc = open_store(&s, r->e);
    if (!rc) {
        snprintf(path, sizeof(path), "/local/domain/%u/control/sysrq", vm->domid);
        rc = store_write(s, STORE_NO_TX, path, key);
        if (rc)
            err_set(r->e, STATUS_FAILED, vm->cfg.name, NULL, "cannot write %s: %s", path,
                    strerror(-rc));
        else if (sysrq_taken(s, path, key))
            rc = err_set(r->e, STATUS_TIMEOUT, vm->cfg.name,
                         "only a running Linux with its SysRq handler does",
                         "the guest did not take the key within %d s",
                         SYSRQ_STEPS * STEP_US / 1000000);
        store_close(s);
    }
    registry_release(vm);
    return rc ? -1 : 0;
}

/* ---- wait */

static int timed_out(struct request *r, uint32_t domid, uint64_t seconds, const char *what)
{
    char name[GUEST_NAME_MAX + 1] = "domain";
    struct hv_domain info;
    enum vm_state state;
    bool paused = !hv_domain_info(domd.hv, domid, &info) && info.paused;

    registry_describe(domid, name, &state);
    return err_set(r->e, STATUS_TIMEOUT, name,
                   paused ? "it is paused: domctl unpause" : "domctl destroy ends it at once",
                   "the guest did not %s within %llu s", what, (unsigned long long)seconds);
}

static bool hung_up(int fd)
{
    struct pollfd p = {.fd = fd, .events = POLLRDHUP};

    return poll(&p, 1, 0) > 0;
}

/* 0; -ETIMEDOUT, never if not @limited; -EPIPE: nobody waits any more. */
static int wait_gone(const struct request *r, uint32_t domid, bool limited, uint64_t seconds)
{
    bool really = json_get_bool(r->in, "gone");

    for (;;) {
        uint64_t step = limited && seconds < WAIT_STEP_S ? seconds : WAIT_STEP_S;

        if (registry_wait_gone(domid, really, (int)step * 1000))
            return 0;
        seconds -= limited ? step : 0;
        if (limited && !seconds)
            return -ETIMEDOUT;
        if (hung_up(r->client))
            return -EPIPE;
    }
}

/*
 * Until domain "id" has ended or, with "gone", is not even kept any more; "wait" seconds at most, if it
 * says so. "for": what it was asked for, taken back after these.
 */
int op_wait(struct request *r)
{
    const char *reason = json_get_str(r->in, "for");
    const char *what = reason && !strcmp(reason, "reboot") ? "reboot" : "poweroff";
    uint64_t id, seconds = 0, total;
    bool limited = json_get_u64(r->in, "wait", &seconds);
    int rc;

    if (!json_get_u64(r->in, "id", &id) || !id || id > UINT16_MAX)
        return err_set(r->e, STATUS_USAGE, "domd", NULL, "the request lacks id");
    if (seconds > WAIT_MAX_S)
        seconds = WAIT_MAX_S;
    if (!json_get_u64(r->in, "total", &total))
        total = seconds;
    rc = wait_gone(r, (uint32_t)id, limited, seconds);
    if (rc == -EPIPE)
        return err_set(r->e, STATUS_FAILED, "domd", NULL, "nobody waits any more");
    if (!rc)
        return 0;
    withdraw_request((uint32_t)id, what);
    return timed_out(r, (uint32_t)id, total, what);
}

int op_events(struct request *r)
{
    r->stream = true;
    if (json_get_bool(r->in, "all"))
        r->first_event = 0;
    return 0;
}
