/* SPDX-License-Identifier: GPL-2.0-only */
/* The scheduler on fake CPUs: the test plays both their interrupts and their guests. */
#include "tests/fake-arch/fake.h"

#include <hv/alloc.h>
#include <pv-abi/sched.h>

#define ARG_VA FAKE_GUEST_VA
#define MS     1000000ll

static struct domain *d0, *d1, *d2;

static void as_cpu(unsigned int cpu)
{
    fake_cpu = cpu;
}

/* Let CPU @cpu do its pending work, as on its way back to a guest. */
static void run_cpu(unsigned int cpu)
{
    unsigned int was = fake_cpu;

    as_cpu(cpu);
    while (softirq_pending())
        FAKE_MAY_SWITCH(softirq_run());
    fake_irqs_on = true;
    as_cpu(was);
}

/* @ns pass; timers fire on both CPUs. */
static void let_pass(s_time_t ns)
{
    for (s_time_t end = fake_now + ns; fake_now < end;) {
        fake_now += min(end - fake_now, MS / 2);
        for (unsigned int cpu = 0; cpu < fake_nr_cpus; cpu++) {
            as_cpu(cpu);
            softirq_raise(SOFTIRQ_TIMER);
            run_cpu(cpu);
        }
        as_cpu(0);
    }
}

static struct vcpu *on(unsigned int cpu)
{
    return fake_current[cpu];
}

static void start(unsigned int nr_cpus)
{
    fake_nr_cpus = nr_cpus;
    timers_init();
    sched_init();
    for (unsigned int i = 1; i < nr_cpus; i++) {
        sched_cpu_up(i);
        as_cpu(i);
        fake_set_current(sched_idle_vcpu(i));
    }
    as_cpu(0);
}

static void vcpus_init(struct domain *d)
{
    sched_domain_init(d);
    for (unsigned int i = 0; i < d->max_vcpus; i++)
        sched_vcpu_init(d->vcpu[i], 0);
}

static int setup_cpus(unsigned int n)
{
    fake_reset();
    d0 = fake_domain(0, 2);
    d1 = fake_domain(1, 2);
    d2 = fake_domain(2, 2);
    start(n);
    vcpus_init(d0);
    vcpus_init(d1);
    vcpus_init(d2);
    return 0;
}
static int setup1(void **state)
{
    return setup_cpus(1);
}
static int setup2(void **state)
{
    return setup_cpus(2);
}

static void stop(struct domain *d)
{
    d->pause_count = 1;
    for (unsigned int i = 0; i < d->max_vcpus; i++)
        vcpu_sleep_nosync(d->vcpu[i]);
}

static int teardown(void **state)
{
    struct domain *all[] = {d0, d1, d2};

    for (unsigned int i = 0; i < 3; i++)
        stop(all[i]);
    for (unsigned int cpu = 0; cpu < fake_nr_cpus; cpu++)
        run_cpu(cpu);
    for (unsigned int i = 0; i < 3; i++) {
        sched_domain_destroy(all[i]);
        for (unsigned int n = 0; n < all[i]->max_vcpus; n++)
            sched_vcpu_destroy(all[i]->vcpu[n]);
    }
    for (unsigned int cpu = 0; cpu < fake_nr_cpus; cpu++) {
        assert_ptr_equal(on(cpu), sched_idle_vcpu(cpu));
        hv_free(sched_idle_vcpu(cpu));
    }
    fake_teardown();
    return 0;
}

static void woken_vcpu_runs_and_blocked_one_stops(void **state)
{
    struct vcpu *v = d0->vcpu[0];

    vcpu_wake(v);
    assert_int_equal(v->runstate.state, RUNSTATE_runnable);
    run_cpu(0);
    assert_ptr_equal(on(0), v);
    assert_true(v->sched.running);
    assert_int_equal(v->runstate.state, RUNSTATE_running);
    let_pass(3 * MS);
    v->info->evtchn_upcall_mask = 1;
    assert_int_equal(hc_sched_op(d0, SCHEDOP_block, 0), 0);
    assert_int_equal(v->info->evtchn_upcall_mask, 0);
    run_cpu(0);
    assert_ptr_equal(on(0), sched_idle_vcpu(0));
    assert_false(v->sched.running);
    assert_int_equal(v->runstate.state, RUNSTATE_blocked);
    assert_int_equal(v->runstate.time_ns[RUNSTATE_running], 3 * MS);
    assert_int_equal(vcpu_run_ns(v), 3 * MS);
    fake_now += MS;
    vcpu_unblock(v);
    run_cpu(0);
    assert_ptr_equal(on(0), v);
    assert_int_equal(v->runstate.time_ns[RUNSTATE_blocked], MS);
}

