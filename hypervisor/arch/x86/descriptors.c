/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Descriptor tables of vcpus. Each vcpu has a window in the hypervisor's part of the address space: its GDT,
 * of guest frames with the hypervisor's own page behind them, then its LDT. The processor reads the
 * descriptors there; the guest cannot.
 * Invariant: a guest frame in a window has a reference as FRAME_T_SEGDESC, so nobody can write it unchecked.
 *            The GDT's frames are taken when it is set, the LDT's one by one when the processor looks there.
 */
#include <asm/layout.h>
#include <asm/machine.h>
#include <asm/mm.h>
#include <asm/traps.h>
#include <hv/arch.h>
#include <hv/hypercall.h>
#include <pv-abi/x86.h>

#define NR_WINDOWS 65536u
static unsigned long window_map[NR_WINDOWS / 64];

static uint64_t window_va(const struct vcpu *v)
{
    return VCPU_WINDOW_VA + (uint64_t)v->arch.window * VCPU_WINDOW_SIZE;
}

static uint64_t ldt_window_va(const struct vcpu *v)
{
    return window_va(v) + VCPU_WINDOW_SIZE / 2;
}

static int window_alloc(struct vcpu *v)
{
    for (unsigned int i = 0; i < NR_WINDOWS; i++) {
        if (!test_and_set_bit(i, window_map)) {
            v->arch.window = i;
            return 0;
        }
    }
    return -ENOSPC;
}

int descriptors_create(struct vcpu *v)
{
    int rc = window_alloc(v);

    if (rc)
        return rc;
    rc = arch_map_pages(window_va(v) + FIRST_RESERVED_GDT_BYTE, virt_to_mfn(gdt_page), 1,
                        PROT_R | PROT_W);
    if (rc)
        clear_bit(v->arch.window, window_map);
    return rc;
}

void descriptors_destroy(struct vcpu *v)
{
    arch_unmap_pages(window_va(v) + FIRST_RESERVED_GDT_BYTE, 1);
    clear_bit(v->arch.window, window_map);
}

void descriptors_load(const struct vcpu *v)
{
    gdt_load(window_va(v));
    ldt_load(ldt_window_va(v), v->arch.ldt_entries);
}

/* Take the @nr pages at @va out of the window. */
static void pages_drop(mfn_t *mfn, unsigned int nr, uint64_t va)
{
    for (unsigned int i = 0; i < nr; i++) {
        if (mfn_is_invalid(mfn[i]))
            continue;
        arch_unmap_pages(va + i * PAGE_SIZE, 1);
        frame_put_and_type(mfn_to_frame(mfn[i]));
        mfn[i] = INVALID_MFN;
    }
}

static void gdt_drop(struct vcpu *v)
{
    pages_drop(v->arch.gdt_mfn, GDT_GUEST_FRAMES, window_va(v));
    v->arch.gdt_entries = 0;
}

static void ldt_drop_pages(struct vcpu *v)
{
    pages_drop(v->arch.ldt_mfn, ARRAY_SIZE(v->arch.ldt_mfn), ldt_window_va(v));
}

void descriptors_drop(struct vcpu *v)
{
    gdt_drop(v);
    ldt_drop_pages(v);
    v->arch.ldt_entries = 0;
}

/* The new frames are taken before the old ones go: what is refused changes nothing. */
int vcpu_set_gdt(struct vcpu *v, const uint64_t *mfns, unsigned int entries)
{
    unsigned int nr = (entries + 511) / 512, i;
    int rc = 0;

    if (entries > FIRST_RESERVED_GDT_ENTRY)
        return -EINVAL;
    for (i = 0; i < nr; i++) {
        rc = mfn_get_and_type(v->domain, _mfn(mfns[i]), FRAME_T_SEGDESC);
        if (rc)
            goto err;
    }
    gdt_drop(v);
    for (i = 0; i < nr; i++) {
        rc = arch_map_pages(window_va(v) + i * PAGE_SIZE, _mfn(mfns[i]), 1, PROT_R);
        if (rc)
            goto err_mapped;
        v->arch.gdt_mfn[i] = _mfn(mfns[i]);
    }
    v->arch.gdt_entries = entries;
    return 0;
err_mapped:
    for (unsigned int j = i; j < nr; j++)
        frame_put_and_type(mfn_to_frame(_mfn(mfns[j])));
    gdt_drop(v);
    return rc;
err:
    while (i-- > 0)
        frame_put_and_type(mfn_to_frame(_mfn(mfns[i])));
    return rc == -EPERM ? -EINVAL : rc;
}

void vcpu_set_ldt(struct vcpu *v, guest_va_t base, unsigned int entries)
{
    ldt_drop_pages(v);
    v->arch.ldt_base = base;
    v->arch.ldt_entries = entries;
    if (v == current)
        ldt_load(ldt_window_va(v), entries);
}

/* The processor looked for a descriptor of an LDT page that is not in the window yet. */
bool mm_ldt_fault(struct vcpu *v, uint64_t va)
{
    uint64_t off = va - ldt_window_va(v), pte;
    unsigned int page = (unsigned int)(off >> PAGE_SHIFT);
    int rc;

    if (va < ldt_window_va(v) || off >= (uint64_t)v->arch.ldt_entries * 8 ||
        !mfn_is_invalid(v->arch.ldt_mfn[page]))
        return false;
    pte = mm_lookup(v->domain, v->arch.kernel_root, v->arch.ldt_base + (uint64_t)page * PAGE_SIZE);
    if (!(pte & PTE_P))
        return false;
    rc = mfn_get_and_type(v->domain, pte_mfn(pte), FRAME_T_SEGDESC);
    if (rc)
        return rc == -ERESTART; /* it faults again after the interruption */
    if (arch_map_pages(va & PAGE_MASK, pte_mfn(pte), 1, PROT_R)) {
        frame_put_and_type(mfn_to_frame(pte_mfn(pte)));
        return false;
    }
    v->arch.ldt_mfn[page] = pte_mfn(pte);
    return true;
}

long hc_set_gdt(struct domain *d, guest_va_t frames, uint64_t entries)
{
    uint64_t mfns[GDT_GUEST_FRAMES];
    struct vcpu *v = current;
    int rc;

    if (entries > FIRST_RESERVED_GDT_ENTRY)
        return -EINVAL;
    if (copy_from_guest(mfns, frames, (entries + 511) / 512 * 8))
        return -EFAULT;
    rc = vcpu_set_gdt(v, mfns, (unsigned int)entries);
    if (!rc)
        gdt_load(window_va(v));
    return rc == -ERESTART ? HC_CONTINUE : rc;
}

long hc_update_descriptor(struct domain *d, uint64_t maddr, uint64_t desc)
{
    mfn_t mfn = maddr_to_mfn(maddr);
    struct frame *f;
    uint64_t *p;
    long rc;

    if ((maddr & 7) || !descriptor_ok(&desc))
        return -EINVAL;
    f = mfn_get(d, mfn);
    if (!f)
        return -EINVAL;
    /* As a descriptor table if it is one, else as the plain memory that it then must be. */
    if (!frame_get_type_live(f, FRAME_T_SEGDESC)) {
        rc = frame_get_type(f, FRAME_T_WRITABLE);
        if (rc)
            goto out;
    }
    p = mfn_to_virt(mfn);
    __atomic_store_n(&p[(maddr & ~PAGE_MASK) / 8], desc, __ATOMIC_RELAXED);
    frame_put_type(f);
    rc = 0;
out:
    frame_put(f);
    return rc == -ERESTART ? HC_CONTINUE : rc;
}
