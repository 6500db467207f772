/* SPDX-License-Identifier: GPL-2.0-only */
/* Event channels: every operation, its states, and delivery. */
#include "mini.h"

static long alloc_unbound(domid_t remote, uint32_t *port)
{
    struct evtchn_alloc_unbound op = {.dom = DOMID_SELF, .remote_dom = remote};
    long rc = evtchn_op(EVTCHNOP_alloc_unbound, &op);

    *port = op.port;
    return rc;
}

static long bind_interdomain(domid_t remote, uint32_t remote_port, uint32_t *port)
{
    struct evtchn_bind_interdomain op = {.remote_dom = remote, .remote_port = remote_port};
    long rc = evtchn_op(EVTCHNOP_bind_interdomain, &op);

    *port = op.local_port;
    return rc;
}

static long bind_virq(uint32_t virq, uint32_t vcpu, uint32_t *port)
{
    struct evtchn_bind_virq op = {.virq = virq, .vcpu = vcpu};
    long rc = evtchn_op(EVTCHNOP_bind_virq, &op);

    *port = op.port;
    return rc;
}

static long bind_ipi(uint32_t vcpu, uint32_t *port)
{
    struct evtchn_bind_ipi op = {.vcpu = vcpu};
    long rc = evtchn_op(EVTCHNOP_bind_ipi, &op);

    *port = op.port;
    return rc;
}

static long close_port(uint32_t port)
{
    struct evtchn_close op = {.port = port};

    return evtchn_op(EVTCHNOP_close, &op);
}

static long send(uint32_t port)
{
    struct evtchn_send op = {.port = port};

    return evtchn_op(EVTCHNOP_send, &op);
}

static struct evtchn_status status(uint32_t port)
{
    struct evtchn_status op = {.dom = DOMID_SELF, .port = port};

    CHECK_EQ(evtchn_op(EVTCHNOP_status, &op), 0);
    return op;
}

TEST(alloc_unbound_gives_a_port)
{
    uint32_t port = 0, other = 0;

    CHECK_EQ(alloc_unbound(DOMID_SELF, &port), 0);
    CHECK(port > 0 && port < EVTCHN_2L_NR_CHANNELS);
    CHECK_EQ(status(port).status, EVTCHNSTAT_unbound);
    CHECK_EQ(alloc_unbound(0x1234, &other), 0); /* the peer need not exist yet */
    CHECK_EQ(status(other).status, EVTCHNSTAT_unbound);
    CHECK_EQ(status(other).u.unbound.dom, 0x1234);
    CHECK(other != port);
    CHECK_EQ(close_port(port), 0);
    CHECK_EQ(close_port(other), 0);
    CHECK_EQ(status(port).status, EVTCHNSTAT_closed);
}

TEST(alloc_unbound_for_others_is_for_tools)
{
    struct evtchn_alloc_unbound op = {.dom = 0x1234, .remote_dom = DOMID_SELF};

    CHECK_EQ(evtchn_op(EVTCHNOP_alloc_unbound, &op), unprivileged(-XEN_ESRCH));
    op.dom = 0;
    CHECK_EQ(evtchn_op(EVTCHNOP_alloc_unbound, &op), is_dom0() ? 0 : -XEN_EPERM);
    if (is_dom0())
        CHECK_EQ(close_port(op.port), 0);
    CHECK_EQ(evtchn_op(EVTCHNOP_alloc_unbound, (void *)0x1000), -XEN_EFAULT);
}

TEST(closed_ports_are_used_again)
{
    uint32_t first = 0, second = 0;

    CHECK_EQ(alloc_unbound(DOMID_SELF, &first), 0);
    CHECK_EQ(close_port(first), 0);
    CHECK_EQ(alloc_unbound(DOMID_SELF, &second), 0);
    CHECK_EQ(second, first);
    CHECK_EQ(close_port(second), 0);
}

