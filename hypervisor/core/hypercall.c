/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Hypercall dispatch: the one table of numbers, and multicall.
 * ABI: pv-abi/hypercall.h (source: Xen public xen.h).
 */
#include <hv/arch.h>
#include <hv/hypercall.h>
#include <hv/perf.h>

static const struct hypercall hypercalls[] = {
    /* A hole is -ENOSYS, decided by the one dispatcher. */
    [__HYPERVISOR_set_trap_table] = {HC_FN(hc_set_trap_table), HC_ANY},
    [__HYPERVISOR_mmu_update] = {HC_FN(hc_mmu_update), HC_ANY},
    [__HYPERVISOR_set_gdt] = {HC_FN(hc_set_gdt), HC_ANY},
    [__HYPERVISOR_stack_switch] = {HC_FN(hc_stack_switch), HC_ANY},
    [__HYPERVISOR_set_callbacks] = {HC_FN(hc_set_callbacks), HC_ANY},
    [__HYPERVISOR_fpu_taskswitch] = {HC_FN(hc_fpu_taskswitch), HC_ANY},
    [__HYPERVISOR_platform_op] = {HC_FN(hc_platform_op), HC_PRIVILEGED},
    [__HYPERVISOR_set_debugreg] = {HC_FN(hc_set_debugreg), HC_ANY},
    [__HYPERVISOR_get_debugreg] = {HC_FN(hc_get_debugreg), HC_ANY},
    [__HYPERVISOR_update_descriptor] = {HC_FN(hc_update_descriptor), HC_ANY},
    [__HYPERVISOR_memory_op] = {HC_FN(hc_memory_op), HC_ANY},
    [__HYPERVISOR_multicall] = {HC_FN(hc_multicall), HC_ANY},
    [__HYPERVISOR_update_va_mapping] = {HC_FN(hc_update_va_mapping), HC_ANY},
    [__HYPERVISOR_set_timer_op] = {HC_FN(hc_set_timer_op), HC_ANY},
    [__HYPERVISOR_xen_version] = {HC_FN(hc_xen_version), HC_ANY},
    [__HYPERVISOR_console_io] = {HC_FN(hc_console_io), HC_ANY},
    [__HYPERVISOR_grant_table_op] = {HC_FN(hc_grant_table_op), HC_ANY},
    [__HYPERVISOR_vm_assist] = {HC_FN(hc_vm_assist), HC_ANY},
    [__HYPERVISOR_iret] = {HC_FN(hc_iret), HC_ANY},
    [__HYPERVISOR_vcpu_op] = {HC_FN(hc_vcpu_op), HC_ANY},
    [__HYPERVISOR_set_segment_base] = {HC_FN(hc_set_segment_base), HC_ANY},
    [__HYPERVISOR_mmuext_op] = {HC_FN(hc_mmuext_op), HC_ANY},
    [__HYPERVISOR_sched_op] = {HC_FN(hc_sched_op), HC_ANY},
    [__HYPERVISOR_callback_op] = {HC_FN(hc_callback_op), HC_ANY},
    [__HYPERVISOR_event_channel_op] = {HC_FN(hc_event_channel_op), HC_ANY},
    [__HYPERVISOR_physdev_op] = {HC_FN(hc_physdev_op), HC_ANY},
    [__HYPERVISOR_sysctl] = {HC_FN(hc_sysctl), HC_PRIVILEGED},
    [__HYPERVISOR_domctl] = {HC_FN(hc_domctl), HC_PRIVILEGED},
};

static inline __attribute__((always_inline)) long run(unsigned int nr)
{
    struct vcpu *v = current;
    const struct hypercall *h;

    if (nr >= ARRAY_SIZE(hypercalls) || !hypercalls[nr].fn)
        return -ENOSYS;
    h = &hypercalls[nr];
    if (h->who == HC_PRIVILEGED && !v->domain->privileged)
        return -EPERM;
    return h->fn(v->domain, v->hc_args[0], v->hc_args[1], v->hc_args[2], v->hc_args[3],
                 v->hc_args[4]);
}

long hypercall_run(unsigned int nr)
{
    return run(nr);
}

long hypercall_dispatch(unsigned int nr)
{
    return unlikely(perf_flags) ? perf_hypercall(nr) : run(nr);
}

/*
 * One operation of a multicall. Two make no sense inside: a multicall would recurse, iret replaces
 * the frame that the multicall returns on. Judged on all 64 bits: what is run is what was judged.
 */
static long run_entry(uint64_t op)
{
    if (op == __HYPERVISOR_multicall || op == __HYPERVISOR_iret)
        return -EINVAL;
    return op < ARRAY_SIZE(hypercalls) ? hypercall_dispatch((unsigned int)op) : -ENOSYS;
}

/*
 * multicall: run @nr entries at @list, each result written into its entry. 0; -EFAULT an entry
 * cannot be read or written (earlier ones are done). An entry that is itself continued gets its new
 * arguments written back, and the multicall goes on there.
 */
long hc_multicall(struct domain *d, guest_va_t list, uint64_t nr)
{
    struct vcpu *v = current;
    struct multicall_entry e;

    for (uint64_t i = 0; i < nr; i++, list += sizeof(e)) {
        long rc;

        if (i && hypercall_preempt_check()) {
            v->hc_args[0] = list;
            v->hc_args[1] = nr - i;
            return HC_CONTINUE;
        }
        if (copy_from_guest(&e, list, sizeof(e)))
            return -EFAULT;
        memcpy(v->hc_args, e.args, sizeof(v->hc_args));
        rc = run_entry(e.op);
        if (rc == HC_CONTINUE) {
            if (copy_to_guest(list + offsetof(struct multicall_entry, args), v->hc_args,
                              sizeof(e.args)))
                return -EFAULT;
            v->hc_args[0] = list;
            v->hc_args[1] = nr - i;
            return HC_CONTINUE;
        }
        if (copy_to_guest(list + offsetof(struct multicall_entry, result), &rc, sizeof(rc)))
            return -EFAULT;
    }
    return 0;
}
