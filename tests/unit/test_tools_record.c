/* SPDX-License-Identifier: GPL-2.0-only */
/* What a domd that is started anew makes of what the last one noted, in a store that is an array. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "dom0-tools/domd/domd.h"
#include "dom0-tools/domd/request.h"
#include "dom0-tools/lib/err.h"
#include "dom0-tools/lib/hv.h"
#include "dom0-tools/lib/json.h"
#include "dom0-tools/lib/loop.h"

#define NODES_MAX 128
#define FOREVER   1000

/* ---- the store */

struct nodes {
    size_t count;
    struct {
        char path[96], value[512];
    } node[NODES_MAX];
};

static struct nodes store;
static bool in_transaction;
static unsigned int steps_left; /* that last: what comes later was not done any more */

static bool may_write(void)
{
    return in_transaction || (steps_left && steps_left--);
}

static bool is_below(const char *path, const char *top)
{
    size_t len = strlen(top);

    return !strncmp(path, top, len) && (!path[len] || path[len] == '/');
}

static int find(const char *path)
{
    size_t i;

    for (i = 0; i < store.count; i++)
        if (!strcmp(store.node[i].path, path))
            return (int)i;
    return -1;
}

static void put(const char *path, const char *value)
{
    int i = find(path);

    if (i < 0) {
        assert_true(store.count < NODES_MAX);
        i = (int)store.count++;
    }
    snprintf(store.node[i].path, sizeof(store.node[i].path), "%s", path);
    snprintf(store.node[i].value, sizeof(store.node[i].value), "%s", value);
}

int store_write(struct store *s, store_tx_t tx, const char *path, const char *value)
{
    if (may_write())
        put(path, value);
    return 0;
}

int store_writef(struct store *s, store_tx_t tx, const char *path, const char *value_fmt, ...)
{
    char value[512];
    va_list ap;

    va_start(ap, value_fmt);
    vsnprintf(value, sizeof(value), value_fmt, ap);
    va_end(ap);
    return store_write(s, tx, path, value);
}

int store_mkdir(struct store *s, store_tx_t tx, const char *path)
{
    return find(path) < 0 ? store_write(s, tx, path, "") : 0;
}

int store_rm(struct store *s, store_tx_t tx, const char *path)
{
    size_t i, n = 0;

    if (!may_write())
        return 0;
    for (i = 0; i < store.count; i++)
        if (!is_below(store.node[i].path, path))
            store.node[n++] = store.node[i];
    store.count = n;
    return 0;
}

int store_set_perms(struct store *s, store_tx_t tx, const char *path,
                    const struct store_perm *perms, size_t count)
{
    return 0;
}

int store_read(struct store *s, store_tx_t tx, const char *path, char **value, size_t *len)
{
    int i = find(path);
    size_t k;

    for (k = 0; i < 0 && k < store.count; k++) /* parents are made as needed */
        if (is_below(store.node[k].path, path)) {
            *value = strdup("");
            return 0;
        }
    if (i < 0)
        return -ENOENT;
    *value = strdup(store.node[i].value);
    return 0;
}

int store_readf(struct store *s, store_tx_t tx, char **value, const char *path_fmt, ...)
{
    char path[160];
    va_list ap;

    va_start(ap, path_fmt);
    vsnprintf(path, sizeof(path), path_fmt, ap);
    va_end(ap);
    return store_read(s, tx, path, value, NULL);
}

int store_read_u64(struct store *s, store_tx_t tx, const char *path, uint64_t *number)
{
    int i = find(path);

    if (i < 0)
        return -ENOENT;
    return sscanf(store.node[i].value, "%lu", number) == 1 ? 0 : -EINVAL;
}

int store_directory(struct store *s, store_tx_t tx, const char *path, char ***names, size_t *count)
{
    char **list = calloc(1, NODES_MAX * (sizeof(*list) + 96)), *text = (char *)(list + NODES_MAX);
    size_t i, k, len = strlen(path), n = 0;
    bool there = false;

    for (i = 0; i < store.count; i++) {
        const char *p = store.node[i].path;

        there |= is_below(p, path);
        if (!is_below(p, path) || !p[len])
            continue;
        snprintf(text, 96, "%.*s", (int)strcspn(p + len + 1, "/"), p + len + 1);
        for (k = 0; k < n && strcmp(list[k], text) != 0; k++)
            ;
        if (k == n) {
            list[n++] = text;
            text += 96;
        }
    }
    if (!there) {
        free(list);
        return -ENOENT;
    }
    *names = list;
    *count = n;
    return 0;
}

void store_gather(struct store *s, store_tx_t tx)
{
}

int store_transact(struct store *s, int (*fn)(struct store *s, store_tx_t tx, void *arg), void *arg)
{
    struct nodes before = store;
    int rc;

    in_transaction = true;
    rc = fn(s, 1, arg);
    in_transaction = false;
    if (rc || !may_write())
        store = before;
    return rc;
}

