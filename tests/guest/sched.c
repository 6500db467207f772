/* SPDX-License-Identifier: GPL-2.0-only */
/* sched_op, set_timer_op: giving up the CPU, polling, timeouts, the watchdog. */
#include "mini.h"

#define MS 1000000UL

static uint32_t timer_port;

static void timer_bind(void)
{
    struct evtchn_bind_virq op = {.virq = VIRQ_TIMER};

    CHECK_EQ(evtchn_op(EVTCHNOP_bind_virq, &op), 0);
    timer_port = op.port;
    event_counts[timer_port] = 0;
    event_clear_bit(timer_port);
}

static void timer_unbind(void)
{
    struct evtchn_close op = {.port = timer_port};

    event_mask_bit(timer_port);
    CHECK_EQ(evtchn_op(EVTCHNOP_close, &op), 0);
}

static long set_timer(uint64_t ns)
{
    return hypercall1(__HYPERVISOR_set_timer_op, ns);
}

TEST(yield_returns)
{
    CHECK_EQ(sched_op(SCHEDOP_yield, NULL), 0);
}

TEST(block_waits_for_the_timer)
{
    uint64_t start;

    timer_bind();
    event_unmask_bit(timer_port);
    start = system_time_ns();
    CHECK_EQ(set_timer(start + 5 * MS), 0);
    /* Other events may wake it, too, but not often. */
    for (int i = 0; i < 10 && !event_counts[timer_port]; i++) {
        CHECK_EQ(sched_op(SCHEDOP_block, NULL), 0);
        CHECK(events_enabled()); /* blocking unmasks upcalls */
    }
    CHECK_EQ(event_counts[timer_port], 1);
    CHECK(system_time_ns() >= start + 5 * MS);
    events_disable();
    timer_unbind();
}

TEST(block_returns_at_once_if_something_is_pending)
{
    struct evtchn_bind_ipi ipi = {.vcpu = 0};
    struct evtchn_send send;
    struct evtchn_close close;

    CHECK_EQ(evtchn_op(EVTCHNOP_bind_ipi, &ipi), 0);
    event_unmask_bit(ipi.port);
    event_counts[ipi.port] = 0;
    send.port = ipi.port;
    CHECK_EQ(evtchn_op(EVTCHNOP_send, &send), 0);
    CHECK_EQ(sched_op(SCHEDOP_block, NULL), 0);
    CHECK_EQ(event_counts[ipi.port], 1);
    events_disable();
    event_mask_bit(ipi.port);
    close.port = ipi.port;
    CHECK_EQ(evtchn_op(EVTCHNOP_close, &close), 0);
}

TEST(a_timer_in_the_past_fires_at_once)
{
    timer_bind();
    event_unmask_bit(timer_port);
    CHECK_EQ(set_timer(1), 0);
    for (int i = 0; i < 10 && !event_counts[timer_port]; i++)
        CHECK_EQ(sched_op(SCHEDOP_block, NULL), 0);
    CHECK_EQ(event_counts[timer_port], 1);
    events_disable();
    timer_unbind();
}

TEST(timer_zero_stops_it)
{
    uint64_t start;
    struct sched_poll poll;

    timer_bind();
    start = system_time_ns();
    CHECK_EQ(set_timer(start + 200 * MS), 0);
    CHECK_EQ(set_timer(0), 0);
    poll.ports = PTR(&timer_port);
    poll.nr_ports = 1;
    poll.timeout = start + 300 * MS;
    for (int i = 0; i < 10 && system_time_ns() < poll.timeout; i++)
        CHECK_EQ(sched_op(SCHEDOP_poll, &poll), 0);
    CHECK(!event_pending_bit(timer_port));
    CHECK(system_time_ns() >= start + 300 * MS);
    timer_unbind();
}

TEST(poll_returns_when_a_port_fires)
{
    struct sched_poll poll = {.nr_ports = 1};
    uint64_t start;

    timer_bind();
    event_mask_bit(timer_port); /* polling does not need delivery */
    poll.ports = PTR(&timer_port);
    start = system_time_ns();
    poll.timeout = start + 2000 * MS;
    CHECK_EQ(set_timer(start + 3 * MS), 0);
    for (int i = 0; i < 10 && !event_pending_bit(timer_port); i++)
        CHECK_EQ(sched_op(SCHEDOP_poll, &poll), 0);
    CHECK(event_pending_bit(timer_port));
    CHECK(system_time_ns() < start + 2000 * MS);
    event_clear_bit(timer_port);
    timer_unbind();
}

TEST(poll_of_a_pending_port_returns_at_once)
{
    struct sched_poll poll = {.nr_ports = 1, .timeout = 0};
    struct evtchn_bind_ipi ipi = {.vcpu = 0};
    struct evtchn_send send;
    struct evtchn_close close;

    CHECK_EQ(evtchn_op(EVTCHNOP_bind_ipi, &ipi), 0);
    event_mask_bit(ipi.port);
    send.port = close.port = ipi.port;
    CHECK_EQ(evtchn_op(EVTCHNOP_send, &send), 0);
    poll.ports = PTR(&ipi.port);
    CHECK_EQ(sched_op(SCHEDOP_poll, &poll), 0);
    event_clear_bit(ipi.port);
    CHECK_EQ(evtchn_op(EVTCHNOP_close, &close), 0);
}

