/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * sysctl: figures and logs of the host, for dom0.
 * ABI: pv-abi/sysctl.h (source: Xen 4.17 public sysctl.h, interface version 0x15), pavo.h.
 */
#include <hv/alloc.h>
#include <hv/arch.h>
#include <hv/console.h>
#include <hv/control.h>
#include <hv/hypercall.h>
#include <hv/perf.h>
#include <pv-abi/pavo.h>
#include <pv-abi/sysctl.h>

static long op_readconsole(struct xen_sysctl_readconsole *op)
{
    uint64_t index = op->incremental ? op->index : 0;
    uint32_t done = 0;
    char buf[512];
    size_t n;

    while (done < op->count) {
        n = console_ring_read(&index, buf, min(op->count - done, (uint32_t)sizeof(buf)));
        if (!n)
            break;
        if (copy_to_guest(op->buffer + done, buf, n))
            return -EFAULT;
        done += (uint32_t)n;
    }
    op->count = done;
    op->index = (uint32_t)index;
    if (op->clear)
        console_ring_clear();
    return 0;
}

static long op_physinfo(struct xen_sysctl_physinfo *p)
{
    memset(p, 0, sizeof(*p));
    p->threads_per_core = 1;
    p->cores_per_socket = arch_nr_cpus();
    p->nr_cpus = arch_nr_cpus();
    p->max_cpu_id = p->nr_cpus - 1;
    p->nr_nodes = 1;
    p->cpu_khz = arch_cpu_khz();
    p->capabilities = XEN_SYSCTL_PHYSCAP_pv | XEN_SYSCTL_PHYSCAP_gnttab_v1;
    p->total_pages = heap_total_pages();
    p->free_pages = heap_free_pages();
    p->outstanding_pages = heap_claimed_pages();
    p->max_mfn = max_mfn - 1;
    return 0;
}

static long op_domain_list(struct xen_sysctl_getdomaininfolist *l)
{
    struct xen_domctl_getdomaininfo info;
    unsigned int next = l->first_domain;
    uint32_t n = 0;
    struct domain *d;

    while (n < l->max_domains && (d = domain_get_next(next))) {
        domain_info(d, &info);
        next = d->domid + 1u;
        domain_put(d);
        if (copy_to_guest(l->buffer + n * sizeof(info), &info, sizeof(info)))
            return -EFAULT;
        n++;
    }
    l->num_domains = n;
    return 0;
}

static long op_host_info(struct pavo_host_info *h)
{
    uint64_t guests = 0;
    unsigned int next = 0;
    struct domain *d;

    memset(h, 0, sizeof(*h));
    h->version = PAVO_HOST_INFO_VERSION;
    for (; (d = domain_get_next(next)); domain_put(d)) {
        next = d->domid + 1u;
        guests += d->tot_pages;
        h->nr_domains++;
    }
    h->total_pages = heap_total_pages();
    h->free_pages = heap_free_pages();
    h->hypervisor_pages = h->total_pages - h->free_pages - guests;
    h->dom0_event_channels = evtchn_in_use(dom0);
    h->grant_mappings = grant_mappings_total();
    return 0;
}

/* -EFAULT; -EACCES another interface version; -ENOSYS; else as the operation says. */
long hc_sysctl(struct domain *d, guest_va_t arg)
{
    struct xen_sysctl op;
    long rc;

    if (copy_from_guest(&op, arg, sizeof(op)))
        return -EFAULT;
    if (op.interface_version != XEN_SYSCTL_INTERFACE_VERSION)
        return -EACCES;
    switch (op.cmd) {
    case XEN_SYSCTL_readconsole:
        rc = op_readconsole(&op.u.readconsole);
        break;
    case XEN_SYSCTL_physinfo:
        rc = op_physinfo(&op.u.physinfo);
        break;
    case XEN_SYSCTL_sched_id:
        op.u.sched_id.sched_id = XEN_SCHEDULER_CREDIT2;
        rc = 0;
        break;
    case XEN_SYSCTL_getdomaininfolist:
        rc = op_domain_list(&op.u.getdomaininfolist);
        break;
    case XEN_SYSCTL_pavo_host_info:
        rc = op_host_info((struct pavo_host_info *)(void *)op.u.pad);
        break;
    case XEN_SYSCTL_pavo_perf:
        rc = perf_control((struct pavo_perf_op *)(void *)op.u.pad);
        break;
    case XEN_SYSCTL_pavo_trace:
        rc = perf_trace((struct pavo_trace_op *)(void *)op.u.pad);
        break;
    default:
        return -ENOSYS;
    }
    if (!rc && copy_to_guest(arg, &op, sizeof(op)))
        rc = -EFAULT;
    return rc;
}