int store_is_introduced(struct store *s, uint32_t domid)
{
    return 1;
}

void store_close(struct store *s)
{
}

int open_store(struct store **s, struct err *e)
{
    *s = (struct store *)&store;
    return 0;
}

/* ---- the rest of domd, and the hypervisor */

struct domd domd;
static struct hv_domain domain; /* the one that there is */

int hv_domain_info(struct hv *h, uint32_t domid, struct hv_domain *info)
{
    *info = domain;
    return domid == domain.domid ? 0 : -ESRCH;
}

int hv_domain_list(struct hv *h, uint32_t first, struct hv_domain *list, size_t max)
{
    return 0;
}

int hv_domain_destroy(struct hv *h, uint32_t domid)
{
    return 0;
}

int hv_domain_pause(struct hv *h, uint32_t domid)
{
    return 0;
}

int hv_domain_unpause(struct hv *h, uint32_t domid)
{
    return 0;
}

int hv_domain_set_uuid(struct hv *h, uint32_t domid, const uint8_t uuid[16])
{
    return 0;
}

int hv_host_info(struct hv *h, struct hv_host *host)
{
    return -ENOSYS;
}

int hv_claim(struct hv *h, uint32_t domid, uint64_t pages)
{
    return 0;
}

int hv_domain_set_max_mem(struct hv *h, uint32_t domid, uint64_t kib)
{
    return 0;
}

int hv_failed(struct request *r, const char *name, int rc)
{
    return -1;
}

int target_get(struct request *r, struct target *t)
{
    *t = (struct target){.domid = 3};
    t->vm = registry_acquire("web", r->e);
    t->name = t->vm ? t->vm->cfg.name : NULL;
    return t->vm ? 0 : -1;
}

void target_put(struct target *t)
{
    registry_release(t->vm);
}

int64_t now_s(void)
{
    return 1000;
}

void log_line(const char *fmt, ...)
{
}

void event_emit(const struct vm *vm, const char *event, const char *key, const char *value)
{
}

int console_rename(const struct vm *vm, struct err *e)
{
    return 0;
}

void loop_adopt(int number, bool created)
{
}

void disk_name_overlay(struct vm *vm, size_t i)
{
}

void disks_sweep(void)
{
}

void device_resume(struct vm *vm, struct store *s)
{
    registry_publish(vm, VM_LIVE);
}

static unsigned int destroyed, stopped; /* so many times */

void vm_destroy(struct vm *vm)
{
    destroyed++;
    record_remove(vm->domid, NULL);
    registry_remove(vm);
}

void vm_stop(struct vm *vm, bool keep_console)
{
    stopped += keep_console;
    record_remove(vm->domid, NULL);
    registry_set_domid(vm, 0);
}

/* In a thread of its own. */
void start_unattended(struct vm *vm, bool fresh_log)
{
    registry_set_domid(vm, 4);
    registry_publish(vm, VM_LIVE);
}

void successor_start(struct guest_config *cfg, uint32_t kept_domid, uint32_t short_lives)
{
    guest_config_free(cfg);
}

/* ---- */

/* The guest "web" as domain 3, held, and its record. */
static struct vm *guest_made(void)
{
    struct guest_config g = {.name = "web",
                             .uuid = {[15] = 1},
                             .has_uuid = true,
                             .memory_mib = 64,
                             .maxmem_mib = 64,
                             .vcpus = 1,
                             .maxvcpus = 1,
                             .weight = 256};
    struct err e = {0};
    struct vm *vm;

    memset(&store, 0, sizeof(store));
    steps_left = FOREVER;
    g.kernel = strdup("/kernel");
    g.cmdline = strdup("");
    vm = registry_add(&g, &e);
    assert_non_null(vm);
    registry_set_domid(vm, 3);
    domain = (struct hv_domain){.domid = 3};
    memcpy(domain.uuid, vm->uuid, 16);
    assert_int_equal(record_begin(3, NULL), 0);
    assert_int_equal(record_write(vm, NULL), 0);
    assert_int_equal(pending_complete(vm, NULL), 0);
    return vm;
}

/* domd was killed, and is started: the guest as it finds it, held. */
static struct vm *started_anew(struct vm *vm)
{
    struct err e = {0};
    char name[64];

    strcpy(name, vm->cfg.name);
    registry_remove(vm);
    steps_left = FOREVER;
    assert_true(record_adopt_all());
    vm = registry_acquire(name, &e);
    assert_non_null(vm);
    return vm;
}

static void a_guest_is_taken_over_as_it_was(void **state)
{
    struct vm *vm = guest_made();

    vm = started_anew(vm);
    assert_int_equal(vm->domid, 3);
    assert_int_equal(vm->state, VM_LIVE);
    assert_false(vm->delayed);
    assert_int_equal(vm->final_until, 0);
    registry_remove(vm);
}

