/* SPDX-License-Identifier: MIT */
/*
 * Entry points that a guest kernel registers.
 * Source: Xen 4.17 public/callback.h.
 */
#ifndef PV_ABI_CALLBACK_H
#define PV_ABI_CALLBACK_H

#define CALLBACKOP_register   0
#define CALLBACKOP_unregister 1

#define CALLBACKTYPE_event               0
#define CALLBACKTYPE_failsafe            1
#define CALLBACKTYPE_syscall             2
#define CALLBACKTYPE_sysenter_deprecated 3
#define CALLBACKTYPE_nmi                 4
#define CALLBACKTYPE_sysenter            5
#define CALLBACKTYPE_syscall32           7

#define CALLBACKF_mask_events 1 /* entered with events masked */

#ifndef __ASSEMBLER__
#include "pv-abi/types.h"

struct callback_register {
    uint16_t type;
    uint16_t flags;
    uint32_t _pad;
    uint64_t address;
};

struct callback_unregister {
    uint16_t type;
    uint16_t _unused;
};
#endif
#endif
