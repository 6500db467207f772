/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Event channels: one-bit notifications from domains, virqs and pirqs.
 * States:    FREE -> RESERVED -> UNBOUND, INTERDOMAIN, VIRQ, IPI or PIRQ -> FREE, in d->evtchn.bucket.
 *            A close of one interdomain end leaves the other one UNBOUND.
 * Invariant: two INTERDOMAIN ends name each other; guests cannot act on a RESERVED port.
 * Locking:   d->evtchn.lock guards d's ports. Each port has a lock of its own (irq-safe) that is all a
 *            sender takes. A port's state changes under both. Two of a kind: lower address first. Buckets
 *            live as long as the domain, so a sender needs no other lock.
 * Delivery:  2-level (event_set_pending), apart from the state of ports.
 * ABI:       pv-abi/event_channel.h, pv-abi/shared_info.h (source: Xen public headers).
 */
#include <hv/alloc.h>
#include <hv/arch.h>
#include <hv/domain.h>
#include <hv/evtchn.h>
#include <hv/guest_access.h>
#include <hv/hypercall.h>
#include <hv/perf.h>
#include <pv-abi/event_channel.h>

enum evtchn_state {
    EVTCHN_FREE,
    EVTCHN_RESERVED,
    EVTCHN_UNBOUND,
    EVTCHN_INTERDOMAIN,
    EVTCHN_VIRQ,
    EVTCHN_IPI,
    EVTCHN_PIRQ,
};

struct evtchn {
    spinlock_t lock;
    uint8_t state;
    uint16_t vcpu; /* who is notified */
    union {
        struct {
            struct domain *d;
            evtchn_port_t port;
        } remote;
        uint32_t source; /* VIRQ, PIRQ: its number; UNBOUND: the domain that may bind */
    };
};

/* ---- delivery, 2-level ------------------------------------------------------------------------- */

bool vcpu_events_pending(const struct vcpu *v)
{
    const struct vcpu_info *info = ACCESS_ONCE(v->info);

    return info && ACCESS_ONCE(info->evtchn_upcall_pending) &&
           !ACCESS_ONCE(info->evtchn_upcall_mask);
}

void vcpu_mark_events_pending(struct vcpu *v)
{
    struct vcpu_info *info = ACCESS_ONCE(v->info);

    if (!info)
        return;
    /* The exchange is a full barrier: the bits below are visible before the flag, and the flag before
     * we look whether @v sleeps. Partner: sched_block(), which sets "blocked", then reads the flag. */
    if (__atomic_exchange_n(&info->evtchn_upcall_pending, 1, __ATOMIC_SEQ_CST))
        return;
    vcpu_unblock(v);
    if (ACCESS_ONCE(v->sched.running) && v != current)
        arch_vcpu_kick(v);
}

static void wake_pollers(struct domain *d, evtchn_port_t port)
{
    unsigned long pollers = __atomic_load_n(&d->evtchn.pollers, __ATOMIC_SEQ_CST);

    while (pollers) {
        unsigned int id = (unsigned int)__builtin_ctzl(pollers);
        struct vcpu *v = d->vcpu[id];
        int wanted = ACCESS_ONCE(v->poll_port);

        pollers &= pollers - 1;
        if (wanted <= 0 || wanted == (int)port)
            vcpu_unblock(v);
    }
}

static void vcpu_select_port(struct vcpu *v, evtchn_port_t port)
{
    struct vcpu_info *info = ACCESS_ONCE(v->info);

    if (info && !test_and_set_bit(port / 64, &info->evtchn_pending_sel))
        vcpu_mark_events_pending(v);
}

/* The order is the ABI's: pending bit, then selector of the vcpu, then its upcall flag. */
static void event_set_pending(struct domain *d, evtchn_port_t port, unsigned int vcpu)
{
    struct vcpu *v = d->vcpu[vcpu];

    if (!v) /* a domain that is being built: its ports are there before its vcpus */
        return;
    if (test_and_set_bit(port, d->shared->evtchn_pending))
        return;
    perf_event(v, PAVO_EV_EVENT, port);
    if (!test_bit(port, d->shared->evtchn_mask))
        vcpu_select_port(v, port);
    wake_pollers(d, port);
}

/* ---- ports --------------------------------------------------------------------------------------- */

