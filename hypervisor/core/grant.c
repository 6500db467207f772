/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Grant tables, version 1: a domain lets another map or copy its frames.
 *
 * Granter: the shared entries, which the guest writes, and beside each an active entry that counts the
 *          users (pins). While there are any, GTF_reading and GTF_writing in the shared entry say so, set
 *          and cleared by atomic operations, because the granter revokes with the same.
 * Mapper:  the maptrack: one entry a mapping, its index is the handle. Each holds a reference to the granter.
 *
 * Invariants: a pin is taken before the frame is touched, and is given back after the mapping is gone and
 *             flushed. The frame number is read once, when the first pin is taken. The table's entry of a
 *             mapping holds references to the frame like any other (arch_grant_map), so the frame outlives
 *             it whatever the two guests do.
 * Locking:    an active entry has its own lock, the only one on the way of a copy or a map. Frames of the
 *             table and of the maptrack are added under gd->lock and map_lock, and stay for the domain's
 *             life, so looking up takes none. No lock is held while guest memory is copied to or from.
 * ABI:        pv-abi/grant_table.h (source: Xen public grant_table.h).
 */
#include <hv/alloc.h>
#include <hv/arch.h>
#include <hv/domain.h>
#include <hv/grant.h>
#include <hv/guest_access.h>
#include <hv/hypercall.h>
#include <hv/perf.h>
#include <pv-abi/grant_table.h>

struct active_grant {
    spinlock_t lock;
    domid_t domid; /* who holds the pins */
    uint32_t readers, writers;
    uint64_t mfn;
};

struct grant_map {
    struct domain *granter; /* NULL: free */
    uint32_t ref;
    uint32_t next_free; /* handle + 1 while free */
    uint32_t flags;     /* GNTMAP_* as given, and MAP_BUSY */
};
#define MAP_BUSY 0x8000u /* an unmap is at work: in the bits that GNTMAP_* leaves out */

#define ENTRIES_PER_FRAME      (PAGE_SIZE / sizeof(struct grant_entry_v1))
#define ACTIVE_PER_PAGE        128u
#define ACTIVE_PAGES_PER_FRAME (ENTRIES_PER_FRAME / ACTIVE_PER_PAGE)
#define MAPS_PER_PAGE          128u
/* For 8,192 mappings: thirteen guests with a disk and an interface. */
#define DOM0_MAPTRACK_PAGES    64u
#define PIN_MAX                0x7fffffffu
#define PREEMPT_EVERY          16u
_Static_assert(ACTIVE_PER_PAGE * sizeof(struct active_grant) <= PAGE_SIZE,
               "active entries fit a page");
_Static_assert(MAPS_PER_PAGE * sizeof(struct grant_map) <= PAGE_SIZE,
               "maptrack entries fit a page");
_Static_assert(ENTRIES_PER_FRAME == 512, "ABI");

static uint64_t mappings_total; /* atomic, of all domains */

uint64_t grant_mappings_total(void)
{
    return __atomic_load_n(&mappings_total, __ATOMIC_RELAXED);
}

static bool maptrack_grow(struct domain *d);

/* ---- the table ------------------------------------------------------------------------------------ */

int grant_init(struct domain *d, unsigned int max_frames, unsigned int max_maptrack_frames)
{
    struct grant_domain *gd = &d->grant;

    gd->max_frames = max(max_frames, 1u);
    gd->max_maptrack_frames = max(max_maptrack_frames, 1u);
    gd->shared = hv_alloc(gd->max_frames * sizeof(gd->shared[0]));
    gd->active = hv_alloc(gd->max_frames * ACTIVE_PAGES_PER_FRAME * sizeof(gd->active[0]));
    gd->maptrack = hv_alloc(gd->max_maptrack_frames * sizeof(gd->maptrack[0]));
    if (!gd->shared || !gd->active || !gd->maptrack)
        goto err;
    /* Back-ends map in dom0: what they need is taken now, so that guests come and go without a trace. */
    for (unsigned int i = 0; d->privileged && i < min(DOM0_MAPTRACK_PAGES, max_maptrack_frames);
         i++)
        if (!maptrack_grow(d))
            goto err;
    return 0;
err:
    grant_destroy(d);
    return -ENOMEM;
}

