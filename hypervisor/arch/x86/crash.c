/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The end: panic, dumps of registers, stack and page walk, restart and power-off. Dumps read only
 * memory that is known to be mapped, and print only for the log.
 */
#include <asm/acpi.h>
#include <asm/boot.h>
#include <asm/machine.h>
#include <asm/msr.h>
#include <hv/cmdline.h>
#include <hv/console.h>
#include <hv/lib.h>

volatile bool crashing;

/* ---- dumps ----------------------------------------------------------------------------------- */

/* Names of our own functions: tables that gen-symbols makes from a first link (hypervisor/files.mk), addresses
 * from HV_VA on and ascending. */
extern const uint32_t nr_symbols, symbol_address[], symbol_name_at[];
extern const char symbol_names[];

/* The symbol at or below @addr, NULL: not our text. */
static const char *symbol_lookup(uint64_t addr, uint64_t *offset)
{
    uint32_t at = addr - HV_VA, low = 0, high = nr_symbols;

    if (addr < HV_VA || addr >= (uint64_t)__init_text_end || !nr_symbols)
        return NULL;
    while (high - low > 1) {
        uint32_t mid = (low + high) / 2;

        if (symbol_address[mid] <= at)
            low = mid;
        else
            high = mid;
    }
    if (symbol_address[low] > at)
        return NULL;
    *offset = at - symbol_address[low];
    return symbol_names + symbol_name_at[low];
}

static void print_symbol(const char *what, uint64_t addr)
{
    uint64_t offset;
    const char *name = symbol_lookup(addr, &offset);

    if (name)
        printk(LOG_ERR "%s[%016lx] %s+0x%lx\n", what, addr, name, offset);
    else
        printk(LOG_ERR "%s[%016lx]\n", what, addr);
}

/* Is [@addr, @addr + 16) in the stack that @rsp lies in, main stacks and exception stacks alike? */
static bool on_stack(uint64_t addr, uint64_t rsp)
{
    uint64_t bottom, top;

    if (rsp >= STACKS_VA && rsp < STACKS_VA + NR_CPUS * STACK_SIZE * 2) {
        uint64_t page = (rsp & (STACK_SIZE * 2 - 1)) / PAGE_SIZE;
        uint64_t block = rsp & ~(STACK_SIZE * 2 - 1);

        if (page == 3 || page > 7)
            return false;
        bottom = page < 3 ? block + page * PAGE_SIZE : block + 4 * PAGE_SIZE;
        top = page < 3 ? bottom + PAGE_SIZE : block + STACK_SIZE;
    } else {
        bottom = (uint64_t)boot_stack;
        top = bottom + STACK_SIZE;
    }
    return addr >= bottom && addr <= top - 16 && addr % 8 == 0;
}

static void dump_stack_symbols(uint64_t rsp, uint64_t rbp)
{
    if (on_stack(rsp, rsp)) {
        printk(LOG_ERR "stack at %016lx:", rsp);
        for (unsigned int i = 0; i < 16 && on_stack(rsp + i * 8, rsp); i++)
            printk("%s %016lx", i % 4 ? "" : "\n  ", ((uint64_t *)rsp)[i]);
        printk("\n");
    }
    printk(LOG_ERR "call trace:\n");
    for (unsigned int depth = 0; depth < 24 && on_stack(rbp, rsp); depth++) {
        const uint64_t *frame = (const uint64_t *)rbp;

        if (frame[1])
            print_symbol("  ", frame[1]);
        if (frame[0] <= rbp)
            break;
        rbp = frame[0];
    }
}

void dump_regs(const struct cpu_regs *r)
{
    printk(LOG_ERR "CPU%u vector %u error %x\n", this_cpu(), r->vector, r->error_code);
    print_symbol("rip ", r->rip);
    printk(LOG_ERR "cs %04x ss %04x rsp %016lx rflags %08lx\n", r->cs, r->ss, r->rsp, r->rflags);
    printk(LOG_ERR "rax %016lx rbx %016lx rcx %016lx rdx %016lx\n", r->rax, r->rbx, r->rcx, r->rdx);
    printk(LOG_ERR "rsi %016lx rdi %016lx rbp %016lx r8  %016lx\n", r->rsi, r->rdi, r->rbp, r->r8);
    printk(LOG_ERR "r9  %016lx r10 %016lx r11 %016lx r12 %016lx\n", r->r9, r->r10, r->r11, r->r12);
    printk(LOG_ERR "r13 %016lx r14 %016lx r15 %016lx\n", r->r13, r->r14, r->r15);
    printk(LOG_ERR "cr0 %08lx cr2 %016lx cr3 %016lx cr4 %08lx\n", read_cr0(), read_cr2(),
           read_cr3(), read_cr4());
    if ((r->cs & 3) == 0)
        dump_stack_symbols(r->rsp, r->rbp);
}

