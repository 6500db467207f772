/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The scheduler. Each CPU has a queue of runnable vcpus, ordered by virtual run time: real run time
 * scaled by 256 / weight. The lowest runs; a vcpu that wakes is placed at most WAKE_CREDIT_NS behind the
 * queue's clock, so that sleeping buys a prompt start but no monopoly. Idle CPUs steal.
 * A domain with a cap has a budget for all its vcpus together in each period of CAP_PERIOD_NS. Who would
 * run without budget is parked: not runnable until the period's timer, and counted as runnable all the
 * same. What was used too much (several ran at once) is taken from the next period, so that the average
 * holds.
 *
 * Invariants: a vcpu is in a queue (sched.queued) only while it is runnable and not running; sched.running
 *             stays set until arch has saved its state (sched_switch_done), and nobody starts a running vcpu.
 *             rq->curr is what a CPU runs, its idle vcpu included; an idle vcpu is never queued.
 * Locking:    the queue lock of v->sched.cpu guards v's fields; sched.cpu changes only under the locks of
 *             the old queue. All irq-safe. A second queue is only tried (spin_trylock), or taken after the
 *             first was dropped. d->cap.lock is inside a queue's, timers inside both.
 * ABI:        pv-abi/sched.h, pv-abi/vcpu.h (run states).
 */
#include <hv/alloc.h>
#include <hv/arch.h>
#include <hv/domain.h>
#include <hv/guest_access.h>
#include <hv/hypercall.h>
#include <hv/perf.h>
#include <hv/sched.h>
#include <pv-abi/sched.h>

#define SLICE_NS           10000000ll /* alone with one other */
#define SLICE_MIN_NS       2000000ll  /* however many wait */
#define WAKE_CREDIT_NS     5000000ll  /* advantage of one that wakes */
#define PREEMPT_NS         500000ll   /* how far behind a waker must be to preempt at once */
#define CAP_PERIOD_NS      10000000ll
#define FOREVER_NS         INT64_MAX
#define DEFAULT_WEIGHT     256u
#define POLL_MAX_PORTS     128u
#define TIMER_FAR_NS       (1ll << 50) /* about 13 days */
#define TIMER_FAR_DELAY_NS 100000000ll

static struct runqueue {
    spinlock_t lock;
    struct list queue; /* of vcpu.sched.queue, lowest vruntime first */
    unsigned int nr_queued;
    struct vcpu *curr, *idle;
    uint64_t clock_ns; /* virtual: never goes back, no queued vcpu is far behind it */
    struct timer slice;
} __attribute__((aligned(64))) queues[NR_CPUS];

static uint64_t idle_cpus; /* bit mask, atomic: a hint for placement */

/* A CPU may have a queue and never have started. */
static uint64_t up_cpus(void)
{
    return ~0ull >> (NR_CPUS - arch_nr_cpus());
}

/* Signed difference of two virtual times: positive when @a is later. */
static int64_t later_by(uint64_t a, uint64_t b)
{
    return (int64_t)(a - b);
}

static bool vcpu_runnable(const struct vcpu *v)
{
    return !ACCESS_ONCE(v->pause_flags) && !ACCESS_ONCE(v->domain->pause_count);
}

static bool cpu_allowed(const struct vcpu *v, unsigned int cpu)
{
    return v->sched.affinity >> cpu & 1;
}

static struct runqueue *queue_lock(const struct vcpu *v, unsigned long *flags)
{
    for (;;) {
        struct runqueue *rq = &queues[ACCESS_ONCE(v->sched.cpu)];

        spin_lock_irqsave(&rq->lock, *flags);
        if (rq == &queues[v->sched.cpu])
            return rq;
        spin_unlock_irqrestore(&rq->lock, *flags);
    }
}

/* ---- accounting -------------------------------------------------------------------------------- */

static void runstate_set(struct vcpu *v, int state, s_time_t now)
{
    s_time_t spent = now - v->runstate.entry_ns;

    if (spent > 0)
        v->runstate.time_ns[v->runstate.state] += spent;
    v->runstate.state = state;
    v->runstate.entry_ns = now;
}

