/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Memory of domains: what they own, grow, shrink, exchange; maps and resources for the tools.
 *
 * Invariant: d->tot_pages counts the frames whose owner is @d and that are not the hypervisor's; it
 *            is at most d->max_pages when a frame is added, and while it is not 0 it holds one
 *            reference of @d. Memory that a domain gets is zero; what it loses is scrubbed before
 *            reuse.
 * Locking:   d->page_lock guards tot_pages, max_pages, the memory map and the step to dying (no
 *            frame is assigned to a dying domain).
 * Long calls continue: the extent to go on with stands in the bits above MEMOP_EXTENT_SHIFT of the
 * command, for exchange in the argument's nr_exchanged.
 * ABI:       pv-abi/memory.h (source: Xen public memory.h).
 */
#include <hv/alloc.h>
#include <hv/arch.h>
#include <hv/domain.h>
#include <hv/guest_access.h>
#include <hv/hypercall.h>
#include <pv-abi/memory.h>

#define MEMOP_EXTENT_SHIFT 6
#define MEMOP_CMD_MASK     ((1u << MEMOP_EXTENT_SHIFT) - 1)
#define GUEST_MAX_ORDER    9u /* 2 MiB */
#define DOM0_MAX_ORDER     12u

/* --- Frames of a domain ----------------------------------------------------------------------- */

/* May @d have @nr more pages? page_lock held. -EINVAL dying, -E2BIG. */
static int pages_check_locked(const struct domain *d, uint64_t nr)
{
    if (d->dying != DOMAIN_ALIVE)
        return -EINVAL;
    if (d->max_pages < d->tot_pages || d->max_pages - d->tot_pages < nr)
        return -E2BIG;
    return 0;
}

/* @count: @d's tot_pages or hv_pages. The last frame of either kind takes a reference of @d along. */
static void pages_uncharge(struct domain *d, uint64_t *count, uint64_t nr)
{
    bool last;

    spin_lock(&d->page_lock);
    BUG_ON(*count < nr);
    *count -= nr;
    last = !*count;
    spin_unlock(&d->page_lock);
    if (last)
        domain_put(d);
}

int domain_alloc_frames(struct domain *d, unsigned int order, unsigned int addr_bits, mfn_t *mfn)
{
    uint64_t nr;
    mfn_t m;
    int rc;

    if (order > MAX_ORDER)
        return -ENOMEM;
    nr = 1ull << order;
    spin_lock(&d->page_lock);
    rc = pages_check_locked(d, nr);
    spin_unlock(&d->page_lock);
    if (rc)
        return rc;
    /* dom0 starts sooner on memory that nobody touched; behind its start there may have been guests. */
    m = heap_alloc_for(
        d, order, d == dom0 && d->vcpu[0] && !d->vcpu[0]->initialised ? 0 : ALLOC_ZERO, addr_bits);
    if (mfn_is_invalid(m))
        return -ENOMEM;
    /* Under the lock: behind the step to dying, domain_kill's sweep would miss the frames. */
    spin_lock(&d->page_lock);
    rc = pages_check_locked(d, nr);
    if (!rc) {
        if (!d->tot_pages)
            domain_ref(d);
        d->tot_pages += nr;
        for (uint64_t i = 0; i < nr; i++)
            frame_assign(mfn_to_frame(mfn_add(m, i)), d);
        *mfn = m;
    }
    spin_unlock(&d->page_lock);
    if (rc)
        heap_free(m, order, false);
    return rc;
}

void domain_frame_release(struct frame *f, unsigned int owner, bool was_hypervisor)
{
    struct domain *d = domain_of_frame(owner);
    mfn_t mfn = frame_to_mfn(f);

    BUG_ON(!d);
    arch_m2p_set(mfn, M2P_INVALID);
    heap_free(mfn, 0, true);
    pages_uncharge(d, was_hypervisor ? &d->hv_pages : &d->tot_pages, 1);
}

/* --- increase, decrease, populate ------------------------------------------------------------- */

struct extents {
    struct domain *d;
    guest_va_t list;
    unsigned int order, addr_bits;
    uint64_t nr, done;
};

static unsigned int max_order(const struct domain *d)
{
    return d->privileged ? DOM0_MAX_ORDER : GUEST_MAX_ORDER;
}

