/* SPDX-License-Identifier: GPL-2.0-only */
#include "tests/fake-arch/fake.h"

#include <pv-abi/event_channel.h>

#define ARG_VA FAKE_GUEST_VA

static struct domain *d0, *d1, *d2;

static int setup(void **state)
{
    fake_reset();
    d0 = fake_domain(0, 2);
    d1 = fake_domain(1, 2);
    d2 = fake_domain(2, 1);
    assert_int_equal(evtchn_init(d0, 0), 0);
    assert_int_equal(evtchn_init(d1, 200), 0);
    assert_int_equal(evtchn_init(d2, 0), 0);
    assert_int_equal(evtchn_init_pirqs(d0, 32), 0);
    return 0;
}

static int teardown(void **state)
{
    assert_int_equal(evtchn_close_all(d0), 0);
    assert_int_equal(evtchn_close_all(d1), 0);
    assert_int_equal(evtchn_close_all(d2), 0);
    assert_int_equal(evtchn_in_use(d0) + evtchn_in_use(d1) + evtchn_in_use(d2), 0);
    assert_int_equal(fake_refs(d0), 1);
    assert_int_equal(fake_refs(d1), 1);
    assert_int_equal(fake_refs(d2), 1);
    evtchn_destroy(d0);
    evtchn_destroy(d1);
    evtchn_destroy(d2);
    fake_teardown();
    return 0;
}

static long op(struct domain *d, unsigned int cmd, void *arg, size_t n)
{
    long rc;

    memcpy(fake_guest(ARG_VA), arg, n);
    rc = hc_event_channel_op(d, cmd, ARG_VA);
    memcpy(arg, fake_guest(ARG_VA), n);
    return rc;
}
#define OP(d, cmd, arg) op(d, EVTCHNOP_##cmd, &(arg), sizeof(arg))

static evtchn_port_t alloc_unbound(struct domain *d, domid_t remote)
{
    struct evtchn_alloc_unbound a = {.dom = DOMID_SELF, .remote_dom = remote};

    assert_int_equal(OP(d, alloc_unbound, a), 0);
    return a.port;
}

static void connect(struct domain *a, evtchn_port_t *pa, struct domain *b, evtchn_port_t *pb)
{
    struct evtchn_bind_interdomain bind = {.remote_dom = a->domid};

    *pa = bind.remote_port = alloc_unbound(a, b->domid);
    assert_int_equal(OP(b, bind_interdomain, bind), 0);
    *pb = bind.local_port;
}

static struct evtchn_status status_of(struct domain *d, evtchn_port_t port)
{
    struct evtchn_status s = {.dom = DOMID_SELF, .port = port};

    assert_int_equal(OP(d, status, s), 0);
    return s;
}

static bool pending(struct domain *d, evtchn_port_t port)
{
    return test_bit(port, d->shared->evtchn_pending);
}

static long do_close(struct domain *d, evtchn_port_t port)
{
    struct evtchn_close c = {.port = port};

    return OP(d, close, c);
}

static long do_send(struct domain *d, evtchn_port_t port)
{
    struct evtchn_send s = {.port = port};

    return OP(d, send, s);
}

static void alloc_unbound_gives_lowest_free_port(void **state)
{
    assert_int_equal(alloc_unbound(d1, 0), 1);
    assert_int_equal(alloc_unbound(d1, 0), 2);
    assert_int_equal(do_close(d1, 1), 0);
    assert_int_equal(alloc_unbound(d1, 2), 1);
    assert_int_equal(evtchn_in_use(d1), 2);
    assert_int_equal(status_of(d1, 1).status, EVTCHNSTAT_unbound);
    assert_int_equal(status_of(d1, 1).u.unbound.dom, 2);
}

static void alloc_unbound_for_another_needs_privilege(void **state)
{
    struct evtchn_alloc_unbound a = {.dom = 1, .remote_dom = DOMID_SELF};

    assert_int_equal(OP(d0, alloc_unbound, a), 0);
    assert_int_equal(status_of(d1, a.port).u.unbound.dom, 0);
    assert_int_equal(OP(d2, alloc_unbound, a), -EPERM);
    a.dom = 77;
    assert_int_equal(OP(d0, alloc_unbound, a), -ESRCH);
}