static void block_with_an_event_pending_does_not_sleep(void **state)
{
    struct vcpu *v = d0->vcpu[0];

    vcpu_wake(v);
    run_cpu(0);
    v->info->evtchn_upcall_pending = 1;
    v->info->evtchn_upcall_mask = 1;
    assert_int_equal(hc_sched_op(d0, SCHEDOP_block, 0), 0);
    run_cpu(0);
    assert_ptr_equal(on(0), v);
    assert_int_equal(v->pause_flags, 0);
}

static void schedule_returns_when_nothing_changes(void **state)
{
    unsigned int switches;

    vcpu_wake(d0->vcpu[0]);
    run_cpu(0);
    switches = fake_calls.switches;
    softirq_raise(SOFTIRQ_SCHEDULE);
    run_cpu(0);
    assert_int_equal(fake_calls.switches, switches);
}

static void equal_vcpus_share_the_cpu(void **state)
{
    struct vcpu *a = d1->vcpu[0], *b = d2->vcpu[0];

    vcpu_wake(a);
    vcpu_wake(b);
    let_pass(1000 * MS);
    assert_in_range(vcpu_run_ns(a), 450 * MS, 550 * MS);
    assert_in_range(vcpu_run_ns(b), 450 * MS, 550 * MS);
    assert_in_range(fake_calls.switches, 50, 400);
}

static void weight_divides_time(void **state)
{
    struct vcpu *a = d1->vcpu[0], *b = d2->vcpu[0];

    a->sched.weight = 768;
    vcpu_wake(a);
    vcpu_wake(b);
    let_pass(1000 * MS);
    assert_in_range(vcpu_run_ns(a), 700 * MS, 800 * MS);
    assert_in_range(vcpu_run_ns(b), 200 * MS, 300 * MS);
}

static void a_cap_holds_alone_and_beside_another(void **state)
{
    struct vcpu *a = d1->vcpu[0], *b = d2->vcpu[0];

    sched_set_share(d1, 256, 25);
    vcpu_wake(a);
    let_pass(1000 * MS);
    assert_in_range(vcpu_run_ns(a), 245 * MS, 255 * MS);
    vcpu_wake(b);
    let_pass(1000 * MS);
    assert_in_range(vcpu_run_ns(a), 490 * MS, 510 * MS);
    assert_in_range(vcpu_run_ns(b), 740 * MS, 760 * MS);
    sched_set_share(d1, 256, 0); /* at once, also if it is parked */
    let_pass(1000 * MS);
    assert_in_range(vcpu_run_ns(a), 940 * MS, 1060 * MS);
}

static void a_cap_does_not_count_what_was_before(void **state)
{
    struct vcpu *v = d1->vcpu[0];

    vcpu_wake(v);
    let_pass(1000 * MS);
    sched_set_share(d1, 256, 25);
    let_pass(1000 * MS);
    assert_in_range(vcpu_run_ns(v), 1245 * MS, 1255 * MS);
}

static void a_vcpu_without_budget_counts_as_runnable(void **state)
{
    struct vcpu *v = d1->vcpu[0];

    sched_set_share(d1, 256, 10);
    vcpu_wake(v);
    let_pass(5 * MS);
    assert_ptr_equal(on(0), sched_idle_vcpu(0));
    assert_true(test_bit(VPF_PARKED, &v->pause_flags));
    assert_int_equal(v->runstate.state, RUNSTATE_runnable);
    d1->pause_count++; /* and is not woken by its budget while it is paused */
    vcpu_sleep_nosync(v);
    let_pass(20 * MS);
    assert_ptr_equal(on(0), sched_idle_vcpu(0));
    assert_false(test_bit(VPF_PARKED, &v->pause_flags));
    d1->pause_count--;
    vcpu_wake(v);
    run_cpu(0);
    assert_ptr_equal(on(0), v);
}

