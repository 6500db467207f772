/* SPDX-License-Identifier: MIT */
/*
 * vCPU control: bring-up, run-state accounting, timers, places of the shared areas.
 * Source: Xen 4.17 public/vcpu.h.
 */
#ifndef PV_ABI_VCPU_H
#define PV_ABI_VCPU_H

#define VCPUOP_initialise                     0 /* argument: struct vcpu_guest_context */
#define VCPUOP_up                             1
#define VCPUOP_down                           2
#define VCPUOP_is_up                          3
#define VCPUOP_get_runstate_info              4
#define VCPUOP_register_runstate_memory_area  5
#define VCPUOP_set_periodic_timer             6
#define VCPUOP_stop_periodic_timer            7
#define VCPUOP_set_singleshot_timer           8
#define VCPUOP_stop_singleshot_timer          9
#define VCPUOP_register_vcpu_info             10
#define VCPUOP_send_nmi                       11
#define VCPUOP_get_physid                     12
#define VCPUOP_register_vcpu_time_memory_area 13

#define RUNSTATE_running  0
#define RUNSTATE_runnable 1
#define RUNSTATE_blocked  2
#define RUNSTATE_offline  3

/* Set in state_entry_time while the record is being written, with runstate_update_flag on. */
#define XEN_RUNSTATE_UPDATE 0x8000000000000000

#define VCPU_SSHOTTMR_future 1 /* refuse a time that has passed */

#ifndef __ASSEMBLER__
#include "pv-abi/types.h"

struct vcpu_runstate_info {
    int32_t state; /* RUNSTATE_* */
    uint32_t _pad;
    uint64_t state_entry_time;
    uint64_t time[4]; /* ns in each state */
};

struct vcpu_register_runstate_memory_area {
    union {
        uint64_t h; /* guest address of a struct vcpu_runstate_info */
        uint64_t v;
        uint64_t p;
    } addr;
};

struct vcpu_set_singleshot_timer {
    uint64_t timeout_abs_ns;
    uint32_t flags; /* VCPU_SSHOTTMR_* */
    uint32_t _pad;
};

struct vcpu_register_vcpu_info {
    uint64_t mfn;
    uint32_t offset;
    uint32_t rsvd;
};

struct vcpu_register_time_memory_area {
    union {
        uint64_t h; /* guest address of a struct vcpu_time_info; 0 unregisters */
        uint64_t v;
        uint64_t p;
    } addr;
};
#endif
#endif
