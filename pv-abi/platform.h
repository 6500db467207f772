/* SPDX-License-Identifier: MIT */
/*
 * platform_op: what dom0 does to the machine.
 * Source: Xen 4.17 public/platform.h. Layouts of operations that Pavo refuses are not stated.
 */
#ifndef PV_ABI_PLATFORM_H
#define PV_ABI_PLATFORM_H

#define XENPF_INTERFACE_VERSION 0x03000001

#define XENPF_settime32            17
#define XENPF_add_memtype          31
#define XENPF_del_memtype          32
#define XENPF_read_memtype         33
#define XENPF_microcode_update     35
#define XENPF_platform_quirk       39
#define XENPF_get_cpu_version      48
#define XENPF_efi_runtime_call     49
#define XENPF_firmware_info        50
#define XENPF_enter_acpi_sleep     51
#define XENPF_change_freq          52
#define XENPF_getidletime          53
#define XENPF_set_processor_pminfo 54
#define XENPF_get_cpuinfo          55
#define XENPF_cpu_online           56
#define XENPF_cpu_offline          57
#define XENPF_cpu_hotadd           58
#define XENPF_mem_hotadd           59
#define XENPF_core_parking         60
#define XENPF_resource_op          61
#define XENPF_settime64            62
#define XENPF_settime              XENPF_settime64
#define XENPF_get_symbol           63

#define QUIRK_NOIRQBALANCING     1
#define QUIRK_IOAPIC_BAD_REGSEL  2
#define QUIRK_IOAPIC_GOOD_REGSEL 3

/* xenpf_firmware_info.type, and .index for EFI */
#define XEN_FW_DISK_INFO            1
#define XEN_FW_DISK_MBR_SIGNATURE   2
#define XEN_FW_VBEDDC_INFO          3
#define XEN_FW_EFI_INFO             4
#define XEN_FW_KBD_SHIFT_FLAGS      5
#define XEN_FW_EFI_VERSION          0
#define XEN_FW_EFI_CONFIG_TABLE     1
#define XEN_FW_EFI_VENDOR           2
#define XEN_FW_EFI_MEM_INFO         3
#define XEN_FW_EFI_RT_VERSION       4
#define XEN_FW_EFI_PCI_ROM          5
#define XEN_FW_EFI_APPLE_PROPERTIES 6

#define XENPF_ACPI_SLEEP_EXTENDED 1

/* xenpf_set_processor_pminfo.type */
#define XEN_PM_CX  0
#define XEN_PM_PX  1
#define XEN_PM_TX  2
#define XEN_PM_PDC 3

/* xenpf_pcpuinfo.flags */
#define XEN_PCPU_FLAGS_ONLINE  1
#define XEN_PCPU_FLAGS_INVALID 2

#define XEN_CORE_PARKING_SET 1
#define XEN_CORE_PARKING_GET 2

#define XEN_RESOURCE_OP_MSR_READ  0
#define XEN_RESOURCE_OP_MSR_WRITE 1

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

struct xenpf_add_memtype {
    xen_pfn_t mfn;
    uint64_t nr_mfns;
    uint32_t type;
    uint32_t handle; /* <- */
    uint32_t reg;    /* <- */
    uint32_t _pad;
};

struct xenpf_del_memtype {
    uint32_t handle;
    uint32_t reg;
};

struct xenpf_read_memtype {
    uint32_t reg;
    uint32_t _pad0;
    xen_pfn_t mfn;
    uint64_t nr_mfns;
    uint32_t type;
    uint32_t _pad1;
};

struct xenpf_microcode_update {
    uint64_t data;
    uint32_t length;
    uint32_t _pad;
};

struct xenpf_platform_quirk {
    uint32_t quirk_id;
};

struct xenpf_firmware_info {
    uint32_t type;  /* XEN_FW_* */
    uint32_t index; /* disk number, or XEN_FW_EFI_* */
    union {
        struct {
            uint8_t device; /* BIOS number */
            uint8_t version;
            uint16_t interface_support;
            uint16_t legacy_max_cylinder;
            uint8_t legacy_max_head;
            uint8_t legacy_sectors_per_track;
            uint64_t edd_params; /* guest address; first 16-bit word there: its size */
        } disk_info;
        struct {
            uint8_t device;
            uint8_t _pad[3];
            uint32_t mbr_signature;
        } disk_mbr_signature;
        struct {
            uint8_t capabilities;
            uint8_t edid_transfer_time;
            uint8_t _pad[6];
            uint64_t edid; /* guest address of 128 bytes */
        } vbeddc_info;
        union {
            uint32_t version;
            struct {
                uint64_t addr;
                uint32_t nent;
                uint32_t _pad;
            } cfg;
            struct {
                uint32_t revision;
                uint32_t bufsz;
                uint64_t name;
            } vendor;
            struct {
                uint64_t addr;
                uint64_t size;
                uint64_t attr;
                uint32_t type;
                uint32_t _pad;
            } mem;
            struct {
                uint16_t segment;
                uint8_t bus;
                uint8_t devfn;
                uint16_t vendor;
                uint16_t devid;
                uint64_t address;
                xen_ulong_t size;
            } pci_rom;
            struct {
                uint64_t address;
                xen_ulong_t size;
            } apple_properties;
        } efi_info;
        uint8_t kbd_shift_flags;
    } u;
};

