/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What domd has begun, noted in the store so that a domd that is killed and started again brings it
 * to its end:
 *   /domd/ID           without "complete" below it: is being built; nobody was told of it yet
 *   /domd/ID/ending    is being taken apart
 *   /domd/ID/paused    is paused for the time of an action, a dump
 *   /domd/again/UUID   a guest to be started (again): its config, and how often it lived shortly
 * A start that succeeds makes its domain complete and removes the guest from "again" in one
 * transaction; so does the beginning of a restart with "ending". Each action is thus found begun,
 * or done, never twice.
 *
 * A domain that was not even noted has never run: see pending_clear_orphans().
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
#include "xenstore-like/client.h"

#define AGAIN       "/domd/again"
#define DOMAINS_MAX 512
#define RESUMED_MS  5000

static void again_path(const struct vm *vm, char path[80])
{
    char uuid[37];

    uuid_format(uuid, vm->uuid);
    snprintf(path, 80, AGAIN "/%s", uuid);
}

static int complete_tx(struct store *s, store_tx_t tx, void *arg)
{
    const struct vm *vm = arg;
    char path[80];
    int rc;

    again_path(vm, path);
    rc = remove_path(s, tx, path);
    snprintf(path, sizeof(path), "/domd/%u/complete", vm->domid);
    return rc ? rc : store_write(s, tx, path, "");
}

int pending_complete(struct vm *vm, struct store *s)
{
    int rc;

    crash_point();
    rc = store_transact(s, complete_tx, vm);
    crash_point();
    return rc;
}

struct end {
    const struct vm *vm;
    bool again;
};

static int end_tx(struct store *s, store_tx_t tx, void *arg)
{
    const struct end *end = arg;
    char path[80];
    int rc = 0;

    again_path(end->vm, path);
    if (end->again)
        rc = record_write_config(&end->vm->cfg, path, s, tx);
    strcat(path, "/short_lives");
    if (end->again && !rc)
        rc = store_writef(s, tx, path, "%u", end->vm->short_lives);
    snprintf(path, sizeof(path), "/domd/%u/ending", end->vm->domid);
    return rc ? rc : store_write(s, tx, path, "");
}

/* Without a store there is nothing to note, and nobody to find it. */
void pending_end(struct vm *vm, bool again)
{
    struct end end = {vm, again};
    struct err e = {0};
    struct store *s;
    int rc;

    if (!vm->domid || open_store(&s, &e))
        return;
    crash_point();
    rc = store_transact(s, end_tx, &end);
    if (rc)
        log_line("%s: cannot note its end: %s", vm->cfg.name, strerror(-rc));
    store_close(s);
    crash_point();
}

void pending_forget(const struct vm *vm)
{
    struct err e = {0};
    struct store *s;
    char path[80];

    if (open_store(&s, &e))
        return;
    again_path(vm, path);
    remove_path(s, STORE_NO_TX, path);
    store_close(s);
    crash_point();
}

/* 1 there, 0 not, or an error of the store. */
static int has_mark(uint32_t domid, const char *mark, struct store *s)
{
    char *value = NULL;
    int rc = store_readf(s, STORE_NO_TX, &value, "/domd/%u/%s", domid, mark);

    free(value);
    return rc == -ENOENT ? 0 : rc ? rc : 1;
}

int pending_is_complete(uint32_t domid, struct store *s)
{
    int rc = has_mark(domid, "complete", s), ending = rc == 1 ? has_mark(domid, "ending", s) : 0;

    return ending < 0 ? ending : ending ? 0 : rc;
}

int pending_is_again(const struct vm *vm, struct store *s)
{
    char path[80], *value = NULL;
    int rc;

    again_path(vm, path);
    rc = store_read(s, STORE_NO_TX, path, &value, NULL);
    free(value);
    return rc == -ENOENT ? 0 : rc ? rc : 1;
}

/* ---- a pause for a time */

static void paused_path(char path[80], uint32_t domid)
{
    snprintf(path, 80, "/domd/%u/paused", domid);
}