/* What a vcpu that does not run counts as. */
static int waiting_state(const struct vcpu *v)
{
    unsigned long flags = ACCESS_ONCE(v->pause_flags) & ~(1ul << VPF_PARKED);

    if (!flags && !ACCESS_ONCE(v->domain->pause_count))
        return RUNSTATE_runnable;
    return flags & (1ul << VPF_BLOCKED) && !(flags & (1ul << VPF_DOWN)) ? RUNSTATE_blocked
                                                                        : RUNSTATE_offline;
}

static void runstate_set_waiting(struct vcpu *v)
{
    int state = waiting_state(v);

    if (v->runstate.state != state)
        runstate_set(v, state, now_ns());
}

/* Begin the period that @now is in; what is left over is gone, what is owed stays. Lock held. */
static void cap_refill(struct sched_cap *c, s_time_t now)
{
    s_time_t quota = CAP_PERIOD_NS / 100 * c->percent, periods;

    if (now < c->end_ns)
        return;
    periods = (now - c->end_ns) / CAP_PERIOD_NS + 1;
    c->end_ns += periods * CAP_PERIOD_NS;
    c->left_ns = min(c->left_ns + periods * quota, quota);
}

static void cap_charge(struct sched_cap *c, s_time_t spent, s_time_t now)
{
    SCOPED_LOCK(&c->lock);

    c->left_ns -= spent;
    cap_refill(c, now);
}

/* Park @v, which is runnable, if its domain has no budget left. Lock of its queue held. */
static bool cap_park(struct vcpu *v, s_time_t now)
{
    struct sched_cap *c = &v->domain->cap;

    if (likely(!ACCESS_ONCE(c->percent)))
        return false;
    SCOPED_LOCK(&c->lock);
    cap_refill(c, now);
    if (!c->percent || c->left_ns > 0)
        return false;
    /* Under the lock: cap_unpark() sees either the new budget or this bit. */
    set_bit(VPF_PARKED, &v->pause_flags);
    timer_set(&c->timer, c->end_ns);
    return true;
}

/* Charge the time since started_ns to the running @v. Lock held. */
static void charge(struct vcpu *v, s_time_t now)
{
    s_time_t spent = now - v->sched.started_ns;

    if (spent <= 0)
        return;
    v->sched.started_ns = now;
    v->sched.run_ns += (uint64_t)spent;
    v->sched.vruntime_ns += (uint64_t)spent * DEFAULT_WEIGHT / v->sched.weight;
    if (unlikely(v->domain->cap.percent))
        cap_charge(&v->domain->cap, spent, now);
}

uint64_t vcpu_run_ns(const struct vcpu *v)
{
    s_time_t extra =
        ACCESS_ONCE(v->sched.running) ? now_ns() - ACCESS_ONCE(v->sched.started_ns) : 0;

    return ACCESS_ONCE(v->sched.run_ns) + (extra > 0 ? (uint64_t)extra : 0);
}

/* ---- queues --------------------------------------------------------------------------------------- */

static struct vcpu *queue_head(const struct runqueue *rq)
{
    return list_empty(&rq->queue) ? NULL : list_entry(rq->queue.next, struct vcpu, sched.queue);
}

static void queue_insert(struct runqueue *rq, struct vcpu *v)
{
    struct list *at;

    for (at = rq->queue.prev; at != &rq->queue; at = at->prev)
        if (later_by(v->sched.vruntime_ns,
                     list_entry(at, struct vcpu, sched.queue)->sched.vruntime_ns) >= 0)
            break;
    list_add(&v->sched.queue, at);
    v->sched.queued = true;
    rq->nr_queued++;
}

static void queue_remove(struct runqueue *rq, struct vcpu *v)
{
    list_del(&v->sched.queue);
    v->sched.queued = false;
    rq->nr_queued--;
}

