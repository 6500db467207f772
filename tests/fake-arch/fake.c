/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The fake architecture: hv/arch.h over plain memory. Weak: what a core file defines, so that a test
 * links only the files it is about.
 */
#include "tests/fake-arch/fake.h"

#include <stdio.h>
#include <stdlib.h>

#include <hv/perf.h>
#include <pv-abi/grant_table.h>

#define WEAK __attribute__((weak))

struct vcpu *fake_current[NR_CPUS];
unsigned int fake_cpu;
bool fake_irqs_on = true;
unsigned int fake_nr_cpus = 1;
s_time_t fake_now;
s_time_t fake_timer[NR_CPUS];
uint64_t fake_m2p[FAKE_FRAMES];
struct fake_calls fake_calls;
void (*fake_guest_access_hook)(guest_va_t va, size_t n, bool write);
void (*fake_irq_restore_hook)(void);
bool fake_expect_panic, fake_switch_armed, fake_switch_stuck;
jmp_buf fake_panic_jmp, fake_switch_jmp;
unsigned int fake_preempt_after;
struct fake_pte fake_ptes[FAKE_PTES];

static struct domain *own_idle; /* idle_domain may have been core/domain.c's */
static uint8_t *machine;        /* FAKE_FRAMES pages */
static uint8_t *guest_memory;
static guest_va_t read_fault, write_fault;
static struct domain *domains[16];
static unsigned int refs[16];
static uint64_t next_frame;
static uint32_t tlb_clock;

WEAK struct domain *dom0;
WEAK struct domain *idle_domain;
WEAK struct frame *frame_table;
WEAK uint64_t max_mfn;
WEAK unsigned int perf_flags;
WEAK struct xen_e820entry e820[128];
WEAK unsigned int nr_e820;

void fake_reset(void)
{
    fake_teardown();
    machine = aligned_alloc(PAGE_SIZE, FAKE_FRAMES * PAGE_SIZE);
    guest_memory = calloc(1, FAKE_GUEST_SIZE);
    frame_table = calloc(FAKE_FRAMES, sizeof(*frame_table));
    memset(machine, 0, FAKE_FRAMES * PAGE_SIZE);
    for (unsigned int i = 0; i < FAKE_FRAMES; i++) {
        frame_table[i].state = (uint64_t)FRAME_OWNER_NONE << FRAME_OWNER_SHIFT;
        fake_m2p[i] = M2P_INVALID;
    }
    max_mfn = FAKE_FRAMES;
    next_frame = FAKE_FRAMES;
    fake_now = 1000000000;
    fake_nr_cpus = 1;
    fake_cpu = 0;
    fake_irqs_on = true;
    idle_domain = own_idle = calloc(1, sizeof(*idle_domain));
    idle_domain->domid = 0x7fff;
}

void fake_teardown(void)
{
    for (unsigned int i = 0; i < ARRAY_SIZE(domains); i++) {
        if (!domains[i])
            continue;
        for (unsigned int n = 0; n < MAX_VCPUS; n++)
            free(domains[i]->vcpu[n]);
        free(domains[i]);
        domains[i] = NULL;
    }
    free(own_idle);
    free(machine);
    free(guest_memory);
    free(frame_table);
    machine = guest_memory = NULL;
    frame_table = NULL;
    idle_domain = own_idle = dom0 = NULL;
    memset(fake_current, 0, sizeof(fake_current));
    memset(fake_timer, 0, sizeof(fake_timer));
    memset(&fake_calls, 0, sizeof(fake_calls));
    memset(fake_ptes, 0, sizeof(fake_ptes));
    read_fault = write_fault = 0;
    fake_guest_access_hook = NULL;
    fake_irq_restore_hook = NULL;
    fake_expect_panic = fake_switch_armed = fake_switch_stuck = false;
    fake_preempt_after = 0;
}

mfn_t fake_frame(void)
{
    return _mfn(--next_frame);
}

struct domain *fake_domain(domid_t id, unsigned int nr_vcpus)
{
    struct domain *d = calloc(1, sizeof(*d));
    mfn_t shared = fake_frame();
    unsigned int slot = 0;

