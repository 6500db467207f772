/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The frame allocator: a buddy system over all RAM, and small objects on top of it.
 *
 * Free blocks of 2^order frames, aligned to their size, hang in lists by zone and order. The zone
 * is the number of bits in the highest frame number of the block: a request for addresses below
 * 2^n may take from all zones up to n - PAGE_SHIFT, and everybody starts at the highest, so that
 * low memory lasts.
 *
 * The record of a free frame: owner FRAME_OWNER_NONE and, in the low bits of its state,
 *   bits 0-31   TLB stamp of when it was freed, if dirty
 *   bits 32-36  order + 1, in the first frame of a block
 *   bit  37     free
 *   bit  38     dirty: holds a guest's data, and stale translations to it may exist
 * A frame that is handed out has none of these bits set: its state is the owner field alone.
 *
 * Invariant: dirty frames are flushed from TLBs, then scrubbed, before heap_alloc() returns them.
 *            free_pages >= claimed_pages.
 * Locking:   heap_lock guards lists, records of free frames, counters and d->claimed_pages;
 *            object_lock guards the small objects, taken before heap_lock. Neither in interrupts.
 *            Flushing and scrubbing happen without locks, so interrupts should be on.
 */
#include <hv/alloc.h>
#include <hv/arch.h>
#include <hv/domain.h>

#define STATE_OUT         ((uint64_t)FRAME_OWNER_NONE << FRAME_OWNER_SHIFT)
#define STATE_STAMP_MASK  0xffffffffull
#define STATE_ORDER_SHIFT 32
#define STATE_ORDER_MASK  (0x1full << STATE_ORDER_SHIFT)
#define STATE_FREE        (1ull << 37)
#define STATE_DIRTY       (1ull << 38)

#define NR_ZONES 33u
#define NO_FRAME 0u /* frame 0 is never in the heap: end of a list */

static spinlock_t heap_lock = SPINLOCK_INIT;
static uint32_t heads[NR_ZONES][MAX_ORDER + 1];
static uint32_t orders_present[NR_ZONES]; /* bit per order with a nonempty list */
static uint64_t free_pages, total_pages, claimed_pages;

static struct frame *frame_at(uint64_t n)
{
    return mfn_to_frame(_mfn(n));
}

static unsigned int zone_of(uint64_t n, unsigned int order)
{
    uint64_t last = n + (1ull << order) - 1;

    return last ? 64u - (unsigned int)__builtin_clzll(last) : 0;
}

static void list_insert(uint64_t n, unsigned int order)
{
    struct frame *f = frame_at(n);
    unsigned int zone = zone_of(n, order);
    uint32_t *head = &heads[zone][order];

    f->state = (f->state & ~STATE_ORDER_MASK) | (uint64_t)(order + 1) << STATE_ORDER_SHIFT;
    f->free.prev = NO_FRAME;
    f->free.next = *head;
    if (*head)
        frame_at(*head)->free.prev = (uint32_t)n;
    *head = (uint32_t)n;
    orders_present[zone] |= 1u << order;
}

static void list_remove(uint64_t n, unsigned int order)
{
    struct frame *f = frame_at(n);
    unsigned int zone = zone_of(n, order);

    if (f->free.prev)
        frame_at(f->free.prev)->free.next = f->free.next;
    else
        heads[zone][order] = f->free.next;
    if (f->free.next)
        frame_at(f->free.next)->free.prev = f->free.prev;
    if (!heads[zone][order])
        orders_present[zone] &= ~(1u << order);
    f->state &= ~STATE_ORDER_MASK;
}

/* Is @n the first frame of a free block of exactly @order? */
static bool is_free_block(uint64_t n, unsigned int order)
{
    uint64_t s;

    if (!n || n >= max_mfn)
        return false;
    s = frame_at(n)->state;
    return frame_state_owner(s) == FRAME_OWNER_NONE && (s & STATE_FREE) &&
           (s & STATE_ORDER_MASK) >> STATE_ORDER_SHIFT == order + 1;
}

/* Put a block whose frames are marked free into the lists, joined with its free buddies. */
static void insert_merged(uint64_t n, unsigned int order)
{
    while (order < MAX_ORDER) {
        uint64_t buddy = n ^ (1ull << order);

        if (!is_free_block(buddy, order))
            break;
        list_remove(buddy, order);
        n &= ~(1ull << order);
        order++;
    }
    list_insert(n, order);
}

void heap_add(mfn_t start, mfn_t end)
{
    uint64_t n = start.n ? start.n : 1;

    BUG_ON(end.n > max_mfn || end.n > 1ull << 32);
    SCOPED_LOCK(&heap_lock);
    while (n < end.n) {
        unsigned int order = min((unsigned int)__builtin_ctzll(n), MAX_ORDER);

        while (n + (1ull << order) > end.n)
            order--;
        for (uint64_t i = n; i < n + (1ull << order); i++)
            frame_at(i)->state = STATE_OUT | STATE_FREE;
        insert_merged(n, order);
        free_pages += 1ull << order;
        total_pages += 1ull << order;
        n += 1ull << order;
    }
}

