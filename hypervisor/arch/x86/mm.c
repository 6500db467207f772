/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Guest page tables: what an entry may hold, and the references behind it.
 *
 * Invariants:
 *  - An entry of a validated table holds one general reference on the frame that it maps: plus one
 *    WRITABLE reference if it is a writable level-1 entry, plus one reference of the next lower level
 *    if it is a level 2..4 entry. Entries that map device memory hold none.
 *  - mm_write_entry() and arch_frame_validate() are the only writers of such entries, apart from the
 *    processor, which sets accessed and dirty bits: therefore compare-and-swap.
 *  - Every present entry has the user bit (guest kernels run at privilege level 3) and no large page; tables are
 *    read write-back.
 *  - Slots 256 to 271 of every level-4 table are the hypervisor's, equal to idle_root's; but slot 256, which
 *    guests may read (m2p), is filled only in kernel roots: it is not for user programs.
 */
#include <asm/layout.h>
#include <asm/machine.h>
#include <asm/mm.h>
#include <hv/arch.h>
#include <hv/perf.h>
#include <hv/sched.h>
#include <pv-abi/grant_table.h>

#define GUEST_AVAIL_SHIFT 16 /* GNTMAP flags from here on are for the entry's software bits */

#define M2P_SLOT HV_SLOT_FIRST

static bool slot_is_guests(enum frame_type t, unsigned int i)
{
    return t != FRAME_T_L4 || i < HV_SLOT_FIRST || i > HV_SLOT_LAST;
}

/* Take the references of a level-1 entry of @owner that maps a frame of @pg_owner; mends *@pte. */
static int l1e_get(uint64_t *pte, const struct domain *owner, const struct domain *pg_owner)
{
    mfn_t mfn = pte_mfn(*pte);
    struct frame *f;
    int rc;

    if (!(*pte & PTE_P))
        return 0;
    *pte |= PTE_US;
    if (!mfn_valid(mfn) || frame_owner(mfn_to_frame(mfn)) == FRAME_OWNER_IO)
        return mmio_allowed(owner, mfn) ? 0 : -EPERM;
    f = mfn_to_frame(mfn);
    /* Memory types other than write-back may disagree with the directmap: hardware domains only. */
    if (!owner->arch.io_allowed)
        *pte &= ~PTE_CACHE;
    if (*pte & PTE_RW) {
        rc = frame_get_and_type(f, pg_owner, FRAME_T_WRITABLE);
        return rc == -EINVAL ? -EBUSY : rc; /* it serves as a table */
    }
    return frame_get(f, pg_owner) ? 0 : -EPERM;
}

/*
 * A writable mapping of a frame that another domain granted: when its type changes, only the owner's CPUs
 * are flushed, so the mapper's translations go with the mapping. dom0 flushes for itself (it is trusted, and
 * its tools take such mappings down by the thousand).
 */
static bool foreign_writable(uint64_t pte, const struct domain *mapper)
{
    mfn_t mfn = pte_mfn(pte);
    unsigned int owner;

    if ((pte & (PTE_P | PTE_RW)) != (PTE_P | PTE_RW) || !mfn_valid(mfn) || mapper->privileged)
        return false;
    owner = frame_owner(mfn_to_frame(mfn));
    return owner != mapper->domid && owner != FRAME_OWNER_IO;
}

static void l1e_put(uint64_t pte)
{
    mfn_t mfn = pte_mfn(pte);
    struct frame *f;

    if (!(pte & PTE_P) || !mfn_valid(mfn))
        return;
    f = mfn_to_frame(mfn);
    if (frame_owner(f) == FRAME_OWNER_IO)
        return;
    if (pte & PTE_RW)
        frame_put_type(f);
    frame_put(f);
}

static int table_entry_get(uint64_t *pte, enum frame_type child, const struct domain *owner)
{
    if (!(*pte & PTE_P))
        return 0;
    if ((*pte & PTE_PSE) || !mfn_valid(pte_mfn(*pte)))
        return -EINVAL;
    /* Uncached, the processor could read a table as it was in memory before the guest filled it (SDM 4.9, 11.12.4),
     * other than what was checked. */
    *pte = (*pte | PTE_US) & ~PTE_CACHE;
    return frame_get_and_type(mfn_to_frame(pte_mfn(*pte)), owner, child);
}

