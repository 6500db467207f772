/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef DOM0_TOOLS_LIB_NETIF_H
#define DOM0_TOOLS_LIB_NETIF_H

/* Network interfaces of dom0. Functions return 0 or a negative errno. */

#include <stdbool.h>

bool netif_exists(const char *name);
bool netif_is_bridge(const char *name);
int netif_rename(const char *from, const char *to);
int netif_up(const char *name);
int netif_add_to_bridge(const char *bridge, const char *name);

#endif
