/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * May SMAP be on? QEMU's TCG (7.2) reads the stack of an iretq at CPL 3 with supervisor rights, so
 * with SMAP every guest kernel's own iretq would fault. The test does exactly that, once, at boot:
 * with CR4.SMAP set, a user page executes iretq to an invalid instruction. #UD: fine; #PF: not
 * usable. Runs on the boot CPU with interrupts off, in the idle root, when its GDT and TSS are
 * loaded.
 */
#include <asm/boot.h>
#include <asm/machine.h>
#include <asm/msr.h>
#include <asm/traps.h>
#include <hv/alloc.h>
#include <hv/lib.h>
#include <pv-abi/x86.h>

/* One page, code at its start, stack at its end: in the slot that guests may read, far behind the m2p. */
#define TEST_VA       (M2P_RO_VA + (1ul << 38))
#define TARGET_OFFSET 16

struct iret_frame {
    uint64_t rip, cs, rflags, rsp, ss;
};

/* Enter ring 3 by @frame; comes back through the first fault. True: it was the expected one. */
bool smap_test_enter(const struct iret_frame *frame);
void smap_test_ud(void);
void smap_test_other(void);
__asm__(".section .init.text, \"ax\"\n"
        ".globl smap_test_enter, smap_test_ud, smap_test_other\n"
        ".hidden smap_test_enter, smap_test_ud, smap_test_other\n"
        "smap_test_enter:\n"
        " push %rbx\n push %rbp\n push %r12\n push %r13\n push %r14\n push %r15\n"
        " mov %rsp, smap_test_rsp(%rip)\n"
        " push 32(%rdi)\n push 24(%rdi)\n push 16(%rdi)\n push 8(%rdi)\n push (%rdi)\n"
        " iretq\n"
        "smap_test_ud:\n"
        " mov $1, %eax\n"
        " jmp 1f\n"
        "smap_test_other:\n"
        " xor %eax, %eax\n"
        "1: mov smap_test_rsp(%rip), %rsp\n"
        " pop %r15\n pop %r14\n pop %r13\n pop %r12\n pop %rbp\n pop %rbx\n"
        " ret\n"
        ".previous\n");
extern uint64_t smap_test_rsp;
uint64_t smap_test_rsp;

/* A page with iretq, its frame and its target; the frame that enters it. */
static struct iret_frame page_fill(uint8_t *page)
{
    struct iret_frame *inner = (struct iret_frame *)(page + PAGE_SIZE) - 1, outer;

    memcpy(page, "\x48\xcf", 2);                 /* iretq */
    memcpy(page + TARGET_OFFSET, "\x0f\x0b", 2); /* ud2 */
    *inner = (struct iret_frame){
        .rip = TEST_VA + TARGET_OFFSET,
        .cs = FLAT_RING3_CS64,
        .rflags = 2,
        .rsp = TEST_VA + PAGE_SIZE / 2,
        .ss = FLAT_RING3_SS64,
    };
    outer = *inner;
    outer.rip = TEST_VA;
    outer.rsp = TEST_VA + PAGE_SIZE - sizeof(*inner);
    return outer;
}

static bool iret_works(uint8_t *page)
{
    struct iret_frame frame = page_fill(page);
    struct gate *idt = hv_alloc_page();
    struct table_desc desc = {PAGE_SIZE - 1, (uint64_t)idt}, old;
    bool ok;

    if (!idt)
        return false;
    for (unsigned int i = 0; i < 32; i++)
        idt[i] = gate_to((uint64_t)(i == TRAP_UD ? smap_test_ud : smap_test_other), 0, 0);
    __asm__ volatile("sidt %0" : "=m"(old));
    __asm__ volatile("lidt %0" ::"m"(desc));
    write_cr4(cpu_features.cr4 | CR4_SMAP);
    ok = smap_test_enter(&frame);
    write_cr4(cpu_features.cr4);
    __asm__ volatile("lidt %0" ::"m"(old));
    hv_free_page(idt);
    return ok;
}

void smap_init(void)
{
    uint8_t *page;

    if (!cpu_features.smap)
        return;
    page = hv_alloc_page();
    if (!page || arch_map_pages(TEST_VA, virt_to_mfn(page), 1, PROT_W | PROT_X | PROT_USER))
        return;
    if (iret_works(page)) {
        cpu_features.smap_usable = true;
        cpu_features.cr4 |= CR4_SMAP;
        write_cr4(cpu_features.cr4);
    }
    arch_unmap_pages(TEST_VA, 1);
    hv_free_page(page);
    printk("smap: %s\n", cpu_features.smap_usable ? "on" : "off, this CPU's iretq breaks it");
}
