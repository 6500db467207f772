/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Virtual CPUs: creation, the place of their shared record, and vcpu_op.
 * ABI: pv-abi/vcpu.h (source: Xen public vcpu.h).
 */
#include <hv/alloc.h>
#include <hv/arch.h>
#include <hv/domain.h>
#include <hv/guest_access.h>
#include <hv/hypercall.h>
#include <pv-abi/sched.h>
#include <pv-abi/vcpu.h>
#include <pv-abi/vm_assist.h>
#include <pv-abi/x86.h>

int vcpu_create(struct domain *d, unsigned int id, unsigned int cpu)
{
    struct vcpu *v;
    int rc;

    if (id >= d->max_vcpus)
        return -EINVAL;
    if (d->vcpu[id])
        return -EEXIST;
    v = hv_alloc(sizeof(*v));
    if (!v)
        return -ENOMEM;
    v->id = id;
    v->domain = d;
    v->info = &d->shared->vcpu_info[id];
    v->info_mfn = INVALID_MFN;
    v->info->evtchn_upcall_mask = 1;
    set_bit(VPF_DOWN, &v->pause_flags);
    sched_vcpu_init(v, cpu);
    rc = arch_vcpu_create(v);
    if (rc) {
        sched_vcpu_destroy(v);
        hv_free(v);
        return rc;
    }
    arch_update_vcpu_time(v);
    __atomic_store_n(&d->vcpu[id], v, __ATOMIC_RELEASE);
    return 0;
}

/*
 * Move @v's record to @offset in the guest's frame @gfn, once and for good. The frame is held
 * writable. -ENXIO outside the frame; -EINVAL unaligned, moved already, another vcpu that runs, or
 * not a frame of the domain.
 */
static int vcpu_map_info(struct vcpu *v, uint64_t gfn, unsigned int offset)
{
    struct vcpu_info *new;
    int rc;

    if (offset > PAGE_SIZE - sizeof(*new))
        return -ENXIO;
    if ((offset & 7) || !mfn_is_invalid(v->info_mfn) ||
        (v != current && !test_bit(VPF_DOWN, &v->pause_flags)))
        return -EINVAL;
    rc = mfn_get_and_type(v->domain, _mfn(gfn), FRAME_T_WRITABLE);
    if (rc)
        return rc == -ERESTART ? rc : -EINVAL;
    new = (struct vcpu_info *)((char *)mfn_to_virt(_mfn(gfn)) + offset);
    memcpy(new, v->info, sizeof(*new));
    v->info_mfn = _mfn(gfn);
    __atomic_store_n(&v->info, new, __ATOMIC_SEQ_CST);
    /* What was set in the old place meanwhile must not be lost: look at everything again. */
    new->evtchn_pending_sel = ~0ull;
    new->evtchn_upcall_pending = 1;
    arch_update_vcpu_time(v);
    return 0;
}

void vcpu_unmap_info(struct vcpu *v)
{
    mfn_t mfn = v->info_mfn;

    if (mfn_is_invalid(mfn))
        return;
    v->info = &v->domain->shared->vcpu_info[v->id];
    v->info_mfn = INVALID_MFN;
    frame_put_and_type(mfn_to_frame(mfn));
}

/* --- vcpu_op ---------------------------------------------------------------------------------- */

/* A whole context for a vcpu that has none. -EFAULT, -EEXIST, -EINVAL, -ENOMEM. */
static long op_initialise(struct vcpu *v, guest_va_t arg)
{
    struct vcpu_guest_context *c = hv_alloc(sizeof(*c));
    long rc = -EFAULT;

    if (!c)
        return -ENOMEM;
    if (!copy_from_guest(c, arg, sizeof(*c))) {
        SCOPED_LOCK(&v->domain->lock);
        rc = v->initialised ? -EEXIST : arch_set_context(v, c);
    }
    hv_free(c);
    return rc == -ERESTART ? HC_CONTINUE : rc;
}

static long op_up(struct vcpu *v)
{
    if (!v->initialised)
        return -EINVAL;
    if (test_and_clear_bit(VPF_DOWN, &v->pause_flags))
        vcpu_wake(v);
    return 0;
}

/* The last vcpu that goes down ends the domain. The lock: two that go at once must not both stay. */
static long op_down(struct domain *d, struct vcpu *v)
{
    bool last = true, was = false;

    spin_lock(&d->lock);
    for (unsigned int i = 0; i < d->max_vcpus && last; i++) {
        const struct vcpu *other = d->vcpu[i];

        last = !other || other == v || test_bit(VPF_DOWN, &other->pause_flags);
    }
    if (!last)
        was = test_and_set_bit(VPF_DOWN, &v->pause_flags);
    spin_unlock(&d->lock);
    if (last)
        domain_shutdown(d, SHUTDOWN_poweroff);
    else if (!was)
        vcpu_sleep_nosync(v);
    return 0;
}