void grant_destroy(struct domain *d)
{
    struct grant_domain *gd = &d->grant;

    BUG_ON(gd->nr_maps);
    for (unsigned int i = 0; gd->active && i < gd->nr_frames * ACTIVE_PAGES_PER_FRAME; i++)
        hv_free_page(gd->active[i]);
    for (unsigned int i = 0; gd->maptrack && i < gd->maptrack_pages; i++)
        hv_free_page(gd->maptrack[i]);
    for (unsigned int i = 0; gd->shared && i < gd->nr_frames; i++)
        if (gd->shared[i]) /* a domain that never ran to its end */
            frame_unshare(mfn_to_frame(virt_to_mfn(gd->shared[i])));
    hv_free(gd->shared);
    hv_free(gd->active);
    hv_free(gd->maptrack);
    gd->shared = NULL;
    gd->active = NULL;
    gd->maptrack = NULL;
    gd->nr_frames = gd->maptrack_pages = 0;
}

/* One more frame. Lock held. */
static int grow_one(struct domain *d)
{
    struct grant_domain *gd = &d->grant;
    struct active_grant **active = &gd->active[gd->nr_frames * ACTIVE_PAGES_PER_FRAME];
    void *page = hv_alloc_page();
    unsigned int i;

    if (!page)
        return -ENOMEM;
    for (i = 0; i < ACTIVE_PAGES_PER_FRAME; i++) {
        active[i] = hv_alloc_page();
        if (!active[i])
            goto err;
    }
    frame_share(mfn_to_frame(virt_to_mfn(page)), d);
    domain_frame_shared(d);
    gd->shared[gd->nr_frames] = page;
    __atomic_store_n(&gd->nr_frames, gd->nr_frames + 1, __ATOMIC_RELEASE);
    return 0;
err:
    while (i--)
        hv_free_page(active[i]);
    hv_free_page(page);
    return -ENOMEM;
}

/* Have at least @nr frames. -EINVAL over the limit or dying, -ENOMEM. */
static int grant_grow(struct domain *d, unsigned int nr)
{
    struct grant_domain *gd = &d->grant;

    if (nr <= __atomic_load_n(&gd->nr_frames, __ATOMIC_ACQUIRE) && !ACCESS_ONCE(gd->closed))
        return 0;
    SCOPED_LOCK(&gd->lock);
    if (gd->closed)
        return -EINVAL;
    if (nr > gd->max_frames) {
        if (!gd->frames_logged)
            printk(LOG_WARN "d%u: %u grant table frames wanted, limit is %u (max_grant_frames)\n",
                   d->domid, nr, gd->max_frames);
        gd->frames_logged = true;
        return -EINVAL;
    }
    while (gd->nr_frames < nr)
        if (grow_one(d))
            return -ENOMEM;
    return 0;
}

int grant_frame(struct domain *d, unsigned int idx, mfn_t *mfn)
{
    int rc = grant_grow(d, min(idx, d->grant.max_frames) + 1);
    struct grant_entry_v1 *page;

    if (rc)
        return rc;
    page = ACCESS_ONCE(d->grant.shared[idx]);
    if (!page) /* it is just dying */
        return -EINVAL;
    *mfn = virt_to_mfn(page);
    return 0;
}

/* ---- granter: pins --------------------------------------------------------------------------------- */

static struct active_grant *active_get(const struct grant_domain *gd, grant_ref_t ref)
{
    unsigned int frame = ref / ENTRIES_PER_FRAME;

    if (frame >= __atomic_load_n(&gd->nr_frames, __ATOMIC_ACQUIRE))
        return NULL;
    return &gd->active[ref / ACTIVE_PER_PAGE][ref % ACTIVE_PER_PAGE];
}

/* The shared entry; NULL once the table of a dying domain is gone. Lock of the active entry held. */
static struct grant_entry_v1 *shared_get(const struct grant_domain *gd, grant_ref_t ref)
{
    struct grant_entry_v1 *page = gd->shared[ref / ENTRIES_PER_FRAME];

    return page ? &page[ref % ENTRIES_PER_FRAME] : NULL;
}

/*
 * Set GTF_reading (and GTF_writing) in @e if it grants @user that kind of access. Flags and domid are
 * judged and changed in one 32-bit word: the granter may change both meanwhile.
 */