static void a_new_weight_leaves_what_a_cap_is_owed(void **state)
{
    struct vcpu *v = d1->vcpu[0];

    sched_set_share(d1, 256, 10);
    vcpu_wake(v);
    let_pass(5 * MS);
    assert_true(test_bit(VPF_PARKED, &v->pause_flags));
    sched_set_share(d1, 300, 10);
    assert_true(test_bit(VPF_PARKED, &v->pause_flags));
    sched_set_share(d1, 300, 20);
    assert_false(test_bit(VPF_PARKED, &v->pause_flags));
}

static void a_sleeper_with_a_cap_keeps_no_budget(void **state)
{
    struct vcpu *v = d1->vcpu[0];

    sched_set_share(d1, 256, 50);
    let_pass(1000 * MS);
    vcpu_wake(v);
    let_pass(100 * MS);
    assert_in_range(vcpu_run_ns(v), 45 * MS, 60 * MS);
}

static void a_cap_is_of_all_vcpus_together(void **state)
{
    struct vcpu *a = d1->vcpu[0], *b = d1->vcpu[1];

    sched_set_share(d1, 256, 50);
    vcpu_wake(a);
    vcpu_wake(b);
    let_pass(1000 * MS);
    assert_in_range(vcpu_run_ns(a) + vcpu_run_ns(b), 490 * MS, 510 * MS);
    sched_set_share(d1, 256, 150);
    let_pass(1000 * MS);
    assert_in_range(vcpu_run_ns(a) + vcpu_run_ns(b), 1980 * MS, 2020 * MS);
}

static void a_sleeper_gets_the_cpu_soon_but_no_monopoly(void **state)
{
    struct vcpu *hog = d1->vcpu[0], *sleeper = d0->vcpu[0];
    s_time_t woken;

    vcpu_wake(hog);
    run_cpu(0);
    let_pass(5000 * MS); /* sleeper has used nothing at all */
    woken = fake_now;
    vcpu_wake(sleeper);
    run_cpu(0);
    assert_ptr_equal(on(0), sleeper); /* preempts at once */
    let_pass(20 * MS);
    assert_true(vcpu_run_ns(hog) - 5000 * MS >= 4 * MS);
    assert_true(fake_now - woken >= 20 * MS);
}

static void one_that_ran_just_now_does_not_preempt(void **state)
{
    struct vcpu *a = d1->vcpu[0], *b = d2->vcpu[0];

    vcpu_wake(a);
    vcpu_wake(b);
    let_pass(500 * MS);
    softirq_raise(SOFTIRQ_SCHEDULE);
    run_cpu(0);
    if (on(0) == b) {
        struct vcpu *t = a;

        a = b;
        b = t;
    }
    /* a runs; it has had its share: after waking again it waits for b */
    set_bit(VPF_BLOCKED, &b->pause_flags);
    vcpu_sleep_nosync(b);
    vcpu_unblock(b);
    run_cpu(0);
    let_pass(40 * MS);
    assert_true(vcpu_run_ns(a) > 0 && vcpu_run_ns(b) > 0);
}

static void lone_vcpu_needs_no_slice(void **state)
{
    vcpu_wake(d0->vcpu[0]);
    run_cpu(0);
    let_pass(MS);
    assert_int_equal(fake_timer[0], 0);
    vcpu_wake(d1->vcpu[0]);
    run_cpu(0);
    assert_true(fake_timer[0] > fake_now && fake_timer[0] <= fake_now + 10 * MS);
}

static void yield_lets_the_other_go_first(void **state)
{
    struct vcpu *a = d1->vcpu[0], *b = d2->vcpu[0], *first;

    vcpu_wake(a);
    vcpu_wake(b);
    run_cpu(0);
    first = on(0);
    assert_int_equal(hc_sched_op(first->domain, SCHEDOP_yield, 0), 0);
    run_cpu(0);
    assert_ptr_equal(on(0), first == a ? b : a);
}

