/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Hypercalls through libxencall, which only this file calls. Arguments live in the library's
 * hypercall buffers, since other memory may be paged out while the hypervisor looks.
 */
#include "dom0-tools/lib/hv.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <xencall.h>

#include "pv-abi/domctl.h"
#include "pv-abi/event_channel.h"
#include "pv-abi/grant_table.h"
#include "pv-abi/hypercall.h"
#include "pv-abi/memory.h"
#include "pv-abi/mmu.h"
#include "pv-abi/pavo.h"
#include "pv-abi/sysctl.h"
#include "pv-abi/version.h"
#include "pv-abi/x86.h"

#define RETRIES_MAX 1000000

struct hv {
    xencall_handle *call;
};

int hv_open(struct hv **h)
{
    struct hv *new = calloc(1, sizeof(*new));

    if (!new)
        return -ENOMEM;
    new->call = xencall_open(NULL, 0);
    if (!new->call) {
        int rc = errno ? -errno : -ENODEV;

        free(new);
        return rc;
    }
    *h = new;
    return 0;
}

void hv_close(struct hv *h)
{
    if (!h)
        return;
    xencall_close(h->call);
    free(h);
}

static void *buffer(struct hv *h, const void *from, size_t size)
{
    void *p = xencall_alloc_buffer(h->call, size);

    if (p && from)
        memcpy(p, from, size);
    else if (p)
        memset(p, 0, size);
    return p;
}

static void buffer_free(struct hv *h, void *p)
{
    if (p)
        xencall_free_buffer(h->call, p);
}

static uint64_t addr(const void *p)
{
    return (uint64_t)(uintptr_t)p;
}

/* Runs one call with one structure argument, copied in and out. */
static long call_struct(struct hv *h, unsigned int op, uint64_t cmd, bool has_cmd, void *arg,
                        size_t size)
{
    void *p = buffer(h, arg, size);
    long rc;

    if (!p)
        return -ENOMEM;
    rc = has_cmd ? xencall2L(h->call, op, cmd, addr(p)) : xencall1(h->call, op, addr(p));
    if (rc < 0)
        rc = -errno;
    memcpy(arg, p, size);
    buffer_free(h, p);
    return rc;
}

static int domctl(struct hv *h, struct xen_domctl *op)
{
    long rc, tries = 0;

    op->interface_version = XEN_DOMCTL_INTERFACE_VERSION;
    do
        rc = call_struct(h, __HYPERVISOR_domctl, 0, false, op, sizeof(*op));
    while (rc == -EAGAIN && tries++ < RETRIES_MAX);
    return rc < 0 ? (int)rc : 0;
}

static int domctl_simple(struct hv *h, uint32_t cmd, uint32_t domid)
{
    struct xen_domctl op = {.cmd = cmd, .domain = (domid_t)domid};

    return domctl(h, &op);
}

static int sysctl(struct hv *h, struct xen_sysctl *op)
{
    long rc;

    op->interface_version = XEN_SYSCTL_INTERFACE_VERSION;
    rc = call_struct(h, __HYPERVISOR_sysctl, 0, false, op, sizeof(*op));
    return rc < 0 ? (int)rc : 0;
}

static long memory_op(struct hv *h, unsigned int cmd, void *arg, size_t size)
{
    return call_struct(h, __HYPERVISOR_memory_op, cmd, true, arg, size);
}

int hv_version(struct hv *h, char *text, size_t size)
{
    char extra[XEN_EXTRAVERSION_LEN + 1] = "";
    int version = xencall2(h->call, __HYPERVISOR_xen_version, XENVER_version, 0);
    long rc;

    if (version < 0)
        return -errno;
    rc = call_struct(h, __HYPERVISOR_xen_version, XENVER_extraversion, true, extra,
                     XEN_EXTRAVERSION_LEN);
    if (rc < 0)
        return (int)rc;
    snprintf(text, size, "%d.%d%s", version >> 16, version & 0xffff, extra);
    return 0;
}

