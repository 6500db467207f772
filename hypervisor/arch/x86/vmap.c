/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The hypervisor's own address space: the idle root, whose slots 256 to 271 every guest root
 * shares, the directmap, frame table, m2p, stacks, device memory.
 * Invariant: nothing is both writable and executable; text is in no other writable mapping (the
 *            image is left out of the directmap). The L4 slots are filled at boot and never change.
 * Locking:   vmap_lock guards the tables below the shared slots and the device memory cursor.
 *            Innermost.
 */
#include <asm/boot.h>
#include <asm/machine.h>
#include <asm/mm.h>
#include <asm/msr.h>
#include <hv/alloc.h>
#include <hv/spinlock.h>

#define PTE_UC  (PTE_PWT | PTE_PCD) /* entry 3 of the PAT */
#define SIZE_2M (1ull << 21)
#define SIZE_1G (1ull << 30)
#define LOW_4G  (1ull << 32)

uint64_t idle_root[512] __attribute__((aligned(4096), section(".bss.aligned")));
struct frame *frame_table = (struct frame *)FRAME_TABLE_VA;
uint64_t max_mfn;

static spinlock_t vmap_lock = SPINLOCK_INIT;
static bool directmap_live;
static vaddr_t ioremap_next = VMAP_VA;

void *mfn_to_virt(mfn_t mfn)
{
    return (void *)(DIRECTMAP_VA + mfn_to_maddr(mfn));
}

mfn_t virt_to_mfn(const void *p)
{
    vaddr_t va = (vaddr_t)p;

    if (va >= DIRECTMAP_VA && va < DIRECTMAP_VA + DIRECTMAP_SIZE)
        return maddr_to_mfn(va - DIRECTMAP_VA);
    BUG_ON(va < HV_VA || va >= (vaddr_t)__image_end);
    return maddr_to_mfn(image_pa(p));
}

/* ---- tables ---------------------------------------------------------------------------------- */

/* Until the directmap is there, the first 4 GiB are mapped one to one. */
static uint64_t *table_virt(maddr_t a)
{
    return (uint64_t *)(directmap_live ? DIRECTMAP_VA + a : a);
}

static maddr_t table_alloc(void)
{
    maddr_t a;
    void *p;

    if (heap_ready) {
        p = hv_alloc_page();
        return p ? mfn_to_maddr(virt_to_mfn(p)) : 0;
    }
    a = boot_alloc(1, 1, LOW_4G);
    memset(table_virt(a), 0, PAGE_SIZE);
    return a;
}

/* The entry of @level (1: 4 KiB ... 3: 1 GiB) for @va, or that of a larger page. Tables on the way are made if
 * @user >= 0 (1: reachable for guests). NULL: not there, no memory. */
static uint64_t *walk(vaddr_t va, unsigned int level, int user)
{
    uint64_t *table = idle_root, *e;
    maddr_t a;

    for (unsigned int l = 4;; l--) {
        e = &table[pte_index(va, l)];
        if (l == level || (l < 4 && (*e & PTE_PSE)))
            return e;
        if (!(*e & PTE_P)) {
            if (user < 0)
                return NULL;
            a = table_alloc();
            if (!a)
                return NULL;
            *e = a | PTE_P | PTE_RW | PTE_A | (user ? PTE_US : 0);
        }
        table = table_virt(*e & PTE_ADDR);
    }
}

static uint64_t prot_flags(unsigned int prot)
{
    uint64_t f = PTE_P | PTE_A;

    if (prot & PROT_W)
        f |= PTE_RW | PTE_D;
    if (!(prot & PROT_X))
        f |= PTE_NX;
    if (prot & PROT_UC)
        f |= PTE_UC;
    if (prot & PROT_USER)
        f |= PTE_US;
    return f;
}

/* Boot only: map a range with the largest pages that fit. */
static void map_range(vaddr_t va, maddr_t pa, uint64_t size, unsigned int prot)
{
    uint64_t flags = prot_flags(prot), step;
    unsigned int level;
    uint64_t *e;

    for (; size; va += step, pa += step, size -= step) {
        level = 1;
        if (!((va | pa) & (SIZE_2M - 1)) && size >= SIZE_2M)
            level = 2;
        if (cpu_features.gbpages && !((va | pa) & (SIZE_1G - 1)) && size >= SIZE_1G)
            level = 3;
        step = 1ull << (12 + 9 * (level - 1));
        e = walk(va, level, prot & PROT_USER ? 1 : 0);
        BUG_ON(!e || *e & PTE_P);
        *e = pa | flags | (level > 1 ? PTE_PSE : 0);
    }
}