/* In the directmap: RAM, and not the image (whose only table is the idle root). */
static const uint64_t *table_at(maddr_t a)
{
    if (a == image_pa(idle_root))
        return idle_root;
    if (a >= HV_PHYS && a < image_pa(__image_end))
        return NULL;
    for (unsigned int i = 0; i < nr_e820; i++)
        if (e820[i].type == 1 && a >= e820[i].addr && a + PAGE_SIZE <= e820[i].addr + e820[i].size)
            return mfn_to_virt(maddr_to_mfn(a));
    return NULL;
}

void dump_page_walk(uint64_t va, uint64_t cr3)
{
    maddr_t a = cr3 & 0x000ffffffffff000ull;

    printk(LOG_ERR "page walk of %016lx, root %lx:\n", va, a);
    for (unsigned int level = 4; level; level--) {
        unsigned int i = va >> (12 + 9 * (level - 1)) & 511;
        const uint64_t *table = table_at(a);
        uint64_t e, pfn = M2P_INVALID;

        if (!table) {
            printk(LOG_ERR "  L%u table at %lx is not in RAM\n", level, a);
            return;
        }
        e = table[i];
        a = e & 0x000ffffffffff000ull;
        if (e & 1)
            pfn = arch_m2p_get(maddr_to_mfn(a));
        printk(LOG_ERR "  L%u[%03x] = %016lx pfn %lx\n", level, i, e, pfn);
        if (!(e & 1) || (level < 4 && (e & 0x80)))
            return;
    }
}

/* ---- the machine's end ----------------------------------------------------------------------- */

/* All CPUs, for good. */
static void __attribute__((noreturn)) machine_halt(void)
{
    arch_irq_disable();
    smp_stop_others();
    for (;;)
        __asm__ volatile("cli; hlt");
}

void machine_restart(void)
{
    arch_irq_disable();
    if (options.noreboot) {
        printk("noreboot: halted\n");
        machine_halt();
    }
    smp_stop_others();
    if (acpi.reset_addr && acpi.reset_type == 1 && acpi.reset_addr < 0x10000) {
        outb(acpi.reset_addr, acpi.reset_value);
        delay_us(50 * 1000);
    }
    outb(0xcf9, 2); /* system reset, then the CPU with it */
    delay_us(1 * 1000);
    outb(0xcf9, 6);
    delay_us(50 * 1000);
    for (unsigned int i = 0; i < 10000 && (inb(0x64) & 2); i++)
        ;
    outb(0x64, 0xfe); /* keyboard controller: pulse the reset line */
    delay_us(50 * 1000);
    cpu_triple_fault();
}

void machine_poweroff(void)
{
    arch_irq_disable();
    smp_stop_others();
    acpi_power_off();
    delay_us(500 * 1000);
    printk(LOG_ERR "power-off: the machine does not react\n");
    machine_halt();
}

void panic(const char *fmt, ...)
{
    static char text[256];
    static bool again;
    uint64_t rsp, rbp;
    va_list ap;

    arch_irq_disable();
    console_force_unlock();
    if (!again) {
        again = true;
        smp_stop_others();
        va_start(ap, fmt);
        vsnprintf(text, sizeof(text), fmt, ap);
        va_end(ap);
        printk(LOG_ERR "\n*** Pavo stops on CPU%u: %s", this_cpu(), text);
        printk(LOG_ERR "\n");
        __asm__ volatile("mov %%rsp, %0; mov %%rbp, %1" : "=r"(rsp), "=r"(rbp));
        dump_stack_symbols(rsp, rbp);
    }
    delay_us(100 * 1000);
    machine_restart();
}
