/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Counters and traces.
 *
 * Counters: a page for each domain, d->perf, while counting is on (PERF_COUNT). CPUs add to it without
 *           a lock. The idle domain has none.
 * Traces:   a ring for each CPU while tracing is on (PERF_TRACE) or frozen. The CPU alone writes and
 *           moves head, the reader alone moves tail. A record that finds no room is lost and counted;
 *           a record that says how many follows as soon as there is room.
 *
 * Invariants: pages and rings are looked at only with interrupts off and only while perf_flags say that
 *             they are there. So they may be freed when the flag is clear and each CPU has answered a
 *             flush since (settle()).
 * Locking:    perf_lock guards what is there and readers; after domctl_lock, before those of domains.
 * ABI:        pv-abi/pavo.h.
 */
#include <hv/alloc.h>
#include <hv/arch.h>
#include <hv/cmdline.h>
#include <hv/hypercall.h>
#include <hv/perf.h>

unsigned int perf_flags;

static spinlock_t perf_lock = SPINLOCK_INIT;

static struct trace_ring {
    struct pavo_record *records; /* NULL: no ring */
    uint32_t head, tail;         /* free-running */
    uint32_t gap;                /* records lost since the last that was written */
    uint64_t lost;               /* in all */
} __attribute__((aligned(64))) rings[NR_CPUS];
static uint32_t ring_size; /* records, a power of two; 0: no rings */
static uint32_t trace_mask;

static void flag_set(unsigned int flag)
{
    __atomic_fetch_or(&perf_flags, flag, __ATOMIC_SEQ_CST);
}

/* Clear @flag; behind this no CPU uses what it stood for. */
static void settle(unsigned int flag)
{
    __atomic_fetch_and(&perf_flags, ~flag, __ATOMIC_SEQ_CST);
    arch_free_flush(arch_tlb_clock());
}

/* ---- hooks: the rest of this part runs with interrupts off -------------------------------------- */

static void add(uint64_t *counter, uint64_t n)
{
    __atomic_fetch_add(counter, n, __ATOMIC_RELAXED);
}

static void count(struct pavo_perf *p, const struct vcpu *v, unsigned int event, uint32_t arg)
{
    const uint32_t nr = ARRAY_SIZE(p->traps);

    add(&p->events[event], 1);
    add(&p->sums[event], arg);
    if (event == PAVO_EV_TRAP)
        add(&p->traps[arg == 0x80 ? 32 : min(arg, nr - 1)], 1);
    else if (event == PAVO_EV_EMULATE)
        add(&p->emulated[min(arg, nr - 1)], 1);
    else if (event == PAVO_EV_HYPERCALL_END && !(arg & PAVO_HYPERCALL_AGAIN))
        add(&p->hypercalls[arg], 1);
    if (event == PAVO_EV_HYPERCALL_END)
        add(&p->hypercall_ns[arg & ~PAVO_HYPERCALL_AGAIN], (uint64_t)v->perf_own_ns);
}

static void put(struct trace_ring *r, struct pavo_record rec)
{
    r->records[r->head & (ring_size - 1)] = rec;
    __atomic_store_n(&r->head, r->head + 1, __ATOMIC_RELEASE);
}

static void trace(struct trace_ring *r, struct pavo_record rec)
{
    uint32_t room = ring_size - (r->head - __atomic_load_n(&r->tail, __ATOMIC_ACQUIRE));

    if (room < 1u + !!r->gap) {
        r->gap++;
        r->lost++;
        return;
    }
    if (r->gap)
        put(r, (struct pavo_record){.time_ns = rec.time_ns, .event = PAVO_EV_LOST, .arg = r->gap});
    r->gap = 0;
    put(r, rec);
}