static void alloc_unbound_bad_pointer_leaks_no_port(void **state)
{
    fake_guest_write_faults_at(ARG_VA);
    assert_int_equal(hc_event_channel_op(d1, EVTCHNOP_alloc_unbound, ARG_VA), -EPERM); /* dom 0 */
    ((struct evtchn_alloc_unbound *)fake_guest(ARG_VA))->dom = DOMID_SELF;
    assert_int_equal(hc_event_channel_op(d1, EVTCHNOP_alloc_unbound, ARG_VA), -EFAULT);
    assert_int_equal(evtchn_in_use(d1), 0);
    fake_guest_read_faults_at(ARG_VA);
    assert_int_equal(hc_event_channel_op(d1, EVTCHNOP_alloc_unbound, ARG_VA), -EFAULT);
}

static void ports_end_at_the_limit_and_that_is_logged_once(void **state)
{
    struct evtchn_alloc_unbound a = {.dom = DOMID_SELF};
    unsigned int prints;

    for (unsigned int i = 1; i <= 200; i++)
        assert_int_equal(alloc_unbound(d1, 0), i);
    prints = fake_calls.prints;
    assert_int_equal(OP(d1, alloc_unbound, a), -ENOSPC);
    assert_int_equal(OP(d1, alloc_unbound, a), -ENOSPC);
    assert_int_equal(fake_calls.prints, prints + 1);
    for (unsigned int i = 1; i < EVTCHN_MAX_PORTS; i++)
        assert_int_equal(alloc_unbound(d2, 0), i);
    assert_int_equal(OP(d2, alloc_unbound, a), -ENOSPC);
}

static void dying_domain_gets_no_port(void **state)
{
    struct evtchn_alloc_unbound a = {.dom = 1};

    d1->dying = DOMAIN_DYING;
    assert_int_equal(OP(d0, alloc_unbound, a), -EINVAL);
    assert_int_equal(evtchn_in_use(d1), 0);
}

static void interdomain_ends_name_each_other(void **state)
{
    evtchn_port_t a, b;
    struct evtchn_status s;

    connect(d1, &a, d0, &b);
    s = status_of(d1, a);
    assert_int_equal(s.status, EVTCHNSTAT_interdomain);
    assert_int_equal(s.u.interdomain.dom, 0);
    assert_int_equal(s.u.interdomain.port, b);
    s = status_of(d0, b);
    assert_int_equal(s.u.interdomain.dom, 1);
    assert_int_equal(s.u.interdomain.port, a);
    assert_true(pending(d0, b)); /* the new end looks once */
    assert_false(pending(d1, a));
}

static void bind_interdomain_refuses_ports_of_others(void **state)
{
    evtchn_port_t p = alloc_unbound(d1, 0);
    struct evtchn_bind_interdomain b = {.remote_dom = 1, .remote_port = p};

    assert_int_equal(OP(d2, bind_interdomain, b), -EINVAL);
    b.remote_port = 5000;
    assert_int_equal(OP(d0, bind_interdomain, b), -EINVAL);
    b.remote_port = 0;
    assert_int_equal(OP(d0, bind_interdomain, b), -EINVAL);
    b.remote_dom = 99;
    assert_int_equal(OP(d0, bind_interdomain, b), -ESRCH);
    assert_int_equal(evtchn_in_use(d0) + evtchn_in_use(d2), 0);
    b = (struct evtchn_bind_interdomain){.remote_dom = 1, .remote_port = p};
    assert_int_equal(OP(d0, bind_interdomain, b), 0);
    assert_int_equal(OP(d0, bind_interdomain, b), -EINVAL); /* taken now */
    assert_int_equal(evtchn_in_use(d0), 1);
}

static void bind_interdomain_report_fault_leaves_the_remote_port_unbound(void **state)
{
    struct evtchn_bind_interdomain b = {.remote_dom = 1, .remote_port = alloc_unbound(d1, 0)};

    memcpy(fake_guest(ARG_VA), &b, sizeof(b));
    fake_guest_write_faults_at(ARG_VA + 8);
    assert_int_equal(hc_event_channel_op(d0, EVTCHNOP_bind_interdomain, ARG_VA), -EFAULT);
    fake_guest_write_faults_at(0);
    assert_int_equal(evtchn_in_use(d0), 0);
    assert_int_equal(status_of(d1, b.remote_port).status, EVTCHNSTAT_unbound);
}

