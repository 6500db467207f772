/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The boot CPU's way from boot.S to the idle loop: one line for each part of the hypervisor, in the
 * order in which they need each other; and memory before the heap exists.
 */
#include <asm/boot.h>
#include <asm/e820.h>
#include <asm/machine.h>
#include <hv/alloc.h>
#include <hv/cmdline.h>
#include <hv/console.h>
#include <hv/perf.h>
#include <hv/sched.h>
#include <hv/timer.h>

_Static_assert(sizeof(struct cpu_record) <= BOOT_STACK_RESERVE,
               "room at the top of the first stack");

bool heap_ready;

/* ---- boot memory: RAM above 1 MiB without image and modules ---------------------------------- */

static struct xen_e820entry free_map[256]; /* a full map and what is taken from it */
static unsigned int nr_free;

maddr_t boot_alloc(uint64_t pages, uint64_t align_pages, maddr_t limit)
{
    uint64_t a = e820_carve(free_map, &nr_free, ARRAY_SIZE(free_map), pages * PAGE_SIZE,
                            align_pages * PAGE_SIZE, limit);

    if (a == ~0ull)
        panic("not enough memory to boot: %lu pages\n", pages);
    return a;
}

static void keep(uint64_t start, uint64_t end)
{
    e820_take(free_map, &nr_free, ARRAY_SIZE(free_map), start & PAGE_MASK,
              ROUND_UP(end, PAGE_SIZE));
}

static void boot_memory_init(void)
{
    static const char *const names[] = {"?", "RAM", "reserved", "ACPI", "NVS", "unusable"};

    nr_e820 = e820_sanitize(e820, nr_e820, ARRAY_SIZE(e820));
    for (unsigned int i = 0; i < nr_e820; i++) {
        const struct xen_e820entry *e = &e820[i];
        uint64_t start = ROUND_UP(e->addr, PAGE_SIZE), end = (e->addr + e->size) & PAGE_MASK;

        printk("memory %012lx-%012lx %s\n", e->addr, e->addr + e->size,
               names[e->type <= 5 ? e->type : 0]);
        if (e->type != 1 || start >= end)
            continue;
        if (end > DIRECTMAP_SIZE)
            panic("more memory than %lu GiB is not supported\n", DIRECTMAP_SIZE >> 30);
        max_mfn = max(max_mfn, end >> PAGE_SHIFT);
        start = max(start, 0x100000ul);
        if (start < end)
            free_map[nr_free++] = (struct xen_e820entry){start, end - start, 1};
    }
    keep(HV_PHYS, image_pa(__image_end));
    for (unsigned int i = 0; i < boot_info.nr_modules; i++) {
        const struct boot_module *m = &boot_info.module[i];

        printk("module %u at %lx, %lu KiB: %s\n", i, m->start, (m->end - m->start) >> 10,
               m->cmdline);
        keep(m->start, m->end);
    }
}

static void heap_init(void)
{
    for (unsigned int i = 0; i < nr_free; i++) {
        maddr_t start = free_map[i].addr, end = start + free_map[i].size;

        if (free_map[i].type == 1)
            heap_add(maddr_to_mfn(start), maddr_to_mfn(end));
    }
    heap_ready = true;
    printk("heap: %lu MiB of %lu\n", heap_free_pages() >> 8, max_mfn >> 8);
}

/* Module memory (and boot-only code) goes to the heap. */
static void boot_modules_release(void)
{
    for (unsigned int i = 0; i < boot_info.nr_modules; i++) {
        maddr_t start = ROUND_UP(boot_info.module[i].start, PAGE_SIZE);
        maddr_t end = boot_info.module[i].end & PAGE_MASK;

        if (start >= end)
            continue;
        memset(mfn_to_virt(maddr_to_mfn(start)), 0, end - start);
        heap_add(maddr_to_mfn(start), maddr_to_mfn(end));
    }
    boot_info.nr_modules = 0;
    vmap_drop_init();
}

/* ---- the order of things --------------------------------------------------------------------- */

/* On the boot CPU's own stack in the idle root. */
static void start_machine(void)
{
    vmap_frame_tables();
    heap_init();
    traps_init_cpu(0);
    smap_init();
    acpi_init();
    apic_map();
    apic_init_cpu();
    time_init();
    irq_init();
    timers_init();
    sched_init();
    current = sched_idle_vcpu(0);
    serial_irq_init();
    arch_irq_enable();
    smp_boot();
    perf_init();
    dom0_create();
    boot_modules_release();
    domain_unpause(dom0);
    idle_loop();
}

/* From boot.S: first page tables, first stack, interrupts off. @info: what the loader left,
 * physical. */
void __start(uint32_t magic, uint32_t info)
{
    loader_parse(magic, info);
    cmdline_parse(boot_info.cmdline);
    serial_init(options.console, options.console_baud);
    console_init();
    printk("Pavo, loaded by %s, command line: %s\n",
           magic == BOOT_MAGIC_PVH         ? "PVH"
           : magic == BOOT_MAGIC_MULTIBOOT ? "multiboot"
                                           : "an unknown loader",
           boot_info.cmdline);
    traps_init_boot();
    cpu_init_boot();
    boot_memory_init();
    vmap_init();
    vmap_stack(0);
    call_on_stack((uint64_t)cpu_record_of(0), start_machine);
}