static void paused_vcpu_leaves_the_queue_and_the_cpu(void **state)
{
    struct vcpu *a = d1->vcpu[0], *b = d2->vcpu[0];

    vcpu_wake(a);
    run_cpu(0);
    vcpu_wake(b);
    d2->pause_count++;
    vcpu_sleep_nosync(b);
    assert_false(b->sched.queued);
    assert_int_equal(b->runstate.state, RUNSTATE_offline);
    d1->pause_count++;
    vcpu_sleep_nosync(a);
    run_cpu(0);
    assert_ptr_equal(on(0), sched_idle_vcpu(0));
    vcpu_sleep_sync(a); /* returns: it does not run */
    vcpu_wake(b);
    run_cpu(0);
    assert_ptr_equal(on(0), sched_idle_vcpu(0)); /* still paused */
    d2->pause_count--;
    vcpu_wake(b);
    run_cpu(0);
    assert_ptr_equal(on(0), b);
}

static void a_vcpu_whose_state_is_not_saved_starts_nowhere(void **state)
{
    struct vcpu *v = d0->vcpu[0];

    vcpu_wake(v);
    run_cpu(0);
    set_bit(VPF_BLOCKED, &v->pause_flags);
    fake_switch_stuck = true;
    softirq_raise(SOFTIRQ_SCHEDULE);
    run_cpu(0); /* to idle, but v is not saved */
    assert_ptr_equal(on(0), sched_idle_vcpu(0));
    assert_true(v->sched.running);
    vcpu_unblock(v);
    run_cpu(0);
    run_cpu(1);
    assert_ptr_equal(on(1), sched_idle_vcpu(1));
    assert_false(v->sched.queued);
    fake_switch_stuck = false;
    sched_switch_done(v);
    run_cpu(0);
    run_cpu(1);
    assert_true(on(0) == v || on(1) == v);
}

static void waking_prefers_an_idle_cpu(void **state)
{
    vcpu_wake(d1->vcpu[0]);
    run_cpu(0);
    vcpu_wake(d1->vcpu[1]); /* its CPU is busy, the other is not */
    run_cpu(0);
    run_cpu(1);
    assert_ptr_equal(on(0), d1->vcpu[0]);
    assert_ptr_equal(on(1), d1->vcpu[1]);
    assert_int_equal(d1->vcpu[1]->sched.cpu, 1);
    assert_int_equal(d1->vcpu[1]->singleshot.cpu, 1);
}

/* It has its queue and counts as idle since before it was told to start. */
static void nobody_waits_for_a_cpu_that_never_started(void **state)
{
    fake_nr_cpus = 1;
    vcpu_wake(d0->vcpu[0]);
    run_cpu(0);
    assert_ptr_equal(on(0), d0->vcpu[0]);
    vcpu_wake(d1->vcpu[0]);
    assert_int_equal(d1->vcpu[0]->sched.cpu, 0);
    assert_int_equal(vcpu_set_affinity(d1->vcpu[0], 2), -EINVAL);
    assert_int_equal(vcpu_set_affinity(d1->vcpu[0], 3), 0);
    assert_int_equal(d1->vcpu[0]->sched.cpu, 0);
    fake_nr_cpus = 2;
}

static void idle_cpu_steals(void **state)
{
    struct vcpu *a = d1->vcpu[0], *b = d1->vcpu[1], *c = d2->vcpu[0];

    vcpu_wake(a);
    run_cpu(0);
    vcpu_wake(b);
    run_cpu(1);
    vcpu_wake(c); /* both are busy: it waits on CPU 0 */
    assert_true(c->sched.queued);
    as_cpu(1);
    set_bit(VPF_BLOCKED, &b->pause_flags);
    softirq_raise(SOFTIRQ_SCHEDULE);
    run_cpu(1);
    as_cpu(0);
    assert_ptr_equal(on(1), c);
    assert_int_equal(c->sched.cpu, 1);
}

static void time_is_shared_over_two_cpus(void **state)
{
    struct vcpu *v[] = {d0->vcpu[0], d1->vcpu[0], d2->vcpu[0], d2->vcpu[1]};

    for (unsigned int i = 0; i < 4; i++)
        vcpu_wake(v[i]);
    let_pass(1000 * MS);
    for (unsigned int i = 0; i < 4; i++)
        assert_in_range(vcpu_run_ns(v[i]), 400 * MS, 600 * MS);
}