static int mark_entry(struct grant_entry_v1 *e, domid_t user, bool readonly)
{
    uint32_t *word = (uint32_t *)(void *)e, old = ACCESS_ONCE(*word), new;

    do {
        uint16_t flags = (uint16_t)old;

        if ((flags & GTF_type_mask) != GTF_permit_access || (flags & GTF_sub_page) ||
            old >> 16 != user)
            return GNTST_general_error;
        if (!readonly && (flags & GTF_readonly))
            return GNTST_general_error;
        new = old | GTF_reading | (readonly ? 0 : GTF_writing);
    } while (
        !__atomic_compare_exchange_n(word, &old, new, false, __ATOMIC_SEQ_CST, __ATOMIC_RELAXED));
    return GNTST_okay;
}

static void unmark_entry(struct grant_entry_v1 *e, const struct active_grant *act)
{
    uint16_t clear =
        (act->writers ? 0 : GTF_writing) | (act->readers || act->writers ? 0 : GTF_reading);

    if (e && clear)
        __atomic_fetch_and(&e->flags, (uint16_t)~clear, __ATOMIC_SEQ_CST);
}

/* Take a pin on grant @ref of @rd for @user. Returns GNTST_*, with *@mfn set if okay. */
static int pin_get(struct domain *rd, grant_ref_t ref, domid_t user, bool readonly, mfn_t *mfn)
{
    struct active_grant *act = active_get(&rd->grant, ref);
    struct grant_entry_v1 *e;
    bool first;

    if (!act)
        return GNTST_bad_gntref;
    SCOPED_LOCK(&act->lock);
    e = shared_get(&rd->grant, ref);
    if (!e)
        return GNTST_general_error;
    first = !act->readers && !act->writers;
    if (!first && (act->domid != user || act->readers >= PIN_MAX || act->writers >= PIN_MAX))
        return GNTST_general_error;
    if (first || (!readonly && !act->writers)) {
        int rc = mark_entry(e, user, readonly);

        if (rc)
            return rc;
    }
    if (first) {
        act->domid = user;
        act->mfn = ACCESS_ONCE(e->frame);
    }
    if (readonly)
        act->readers++;
    else
        act->writers++;
    *mfn = _mfn(act->mfn);
    return GNTST_okay;
}

static void pin_put(struct domain *rd, grant_ref_t ref, bool readonly)
{
    struct active_grant *act = active_get(&rd->grant, ref);
    SCOPED_LOCK(&act->lock);

    if (readonly)
        act->readers--;
    else
        act->writers--;
    unmark_entry(shared_get(&rd->grant, ref), act);
}

static mfn_t pin_mfn(struct domain *rd, grant_ref_t ref)
{
    return _mfn(active_get(&rd->grant, ref)->mfn); /* stays while the caller's pin does */
}

/* References for a use of @mfn, which must be RAM of @rd. GNTST_*; @bad is the status for a wrong frame. */
static int use_frame(const struct domain *rd, mfn_t mfn, bool readonly, int bad)
{
    int rc;

    if (readonly)
        return mfn_get(rd, mfn) ? GNTST_okay : bad;
    rc = mfn_get_and_type(rd, mfn, FRAME_T_WRITABLE);
    if (rc == -ERESTART)
        return GNTST_eagain;
    return rc ? bad : GNTST_okay;
}

static void unuse_frame(mfn_t mfn, bool readonly)
{
    if (readonly)
        frame_put(mfn_to_frame(mfn));
    else
        frame_put_and_type(mfn_to_frame(mfn));
}

/* ---- mapper: maptrack -------------------------------------------------------------------------------- */

static struct grant_map *map_get(const struct grant_domain *gd, grant_handle_t handle)
{
    if (handle / MAPS_PER_PAGE >= __atomic_load_n(&gd->maptrack_pages, __ATOMIC_ACQUIRE))
        return NULL;
    return &gd->maptrack[handle / MAPS_PER_PAGE][handle % MAPS_PER_PAGE];
}

/* Lock held. */
static bool maptrack_grow(struct domain *d)
{
    struct grant_domain *gd = &d->grant;
    unsigned int first = gd->maptrack_pages * MAPS_PER_PAGE;
    struct grant_map *page;

    if (gd->maptrack_pages == gd->max_maptrack_frames) {
        if (!gd->maptrack_logged) {
            gd->maptrack_logged = true;
            printk(LOG_WARN "d%u: no free grant handle, limit is %u frames (max_maptrack_frames)\n",
                   d->domid, gd->max_maptrack_frames);
        }
        return false;
    }
    page = hv_alloc_page();
    if (!page)
        return false;
    for (unsigned int i = 0; i < MAPS_PER_PAGE; i++)
        page[i].next_free = i + 1 < MAPS_PER_PAGE ? first + i + 2 : gd->maptrack_free;
    gd->maptrack[gd->maptrack_pages] = page;
    gd->maptrack_free = first + 1;
    __atomic_store_n(&gd->maptrack_pages, gd->maptrack_pages + 1, __ATOMIC_RELEASE);
    return true;
}

