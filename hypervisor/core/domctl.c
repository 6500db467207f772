/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * domctl: dom0 creates, sets up, watches and ends domains.
 *
 * Locking: domctl_lock serializes all operations; it is outermost. Operations that take long do a
 *          slice and continue themselves, without the lock in between.
 * ABI:     pv-abi/domctl.h (source: Xen 4.17 public domctl.h, interface version 0x15).
 */
#include <hv/alloc.h>
#include <hv/arch.h>
#include <hv/control.h>
#include <hv/hypercall.h>
#include <hv/perf.h>
#include <pv-abi/domctl.h>
#include <pv-abi/types.h>

#define DEFAULT_GRANT_FRAMES    64u
#define DEFAULT_MAPTRACK_FRAMES 1024u
#define MAX_GRANT_FRAMES        4096u
#define MAX_MAPTRACK_FRAMES     16384u

static spinlock_t domctl_lock = SPINLOCK_INIT;

void domain_info(struct domain *d, struct xen_domctl_getdomaininfo *info)
{
    bool running = false, all_blocked = true;
    struct vcpu *v;

    memset(info, 0, sizeof(*info));
    info->domain = d->domid;
    info->max_vcpu_id = XEN_INVALID_MAX_VCPU_ID;
    for_each_vcpu (d, v) {
        info->max_vcpu_id = v->id;
        info->cpu_time += vcpu_run_ns(v);
        if (test_bit(VPF_DOWN, &v->pause_flags))
            continue;
        info->nr_online_vcpus++;
        running |= ACCESS_ONCE(v->sched.running);
        all_blocked &= test_bit(VPF_BLOCKED, &v->pause_flags);
    }
    info->flags = (d->dying == DOMAIN_DEAD ? XEN_DOMINF_dying : 0) |
                  (d->is_shut_down ? XEN_DOMINF_shutdown : 0) |
                  (d->controller_paused ? XEN_DOMINF_paused : 0) |
                  (all_blocked ? XEN_DOMINF_blocked : 0) | (running ? XEN_DOMINF_running : 0) |
                  (uint32_t)d->shutdown_code << XEN_DOMINF_shutdownshift;
    info->tot_pages = d->tot_pages;
    info->max_pages = d->max_pages;
    info->outstanding_pages = d->claimed_pages;
    info->shared_info_frame = d->shared_mfn.n;
    info->ssidref = d->ssidref;
    memcpy(info->handle, d->handle, sizeof(info->handle));
}

/* -EINVAL a kind of domain or a size that we do not do; -EEXIST, -ENOMEM. */
static long op_create(struct xen_domctl *op)
{
    const struct xen_domctl_createdomain *c = &op->u.createdomain;
    unsigned int grants =
        c->max_grant_frames < 0 ? DEFAULT_GRANT_FRAMES : (unsigned int)c->max_grant_frames;
    unsigned int maps =
        c->max_maptrack_frames < 0 ? DEFAULT_MAPTRACK_FRAMES : (unsigned int)c->max_maptrack_frames;
    /* A number that dom0 asks for, or any: 0 is taken for ever. */
    unsigned int id = op->domain && op->domain <= DOMID_MAX ? op->domain : DOMID_SELF;
    struct domain *d;
    int rc;

    if (c->flags || c->iommu_opts || c->arch.emulation_flags || c->vmtrace_size ||
        grants > MAX_GRANT_FRAMES || maps > MAX_MAPTRACK_FRAMES)
        return -EINVAL;
    rc = domain_create(id, c->handle, c->max_vcpus, grants, maps, c->max_evtchn_port, &d);
    if (rc)
        return rc;
    d->ssidref = c->ssidref;
    op->domain = d->domid;
    return 0;
}

