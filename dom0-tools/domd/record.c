/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What domd remembers of its guests in the store, below /domd/ID, private to dom0: one node per
 * member of the config's JSON, and per device of its lists, the loop devices of each disk, the start
 * time, and the device that is just coming or going. A domd that starts takes over the guests that
 * are recorded and alive, and clears away what others left behind.
 */
#include "dom0-tools/domd/domd.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "dom0-tools/lib/crash.h"
#include "dom0-tools/lib/err.h"
#include "dom0-tools/lib/hv.h"
#include "dom0-tools/lib/json.h"
#include "dom0-tools/lib/loop.h"
#include "xenstore-like/client.h"

#define ROOT        "/domd"
#define DELAY_MAX_S 60 /* whatever the clock was set to meanwhile */

static int write_json(struct store *s, store_tx_t tx, const char *path, const struct json *value)
{
    struct json_out *o = json_out_new(false);
    const char *text;
    int rc = -ENOMEM;

    if (!o)
        return rc;
    json_value_copy(o, value);
    text = json_text(o, NULL);
    if (text)
        rc = store_write(s, tx, path, text);
    json_out_free(o);
    return rc;
}

/* Device lists have a node for each device, named by it: they may be long, and change. */
static bool is_list(const char *key)
{
    return !strcmp(key, "disk") || !strcmp(key, "vif");
}

/* The place of a device: a disk's vdev, an interface's number. */
static void device_path(char path[160], const char *base, const char *key,
                        const struct json *device)
{
    const char *vdev = json_get_str(device, "vdev");
    uint64_t devid = 0;

    json_get_u64(device, "devid", &devid);
    if (vdev)
        snprintf(path, 160, "%s/config/%s/%s", base, key, vdev);
    else
        snprintf(path, 160, "%s/config/%s/%llu", base, key, (unsigned long long)devid);
}

static int write_member(struct store *s, store_tx_t tx, const char *base, const char *key,
                        const struct json *value)
{
    char path[160];
    size_t i;
    int rc = 0;

    if (!is_list(key)) {
        snprintf(path, sizeof(path), "%s/config/%s", base, key);
        return write_json(s, tx, path, value);
    }
    for (i = 0; !rc && i < json_length(value); i++) {
        device_path(path, base, key, json_at(value, i));
        rc = write_json(s, tx, path, json_at(value, i));
    }
    return rc;
}

int record_write_config(const struct guest_config *g, const char *base, struct store *s,
                        store_tx_t tx)
{
    struct json *j = guest_config_json(g);
    const struct json *value;
    int rc = j ? 0 : -ENOMEM;
    const char *key;
    size_t i;

    for (i = 0; !rc && (value = json_member(j, i, &key)); i++)
        rc = write_member(s, tx, base, key, value);
    json_free(j);
    return rc;
}

int config_copy(struct guest_config *to, const struct guest_config *from)
{
    struct json *j = guest_config_json(from);
    struct err e = {0};
    int rc = j ? guest_config_from_json(to, j, &e) : -1;

    json_free(j);
    return rc ? -ENOMEM : 0;
}

int record_begin(uint32_t domid, struct store *s)
{
    char path[64];

    crash_point();
    snprintf(path, sizeof(path), ROOT "/%u", domid);
    return store_mkdir(s, STORE_NO_TX, path);
}

static int write_loop(struct store *s, store_tx_t tx, const struct vm *vm, size_t i,
                      const char *what, const struct vm_loop *loop)
{
    char path[96];

    if (!loop->used)
        return 0;
    snprintf(path, sizeof(path), ROOT "/%u/%s/%s", vm->domid, what, vm->cfg.disks[i].vdev);
    return store_writef(s, tx, path, "%d %d", loop->number, loop->created);
}

static int write_loops(struct store *s, store_tx_t tx, const struct vm *vm, size_t i)
{
    int rc = write_loop(s, tx, vm, i, "loop", &vm->disks[i].image);

    return rc ? rc : write_loop(s, tx, vm, i, "overlay", &vm->disks[i].overlay);
}

