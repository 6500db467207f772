/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What of a vcpu lies in the CPU while it runs: FPU, segments, debug registers, roots. The hypercalls that
 * change these at once, and the switch from one vcpu to another.
 *
 * While a vcpu runs, its general registers lie in the CPU's record and its segment bases in the CPU;
 * the switch saves both before sched_switch_done() lets another CPU take it.
 *
 * A CPU that goes idle leaves the guest's root and descriptor tables at once. Keeping the root would need a
 * reference on it, and the guest, which knows nothing of that, could not make its tables plain memory again.
 */
#include <asm/machine.h>
#include <asm/mm.h>
#include <asm/msr.h>
#include <asm/traps.h>
#include <hv/alloc.h>
#include <hv/arch.h>
#include <hv/perf.h>
#include <pv-abi/x86.h>

#define FXSAVE_SIZE   512u
#define MXCSR_DEFAULT 0x1f80u
#define MXCSR_KNOWN   0xffbfu /* a reserved bit would fault in our own restore */
#define FCW_DEFAULT   0x37fu

/* What each CPU still has of a guest: the domain whose tlb_cpus has this CPU's bit; NULL: the CPU is on the
 * hypervisor's root. */
static struct domain *loaded[NR_CPUS];

/* --- FPU ---------------------------------------------------------------------------------------------- */

int fpu_create(struct vcpu *v)
{
    /* Whole pages: aligned as XSAVE wants it. */
    v->arch.fpu = hv_alloc(max(cpu_features.xsave_size, PAGE_SIZE));
    if (!v->arch.fpu)
        return -ENOMEM;
    fpu_set(v, NULL);
    return 0;
}

/* The area as FXSAVE lays it out; the header of XSAVE follows. */
void fpu_set(struct vcpu *v, const void *fxsave_image)
{
    char *area = v->arch.fpu;

    memset(area, 0, cpu_features.xsave_size);
    if (!fxsave_image) {
        *(uint16_t *)area = FCW_DEFAULT;
        *(uint32_t *)(area + 24) = MXCSR_DEFAULT;
        return;
    }
    memcpy(area, fxsave_image, 416);
    *(uint32_t *)(area + 24) &= MXCSR_KNOWN;
    if (cpu_features.xsave)
        *(uint64_t *)(area + FXSAVE_SIZE) = 3; /* x87 and SSE are not in their initial state */
}

/* All enabled states are saved and restored, also those that the guest's XCR0 hides: what one guest leaves
 * in a register that the next may enable later would leak. */
static void fpu_save(struct vcpu *v)
{
    if (!cpu_features.xsave) {
        __asm__ volatile("fxsaveq %0" : "=m"(*(char(*)[FXSAVE_SIZE])v->arch.fpu));
        return;
    }
    if (v->arch.xcr0 != cpu_features.xcr0)
        xsetbv(cpu_features.xcr0);
    if (cpu_features.xsaveopt)
        __asm__ volatile("xsaveopt64 (%0)" ::"r"(v->arch.fpu), "a"(-1), "d"(-1) : "memory");
    else
        __asm__ volatile("xsave64 (%0)" ::"r"(v->arch.fpu), "a"(-1), "d"(-1) : "memory");
}

static void fpu_restore(struct vcpu *v)
{
    if (!cpu_features.xsave) {
        __asm__ volatile("fxrstorq %0" ::"m"(*(char(*)[FXSAVE_SIZE])v->arch.fpu));
        return;
    }
    __asm__ volatile("xrstor64 (%0)" ::"r"(v->arch.fpu), "a"(-1), "d"(-1) : "memory");
    if (v->arch.xcr0 != cpu_features.xcr0)
        xsetbv(v->arch.xcr0);
}

static void fpu_set_ts(bool ts)
{
    uint64_t cr0 = read_cr0();

    if (ts != !!(cr0 & CR0_TS))
        write_cr0(ts ? cr0 | CR0_TS : cr0 & ~CR0_TS);
}

