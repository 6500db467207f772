/* SPDX-License-Identifier: GPL-2.0-only */
#include "tests/fake-arch/fake.h"

#include <stdlib.h>

static struct timer t[200];
static unsigned int fired[200], order[400], nr_fired;

static void fire(void *arg)
{
    unsigned int n = (unsigned int)(uintptr_t)arg;

    fired[n]++;
    order[nr_fired++] = n;
}

static int setup(void **state)
{
    fake_reset();
    fake_nr_cpus = 2;
    timers_init();
    nr_fired = 0;
    memset(fired, 0, sizeof(fired));
    for (unsigned int i = 0; i < ARRAY_SIZE(t); i++)
        timer_init(&t[i], fire, (void *)(uintptr_t)i, 0);
    return 0;
}

static int teardown(void **state)
{
    for (unsigned int i = 0; i < ARRAY_SIZE(t); i++)
        timer_kill(&t[i]);
    for (fake_cpu = 0; fake_cpu < 2; fake_cpu++)
        softirq_run();
    fake_teardown();
    return 0;
}

static void pass_to(s_time_t now)
{
    fake_now = now;
    softirq_raise(SOFTIRQ_TIMER);
    softirq_run();
}

static void timer_fires_once_when_it_is_due(void **state)
{
    timer_set(&t[0], fake_now + 1000);
    assert_int_equal(fake_timer[0], fake_now + 1000);
    pass_to(fake_now + 999);
    assert_int_equal(fired[0], 0);
    pass_to(fake_now + 1);
    assert_int_equal(fired[0], 1);
    assert_int_equal(fake_timer[0], 0);
    pass_to(fake_now + 100000);
    assert_int_equal(fired[0], 1);
}

static void set_again_replaces_the_expiry(void **state)
{
    timer_set(&t[0], fake_now + 1000);
    timer_set(&t[0], fake_now + 5000);
    pass_to(fake_now + 1000);
    assert_int_equal(fired[0], 0);
    assert_int_equal(fake_timer[0], fake_now + 4000);
    timer_set(&t[0], fake_now + 10);
    assert_int_equal(fake_timer[0], fake_now + 10);
    pass_to(fake_now + 10);
    assert_int_equal(fired[0], 1);
}

static void stopped_timer_stays_silent(void **state)
{
    timer_set(&t[0], fake_now + 1000);
    timer_stop(&t[0]);
    timer_stop(&t[0]);
    pass_to(fake_now + 2000);
    assert_int_equal(fired[0], 0);
    timer_set(&t[0], fake_now + 5);
    pass_to(fake_now + 5);
    assert_int_equal(fired[0], 1);
}

static void killed_timer_cannot_be_set(void **state)
{
    timer_set(&t[0], fake_now + 1000);
    timer_kill(&t[0]);
    timer_set(&t[0], fake_now + 1);
    pass_to(fake_now + 2000);
    assert_int_equal(fired[0], 0);
}

static void a_time_in_the_past_fires_at_once(void **state)
{
    timer_set(&t[0], fake_now - 5);
    timer_set(&t[1], 0);
    timer_set(&t[2], -7);
    assert_true(fake_timer[0] > 0 && fake_timer[0] <= fake_now);
    pass_to(fake_now);
    assert_int_equal(fired[0] + fired[1] + fired[2], 3);
}

static void many_timers_fire_in_order(void **state)
{
    s_time_t start = fake_now, when[200];
    bool on[200];

    srandom(3);
    for (unsigned int i = 0; i < 200; i++) {
        when[i] = start + 1 + random() % 1000;
        on[i] = true;
        timer_set(&t[i], when[i]);
    }
    for (unsigned int i = 0; i < 300; i++) {
        unsigned int n = (unsigned int)random() % 200;

        if (random() % 2) {
            timer_stop(&t[n]);
            on[n] = false;
        } else {
            when[n] = start + 1 + random() % 1000;
            on[n] = true;
            timer_set(&t[n], when[n]);
        }
    }
    for (s_time_t now = start; now <= start + 1001; now += 7)
        pass_to(now);
    for (unsigned int i = 0; i < 200; i++)
        assert_int_equal(fired[i], on[i]);
    pass_to(start + 2000);
    for (unsigned int i = 1; i < nr_fired; i++)
        assert_true((when[order[i - 1]] - start + 6) / 7 <= (when[order[i]] - start + 6) / 7);
}