/* ---- boot ------------------------------------------------------------------------------------ */

static void map_image_part(const char *start, const char *end, unsigned int prot)
{
    if (end > start)
        map_range((vaddr_t)start, image_pa(start), end - start, prot);
}

static void map_directmap(maddr_t start, maddr_t end)
{
    maddr_t image_start = HV_PHYS, image_end = image_pa(__image_end);

    start = ROUND_UP(start, PAGE_SIZE);
    end &= PAGE_MASK;
    if (start < image_end && end > image_start) {
        if (start < image_start)
            map_range(DIRECTMAP_VA + start, start, image_start - start, PROT_W);
        start = image_end;
    }
    if (start < end)
        map_range(DIRECTMAP_VA + start, start, end - start, PROT_W);
}

void vmap_init(void)
{
    unsigned int slot, i;

    for (slot = HV_SLOT_FIRST; slot <= 261; slot++)
        idle_root[slot] = table_alloc() | PTE_P | PTE_RW | PTE_A | (slot == 256 ? PTE_US : 0);
    map_image_part(__image_start, __text_end, PROT_X);
    map_image_part(__init_text_start, __init_text_end, PROT_X);
    map_image_part(__rodata_start, __rodata_end, PROT_R);
    map_image_part(__init_data_start, __init_data_end, PROT_W);
    map_image_part(__data_start, __image_end, PROT_W);
    for (i = 0; i < nr_e820; i++)
        if (e820[i].type == 1)
            map_directmap(e820[i].addr, e820[i].addr + e820[i].size);

    /* Other CPUs start on boot_l4: it gets the same slots, and keeps the identity map. */
    memcpy(&boot_l4[HV_SLOT_FIRST], &idle_root[HV_SLOT_FIRST],
           (HV_SLOT_LAST - HV_SLOT_FIRST + 1) * sizeof(uint64_t));
    write_cr3(image_pa(idle_root));
    directmap_live = true;
}

/* Boot memory of at least @size bytes at @va, in 2 MiB pages, and its directmap address. */
static void *back(vaddr_t va, uint64_t size)
{
    maddr_t pa;

    size = ROUND_UP(size, SIZE_2M);
    pa = boot_alloc(size / PAGE_SIZE, SIZE_2M / PAGE_SIZE, ~0ull);
    map_range(va, pa, size, PROT_W);
    return (void *)(DIRECTMAP_VA + pa);
}

/* Frames of RAM that the heap does not get are the hypervisor's: never free, never a guest's. The
 * first MiB, and what is no RAM, dom0 may map by permission. */
static void init_frames(void)
{
    const uint64_t io = (uint64_t)FRAME_OWNER_IO << FRAME_OWNER_SHIFT;
    const uint64_t ours = (uint64_t)FRAME_OWNER_NONE << FRAME_OWNER_SHIFT;
    uint64_t mfn, end;

    for (mfn = 0; mfn < max_mfn; mfn++)
        frame_table[mfn] = (struct frame){.state = io};
    for (unsigned int i = 0; i < nr_e820; i++) {
        if (e820[i].type != 1)
            continue;
        end = PFN_DOWN(e820[i].addr + e820[i].size);
        for (mfn = max(PFN_UP(e820[i].addr), 256ull); mfn < end; mfn++)
            frame_table[mfn].state = ours;
    }
    frame_table[TRAMPOLINE_PA >> PAGE_SHIFT].state = ours;
}

void vmap_frame_tables(void)
{
    uint64_t size = ROUND_UP(max_mfn * sizeof(uint64_t), SIZE_2M);
    void *m2p;

    back(FRAME_TABLE_VA, max_mfn * sizeof(struct frame));
    init_frames();
    m2p = back(M2P_RW_VA, size);
    memset(m2p, 0xff, size);
    map_range(M2P_RO_VA, mfn_to_maddr(virt_to_mfn(m2p)), size, PROT_R | PROT_USER);
}