/* Take back what @d could not be told of. It may have guessed, and given frames back already. */
static void drop_block(struct domain *d, mfn_t mfn, unsigned int order)
{
    for (uint64_t i = 0; i < 1ull << order; i++) {
        struct frame *f = mfn_to_frame(mfn_add(mfn, i));

        if (!frame_get(f, d))
            continue;
        frame_put_allocated(f);
        frame_put(f);
    }
}

/* One new extent; with @populate the list says where it goes, and the m2p learns of it. */
static int extent_add(struct extents *e, bool populate)
{
    guest_va_t at = e->list + e->done * sizeof(xen_pfn_t);
    xen_pfn_t gpfn = 0;
    mfn_t mfn;
    int rc;

    if (populate && copy_from_guest(&gpfn, at, sizeof(gpfn)))
        return -EFAULT;
    rc = domain_alloc_frames(e->d, e->order, e->addr_bits, &mfn);
    if (rc) {
        if (rc == -ENOMEM)
            guest_printk(e->d, "no memory for an extent of order %u (%lu of %lu done)\n", e->order,
                         e->done, e->nr);
        else if (rc == -E2BIG)
            guest_printk(e->d, "over its limit of %lu pages\n", e->d->max_pages);
        return rc;
    }
    for (uint64_t i = 0; populate && i < 1ull << e->order; i++)
        arch_m2p_set(mfn_add(mfn, i), gpfn + i);
    if (e->list && copy_to_guest(at, &mfn.n, sizeof(mfn.n))) {
        drop_block(e->d, mfn, e->order);
        return -EFAULT;
    }
    return 0;
}

/* Give the frame up: the allocation's reference, and the pin that would keep it. */
static int frame_remove(struct domain *d, mfn_t mfn)
{
    struct frame *f;

    if (!mfn_valid(mfn))
        return -EINVAL;
    f = mfn_to_frame(mfn);
    if (!frame_get(f, d))
        return -EINVAL;
    if (frame_state(f) & FRAME_HYPERVISOR) {
        frame_put(f);
        return -EINVAL;
    }
    if (frame_test_and_clear(f, FRAME_PINNED))
        frame_put_and_type(f);
    frame_put_allocated(f);
    frame_put(f);
    return 0;
}

static int extent_remove(struct extents *e)
{
    xen_pfn_t gmfn;

    if (copy_from_guest(&gmfn, e->list + e->done * sizeof(gmfn), sizeof(gmfn)))
        return -EFAULT;
    for (uint64_t i = 0; i < 1ull << e->order; i++) {
        int rc = frame_remove(e->d, _mfn(gmfn + i));

        if (rc) {
            guest_printk(e->d, "gives back frame %#lx, which is not its own\n", gmfn + i);
            return rc;
        }
    }
    return 0;
}

/*
 * XENMEM_increase_reservation, decrease_reservation, populate_physmap.
 * @start: extents done by earlier slices. Returns the number of extents done in all, also when an
 * argument was wrong; -EPERM @arg names a domain that the caller does not control.
 */
static long memory_reservation(struct domain *cd, unsigned int op, uint64_t start, guest_va_t arg)
{
    struct xen_memory_reservation r;
    struct extents e = {.done = start};
    unsigned int bits;
    long rc;

    if (copy_from_guest(&r, arg, sizeof(r)))
        return (long)start;
    if (r.nr_extents > ~0ull >> MEMOP_EXTENT_SHIFT || start >= r.nr_extents)
        return (long)start;
    bits = XENMEMF_get_address_bits(r.mem_flags);
    if (op != XENMEM_decrease_reservation && bits && bits <= PAGE_SHIFT)
        return (long)start;
    if (r.extent_order > max_order(cd) || (!r.extent_start && op != XENMEM_increase_reservation))
        return (long)start;
    rc = domain_get_controlled(cd, r.domid, &e.d);
    if (rc)
        return rc == -ESRCH ? (long)start : rc;
    e.list = r.extent_start;
    e.order = r.extent_order;
    e.addr_bits = bits;
    e.nr = r.nr_extents;
    while (e.done < e.nr) {
        if (e.done != start && hypercall_preempt_check())
            rc = HC_CONTINUE;
        else if (op == XENMEM_decrease_reservation)
            rc = extent_remove(&e);
        else
            rc = extent_add(&e, op == XENMEM_populate_physmap);
        if (rc)
            break;
        e.done++;
    }
    domain_put(e.d);
    if (rc != HC_CONTINUE)
        return (long)e.done;
    current->hc_args[0] = op | e.done << MEMOP_EXTENT_SHIFT;
    return HC_CONTINUE;
}