static void affinity_is_kept(void **state)
{
    struct vcpu *v = d1->vcpu[0];

    vcpu_wake(v);
    run_cpu(0);
    run_cpu(1);
    assert_ptr_equal(on(0), v);
    assert_int_equal(vcpu_set_affinity(v, 4), -EINVAL);
    assert_int_equal(vcpu_set_affinity(v, 2), 0);
    run_cpu(0);
    run_cpu(1);
    assert_ptr_equal(on(0), sched_idle_vcpu(0));
    assert_ptr_equal(on(1), v);
    vcpu_wake(d2->vcpu[0]);
    assert_int_equal(vcpu_set_affinity(d2->vcpu[0], 2), 0); /* queued on CPU 0: moves */
    assert_int_equal(d2->vcpu[0]->sched.cpu, 1);
    let_pass(100 * MS);
    assert_ptr_equal(on(0), sched_idle_vcpu(0));
    assert_in_range(vcpu_run_ns(d2->vcpu[0]), 30 * MS, 70 * MS);
}

/* Another CPU pins a vcpu to CPU 0 while that is on its way to CPU 1's queue, and just then it is paused: the
 * waker alone queues it. */
static struct vcpu *being_placed;
static void pin_meanwhile(void)
{
    fake_irq_restore_hook = NULL;
    being_placed->domain->pause_count++;
    assert_int_equal(vcpu_set_affinity(being_placed, 1), 0);
    being_placed->domain->pause_count--;
}

static void a_vcpu_pinned_while_it_wakes_is_not_queued_elsewhere(void **state)
{
    struct vcpu *v = being_placed = d1->vcpu[0];

    vcpu_wake(d2->vcpu[0]);
    run_cpu(0);
    fake_irq_restore_hook = pin_meanwhile;
    vcpu_wake(v); /* CPU 0 is busy: to CPU 1 */
    assert_null(fake_irq_restore_hook);
    assert_true(v->sched.queued);
    assert_int_equal(v->sched.cpu, 0);
    let_pass(20 * MS);
    assert_ptr_equal(on(0), v);
    assert_ptr_equal(on(1), d2->vcpu[0]); /* that one may go, when its slice is over */
}

static void a_vcpu_pinned_while_it_is_switched_away_is_not_queued_elsewhere(void **state)
{
    struct vcpu *v = being_placed = d1->vcpu[0];

    vcpu_wake(v);
    run_cpu(0);
    assert_int_equal(vcpu_set_affinity(v, 2), 0); /* CPU 0 lets it go, to CPU 1 */
    fake_switch_stuck = true;
    run_cpu(0);
    fake_switch_stuck = false;
    fake_irq_restore_hook = pin_meanwhile;
    sched_switch_done(v);
    assert_null(fake_irq_restore_hook);
    assert_true(v->sched.queued);
    assert_int_equal(v->sched.cpu, 0);
    let_pass(MS);
    assert_ptr_equal(on(0), v);
    assert_ptr_equal(on(1), sched_idle_vcpu(1));
}

static void put_current(struct vcpu *v)
{
    vcpu_wake(v);
    run_cpu(0);
    assert_ptr_equal(on(0), v);
}

static long poll(evtchn_port_t *ports, unsigned int n, uint64_t timeout)
{
    struct sched_poll op = {.ports = ARG_VA + 64, .nr_ports = n, .timeout = timeout};

    memcpy(fake_guest(ARG_VA), &op, sizeof(op));
    if (n <= 128)
        memcpy(fake_guest(ARG_VA + 64), ports, n * sizeof(*ports));
    return hc_sched_op(d0, SCHEDOP_poll, ARG_VA);
}

static void poll_sleeps_until_the_time_is_over(void **state)
{
    struct vcpu *v = d0->vcpu[0];
    evtchn_port_t port = 5;

    put_current(v);
    v->info->evtchn_upcall_mask = 1;
    assert_int_equal(poll(&port, 1, (uint64_t)(fake_now + 4 * MS)), 0);
    run_cpu(0);
    assert_ptr_equal(on(0), sched_idle_vcpu(0));
    assert_int_equal(v->poll_port, 5);
    let_pass(3 * MS);
    assert_ptr_equal(on(0), sched_idle_vcpu(0));
    let_pass(2 * MS);
    assert_ptr_equal(on(0), v);
    assert_int_equal(d0->evtchn.pollers, 0);
    assert_int_equal(v->poll_port, 0);
}