/* A handle for a mapping of @rd's grant @ref; takes over the caller's reference to @rd. */
static bool handle_get(struct domain *d, struct domain *rd, grant_ref_t ref, uint32_t flags,
                       grant_handle_t *handle)
{
    struct grant_domain *gd = &d->grant;
    struct grant_map *m;
    SCOPED_LOCK(&gd->map_lock);

    if (!gd->maptrack_free && !maptrack_grow(d))
        return false;
    *handle = gd->maptrack_free - 1;
    m = map_get(gd, *handle);
    gd->maptrack_free = m->next_free;
    m->ref = ref;
    m->flags = flags | MAP_BUSY; /* until the mapping stands */
    __atomic_store_n(&m->granter, rd, __ATOMIC_RELEASE);
    gd->nr_maps++;
    __atomic_fetch_add(&mappings_total, 1, __ATOMIC_RELAXED);
    return true;
}

static void handle_put(struct domain *d, grant_handle_t handle)
{
    struct grant_domain *gd = &d->grant;
    struct grant_map *m = map_get(gd, handle);
    struct domain *rd = m->granter;

    spin_lock(&gd->map_lock);
    m->granter = NULL;
    m->next_free = gd->maptrack_free;
    gd->maptrack_free = handle + 1;
    gd->nr_maps--;
    spin_unlock(&gd->map_lock);
    __atomic_fetch_sub(&mappings_total, 1, __ATOMIC_RELAXED);
    domain_put(rd);
}

/* Take @handle for an unmap: one at a time has it. NULL: not in use, or busy. */
static struct grant_map *handle_claim(struct domain *d, grant_handle_t handle)
{
    struct grant_map *m = map_get(&d->grant, handle);

    if (!m)
        return NULL;
    SCOPED_LOCK(&d->grant.map_lock);
    if (!m->granter || (m->flags & MAP_BUSY))
        return NULL;
    m->flags |= MAP_BUSY;
    return m;
}

static void handle_release(struct domain *d, struct grant_map *m)
{
    SCOPED_LOCK(&d->grant.map_lock);

    m->flags &= ~MAP_BUSY;
}

/* ---- map and unmap ------------------------------------------------------------------------------------- */

static int map_one(struct domain *d, struct gnttab_map_grant_ref *op)
{
    bool readonly = op->flags & GNTMAP_readonly;
    struct domain *rd;
    mfn_t mfn;
    int rc;

    /* Without an IOMMU there are no device mappings to make; the machine address is told anyway. */
    if (!(op->flags & GNTMAP_host_map) || (op->flags & (MAP_BUSY | GRANT_FLUSH_LATER)))
        return GNTST_bad_gntref;
    rd = domain_get(op->dom); /* by number only */
    if (!rd)
        return GNTST_bad_domain;
    if (!handle_get(d, rd, op->ref, op->flags, &op->handle)) {
        domain_put(rd);
        return GNTST_no_space;
    }
    rc = pin_get(rd, op->ref, d->domid, readonly, &mfn);
    if (rc)
        goto err_handle;
    rc = use_frame(rd, mfn, readonly, mfn_valid(mfn) ? GNTST_general_error : GNTST_bad_page);
    if (rc)
        goto err_pin;
    rc = arch_grant_map(d, op->host_addr, mfn, op->flags, readonly);
    if (rc)
        goto err_frame;
    op->dev_bus_addr = mfn_to_maddr(mfn);
    perf_event(current, PAVO_EV_GRANT_MAP, op->dom);
    handle_release(d, map_get(&d->grant, op->handle)); /* from here on it can be unmapped */
    return GNTST_okay;

err_frame:
    unuse_frame(mfn, readonly);
err_pin:
    pin_put(rd, op->ref, readonly);
err_handle:
    handle_put(d, op->handle);
    return rc;
}