/* NULL: no such port. No lock needed: a bucket, once there, stays. */
static struct evtchn *port_get(const struct domain *d, evtchn_port_t port)
{
    struct evtchn *b;

    if (port >= d->evtchn.max_port)
        return NULL;
    b = __atomic_load_n(&d->evtchn.bucket[port / EVTCHN_BUCKET], __ATOMIC_ACQUIRE);
    return b ? &b[port % EVTCHN_BUCKET] : NULL;
}

static struct vcpu *vcpu_get(const struct domain *d, uint32_t id)
{
    return id < d->max_vcpus && id < MAX_VCPUS ? d->vcpu[id] : NULL;
}

static int bucket_add(struct domain *d, evtchn_port_t port)
{
    struct evtchn *b = hv_alloc(EVTCHN_BUCKET * sizeof(*b));

    if (!b)
        return -ENOMEM;
    __atomic_store_n(&d->evtchn.bucket[port / EVTCHN_BUCKET], b, __ATOMIC_RELEASE);
    return 0;
}

/* Take the lowest free port. Caller holds the lock. -ENOSPC, -ENOMEM. */
static int port_reserve_locked(struct domain *d, evtchn_port_t *port)
{
    for (evtchn_port_t p = d->evtchn.next_free_hint; p < d->evtchn.max_port; p++) {
        struct evtchn *e = port_get(d, p);

        if (!e) {
            if (bucket_add(d, p))
                return -ENOMEM;
            e = port_get(d, p);
        }
        if (e->state != EVTCHN_FREE)
            continue;
        e->state = EVTCHN_RESERVED;
        e->vcpu = 0;
        d->evtchn.next_free_hint = p + 1;
        d->evtchn.in_use++;
        *port = p;
        return 0;
    }
    if (!d->evtchn.limit_logged) {
        d->evtchn.limit_logged = true;
        printk(LOG_WARN "d%u: no free event channel, limit is %u ports\n", d->domid,
               d->evtchn.max_port);
    }
    return -ENOSPC;
}

static int port_reserve(struct domain *d, evtchn_port_t *port)
{
    SCOPED_LOCK(&d->evtchn.lock);

    return d->dying ? -EINVAL : port_reserve_locked(d, port);
}

/* Make a port FREE again. Caller holds d's lock and the port's. */
static void port_free_locked(struct domain *d, struct evtchn *e, evtchn_port_t port)
{
    e->state = EVTCHN_FREE;
    e->vcpu = 0;
    e->remote.d = NULL;
    if (d->shared)
        clear_bit(port, d->shared->evtchn_pending);
    d->evtchn.in_use--;
    if (port < d->evtchn.next_free_hint)
        d->evtchn.next_free_hint = port;
}

static void port_unreserve(struct domain *d, evtchn_port_t port)
{
    struct evtchn *e = port_get(d, port);
    SCOPED_LOCK(&d->evtchn.lock);
    SCOPED_LOCK_IRQ(&e->lock);

    port_free_locked(d, e, port);
}

/* ---- opening -------------------------------------------------------------------------------------- */

/* Make of a port that only we act on, because it is reserved, what is wanted. d's lock is held. */
static void port_set_locked(struct domain *d, evtchn_port_t port, enum evtchn_state state,
                            unsigned int vcpu, uint32_t source)
{
    struct evtchn *e = port_get(d, port);
    SCOPED_LOCK_IRQ(&e->lock);

    e->source = source;
    e->vcpu = (uint16_t)vcpu;
    e->state = state;
}

/*
 * These turn a reserved port into what was asked for, or fail and leave it reserved. A domain that began to
 * die meanwhile keeps nothing: its ports are being closed.
 */
static int open_unbound(struct domain *d, evtchn_port_t port, domid_t remote)
{
    SCOPED_LOCK(&d->evtchn.lock);

    if (d->dying)
        return -EINVAL;
    port_set_locked(d, port, EVTCHN_UNBOUND, 0, remote);
    return 0;
}

