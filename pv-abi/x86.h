/* SPDX-License-Identifier: MIT */
/*
 * x86-64: selectors, the hypervisor's hole, a vCPU's initial context, trap tables, the iret
 * frame, CPUID leaves.
 * Source: Xen 4.17 public/arch-x86/xen.h, xen-x86_64.h and cpuid.h.
 */
#ifndef PV_ABI_X86_H
#define PV_ABI_X86_H

/* Selectors that every guest finds in the reserved part of its GDT. */
#define FLAT_RING3_CS32  0xe023
#define FLAT_RING3_CS64  0xe033
#define FLAT_RING3_DS32  0xe02b
#define FLAT_RING3_DS64  0x0000
#define FLAT_RING3_SS32  0xe02b
#define FLAT_RING3_SS64  0xe02b
#define FLAT_KERNEL_CS64 FLAT_RING3_CS64
#define FLAT_KERNEL_CS   FLAT_KERNEL_CS64
#define FLAT_KERNEL_SS64 FLAT_RING3_SS64
#define FLAT_KERNEL_SS   FLAT_KERNEL_SS64
#define FLAT_USER_CS64   FLAT_RING3_CS64
#define FLAT_USER_CS     FLAT_USER_CS64
#define FLAT_USER_SS64   FLAT_RING3_SS64
#define FLAT_USER_SS     FLAT_USER_SS64

/* The GDT's first 14 pages are the guest's, the rest is the hypervisor's. */
#define FIRST_RESERVED_GDT_BYTE  57344
#define FIRST_RESERVED_GDT_ENTRY 7168

/* The hole in every guest's address space; the machine-to-physical table stands at its start. */
#define HYPERVISOR_VIRT_START 0xffff800000000000
#define HYPERVISOR_VIRT_END   0xffff880000000000
#define MACH2PHYS_VIRT_START  0xffff800000000000
#define MACH2PHYS_VIRT_END    0xffff804000000000

/* set_segment_base: which base, first argument. */
#define SEGBASE_FS          0
#define SEGBASE_GS_USER     1
#define SEGBASE_GS_KERNEL   2
#define SEGBASE_GS_USER_SEL 3 /* load a selector into GS of user mode */

/* iret_context.flags: return by sysret instead of iret. */
#define VGCF_in_syscall 0x100

/* vcpu_guest_context.flags. */
#define VGCF_i387_valid               0x01
#define VGCF_in_kernel                0x04
#define VGCF_failsafe_disables_events 0x08
#define VGCF_syscall_disables_events  0x10
#define VGCF_online                   0x20

#define XEN_LEGACY_MAX_VCPUS 32 /* vcpu_info slots in shared_info */

/* CPUID leaves of the hypervisor; signature "XenVMMXenVMM" in EBX, ECX, EDX of the first. */
#define XEN_CPUID_FIRST_LEAF                      0x40000000
#define XEN_CPUID_LEAF(i)                         (XEN_CPUID_FIRST_LEAF + (i))
#define XEN_CPUID_SIGNATURE_EBX                   0x566e6558
#define XEN_CPUID_SIGNATURE_ECX                   0x65584d4d
#define XEN_CPUID_SIGNATURE_EDX                   0x4d4d566e
#define XEN_CPUID_FEAT1_MMU_PT_UPDATE_PRESERVE_AD 1    /* leaf +2, ECX */
#define XEN_CPUID_MACHINE_ADDRESS_WIDTH_MASK      0xff /* leaf +5, EBX */
#define XEN_CPUID_MAX_NUM_LEAVES                  5

/* Bytes before CPUID that ask the hypervisor to emulate it: ud2, then "xen". */
#define XEN_EMULATE_PREFIX_BYTES 0x0f, 0x0b, 0x78, 0x65, 0x6e

/* trap_info.flags: privilege that may use `int n`, and whether events are masked on entry. */
#define TRAP_INFO_DPL_MASK 3
#define TRAP_INFO_IF       4

#ifndef __ASSEMBLER__
#include "pv-abi/types.h"

/* Registers as saved on entry, and as given for a new vCPU. */
struct cpu_user_regs {
    uint64_t r15;
    uint64_t r14;
    uint64_t r13;
    uint64_t r12;
    uint64_t rbp;
    uint64_t rbx;
    uint64_t r11;
    uint64_t r10;
    uint64_t r9;
    uint64_t r8;
    uint64_t rax;
    uint64_t rcx;
    uint64_t rdx;
    uint64_t rsi;
    uint64_t rdi;
    uint32_t error_code;
    uint32_t entry_vector;
    uint64_t rip;
    uint16_t cs;
    uint16_t _pad0[1];
    uint8_t saved_upcall_mask;
    uint8_t _pad1[3];
    uint64_t rflags;
    uint64_t rsp;
    uint16_t ss;
    uint16_t _pad2[3];
    uint16_t es;
    uint16_t _pad3[3];
    uint16_t ds;
    uint16_t _pad4[3];
    uint16_t fs;
    uint16_t _pad5[3];
    uint16_t gs;
    uint16_t _pad6[3];
};

/* set_trap_table: an array of these, ended by one with address 0. */
struct trap_info {
    uint8_t vector;
    uint8_t flags;
    uint16_t cs;
    uint32_t _pad;
    uint64_t address;
};

/* What the iret hypercall finds at the guest kernel's RSP. */
struct iret_context {
    uint64_t rax;
    uint64_t r11;
    uint64_t rcx;
    uint64_t flags;
    uint64_t rip;
    uint64_t cs;
    uint64_t rflags;
    uint64_t rsp;
    uint64_t ss;
};

/* A vCPU's whole state: VCPUOP_initialise, XEN_DOMCTL_setvcpucontext and getvcpucontext. */
struct vcpu_guest_context {
    struct {
        char x[512]; /* FXSAVE image */
    } fpu_ctxt;
    uint64_t flags; /* VGCF_* */
    struct cpu_user_regs user_regs;
    struct trap_info trap_ctxt[256];
    uint64_t ldt_base;
    uint64_t ldt_ents;
    uint64_t gdt_frames[16]; /* machine frames */
    uint64_t gdt_ents;
    uint64_t kernel_ss;
    uint64_t kernel_sp;
    uint64_t ctrlreg[8]; /* [0], [4]: CR0, CR4; [3]: kernel root; [1]: user root (bit 0 set) or 0 */
    uint64_t debugreg[8];
    uint64_t event_callback_eip;
    uint64_t failsafe_callback_eip;
    uint64_t syscall_callback_eip;
    uint64_t vm_assist; /* bits are VMASST_TYPE_* */
    uint64_t fs_base;
    uint64_t gs_base_kernel;
    uint64_t gs_base_user;
};

struct arch_vcpu_info {
    uint64_t cr2;
    uint64_t pad;
};

struct arch_shared_info {
    uint64_t max_pfn;                    /* written by the guest: size of its p2m */
    uint64_t pfn_to_mfn_frame_list_list; /* written by the guest: machine frame */
    uint64_t nmi_reason;
    uint64_t p2m_cr3;
    uint64_t p2m_vaddr;
    uint64_t p2m_generation; /* odd while the guest changes its p2m */
};

struct xen_arch_domainconfig {
    uint32_t emulation_flags; /* 0: PV guests have no emulated devices */
    uint32_t misc_flags;
};
#endif
#endif
