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
#define GUEST_VIF_DEVID_MAX  255
#define GUEST_WEIGHT_DEFAULT 256
#define GUEST_WEIGHT_MAX     65535
#define GUEST_CAP_MAX        (100 * GUEST_VCPUS_MAX)
#define GUEST_MEMORY_MIN_MIB 16
#define GUEST_MEMORY_MAX_MIB (16u << 20) /* 16 TiB */

enum action {
    ACTION_DESTROY,
    ACTION_RESTART,
    ACTION_PRESERVE,
    ACTION_RENAME_RESTART,
    ACTION_COREDUMP_DESTROY,
    ACTION_COREDUMP_RESTART
};

struct disk_spec {
    char *target;  /* path of an image file or a block device */
    char *overlay; /* file that takes the writes while target is only read; NULL: none */
    char vdev[16];
    uint32_t devid; /* what the frontend calls it: 51712 for xvda */
    bool writable;
    bool untrusted; /* the guest shall protect itself against dom0's end */
};

/* A vif's rate. netback counts milliseconds: intervals are whole ones of these. */
#define RATE_BYTES_MAX 1000000000000ull
#define RATE_USECS_MAX 4294967000ull

struct vif_spec {
    uint32_t devid; /* what the frontend calls it: N of ethN, unless the guest renames it */
    bool has_devid;
    uint8_t mac[6];
    bool has_mac;
    char bridge[16];
    char vifname[16];    /* empty: vifDOMID.INDEX */
    uint64_t rate_bytes; /* per rate_usecs; 0: no limit */
    uint32_t rate_usecs;
    bool untrusted; /* as of a disk */
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
    uint32_t max_grant_frames; /* 0: as the devices need */
    enum action on_poweroff, on_reboot, on_crash;
};

/* Gives each vif without a number the lowest one that is free. */
void guest_number_vifs(struct guest_config *g);

/* What holds for every config. Returns 0; -1 with *@e (STATUS_USAGE) and *@key naming the culprit. */
int guest_config_check(const struct guest_config *g, struct err *e, const char **key);

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
/* The JSON form parsed again, to be released by json_free(); NULL: out of memory. */
struct json *guest_config_json(const struct guest_config *g);

/* The same for one device. Reading checks each value: false when one is missing or wrong. */
void disk_spec_to_json(const struct disk_spec *d, struct json_out *o);
bool disk_spec_from_json(struct disk_spec *d, const struct json *j); /* false: *@d is empty */
void vif_spec_to_json(const struct vif_spec *v, struct json_out *o);
bool vif_spec_from_json(struct vif_spec *v, const struct json *j);

/* Puts @dir before a relative *@path (NULLs are left alone). -1: out of memory. */
int path_complete(char **path, const char *dir);

/* Completes the relative paths of @d with @dir. False: out of memory. */
bool disk_spec_complete(struct disk_spec *d, const char *dir);

/*
 * Parse one element of `disk = [...]` (xl-disk-configuration(5)) and of `vif = [...]`
 * (xl-network-configuration(5)). On error return -1 with @why (of @why_size bytes) telling the cause.
 * Keys and flags without an effect are told to @warn (or NULL).
 */
int disk_spec_parse(struct disk_spec *d, const char *text, guest_warn_fn warn, void *arg, char *why,
                    size_t why_size);
void disk_spec_free(struct disk_spec *d);
int vif_spec_parse(struct vif_spec *v, const char *text, guest_warn_fn warn, void *arg, char *why,
                   size_t why_size);

/*
 * Gives @v the rate of so many bits a second, with as many bytes as that makes in @usecs, rounded up to
 * whole milliseconds. NULL; or what is wrong, and *@v is as it was.
 */
const char *rate_fit(struct vif_spec *v, uint64_t rate_bits, uint64_t usecs);

/* The bridge of a vif that names none. */
#define VIF_DEFAULT_BRIDGE "pavobr0"

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
