/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef DOM0_TOOLS_LIB_DM_H
#define DOM0_TOOLS_LIB_DM_H

/*
 * Copy-on-write disks of dom0's kernel (device mapper, target "snapshot"): reads come from an
 * origin until a block is written, writes go to a copy-on-write device that keeps them for good.
 * Device numbers are major, minor. Names are up to 127 letters, digits and "-".
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * Makes the device @name over @origin, @sectors (of 512 bytes) long, with @cow taking the writes.
 * Returns 0 with *@numbers; -ENOENT, -ENODEV, -ENXIO: the kernel's driver is missing; -EBUSY: the
 * name is taken; or what the kernel said of the table. Nothing is left after an error.
 */
int dm_snapshot_create(const char *name, uint64_t sectors, const uint32_t origin[2],
                       const uint32_t cow[2], uint32_t numbers[2]);

/* Removes it, waiting up to 5 s for the last user. 0 also when there is none; -EBUSY. */
int dm_remove(const char *name);

struct dm_usage {
    uint64_t used_sectors, total_sectors; /* of the copy-on-write device */
    bool broken;                          /* it ran full or had an I/O error: writes are lost */
};

/* -ENXIO when there is no such device. */
int dm_snapshot_usage(const char *name, struct dm_usage *u);

/* Calls @fn for the name of each device; 0 or a negative errno. */
int dm_list(void (*fn)(const char *name, void *arg), void *arg);

/*
 * Judges the first @len (>= 16) bytes of a copy-on-write device: 0 it is one; -ENODATA its writes
 * are lost (it ran full); -EINVAL it is something else.
 */
int dm_cow_header_check(const uint8_t *head, size_t len);

/* How large a copy-on-write device must be to take every block of @bytes anew. */
uint64_t dm_cow_size(uint64_t bytes);

#endif
