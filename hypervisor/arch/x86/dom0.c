/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Build dom0: memory, kernel, initrd, p2m, start info, page tables, vCPUs.
 *
 * Virtual layout from VIRT_BASE (pfn 0) on, each part page-aligned, all mapped:
 *   kernel as its ELF file says; initrd unless the kernel takes its pfn; p2m unless it has a place of its
 *   own (INIT_P2M); start info; page tables (read-only: L4 first); stack; padding of at least 512 KiB up
 *   to a multiple of 4 MiB.
 * Behind that in pfns, not mapped there: the initrd, then the p2m and the tables that map it.
 *
 * Frames belong to dom0 and have no type while their contents are written through the directmap;
 * pinning the L4 at the end checks every entry as for any other guest. Nothing here trusts the kernel
 * file: its offsets are judged by core/elf.c, its size against dom0's memory.
 * Runs once on the boot CPU; failing is a panic that says why.
 * ABI: pv-abi/start_info.h, pv-abi/x86.h (source: Xen public xen.h, "Start-of-day memory layout").
 */
#include <asm/irq.h>
#include <asm/machine.h>
#include <asm/mm.h>
#include <asm/unpack.h>
#include <hv/alloc.h>
#include <hv/arch.h>
#include <hv/cmdline.h>
#include <hv/pvimage.h>
#include <pv-abi/start_info.h>

#define PADDING         (512ul << 10)
#define REGION_ALIGN    (4ul << 20)
#define MIB_PAGES       (1ul << (20 - PAGE_SHIFT))
#define DEFAULT_MIN     (512 * MIB_PAGES) /* dom0_mem=: a quarter of memory within these */
#define DEFAULT_MAX     (4096 * MIB_PAGES)
#define HV_RESERVE      (32 * MIB_PAGES) /* left to the hypervisor whatever dom0_mem= says */
#define GRANT_FRAMES    64
#define MAPTRACK_FRAMES 1024

/* The pfns [pfn, pfn + nr) are the frames from mfn on. */
struct extent {
    uint64_t pfn, mfn, nr;
};

static struct build {
    struct domain *d;
    struct pv_image image;
    const void *initrd;
    uint64_t initrd_len;

    uint64_t nr_pages;
    struct extent extent[512];
    unsigned int nr_extents;

    uint64_t v_start, v_initrd, v_p2m, v_start_info, v_tables, v_stack, v_end;
    uint64_t nr_tables; /* of the region */
    uint64_t pfn_initrd;
    uint64_t pfn_p2m, nr_p2m; /* with INIT_P2M: the p2m's frames, then its tables */
    uint64_t p2m_pages;

    uint64_t table_next, table_end; /* pfns that walk() may use as tables */
    mfn_t root;
} b;

/* ---- memory */

static uint64_t pages_wanted(void)
{
    uint64_t avail = heap_free_pages(), want = options.dom0_mem_pages;

    if (!want)
        want = min(max(heap_total_pages() / 4, DEFAULT_MIN), DEFAULT_MAX);
    if (avail <= HV_RESERVE)
        panic("dom0: not enough memory: %lu MiB free\n", (avail / MIB_PAGES));
    if (want > avail - HV_RESERVE) {
        printk(LOG_WARN "dom0: only %lu MiB of the wanted %lu are free\n",
               ((avail - HV_RESERVE) / MIB_PAGES), (want / MIB_PAGES));
        want = avail - HV_RESERVE;
    }
    return want;
}

/* Large blocks first, so that dom0's memory is contiguous where it can be. */
static void memory_alloc(void)
{
    unsigned int order = MAX_ORDER;
    uint64_t pfn = 0;

    while (pfn < b.nr_pages) {
        struct extent *last = b.nr_extents ? &b.extent[b.nr_extents - 1] : NULL;
        mfn_t mfn;

        while (1ull << order > b.nr_pages - pfn)
            order--;
        if (domain_alloc_frames(b.d, order, 0, &mfn)) {
            if (order-- == 0)
                panic("dom0: out of memory after %lu of %lu pages\n", pfn, b.nr_pages);
            continue;
        }
        if (last && last->mfn + last->nr == mfn.n) {
            last->nr += 1ull << order;
        } else {
            if (b.nr_extents == ARRAY_SIZE(b.extent))
                panic("dom0: memory is too fragmented\n");
            b.extent[b.nr_extents++] = (struct extent){pfn, mfn.n, 1ull << order};
        }
        pfn += 1ull << order;
    }
}

