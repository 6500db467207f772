/* SPDX-License-Identifier: GPL-2.0-only */
/* The meaning of a config's keys: from parsed text, and to and from JSON. */
#include "dom0-tools/lib/guest.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "dom0-tools/lib/amount.h"
#include "dom0-tools/lib/config.h"
#include "dom0-tools/lib/err.h"
#include "dom0-tools/lib/grantsize.h"
#include "dom0-tools/lib/json.h"
#include "dom0-tools/lib/xlkeys.h"

struct reader {
    struct guest_config *g;
    const struct cfg *c;
    const char *file, *dir;
    guest_warn_fn warn;
    void *arg;
    struct err *e;
    int line; /* of the element whose warnings come next */
    const char *key;
    char *root, *extra;
    bool uses_cmdline;
};

static const char *const action_names[] = {
    "destroy", "restart", "preserve", "rename-restart", "coredump-destroy", "coredump-restart"};

const char *action_name(enum action a)
{
    return action_names[a];
}

bool action_parse(enum action *a, const char *text)
{
    int i;

    for (i = 0; i < (int)(sizeof(action_names) / sizeof(action_names[0])); i++)
        if (!strcmp(text, action_names[i])) {
            *a = (enum action)i;
            return true;
        }
    return false;
}

void guest_config_free(struct guest_config *g)
{
    size_t i;

    free(g->kernel);
    free(g->ramdisk);
    free(g->cmdline);
    for (i = 0; i < g->nr_disks; i++)
        disk_spec_free(&g->disks[i]);
    free(g->disks);
    free(g->vifs);
    memset(g, 0, sizeof(*g));
}

static bool vif_devid_used(const struct guest_config *g, uint32_t devid)
{
    size_t i;

    for (i = 0; i < g->nr_vifs; i++)
        if (g->vifs[i].has_devid && g->vifs[i].devid == devid)
            return true;
    return false;
}

void guest_number_vifs(struct guest_config *g)
{
    uint32_t devid = 0;
    size_t i;

    for (i = 0; i < g->nr_vifs; i++)
        if (!g->vifs[i].has_devid) {
            while (vif_devid_used(g, devid))
                devid++;
            g->vifs[i].devid = devid;
            g->vifs[i].has_devid = true;
        }
}

/* ---- what holds for every config, wherever it came from */

static int check_disks(const struct guest_config *g, struct err *e)
{
    size_t i, k;

    if (g->nr_disks > GUEST_DISKS_MAX)
        return err_set(e, STATUS_USAGE, NULL, NULL, "more than %d disks", GUEST_DISKS_MAX);
    for (i = 0; i < g->nr_disks; i++) {
        const struct disk_spec *d = &g->disks[i];

        if (d->overlay && !d->writable)
            return err_set(e, STATUS_USAGE, NULL, "access rw",
                           "%s has an overlay, which takes writes, but access ro", d->vdev);
        if (d->overlay && !strcmp(d->overlay, d->target))
            return err_set(e, STATUS_USAGE, NULL, NULL, "%s: overlay and target are the same file",
                           d->vdev);
        for (k = 0; k < i; k++)
            if (d->devid == g->disks[k].devid)
                return err_set(e, STATUS_USAGE, NULL, NULL, "vdev %s is given twice", d->vdev);
    }
    return 0;
}

static int check_vifs(const struct guest_config *g, struct err *e)
{
    size_t i, k;

    if (g->nr_vifs > GUEST_VIFS_MAX)
        return err_set(e, STATUS_USAGE, NULL, NULL, "more than %d interfaces", GUEST_VIFS_MAX);
    for (i = 0; i < g->nr_vifs; i++)
        for (k = 0; k < i; k++) {
            const struct vif_spec *a = &g->vifs[i], *b = &g->vifs[k];

            if (a->has_mac && b->has_mac && !memcmp(a->mac, b->mac, 6))
                return err_set(e, STATUS_USAGE, NULL, NULL, "two interfaces have the same mac");
            if (a->has_devid && b->has_devid && a->devid == b->devid)
                return err_set(e, STATUS_USAGE, NULL, NULL, "two interfaces have devid %u",
                               a->devid);
        }
    return 0;
}

