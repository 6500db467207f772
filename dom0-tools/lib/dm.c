/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The device mapper, through its ioctls on /dev/mapper/control. Source: Linux' uapi/linux/dm-ioctl.h
 * and Documentation/admin-guide/device-mapper/snapshot.rst.
 */
#include "dom0-tools/lib/dm.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <linux/dm-ioctl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#define CHUNK_SECTORS   8u /* 4 KiB, so that a guest's page-sized write copies nothing */
#define CHUNK_BYTES     (CHUNK_SECTORS * 512u)
#define EXCEPTION_BYTES 16u /* of metadata for each chunk */
#define REMOVE_TRIES    250
#define STEP_US         20000
#define LIST_MAX        (1u << 20)

union request {
    struct dm_ioctl h;
    char space[sizeof(struct dm_ioctl) + 1024];
};

static void prepare(struct dm_ioctl *h, const char *name, size_t size)
{
    memset(h, 0, size);
    h->version[0] = DM_VERSION_MAJOR;
    h->data_size = (uint32_t)size;
    h->data_start = sizeof(*h);
    if (name)
        snprintf(h->name, sizeof(h->name), "%s", name);
}

static int call(unsigned long op, struct dm_ioctl *h)
{
    int fd = open("/dev/mapper/control", O_RDWR | O_CLOEXEC), rc;

    if (fd < 0)
        return -errno;
    rc = ioctl(fd, op, h) ? -errno : 0;
    close(fd);
    return rc;
}

static int simple(unsigned long op, const char *name, union request *r)
{
    prepare(&r->h, name, sizeof(*r));
    return call(op, &r->h);
}

static int load(const char *name, uint64_t sectors, const uint32_t origin[2], const uint32_t cow[2])
{
    union request r;
    struct dm_target_spec spec = {.length = sectors, .target_type = "snapshot"};
    char *at = r.space + sizeof(r.h);

    prepare(&r.h, name, sizeof(r));
    r.h.target_count = 1;
    spec.next = sizeof(r) - sizeof(r.h);
    memcpy(at, &spec, sizeof(spec));
    snprintf(at + sizeof(spec), sizeof(r) - sizeof(r.h) - sizeof(spec), "%u:%u %u:%u P %u",
             origin[0], origin[1], cow[0], cow[1], CHUNK_SECTORS);
    return call(DM_TABLE_LOAD, &r.h);
}

int dm_snapshot_create(const char *name, uint64_t sectors, const uint32_t origin[2],
                       const uint32_t cow[2], uint32_t numbers[2])
{
    union request r;
    int rc = simple(DM_DEV_CREATE, name, &r);

    if (rc)
        return rc;
    rc = load(name, sectors, origin, cow);
    if (!rc)
        rc = simple(DM_DEV_SUSPEND, name, &r); /* without DM_SUSPEND_FLAG: resume */
    if (rc) {
        dm_remove(name);
        return rc;
    }
    numbers[0] = major(r.h.dev);
    numbers[1] = minor(r.h.dev);
    return 0;
}

int dm_remove(const char *name)
{
    union request r;
    int i, rc = -EBUSY;

    for (i = 0; i < REMOVE_TRIES && rc == -EBUSY; i++) {
        if (i)
            usleep(STEP_US);
        rc = simple(DM_DEV_REMOVE, name, &r);
    }
    return rc == -ENXIO || rc == -ENOENT ? 0 : rc;
}

int dm_snapshot_usage(const char *name, struct dm_usage *u)
{
    union request r;
    struct dm_target_spec spec;
    const char *text = r.space + sizeof(r.h) + sizeof(spec);
    int rc = simple(DM_TABLE_STATUS, name, &r);

    memset(u, 0, sizeof(*u));
    if (rc)
        return rc;
    memcpy(&spec, r.space + sizeof(r.h), sizeof(spec));
    if (r.h.target_count != 1 || strcmp(spec.target_type, "snapshot"))
        return -ENXIO;
    r.space[sizeof(r.space) - 1] = '\0';
    u->broken = sscanf(text, "%" SCNu64 "/%" SCNu64, &u->used_sectors, &u->total_sectors) != 2;
    return 0;
}

int dm_list(void (*fn)(const char *name, void *arg), void *arg)
{
    size_t size = 16384, at;
    struct dm_ioctl *h = NULL;
    int rc;

    for (;;) {
        free(h);
        h = malloc(size);
        if (!h)
            return -ENOMEM;
        prepare(h, NULL, size);
        rc = call(DM_LIST_DEVICES, h);
        if (rc || !(h->flags & DM_BUFFER_FULL_FLAG) || size >= LIST_MAX)
            break;
        size *= 2;
    }
    at = sizeof(*h);
    while (!rc && at + sizeof(struct dm_name_list) < h->data_size) {
        const struct dm_name_list *l = (const void *)((const char *)h + at);

        if (!l->dev)
            break;
        fn(l->name, arg);
        if (!l->next)
            break;
        at += l->next;
    }
    free(h);
    return rc;
}

/* The kernel's header, little endian: magic "SnAp", valid, version, chunk size in sectors. */
int dm_cow_header_check(const uint8_t *head, size_t len)
{
    uint32_t valid, version;

    if (len < 16 || memcmp(head, "SnAp", 4))
        return -EINVAL;
    memcpy(&valid, head + 4, 4);
    memcpy(&version, head + 8, 4);
    if (version != 1)
        return -EINVAL;
    return valid ? 0 : -ENODATA;
}

uint64_t dm_cow_size(uint64_t bytes)
{
    uint64_t chunks = (bytes + CHUNK_BYTES - 1) / CHUNK_BYTES;
    uint64_t per_area = CHUNK_BYTES / EXCEPTION_BYTES; /* an area: its metadata, then its chunks */

    /* The header; an area that is begun but not full; one more that marks the end. */
    return (1 + chunks + chunks / per_area + 2 + per_area) * CHUNK_BYTES;
}