static int entry_get(uint64_t *pte, enum frame_type t, const struct domain *owner,
                     const struct domain *pg_owner)
{
    return t == FRAME_T_L1 ? l1e_get(pte, owner, pg_owner) : table_entry_get(pte, t - 1, owner);
}

static void entry_put(uint64_t pte, enum frame_type t)
{
    if (t == FRAME_T_L1)
        l1e_put(pte);
    else if (pte & PTE_P)
        frame_put_and_type(mfn_to_frame(pte_mfn(pte)));
}

bool descriptor_ok(uint64_t *desc)
{
    uint64_t d = *desc;

    if (!(d & (1ull << 47))) /* not present: harmless */
        return true;
    /* Code and data only: system descriptors would hand out gates and task segments. */
    if (!(d & (1ull << 44)))
        return !(d & (0xfull << 40)); /* type 0: nothing */
    d |= 3ull << 45 | 1ull << 40; /* accessed, too: the processor could not note it in its window */
    *desc = d;
    return true;
}

static int segdesc_validate(uint64_t *desc)
{
    for (unsigned int i = 0; i < PAGE_SIZE / 8; i++) {
        uint64_t d = desc[i];

        if (!descriptor_ok(&d))
            return -EINVAL;
        if (d != desc[i])
            desc[i] = d;
    }
    return 0;
}

int arch_frame_validate(struct frame *f, enum frame_type t, const struct domain *d,
                        unsigned int *start)
{
    uint64_t *table = mfn_to_virt(frame_to_mfn(f));
    int rc;

    if (t == FRAME_T_SEGDESC)
        return segdesc_validate(table);
    for (unsigned int i = *start; i < 512; i++) {
        uint64_t pte;

        if (!slot_is_guests(t, i))
            continue;
        pte = table[i];
        if (!(pte & PTE_P))
            continue;
        rc = entry_get(&pte, t, d, d);
        if (rc == -ERESTART) {
            *start = i;
            return rc;
        }
        if (rc) {
            guest_printk(d, "level-%u table %lx entry %u = %lx refused (%d)\n", (unsigned int)t,
                         frame_to_mfn(f).n, i, pte, rc);
            arch_frame_devalidate(f, t, d, i);
            return -EINVAL;
        }
        if (pte != table[i])
            table[i] = pte; /* no other writer: no guest maps it writable, and it is not live yet */
        /* Below a table of level 2 and up may hang half a million entries each: stop between them. */
        if (t > FRAME_T_L1 && i < 511 && hypercall_preempt_check()) {
            *start = i + 1;
            return -ERESTART;
        }
    }
    if (t == FRAME_T_L4) {
        memcpy(&table[HV_SLOT_FIRST], &idle_root[HV_SLOT_FIRST],
               (HV_SLOT_LAST - HV_SLOT_FIRST + 1) * sizeof(*table));
        table[M2P_SLOT] = 0; /* until it serves as a kernel root */
    }
    return 0;
}

void arch_frame_devalidate(struct frame *f, enum frame_type t, const struct domain *d,
                           unsigned int nr)
{
    uint64_t *table = mfn_to_virt(frame_to_mfn(f));

    for (unsigned int i = 0; t == FRAME_T_L1 && i < nr; i++) {
        if (foreign_writable(table[i], d)) {
            arch_flush_domain_tlb(d);
            break;
        }
    }
    for (unsigned int i = 0; i < nr; i++) {
        if (slot_is_guests(t, i) && (table[i] & PTE_P))
            entry_put(table[i], t);
    }
    if (t == FRAME_T_L4)
        memset(&table[HV_SLOT_FIRST], 0, (HV_SLOT_LAST - HV_SLOT_FIRST + 1) * sizeof(*table));
}

