/* SPDX-License-Identifier: GPL-2.0-only */
/* Upcalls: which ports fired, per port. Only vCPU 0 takes them; others poll. */
#include "mini.h"

volatile uint64_t event_counts[4096];

int events_enabled(void)
{
    return !shared_info->vcpu_info[0].evtchn_upcall_mask;
}

void events_disable(void)
{
    shared_info->vcpu_info[0].evtchn_upcall_mask = 1;
    barrier();
}

void events_enable(void)
{
    barrier();
    shared_info->vcpu_info[0].evtchn_upcall_mask = 0;
    barrier();
    if (shared_info->vcpu_info[0].evtchn_upcall_pending)
        xen_version(XENVER_version, NULL); /* any hypercall delivers what is pending */
}

void event_deliver(void)
{
    struct vcpu_info *vi = &shared_info->vcpu_info[0];
    uint64_t words;

    vi->evtchn_upcall_pending = 0;
    words = __atomic_exchange_n(&vi->evtchn_pending_sel, 0, __ATOMIC_SEQ_CST);
    for (; words; words &= words - 1) {
        unsigned int word = (unsigned int)__builtin_ctzl(words);
        uint64_t bits = shared_info->evtchn_pending[word] & ~shared_info->evtchn_mask[word];

        __atomic_and_fetch(&shared_info->evtchn_pending[word], ~bits, __ATOMIC_SEQ_CST);
        for (; bits; bits &= bits - 1)
            event_counts[word * 64 + (unsigned int)__builtin_ctzl(bits)]++;
    }
}
