/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * From the loader's 32-bit protected mode to C. Loaders: multiboot 1 (header below; address fields,
 * so that ELF64 is accepted) and PVH (ELF note). Other CPUs come through a real-mode trampoline.
 * ABI: multiboot specification 0.6.96; PVH: pv-abi/pvh.h.
 */
#include <asm/layout.h>

#define STACK_SIZE 0x8000
#define BOOT_STACK_RESERVE 512
#define BOOT_MAGIC_PVH 0x336ec578

#define MB_MAGIC 0x1badb002
#define MB_FLAGS 0x00010003 /* page-aligned modules, memory map, address fields */

#define P(x) ((x) - HV_VA + HV_PHYS)

#define SEL_CODE32 0x08
#define SEL_DATA32 0x10
#define SEL_CODE64 0x18

    .macro LOAD_DATA_SEGMENTS
    mov $SEL_DATA32, %eax
    mov %eax, %ds
    mov %eax, %es
    mov %eax, %ss
    .endm

/* From 32-bit code at its physical address to 64-bit code at its own, with null segments. */
    .macro ENTER_64BIT
    call enable_long_mode
    ljmp $SEL_CODE64, $P(1f)
    .code64
1:  movabs $2f, %rax
    jmp *%rax
2:  xor %eax, %eax
    mov %eax, %ds
    mov %eax, %es
    mov %eax, %ss
    mov %eax, %fs
    mov %eax, %gs
    lgdt boot_gdtr_high(%rip)
    .endm

    .section .text.head, "ax"
    .code32

    .balign 8
mb_header:
    .long MB_MAGIC, MB_FLAGS, -(MB_MAGIC + MB_FLAGS)
    .long P(mb_header), P(__image_start), P(__load_end), P(__image_end), P(mb_start)

    .globl pvh_start
pvh_start:
    mov $BOOT_MAGIC_PVH, %eax
mb_start:
    cli
    cld
    mov %eax, %ebp
    mov %ebx, %esi

    lgdt P(boot_gdtr)
    ljmp $SEL_CODE32, $P(1f)
1:  LOAD_DATA_SEGMENTS

    mov $P(__bss_start), %edi
    mov $P(__image_end), %ecx
    sub %edi, %ecx
    shr $2, %ecx
    xor %eax, %eax
    rep stosl

    mov $P(boot_stack) + STACK_SIZE - BOOT_STACK_RESERVE, %esp

    mov $0x80000000, %eax
    cpuid
    cmp $0x80000001, %eax
    jb no_long_mode
    mov $0x80000001, %eax
    cpuid
    bt $29, %edx
    jnc no_long_mode

    /* Identity map of 4 GiB: 2,048 large pages in four consecutive tables. */
    mov $P(boot_l2_identity), %edi
    mov $0x83, %eax
    mov $2048, %ecx
1:  mov %eax, (%edi)
    add $8, %edi
    add $0x200000, %eax
    loop 1b
    mov $P(boot_l2_identity) + 3, %eax
    mov $P(boot_l3_identity), %edi
    mov $4, %ecx
1:  mov %eax, (%edi)
    add $8, %edi
    add $0x1000, %eax
    loop 1b
    movl $P(boot_l3_identity) + 3, P(boot_l4)

    /* The image at its own address: 16 MiB. */
    mov $P(boot_l2_image), %edi
    mov $HV_PHYS + 0x83, %eax
    mov $8, %ecx
1:  mov %eax, (%edi)
    add $8, %edi
    add $0x200000, %eax
    loop 1b
    movl $P(boot_l2_image) + 3, P(boot_l3_image)
    movl $P(boot_l3_image) + 3, P(boot_l4) + 261 * 8

    ENTER_64BIT
    lea boot_stack + STACK_SIZE - BOOT_STACK_RESERVE(%rip), %rsp
    xor %ebx, %ebx
    mov %ebp, %edi
    xor %ebp, %ebp
    call __start
1:  hlt
    jmp 1b

    /* Interrupts are off, the stack is flat. Clobbers eax, ecx, edx. */
    .code32
