/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef DOM0_TOOLS_DOMD_STATS_H
#define DOM0_TOOLS_DOMD_STATS_H

struct hv_domain;
struct json_out;
struct stats;

/* One look at dom0's back-ends, to be stats_close()d; NULL when memory ran out. */
struct stats *stats_open(void);
void stats_close(struct stats *s);

/* Adds vcpu_stats, disk_stats and vif_stats of a domain to the open object. */
void stats_tell(struct json_out *o, const struct stats *s, const struct hv_domain *d);

/* Adds the time of dom0's clock, which rates refer to, and whether the other daemons answer. */
void stats_tell_host(struct json_out *o);

#endif