static int open_interdomain(struct domain *d, evtchn_port_t port, struct domain *rd,
                            evtchn_port_t rport)
{
    struct evtchn *e = port_get(d, port), *re;
    unsigned long flags;
    int rc = -EINVAL;

    spin_lock_pair(&d->evtchn.lock, &rd->evtchn.lock);
    re = port_get(rd, rport);
    if (!re || re == e || re->state != EVTCHN_UNBOUND || re->source != d->domid || d->dying ||
        rd->dying)
        goto out;
    flags = arch_irq_save();
    spin_lock_pair(&e->lock, &re->lock);
    e->remote.d = rd;
    e->remote.port = rport;
    e->state = EVTCHN_INTERDOMAIN;
    re->remote.d = d;
    re->remote.port = port;
    re->state = EVTCHN_INTERDOMAIN;
    /* What was sent while the remote port was unbound is lost: have the new end look once. */
    event_set_pending(d, port, e->vcpu);
    spin_unlock_pair(&e->lock, &re->lock);
    arch_irq_restore(flags);
    rc = 0;
out:
    spin_unlock_pair(&d->evtchn.lock, &rd->evtchn.lock);
    return rc;
}

/* ---- closing -------------------------------------------------------------------------------------- */

/*
 * Lock @d and, if @e is an interdomain end, the remote domain as well, in order. Returns that domain, or @d.
 * The link keeps the remote domain alive: it dies only after closing its ports.
 */
static struct domain *lock_for_close(struct domain *d, const struct evtchn *e)
{
    for (;;) {
        struct domain *rd;

        spin_lock(&d->evtchn.lock);
        rd = e->state == EVTCHN_INTERDOMAIN ? e->remote.d : d;
        if (rd == d)
            return d;
        domain_ref(rd);
        spin_unlock(&d->evtchn.lock);
        spin_lock_pair(&d->evtchn.lock, &rd->evtchn.lock);
        if (e->state == EVTCHN_INTERDOMAIN && e->remote.d == rd) {
            /* Not the last one: the link is still there. */
            domain_put(rd);
            return rd;
        }
        spin_unlock_pair(&d->evtchn.lock, &rd->evtchn.lock);
        domain_put(rd);
    }
}

static void virq_unbind(struct domain *d, uint32_t virq, evtchn_port_t port)
{
    struct vcpu *v;

    for_each_vcpu (d, v)
        if (v->virq_to_port[virq] == port)
            __atomic_store_n(&v->virq_to_port[virq], 0, __ATOMIC_RELEASE);
}

/* -EINVAL: not open. */
static int port_close(struct domain *d, evtchn_port_t port)
{
    struct evtchn *e = port_get(d, port), *re;
    struct domain *rd;
    unsigned long flags;
    int rc = 0;

    if (!e)
        return -EINVAL;
    rd = lock_for_close(d, e);
    switch (e->state) {
    case EVTCHN_FREE:
    case EVTCHN_RESERVED:
        rc = -EINVAL;
        goto out;
    case EVTCHN_VIRQ:
        virq_unbind(d, e->source, port);
        break;
    case EVTCHN_PIRQ:
        arch_pirq_unbind(d, e->source);
        __atomic_store_n(&d->evtchn.pirq_to_port[e->source], 0, __ATOMIC_RELEASE);
        break;
    case EVTCHN_INTERDOMAIN:
        re = port_get(rd, e->remote.port);
        BUG_ON(re->state != EVTCHN_INTERDOMAIN || re->remote.d != d || re->remote.port != port);
        flags = arch_irq_save();
        spin_lock_pair(&e->lock, &re->lock);
        re->state = EVTCHN_UNBOUND;
        re->remote.d = NULL;
        re->source = d->domid;
        port_free_locked(d, e, port);
        spin_unlock_pair(&e->lock, &re->lock);
        arch_irq_restore(flags);
        goto out;
    default:
        break;
    }
    spin_lock_irqsave(&e->lock, flags);
    port_free_locked(d, e, port);
    spin_unlock_irqrestore(&e->lock, flags);
out:
    spin_unlock_pair(&d->evtchn.lock, &rd->evtchn.lock);
    return rc;
}

/* ---- senders -------------------------------------------------------------------------------------- */