int record_add_device(const struct vm *vm, int is_vif, size_t i, struct store *s, store_tx_t tx)
{
    struct json_out *o = json_out_new(false);
    struct json *j = NULL;
    const char *text;
    char path[160], base[32];
    size_t len;
    int rc = -ENOMEM;

    if (!o)
        return rc;
    if (is_vif)
        vif_spec_to_json(&vm->cfg.vifs[i], o);
    else
        disk_spec_to_json(&vm->cfg.disks[i], o);
    text = json_text(o, &len);
    if (text)
        j = json_parse(text, len);
    if (j) {
        snprintf(base, sizeof(base), ROOT "/%u", vm->domid);
        device_path(path, base, is_vif ? "vif" : "disk", j);
        rc = store_write(s, tx, path, text);
        if (!rc && !is_vif)
            rc = write_loops(s, tx, vm, i);
    }
    json_free(j);
    json_out_free(o);
    return rc;
}

/* A node that is missing is as good as one removed. */
int remove_path(struct store *s, store_tx_t tx, const char *path)
{
    int rc = store_rm(s, tx, path);

    return rc == -ENOENT ? 0 : rc;
}

/* Removes /domd/ID/@dir/@name, and the folder with the last name in it. */
static int remove_member(struct store *s, store_tx_t tx, uint32_t domid, const char *dir,
                         const char *name)
{
    char path[96], **names = NULL;
    size_t count = 0;
    int rc;

    snprintf(path, sizeof(path), ROOT "/%u/%s/%s", domid, dir, name);
    rc = remove_path(s, tx, path);
    *strrchr(path, '/') = '\0';
    if (!rc)
        rc = store_directory(s, tx, path, &names, &count);
    free(names);
    if (!rc && !count)
        rc = remove_path(s, tx, path);
    return rc == -ENOENT ? 0 : rc;
}

int record_remove_device(const struct vm *vm, int is_vif, size_t i, struct store *s, store_tx_t tx)
{
    static const char *const dirs[] = {"config/disk", "loop", "overlay"};
    char number[16];
    int rc = 0;
    size_t k;

    if (is_vif) {
        snprintf(number, sizeof(number), "%u", vm->cfg.vifs[i].devid);
        return remove_member(s, tx, vm->domid, "config/vif", number);
    }
    for (k = 0; !rc && k < 3; k++)
        rc = remove_member(s, tx, vm->domid, dirs[k], vm->cfg.disks[i].vdev);
    return rc;
}

int record_moving(const struct vm *vm, const char *what, struct store *s, store_tx_t tx)
{
    char path[64];

    snprintf(path, sizeof(path), ROOT "/%u/moving", vm->domid);
    return what ? store_write(s, tx, path, what) : remove_path(s, tx, path);
}

int record_read_moving(const struct vm *vm, char **what, struct store *s)
{
    return store_readf(s, STORE_NO_TX, what, ROOT "/%u/moving", vm->domid);
}

int record_put(const struct vm *vm, struct store *s, store_tx_t tx)
{
    char path[96];
    size_t i;
    int rc;

    snprintf(path, sizeof(path), ROOT "/%u", vm->domid);
    rc = record_write_config(&vm->cfg, path, s, tx);
    for (i = 0; !rc && i < vm->cfg.nr_disks; i++)
        rc = write_loops(s, tx, vm, i);
    snprintf(path, sizeof(path), ROOT "/%u/short_lives", vm->domid);
    if (!rc && vm->short_lives)
        rc = store_writef(s, tx, path, "%u", vm->short_lives);
    snprintf(path, sizeof(path), ROOT "/%u/started", vm->domid);
    return rc ? rc : store_writef(s, tx, path, "%lld", (long long)vm->started);
}

static int write_tx(struct store *s, store_tx_t tx, void *arg)
{
    store_gather(s, tx);
    return record_put(arg, s, tx);
}

int record_write(const struct vm *vm, struct store *s)
{
    return store_transact(s, write_tx, (void *)(uintptr_t)vm);
}

void record_remove(uint32_t domid, struct store *s)
{
    char path[64];

    snprintf(path, sizeof(path), ROOT "/%u", domid);
    store_rm(s, STORE_NO_TX, path);
}