static void take_info(struct hv_domain *to, const struct xen_domctl_getdomaininfo *from)
{
    memset(to, 0, sizeof(*to));
    to->domid = from->domain;
    to->dying = from->flags & XEN_DOMINF_dying;
    to->shutdown = from->flags & XEN_DOMINF_shutdown;
    to->paused = from->flags & XEN_DOMINF_paused;
    to->blocked = from->flags & XEN_DOMINF_blocked;
    to->running = from->flags & XEN_DOMINF_running;
    to->shutdown_code = (from->flags >> XEN_DOMINF_shutdownshift) & XEN_DOMINF_shutdownmask;
    to->tot_pages = from->tot_pages;
    to->max_pages = from->max_pages;
    to->shared_info_mfn = from->shared_info_frame;
    to->cpu_time_ns = from->cpu_time;
    to->nr_online_vcpus = from->nr_online_vcpus;
    to->nr_vcpus = from->max_vcpu_id == XEN_INVALID_MAX_VCPU_ID ? 0 : from->max_vcpu_id + 1;
    memcpy(to->uuid, from->handle, sizeof(to->uuid));
}

int hv_domain_info(struct hv *h, uint32_t domid, struct hv_domain *info)
{
    struct xen_domctl op = {.cmd = XEN_DOMCTL_getdomaininfo, .domain = (domid_t)domid};
    int rc = domctl(h, &op);

    if (rc)
        return rc;
    /* The call answers with the next domain when there is none of that number. */
    if (op.u.getdomaininfo.domain != domid)
        return -ESRCH;
    take_info(info, &op.u.getdomaininfo);
    return 0;
}

int hv_domain_list(struct hv *h, uint32_t first, struct hv_domain *list, size_t max)
{
    struct xen_sysctl op = {.cmd = XEN_SYSCTL_getdomaininfolist};
    struct xen_domctl_getdomaininfo *buf;
    int rc;
    size_t i;

    buf = buffer(h, NULL, max * sizeof(*buf));
    if (!buf)
        return -ENOMEM;
    op.u.getdomaininfolist.first_domain = (domid_t)first;
    op.u.getdomaininfolist.max_domains = (uint32_t)max;
    op.u.getdomaininfolist.buffer = addr(buf);
    rc = sysctl(h, &op);
    if (!rc) {
        for (i = 0; i < op.u.getdomaininfolist.num_domains && i < max; i++)
            take_info(&list[i], &buf[i]);
        rc = (int)i;
    }
    buffer_free(h, buf);
    return rc;
}

int hv_domain_create(struct hv *h, const struct hv_create *c, uint32_t *domid)
{
    struct xen_domctl op = {.cmd = XEN_DOMCTL_createdomain};
    struct xen_domctl_createdomain *cd = &op.u.createdomain;
    int rc;

    memcpy(cd->handle, c->uuid, sizeof(c->uuid));
    cd->max_vcpus = c->max_vcpus;
    cd->max_evtchn_port = c->max_evtchn_port;
    cd->max_grant_frames = (int32_t)c->max_grant_frames;
    cd->max_maptrack_frames = (int32_t)c->max_maptrack_frames;
    cd->grant_opts = XEN_DOMCTL_GRANT_version(1);
    rc = domctl(h, &op);
    if (!rc)
        *domid = op.domain;
    return rc;
}

int hv_domain_set_max_vcpus(struct hv *h, uint32_t domid, uint32_t max)
{
    struct xen_domctl op = {.cmd = XEN_DOMCTL_max_vcpus, .domain = (domid_t)domid};

    op.u.max_vcpus.max = max;
    return domctl(h, &op);
}

int hv_domain_set_max_mem(struct hv *h, uint32_t domid, uint64_t kib)
{
    struct xen_domctl op = {.cmd = XEN_DOMCTL_max_mem, .domain = (domid_t)domid};

    op.u.max_mem.max_memkb = kib;
    return domctl(h, &op);
}

int hv_domain_destroy(struct hv *h, uint32_t domid)
{
    return domctl_simple(h, XEN_DOMCTL_destroydomain, domid);
}

int hv_domain_pause(struct hv *h, uint32_t domid)
{
    return domctl_simple(h, XEN_DOMCTL_pausedomain, domid);
}

int hv_domain_unpause(struct hv *h, uint32_t domid)
{
    return domctl_simple(h, XEN_DOMCTL_unpausedomain, domid);
}

int hv_domain_set_uuid(struct hv *h, uint32_t domid, const uint8_t uuid[16])
{
    struct xen_domctl op = {.cmd = XEN_DOMCTL_setdomainhandle, .domain = (domid_t)domid};

    memcpy(op.u.setdomainhandle.handle, uuid, 16);
    return domctl(h, &op);
}