    while (domains[slot])
        slot++;
    domains[slot] = d;
    d->domid = id;
    refs[slot] = 1;
    d->max_vcpus = nr_vcpus;
    d->privileged = id == 0;
    d->shared_mfn = shared;
    d->shared = mfn_to_virt(shared);
    for (unsigned int i = 0; i < nr_vcpus; i++) {
        struct vcpu *v = calloc(1, sizeof(*v));

        v->id = i;
        v->domain = d;
        v->info = &d->shared->vcpu_info[i];
        v->info_mfn = INVALID_MFN;
        v->initialised = true;
        d->vcpu[i] = v;
    }
    if (!id)
        dom0 = d;
    if (!fake_current[0] && nr_vcpus)
        fake_current[0] = d->vcpu[0];
    return d;
}

void fake_set_current(struct vcpu *v)
{
    fake_current[fake_cpu] = v;
}

/* --- Guest memory ---------------------------------------------------------------------------------- */

void *fake_guest(guest_va_t va)
{
    assert_true(va >= FAKE_GUEST_VA && va < FAKE_GUEST_VA + FAKE_GUEST_SIZE);
    return guest_memory + (va - FAKE_GUEST_VA);
}

void fake_guest_read_faults_at(guest_va_t va)
{
    read_fault = va;
}

void fake_guest_write_faults_at(guest_va_t va)
{
    write_fault = va;
}

static bool guest_range_bad(guest_va_t va, size_t n, guest_va_t fault, bool write)
{
    if (fake_guest_access_hook)
        fake_guest_access_hook(va, n, write);
    if (va < FAKE_GUEST_VA || n > FAKE_GUEST_SIZE || va - FAKE_GUEST_VA > FAKE_GUEST_SIZE - n)
        return true;
    return fault && fault >= va && fault - va < n;
}

WEAK int copy_from_guest(void *to, guest_va_t from, size_t n)
{
    if (guest_range_bad(from, n, read_fault, false))
        return -1;
    memcpy(to, fake_guest(from), n);
    return 0;
}

WEAK int copy_to_guest(guest_va_t to, const void *from, size_t n)
{
    if (guest_range_bad(to, n, write_fault, true))
        return -1;
    memcpy(fake_guest(to), from, n);
    return 0;
}

WEAK int clear_guest(guest_va_t to, size_t n)
{
    if (guest_range_bad(to, n, write_fault, true))
        return -1;
    memset(fake_guest(to), 0, n);
    return 0;
}

/* --- hv/arch.h --------------------------------------------------------------------------------------- */

void *mfn_to_virt(mfn_t mfn)
{
    assert_true(mfn.n < FAKE_FRAMES);
    return machine + mfn.n * PAGE_SIZE;
}

mfn_t virt_to_mfn(const void *p)
{
    return _mfn((uint64_t)((const uint8_t *)p - machine) / PAGE_SIZE);
}

WEAK int arch_map_pages(vaddr_t va, mfn_t mfn, unsigned long nr, unsigned int prot)
{
    return 0;
}
WEAK void arch_unmap_pages(vaddr_t va, unsigned long nr)
{
}
WEAK void arch_m2p_set(mfn_t mfn, uint64_t pfn)
{
    assert_true(mfn.n < FAKE_FRAMES);
    fake_m2p[mfn.n] = pfn;
}
WEAK uint64_t arch_m2p_get(mfn_t mfn)
{
    return mfn.n < FAKE_FRAMES ? fake_m2p[mfn.n] : M2P_INVALID;
}
WEAK int arch_frame_validate(struct frame *f, enum frame_type t, const struct domain *d,
                             unsigned int *start)
{
    return 0;
}
WEAK void arch_frame_devalidate(struct frame *f, enum frame_type t, const struct domain *d,
                                unsigned int nr)
{
}
WEAK void arch_type_change_flush(const struct domain *d, uint32_t stamp)
{
    fake_calls.flushes++;
}
WEAK void arch_free_flush(uint32_t stamp)
{
    fake_calls.flushes++;
}
WEAK uint32_t arch_tlb_clock(void)
{
    return ++tlb_clock;
}

