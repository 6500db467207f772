/* SPDX-License-Identifier: GPL-2.0-only */
#include "tests/unit/pt-model.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <asm/emulate.h>
#include <asm/machine.h>
#include <hv/guest_access.h>
#include <hv/perf.h>
#include <pv-abi/errno.h>
#include <pv-abi/types.h>

struct vcpu *fake_current[NR_CPUS];
unsigned int perf_flags;
s_time_t model_now = 1;

s_time_t now_ns(void)
{
    return model_now;
}
unsigned int fake_cpu;
bool fake_irqs_on = true;
struct frame *frame_table;
uint64_t max_mfn = MODEL_FRAMES;
unsigned int model_preempt_every;
void (*model_spin)(void);

static struct frame frames[MODEL_FRAMES];
static uint64_t pages[MODEL_FRAMES][512] __attribute__((aligned(4096)));
uint64_t idle_root[512];
static struct domain domains[MODEL_DOMAINS];
static struct vcpu vcpus[MODEL_DOMAINS];
static unsigned int questions;

/* --- What the files under test call ---------------------------------------------------------- */

void *mfn_to_virt(mfn_t mfn)
{
    if (mfn.n >= MODEL_FRAMES)
        abort();
    return pages[mfn.n];
}
bool mmio_allowed(const struct domain *d, mfn_t mfn)
{
    return d->arch.io_allowed && mfn.n >= MODEL_FRAMES;
}
void (*model_note)(void);
void perf_note(struct vcpu *v, unsigned int event, uint32_t arg)
{
    if (model_note)
        model_note();
}
uint64_t model_flushed_cpus;
void tlb_flush_mask(uint64_t cpus)
{
    model_flushed_cpus = cpus;
}
void tlb_flush_va_mask(uint64_t cpus, uint64_t va)
{
    model_flushed_cpus = cpus;
}
void tlb_flush_local(void)
{
}
void tlb_flush_begin(void)
{
}
void vcpu_set_ldt(struct vcpu *v, guest_va_t base, unsigned int entries)
{
}
unsigned int insn_fetch(uint64_t rip, uint8_t insn[INSN_MAX])
{
    return 0;
}
int copy_from_guest(void *to, guest_va_t from, size_t n)
{
    memcpy(to, (void *)(uintptr_t)from, n);
    return 0;
}
int copy_to_guest(guest_va_t to, const void *from, size_t n)
{
    memcpy((void *)(uintptr_t)to, from, n);
    return 0;
}
void arch_m2p_set(mfn_t mfn, uint64_t pfn)
{
}
int domain_get_controlled(struct domain *d, domid_t id, struct domain **out)
{
    *out = domain_get(id == DOMID_SELF ? d->domid : id);
    return *out ? 0 : -ESRCH;
}
void arch_flush_domain_tlb(const struct domain *d)
{
}
void arch_spin_wait(void)
{
    void (*other)(void) = model_spin;

    model_spin = NULL;
    if (other)
        other();
}
uint32_t arch_tlb_clock(void)
{
    return 1;
}
unsigned int model_type_flushes;
void arch_type_change_flush(const struct domain *d, uint32_t stamp)
{
    model_type_flushes++;
}
struct domain *domain_get(domid_t id)
{
    return id < MODEL_DOMAINS ? &domains[id] : NULL;
}
void domain_put(struct domain *d)
{
}
void domain_frame_release(struct frame *f, unsigned int owner, bool was_hypervisor)
{
}
bool hypercall_preempt_check(void)
{
    return model_preempt_every && !(++questions % model_preempt_every);
}
bool printk_ratelimit(void)
{
    return false;
}
void printk(const char *fmt, ...)
{
}
void panic(const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    vfprintf(stderr, fmt, ap);
    va_end(ap);
    abort();
}

/* --- The machine ------------------------------------------------------------------------------------ */

struct domain *model_domain(unsigned int i)
{
    return &domains[i];
}
struct frame *model_frame(unsigned int mfn)
{
    return &frames[mfn];
}
uint64_t *model_page(unsigned int mfn)
{
    return pages[mfn];
}

void model_reset(void)
{
    frame_table = frames;
    memset(frames, 0, sizeof(frames));
    memset(pages, 0, sizeof(pages));
    memset(domains, 0, sizeof(domains));
    memset(vcpus, 0, sizeof(vcpus));
    for (unsigned int i = 0; i < MODEL_FRAMES; i++)
        frames[i].state = (uint64_t)FRAME_OWNER_NONE << FRAME_OWNER_SHIFT;
    for (unsigned int i = 0; i < 512; i++)
        idle_root[i] = 0xabc0000000000000 | i;
    for (unsigned int i = 0; i < MODEL_DOMAINS; i++) {
        domains[i].domid = (domid_t)i;
        domains[i].max_vcpus = 1;
        domains[i].vcpu[0] = &vcpus[i];
        vcpus[i].domain = &domains[i];
        vcpus[i].arch.kernel_root = vcpus[i].arch.user_root = INVALID_MFN;
    }
    fake_current[0] = &vcpus[0];
    questions = 0;
    model_preempt_every = 0;
    model_spin = model_note = NULL;
    perf_flags = 0;
}