static void clock_advance(struct runqueue *rq)
{
    const struct vcpu *first = queue_head(rq), *curr = rq->curr;

    if (!is_idle(curr) &&
        (!first || later_by(first->sched.vruntime_ns, curr->sched.vruntime_ns) > 0))
        first = curr;
    if (first && later_by(first->sched.vruntime_ns, rq->clock_ns) > 0)
        rq->clock_ns = first->sched.vruntime_ns;
}

/* When to look again at who runs: others wait, or the budget of @curr ends. */
static void slice_arm(struct runqueue *rq, const struct vcpu *curr, s_time_t now)
{
    const struct sched_cap *c = &curr->domain->cap;
    s_time_t slice = FOREVER_NS;

    if (!is_idle(curr) && rq->nr_queued)
        slice = max(SLICE_NS / rq->nr_queued, SLICE_MIN_NS);
    if (ACCESS_ONCE(c->percent))
        slice = min(slice, max(ACCESS_ONCE(c->left_ns), 0));
    if (slice == FOREVER_NS)
        timer_stop(&rq->slice);
    else
        timer_set(&rq->slice, now + slice);
}

static void slice_expired(void *arg)
{
    softirq_raise(SOFTIRQ_SCHEDULE);
}

/* Where should @v go? Its own CPU if that idles, else an idle one, else its own. */
static unsigned int pick_cpu(const struct vcpu *v)
{
    unsigned int own = v->sched.cpu;
    uint64_t allowed = up_cpus() & v->sched.affinity;
    uint64_t idle = __atomic_load_n(&idle_cpus, __ATOMIC_RELAXED) & allowed;

    if (!allowed || (allowed >> own & 1 && (idle >> own & 1 || !idle)))
        return own;
    return (unsigned int)__builtin_ctzll(idle ? idle : allowed);
}

/* Make @v, which is in no queue, another CPU's; it keeps its place in the order. Lock held. */
static void move(struct vcpu *v, unsigned int cpu)
{
    v->sched.vruntime_ns += ACCESS_ONCE(queues[cpu].clock_ns) - queues[v->sched.cpu].clock_ns;
    __atomic_store_n(&v->sched.cpu, cpu, __ATOMIC_RELEASE);
}

/* Choose a CPU for @v, which is in no queue: that one's queue, locked instead of @rq, which was. Chosen again
 * only if @v may not run there any more, as its affinity changed while no lock was held (and nobody else took
 * care of @v): a better place found meanwhile would send it round in circles. */
static struct runqueue *choose_queue(struct vcpu *v, struct runqueue *rq, unsigned long *flags)
{
    bool running = v->sched.running;

    do {
        unsigned int cpu = pick_cpu(v);

        if (cpu == v->sched.cpu)
            break;
        move(v, cpu);
        spin_unlock_irqrestore(&rq->lock, *flags);
        rq = queue_lock(v, flags);
    } while (!cpu_allowed(v, v->sched.cpu) && !v->sched.queued && v->sched.running == running);
    return rq;
}

/* Queue @v and see whether it should run at once. Lock of @rq held, v->sched.cpu is @rq's. */
static void enqueue(struct runqueue *rq, struct vcpu *v, s_time_t now)
{
    struct vcpu *curr = rq->curr;
    uint64_t floor;

    if (!is_idle(curr))
        charge(curr, now);
    clock_advance(rq);
    floor = rq->clock_ns - WAKE_CREDIT_NS;
    if (later_by(floor, v->sched.vruntime_ns) > 0)
        v->sched.vruntime_ns = floor;
    if (unlikely(perf_flags))
        perf_wake(v, now);
    runstate_set(v, RUNSTATE_runnable, now);
    queue_insert(rq, v);
    if (is_idle(curr) || later_by(curr->sched.vruntime_ns, v->sched.vruntime_ns) > PREEMPT_NS)
        softirq_raise_on(v->sched.cpu, SOFTIRQ_SCHEDULE);
    else if (rq->nr_queued == 1)
        slice_arm(rq, curr, now); /* it ran alone, without a slice */
}

/* ---- waking and sleeping --------------------------------------------------------------------------- */

static bool wants_queue(const struct vcpu *v)
{
    return !v->sched.running && !v->sched.queued && vcpu_runnable(v);
}

