/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Page-table hypercalls: mmu_update, mmuext_op, update_va_mapping, and trapped writes to page tables.
 *
 * Entries of level 1 leave stale translations to the guest, which asks for flushes; what isolation
 * needs is flushed by type changes (tlb.c). Upper levels are the same: a table that is unhooked keeps its
 * type until it is devalidated, and its frame is flushed for before it becomes anything else.
 *
 * ABI: pv-abi/mmu.h (source: Xen public xen.h).
 */
#include <asm/decode.h>
#include <asm/emulate.h>
#include <asm/machine.h>
#include <asm/mm.h>
#include <asm/msr.h>
#include <hv/arch.h>
#include <hv/hypercall.h>
#include <hv/perf.h>
#include <pv-abi/mmu.h>
#include <pv-abi/types.h>

/* A new level-1 entry of current's own address space is to be flushed on these CPUs. */
static uint64_t vcpu_mask_to_cpus(struct domain *d, uint64_t vcpus)
{
    uint64_t cpus = 0;
    struct vcpu *v;

    for_each_vcpu (d, v)
        if (vcpus >> v->id & 1)
            cpus |= 1ull << ACCESS_ONCE(v->sched.cpu) | 1ull << ACCESS_ONCE(v->arch.last_cpu);
    return cpus & __atomic_load_n(&d->arch.tlb_cpus[0], __ATOMIC_SEQ_CST);
}

/* The domain whose frames an operation means. With a reference, unless it is @d itself. */
static int page_owner_get(struct domain *d, unsigned int id, struct domain **out)
{
    *out = d;
    if (id == DOMID_SELF || id == DOMID_IO)
        return 0;
    if (id == d->domid) /* by number only others are meant */
        return -ESRCH;
    return domain_get_controlled(d, (domid_t)id, out);
}

static void page_owner_put(struct domain *d, struct domain *owner)
{
    if (owner != d)
        domain_put(owner);
}

/* The frame of the previous update, held: updates come in runs on one table. */
struct table_ref {
    struct frame *frame;
    enum frame_type type;
};

static void table_ref_drop(struct table_ref *r)
{
    if (r->frame)
        frame_put_and_type(r->frame);
    r->frame = NULL;
}

static int table_ref_get(struct table_ref *r, struct domain *d, mfn_t mfn)
{
    struct frame *f;
    int rc;

    if (r->frame && r->frame == mfn_to_frame(mfn))
        return 0;
    table_ref_drop(r);
    f = mfn_get(d, mfn);
    if (!f)
        return -EINVAL;
    for (unsigned int tries = 0;; tries++) {
        r->type = frame_state_type(frame_state(f));
        if (r->type >= FRAME_T_L1 && r->type <= FRAME_T_L4 && frame_get_type_live(f, r->type))
            break;
        /* No table: the guest may write it by this call as it may by a store. */
        r->type = FRAME_T_WRITABLE;
        rc = frame_get_type(f, FRAME_T_WRITABLE);
        if (!rc)
            break;
        if (rc == -EINVAL && tries < 3)
            continue; /* became a table just now? Or it is none of these, or its type count is full */
        frame_put(f);
        return rc;
    }
    r->frame = f;
    return 0;
}

static int one_update(struct domain *pt_owner, struct domain *pg_owner, struct table_ref *r,
                      uint64_t ptr, uint64_t val)
{
    unsigned int kind = ptr & 3;
    mfn_t mfn = maddr_to_mfn(ptr & ~7ull);
    unsigned int index = (ptr & ~PAGE_MASK) / 8;
    int rc;

    if (kind == MMU_MACHPHYS_UPDATE) {
        struct frame *f = mfn_get(pg_owner, mfn);

        if (!f)
            return -EINVAL;
        arch_m2p_set(mfn, val);
        frame_put(f);
        return 0;
    }
    if (ptr & 4)
        return -EINVAL;
    rc = table_ref_get(r, pt_owner, mfn);
    if (rc)
        return rc;
    if (r->type == FRAME_T_WRITABLE) {
        uint64_t *p = (uint64_t *)mfn_to_virt(mfn) + index;

        __atomic_store_n(p, val, __ATOMIC_RELAXED);
        return 0;
    }
    return mm_write_entry(pt_owner, pg_owner, r->frame, r->type, index, val,
                          kind == MMU_PT_UPDATE_PRESERVE_AD ? MM_PRESERVE_AD : 0, NULL);
}

