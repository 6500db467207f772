/* SPDX-License-Identifier: GPL-2.0-only */
/* What domctl and sysctl share. */
#ifndef HV_CONTROL_H
#define HV_CONTROL_H

struct domain;
struct xen_domctl_getdomaininfo;

/* Figures of @d as they are now; core/domctl.c. */
void domain_info(struct domain *d, struct xen_domctl_getdomaininfo *info);

#endif