int guest_config_check(const struct guest_config *g, struct err *e, const char **key)
{
    *key = "name";
    if (!g->name[0])
        return err_set(e, STATUS_USAGE, NULL, NULL, "missing");
    if (!guest_name_ok(g->name))
        return err_set(e, STATUS_USAGE, NULL, NULL,
                       "'%s' is no name: letters, digits and _-.+: up to %d", g->name,
                       GUEST_NAME_MAX);
    *key = "kernel";
    if (!g->kernel || !g->kernel[0])
        return err_set(e, STATUS_USAGE, NULL, NULL, "missing");
    *key = "cmdline";
    if (strlen(g->cmdline) > GUEST_CMDLINE_MAX)
        return err_set(e, STATUS_USAGE, NULL, NULL, "%zu bytes, but at most %d fit",
                       strlen(g->cmdline), GUEST_CMDLINE_MAX);
    *key = "memory";
    if (g->memory_mib < GUEST_MEMORY_MIN_MIB || g->memory_mib > GUEST_MEMORY_MAX_MIB)
        return err_set(e, STATUS_USAGE, NULL, NULL, "%llu MiB is not between %d and %u",
                       (unsigned long long)g->memory_mib, GUEST_MEMORY_MIN_MIB,
                       GUEST_MEMORY_MAX_MIB);
    *key = "maxmem";
    if (g->maxmem_mib < g->memory_mib || g->maxmem_mib > GUEST_MEMORY_MAX_MIB)
        return err_set(e, STATUS_USAGE, NULL, NULL, "%llu MiB is not between memory and %u",
                       (unsigned long long)g->maxmem_mib, GUEST_MEMORY_MAX_MIB);
    *key = "vcpus";
    if (g->vcpus < 1 || g->vcpus > GUEST_VCPUS_MAX)
        return err_set(e, STATUS_USAGE, NULL, NULL, "%u is not between 1 and %d", g->vcpus,
                       GUEST_VCPUS_MAX);
    *key = "maxvcpus";
    if (g->maxvcpus < g->vcpus || g->maxvcpus > GUEST_VCPUS_MAX)
        return err_set(e, STATUS_USAGE, NULL, NULL, "%u is not between vcpus and %d", g->maxvcpus,
                       GUEST_VCPUS_MAX);
    *key = "cpu_weight";
    if (g->weight < 1 || g->weight > GUEST_WEIGHT_MAX)
        return err_set(e, STATUS_USAGE, NULL, NULL, "%u is not between 1 and %d", g->weight,
                       GUEST_WEIGHT_MAX);
    *key = "cap";
    if (g->cap > GUEST_CAP_MAX)
        return err_set(e, STATUS_USAGE, NULL, NULL, "%u is not between 0 and %d", g->cap,
                       GUEST_CAP_MAX);
    *key = "disk";
    if (check_disks(g, e))
        return -1;
    *key = "vif";
    return check_vifs(g, e);
}

/* ---- from the text of a file */

static void place(const struct reader *r, int line, const char *key, char *what, size_t size)
{
    if (line == CFG_OVERRIDE)
        snprintf(what, size, "-e: %.60s", key);
    else if (line)
        snprintf(what, size, "%.180s:%d: %.60s", r->file, line, key);
    else
        snprintf(what, size, "%.180s: %.60s", r->file, key);
}

static int bad_value(struct reader *r, const struct cfg_item *it, int line, const char *why)
{
    char what[256];

    place(r, line ? line : it->line, it->key, what, sizeof(what));
    return err_set(r->e, STATUS_USAGE, what, NULL, "%s", why);
}

static void warn_here(const char *text, void *arg)
{
    struct reader *r = arg;
    char what[256], line[512];

    if (!r->warn)
        return;
    place(r, r->line, r->key, what, sizeof(what));
    snprintf(line, sizeof(line), "%s: %s", what, text);
    err_one_line(line);
    r->warn(line, r->arg);
}

static int get_string(struct reader *r, const struct cfg_item *it, char **to)
{
    if (it->value.type == CFG_LIST)
        return bad_value(r, it, 0, "a string is needed, not a list");
    free(*to);
    *to = strdup(it->value.str);
    return *to ? 0 : bad_value(r, it, 0, "out of memory");
}

