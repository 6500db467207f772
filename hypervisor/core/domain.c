/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Domains: birth, references, pausing, shutdown, death.
 *
 * States:    alive -> dying (domain_kill began) -> dead (all given back but what others still map)
 *            -> gone with the last reference. Shutting down is apart from that: a domain that has
 *            shut down is only paused.
 * Invariant: an id is given anew only when the last reference of its former owner is gone.
 * Locking:   a slot lock (by id) makes finding a domain and taking a reference one step, as its
 *            record goes under it; innermost, held for a few instructions. table_lock for choosing
 *            an id, before a slot lock. d->lock for dying, shutdown.
 */
#include <hv/alloc.h>
#include <hv/arch.h>
#include <hv/domain.h>
#include <hv/hypercall.h>
#include <hv/perf.h>
#include <pv-abi/sched.h>
#include <pv-abi/types.h>

static struct domain idle = {.domid = DOMID_IDLE, .refs = 1};
struct domain *idle_domain = &idle;
struct domain *dom0;

static spinlock_t table_lock = SPINLOCK_INIT;
static struct domain *table[DOMID_MAX + 1];
static spinlock_t slot_locks[64];
static unsigned int last_id;
/* Where the vcpus of a dead domain look. */
static struct shared_info nowhere;

/* --- References ------------------------------------------------------------------------------- */

static spinlock_t *slot_lock(unsigned int id)
{
    return &slot_locks[id % ARRAY_SIZE(slot_locks)];
}

struct domain *domain_get(domid_t id)
{
    struct domain *d;
    uint32_t refs;

    if (id > DOMID_MAX || !ACCESS_ONCE(table[id]))
        return NULL;
    SCOPED_LOCK(slot_lock(id));
    d = table[id];
    refs = d ? __atomic_load_n(&d->refs, __ATOMIC_RELAXED) : 0;
    while (refs && !__atomic_compare_exchange_n(&d->refs, &refs, refs + 1, false, __ATOMIC_ACQUIRE,
                                                __ATOMIC_RELAXED))
        ;
    return refs ? d : NULL;
}

void domain_ref(struct domain *d)
{
    BUG_ON(!__atomic_fetch_add(&d->refs, 1, __ATOMIC_RELAXED));
}

static void all_vcpus(struct domain *d, void (*fn)(struct vcpu *))
{
    struct vcpu *v;

    for_each_vcpu (d, v)
        fn(v);
}

static void vcpu_free(struct vcpu *v)
{
    sched_vcpu_destroy(v);
    arch_vcpu_destroy(v);
    hv_free(v);
}

/* Nobody has a reference to @d: free its id and the record. */
static void record_free(struct domain *d)
{
    spin_lock(slot_lock(d->domid));
    table[d->domid] = NULL;
    spin_unlock(slot_lock(d->domid));
    hv_free(d);
}

static void domain_end(struct domain *d)
{
    all_vcpus(d, vcpu_free);
    arch_domain_destroy(d);
    grant_destroy(d);
    evtchn_destroy(d);
    hv_free(d->e820);
    perf_domain_destroy(d);
    record_free(d);
    virq_send_global(VIRQ_DOM_EXC); /* gone altogether */
}

void domain_put(struct domain *d)
{
    uint32_t was = __atomic_fetch_sub(&d->refs, 1, __ATOMIC_ACQ_REL);

    BUG_ON(!was);
    if (was == 1)
        domain_end(d);
}

int domain_get_controlled(struct domain *d, domid_t id, struct domain **out)
{
    if (id == DOMID_SELF || id == d->domid) {
        domain_ref(d);
        *out = d;
        return 0;
    }
    if (!d->privileged)
        return -EPERM;
    *out = domain_get(id);
    return *out ? 0 : -ESRCH;
}

struct domain *domain_get_next(unsigned int from)
{
    for (; from <= DOMID_MAX; from++) {
        struct domain *d = domain_get((domid_t)from);

        if (d)
            return d;
    }
    return NULL;
}

