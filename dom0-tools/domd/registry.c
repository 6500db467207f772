/* SPDX-License-Identifier: GPL-2.0-only */
/* The guests that domd knows, and who may change which. */
#include "dom0-tools/domd/domd.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "dom0-tools/lib/err.h"
#include "dom0-tools/lib/hv.h"

static struct {
    pthread_mutex_t lock;
    pthread_cond_t changed;
    struct vm *list;
} registry = {.lock = PTHREAD_MUTEX_INITIALIZER, .changed = PTHREAD_COND_INITIALIZER};

static struct vm *find_name_locked(const char *name)
{
    struct vm *vm;

    for (vm = registry.list; vm; vm = vm->next)
        if (!strcmp(vm->cfg.name, name))
            return vm;
    return NULL;
}

static struct vm *find_domid_locked(uint32_t domid)
{
    struct vm *vm;

    for (vm = registry.list; vm; vm = vm->next)
        if (vm->domid == domid && vm->state != VM_STARTING)
            return vm;
    return NULL;
}

static bool parse_domid(const char *text, uint32_t *domid)
{
    char *end;
    unsigned long n = strtoul(text, &end, 10);

    if (text[0] < '0' || text[0] > '9' || *end || n >= 0x7ff0)
        return false;
    *domid = (uint32_t)n;
    return true;
}

/*
 * By name, UUID or number. NULL with *@ambiguous set when a name is another guest's number: whoever
 * types it may mean either.
 */
static struct vm *find_locked(const char *name, bool *ambiguous)
{
    struct vm *vm = find_name_locked(name), *other = NULL;
    uint8_t uuid[16];
    uint32_t domid;

    if (parse_domid(name, &domid) && domid)
        other = find_domid_locked(domid);
    else if (!vm && uuid_parse(uuid, name))
        for (other = registry.list; other; other = other->next)
            if (!memcmp(other->uuid, uuid, sizeof(uuid)))
                break;
    *ambiguous = vm && other && vm != other;
    return *ambiguous ? NULL : vm ? vm : other;
}

/* Its name, and the number that many requests take for it. */
static bool is_dom0(const char *name)
{
    return !strcmp(name, "Domain-0") || !strcmp(name, "0");
}

static struct vm *new_vm(struct guest_config *cfg)
{
    struct vm *vm = calloc(1, sizeof(*vm));
    size_t i;

    if (!vm)
        return NULL;
    vm->disks = calloc(cfg->nr_disks + 1, sizeof(*vm->disks));
    if (!vm->disks) {
        free(vm);
        return NULL;
    }
    for (i = 0; i < cfg->nr_disks; i++)
        vm->disks[i].image.fd = vm->disks[i].overlay.fd = -1;
    vm->cfg = *cfg;
    memcpy(vm->uuid, cfg->uuid, sizeof(vm->uuid));
    memset(cfg, 0, sizeof(*cfg));
    vm->busy = true;
    return vm;
}

static void link_locked(struct vm *vm)
{
    vm->next = registry.list;
    registry.list = vm;
}

struct vm *registry_add(struct guest_config *cfg, struct err *e)
{
    struct vm *vm = NULL, *other;

    pthread_mutex_lock(&registry.lock);
    for (other = registry.list; other; other = other->next)
        if (!memcmp(other->uuid, cfg->uuid, 16))
            break;
    if (find_name_locked(cfg->name))
        err_set(e, STATUS_USAGE, cfg->name, "choose another name, or destroy that domain",
                "a domain of this name exists");
    else if (is_dom0(cfg->name))
        err_set(e, STATUS_USAGE, cfg->name, "choose another name", "this stands for dom0");
    else if (other)
        err_set(e, STATUS_USAGE, cfg->name, "leave uuid out of the config",
                "domain %s has the same uuid", other->cfg.name);
    else if (!(vm = new_vm(cfg)))
        err_set(e, STATUS_RESOURCES, cfg->name, NULL, "out of memory");
    else
        link_locked(vm);
    pthread_mutex_unlock(&registry.lock);
    return vm;
}

struct vm *registry_adopt(struct guest_config *cfg, uint32_t domid)
{
    struct vm *vm = new_vm(cfg);

    if (!vm)
        return NULL;
    vm->domid = vm->last_domid = domid;
    pthread_mutex_lock(&registry.lock);
    link_locked(vm);
    pthread_mutex_unlock(&registry.lock);
    return vm;
}

