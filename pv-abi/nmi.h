/* SPDX-License-Identifier: MIT */
/*
 * nmi_op: a guest's handler for non-maskable interrupts.
 * Source: Xen 4.17 public/nmi.h.
 */
#ifndef PV_ABI_NMI_H
#define PV_ABI_NMI_H

#define XENNMI_register_callback   0
#define XENNMI_unregister_callback 1

#ifndef __ASSEMBLER__
#include "pv-abi/types.h"

struct xennmi_callback {
    uint64_t handler_address;
    uint64_t pad;
};

ABI_SIZE(struct xennmi_callback, 16);
#endif

#endif