struct domain *domain_of_frame(unsigned int owner)
{
    return owner <= DOMID_MAX ? table[owner] : NULL;
}

/* The first frame that the hypervisor shares as the domain's takes a reference (pages_uncharge). */
void domain_frame_shared(struct domain *d)
{
    SCOPED_LOCK(&d->page_lock);

    if (!d->hv_pages++)
        domain_ref(d);
}

/* --- Birth ------------------------------------------------------------------------------------ */

/* A record with its id reserved by table[id]; without references it cannot be found yet. */
static int record_get(unsigned int id, struct domain **out)
{
    struct domain *d = hv_alloc(sizeof(*d));

    if (!d)
        return -ENOMEM;
    SCOPED_LOCK(&table_lock);
    for (unsigned int i = 0; id > DOMID_MAX && i < DOMID_MAX; i++) {
        last_id = last_id % DOMID_MAX + 1; /* 1..DOMID_MAX in turn */
        if (!table[last_id])
            id = last_id;
    }
    if (id > DOMID_MAX || table[id]) {
        hv_free(d);
        return -EEXIST;
    }
    d->domid = (domid_t)id;
    __atomic_store_n(&table[id], d, __ATOMIC_RELEASE);
    *out = d;
    return 0;
}

int domain_create(unsigned int id, const uint8_t handle[16], unsigned int max_vcpus,
                  unsigned int max_grant_frames, unsigned int max_maptrack_frames,
                  unsigned int max_evtchn_port, struct domain **out)
{
    struct domain *d;
    int rc;

    if (!max_vcpus || max_vcpus > MAX_VCPUS)
        return -EINVAL;
    rc = record_get(id, &d);
    if (rc)
        return rc;
    memcpy(d->handle, handle, sizeof(d->handle));
    d->max_vcpus = max_vcpus;
    d->privileged = !d->domid;
    d->pause_count = 1;
    d->controller_paused = d->domid;
    sched_domain_init(d);
    rc = evtchn_init(d, max_evtchn_port);
    if (rc)
        goto err_record;
    rc = grant_init(d, max_grant_frames, max_maptrack_frames);
    if (rc)
        goto err_evtchn;
    rc = arch_domain_create(d);
    if (rc)
        goto err_grant;
    d->shared = hv_alloc_page();
    rc = -ENOMEM;
    if (!d->shared)
        goto err_arch;
    d->shared_mfn = virt_to_mfn(d->shared);
    __atomic_store_n(&d->refs, 1, __ATOMIC_RELEASE); /* published */
    frame_share(mfn_to_frame(d->shared_mfn), d);
    domain_frame_shared(d);
    arch_update_wallclock(d);
    perf_domain_init(d);
    *out = d;
    return 0;
err_arch:
    arch_domain_destroy(d);
err_grant:
    grant_destroy(d);
err_evtchn:
    evtchn_destroy(d);
err_record:
    record_free(d);
    return rc;
}

/* --- Pausing ---------------------------------------------------------------------------------- */

void domain_pause(struct domain *d)
{
    __atomic_fetch_add(&d->pause_count, 1, __ATOMIC_SEQ_CST);
    all_vcpus(d, vcpu_sleep_sync);
}

void domain_unpause(struct domain *d)
{
    uint32_t was = __atomic_fetch_sub(&d->pause_count, 1, __ATOMIC_SEQ_CST);

    BUG_ON(!was);
    if (was == 1)
        all_vcpus(d, vcpu_wake);
}

/* --- Shutdown --------------------------------------------------------------------------------- */

static void machine_end(uint8_t code)
{
    printk("dom0 shut down (%u)\n", code);
    if (code == SHUTDOWN_crash && current->domain == dom0)
        arch_dump_vcpu(current);
    if (code == SHUTDOWN_poweroff)
        machine_poweroff();
    machine_restart();
}