static int get_path(struct reader *r, const struct cfg_item *it, char **to)
{
    if (get_string(r, it, to))
        return -1;
    if (!**to)
        return bad_value(r, it, 0, "the path is empty");
    return 0;
}

static int get_number(struct reader *r, const struct cfg_item *it, uint64_t max, uint64_t *to)
{
    char why[160], *end;

    if (it->value.type == CFG_LIST)
        return bad_value(r, it, 0, "a number is needed, not a list");
    errno = 0;
    *to = strtoull(it->value.str, &end, 0);
    if (!isdigit((unsigned char)it->value.str[0]) || *end) {
        snprintf(why, sizeof(why), "'%.60s' is not a number", it->value.str);
        return bad_value(r, it, 0, why);
    }
    if (errno || *to > max) {
        snprintf(why, sizeof(why), "%.60s is more than %llu", it->value.str,
                 (unsigned long long)max);
        return bad_value(r, it, 0, why);
    }
    return 0;
}

static int get_u32(struct reader *r, const struct cfg_item *it, uint32_t *to)
{
    uint64_t n = 0;

    if (get_number(r, it, GUEST_VCPUS_MAX, &n))
        return -1;
    *to = (uint32_t)n;
    return n ? 0 : bad_value(r, it, 0, "must be at least 1");
}

static int get_action(struct reader *r, const struct cfg_item *it, enum action *to)
{
    char why[160];

    if (it->value.type == CFG_STRING && action_parse(to, it->value.str))
        return 0;
    snprintf(why, sizeof(why),
             "'%.40s' is none of destroy, restart, preserve, rename-restart, coredump-destroy, "
             "coredump-restart",
             it->value.type == CFG_LIST ? "[...]" : it->value.str);
    return bad_value(r, it, 0, why);
}

/* Checks that @it is a list of at most @max strings. */
static int check_list(struct reader *r, const struct cfg_item *it, size_t max)
{
    size_t i;

    if (it->value.type != CFG_LIST)
        return bad_value(r, it, 0, "a list of strings is needed: [ \"...\", ]");
    if (it->value.count > max)
        return bad_value(r, it, 0, "the list is too long");
    for (i = 0; i < it->value.count; i++)
        if (it->value.items[i].type != CFG_STRING)
            return bad_value(r, it, it->value.items[i].line, "each element must be a string");
    return 0;
}

static int get_disks(struct reader *r, const struct cfg_item *it)
{
    struct guest_config *g = r->g;
    char why[256];
    size_t i;

    if (check_list(r, it, GUEST_DISKS_MAX))
        return -1;
    g->disks = calloc(it->value.count + 1, sizeof(*g->disks));
    if (!g->disks)
        return bad_value(r, it, 0, "out of memory");
    for (i = 0; i < it->value.count; i++, g->nr_disks++) {
        r->line = it->value.items[i].line;
        r->key = it->key;
        if (disk_spec_parse(&g->disks[i], it->value.items[i].str, warn_here, r, why, sizeof(why)))
            return bad_value(r, it, r->line, why);
    }
    return 0;
}

static int get_vifs(struct reader *r, const struct cfg_item *it)
{
    struct guest_config *g = r->g;
    char why[256];
    size_t i;

    if (check_list(r, it, GUEST_VIFS_MAX))
        return -1;
    g->vifs = calloc(it->value.count + 1, sizeof(*g->vifs));
    if (!g->vifs)
        return bad_value(r, it, 0, "out of memory");
    for (i = 0; i < it->value.count; i++, g->nr_vifs++) {
        r->line = it->value.items[i].line;
        r->key = it->key;
        if (vif_spec_parse(&g->vifs[i], it->value.items[i].str, warn_here, r, why, sizeof(why)))
            return bad_value(r, it, r->line, why);
        if (!g->vifs[i].bridge[0])
            strcpy(g->vifs[i].bridge, VIF_DEFAULT_BRIDGE);
    }
    return 0;
}

static int key_name(struct reader *r, const struct cfg_item *it)
{
    if (it->value.type == CFG_LIST || !guest_name_ok(it->value.str))
        return bad_value(r, it, 0, "no name: letters, digits and _-.+: up to 63");
    strcpy(r->g->name, it->value.str);
    return 0;
}

