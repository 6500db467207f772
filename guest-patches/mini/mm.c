/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Frames and page tables. Everything up to the end of the initial mapping is at VIRT_BASE + its
 * pseudo-physical address; further frames have no address until a test maps them.
 */
#include "mini.h"

#define POOL_PAGES 512

static uint8_t pool[POOL_PAGES][PAGE_SIZE] __attribute__((aligned(4096)));
static void *free_pages[POOL_PAGES];
static unsigned long free_count;
static uint64_t *p2m;
static uint64_t next_pfn;
static const uint64_t *const m2p = (const uint64_t *)MACH2PHYS_VIRT_START;
static uint64_t *scratch;
static uint8_t shared_info_page[PAGE_SIZE] __attribute__((aligned(4096)));

uint64_t pfn_to_mfn(uint64_t pfn)
{
    return p2m[pfn];
}

void p2m_set(uint64_t pfn, uint64_t mfn)
{
    p2m[pfn] = mfn;
}

uint64_t mfn_to_pfn(uint64_t mfn)
{
    return m2p[mfn];
}

uint64_t va_to_mfn(const void *va)
{
    return p2m[(PTR(va) - VIRT_BASE) >> 12];
}

void *mfn_to_va(uint64_t mfn)
{
    return (void *)(VIRT_BASE + (m2p[mfn] << 12));
}

void *page_alloc(void)
{
    void *page;

    if (!free_count)
        return NULL;
    page = free_pages[--free_count];
    memset(page, 0, PAGE_SIZE);
    return page;
}

void page_free(void *page)
{
    free_pages[free_count++] = page;
}

unsigned long pages_free(void)
{
    return free_count;
}

uint64_t *pte_of(const void *va, int level)
{
    uint64_t *table = (uint64_t *)start_info->pt_base;

    for (int at = 4; at > level; at--) {
        uint64_t entry = table[PTR(va) >> (12 + 9 * (at - 1)) & 511];

        if (!(entry & PTE_P) || entry & PTE_PS)
            return NULL;
        table = mfn_to_va(PTE_MFN(entry));
    }
    return &table[PTR(va) >> (12 + 9 * (level - 1)) & 511];
}

long page_readonly(void *page)
{
    return update_va_mapping(page, va_to_mfn(page) << 12 | PTE_P | PTE_A, UVMF_INVLPG);
}

long page_writable(void *page)
{
    return update_va_mapping(page, va_to_mfn(page) << 12 | PTE_KERNEL, UVMF_INVLPG);
}

uint64_t pfn_take(void)
{
    return --next_pfn;
}

long mmu_set(uint64_t ptr, uint64_t val, unsigned int kind)
{
    struct mmu_update update = {.ptr = ptr | kind, .val = val};

    return mmu_update(&update, 1, NULL, DOMID_SELF);
}

long pin(unsigned int level, uint64_t mfn)
{
    struct mmuext_op op = {.cmd = MMUEXT_PIN_L1_TABLE + level - 1, .arg1.mfn = mfn};

    return mmuext_op(&op, 1, NULL, DOMID_SELF);
}

long unpin(uint64_t mfn)
{
    struct mmuext_op op = {.cmd = MMUEXT_UNPIN_TABLE, .arg1.mfn = mfn};

    return mmuext_op(&op, 1, NULL, DOMID_SELF);
}

uint64_t *scratch_l1(void)
{
    uint64_t *l3, *l2, *l1;
    void *va = (void *)SCRATCH;
    uint64_t l4_entry = va_to_maddr(pte_of(va, 4));

    if (scratch)
        return scratch;
    l3 = page_alloc();
    l2 = page_alloc();
    l1 = page_alloc();
    l3[SCRATCH >> 30 & 511] = va_to_maddr(l2) | PTE_TABLE;
    l2[SCRATCH >> 21 & 511] = va_to_maddr(l1) | PTE_TABLE;
    if (page_readonly(l1) || page_readonly(l2) || page_readonly(l3) ||
        mmu_set(l4_entry, va_to_maddr(l3) | PTE_TABLE, MMU_NORMAL_PT_UPDATE)) {
        kprintf("FAIL mini: no scratch region\n");
        domain_shutdown(SHUTDOWN_crash);
    }
    scratch = l1;
    return l1;
}

void mm_init(void)
{
    p2m = (uint64_t *)start_info->mfn_list;
    next_pfn = start_info->nr_pages;
    for (int i = POOL_PAGES - 1; i >= 0; i--)
        free_pages[free_count++] = pool[i];
    update_va_mapping(shared_info_page, start_info->shared_info | PTE_KERNEL, UVMF_INVLPG);
    shared_info = (struct shared_info *)shared_info_page;
    /* For the tools: where the p2m is. */
    shared_info->arch.p2m_cr3 = va_to_maddr((const void *)start_info->pt_base);
    shared_info->arch.p2m_vaddr = start_info->mfn_list;
    shared_info->arch.max_pfn = start_info->nr_pages;
}
