/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Time. One clock for all: nanoseconds since boot from the TSC, by the very formula, multiplier and
 * stamp that guests get, so that hypervisor and guests always compute the same value. The stamp is
 * taken once: what is in vcpu_time_info never changes, and stays right while a vcpu does not run.
 * Locking: wallclock_lock guards the wall clock.
 * ABI:     struct vcpu_time_info and the wc_ fields of pv-abi/shared_info.h.
 * Source:  ACPI 4.8.3.3 (PM timer); 8254 and MC146818 data sheets.
 */
#include <asm/boot.h>
#include <asm/clock.h>
#include <asm/machine.h>
#include <asm/msr.h>
#include <hv/guest_access.h>
#include <hv/spinlock.h>
#include <hv/timer.h>

#define CALIBRATE_MS     50
#define MSR_TSC_DEADLINE 0x6e0

uint64_t tsc_hz;
uint32_t lapic_timer_hz;
bool tsc_is_stable;

static uint64_t tsc_stamp; /* TSC at system time 0 */
static struct clock_scale scale;

/* ---- the clock ------------------------------------------------------------------------------- */

s_time_t now_ns(void)
{
    uint64_t tsc = rdtsc_ordered();

    return tsc > tsc_stamp ? clock_ns(scale, tsc - tsc_stamp) : 0;
}

void delay_us(unsigned int us)
{
    uint64_t start = rdtsc_ordered(), ticks = us * (tsc_hz / 1000000);

    while (rdtsc_ordered() - start < ticks)
        __builtin_ia32_pause();
}

/* ---- calibration ----------------------------------------------------------------------------- */

struct reference {
    const char *name;
    uint32_t (*read)(void);
    uint64_t hz;
    uint32_t mask;
};

static uint32_t pm_timer_read(void)
{
    return inl(acpi.pm_timer_port);
}

/* Channel 2 of the PIT counts down once from 65536; latch, then read both halves. */
static uint32_t pit_read(void)
{
    uint32_t lo;

    outb(0x43, 0x80);
    lo = inb(0x42);
    return -(lo | (uint32_t)inb(0x42) << 8);
}

static void choose_reference(struct reference *r)
{
    if (acpi.pm_timer_port) {
        *r = (struct reference){"PM timer", pm_timer_read, 3579545, 0xffffff};
        return;
    }
    outb(0x61, (inb(0x61) & ~2) | 1); /* gate on, speaker off */
    outb(0x43, 0xb0);                 /* channel 2, both halves, mode 0 */
    outb(0x42, 0xff);
    outb(0x42, 0xff);
    *r = (struct reference){"PIT", pit_read, 1193182, 0xffff};
}

struct sample {
    uint64_t tsc, gap;
    uint32_t ref, apic;
};

/* Both clocks at once: of several tries the one that took the least time. */
static struct sample take_sample(const struct reference *r)
{
    struct sample best = {.gap = ~0ull};

    for (unsigned int i = 0; i < 16; i++) {
        struct sample s;
        uint64_t before = rdtsc_ordered(), after;

        s.ref = r->read();
        after = rdtsc_ordered();
        s.apic = apic_timer_left();
        s.gap = after - before;
        s.tsc = before + s.gap / 2;
        if (s.gap < best.gap)
            best = s;
    }
    return best;
}

static void calibrate(void)
{
    struct reference r;
    struct sample a, b;
    uint64_t ticks, wanted;

    choose_reference(&r);
    wanted = r.hz * CALIBRATE_MS / 1000;
    apic_timer_count(0xffffffff);
    a = take_sample(&r);
    while (((r.read() - a.ref) & r.mask) < wanted)
        __builtin_ia32_pause();
    b = take_sample(&r);
    apic_timer_count(0);
    ticks = (b.ref - a.ref) & r.mask;
    tsc_hz = (b.tsc - a.tsc) * r.hz / ticks;
    lapic_timer_hz = (uint64_t)(a.apic - b.apic) * r.hz / ticks;
    printk("time: TSC %u.%03u MHz, local APIC timer %u.%03u MHz, by %s\n",
           (unsigned int)(tsc_hz / 1000000), (unsigned int)(tsc_hz / 1000 % 1000),
           lapic_timer_hz / 1000000, lapic_timer_hz / 1000 % 1000, r.name);
}

/* ---- one-shot clock of a CPU ----------------------------------------------------------------- */

void arch_timer_set(s_time_t expires_ns)
{
    int64_t delta = expires_ns - now_ns();
    uint64_t ticks;

    if (expires_ns <= 0) {
        if (cpu_features.tsc_deadline)
            wrmsr(MSR_TSC_DEADLINE, 0);
        else
            apic_timer_count(0);
        return;
    }
    delta = max(delta, 1);
    delta = min(delta, (int64_t)NS_PER_SEC); /* SOFTIRQ_TIMER sets it again if nothing was due */
    if (cpu_features.tsc_deadline) {
        wrmsr(MSR_TSC_DEADLINE, rdtsc() + (uint64_t)delta * (tsc_hz / 1000) / 1000000);
        return;
    }
    ticks = (uint64_t)delta * (lapic_timer_hz / 1000) / 1000000 + 1;
    apic_timer_count(min(ticks, 0xffffffffull));
}

/* ---- wall clock ------------------------------------------------------------------------------ */

static spinlock_t wallclock_lock = SPINLOCK_INIT;
static int64_t wallclock_ns; /* since 1970, at system time 0 */