static int key_uuid(struct reader *r, const struct cfg_item *it)
{
    if (it->value.type == CFG_LIST || !uuid_parse(r->g->uuid, it->value.str))
        return bad_value(r, it, 0, "no UUID, such as 01234567-89ab-cdef-0123-456789abcdef");
    r->g->has_uuid = true;
    return 0;
}

static int key_kernel(struct reader *r, const struct cfg_item *it)
{
    return get_path(r, it, &r->g->kernel);
}

static int key_ramdisk(struct reader *r, const struct cfg_item *it)
{
    return get_path(r, it, &r->g->ramdisk);
}

static int key_cmdline(struct reader *r, const struct cfg_item *it)
{
    r->uses_cmdline = true;
    return get_string(r, it, &r->g->cmdline);
}

static int key_root(struct reader *r, const struct cfg_item *it)
{
    return get_string(r, it, &r->root);
}

static int key_extra(struct reader *r, const struct cfg_item *it)
{
    return get_string(r, it, &r->extra);
}

static int key_memory(struct reader *r, const struct cfg_item *it)
{
    return get_number(r, it, GUEST_MEMORY_MAX_MIB, &r->g->memory_mib);
}

static int key_maxmem(struct reader *r, const struct cfg_item *it)
{
    return get_number(r, it, GUEST_MEMORY_MAX_MIB, &r->g->maxmem_mib);
}

static int key_vcpus(struct reader *r, const struct cfg_item *it)
{
    return get_u32(r, it, &r->g->vcpus);
}

static int key_maxvcpus(struct reader *r, const struct cfg_item *it)
{
    return get_u32(r, it, &r->g->maxvcpus);
}

static int key_max_grant_frames(struct reader *r, const struct cfg_item *it)
{
    uint64_t n = 0;

    if (get_number(r, it, GRANT_FRAMES_LIMIT, &n))
        return -1;
    r->g->max_grant_frames = (uint32_t)n;
    return n ? 0 : bad_value(r, it, 0, "must be at least 1");
}

static int get_cpus(struct reader *r, const struct cfg_item *it, const struct cfg_value *v,
                    uint64_t *to)
{
    char why[160];

    if (v->type != CFG_LIST && cpus_parse(to, v->str))
        return 0;
    snprintf(why, sizeof(why), "'%.60s' is no list of CPUs, such as 0-3,^1 or all",
             v->type == CFG_LIST ? "[...]" : v->str);
    return bad_value(r, it, v->line, why);
}

/* One list for all vCPUs, or a list of them: one for each vCPU, the others run anywhere. */
static int key_cpus(struct reader *r, const struct cfg_item *it)
{
    uint64_t *cpus = r->g->cpus, all = 0;
    size_t i;

    if (it->value.type == CFG_LIST) {
        if (it->value.count > GUEST_VCPUS_MAX)
            return bad_value(r, it, 0, "the list is too long");
        for (i = 0; i < it->value.count; i++)
            if (get_cpus(r, it, &it->value.items[i], &cpus[i]))
                return -1;
        return 0;
    }
    if (get_cpus(r, it, &it->value, &all))
        return -1;
    for (i = 0; i < GUEST_VCPUS_MAX; i++)
        cpus[i] = all;
    return 0;
}

static int key_cpu_weight(struct reader *r, const struct cfg_item *it)
{
    uint64_t n = 0;
    int rc = get_number(r, it, GUEST_WEIGHT_MAX, &n);

    r->g->weight = (uint32_t)n;
    return rc;
}

static int key_cap(struct reader *r, const struct cfg_item *it)
{
    uint64_t n = 0;
    int rc = get_number(r, it, GUEST_CAP_MAX, &n);

    r->g->cap = (uint32_t)n;
    return rc;
}

static int key_on_poweroff(struct reader *r, const struct cfg_item *it)
{
    return get_action(r, it, &r->g->on_poweroff);
}

static int key_on_reboot(struct reader *r, const struct cfg_item *it)
{
    return get_action(r, it, &r->g->on_reboot);
}

static int key_on_crash(struct reader *r, const struct cfg_item *it)
{
    return get_action(r, it, &r->g->on_crash);
}