int hv_vcpu_set_context(struct hv *h, uint32_t domid, uint32_t vcpu,
                        const struct vcpu_guest_context *c)
{
    struct xen_domctl op = {.cmd = XEN_DOMCTL_setvcpucontext, .domain = (domid_t)domid};
    void *p = buffer(h, c, sizeof(*c));
    int rc;

    if (!p)
        return -ENOMEM;
    op.u.vcpucontext.vcpu = vcpu;
    op.u.vcpucontext.ctxt = addr(p);
    rc = domctl(h, &op);
    buffer_free(h, p);
    return rc;
}

int hv_vcpu_get_context(struct hv *h, uint32_t domid, uint32_t vcpu, struct vcpu_guest_context *c)
{
    struct xen_domctl op = {.cmd = XEN_DOMCTL_getvcpucontext, .domain = (domid_t)domid};
    void *p = buffer(h, NULL, sizeof(*c));
    int rc;

    if (!p)
        return -ENOMEM;
    op.u.vcpucontext.vcpu = vcpu;
    op.u.vcpucontext.ctxt = addr(p);
    rc = domctl(h, &op);
    if (!rc)
        memcpy(c, p, sizeof(*c));
    buffer_free(h, p);
    return rc;
}

static int affinity(struct hv *h, uint32_t cmd, uint32_t domid, uint32_t vcpu, uint64_t *cpus)
{
    struct xen_domctl op = {.cmd = cmd, .domain = (domid_t)domid};
    uint64_t *p = buffer(h, cpus, sizeof(*p));
    int rc;

    if (!p)
        return -ENOMEM;
    op.u.vcpuaffinity.vcpu = vcpu;
    op.u.vcpuaffinity.flags = XEN_VCPUAFFINITY_HARD;
    op.u.vcpuaffinity.cpumap_hard.bitmap = addr(p);
    op.u.vcpuaffinity.cpumap_hard.nr_bits = sizeof(*p) * 8;
    rc = domctl(h, &op);
    *cpus = *p;
    buffer_free(h, p);
    return rc;
}

int hv_vcpu_info(struct hv *h, uint32_t domid, uint32_t vcpu, struct hv_vcpu *info)
{
    struct xen_domctl op = {.cmd = XEN_DOMCTL_getvcpuinfo, .domain = (domid_t)domid};
    const struct xen_domctl_getvcpuinfo *v = &op.u.getvcpuinfo;
    int rc;

    op.u.getvcpuinfo.vcpu = vcpu;
    rc = domctl(h, &op);
    if (rc)
        return rc;
    *info = (struct hv_vcpu){.online = v->online,
                             .blocked = v->blocked,
                             .running = v->running,
                             .cpu = v->cpu,
                             .cpu_time_ns = v->cpu_time};
    return affinity(h, XEN_DOMCTL_getvcpuaffinity, domid, vcpu, &info->affinity);
}

int hv_vcpu_set_affinity(struct hv *h, uint32_t domid, uint32_t vcpu, uint64_t cpus)
{
    return affinity(h, XEN_DOMCTL_setvcpuaffinity, domid, vcpu, &cpus);
}

static int scheduler(struct hv *h, uint32_t cmd, uint32_t domid, uint32_t *weight, uint32_t *cap)
{
    struct xen_domctl op = {.cmd = XEN_DOMCTL_scheduler_op, .domain = (domid_t)domid};
    struct xen_domctl_sched_credit2 *p = &op.u.scheduler_op.u.credit2;
    int rc;

    op.u.scheduler_op.sched_id = XEN_SCHEDULER_CREDIT2;
    op.u.scheduler_op.cmd = cmd;
    p->weight = (uint16_t)*weight;
    p->cap = (uint16_t)*cap;
    rc = domctl(h, &op);
    *weight = p->weight;
    *cap = p->cap;
    return rc;
}

int hv_sched_get(struct hv *h, uint32_t domid, uint32_t *weight, uint32_t *cap)
{
    *weight = *cap = 0;
    return scheduler(h, XEN_DOMCTL_SCHEDOP_getinfo, domid, weight, cap);
}

int hv_sched_set(struct hv *h, uint32_t domid, uint32_t weight, uint32_t cap)
{
    return scheduler(h, XEN_DOMCTL_SCHEDOP_putinfo, domid, &weight, &cap);
}