TEST(bind_interdomain_joins_two_ends)
{
    uint32_t a = 0, b = 0;
    struct evtchn_status s;

    CHECK_EQ(alloc_unbound(DOMID_SELF, &a), 0);
    CHECK_EQ(bind_interdomain(DOMID_SELF, a, &b), 0);
    CHECK(a != b);
    s = status(a);
    CHECK_EQ(s.status, EVTCHNSTAT_interdomain);
    CHECK_EQ(s.u.interdomain.port, b);
    s = status(b);
    CHECK_EQ(s.status, EVTCHNSTAT_interdomain);
    CHECK_EQ(s.u.interdomain.port, a);
    /* A new binding is pending at once, so that no event before it is lost. */
    CHECK(event_pending_bit(b));
    event_clear_bit(a);
    event_clear_bit(b);
    CHECK_EQ(send(a), 0);
    CHECK(event_pending_bit(b));
    CHECK(!event_pending_bit(a));
    CHECK_EQ(send(b), 0);
    CHECK(event_pending_bit(a));
    /* Closing one end leaves the other unbound. */
    CHECK_EQ(close_port(b), 0);
    CHECK_EQ(status(a).status, EVTCHNSTAT_unbound);
    CHECK_EQ(close_port(a), 0);
    event_clear_bit(a);
    event_clear_bit(b);
}

TEST(bind_interdomain_refuses_what_is_not_offered)
{
    uint32_t port = 0, ipi = 0, local = 0;

    CHECK_EQ(bind_interdomain(DOMID_SELF, 4000, &local), -XEN_EINVAL);
    CHECK_EQ(bind_interdomain(DOMID_SELF, 0, &local), -XEN_EINVAL);
    CHECK_EQ(bind_interdomain(DOMID_SELF, 0xffffffff, &local), -XEN_EINVAL);
    CHECK_EQ(bind_interdomain(0x1234, 1, &local), -XEN_ESRCH);
    CHECK_EQ(alloc_unbound(0x1234, &port), 0);
    CHECK_EQ(bind_interdomain(DOMID_SELF, port, &local), -XEN_EINVAL);
    CHECK_EQ(bind_ipi(0, &ipi), 0);
    CHECK_EQ(bind_interdomain(DOMID_SELF, ipi, &local), -XEN_EINVAL);
    CHECK_EQ(close_port(port), 0);
    CHECK_EQ(close_port(ipi), 0);
    CHECK_EQ(evtchn_op(EVTCHNOP_bind_interdomain, (void *)0x1000), -XEN_EFAULT);
}

TEST(bind_virq_binds_once)
{
    uint32_t port = 0, again = 0;

    CHECK_EQ(bind_virq(VIRQ_DEBUG, 0, &port), 0);
    CHECK_EQ(status(port).status, EVTCHNSTAT_virq);
    CHECK_EQ(status(port).u.virq, VIRQ_DEBUG);
    CHECK_EQ(status(port).vcpu, 0);
    CHECK_EQ(bind_virq(VIRQ_DEBUG, 0, &again), -XEN_EEXIST);
    CHECK_EQ(close_port(port), 0);
    CHECK_EQ(bind_virq(VIRQ_DEBUG, 0, &port), 0);
    CHECK_EQ(close_port(port), 0);
}

TEST(bind_virq_checks_its_arguments)
{
    uint32_t port = 0;

    CHECK_EQ(bind_virq(NR_VIRQS, 0, &port), -XEN_EINVAL);
    CHECK_EQ(bind_virq(0xffffffff, 0, &port), -XEN_EINVAL);
    CHECK_EQ(bind_virq(VIRQ_TIMER, 1000, &port), -XEN_ENOENT);
    /* Global ones only on vCPU 0. */
    CHECK_EQ(bind_virq(VIRQ_CONSOLE, 1, &port), -XEN_EINVAL);
    CHECK_EQ(evtchn_op(EVTCHNOP_bind_virq, (void *)0x1000), -XEN_EFAULT);
}

TEST(bind_ipi_reaches_its_vcpu)
{
    uint32_t port = 0;

    CHECK_EQ(bind_ipi(0, &port), 0);
    CHECK_EQ(status(port).status, EVTCHNSTAT_ipi);
    CHECK_EQ(status(port).vcpu, 0);
    event_unmask_bit(port);
    event_counts[port] = 0;
    events_enable();
    CHECK_EQ(send(port), 0);
    CHECK_EQ(event_counts[port], 1);
    CHECK_EQ(send(port), 0);
    CHECK_EQ(event_counts[port], 2);
    events_disable();
    event_mask_bit(port);
    CHECK_EQ(close_port(port), 0);
    CHECK_EQ(bind_ipi(1000, &port), -XEN_ENOENT);
    CHECK_EQ(evtchn_op(EVTCHNOP_bind_ipi, (void *)0x1000), -XEN_EFAULT);
}