static int key_type(struct reader *r, const struct cfg_item *it)
{
    if (it->value.type != CFG_STRING ||
        (strcmp(it->value.str, "pv") && strcmp(it->value.str, "generic")))
        return bad_value(r, it, 0, "only PV guests are supported: type = \"pv\"");
    return 0;
}

static const struct {
    const char *name;
    int (*read)(struct reader *r, const struct cfg_item *it);
} keys[] = {
    {"name", key_name},
    {"uuid", key_uuid},
    {"type", key_type},
    {"builder", key_type},
    {"kernel", key_kernel},
    {"ramdisk", key_ramdisk},
    {"cmdline", key_cmdline},
    {"root", key_root},
    {"extra", key_extra},
    {"memory", key_memory},
    {"maxmem", key_maxmem},
    {"vcpus", key_vcpus},
    {"maxvcpus", key_maxvcpus},
    {"cpus", key_cpus},
    {"cpu_weight", key_cpu_weight},
    {"cap", key_cap},
    {"disk", get_disks},
    {"vif", get_vifs},
    {"max_grant_frames", key_max_grant_frames},
    {"on_poweroff", key_on_poweroff},
    {"on_reboot", key_on_reboot},
    {"on_crash", key_on_crash},
};

static int read_item(struct reader *r, const struct cfg_item *it)
{
    const char *reason;
    char text[160];
    size_t i;

    r->line = it->line;
    r->key = it->key;
    if (cfg_find(r->c, it->key) != it) {
        warn_here("has no effect: a later line sets it again", r);
        return 0;
    }
    for (i = 0; i < sizeof(keys) / sizeof(keys[0]); i++)
        if (!strcmp(it->key, keys[i].name))
            return keys[i].read(r, it);
    reason = xl_key_reason(it->key);
    snprintf(text, sizeof(text), "%s%s", reason ? "has no effect: " : "unknown key, ignored",
             reason ? reason : "");
    warn_here(text, r);
    return 0;
}

/* cmdline wins over root and extra, as in xl.cfg(5). */
static int make_cmdline(struct reader *r)
{
    struct guest_config *g = r->g;

    if (r->uses_cmdline) {
        if (r->root || r->extra) {
            r->line = 0;
            r->key = "root and extra";
            warn_here("have no effect beside cmdline", r);
        }
        return 0;
    }
    free(g->cmdline);
    g->cmdline = NULL;
    if (asprintf(&g->cmdline, "%s%s%s%s", r->root ? "root=" : "", r->root ? r->root : "",
                 r->root && r->extra ? " " : "", r->extra ? r->extra : "") < 0) {
        g->cmdline = NULL;
        return err_set(r->e, STATUS_FAILED, r->file, NULL, "out of memory");
    }
    return 0;
}

static int complete_paths(struct reader *r)
{
    struct guest_config *g = r->g;
    size_t i;
    int rc = path_complete(&g->kernel, r->dir) | path_complete(&g->ramdisk, r->dir);

    for (i = 0; i < g->nr_disks; i++)
        rc |= disk_spec_complete(&g->disks[i], r->dir) ? 0 : -1;
    return rc ? err_set(r->e, STATUS_FAILED, r->file, NULL, "out of memory") : 0;
}

static void set_defaults(struct guest_config *g)
{
    memset(g, 0, sizeof(*g));
    g->weight = GUEST_WEIGHT_DEFAULT;
    g->on_poweroff = ACTION_DESTROY;
    g->on_reboot = ACTION_RESTART;
    g->on_crash = ACTION_DESTROY;
}

static int check_file(struct reader *r)
{
    const struct cfg_item *it;
    const char *key = "";
    char what[256];

    if (!guest_config_check(r->g, r->e, &key))
        return 0;
    it = cfg_find(r->c, key);
    place(r, it ? it->line : 0, key, what, sizeof(what));
    return err_prefix(r->e, what);
}

