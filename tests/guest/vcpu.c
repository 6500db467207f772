/* SPDX-License-Identifier: GPL-2.0-only */
/* vcpu_op: bring-up and its errors, run states, timers, places of vcpu_info, NMIs. */
#include "mini.h"

#define MS 1000000UL

extern const char entry_nmi_callback[];

static volatile uint64_t counter;

static void count(void *arg)
{
    counter += PTR(arg);
}

TEST(a_second_vcpu_runs)
{
    counter = 0;
    CHECK_EQ(cpu_run(1, count, (void *)5), 0);
    CHECK_EQ(cpu_wait(1, 2000 * MS), 0);
    CHECK_EQ(counter, 5);
    /* And again: up continues where down stopped. */
    CHECK_EQ(cpu_run(1, count, (void *)7), 0);
    CHECK_EQ(cpu_wait(1, 2000 * MS), 0);
    CHECK_EQ(counter, 12);
}

static volatile uint32_t ready, go;

static void spin(void *arg)
{
    (void)arg;
    __atomic_add_fetch(&ready, 1, __ATOMIC_SEQ_CST);
    while (!go)
        sched_op(SCHEDOP_yield, NULL);
}

TEST(several_run_at_once)
{
    ready = go = 0;
    for (unsigned int cpu = 1; cpu <= 3; cpu++)
        CHECK_EQ(cpu_run(cpu, spin, NULL), 0);
    for (uint64_t end = system_time_ns() + 5000 * MS; ready < 3 && system_time_ns() < end;)
        sched_op(SCHEDOP_yield, NULL);
    CHECK_EQ(ready, 3);
    for (unsigned int cpu = 1; cpu <= 3; cpu++)
        CHECK_EQ(vcpu_op(VCPUOP_is_up, cpu, NULL), 1);
    go = 1;
    for (unsigned int cpu = 1; cpu <= 3; cpu++) {
        CHECK_EQ(cpu_wait(cpu, 5000 * MS), 0);
        CHECK_EQ(vcpu_op(VCPUOP_is_up, cpu, NULL), 0);
    }
}

static struct vcpu_guest_context context;

TEST(initialise_checks_its_context)
{
    cpu_context(&context, 3);
    CHECK_EQ(vcpu_op(VCPUOP_initialise, 0, &context), -XEN_EEXIST);
    CHECK_EQ(vcpu_op(VCPUOP_initialise, 1000, &context), -XEN_ENOENT);
    CHECK_EQ(vcpu_op(VCPUOP_initialise, 3, (void *)0x1000), -XEN_EFAULT);
}

/* vCPU 3 may have run before: then nothing but EEXIST can be seen. */
TEST(initialise_refuses_a_bad_root)
{
    long rc;

    cpu_context(&context, 3);
    context.ctrlreg[3] = 0xfffffffffUL << 12;
    rc = vcpu_op(VCPUOP_initialise, 3, &context);
    CHECK(rc == -XEN_EINVAL || rc == -XEN_EEXIST);
}

TEST(up_and_down_check_their_vcpu)
{
    CHECK_EQ(vcpu_op(VCPUOP_up, 1000, NULL), -XEN_ENOENT);
    CHECK_EQ(vcpu_op(VCPUOP_down, 1000, NULL), -XEN_ENOENT);
    CHECK_EQ(vcpu_op(VCPUOP_is_up, 1000, NULL), -XEN_ENOENT);
    CHECK_EQ(vcpu_op(VCPUOP_is_up, 0xffffffff, NULL), -XEN_ENOENT);
    CHECK_EQ(vcpu_op(VCPUOP_is_up, 0, NULL), 1);
}

TEST(every_number_beyond_is_refused)
{
    unsigned int exist = 0;

    for (unsigned int cpu = 0; cpu < 8192; cpu++)
        exist += vcpu_op(VCPUOP_is_up, cpu, NULL) >= 0;
    CHECK(exist >= 1 && exist <= 32);
}

TEST(runstate_adds_up)
{
    struct vcpu_runstate_info info;
    uint64_t sum = 0, now;

    CHECK_EQ(vcpu_op(VCPUOP_get_runstate_info, 0, &info), 0);
    now = system_time_ns();
    CHECK_EQ(info.state, RUNSTATE_running);
    for (int i = 0; i < 4; i++)
        sum += info.time[i];
    CHECK(info.time[RUNSTATE_running] > 0);
    CHECK(sum <= now);
    CHECK(info.state_entry_time <= now);
    CHECK_EQ(vcpu_op(VCPUOP_get_runstate_info, 0, (void *)0x1000), -XEN_EFAULT);
    CHECK_EQ(vcpu_op(VCPUOP_get_runstate_info, 1000, &info), -XEN_ENOENT);
}

