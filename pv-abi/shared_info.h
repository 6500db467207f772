/* SPDX-License-Identifier: MIT */
/*
 * The page that a domain and the hypervisor share: event bits, clock, per-vCPU state.
 * Source: Xen 4.17 public/xen.h.
 */
#ifndef PV_ABI_SHARED_INFO_H
#define PV_ABI_SHARED_INFO_H

/* vcpu_time_info.flags */
#define XEN_PVCLOCK_TSC_STABLE_BIT 1
#define XEN_PVCLOCK_GUEST_STOPPED  2

#ifndef __ASSEMBLER__
#include "pv-abi/x86.h"

/*
 * Clock: ns = system_time + (((tsc - tsc_timestamp) << tsc_shift) * tsc_to_system_mul >> 32), where
 * a negative shift goes right. @version is odd while the hypervisor writes.
 */
struct vcpu_time_info {
    uint32_t version;
    uint32_t pad0;
    uint64_t tsc_timestamp;
    uint64_t system_time;
    uint32_t tsc_to_system_mul;
    int8_t tsc_shift;
    uint8_t flags;
    uint8_t pad1[2];
};

struct vcpu_info {
    uint8_t evtchn_upcall_pending;
    uint8_t evtchn_upcall_mask;
    uint8_t _pad[6];
    xen_ulong_t evtchn_pending_sel; /* bit n: word n of evtchn_pending has work */
    struct arch_vcpu_info arch;
    struct vcpu_time_info time;
};

struct shared_info {
    struct vcpu_info vcpu_info[XEN_LEGACY_MAX_VCPUS];
    xen_ulong_t evtchn_pending[64];
    xen_ulong_t evtchn_mask[64];
    uint32_t wc_version; /* wall clock at system time 0, in seconds since 1970; odd while written */
    uint32_t wc_sec;
    uint32_t wc_nsec;
    uint32_t wc_sec_hi;
    struct arch_shared_info arch;
};
#endif
#endif