TEST(masked_events_wait_for_unmask)
{
    struct evtchn_unmask unmask;
    uint32_t port = 0;

    CHECK_EQ(bind_ipi(0, &port), 0);
    event_mask_bit(port);
    event_counts[port] = 0;
    events_enable();
    CHECK_EQ(send(port), 0);
    CHECK(event_pending_bit(port));
    CHECK_EQ(event_counts[port], 0);
    unmask.port = port;
    CHECK_EQ(evtchn_op(EVTCHNOP_unmask, &unmask), 0);
    CHECK_EQ(event_counts[port], 1);
    CHECK(!event_pending_bit(port));
    events_disable();
    event_mask_bit(port);
    CHECK_EQ(close_port(port), 0);
}

TEST(events_wait_while_upcalls_are_masked)
{
    uint32_t port = 0;

    CHECK_EQ(bind_ipi(0, &port), 0);
    event_unmask_bit(port);
    event_counts[port] = 0;
    CHECK_EQ(send(port), 0);
    CHECK_EQ(event_counts[port], 0);
    CHECK_EQ(shared_info->vcpu_info[0].evtchn_upcall_pending, 1);
    CHECK(shared_info->vcpu_info[0].evtchn_pending_sel >> port / 64 & 1);
    events_enable();
    CHECK_EQ(event_counts[port], 1);
    events_disable();
    event_mask_bit(port);
    CHECK_EQ(close_port(port), 0);
}

TEST(unmask_checks_its_port)
{
    struct evtchn_unmask op = {.port = 0xffffffff};

    CHECK_EQ(evtchn_op(EVTCHNOP_unmask, &op), -XEN_EINVAL);
    CHECK_EQ(evtchn_op(EVTCHNOP_unmask, (void *)0x1000), -XEN_EFAULT);
}

TEST(close_checks_its_port)
{
    CHECK_EQ(close_port(4095), -XEN_EINVAL);
    CHECK_EQ(close_port(0), -XEN_EINVAL);
    CHECK_EQ(close_port(0xffffffff), -XEN_EINVAL);
    CHECK_EQ(evtchn_op(EVTCHNOP_close, (void *)0x1000), -XEN_EFAULT);
}

TEST(send_checks_its_port)
{
    uint32_t port = 0;

    CHECK_EQ(send(4095), -XEN_EINVAL);
    CHECK_EQ(send(0xffffffff), -XEN_EINVAL);
    CHECK_EQ(evtchn_op(EVTCHNOP_send, (void *)0x1000), -XEN_EFAULT);
    /* Into the void: an unbound port swallows. */
    CHECK_EQ(alloc_unbound(DOMID_SELF, &port), 0);
    CHECK_EQ(send(port), 0);
    CHECK_EQ(close_port(port), 0);
    /* A virq's port is not for sending. */
    CHECK_EQ(bind_virq(VIRQ_DEBUG, 0, &port), 0);
    CHECK_EQ(send(port), -XEN_EINVAL);
    CHECK_EQ(close_port(port), 0);
}

TEST(status_checks_its_arguments)
{
    struct evtchn_status op = {.dom = DOMID_SELF, .port = 0xffffffff};

    CHECK_EQ(evtchn_op(EVTCHNOP_status, &op), -XEN_EINVAL);
    op.dom = 0x1234;
    op.port = 1;
    CHECK_EQ(evtchn_op(EVTCHNOP_status, &op), unprivileged(-XEN_ESRCH));
    CHECK_EQ(evtchn_op(EVTCHNOP_status, (void *)0x1000), -XEN_EFAULT);
    op.dom = DOMID_SELF;
    op.port = 0;
    CHECK_EQ(evtchn_op(EVTCHNOP_status, &op), 0);
    CHECK_EQ(op.status, EVTCHNSTAT_closed);
}