long hc_fpu_taskswitch(struct domain *d, uint64_t set)
{
    if (set)
        current->arch.cr0 |= CR0_TS;
    else
        current->arch.cr0 &= ~CR0_TS;
    fpu_set_ts(set);
    return 0;
}

/* --- Segments ------------------------------------------------------------------------------------------- */

#define READ_SEG(s)                                      \
    ({                                                   \
        uint16_t v_;                                     \
        __asm__ volatile("mov %%" #s ", %0" : "=r"(v_)); \
        v_;                                              \
    })
/* A selector that became invalid since is replaced by the null selector. */
#define LOAD_SEG(s, val)                                                                   \
    do {                                                                                   \
        uint32_t sel_ = (val);                                                             \
        __asm__ volatile("mov %0, %%" #s ::"r"(0));                                        \
        if (sel_)                                                                          \
            __asm__ volatile("1: mov %0, %%" #s "\n2:\n" _ASM_EXTABLE(1b, 2b)::"r"(sel_)); \
    } while (0)

static void segments_save(struct vcpu *v)
{
    uint64_t gs, other;

    v->arch.ds = READ_SEG(ds);
    v->arch.es = READ_SEG(es);
    v->arch.fs = READ_SEG(fs);
    v->arch.gs = READ_SEG(gs);
    v->arch.fs_base = rdmsr(MSR_FS_BASE);
    gs = rdmsr(MSR_GS_BASE);
    other = rdmsr(MSR_KERNEL_GS_BASE);
    v->arch.gs_base_kernel = v->arch.in_kernel ? gs : other;
    v->arch.gs_base_user = v->arch.in_kernel ? other : gs;
}

static void segments_load(struct vcpu *v)
{
    LOAD_SEG(ds, v->arch.ds);
    LOAD_SEG(es, v->arch.es);
    LOAD_SEG(fs, v->arch.fs);
    LOAD_SEG(gs, v->arch.gs);
    /* After the selectors, whose loads change the bases. */
    wrmsr(MSR_FS_BASE, v->arch.fs_base);
    wrmsr(MSR_GS_BASE, v->arch.in_kernel ? v->arch.gs_base_kernel : v->arch.gs_base_user);
    wrmsr(MSR_KERNEL_GS_BASE, v->arch.in_kernel ? v->arch.gs_base_user : v->arch.gs_base_kernel);
}

long hc_set_segment_base(struct domain *d, uint64_t which, uint64_t base)
{
    static const uint32_t msr[] = {[SEGBASE_FS] = MSR_FS_BASE,
                                   [SEGBASE_GS_USER] = MSR_KERNEL_GS_BASE,
                                   [SEGBASE_GS_KERNEL] = MSR_GS_BASE};

    if (which == SEGBASE_GS_USER_SEL) {
        uint32_t sel = (uint16_t)base ? (uint16_t)base | 3 : 0;

        __asm__ volatile("swapgs");
        LOAD_SEG(gs, sel);
        __asm__ volatile("swapgs");
        return 0;
    }
    if (which >= ARRAY_SIZE(msr) || !guest_va_ok(base))
        return -EINVAL;
    wrmsr(msr[which], base);
    return 0;
}

/* --- Debug registers ------------------------------------------------------------------------------------ */

#define WRITE_DR(n, v) __asm__ volatile("mov %0, %%db" #n ::"r"((uint64_t)(v)))

static void debugregs_load(const struct vcpu *v)
{
    WRITE_DR(0, v->arch.debugreg[0]);
    WRITE_DR(1, v->arch.debugreg[1]);
    WRITE_DR(2, v->arch.debugreg[2]);
    WRITE_DR(3, v->arch.debugreg[3]);
    WRITE_DR(6, v->arch.debugreg[6]);
    WRITE_DR(7, v->arch.debugreg[7]);
}

int debugreg_value(unsigned int reg, uint64_t *value)
{
    switch (reg) {
    case 0 ... 3: /* breakpoints in the hypervisor would fire in its own code */
        return guest_va_ok(*value) ? 0 : -EPERM;
    case 6:
        *value = (*value & 0xe00f) | 0xffff0ff0;
        return 0;
    case 7:
        if (*value >> 32 || (*value & (1u << 13))) /* no general detect */
            return -EINVAL;
        for (unsigned int i = 0; i < 4; i++) {
            if (((*value >> (16 + 4 * i)) & 3) == 2) /* I/O breakpoints */
                return -EINVAL;
        }
        *value = (*value & ~0xd000ull) | 0x400;
        return 0;
    default:
        return -ENODEV;
    }
}

long hc_set_debugreg(struct domain *d, uint64_t reg, uint64_t value)
{
    struct vcpu *v = current;
    int rc = debugreg_value((unsigned int)min(reg, 8ull), &value);

    if (rc)
        return rc;
    v->arch.debugreg[reg] = value;
    if ((v->arch.debugreg[7] & 0xff) || reg == 7)
        debugregs_load(v);
    return 0;
}

long hc_get_debugreg(struct domain *d, uint64_t reg)
{
    if (reg > 7 || reg == 4 || reg == 5)
        return -ENODEV;
    return (long)current->arch.debugreg[reg];
}

/* --- The switch ----------------------------------------------------------------------------------------- */

static void vcpu_save(struct vcpu *v)
{
    v->arch.regs = cpu_record()->regs;
    segments_save(v);
    fpu_set_ts(false);
    fpu_save(v);
    if (v->arch.debugreg[7] & 0xff)
        WRITE_DR(7, 0x400);
}

static void root_load(struct domain *d, uint64_t root)
{
    struct domain *old = loaded[this_cpu()];

    /* From here on shoot-downs for this domain reach us; the load below is a full flush, so none before
     * it is missed. */
    if (d && old != d)
        set_bit(this_cpu(), d->arch.tlb_cpus);
    tlb_flush_begin();
    write_cr3(root);
    loaded[this_cpu()] = d;
    if (old && old != d)
        clear_bit(this_cpu(), old->arch.tlb_cpus);
}

static uint64_t guest_root(const struct vcpu *v)
{
    return v->arch.in_kernel ? v->arch.hw_cr3_kernel : v->arch.hw_cr3_user;
}

static void vcpu_load(struct vcpu *v)
{
    cpu_record()->regs = v->arch.regs;
    root_load(v->domain, guest_root(v));
    descriptors_load(v);
    fpu_restore(v);
    segments_load(v);
    v->arch.last_cpu = this_cpu();
    if (v->arch.debugreg[7] & 0xff)
        debugregs_load(v);
    if (v->arch.cr0 & CR0_TS)
        fpu_set_ts(true);
    if (v->runstate_va)
        arch_update_runstate_area(v);
}

/* Go to the hypervisor's own root and tables: a vcpu's window goes with the vcpu. Interrupts off. */
static void guest_leave(void)
{
    gdt_load(GDT_BASE_BARE);
    ldt_load(0, 0);
    root_load(NULL, mfn_to_maddr(virt_to_mfn(idle_root)));
}

void arch_switch_to(struct vcpu *prev, struct vcpu *next)
{
    arch_irq_disable();
    if (!is_idle(prev))
        vcpu_save(prev);
    cpu_record()->vcpu = next;
    if (!is_idle(next))
        vcpu_load(next);
    else if (!is_idle(prev))
        guest_leave();
    sched_switch_done(prev);
    arch_resume_current();
}

void arch_vcpu_kick(struct vcpu *v)
{
    if (v != current && ACCESS_ONCE(v->sched.running))
        arch_send_ipi(v->sched.cpu);
}

void toggle_guest_mode(struct vcpu *v)
{
    v->arch.in_kernel = !v->arch.in_kernel;
    __asm__ volatile("swapgs");
    write_cr3(guest_root(v));
    perf_event(v, PAVO_EV_MODE_SWITCH, v->arch.in_kernel); /* last: a jump, no frame to set up */
}

void arch_update_runstate_area(struct vcpu *v)
{
    if (v->runstate_va && v->arch.in_kernel) /* else the guest kernel's addresses are not there */
        vcpu_runstate_write(v);
}