TEST(runstate_area_is_kept)
{
    static struct vcpu_runstate_info area;
    struct vcpu_register_runstate_memory_area reg = {.addr.v = PTR(&area)};
    struct vcpu_set_singleshot_timer timer = {.flags = 0};
    struct evtchn_bind_virq virq = {.virq = VIRQ_TIMER};
    struct evtchn_close close;
    uint64_t blocked;

    CHECK_EQ(vcpu_op(VCPUOP_register_runstate_memory_area, 0, &reg), 0);
    CHECK_EQ(area.state, RUNSTATE_running);
    blocked = area.time[RUNSTATE_blocked];
    CHECK_EQ(evtchn_op(EVTCHNOP_bind_virq, &virq), 0);
    event_unmask_bit(virq.port);
    timer.timeout_abs_ns = system_time_ns() + 50 * MS;
    CHECK_EQ(vcpu_op(VCPUOP_set_singleshot_timer, 0, &timer), 0);
    while (system_time_ns() < timer.timeout_abs_ns) /* other events may wake it, too */
        CHECK_EQ(sched_op(SCHEDOP_block, NULL), 0);
    events_disable();
    CHECK_EQ(area.state, RUNSTATE_running);
    CHECK(area.time[RUNSTATE_blocked] > blocked);
    close.port = virq.port;
    event_mask_bit(virq.port);
    CHECK_EQ(evtchn_op(EVTCHNOP_close, &close), 0);
    reg.addr.v = 0;
    vcpu_op(VCPUOP_register_runstate_memory_area, 0, &reg);
    CHECK_EQ(vcpu_op(VCPUOP_register_runstate_memory_area, 0, (void *)0x1000), -XEN_EFAULT);
}

TEST(a_single_shot_timer_fires_once)
{
    struct vcpu_set_singleshot_timer timer = {.flags = 0};
    struct evtchn_bind_virq virq = {.virq = VIRQ_TIMER};
    struct evtchn_close close;
    uint64_t start;
    long rc;

    CHECK_EQ(evtchn_op(EVTCHNOP_bind_virq, &virq), 0);
    event_counts[virq.port] = 0;
    event_unmask_bit(virq.port);
    start = system_time_ns();
    timer.timeout_abs_ns = start + 4 * MS;
    CHECK_EQ(vcpu_op(VCPUOP_set_singleshot_timer, 0, &timer), 0);
    for (int i = 0; i < 10 && !event_counts[virq.port]; i++)
        CHECK_EQ(sched_op(SCHEDOP_block, NULL), 0);
    CHECK_EQ(event_counts[virq.port], 1);
    CHECK(system_time_ns() >= start + 4 * MS);
    events_disable();
    timer.timeout_abs_ns = 1;
    timer.flags = VCPU_SSHOTTMR_future;
    rc = vcpu_op(VCPUOP_set_singleshot_timer, 0, &timer);
    CHECK(rc == -XEN_ETIME || rc == 0); /* 4.17 knows the flag no more */
    CHECK_EQ(vcpu_op(VCPUOP_stop_singleshot_timer, 0, NULL), 0);
    CHECK_EQ(vcpu_op(VCPUOP_set_singleshot_timer, 0, (void *)0x1000), -XEN_EFAULT);
    CHECK_EQ(vcpu_op(VCPUOP_set_singleshot_timer, 1, &timer), -XEN_EINVAL); /* its own only */
    CHECK_EQ(vcpu_op(VCPUOP_stop_singleshot_timer, 1, NULL), -XEN_EINVAL);
    close.port = virq.port;
    event_mask_bit(virq.port);
    CHECK_EQ(evtchn_op(EVTCHNOP_close, &close), 0);
}

/* Kernels stop it before they set their own timers: there it must succeed. */
TEST(there_is_no_periodic_timer)
{
    uint64_t period_ns = 2 * MS;

    if (is_pavo())
        CHECK_EQ(vcpu_op(VCPUOP_set_periodic_timer, 0, &period_ns), -XEN_ENOSYS);
    CHECK_EQ(vcpu_op(VCPUOP_stop_periodic_timer, 0, NULL), 0);
}

/* Of a vCPU that never ran, so that vCPU 0 keeps the place that everything else uses. */
TEST(vcpu_info_moves_once)
{
    uint8_t *page = page_alloc();
    struct vcpu_register_vcpu_info info = {.mfn = va_to_mfn(page), .offset = 64};
    const struct vcpu_info *moved = (struct vcpu_info *)(page + 64);

    info.offset = 4096 - 60;
    CHECK_EQ(vcpu_op(VCPUOP_register_vcpu_info, 2, &info), -XEN_ENXIO);
    info.offset = 65;
    CHECK(vcpu_op(VCPUOP_register_vcpu_info, 2, &info) == -XEN_EINVAL || !is_pavo());
    info.offset = 64;
    info.mfn = 0xfffffffffUL;
    CHECK(vcpu_op(VCPUOP_register_vcpu_info, 2, &info) < 0);
    info.mfn = va_to_mfn(scratch_l1());
    CHECK(vcpu_op(VCPUOP_register_vcpu_info, 2, &info) < 0); /* a page table is not written */
    info.mfn = va_to_mfn(page);
    CHECK_EQ(vcpu_op(VCPUOP_register_vcpu_info, 1000, &info), -XEN_ENOENT);
    CHECK_EQ(vcpu_op(VCPUOP_register_vcpu_info, 2, (void *)0x1000), -XEN_EFAULT);
    CHECK_EQ(vcpu_op(VCPUOP_register_vcpu_info, 2, &info), 0);
    CHECK_EQ(moved->evtchn_upcall_pending, 1); /* whatever came before is looked for again */
    CHECK_EQ(vcpu_op(VCPUOP_register_vcpu_info, 2, &info), -XEN_EINVAL);
    /* The page is the hypervisor's to write from now on: it can be no page table. */
    CHECK_EQ(page_readonly(page), 0);
    CHECK(pin(1, va_to_mfn(page)) < 0);
    CHECK_EQ(page_writable(page), 0);
}

