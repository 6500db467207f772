/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What domains use: run time of each vCPU from the hypervisor, disks and network interfaces as dom0's
 * back-ends count them in sysfs. Devices are found there and not in the registry: whoever only looks
 * waits for nobody who is changing a guest.
 */
#include "dom0-tools/domd/stats.h"

#include <ctype.h>
#include <dirent.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "dom0-tools/domd/domd.h"
#include "dom0-tools/lib/hv.h"
#include "dom0-tools/lib/json.h"
#include "dom0-tools/lib/proto.h"

#define BACKENDS     "/sys/bus/xen-backend/devices"
#define STORE_SOCKET "/run/xenstored/socket"
#define SECTOR       512

struct backend {
    uint32_t domid;
    bool is_vif;
    uint32_t number; /* the device's, as the frontend knows it */
};

struct stats {
    struct backend *backends;
    size_t count;
};

/* "vbd-3-51712", "vif-3-0". */
static bool parse_backend(const char *name, struct backend *b)
{
    char kind[4], rest;

    if (sscanf(name, "%3[a-z]-%" SCNu32 "-%" SCNu32 "%c", kind, &b->domid, &b->number, &rest) != 3)
        return false;
    b->is_vif = !strcmp(kind, "vif");
    return b->is_vif || !strcmp(kind, "vbd");
}

static int compare(const void *pa, const void *pb)
{
    const struct backend *a = pa, *b = pb;

    if (a->domid != b->domid)
        return a->domid < b->domid ? -1 : 1;
    return a->number < b->number ? -1 : a->number > b->number;
}

struct stats *stats_open(void)
{
    struct stats *s = calloc(1, sizeof(*s));
    DIR *dir = s ? opendir(BACKENDS) : NULL;
    struct dirent *entry;
    struct backend b, *grown;

    while (dir && (entry = readdir(dir))) {
        if (!parse_backend(entry->d_name, &b))
            continue;
        if ((s->count & (s->count - 1)) == 0) {
            grown = realloc(s->backends, (s->count ? s->count * 2 : 1) * sizeof(*grown));
            if (!grown)
                break;
            s->backends = grown;
        }
        s->backends[s->count++] = b;
    }
    if (dir)
        closedir(dir);
    if (s && s->count)
        qsort(s->backends, s->count, sizeof(*s->backends), compare);
    return s;
}

void stats_close(struct stats *s)
{
    if (s)
        free(s->backends);
    free(s);
}

/* A file that holds one number; 0 when it is not there (any more). */
static uint64_t read_number(const char *dir, const char *file)
{
    char path[192];
    uint64_t n = 0;
    FILE *f;

    snprintf(path, sizeof(path), "%s/%s", dir, file);
    f = fopen(path, "re");
    if (!f)
        return 0;
    if (fscanf(f, "%" SCNu64, &n) != 1)
        n = 0;
    fclose(f);
    return n;
}

/* The name that a disk of that number has in a Linux guest: xvda for 51712. */
static void vdev_name(char name[24], uint32_t devid)
{
    uint32_t disk = (devid & 0xff) >> 4, part = devid & 0xf;
    const char *prefix = "xvd";
    char letters[8];
    int n = sizeof(letters);

    if (devid & 1u << 28) {
        disk = devid >> 8 & 0xfffff;
        part = devid & 0xff;
    } else if (devid >> 8 == 8) {
        prefix = "sd";
    } else if (devid >> 8 == 3 || devid >> 8 == 22) {
        prefix = "hd";
        disk = (devid & 0xff) / 64 + (devid >> 8 == 22 ? 2 : 0);
        part = devid & 0x3f;
    } else if (devid >> 8 != 202) {
        snprintf(name, 24, "%u", devid);
        return;
    }
    letters[--n] = '\0';
    letters[--n] = (char)('a' + disk % 26);
    while ((disk /= 26) != 0 && n > 0)
        letters[--n] = (char)('a' + --disk % 26);
    if (part)
        snprintf(name, 24, "%s%s%u", prefix, letters + n, part);
    else
        snprintf(name, 24, "%s%s", prefix, letters + n);
}

