/* SPDX-License-Identifier: GPL-2.0-only */
/* Counters of domains and the rings of traces, by domctl and sysctl as dom0 sees them. */
#include "tests/fake-arch/fake.h"

#include <hv/alloc.h>
#include <hv/cmdline.h>
#include <hv/perf.h>
#include <pv-abi/domctl.h>
#include <pv-abi/sysctl.h>

#define ARG_VA FAKE_GUEST_VA
#define BUF_VA (FAKE_GUEST_VA + 0x1000)

struct cmdline_options options;

static const uint8_t handle[16] = {1};
static struct domain *d1;
static uint64_t free_before;
static long answers[2]; /* of the next hypercalls; a multicall runs number 1 within */
static unsigned int runs;
static s_time_t takes_ns;

long hypercall_run(unsigned int nr)
{
    long rc = answers[runs % 2];

    runs++;
    fake_now += takes_ns;
    if (nr == __HYPERVISOR_multicall)
        perf_hypercall(__HYPERVISOR_mmu_update);
    return rc;
}
uint32_t arch_cpu_khz(void)
{
    return 0;
}
void arch_hypercall_page(void *page)
{
}
int vcpu_set_affinity(struct vcpu *v, uint64_t mask)
{
    return 0;
}
size_t console_ring_read(uint64_t *index, char *buf, size_t n)
{
    return 0;
}
void console_ring_clear(void)
{
}

static struct domain *domain_make(unsigned int id)
{
    struct domain *d;

    assert_int_equal(domain_create(id, handle, 1, 8, 8, 0, &d), 0);
    assert_int_equal(vcpu_create(d, 0, 0), 0);
    return d;
}

static int group_setup(void **state)
{
    fake_reset();
    heap_add(_mfn(1), _mfn(4000));
    dom0 = domain_make(0);
    d1 = domain_make(1);
    /* Classes of small objects, once filled, stay. */
    domain_kill(domain_make(2));
    return 0;
}

static int group_teardown(void **state)
{
    fake_teardown();
    return 0;
}

static long perf(unsigned int on)
{
    struct xen_sysctl *s = fake_guest(ARG_VA);

    memset(s, 0, sizeof(*s));
    s->cmd = XEN_SYSCTL_pavo_perf;
    s->interface_version = XEN_SYSCTL_INTERFACE_VERSION;
    ((struct pavo_perf_op *)(void *)s->u.pad)->on = on;
    return hc_sysctl(dom0, ARG_VA);
}

static struct pavo_trace_op *trace_op(void)
{
    return (void *)((struct xen_sysctl *)fake_guest(ARG_VA))->u.pad;
}

static long trace(unsigned int cmd)
{
    struct xen_sysctl *s = fake_guest(ARG_VA);

    s->cmd = XEN_SYSCTL_pavo_trace;
    s->interface_version = XEN_SYSCTL_INTERFACE_VERSION;
    trace_op()->cmd = cmd;
    return hc_sysctl(dom0, ARG_VA);
}

static long trace_start(unsigned int records, uint32_t mask)
{
    trace_op()->records = records;
    trace_op()->mask = mask;
    return trace(PAVO_TRACE_START);
}

/* How many records there were, at most @room; they are at BUF_VA. */
static unsigned int trace_read(unsigned int cpu, unsigned int room)
{
    trace_op()->cpu = cpu;
    trace_op()->records = room;
    trace_op()->buffer = BUF_VA;
    assert_int_equal(trace(PAVO_TRACE_READ), 0);
    return trace_op()->records;
}

static const struct pavo_record *record(unsigned int i)
{
    return (const struct pavo_record *)fake_guest(BUF_VA) + i;
}

static long counters_read(unsigned int domid, uint64_t buffer, uint32_t size)
{
    struct xen_domctl *op = fake_guest(ARG_VA);
    struct pavo_perf_read *r = (void *)op->u.pad;

    memset(op, 0, sizeof(*op));
    op->cmd = XEN_DOMCTL_pavo_perf;
    op->interface_version = XEN_DOMCTL_INTERFACE_VERSION;
    op->domain = (domid_t)domid;
    r->buffer = buffer;
    r->size = size;
    return hc_domctl(dom0, ARG_VA);
}

static const struct pavo_perf *counters(unsigned int domid)
{
    assert_int_equal(counters_read(domid, BUF_VA, PAGE_SIZE), 0);
    return fake_guest(BUF_VA);
}