/*
 * Unmaps of one hypercall whose translations are not flushed yet. Until then each keeps its handle, its pin
 * and references of our own to the frame: stale translations may still be used to write to it.
 */
struct unmap_batch {
    unsigned int nr;
    grant_handle_t handle[PREEMPT_EVERY];
};

static void unmap_finish(struct domain *d, grant_handle_t handle)
{
    struct grant_map *m = map_get(&d->grant, handle);

    perf_event(current, PAVO_EV_GRANT_UNMAP, handle);
    pin_put(m->granter, m->ref, m->flags & GNTMAP_readonly);
    handle_put(d, handle);
}

static void batch_flush(struct domain *d, struct unmap_batch *batch)
{
    if (batch->nr)
        arch_flush_domain_tlb(d);
    for (unsigned int i = 0; i < batch->nr; i++) {
        struct grant_map *m = map_get(&d->grant, batch->handle[i]);

        unuse_frame(pin_mfn(m->granter, m->ref), m->flags & GNTMAP_readonly);
        unmap_finish(d, batch->handle[i]);
    }
    batch->nr = 0;
}

/* @batch: NULL to flush at once. */
static int unmap_one(struct domain *d, grant_handle_t handle, uint64_t host_addr, uint64_t bus_addr,
                     struct unmap_batch *batch)
{
    struct grant_map *m = handle_claim(d, handle);
    uint32_t flags;
    bool readonly;
    mfn_t mfn;
    int rc = GNTST_okay;

    if (!m)
        return GNTST_bad_handle;
    flags = m->flags & ~MAP_BUSY;
    readonly = flags & GNTMAP_readonly;
    mfn = pin_mfn(m->granter, m->ref);
    if (!host_addr)
        rc = GNTST_bad_virt_addr;
    else if (bus_addr && bus_addr != mfn_to_maddr(mfn))
        rc = GNTST_bad_dev_addr;
    if (rc)
        goto err;
    if (batch) {
        if (batch->nr == ARRAY_SIZE(batch->handle))
            batch_flush(d, batch);
        rc = use_frame(m->granter, mfn, readonly, GNTST_general_error);
        if (rc)
            goto err;
        flags |= GRANT_FLUSH_LATER;
    }
    rc = arch_grant_unmap(d, host_addr, mfn, flags, readonly);
    if (rc) {
        if (batch)
            unuse_frame(mfn, readonly);
        goto err;
    }
    if (batch)
        batch->handle[batch->nr++] = handle;
    else
        unmap_finish(d, handle);
    return GNTST_okay;
err:
    handle_release(d, m);
    return rc;
}

/*
 * Sync with all who are about to use the shared entries: after a turn of each lock nobody sees the page.
 */
static void table_close(struct domain *d)
{
    struct grant_domain *gd = &d->grant;

    spin_lock(&gd->lock);
    gd->closed = true;
    spin_unlock(&gd->lock);
    for (unsigned int i = 0; i < gd->nr_frames; i++) {
        struct grant_entry_v1 *page = gd->shared[i];

        if (!page)
            continue;
        gd->shared[i] = NULL;
        smp_mb();
        for (unsigned int n = 0; n < ENTRIES_PER_FRAME; n++) {
            struct active_grant *act = active_get(gd, (grant_ref_t)(i * ENTRIES_PER_FRAME + n));

            spin_lock(&act->lock);
            spin_unlock(&act->lock);
        }
        frame_unshare(mfn_to_frame(virt_to_mfn(page)));
    }
}

int grant_release_mappings(struct domain *d)
{
    struct grant_domain *gd = &d->grant;
    unsigned int done = 0;

    /* The page tables that held the mappings, and so the references to frames, are gone. */
    for (grant_handle_t h = 0; gd->nr_maps && h < gd->maptrack_pages * MAPS_PER_PAGE; h++) {
        struct grant_map *m = map_get(gd, h);

        if (!m->granter)
            continue;
        unmap_finish(d, h);
        if (!(++done % 256) && hypercall_preempt_check())
            return -ERESTART;
    }
    if (!gd->closed)
        table_close(d);
    return 0;
}

/* ---- copy ------------------------------------------------------------------------------------------------ */

/* One end of a copy, held: pin (if by reference) and frame. */
struct copy_end {
    struct domain *rd;
    grant_ref_t ref;
    bool by_ref, readonly;
    mfn_t mfn;
};