/* The end of a list of updates: report how many are done, and if there is more to do, come back for @left of
 * them from @next on. Returns @rc, or -EFAULT. */
static long batch_end(long rc, guest_va_t done, uint32_t total, guest_va_t next, uint32_t left)
{
    if (done && copy_to_guest(done, &total, 4))
        return -EFAULT;
    if (rc == HC_CONTINUE) {
        current->hc_args[0] = next;
        current->hc_args[1] = left | MMU_UPDATE_PREEMPTED;
    }
    return rc;
}

long hc_mmu_update(struct domain *d, guest_va_t ureqs, uint64_t count, guest_va_t done,
                   uint64_t foreign)
{
    struct mmu_update req[16];
    struct table_ref ref = {0};
    struct domain *pg_owner, *pt_owner = d, *held = NULL; /* held: also if it is @d itself */
    uint32_t total = 0, left = (uint32_t)count & ~MMU_UPDATE_PREEMPTED, i = 0, n;
    long rc = 0;

    /* A continued call carries on from what `done` already says. */
    if (((uint32_t)count & MMU_UPDATE_PREEMPTED) && done && copy_from_guest(&total, done, 4))
        return -EFAULT;
    if ((foreign >> 16) & 0xffff) {
        rc = domain_get_controlled(d, (domid_t)((foreign >> 16) - 1), &held);
        pt_owner = held;
    }
    if (!rc)
        rc = page_owner_get(d, foreign & 0xffff, &pg_owner);
    if (rc)
        goto out;
    while (left) {
        n = left < 16 ? left : 16;
        if (copy_from_guest(req, ureqs, n * sizeof(*req))) {
            rc = -EFAULT;
            break;
        }
        for (i = 0; i < n && !rc; i++)
            rc = one_update(pt_owner, pg_owner, &ref, req[i].ptr, req[i].val);
        if (rc)
            i--;
        total += i;
        left -= i;
        ureqs += i * sizeof(*req);
        if (rc == -ERESTART || (!rc && left && hypercall_preempt_check())) {
            rc = HC_CONTINUE;
            break;
        }
        if (rc)
            break;
    }
    table_ref_drop(&ref);
    if (rc && rc != HC_CONTINUE && rc != -EFAULT) /* else req[] says nothing of the guest's */
        guest_printk(d, "mmu_update %lx = %lx refused (%ld)\n", i < 16 ? req[i].ptr : 0,
                     i < 16 ? req[i].val : 0, rc);
    page_owner_put(d, pg_owner);
out:
    if (held)
        domain_put(held);
    return batch_end(rc, done, total, ureqs, left);
}

long hc_update_va_mapping(struct domain *d, uint64_t va, uint64_t val, uint64_t flags)
{
    struct vcpu *v = current;
    uint64_t whom = flags & ~(uint64_t)UVMF_FLUSHTYPE_MASK, vcpus = 0, cpus;
    struct frame *table;
    int rc;

    if (!guest_va_ok(va))
        return -EINVAL;
    flags &= UVMF_FLUSHTYPE_MASK;
    if (flags && whom != UVMF_LOCAL && whom != UVMF_ALL && copy_from_guest(&vcpus, whom, 8))
        return -EFAULT;
    table = mm_walk_l1(d, v->arch.kernel_root, va);
    if (!table)
        return -EINVAL;
    rc = mm_write_entry(d, d, table, 1, pte_index(va, 1), val, 0, NULL);
    frame_put_and_type(table);
    if (rc == -ERESTART)
        return HC_CONTINUE;
    if (rc) {
        guest_printk(d, "update_va_mapping %lx = %lx refused (%d)\n", va, val, rc);
        return rc;
    }
    /* Only now: a CPU that begins to run the domain after this loads its root after the write. */
    cpus = whom == UVMF_LOCAL ? 1ull << this_cpu()
           : whom == UVMF_ALL ? __atomic_load_n(&d->arch.tlb_cpus[0], __ATOMIC_SEQ_CST)
                              : vcpu_mask_to_cpus(d, vcpus);
    if (flags == UVMF_TLB_FLUSH)
        tlb_flush_mask(cpus);
    else if (flags == UVMF_INVLPG)
        tlb_flush_va_mask(cpus, va);
    return 0;
}

