/* SPDX-License-Identifier: MIT */
/*
 * Console ring: two byte rings in one page. Indices run freely; mask with the array's size.
 * Source: Xen 4.17 public/io/console.h.
 */
#ifndef PV_ABI_IO_CONSOLE_H
#define PV_ABI_IO_CONSOLE_H

#define XENCONS_IN_BYTES  1024
#define XENCONS_OUT_BYTES 2048

#ifndef __ASSEMBLER__
#include "pv-abi/types.h"

typedef uint32_t XENCONS_RING_IDX;

/* "in" and "out" as the guest sees them. */
struct xencons_interface {
    char in[XENCONS_IN_BYTES];
    char out[XENCONS_OUT_BYTES];
    XENCONS_RING_IDX in_cons;
    XENCONS_RING_IDX in_prod;
    XENCONS_RING_IDX out_cons;
    XENCONS_RING_IDX out_prod;
};
#endif
#endif