/* --- exchange --------------------------------------------------------------------------------- */

/* Take a frame from @d that nobody maps or uses. The TLB stamp stays in its record. */
static bool frame_steal(struct domain *d, mfn_t mfn)
{
    struct frame *f;
    uint64_t s;

    if (!mfn_valid(mfn))
        return false;
    f = mfn_to_frame(mfn);
    s = frame_state(f);
    do {
        if (frame_state_owner(s) != d->domid || (s & FRAME_COUNT_MASK) != 1 ||
            (s & (FRAME_TC_MASK | FRAME_PARTIAL | FRAME_PINNED | FRAME_HYPERVISOR)) ||
            !(s & FRAME_ALLOCATED))
            return false;
    } while (!__atomic_compare_exchange_n(&f->state, &s,
                                          (uint64_t)FRAME_OWNER_NONE << FRAME_OWNER_SHIFT, false,
                                          __ATOMIC_SEQ_CST, __ATOMIC_ACQUIRE));
    return true;
}

/* Give @d a block out of the heap for what was stolen. false: it is dying, and gets nothing. */
static bool block_replace(struct domain *d, mfn_t mfn, unsigned int order)
{
    SCOPED_LOCK(&d->page_lock);

    if (d->dying != DOMAIN_ALIVE)
        return false;
    for (uint64_t i = 0; i < 1ull << order; i++)
        frame_assign(mfn_to_frame(mfn_add(mfn, i)), d);
    return true;
}

/* Undo frame_steal: @d's again, of no type; stale translations are gone first. */
static void frame_unsteal(struct domain *d, mfn_t mfn)
{
    arch_type_change_flush(d, mfn_to_frame(mfn)->used.tlb_stamp);
    if (!block_replace(d, mfn, 0)) {
        heap_free(mfn, 0, true);
        pages_uncharge(d, &d->tot_pages, 1);
    }
}

struct exchange {
    struct domain *d;
    struct xen_memory_exchange x;
    unsigned int in_chunk_order, out_chunk_order; /* extents of each kind in a chunk, log 2 */
    /* Of one chunk, owned by nobody: the domain's old frames, the first frames of its new blocks. */
    unsigned int nr_stolen, nr_fresh;
    uint32_t stolen[1u << GUEST_MAX_ORDER], fresh[1u << GUEST_MAX_ORDER];
};

/* Collect the input of chunk @i and memory for its output. Nothing is visible to the guest yet. */
static int exchange_prepare(struct exchange *e, uint64_t i, unsigned int addr_bits)
{
    guest_va_t at = e->x.in.extent_start + (i << e->in_chunk_order) * sizeof(xen_pfn_t);

    for (uint64_t j = 0; j < 1ull << e->in_chunk_order; j++, at += sizeof(xen_pfn_t)) {
        xen_pfn_t gmfn;

        if (copy_from_guest(&gmfn, at, sizeof(gmfn)))
            return -EFAULT;
        for (uint64_t k = 0; k < 1ull << e->x.in.extent_order; k++) {
            if (!frame_steal(e->d, _mfn(gmfn + k)))
                return -EINVAL;
            e->stolen[e->nr_stolen++] = (uint32_t)(gmfn + k);
        }
    }
    while (e->nr_fresh < 1u << e->out_chunk_order) {
        mfn_t mfn = heap_alloc(e->x.out.extent_order, ALLOC_ZERO, addr_bits);

        if (mfn_is_invalid(mfn))
            return -ENOMEM;
        e->fresh[e->nr_fresh++] = (uint32_t)mfn.n;
    }
    return 0;
}

static void exchange_undo(struct exchange *e)
{
    while (e->nr_fresh)
        heap_free(_mfn(e->fresh[--e->nr_fresh]), e->x.out.extent_order, false);
    while (e->nr_stolen)
        frame_unsteal(e->d, _mfn(e->stolen[--e->nr_stolen]));
}