TEST(bind_vcpu_moves_what_may_move)
{
    struct evtchn_bind_vcpu op = {.vcpu = 1};
    uint32_t port = 0, ipi = 0, virq = 0;

    CHECK_EQ(alloc_unbound(DOMID_SELF, &port), 0);
    op.port = port;
    CHECK_EQ(evtchn_op(EVTCHNOP_bind_vcpu, &op), 0);
    CHECK_EQ(status(port).vcpu, 1);
    op.vcpu = 1000;
    CHECK_EQ(evtchn_op(EVTCHNOP_bind_vcpu, &op), -XEN_ENOENT);
    op.vcpu = 0;
    CHECK_EQ(evtchn_op(EVTCHNOP_bind_vcpu, &op), 0);
    CHECK_EQ(bind_ipi(0, &ipi), 0);
    op.port = ipi;
    CHECK_EQ(evtchn_op(EVTCHNOP_bind_vcpu, &op), -XEN_EINVAL);
    CHECK_EQ(bind_virq(VIRQ_DEBUG, 0, &virq), 0); /* per vCPU */
    op.port = virq;
    CHECK_EQ(evtchn_op(EVTCHNOP_bind_vcpu, &op), -XEN_EINVAL);
    op.port = 0xffffffff;
    CHECK_EQ(evtchn_op(EVTCHNOP_bind_vcpu, &op), -XEN_EINVAL);
    CHECK_EQ(evtchn_op(EVTCHNOP_bind_vcpu, (void *)0x1000), -XEN_EFAULT);
    CHECK_EQ(close_port(port), 0);
    CHECK_EQ(close_port(ipi), 0);
    CHECK_EQ(close_port(virq), 0);
}

TEST(bind_pirq_needs_a_pirq)
{
    struct evtchn_bind_pirq op = {.pirq = 0xffffff};

    CHECK_EQ(evtchn_op(EVTCHNOP_bind_pirq, &op), -XEN_EINVAL);
    CHECK_EQ(evtchn_op(EVTCHNOP_bind_pirq, (void *)0x1000), -XEN_EFAULT);
    if (!is_dom0()) {
        op.pirq = 4;
        CHECK(evtchn_op(EVTCHNOP_bind_pirq, &op) < 0);
    }
}

TEST(ports_run_out)
{
    static uint32_t ports[EVTCHN_2L_NR_CHANNELS];
    unsigned int count = 0;
    long rc;

    while ((rc = alloc_unbound(DOMID_SELF, &ports[count])) == 0)
        count++;
    CHECK_EQ(rc, -XEN_ENOSPC);
    CHECK(count > 512 && count < EVTCHN_2L_NR_CHANNELS);
    for (unsigned int i = 0; i < count; i++)
        CHECK_EQ(close_port(ports[i]), 0);
}

/* Only for a domain that is being destroyed or soft-reset would it be sensible; here it just closes. */
TEST(reset_closes_all)
{
    struct evtchn_reset op = {.dom = DOMID_SELF};
    uint32_t port = 0;

    /* A guest's console and store ports would go, too: for dom0, which has none. */
    if (!is_dom0())
        return;
    CHECK_EQ(alloc_unbound(DOMID_SELF, &port), 0);
    CHECK_EQ(evtchn_op(EVTCHNOP_reset, &op), 0);
    CHECK_EQ(status(port).status, EVTCHNSTAT_closed);
}

TEST(reset_of_others_is_refused)
{
    struct evtchn_reset op = {.dom = 0x1234};

    CHECK_EQ(evtchn_op(EVTCHNOP_reset, &op), unprivileged(-XEN_ESRCH));
    CHECK_EQ(evtchn_op(EVTCHNOP_reset, (void *)0x1000), -XEN_EFAULT);
}

TEST(unknown_operations_are_refused)
{
    uint64_t room[8] = {0};

    CHECK_EQ(evtchn_op(15, room), -XEN_ENOSYS);
    CHECK_EQ(evtchn_op(0xffff, room), -XEN_ENOSYS);
}

/* The old entry point with the operation in the structure is not offered. */
TEST(the_compat_form_is_served_or_refused)
{
    struct {
        uint32_t cmd;
        struct evtchn_status status;
    } op = {.cmd = EVTCHNOP_status, .status.dom = DOMID_SELF};
    long rc = hypercall1(__HYPERVISOR_event_channel_op_compat, PTR(&op));

    CHECK(rc == 0 || rc == -XEN_ENOSYS);
}
