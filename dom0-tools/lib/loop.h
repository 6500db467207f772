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

/* Detaches whatever is left and, if @created, removes the node. Waits up to 5 s for users. */
void loop_detach(int number, bool created);

/* True while a file is attached. */
bool loop_in_use(int number);

/* True while the file @path is. A number that was noted long ago may serve somebody else by now. */
bool loop_serves(int number, const char *path);

#endif