WEAK int arch_grant_map(struct domain *d, uint64_t addr, mfn_t mfn, unsigned int flags,
                        bool readonly)
{
    fake_calls.grant_maps++;
    if (fake_calls.grant_map_result)
        return fake_calls.grant_map_result;
    for (unsigned int i = 0; i < FAKE_PTES; i++) {
        if (fake_ptes[i].used)
            continue;
        fake_ptes[i] = (struct fake_pte){true, readonly, addr, mfn, flags};
        return GNTST_okay;
    }
    return GNTST_general_error;
}

WEAK int arch_grant_unmap(struct domain *d, uint64_t addr, mfn_t mfn, unsigned int flags,
                          bool readonly)
{
    fake_calls.grant_unmaps++;
    if (fake_calls.grant_unmap_result)
        return fake_calls.grant_unmap_result;
    for (unsigned int i = 0; i < FAKE_PTES; i++) {
        struct fake_pte *p = &fake_ptes[i];

        if (!p->used || p->addr != addr || !mfn_eq(p->mfn, mfn) || p->readonly != readonly)
            continue;
        p->used = false;
        if (!(flags & GRANT_FLUSH_LATER))
            arch_flush_domain_tlb(d);
        if (readonly)
            frame_put(mfn_to_frame(mfn));
        else
            frame_put_and_type(mfn_to_frame(mfn));
        return GNTST_okay;
    }
    return GNTST_bad_virt_addr;
}

WEAK void arch_flush_domain_tlb(const struct domain *d)
{
    fake_calls.flushes++;
}
WEAK int arch_domain_create(struct domain *d)
{
    d->arch.created = true;
    return 0;
}
WEAK int arch_domain_relinquish(struct domain *d)
{
    return d->arch.relinquish_slices && d->arch.relinquish_slices-- ? -ERESTART : 0;
}
WEAK void arch_domain_destroy(struct domain *d)
{
    d->arch.created = false;
}
WEAK int arch_vcpu_create(struct vcpu *v)
{
    v->arch.created = true;
    return 0;
}
WEAK void arch_vcpu_destroy(struct vcpu *v)
{
    v->arch.created = false;
}
WEAK int arch_set_context(struct vcpu *v, const struct vcpu_guest_context *c)
{
    return 0;
}
WEAK void arch_get_context(struct vcpu *v, struct vcpu_guest_context *c)
{
    memset(c, 0, sizeof(*c));
}

void arch_switch_to(struct vcpu *prev, struct vcpu *next)
{
    fake_calls.switches++;
    fake_calls.switch_prev = prev;
    fake_calls.switch_next = next;
    current = next;
    if (!fake_switch_stuck)
        sched_switch_done(prev);
    fake_irqs_on = true;
    if (!fake_switch_armed) {
        fprintf(stderr, "arch_switch_to outside FAKE_MAY_SWITCH\n");
        abort();
    }
    longjmp(fake_switch_jmp, 1);
}

WEAK void arch_resume_current(void)
{
    fake_calls.resumes++;
    abort();
}
WEAK void arch_vcpu_kick(struct vcpu *v)
{
    fake_calls.kicks++;
    fake_calls.last_kick = v;
}
WEAK void arch_vcpu_send_nmi(struct vcpu *v)
{
}
WEAK void arch_send_ipi(unsigned int cpu)
{
    fake_calls.ipis++;
    fake_calls.ipi_mask_cpu_last = cpu;
}
WEAK unsigned int arch_nr_cpus(void)
{
    return fake_nr_cpus;
}
WEAK bool arch_cpu_online(unsigned int cpu)
{
    return cpu < fake_nr_cpus;
}
WEAK void arch_dump_vcpu(const struct vcpu *v)
{
}
WEAK void arch_timer_set(s_time_t expires_ns)
{
    fake_timer[fake_cpu] = expires_ns;
}
WEAK s_time_t now_ns(void)
{
    return fake_now;
}
WEAK void arch_update_vcpu_time(struct vcpu *v)
{
    fake_calls.time_updates++;
}
WEAK void arch_update_wallclock(struct domain *d)
{
}
WEAK int arch_set_wallclock(uint64_t sec, uint32_t nsec, s_time_t system_ns)
{
    return 0;
}
WEAK int arch_register_time_area(struct vcpu *v, guest_va_t va)
{
    v->arch.time_area = va;
    return 0;
}
WEAK void arch_update_runstate_area(struct vcpu *v)
{
    fake_calls.runstate_updates++;
}
WEAK long arch_memory_op(struct domain *d, unsigned int op, guest_va_t arg)
{
    return -ENOSYS;
}
WEAK void machine_restart(void)
{
    abort();
}
WEAK void machine_poweroff(void)
{
    abort();
}
WEAK int arch_pirq_bind(struct vcpu *v, unsigned int pirq, bool share)
{
    fake_calls.pirq_binds++;
    fake_calls.pirq_vcpu = v;
    return fake_calls.pirq_bind_result;
}
WEAK void arch_pirq_unbind(struct domain *d, unsigned int pirq)
{
    fake_calls.pirq_unbinds++;
}
WEAK void arch_pirq_eoi(struct domain *d, unsigned int pirq)
{
}
WEAK void arch_pirq_release_all(struct domain *d)
{
}
WEAK void arch_pirq_set_affinity(struct domain *d, unsigned int pirq, struct vcpu *v)
{
    fake_calls.pirq_vcpu = v;
}

