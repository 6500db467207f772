/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * References and types of frames: the accounting that keeps guests apart.
 *
 * Invariants:
 *  1. No frame is mapped writable by a guest while it serves as a page table or descriptor table:
 *     a writable mapping holds a reference to type WRITABLE, a table one to its own type, and the type
 *     changes only while the type count is 0 and after stale translations are flushed.
 *  2. No guest maps a frame that it neither owns nor was granted: each mapping holds a general
 *     reference, and a frame leaves its owner only with the last reference.
 *  3. The contents of a frame with VALIDATED set and a table type are such that 1 and 2 hold for
 *     every entry; the entries hold the references.
 *
 * A frame whose type count is above 0 with neither VALIDATED nor PARTIAL is being worked on by one CPU;
 * others wait for it. A table only ever waits for tables of a lower level, so nobody waits in a circle.
 *
 * Losing the last reference to a table does not walk it: the frame goes to a list of its owner, and
 * frame_drain() works the list off one frame at a time. That bounds the stack and lets long teardowns
 * pause anywhere.
 *
 * Locking: none but compare-and-swap on frame->state; devalidate_lock guards the list, innermost.
 */
#include <hv/alloc.h>
#include <hv/arch.h>
#include <hv/frame.h>
#include <hv/hypercall.h>
#include <hv/sched.h>

#define TABLE_ENTRIES 512u
#define STAMP_WINDOW  (1u << 24)
#define SETTLE_MAX_NS 1000000000

static inline bool state_cas(struct frame *f, uint64_t *old, uint64_t new)
{
    return __atomic_compare_exchange_n(&f->state, old, new, false, __ATOMIC_SEQ_CST,
                                       __ATOMIC_ACQUIRE);
}

static inline bool is_table(enum frame_type t)
{
    return t >= FRAME_T_L1 && t <= FRAME_T_L4;
}

/* The last one is not for everybody: the devalidation list or a stopped validation must find room. */
static inline bool count_full(uint64_t s)
{
    return (s & FRAME_COUNT_MASK) >= FRAME_COUNT_MASK - 1;
}

bool frame_test_and_set(struct frame *f, uint64_t flag)
{
    return __atomic_fetch_or(&f->state, flag, __ATOMIC_SEQ_CST) & flag;
}

bool frame_test_and_clear(struct frame *f, uint64_t flag)
{
    return __atomic_fetch_and(&f->state, ~flag, __ATOMIC_SEQ_CST) & flag;
}

bool frame_get(struct frame *f, const struct domain *d)
{
    uint64_t s = frame_state(f);

    do {
        if (frame_state_owner(s) != d->domid || !(s & FRAME_COUNT_MASK) || count_full(s))
            return false;
    } while (!state_cas(f, &s, s + 1));
    return true;
}

void frame_put(struct frame *f)
{
    uint64_t s = frame_state(f), n;

    do {
        BUG_ON(!(s & FRAME_COUNT_MASK));
        n = s - 1;
        if (!(n & FRAME_COUNT_MASK)) {
            BUG_ON(n & (FRAME_TC_MASK | FRAME_PINNED | FRAME_ALLOCATED));
            n = (uint64_t)FRAME_OWNER_NONE << FRAME_OWNER_SHIFT;
        }
    } while (!state_cas(f, &s, n));
    if ((s & FRAME_COUNT_MASK) == 1)
        domain_frame_release(f, frame_state_owner(s), s & FRAME_HYPERVISOR);
}

/* The frame's owner; it lives at least as long as the reference that the caller holds. */
static struct domain *owner_of(uint64_t s)
{
    unsigned int id = frame_state_owner(s);
    struct domain *d;

    if (current->domain->domid == id)
        return current->domain;
    d = domain_get(id);
    BUG_ON(!d);
    domain_put(d);
    return d;
}

static void devalidate_queue(struct frame *f, uint64_t s)
{
    struct domain *d = owner_of(s);
    SCOPED_LOCK(&d->devalidate_lock);

    f->used.link = d->devalidate_head;
    d->devalidate_head = (uint32_t)frame_to_mfn(f).n;
}

/*
 * Note that @f lost a reference just now. Never backwards: another CPU may have noted a later time
 * meanwhile (less than half a turn of the clock, much less).
 */
static void stamp_note(struct frame *f)
{
    uint32_t now = arch_tlb_clock(), old = ACCESS_ONCE(f->used.tlb_stamp);

    while (old != now && old - now >= STAMP_WINDOW &&
           !__atomic_compare_exchange_n(&f->used.tlb_stamp, &old, now, false, __ATOMIC_SEQ_CST,
                                        __ATOMIC_RELAXED))
        ;
}

