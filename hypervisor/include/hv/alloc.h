/* SPDX-License-Identifier: GPL-2.0-only */
/* The frame allocator: a buddy system over all RAM. Lock: heap_lock, never in interrupts. */
#ifndef HV_ALLOC_H
#define HV_ALLOC_H

#include <hv/frame.h>

#define MAX_ORDER 18u /* 1 GiB */

/* Boot: hand RAM [start, end) to the allocator. frame_table must cover it. */
void heap_add(mfn_t start, mfn_t end);

/*
 * Allocate 2^@order frames whose machine addresses are below 2^@addr_bits (0: anywhere; prefers high memory).
 * Contents: zeroed (scrubbed) when ALLOC_ZERO, else whatever the hypervisor left; freed guest memory is
 * always scrubbed before anybody else gets it. Frames stay FRAME_OWNER_NONE until frame_assign/share.
 * INVALID_MFN when none.
 */
#define ALLOC_ZERO 1u
mfn_t heap_alloc(unsigned int order, unsigned int flags, unsigned int addr_bits);
/* @dirty: holds a guest's data; scrubbed before reuse. */
void heap_free(mfn_t mfn, unsigned int order, bool dirty);
uint64_t heap_free_pages(void);
uint64_t heap_total_pages(void);
uint64_t heap_claimed_pages(void);
/* The same for @d, or NULL: may take what @d claimed, and lessens that claim. */
mfn_t heap_alloc_for(struct domain *d, unsigned int order, unsigned int flags,
                     unsigned int addr_bits);
/* Claims (XENMEM_claim_pages): memory set aside for a domain; heap_alloc leaves it alone. */
int heap_claim(struct domain *d, uint64_t pages); /* 0 cancels; -ENOMEM */

/* The hypervisor's own small objects, zeroed: a simple size-class allocator on top. NULL when none. */
void *hv_alloc(size_t size);
void hv_free(void *p);     /* NULL is fine */
void *hv_alloc_page(void); /* one zeroed page, directmap address */
void hv_free_page(void *p);

/*
 * Pages of a domain (core/memory.c): alloc = heap_alloc + tot_pages accounting against max_pages + frame_assign.
 * -ENOMEM none free, -E2BIG over max_pages, -EINVAL domain is dying.
 */
int domain_alloc_frames(struct domain *d, unsigned int order, unsigned int addr_bits, mfn_t *mfn);
/* To be called with frame_share: the domain's record lives until that frame is released. */
void domain_frame_shared(struct domain *d);
/* The domain that owns a frame, without a reference: the frame keeps it. NULL: none. */
struct domain *domain_of_frame(unsigned int owner);
/* Called by frame_put when the last reference went: accounting, scrub, heap_free, maybe the domain's last ref. */
void domain_frame_release(struct frame *f, unsigned int owner, bool was_hypervisor);

#endif
