/* SPDX-License-Identifier: MIT */
/*
 * platform_op: what dom0 does to the machine.
 * Source: Xen 4.17 public/platform.h. Operations that Pavo refuses are not stated.
 */
#ifndef PV_ABI_PLATFORM_H
#define PV_ABI_PLATFORM_H

#define XENPF_INTERFACE_VERSION 0x03000001

#define XENPF_settime32        17
#define XENPF_firmware_info    50
#define XENPF_enter_acpi_sleep 51
#define XENPF_get_cpuinfo      55
#define XENPF_settime64        62

/* xenpf_firmware_info.type */
#define XEN_FW_DISK_INFO          1
#define XEN_FW_DISK_MBR_SIGNATURE 2
#define XEN_FW_VBEDDC_INFO        3
#define XEN_FW_EFI_INFO           4
#define XEN_FW_KBD_SHIFT_FLAGS    5

#define XENPF_ACPI_SLEEP_EXTENDED 1

/* xenpf_pcpuinfo.flags */
#define XEN_PCPU_FLAGS_ONLINE  1
#define XEN_PCPU_FLAGS_INVALID 2

#ifndef __ASSEMBLER__
#include "pv-abi/types.h"

/* Wall clock at the given system time. */
struct xenpf_settime32 {
    uint32_t secs;
    uint32_t nsecs;
    uint64_t system_time;
};

struct xenpf_settime64 {
    uint64_t secs;
    uint32_t nsecs;
    uint32_t mbz;
    uint64_t system_time;
};

struct xenpf_firmware_info {
    uint32_t type;  /* XEN_FW_* */
    uint32_t index; /* of a disk, or of an EFI fact */
    uint64_t u[4];  /* <- what the firmware said; Pavo has nothing to tell */
};

struct xenpf_enter_acpi_sleep {
    uint16_t val_a; /* what to write to PM1a_CNT (or the sleep control register) */
    uint16_t val_b;
    uint32_t sleep_state;
    uint32_t flags; /* XENPF_ACPI_SLEEP_* */
};

struct xenpf_pcpuinfo {
    uint32_t xen_cpuid;
    uint32_t max_present; /* <- */
    uint32_t flags;       /* <- XEN_PCPU_FLAGS_* */
    uint32_t apic_id;     /* <- */
    uint32_t acpi_id;     /* <- */
};

struct xen_platform_op {
    uint32_t cmd;
    uint32_t interface_version;
    union {
        struct xenpf_settime64 settime;
        struct xenpf_settime32 settime32;
        struct xenpf_settime64 settime64;
        struct xenpf_firmware_info firmware_info;
        struct xenpf_enter_acpi_sleep enter_acpi_sleep;
        struct xenpf_pcpuinfo pcpu_info;
        uint8_t pad[128];
    } u;
};
#endif
#endif