/* The old frames go, the new ones are the domain's. -EFAULT: done all the same, not all told. */
static int exchange_commit(struct exchange *e, uint64_t i)
{
    guest_va_t at = e->x.out.extent_start + (i << e->out_chunk_order) * sizeof(xen_pfn_t);
    int rc = 0;

    while (e->nr_stolen) {
        mfn_t mfn = _mfn(e->stolen[--e->nr_stolen]);

        arch_m2p_set(mfn, M2P_INVALID);
        heap_free(mfn, 0, true);
    }
    for (unsigned int j = 0; j < e->nr_fresh; j++, at += sizeof(xen_pfn_t)) {
        mfn_t mfn = _mfn(e->fresh[j]);
        xen_pfn_t gpfn;

        if (!block_replace(e->d, mfn, e->x.out.extent_order)) {
            heap_free(mfn, e->x.out.extent_order, false);
            pages_uncharge(e->d, &e->d->tot_pages, 1ull << e->x.out.extent_order);
            rc = -EINVAL;
        } else if (copy_from_guest(&gpfn, at, sizeof(gpfn))) {
            rc = -EFAULT;
        } else {
            for (uint64_t k = 0; k < 1ull << e->x.out.extent_order; k++)
                arch_m2p_set(mfn_add(mfn, k), gpfn + k);
            if (copy_to_guest(at, &mfn.n, sizeof(mfn.n)))
                rc = -EFAULT;
        }
    }
    e->nr_fresh = 0;
    return rc;
}

static int exchange_check(const struct domain *cd, const struct xen_memory_exchange *x)
{
    const struct xen_memory_reservation *in = &x->in, *out = &x->out;

    if (max(in->extent_order, out->extent_order) > min(max_order(cd), GUEST_MAX_ORDER))
        return -EPERM;
    if (in->nr_extents << in->extent_order >> in->extent_order != in->nr_extents ||
        out->nr_extents << out->extent_order >> out->extent_order != out->nr_extents ||
        in->nr_extents << in->extent_order != out->nr_extents << out->extent_order ||
        in->nr_extents > ~0ull >> 16 || x->nr_exchanged > in->nr_extents || in->domid != out->domid)
        return -EINVAL;
    return 0;
}

/*
 * XENMEM_exchange: give frames, get as many others, of the wanted order, below the wanted address.
 * Returns 0 with nr_exchanged == in.nr_extents; else -EFAULT, -EINVAL (sizes; a frame that is not
 * the caller's or is in use), -ENOMEM, -EPERM (order, domain), -ESRCH, and nr_exchanged says how
 * many input extents are gone.
 */
static long memory_exchange(struct domain *cd, guest_va_t arg)
{
    struct exchange e = {0};
    struct xen_memory_exchange *x = &e.x;
    guest_va_t nr_at = arg + offsetof(struct xen_memory_exchange, nr_exchanged);
    unsigned int bits;
    uint64_t i, nr, first;
    long rc;

    if (copy_from_guest(x, arg, sizeof(*x)))
        return -EFAULT;
    rc = exchange_check(cd, x);
    if (rc)
        return rc;
    bits = XENMEMF_get_address_bits(x->out.mem_flags);
    if (bits && bits <= PAGE_SHIFT)
        return -ENOMEM;
    if (x->in.extent_order <= x->out.extent_order)
        e.in_chunk_order = x->out.extent_order - x->in.extent_order;
    else
        e.out_chunk_order = x->in.extent_order - x->out.extent_order;
    rc = domain_get_controlled(cd, x->in.domid, &e.d);
    if (rc)
        return rc;
    nr = x->in.nr_extents >> e.in_chunk_order;
    for (i = first = x->nr_exchanged >> e.in_chunk_order; i < nr && !rc; i++) {
        if (e.d->dying != DOMAIN_ALIVE) {
            rc = -EINVAL;
            break;
        }
        if (i != first && hypercall_preempt_check()) {
            rc = HC_CONTINUE;
            break;
        }
        rc = exchange_prepare(&e, i, bits);
        if (rc) {
            exchange_undo(&e);
            break;
        }
        rc = exchange_commit(&e, i);
    }
    domain_put(e.d);
    x->nr_exchanged = i << e.in_chunk_order;
    if (copy_to_guest(nr_at, &x->nr_exchanged, sizeof(x->nr_exchanged)))
        rc = -EFAULT;
    return rc;
}

/* --- Figures, maps, resources ----------------------------------------------------------------- */