static void loopback_within_one_domain_works(void **state)
{
    evtchn_port_t a = alloc_unbound(d1, 1), b;
    struct evtchn_bind_interdomain bind = {.remote_dom = DOMID_SELF, .remote_port = a};

    assert_int_equal(OP(d1, bind_interdomain, bind), 0);
    b = bind.local_port;
    assert_int_equal(do_send(d1, b), 0);
    assert_true(pending(d1, a));
    assert_int_equal(do_close(d1, a), 0);
    assert_int_equal(status_of(d1, b).status, EVTCHNSTAT_unbound);
}

static void send_sets_bit_selector_and_flag_and_wakes(void **state)
{
    struct vcpu *v = d1->vcpu[0];
    evtchn_port_t a, b;

    for (unsigned int i = 0; i < 70; i++)
        alloc_unbound(d1, 0);
    connect(d1, &a, d0, &b);
    v->pause_flags = 1ul << VPF_BLOCKED;
    assert_int_equal(do_send(d0, b), 0);
    assert_true(pending(d1, a));
    assert_int_equal(v->info->evtchn_pending_sel, 1ul << a / 64);
    assert_int_equal(v->info->evtchn_upcall_pending, 1);
    assert_true(vcpu_events_pending(v));
    assert_ptr_equal(fake_calls.last_wake, v);
    assert_int_equal(v->pause_flags, 0);
}

static void send_to_a_masked_port_sets_only_the_bit(void **state)
{
    struct vcpu *v = d1->vcpu[0];
    struct evtchn_unmask u;
    evtchn_port_t a, b;

    connect(d1, &a, d0, &b);
    set_bit(a, d1->shared->evtchn_mask);
    assert_int_equal(do_send(d0, b), 0);
    assert_true(pending(d1, a));
    assert_int_equal(v->info->evtchn_pending_sel, 0);
    assert_int_equal(v->info->evtchn_upcall_pending, 0);
    u.port = a;
    assert_int_equal(OP(d1, unmask, u), 0);
    assert_false(test_bit(a, d1->shared->evtchn_mask));
    assert_int_equal(v->info->evtchn_pending_sel, 1);
    assert_int_equal(v->info->evtchn_upcall_pending, 1);
    u.port = 4096;
    assert_int_equal(OP(d1, unmask, u), -EINVAL);
}

static void running_vcpu_elsewhere_is_kicked_once(void **state)
{
    struct vcpu *v = d1->vcpu[0];
    evtchn_port_t a, b, a2, b2;

    connect(d1, &a, d0, &b);
    connect(d1, &a2, d0, &b2);
    fake_calls.kicks = 0;
    v->sched.running = true;
    assert_int_equal(do_send(d0, b), 0);
    assert_int_equal(do_send(d0, b2), 0);
    assert_int_equal(fake_calls.kicks, 1);
    assert_ptr_equal(fake_calls.last_kick, v);
}

static void send_without_a_connection(void **state)
{
    struct evtchn_bind_virq b = {.virq = VIRQ_DEBUG};
    evtchn_port_t p = alloc_unbound(d1, 0);

    assert_int_equal(do_send(d1, p), 0); /* nobody there: dropped */
    assert_int_equal(do_send(d1, p + 1), -EINVAL);
    assert_int_equal(do_send(d1, 0), -EINVAL);
    assert_int_equal(do_send(d1, 4096), -EINVAL);
    assert_int_equal(OP(d1, bind_virq, b), 0);
    assert_int_equal(do_send(d1, b.port), -EINVAL);
}