static mfn_t pfn_to_mfn(uint64_t pfn)
{
    for (unsigned int i = 0; i < b.nr_extents; i++)
        if (pfn - b.extent[i].pfn < b.extent[i].nr)
            return _mfn(b.extent[i].mfn + (pfn - b.extent[i].pfn));
    panic("dom0: pfn 0x%lx has no frame\n", pfn);
}

static void *pfn_page(uint64_t pfn)
{
    return mfn_to_virt(pfn_to_mfn(pfn));
}

static uint64_t va_to_pfn(uint64_t va)
{
    return (va - b.v_start) >> PAGE_SHIFT;
}

/* Copy @n bytes to byte address @at of the linear pfn space; @from NULL: zeroes. */
static void pfn_write(uint64_t at, const void *from, uint64_t n)
{
    while (n) {
        uint64_t off = at & (PAGE_SIZE - 1), chunk = min(n, PAGE_SIZE - off);
        char *to = (char *)pfn_page(at >> PAGE_SHIFT) + off;

        if (from) {
            memcpy(to, from, chunk);
            from = (const char *)from + chunk;
        } else {
            memset(to, 0, chunk);
        }
        at += chunk;
        n -= chunk;
    }
}

static void va_write(uint64_t va, const void *from, uint64_t n)
{
    pfn_write(va - b.v_start, from, n);
}

/* ---- layout */

/* Number of tables that map [start, end), one level up from entries of 2^shift bytes. */
static uint64_t tables_at(uint64_t start, uint64_t end, unsigned int shift)
{
    return ((end - 1) >> shift) - (start >> shift) + 1;
}

/* L1, L2 and L3 tables; the L4 is extra. */
static uint64_t tables_for(uint64_t start, uint64_t end)
{
    return tables_at(start, end, 21) + tables_at(start, end, 30) + tables_at(start, end, 39);
}

static void layout(void)
{
    const struct pv_image *k = &b.image;
    uint64_t next = ROUND_UP(k->end, PAGE_SIZE), pfn;

    b.v_start = k->virt_base;
    b.p2m_pages = PFN_UP(b.nr_pages * sizeof(uint64_t));
    if (b.initrd_len && !k->mod_start_pfn) {
        b.v_initrd = next;
        next += ROUND_UP(b.initrd_len, PAGE_SIZE);
    }
    if (!k->has_init_p2m) {
        b.v_p2m = next;
        next += b.p2m_pages << PAGE_SHIFT;
    }
    b.v_start_info = next;
    b.v_tables = next + PAGE_SIZE;
    do {
        b.nr_tables++;
        b.v_stack = b.v_tables + (b.nr_tables << PAGE_SHIFT);
        b.v_end = ROUND_UP(b.v_stack + PAGE_SIZE + PADDING, REGION_ALIGN);
    } while (tables_for(b.v_start, b.v_end) + 1 > b.nr_tables);

    pfn = va_to_pfn(b.v_end);
    if (b.initrd_len && k->mod_start_pfn) {
        b.pfn_initrd = pfn;
        pfn += PFN_UP(b.initrd_len);
    }
    if (k->has_init_p2m) {
        b.v_p2m = k->init_p2m;
        b.pfn_p2m = pfn;
        b.nr_p2m = b.p2m_pages + tables_for(b.v_p2m, b.v_p2m + (b.p2m_pages << PAGE_SHIFT));
        pfn += b.nr_p2m;
    }
    if (b.v_end <= b.v_start || !guest_va_ok(b.v_start) || !guest_va_ok(b.v_end - 1) ||
        !guest_va_ok(b.v_p2m) || !guest_va_ok(b.v_p2m + (b.p2m_pages << PAGE_SHIFT) - 1))
        panic("dom0: the kernel's addresses are not a guest's\n");
    if (pfn > b.nr_pages)
        panic("dom0: kernel and initrd need %lu MiB, dom0_mem= gives %lu\n", (pfn / MIB_PAGES + 1),
              b.nr_pages / MIB_PAGES);
}

/* ---- page tables */

#define PTE_TABLE (PTE_P | PTE_RW | PTE_US | PTE_A)
#define PTE_DATA  (PTE_P | PTE_RW | PTE_US | PTE_A | PTE_D)

