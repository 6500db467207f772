/* SPDX-License-Identifier: MIT */
/*
 * Numbers of the hypercalls and of the virtual interrupts, and the multicall entry.
 *
 * Convention on x86-64: number in RAX, arguments in RDI, RSI, RDX, R10, R8, R9, entry by `syscall`
 * from guest-kernel mode (RCX and R11 are lost), result in RAX. A hypercall page holds one
 * 32-byte stub per number.
 * Source: Xen 4.17 public/xen.h, public/arch-x86/xen.h and public/arch-x86/xen-x86_64.h.
 */
#ifndef PV_ABI_HYPERCALL_H
#define PV_ABI_HYPERCALL_H

#define __HYPERVISOR_set_trap_table                0
#define __HYPERVISOR_mmu_update                    1
#define __HYPERVISOR_set_gdt                       2
#define __HYPERVISOR_stack_switch                  3
#define __HYPERVISOR_set_callbacks                 4
#define __HYPERVISOR_fpu_taskswitch                5
#define __HYPERVISOR_sched_op_compat               6
#define __HYPERVISOR_platform_op                   7
#define __HYPERVISOR_set_debugreg                  8
#define __HYPERVISOR_get_debugreg                  9
#define __HYPERVISOR_update_descriptor             10
#define __HYPERVISOR_memory_op                     12
#define __HYPERVISOR_multicall                     13
#define __HYPERVISOR_update_va_mapping             14
#define __HYPERVISOR_set_timer_op                  15
#define __HYPERVISOR_event_channel_op_compat       16
#define __HYPERVISOR_xen_version                   17
#define __HYPERVISOR_console_io                    18
#define __HYPERVISOR_physdev_op_compat             19
#define __HYPERVISOR_grant_table_op                20
#define __HYPERVISOR_vm_assist                     21
#define __HYPERVISOR_update_va_mapping_otherdomain 22
#define __HYPERVISOR_iret                          23
#define __HYPERVISOR_vcpu_op                       24
#define __HYPERVISOR_set_segment_base              25
#define __HYPERVISOR_mmuext_op                     26
#define __HYPERVISOR_xsm_op                        27
#define __HYPERVISOR_nmi_op                        28
#define __HYPERVISOR_sched_op                      29
#define __HYPERVISOR_callback_op                   30
#define __HYPERVISOR_xenoprof_op                   31
#define __HYPERVISOR_event_channel_op              32
#define __HYPERVISOR_physdev_op                    33
#define __HYPERVISOR_hvm_op                        34
#define __HYPERVISOR_sysctl                        35
#define __HYPERVISOR_domctl                        36
#define __HYPERVISOR_kexec_op                      37
#define __HYPERVISOR_tmem_op                       38
#define __HYPERVISOR_argo_op                       39
#define __HYPERVISOR_xenpmu_op                     40
#define __HYPERVISOR_dm_op                         41
#define __HYPERVISOR_hypfs_op                      42
#define __HYPERVISOR_arch_0                        48
#define __HYPERVISOR_arch_1                        49
#define __HYPERVISOR_arch_2                        50
#define __HYPERVISOR_arch_3                        51
#define __HYPERVISOR_arch_4                        52
#define __HYPERVISOR_arch_5                        53
#define __HYPERVISOR_arch_6                        54
#define __HYPERVISOR_arch_7                        55
#define __HYPERVISOR_mca                           __HYPERVISOR_arch_0

#define HYPERCALL_STUB_BYTES 32 /* distance of two stubs in a hypercall page */

/* Virtual interrupts that Pavo raises or tells apart; the others can be bound, and never come. "global":
 * bound once per host, by dom0 or by whom it names. */
#define VIRQ_TIMER    0 /* per vCPU */
#define VIRQ_DEBUG    1 /* per vCPU */
#define VIRQ_CONSOLE  2 /* global */
#define VIRQ_DOM_EXC  3 /* global: a domain died or shut down */
#define VIRQ_XENOPROF 7
#define VIRQ_XENPMU   13
#define NR_VIRQS      24

#ifndef __ASSEMBLER__
#include "pv-abi/types.h"

/* multicall: an array of these; @result is written by the hypervisor. */
struct multicall_entry {
    xen_ulong_t op;
    xen_ulong_t result;
    xen_ulong_t args[6];
};
#endif
#endif