static int setup(void **state)
{
    memset(fake_guest(FAKE_GUEST_VA), 0, 0x20000);
    fake_set_current(d1->vcpu[0]);
    answers[0] = answers[1] = 0;
    runs = 0;
    takes_ns = 0;
    free_before = heap_free_pages();
    return 0;
}

/* Whatever a test turned on can be turned off, and leaves nothing. */
static int teardown(void **state)
{
    fake_guest_write_faults_at(0);
    fake_nr_cpus = 1;
    fake_cpu = 0;
    assert_int_equal(perf(0), 0);
    trace(PAVO_TRACE_STOP);
    perf_flags = 0;
    options.hypercall_delay = 0;
    assert_null(d1->perf);
    assert_int_equal(heap_free_pages(), free_before);
    return 0;
}

static void off_there_are_no_counters(void **state)
{
    assert_null(d1->perf);
    assert_int_equal(counters_read(1, BUF_VA, PAGE_SIZE), -ENODATA);
    assert_int_equal(perf(0), 0);
    perf_event(d1->vcpu[0], PAVO_EV_TRAP, 14);
    assert_int_equal(perf_flags, 0);
}

static void events_are_counted_for_their_domain_alone(void **state)
{
    assert_int_equal(perf(1), 0);
    perf_event(d1->vcpu[0], PAVO_EV_TRAP, 14);
    perf_event(d1->vcpu[0], PAVO_EV_TRAP, 14);
    perf_event(d1->vcpu[0], PAVO_EV_TRAP, 0x80);
    perf_event(d1->vcpu[0], PAVO_EV_TRAP, 0xff);
    perf_event(d1->vcpu[0], PAVO_EV_EMULATE, 5);
    perf_event(d1->vcpu[0], PAVO_EV_EMULATE, 1000);
    perf_event(d1->vcpu[0], PAVO_EV_TLB_REMOTE, 3);
    perf_event(d1->vcpu[0], PAVO_EV_GRANT_COPY, 1500);
    perf_event(NULL, PAVO_EV_INTERRUPT, 0xfd); /* a CPU that comes up */
    assert_int_equal(counters(1)->version, PAVO_PERF_VERSION);
    assert_int_equal(counters(1)->size, sizeof(struct pavo_perf));
    assert_int_equal(counters(1)->events[PAVO_EV_TRAP], 4);
    assert_int_equal(counters(1)->traps[14], 2);
    assert_int_equal(counters(1)->traps[32], 1);
    assert_int_equal(counters(1)->traps[39], 1);
    assert_int_equal(counters(1)->emulated[5], 1);
    assert_int_equal(counters(1)->emulated[39], 1);
    assert_int_equal(counters(1)->sums[PAVO_EV_TLB_REMOTE], 3);
    assert_int_equal(counters(1)->sums[PAVO_EV_GRANT_COPY], 1500);
    assert_int_equal(counters(0)->events[PAVO_EV_TRAP], 0);
}

static void on_again_changes_nothing(void **state)
{
    assert_int_equal(perf(1), 0);
    perf_event(d1->vcpu[0], PAVO_EV_SEND, 9);
    fake_now += 1000;
    assert_int_equal(perf(1), 0);
    assert_int_equal(counters(1)->events[PAVO_EV_SEND], 1);
    assert_int_equal(counters(1)->now_ns - counters(1)->since_ns, 1000);
    assert_int_equal(perf(0), 0);
    assert_int_equal(perf(1), 0);
    assert_int_equal(counters(1)->events[PAVO_EV_SEND], 0);
    assert_int_equal(counters(1)->now_ns, counters(1)->since_ns);
}

static void other_commands_are_refused(void **state)
{
    assert_int_equal(perf(2), -EINVAL);
    assert_int_equal(trace(PAVO_TRACE_STOP + 1), -EINVAL);
}

static void reading_gives_as_much_as_there_is_room(void **state)
{
    assert_int_equal(perf(1), 0);
    assert_int_equal(counters_read(1, BUF_VA, 8), 0);
    assert_int_equal(*(uint64_t *)fake_guest(BUF_VA + 8), 0); /* since_ns is not zero */
    assert_int_equal(counters_read(1, BUF_VA, 1u << 31), 0);
    fake_guest_write_faults_at(BUF_VA + 64);
    assert_int_equal(counters_read(1, BUF_VA, PAGE_SIZE), -EFAULT);
    assert_int_equal(counters_read(1, BUF_VA, 64), 0);
    assert_int_equal(counters_read(7, BUF_VA, 64), -ESRCH);
}