int mm_write_entry(struct domain *owner, struct domain *pg_owner, struct frame *table,
                   unsigned int level, unsigned int index, uint64_t new, unsigned int flags,
                   uint64_t *oldp)
{
    uint64_t *p = (uint64_t *)mfn_to_virt(frame_to_mfn(table)) + index;
    const uint64_t decisive = PTE_ADDR | PTE_P | PTE_RW | PTE_CACHE;
    uint64_t old = ACCESS_ONCE(*p), val;
    enum frame_type t = (enum frame_type)level;
    bool took = false;
    int rc;

    if (!slot_is_guests(t, index))
        return -EINVAL;
    do {
        if ((flags & MM_EXPECT) && ((old ^ *oldp) & ~(PTE_A | PTE_D))) {
            if (took)
                entry_put(new, t);
            return -EAGAIN;
        }
        /* If what decides about references is unchanged, there is nothing to take or drop. */
        if (!took && (!(new &PTE_P) || ((old ^ new) & decisive))) {
            rc = entry_get(&new, t, owner, pg_owner);
            if (rc)
                return rc;
            took = true;
        }
        val = new &PTE_P ? new | PTE_US : new;
        if ((flags & MM_PRESERVE_AD) && (new &PTE_P))
            val = (val & ~(PTE_A | PTE_D)) | (old & (PTE_A | PTE_D));
    } while (!__atomic_compare_exchange_n(p, &old, val, false, __ATOMIC_SEQ_CST, __ATOMIC_RELAXED));
    perf_event(current, PAVO_EV_PT_WRITE, level);
    if (!took)
        return 0;
    if (t == FRAME_T_L1 && foreign_writable(old, owner))
        arch_flush_domain_tlb(owner);
    entry_put(old, t);
    if (oldp)
        *oldp = old;
    return 0;
}

struct frame *mm_table_get(const struct domain *d, mfn_t mfn, enum frame_type t)
{
    struct frame *f = mfn_get(d, mfn);

    if (!f || frame_get_type_live(f, t))
        return f;
    frame_put(f);
    return NULL;
}

/* The entry of level @last that leads to @va; 0: none. Another vcpu may take the tables apart meanwhile: each
 * must be memory of @d, so that it is in the directmap. Which of its own it is then is the guest's affair. */
static uint64_t walk(const struct domain *d, mfn_t root, uint64_t va, unsigned int last)
{
    uint64_t e = 0;

    for (unsigned int level = 4; level >= last; level--) {
        if (!mfn_valid(root) || frame_owner(mfn_to_frame(root)) != d->domid)
            return 0;
        e = ACCESS_ONCE(((uint64_t *)mfn_to_virt(root))[pte_index(va, level)]);
        if (!(e & PTE_P))
            return 0;
        root = pte_mfn(e);
    }
    return e;
}

struct frame *mm_walk_l1(const struct domain *d, mfn_t root, uint64_t va)
{
    uint64_t e = walk(d, root, va, 2);

    return e ? mm_table_get(d, pte_mfn(e), FRAME_T_L1) : NULL;
}

uint64_t mm_lookup(const struct domain *d, mfn_t root, uint64_t va)
{
    return walk(d, root, va, 1);
}

int mm_pin_table(struct domain *d, mfn_t mfn, enum frame_type t)
{
    struct frame *f;
    int rc;

    if (ACCESS_ONCE(d->dying) != DOMAIN_ALIVE)
        return -EINVAL;
    rc = mfn_get_and_type(d, mfn, t);
    if (rc)
        return rc;
    f = mfn_to_frame(mfn);
    if (frame_test_and_set(f, FRAME_PINNED)) {
        frame_put_and_type(f);
        return -EINVAL;
    }
    /* A domain that dies meanwhile sweeps its frames for pins: it must see this one or we it. */
    if (ACCESS_ONCE(d->dying) != DOMAIN_ALIVE && frame_test_and_clear(f, FRAME_PINNED))
        frame_put_and_type(f);
    return 0;
}

int mm_unpin_table(struct domain *d, mfn_t mfn)
{
    struct frame *f = mfn_get(d, mfn);

    if (!f)
        return -EINVAL;
    if (!frame_test_and_clear(f, FRAME_PINNED)) {
        frame_put(f);
        return -EINVAL;
    }
    frame_put_and_type(f);
    frame_put(f);
    return 0;
}

static int root_replace(struct vcpu *v, mfn_t *slot, mfn_t mfn)
{
    mfn_t old = *slot;
    int rc;

    if (mfn_eq(old, mfn))
        return 0;
    if (!mfn_is_invalid(mfn)) {
        rc = mfn_get_and_type(v->domain, mfn, FRAME_T_L4);
        if (rc)
            return rc;
    }
    *slot = mfn;
    if (!mfn_is_invalid(old)) /* it is devalidated at the earliest when this call drains */
        frame_put_and_type(mfn_to_frame(old));
    return 0;
}

