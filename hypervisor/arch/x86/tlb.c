/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Translation caches: flushing them, and knowing when that is not needed.
 *
 * A logical clock ticks with each full flush. Each CPU remembers the clock of its last full flush, each
 * frame the clock at which it last lost a reference that a stale translation could still use. A CPU
 * must flush for a frame only when its own flush is not newer than the frame's stamp. Not recording a
 * flush (mode switches between guest user and kernel load CR3 too) only makes a later one superfluous. A frame
 * has only the lower half of the clock, and a guest can make that turn: half a turn back is taken for "now".
 *
 * Root loads flush everything: there are no global pages and no PCIDs.
 *
 * Shoot-down: the request of a CPU stands in `request`, one at a time (flush_lock); receivers answer in
 * the IPI handler by clearing their bit. Senders have interrupts on, so that they answer others while they
 * wait for the lock. SDM vol. 3A 4.10.5: the sender changes the entry before the interrupt (a locked
 * instruction orders it), the receiver flushes before it answers.
 */
#include <asm/boot.h>
#include <asm/machine.h>
#include <asm/msr.h>
#include <hv/arch.h>
#include <hv/perf.h>

static uint64_t tlb_clock = 1;
static uint64_t cpu_stamp[NR_CPUS];

static spinlock_t flush_lock = SPINLOCK_INIT;
static struct {
    uint64_t cpus; /* that have not answered */
    uint64_t va;
    bool one_page;
} request;

uint32_t arch_tlb_clock(void)
{
    return (uint32_t)__atomic_load_n(&tlb_clock, __ATOMIC_RELAXED);
}

/* Call before the flush: whatever is stamped from now on is newer than it. */
void tlb_flush_begin(void)
{
    uint64_t now = __atomic_add_fetch(&tlb_clock, 1, __ATOMIC_SEQ_CST);

    __atomic_store_n(&cpu_stamp[this_cpu()], now, __ATOMIC_RELAXED);
}

void tlb_flush_local(void)
{
    perf_event(current, PAVO_EV_TLB_LOCAL, 0);
    tlb_flush_begin();
    write_cr3(read_cr3());
}

static void flush_page(uint64_t va)
{
    invlpg(va);
    perf_event(current, PAVO_EV_TLB_PAGE, 0);
}

void tlb_flush_ipi(void)
{
    uint64_t me = 1ull << this_cpu();

    if (!(__atomic_load_n(&request.cpus, __ATOMIC_ACQUIRE) & me))
        return;
    if (request.one_page)
        flush_page(request.va);
    else
        tlb_flush_local();
    __atomic_fetch_and(&request.cpus, ~me, __ATOMIC_RELEASE);
}

void arch_spin_wait(void)
{
    unsigned long flags = arch_irq_save();

    tlb_flush_ipi(); /* the interrupt must not answer between its look and its answer */
    arch_irq_restore(flags);
    __builtin_ia32_pause();
}

static void flush_others(uint64_t cpus, bool one_page, uint64_t va)
{
    cpus &= ~(1ull << this_cpu());
    if (!cpus)
        return;
    for (uint64_t left = cpus; unlikely(perf_flags) && left; left &= left - 1)
        perf_note(current, PAVO_EV_TLB_REMOTE, (uint32_t)__builtin_ctzll(left));
    while (!spin_trylock(&flush_lock))
        arch_spin_wait();
    request.va = va;
    request.one_page = one_page;
    __atomic_store_n(&request.cpus, cpus, __ATOMIC_SEQ_CST);
    apic_send_ipi_mask(cpus, VEC_TLB);
    while (__atomic_load_n(&request.cpus, __ATOMIC_ACQUIRE))
        __builtin_ia32_pause();
    spin_unlock(&flush_lock);
}

void tlb_flush_mask(uint64_t cpus)
{
    if (cpus & (1ull << this_cpu()))
        tlb_flush_local();
    flush_others(cpus, false, 0);
}

void tlb_flush_va_mask(uint64_t cpus, uint64_t va)
{
    if (cpus & (1ull << this_cpu()))
        flush_page(va);
    flush_others(cpus, true, va);
}

static void flush_older(uint64_t cpus, uint32_t stamp)
{
    uint64_t need = 0, now = __atomic_load_n(&tlb_clock, __ATOMIC_SEQ_CST);
    int32_t age = (int32_t)((uint32_t)now - stamp);

    now -= (uint32_t)max(age, 0); /* the stamp in full */
    for (uint64_t left = cpus; left; left &= left - 1) {
        unsigned int cpu = (unsigned int)__builtin_ctzll(left);

        if (ACCESS_ONCE(cpu_stamp[cpu]) <= now)
            need |= 1ull << cpu;
    }
    tlb_flush_mask(need);
}

void arch_type_change_flush(const struct domain *d, uint32_t stamp)
{
    flush_older(__atomic_load_n(&d->arch.tlb_cpus[0], __ATOMIC_SEQ_CST), stamp);
}

void arch_free_flush(uint32_t stamp)
{
    flush_older(ACCESS_ONCE(cpu_online_mask), stamp);
}

void arch_flush_domain_tlb(const struct domain *d)
{
    tlb_flush_mask(__atomic_load_n(&d->arch.tlb_cpus[0], __ATOMIC_SEQ_CST));
}