int guest_config_from_cfg(struct guest_config *g, const struct cfg *c, const char *file,
                          const char *dir, guest_warn_fn warn, void *arg, struct err *e)
{
    struct reader r = {
        .g = g, .c = c, .file = file, .dir = dir, .warn = warn, .arg = arg, .e = e, .key = ""};
    size_t i;
    int rc = 0;

    set_defaults(g);
    for (i = 0; !rc && i < c->count; i++)
        rc = read_item(&r, &c->items[i]);
    if (!rc)
        rc = make_cmdline(&r);
    if (!rc) {
        /* xl.cfg(5): 128 MiB and one vCPU unless told; a maximum alone sets both. */
        if (!g->memory_mib && !cfg_find(c, "memory"))
            g->memory_mib = g->maxmem_mib ? g->maxmem_mib : 128;
        if (!g->maxmem_mib)
            g->maxmem_mib = g->memory_mib;
        if (!g->vcpus)
            g->vcpus = g->maxvcpus ? g->maxvcpus : 1;
        if (!g->maxvcpus)
            g->maxvcpus = g->vcpus;
        guest_number_vifs(g);
        rc = complete_paths(&r);
    }
    if (!rc)
        rc = check_file(&r);
    free(r.root);
    free(r.extra);
    if (rc)
        guest_config_free(g);
    return rc;
}

/* ---- JSON */

void disk_spec_to_json(const struct disk_spec *d, struct json_out *o)
{
    json_object(o);
    json_put_str(o, "target", d->target);
    if (d->overlay)
        json_put_str(o, "overlay", d->overlay);
    json_put_str(o, "vdev", d->vdev);
    json_put_str(o, "access", d->writable ? "rw" : "ro");
    if (d->untrusted)
        json_put_bool(o, "trusted", false);
    json_end_object(o);
}

void vif_spec_to_json(const struct vif_spec *v, struct json_out *o)
{
    char mac[18];

    json_object(o);
    if (v->has_devid)
        json_put_u64(o, "devid", v->devid);
    if (v->has_mac) {
        mac_format(mac, v->mac);
        json_put_str(o, "mac", mac);
    }
    json_put_str(o, "bridge", v->bridge);
    if (v->vifname[0])
        json_put_str(o, "vifname", v->vifname);
    if (v->rate_bytes) {
        json_put_u64(o, "rate_bytes", v->rate_bytes);
        json_put_u64(o, "rate_usecs", v->rate_usecs);
    }
    if (v->untrusted)
        json_put_bool(o, "trusted", false);
    json_end_object(o);
}

static uint64_t cpus_of(const struct guest_config *g, size_t vcpu)
{
    return g->cpus[vcpu] ? g->cpus[vcpu] : CPUS_ALL;
}

/* One set if it is that of all vCPUs, else a list with one for each. */
static void cpus_to_json(const struct guest_config *g, struct json_out *o)
{
    char text[CPUS_TEXT_MAX];
    size_t i, same = 1;

    while (same < g->maxvcpus && cpus_of(g, same) == cpus_of(g, 0))
        same++;
    json_key(o, "cpus");
    if (same < g->maxvcpus)
        json_array(o);
    for (i = 0; i < (same < g->maxvcpus ? g->maxvcpus : 1); i++) {
        cpus_format(text, cpus_of(g, i), CPUS_MAX);
        json_value_str(o, text);
    }
    if (same < g->maxvcpus)
        json_end_array(o);
}

void guest_config_to_json(const struct guest_config *g, struct json_out *o)
{
    char uuid[37];
    size_t i;

    json_object(o);
    json_put_str(o, "name", g->name);
    if (g->has_uuid) {
        uuid_format(uuid, g->uuid);
        json_put_str(o, "uuid", uuid);
    }
    json_put_str(o, "kernel", g->kernel);
    if (g->ramdisk)
        json_put_str(o, "ramdisk", g->ramdisk);
    json_put_str(o, "cmdline", g->cmdline);
    json_put_u64(o, "memory", g->memory_mib);
    json_put_u64(o, "maxmem", g->maxmem_mib);
    json_put_u64(o, "vcpus", g->vcpus);
    json_put_u64(o, "maxvcpus", g->maxvcpus);
    cpus_to_json(g, o);
    json_put_u64(o, "cpu_weight", g->weight);
    json_put_u64(o, "cap", g->cap);
    json_key(o, "disk");
    json_array(o);
    for (i = 0; i < g->nr_disks; i++)
        disk_spec_to_json(&g->disks[i], o);
    json_end_array(o);
    json_key(o, "vif");
    json_array(o);
    for (i = 0; i < g->nr_vifs; i++)
        vif_spec_to_json(&g->vifs[i], o);
    json_end_array(o);
    if (g->max_grant_frames)
        json_put_u64(o, "max_grant_frames", g->max_grant_frames);
    json_put_str(o, "on_poweroff", action_name(g->on_poweroff));
    json_put_str(o, "on_reboot", action_name(g->on_reboot));
    json_put_str(o, "on_crash", action_name(g->on_crash));
    json_end_object(o);
}