static int end_get(struct domain *d, const struct gnttab_copy_ptr *p, bool by_ref, bool readonly,
                   struct copy_end *end)
{
    int rc;

    if (!by_ref && p->domid != DOMID_SELF && p->domid != d->domid)
        return GNTST_permission_denied;
    end->rd = domain_get(p->domid == DOMID_SELF ? d->domid : p->domid);
    if (!end->rd)
        return GNTST_bad_domain;
    end->by_ref = by_ref;
    end->readonly = readonly;
    end->ref = p->u.ref;
    end->mfn = _mfn(p->u.gmfn);
    rc = by_ref ? pin_get(end->rd, end->ref, d->domid, readonly, &end->mfn) : GNTST_okay;
    if (rc)
        goto err_domain;
    rc = use_frame(end->rd, end->mfn, readonly, GNTST_bad_page);
    if (rc)
        goto err_pin;
    return GNTST_okay;
err_pin:
    if (by_ref)
        pin_put(end->rd, end->ref, readonly);
err_domain:
    domain_put(end->rd);
    return rc;
}

static void end_put(struct copy_end *end)
{
    unuse_frame(end->mfn, end->readonly);
    if (end->by_ref)
        pin_put(end->rd, end->ref, end->readonly);
    domain_put(end->rd);
}

static int copy_one(struct domain *d, const struct gnttab_copy *op)
{
    struct copy_end src, dst;
    int rc;

    if (op->source.offset + op->len > (int)PAGE_SIZE || op->dest.offset + op->len > (int)PAGE_SIZE)
        return GNTST_bad_copy_arg;
    rc = end_get(d, &op->source, op->flags & GNTCOPY_source_gref, true, &src);
    if (rc)
        return rc;
    rc = end_get(d, &op->dest, op->flags & GNTCOPY_dest_gref, false, &dst);
    if (!rc) {
        perf_event(current, PAVO_EV_GRANT_COPY, op->len);
        memmove((char *)mfn_to_virt(dst.mfn) + op->dest.offset,
                (const char *)mfn_to_virt(src.mfn) + op->source.offset, op->len);
        end_put(&dst);
    }
    end_put(&src);
    return rc;
}

/* ---- hypercall ---------------------------------------------------------------------------------------------- */

/* Our copy of an operation's argument, one element of the guest's array. */
union grant_arg {
    struct gnttab_map_grant_ref map;
    struct gnttab_unmap_grant_ref unmap;
    struct gnttab_copy copy;
    struct gnttab_setup_table setup_table;
    struct gnttab_query_size query_size;
    struct gnttab_get_version get_version;
    struct gnttab_set_version set_version;
};

static long op_map(struct domain *d, union grant_arg *op, struct unmap_batch *batch)
{
    op->map.status = (int16_t)map_one(d, &op->map);
    return 0;
}

static long op_unmap(struct domain *d, union grant_arg *op, struct unmap_batch *batch)
{
    struct gnttab_unmap_grant_ref *u = &op->unmap;

    u->status = (int16_t)unmap_one(d, u->handle, u->host_addr, u->dev_bus_addr, batch);
    return 0;
}

static long op_copy(struct domain *d, union grant_arg *op, struct unmap_batch *batch)
{
    op->copy.status = (int16_t)copy_one(d, &op->copy);
    return 0;
}

/* The domain whose table is asked about, with a reference; NULL and *@status. */
static struct domain *table_of(struct domain *d, domid_t id, int16_t *status)
{
    struct domain *rd;
    int rc = domain_get_controlled(d, id, &rd);

    if (!rc)
        return rd;
    *status = rc == -EPERM ? GNTST_permission_denied : GNTST_bad_domain;
    return NULL;
}

static long op_setup_table(struct domain *d, union grant_arg *arg, struct unmap_batch *batch)
{
    struct gnttab_setup_table *op = &arg->setup_table;
    struct domain *rd SCOPED_REF = table_of(d, op->dom, &op->status);

    if (!rd)
        return 0;
    op->status = grant_grow(rd, op->nr_frames) ? GNTST_general_error : GNTST_okay;
    for (uint32_t i = 0; !op->status && i < op->nr_frames; i++) {
        const void *page = ACCESS_ONCE(rd->grant.shared[i]);
        xen_pfn_t pfn = page ? virt_to_mfn(page).n : ~0ull; /* ~0: it is just dying */

        if (copy_to_guest(op->frame_list + i * sizeof(pfn), &pfn, sizeof(pfn)))
            return -EFAULT;
    }
    return 0;
}