/* Hypercalls of the architecture, for the dispatcher's table. */
#define FAKE_HC(name, ...)      \
    WEAK long name(__VA_ARGS__) \
    {                           \
        return -ENOSYS;         \
    }
FAKE_HC(hc_set_trap_table, struct domain *d, guest_va_t traps)
FAKE_HC(hc_mmu_update, struct domain *d, guest_va_t u, uint64_t n, guest_va_t done, uint64_t f)
FAKE_HC(hc_set_gdt, struct domain *d, guest_va_t frames, uint64_t entries)
FAKE_HC(hc_stack_switch, struct domain *d, uint64_t ss, uint64_t esp)
FAKE_HC(hc_fpu_taskswitch, struct domain *d, uint64_t set)
FAKE_HC(hc_set_debugreg, struct domain *d, uint64_t reg, uint64_t value)
FAKE_HC(hc_get_debugreg, struct domain *d, uint64_t reg)
FAKE_HC(hc_update_descriptor, struct domain *d, uint64_t maddr, uint64_t desc)
FAKE_HC(hc_update_va_mapping, struct domain *d, uint64_t va, uint64_t val, uint64_t flags)
FAKE_HC(hc_mmuext_op, struct domain *d, guest_va_t u, uint64_t n, guest_va_t done, uint64_t f)
FAKE_HC(hc_iret, struct domain *d)
FAKE_HC(hc_callback_op, struct domain *d, uint64_t cmd, guest_va_t arg)
FAKE_HC(hc_set_callbacks, struct domain *d, uint64_t event, uint64_t failsafe, uint64_t syscall)
FAKE_HC(hc_set_segment_base, struct domain *d, uint64_t which, uint64_t base)
FAKE_HC(hc_physdev_op, struct domain *d, uint64_t cmd, guest_va_t arg)
FAKE_HC(hc_platform_op, struct domain *d, guest_va_t arg)

/* --- What core files define, when they are not linked --------------------------------------------------- */

WEAK void panic(const char *fmt, ...)
{
    va_list ap;

    if (fake_expect_panic)
        longjmp(fake_panic_jmp, 1);
    va_start(ap, fmt);
    vfprintf(stderr, fmt, ap);
    va_end(ap);
    abort();
}

WEAK void printk(const char *fmt, ...)
{
    va_list ap;

    fake_calls.prints++;
    va_start(ap, fmt);
    vsnprintf(fake_calls.last_print, sizeof(fake_calls.last_print), fmt, ap);
    va_end(ap);
}
WEAK bool printk_ratelimit(void)
{
    return true;
}

/* Small objects come from the C library, so that leaks and overruns are seen; pages from the top of
 * machine memory, never reused. */