/* Members that may be missing: false when one is there and of another type. */
static bool dup_json_str(char **to, const struct json *j, const char *key)
{
    const struct json *value = json_get(j, key);
    const char *s = json_str(value);

    *to = s ? strdup(s) : NULL;
    return !value || *to;
}

static bool may_str(const struct json *j, const char *key)
{
    return !json_get(j, key) || json_get_str(j, key);
}

static bool may_u64(const struct json *j, const char *key, uint64_t *n)
{
    return !json_get(j, key) || json_get_u64(j, key, n);
}

/* False: "trusted" is there and neither true nor false. */
static bool trust_from_json(bool *untrusted, const struct json *j)
{
    const struct json *trusted = json_get(j, "trusted");

    *untrusted = trusted && !json_get_bool(j, "trusted");
    return !trusted || json_type(trusted) == JSON_BOOL;
}

bool disk_spec_from_json(struct disk_spec *d, const struct json *j)
{
    const char *vdev = json_get_str(j, "vdev"), *access = json_get_str(j, "access");

    memset(d, 0, sizeof(*d));
    if (!json_get_str(j, "target") || !vdev || !access || strlen(vdev) >= sizeof(d->vdev) ||
        !vdev_to_devid(vdev, &d->devid) || (strcmp(access, "rw") && strcmp(access, "ro")) ||
        !trust_from_json(&d->untrusted, j))
        return false;
    strcpy(d->vdev, vdev);
    d->writable = !strcmp(access, "rw");
    if (dup_json_str(&d->target, j, "target") && dup_json_str(&d->overlay, j, "overlay"))
        return true;
    disk_spec_free(d);
    return false;
}

/* Any interval, made one of whole milliseconds with the same rate. False: wrong values. */
static bool rate_from_json(struct vif_spec *v, const struct json *j)
{
    uint64_t bytes = 0, usecs;

    if (!may_u64(j, "rate_bytes", &bytes))
        return false;
    if (!bytes)
        return true;
    if (!json_get_u64(j, "rate_usecs", &usecs) || !usecs || usecs > RATE_USECS_MAX ||
        bytes > RATE_BYTES_MAX)
        return false;
    v->rate_usecs = (uint32_t)((usecs + 999) / 1000 * 1000);
    v->rate_bytes = (uint64_t)((unsigned __int128)bytes * v->rate_usecs / usecs);
    return v->rate_bytes <= RATE_BYTES_MAX;
}

bool vif_spec_from_json(struct vif_spec *v, const struct json *j)
{
    const char *mac = json_get_str(j, "mac"), *bridge = json_get_str(j, "bridge");
    const char *vifname = json_get_str(j, "vifname");
    uint64_t devid = 0;

    memset(v, 0, sizeof(*v));
    v->has_devid = json_get_u64(j, "devid", &devid);
    if (devid > GUEST_VIF_DEVID_MAX || !may_u64(j, "devid", &devid) || !may_str(j, "mac") ||
        !may_str(j, "vifname"))
        return false;
    v->devid = (uint32_t)devid;
    if (!bridge || !ifname_ok(bridge) || (vifname && !ifname_ok(vifname)))
        return false;
    strcpy(v->bridge, bridge);
    if (vifname)
        strcpy(v->vifname, vifname);
    v->has_mac = mac != NULL;
    if (mac && !mac_parse(v->mac, mac))
        return false;
    return rate_from_json(v, j) && trust_from_json(&v->untrusted, j);
}