void registry_show(struct vm *vm, enum vm_state state)
{
    pthread_mutex_lock(&registry.lock);
    vm->state = state;
    pthread_mutex_unlock(&registry.lock);
}

void registry_publish(struct vm *vm, enum vm_state state)
{
    pthread_mutex_lock(&registry.lock);
    vm->state = state;
    vm->busy = false;
    pthread_cond_broadcast(&registry.changed);
    pthread_mutex_unlock(&registry.lock);
}

void registry_set_domid(struct vm *vm, uint32_t domid)
{
    pthread_mutex_lock(&registry.lock);
    vm->domid = domid;
    if (domid)
        vm->last_domid = domid;
    pthread_cond_broadcast(&registry.changed);
    pthread_mutex_unlock(&registry.lock);
}

void registry_set_uuid(struct vm *vm, const uint8_t uuid[16])
{
    pthread_mutex_lock(&registry.lock);
    memcpy(vm->uuid, uuid, sizeof(vm->uuid));
    memcpy(vm->cfg.uuid, uuid, sizeof(vm->cfg.uuid));
    pthread_mutex_unlock(&registry.lock);
}

void registry_remove(struct vm *vm)
{
    struct vm **p;

    pthread_mutex_lock(&registry.lock);
    for (p = &registry.list; *p; p = &(*p)->next)
        if (*p == vm) {
            *p = vm->next;
            break;
        }
    pthread_cond_broadcast(&registry.changed);
    pthread_mutex_unlock(&registry.lock);
    guest_config_free(&vm->cfg);
    free(vm->disks);
    free(vm);
}

static void not_found(const char *name, bool ambiguous, struct err *e)
{
    struct hv_domain info;
    uint32_t domid;

    if (parse_domid(name, &domid) && !hv_domain_info(domd.hv, domid, &info) && info.dying)
        err_set(e, STATUS_NO_DOMAIN, name, "it goes when that is given back",
                "no such domain any more: it was destroyed, but something holds its memory");
    else if (ambiguous)
        err_set(e, STATUS_USAGE, name, "use the UUID: domctl list -v",
                "ambiguous: the name of one guest and the number of another");
    else
        err_set(e, STATUS_NO_DOMAIN, name, "see domctl list", "no such domain");
}

struct vm *registry_acquire(const char *name, struct err *e)
{
    bool ambiguous;
    struct vm *vm;

    pthread_mutex_lock(&registry.lock);
    /* Look anew after each wait: whoever held it may have removed it. */
    while ((vm = find_locked(name, &ambiguous)) && vm->busy)
        pthread_cond_wait(&registry.changed, &registry.lock);
    if (vm)
        vm->busy = true;
    pthread_mutex_unlock(&registry.lock);
    if (!vm && is_dom0(name))
        err_set(e, STATUS_USAGE, name, NULL, "this cannot be done to dom0");
    else if (!vm)
        not_found(name, ambiguous, e);
    return vm;
}

int registry_rename(struct vm *vm, const char *name, struct err *e)
{
    struct vm *other;
    int rc = 0;

    pthread_mutex_lock(&registry.lock);
    other = find_name_locked(name);
    if (other && other != vm)
        rc = err_set(e, STATUS_USAGE, name, "choose another name", "a domain of this name exists");
    else if (is_dom0(name))
        rc = err_set(e, STATUS_USAGE, name, "choose another name", "this stands for dom0");
    else
        strcpy(vm->cfg.name, name);
    pthread_mutex_unlock(&registry.lock);
    return rc;
}

void registry_release(struct vm *vm)
{
    pthread_mutex_lock(&registry.lock);
    vm->busy = false;
    pthread_cond_broadcast(&registry.changed);
    pthread_mutex_unlock(&registry.lock);
}

struct vm *registry_try_domid(uint32_t domid)
{
    struct vm *vm;

    pthread_mutex_lock(&registry.lock);
    vm = find_domid_locked(domid);
    if (vm && (vm->busy || vm->state != VM_LIVE || (vm->delayed && now_s() < vm->not_before)))
        vm = NULL;
    if (vm)
        vm->busy = true;
    pthread_mutex_unlock(&registry.lock);
    return vm;
}