WEAK void *hv_alloc(size_t size)
{
    return calloc(1, size);
}
WEAK void hv_free(void *p)
{
    free(p);
}
WEAK void *hv_alloc_page(void)
{
    return next_frame > 1 ? mfn_to_virt(fake_frame()) : NULL;
}
WEAK void hv_free_page(void *p)
{
}
WEAK mfn_t heap_alloc(unsigned int order, unsigned int flags, unsigned int addr_bits)
{
    return order || next_frame <= 1 ? INVALID_MFN : fake_frame();
}
WEAK void heap_free(mfn_t mfn, unsigned int order, bool dirty)
{
}
WEAK void domain_frame_shared(struct domain *d)
{
}
WEAK void domain_frame_release(struct frame *f, unsigned int owner, bool was_hypervisor)
{
    f->state = (uint64_t)FRAME_OWNER_NONE << FRAME_OWNER_SHIFT;
}

static unsigned int *refs_of(const struct domain *d)
{
    for (unsigned int i = 0; i < ARRAY_SIZE(domains); i++)
        if (domains[i] == d)
            return &refs[i];
    fail();
    return NULL;
}

unsigned int fake_refs(const struct domain *d)
{
    return *refs_of(d);
}

WEAK struct domain *domain_get(domid_t id)
{
    for (unsigned int i = 0; i < ARRAY_SIZE(domains); i++) {
        if (domains[i] && domains[i]->domid == id) {
            refs[i]++;
            return domains[i];
        }
    }
    return NULL;
}
WEAK void domain_ref(struct domain *d)
{
    ++*refs_of(d);
}
WEAK void domain_put(struct domain *d)
{
    assert_true(fake_refs(d) > 1); /* the list's own stays */
    --*refs_of(d);
}
WEAK int domain_get_controlled(struct domain *d, domid_t id, struct domain **out)
{
    struct domain *found = domain_get(id == DOMID_SELF ? d->domid : id);

    if (!found)
        return d->privileged ? -ESRCH : -EPERM;
    if (found != d && !d->privileged) {
        domain_put(found);
        return -EPERM;
    }
    *out = found;
    return 0;
}
WEAK void domain_shutdown(struct domain *d, uint8_t code)
{
    fake_calls.shutdowns++;
    fake_calls.shutdown_code = code;
    d->is_shut_down = true;
    d->shutdown_code = code;
}
WEAK void domain_crash(struct domain *d, const char *fmt, ...)
{
    fake_calls.crashes++;
}

WEAK bool vcpu_events_pending(const struct vcpu *v)
{
    return v->info && v->info->evtchn_upcall_pending && !v->info->evtchn_upcall_mask;
}
WEAK void vcpu_mark_events_pending(struct vcpu *v)
{
    v->info->evtchn_upcall_pending = 1;
}
WEAK void virq_send_vcpu(struct vcpu *v, unsigned int virq)
{
    fake_calls.virqs_global++;
}
WEAK void virq_send_global(unsigned int virq)
{
    fake_calls.virqs_global++;
}
WEAK int evtchn_port_pending(struct domain *d, evtchn_port_t port)
{
    return port && port < EVTCHN_MAX_PORTS ? test_bit(port, d->shared->evtchn_pending) : -EINVAL;
}
WEAK int evtchn_init(struct domain *d, unsigned int max_port)
{
    return 0;
}
WEAK int evtchn_close_all(struct domain *d)
{
    return 0;
}
WEAK void evtchn_destroy(struct domain *d)
{
}
WEAK unsigned int evtchn_in_use(const struct domain *d)
{
    return 0;
}
WEAK int grant_init(struct domain *d, unsigned int max_frames, unsigned int max_maptrack_frames)
{
    return 0;
}
WEAK int grant_release_mappings(struct domain *d)
{
    return 0;
}
WEAK void grant_destroy(struct domain *d)
{
}
WEAK int grant_frame(struct domain *d, unsigned int idx, mfn_t *mfn)
{
    return -EINVAL;
}
WEAK uint64_t grant_mappings_total(void)
{
    return 0;
}