static int port_send(struct domain *d, evtchn_port_t port)
{
    struct evtchn *e = port_get(d, port), *re;

    if (!e)
        return -EINVAL;
    perf_event(current, PAVO_EV_SEND, port);
    SCOPED_LOCK_IRQ(&e->lock);
    switch (e->state) {
    case EVTCHN_INTERDOMAIN:
        /* Our lock alone keeps the link, and so the remote port and domain, as they are. */
        re = port_get(e->remote.d, e->remote.port);
        event_set_pending(e->remote.d, e->remote.port, ACCESS_ONCE(re->vcpu));
        return 0;
    case EVTCHN_IPI:
        event_set_pending(d, port, e->vcpu);
        return 0;
    case EVTCHN_UNBOUND: /* nobody there yet: dropped */
        return 0;
    default:
        return -EINVAL;
    }
}

static bool virq_is_per_vcpu(uint32_t virq)
{
    return virq == VIRQ_TIMER || virq == VIRQ_DEBUG || virq == VIRQ_XENOPROF || virq == VIRQ_XENPMU;
}

/* Set @port pending if it still is what the way to it says. 0: there is none. */
static void source_send(struct domain *d, evtchn_port_t port, enum evtchn_state state,
                        uint32_t source)
{
    struct evtchn *e;

    if (!port)
        return;
    e = port_get(d, port);
    SCOPED_LOCK_IRQ(&e->lock);
    if (e->state == state && e->source == source)
        event_set_pending(d, port, e->vcpu);
}

void virq_send_vcpu(struct vcpu *v, unsigned int virq)
{
    source_send(v->domain, __atomic_load_n(&v->virq_to_port[virq], __ATOMIC_ACQUIRE), EVTCHN_VIRQ,
                virq);
}

void virq_send_global(unsigned int virq)
{
    struct domain *d = ACCESS_ONCE(dom0);

    BUG_ON(virq_is_per_vcpu(virq));
    if (d && d->vcpu[0])
        virq_send_vcpu(d->vcpu[0], virq);
}

void pirq_send(struct domain *d, unsigned int pirq)
{
    if (pirq < d->evtchn.nr_pirqs)
        source_send(d, __atomic_load_n(&d->evtchn.pirq_to_port[pirq], __ATOMIC_ACQUIRE),
                    EVTCHN_PIRQ, pirq);
}

int evtchn_port_pending(struct domain *d, evtchn_port_t port)
{
    const struct evtchn *e = port_get(d, port);

    if (!e || ACCESS_ONCE(e->state) <= EVTCHN_RESERVED)
        return -EINVAL;
    return test_bit(port, d->shared->evtchn_pending);
}

/* ---- life ------------------------------------------------------------------------------------------ */

/* Buckets stay. dom0, which has ports for every guest, gets these at once: guests come and go without
 * a trace in the host's figures. */
#define DOM0_PORTS 1024u

int evtchn_init(struct domain *d, unsigned int max_port)
{
    unsigned int first = d->privileged ? DOM0_PORTS : 1;

    d->evtchn.max_port = max_port && max_port < EVTCHN_MAX_PORTS ? max_port + 1 : EVTCHN_MAX_PORTS;
    for (evtchn_port_t p = 0; p < min(first, d->evtchn.max_port); p += EVTCHN_BUCKET) {
        if (bucket_add(d, p)) {
            evtchn_destroy(d);
            return -ENOMEM;
        }
    }
    d->evtchn.bucket[0][0].state = EVTCHN_RESERVED; /* port 0 means "none" everywhere */
    d->evtchn.next_free_hint = 1;
    return 0;
}

int evtchn_init_pirqs(struct domain *d, unsigned int nr)
{
    evtchn_port_t *map = hv_alloc(nr * sizeof(*map));

    if (!map)
        return -ENOMEM;
    d->evtchn.pirq_to_port = map;
    __atomic_store_n(&d->evtchn.nr_pirqs, nr, __ATOMIC_RELEASE);
    return 0;
}

int evtchn_close_all(struct domain *d)
{
    unsigned int closed = 0;

    for (evtchn_port_t p = 1; p < d->evtchn.max_port; p++) {
        if (!port_get(d, p)) {
            p |= EVTCHN_BUCKET - 1; /* no bucket: on to the next */
            continue;
        }
        if (!port_close(d, p) && !(++closed % 64) && hypercall_preempt_check())
            return -ERESTART;
    }
    return 0;
}

void evtchn_destroy(struct domain *d)
{
    for (unsigned int i = 0; i < ARRAY_SIZE(d->evtchn.bucket); i++) {
        hv_free(d->evtchn.bucket[i]);
        d->evtchn.bucket[i] = NULL;
    }
    d->evtchn.max_port = 0;
    d->evtchn.nr_pirqs = 0;
    hv_free(d->evtchn.pirq_to_port);
    d->evtchn.pirq_to_port = NULL;
}