size_t registry_domids(uint32_t *domids, size_t max)
{
    size_t n = 0;
    struct vm *vm;

    pthread_mutex_lock(&registry.lock);
    for (vm = registry.list; vm && n < max; vm = vm->next)
        if (vm->state == VM_LIVE && vm->domid)
            domids[n++] = vm->domid;
    pthread_mutex_unlock(&registry.lock);
    return n;
}

bool registry_describe(uint32_t domid, char name[GUEST_NAME_MAX + 1], enum vm_state *state)
{
    bool found = false;
    struct vm *vm;

    pthread_mutex_lock(&registry.lock);
    for (vm = registry.list; vm && domid;
         vm = vm->next) /* 0: dom0, not one that has no domain yet */
        if (vm->domid == domid) {
            strcpy(name, vm->cfg.name);
            *state = vm->state;
            found = true;
            break;
        }
    pthread_mutex_unlock(&registry.lock);
    return found;
}

bool registry_started(uint32_t domid, int64_t *started)
{
    struct vm *vm;

    pthread_mutex_lock(&registry.lock);
    vm = find_domid_locked(domid);
    if (vm)
        *started = vm->started;
    pthread_mutex_unlock(&registry.lock);
    return vm != NULL;
}

bool registry_shows(uint32_t domid, const uint8_t uuid[16], char name[GUEST_NAME_MAX + 1])
{
    bool shows = true;
    struct vm *vm;

    strcpy(name, domid ? "(unknown)" : "Domain-0");
    pthread_mutex_lock(&registry.lock);
    for (vm = registry.list; vm && domid; vm = vm->next) {
        if (vm->domid == domid)
            strcpy(name, vm->cfg.name);
        if (vm->domid == domid ? vm->state == VM_STARTING
                               : !vm->domid && !memcmp(vm->uuid, uuid, 16))
            shows = false;
    }
    pthread_mutex_unlock(&registry.lock);
    return shows;
}

bool registry_domid(const char *name, uint32_t *domid, struct err *e)
{
    bool found = true, ambiguous;
    struct vm *vm;

    pthread_mutex_lock(&registry.lock);
    vm = find_locked(name, &ambiguous);
    if (vm && vm->domid)
        *domid = vm->domid;
    else if (is_dom0(name))
        *domid = 0;
    else
        found = false;
    pthread_mutex_unlock(&registry.lock);
    if (!found)
        not_found(name, ambiguous, e);
    return found;
}

static bool same_file(const struct stat *mine, const char *path)
{
    struct stat theirs;

    if (stat(path, &theirs))
        return false;
    if (S_ISBLK(mine->st_mode) && S_ISBLK(theirs.st_mode))
        return mine->st_rdev == theirs.st_rdev;
    return mine->st_dev == theirs.st_dev && mine->st_ino == theirs.st_ino;
}

static bool disk_uses(const struct disk_spec *d, const struct stat *mine, bool writable)
{
    if ((writable || (d->writable && !d->overlay)) && same_file(mine, d->target))
        return true;
    return d->overlay && same_file(mine, d->overlay);
}

/* A file that is not there yet: whoever else names it may be about to make it. */
static bool disk_makes(const struct disk_spec *d, const char *path)
{
    return d->overlay && !strcmp(d->overlay, path);
}

bool registry_uses_file(const struct disk_spec *self, const char *path, bool writable, char *name)
{
    struct stat mine;
    bool exists = !stat(path, &mine), used = false;
    struct vm *vm;
    size_t i;

    pthread_mutex_lock(&registry.lock);
    for (vm = registry.list; vm && !used; vm = vm->next)
        for (i = 0; i < vm->cfg.nr_disks && !used; i++) {
            const struct disk_spec *d = &vm->cfg.disks[i];

            used = d != self && (exists ? disk_uses(d, &mine, writable) : disk_makes(d, path));
            if (used)
                strcpy(name, vm->cfg.name);
        }
    pthread_mutex_unlock(&registry.lock);
    return used;
}

bool registry_has_overlay(const uint8_t uuid[16], const char *vdev)
{
    bool found = false;
    struct vm *vm;
    size_t i;

    pthread_mutex_lock(&registry.lock);
    for (vm = registry.list; vm; vm = vm->next)
        for (i = 0; i < vm->cfg.nr_disks && !memcmp(vm->uuid, uuid, 16); i++)
            found |= vm->cfg.disks[i].overlay && !strcmp(vm->cfg.disks[i].vdev, vdev);
    pthread_mutex_unlock(&registry.lock);
    return found;
}

