/* SPDX-License-Identifier: GPL-2.0-only */
/* The guests that domd knows. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <string.h>

#include "dom0-tools/domd/domd.h"
#include "dom0-tools/lib/err.h"
#include "dom0-tools/lib/hv.h"

struct domd domd;

int hv_domain_info(struct hv *h, uint32_t domid, struct hv_domain *info)
{
    return -ESRCH;
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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_guest_without_a_domain_is_not_dom0),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