void vcpu_wake(struct vcpu *v)
{
    unsigned long flags;
    struct runqueue *rq = queue_lock(v, &flags);

    if (wants_queue(v))
        rq = choose_queue(v, rq, &flags);
    if (wants_queue(v)) /* still, after the change of locks */
        enqueue(rq, v, now_ns());
    spin_unlock_irqrestore(&rq->lock, flags);
}

void vcpu_sleep_nosync(struct vcpu *v)
{
    unsigned long flags;
    struct runqueue *rq = queue_lock(v, &flags);

    if (!vcpu_runnable(v)) {
        if (v->sched.queued)
            queue_remove(rq, v);
        if (rq->curr == v)
            softirq_raise_on(v->sched.cpu, SOFTIRQ_SCHEDULE);
        else if (!v->sched.running)
            runstate_set_waiting(v);
    }
    spin_unlock_irqrestore(&rq->lock, flags);
}

void vcpu_sleep_sync(struct vcpu *v)
{
    vcpu_sleep_nosync(v);
    if (v == current)
        return; /* it stops when the hypercall is over */
    while (__atomic_load_n(&v->sched.running, __ATOMIC_ACQUIRE) && !vcpu_runnable(v))
        __builtin_ia32_pause();
}

void vcpu_unblock(struct vcpu *v)
{
    struct domain *d = v->domain;

    if (!test_bit(VPF_BLOCKED, &v->pause_flags))
        return;
    if (d->evtchn.pollers >> v->id & 1) {
        v->poll_port = 0;
        clear_bit(v->id, &d->evtchn.pollers);
    }
    if (test_and_clear_bit(VPF_BLOCKED, &v->pause_flags))
        vcpu_wake(v);
}

int vcpu_set_affinity(struct vcpu *v, uint64_t mask)
{
    unsigned long flags;
    struct runqueue *rq;

    if (!(mask & up_cpus()))
        return -EINVAL;
    rq = queue_lock(v, &flags);
    v->sched.affinity = mask;
    if (!cpu_allowed(v, v->sched.cpu)) {
        if (v->sched.queued)
            queue_remove(rq, v);
        if (rq->curr == v)
            softirq_raise_on(v->sched.cpu, SOFTIRQ_SCHEDULE); /* placed anew when off its CPU */
    }
    spin_unlock_irqrestore(&rq->lock, flags);
    vcpu_wake(v);
    return 0;
}

/* ---- choosing ---------------------------------------------------------------------------------------- */

/* How many want this CPU. A hint, without the lock. */
static unsigned int load_of(const struct runqueue *rq)
{
    return ACCESS_ONCE(rq->nr_queued) + (ACCESS_ONCE(rq->curr) != rq->idle);
}

/* Move the first that may run here from another queue to ours. Our lock is held; theirs is only tried. */
static bool steal_from(struct runqueue *other, struct runqueue *rq)
{
    unsigned int me = (unsigned int)(rq - queues);
    struct list *p;
    bool done = false;

    if (!spin_trylock(&other->lock))
        return false;
    list_for_each (p, &other->queue) {
        struct vcpu *v = list_entry(p, struct vcpu, sched.queue);

        if (!cpu_allowed(v, me))
            continue;
        queue_remove(other, v);
        move(v, me);
        queue_insert(rq, v);
        done = true;
        break;
    }
    spin_unlock(&other->lock);
    return done;
}

/* Take one from a queue that is longer by two: an idle CPU from one that has one running and one waiting. */
static void balance_pull(struct runqueue *rq, unsigned int own_load)
{
    unsigned int me = (unsigned int)(rq - queues), nr = arch_nr_cpus();

    for (unsigned int i = 1; i < nr; i++) {
        struct runqueue *other = &queues[(me + i) % nr];

        if (ACCESS_ONCE(other->nr_queued) && load_of(other) >= own_load + 2 &&
            steal_from(other, rq))
            return;
    }
}

