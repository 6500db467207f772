/* SPDX-License-Identifier: GPL-2.0-only */
/* Vectors, selectors and the seams between entry.S, traps.c and switch.c. */
#ifndef ASM_TRAPS_H
#define ASM_TRAPS_H

#define TRAP_DB      1
#define TRAP_NMI     2
#define TRAP_BP      3
#define TRAP_OF      4
#define TRAP_UD      6
#define TRAP_NM      7
#define TRAP_DF      8
#define TRAP_GP      13
#define TRAP_PF      14
#define TRAP_MC      18
#define TRAP_INT80   0x80
/* Not a vector: the registers may go back by sysret, which loses RCX and R11. */
#define TRAP_SYSCALL 0x100

#define HV_CS             0xe008
#define HV_DS             0xe010
/* For each CPU a task and an LDT descriptor of 16 bytes each. */
#define TSS_SELECTOR(cpu) (0xe080 + (cpu)*32)
#define LDT_SELECTOR(cpu) (TSS_SELECTOR(cpu) + 16)

#ifndef __ASSEMBLER__
#include <asm/regs.h>
#include <hv/types.h>

struct gate {
    uint16_t offset_low, selector;
    uint8_t ist, type;
    uint16_t offset_mid;
    uint32_t offset_high, reserved;
};
struct table_desc {
    uint16_t limit;
    uint64_t base;
} __attribute__((packed));
/* An interrupt gate to @addr in the hypervisor's code. */
static inline struct gate gate_to(uint64_t addr, unsigned int dpl, unsigned int ist)
{
    return (struct gate){
        .offset_low = (uint16_t)addr,
        .selector = HV_CS,
        .ist = (uint8_t)ist,
        .type = (uint8_t)(0x8e | dpl << 5),
        .offset_mid = (uint16_t)(addr >> 16),
        .offset_high = (uint32_t)(addr >> 32),
    };
}

/* The hypervisor's page of every GDT: byte 0xe000 of the table. */
extern uint64_t gdt_page[512];
/* Load the table at @base (of which 0xe000.. must be gdt_page) on this CPU. */
void gdt_load(uint64_t base);
void ldt_load(uint64_t base, unsigned int entries); /* 0 entries: none */
#define GDT_BASE_BARE ((uint64_t)gdt_page - 0xe000) /* with no guest's entries */

/* From user to kernel mode or back: root and GS base. */
void toggle_guest_mode(struct vcpu *v);
#endif

#endif