/* By length, then by letters: xvda, xvdb, xvdaa; 2, 10. */
static int by_name(const void *a, const void *b)
{
    const char *x = *(const char *const *)a, *y = *(const char *const *)b;

    return strlen(x) != strlen(y) ? (strlen(x) < strlen(y) ? -1 : 1) : strcmp(x, y);
}

/* Copies the JSON in @dir/@name, if there is any, as the next value. 0 or an error of the store. */
static int copy_value(struct store *s, const char *dir, const char *name, const char *key,
                      struct json_out *o)
{
    char *value = NULL;
    struct json *j = NULL;
    int rc = store_readf(s, STORE_NO_TX, &value, "%s/%s", dir, name);

    if (!rc)
        j = json_parse(value, strlen(value));
    if (j && key)
        json_key(o, key);
    if (j)
        json_value_copy(o, j);
    json_free(j);
    free(value);
    return rc;
}

static int copy_list(struct store *s, const char *config, const char *key, struct json_out *o)
{
    char path[128], **names = NULL;
    size_t count = 0, i;
    int rc;

    snprintf(path, sizeof(path), "%s/%s", config, key);
    rc = store_directory(s, STORE_NO_TX, path, &names, &count);
    json_key(o, key);
    json_array(o);
    if (!rc)
        qsort(names, count, sizeof(*names), by_name);
    for (i = 0; !rc && i < count; i++)
        rc = copy_value(s, path, names[i], NULL, o);
    json_end_array(o);
    free(names);
    return rc;
}

/* ---- another name; an end that is kept */

struct identity {
    const struct vm *vm;
    const struct guest_config *successor;
    const char *old_uuid;
};

/* Names hold nothing that JSON would escape. */
static int write_name(struct store *s, store_tx_t tx, const struct vm *vm, const char *uuid)
{
    char path[96];
    int rc;

    snprintf(path, sizeof(path), "/vm/%s/name", uuid);
    rc = store_write(s, tx, path, vm->cfg.name);
    snprintf(path, sizeof(path), "/local/domain/%u/name", vm->domid);
    if (!rc)
        rc = store_write(s, tx, path, vm->cfg.name);
    snprintf(path, sizeof(path), ROOT "/%u/config/name", vm->domid);
    return rc ? rc : store_writef(s, tx, path, "\"%s\"", vm->cfg.name);
}

static int rename_tx(struct store *s, store_tx_t tx, void *arg)
{
    const struct vm *vm = arg;
    char uuid[37];

    uuid_format(uuid, vm->uuid);
    return write_name(s, tx, vm, uuid);
}

int record_rename(const struct vm *vm, struct store *s)
{
    return store_transact(s, rename_tx, (void *)(uintptr_t)vm);
}

/* The nodes of the vm move to its new UUID. */
static int move_vm(struct store *s, store_tx_t tx, const struct identity *id, const char *uuid)
{
    struct store_perm perms[2] = {{.domid = 0}, {.domid = id->vm->domid, .read = true}};
    char path[96], value[64];
    int rc;

    snprintf(path, sizeof(path), "/vm/%s", id->old_uuid);
    rc = store_rm(s, tx, path);
    snprintf(path, sizeof(path), "/vm/%s", uuid);
    if (!rc)
        rc = store_write(s, tx, path, "");
    if (!rc)
        rc = store_set_perms(s, tx, path, perms, 2); /* what is below inherits it */
    snprintf(path, sizeof(path), "/vm/%s/uuid", uuid);
    if (!rc)
        rc = store_write(s, tx, path, uuid);
    snprintf(path, sizeof(path), "/vm/%s/start_time", uuid);
    if (!rc)
        rc = store_writef(s, tx, path, "%lld", (long long)id->vm->started);
    snprintf(path, sizeof(path), "/local/domain/%u/vm", id->vm->domid);
    snprintf(value, sizeof(value), "/vm/%s", uuid);
    if (!rc)
        rc = store_write(s, tx, path, value);
    snprintf(path, sizeof(path), ROOT "/%u/config/uuid", id->vm->domid);
    return rc ? rc : store_writef(s, tx, path, "\"%s\"", uuid);
}