static void bind_vcpu_moves_delivery(void **state)
{
    struct evtchn_bind_vcpu b;
    evtchn_port_t a, p;

    connect(d1, &a, d0, &p);
    b = (struct evtchn_bind_vcpu){.port = a, .vcpu = 1};
    assert_int_equal(OP(d1, bind_vcpu, b), 0);
    assert_int_equal(do_send(d0, p), 0);
    assert_int_equal(d1->vcpu[0]->info->evtchn_upcall_pending, 0);
    assert_int_equal(d1->vcpu[1]->info->evtchn_upcall_pending, 1);
    assert_int_equal(status_of(d1, a).vcpu, 1);
    b.vcpu = 2;
    assert_int_equal(OP(d1, bind_vcpu, b), -ENOENT);
    b = (struct evtchn_bind_vcpu){.port = 100};
    assert_int_equal(OP(d1, bind_vcpu, b), -EINVAL);
}

static void ports_of_a_vcpu_do_not_move(void **state)
{
    struct evtchn_bind_virq q = {.virq = VIRQ_TIMER};
    struct evtchn_bind_ipi i = {.vcpu = 0};
    struct evtchn_bind_vcpu b = {.vcpu = 1};

    assert_int_equal(OP(d1, bind_virq, q), 0);
    b.port = q.port;
    assert_int_equal(OP(d1, bind_vcpu, b), -EINVAL);
    assert_int_equal(OP(d1, bind_ipi, i), 0);
    b.port = i.port;
    assert_int_equal(OP(d1, bind_vcpu, b), -EINVAL);
    q.virq = VIRQ_CONSOLE;
    assert_int_equal(OP(d1, bind_virq, q), 0);
    b.port = q.port;
    assert_int_equal(OP(d1, bind_vcpu, b), 0);
}

static void virq_reaches_the_vcpu_that_bound_it(void **state)
{
    struct evtchn_bind_virq b = {.virq = VIRQ_TIMER, .vcpu = 1}, again = b;

    assert_int_equal(OP(d1, bind_virq, b), 0);
    assert_int_equal(status_of(d1, b.port).status, EVTCHNSTAT_virq);
    assert_int_equal(status_of(d1, b.port).vcpu, 1);
    virq_send_vcpu(d1->vcpu[0], VIRQ_TIMER);
    assert_false(pending(d1, b.port));
    virq_send_vcpu(d1->vcpu[1], VIRQ_TIMER);
    assert_true(pending(d1, b.port));
    assert_int_equal(d1->vcpu[1]->info->evtchn_upcall_pending, 1);
    assert_int_equal(OP(d1, bind_virq, again), -EEXIST);
    assert_int_equal(do_close(d1, b.port), 0);
    assert_false(pending(d1, b.port));
    virq_send_vcpu(d1->vcpu[1], VIRQ_TIMER);
    assert_false(pending(d1, b.port));
    assert_int_equal(OP(d1, bind_virq, b), 0);
}

static void bind_virq_checks_its_arguments(void **state)
{
    struct evtchn_bind_virq b = {.virq = NR_VIRQS};

    assert_int_equal(OP(d1, bind_virq, b), -EINVAL);
    b.virq = NR_VIRQS - 1;
    assert_int_equal(OP(d1, bind_virq, b), 0);
    b = (struct evtchn_bind_virq){.virq = VIRQ_CONSOLE, .vcpu = 1};
    assert_int_equal(OP(d1, bind_virq, b), -EINVAL);
    b = (struct evtchn_bind_virq){.virq = VIRQ_TIMER, .vcpu = 2};
    assert_int_equal(OP(d1, bind_virq, b), -ENOENT);
}

static void global_virq_goes_to_dom0_where_it_was_moved(void **state)
{
    struct evtchn_bind_virq b = {.virq = VIRQ_DOM_EXC};
    struct evtchn_bind_vcpu mv = {.vcpu = 1};

    virq_send_global(VIRQ_DOM_EXC); /* nobody has bound it */
    assert_int_equal(OP(d0, bind_virq, b), 0);
    mv.port = b.port;
    assert_int_equal(OP(d0, bind_vcpu, mv), 0);
    virq_send_global(VIRQ_DOM_EXC);
    assert_true(pending(d0, b.port));
    assert_int_equal(d0->vcpu[1]->info->evtchn_upcall_pending, 1);
}