void perf_note(struct vcpu *v, unsigned int event, uint32_t arg)
{
    unsigned long irqs = arch_irq_save();
    unsigned int flags = ACCESS_ONCE(perf_flags);

    if (!v || v->domain == idle_domain) /* NULL: a CPU that comes up */
        flags = 0;
    if ((flags & PERF_COUNT) && v->domain->perf)
        count(v->domain->perf, v, event, arg);
    if ((flags & PERF_TRACE) && (trace_mask >> event & 1))
        trace(&rings[this_cpu()], (struct pavo_record){.time_ns = (uint64_t)now_ns(),
                                                       .event = (uint8_t)event,
                                                       .vcpu = (uint8_t)v->id,
                                                       .domid = v->domain->domid,
                                                       .arg = arg});
    arch_irq_restore(irqs);
}

void perf_wake(struct vcpu *v, s_time_t now)
{
    if (v->runstate.state == RUNSTATE_runnable) /* preempted, or moved to another CPU */
        return;
    v->perf_woken_ns = now;
    perf_note(v, PAVO_EV_WAKE, v->sched.cpu);
}

void perf_switch(struct vcpu *prev, struct vcpu *next, s_time_t now)
{
    struct pavo_perf *p = ACCESS_ONCE(perf_flags) & PERF_COUNT ? next->domain->perf : NULL;
    s_time_t woken = next->perf_woken_ns;
    uint64_t us = (uint64_t)max(now - woken, 0) / 1000;

    perf_note(prev, PAVO_EV_SWITCH_OUT, next->domain == idle_domain);
    perf_note(next, PAVO_EV_SWITCH_IN, prev->domain == idle_domain);
    if (p && woken >= (s_time_t)p->since_ns) /* else it may have run since, uncounted */
        add(&p->wake_us[us ? min(64u - (unsigned int)__builtin_clzll(us), 31u) : 0], 1);
    next->perf_woken_ns = 0;
}

/* ---- hypercalls --------------------------------------------------------------------------------- */

static long run(unsigned int nr)
{
    for (unsigned int n = options.hypercall_delay / 2; n; n--) /* two instructions a turn */
        __atomic_signal_fence(__ATOMIC_SEQ_CST);
    return hypercall_run(nr);
}

long perf_hypercall(unsigned int nr)
{
    unsigned int slot = min(nr, PAVO_HYPERCALL_OTHER);
    struct vcpu *v = current;
    s_time_t outer, start, spent;
    long rc;

    if (!(perf_flags & (PERF_COUNT | PERF_TRACE)))
        return run(nr);
    perf_note(v, PAVO_EV_HYPERCALL, slot);
    outer = v->perf_inner_ns;
    v->perf_inner_ns = 0;
    start = now_ns();
    rc = run(nr);
    spent = now_ns() - start;
    v->perf_own_ns = max(spent - v->perf_inner_ns, 0);
    v->perf_inner_ns = outer + spent; /* a multicall around it leaves that out */
    perf_note(v, PAVO_EV_HYPERCALL_END, slot | (rc == HC_CONTINUE ? PAVO_HYPERCALL_AGAIN : 0));
    return rc;
}

void perf_init(void)
{
    if (options.hypercall_delay)
        flag_set(PERF_DELAY);
}

/* ---- counting on and off ------------------------------------------------------------------------ */

static bool page_give(struct domain *d)
{
    struct pavo_perf *p = hv_alloc_page();

    if (!p)
        return false;
    p->version = PAVO_PERF_VERSION;
    p->size = sizeof(*p);
    p->since_ns = (uint64_t)now_ns();
    d->perf = p;
    return true;
}

/* Without a page left for it, it is not counted. */
void perf_domain_init(struct domain *d)
{
    SCOPED_LOCK(&perf_lock);
    if ((perf_flags & PERF_COUNT) && !d->perf)
        page_give(d);
}

void perf_domain_destroy(struct domain *d)
{
    if (d->perf)
        hv_free_page(d->perf);
    d->perf = NULL;
}