static uint8_t rtc_read(uint8_t reg)
{
    outb(0x70, reg);
    return inb(0x71);
}

static int64_t rtc_seconds(void)
{
    static const uint8_t regs[6] = {0, 2, 4, 7, 8, 9}; /* second ... year */
    uint8_t v[6], again[6];
    unsigned int i, tries;

    for (tries = 0; tries < 100000 && (rtc_read(0x0a) & 0x80); tries++)
        ;
    do {
        for (i = 0; i < 6; i++)
            v[i] = rtc_read(regs[i]);
        for (i = 0; i < 6; i++)
            again[i] = rtc_read(regs[i]);
    } while (memcmp(v, again, 6) && tries++ < 100100);
    return rtc_to_seconds(v, rtc_read(0x0b));
}

void arch_update_wallclock(struct domain *d)
{
    SCOPED_LOCK_IRQ(&wallclock_lock);
    struct shared_info *s = ACCESS_ONCE(d->shared);
    int64_t ns = wallclock_ns + (int64_t)d->time_offset_s * (int64_t)NS_PER_SEC;

    if (!s)
        return;
    __atomic_store_n(&s->wc_version, s->wc_version | 1, __ATOMIC_RELAXED);
    smp_wmb();
    s->wc_sec = (uint64_t)ns / NS_PER_SEC;
    s->wc_sec_hi = (uint64_t)ns / NS_PER_SEC >> 32;
    s->wc_nsec = (uint64_t)ns % NS_PER_SEC;
    smp_wmb();
    __atomic_store_n(&s->wc_version, s->wc_version + 1, __ATOMIC_RELAXED);
}

int arch_set_wallclock(uint64_t sec, uint32_t nsec, s_time_t system_ns)
{
    unsigned long flags;
    struct domain *d;

    if (nsec >= NS_PER_SEC || sec > (1ull << 33) || system_ns < 0)
        return -EINVAL;
    spin_lock_irqsave(&wallclock_lock, flags);
    wallclock_ns = (int64_t)(sec * NS_PER_SEC + nsec) - system_ns;
    spin_unlock_irqrestore(&wallclock_lock, flags);
    for (unsigned int id = 0; (d = domain_get_next(id)); id = d->domid + 1u, domain_put(d))
        arch_update_wallclock(d);
    return 0;
}

/* ---- what guests read ------------------------------------------------------------------------ */

static void fill_time(struct vcpu_time_info *t)
{
    t->tsc_timestamp = tsc_stamp;
    t->system_time = 0;
    t->tsc_to_system_mul = scale.mul;
    t->tsc_shift = scale.shift;
    t->flags = tsc_is_stable ? XEN_PVCLOCK_TSC_STABLE_BIT : 0;
}

/* The registered secondary area needs no update here: it was filled when it was registered, and
 * nothing of it changes as long as the machine runs. */
void arch_update_vcpu_time(struct vcpu *v)
{
    struct vcpu_time_info *t;
    uint32_t version;

    if (!v->info)
        return;
    t = &v->info->time;
    version = t->version | 1;
    __atomic_store_n(&t->version, version, __ATOMIC_RELAXED);
    smp_wmb();
    fill_time(t);
    smp_wmb();
    __atomic_store_n(&t->version, version + 1, __ATOMIC_RELAXED);
}

/* @va resolves in the caller's kernel root: vcpus of one kernel share these mappings. */
int arch_register_time_area(struct vcpu *v, guest_va_t va)
{
    struct vcpu_time_info t = {.version = 2};

    if (va) {
        fill_time(&t);
        if (copy_to_guest(va, &t, sizeof(t)))
            return -EFAULT;
    }
    return 0;
}

/* ---- do the CPUs agree? ---------------------------------------------------------------------- */

static spinlock_t warp_lock = SPINLOCK_INIT;
static uint64_t warp_last;
static uint64_t warp_max;
static unsigned int warp_arrived;

/* Both CPUs of a pair call this at the same time: each looks whether its TSC is behind what the
 * other read before. */
void tsc_sync_test(void)
{
    unsigned int pair_end = (__atomic_add_fetch(&warp_arrived, 1, __ATOMIC_SEQ_CST) + 1) & ~1u;
    uint64_t start;

    while (ACCESS_ONCE(warp_arrived) < pair_end)
        __builtin_ia32_pause();
    start = rdtsc_ordered();
    while (rdtsc_ordered() - start < tsc_hz / 500) {
        uint64_t now;

        spin_lock(&warp_lock);
        now = rdtsc_ordered();
        if (now < warp_last)
            warp_max = max(warp_max, warp_last - now);
        warp_last = now;
        spin_unlock(&warp_lock);
    }
}

/* After the last test: may guests trust the TSC across CPUs? */
void time_judge_tsc(void)
{
    if (warp_max)
        printk(LOG_WARN "time: TSCs differ by %lu ticks between CPUs\n", warp_max);
    tsc_is_stable = !warp_max && (cpu_features.invariant_tsc || cpu_features.hypervisor);
    printk("time: TSC is %s for guests\n", tsc_is_stable ? "stable" : "not stable");
}

void time_init(void)
{
    calibrate();
    scale = clock_scale_of(tsc_hz);
    tsc_stamp = rdtsc_ordered();
    wallclock_ns = rtc_seconds() * (int64_t)NS_PER_SEC - now_ns();
}

uint32_t arch_cpu_khz(void)
{
    return (uint32_t)(tsc_hz / 1000);
}
