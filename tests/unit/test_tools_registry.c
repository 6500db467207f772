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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_guest_without_a_domain_is_not_dom0),
        cmocka_unit_test(a_wait_ends_though_the_clock_is_set_back),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