static mfn_t table_new(void)
{
    mfn_t mfn;

    BUG_ON(b.table_next == b.table_end);
    mfn = pfn_to_mfn(b.table_next++);
    memset(mfn_to_virt(mfn), 0, PAGE_SIZE);
    return mfn;
}

static void map_page(uint64_t va, mfn_t mfn, uint64_t flags)
{
    uint64_t *table = mfn_to_virt(b.root);

    for (unsigned int level = 4; level > 1; level--) {
        uint64_t *e = &table[pte_index(va, level)];

        if (!*e)
            *e = mfn_to_maddr(table_new()) | PTE_TABLE;
        table = mfn_to_virt(pte_mfn(*e));
    }
    table[pte_index(va, 1)] = mfn_to_maddr(mfn) | flags;
}

static void map_all(void)
{
    uint64_t va, tables_end = b.v_tables + (b.nr_tables << PAGE_SHIFT);

    b.table_next = va_to_pfn(b.v_tables);
    b.table_end = b.table_next + b.nr_tables;
    b.root = table_new();
    for (va = b.v_start; va < b.v_end; va += PAGE_SIZE)
        map_page(va, pfn_to_mfn(va_to_pfn(va)),
                 va >= b.v_tables && va < tables_end ? PTE_DATA & ~PTE_RW : PTE_DATA);
    /* Tables that the count did not need are still said to be tables: empty, read-only. */
    while (b.table_next < b.table_end)
        table_new();
    if (!b.image.has_init_p2m)
        return;
    b.table_next = b.pfn_p2m + b.p2m_pages;
    b.table_end = b.pfn_p2m + b.nr_p2m;
    for (uint64_t i = 0; i < b.p2m_pages; i++)
        map_page(b.v_p2m + (i << PAGE_SHIFT), pfn_to_mfn(b.pfn_p2m + i), PTE_DATA);
    while (b.table_next < b.table_end)
        table_new();
}

/* ---- contents */

static void write_p2m(void)
{
    uint64_t first = b.image.has_init_p2m ? b.pfn_p2m : va_to_pfn(b.v_p2m);
    uint64_t *page = NULL;

    for (unsigned int i = 0; i < b.nr_extents; i++) {
        const struct extent *x = &b.extent[i];

        for (uint64_t n = 0; n < x->nr; n++) {
            uint64_t pfn = x->pfn + n;

            if (!page || pfn % 512 == 0)
                page = pfn_page(first + pfn / 512);
            page[pfn % 512] = x->mfn + n;
            arch_m2p_set(_mfn(x->mfn + n), pfn);
        }
    }
}

static void write_kernel(const struct unpacked *file)
{
    const struct pv_image *k = &b.image;

    for (unsigned int i = 0; i < k->nr_segments; i++) {
        const struct pv_segment *s = &k->segment[i];

        va_write(s->va, (const char *)file->elf + s->offset, s->filesz);
        va_write(s->va + s->filesz, NULL, s->memsz - s->filesz);
    }
    if (k->has_hypercall_page)
        arch_hypercall_page(pfn_page(va_to_pfn(k->hypercall_page)));
}

static void write_initrd(void)
{
    pfn_write(b.image.mod_start_pfn ? b.pfn_initrd << PAGE_SHIFT : b.v_initrd - b.v_start, b.initrd,
              b.initrd_len);
}

static void write_start_info(const char *cmdline)
{
    struct start_info *si = pfn_page(va_to_pfn(b.v_start_info));

    _Static_assert(sizeof(*si) <= PAGE_SIZE, "start info is one page");
    memset(si, 0, PAGE_SIZE);
    strlcpy(si->magic, START_INFO_MAGIC, sizeof(si->magic));
    si->nr_pages = b.nr_pages;
    si->shared_info = mfn_to_maddr(b.d->shared_mfn);
    si->flags = SIF_PRIVILEGED | SIF_INITDOMAIN;
    si->pt_base = b.v_tables;
    si->nr_pt_frames = b.nr_tables;
    si->mfn_list = b.v_p2m;
    if (b.initrd_len) {
        si->mod_len = b.initrd_len;
        si->mod_start = b.v_initrd;
        if (b.image.mod_start_pfn) {
            si->flags |= SIF_MOD_START_PFN;
            si->mod_start = b.pfn_initrd;
        }
    }
    if (b.image.has_init_p2m) {
        si->first_p2m_pfn = b.pfn_p2m;
        si->nr_p2m_frames = b.nr_p2m;
    }
    strlcpy((char *)si->cmd_line, cmdline, sizeof(si->cmd_line));
}

