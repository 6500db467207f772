/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The calling guest's memory. Addresses resolve in the guest kernel's root, which is live during a
 * hypercall. A fault, or an address in the hypervisor's hole, makes the copy fail: nonzero is
 * returned and part may be copied. Never with a lock held that a page fault handler takes (none today).
 */
#ifndef HV_GUEST_ACCESS_H
#define HV_GUEST_ACCESS_H

#include <hv/types.h>

int copy_from_guest(void *to, guest_va_t from, size_t n);
int copy_to_guest(guest_va_t to, const void *from, size_t n);
int clear_guest(guest_va_t to, size_t n);

#endif