/* A block of @order in the highest zone that has one, split as needed; NO_FRAME. */
static uint64_t take_block(unsigned int order, unsigned int top_zone)
{
    for (unsigned int zone = top_zone + 1; zone-- > 0;) {
        uint32_t present = orders_present[zone] >> order << order;
        unsigned int o;
        uint64_t n;

        if (!present)
            continue;
        o = (unsigned int)__builtin_ctz(present);
        n = heads[zone][o];
        list_remove(n, o);
        while (o > order) { /* keep the upper half */
            o--;
            list_insert(n, o);
            n += 1ull << o;
        }
        return n;
    }
    return NO_FRAME;
}

/* The block is out of the lists: forget that it was free, make it fit to be given to anybody. */
static void prepare_block(uint64_t n, unsigned int order, bool zero)
{
    uint64_t nr = 1ull << order;
    uint32_t stamp = 0, now = arch_tlb_clock();
    bool dirty = false;

    for (uint64_t i = n; i < n + nr; i++) {
        uint64_t s = frame_at(i)->state;

        if (!(s & STATE_DIRTY))
            continue;
        if (!dirty || now - (uint32_t)s < now - stamp) /* by age: the clock may have turned */
            stamp = (uint32_t)s;
        dirty = true;
    }
    if (dirty)
        arch_free_flush(stamp);
    for (uint64_t i = n; i < n + nr; i++) {
        struct frame *f = frame_at(i);

        if (zero || (f->state & STATE_DIRTY))
            memset(mfn_to_virt(_mfn(i)), 0, PAGE_SIZE);
        f->used.tlb_stamp = 0;
        f->used.link = 0;
        __atomic_store_n(&f->state, STATE_OUT, __ATOMIC_RELEASE);
    }
}

mfn_t heap_alloc_for(struct domain *d, unsigned int order, unsigned int flags,
                     unsigned int addr_bits)
{
    unsigned int top_zone = NR_ZONES - 1;
    uint64_t nr, n = NO_FRAME, own = 0;

    if (order > MAX_ORDER)
        return INVALID_MFN;
    nr = 1ull << order;
    if (addr_bits) {
        if (addr_bits <= PAGE_SHIFT)
            return INVALID_MFN;
        top_zone = min(addr_bits - PAGE_SHIFT, NR_ZONES - 1);
    }
    spin_lock(&heap_lock);
    if (d)
        own = d->claimed_pages;
    if (free_pages >= nr && free_pages + own >= claimed_pages + nr)
        n = take_block(order, top_zone);
    if (n != NO_FRAME) {
        /* Out of the lists, but still marked free in every record: prepare_block's to clear. A
         * double free meanwhile is caught all the same. */
        free_pages -= nr;
        own = min(own, nr);
        if (own) {
            d->claimed_pages -= own;
            claimed_pages -= own;
        }
    }
    spin_unlock(&heap_lock);
    if (n == NO_FRAME)
        return INVALID_MFN;
    prepare_block(n, order, flags & ALLOC_ZERO);
    return _mfn(n);
}

mfn_t heap_alloc(unsigned int order, unsigned int flags, unsigned int addr_bits)
{
    return heap_alloc_for(NULL, order, flags, addr_bits);
}

void heap_free(mfn_t mfn, unsigned int order, bool dirty)
{
    uint64_t nr = 1ull << order;
    /* Now, not the record's: that one knows nothing of read-only mappings. */
    uint32_t stamp = arch_tlb_clock();

    BUG_ON(order > MAX_ORDER || !mfn.n || (mfn.n & (nr - 1)) || mfn.n + nr > max_mfn);
    SCOPED_LOCK(&heap_lock);
    for (uint64_t i = mfn.n; i < mfn.n + nr; i++) {
        struct frame *f = frame_at(i);

        /* Free already, or somebody holds references. */
        BUG_ON(f->state != STATE_OUT);
        f->state = STATE_OUT | STATE_FREE | (dirty ? STATE_DIRTY | stamp : 0);
    }
    insert_merged(mfn.n, order);
    free_pages += nr;
}

uint64_t heap_free_pages(void)
{
    return __atomic_load_n(&free_pages, __ATOMIC_RELAXED);
}

uint64_t heap_total_pages(void)
{
    return __atomic_load_n(&total_pages, __ATOMIC_RELAXED);
}

uint64_t heap_claimed_pages(void)
{
    return __atomic_load_n(&claimed_pages, __ATOMIC_RELAXED);
}

