/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef DOM0_TOOLS_LIB_LOOP_H
#define DOM0_TOOLS_LIB_LOOP_H

/* Loop devices of dom0's kernel: an image file seen as a block device. */

#include <stdbool.h>

/*
 * Attaches the open file @fd (its @path is for display) to a free loop device that detaches itself
 * when its last user closes it. Returns a descriptor of the device, which counts as a user, with
 * *@number set and *@created telling whether the device node had to be made; or a negative errno.
 */
int loop_attach(int fd, const char *path, bool writable, int *number, bool *created);

/*
 * The same for a device that an earlier process attached and noted: what loop_attach told it. After
 * either, loop_detach once.
 */
void loop_adopt(int number, bool created);

/*
 * Detaches the file @path if the device still serves it to nobody else here, waiting up to 5 s for
 * users outside, and removes the node if we made it. A number that was noted long ago may serve
 * somebody else by now: it is left alone then.
 */
void loop_detach(int number, const char *path);

#endif