/* The times so far but for the state that it is in. */
static void runstate_get(const struct vcpu *v, struct vcpu_runstate_info *info)
{
    *info = (struct vcpu_runstate_info){.state = v->runstate.state,
                                        .state_entry_time = (uint64_t)v->runstate.entry_ns};
    for (unsigned int i = 0; i < 4; i++)
        info->time[i] = (uint64_t)v->runstate.time_ns[i];
}

void vcpu_runstate_write(const struct vcpu *v)
{
    guest_va_t time_at = v->runstate_va + offsetof(struct vcpu_runstate_info, state_entry_time);
    bool flag = v->domain->vm_assist >> VMASST_TYPE_runstate_update_flag & 1;
    struct vcpu_runstate_info info;

    runstate_get(v, &info);
    if (flag) { /* who reads on another CPU sees by it that this is under way */
        info.state_entry_time |= XEN_RUNSTATE_UPDATE;
        copy_to_guest(time_at, &info.state_entry_time, sizeof(info.state_entry_time));
        smp_wmb();
    }
    copy_to_guest(v->runstate_va, &info, sizeof(info)); /* its loss if there is no page */
    if (flag) {
        smp_wmb();
        info.state_entry_time &= ~XEN_RUNSTATE_UPDATE;
        copy_to_guest(time_at, &info.state_entry_time, sizeof(info.state_entry_time));
    }
}

static long op_get_runstate(const struct vcpu *v, guest_va_t arg)
{
    struct vcpu_runstate_info info;

    runstate_get(v, &info);
    /* The state it is in goes on. */
    info.time[info.state] += (uint64_t)(now_ns() - v->runstate.entry_ns);
    return copy_to_guest(arg, &info, sizeof(info)) ? -EFAULT : 0;
}

static long op_register_runstate(struct vcpu *v, guest_va_t arg)
{
    struct vcpu_register_runstate_memory_area area;

    if (copy_from_guest(&area, arg, sizeof(area)))
        return -EFAULT;
    v->runstate_va = area.addr.v;
    if (v == current)
        arch_update_runstate_area(v);
    return 0;
}

static long op_singleshot(struct vcpu *v, guest_va_t arg)
{
    struct vcpu_set_singleshot_timer t;

    if (v != current)
        return -EINVAL;
    if (copy_from_guest(&t, arg, sizeof(t)))
        return -EFAULT;
    if ((t.flags & VCPU_SSHOTTMR_future) && t.timeout_abs_ns < (uint64_t)now_ns())
        return -ETIME;
    timer_set(&v->singleshot, (s_time_t)min(t.timeout_abs_ns, (uint64_t)INT64_MAX));
    return 0;
}

static long op_register_info(struct vcpu *v, guest_va_t arg)
{
    struct vcpu_register_vcpu_info info;
    int rc;

    if (copy_from_guest(&info, arg, sizeof(info)))
        return -EFAULT;
    SCOPED_LOCK(&v->domain->lock);
    rc = vcpu_map_info(v, info.mfn, info.offset);
    return rc == -ERESTART ? HC_CONTINUE : rc;
}

static long op_register_time(struct vcpu *v, guest_va_t arg)
{
    struct vcpu_register_time_memory_area area;

    if (copy_from_guest(&area, arg, sizeof(area)))
        return -EFAULT;
    return arch_register_time_area(v, area.addr.v);
}

/* -ENOENT no such vcpu; -ENOSYS no such operation; else as each operation says. */
long hc_vcpu_op(struct domain *d, uint64_t cmd, uint64_t id, guest_va_t arg)
{
    struct vcpu *v;

    if (id >= d->max_vcpus || !d->vcpu[id])
        return -ENOENT;
    v = d->vcpu[id];
    switch (cmd) {
    case VCPUOP_initialise:
        return op_initialise(v, arg);
    case VCPUOP_up:
        return op_up(v);
    case VCPUOP_down:
        return op_down(d, v);
    case VCPUOP_is_up:
        return !test_bit(VPF_DOWN, &v->pause_flags);
    case VCPUOP_get_runstate_info:
        return op_get_runstate(v, arg);
    case VCPUOP_register_runstate_memory_area:
        return op_register_runstate(v, arg);
    case VCPUOP_stop_periodic_timer: /* it never runs: setting it is not offered */
        return 0;
    case VCPUOP_set_singleshot_timer:
        return op_singleshot(v, arg);
    case VCPUOP_stop_singleshot_timer:
        if (v != current)
            return -EINVAL;
        timer_stop(&v->singleshot);
        return 0;
    case VCPUOP_register_vcpu_info:
        return op_register_info(v, arg);
    case VCPUOP_send_nmi:
        arch_vcpu_send_nmi(v);
        return 0;
    case VCPUOP_register_vcpu_time_memory_area:
        return op_register_time(v, arg);
    case VCPUOP_get_physid: /* for vcpus that are tied to one CPU: none is */
        return -EINVAL;
    default:
        return -ENOSYS;
    }
}
