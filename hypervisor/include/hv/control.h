/* SPDX-License-Identifier: GPL-2.0-only */
/* What domctl and others share; core/domctl.c. */
#ifndef HV_CONTROL_H
#define HV_CONTROL_H

#include <hv/types.h>

struct xen_domctl_getdomaininfo;

/* Make a frame of @d its hypercall page. -EINVAL no frame of its own, or no plain memory; -ERESTART. */
long op_hypercall_page(struct domain *d, uint64_t gmfn);
/* Figures of @d as they are now. */
void domain_info(struct domain *d, struct xen_domctl_getdomaininfo *info);

#endif
