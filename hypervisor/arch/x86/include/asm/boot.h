/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Between the files that bring the machine up: loader.c e820.c start.c vmap.c cpu.c smp.c time.c
 * serial.c.
 */
#ifndef ASM_BOOT_H
#define ASM_BOOT_H

#include <asm/cpu.h>
#include <asm/layout.h>
#include <hv/arch.h>

/* Places of the image (pavo.lds); physical addresses by image_pa(). */
extern char __image_start[], __text_end[], __init_text_start[], __init_text_end[], __rodata_start[],
    __rodata_end[], __init_data_start[], __init_data_end[], __data_start[], __load_end[],
    __bss_start[], __image_end[];
static inline maddr_t image_pa(const void *p)
{
    return (vaddr_t)p - HV_VA + HV_PHYS;
}

/* boot.S */
#define TRAMPOLINE_PA        0x8000ul /* page that starts the other CPUs, below 1 MiB */
#define BOOT_STACK_RESERVE   512      /* room for struct cpu_record on the first stack */
#define BOOT_MAGIC_MULTIBOOT 0x2badb002u
#define BOOT_MAGIC_PVH       0x336ec578u
extern char ap_trampoline[], ap_trampoline_end[];
extern uint64_t boot_l4[512]; /* idle_root plus an identity map of the first 4 GiB */
extern char boot_stack[STACK_SIZE];
extern uint64_t ap_rsp; /* stack of the CPU that is being started */
void call_on_stack(uint64_t rsp, void (*fn)(void)) __attribute__((noreturn));
void cpu_triple_fault(void) __attribute__((noreturn));

/* loader.c: copy what the loader left into boot_info and the raw memory map. */
void loader_parse(uint32_t magic, maddr_t info);

/* start.c: memory before the heap exists. */
maddr_t boot_alloc(uint64_t pages, uint64_t align_pages, maddr_t limit);
extern bool heap_ready;

/* vmap.c */
void vmap_init(void);         /* idle root with the image and the directmap, and go there */
void vmap_frame_tables(void); /* frame table and m2p */
void vmap_stack(unsigned int cpu);
void vmap_drop_init(void);
static inline struct cpu_record *cpu_record_of(unsigned int cpu)
{
    return (struct cpu_record *)(STACKS_VA + cpu * STACK_SIZE * 2 + STACK_SIZE) - 1;
}

/* cpu.c */
void cpu_init_boot(void); /* features; control registers of the boot CPU */
void cpu_init_this(void); /* control registers and MSRs as on the boot CPU */

void smap_init(void); /* smap.c: test, and on if it is sound */

/* serial.c; @name: com1, com2 or none */
uint16_t serial_port(const char *name); /* 0: none */
void serial_init(const char *name, unsigned int baud);
void serial_irq_init(void);

/* time.c, smp.c, apic.c, acpi.c */
void time_judge_tsc(void);
void ap_main(void) __attribute__((noreturn));
extern uint64_t cpu_online_mask;
void apic_map(void);
void apic_timer_count(uint32_t count);
uint32_t apic_timer_left(void);
void apic_send_init(uint32_t apic_id);
void apic_send_startup(uint32_t apic_id, uint8_t page);
void apic_send_nmi_others(void);
void delay_us(unsigned int us);
void idle_loop(void) __attribute__((noreturn));

#endif