/* ---- domain */

static void domain_make(void)
{
    static const uint8_t handle[16];
    unsigned int nr = arch_nr_cpus();
    int rc;

    if (options.dom0_max_vcpus)
        nr = options.dom0_max_vcpus;
    nr = min(nr, MAX_VCPUS);
    rc = domain_create(0, handle, nr, GRANT_FRAMES, MAPTRACK_FRAMES, EVTCHN_MAX_PORTS - 1, &b.d);
    if (rc)
        panic("dom0: cannot create the domain: %d\n", rc);
    dom0 = b.d;
    b.d->privileged = true;
    rc = pirq_domain_init(b.d);
    for (unsigned int i = 0; !rc && i < nr; i++)
        rc = vcpu_create(b.d, i, i % arch_nr_cpus());
    if (rc)
        panic("dom0: cannot create its vcpus: %d\n", rc);
    b.nr_pages = pages_wanted();
    b.d->max_pages = b.nr_pages;
}

static void vcpu_start(void)
{
    struct vcpu *v = b.d->vcpu[0];
    struct cpu_regs *r = &v->arch.regs;
    int rc;

    do
        rc = mm_pin_table(b.d, b.root, FRAME_T_L4);
    while (rc == -ERESTART);
    if (rc || (rc = vcpu_set_kernel_root(v, b.root)))
        panic("dom0: its first page tables are refused: %d\n", rc);
    memset(r, 0, sizeof(*r));
    r->rip = b.image.entry;
    r->cs = FLAT_KERNEL_CS;
    r->ss = FLAT_KERNEL_SS;
    r->rsp = b.v_stack + PAGE_SIZE;
    r->rflags = 0x202; /* interrupts on: masking is evtchn_upcall_mask */
    r->rsi = b.v_start_info;
    v->arch.in_kernel = true;
    v->arch.kernel_ss = FLAT_KERNEL_SS;
    v->arch.kernel_sp = r->rsp;
    v->info->evtchn_upcall_mask = 1;
    v->initialised = true;
    clear_bit(VPF_DOWN, &v->pause_flags);
}

static void log_layout(void)
{
    printk(LOG_INFO "dom0: %s kernel %lx-%lx, entry %lx, %lu MiB, %u vcpus\n", b.image.guest_os,
           b.image.start, b.image.end, b.image.entry, b.nr_pages / MIB_PAGES, b.d->max_vcpus);
    printk(LOG_DEBUG "dom0: p2m %lx, start info %lx, tables %lx (%lu), stack %lx, end %lx\n",
           b.v_p2m, b.v_start_info, b.v_tables, b.nr_tables, b.v_stack, b.v_end);
    for (unsigned int i = 0; i < b.nr_extents; i++)
        printk(LOG_DEBUG "dom0: pfn %lx-%lx = mfn %lx\n", b.extent[i].pfn,
               b.extent[i].pfn + b.extent[i].nr - 1, b.extent[i].mfn);
}

void dom0_create(void)
{
    const struct boot_module *kernel = &boot_info.module[0], *initrd = &boot_info.module[1];
    struct unpacked file;
    const char *why;

    if (!boot_info.nr_modules)
        panic("dom0: the loader gave no kernel (first module)\n");
    if (kernel_unpack(mfn_to_virt(maddr_to_mfn(kernel->start)) + (kernel->start & ~PAGE_MASK),
                      kernel->end - kernel->start, &file, &why) ||
        pv_image_parse(file.elf, file.size, &b.image, &why))
        panic("dom0: %s\n", why);
    if (boot_info.nr_modules > 1 && initrd->end > initrd->start) {
        b.initrd = mfn_to_virt(maddr_to_mfn(initrd->start)) + (initrd->start & ~PAGE_MASK);
        b.initrd_len = initrd->end - initrd->start;
    }
    domain_make();
    layout();
    memory_alloc();
    write_p2m();
    write_kernel(&file);
    kernel_unpack_free(&file);
    write_initrd();
    write_start_info(kernel->cmdline);
    map_all();
    vcpu_start();
    log_layout();
}