static long op_max_vcpus(struct domain *d, unsigned int max)
{
    if (max != d->max_vcpus)
        return -EINVAL;
    for (unsigned int i = 0; i < max; i++) {
        int rc = d->vcpu[i] ? 0 : vcpu_create(d, i, (d->domid + i) % arch_nr_cpus());

        if (rc)
            return rc;
    }
    return 0;
}

static struct vcpu *vcpu_of(struct domain *d, unsigned int id)
{
    return id < d->max_vcpus ? d->vcpu[id] : NULL;
}

static long op_set_context(struct domain *d, const struct xen_domctl_vcpucontext *op)
{
    struct vcpu *v = vcpu_of(d, op->vcpu);
    struct vcpu_guest_context *c;
    long rc = -EFAULT;

    if (!v || d == current->domain)
        return -EINVAL;
    c = hv_alloc(sizeof(*c));
    if (!c)
        return -ENOMEM;
    if (!copy_from_guest(c, op->ctxt, sizeof(*c))) {
        domain_pause(d);
        rc = arch_set_context(v, c);
        if (!rc && (c->flags & VGCF_online))
            clear_bit(VPF_DOWN, &v->pause_flags);
        domain_unpause(d);
    }
    hv_free(c);
    return rc;
}

static long op_get_context(struct domain *d, const struct xen_domctl_vcpucontext *op)
{
    struct vcpu *v = vcpu_of(d, op->vcpu);
    struct vcpu_guest_context *c;
    long rc;

    if (!v || d == current->domain)
        return -EINVAL;
    if (!v->initialised)
        return -ENODATA;
    c = hv_alloc(sizeof(*c));
    if (!c)
        return -ENOMEM;
    domain_pause(d);
    arch_get_context(v, c);
    domain_unpause(d);
    rc = copy_to_guest(op->ctxt, c, sizeof(*c)) ? -EFAULT : 0;
    hv_free(c);
    return rc;
}

static long op_vcpu_info(struct domain *d, struct xen_domctl_getvcpuinfo *info)
{
    const struct vcpu *v = vcpu_of(d, info->vcpu);

    if (!v)
        return -ESRCH;
    info->online = !test_bit(VPF_DOWN, &v->pause_flags);
    info->blocked = test_bit(VPF_BLOCKED, &v->pause_flags);
    info->running = ACCESS_ONCE(v->sched.running);
    info->cpu_time = vcpu_run_ns(v);
    info->cpu = v->sched.cpu;
    return 0;
}

static long op_max_mem(struct domain *d, uint64_t kb)
{
    SCOPED_LOCK(&d->page_lock);

    d->max_pages = kb >> (PAGE_SHIFT - 10);
    return 0;
}

static long op_pause(struct domain *d)
{
    if (d == current->domain)
        return -EINVAL;
    if (!d->controller_paused) {
        d->controller_paused = true;
        domain_pause(d);
    }
    return 0;
}

static long op_unpause(struct domain *d)
{
    if (d->controller_paused) {
        d->controller_paused = false;
        domain_unpause(d);
    }
    return 0;
}

long op_hypercall_page(struct domain *d, uint64_t gmfn)
{
    mfn_t mfn = _mfn(gmfn);
    int rc = mfn_get_and_type(d, mfn, FRAME_T_WRITABLE);

    if (rc)
        return rc == -EPERM ? -EINVAL : rc;
    arch_hypercall_page(mfn_to_virt(mfn));
    frame_put_and_type(mfn_to_frame(mfn));
    return 0;
}

static long op_time_offset(struct domain *d, int64_t seconds)
{
    if (seconds > INT32_MAX || seconds < INT32_MIN)
        return -EINVAL;
    d->time_offset_s = (int32_t)seconds;
    arch_update_wallclock(d);
    return 0;
}

/* The first 64 CPUs of a bit array; bits that the guest does not send are 0. */
static int bitmap_read(const struct xenctl_bitmap *b, uint64_t *mask)
{
    uint32_t bits = min(b->nr_bits, NR_CPUS);

    *mask = 0;
    if (bits && copy_from_guest(mask, b->bitmap, (bits + 7) / 8))
        return -EFAULT;
    if (bits < 64)
        *mask &= (1ull << bits) - 1;
    return 0;
}