unsigned int evtchn_in_use(const struct domain *d)
{
    return ACCESS_ONCE(d->evtchn.in_use);
}

/* ---- hypercall ------------------------------------------------------------------------------------- */

/* A call: our copy of the arguments, and where the guest has them. */
struct evtchn_call {
    guest_va_t arg;
    size_t size;
    union {
        struct evtchn_alloc_unbound alloc_unbound;
        struct evtchn_bind_interdomain bind_interdomain;
        struct evtchn_bind_virq bind_virq;
        struct evtchn_bind_pirq bind_pirq;
        struct evtchn_bind_ipi bind_ipi;
        struct evtchn_bind_vcpu bind_vcpu;
        struct evtchn_status status;
        struct evtchn_close close;
        struct evtchn_send send;
        struct evtchn_unmask unmask;
        struct evtchn_reset reset;
    } op;
};

static int report(const struct evtchn_call *c)
{
    return copy_to_guest(c->arg, &c->op, c->size) ? -EFAULT : 0;
}

/*
 * The operations that open a port all reserve it, report it (both here), then commit: a guest that never
 * learned its port could not close it. @port lies in @c. -EFAULT; -EINVAL @d is dying; -ENOSPC; -ENOMEM.
 */
static int port_give(struct domain *d, const struct evtchn_call *c, evtchn_port_t *port)
{
    int rc = port_reserve(d, port);

    if (!rc && report(c)) {
        port_unreserve(d, *port);
        rc = -EFAULT;
    }
    return rc;
}

static domid_t resolve_self(const struct domain *d, domid_t id)
{
    return id == DOMID_SELF ? d->domid : id;
}

/*
 * EVTCHNOP_alloc_unbound: give op->dom a new port that op->remote_dom may bind.
 * Returns 0 with op->port set; -ESRCH no such op->dom; -EPERM caller does not control op->dom; -ENOSPC no
 * free port; -EINVAL op->dom is dying; -ENOMEM. Here and below -EFAULT if the argument cannot be read or
 * written.
 */
static long op_alloc_unbound(struct domain *d, struct evtchn_call *c)
{
    struct evtchn_alloc_unbound *op = &c->op.alloc_unbound;
    struct domain *owner SCOPED_REF = NULL;
    long rc = domain_get_controlled(d, op->dom, &owner);

    if (rc)
        return rc;
    rc = port_give(owner, c, &op->port);
    if (rc)
        return rc;
    rc = open_unbound(owner, op->port, resolve_self(d, op->remote_dom));
    if (rc)
        port_unreserve(owner, op->port);
    return rc;
}

/*
 * EVTCHNOP_bind_interdomain: connect a new local port to op->remote_port of op->remote_dom.
 * -ESRCH no such domain; -EINVAL the remote port is not open for us; -ENOSPC; -ENOMEM.
 */
static long op_bind_interdomain(struct domain *d, struct evtchn_call *c)
{
    struct evtchn_bind_interdomain *op = &c->op.bind_interdomain;
    struct domain *rd SCOPED_REF = domain_get(resolve_self(d, op->remote_dom));
    long rc;

    if (!rd)
        return -ESRCH;
    rc = port_give(d, c, &op->local_port);
    if (rc)
        return rc;
    rc = open_interdomain(d, op->local_port, rd, op->remote_port);
    if (rc)
        port_unreserve(d, op->local_port);
    return rc;
}

/*
 * Give @d a port for a virq, an ipi or a pirq, delivered to @v. @way is where the number of the virq or pirq,
 * @source, leads to the port (NULL: an ipi is sent by its port). -EEXIST bound already; as port_give; as
 * arch_pirq_bind.
 */