/* The other way round: let a CPU with less to do come and take one. */
static void balance_offer(const struct runqueue *rq, unsigned int own_load)
{
    unsigned int me = (unsigned int)(rq - queues), nr = arch_nr_cpus();

    for (unsigned int i = 1; i < nr; i++) {
        unsigned int cpu = (me + i) % nr;

        if (queues[cpu].idle && own_load >= load_of(&queues[cpu]) + 2) {
            softirq_raise_on(cpu, SOFTIRQ_SCHEDULE);
            return;
        }
    }
}

/* The next to run here; removed from its queue. Lock held. */
static struct vcpu *choose(struct runqueue *rq, struct vcpu *prev, s_time_t now)
{
    unsigned int cpu = (unsigned int)(rq - queues);
    bool prev_can = !is_idle(prev) && vcpu_runnable(prev) && cpu_allowed(prev, cpu);
    struct vcpu *head;

    prev_can = prev_can && !cap_park(prev, now);
    for (;;) {
        balance_pull(rq, rq->nr_queued + prev_can);
        head = queue_head(rq);
        if (!head || !cap_park(head, now))
            break;
        queue_remove(rq, head);
    }
    if (prev_can && (!head || later_by(head->sched.vruntime_ns, prev->sched.vruntime_ns) >= 0))
        return prev;
    if (!head)
        return rq->idle;
    queue_remove(rq, head);
    return head;
}

/* Its timers fire where it runs. */
static void bring_timers(struct vcpu *v, unsigned int cpu)
{
    if (likely(v->singleshot.cpu == cpu))
        return;
    timer_migrate(&v->singleshot, cpu);
    timer_migrate(&v->poll_timer, cpu);
}

/* SOFTIRQ_SCHEDULE: pick the next vcpu and switch to it (arch_switch_to, does not return when it switches).
 * arch_switch_to is called with interrupts off and no lock held. */
static void schedule(void)
{
    unsigned int cpu = this_cpu();
    struct runqueue *rq = &queues[cpu];
    struct vcpu *prev = current, *next;
    unsigned long flags;
    s_time_t now;

    spin_lock_irqsave(&rq->lock, flags);
    now = now_ns();
    if (!is_idle(prev))
        charge(prev, now);
    clock_advance(rq);
    next = choose(rq, prev, now);
    rq->curr = next;
    if (next == rq->idle)
        __atomic_fetch_or(&idle_cpus, 1ull << cpu, __ATOMIC_SEQ_CST);
    else if (prev == rq->idle)
        __atomic_fetch_and(&idle_cpus, ~(1ull << cpu), __ATOMIC_SEQ_CST);
    slice_arm(rq, next, now);
    if (rq->nr_queued)
        balance_offer(rq, load_of(rq) + (prev != next && !is_idle(prev) && vcpu_runnable(prev)));
    if (next == prev) {
        spin_unlock_irqrestore(&rq->lock, flags);
        return;
    }
    if (!is_idle(prev))
        runstate_set(prev, waiting_state(prev), now);
    BUG_ON(next != rq->idle && next->sched.running);
    next->sched.running = true;
    smp_mb(); /* before the look at its upcall flag on the way out: partner vcpu_mark_events_pending() */
    next->sched.started_ns = now;
    runstate_set(next, RUNSTATE_running, now);
    spin_unlock(&rq->lock); /* interrupts stay off for the switch */
    if (next != rq->idle)
        bring_timers(next, cpu);
    if (unlikely(perf_flags))
        perf_switch(prev, next, now);
    arch_switch_to(prev, next);
}

void sched_switch_done(struct vcpu *prev)
{
    unsigned long flags;
    struct runqueue *rq;

    if (is_idle(prev))
        return;
    rq = queue_lock(prev, &flags);
    if (vcpu_runnable(prev)) /* "running" still: nobody queues or frees it while no lock is held */
        rq = choose_queue(prev, rq, &flags);
    if (vcpu_runnable(prev)) /* preempted, or woken meanwhile */
        enqueue(rq, prev, now_ns());
    else
        runstate_set_waiting(prev);
    __atomic_store_n(&prev->sched.running, false, __ATOMIC_RELEASE);
    spin_unlock_irqrestore(&rq->lock, flags);
}

