/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The second architecture: hv/arch.h with plain memory, for native tests of core/.
 * Every function in fake.c that a core file may also define is a weak symbol: link the core file and
 * the real one is taken.
 */
#ifndef FAKE_ARCH_FAKE_H
#define FAKE_ARCH_FAKE_H

/* CMocka wants these first. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <hv/arch.h>
#include <hv/guest_access.h>
#include <hv/hypercall.h>

/* --- The machine ------------------------------------------------------------------------------- */

#define FAKE_FRAMES 4096u /* 16 MiB of machine memory; frame 0 is never given out */

/* Everything as at boot: memory zero, one CPU, no domains, time 1 s. Call it in each test's setup. */
void fake_reset(void);
void fake_teardown(void); /* free domains and memory: leaks are the sanitizer's to find */
/* A frame from the top of memory, outside any allocator (state 0): for tests that have no heap. */
mfn_t fake_frame(void);

extern unsigned int fake_nr_cpus;
extern s_time_t fake_now;            /* what now_ns() says */
extern s_time_t fake_timer[NR_CPUS]; /* last arch_timer_set of each CPU */
extern uint64_t fake_m2p[FAKE_FRAMES];

/* --- Guest memory -------------------------------------------------------------------------------- */

#define FAKE_GUEST_VA   0x100000ull /* guest addresses [VA, VA + SIZE) are good */
#define FAKE_GUEST_SIZE 0x100000ull
/* Host address of guest address @va. */
void *fake_guest(guest_va_t va);
/* Reads (writes) that touch the byte at @va fail from now on; 0: none. */
void fake_guest_read_faults_at(guest_va_t va);
void fake_guest_write_faults_at(guest_va_t va);
/* Called before each copy, with its address: lets a test change guest memory "at the same time". */
extern void (*fake_guest_access_hook)(guest_va_t va, size_t n, bool write);

/* Called behind each arch_irq_restore(), so when an irq-safe lock was dropped (asm/cpu.h declares it): lets a
 * test do then what another CPU might. It must set itself to NULL before it takes such a lock. */

/* --- Domains --------------------------------------------------------------------------------------- */

/*
 * A domain with @nr_vcpus running-capable vcpus and a shared info page, in fake domain_list, without
 * core/domain.c; evtchn and grant state are the test's to initialise. @id 0 is dom0. The first one made
 * becomes current.
 */
struct domain *fake_domain(domid_t id, unsigned int nr_vcpus);
void fake_set_current(struct vcpu *v);
unsigned int fake_refs(const struct domain *d); /* 1: only the list's own */

/* --- What core asked of the architecture ------------------------------------------------------------ */

struct fake_calls {
    unsigned int kicks, ipis, wakes, sleeps, time_updates, runstate_updates, resumes, flushes;
    unsigned int ipi_mask_cpu_last;
    struct vcpu *last_kick, *last_wake;
    struct vcpu *switch_prev,
        *switch_next; /* last arch_switch_to: it leaves by longjmp, see below */
    unsigned int switches;
    unsigned int softirqs; /* bit mask raised, when core/softirq.c is not linked */
    unsigned int shutdowns;
    uint8_t shutdown_code;
    unsigned int crashes, prints;
    char last_print[256];
    unsigned int pirq_binds, pirq_unbinds;
    struct vcpu *pirq_vcpu;
    int pirq_bind_result; /* what arch_pirq_bind returns */
    unsigned int grant_maps, grant_unmaps;
    int grant_map_result, grant_unmap_result; /* GNTST_* */
    unsigned int virqs_global;
};
extern struct fake_calls fake_calls;

/* arch_switch_to never returns: run code that may switch inside FAKE_MAY_SWITCH(...). The switch is
 * completed (sched_switch_done) unless fake_switch_stuck is set; then the test calls it. */
extern jmp_buf fake_switch_jmp;
extern bool fake_switch_armed, fake_switch_stuck;
#define FAKE_MAY_SWITCH(stmt)           \
    do {                                \
        fake_switch_armed = true;       \
        if (!setjmp(fake_switch_jmp)) { \
            stmt;                       \
        }                               \
        fake_switch_armed = false;      \
    } while (0)

/* panic() and BUG() fail the test, unless expected. */
extern bool fake_expect_panic;
extern jmp_buf fake_panic_jmp;

/* hypercall_preempt_check() answer while core/softirq.c is not linked: true after so many calls;
 * 0: never. */
extern unsigned int fake_preempt_after;

/* Grant mappings as the fake page tables hold them. */
struct fake_pte {
    bool used, readonly;
    uint64_t addr;
    mfn_t mfn;
    unsigned int flags;
};
#define FAKE_PTES 256
extern struct fake_pte fake_ptes[FAKE_PTES];

#endif
