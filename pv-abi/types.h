/* SPDX-License-Identifier: MIT */
/*
 * Scalars that every part of the VMI uses.
 * Source: Xen 4.17 public/xen.h and public/arch-x86/xen.h, x86-64 only.
 */
#ifndef PV_ABI_TYPES_H
#define PV_ABI_TYPES_H

/* Domain numbers. From DOMID_FIRST_RESERVED on they name roles, not domains. */
#define DOMID_FIRST_RESERVED 0x7ff0
#define DOMID_SELF           0x7ff0 /* the caller */
#define DOMID_IO             0x7ff1 /* owner of device memory */
#define DOMID_XEN            0x7ff2 /* the hypervisor, where it shares frames */
#define DOMID_INVALID        0x7ff4 /* no domain at all */
#define DOMID_IDLE           0x7fff

#ifndef __ASSEMBLER__
#include <stddef.h>
#include <stdint.h>

typedef uint16_t domid_t;
typedef uint64_t xen_pfn_t;
typedef uint64_t xen_ulong_t;
typedef uint8_t xen_domain_handle_t[16]; /* a UUID in network order */

/* A bit array in guest memory: @bitmap is the guest address of (nr_bits + 7) / 8 bytes. */
struct xenctl_bitmap {
    uint64_t bitmap;
    uint32_t nr_bits;
    uint32_t _pad;
};

#define ABI_SIZE(type, bytes) _Static_assert(sizeof(type) == (bytes), "size of " #type)
#define ABI_OFFSET(type, member, bytes) \
    _Static_assert(offsetof(type, member) == (bytes), "offset of " #member " in " #type)

ABI_SIZE(struct xenctl_bitmap, 16);
#endif

#endif