static void root_set_m2p(mfn_t root, uint64_t entry)
{
    uint64_t *p = (uint64_t *)mfn_to_virt(root) + M2P_SLOT;

    if (*p != entry)
        *p = entry;
}

int vcpu_set_kernel_root(struct vcpu *v, mfn_t mfn)
{
    int rc = root_replace(v, &v->arch.kernel_root, mfn);

    if (rc)
        return rc;
    if (!mfn_is_invalid(mfn))
        root_set_m2p(mfn, idle_root[M2P_SLOT]);
    v->arch.hw_cr3_kernel = mfn_is_invalid(mfn) ? 0 : mfn_to_maddr(mfn);
    return 0;
}

int vcpu_set_user_root(struct vcpu *v, mfn_t mfn)
{
    int rc = root_replace(v, &v->arch.user_root, mfn);

    if (rc)
        return rc;
    if (!mfn_is_invalid(mfn) && !mfn_eq(mfn, v->arch.kernel_root))
        root_set_m2p(mfn, 0);
    v->arch.hw_cr3_user = mfn_is_invalid(mfn) ? 0 : mfn_to_maddr(mfn);
    return 0;
}

/* The level-1 table and index that a grant operation means; both references held. */
static struct frame *grant_table_of(struct domain *d, uint64_t addr, unsigned int flags,
                                    unsigned int *index)
{
    if (flags & GNTMAP_contains_pte) {
        *index = (addr & ~PAGE_MASK) / 8;
        return addr & 7 ? NULL : mm_table_get(d, maddr_to_mfn(addr), FRAME_T_L1);
    }
    *index = pte_index(addr, 1);
    return guest_va_ok(addr) ? mm_walk_l1(d, current->arch.kernel_root, addr) : NULL;
}

/* Put @new where *@old stands; the references of the grant travel with the entry. With @expect the old one
 * must map that frame, and as @readonly says: by the handle of another kind the counts would drift. */
static int grant_exchange(struct frame *table, unsigned int index, uint64_t new, uint64_t *old,
                          mfn_t expect, bool readonly)
{
    uint64_t *p = (uint64_t *)mfn_to_virt(frame_to_mfn(table)) + index;

    *old = ACCESS_ONCE(*p);
    do {
        if (!mfn_is_invalid(expect) &&
            (!(*old & PTE_P) || !mfn_eq(pte_mfn(*old), expect) || !(*old & PTE_RW) != readonly))
            return -EINVAL;
    } while (!__atomic_compare_exchange_n(p, old, new, false, __ATOMIC_SEQ_CST, __ATOMIC_RELAXED));
    return 0;
}

int arch_grant_map(struct domain *d, uint64_t addr, mfn_t mfn, unsigned int flags, bool readonly)
{
    unsigned int index;
    struct frame *table = grant_table_of(d, addr, flags, &index);
    uint64_t pte, old;

    if (!table)
        return GNTST_general_error;
    pte = mfn_to_maddr(mfn) | PTE_P | PTE_A | PTE_US | PTE_NX;
    if (!readonly)
        pte |= PTE_RW | PTE_D;
    pte |= ((flags >> GUEST_AVAIL_SHIFT) & 7ull) << 9; /* the software bits 9-11 */
    grant_exchange(table, index, pte, &old, INVALID_MFN, false);
    if (foreign_writable(old, d))
        arch_flush_domain_tlb(d);
    l1e_put(old);
    frame_put_and_type(table);
    return GNTST_okay;
}

int arch_grant_unmap(struct domain *d, uint64_t addr, mfn_t mfn, unsigned int flags, bool readonly)
{
    unsigned int index;
    struct frame *table = grant_table_of(d, addr, flags, &index);
    int rc = GNTST_general_error;
    uint64_t old;

    if (!table)
        return rc;
    if (!grant_exchange(table, index, 0, &old, mfn, readonly)) {
        /* The granter's frame may change its type as soon as the reference is gone, and then only its owner's
         * CPUs are flushed: so this domain's translations go first, or the caller has references. */
        if (!(flags & GRANT_FLUSH_LATER))
            arch_flush_domain_tlb(
                d);   /* all of it: the table may be hooked in at several addresses */
        l1e_put(old); /* the references that arch_grant_map() entered */
        rc = GNTST_okay;
    }
    frame_put_and_type(table);
    return rc;
}