/* ---- devices that come and go */

/* The config with its new device; on error *@e says "device: why". Lock held. */
static int check_locked(const struct vm *vm, const char *what, struct err *e)
{
    const char *key;

    return guest_config_check(&vm->cfg, e, &key) ? err_prefix(e, what) : 0;
}

int registry_add_disk(struct vm *vm, struct disk_spec *d, struct err *e)
{
    struct guest_config *g = &vm->cfg;
    struct disk_spec *specs;
    struct vm_disk *disks;
    int rc = -1;

    pthread_mutex_lock(&registry.lock);
    specs = realloc(g->disks, (g->nr_disks + 1) * sizeof(*specs));
    if (specs)
        g->disks = specs;
    disks = realloc(vm->disks, (g->nr_disks + 1) * sizeof(*disks));
    if (disks)
        vm->disks = disks;
    if (!specs || !disks) {
        err_set(e, STATUS_RESOURCES, "disk", NULL, "out of memory");
    } else {
        disks[g->nr_disks] = (struct vm_disk){.image.fd = -1, .overlay.fd = -1};
        specs[g->nr_disks++] = *d;
        rc = check_locked(vm, "disk", e);
        g->nr_disks -= rc != 0;
    }
    pthread_mutex_unlock(&registry.lock);
    if (rc)
        disk_spec_free(d);
    return rc;
}

int registry_add_vif(struct vm *vm, const struct vif_spec *v, struct err *e)
{
    struct guest_config *g = &vm->cfg;
    struct vif_spec *specs;
    int rc = -1;

    pthread_mutex_lock(&registry.lock);
    specs = realloc(g->vifs, (g->nr_vifs + 1) * sizeof(*specs));
    if (!specs) {
        err_set(e, STATUS_RESOURCES, "vif", NULL, "out of memory");
    } else {
        g->vifs = specs;
        specs[g->nr_vifs++] = *v;
        guest_number_vifs(g);
        rc = check_locked(vm, "vif", e);
        g->nr_vifs -= rc != 0;
    }
    pthread_mutex_unlock(&registry.lock);
    return rc;
}

void registry_drop_disk(struct vm *vm, size_t i)
{
    struct guest_config *g = &vm->cfg;
    size_t after;

    pthread_mutex_lock(&registry.lock);
    after = --g->nr_disks - i;
    disk_spec_free(&g->disks[i]);
    memmove(&g->disks[i], &g->disks[i + 1], after * sizeof(*g->disks));
    memmove(&vm->disks[i], &vm->disks[i + 1], after * sizeof(*vm->disks));
    pthread_mutex_unlock(&registry.lock);
}

void registry_drop_vif(struct vm *vm, size_t i)
{
    struct guest_config *g = &vm->cfg;

    pthread_mutex_lock(&registry.lock);
    g->nr_vifs--;
    memmove(&g->vifs[i], &g->vifs[i + 1], (g->nr_vifs - i) * sizeof(*g->vifs));
    pthread_mutex_unlock(&registry.lock);
}

void registry_drop_devices(struct vm *vm)
{
    while (vm->cfg.nr_disks)
        registry_drop_disk(vm, vm->cfg.nr_disks - 1);
    while (vm->cfg.nr_vifs)
        registry_drop_vif(vm, vm->cfg.nr_vifs - 1);
}

bool registry_wait_gone(uint32_t domid, bool really, int timeout_ms)
{
    struct timespec end;
    bool gone;

    clock_gettime(CLOCK_MONOTONIC, &end); /* the other one may be set meanwhile */
    end.tv_sec += timeout_ms / 1000;
    end.tv_nsec += (long)(timeout_ms % 1000) * 1000000;
    if (end.tv_nsec >= 1000000000) {
        end.tv_sec++;
        end.tv_nsec -= 1000000000;
    }
    pthread_mutex_lock(&registry.lock);
    for (;;) {
        struct vm *vm = find_domid_locked(domid);

        gone = !vm || (!really && vm->state == VM_PRESERVED);
        if (gone || pthread_cond_clockwait(&registry.changed, &registry.lock, CLOCK_MONOTONIC,
                                           &end) == ETIMEDOUT)
            break;
    }
    pthread_mutex_unlock(&registry.lock);
    return gone;
}