enable_long_mode:
    mov $0x80000001, %eax
    push %ebx
    cpuid
    pop %ebx
    shr $9, %edx
    and $0x800, %edx /* NX: EFER bit 11, if the CPU has it (bit 20) */
    push %edx
    mov $0x620, %eax /* PAE, OSFXSR, OSXMMEXCPT */
    mov %eax, %cr4
    mov $P(boot_l4), %eax
    mov %eax, %cr3
    mov $0xc0000080, %ecx
    rdmsr
    or $0x100, %eax /* LME */
    pop %ecx
    or %ecx, %eax
    mov $0xc0000080, %ecx
    wrmsr
    mov $0x80010033, %eax /* PG, WP, NE, ET, MP, PE */
    mov %eax, %cr0
    ret

no_long_mode:
    mov $P(no_long_mode_text), %esi
1:  lodsb
    test %al, %al
    jz 3f
    mov %al, %bl
    mov $0x3fd, %dx
2:  in %dx, %al
    test $0x20, %al
    jz 2b
    mov %bl, %al
    mov $0x3f8, %dx
    out %al, %dx
    jmp 1b
3:  hlt
    jmp 3b

/* Another CPU: real mode at TRAMPOLINE_PA, then as above. Only link-time constants, so it is copied
 * as is. */
    .code16
    .balign 16
    .globl ap_trampoline, ap_trampoline_end
ap_trampoline:
    cli
    cld
    mov %cs, %ax
    mov %ax, %ds
    lgdtl ap_gdtr - ap_trampoline
    mov %cr0, %eax
    and $0x9fffffff, %eax /* caches on */
    or $1, %al
    mov %eax, %cr0
    ljmpl $SEL_CODE32, $P(ap_start32)
    .balign 4
ap_gdtr:
    .word boot_gdt_end - boot_gdt - 1
    .long P(boot_gdt)
ap_trampoline_end:

    .code32
ap_start32:
    LOAD_DATA_SEGMENTS
    mov $P(ap_stack32) + 64, %esp
    ENTER_64BIT
    mov ap_rsp(%rip), %rsp
    xor %ebp, %ebp
    call ap_main
1:  hlt
    jmp 1b

    .text
    .globl call_on_stack
call_on_stack: /* (rsp, fn) */
    mov %rdi, %rsp
    and $-16, %rsp /* as the ABI has it: decoders use SSE */
    xor %ebp, %ebp
    call *%rsi
    ud2

    .globl cpu_triple_fault
cpu_triple_fault:
    lidt empty_idtr(%rip)
    int3
1:  hlt
    jmp 1b

    .section .rodata
    .balign 8
boot_gdt:
    .quad 0
    .quad 0x00cf9b000000ffff /* 32-bit code */
    .quad 0x00cf93000000ffff /* data */
    .quad 0x00af9b000000ffff /* 64-bit code */
boot_gdt_end:
boot_gdtr:
    .word boot_gdt_end - boot_gdt - 1
    .long P(boot_gdt)
    .balign 8
boot_gdtr_high:
    .word boot_gdt_end - boot_gdt - 1
    .quad boot_gdt
empty_idtr:
    .word 0
    .quad 0
no_long_mode_text:
    .asciz "Pavo needs a 64-bit x86 CPU.\r\n"

    .section .note.pvh, "a", @note
    .balign 4
    .long 4, 4, 18 /* XEN_ELFNOTE_PHYS32_ENTRY */
    .asciz "Xen"
    .long P(pvh_start)

    .section .bss.boot_stack, "aw", @nobits /* pavo.lds aligns it to its size */
    .globl boot_stack
boot_stack:
    .skip STACK_SIZE
    .section .bss.aligned, "aw", @nobits
    .balign 4096
    .globl boot_l4
boot_l4:
    .skip 4096
boot_l3_identity:
    .skip 4096
boot_l2_identity:
    .skip 4096 * 4
boot_l3_image:
    .skip 4096
boot_l2_image:
    .skip 4096
ap_stack32:
    .skip 64
    .globl ap_rsp
    .balign 8
ap_rsp:
    .skip 8
    .section .note.GNU-stack, "", @progbits