void model_own(unsigned int i, unsigned int first, unsigned int nr)
{
    for (unsigned int n = first; n < first + nr; n++)
        frame_assign(&frames[n], &domains[i]);
}

static bool serves_as_table(uint64_t s)
{
    enum frame_type t = frame_state_type(s);

    return t != FRAME_T_WRITABLE && t != FRAME_T_NONE &&
           (s & (FRAME_TC_MASK | FRAME_VALIDATED | FRAME_PARTIAL));
}

bool model_guest_store(unsigned int mfn, unsigned int index, uint64_t val)
{
    if (serves_as_table(frame_state(&frames[mfn])))
        return false;
    pages[mfn][index] = val;
    return true;
}

/* --- The judge ---------------------------------------------------------------------------------------- */

struct expected {
    unsigned int count, type_count;
};

static void wrong(const char *what, unsigned int mfn, unsigned int want, unsigned int have)
{
    fprintf(stderr, "frame %u (state %llx): %s is %u, should be %u\n", mfn,
            (unsigned long long)frames[mfn].state, what, have, want);
    abort();
}

static void expect_entry(struct expected *e, enum frame_type t, unsigned int table,
                         unsigned int index)
{
    uint64_t pte = pages[table][index];
    uint64_t m = pte_mfn(pte).n;

    if (!(pte & PTE_P) || m >= MODEL_FRAMES)
        return;
    if (frame_owner(&frames[m]) != frame_owner(&frames[table]))
        wrong("owner of a mapped frame", (unsigned int)m, frame_owner(&frames[table]),
              frame_owner(&frames[m]));
    if (!(pte & PTE_US))
        wrong("user bit of an entry", table, 1, 0);
    e[m].count++;
    if (t > FRAME_T_L1) {
        if (pte & PTE_PSE)
            wrong("large page bit", table, 0, 1);
        if (frame_state_type(frame_state(&frames[m])) != t - 1)
            wrong("type below a table", (unsigned int)m, t - 1,
                  frame_state_type(frame_state(&frames[m])));
        e[m].type_count++;
    } else if (pte & PTE_RW) {
        if (frame_state_type(frame_state(&frames[m])) != FRAME_T_WRITABLE)
            wrong("type of a writable frame", (unsigned int)m, FRAME_T_WRITABLE,
                  frame_state_type(frame_state(&frames[m])));
        e[m].type_count++;
    }
}

static void expect_table(struct expected *e, unsigned int mfn)
{
    uint64_t s = frame_state(&frames[mfn]);
    enum frame_type t = frame_state_type(s);
    bool partial = (s & (FRAME_PARTIAL | FRAME_VALIDATED)) == FRAME_PARTIAL;
    unsigned int nr = partial ? frames[mfn].used.link : 512;

    if (t < FRAME_T_L1 || t > FRAME_T_L4 || !(s & (FRAME_VALIDATED | FRAME_PARTIAL)))
        return;
    if (partial) {
        e[mfn].count++;
        e[mfn].type_count++;
    }
    for (unsigned int i = 0; i < nr; i++) {
        if (t == FRAME_T_L4 && i >= 256 && i <= 271) {
            if (!partial && pages[mfn][i] != idle_root[i] && (i != 256 || pages[mfn][i]))
                wrong("a slot of the hypervisor", mfn, i, i);
            continue;
        }
        expect_entry(e, t, mfn, i);
    }
}

void model_judge(void)
{
    struct expected e[MODEL_FRAMES] = {{0}};
    unsigned int every = model_preempt_every;

    model_preempt_every = 0;
    for (unsigned int i = 0; i < MODEL_DOMAINS; i++)
        frame_drain(&domains[i], false);
    model_preempt_every = every;
    for (unsigned int i = 0; i < MODEL_FRAMES; i++) {
        uint64_t s = frame_state(&frames[i]);

        if (s & FRAME_ALLOCATED)
            e[i].count++;
        if (s & FRAME_PINNED) {
            e[i].count++;
            e[i].type_count++;
        }
        expect_table(e, i);
    }
    for (unsigned int i = 0; i < MODEL_DOMAINS; i++) {
        const mfn_t roots[] = {vcpus[i].arch.kernel_root, vcpus[i].arch.user_root};

        for (unsigned int n = 0; n < 2; n++) {
            if (!mfn_is_invalid(roots[n])) {
                e[roots[n].n].count++;
                e[roots[n].n].type_count++;
            }
        }
    }
    for (unsigned int i = 0; i < MODEL_FRAMES; i++) {
        uint64_t s = frame_state(&frames[i]);

        if ((s & FRAME_COUNT_MASK) != e[i].count)
            wrong("count", i, e[i].count, s & FRAME_COUNT_MASK);
        if ((s & FRAME_TC_MASK) >> FRAME_TC_SHIFT != e[i].type_count)
            wrong("type count", i, e[i].type_count, (s & FRAME_TC_MASK) >> FRAME_TC_SHIFT);
    }
}

