/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef DOM0_TOOLS_LIB_BUILD_H
#define DOM0_TOOLS_LIB_BUILD_H

/* Makes a domain out of a config: created, filled with memory, kernel and ramdisk, paused. */

#include <stdint.h>

struct err;
struct foreign;
struct guest_config;
struct hv;

struct built {
    uint32_t domid;
    uint64_t store_mfn, console_mfn;
    uint32_t store_port, console_port;
};

/*
 * Builds @g under @uuid. Returns 0 with *@b and a paused domain that has no devices yet; -1 with
 * *@e set and nothing left: files that cannot be read or are no PV kernel (STATUS_USAGE), not
 * enough memory (STATUS_RESOURCES), a hypercall that failed (STATUS_FAILED).
 * @created is told the domid as soon as the domain exists, before the long part begins; it returns
 * 0, or -1 with the error set to give up.
 */
int domain_build(struct hv *h, struct foreign *f, const struct guest_config *g,
                 const uint8_t uuid[16], int (*created)(uint32_t domid, void *arg, struct err *e),
                 void *arg, struct built *b, struct err *e);

#endif