static void poll_sees_what_is_pending_already(void **state)
{
    struct vcpu *v = d0->vcpu[0];
    evtchn_port_t ports[] = {5, 6};

    put_current(v);
    set_bit(6, d0->shared->evtchn_pending);
    assert_int_equal(poll(ports, 2, 0), 0);
    run_cpu(0);
    assert_ptr_equal(on(0), v);
    assert_int_equal(d0->evtchn.pollers, 0);
    clear_bit(6, d0->shared->evtchn_pending);
    v->info->evtchn_upcall_pending = 1; /* an upcall is waiting */
    assert_int_equal(poll(ports, 2, 0), 0);
    run_cpu(0);
    assert_ptr_equal(on(0), v);
}

static void poll_checks_its_arguments(void **state)
{
    evtchn_port_t ports[129] = {5};

    put_current(d0->vcpu[0]);
    assert_int_equal(poll(ports, 129, 0), -EINVAL);
    ports[0] = 0;
    assert_int_equal(poll(ports, 1, 0), -EINVAL);
    assert_int_equal(d0->vcpu[0]->pause_flags, 0);
    assert_int_equal(hc_sched_op(d0, SCHEDOP_poll, 8), -EFAULT);
    fake_guest_read_faults_at(ARG_VA + 64);
    assert_int_equal(poll(ports, 1, 0), -EFAULT);
}

static void shutdown_tells_the_domain(void **state)
{
    struct sched_shutdown s = {.reason = SHUTDOWN_reboot};

    put_current(d0->vcpu[0]);
    memcpy(fake_guest(ARG_VA), &s, sizeof(s));
    assert_int_equal(hc_sched_op(d1, SCHEDOP_shutdown_code, ARG_VA), 0);
    assert_int_equal(d1->shutdown_code, SHUTDOWN_reboot);
    assert_int_equal(fake_calls.shutdowns, 0);
    assert_int_equal(hc_sched_op(d1, SCHEDOP_shutdown, ARG_VA), 0);
    assert_int_equal(fake_calls.shutdowns, 1);
    assert_int_equal(fake_calls.shutdown_code, SHUTDOWN_reboot);
    assert_int_equal(hc_sched_op(d1, SCHEDOP_shutdown_code, ARG_VA), -EINVAL);
    assert_int_equal(hc_sched_op(d1, SCHEDOP_shutdown, 3), -EFAULT);
    assert_int_equal(hc_sched_op(d1, SCHEDOP_shutdown_code, 3), -EFAULT);
}

static void remote_shutdown_is_for_dom0(void **state)
{
    struct sched_remote_shutdown s = {.domain_id = 1, .reason = SHUTDOWN_crash};

    put_current(d0->vcpu[0]);
    memcpy(fake_guest(ARG_VA), &s, sizeof(s));
    assert_int_equal(hc_sched_op(d2, SCHEDOP_remote_shutdown, ARG_VA), -EPERM);
    assert_int_equal(hc_sched_op(d0, SCHEDOP_remote_shutdown, ARG_VA), 0);
    assert_true(d1->is_shut_down);
    s.domain_id = 9;
    memcpy(fake_guest(ARG_VA), &s, sizeof(s));
    assert_int_equal(hc_sched_op(d0, SCHEDOP_remote_shutdown, ARG_VA), -ESRCH);
    s.domain_id = 0;
    memcpy(fake_guest(ARG_VA), &s, sizeof(s));
    assert_int_equal(hc_sched_op(d0, SCHEDOP_remote_shutdown, ARG_VA), -EINVAL);
    assert_int_equal(hc_sched_op(d0, SCHEDOP_remote_shutdown, 1), -EFAULT);
}

static long watchdog(uint32_t id, uint32_t timeout)
{
    struct sched_watchdog *op = fake_guest(ARG_VA);

    op->id = id;
    op->timeout = timeout;
    return hc_sched_op(d0, SCHEDOP_watchdog, ARG_VA);
}