WEAK void vcpu_wake(struct vcpu *v)
{
    fake_calls.wakes++;
    fake_calls.last_wake = v;
}
WEAK void vcpu_unblock(struct vcpu *v)
{
    clear_bit(v->id, &v->domain->evtchn.pollers);
    if (test_and_clear_bit(VPF_BLOCKED, &v->pause_flags))
        vcpu_wake(v);
}
WEAK void vcpu_sleep_nosync(struct vcpu *v)
{
    fake_calls.sleeps++;
}
WEAK void vcpu_sleep_sync(struct vcpu *v)
{
    fake_calls.sleeps++;
}
WEAK void sched_switch_done(struct vcpu *prev)
{
}
WEAK void sched_vcpu_init(struct vcpu *v, unsigned int cpu)
{
    v->sched.cpu = cpu;
}
WEAK void sched_vcpu_destroy(struct vcpu *v)
{
}
WEAK int vcpu_set_affinity(struct vcpu *v, uint64_t mask)
{
    return 0;
}
WEAK uint64_t vcpu_run_ns(const struct vcpu *v)
{
    return v->sched.run_ns;
}
WEAK void softirq_raise(unsigned int nr)
{
    fake_calls.softirqs |= 1u << nr;
}
WEAK void softirq_raise_on(unsigned int cpu, unsigned int nr)
{
    fake_calls.softirqs |= 1u << nr;
}
WEAK void softirq_open(unsigned int nr, void (*fn)(void))
{
}
WEAK bool softirq_pending(void)
{
    return false;
}
WEAK void softirq_run(void)
{
}
WEAK bool hypercall_preempt_check(void)
{
    return fake_preempt_after && !--fake_preempt_after;
}
WEAK void timer_init(struct timer *t, void (*fn)(void *), void *arg, unsigned int cpu)
{
    memset(t, 0, sizeof(*t));
    t->fn = fn;
    t->arg = arg;
    t->cpu = cpu;
}
WEAK void timer_set(struct timer *t, s_time_t expires_ns)
{
    t->expires_ns = expires_ns;
}
WEAK void timer_stop(struct timer *t)
{
    t->expires_ns = 0;
}
WEAK void timer_kill(struct timer *t)
{
    t->killed = true;
}
WEAK void timer_migrate(struct timer *t, unsigned int cpu)
{
    t->cpu = cpu;
}

/* frame_* come from core/pagetype.c; weak so that tests without frames need not link it. */
WEAK bool frame_get(struct frame *f, const struct domain *d)
{
    return false;
}
WEAK void frame_put(struct frame *f)
{
}
WEAK void frame_put_and_type(struct frame *f)
{
}

WEAK size_t strlcpy(char *d, const char *s, size_t n)
{
    size_t len = strlen(s);

    if (n) {
        size_t c = len < n - 1 ? len : n - 1;

        memcpy(d, s, c);
        d[c] = 0;
    }
    return len;
}
WEAK unsigned long long simple_strtoull(const char *s, const char **end)
{
    return strtoull(s, (char **)end, s[0] == '0' && (s[1] == 'x' || s[1] == 'X') ? 16 : 10);
}

WEAK void sched_domain_init(struct domain *d)
{
}
WEAK void sched_domain_destroy(struct domain *d)
{
}
WEAK void sched_set_share(struct domain *d, unsigned int weight, unsigned int cap)
{
    for (unsigned int i = 0; i < d->max_vcpus; i++)
        d->vcpu[i]->sched.weight = weight;
    d->cap.percent = cap;
}

WEAK void arch_spin_wait(void)
{
}

/* --- hv/perf.h, off ------------------------------------------------------------------------------------- */

WEAK void perf_note(struct vcpu *v, unsigned int event, uint32_t arg)
{
}
WEAK void perf_wake(struct vcpu *v, s_time_t now)
{
}
WEAK void perf_switch(struct vcpu *prev, struct vcpu *next, s_time_t now)
{
}
WEAK long perf_hypercall(unsigned int nr)
{
    return -ENOSYS;
}
WEAK void perf_domain_init(struct domain *d)
{
}
WEAK void perf_domain_destroy(struct domain *d)
{
}
WEAK long perf_control(const struct pavo_perf_op *op)
{
    return -ENOSYS;
}
WEAK long perf_read(struct domain *d, struct pavo_perf_read *op)
{
    return -ENOSYS;
}
WEAK long perf_trace(struct pavo_trace_op *op)
{
    return -ENOSYS;
}
