/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Guests as the scheduler sees them: one that only computes, one that sleeps and wakes. As parts of a
 * test of the whole system they go on for as long as the command line says: busy_ms=, rounds=.
 */
#include "mini.h"

#define MS 1000000UL

static uint64_t number_of(const char *key, uint64_t unless_told)
{
    uint64_t n = cmdline_number(key);

    return n ? n : unless_told;
}

static uint64_t runstate_total(struct vcpu_runstate_info *info)
{
    uint64_t total = 0;

    CHECK_EQ(vcpu_op(VCPUOP_get_runstate_info, 0, info), 0);
    for (int i = 0; i < 4; i++)
        total += info->time[i];
    return total;
}

/* Every nanosecond is counted in one state; those that were computed away as running. */
TEST(busy_time_is_counted)
{
    struct vcpu_runstate_info before, after;
    uint64_t early = system_time_ns(), total, start, end, late;

    total = runstate_total(&before);
    start = system_time_ns();
    end = start + number_of("busy_ms", 20) * MS;
    while (system_time_ns() < end)
        __asm__ volatile(".rept 400; nop; .endr");
    late = system_time_ns();
    total = runstate_total(&after) - total;
    CHECK(total >= late - start);
    CHECK(total <= system_time_ns() - early);
    CHECK(after.time[RUNSTATE_running] > before.time[RUNSTATE_running]);
    CHECK_EQ(after.time[RUNSTATE_blocked], before.time[RUNSTATE_blocked]);
}

/* Sleep for a while again and again; say how late the latest awakening was. */
TEST(sleeper_wakes)
{
    struct evtchn_bind_virq op = {.virq = VIRQ_TIMER};
    uint64_t rounds = number_of("rounds", 10), latest = 0;
    struct evtchn_close close;

    CHECK_EQ(evtchn_op(EVTCHNOP_bind_virq, &op), 0);
    event_unmask_bit(op.port);
    for (uint64_t i = 0; i < rounds; i++) {
        uint64_t due = system_time_ns() + 5 * MS + i % 7 * MS / 3, now;

        event_counts[op.port] = 0;
        CHECK_EQ(hypercall1(__HYPERVISOR_set_timer_op, (long)due), 0);
        while (!event_counts[op.port])
            CHECK_EQ(sched_op(SCHEDOP_block, NULL), 0);
        now = system_time_ns();
        CHECK(now >= due);
        if (now - due > latest)
            latest = now - due;
    }
    events_disable();
    event_mask_bit(op.port);
    close.port = op.port;
    CHECK_EQ(evtchn_op(EVTCHNOP_close, &close), 0);
    kprintf("sleeper: %lu rounds, latest %lu us\n", rounds, latest / 1000);
}
