/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef DOM0_TOOLS_LIB_GUEST_H
#define DOM0_TOOLS_LIB_GUEST_H

/*
 * What a guest shall be: the meaning of a config file. Made from xl.cfg(5) text by domctl, carried
 * as JSON to domd, kept as JSON in the store.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct cfg;
struct err;
struct json;
struct json_out;

#define GUEST_NAME_MAX       63
#define GUEST_CMDLINE_MAX    1023 /* what start_info holds, without the NUL */
#define GUEST_VCPUS_MAX      32   /* vCPUs with their vcpu_info in the shared page */
#define GUEST_DISKS_MAX      64
#define GUEST_VIFS_MAX       32
#define GUEST_WEIGHT_DEFAULT 256
#define GUEST_WEIGHT_MAX     65535
#define GUEST_CAP_MAX        (100 * GUEST_VCPUS_MAX)
#define GUEST_MEMORY_MIN_MIB 16
#define GUEST_MEMORY_MAX_MIB (16u << 20) /* 16 TiB */

enum action { ACTION_DESTROY, ACTION_RESTART, ACTION_PRESERVE, ACTION_RENAME_RESTART };

struct disk_spec {
    char *target; /* path of an image file or a block device */
    char vdev[16];
    uint32_t devid; /* what the frontend calls it: 51712 for xvda */
    bool writable;
};

struct vif_spec {
    uint8_t mac[6];
    bool has_mac;
    char bridge[16];
    char vifname[16];    /* empty: vifDOMID.INDEX */
    uint64_t rate_bytes; /* per rate_usecs; 0: no limit */
    uint32_t rate_usecs;
};

struct guest_config {
    char name[GUEST_NAME_MAX + 1];
    uint8_t uuid[16];
    bool has_uuid;
    char *kernel, *ramdisk, *cmdline; /* ramdisk may be NULL; cmdline is never NULL */
    uint64_t memory_mib, maxmem_mib;
    uint32_t vcpus, maxvcpus;
    uint64_t cpus[GUEST_VCPUS_MAX]; /* those that each vCPU may run on, one bit each; 0: all */
    uint32_t weight;                /* 1 to GUEST_WEIGHT_MAX */
    uint32_t cap;                   /* percent of one CPU, all vCPUs together; 0: none */
    struct disk_spec *disks;
    size_t nr_disks;
    struct vif_spec *vifs;
    size_t nr_vifs;
    enum action on_poweroff, on_reboot, on_crash;
};

/* Is told about keys without an effect: "FILE:LINE: KEY: WHY". */
typedef void (*guest_warn_fn)(const char *text, void *arg);

/*
 * Gives the parsed text its meaning. Relative paths of kernel, ramdisk and disks are completed
 * with @dir (an absolute path; NULL: left alone). Returns 0 with *@g to be released by
 * guest_config_free(); -1 with *@e naming @file, line and key (STATUS_USAGE), *@g empty.
 */
int guest_config_from_cfg(struct guest_config *g, const struct cfg *c, const char *file,
                          const char *dir, guest_warn_fn warn, void *arg, struct err *e);
void guest_config_free(struct guest_config *g);

/* Both directions of the JSON form. Reading checks everything again: -1 with *@e set. */
void guest_config_to_json(const struct guest_config *g, struct json_out *o);
int guest_config_from_json(struct guest_config *g, const struct json *j, struct err *e);

/*
 * Parse one element of `disk = [...]` (xl-disk-configuration(5)) and of `vif = [...]`
 * (xl-network-configuration(5)). On error return -1 with @why (of @why_size bytes) telling the cause.
 * vif_spec_parse() calls @warn for keys without an effect.
 */
int disk_spec_parse(struct disk_spec *d, const char *text, char *why, size_t why_size);
void disk_spec_free(struct disk_spec *d);
int vif_spec_parse(struct vif_spec *v, const char *text, guest_warn_fn warn, void *arg, char *why,
                   size_t why_size);

/* Number of a virtual disk as block frontends use it. False when @vdev is no such name. */
bool vdev_to_devid(const char *vdev, uint32_t *devid);

bool mac_parse(uint8_t mac[6], const char *text);
void mac_format(char text[18], const uint8_t mac[6]);
bool uuid_parse(uint8_t uuid[16], const char *text);
void uuid_format(char text[37], const uint8_t uuid[16]);
/* A new random (version 4) UUID; a new MAC below 00:16:3e. Never blocks. */
void uuid_make(uint8_t uuid[16]);
void mac_make(uint8_t mac[6]);

/* Names that are safe as file names and store nodes: letters, digits, "_-.+:", no leading . or - */
bool guest_name_ok(const char *name);

/* A name that Linux accepts for a network interface. */
bool ifname_ok(const char *name);

const char *action_name(enum action a);
bool action_parse(enum action *a, const char *text);

#endif
