/* SPDX-License-Identifier: GPL-2.0-only */
/* Grant tables, version 1: a domain lets another map or copy its frames. core/grant.c. */
#ifndef HV_GRANT_H
#define HV_GRANT_H

#include <hv/spinlock.h>

struct grant_entry_v1;
struct active_grant;
struct grant_map;

struct grant_domain {
    spinlock_t lock;     /* size of the table, life */
    spinlock_t map_lock; /* mapper side: maptrack */
    unsigned int nr_frames, max_frames;
    unsigned int max_maptrack_frames;
    struct grant_entry_v1 **shared; /* [max_frames] hypervisor addresses */
    struct active_grant **active;   /* [max_frames * 4] pages of active entries */
    struct grant_map **maptrack;    /* [max_maptrack_frames] pages */
    unsigned int maptrack_pages, maptrack_free;
    unsigned int nr_maps;                /* mappings that this domain holds; atomic */
    bool closed;                         /* dying: nobody gets hold of an entry any more */
    bool frames_logged, maptrack_logged; /* limits are told of once */
};

int grant_init(struct domain *d, unsigned int max_frames, unsigned int max_maptrack_frames);
/*
 * Step of domain_kill, after arch_domain_relinquish: release every mapping that the dying @d holds, and
 * its own table (who still maps @d's frames keeps them, and @d, until he unmaps). 0 or -ERESTART.
 */
int grant_release_mappings(struct domain *d);
/* With the last reference to @d, when nobody maps its frames any more. */
void grant_destroy(struct domain *d);
/* The frame behind grant-table frame @idx (grows the table as needed); for acquire_resource and
 * XENMAPSPACE_grant_table. -EINVAL, -ENOMEM. */
int grant_frame(struct domain *d, unsigned int idx, mfn_t *mfn);
uint64_t grant_mappings_total(void);

long hc_grant_table_op(struct domain *d, uint64_t cmd, guest_va_t uop, uint64_t count);

#endif