static int op_new_baseptr(struct vcpu *v, mfn_t mfn)
{
    struct frame *old;
    int rc;

    if (mfn_is_invalid(mfn))
        return -EINVAL;
    if (mfn_eq(v->arch.kernel_root, mfn)) {
        tlb_flush_local();
        return 0;
    }
    /* The old root is live until the new one is loaded: another vcpu's drain must not take it apart. */
    old = mm_table_get(v->domain, v->arch.kernel_root, FRAME_T_L4);
    if (!old)
        return -EBUSY;
    rc = vcpu_set_kernel_root(v, mfn);
    if (!rc) {
        perf_event(v, PAVO_EV_BASEPTR, 0);
        tlb_flush_begin();
        write_cr3(v->arch.hw_cr3_kernel);
    }
    frame_put_and_type(old);
    return rc;
}

static int op_set_ldt(struct vcpu *v, uint64_t base, uint32_t entries)
{
    if (entries > 8192 || (entries && ((base & ~PAGE_MASK) || !guest_va_ok(base))))
        return -EINVAL;
    vcpu_set_ldt(v, base, entries);
    return 0;
}

static int flush_one_page(uint64_t cpus, uint64_t va)
{
    if (guest_va_ok(va))
        tlb_flush_va_mask(cpus, va);
    return 0;
}

static int one_mmuext(struct domain *d, struct domain *owner, const struct mmuext_op *op)
{
    struct vcpu *v = current;
    mfn_t mfn = _mfn(op->arg1.mfn);
    uint64_t vcpus;

    switch (op->cmd) {
    case MMUEXT_PIN_L1_TABLE:
    case MMUEXT_PIN_L2_TABLE:
    case MMUEXT_PIN_L3_TABLE:
    case MMUEXT_PIN_L4_TABLE: {
        int rc = mm_pin_table(owner, mfn, FRAME_T_L1 + (op->cmd - MMUEXT_PIN_L1_TABLE));

        return rc == -EPERM ? -EINVAL : rc;
    }
    case MMUEXT_UNPIN_TABLE:
        return mm_unpin_table(owner, mfn);
    case MMUEXT_FLUSH_CACHE:
    case MMUEXT_FLUSH_CACHE_GLOBAL:
        if (!d->arch.io_allowed)
            return -EPERM;
        __asm__ volatile("wbinvd" ::: "memory");
        return 0;
    }
    /* The rest acts on the caller's own vcpu and address space. */
    if (owner != d)
        return -EPERM;
    switch (op->cmd) {
    case MMUEXT_NEW_BASEPTR:
        return op_new_baseptr(v, mfn);
    case MMUEXT_NEW_USER_BASEPTR:
        return vcpu_set_user_root(v, mfn.n ? mfn : INVALID_MFN);
    case MMUEXT_TLB_FLUSH_LOCAL:
        tlb_flush_local();
        return 0;
    case MMUEXT_INVLPG_LOCAL:
        return flush_one_page(1ull << this_cpu(), op->arg1.linear_addr);
    case MMUEXT_TLB_FLUSH_MULTI:
    case MMUEXT_INVLPG_MULTI:
        if (copy_from_guest(&vcpus, op->arg2.vcpumask, 8))
            return -EINVAL;
        if (op->cmd == MMUEXT_INVLPG_MULTI)
            return flush_one_page(vcpu_mask_to_cpus(d, vcpus), op->arg1.linear_addr);
        tlb_flush_mask(vcpu_mask_to_cpus(d, vcpus));
        return 0;
    case MMUEXT_TLB_FLUSH_ALL:
        tlb_flush_mask(d->arch.tlb_cpus[0]);
        return 0;
    case MMUEXT_INVLPG_ALL:
        return flush_one_page(d->arch.tlb_cpus[0], op->arg1.linear_addr);
    case MMUEXT_SET_LDT:
        return op_set_ldt(v, op->arg1.linear_addr, op->arg2.nr_ents);
    default:
        return -ENOSYS;
    }
}

