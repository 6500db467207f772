/* SPDX-License-Identifier: GPL-2.0-only */
/* Page-table entries; what mm.c, descriptors.c and switch.c offer. */
#ifndef ASM_MM_H
#define ASM_MM_H

#include <hv/frame.h>

#define PTE_P     (1ull << 0)
#define PTE_RW    (1ull << 1)
#define PTE_US    (1ull << 2)
#define PTE_PWT   (1ull << 3)
#define PTE_PCD   (1ull << 4)
#define PTE_A     (1ull << 5)
#define PTE_D     (1ull << 6)
#define PTE_PSE   (1ull << 7) /* L2, L3 */
#define PTE_PAT   (1ull << 7) /* L1 */
#define PTE_NX    (1ull << 63)
#define PTE_ADDR  0x000ffffffffff000ull
#define PTE_CACHE (PTE_PWT | PTE_PCD | PTE_PAT)

static inline mfn_t pte_mfn(uint64_t pte)
{
    return _mfn((pte & PTE_ADDR) >> PAGE_SHIFT);
}
static inline unsigned int pte_index(uint64_t va, unsigned int level)
{
    return (va >> (PAGE_SHIFT + 9 * (level - 1))) & 511;
}

/* Address that a guest may use: canonical and outside the hypervisor's hole. */
static inline bool guest_va_ok(uint64_t va)
{
    return (int64_t)(va << 16) >> 16 == (int64_t)va &&
           !(va >= 0xffff800000000000 && va < 0xffff880000000000);
}

/* The frame @mfn of @d with a general and a live type reference; NULL: it is no such table now. */
struct frame *mm_table_get(const struct domain *d, mfn_t mfn, enum frame_type t);

/*
 * The one function that writes guest page-table entries. @table is a frame of @owner on which the
 * caller holds a live type reference of @level (1..4); the frames that @new maps must belong to
 * @pg_owner. @flags: MM_*. Returns 0; -EINVAL refused contents; -EPERM not its frame; -EBUSY it is a
 * table now, or its count is full; -ERESTART.
 */
#define MM_PRESERVE_AD 1u /* keep the accessed and dirty bits that the entry has now */
#define MM_EXPECT      4u /* only if the entry still is *@old (A and D aside); -EAGAIN otherwise */
int mm_write_entry(struct domain *owner, struct domain *pg_owner, struct frame *table,
                   unsigned int level, unsigned int index, uint64_t new, unsigned int flags,
                   uint64_t *old);

/* The L1 table that maps @va below root @root, with a general and a live type reference; NULL: none. */
struct frame *mm_walk_l1(const struct domain *d, mfn_t root, uint64_t va);
/* Entry that maps @va in @d's tables, without references: for looking only. 0: none. */
uint64_t mm_lookup(const struct domain *d, mfn_t root, uint64_t va);

/* Pin: validate frame @mfn of @d as table @t and keep it so. -EINVAL (pinned already, refused), -EPERM. */
int mm_pin_table(struct domain *d, mfn_t mfn, enum frame_type t);
int mm_unpin_table(struct domain *d, mfn_t mfn);
/* Load a root of @v, or none (INVALID_MFN): takes references, drops those of the old one. */
int vcpu_set_kernel_root(struct vcpu *v, mfn_t mfn);
int vcpu_set_user_root(struct vcpu *v, mfn_t mfn);

/* descriptors.c: the descriptor tables in @v's window. */
int descriptors_create(struct vcpu *v); /* -ENOSPC, -ENOMEM, -EEXIST */
void descriptors_drop(struct vcpu *v);  /* those of the guest */
void descriptors_destroy(struct vcpu *v);
void descriptors_load(const struct vcpu *v); /* on this CPU */
/* @mfns of @entries descriptors. -EINVAL, -EBUSY, -ERESTART: nothing changed; -ENOMEM: no GDT is left. */
int vcpu_set_gdt(struct vcpu *v, const uint64_t *mfns, unsigned int entries);
void vcpu_set_ldt(struct vcpu *v, guest_va_t base, unsigned int entries);

/* switch.c: @v's FPU state, in its initial state, or as an FXSAVE image says. */
int fpu_create(struct vcpu *v); /* -ENOMEM */
void fpu_set(struct vcpu *v, const void *fxsave_image);
/* What debug register @reg holds when a guest sets @value: -EPERM, -EINVAL not allowed; -ENODEV none. */
int debugreg_value(unsigned int reg, uint64_t *value);

/* Check one descriptor, mending its privilege; false: refused. */
bool descriptor_ok(uint64_t *desc);

#endif
