/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The frame table: 16 bytes for each machine frame. `state` is one 64-bit word, changed only by
 * compare-and-swap, so that owner, references and type are always judged together:
 *
 *   bits  0-24  count        general references (mappings, type references, the allocation itself)
 *   bits 25-42  type count   references to the frame *as* its type
 *   bits 43-45  type         FRAME_T_*; may change only while the type count is 0
 *   bit  46     validated    the contents are checked as a table of that type
 *   bit  47     partial      without `validated`: validation stopped half-way, `link` entries are done;
 *                            it keeps one reference of each kind, who comes next goes on.
 *                            With `validated`: the last type reference went, the frame waits in its
 *                            owner's devalidation list, which holds one general reference
 *   bit  48     pinned       the guest keeps it as a page table with no mapping (one ref of each kind)
 *   bit  49     allocated    the owner's allocation holds one reference (given back once)
 *   bit  50     hypervisor   shared by the hypervisor (shared info, grant frames): not in tot_pages
 *   bits 51-63  owner        domid, FRAME_OWNER_NONE or FRAME_OWNER_IO
 *
 * A reference that would overflow its field is refused. A free frame has state 0 with
 * FRAME_OWNER_NONE. core/pagetype.c keeps these rules; core/alloc.c uses the links of free frames.
 */
#ifndef HV_FRAME_H
#define HV_FRAME_H

#include <hv/lib.h>

struct frame {
    uint64_t state;
    union {
        struct { /* free: links of the buddy lists, frame numbers; order of the block at its head */
            uint32_t next, prev;
        } free;
        struct {
            uint32_t tlb_stamp; /* when the last writable reference went */
            uint32_t link;      /* next frame that waits for devalidation; or partial's index */
        } used;
    };
};
_Static_assert(sizeof(struct frame) == 16, "a frame's record is at most 16 bytes");

#define FRAME_COUNT_MASK  ((1ull << 25) - 1)
#define FRAME_TC_SHIFT    25
#define FRAME_TC_ONE      (1ull << FRAME_TC_SHIFT)
#define FRAME_TC_MASK     (((1ull << 18) - 1) << FRAME_TC_SHIFT)
#define FRAME_T_SHIFT     43
#define FRAME_T_MASK      (7ull << FRAME_T_SHIFT)
#define FRAME_VALIDATED   (1ull << 46)
#define FRAME_PARTIAL     (1ull << 47)
#define FRAME_PINNED      (1ull << 48)
#define FRAME_ALLOCATED   (1ull << 49)
#define FRAME_HYPERVISOR  (1ull << 50)
#define FRAME_OWNER_SHIFT 51

enum frame_type {
    FRAME_T_NONE = 0, /* no type yet; also what a plain read-only mapping needs */
    FRAME_T_L1 = 1,
    FRAME_T_L2 = 2,
    FRAME_T_L3 = 3,
    FRAME_T_L4 = 4,
    FRAME_T_SEGDESC = 5, /* GDT or LDT */
    FRAME_T_WRITABLE = 6,
    FRAME_T_BUSY = 7, /* a table that one CPU is taking apart: wait */
};

#define FRAME_OWNER_IO   8190u /* not RAM, or kept by the firmware: dom0 may map it by permission */
#define FRAME_OWNER_NONE 8191u /* free, or the hypervisor's own */

static inline unsigned int frame_state_owner(uint64_t s)
{
    return s >> FRAME_OWNER_SHIFT;
}
static inline enum frame_type frame_state_type(uint64_t s)
{
    return (enum frame_type)((s & FRAME_T_MASK) >> FRAME_T_SHIFT);
}

extern struct frame *frame_table;
extern uint64_t max_mfn; /* frames [0, max_mfn) have a record */

static inline bool mfn_valid(mfn_t m)
{
    return m.n < max_mfn;
}
static inline struct frame *mfn_to_frame(mfn_t m)
{
    return &frame_table[m.n];
}
static inline mfn_t frame_to_mfn(const struct frame *f)
{
    return _mfn((uint64_t)(f - frame_table));
}
static inline uint64_t frame_state(const struct frame *f)
{
    return __atomic_load_n(&f->state, __ATOMIC_ACQUIRE);
}
static inline unsigned int frame_owner(const struct frame *f)
{
    return frame_state_owner(frame_state(f));
}

/*
 * core/pagetype.c. All lock-free; any context with interrupts on or off unless said otherwise.
 */

/* Take a general reference on @f if @d owns it. false: other owner, free, or count full. */
bool frame_get(struct frame *f, const struct domain *d);
/* Drop a general reference; the last one frees the frame (domain_frame_release). */
void frame_put(struct frame *f);

/*
 * Take a type reference (the caller already holds a general one, and keeps it).
 * FRAME_T_L1..L4 and SEGDESC are validated by arch_frame_validate() on the way from type count 0.
 * Returns 0; -EINVAL the frame serves as another type or its contents are refused; -EBUSY count full;
 * -ERESTART time slice over (partial state kept in the frame, call again), interrupts on.
 */
int frame_get_type(struct frame *f, enum frame_type t);
/* Drop one; the last reference to a table queues it for devalidation (frame_drain). */
void frame_put_type(struct frame *f);
/* Only when @f already is a validated table of type @t in use; never validates. */
bool frame_get_type_live(struct frame *f, enum frame_type t);
/* Both at once for a frame of @d. Errors as above, and -EPERM when frame_get fails. */
int frame_get_and_type(struct frame *f, const struct domain *d, enum frame_type t);
void frame_put_and_type(struct frame *f);
/* The frame @mfn with a general reference, if it is memory of @d; else NULL. */
static inline struct frame *mfn_get(const struct domain *d, mfn_t mfn)
{
    return mfn_valid(mfn) && frame_get(mfn_to_frame(mfn), d) ? mfn_to_frame(mfn) : NULL;
}
/* As frame_get_and_type(); also -EINVAL: no such frame. */
static inline int mfn_get_and_type(const struct domain *d, mfn_t mfn, enum frame_type t)
{
    return mfn_valid(mfn) ? frame_get_and_type(mfn_to_frame(mfn), d, t) : -EINVAL;
}

/*
 * Devalidate queued tables of @d, one frame a step, until none is left or @preempt says stop.
 * Returns 0 or -ERESTART. Runs before each return to the guest from a hypercall and in destroy.
 */
int frame_drain(struct domain *d, bool preempt);

/* Give a frame to @d as its allocation: count 1, allocated. The frame must be free (out of the buddy). */
void frame_assign(struct frame *f, const struct domain *d);
/* Hypervisor-owned page that @d may map: count 1 held by the hypervisor until frame_unshare. */
void frame_share(struct frame *f, const struct domain *d);
void frame_unshare(struct frame *f); /* drops the hypervisor's reference */
/* Undo what the dying @d left on @f, if that is still its: pin, half-way validation. Takes no reference:
 * the guest may have left none to take. */
void frame_relinquish(struct frame *f, const struct domain *d);
bool frame_test_and_set(struct frame *f, uint64_t flag); /* the flag's old state */
bool frame_test_and_clear(struct frame *f, uint64_t flag);
/* Clear ALLOCATED and drop its reference. false: it was clear already. */
bool frame_put_allocated(struct frame *f);

#endif
