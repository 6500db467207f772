/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Copies to and from the calling guest. The kernel root is live in a hypercall, so the guest's address is
 * used as it is; a fault ends the copy through the exception table. Every address is checked to lie
 * outside the hypervisor's part first, the whole range of it.
 */
#include <asm/machine.h>
#include <asm/mm.h>
#include <hv/guest_access.h>

int guest_copy(void *to, const void *from, size_t n);
int guest_clear(void *to, size_t n);

/* Open guest memory to accesses, if the range is the guest's. */
static inline bool access_begin(guest_va_t va, size_t n)
{
    guest_va_t last = va + (n ? n - 1 : 0);

    if (n > (1ul << 40) || last < va || !guest_va_ok(va) || !guest_va_ok(last) ||
        (va >> 47 & 1) != (last >> 47 & 1))
        return false;
    if (cpu_features.smap_usable)
        __asm__ volatile("stac" ::: "memory");
    return true;
}

static inline int access_end(int rc)
{
    if (cpu_features.smap_usable)
        __asm__ volatile("clac" ::: "memory");
    return rc;
}

int copy_from_guest(void *to, guest_va_t from, size_t n)
{
    return access_begin(from, n) ? access_end(guest_copy(to, (const void *)from, n)) : -1;
}

int copy_to_guest(guest_va_t to, const void *from, size_t n)
{
    return access_begin(to, n) ? access_end(guest_copy((void *)to, from, n)) : -1;
}

int clear_guest(guest_va_t to, size_t n)
{
    return access_begin(to, n) ? access_end(guest_clear((void *)to, n)) : -1;
}
