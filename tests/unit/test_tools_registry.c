/* SPDX-License-Identifier: GPL-2.0-only */
/* The guests that domd knows. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "dom0-tools/domd/domd.h"
#include "dom0-tools/lib/err.h"
#include "dom0-tools/lib/hv.h"

struct domd domd;

int hv_domain_info(struct hv *h, uint32_t domid, struct hv_domain *info)
{
    return -ESRCH;
}

/* As in a host whose clock was set back by an hour just after it was read. */
int clock_gettime(clockid_t clock, struct timespec *ts)
{
    int rc = (int)syscall(SYS_clock_gettime, clock, ts);

    ts->tv_sec += clock == CLOCK_REALTIME ? 3600 : 0;
    return rc;
}

int64_t now_s(void)
{
    return 1;
}

/* A guest that is held and has no domain yet; @serial makes its UUID. */
static struct vm *add(const char *name, uint8_t serial, struct err *e)
{
    struct guest_config g = {.has_uuid = true};
    struct vm *vm;

    strcpy(g.name, name);
    g.uuid[15] = serial;
    g.kernel = strdup("/kernel");
    g.cmdline = strdup("");
    vm = registry_add(&g, e);
    if (!vm)
        guest_config_free(&g);
    return vm;
}

static void a_guest_without_a_domain_is_not_dom0(void **state)
{
    char name[GUEST_NAME_MAX + 1];
    enum vm_state found;
    struct err e = {0};
    struct vm *vm = add("web", 1, &e);

    assert_non_null(vm);
    assert_false(registry_describe(0, name, &found));
    registry_set_domid(vm, 3);
    assert_false(registry_describe(0, name, &found));
    assert_true(registry_describe(3, name, &found));
    assert_string_equal(name, "web");
    assert_int_equal(found, VM_STARTING);
    registry_remove(vm);
}

/* Not with a name, nor as one that is unknown. */
static void a_domain_that_is_being_built_is_not_shown(void **state)
{
    char name[GUEST_NAME_MAX + 1];
    uint8_t stranger[16] = {[15] = 9}, dom0[16] = {0};
    struct err e = {0};
    struct vm *vm = add("web", 1, &e);

    assert_false(registry_shows(3, vm->uuid, name));
    assert_true(registry_shows(0, dom0, name));
    assert_string_equal(name, "Domain-0");
    assert_true(registry_shows(2, stranger, name));
    assert_string_equal(name, "(unknown)");
    registry_set_domid(vm, 3);
    assert_false(registry_shows(3, vm->uuid, name));
    registry_publish(vm, VM_LIVE);
    assert_true(registry_shows(3, vm->uuid, name));
    assert_string_equal(name, "web");
    registry_set_domid(vm, 0); /* is started again */
    assert_false(registry_shows(4, vm->uuid, name));
    registry_remove(vm);
}

/* "mem-set 0" is about dom0, "destroy 0" would be about the guest. */
static void no_guest_has_a_name_of_dom0(void **state)
{
    static const char *const names[] = {"0", "Domain-0"};
    struct err e = {0};
    struct vm *vm = add("web", 1, &e);
    size_t i;

    for (i = 0; i < 2; i++) {
        e = (struct err){0};
        assert_null(add(names[i], 2, &e));
        assert_int_equal(e.status, STATUS_USAGE);
        e = (struct err){0};
        assert_int_equal(registry_rename(vm, names[i], &e), -1);
        assert_int_equal(e.status, STATUS_USAGE);
    }
    assert_string_equal(vm->cfg.name, "web");
    registry_remove(vm);
}

static void a_wait_ends_though_the_clock_is_set_back(void **state)
{
    struct err e = {0};
    struct vm *vm = add("web", 1, &e);

    assert_non_null(vm);
    registry_set_domid(vm, 3);
    registry_publish(vm, VM_LIVE);
    alarm(60); /* ends a test that would take an hour */
    assert_false(registry_wait_gone(3, true, 10));
    alarm(0);
    registry_remove(vm);
}

/* A disk of @vm over /base, whose writes go to @overlay. */
static const struct disk_spec *add_disk(struct vm *vm, const char *overlay)
{
    struct disk_spec d = {
        .target = strdup("/base"), .overlay = strdup(overlay), .vdev = "xvda", .writable = true};
    struct err e = {0};

    assert_true(vdev_to_devid(d.vdev, &d.devid));
    vm->cfg.memory_mib = vm->cfg.maxmem_mib = 64;
    vm->cfg.vcpus = vm->cfg.maxvcpus = vm->cfg.weight = 1;
    assert_int_equal(registry_add_disk(vm, &d, &e), 0);
    return &vm->cfg.disks[0];
}

/* Both may look before either has made it. */
static void a_new_overlay_belongs_to_one_guest(void **state)
{
    char user[GUEST_NAME_MAX + 1] = "";
    struct err e = {0};
    struct vm *a = add("a", 1, &e), *b = add("b", 2, &e);
    const struct disk_spec *mine = add_disk(a, "/none/new.cow");

    assert_false(registry_uses_file(mine, "/none/new.cow", true, user));
    add_disk(b, "/none/other.cow");
    assert_false(registry_uses_file(mine, "/none/new.cow", true, user));
    registry_drop_disk(b, 0);
    add_disk(b, "/none/new.cow");
    assert_true(registry_uses_file(mine, "/none/new.cow", true, user));
    assert_string_equal(user, "b");
    registry_remove(a);
    registry_remove(b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_guest_without_a_domain_is_not_dom0),
        cmocka_unit_test(a_domain_that_is_being_built_is_not_shown),
        cmocka_unit_test(no_guest_has_a_name_of_dom0),
        cmocka_unit_test(a_wait_ends_though_the_clock_is_set_back),
        cmocka_unit_test(a_new_overlay_belongs_to_one_guest),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