long perf_control(const struct pavo_perf_op *op)
{
    unsigned int next = 0;
    struct domain *d;
    long rc = 0;

    SCOPED_LOCK(&perf_lock);
    if (op->on > 1)
        return -EINVAL;
    if (!op->on)
        settle(PERF_COUNT);
    for (; !rc && (d = domain_get_next(next)); domain_put(d)) {
        next = d->domid + 1u;
        if (!op->on)
            perf_domain_destroy(d);
        else if (!d->perf && !page_give(d))
            rc = -ENOMEM; /* those that have one keep it, for a second try or for off */
    }
    if (op->on && !rc)
        flag_set(PERF_COUNT);
    return rc;
}

long perf_read(struct domain *d, struct pavo_perf_read *op)
{
    SCOPED_LOCK(&perf_lock);
    if (!(perf_flags & PERF_COUNT) || !d->perf)
        return -ENODATA;
    d->perf->now_ns = (uint64_t)now_ns();
    op->size = min(op->size, (uint32_t)sizeof(*d->perf));
    return copy_to_guest(op->buffer, d->perf, op->size) ? -EFAULT : 0;
}

/* ---- traces, for dom0 --------------------------------------------------------------------------- */

static unsigned int ring_order(void)
{
    return (unsigned int)__builtin_ctzll(ring_size * sizeof(struct pavo_record) / PAGE_SIZE);
}
_Static_assert(PAVO_TRACE_RECORDS_MIN * sizeof(struct pavo_record) >= PAGE_SIZE, "whole pages");

/* Nobody writes: flags are clear and have settled. */
static void rings_free(void)
{
    for (unsigned int i = 0; i < NR_CPUS; i++) {
        if (rings[i].records)
            heap_free(virt_to_mfn(rings[i].records), ring_order(), false);
        rings[i] = (struct trace_ring){.head = 0};
    }
    ring_size = 0;
}

static long trace_start(const struct pavo_trace_op *op)
{
    uint32_t n = op->records;

    if (ring_size)
        return -EBUSY;
    if (n < PAVO_TRACE_RECORDS_MIN || n > PAVO_TRACE_RECORDS_MAX || (n & (n - 1)))
        return -EINVAL;
    ring_size = n;
    trace_mask = op->mask;
    for (unsigned int i = 0; i < arch_nr_cpus(); i++) {
        mfn_t mfn = heap_alloc(ring_order(), 0, 0);

        if (mfn_is_invalid(mfn)) {
            rings_free();
            return -ENOMEM;
        }
        rings[i].records = mfn_to_virt(mfn);
    }
    flag_set(PERF_TRACE);
    return 0;
}

static long trace_read(struct pavo_trace_op *op)
{
    uint32_t done = 0, room = min(op->records, PAVO_TRACE_READ_MAX), n, at;
    struct trace_ring *r = &rings[op->cpu % NR_CPUS];

    if (op->cpu >= NR_CPUS || !r->records)
        return -ENOENT;
    for (; done < room; done += n) {
        at = r->tail & (ring_size - 1);
        n = min(__atomic_load_n(&r->head, __ATOMIC_ACQUIRE) - r->tail, room - done);
        n = min(n, ring_size - at);
        if (!n)
            break;
        if (copy_to_guest(op->buffer + done * sizeof(*r->records), r->records + at,
                          n * sizeof(*r->records)))
            return -EFAULT;
        __atomic_store_n(&r->tail, r->tail + n, __ATOMIC_RELEASE);
    }
    op->records = done;
    op->lost = ACCESS_ONCE(r->lost);
    return 0;
}

long perf_trace(struct pavo_trace_op *op)
{
    SCOPED_LOCK(&perf_lock);
    if (op->cmd > PAVO_TRACE_STOP)
        return -EINVAL;
    if (op->cmd == PAVO_TRACE_START)
        return trace_start(op);
    if (!ring_size)
        return -ENODATA;
    if (op->cmd == PAVO_TRACE_READ)
        return trace_read(op);
    settle(PERF_TRACE);
    if (op->cmd == PAVO_TRACE_STOP)
        rings_free();
    return 0;
}
