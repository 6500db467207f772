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
static uint32_t ring_size; /* records, a power of two */
static uint32_t trace_mask;

static void flag_set(unsigned int flag)
{
    __atomic_fetch_or(&perf_flags, flag, __ATOMIC_SEQ_CST);
}

/* Clear @flag; behind this no CPU uses what it stood for. */
static void settle(unsigned int flag)
{
    __atomic_fetch_and(&perf_flags, ~flag, __ATOMIC_SEQ_CST);
    arch_free_flush(UINT32_MAX);
}

/* ---- counting ----------------------------------------------------------------------------------- */

static void add(uint64_t *counter, uint64_t n)
{
    __atomic_fetch_add(counter, n, __ATOMIC_RELAXED);
}

/* Interrupts are off. */
static struct pavo_perf *counters(const struct vcpu *v)
{
    return ACCESS_ONCE(perf_flags) & PERF_COUNT ? ACCESS_ONCE(v->domain->perf) : NULL;
}

static void count(struct pavo_perf *p, unsigned int event, uint32_t arg)
{
    const uint32_t nr_traps = ARRAY_SIZE(p->traps), nr_emulated = ARRAY_SIZE(p->emulated);

    add(&p->events[event], 1);
    switch (event) {
    case PAVO_EV_TRAP:
        arg = arg == 0x80 ? 32 : arg;
        add(&p->traps[min(arg, nr_traps - 1)], 1);
        break;
    case PAVO_EV_EMULATE:
        add(&p->emulated[min(arg, nr_emulated - 1)], 1);
        break;
    case PAVO_EV_TLB_REMOTE:
        add(&p->tlb_cpus, arg);
        break;
    case PAVO_EV_SWITCH_OUT:
        add(&p->idles, arg);
        break;
    case PAVO_EV_GRANT_COPY:
        add(&p->grant_bytes, arg);
        break;
    default:
        break;
    }
}

/* Woken before counting began, it may have run since. */
static void count_latency(const struct vcpu *v, s_time_t now)
{
    struct pavo_perf *p = counters(v);
    s_time_t woken = v->perf_woken_ns;
    uint64_t us = now > woken ? (uint64_t)(now - woken) / 1000 : 0;
    unsigned int bits = us ? 64 - (unsigned int)__builtin_clzll(us) : 0;

    if (p && woken >= (s_time_t)p->since_ns)
        add(&p->wake_us[min(bits, 31u)], 1);
}

/* ---- tracing ------------------------------------------------------------------------------------ */

static void put(struct trace_ring *r, struct pavo_record rec)
{
    r->records[r->head & (ring_size - 1)] = rec;
    __atomic_store_n(&r->head, r->head + 1, __ATOMIC_RELEASE);
}

/* Interrupts are off. */
static void trace(struct trace_ring *r, struct pavo_record rec)
{
    uint32_t room = ring_size - (r->head - __atomic_load_n(&r->tail, __ATOMIC_ACQUIRE));

    if (room < 1u + !!r->gap) {
        r->gap++;
        __atomic_store_n(&r->lost, r->lost + 1, __ATOMIC_RELAXED);
        return;
    }
    if (r->gap)
        put(r, (struct pavo_record){.time_ns = rec.time_ns, .event = PAVO_EV_LOST, .arg = r->gap});
    r->gap = 0;
    put(r, rec);
}

void perf_note(struct vcpu *v, unsigned int event, uint32_t arg)
{
    unsigned long flags = arch_irq_save();
    struct pavo_perf *p;

    if (v && v->domain != idle_domain) { /* NULL: a CPU that comes up */
        p = counters(v);
        if (p)
            count(p, event, arg);
        if ((ACCESS_ONCE(perf_flags) & PERF_TRACE) && (trace_mask >> event & 1))
            trace(&rings[this_cpu()], (struct pavo_record){.time_ns = (uint64_t)now_ns(),
                                                           .event = (uint8_t)event,
                                                           .vcpu = (uint8_t)v->id,
                                                           .domid = v->domain->domid,
                                                           .arg = arg});
    }
    arch_irq_restore(flags);
}