/* ---- life -------------------------------------------------------------------------------------------- */

static void singleshot_expired(void *arg)
{
    virq_send_vcpu(arg, VIRQ_TIMER);
}

static void poll_expired(void *arg)
{
    struct vcpu *v = arg;

    if (test_bit(v->id, &v->domain->evtchn.pollers))
        vcpu_unblock(v);
}

static void watchdog_expired(void *arg)
{
    struct domain *d = arg;

    printk(LOG_WARN "d%u: watchdog expired\n", d->domid);
    domain_shutdown(d, SHUTDOWN_watchdog);
}

/* The parked vcpus of @d run again, if there is budget. */
static void cap_unpark(void *arg)
{
    struct domain *d = arg;
    struct sched_cap *c = &d->cap;
    unsigned long flags;
    struct vcpu *v;
    bool broke;

    spin_lock_irqsave(&c->lock, flags);
    cap_refill(c, now_ns());
    broke = c->percent && c->left_ns <= 0;
    if (broke)
        timer_set(&c->timer, c->end_ns);
    spin_unlock_irqrestore(&c->lock, flags);
    for_each_vcpu (d, v)
        if (!broke && test_and_clear_bit(VPF_PARKED, &v->pause_flags))
            vcpu_wake(v);
}

void sched_set_share(struct domain *d, unsigned int weight, unsigned int cap)
{
    struct sched_cap *c = &d->cap;
    unsigned long flags;
    struct vcpu *v;

    for_each_vcpu (d, v) {
        struct runqueue *rq = queue_lock(v, &flags);

        if (rq->curr == v)
            charge(v, now_ns()); /* what it ran until now is as it was */
        v->sched.weight = weight;
        spin_unlock_irqrestore(&rq->lock, flags);
    }
    spin_lock_irqsave(&c->lock, flags);
    if (c->percent != cap) { /* else what is owed stays */
        c->percent = cap;
        c->end_ns = now_ns();
        c->left_ns = 0;
    }
    spin_unlock_irqrestore(&c->lock, flags);
    cap_unpark(d);
    for_each_vcpu (d, v) /* one that runs gets another slice */
        softirq_raise_on(v->sched.cpu, SOFTIRQ_SCHEDULE);
}

void sched_domain_init(struct domain *d)
{
    timer_init(&d->cap.timer, cap_unpark, d, this_cpu());
    for (unsigned int i = 0; i < ARRAY_SIZE(d->watchdog); i++)
        timer_init(&d->watchdog[i].timer, watchdog_expired, d, this_cpu());
}

void sched_domain_destroy(struct domain *d)
{
    timer_kill(&d->cap.timer);
    for (unsigned int i = 0; i < ARRAY_SIZE(d->watchdog); i++)
        timer_kill(&d->watchdog[i].timer);
}

void sched_vcpu_init(struct vcpu *v, unsigned int cpu)
{
    list_init(&v->sched.queue);
    v->sched.cpu = cpu;
    v->sched.weight =
        v->id && v->domain->vcpu[0] ? v->domain->vcpu[0]->sched.weight : DEFAULT_WEIGHT;
    v->sched.affinity = ~0ull;
    v->sched.vruntime_ns = ACCESS_ONCE(queues[cpu].clock_ns);
    v->runstate.state = RUNSTATE_offline;
    v->runstate.entry_ns = now_ns();
    timer_init(&v->singleshot, singleshot_expired, v, cpu);
    timer_init(&v->poll_timer, poll_expired, v, cpu);
}

void sched_vcpu_destroy(struct vcpu *v)
{
    unsigned long flags;
    struct runqueue *rq = queue_lock(v, &flags);

    BUG_ON(v->sched.running);
    if (v->sched.queued)
        queue_remove(rq, v);
    spin_unlock_irqrestore(&rq->lock, flags);
    timer_kill(&v->singleshot);
    timer_kill(&v->poll_timer);
}

struct vcpu *sched_idle_vcpu(unsigned int cpu)
{
    return queues[cpu].idle;
}