static long op_query_size(struct domain *d, union grant_arg *arg, struct unmap_batch *batch)
{
    struct gnttab_query_size *op = &arg->query_size;
    struct domain *rd SCOPED_REF = table_of(d, op->dom, &op->status);

    if (rd) {
        op->nr_frames = ACCESS_ONCE(rd->grant.nr_frames);
        op->max_nr_frames = rd->grant.max_frames;
        op->status = GNTST_okay;
    }
    return 0;
}

/* -ESRCH, -EPERM as domain_get_controlled. */
static long op_get_version(struct domain *d, union grant_arg *op, struct unmap_batch *batch)
{
    struct domain *rd SCOPED_REF = NULL;
    long rc = domain_get_controlled(d, op->get_version.dom, &rd);

    if (!rc)
        op->get_version.version = 1;
    return rc;
}

/* -ENOSYS version 2 (the guest goes on with 1, as op->version then says); -EINVAL no such version. */
static long op_set_version(struct domain *d, union grant_arg *op, struct unmap_batch *batch)
{
    uint32_t wanted = op->set_version.version;

    op->set_version.version = 1;
    return wanted == 1 ? 0 : wanted == 2 ? -ENOSYS : -EINVAL;
}

static const struct grant_op {
    /* What goes wrong with one element of an array is in its status. */
    long (*fn)(struct domain *d, union grant_arg *op, struct unmap_batch *batch);
    uint16_t size, out; /* of the argument; from where on it is written back */
    bool single;        /* count must be 1 */
} ops[] = {
    [GNTTABOP_map_grant_ref] = {op_map, sizeof(struct gnttab_map_grant_ref), 0, false},
    [GNTTABOP_unmap_grant_ref] = {op_unmap, sizeof(struct gnttab_unmap_grant_ref), 0, false},
    [GNTTABOP_copy] = {op_copy, sizeof(struct gnttab_copy), offsetof(struct gnttab_copy, status),
                       false},
    [GNTTABOP_setup_table] = {op_setup_table, sizeof(struct gnttab_setup_table), 0, true},
    [GNTTABOP_query_size] = {op_query_size, sizeof(struct gnttab_query_size), 0, true},
    [GNTTABOP_set_version] = {op_set_version, sizeof(struct gnttab_set_version), 0, true},
    [GNTTABOP_get_version] = {op_get_version, sizeof(struct gnttab_get_version), 0, true},
};

/* One element, at @uop. -EFAULT it cannot be read or written; else as the operation says. */
static long run_one(const struct grant_op *op, struct domain *d, guest_va_t uop,
                    struct unmap_batch *batch)
{
    union grant_arg arg;
    long rc;

    if (copy_from_guest(&arg, uop, op->size))
        return -EFAULT;
    rc = op->fn(d, &arg, batch);
    return copy_to_guest(uop + op->out, (char *)&arg + op->out, op->size - op->out) ? -EFAULT : rc;
}

/*
 * -ENOSYS: unmap_and_replace, dump_table, transfer, get_status_frames, swap_grant_ref, cache_flush, and what does
 * not exist;
 * -EINVAL a count that is out of range; -EFAULT an element cannot be read or written (those before it
 * are done).
 */
long hc_grant_table_op(struct domain *d, uint64_t cmd, guest_va_t uop, uint64_t count)
{
    struct unmap_batch batch = {.nr = 0};
    const struct grant_op *op;
    uint32_t n = (uint32_t)count;
    long rc = 0;

    if ((int32_t)n < 0)
        return -EINVAL;
    if (cmd >= ARRAY_SIZE(ops) || !ops[cmd].fn)
        return -ENOSYS;
    op = &ops[cmd];
    if (op->single && n != 1)
        return -EINVAL;
    for (uint32_t i = 0; i < n && !rc; i++) {
        if (i && !(i % PREEMPT_EVERY) && hypercall_preempt_check()) {
            current->hc_args[1] = uop + (uint64_t)i * op->size;
            current->hc_args[2] = n - i;
            rc = HC_CONTINUE;
        } else {
            rc = run_one(op, d, uop + (uint64_t)i * op->size, n > 1 ? &batch : NULL);
        }
    }
    batch_flush(d, &batch);
    return rc;
}