static long memory_domain_figure(struct domain *cd, unsigned int op, guest_va_t arg)
{
    struct xen_memory_domain a;
    struct domain *d SCOPED_REF = NULL;
    uint64_t v;
    long rc;

    if (copy_from_guest(&a, arg, sizeof(a)))
        return -EFAULT;
    rc = domain_get_controlled(cd, a.domid, &d);
    if (rc)
        return rc;
    if (op == XENMEM_current_reservation)
        v = ACCESS_ONCE(d->tot_pages);
    else if (op == XENMEM_maximum_reservation)
        v = ACCESS_ONCE(d->max_pages);
    else
        v = ACCESS_ONCE(d->shared->arch.max_pfn) - 1;
    return (long)min(v, (uint64_t)INT64_MAX);
}

/* XENMEM_set_memory_map: the tools tell what memory_map will answer. */
static long memory_set_map(struct domain *cd, guest_va_t arg)
{
    struct xen_foreign_memory_map fm;
    struct xen_e820entry *map;
    struct domain *d;
    size_t bytes;
    long rc;

    if (copy_from_guest(&fm, arg, sizeof(fm)))
        return -EFAULT;
    if (fm.map.nr_entries > ARRAY_SIZE(e820))
        return -EINVAL;
    rc = domain_get_controlled(cd, fm.domid, &d);
    if (rc)
        return rc;
    bytes = fm.map.nr_entries * sizeof(*map);
    map = hv_alloc(bytes);
    if (!map) {
        rc = -ENOMEM;
    } else if (bytes && copy_from_guest(map, fm.map.buffer, bytes)) {
        rc = -EFAULT;
    } else {
        struct xen_e820entry *old;

        spin_lock(&d->page_lock);
        old = d->e820;
        d->e820 = map;
        d->nr_e820 = fm.map.nr_entries;
        spin_unlock(&d->page_lock);
        map = old;
    }
    hv_free(map);
    domain_put(d);
    return rc;
}

/* XENMEM_memory_map: -ENOSYS while none is set (the guest then takes memory as one piece). */
static long memory_get_map(struct domain *cd, guest_va_t arg)
{
    struct xen_e820entry map[ARRAY_SIZE(e820)];
    struct xen_memory_map m;
    unsigned int nr_set;

    if (copy_from_guest(&m, arg, sizeof(m)))
        return -EFAULT;
    spin_lock(&cd->page_lock);
    nr_set = cd->nr_e820;
    m.nr_entries = min(m.nr_entries, nr_set);
    for (unsigned int i = 0; i < m.nr_entries; i++)
        map[i] = cd->e820[i];
    spin_unlock(&cd->page_lock);
    if (!nr_set)
        return -ENOSYS;
    if (m.nr_entries && copy_to_guest(m.buffer, map, m.nr_entries * sizeof(map[0])))
        return -EFAULT;
    return copy_to_guest(arg, &m, sizeof(m)) ? -EFAULT : 0;
}

/* XENMEM_machine_memory_map, for dom0. A null buffer asks for the number of entries. */
static long memory_machine_map(struct domain *cd, guest_va_t arg)
{
    struct xen_memory_map m;

    if (!cd->privileged)
        return -EPERM;
    if (copy_from_guest(&m, arg, sizeof(m)))
        return -EFAULT;
    if (m.buffer) {
        m.nr_entries = min(m.nr_entries, nr_e820);
        if (copy_to_guest(m.buffer, e820, m.nr_entries * sizeof(e820[0])))
            return -EFAULT;
    } else {
        m.nr_entries = nr_e820;
    }
    return copy_to_guest(arg, &m, sizeof(m)) ? -EFAULT : 0;
}

/* XENMEM_machphys_mapping: where guests read the m2p. Room in the layout, not what is filled. */
static long memory_machphys_mapping(guest_va_t arg)
{
    const struct xen_machphys_mapping m = {
        .v_start = 0xffff800000000000,
        .v_end = 0xffff804000000000,
        .max_mfn = (1ull << 35) - 1,
    };

    return copy_to_guest(arg, &m, sizeof(m)) ? -EFAULT : 0;
}

/* XENMEM_claim_pages: @nr_extents is the wanted total, of which the domain has some already. */
static long memory_claim(struct domain *cd, guest_va_t arg)
{
    struct xen_memory_reservation r;
    struct domain *d SCOPED_REF = NULL;
    uint64_t have;

    if (!cd->privileged)
        return -EPERM;
    if (copy_from_guest(&r, arg, sizeof(r)))
        return -EFAULT;
    if (r.extent_start || r.extent_order || r.mem_flags)
        return -EINVAL;
    d = domain_get(r.domid); /* by number only */
    if (!d)
        return -EINVAL;
    SCOPED_LOCK(&d->page_lock);
    have = d->tot_pages;
    if (!r.nr_extents)
        return heap_claim(d, 0);
    if (d->dying != DOMAIN_ALIVE || d->claimed_pages || r.nr_extents <= have ||
        r.nr_extents > d->max_pages)
        return -EINVAL;
    return heap_claim(d, r.nr_extents - have);
}