static void ipi_reaches_its_vcpu(void **state)
{
    struct evtchn_bind_ipi b = {.vcpu = 1};

    assert_int_equal(OP(d1, bind_ipi, b), 0);
    assert_int_equal(do_send(d1, b.port), 0);
    assert_int_equal(d1->vcpu[1]->info->evtchn_upcall_pending, 1);
    assert_int_equal(status_of(d1, b.port).status, EVTCHNSTAT_ipi);
    b.vcpu = 2;
    assert_int_equal(OP(d1, bind_ipi, b), -ENOENT);
}

static void pirq_is_bound_delivered_and_closed(void **state)
{
    struct evtchn_bind_pirq b = {.pirq = 9};
    struct evtchn_bind_vcpu mv = {.vcpu = 1};

    pirq_send(d0, 9);
    pirq_send(d0, 1000);
    assert_int_equal(OP(d0, bind_pirq, b), 0);
    assert_int_equal(status_of(d0, b.port).u.pirq, 9);
    mv.port = b.port;
    assert_int_equal(OP(d0, bind_vcpu, mv), 0);
    assert_ptr_equal(fake_calls.pirq_vcpu, d0->vcpu[1]);
    pirq_send(d0, 9);
    assert_true(pending(d0, b.port));
    assert_int_equal(d0->vcpu[1]->info->evtchn_upcall_pending, 1);
    assert_int_equal(OP(d0, bind_pirq, b), -EEXIST);
    assert_int_equal(do_close(d0, mv.port), 0);
    assert_int_equal(fake_calls.pirq_unbinds, 1);
    assert_int_equal(d0->evtchn.pirq_to_port[9], 0);
}

static void bind_pirq_errors_leave_nothing(void **state)
{
    struct evtchn_bind_pirq b = {.pirq = 32};

    assert_int_equal(OP(d0, bind_pirq, b), -EINVAL);
    assert_int_equal(OP(d1, bind_pirq, b), -EINVAL); /* has no hardware */
    b.pirq = 31;
    fake_calls.pirq_bind_result = -EBUSY;
    assert_int_equal(OP(d0, bind_pirq, b), -EBUSY);
    assert_int_equal(evtchn_in_use(d0), 0);
    assert_int_equal(d0->evtchn.pirq_to_port[31], 0);
    fake_calls.pirq_bind_result = 0;
    assert_int_equal(OP(d0, bind_pirq, b), 0);
}

static void close_leaves_the_other_end_unbound_for_us(void **state)
{
    evtchn_port_t a, b;

    connect(d1, &a, d0, &b);
    assert_int_equal(do_send(d1, a), 0);
    assert_int_equal(do_close(d0, b), 0); /* higher domid is the remote one */
    assert_false(pending(d0, b));
    assert_int_equal(status_of(d1, a).status, EVTCHNSTAT_unbound);
    assert_int_equal(status_of(d1, a).u.unbound.dom, 0);
    assert_int_equal(do_close(d0, b), -EINVAL);
    connect(d0, &a, d1, &b);
    assert_int_equal(do_close(d1, b), 0); /* lower domid is the remote one */
    assert_int_equal(status_of(d0, a).status, EVTCHNSTAT_unbound);
    assert_int_equal(do_close(d1, 0), -EINVAL);
    assert_int_equal(do_close(d1, 4095), -EINVAL);
    assert_int_equal(do_close(d1, ~0u), -EINVAL);
}

static void status_of_others_needs_privilege(void **state)
{
    struct evtchn_status s = {.dom = 1, .port = alloc_unbound(d1, 0)};

    assert_int_equal(OP(d0, status, s), 0);
    assert_int_equal(s.status, EVTCHNSTAT_unbound);
    assert_int_equal(OP(d2, status, s), -EPERM);
    s.dom = 50;
    assert_int_equal(OP(d0, status, s), -ESRCH);
    s = (struct evtchn_status){.dom = DOMID_SELF, .port = 200};
    assert_int_equal(OP(d1, status, s), 0);
    assert_int_equal(s.status, EVTCHNSTAT_closed);
    s.port = 201;
    assert_int_equal(OP(d1, status, s), -EINVAL);
}