/* ---- hooks that do more ------------------------------------------------------------------------- */

void perf_wake(struct vcpu *v, s_time_t now)
{
    if (v->runstate.state == RUNSTATE_runnable) /* preempted, or moved to another CPU */
        return;
    v->perf_woken_ns = now;
    perf_note(v, PAVO_EV_WAKE, v->sched.cpu);
}

void perf_switch(struct vcpu *prev, struct vcpu *next, s_time_t now)
{
    unsigned long flags = arch_irq_save();

    perf_note(prev, PAVO_EV_SWITCH_OUT, next->domain == idle_domain);
    perf_note(next, PAVO_EV_SWITCH_IN, prev->domain == idle_domain);
    if (next->perf_woken_ns)
        count_latency(next, now);
    next->perf_woken_ns = 0;
    arch_irq_restore(flags);
}

static void count_hypercall(struct vcpu *v, unsigned int slot, bool again, s_time_t ns)
{
    unsigned long flags = arch_irq_save();
    struct pavo_perf *p = counters(v);

    if (p) {
        add(again ? &p->again : &p->hypercalls[slot], 1);
        add(&p->hypercall_ns[slot], (uint64_t)max(ns, 0));
    }
    arch_irq_restore(flags);
}

/* Two instructions a turn. */
static void delay(unsigned int instructions)
{
    for (unsigned int n = instructions / 2; n; n--)
        __atomic_signal_fence(__ATOMIC_SEQ_CST);
}

long perf_hypercall(unsigned int nr)
{
    unsigned int slot = min(nr, PAVO_HYPERCALL_OTHER);
    struct vcpu *v = current;
    s_time_t outer = v->perf_inner_ns, start = now_ns(), spent;
    long rc;

    perf_note(v, PAVO_EV_HYPERCALL, slot);
    v->perf_inner_ns = 0;
    delay(options.hypercall_delay);
    rc = hypercall_run(nr);
    spent = now_ns() - start;
    count_hypercall(v, slot, rc == HC_CONTINUE, spent - v->perf_inner_ns);
    v->perf_inner_ns = outer + spent; /* a multicall around it leaves that out */
    perf_note(v, PAVO_EV_HYPERCALL_END, slot | (rc == HC_CONTINUE ? PAVO_HYPERCALL_AGAIN : 0));
    return rc;
}

/* ---- counting on and off ------------------------------------------------------------------------ */

void perf_init(void)
{
    if (options.hypercall_delay)
        flag_set(PERF_DELAY);
}

static bool page_give(struct domain *d)
{
    struct pavo_perf *p = hv_alloc_page();

    if (!p)
        return false;
    p->version = PAVO_PERF_VERSION;
    p->size = sizeof(*p);
    p->since_ns = (uint64_t)now_ns();
    __atomic_store_n(&d->perf, p, __ATOMIC_RELEASE);
    return true;
}

/* Without a page left for it, it is not counted. */
void perf_domain_init(struct domain *d)
{
    spin_lock(&perf_lock);
    if ((perf_flags & PERF_COUNT) && !d->perf)
        page_give(d);
    spin_unlock(&perf_lock);
}

void perf_domain_destroy(struct domain *d)
{
    if (d->perf)
        hv_free_page(d->perf);
    d->perf = NULL;
}

static void page_clear(struct domain *d)
{
    uint64_t *counter = d->perf->events, *end = (uint64_t *)(d->perf + 1);

    for (; counter < end; counter++)
        __atomic_store_n(counter, 0, __ATOMIC_RELAXED);
    d->perf->since_ns = (uint64_t)now_ns();
}