/* As many bits as there is room for; bytes behind those that we know are cleared. */
static int bitmap_write(const struct xenctl_bitmap *b, uint64_t mask)
{
    uint32_t bytes = b->nr_bits / 8 + (b->nr_bits % 8 != 0);
    uint32_t known = min(bytes, (uint32_t)sizeof(mask));

    if (b->nr_bits < 64)
        mask &= (1ull << b->nr_bits) - 1;
    if (copy_to_guest(b->bitmap, &mask, known))
        return -EFAULT;
    bytes = min(bytes, 1024u); /* nobody has more CPUs */
    return bytes > known && clear_guest(b->bitmap + known, bytes - known) ? -EFAULT : 0;
}
_Static_assert(NR_CPUS <= 64, "one word holds all CPUs");

/* Soft affinity is not kept and reads as the hard one. -EINVAL no such vcpu, no CPU. */
static long op_affinity(struct domain *d, const struct xen_domctl_vcpuaffinity *a, bool set)
{
    struct vcpu *v = vcpu_of(d, a->vcpu);
    uint64_t mask;
    long rc;

    if (!v || !a->flags || a->flags & ~(XEN_VCPUAFFINITY_HARD | XEN_VCPUAFFINITY_SOFT))
        return -EINVAL;
    if (set && (a->flags & XEN_VCPUAFFINITY_HARD)) {
        rc = bitmap_read(&a->cpumap_hard, &mask);
        if (!rc)
            rc = vcpu_set_affinity(v, mask);
        if (rc)
            return rc;
    }
    mask = v->sched.affinity;
    rc = a->flags & XEN_VCPUAFFINITY_HARD ? bitmap_write(&a->cpumap_hard, mask) : 0;
    if (!rc && (a->flags & XEN_VCPUAFFINITY_SOFT))
        rc = bitmap_write(&a->cpumap_soft, mask);
    return rc;
}

/* Weight of each vcpu, 0 leaves it; cap, 0xffff leaves it. -EINVAL another scheduler or command. */
static long op_scheduler(struct domain *d, struct xen_domctl_scheduler_op *op)
{
    struct xen_domctl_sched_credit2 *p = &op->u.credit2;

    if (op->sched_id != XEN_SCHEDULER_CREDIT2 || !d->vcpu[0])
        return -EINVAL;
    switch (op->cmd) {
    case XEN_DOMCTL_SCHEDOP_getinfo:
        p->weight = (uint16_t)d->vcpu[0]->sched.weight;
        p->cap = (uint16_t)d->cap.percent;
        return 0;
    case XEN_DOMCTL_SCHEDOP_putinfo:
        sched_set_share(d, p->weight ? p->weight : d->vcpu[0]->sched.weight,
                        p->cap == UINT16_MAX ? d->cap.percent : p->cap);
        return 0;
    default:
        return -EINVAL;
    }
}

/* What may be done to a dying domain: the rest would give it what nobody takes back. */
static bool fit_for_dying(uint32_t cmd)
{
    return cmd == XEN_DOMCTL_destroydomain || cmd == XEN_DOMCTL_pausedomain ||
           cmd == XEN_DOMCTL_unpausedomain || cmd == XEN_DOMCTL_getvcpuinfo ||
           cmd == XEN_DOMCTL_pavo_perf;
}