static long acquire_frames(struct domain *d, const struct xen_mem_acquire_resource *a,
                           uint64_t start)
{
    if (d->dying != DOMAIN_ALIVE || a->frame + a->nr_frames < a->frame ||
        a->frame + a->nr_frames > d->grant.max_frames)
        return -EINVAL;
    for (uint64_t i = start; i < a->nr_frames; i++) {
        mfn_t mfn;
        int rc;

        if (i != start && hypercall_preempt_check()) {
            current->hc_args[0] = XENMEM_acquire_resource | i << MEMOP_EXTENT_SHIFT;
            return HC_CONTINUE;
        }
        rc = grant_frame(d, (unsigned int)(a->frame + i), &mfn);
        if (rc)
            return rc;
        if (copy_to_guest(a->frame_list + i * sizeof(xen_pfn_t), &mfn.n, sizeof(mfn.n)))
            return -EFAULT;
    }
    return 0;
}

/*
 * XENMEM_acquire_resource: machine frames of another domain's grant table, for the tools to map.
 * @start: frames listed by earlier slices. A null list asks for the size.
 * -EPERM, -ESRCH, -EFAULT; -EINVAL pad, self, frames behind the table; -EOPNOTSUPP other types.
 */
static long memory_acquire(struct domain *cd, uint64_t start, guest_va_t arg)
{
    struct xen_mem_acquire_resource a;
    struct domain *d SCOPED_REF = NULL;

    if (!cd->privileged)
        return -EPERM;
    if (copy_from_guest(&a, arg, sizeof(a)))
        return -EFAULT;
    if (a.pad || (!a.frame_list && a.nr_frames))
        return -EINVAL;
    if (a.type != XENMEM_resource_grant_table)
        return -EOPNOTSUPP;
    if (a.id != XENMEM_resource_grant_table_id_shared)
        return -EINVAL;
    d = domain_get(a.domid); /* by number only, and another's */
    if (!d)
        return -ESRCH;
    if (d == cd)
        return -EPERM;
    if (a.frame_list)
        return acquire_frames(d, &a, start);
    a.nr_frames = d->grant.max_frames;
    return copy_to_guest(arg, &a, sizeof(a)) ? -EFAULT : 0;
}

long hc_memory_op(struct domain *d, uint64_t cmd, guest_va_t arg)
{
    unsigned int op = cmd & MEMOP_CMD_MASK;
    uint64_t start = cmd >> MEMOP_EXTENT_SHIFT;

    if (start && op != XENMEM_increase_reservation && op != XENMEM_decrease_reservation &&
        op != XENMEM_populate_physmap && op != XENMEM_acquire_resource)
        return -ENOSYS; /* the others never continue by their command */
    switch (op) {
    case XENMEM_increase_reservation:
    case XENMEM_decrease_reservation:
    case XENMEM_populate_physmap:
        return memory_reservation(d, op, start, arg);
    case XENMEM_acquire_resource:
        return memory_acquire(d, start, arg);
    case XENMEM_maximum_ram_page:
        return (long)max_mfn;
    case XENMEM_current_reservation:
    case XENMEM_maximum_reservation:
    case XENMEM_maximum_gpfn:
        return memory_domain_figure(d, op, arg);
    case XENMEM_exchange:
        return memory_exchange(d, arg);
    case XENMEM_memory_map:
        return memory_get_map(d, arg);
    case XENMEM_set_memory_map:
        return memory_set_map(d, arg);
    case XENMEM_machine_memory_map:
        return memory_machine_map(d, arg);
    case XENMEM_machphys_mapping:
        return memory_machphys_mapping(arg);
    case XENMEM_claim_pages:
        return memory_claim(d, arg);
    case XENMEM_add_to_physmap:
    case XENMEM_add_to_physmap_batch:
    case XENMEM_remove_from_physmap:
        return -EACCES; /* for domains whose physical addresses the hypervisor translates */
    default:
        return -ENOSYS;
    }
}