static void tell_disk(struct json_out *o, const struct backend *b)
{
    char dir[128], name[24];

    snprintf(dir, sizeof(dir), BACKENDS "/vbd-%u-%u/statistics", b->domid, b->number);
    vdev_name(name, b->number);
    json_object(o);
    json_put_str(o, "vdev", name);
    json_put_u64(o, "read_requests", read_number(dir, "rd_req"));
    json_put_u64(o, "write_requests", read_number(dir, "wr_req"));
    json_put_u64(o, "flush_requests", read_number(dir, "f_req"));
    json_put_u64(o, "waited_requests", read_number(dir, "oo_req"));
    json_put_u64(o, "read_bytes", read_number(dir, "rd_sect") * SECTOR);
    json_put_u64(o, "write_bytes", read_number(dir, "wr_sect") * SECTOR);
    json_end_object(o);
}

/* The interface in dom0 of a back-end; false while it has none. */
static bool interface_of(const struct backend *b, char name[16])
{
    struct dirent *entry;
    bool found = false;
    char path[96];
    DIR *dir;

    snprintf(path, sizeof(path), BACKENDS "/vif-%u-%u/net", b->domid, b->number);
    dir = opendir(path);
    while (dir && !found && (entry = readdir(dir)))
        if (entry->d_name[0] != '.' && strlen(entry->d_name) < 16) {
            strcpy(name, entry->d_name);
            found = true;
        }
    if (dir)
        closedir(dir);
    return found;
}

/* What dom0's end receives, the guest has sent. */
static void tell_vif(struct json_out *o, const struct backend *b)
{
    char dir[96], name[16] = "";

    if (!interface_of(b, name))
        return;
    snprintf(dir, sizeof(dir), "/sys/class/net/%s/statistics", name);
    json_object(o);
    json_put_str(o, "interface", name);
    json_put_u64(o, "index", b->number);
    json_put_u64(o, "received_bytes", read_number(dir, "tx_bytes"));
    json_put_u64(o, "received_packets", read_number(dir, "tx_packets"));
    json_put_u64(o, "received_dropped", read_number(dir, "tx_dropped"));
    json_put_u64(o, "sent_bytes", read_number(dir, "rx_bytes"));
    json_put_u64(o, "sent_packets", read_number(dir, "rx_packets"));
    json_put_u64(o, "sent_dropped", read_number(dir, "rx_dropped"));
    json_end_object(o);
}

static void tell_devices(struct json_out *o, const struct stats *s, uint32_t domid, bool is_vif)
{
    size_t i;

    json_array(o);
    for (i = 0; i < s->count; i++) {
        const struct backend *b = &s->backends[i];

        if (b->domid != domid || b->is_vif != is_vif)
            continue;
        if (is_vif)
            tell_vif(o, b);
        else
            tell_disk(o, b);
    }
    json_end_array(o);
}

void stats_tell(struct json_out *o, const struct stats *s, const struct hv_domain *d)
{
    uint32_t i;

    json_key(o, "vcpu_stats");
    json_array(o);
    for (i = 0; i < d->nr_vcpus; i++) {
        struct hv_vcpu v;

        if (hv_vcpu_info(domd.hv, d->domid, i, &v))
            continue;
        json_object(o);
        json_put_u64(o, "id", i);
        json_put_bool(o, "online", v.online);
        json_put_u64(o, "cpu", v.cpu);
        json_put_u64(o, "cpu_time_ns", v.cpu_time_ns);
        json_end_object(o);
    }
    json_end_array(o);
    json_key(o, "disk_stats");
    tell_devices(o, s, d->domid, false);
    json_key(o, "vif_stats");
    tell_devices(o, s, d->domid, true);
}

static bool answers(const char *path)
{
    int fd = proto_try_connect(path); /* whoever only looks does not wait */

    if (fd >= 0)
        close(fd);
    return fd >= 0;
}

void stats_tell_host(struct json_out *o)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    json_put_u64(o, "time_ns", (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec);
    json_key(o, "daemons");
    json_object(o);
    json_put_bool(o, "stored", answers(STORE_SOCKET));
    json_put_bool(o, "consoled", answers(CONSOLED_SOCKET));
    json_end_object(o);
}
