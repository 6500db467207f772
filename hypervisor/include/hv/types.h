/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Basic types. A machine frame number is a one-member struct, so that the compiler refuses to mix
 * it with a guest's linear numbers and with byte addresses.
 */
#ifndef HV_TYPES_H
#define HV_TYPES_H

#include <hv/errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef uint64_t maddr_t;    /* machine address */
typedef uint64_t vaddr_t;    /* hypervisor virtual address */
typedef uint64_t guest_va_t; /* virtual address in the calling guest kernel's root */
typedef uint16_t domid_t;
typedef uint32_t evtchn_port_t;
typedef uint32_t grant_ref_t;
typedef int64_t s_time_t; /* system time, ns since boot */

typedef struct {
    uint64_t n;
} mfn_t;

#define _mfn(x)     ((mfn_t){.n = (x)})
#define INVALID_MFN _mfn(~0ull)

static inline bool mfn_eq(mfn_t a, mfn_t b)
{
    return a.n == b.n;
}
static inline bool mfn_is_invalid(mfn_t a)
{
    return a.n == ~0ull;
}
static inline mfn_t mfn_add(mfn_t a, uint64_t n)
{
    return _mfn(a.n + n);
}

#define PAGE_SHIFT  12
#define PAGE_SIZE   4096ul
#define PAGE_MASK   (~(PAGE_SIZE - 1))
#define PFN_UP(x)   (((x) + PAGE_SIZE - 1) >> PAGE_SHIFT)
#define PFN_DOWN(x) ((x) >> PAGE_SHIFT)

static inline maddr_t mfn_to_maddr(mfn_t m)
{
    return m.n << PAGE_SHIFT;
}
static inline mfn_t maddr_to_mfn(maddr_t a)
{
    return _mfn(a >> PAGE_SHIFT);
}

/* Limits. A domain id fits the owner field of a frame's record (13 bits, two values are special). */
#define NR_CPUS   64u
#define MAX_VCPUS 32u
#define DOMID_MAX 8189u /* highest id of a domain */

struct domain;
struct vcpu;
struct frame;

#endif