TEST(poll_times_out)
{
    struct sched_poll poll = {.nr_ports = 1};
    uint64_t start;

    timer_bind();
    poll.ports = PTR(&timer_port);
    start = system_time_ns();
    poll.timeout = start + 3 * MS;
    /* Other events may wake it early, but not often. */
    for (int i = 0; i < 10 && system_time_ns() < poll.timeout; i++)
        CHECK_EQ(sched_op(SCHEDOP_poll, &poll), 0);
    CHECK(system_time_ns() >= start + 3 * MS);
    /* A time that has passed: no waiting. */
    poll.timeout = 1;
    CHECK_EQ(sched_op(SCHEDOP_poll, &poll), 0);
    timer_unbind();
}

TEST(poll_checks_its_arguments)
{
    uint32_t port = 0xffffffff;
    struct sched_poll poll = {.ports = PTR(&port), .nr_ports = 1, .timeout = 1};

    CHECK_EQ(sched_op(SCHEDOP_poll, &poll), -XEN_EINVAL);
    poll.nr_ports = 129;
    CHECK_EQ(sched_op(SCHEDOP_poll, &poll), -XEN_EINVAL);
    poll.nr_ports = 1;
    poll.ports = 0x1000;
    CHECK_EQ(sched_op(SCHEDOP_poll, &poll), -XEN_EFAULT);
    CHECK_EQ(sched_op(SCHEDOP_poll, (void *)0x1000), -XEN_EFAULT);
}

TEST(shutdown_checks_its_pointer)
{
    CHECK_EQ(sched_op(SCHEDOP_shutdown, (void *)0x1000), -XEN_EFAULT);
    CHECK_EQ(sched_op(SCHEDOP_shutdown_code, (void *)0x1000), -XEN_EFAULT);
}

/* Remembered for whoever reads it after the end. */
TEST(shutdown_code_is_taken)
{
    struct sched_shutdown op = {.reason = SHUTDOWN_reboot};
    long rc = sched_op(SCHEDOP_shutdown_code, &op);

    /* The domain goes on running; for dom0 a later shutdown names its own reason. */
    CHECK_EQ(rc, 0);
}

TEST(remote_shutdown_needs_a_domain)
{
    struct sched_remote_shutdown op = {.domain_id = 0x1234, .reason = SHUTDOWN_poweroff};

    CHECK_EQ(sched_op(SCHEDOP_remote_shutdown, &op), unprivileged(-XEN_ESRCH));
    CHECK_EQ(sched_op(SCHEDOP_remote_shutdown, (void *)0x1000), -XEN_EFAULT);
    if (!is_dom0()) {
        op.domain_id = 0;
        CHECK_EQ(sched_op(SCHEDOP_remote_shutdown, &op), -XEN_EPERM);
    }
}

TEST(watchdogs_are_made_and_stopped)
{
    struct sched_watchdog op = {.id = 0, .timeout = 100};
    long first = sched_op(SCHEDOP_watchdog, &op), second;

    CHECK(first > 0);
    second = sched_op(SCHEDOP_watchdog, &op);
    CHECK(second > 0 && second != first);
    CHECK_EQ((int32_t)sched_op(SCHEDOP_watchdog, &op), -XEN_ENOSPC);
    op.id = (uint32_t)first; /* a kick */
    CHECK_EQ((int32_t)sched_op(SCHEDOP_watchdog, &op), 0);
    op.timeout = 0;
    CHECK_EQ((int32_t)sched_op(SCHEDOP_watchdog, &op), 0);
    CHECK_EQ((int32_t)sched_op(SCHEDOP_watchdog, &op), -XEN_EINVAL); /* stopped already */
    op.id = (uint32_t)second;
    CHECK_EQ((int32_t)sched_op(SCHEDOP_watchdog, &op), 0);
    op.id = 1000;
    CHECK_EQ((int32_t)sched_op(SCHEDOP_watchdog, &op), -XEN_EINVAL);
    CHECK_EQ((int32_t)sched_op(SCHEDOP_watchdog, (void *)0x1000), -XEN_EFAULT);
}

TEST(pin_override_is_dom0s)
{
    int32_t cpu = 0;
    long rc = sched_op(SCHEDOP_pin_override, &cpu);

    if (!is_dom0()) {
        CHECK(rc == -XEN_EPERM || rc == -XEN_ENOSYS);
        return;
    }
    if (rc == -XEN_ENOSYS)
        return;
    CHECK_EQ(rc, 0);
    cpu = 10000;
    CHECK(sched_op(SCHEDOP_pin_override, &cpu) < 0);
    cpu = -1;
    CHECK_EQ(sched_op(SCHEDOP_pin_override, &cpu), 0);
    CHECK_EQ(sched_op(SCHEDOP_pin_override, (void *)0x1000), -XEN_EFAULT);
}

TEST(unknown_operations_are_refused)
{
    uint64_t room[4] = {0};

    CHECK_EQ(sched_op(8, room), -XEN_ENOSYS);
    CHECK_EQ(sched_op(0xffff, room), -XEN_ENOSYS);
}

TEST(the_compat_form_yields)
{
    long rc = hypercall2(__HYPERVISOR_sched_op_compat, SCHEDOP_yield, 0);

    CHECK(rc == 0 || rc == -XEN_ENOSYS);
    CHECK_EQ(hypercall2(__HYPERVISOR_sched_op_compat, 99, 0), -XEN_ENOSYS);
}