void model_destroy(void)
{
    model_preempt_every = 0;
    for (unsigned int i = 0; i < MODEL_DOMAINS; i++) {
        vcpu_set_kernel_root(&vcpus[i], INVALID_MFN);
        vcpu_set_user_root(&vcpus[i], INVALID_MFN);
        for (unsigned int n = 0; n < MODEL_FRAMES; n++)
            frame_relinquish(&frames[n], &domains[i]);
        frame_drain(&domains[i], false);
    }
    model_judge();
    for (unsigned int n = 0; n < MODEL_FRAMES; n++) {
        uint64_t s = frame_state(&frames[n]);

        if ((s & FRAME_ALLOCATED) && (s & (FRAME_COUNT_MASK | FRAME_TC_MASK)) != 1)
            wrong("references after the end", n, 1, s & FRAME_COUNT_MASK);
        if ((s & FRAME_ALLOCATED) && !frame_put_allocated(&frames[n]))
            wrong("allocation", n, 1, 0);
        if (frame_owner(&frames[n]) != FRAME_OWNER_NONE)
            wrong("owner after the end", n, FRAME_OWNER_NONE, frame_owner(&frames[n]));
    }
}

/* --- Operations --------------------------------------------------------------------------------------- */

static uint64_t entry_of(uint8_t a, uint8_t b)
{
    static const uint64_t flags[] = {PTE_P,
                                     PTE_P | PTE_RW,
                                     PTE_P | PTE_RW | PTE_US,
                                     0,
                                     PTE_P | PTE_PSE,
                                     PTE_P | PTE_RW | PTE_D | PTE_A,
                                     PTE_P | PTE_NX,
                                     PTE_P | PTE_PCD | PTE_RW};

    return (uint64_t)(a % (MODEL_FRAMES + 2)) << PAGE_SHIFT | flags[b & 7];
}

static void op_write(struct domain *d, unsigned int mfn, unsigned int index, uint64_t val,
                     unsigned int flags)
{
    struct frame *f = &frames[mfn];
    enum frame_type t = frame_state_type(frame_state(f));

    if (t < FRAME_T_L1 || t > FRAME_T_L4 || !frame_get(f, d))
        return;
    if (frame_get_type_live(f, t)) {
        mm_write_entry(d, d, f, t, index, val, flags, NULL);
        frame_put_type(f);
    }
    frame_put(f);
}

void model_run(const uint8_t *ops, size_t n)
{
    for (size_t i = 0; i + 6 <= n; i += 6) {
        struct domain *d = &domains[ops[i] >> 7];
        unsigned int mfn = ops[i + 1] % MODEL_FRAMES;
        unsigned int index =
            (ops[i + 2] % 8) * 73; /* 0, 73, ... 511: also 292 and the holes' edges */
        uint64_t val = entry_of(ops[i + 3], ops[i + 4]);

        fake_current[0] = d->vcpu[0];
        if ((ops[i + 2] & 0xf0) == 0xf0)
            index = 256 + (ops[i + 2] & 0xf);
        model_preempt_every = ops[i + 5] % 8;
        switch (ops[i] & 7) {
        case 0:
        case 1:
            model_guest_store(mfn, index, val);
            break;
        case 2:
        case 3:
            op_write(d, mfn, index, val, ops[i + 4] & 8 ? MM_PRESERVE_AD : 0);
            break;
        case 4:
            mm_pin_table(d, _mfn(mfn), FRAME_T_L1 + (ops[i + 3] & 3));
            break;
        case 5:
            mm_unpin_table(d, _mfn(mfn));
            break;
        case 6:
            vcpu_set_kernel_root(d->vcpu[0], ops[i + 3] & 1 ? _mfn(mfn) : INVALID_MFN);
            break;
        case 7:
            vcpu_set_user_root(d->vcpu[0], ops[i + 3] & 1 ? _mfn(mfn) : INVALID_MFN);
            break;
        }
        model_judge();
    }
}