static long bind_source(struct domain *d, const struct evtchn_call *c, evtchn_port_t *port,
                        enum evtchn_state state, struct vcpu *v, uint32_t source,
                        evtchn_port_t *way)
{
    long rc;

    if (way && ACCESS_ONCE(*way)) /* before the answer is overwritten */
        return -EEXIST;
    rc = port_give(d, c, port);
    if (rc)
        return rc;
    spin_lock(&d->evtchn.lock);
    if (way && *way) {
        rc = -EEXIST;
    } else {
        port_set_locked(d, *port, state, v->id, source);
        if (way)
            __atomic_store_n(way, *port, __ATOMIC_RELEASE);
        /* The interrupt may come as soon as it is bound: the way to the port must be there. */
        if (state == EVTCHN_PIRQ)
            rc = arch_pirq_bind(v, source, c->op.bind_pirq.flags & BIND_PIRQ__WILL_SHARE);
        if (rc) {
            __atomic_store_n(way, 0, __ATOMIC_RELEASE);
            port_set_locked(d, *port, EVTCHN_RESERVED, 0, 0);
        }
    }
    spin_unlock(&d->evtchn.lock);
    if (rc)
        port_unreserve(d, *port);
    return rc;
}

/* -EINVAL no such virq, or a global one on another vcpu than 0; -ENOENT no such vcpu; as bind_source. */
static long op_bind_virq(struct domain *d, struct evtchn_call *c)
{
    struct evtchn_bind_virq *op = &c->op.bind_virq;
    struct vcpu *v = vcpu_get(d, op->vcpu);

    if (op->virq >= NR_VIRQS || (!virq_is_per_vcpu(op->virq) && op->vcpu))
        return -EINVAL;
    if (!v)
        return -ENOENT;
    return bind_source(d, c, &op->port, EVTCHN_VIRQ, v, op->virq, &v->virq_to_port[op->virq]);
}

/* -ENOENT no such vcpu; as bind_source. */
static long op_bind_ipi(struct domain *d, struct evtchn_call *c)
{
    struct vcpu *v = vcpu_get(d, c->op.bind_ipi.vcpu);

    return v ? bind_source(d, c, &c->op.bind_ipi.port, EVTCHN_IPI, v, 0, NULL) : -ENOENT;
}

/* -EINVAL no such pirq, or not mapped by this domain; -EBUSY held by another; as bind_source. */
static long op_bind_pirq(struct domain *d, struct evtchn_call *c)
{
    struct evtchn_bind_pirq *op = &c->op.bind_pirq;

    if (op->pirq >= d->evtchn.nr_pirqs)
        return -EINVAL;
    return bind_source(d, c, &op->port, EVTCHN_PIRQ, d->vcpu[0], op->pirq,
                       &d->evtchn.pirq_to_port[op->pirq]);
}

/* The lock of @e is held. */
static void status_fill(const struct evtchn *e, struct evtchn_status *op)
{
    static const uint8_t status[] = {
        [EVTCHN_UNBOUND] = EVTCHNSTAT_unbound, [EVTCHN_INTERDOMAIN] = EVTCHNSTAT_interdomain,
        [EVTCHN_VIRQ] = EVTCHNSTAT_virq,       [EVTCHN_IPI] = EVTCHNSTAT_ipi,
        [EVTCHN_PIRQ] = EVTCHNSTAT_pirq, /* the others: EVTCHNSTAT_closed, which is 0 */
    };

    op->status = status[e->state];
    op->vcpu = e->vcpu;
    if (e->state == EVTCHN_UNBOUND) {
        op->u.unbound.dom = (domid_t)e->source;
    } else if (e->state == EVTCHN_INTERDOMAIN) {
        op->u.interdomain.dom = e->remote.d->domid;
        op->u.interdomain.port = e->remote.port;
    } else if (e->state == EVTCHN_VIRQ || e->state == EVTCHN_PIRQ) {
        op->u.virq = e->source; /* the pirq's place, too */
    }
}

/* -ESRCH, -EPERM as alloc_unbound; -EINVAL no such port. */
static long op_status(struct domain *d, struct evtchn_call *c)
{
    struct evtchn_status *op = &c->op.status;
    struct domain *owner SCOPED_REF = NULL;
    struct evtchn *e;
    long rc = domain_get_controlled(d, op->dom, &owner);

    if (rc)
        return rc;
    e = port_get(owner, op->port);
    memset(&op->u, 0, sizeof(op->u));
    if (e) {
        SCOPED_LOCK_IRQ(&e->lock);
        status_fill(e, op);
    } else { /* never used yet, or beyond the last */
        op->status = EVTCHNSTAT_closed;
        op->vcpu = 0;
    }
    return op->port < owner->evtchn.max_port ? report(c) : -EINVAL;
}