static void a_domain_that_comes_is_counted_and_one_that_goes_is_forgotten(void **state)
{
    struct domain *d;

    assert_int_equal(perf(1), 0);
    d = domain_make(5);
    perf_event(d->vcpu[0], PAVO_EV_WAKE, 0);
    assert_int_equal(counters(5)->events[PAVO_EV_WAKE], 1);
    domain_ref(d);
    assert_int_equal(domain_kill(d), 0);
    assert_int_equal(counters(5)->events[PAVO_EV_WAKE], 1); /* dead, and still there */
    domain_put(d);
    assert_int_equal(counters_read(5, BUF_VA, 64), -ESRCH);
}

static void without_memory_counting_stays_off(void **state)
{
    unsigned int n = 0;
    void *pages[4096];

    while (n < ARRAY_SIZE(pages) && (pages[n] = hv_alloc_page()))
        n++;
    hv_free_page(pages[--n]); /* enough for dom0 alone */
    assert_int_equal(perf(1), -ENOMEM);
    assert_int_equal(perf_flags, 0);
    assert_int_equal(counters_read(0, BUF_VA, PAGE_SIZE), -ENODATA); /* though it has some */
    assert_int_equal(perf(0), 0);
    assert_null(dom0->perf);
    assert_int_equal(trace_start(PAVO_TRACE_RECORDS_MAX, ~0u), -ENOMEM);
    assert_int_equal(trace_start(PAVO_TRACE_RECORDS_MIN, ~0u), 0);
    assert_int_equal(trace(PAVO_TRACE_STOP), 0);
    while (n)
        hv_free_page(pages[--n]);
}

static void hypercalls_are_counted_with_their_time(void **state)
{
    assert_int_equal(perf(1), 0);
    takes_ns = 700;
    answers[1] = HC_CONTINUE;
    perf_hypercall(__HYPERVISOR_sched_op);
    assert_int_equal(perf_hypercall(__HYPERVISOR_sched_op), HC_CONTINUE);
    perf_hypercall(1000000);
    assert_int_equal(counters(1)->hypercalls[__HYPERVISOR_sched_op], 1);
    assert_int_equal(counters(1)->events[PAVO_EV_HYPERCALL_END], 3);
    assert_int_equal(counters(1)->hypercall_ns[__HYPERVISOR_sched_op], 1400);
    assert_int_equal(counters(1)->hypercalls[PAVO_HYPERCALL_OTHER], 1);
}

static void a_multicalls_time_is_without_its_entries(void **state)
{
    assert_int_equal(perf(1), 0);
    takes_ns = 300;
    perf_hypercall(__HYPERVISOR_multicall);
    perf_hypercall(__HYPERVISOR_multicall);
    assert_int_equal(counters(1)->hypercall_ns[__HYPERVISOR_mmu_update], 600);
    assert_int_equal(counters(1)->hypercall_ns[__HYPERVISOR_multicall], 600);
}

static void a_delay_alone_counts_nothing(void **state)
{
    perf_init();
    assert_int_equal(perf_flags, 0);
    options.hypercall_delay = 1000;
    perf_init();
    answers[0] = 42;
    assert_int_equal(perf_hypercall(__HYPERVISOR_sched_op), 42);
    perf_event(d1->vcpu[0], PAVO_EV_TRAP, 14);
    assert_int_equal(perf(1), 0);
    assert_int_equal(counters(1)->events[PAVO_EV_TRAP], 0);
    assert_int_equal(perf(0), 0);
    assert_int_equal(perf_flags, PERF_DELAY);
}

static void wake(struct vcpu *v, int state, s_time_t now)
{
    v->runstate.state = state;
    perf_wake(v, now);
}

static void latency_is_from_waking_to_running(void **state)
{
    struct vcpu *v = d1->vcpu[0];
    s_time_t t = fake_now;

    assert_int_equal(perf(1), 0);
    wake(v, RUNSTATE_blocked, t);
    perf_switch(dom0->vcpu[0], v, t + 999);
    wake(v, RUNSTATE_blocked, t);
    perf_switch(dom0->vcpu[0], v, t + 1000);
    wake(v, RUNSTATE_offline, t);
    perf_switch(dom0->vcpu[0], v, t + 9000);
    wake(v, RUNSTATE_blocked, t);
    perf_switch(dom0->vcpu[0], v, t + 3600000000000000);
    wake(v, RUNSTATE_runnable, t); /* preempted */
    assert_int_equal(v->perf_woken_ns, 0);
    perf_switch(dom0->vcpu[0], v, t + 1000);
    wake(v, RUNSTATE_blocked, t - 1); /* before counting began */
    perf_switch(dom0->vcpu[0], v, t + 1000);
    assert_int_equal(counters(1)->wake_us[0], 1);
    assert_int_equal(counters(1)->wake_us[1], 1);
    assert_int_equal(counters(1)->wake_us[4], 1);
    assert_int_equal(counters(1)->wake_us[31], 1);
    assert_int_equal(counters(0)->sums[PAVO_EV_SWITCH_OUT], 0); /* it never left its CPU idle */
    assert_int_equal(counters(1)->events[PAVO_EV_WAKE], 5);
    assert_int_equal(counters(1)->events[PAVO_EV_SWITCH_IN], 6);
    assert_int_equal(counters(0)->events[PAVO_EV_SWITCH_OUT], 6);
}