/* Else it would be counted again, and the brake come too early. */
static void a_short_life_is_counted_with_its_delay(void **state)
{
    unsigned int steps;

    for (steps = 0; steps <= 2; steps++) {
        struct vm *vm = guest_made();

        vm->short_lives = 2;
        steps_left = steps;
        record_delayed(vm, (int64_t)time(NULL) + 2, NULL);
        vm = started_anew(vm);
        assert_int_equal(vm->delayed, vm->short_lives == 2);
        assert_int_equal(vm->delayed, steps > 0);
        registry_remove(vm);
    }
}

/* "shutdown" would destroy it. */
static void what_is_kept_after_a_delay_is_kept(void **state)
{
    struct vm *vm = guest_made();
    struct guest_config successor;
    struct err e = {0};
    uint8_t uuid[16] = {[15] = 2};
    char old[37];

    vm->short_lives = 2;
    record_delayed(vm, (int64_t)time(NULL), NULL);
    assert_int_equal(config_copy(&successor, &vm->cfg), 0);
    uuid_format(old, vm->uuid);
    assert_int_equal(registry_rename(vm, "web-kept", &e), 0);
    registry_set_uuid(vm, uuid);
    assert_int_equal(record_kept(vm, &successor, old, NULL), 0);
    guest_config_free(&successor);
    vm = started_anew(vm);
    assert_int_equal(vm->state, VM_PRESERVED);
    assert_true(vm->kept);
    assert_false(vm->delayed);
    registry_remove(vm);
}

/* What shutdown asked for outlives the domd that was asked. */
static void a_last_end_stays_the_last(void **state)
{
    static const struct {
        int64_t from_now, until;
    } finals[] = {{120, 1120}, {-5, 995}, {FINAL_MAX_S * 9, 1000 + FINAL_MAX_S + FINAL_SPARE_S}};
    struct vm *vm;
    size_t i;

    for (i = 0; i < 3; i++) {
        vm = guest_made();
        assert_int_equal(record_final(vm, (int64_t)time(NULL) + finals[i].from_now, NULL, 0), 0);
        vm = started_anew(vm);
        assert_in_range(vm->final_until, finals[i].until - 2, finals[i].until);
        assert_int_equal(record_final(vm, 0, NULL, 0), 0);
        vm = started_anew(vm);
        assert_int_equal(vm->final_until, 0);
        registry_remove(vm);
    }
}

/* It is not told that the guest was destroyed, and its console stays. */
static void a_restart_that_was_begun_goes_on(void **state)
{
    struct vm *vm = guest_made();

    destroyed = stopped = 0;
    pending_end(vm, true);
    vm = started_anew(vm);
    assert_int_equal(destroyed, 0);
    assert_int_equal(stopped, 1);
    assert_int_equal(vm->domid, 4);
    registry_remove(vm);
}

static void an_end_that_was_begun_comes_to_its_end(void **state)
{
    struct vm *vm = guest_made();
    struct err e = {0};

    destroyed = stopped = 0;
    pending_end(vm, false);
    registry_remove(vm);
    assert_true(record_adopt_all());
    assert_int_equal(destroyed, 1);
    assert_int_equal(stopped, 0);
    assert_null(registry_acquire("web", &e));
}

/* One request of "web", of which no more than so many steps are done. */
static void ask(int (*op)(struct request *r), const char *text, unsigned int steps)
{
    struct err e = {0};
    struct json *in = json_parse(text, strlen(text));
    struct request r = {.client = -1, .in = in, .out = json_out_new(false), .e = &e};

    steps_left = steps;
    json_object(r.out);
    assert_int_equal(op(&r), 0);
    json_out_free(r.out);
    json_free(in);
}

/* Else its target would be one thing, and what it has after its next start another. */
static void memory_is_told_and_recorded_together(void **state)
{
    unsigned int steps;

    for (steps = 0; steps <= 2; steps++) {
        struct vm *vm = guest_made();
        uint64_t kib;

        registry_publish(vm, VM_LIVE);
        ask(op_mem_max, "{\"mib\": 256}", FOREVER);
        ask(op_mem_set, "{\"mib\": 64}", FOREVER);
        ask(op_mem_set, "{\"mib\": 96}", steps);
        vm = started_anew(vm);
        assert_int_equal(vm->cfg.maxmem_mib, 256);
        assert_int_equal(vm->cfg.memory_mib, steps ? 96 : 64);
        assert_int_equal(store_read_u64(NULL, 0, "/local/domain/3/memory/target", &kib), 0);
        assert_int_equal(kib, vm->cfg.memory_mib << 10);
        registry_remove(vm);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_guest_is_taken_over_as_it_was),
        cmocka_unit_test(a_short_life_is_counted_with_its_delay),
        cmocka_unit_test(what_is_kept_after_a_delay_is_kept),
        cmocka_unit_test(a_last_end_stays_the_last),
        cmocka_unit_test(a_restart_that_was_begun_goes_on),
        cmocka_unit_test(an_end_that_was_begun_comes_to_its_end),
        cmocka_unit_test(memory_is_told_and_recorded_together),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