static void a_watchdog_that_is_not_kicked_ends_the_domain(void **state)
{
    assert_int_equal(watchdog(0, 0), -EINVAL);
    assert_int_equal(watchdog(1, 5), -EINVAL);
    assert_int_equal(watchdog(0, 5), 1);
    assert_int_equal(watchdog(0, 5), 2);
    assert_int_equal(watchdog(0, 5), -ENOSPC);
    assert_int_equal(watchdog(3, 5), -EINVAL);
    assert_int_equal(watchdog(2, 0), 0);
    let_pass(3000 * MS);
    assert_int_equal(watchdog(1, 5), 0);
    let_pass(4900 * MS);
    assert_int_equal(fake_calls.shutdowns, 0);
    let_pass(200 * MS);
    assert_int_equal(fake_calls.shutdowns, 1);
    assert_int_equal(fake_calls.shutdown_code, SHUTDOWN_watchdog);
}

static void the_rest_does_not_exist(void **state)
{
    assert_int_equal(hc_sched_op(d0, SCHEDOP_pin_override, ARG_VA), -ENOSYS);
    assert_int_equal(hc_sched_op(d0, 8, ARG_VA), -ENOSYS);
}

static void set_timer_sends_the_timer_virq(void **state)
{
    put_current(d0->vcpu[0]);
    assert_int_equal(hc_set_timer_op(d0, (uint64_t)(fake_now + 2 * MS)), 0);
    let_pass(MS);
    assert_int_equal(fake_calls.virqs_global, 0);
    let_pass(2 * MS);
    assert_int_equal(fake_calls.virqs_global, 1);
    assert_int_equal(hc_set_timer_op(d0, (uint64_t)(fake_now + MS)), 0);
    assert_int_equal(hc_set_timer_op(d0, 0), 0);
    let_pass(5 * MS);
    assert_int_equal(fake_calls.virqs_global, 1);
    assert_int_equal(hc_set_timer_op(d0, 1), 0); /* past */
    let_pass(MS);
    assert_int_equal(fake_calls.virqs_global, 2);
    assert_int_equal(hc_set_timer_op(d0, ~0ull - 5), 0); /* wrapped: soon */
    let_pass(101 * MS);
    assert_int_equal(fake_calls.virqs_global, 3);
}

#define T1(f) cmocka_unit_test_setup_teardown(f, setup1, teardown)
#define T2(f) cmocka_unit_test_setup_teardown(f, setup2, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        /* one CPU first: CPUs that a test brought up stay known */
        T1(woken_vcpu_runs_and_blocked_one_stops),
        T1(block_with_an_event_pending_does_not_sleep),
        T1(schedule_returns_when_nothing_changes),
        T1(equal_vcpus_share_the_cpu),
        T1(weight_divides_time),
        T1(a_cap_holds_alone_and_beside_another),
        T1(a_cap_does_not_count_what_was_before),
        T1(a_vcpu_without_budget_counts_as_runnable),
        T1(a_new_weight_leaves_what_a_cap_is_owed),
        T1(a_sleeper_with_a_cap_keeps_no_budget),
        T1(a_sleeper_gets_the_cpu_soon_but_no_monopoly),
        T1(one_that_ran_just_now_does_not_preempt),
        T1(lone_vcpu_needs_no_slice),
        T1(yield_lets_the_other_go_first),
        T1(paused_vcpu_leaves_the_queue_and_the_cpu),
        T1(poll_sleeps_until_the_time_is_over),
        T1(poll_sees_what_is_pending_already),
        T1(poll_checks_its_arguments),
        T1(shutdown_tells_the_domain),
        T1(remote_shutdown_is_for_dom0),
        T1(a_watchdog_that_is_not_kicked_ends_the_domain),
        T1(the_rest_does_not_exist),
        T1(set_timer_sends_the_timer_virq),
        T2(a_vcpu_whose_state_is_not_saved_starts_nowhere),
        T2(waking_prefers_an_idle_cpu),
        T2(nobody_waits_for_a_cpu_that_never_started),
        T2(idle_cpu_steals),
        T2(time_is_shared_over_two_cpus),
        T2(a_cap_is_of_all_vcpus_together),
        T2(affinity_is_kept),
        T2(a_vcpu_pinned_while_it_wakes_is_not_queued_elsewhere),
        T2(a_vcpu_pinned_while_it_is_switched_away_is_not_queued_elsewhere),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
