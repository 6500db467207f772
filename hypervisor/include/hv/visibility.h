/* SPDX-License-Identifier: GPL-2.0-only */
/* Included before everything in the hypervisor: all symbols are in the one image, none needs a GOT entry. */
#ifndef HV_VISIBILITY_H
#define HV_VISIBILITY_H
#ifndef __ASSEMBLER__
#pragma GCC visibility push(hidden)
#endif
#endif