int hv_hypercall_page_fill(struct hv *h, uint32_t domid, uint64_t mfn)
{
    struct xen_domctl op = {.cmd = XEN_DOMCTL_hypercall_init, .domain = (domid_t)domid};

    op.u.hypercall_init.gmfn = mfn;
    return domctl(h, &op);
}

int hv_claim(struct hv *h, uint32_t domid, uint64_t pages)
{
    struct xen_memory_reservation r = {.nr_extents = pages, .domid = (domid_t)domid};
    long rc = memory_op(h, XENMEM_claim_pages, &r, sizeof(r));

    return rc < 0 ? (int)rc : 0;
}

long hv_populate(struct hv *h, uint32_t domid, unsigned int order, uint64_t *frames, size_t nr)
{
    struct xen_memory_reservation r = {
        .nr_extents = nr, .extent_order = order, .domid = (domid_t)domid};
    uint64_t *p = buffer(h, frames, nr * sizeof(*p));
    long rc;

    if (!p)
        return -ENOMEM;
    r.extent_start = addr(p);
    rc = memory_op(h, XENMEM_populate_physmap, &r, sizeof(r));
    if (rc > 0)
        memcpy(frames, p, (size_t)rc * sizeof(*p));
    buffer_free(h, p);
    return rc;
}

int hv_set_memory_map(struct hv *h, uint32_t domid, uint64_t bytes)
{
    struct xen_e820entry map = {.addr = 0, .size = bytes, .type = E820_RAM};
    struct xen_foreign_memory_map arg = {.domid = (domid_t)domid, .map = {.nr_entries = 1}};
    void *p = buffer(h, &map, sizeof(map));
    long rc;

    if (!p)
        return -ENOMEM;
    arg.map.buffer = addr(p);
    rc = memory_op(h, XENMEM_set_memory_map, &arg, sizeof(arg));
    buffer_free(h, p);
    return rc < 0 ? (int)rc : 0;
}

int hv_pin_root(struct hv *h, uint32_t domid, uint64_t mfn)
{
    struct mmuext_op op = {.cmd = MMUEXT_PIN_L4_TABLE, .arg1.mfn = mfn};
    void *p = buffer(h, &op, sizeof(op));
    int rc;

    if (!p)
        return -ENOMEM;
    rc = xencall4(h->call, __HYPERVISOR_mmuext_op, addr(p), 1, 0, domid);
    if (rc < 0)
        rc = -errno;
    buffer_free(h, p);
    return rc;
}

int hv_evtchn_alloc(struct hv *h, uint32_t domid, uint32_t remote, uint32_t *port)
{
    struct evtchn_alloc_unbound op = {.dom = (domid_t)domid, .remote_dom = (domid_t)remote};
    long rc = call_struct(h, __HYPERVISOR_event_channel_op, EVTCHNOP_alloc_unbound, true, &op,
                          sizeof(op));

    if (rc < 0)
        return (int)rc;
    *port = op.port;
    return 0;
}

int hv_grant_frames(struct hv *h, uint32_t domid, uint32_t *used, uint32_t *max)
{
    struct gnttab_query_size op = {.dom = (domid_t)domid};
    void *p = buffer(h, &op, sizeof(op));
    int rc;

    if (!p)
        return -ENOMEM;
    rc = xencall3(h->call, __HYPERVISOR_grant_table_op, GNTTABOP_query_size, addr(p), 1);
    rc = rc < 0 ? -errno : 0;
    memcpy(&op, p, sizeof(op));
    buffer_free(h, p);
    if (!rc && op.status != GNTST_okay)
        rc = -ESRCH;
    *used = op.nr_frames;
    *max = op.max_nr_frames;
    return rc;
}

int hv_log_read(struct hv *h, char *buf, size_t size, size_t *len)
{
    struct xen_sysctl op = {.cmd = XEN_SYSCTL_readconsole};
    char *p = buffer(h, NULL, size);
    uint32_t index = 0;
    size_t used = 0;
    int rc = 0;

    if (!p)
        return -ENOMEM;
    while (used + 1 < size) {
        memset(&op.u, 0, sizeof(op.u));
        op.u.readconsole.incremental = 1;
        op.u.readconsole.index = index;
        op.u.readconsole.buffer = addr(p + used);
        op.u.readconsole.count = (uint32_t)(size - 1 - used);
        rc = sysctl(h, &op);
        if (rc || !op.u.readconsole.count)
            break;
        used += op.u.readconsole.count;
        index = op.u.readconsole.index;
    }
    memcpy(buf, p, used);
    buf[used] = '\0';
    *len = used;
    buffer_free(h, p);
    return rc;
}