static void the_idle_domain_is_left_out(void **state)
{
    struct vcpu idle = {.domain = idle_domain};

    assert_int_equal(perf(1), 0);
    assert_int_equal(trace_start(256, ~0u), 0);
    perf_switch(&idle, d1->vcpu[0], fake_now);
    perf_switch(d1->vcpu[0], &idle, fake_now);
    assert_int_equal(trace_read(0, 10), 2);
    assert_int_equal(record(0)->event, PAVO_EV_SWITCH_IN);
    assert_int_equal(record(1)->event, PAVO_EV_SWITCH_OUT);
    assert_int_equal(record(1)->arg, 1);
}

static void a_trace_says_who_what_and_when(void **state)
{
    assert_int_equal(trace_start(256, 1u << PAVO_EV_TRAP | 1u << PAVO_EV_SEND), 0);
    perf_event(d1->vcpu[0], PAVO_EV_TRAP, 14);
    fake_now += 5;
    perf_event(d1->vcpu[0], PAVO_EV_UPCALL, 0); /* not wanted */
    perf_event(dom0->vcpu[0], PAVO_EV_SEND, 77);
    assert_int_equal(trace_read(0, 1), 1);
    assert_int_equal(record(0)->event, PAVO_EV_TRAP);
    assert_int_equal(record(0)->domid, 1);
    assert_int_equal(record(0)->vcpu, 0);
    assert_int_equal(record(0)->arg, 14);
    assert_int_equal(record(0)->time_ns, fake_now - 5);
    assert_int_equal(trace_read(0, 100), 1);
    assert_int_equal(record(0)->arg, 77);
    assert_int_equal(record(0)->time_ns, fake_now);
    assert_int_equal(trace_read(0, 100), 0);
    assert_int_equal(trace_op()->lost, 0);
}

static void a_hypercall_begins_and_ends(void **state)
{
    assert_int_equal(trace_start(256, ~0u), 0);
    takes_ns = 10;
    answers[0] = HC_CONTINUE;
    perf_hypercall(__HYPERVISOR_sched_op);
    assert_int_equal(trace_read(0, 10), 2);
    assert_int_equal(record(0)->event, PAVO_EV_HYPERCALL);
    assert_int_equal(record(0)->arg, __HYPERVISOR_sched_op);
    assert_int_equal(record(1)->event, PAVO_EV_HYPERCALL_END);
    assert_int_equal(record(1)->arg, __HYPERVISOR_sched_op | PAVO_HYPERCALL_AGAIN);
    assert_int_equal(record(1)->time_ns - record(0)->time_ns, 10);
}

static void what_finds_no_room_is_lost_and_told(void **state)
{
    unsigned int i;

    assert_int_equal(trace_start(256, ~0u), 0);
    for (i = 0; i < 300; i++)
        perf_event(d1->vcpu[0], PAVO_EV_SEND, i);
    assert_int_equal(trace_read(0, 1), 1); /* room for one: the gap and a record are two */
    perf_event(d1->vcpu[0], PAVO_EV_SEND, 300);
    assert_int_equal(trace_read(0, 4096), 255);
    assert_int_equal(record(254)->arg, 255);
    assert_int_equal(trace_op()->lost, 45);
    perf_event(d1->vcpu[0], PAVO_EV_SEND, 301);
    assert_int_equal(trace_read(0, 4096), 2);
    assert_int_equal(record(0)->event, PAVO_EV_LOST);
    assert_int_equal(record(0)->arg, 45);
    assert_int_equal(record(1)->arg, 301);
    perf_event(d1->vcpu[0], PAVO_EV_SEND, 302);
    assert_int_equal(trace_read(0, 4096), 1);
}