static int kept_tx(struct store *s, store_tx_t tx, void *arg)
{
    const struct identity *id = arg;
    char path[64], uuid[37];
    int rc = 0;

    uuid_format(uuid, id->vm->uuid);
    if (id->successor)
        rc = move_vm(s, tx, id, uuid);
    if (!rc && id->successor)
        rc = write_name(s, tx, id->vm, uuid);
    snprintf(path, sizeof(path), ROOT "/%u/loop", id->vm->domid);
    if (!rc && id->successor)
        rc = remove_path(s, tx, path);
    snprintf(path, sizeof(path), ROOT "/%u/overlay", id->vm->domid);
    if (!rc && id->successor)
        rc = remove_path(s, tx, path);
    snprintf(path, sizeof(path), ROOT "/%u/delayed", id->vm->domid);
    if (!rc)
        rc = remove_path(s, tx, path); /* it has come to its end */
    snprintf(path, sizeof(path), ROOT "/%u/kept", id->vm->domid);
    if (rc)
        return rc;
    return id->successor ? store_writef(s, tx, path, "%s %s %u", id->successor->name, id->old_uuid,
                                        id->vm->short_lives)
                         : store_write(s, tx, path, "");
}

int record_kept(const struct vm *vm, const struct guest_config *successor, const char *old_uuid,
                struct store *s)
{
    struct identity id = {vm, successor, old_uuid};

    return store_transact(s, kept_tx, &id);
}

struct delay {
    const struct vm *vm;
    int64_t until;
};

/* Together: a short life that is counted is not counted again. */
static int delayed_tx(struct store *s, store_tx_t tx, void *arg)
{
    const struct delay *d = arg;
    char path[64];
    int rc;

    snprintf(path, sizeof(path), ROOT "/%u/short_lives", d->vm->domid);
    rc = store_writef(s, tx, path, "%u", d->vm->short_lives);
    snprintf(path, sizeof(path), ROOT "/%u/delayed", d->vm->domid);
    return rc ? rc : store_writef(s, tx, path, "%lld", (long long)d->until);
}

void record_delayed(const struct vm *vm, int64_t until, struct store *s)
{
    struct delay d = {vm, until};

    store_transact(s, delayed_tx, &d);
}

int record_final(const struct vm *vm, int64_t until, struct store *s, store_tx_t tx)
{
    char path[64];

    snprintf(path, sizeof(path), ROOT "/%u/final", vm->domid);
    return until ? store_writef(s, tx, path, "%lld", (long long)until) : remove_path(s, tx, path);
}

static int succeeded_tx(struct store *s, store_tx_t tx, void *arg)
{
    static const char *const devices[] = {"disk", "vif"};
    uint32_t domid = *(const uint32_t *)arg;
    char path[64], *kept = NULL;
    size_t i;
    int rc;

    rc = store_readf(s, tx, &kept, ROOT "/%u/kept", domid);
    free(kept);
    if (rc)
        return rc; /* it was destroyed meanwhile */
    for (i = 0; !rc && i < 2; i++) {
        snprintf(path, sizeof(path), ROOT "/%u/config/%s", domid, devices[i]);
        rc = remove_path(s, tx, path);
    }
    snprintf(path, sizeof(path), ROOT "/%u/kept", domid);
    return rc ? rc : store_write(s, tx, path, "-");
}

void record_succeeded(uint32_t domid, struct store *s)
{
    store_transact(s, succeeded_tx, &domid);
}

/* ---- taking over */

/*
 * A store that fails does not say that a guest is not there, and what it would lead to cannot be taken
 * back: the next domd asks again.
 */
int adoption_answer(int rc)
{
    if (rc >= 0 || rc == -ENOENT || rc == -EINVAL)
        return rc;
    log_line("store: %s: cannot tell which guests are there: begins anew", strerror(-rc));
    _exit(STATUS_FAILED);
}