/* All domains get a page, or lose it, or have it cleared. -ENOMEM. */
static long on_pages(unsigned int cmd)
{
    unsigned int next = 0;
    struct domain *d;
    long rc = 0;

    for (; !rc && (d = domain_get_next(next)); domain_put(d)) {
        next = d->domid + 1u;
        if (cmd == PAVO_PERF_OFF)
            perf_domain_destroy(d);
        else if (cmd == PAVO_PERF_RESET && d->perf)
            page_clear(d);
        else if (cmd == PAVO_PERF_ON && !d->perf && !page_give(d))
            rc = -ENOMEM;
    }
    return rc;
}

long perf_control(struct pavo_perf_op *op)
{
    long rc = 0;
    bool on;

    spin_lock(&perf_lock);
    on = perf_flags & PERF_COUNT;
    if (op->cmd > PAVO_PERF_STATUS)
        rc = -EINVAL;
    else if (op->cmd == PAVO_PERF_RESET)
        rc = on ? on_pages(PAVO_PERF_RESET) : -ENODATA;
    else if (op->cmd == PAVO_PERF_ON && !on)
        rc = on_pages(PAVO_PERF_ON);
    if (!rc && op->cmd == PAVO_PERF_ON)
        flag_set(PERF_COUNT);
    if (rc == -ENOMEM || op->cmd == PAVO_PERF_OFF) {
        settle(PERF_COUNT);
        on_pages(PAVO_PERF_OFF);
    }
    op->on = !!(perf_flags & PERF_COUNT);
    spin_unlock(&perf_lock);
    return rc;
}

long perf_read(struct domain *d, struct pavo_perf_read *op)
{
    long rc = -ENODATA;

    spin_lock(&perf_lock);
    if (d->perf) {
        d->perf->now_ns = (uint64_t)now_ns();
        op->size = min(op->size, (uint32_t)sizeof(*d->perf));
        rc = copy_to_guest(op->buffer, d->perf, op->size) ? -EFAULT : 0;
    }
    spin_unlock(&perf_lock);
    return rc;
}

/* ---- traces, for dom0 --------------------------------------------------------------------------- */

static unsigned int ring_order(void)
{
    uint64_t pages = PFN_UP(ring_size * sizeof(struct pavo_record));

    return 64 - (unsigned int)__builtin_clzll(pages) - 1; /* a power of two, as is the size */
}

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
    uint32_t done = 0, room = min(op->records, PAVO_TRACE_READ_MAX), n;
    struct trace_ring *r = &rings[op->cpu % NR_CPUS];

    if (op->cpu >= NR_CPUS || !r->records)
        return -ENOENT;
    while (done < room) {
        uint32_t at = r->tail & (ring_size - 1);

        n = min(__atomic_load_n(&r->head, __ATOMIC_ACQUIRE) - r->tail, room - done);
        n = min(n, ring_size - at);
        if (!n)
            break;
        if (copy_to_guest(op->buffer + done * sizeof(*r->records), r->records + at,
                          n * sizeof(*r->records)))
            return -EFAULT;
        __atomic_store_n(&r->tail, r->tail + n, __ATOMIC_RELEASE);
        done += n;
    }
    op->records = done;
    op->lost = __atomic_load_n(&r->lost, __ATOMIC_RELAXED);
    return 0;
}

long perf_trace(struct pavo_trace_op *op)
{
    long rc = 0;

    spin_lock(&perf_lock);
    if (op->cmd > PAVO_TRACE_STOP)
        rc = -EINVAL;
    else if (op->cmd == PAVO_TRACE_START)
        rc = trace_start(op);
    else if (!ring_size)
        rc = -ENODATA;
    else if (op->cmd == PAVO_TRACE_READ)
        rc = trace_read(op);
    else
        settle(PERF_TRACE);
    if (!rc && op->cmd == PAVO_TRACE_STOP)
        rings_free();
    spin_unlock(&perf_lock);
    return rc;
}