static volatile unsigned int nmis;

static int on_nmi(struct frame *f)
{
    if (f->number != ENTRY_NMI)
        return 0;
    nmis++;
    return 1;
}

TEST(an_nmi_is_delivered)
{
    struct callback_register cb = {.type = CALLBACKTYPE_nmi, .address = PTR(entry_nmi_callback)};
    struct callback_unregister un = {.type = CALLBACKTYPE_nmi};
    long rc = callback_op(CALLBACKOP_register, &cb);

    CHECK_EQ(rc, 0);
    nmis = 0;
    trap_hook = on_nmi;
    rc = vcpu_op(VCPUOP_send_nmi, 0, NULL);
    CHECK_EQ(rc, 0);
    xen_version(XENVER_version, NULL);
    CHECK_EQ(nmis, 1);
    trap_hook = NULL;
    CHECK_EQ(callback_op(CALLBACKOP_unregister, &un), 0);
    CHECK_EQ(vcpu_op(VCPUOP_send_nmi, 1000, NULL), -XEN_ENOENT);
}

TEST(get_physid_is_for_pinned_hardware_domains)
{
    uint64_t id;
    long rc = vcpu_op(VCPUOP_get_physid, 0, &id);

    CHECK(rc == 0 || rc == -XEN_EINVAL || rc == -XEN_ENOSYS);
}

TEST(unknown_operations_are_refused)
{
    uint64_t room[8] = {0};

    CHECK_EQ(vcpu_op(14, 0, room), -XEN_ENOSYS);
    CHECK_EQ(vcpu_op(0xffff, 0, room), -XEN_ENOSYS);
}

/* ---- what only shows with two */

static volatile uint64_t *shared_va;
static volatile uint64_t shared_seen;
static volatile uint32_t stage;

static void keep_reading(void *arg)
{
    (void)arg;
    shared_seen = *shared_va; /* now in this CPU's TLB */
    stage = 1;
    while (stage != 2)
        __asm__ volatile("pause");
    shared_seen = *shared_va;
}

TEST(a_flush_of_all_reaches_the_other_vcpu)
{
    uint64_t *one = page_alloc(), *two = page_alloc();
    uint64_t end;

    *one = 1;
    *two = 2;
    scratch_l1();
    CHECK_EQ(update_va_mapping(scratch_va(100), va_to_maddr(one) | PTE_KERNEL, UVMF_INVLPG), 0);
    shared_va = scratch_va(100);
    stage = 0;
    CHECK_EQ(cpu_run(1, keep_reading, NULL), 0);
    for (end = system_time_ns() + 5000 * MS; stage != 1 && system_time_ns() < end;)
        sched_op(SCHEDOP_yield, NULL);
    CHECK_EQ(stage, 1);
    CHECK_EQ(shared_seen, 1);
    CHECK_EQ(
        update_va_mapping(scratch_va(100), va_to_maddr(two) | PTE_KERNEL, UVMF_INVLPG | UVMF_ALL),
        0);
    stage = 2;
    CHECK_EQ(cpu_wait(1, 5000 * MS), 0);
    CHECK_EQ(shared_seen, 2);
    CHECK_EQ(update_va_mapping(scratch_va(100), 0, UVMF_INVLPG | UVMF_ALL), 0);
    page_free(one);
    page_free(two);
}

static uint32_t ipi_port;

static void send_event(void *arg)
{
    struct evtchn_send send = {.port = ipi_port};

    (void)arg;
    evtchn_op(EVTCHNOP_send, &send);
}

TEST(an_event_from_another_vcpu_wakes_a_blocked_one)
{
    struct evtchn_bind_ipi ipi = {.vcpu = 0};
    struct evtchn_close close;

    CHECK_EQ(evtchn_op(EVTCHNOP_bind_ipi, &ipi), 0);
    ipi_port = close.port = ipi.port;
    event_counts[ipi.port] = 0;
    event_unmask_bit(ipi.port);
    CHECK_EQ(cpu_run(1, send_event, NULL), 0);
    while (!event_counts[ipi.port])
        CHECK_EQ(sched_op(SCHEDOP_block, NULL), 0);
    CHECK_EQ(event_counts[ipi.port], 1);
    events_disable();
    CHECK_EQ(cpu_wait(1, 5000 * MS), 0);
    event_mask_bit(ipi.port);
    CHECK_EQ(evtchn_op(EVTCHNOP_close, &close), 0);
}