int heap_claim(struct domain *d, uint64_t pages)
{
    SCOPED_LOCK(&heap_lock);

    if (pages > free_pages - min(free_pages, claimed_pages - d->claimed_pages))
        return -ENOMEM;
    claimed_pages += pages - d->claimed_pages;
    d->claimed_pages = pages;
    return 0;
}

/* --- The hypervisor's own small objects ------------------------------------------------------- */

/*
 * One page holds objects of one size behind a header; pages with room hang in a list by class,
 * empty ones go back to the heap at once. Bigger things are whole blocks, page-aligned, so that an
 * address tells which sort it is; the order of a block is kept in its frame's record.
 */
struct slab {
    struct list list; /* while it has room */
    void *free;       /* chain through the first word of each */
    uint16_t kind, in_use;
};

#define SLAB_HEADER 64u
_Static_assert(sizeof(struct slab) <= SLAB_HEADER, "objects start behind the header");
static const uint16_t class_bytes[] = {32, 64, 128, 256, 448, 672, 1008, 1344, 2016};
#define NR_CLASSES ARRAY_SIZE(class_bytes)
#define FREE_MAGIC 0x5ad0f4eebadbeef1ull

static spinlock_t object_lock = SPINLOCK_INIT;
static struct list slabs[NR_CLASSES];

void hv_free_page(void *p)
{
    if (p)
        heap_free(virt_to_mfn(p), 0, false);
}

static void *alloc_big(size_t size)
{
    unsigned int order = 0;
    mfn_t mfn;

    if (size > PAGE_SIZE << MAX_ORDER)
        return NULL;
    while (PAGE_SIZE << order < size)
        order++;
    mfn = heap_alloc(order, ALLOC_ZERO, 0);
    if (mfn_is_invalid(mfn))
        return NULL;
    mfn_to_frame(mfn)->used.link = order;
    return mfn_to_virt(mfn);
}

void *hv_alloc_page(void)
{
    return alloc_big(PAGE_SIZE);
}

static struct slab *slab_create(unsigned int kind)
{
    struct slab *s = hv_alloc_page();
    unsigned int bytes = class_bytes[kind];

    if (!s)
        return NULL;
    list_add(&s->list, &slabs[kind]);
    s->kind = (uint16_t)kind;
    for (unsigned int at = SLAB_HEADER; at + bytes <= PAGE_SIZE; at += bytes) {
        uint64_t *o = (uint64_t *)((char *)s + at);

        o[0] = (uintptr_t)s->free;
        o[1] = FREE_MAGIC ^ (uintptr_t)o;
        s->free = o;
    }
    return s;
}

void *hv_alloc(size_t size)
{
    unsigned int kind = 0;
    struct slab *s;
    void *o = NULL;

    while (kind < NR_CLASSES && class_bytes[kind] < size)
        kind++;
    if (kind == NR_CLASSES)
        return alloc_big(size);
    spin_lock(&object_lock);
    if (!slabs[kind].next)
        list_init(&slabs[kind]);
    s = list_empty(&slabs[kind]) ? slab_create(kind)
                                 : list_entry(slabs[kind].next, struct slab, list);
    if (s) {
        o = s->free;
        s->free = *(void **)o;
        s->in_use++;
        if (!s->free)
            list_del(&s->list);
    }
    spin_unlock(&object_lock);
    return o ? memset(o, 0, class_bytes[kind]) : NULL;
}

static void free_big(void *p)
{
    mfn_t mfn = virt_to_mfn(p);
    unsigned int order = mfn_to_frame(mfn)->used.link;

    mfn_to_frame(mfn)->used.link = 0;
    heap_free(mfn, order, false);
}

void hv_free(void *p)
{
    uint64_t *o = p;
    struct slab *s = (struct slab *)((uintptr_t)p & PAGE_MASK);
    bool empty;

    if (!p)
        return;
    if (p == (void *)s) {
        free_big(p);
        return;
    }
    spin_lock(&object_lock);
    BUG_ON(s->kind >= NR_CLASSES || !s->in_use ||
           ((uintptr_t)p % PAGE_SIZE - SLAB_HEADER) % class_bytes[s->kind]);
    if (o[1] == (FREE_MAGIC ^ (uintptr_t)o)) /* by chance, or is it free already? */
        for (void *x = s->free; x; x = *(void **)x)
            BUG_ON(x == p);
    if (!s->free)
        list_add(&s->list, &slabs[s->kind]);
    o[0] = (uintptr_t)s->free;
    o[1] = FREE_MAGIC ^ (uintptr_t)o;
    s->free = o;
    empty = --s->in_use == 0;
    if (empty)
        list_del(&s->list);
    spin_unlock(&object_lock);
    if (empty)
        hv_free_page(s);
}