int hv_host_info(struct hv *h, struct hv_host *host)
{
    struct xen_sysctl phys = {.cmd = XEN_SYSCTL_physinfo};
    struct xen_sysctl own = {.cmd = XEN_SYSCTL_pavo_host_info};
    struct pavo_host_info info;
    int rc = sysctl(h, &phys);

    memset(host, 0, sizeof(*host));
    if (rc)
        return rc;
    host->nr_cpus = phys.u.physinfo.nr_cpus;
    host->cpu_khz = phys.u.physinfo.cpu_khz;
    host->claimed_pages = phys.u.physinfo.outstanding_pages;
    rc = sysctl(h, &own);
    if (!rc) {
        memcpy(&info, &own.u, sizeof(info));
        host->total_pages = info.total_pages;
        host->free_pages = info.free_pages;
        host->hypervisor_pages = info.hypervisor_pages;
        host->dom0_event_channels = info.dom0_event_channels;
        host->grant_mappings = info.grant_mappings;
        host->domains = info.nr_domains;
        return 0;
    }
#ifdef PAVO_ORACLE
    host->total_pages = phys.u.physinfo.total_pages;
    host->free_pages = phys.u.physinfo.free_pages;
    rc = 0;
#endif
    return rc;
}

int hv_perf(struct hv *h, bool on)
{
    struct xen_sysctl op = {.cmd = XEN_SYSCTL_pavo_perf};
    struct pavo_perf_op perf = {.on = on};

    memcpy(&op.u, &perf, sizeof(perf));
    return sysctl(h, &op);
}

int hv_perf_read(struct hv *h, uint32_t domid, uint64_t *words, size_t max)
{
    struct xen_domctl op = {.cmd = XEN_DOMCTL_pavo_perf, .domain = (domid_t)domid};
    struct pavo_perf_read read = {.size = (uint32_t)(max * sizeof(*words))};
    void *p = buffer(h, NULL, read.size);
    int rc;

    if (!p)
        return -ENOMEM;
    read.buffer = addr(p);
    memcpy(&op.u, &read, sizeof(read));
    rc = domctl(h, &op);
    if (!rc) {
        memcpy(&read, &op.u, sizeof(read));
        rc = (int)(read.size / sizeof(*words));
        memcpy(words, p, read.size);
    }
    buffer_free(h, p);
    return rc;
}

static int trace_op(struct hv *h, struct pavo_trace_op *trace)
{
    struct xen_sysctl op = {.cmd = XEN_SYSCTL_pavo_trace};
    int rc;

    memcpy(&op.u, trace, sizeof(*trace));
    rc = sysctl(h, &op);
    memcpy(trace, &op.u, sizeof(*trace));
    return rc;
}

int hv_trace_start(struct hv *h, uint32_t mask, uint32_t records)
{
    return trace_op(
        h, &(struct pavo_trace_op){.cmd = PAVO_TRACE_START, .mask = mask, .records = records});
}

int hv_trace_freeze(struct hv *h)
{
    return trace_op(h, &(struct pavo_trace_op){.cmd = PAVO_TRACE_FREEZE});
}

int hv_trace_stop(struct hv *h)
{
    return trace_op(h, &(struct pavo_trace_op){.cmd = PAVO_TRACE_STOP});
}

long hv_trace_read(struct hv *h, uint32_t cpu, struct pavo_record *records, uint64_t *lost)
{
    struct pavo_trace_op op = {.cmd = PAVO_TRACE_READ, .cpu = cpu, .records = PAVO_TRACE_READ_MAX};
    struct pavo_record *p = buffer(h, NULL, PAVO_TRACE_READ_MAX * sizeof(*p));
    long rc;

    if (!p)
        return -ENOMEM;
    op.buffer = addr(p);
    rc = trace_op(h, &op);
    if (!rc) {
        rc = op.records;
        memcpy(records, p, op.records * sizeof(*p));
        *lost = op.lost;
    }
    buffer_free(h, p);
    return rc;
}
