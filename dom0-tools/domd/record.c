/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What domd remembers of its guests in the store, below /domd/ID, private to dom0: one node per
 * member of the config's JSON, the loop device of each disk, the start time. A domd that starts
 * takes over the guests that are recorded and alive, and clears away what others left behind.
 */
#include "dom0-tools/domd/domd.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "dom0-tools/lib/crash.h"
#include "dom0-tools/lib/err.h"
#include "dom0-tools/lib/hv.h"
#include "dom0-tools/lib/json.h"
#include "xenstore-like/client.h"

#define ROOT        "/domd"
#define DELAY_MAX_S 60 /* whatever the clock was set to meanwhile */

static int write_member(struct store *s, store_tx_t tx, const char *base, const char *key,
                        const struct json *value)
{
    struct json_out *o = json_out_new(false);
    char path[160];
    const char *text;
    int rc = -ENOMEM;

    if (!o)
        return rc;
    json_value_copy(o, value);
    text = json_text(o, NULL);
    snprintf(path, sizeof(path), "%s/config/%s", base, key);
    if (text)
        rc = store_write(s, tx, path, text);
    json_out_free(o);
    return rc;
}

static struct json *config_json(const struct guest_config *g)
{
    struct json_out *o = json_out_new(false);
    struct json *j = NULL;
    const char *text;
    size_t len;

    if (!o)
        return NULL;
    guest_config_to_json(g, o);
    text = json_text(o, &len);
    if (text)
        j = json_parse(text, len);
    json_out_free(o);
    return j;
}

int record_write_config(const struct guest_config *g, const char *base, struct store *s,
                        store_tx_t tx)
{
    struct json *j = config_json(g);
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
    struct json *j = config_json(from);
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

int record_write(const struct vm *vm, struct store *s)
{
    char path[96];
    size_t i;
    int rc;

    snprintf(path, sizeof(path), ROOT "/%u", vm->domid);
    rc = record_write_config(&vm->cfg, path, s, STORE_NO_TX);
    for (i = 0; !rc && i < vm->cfg.nr_disks; i++)
        if (vm->loops[i].used) {
            snprintf(path, sizeof(path), ROOT "/%u/loop/%zu", vm->domid, i);
            rc = store_writef(s, STORE_NO_TX, path, "%d %d", vm->loops[i].number,
                              vm->loops[i].created);
        }
    snprintf(path, sizeof(path), ROOT "/%u/short_lives", vm->domid);
    if (!rc && vm->short_lives)
        rc = store_writef(s, STORE_NO_TX, path, "%u", vm->short_lives);
    snprintf(path, sizeof(path), ROOT "/%u/started", vm->domid);
    return rc ? rc : store_writef(s, STORE_NO_TX, path, "%lld", (long long)vm->started);
}

void record_remove(uint32_t domid, struct store *s)
{
    char path[64];

    snprintf(path, sizeof(path), ROOT "/%u", domid);
    store_rm(s, STORE_NO_TX, path);
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
        rc = store_rm(s, tx, path);
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

void record_delayed(const struct vm *vm, int64_t until, struct store *s)
{
    char path[64];

    snprintf(path, sizeof(path), ROOT "/%u/short_lives", vm->domid);
    store_writef(s, STORE_NO_TX, path, "%u", vm->short_lives);
    snprintf(path, sizeof(path), ROOT "/%u/delayed", vm->domid);
    store_writef(s, STORE_NO_TX, path, "%lld", (long long)until);
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
        rc = store_write(s, tx, path, "[]");
    }
    snprintf(path, sizeof(path), ROOT "/%u/kept", domid);
    return rc ? rc : store_write(s, tx, path, "-");
}

void record_succeeded(uint32_t domid, struct store *s)
{
    store_transact(s, succeeded_tx, &domid);
}

/* ---- taking over */

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
        char *value = NULL;

        rc = store_readf(s, STORE_NO_TX, &value, "%s/%s", path, names[i]);
        if (!rc && (j = json_parse(value, strlen(value)))) {
            json_key(o, names[i]);
            json_value_copy(o, j);
            json_free(j);
        }
        free(value);
    }
    free(names);
    json_end_object(o);
    text = json_text(o, &len);
    j = !rc && text ? json_parse(text, len) : NULL;
    rc = j && !guest_config_from_json(g, j, &e) ? 0 : -EINVAL;
    json_free(j);
    json_out_free(o);
    return rc;
}

static void read_rest(struct store *s, struct vm *vm)
{
    char path[64];
    uint64_t n;
    size_t i;

    snprintf(path, sizeof(path), ROOT "/%u/started", vm->domid);
    if (!store_read_u64(s, STORE_NO_TX, path, &n))
        vm->started = (int64_t)n;
    snprintf(path, sizeof(path), ROOT "/%u/short_lives", vm->domid);
    if (!store_read_u64(s, STORE_NO_TX, path, &n))
        vm->short_lives = (uint32_t)n;
    snprintf(path, sizeof(path), ROOT "/%u/delayed", vm->domid);
    if (!store_read_u64(s, STORE_NO_TX, path, &n)) {
        int64_t left = (int64_t)n - (int64_t)time(NULL);

        vm->delayed = true;
        vm->not_before = now_s() + (left > DELAY_MAX_S ? DELAY_MAX_S : left);
    }
    for (i = 0; i < vm->cfg.nr_disks; i++) {
        char *text = NULL;
        int number, created;

        if (!store_readf(s, STORE_NO_TX, &text, ROOT "/%u/loop/%zu", vm->domid, i) &&
            sscanf(text, "%d %d", &number, &created) == 2)
            vm->loops[i] = (struct vm_loop){true, created != 0, number, -1};
        free(text);
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
        vm->cfg.nr_vifs = 0;
        while (vm->cfg.nr_disks)
            disk_spec_free(&vm->cfg.disks[--vm->cfg.nr_disks]);
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
    int alive = !hv_domain_info(domd.hv, domid, &info) && !info.dying;

    snprintf(base, sizeof(base), ROOT "/%u", domid);
    if (record_read_config(&g, base, s)) {
        if (alive)
            hv_domain_destroy(domd.hv, domid);
        snprintf(introduced, sizeof(introduced), "/local/domain/%u", domid);
        store_rm(s, STORE_NO_TX, introduced);
        record_remove(domid, s);
        return;
    }
    vm = registry_adopt(&g, domid);
    if (!vm)
        return;
    read_rest(s, vm);
    vm->console = true;
    store_readf(s, STORE_NO_TX, &kept, ROOT "/%u/kept", domid);
    if (alive && pending_is_complete(domid, s) && store_is_introduced(s, domid) == 1 &&
        (kept || !memcmp(info.uuid, vm->uuid, 16))) {
        log_line("%s: domain %u taken over", vm->cfg.name, domid);
        console_rename(vm, &e); /* we may have ended within a rename */
        if (kept)
            adopt_kept(vm, kept, heirs);
        else
            registry_publish(vm, VM_LIVE);
        free(kept);
        return;
    }
    free(kept);
    log_line("%s: clearing away what is left of domain %u", vm->cfg.name, domid);
    vm_destroy(vm);
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
    if (!store_directory(s, STORE_NO_TX, ROOT, &names, &count))
        for (i = 0; i < count; i++) {
            char *end;
            unsigned long domid = strtoul(names[i], &end, 10);

            if (!*end && domid)
                adopt(s, (uint32_t)domid, &heirs);
        }
    free(names);
    pending_resume(s);
    start_heirs(heirs);
    store_close(s);
    return true;
}