/* -ENOENT no such vcpu; -EINVAL no such port, or one that belongs to a vcpu for good. */
static long op_bind_vcpu(struct domain *d, struct evtchn_call *c)
{
    const struct evtchn_bind_vcpu *op = &c->op.bind_vcpu;
    struct vcpu *v = vcpu_get(d, op->vcpu);
    struct evtchn *e = port_get(d, op->port);

    if (!v)
        return -ENOENT;
    if (!e)
        return -EINVAL;
    SCOPED_LOCK(&d->evtchn.lock);
    if (e->state <= EVTCHN_RESERVED || e->state == EVTCHN_IPI ||
        (e->state == EVTCHN_VIRQ && virq_is_per_vcpu(e->source)))
        return -EINVAL;
    if (e->state == EVTCHN_PIRQ)
        arch_pirq_set_affinity(d, e->source, v);
    SCOPED_LOCK_IRQ(&e->lock);
    e->vcpu = (uint16_t)op->vcpu;
    return 0;
}

/* -EINVAL no such port. */
static long op_unmask(struct domain *d, struct evtchn_call *c)
{
    evtchn_port_t port = c->op.unmask.port;
    struct evtchn *e = port_get(d, port);

    if (!e)
        return -EINVAL;
    SCOPED_LOCK_IRQ(&e->lock);
    if (e->state > EVTCHN_RESERVED && test_and_clear_bit(port, d->shared->evtchn_mask) &&
        test_bit(port, d->shared->evtchn_pending))
        vcpu_select_port(d->vcpu[e->vcpu], port);
    return 0;
}

static long op_close(struct domain *d, struct evtchn_call *c)
{
    return port_close(d, c->op.close.port);
}

static long op_send(struct domain *d, struct evtchn_call *c)
{
    return port_send(d, c->op.send.port);
}

/* EVTCHNOP_reset: close all ports of op->dom. -ESRCH, -EPERM as alloc_unbound. */
static long op_reset(struct domain *d, struct evtchn_call *c)
{
    struct domain *owner SCOPED_REF = NULL;
    long rc = domain_get_controlled(d, c->op.reset.dom, &owner);

    if (rc)
        return rc;
    return evtchn_close_all(owner) ? HC_CONTINUE : 0; /* what is closed stays closed: start over */
}

/* -ENOSYS: FIFO delivery (11 to 13) and what does not exist. Guests fall back to 2-level. */
long hc_event_channel_op(struct domain *d, uint64_t cmd, guest_va_t arg)
{
    static const struct {
        long (*fn)(struct domain *d, struct evtchn_call *c);
        size_t size; /* of the argument */
    } ops[] = {
        [EVTCHNOP_bind_interdomain] = {op_bind_interdomain, sizeof(struct evtchn_bind_interdomain)},
        [EVTCHNOP_bind_virq] = {op_bind_virq, sizeof(struct evtchn_bind_virq)},
        [EVTCHNOP_bind_pirq] = {op_bind_pirq, sizeof(struct evtchn_bind_pirq)},
        [EVTCHNOP_close] = {op_close, sizeof(struct evtchn_close)},
        [EVTCHNOP_send] = {op_send, sizeof(struct evtchn_send)},
        [EVTCHNOP_status] = {op_status, sizeof(struct evtchn_status)},
        [EVTCHNOP_alloc_unbound] = {op_alloc_unbound, sizeof(struct evtchn_alloc_unbound)},
        [EVTCHNOP_bind_ipi] = {op_bind_ipi, sizeof(struct evtchn_bind_ipi)},
        [EVTCHNOP_bind_vcpu] = {op_bind_vcpu, sizeof(struct evtchn_bind_vcpu)},
        [EVTCHNOP_unmask] = {op_unmask, sizeof(struct evtchn_unmask)},
        [EVTCHNOP_reset] = {op_reset, sizeof(struct evtchn_reset)},
    };
    struct evtchn_call c;

    if (cmd >= ARRAY_SIZE(ops))
        return -ENOSYS;
    c.arg = arg;
    c.size = ops[cmd].size;
    if (copy_from_guest(&c.op, arg, c.size))
        return -EFAULT;
    return ops[cmd].fn(d, &c);
}