void sched_cpu_up(unsigned int cpu)
{
    struct runqueue *rq = &queues[cpu];
    struct vcpu *v = hv_alloc(sizeof(*v));

    BUG_ON(!v);
    v->id = cpu;
    v->domain = idle_domain;
    v->info_mfn = INVALID_MFN;
    sched_vcpu_init(v, cpu);
    v->sched.running = true;
    v->sched.started_ns = now_ns();
    v->runstate.state = RUNSTATE_running;
    list_init(&rq->queue);
    timer_init(&rq->slice, slice_expired, rq, cpu);
    rq->curr = v;
    __atomic_store_n(&rq->idle, v, __ATOMIC_RELEASE);
    __atomic_fetch_or(&idle_cpus, 1ull << cpu, __ATOMIC_SEQ_CST);
}

void sched_init(void)
{
    softirq_open(SOFTIRQ_SCHEDULE, schedule);
    sched_cpu_up(this_cpu());
    current = sched_idle_vcpu(this_cpu());
}

/* ---- hypercalls ---------------------------------------------------------------------------------------- */

/* SCHEDOP_yield: go behind the one that waits longest. */
static long op_yield(struct vcpu *v)
{
    unsigned long flags;
    struct runqueue *rq = queue_lock(v, &flags);
    const struct vcpu *head = queue_head(rq);

    if (head) {
        charge(v, now_ns());
        if (later_by(head->sched.vruntime_ns, v->sched.vruntime_ns) >= 0)
            v->sched.vruntime_ns = head->sched.vruntime_ns + 1;
        softirq_raise(SOFTIRQ_SCHEDULE);
    }
    spin_unlock_irqrestore(&rq->lock, flags);
    return 0;
}

/* SCHEDOP_block: unmask upcalls and sleep until there is one. */
static long op_block(struct vcpu *v)
{
    ACCESS_ONCE(v->info->evtchn_upcall_mask) = 0;
    /* "Blocked" before the look at the flag: a full barrier, see vcpu_mark_events_pending(). */
    set_bit(VPF_BLOCKED, &v->pause_flags);
    if (vcpu_events_pending(v))
        clear_bit(VPF_BLOCKED, &v->pause_flags);
    else
        softirq_raise(SOFTIRQ_SCHEDULE);
    return 0;
}

/*
 * SCHEDOP_poll: sleep until one of the ports is pending, an event is to be delivered, or the time is over.
 * -EFAULT; -EINVAL more than 128 ports, or no such port.
 */
static long op_poll(struct domain *d, guest_va_t arg)
{
    evtchn_port_t ports[POLL_MAX_PORTS];
    struct vcpu *v = current;
    struct sched_poll op;
    int pending = 0;

    if (copy_from_guest(&op, arg, sizeof(op)))
        return -EFAULT;
    if (op.nr_ports > POLL_MAX_PORTS)
        return -EINVAL;
    if (copy_from_guest(ports, op.ports, op.nr_ports * sizeof(ports[0])))
        return -EFAULT;

    /* Asleep first, then look: a sender sets its bit, then looks for sleepers. */
    v->poll_port = op.nr_ports == 1 ? (int)ports[0] : -1;
    set_bit(v->id, &d->evtchn.pollers);
    set_bit(VPF_BLOCKED, &v->pause_flags);
    if (vcpu_events_pending(v))
        pending = 1;
    for (uint32_t i = 0; i < op.nr_ports && !pending; i++)
        pending = evtchn_port_pending(d, ports[i]);
    if (pending) {
        clear_bit(v->id, &d->evtchn.pollers);
        v->poll_port = 0;
        clear_bit(VPF_BLOCKED, &v->pause_flags);
        return pending < 0 ? pending : 0;
    }
    if (op.timeout)
        timer_set(&v->poll_timer, (s_time_t)min(op.timeout, (uint64_t)INT64_MAX));
    else
        timer_stop(&v->poll_timer);
    softirq_raise(SOFTIRQ_SCHEDULE);
    return 0;
}