void arch_m2p_set(mfn_t mfn, uint64_t pfn)
{
    if (mfn_valid(mfn))
        ((volatile uint64_t *)M2P_RW_VA)[mfn.n] = pfn;
}

uint64_t arch_m2p_get(mfn_t mfn)
{
    return mfn_valid(mfn) ? ((volatile uint64_t *)M2P_RW_VA)[mfn.n] : M2P_INVALID;
}

/* A CPU's block: exception stacks (pages 0-2), a hole, the main stack (4-7). The boot CPU keeps the
 * memory it started on. */
void vmap_stack(unsigned int cpu)
{
    vaddr_t va = STACKS_VA + cpu * STACK_SIZE * 2;
    mfn_t mfn;

    for (unsigned int i = 0; i < STACK_SIZE / PAGE_SIZE; i++) {
        if (i == 3)
            continue;
        if (cpu)
            mfn = virt_to_mfn(hv_alloc_page());
        else
            mfn = virt_to_mfn(boot_stack + i * PAGE_SIZE);
        BUG_ON(arch_map_pages(va + i * PAGE_SIZE, mfn, 1, PROT_W));
    }
}

static void drop(const char *start, const char *end)
{
    unsigned long nr = (end - start) / PAGE_SIZE;
    mfn_t first = maddr_to_mfn(image_pa(start));

    if (!nr)
        return;
    arch_unmap_pages((vaddr_t)start, nr);
    if (arch_map_pages((vaddr_t)mfn_to_virt(first), first, nr, PROT_W))
        return;
    heap_add(first, mfn_add(first, nr));
}

/* Code and data that only boot needs become ordinary memory. */
void vmap_drop_init(void)
{
    drop(__init_text_start, __init_text_end);
    drop(__init_data_start, __init_data_end);
}

/* ---- later mappings -------------------------------------------------------------------------- */

/* Its holder may allocate, and the heap may flush before it gives memory out: answer while waiting. */
static void vmap_lock_get(unsigned long *flags)
{
    *flags = arch_irq_save();
    while (!spin_trylock(&vmap_lock))
        arch_spin_wait();
}

int arch_map_pages(vaddr_t va, mfn_t mfn, unsigned long nr, unsigned int prot)
{
    unsigned long flags, i;
    uint64_t *e;
    int rc = 0;

    vmap_lock_get(&flags);
    for (i = 0; i < nr && !rc; i++) {
        e = walk(va + i * PAGE_SIZE, 1, prot & PROT_USER ? 1 : 0);
        if (!e || *e & PTE_P)
            rc = e ? -EEXIST : -ENOMEM;
    }
    for (i = 0; i < nr && !rc; i++)
        *walk(va + i * PAGE_SIZE, 1, -1) = mfn_to_maddr(mfn_add(mfn, i)) | prot_flags(prot);
    spin_unlock_irqrestore(&vmap_lock, flags);
    return rc;
}

void arch_unmap_pages(vaddr_t va, unsigned long nr)
{
    unsigned long flags, i;
    uint64_t *e;

    vmap_lock_get(&flags);
    for (i = 0; i < nr; i++) {
        e = walk(va + i * PAGE_SIZE, 1, -1);
        if (e && !(*e & PTE_PSE))
            *e = 0;
    }
    spin_unlock_irqrestore(&vmap_lock, flags);
    if (arch_nr_cpus() > 1)
        tlb_flush_mask(cpu_online_mask);
    else
        for (i = 0; i < nr; i++)
            invlpg(va + i * PAGE_SIZE);
}

void *arch_ioremap(maddr_t addr, size_t size)
{
    maddr_t first = addr & PAGE_MASK;
    unsigned long nr = PFN_UP(addr + size - first), flags;
    vaddr_t va;

    vmap_lock_get(&flags);
    va = ioremap_next;
    if (va + (nr + 1) * PAGE_SIZE <= VMAP_VA + VMAP_SIZE)
        ioremap_next += (nr + 1) * PAGE_SIZE; /* an unmapped page between */
    else
        nr = 0;
    spin_unlock_irqrestore(&vmap_lock, flags);
    if (!nr || arch_map_pages(va, maddr_to_mfn(first), nr, PROT_W | PROT_UC))
        return NULL;
    return (void *)(va + (addr - first));
}
