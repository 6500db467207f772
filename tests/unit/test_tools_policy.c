/* SPDX-License-Identifier: GPL-2.0-only */
/* What follows the end of a guest. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "dom0-tools/domd/policy.h"
#include "pv-abi/sched.h"

static void each_end_has_its_action(void **state)
{
    const struct guest_config g = {.on_poweroff = ACTION_PRESERVE,
                                   .on_reboot = ACTION_RESTART,
                                   .on_crash = ACTION_RENAME_RESTART};

    assert_int_equal(policy_action(&g, SHUTDOWN_poweroff), ACTION_PRESERVE);
    assert_int_equal(policy_action(&g, SHUTDOWN_reboot), ACTION_RESTART);
    assert_int_equal(policy_action(&g, SHUTDOWN_crash), ACTION_RENAME_RESTART);
    assert_int_equal(policy_action(&g, SHUTDOWN_watchdog), ACTION_RENAME_RESTART);
    assert_int_equal(policy_action(&g, 77), ACTION_RENAME_RESTART);
}

static void short_lives_wait_longer_and_longer(void **state)
{
    static const unsigned int waits[] = {0, 1, 2, 4, 8};
    uint32_t lives = 0;
    unsigned int wait, i;

    for (i = 0; i < SHORT_LIVES_MAX; i++) {
        assert_int_equal(policy_brake(ACTION_RESTART, SHORT_LIFE_S - 1, &lives, &wait),
                         ACTION_RESTART);
        assert_int_equal(wait, waits[i]);
    }
    assert_int_equal(policy_brake(ACTION_RESTART, 0, &lives, &wait), ACTION_PRESERVE);
    assert_int_equal(policy_brake(ACTION_RENAME_RESTART, 0, &lives, &wait), ACTION_PRESERVE);
    assert_int_equal(wait, 0);
}

static void a_long_life_lets_go_of_the_brake(void **state)
{
    uint32_t lives = SHORT_LIVES_MAX;
    unsigned int wait;

    assert_int_equal(policy_brake(ACTION_RESTART, SHORT_LIFE_S, &lives, &wait), ACTION_RESTART);
    assert_int_equal(wait, 0);
    assert_int_equal(lives, 0);
}

static void the_brake_is_for_restarts_only(void **state)
{
    uint32_t lives = SHORT_LIVES_MAX;
    unsigned int wait;

    assert_int_equal(policy_brake(ACTION_DESTROY, 0, &lives, &wait), ACTION_DESTROY);
    assert_int_equal(policy_brake(ACTION_PRESERVE, 0, &lives, &wait), ACTION_PRESERVE);
    assert_int_equal(lives, SHORT_LIVES_MAX);
}

static void kept_names_are_names_and_differ(void **state)
{
    char name[GUEST_NAME_MAX + 1], longest[GUEST_NAME_MAX + 1];

    policy_kept_name(name, "web", 0, 0);
    assert_string_equal(name, "web-19700101T000000Z");
    policy_kept_name(name, "web", 0, 7);
    assert_string_equal(name, "web-19700101T000000Z.7");
    memset(longest, 'n', GUEST_NAME_MAX);
    longest[GUEST_NAME_MAX] = '\0';
    policy_kept_name(name, longest, 0, 999);
    assert_int_equal(strlen(name), GUEST_NAME_MAX);
    assert_non_null(strstr(name, "n-19700101T000000Z.999"));
}

static void coredump_actions_dump_and_go_on(void **state)
{
    enum action a = ACTION_COREDUMP_DESTROY;

    (void)state;
    assert_true(policy_dumps(&a));
    assert_int_equal(a, ACTION_DESTROY);
    a = ACTION_COREDUMP_RESTART;
    assert_true(policy_dumps(&a));
    assert_int_equal(a, ACTION_RESTART);
    assert_false(policy_dumps(&a));
    assert_int_equal(a, ACTION_RESTART);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_end_has_its_action),
        cmocka_unit_test(short_lives_wait_longer_and_longer),
        cmocka_unit_test(a_long_life_lets_go_of_the_brake),
        cmocka_unit_test(the_brake_is_for_restarts_only),
        cmocka_unit_test(kept_names_are_names_and_differ),
        cmocka_unit_test(coredump_actions_dump_and_go_on),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