/* -EFAULT. */
static long op_shutdown(struct domain *d, guest_va_t arg)
{
    struct sched_shutdown op;

    if (copy_from_guest(&op, arg, sizeof(op)))
        return -EFAULT;
    domain_shutdown(d, (uint8_t)op.reason);
    return 0;
}

/* Only the code, for a shutdown that the tools will see later. -EFAULT; -EINVAL it has shut down. */
static long op_shutdown_code(struct domain *d, guest_va_t arg)
{
    struct sched_shutdown op;

    if (copy_from_guest(&op, arg, sizeof(op)))
        return -EFAULT;
    SCOPED_LOCK(&d->lock);
    if (d->is_shutting_down || d->is_shut_down)
        return -EINVAL;
    d->shutdown_code = (uint8_t)op.reason;
    return 0;
}

/* -EFAULT; -ESRCH; -EPERM; -EINVAL the caller itself. */
static long op_remote_shutdown(struct domain *d, guest_va_t arg)
{
    struct sched_remote_shutdown op;
    struct domain *rd SCOPED_REF = NULL;
    long rc;

    if (copy_from_guest(&op, arg, sizeof(op)))
        return -EFAULT;
    if (!d->privileged)
        return -EPERM;
    rc = domain_get_controlled(d, op.domain_id, &rd);
    if (rc)
        return rc;
    if (rd == d)
        return -EINVAL;
    domain_shutdown(rd, (uint8_t)op.reason);
    return 0;
}

/* A timer that ends the domain unless it is set again. Returns the id of a new one (from 1 on), else 0.
 * -EFAULT; -EINVAL no such watchdog; -ENOSPC. */
static long op_watchdog(struct domain *d, guest_va_t arg)
{
    struct sched_watchdog op;
    struct watchdog *w;
    bool another;

    if (copy_from_guest(&op, arg, sizeof(op)))
        return -EFAULT;
    if (op.id > ARRAY_SIZE(d->watchdog) || (!op.id && !op.timeout))
        return -EINVAL;
    another = !op.id;
    SCOPED_LOCK(&d->lock);
    while (another && op.id < ARRAY_SIZE(d->watchdog) && d->watchdog[op.id].in_use)
        op.id++;
    if (another && op.id++ == ARRAY_SIZE(d->watchdog))
        return -ENOSPC;
    w = &d->watchdog[op.id - 1];
    if (!another && !w->in_use)
        return -EINVAL;
    w->in_use = op.timeout;
    if (op.timeout)
        timer_set(&w->timer, now_ns() + (s_time_t)op.timeout * 1000000000);
    else
        timer_stop(&w->timer);
    return another ? (long)op.id : 0;
}

/* -ENOSYS: pin_override and what does not exist. */
long hc_sched_op(struct domain *d, uint64_t cmd, guest_va_t arg)
{
    switch (cmd) {
    case SCHEDOP_yield:
        return op_yield(current);
    case SCHEDOP_block:
        return op_block(current);
    case SCHEDOP_shutdown:
        return op_shutdown(d, arg);
    case SCHEDOP_poll:
        return op_poll(d, arg);
    case SCHEDOP_remote_shutdown:
        return op_remote_shutdown(d, arg);
    case SCHEDOP_shutdown_code:
        return op_shutdown_code(d, arg);
    case SCHEDOP_watchdog:
        return op_watchdog(d, arg);
    default:
        return -ENOSYS;
    }
}

/*
 * set_timer_op: VIRQ_TIMER at system time @timeout_ns; 0 stops it. A time so far off that the guest must
 * have wrapped its arithmetic is taken for "soon".
 */
long hc_set_timer_op(struct domain *d, uint64_t timeout_ns)
{
    struct vcpu *v = current;
    s_time_t now = now_ns(), t = (s_time_t)timeout_ns;

    if (!timeout_ns) {
        timer_stop(&v->singleshot);
        return 0;
    }
    if (t < 0 || t - now > TIMER_FAR_NS)
        t = now + TIMER_FAR_DELAY_NS;
    timer_set(&v->singleshot, t);
    return 0;
}