static void poller_of_a_masked_port_is_woken(void **state)
{
    struct vcpu *v = d1->vcpu[1];
    evtchn_port_t a, b, a2, b2;

    connect(d1, &a, d0, &b);
    connect(d1, &a2, d0, &b2);
    set_bit(a, d1->shared->evtchn_mask);
    set_bit(a2, d1->shared->evtchn_mask);
    v->poll_port = (int)a;
    d1->evtchn.pollers = 2;
    v->pause_flags = 1ul << VPF_BLOCKED;
    assert_int_equal(do_send(d0, b2), 0); /* another port: sleeps on */
    assert_int_equal(v->pause_flags, 1ul << VPF_BLOCKED);
    assert_int_equal(do_send(d0, b), 0);
    assert_int_equal(v->pause_flags, 0);
    assert_int_equal(d1->evtchn.pollers, 0);
}

static void port_pending_knows_free_ports(void **state)
{
    evtchn_port_t p = alloc_unbound(d1, 0);

    assert_int_equal(evtchn_port_pending(d1, p), 0);
    set_bit(p, d1->shared->evtchn_pending);
    assert_int_equal(evtchn_port_pending(d1, p), 1);
    assert_int_equal(evtchn_port_pending(d1, p + 1), -EINVAL);
    assert_int_equal(evtchn_port_pending(d1, 0), -EINVAL);
    assert_int_equal(evtchn_port_pending(d1, 4096), -EINVAL);
}

static void reset_closes_all_ports_in_slices(void **state)
{
    struct evtchn_reset r = {.dom = DOMID_SELF};

    for (unsigned int i = 0; i < 150; i++)
        alloc_unbound(d1, 0);
    fake_preempt_after = 1;
    assert_int_equal(OP(d1, reset, r), HC_CONTINUE);
    assert_int_equal(evtchn_in_use(d1), 150 - 64);
    assert_int_equal(OP(d1, reset, r), 0);
    assert_int_equal(evtchn_in_use(d1), 0);
    r.dom = 0;
    assert_int_equal(OP(d1, reset, r), -EPERM);
    r.dom = 44;
    assert_int_equal(OP(d0, reset, r), -ESRCH);
}

static void fifo_and_unknown_operations_do_not_exist(void **state)
{
    for (unsigned int cmd = EVTCHNOP_init_control; cmd < 20; cmd++)
        assert_int_equal(hc_event_channel_op(d1, cmd, ARG_VA), -ENOSYS);
    assert_int_equal(hc_event_channel_op(d1, ~0ull, ARG_VA), -ENOSYS);
}

static void every_operation_reads_its_argument_carefully(void **state)
{
    for (unsigned int cmd = 0; cmd <= EVTCHNOP_reset; cmd++)
        assert_int_equal(hc_event_channel_op(d1, cmd, 0x10), -EFAULT);
}

#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(alloc_unbound_gives_lowest_free_port),
        T(alloc_unbound_for_another_needs_privilege),
        T(alloc_unbound_bad_pointer_leaks_no_port),
        T(ports_end_at_the_limit_and_that_is_logged_once),
        T(dying_domain_gets_no_port),
        T(interdomain_ends_name_each_other),
        T(bind_interdomain_refuses_ports_of_others),
        T(bind_interdomain_report_fault_leaves_the_remote_port_unbound),
        T(loopback_within_one_domain_works),
        T(send_sets_bit_selector_and_flag_and_wakes),
        T(send_to_a_masked_port_sets_only_the_bit),
        T(running_vcpu_elsewhere_is_kicked_once),
        T(send_without_a_connection),
        T(bind_vcpu_moves_delivery),
        T(ports_of_a_vcpu_do_not_move),
        T(virq_reaches_the_vcpu_that_bound_it),
        T(bind_virq_checks_its_arguments),
        T(global_virq_goes_to_dom0_where_it_was_moved),
        T(ipi_reaches_its_vcpu),
        T(pirq_is_bound_delivered_and_closed),
        T(bind_pirq_errors_leave_nothing),
        T(close_leaves_the_other_end_unbound_for_us),
        T(status_of_others_needs_privilege),
        T(poller_of_a_masked_port_is_woken),
        T(port_pending_knows_free_ports),
        T(reset_closes_all_ports_in_slices),
        T(fifo_and_unknown_operations_do_not_exist),
        T(every_operation_reads_its_argument_carefully),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