void domain_shutdown(struct domain *d, uint8_t code)
{
    bool was;

    if (d == dom0)
        machine_end(code);
    spin_lock(&d->lock);
    was = d->is_shut_down;
    if (!was) {
        d->is_shut_down = d->is_shutting_down = true;
        d->shutdown_code = code;
        __atomic_fetch_add(&d->pause_count, 1, __ATOMIC_SEQ_CST); /* it can be resumed now */
    }
    spin_unlock(&d->lock);
    if (was)
        return;
    if (printk_ratelimit())
        printk(LOG_DEBUG "d%u shut down, reason %u\n", d->domid, code);
    if (code == SHUTDOWN_crash && current->domain == d && printk_ratelimit())
        arch_dump_vcpu(current);
    all_vcpus(d, vcpu_sleep_nosync); /* not waited for: current may be one of them */
    virq_send_global(VIRQ_DOM_EXC);
}

void domain_resume(struct domain *d)
{
    bool was;

    spin_lock(&d->lock);
    was = d->is_shut_down;
    d->is_shut_down = d->is_shutting_down = false;
    d->shutdown_code = 0;
    spin_unlock(&d->lock);
    if (was)
        domain_unpause(d);
}

void domain_crash(struct domain *d, const char *fmt, ...)
{
    char why[160];
    va_list ap;

    va_start(ap, fmt);
    vsnprintf(why, sizeof(why), fmt, ap);
    va_end(ap);
    if (!d->is_shut_down && printk_ratelimit())
        printk(LOG_WARN "d%u crashed: %s", d->domid, why);
    domain_shutdown(d, SHUTDOWN_crash);
}

/* --- Death ------------------------------------------------------------------------------------ */

static void kill_begin(struct domain *d)
{
    bool first;

    spin_lock(&d->lock);
    first = d->dying == DOMAIN_ALIVE;
    if (first) {
        /* page_lock: from here on no frame is assigned to it. */
        spin_lock(&d->page_lock);
        d->dying = DOMAIN_DYING;
        spin_unlock(&d->page_lock);
    }
    spin_unlock(&d->lock);
    if (first)
        domain_pause(d);
}

/* Give back the allocation of every frame; what others map stays until they let go. */
static int sweep_frames(struct domain *d)
{
    while (d->destroy_cursor < max_mfn && ACCESS_ONCE(d->tot_pages)) {
        struct frame *f = mfn_to_frame(_mfn(d->destroy_cursor++));

        if (frame_owner(f) == d->domid && (frame_state(f) & FRAME_ALLOCATED) && frame_get(f, d)) {
            frame_put_allocated(f);
            frame_put(f);
        }
        if (!(d->destroy_cursor & 0x3ff) && hypercall_preempt_check())
            return -ERESTART;
    }
    return 0;
}

static void leave_shared_info(struct domain *d)
{
    struct vcpu *v;

    for_each_vcpu (d, v) {
        vcpu_unmap_info(v);
        v->info = &nowhere.vcpu_info[0];
    }
    spin_lock(&d->evtchn.lock); /* dom0 may be giving back a port that it had reserved */
    d->shared = &nowhere;
    spin_unlock(&d->evtchn.lock);
    arch_update_wallclock(d); /* whoever else wrote the old page has finished after this */
    frame_unshare(mfn_to_frame(d->shared_mfn));
}

int domain_kill(struct domain *d)
{
    bool done;
    int rc;

    if (d == dom0)
        return -EINVAL;
    kill_begin(d);
    rc = evtchn_close_all(d);
    if (!rc)
        rc = arch_domain_relinquish(d);
    if (!rc)
        rc = grant_release_mappings(d);
    if (!rc)
        rc = sweep_frames(d);
    if (!rc)
        rc = frame_drain(d, true);
    if (rc)
        return rc;
    spin_lock(&d->lock);
    done = d->dying == DOMAIN_DEAD;
    d->dying = DOMAIN_DEAD;
    spin_unlock(&d->lock);
    if (done)
        return 0;
    heap_claim(d, 0);
    sched_domain_destroy(d);
    leave_shared_info(d);
    virq_send_global(VIRQ_DOM_EXC);
    domain_put(d); /* the table's */
    return 0;
}