static void a_ring_is_read_around_its_end(void **state)
{
    unsigned int i;

    assert_int_equal(trace_start(256, ~0u), 0);
    for (i = 0; i < 200; i++)
        perf_event(d1->vcpu[0], PAVO_EV_SEND, i);
    assert_int_equal(trace_read(0, 4096), 200);
    for (i = 0; i < 200; i++)
        perf_event(d1->vcpu[0], PAVO_EV_SEND, i);
    assert_int_equal(trace_read(0, 4096), 200);
    for (i = 0; i < 200; i++)
        assert_int_equal(record(i)->arg, i);
}

static void each_cpu_has_a_ring(void **state)
{
    fake_nr_cpus = 2;
    assert_int_equal(trace_start(256, ~0u), 0);
    fake_cpu = 1;
    perf_event(d1->vcpu[0], PAVO_EV_SEND, 5);
    fake_cpu = 0;
    assert_int_equal(trace_read(0, 10), 0);
    assert_int_equal(trace_read(1, 10), 1);
    trace_op()->cpu = 2;
    assert_int_equal(trace(PAVO_TRACE_READ), -ENOENT);
    trace_op()->cpu = NR_CPUS;
    assert_int_equal(trace(PAVO_TRACE_READ), -ENOENT);
}

static void frozen_rings_can_be_read_until_they_are_gone(void **state)
{
    assert_int_equal(trace(PAVO_TRACE_FREEZE), -ENODATA);
    assert_int_equal(trace(PAVO_TRACE_READ), -ENODATA);
    assert_int_equal(trace(PAVO_TRACE_STOP), -ENODATA);
    assert_int_equal(trace_start(256, ~0u), 0);
    perf_event(d1->vcpu[0], PAVO_EV_SEND, 5);
    assert_int_equal(trace_start(256, ~0u), -EBUSY);
    assert_int_equal(trace(PAVO_TRACE_FREEZE), 0);
    assert_int_equal(perf_flags, 0);
    assert_true(fake_calls.flushes > 0); /* every CPU has seen it */
    assert_int_equal(trace_start(256, ~0u), -EBUSY);
    perf_event(d1->vcpu[0], PAVO_EV_SEND, 6);
    assert_int_equal(trace_read(0, 10), 1);
    assert_int_equal(trace(PAVO_TRACE_STOP), 0);
    assert_int_equal(trace(PAVO_TRACE_READ), -ENODATA);
}

static void ring_sizes_are_powers_of_two_within_bounds(void **state)
{
    assert_int_equal(trace_start(0, ~0u), -EINVAL);
    assert_int_equal(trace_start(128, ~0u), -EINVAL);
    assert_int_equal(trace_start(257, ~0u), -EINVAL);
    assert_int_equal(trace_start(PAVO_TRACE_RECORDS_MAX * 2, ~0u), -EINVAL);
    assert_int_equal(trace_start(0x80000000u, ~0u), -EINVAL);
    assert_int_equal(trace_start(256, ~0u), 0);
}

static void records_that_cannot_be_written_stay(void **state)
{
    assert_int_equal(trace_start(256, ~0u), 0);
    perf_event(d1->vcpu[0], PAVO_EV_SEND, 5);
    trace_op()->records = 10;
    trace_op()->buffer = BUF_VA;
    fake_guest_write_faults_at(BUF_VA);
    assert_int_equal(trace(PAVO_TRACE_READ), -EFAULT);
    fake_guest_write_faults_at(0);
    assert_int_equal(trace_read(0, 10), 1);
}

#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(off_there_are_no_counters),
        T(events_are_counted_for_their_domain_alone),
        T(on_again_changes_nothing),
        T(other_commands_are_refused),
        T(reading_gives_as_much_as_there_is_room),
        T(a_domain_that_comes_is_counted_and_one_that_goes_is_forgotten),
        T(without_memory_counting_stays_off),
        T(hypercalls_are_counted_with_their_time),
        T(a_multicalls_time_is_without_its_entries),
        T(a_delay_alone_counts_nothing),
        T(latency_is_from_waking_to_running),
        T(the_idle_domain_is_left_out),
        T(a_trace_says_who_what_and_when),
        T(a_hypercall_begins_and_ends),
        T(what_finds_no_room_is_lost_and_told),
        T(a_ring_is_read_around_its_end),
        T(each_cpu_has_a_ring),
        T(frozen_rings_can_be_read_until_they_are_gone),
        T(ring_sizes_are_powers_of_two_within_bounds),
        T(records_that_cannot_be_written_stay),
    };

    return cmocka_run_group_tests(tests, group_setup, group_teardown);
}