/* Operations on @d. *@copyback: the caller is to see the changed argument. */
static long on_domain(struct domain *d, struct xen_domctl *op, bool *copyback)
{
    if (d->dying != DOMAIN_ALIVE && !fit_for_dying(op->cmd))
        return -EINVAL;
    switch (op->cmd) {
    case XEN_DOMCTL_destroydomain:
        return domain_kill(d);
    case XEN_DOMCTL_pausedomain:
        return op_pause(d);
    case XEN_DOMCTL_unpausedomain:
        return op_unpause(d);
    case XEN_DOMCTL_resumedomain:
        domain_resume(d);
        return 0;
    case XEN_DOMCTL_max_mem:
        return op_max_mem(d, op->u.max_mem.max_memkb);
    case XEN_DOMCTL_max_vcpus:
        return op_max_vcpus(d, op->u.max_vcpus.max);
    case XEN_DOMCTL_setvcpucontext:
        return op_set_context(d, &op->u.vcpucontext);
    case XEN_DOMCTL_getvcpucontext:
        return op_get_context(d, &op->u.vcpucontext);
    case XEN_DOMCTL_getvcpuinfo:
        *copyback = true;
        return op_vcpu_info(d, &op->u.getvcpuinfo);
    case XEN_DOMCTL_setvcpuaffinity:
    case XEN_DOMCTL_getvcpuaffinity:
        return op_affinity(d, &op->u.vcpuaffinity, op->cmd == XEN_DOMCTL_setvcpuaffinity);
    case XEN_DOMCTL_scheduler_op:
        *copyback = true;
        return op_scheduler(d, &op->u.scheduler_op);
    case XEN_DOMCTL_set_address_size: /* all guests are 64-bit */
        return op->u.address_size.size == 64 ? 0 : -EINVAL;
    case XEN_DOMCTL_get_address_size:
        op->u.address_size.size = 64;
        *copyback = true;
        return 0;
    case XEN_DOMCTL_setdomainhandle:
        memcpy(d->handle, op->u.setdomainhandle.handle, sizeof(d->handle));
        return 0;
    case XEN_DOMCTL_settimeoffset:
        return op_time_offset(d, op->u.settimeoffset.time_offset_seconds);
    case XEN_DOMCTL_hypercall_init:
        return op_hypercall_page(d, op->u.hypercall_init.gmfn);
    case XEN_DOMCTL_pavo_perf:
        *copyback = true;
        return perf_read(d, (struct pavo_perf_read *)(void *)op->u.pad);
    default:
        return -ENOSYS;
    }
}

/* getdomaininfo: the domain of that number or the next; -ESRCH none. */
static long op_info(struct xen_domctl *op)
{
    struct domain *d SCOPED_REF = domain_get_next(op->domain);

    if (!d)
        return -ESRCH;
    domain_info(d, &op->u.getdomaininfo);
    op->domain = d->domid;
    return 0;
}

static long dispatch(struct xen_domctl *op, bool *copyback)
{
    struct domain *d SCOPED_REF = NULL;

    if (op->cmd == XEN_DOMCTL_createdomain || op->cmd == XEN_DOMCTL_getdomaininfo) {
        *copyback = true;
        return op->cmd == XEN_DOMCTL_createdomain ? op_create(op) : op_info(op);
    }
    d = domain_get(op->domain);
    return d ? on_domain(d, op, copyback) : -ESRCH;
}

/* -EFAULT; -EACCES another interface version; -ESRCH; -ENOSYS; else as the operation says. */
long hc_domctl(struct domain *d, guest_va_t arg)
{
    struct xen_domctl op;
    bool copyback = false;
    long rc;

    if (copy_from_guest(&op, arg, sizeof(op)))
        return -EFAULT;
    if (op.interface_version != XEN_DOMCTL_INTERFACE_VERSION)
        return -EACCES;
    if (!spin_trylock(&domctl_lock))
        return HC_CONTINUE; /* its holder may be waiting for a CPU: let this one look at its work */
    rc = dispatch(&op, &copyback);
    spin_unlock(&domctl_lock);
    if (rc == -ERESTART)
        return HC_CONTINUE;
    if (copyback && !rc && copy_to_guest(arg, &op, sizeof(op)))
        rc = -EFAULT;
    return rc;
}