static bool devices_from_json(struct guest_config *g, const struct json *j)
{
    const struct json *disks = json_get(j, "disk"), *vifs = json_get(j, "vif");
    size_t i, nr_disks = json_length(disks), nr_vifs = json_length(vifs);

    if (nr_disks > GUEST_DISKS_MAX || nr_vifs > GUEST_VIFS_MAX ||
        (disks && json_type(disks) != JSON_ARRAY) || (vifs && json_type(vifs) != JSON_ARRAY))
        return false;
    g->disks = calloc(nr_disks + 1, sizeof(*g->disks));
    g->vifs = calloc(nr_vifs + 1, sizeof(*g->vifs));
    if (!g->disks || !g->vifs)
        return false;
    for (i = 0; i < nr_disks; i++, g->nr_disks++)
        if (!disk_spec_from_json(&g->disks[i], json_at(disks, i)))
            return false;
    for (i = 0; i < nr_vifs; i++, g->nr_vifs++)
        if (!vif_spec_from_json(&g->vifs[i], json_at(vifs, i)))
            return false;
    return true;
}

static bool cpus_from_json(struct guest_config *g, const struct json *j)
{
    const struct json *cpus = json_get(j, "cpus");
    const char *one = json_get_str(j, "cpus");
    uint64_t weight = GUEST_WEIGHT_DEFAULT, cap = 0;
    size_t i, nr = one ? GUEST_VCPUS_MAX : json_length(cpus);

    if (nr > GUEST_VCPUS_MAX || (cpus && !one && json_type(cpus) != JSON_ARRAY))
        return false;
    for (i = 0; i < nr; i++) {
        const char *text = one ? one : json_str(json_at(cpus, i));

        if (!text || !cpus_parse(&g->cpus[i], text))
            return false;
    }
    if (!may_u64(j, "cpu_weight", &weight) || !may_u64(j, "cap", &cap) ||
        weight > GUEST_WEIGHT_MAX || cap > GUEST_CAP_MAX)
        return false;
    g->weight = (uint32_t)weight;
    g->cap = (uint32_t)cap;
    return true;
}

static bool scalars_from_json(struct guest_config *g, const struct json *j)
{
    const char *name = json_get_str(j, "name"), *uuid = json_get_str(j, "uuid");
    const char *off = json_get_str(j, "on_poweroff"), *boot = json_get_str(j, "on_reboot");
    const char *crash = json_get_str(j, "on_crash");
    uint64_t vcpus = 0, maxvcpus = 0, grants = 0;

    if (!name || strlen(name) > GUEST_NAME_MAX || !may_str(j, "uuid") ||
        (uuid && !uuid_parse(g->uuid, uuid)))
        return false;
    strcpy(g->name, name);
    g->has_uuid = uuid != NULL;
    if (!json_get_u64(j, "memory", &g->memory_mib) || !json_get_u64(j, "maxmem", &g->maxmem_mib) ||
        !json_get_u64(j, "vcpus", &vcpus) || !json_get_u64(j, "maxvcpus", &maxvcpus) ||
        vcpus > GUEST_VCPUS_MAX || maxvcpus > GUEST_VCPUS_MAX)
        return false;
    g->vcpus = (uint32_t)vcpus;
    g->maxvcpus = (uint32_t)maxvcpus;
    if (!may_u64(j, "max_grant_frames", &grants) || grants > GRANT_FRAMES_LIMIT ||
        (json_get(j, "max_grant_frames") && !grants))
        return false;
    g->max_grant_frames = (uint32_t)grants;
    return off && boot && crash && action_parse(&g->on_poweroff, off) &&
           action_parse(&g->on_reboot, boot) && action_parse(&g->on_crash, crash) &&
           dup_json_str(&g->kernel, j, "kernel") && dup_json_str(&g->ramdisk, j, "ramdisk") &&
           dup_json_str(&g->cmdline, j, "cmdline") && g->kernel && g->cmdline;
}

int guest_config_from_json(struct guest_config *g, const struct json *j, struct err *e)
{
    const char *key = "";
    int rc = 0;

    set_defaults(g);
    if (!scalars_from_json(g, j) || !cpus_from_json(g, j) || !devices_from_json(g, j))
        rc = err_set(e, STATUS_USAGE, "config", NULL, "a member is missing or has a wrong value");
    else if (guest_number_vifs(g), guest_config_check(g, e, &key))
        rc = err_prefix(e, key);
    if (rc)
        guest_config_free(g);
    return rc;
}

struct json *guest_config_json(const struct guest_config *g)
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