void frame_put_type(struct frame *f)
{
    uint64_t s = frame_state(f), n;
    bool queue;

    stamp_note(f);
    do {
        BUG_ON(!(s & FRAME_TC_MASK) || !(s & FRAME_VALIDATED));
        n = s - FRAME_TC_ONE;
        queue = false;
        if (!(n & FRAME_TC_MASK)) {
            if (!is_table(frame_state_type(s))) {
                n &= ~FRAME_VALIDATED;
            } else if (!(s & FRAME_PARTIAL)) {
                n = (n | FRAME_PARTIAL) + 1; /* the list's reference */
                queue = true;
            }
        }
    } while (!state_cas(f, &s, n));
    if (queue)
        devalidate_queue(f, s);
}

void frame_put_and_type(struct frame *f)
{
    frame_put_type(f);
    frame_put(f);
}

/* Type and flags of a frame that nobody else can touch now (type count 1, being worked on). */
static void state_finish(struct frame *f, uint64_t clear, uint64_t set)
{
    uint64_t s = frame_state(f);

    while (!state_cas(f, &s, (s & ~clear) | set))
        ;
}

/* Validate from entry @start on; the frame is claimed. @resumed: partial state's references are ours. */
static int validate_claimed(struct frame *f, enum frame_type t, unsigned int start, bool resumed)
{
    unsigned int done = start;
    int rc = 0;

    if (t != FRAME_T_WRITABLE)
        rc = arch_frame_validate(f, t, owner_of(frame_state(f)), &done);
    if (rc == -ERESTART) {
        uint64_t s = frame_state(f);

        f->used.link = done;
        /* The stopped validation keeps the type reference, and a general one of its own. */
        while (!state_cas(f, &s, (s | FRAME_PARTIAL) + (resumed ? 0 : 1)))
            ;
        return rc;
    }
    if (rc)
        state_finish(f, FRAME_TC_MASK | FRAME_T_MASK, 0);
    else
        state_finish(f, 0, FRAME_VALIDATED);
    if (resumed)
        frame_put(f);
    return rc;
}

/*
 * Until no table of @d waits for devalidation or is in the middle of it, on any CPU: what a table that is
 * no longer in use refers to is only then free for another type. 0 or -ERESTART. A domain that runs and leaves
 * no gap for SETTLE_MAX_NS keeps others waiting on purpose: they drain a last time and take the frame as it is.
 */
static int settle(struct domain *d)
{
    for (;;) {
        bool settled, late;
        int rc;

        spin_lock(&d->devalidate_lock);
        if (!d->unsettled_ns)
            d->unsettled_ns = now_ns();
        late = d != current->domain && !ACCESS_ONCE(d->pause_count) &&
               now_ns() - d->unsettled_ns > SETTLE_MAX_NS;
        spin_unlock(&d->devalidate_lock);
        rc = frame_drain(d, true);
        if (late || rc)
            return late ? 0 : rc;
        /* Both in one look: a table leaves the list and is counted, or counted off after its children
         * were queued, under the lock. */
        spin_lock(&d->devalidate_lock);
        settled = !d->devalidate_head && !d->devalidating;
        if (settled)
            d->unsettled_ns = 0;
        spin_unlock(&d->devalidate_lock);
        if (settled)
            return 0;
        if (hypercall_preempt_check())
            return -ERESTART;
        arch_spin_wait();
    }
}

int frame_get_type(struct frame *f, enum frame_type t)
{
    uint64_t s = frame_state(f), n;
    bool settled = false;

    for (;;) {
        enum frame_type old = frame_state_type(s);

        if ((s & FRAME_TC_MASK) && old == FRAME_T_BUSY) {
            arch_spin_wait();
            s = frame_state(f);
            continue;
        }
        if ((s & (FRAME_TC_MASK | FRAME_VALIDATED)) && old != t) {
            int rc;

            if (settled)
                return -EINVAL;
            /* It waits for devalidation, or tables unhooked a moment ago hold the last references. */
            rc = settle(owner_of(s));
            if (rc)
                return rc;
            settled = true;
            s = frame_state(f);
            continue;
        }
        if (s & FRAME_VALIDATED) {
            if ((s & FRAME_TC_MASK) == FRAME_TC_MASK)
                return -EBUSY;
            if (state_cas(f, &s, s + FRAME_TC_ONE))
                return 0;
            continue;
        }
        if (s & FRAME_TC_MASK) {
            if (!(s & FRAME_PARTIAL)) {
                arch_spin_wait();
                s = frame_state(f);
            } else if (state_cas(f, &s, s & ~FRAME_PARTIAL)) {
                return validate_claimed(f, t, f->used.link, true);
            }
            continue;
        }
        n = (s & ~FRAME_T_MASK) | (uint64_t)t << FRAME_T_SHIFT;
        n += FRAME_TC_ONE;
        if (t == FRAME_T_WRITABLE && (old == FRAME_T_WRITABLE || old == FRAME_T_NONE))
            n |= FRAME_VALIDATED;
        if (!state_cas(f, &s, n))
            continue;
        if (n & FRAME_VALIDATED)
            return 0;
        if (old != t && old != FRAME_T_NONE)
            arch_type_change_flush(owner_of(s), f->used.tlb_stamp);
        return validate_claimed(f, t, 0, false);
    }
}