struct xenpf_enter_acpi_sleep {
    uint16_t val_a; /* what to write to PM1a_CNT (or the sleep control register) */
    uint16_t val_b;
    uint32_t sleep_state;
    uint32_t flags; /* XENPF_ACPI_SLEEP_* */
};

struct xenpf_change_freq {
    uint32_t flags;
    uint32_t cpu;
    uint64_t freq;
};

struct xenpf_getidletime {
    uint64_t cpumap_bitmap;
    uint32_t cpumap_nr_cpus;
    uint32_t _pad;
    uint64_t idletime;
    uint64_t now; /* <- */
};

struct xenpf_pcpuinfo {
    uint32_t xen_cpuid;
    uint32_t max_present; /* <- */
    uint32_t flags;       /* <- XEN_PCPU_FLAGS_* */
    uint32_t apic_id;     /* <- */
    uint32_t acpi_id;     /* <- */
};

struct xenpf_pcpu_version {
    uint32_t xen_cpuid;
    uint32_t max_present; /* <- from here on */
    char vendor_id[12];
    uint32_t family;
    uint32_t model;
    uint32_t stepping;
};

struct xenpf_cpu_ol {
    uint32_t cpuid;
};

struct xenpf_cpu_hotadd {
    uint32_t apic_id;
    uint32_t acpi_id;
    uint32_t pxm;
};

struct xenpf_mem_hotadd {
    uint64_t spfn;
    uint64_t epfn;
    uint32_t pxm;
    uint32_t flags;
};

struct xenpf_core_parking {
    uint32_t type;
    uint32_t idle_nums;
};

struct xenpf_resource_entry {
    union {
        uint32_t cmd;
        int32_t ret;
    } u;
    uint32_t rsvd;
    uint64_t idx;
    uint64_t val;
};

struct xenpf_resource_op {
    uint32_t nr_entries;
    uint32_t cpu;
    uint64_t entries;
};

struct xenpf_symdata {
    uint32_t namelen;
    uint32_t symnum;
    uint64_t name;
    uint64_t address;
    char type;
    uint8_t _pad[7];
};

struct xen_platform_op {
    uint32_t cmd;
    uint32_t interface_version;
    union {
        struct xenpf_settime64 settime;
        struct xenpf_settime32 settime32;
        struct xenpf_settime64 settime64;
        struct xenpf_add_memtype add_memtype;
        struct xenpf_del_memtype del_memtype;
        struct xenpf_read_memtype read_memtype;
        struct xenpf_microcode_update microcode;
        struct xenpf_platform_quirk platform_quirk;
        struct xenpf_firmware_info firmware_info;
        struct xenpf_enter_acpi_sleep enter_acpi_sleep;
        struct xenpf_change_freq change_freq;
        struct xenpf_getidletime getidletime;
        struct xenpf_pcpuinfo pcpu_info;
        struct xenpf_pcpu_version pcpu_version;
        struct xenpf_cpu_ol cpu_ol;
        struct xenpf_cpu_hotadd cpu_add;
        struct xenpf_mem_hotadd mem_add;
        struct xenpf_core_parking core_parking;
        struct xenpf_resource_op resource_op;
        struct xenpf_symdata symdata;
        uint8_t pad[128];
    } u;
};

ABI_SIZE(struct xenpf_settime32, 16);
ABI_SIZE(struct xenpf_settime64, 24);
ABI_SIZE(struct xenpf_add_memtype, 32);
ABI_SIZE(struct xenpf_del_memtype, 8);
ABI_SIZE(struct xenpf_read_memtype, 32);
ABI_SIZE(struct xenpf_microcode_update, 16);
ABI_SIZE(struct xenpf_platform_quirk, 4);
ABI_SIZE(struct xenpf_firmware_info, 40);
ABI_SIZE(struct xenpf_enter_acpi_sleep, 12);
ABI_SIZE(struct xenpf_change_freq, 16);
ABI_SIZE(struct xenpf_getidletime, 32);
ABI_SIZE(struct xenpf_pcpuinfo, 20);
ABI_SIZE(struct xenpf_pcpu_version, 32);
ABI_SIZE(struct xenpf_cpu_ol, 4);
ABI_SIZE(struct xenpf_cpu_hotadd, 12);
ABI_SIZE(struct xenpf_mem_hotadd, 24);
ABI_SIZE(struct xenpf_core_parking, 8);
ABI_SIZE(struct xenpf_resource_entry, 24);
ABI_SIZE(struct xenpf_resource_op, 16);
ABI_SIZE(struct xenpf_symdata, 32);
ABI_SIZE(struct xen_platform_op, 136);
ABI_OFFSET(struct xen_platform_op, u, 8);
#endif

#endif