int pending_pause(const struct vm *vm, struct err *e)
{
    struct store *s;
    char path[80];
    int rc;

    if (open_store(&s, e))
        return -1;
    crash_point();
    paused_path(path, vm->domid);
    rc = store_write(s, STORE_NO_TX, path, "");
    store_close(s);
    crash_point();
    if (rc)
        return err_set(e, STATUS_FAILED, "store", "see the log of stored", "cannot write %s: %s",
                       path, strerror(-rc));
    rc = hv_domain_pause(domd.hv, vm->domid);
    crash_point();
    if (rc) {
        pending_unpause(vm);
        return err_set(e, STATUS_FAILED, vm->cfg.name, NULL, "cannot be paused: %s", strerror(-rc));
    }
    return 0;
}

void pending_unpause(const struct vm *vm)
{
    struct err e = {0};
    struct store *s;
    char path[80];

    crash_point();
    hv_domain_unpause(domd.hv, vm->domid);
    crash_point();
    if (open_store(&s, &e)) {
        log_line("%s: %s: the note of its pause is left behind", vm->cfg.name, e.text);
        return;
    }
    paused_path(path, vm->domid);
    remove_path(s, STORE_NO_TX, path);
    store_close(s);
    crash_point();
}

void pending_wake(uint32_t domid, struct store *s)
{
    char path[80], *value = NULL;

    paused_path(path, domid);
    if (!store_read(s, STORE_NO_TX, path, &value, NULL)) {
        log_line("domain %u: was paused for a dump that did not end: runs again", domid);
        hv_domain_unpause(domd.hv, domid);
        remove_path(s, STORE_NO_TX, path);
    }
    free(value);
}

static void *start_main(void *arg)
{
    start_unattended(arg, false);
    return NULL;
}

static void start_again(struct store *s, const char *name)
{
    struct guest_config g;
    struct err e = {0};
    struct vm *vm = NULL;
    char path[80], again[96];
    uint64_t short_lives;
    pthread_t t;

    snprintf(path, sizeof(path), AGAIN "/%.36s", name);
    if (!adoption_answer(record_read_config(&g, path, s))) {
        vm = registry_add(&g, &e);
        if (!vm)
            guest_config_free(&g); /* its name or UUID is in use: it is there already */
    }
    snprintf(again, sizeof(again), "%s/short_lives", path);
    if (vm && !adoption_answer(store_read_u64(s, STORE_NO_TX, again, &short_lives)))
        vm->short_lives = (uint32_t)short_lives;
    if (vm && !pthread_create(&t, NULL, start_main, vm)) {
        log_line("%s: is started again", vm->cfg.name);
        pthread_detach(t);
        return;
    }
    if (vm)
        registry_remove(vm);
    remove_path(s, STORE_NO_TX, path);
}

/*
 * Domains that domd made and did not come to note: they have never run and nobody knows them. One
 * that has run is left alone, whoever made it.
 */
void pending_clear_orphans(struct store *s)
{
    struct hv_domain *list = calloc(DOMAINS_MAX, sizeof(*list));
    int n = list ? hv_domain_list(domd.hv, 1, list, DOMAINS_MAX) : 0, i;
    char path[80], *value = NULL;

    for (i = 0; i < n; i++) {
        const struct hv_domain *d = &list[i];
        bool noted;

        if (!d->domid || d->dying || d->cpu_time_ns || !d->paused)
            continue;
        snprintf(path, sizeof(path), "/domd/%u", d->domid);
        noted = adoption_answer(store_read(s, STORE_NO_TX, path, &value, NULL)) != -ENOENT;
        free(value);
        value = NULL;
        if (noted || adoption_answer(store_is_introduced(s, d->domid)) == 1)
            continue;
        log_line("domain %u: was never finished: destroyed", d->domid);
        hv_domain_destroy(domd.hv, d->domid);
    }
    free(list);
}

void pending_resume(struct store *s)
{
    char **names = NULL;
    size_t count = 0, i;

    if (!adoption_answer(store_directory(s, STORE_NO_TX, AGAIN, &names, &count)))
        for (i = 0; i < count; i++)
            start_again(s, names[i]);
    free(names);
    __atomic_store_n(&domd.adopted, true, __ATOMIC_RELEASE);
}

int pending_resumed(struct err *e)
{
    int i;

    for (i = 0; i < RESUMED_MS / 20; i++) {
        if (__atomic_load_n(&domd.adopted, __ATOMIC_ACQUIRE))
            return 0;
        usleep(20000);
    }
    return err_set(e, STATUS_FAILED, "store", "start stored", "not running");
}
