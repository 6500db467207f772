/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef DOM0_TOOLS_LIB_KERNEL_H
#define DOM0_TOOLS_LIB_KERNEL_H

/*
 * Unpacked kernels, shared. Unpacking takes most of a create's time and tens of MiB: guests that are
 * built at the same time from one file share one, and it is kept a while for the next; of those that
 * nobody has, no more than some. A file that has changed since (device, inode, length, times) is another
 * one.
 */

#include <stdint.h>

struct err;
struct image;

#define KERNEL_KEPT_S   60
#define KERNEL_KEPT_MAX 2 /* about 50 MiB each */

/*
 * The kernel in the file @path, unpacked, for kernel_put(). NULL with *@e set: see file_read() and
 * image_load(). Waits while another thread unpacks the same one.
 */
const struct image *kernel_get(const char *path, struct err *e);
void kernel_put(const struct image *im); /* NULL allowed */

/* Drops those that nobody has had for KERNEL_KEPT_S; @now_s: CLOCK_MONOTONIC. To be called at times. */
void kernel_forget(int64_t now_s);

#endif
