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

static bool range_ok(guest_va_t va, size_t n)
{
    return guest_va_ok(va) && n <= (1ul << 40) &&
           (!n || (va + n - 1 >= va && guest_va_ok(va + n - 1))) &&
           (va >> 47 & 1) == ((va + (n ? n - 1 : 0)) >> 47 & 1);
}

static inline void access_begin(void)
{
    if (cpu_features.smap_usable)
        __asm__ volatile("stac" ::: "memory");
}

static inline void access_end(void)
{
    if (cpu_features.smap_usable)
        __asm__ volatile("clac" ::: "memory");
}

int copy_from_guest(void *to, guest_va_t from, size_t n)
{
    int rc;

    if (!range_ok(from, n))
        return -1;
    access_begin();
    rc = guest_copy(to, (const void *)from, n);
    access_end();
    return rc;
}

int copy_to_guest(guest_va_t to, const void *from, size_t n)
{
    int rc;

    if (!range_ok(to, n))
        return -1;
    access_begin();
    rc = guest_copy((void *)to, from, n);
    access_end();
    return rc;
}

int clear_guest(guest_va_t to, size_t n)
{
    int rc;

    if (!range_ok(to, n))
        return -1;
    access_begin();
    rc = guest_clear((void *)to, n);
    access_end();
    return rc;
}