static void rearm(void *arg)
{
    fired[0]++;
    timer_set(&t[0], fake_now + 10);
}

static void function_may_set_its_own_timer(void **state)
{
    timer_init(&t[0], rearm, NULL, 0);
    timer_set(&t[0], fake_now);
    for (int i = 0; i < 5; i++)
        pass_to(fake_now + 10);
    assert_int_equal(fired[0], 5);
}

static void another_cpus_timer_is_programmed_there(void **state)
{
    timer_init(&t[0], fire, NULL, 1);
    timer_set(&t[0], fake_now + 50);
    assert_int_equal(fake_timer[0], 0);
    assert_int_equal(fake_timer[1], 0);
    assert_int_equal(fake_calls.ipis, 1);
    assert_int_equal(fake_calls.ipi_mask_cpu_last, 1);
    fake_cpu = 1;
    softirq_run();
    assert_int_equal(fake_timer[1], fake_now + 50);
}

static void migrated_timer_fires_on_the_other_cpu(void **state)
{
    timer_set(&t[0], fake_now + 50);
    timer_migrate(&t[0], 1);
    timer_migrate(&t[1], 1);
    pass_to(fake_now + 60);
    assert_int_equal(fired[0], 0);
    fake_cpu = 1;
    softirq_run();
    assert_int_equal(fired[0], 1);
    timer_set(&t[1], fake_now + 1);
    assert_int_equal(fake_timer[1], fake_now + 1);
}

static unsigned int ran[NR_SOFTIRQ], sequence[8], nr_ran;
static void schedule_ran(void)
{
    sequence[nr_ran++] = SOFTIRQ_SCHEDULE;
}
static void timer_ran(void)
{
    sequence[nr_ran++] = SOFTIRQ_TIMER;
    if (!ran[0]++)
        softirq_raise(SOFTIRQ_TIMER);
}

static void softirqs_run_until_none_is_left_schedule_last(void **state)
{
    softirq_open(SOFTIRQ_SCHEDULE, schedule_ran);
    softirq_open(SOFTIRQ_TIMER, timer_ran);
    nr_ran = 0;
    assert_false(softirq_pending());
    softirq_raise(SOFTIRQ_SCHEDULE);
    softirq_raise(SOFTIRQ_TIMER);
    assert_true(softirq_pending());
    softirq_run();
    assert_int_equal(nr_ran, 3);
    assert_int_equal(sequence[2], SOFTIRQ_SCHEDULE);
    assert_false(softirq_pending());
}

static void raising_elsewhere_interrupts_once(void **state)
{
    softirq_open(SOFTIRQ_SCHEDULE, schedule_ran);
    nr_ran = 0;
    softirq_raise_on(1, SOFTIRQ_SCHEDULE);
    softirq_raise_on(1, SOFTIRQ_SCHEDULE);
    softirq_raise_on(0, SOFTIRQ_SCHEDULE);
    assert_int_equal(fake_calls.ipis, 1);
    softirq_run();
    assert_int_equal(nr_ran, 1);
    fake_cpu = 1;
    assert_true(softirq_pending());
    softirq_run();
    assert_int_equal(nr_ran, 2);
}

#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(timer_fires_once_when_it_is_due),
        T(set_again_replaces_the_expiry),
        T(stopped_timer_stays_silent),
        T(killed_timer_cannot_be_set),
        T(a_time_in_the_past_fires_at_once),
        T(many_timers_fire_in_order),
        T(function_may_set_its_own_timer),
        T(another_cpus_timer_is_programmed_there),
        T(migrated_timer_fires_on_the_other_cpu),
        T(softirqs_run_until_none_is_left_schedule_last),
        T(raising_elsewhere_interrupts_once),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