/* Puts the members together again. */
int record_read_config(struct guest_config *g, const char *base, struct store *s)
{
    struct json_out *o = json_out_new(false);
    struct err e = {0};
    char path[96], **names = NULL;
    size_t count = 0, i, len;
    struct json *j = NULL;
    const char *text;
    int rc;

    if (!o)
        return -ENOMEM;
    snprintf(path, sizeof(path), "%s/config", base);
    rc = store_directory(s, STORE_NO_TX, path, &names, &count);
    json_object(o);
    for (i = 0; !rc && i < count; i++) {
        rc = is_list(names[i]) ? copy_list(s, path, names[i], o)
                               : copy_value(s, path, names[i], names[i], o);
    }
    free(names);
    json_end_object(o);
    text = json_text(o, &len);
    if (!rc)
        j = text ? json_parse(text, len) : NULL;
    if (!rc && !j)
        rc = -ENOMEM; /* we wrote it ourselves: there is nothing else that could be wrong */
    if (!rc && guest_config_from_json(g, j, &e))
        rc = -EINVAL;
    json_free(j);
    json_out_free(o);
    return rc;
}

static void read_loop(struct store *s, const struct vm *vm, size_t i, const char *what,
                      struct vm_loop *loop)
{
    char *text = NULL;
    int number, created;

    if (!adoption_answer(store_readf(s, STORE_NO_TX, &text, ROOT "/%u/%s/%s", vm->domid, what,
                                     vm->cfg.disks[i].vdev)) &&
        sscanf(text, "%d %d", &number, &created) == 2) {
        *loop = (struct vm_loop){true, created != 0, number, -1};
        loop_adopt(number, created != 0);
    }
    free(text);
}

static bool read_number(struct store *s, const struct vm *vm, const char *what, uint64_t *n)
{
    char path[64];

    snprintf(path, sizeof(path), ROOT "/%u/%s", vm->domid, what);
    return !adoption_answer(store_read_u64(s, STORE_NO_TX, path, n));
}

/* A time that was noted in seconds since 1970, by CLOCK_MONOTONIC; at most @max from now. */
static int64_t as_monotonic(uint64_t n, int64_t max)
{
    int64_t left = (int64_t)n - (int64_t)time(NULL);

    return now_s() + (left > max ? max : left);
}

static void read_rest(struct store *s, struct vm *vm)
{
    uint64_t n;
    size_t i;

    if (read_number(s, vm, "started", &n))
        vm->started = (int64_t)n;
    if (read_number(s, vm, "short_lives", &n))
        vm->short_lives = (uint32_t)n;
    if (read_number(s, vm, "delayed", &n)) {
        vm->delayed = true;
        vm->not_before = as_monotonic(n, DELAY_MAX_S);
    }
    if (read_number(s, vm, "final", &n))
        vm->final_until = as_monotonic(n, FINAL_MAX_S + FINAL_SPARE_S);
    for (i = 0; i < vm->cfg.nr_disks; i++) {
        read_loop(s, vm, i, "loop", &vm->disks[i].image);
        read_loop(s, vm, i, "overlay", &vm->disks[i].overlay);
        if (vm->cfg.disks[i].overlay)
            disk_name_overlay(vm, i);
    }
}

/* Guests to be started in the place of a kept one, once all that are there have been found. */
struct heir {
    struct heir *next;
    struct guest_config cfg;
    uint32_t kept_domid, short_lives;
};

static void note_heir(struct heir **heirs, const struct vm *vm, const char *kept)
{
    char name[GUEST_NAME_MAX + 1], uuid[37];
    struct heir *h = calloc(1, sizeof(*h));

    if (!h || sscanf(kept, "%63s %36s %u", name, uuid, &h->short_lives) != 3 ||
        config_copy(&h->cfg, &vm->cfg)) {
        free(h);
        return;
    }
    if (!guest_name_ok(name) || !uuid_parse(h->cfg.uuid, uuid)) {
        guest_config_free(&h->cfg);
        free(h);
        return;
    }
    strcpy(h->cfg.name, name);
    h->kept_domid = vm->domid;
    h->next = *heirs;
    *heirs = h;
}

