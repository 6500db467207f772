/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef DOM0_TOOLS_LIB_NODES_H
#define DOM0_TOOLS_LIB_NODES_H

/*
 * Which store nodes a domain has, with values and permissions: pure, so that tests can read the
 * whole list. The layout is the one that PV kernels and backends expect:
 *
 *   /local/domain/ID/{name,domid,vm,cpu,memory,control,store,console,...}
 *   /local/domain/ID/device/{vbd/DEVID,vif/N}     frontends; the guest owns them
 *   /local/domain/0/backend/{vbd,vif}/ID/...      backends; the guest may read them
 *   /vm/UUID/{uuid,name}
 *   /domd/ID/...                                  the config, for domd alone
 */

#include <stddef.h>
#include <stdint.h>

struct guest_config;

enum node_perm {
    NODE_PRIVATE,    /* dom0 only */
    NODE_GUEST_READ, /* dom0's; the guest reads */
    NODE_GUEST_OWN,  /* the guest's own; dom0 may anything anyway */
};

struct node {
    char *path;
    char *value;
    enum node_perm perm;
};

struct node_list {
    struct node *nodes;
    size_t count;
    int failed; /* out of memory: the list is not to be used */
};

void node_add(struct node_list *l, enum node_perm perm, const char *value, const char *path_fmt,
              ...) __attribute__((format(printf, 4, 5)));
void node_list_free(struct node_list *l);

/* What only the running domain has. */
struct node_domain {
    uint32_t domid;
    uint8_t uuid[16];
    uint64_t store_mfn, console_mfn;
    uint32_t store_port, console_port;
    int64_t start_time; /* seconds since 1970 */
};

/* What a disk's backend needs. */
struct node_disk {
    uint32_t major, minor;
};

/* All of these only append to @l. */
void nodes_domain(struct node_list *l, const struct guest_config *g, const struct node_domain *d);
void nodes_disk(struct node_list *l, const struct guest_config *g, size_t i, uint32_t domid,
                const struct node_disk *disk);
void nodes_vif(struct node_list *l, const struct guest_config *g, size_t i, uint32_t domid);

/* "frontend" and "backend" directories of disk or vif @i, into @path of 128 bytes. */
void nodes_frontend_path(char path[128], const struct guest_config *g, int is_vif, size_t i,
                         uint32_t domid);
void nodes_backend_path(char path[128], const struct guest_config *g, int is_vif, size_t i,
                        uint32_t domid);

#endif