long hc_mmuext_op(struct domain *d, guest_va_t uops, uint64_t count, guest_va_t done,
                  uint64_t foreign)
{
    uint32_t total = 0, left = (uint32_t)count & ~MMU_UPDATE_PREEMPTED;
    struct mmuext_op op = {0};
    struct domain *owner;
    long rc;

    if (((uint32_t)count & MMU_UPDATE_PREEMPTED) && done && copy_from_guest(&total, done, 4))
        return -EFAULT;
    rc = page_owner_get(d, foreign & 0xffff, &owner);
    if (rc)
        return rc;
    while (left) {
        if (copy_from_guest(&op, uops, sizeof(op))) {
            rc = -EFAULT;
            break;
        }
        rc = one_mmuext(d, owner, &op);
        if (rc == -ERESTART)
            rc = HC_CONTINUE;
        if (rc)
            break;
        total++;
        left--;
        uops += sizeof(op);
        if (left && hypercall_preempt_check()) {
            rc = HC_CONTINUE;
            break;
        }
    }
    /* What unpinning a foreign domain's tables queued is not drained on its own way out: it may never run. */
    if (owner != d && frame_drain(owner, true) && !rc)
        rc = left ? HC_CONTINUE : 0;
    if (rc && rc != HC_CONTINUE)
        guest_printk(d, "mmuext_op %u %lx refused (%ld)\n", op.cmd, op.arg1.mfn, rc);
    page_owner_put(d, owner);
    return batch_end(rc, done, total, uops, left);
}

/*
 * A guest kernel stored to a page table that it maps read-only: do it for the guest, checked. Plain stores
 * and the read-modify-write instructions that kernels use on entries, of 1 to 8 bytes within one entry.
 */
int mm_emulate_pt_write(struct cpu_regs *regs, uint64_t va, uint32_t error_code)
{
    struct domain *d = current->domain;
    struct cpu_regs copy = *regs;
    uint8_t insn[INSN_MAX];
    struct pt_write w;
    struct frame *f;
    uint64_t pte, old, new, mask;
    unsigned int shift;
    enum frame_type t;
    unsigned int len;
    int rc = -EINVAL;

    if (!guest_va_ok(va))
        return -EINVAL;
    pte = mm_lookup(d, current->arch.kernel_root, va);
    f = !(pte & PTE_P) || (pte & PTE_RW) ? NULL : mfn_get(d, pte_mfn(pte));
    if (!f)
        return -EINVAL;
    t = frame_state_type(frame_state(f));
    if (t < FRAME_T_L1 || t > FRAME_T_L4 || !frame_get_type_live(f, t)) {
        frame_put(f);
        return -EINVAL;
    }
    len = insn_fetch(regs->rip, insn);
    if (!len || decode_write(insn, len, &copy, &w) || (w.addr & 7) + w.size > 8 ||
        (w.addr & ~7ull) != (va & ~7ull))
        goto out;
    shift = (w.addr & 7) * 8;
    mask = w.size == 8 ? ~0ull : ((1ull << w.size * 8) - 1) << shift;
    do {
        old = ACCESS_ONCE(((uint64_t *)mfn_to_virt(pte_mfn(pte)))[(va & ~PAGE_MASK) / 8]);
        copy = *regs;
        if (!pt_write_apply(&w, (old & mask) >> shift, &new, &copy)) { /* e.g. an unequal cmpxchg */
            rc = 0;
            break;
        }
        new = (old & ~mask) | (new << shift &mask);
        rc = mm_write_entry(d, d, f, t, (va & ~PAGE_MASK) / 8, new, MM_EXPECT, &old);
    } while (rc == -EAGAIN);
    if (!rc) {
        copy.rip += w.len;
        *regs = copy;
        perf_event(current, PAVO_EV_EMULATE, PAVO_EMUL_PT_STORE + w.op);
    } else if (rc == -ERESTART) {
        rc = 0; /* the instruction faults again after the interruption */
    }
out:
    frame_put_and_type(f);
    return rc;
}