/* One that is there already finds its name in use, and no more than a note is made of it. */
static void start_heirs(struct heir *h)
{
    while (h) {
        struct heir *next = h->next;

        successor_start(&h->cfg, h->kept_domid, h->short_lives);
        free(h);
        h = next;
    }
}

/* Has ended and is kept: "", "-" (its successor was started), or what the successor is called. */
static void adopt_kept(struct vm *vm, const char *kept, struct heir **heirs)
{
    note_heir(heirs, vm, kept);
    hv_domain_set_uuid(domd.hv, vm->domid, vm->uuid);
    if (*kept) {
        vm->kept = true;
        registry_drop_devices(vm);
    }
    registry_publish(vm, VM_PRESERVED);
}

/*
 * A domain whose record is not complete was being built when domd ended: nobody was told of it, so
 * it goes, like the record of a domain that has ended meanwhile.
 */
static void adopt(struct store *s, uint32_t domid, struct heir **heirs)
{
    struct guest_config g;
    struct hv_domain info;
    char introduced[64], base[64], *kept = NULL;
    struct err e = {0};
    struct vm *vm;
    int alive = hv_domain_info(domd.hv, domid, &info);

    alive = !adoption_answer(alive == -ESRCH ? -ENOENT : alive) && !info.dying;
    snprintf(base, sizeof(base), ROOT "/%u", domid);
    if (adoption_answer(record_read_config(&g, base, s))) {
        if (alive)
            hv_domain_destroy(domd.hv, domid);
        snprintf(introduced, sizeof(introduced), "/local/domain/%u", domid);
        store_rm(s, STORE_NO_TX, introduced);
        record_remove(domid, s);
        return;
    }
    vm = registry_adopt(&g, domid);
    adoption_answer(vm ? 0 : -ENOMEM);
    read_rest(s, vm);
    vm->console = true;
    adoption_answer(store_readf(s, STORE_NO_TX, &kept, ROOT "/%u/kept", domid));
    if (alive && adoption_answer(pending_is_complete(domid, s)) == 1 &&
        adoption_answer(store_is_introduced(s, domid)) == 1 &&
        (kept || !memcmp(info.uuid, vm->uuid, 16))) {
        log_line("%s: domain %u taken over", vm->cfg.name, domid);
        pending_wake(domid, s);
        console_rename(vm, &e); /* we may have ended within a rename */
        if (kept)
            adopt_kept(vm, kept, heirs);
        else
            device_resume(vm, s);
        free(kept);
        return;
    }
    log_line("%s: clearing away what is left of domain %u", vm->cfg.name, domid);
    if (!alive && !kept && adoption_answer(pending_is_complete(domid, s)) == 1)
        event_emit(vm, "ended", "reason", "vanished");
    free(kept);
    if (adoption_answer(pending_is_again(vm, s)) != 1) {
        vm_destroy(vm);
        return;
    }
    vm_stop(vm, true); /* within a restart: pending_resume() goes on with it */
    registry_remove(vm);
}

bool record_adopt_all(void)
{
    static const char *const parents[] = {ROOT, ROOT "/again", "/vm", "/local/domain/0/backend/vbd",
                                          "/local/domain/0/backend/vif"};
    static const struct store_perm private = {.domid = 0};
    struct heir *heirs = NULL;
    struct store *s;
    struct err e = {0};
    char **names = NULL;
    size_t count = 0, i;

    if (open_store(&s, &e))
        return false;
    for (i = 0; i < sizeof(parents) / sizeof(parents[0]); i++)
        store_mkdir(s, STORE_NO_TX, parents[i]);
    store_set_perms(s, STORE_NO_TX, ROOT, &private, 1); /* what is below inherits it */
    pending_clear_orphans(s);
    if (!adoption_answer(store_directory(s, STORE_NO_TX, ROOT, &names, &count)))
        for (i = 0; i < count; i++) {
            char *end;
            unsigned long domid = strtoul(names[i], &end, 10);

            if (!*end && domid)
                adopt(s, (uint32_t)domid, &heirs);
        }
    free(names);
    disks_sweep();
    pending_resume(s);
    start_heirs(heirs);
    store_close(s);
    return true;
}