bool frame_get_type_live(struct frame *f, enum frame_type t)
{
    uint64_t s = frame_state(f);

    do {
        if (frame_state_type(s) != t || !(s & FRAME_VALIDATED) || !(s & FRAME_TC_MASK) ||
            (s & FRAME_TC_MASK) == FRAME_TC_MASK)
            return false;
    } while (!state_cas(f, &s, s + FRAME_TC_ONE));
    return true;
}

int frame_get_and_type(struct frame *f, const struct domain *d, enum frame_type t)
{
    int rc;

    if (!frame_get(f, d))
        return -EPERM;
    rc = frame_get_type(f, t);
    if (rc)
        frame_put(f);
    return rc;
}

static struct frame *devalidate_pop(struct domain *d)
{
    SCOPED_LOCK(&d->devalidate_lock);
    struct frame *f;

    if (!d->devalidate_head)
        return NULL;
    f = mfn_to_frame(_mfn(d->devalidate_head));
    d->devalidate_head = f->used.link;
    d->devalidating++;
    return f;
}

int frame_drain(struct domain *d, bool preempt)
{
    while (ACCESS_ONCE(d->devalidate_head)) {
        struct frame *f = devalidate_pop(d);
        uint64_t s, n;

        if (!f)
            break;
        s = frame_state(f);
        do {
            if (s & FRAME_TC_MASK) /* in use again: leave it valid */
                n = s & ~FRAME_PARTIAL;
            else /* claim it */
                n = ((s & ~(FRAME_PARTIAL | FRAME_VALIDATED)) | (uint64_t)FRAME_T_BUSY
                                                                    << FRAME_T_SHIFT) +
                    FRAME_TC_ONE;
        } while (!state_cas(f, &s, n));
        if (!(s & FRAME_TC_MASK)) {
            arch_frame_devalidate(f, frame_state_type(s), d, TABLE_ENTRIES);
            /* The type stays, with count 0: the next user of another type flushes. */
            state_finish(f, FRAME_TC_MASK | FRAME_T_MASK, s & FRAME_T_MASK);
        }
        frame_put(f);
        spin_lock(&d->devalidate_lock);
        if (!--d->devalidating && !d->devalidate_head)
            d->unsettled_ns = 0;
        spin_unlock(&d->devalidate_lock);
        if (preempt && hypercall_preempt_check() && ACCESS_ONCE(d->devalidate_head))
            return -ERESTART;
    }
    return 0;
}

/* A free frame becomes @d's, with one reference. */
static void give(struct frame *f, const struct domain *d, uint64_t flags)
{
    BUG_ON(frame_owner(f) != FRAME_OWNER_NONE);
    f->used.tlb_stamp = 0;
    f->used.link = 0;
    __atomic_store_n(&f->state, (uint64_t)d->domid << FRAME_OWNER_SHIFT | flags | 1,
                     __ATOMIC_RELEASE);
}

void frame_assign(struct frame *f, const struct domain *d)
{
    give(f, d, FRAME_ALLOCATED);
}

void frame_share(struct frame *f, const struct domain *d)
{
    /* Writable for ever: the hypervisor itself holds a type reference, so it can't become a table. */
    give(f, d,
         FRAME_HYPERVISOR | FRAME_VALIDATED | (uint64_t)FRAME_T_WRITABLE << FRAME_T_SHIFT |
             FRAME_TC_ONE);
}

void frame_unshare(struct frame *f)
{
    frame_put_and_type(f);
}

bool frame_put_allocated(struct frame *f)
{
    if (!frame_test_and_clear(f, FRAME_ALLOCATED))
        return false;
    frame_put(f);
    return true;
}

void frame_relinquish(struct frame *f, const struct domain *d)
{
    uint64_t s = frame_state(f);

    while (frame_state_owner(s) == d->domid && (s & FRAME_PINNED)) {
        if (state_cas(f, &s, s & ~FRAME_PINNED)) {
            frame_put_and_type(f);
            s = frame_state(f);
        }
    }
    while (frame_state_owner(s) == d->domid &&
           (s & (FRAME_PARTIAL | FRAME_VALIDATED)) == FRAME_PARTIAL) {
        if (!state_cas(f, &s, s & ~FRAME_PARTIAL))
            continue;
        arch_frame_devalidate(f, frame_state_type(s), d, f->used.link);
        state_finish(f, FRAME_TC_MASK, 0);
        frame_put(f);
        return;
    }
}
