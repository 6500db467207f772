/* SPDX-License-Identifier: GPL-2.0-only */
/* domctl and sysctl, as the tools call them. */
#include "tests/fake-arch/fake.h"

#include <hv/alloc.h>
#include <hv/console.h>
#include <pv-abi/domctl.h>
#include <pv-abi/pavo.h>
#include <pv-abi/sysctl.h>

#define ARG_VA FAKE_GUEST_VA
#define BUF_VA (FAKE_GUEST_VA + 0x4000)

static const uint8_t handle[16] = {9, 8, 7};
static uint64_t free_before;
static struct xen_domctl *op;
static struct xen_sysctl *sys;
static const char *ring = "0123456789";
static unsigned int cleared, context_rc;
static uint64_t affinity;
static void *filled_page;

size_t console_ring_read(uint64_t *index, char *buf, size_t n)
{
    size_t len = strlen(ring), left = *index < len ? len - *index : 0;

    n = min(n, left);
    memcpy(buf, ring + *index, n);
    *index += n;
    return n;
}
void console_ring_clear(void)
{
    cleared++;
}
uint32_t arch_cpu_khz(void)
{
    return 2500000;
}
int arch_set_context(struct vcpu *v, const struct vcpu_guest_context *c)
{
    if (context_rc)
        return -(int)context_rc;
    v->arch.time_area = c->user_regs.rip; /* to know it by */
    v->initialised = true;
    return 0;
}
void arch_get_context(struct vcpu *v, struct vcpu_guest_context *c)
{
    memset(c, 0, sizeof(*c));
    c->user_regs.rip = v->arch.time_area;
}
void arch_hypercall_page(void *page)
{
    filled_page = page;
}
int vcpu_set_affinity(struct vcpu *v, uint64_t mask)
{
    if (!(mask & 3))
        return -EINVAL;
    affinity = v->sched.affinity = mask;
    return 0;
}

static int group_setup(void **state)
{
    fake_reset();
    heap_add(_mfn(1), _mfn(4000));
    assert_int_equal(domain_create(0, handle, 1, 8, 8, 0, &dom0), 0);
    assert_int_equal(vcpu_create(dom0, 0, 0), 0);
    fake_set_current(dom0->vcpu[0]);
    op = fake_guest(ARG_VA);
    sys = fake_guest(ARG_VA);
    return 0;
}

static int group_teardown(void **state)
{
    fake_teardown();
    return 0;
}

static long domctl(unsigned int cmd, unsigned int domid)
{
    op->cmd = cmd;
    op->interface_version = XEN_DOMCTL_INTERFACE_VERSION;
    op->domain = (domid_t)domid;
    return hc_domctl(dom0, ARG_VA);
}

static long sysctl(unsigned int cmd)
{
    sys->cmd = cmd;
    sys->interface_version = XEN_SYSCTL_INTERFACE_VERSION;
    return hc_sysctl(dom0, ARG_VA);
}

static void fill_create(unsigned int vcpus)
{
    memset(op, 0, sizeof(*op));
    op->u.createdomain.max_vcpus = vcpus;
    op->u.createdomain.max_grant_frames = -1;
    op->u.createdomain.max_maptrack_frames = -1;
    memcpy(op->u.createdomain.handle, handle, 16);
}

static int setup(void **state)
{
    memset(fake_guest(FAKE_GUEST_VA), 0, 0x8000);
    free_before = heap_free_pages();
    context_rc = cleared = 0;
    filled_page = NULL;
    fill_create(2);
    assert_int_equal(domctl(XEN_DOMCTL_createdomain, 5), 0);
    assert_int_equal(op->domain, 5);
    op->u.max_vcpus.max = 2;
    assert_int_equal(domctl(XEN_DOMCTL_max_vcpus, 5), 0);
    op->u.max_mem.max_memkb = 4000;
    assert_int_equal(domctl(XEN_DOMCTL_max_mem, 5), 0);
    return 0;
}

static int teardown(void **state)
{
    struct domain *d = domain_get(5);

    fake_guest_read_faults_at(0);
    fake_guest_write_faults_at(0);
    if (d) {
        domain_put(d);
        assert_int_equal(domctl(XEN_DOMCTL_destroydomain, 5), 0);
    }
    assert_null(domain_get(5));
    assert_int_equal(heap_free_pages(), free_before);
    return 0;
}

static struct domain *d5(void)
{
    struct domain *d = domain_get(5);

    domain_put(d);
    return d;
}

static void another_interface_version_is_refused(void **state)
{
    op->cmd = XEN_DOMCTL_getdomaininfo;
    op->interface_version = 0x14;
    assert_int_equal(hc_domctl(dom0, ARG_VA), -EACCES);
    assert_int_equal(hc_sysctl(dom0, ARG_VA), -EACCES);
    fake_guest_read_faults_at(ARG_VA);
    assert_int_equal(hc_domctl(dom0, ARG_VA), -EFAULT);
    assert_int_equal(hc_sysctl(dom0, ARG_VA), -EFAULT);
}

static void unknown_operations_and_domains_are_told_apart(void **state)
{
    assert_int_equal(domctl(XEN_DOMCTL_pausedomain, 77), -ESRCH);
    assert_int_equal(domctl(6, 5), -ENOSYS);
    assert_int_equal(domctl(0, 5), -ENOSYS);
    assert_int_equal(domctl(~0u, 5), -ENOSYS);
    assert_int_equal(domctl(10 /* shadow_op */, 5), -ENOSYS);
    assert_int_equal(sysctl(2 /* tbuf_op */), -ENOSYS);
    assert_int_equal(sysctl(0), -ENOSYS);
    assert_int_equal(sysctl(~0u), -ENOSYS);
}

static void create_picks_a_number_when_none_is_wanted(void **state)
{
    unsigned int id;

    fill_create(1);
    assert_int_equal(domctl(XEN_DOMCTL_createdomain, 0), 0);
    id = op->domain;
    assert_true(id != 0 && id != 5);
    assert_int_equal(domctl(XEN_DOMCTL_destroydomain, id), 0);
    fill_create(1);
    assert_int_equal(domctl(XEN_DOMCTL_createdomain, 5), -EEXIST);
}

static void create_refuses_what_pavo_does_not_do(void **state)
{
    fill_create(1);
    op->u.createdomain.flags = XEN_DOMCTL_CDF_hvm;
    assert_int_equal(domctl(XEN_DOMCTL_createdomain, 0), -EINVAL);
    fill_create(1);
    op->u.createdomain.iommu_opts = 1;
    assert_int_equal(domctl(XEN_DOMCTL_createdomain, 0), -EINVAL);
    fill_create(1);
    op->u.createdomain.vmtrace_size = 4096;
    assert_int_equal(domctl(XEN_DOMCTL_createdomain, 0), -EINVAL);
    fill_create(1);
    op->u.createdomain.arch.emulation_flags = 1;
    assert_int_equal(domctl(XEN_DOMCTL_createdomain, 0), -EINVAL);
    fill_create(1);
    op->u.createdomain.max_grant_frames = INT32_MAX;
    assert_int_equal(domctl(XEN_DOMCTL_createdomain, 0), -EINVAL);
    fill_create(0);
    assert_int_equal(domctl(XEN_DOMCTL_createdomain, 0), -EINVAL);
    fill_create(MAX_VCPUS + 1);
    assert_int_equal(domctl(XEN_DOMCTL_createdomain, 0), -EINVAL);
}

static void info_tells_of_the_domain_or_the_next(void **state)
{
    struct xen_domctl_getdomaininfo *i = &op->u.getdomaininfo;

    assert_int_equal(domctl(XEN_DOMCTL_getdomaininfo, 1), 0);
    assert_int_equal(op->domain, 5);
    assert_int_equal(i->domain, 5);
    assert_true(i->flags & XEN_DOMINF_paused);
    assert_false(i->flags & (XEN_DOMINF_dying | XEN_DOMINF_shutdown | XEN_DOMINF_hvm_guest));
    assert_int_equal(i->max_pages, 1000);
    assert_int_equal(i->tot_pages, 0);
    assert_int_equal(i->max_vcpu_id, 1);
    assert_int_equal(i->nr_online_vcpus, 0);
    assert_int_equal(i->shared_info_frame, d5()->shared_mfn.n);
    assert_memory_equal(i->handle, handle, 16);
    domain_shutdown(d5(), 3);
    assert_int_equal(domctl(XEN_DOMCTL_getdomaininfo, 5), 0);
    assert_true(i->flags & XEN_DOMINF_shutdown);
    assert_int_equal(i->flags >> XEN_DOMINF_shutdownshift & XEN_DOMINF_shutdownmask, 3);
    assert_int_equal(domctl(XEN_DOMCTL_getdomaininfo, 6), -ESRCH);
    fake_guest_write_faults_at(ARG_VA);
    assert_int_equal(domctl(XEN_DOMCTL_getdomaininfo, 5), -EFAULT);
}

static void pause_by_the_controller_counts_once(void **state)
{
    struct domain *d = d5();

    assert_int_equal(domctl(XEN_DOMCTL_pausedomain, 5), 0);
    assert_int_equal(d->pause_count, 1);
    assert_int_equal(domctl(XEN_DOMCTL_unpausedomain, 5), 0);
    assert_int_equal(d->pause_count, 0);
    domctl(XEN_DOMCTL_unpausedomain, 5);
    assert_int_equal(d->pause_count, 0);
    assert_int_equal(domctl(XEN_DOMCTL_pausedomain, 5), 0);
    assert_int_equal(d->pause_count, 1);
    assert_int_equal(domctl(XEN_DOMCTL_pausedomain, 0),
                     -EINVAL); /* oneself: nobody left to unpause */
    assert_int_equal(dom0->pause_count, 1);
}

static void vcpu_limits_are_those_of_creation(void **state)
{
    op->u.max_vcpus.max = 3;
    assert_int_equal(domctl(XEN_DOMCTL_max_vcpus, 5), -EINVAL);
    op->u.max_vcpus.max = 2;
    assert_int_equal(domctl(XEN_DOMCTL_max_vcpus, 5), 0); /* they are there: nothing to do */
}

static long set_context(unsigned int vcpu, guest_va_t va)
{
    memset(&op->u, 0, sizeof(op->u));
    op->u.vcpucontext.vcpu = vcpu;
    op->u.vcpucontext.ctxt = va;
    return domctl(XEN_DOMCTL_setvcpucontext, 5);
}

static void a_context_goes_in_and_comes_out(void **state)
{
    struct vcpu_guest_context *c = fake_guest(BUF_VA);
    struct domain *d = d5();

    op->u.vcpucontext.vcpu = 0;
    op->u.vcpucontext.ctxt = BUF_VA;
    assert_int_equal(domctl(XEN_DOMCTL_getvcpucontext, 5), -ENODATA);
    c->user_regs.rip = 0x1234;
    c->flags = VGCF_online;
    assert_int_equal(set_context(0, BUF_VA), 0);
    assert_true(d->vcpu[0]->initialised);
    assert_false(test_bit(VPF_DOWN, &d->vcpu[0]->pause_flags));
    c->flags = 0;
    assert_int_equal(set_context(1, BUF_VA), 0);
    assert_true(test_bit(VPF_DOWN, &d->vcpu[1]->pause_flags));
    c->user_regs.rip = 0;
    op->u.vcpucontext.vcpu = 0;
    assert_int_equal(domctl(XEN_DOMCTL_getvcpucontext, 5), 0);
    assert_int_equal(c->user_regs.rip, 0x1234);
    assert_int_equal(d->pause_count, 1);
}

static void wrong_contexts_are_refused(void **state)
{
    assert_int_equal(set_context(2, BUF_VA), -EINVAL);
    assert_int_equal(set_context(~0u, BUF_VA), -EINVAL);
    assert_int_equal(set_context(0, 8), -EFAULT);
    context_rc = EINVAL;
    assert_int_equal(set_context(0, BUF_VA), -EINVAL);
    context_rc = ERESTART;
    assert_int_equal(set_context(0, BUF_VA), HC_CONTINUE);
    assert_false(d5()->vcpu[0]->initialised);
    assert_int_equal(d5()->pause_count, 1);
    op->u.vcpucontext.vcpu = 0;
    assert_int_equal(domctl(XEN_DOMCTL_setvcpucontext, 0), -EINVAL); /* oneself */
}

static void vcpu_info_tells_where_and_how_long(void **state)
{
    struct xen_domctl_getvcpuinfo *i = &op->u.getvcpuinfo;

    d5()->vcpu[1]->sched.run_ns = 777;
    i->vcpu = 1;
    assert_int_equal(domctl(XEN_DOMCTL_getvcpuinfo, 5), 0);
    assert_int_equal(i->online, 0);
    assert_int_equal(i->cpu_time, 777);
    i->vcpu = 2;
    assert_int_equal(domctl(XEN_DOMCTL_getvcpuinfo, 5), -ESRCH);
}

static struct xen_domctl_vcpuaffinity *affinity_op(uint32_t flags, uint64_t mask, uint32_t bits)
{
    struct xen_domctl_vcpuaffinity *a = &op->u.vcpuaffinity;

    memset(a, 0, sizeof(*a));
    memset(fake_guest(BUF_VA), 0xff, 64);
    memcpy(fake_guest(BUF_VA), &mask, 8);
    a->flags = flags;
    a->cpumap_hard.bitmap = BUF_VA;
    a->cpumap_hard.nr_bits = bits;
    a->cpumap_soft.bitmap = BUF_VA + 32;
    a->cpumap_soft.nr_bits = bits;
    return a;
}

static void affinity_is_set_and_read(void **state)
{
    uint8_t *buf = fake_guest(BUF_VA);

    affinity_op(XEN_VCPUAFFINITY_HARD, 2, 64);
    assert_int_equal(domctl(XEN_DOMCTL_setvcpuaffinity, 5), 0);
    assert_int_equal(affinity, 2);
    affinity_op(XEN_VCPUAFFINITY_HARD | XEN_VCPUAFFINITY_SOFT, ~0ull, 80);
    assert_int_equal(domctl(XEN_DOMCTL_getvcpuaffinity, 5), 0);
    assert_int_equal(*(uint64_t *)(void *)buf, 2);
    assert_int_equal(buf[8], 0);
    assert_int_equal(buf[9], 0);
    assert_int_equal(buf[10], 0xff); /* 80 bits are 10 bytes */
    assert_int_equal(buf[32], 2);
    affinity_op(XEN_VCPUAFFINITY_HARD, 0xff, 1); /* one bit is asked for */
    assert_int_equal(domctl(XEN_DOMCTL_setvcpuaffinity, 5), 0);
    assert_int_equal(affinity, 1);
}

static void wrong_affinities_are_refused(void **state)
{
    affinity = 0;
    affinity_op(XEN_VCPUAFFINITY_HARD, 0x100, 64);
    assert_int_equal(domctl(XEN_DOMCTL_setvcpuaffinity, 5), -EINVAL);
    affinity_op(XEN_VCPUAFFINITY_HARD, 1, 0);
    assert_int_equal(domctl(XEN_DOMCTL_setvcpuaffinity, 5), -EINVAL);
    affinity_op(0, 1, 64);
    assert_int_equal(domctl(XEN_DOMCTL_setvcpuaffinity, 5), -EINVAL);
    affinity_op(XEN_VCPUAFFINITY_HARD, 1, 64)->vcpu = 2;
    assert_int_equal(domctl(XEN_DOMCTL_setvcpuaffinity, 5), -EINVAL);
    affinity_op(XEN_VCPUAFFINITY_HARD, 1, 64)->cpumap_hard.bitmap = 8;
    assert_int_equal(domctl(XEN_DOMCTL_setvcpuaffinity, 5), -EFAULT);
    affinity_op(XEN_VCPUAFFINITY_HARD, 1, ~0u)->cpumap_hard.bitmap =
        FAKE_GUEST_VA + FAKE_GUEST_SIZE - 8;
    assert_int_equal(domctl(XEN_DOMCTL_getvcpuaffinity, 5), -EFAULT);
    assert_int_equal(affinity, 0);
}

static void weights_are_for_the_whole_domain(void **state)
{
    struct xen_domctl_scheduler_op *s = &op->u.scheduler_op;

    s->sched_id = XEN_SCHEDULER_CREDIT2;
    s->cmd = XEN_DOMCTL_SCHEDOP_putinfo;
    s->u.credit2.weight = 512;
    s->u.credit2.cap = UINT16_MAX;
    assert_int_equal(domctl(XEN_DOMCTL_scheduler_op, 5), 0);
    assert_int_equal(d5()->vcpu[0]->sched.weight, 512);
    assert_int_equal(d5()->vcpu[1]->sched.weight, 512);
    s->cmd = XEN_DOMCTL_SCHEDOP_getinfo;
    s->u.credit2.weight = 0;
    assert_int_equal(domctl(XEN_DOMCTL_scheduler_op, 5), 0);
    assert_int_equal(s->u.credit2.weight, 512);
    assert_int_equal(s->u.credit2.cap, 0);
    s->cmd = XEN_DOMCTL_SCHEDOP_putinfo;
    s->u.credit2.weight = 0; /* as it is */
    s->u.credit2.cap = 50;
    assert_int_equal(domctl(XEN_DOMCTL_scheduler_op, 5), 0);
    s->u.credit2.weight = 300;
    s->u.credit2.cap = UINT16_MAX; /* as it is */
    assert_int_equal(domctl(XEN_DOMCTL_scheduler_op, 5), 0);
    s->cmd = XEN_DOMCTL_SCHEDOP_getinfo;
    s->u.credit2.weight = s->u.credit2.cap = 0;
    assert_int_equal(domctl(XEN_DOMCTL_scheduler_op, 5), 0);
    assert_int_equal(s->u.credit2.weight, 300);
    assert_int_equal(s->u.credit2.cap, 50);
    s->cmd = XEN_DOMCTL_SCHEDOP_putvcpuinfo;
    assert_int_equal(domctl(XEN_DOMCTL_scheduler_op, 5), -EINVAL);
    s->cmd = XEN_DOMCTL_SCHEDOP_getinfo;
    s->sched_id = XEN_SCHEDULER_RTDS;
    assert_int_equal(domctl(XEN_DOMCTL_scheduler_op, 5), -EINVAL);
}

static void handle_clock_and_size_are_settable(void **state)
{
    memset(op->u.setdomainhandle.handle, 0xaa, 16);
    assert_int_equal(domctl(XEN_DOMCTL_setdomainhandle, 5), 0);
    assert_int_equal(d5()->handle[15], 0xaa);
    op->u.settimeoffset.time_offset_seconds = -3600;
    assert_int_equal(domctl(XEN_DOMCTL_settimeoffset, 5), 0);
    assert_int_equal(d5()->time_offset_s, -3600);
    op->u.settimeoffset.time_offset_seconds = 1ll << 40;
    assert_int_equal(domctl(XEN_DOMCTL_settimeoffset, 5), -EINVAL);
    op->u.address_size.size = 32;
    assert_int_equal(domctl(XEN_DOMCTL_set_address_size, 5), -EINVAL);
    op->u.address_size.size = 64;
    assert_int_equal(domctl(XEN_DOMCTL_set_address_size, 5), 0);
    op->u.address_size.size = 0;
    assert_int_equal(domctl(XEN_DOMCTL_get_address_size, 5), 0);
    assert_int_equal(op->u.address_size.size, 64);
}

static void a_hypercall_page_needs_a_frame_of_the_domain(void **state)
{
    mfn_t mfn;

    assert_int_equal(domain_alloc_frames(d5(), 0, 0, &mfn), 0);
    op->u.hypercall_init.gmfn = mfn.n;
    assert_int_equal(domctl(XEN_DOMCTL_hypercall_init, 5), 0);
    assert_ptr_equal(filled_page, mfn_to_virt(mfn));
    assert_int_equal(frame_state(mfn_to_frame(mfn)) & FRAME_COUNT_MASK, 1);
    filled_page = NULL;
    op->u.hypercall_init.gmfn = dom0->shared_mfn.n;
    assert_int_equal(domctl(XEN_DOMCTL_hypercall_init, 5), -EINVAL);
    op->u.hypercall_init.gmfn = ~0ull;
    assert_int_equal(domctl(XEN_DOMCTL_hypercall_init, 5), -EINVAL);
    assert_int_equal(frame_get_and_type(mfn_to_frame(mfn), d5(), FRAME_T_L1), 0);
    op->u.hypercall_init.gmfn = mfn.n; /* a page table */
    assert_int_equal(domctl(XEN_DOMCTL_hypercall_init, 5), -EINVAL);
    assert_null(filled_page);
    frame_put_and_type(mfn_to_frame(mfn));
    assert_int_equal(frame_drain(d5(), false), 0);
}

static void destroy_takes_as_many_slices_as_it_needs(void **state)
{
    unsigned int slices = 0;
    long rc;

    d5()->arch.relinquish_slices = 4;
    while ((rc = domctl(XEN_DOMCTL_destroydomain, 5)) == HC_CONTINUE)
        slices++;
    assert_int_equal(rc, 0);
    assert_int_equal(slices, 4);
    assert_int_equal(domctl(XEN_DOMCTL_destroydomain, 5), -ESRCH);
    assert_int_equal(domctl(XEN_DOMCTL_destroydomain, 0), -EINVAL);
}

static void a_dead_domain_with_mapped_frames_is_shown_as_dying(void **state)
{
    struct frame *f;
    mfn_t mfn;

    assert_int_equal(domain_alloc_frames(d5(), 0, 0, &mfn), 0);
    f = mfn_to_frame(mfn);
    assert_true(frame_get(f, d5()));
    assert_int_equal(domctl(XEN_DOMCTL_destroydomain, 5), 0);
    assert_int_equal(domctl(XEN_DOMCTL_getdomaininfo, 5), 0);
    assert_true(op->u.getdomaininfo.flags & XEN_DOMINF_dying);
    assert_int_equal(op->u.getdomaininfo.tot_pages, 1);
    op->u.vcpucontext.vcpu = 0;
    op->u.vcpucontext.ctxt = BUF_VA;
    assert_int_equal(domctl(XEN_DOMCTL_setvcpucontext, 5), -EINVAL); /* would take references */
    assert_int_equal(domctl(XEN_DOMCTL_max_vcpus, 5), -EINVAL);
    assert_int_equal(domctl(XEN_DOMCTL_unpausedomain, 5), 0);
    assert_true(d5()->pause_count > 0);
    assert_int_equal(domctl(XEN_DOMCTL_destroydomain, 5), 0); /* again */
    frame_put(f);
}

/* --- sysctl ----------------------------------------------------------------------------------- */

static long readconsole(uint8_t incremental, uint32_t index, uint32_t count)
{
    memset(sys, 0, sizeof(*sys));
    sys->u.readconsole.incremental = incremental;
    sys->u.readconsole.index = index;
    sys->u.readconsole.buffer = BUF_VA;
    sys->u.readconsole.count = count;
    return sysctl(XEN_SYSCTL_readconsole);
}

static void the_log_is_read_in_pieces(void **state)
{
    char *buf = fake_guest(BUF_VA);

    assert_int_equal(readconsole(1, 0, 4), 0);
    assert_int_equal(sys->u.readconsole.count, 4);
    assert_int_equal(sys->u.readconsole.index, 4);
    assert_memory_equal(buf, "0123", 4);
    assert_int_equal(readconsole(1, 4, 100), 0);
    assert_int_equal(sys->u.readconsole.count, 6);
    assert_memory_equal(buf, "456789", 6);
    assert_int_equal(readconsole(1, 10, 100), 0);
    assert_int_equal(sys->u.readconsole.count, 0);
    assert_int_equal(readconsole(0, 7, 100), 0); /* not incremental: from the start */
    assert_int_equal(sys->u.readconsole.count, 10);
    assert_int_equal(cleared, 0);
    sys->u.readconsole.clear = 1;
    assert_int_equal(sysctl(XEN_SYSCTL_readconsole), 0);
    assert_int_equal(cleared, 1);
    sys->u.readconsole.buffer = 8;
    sys->u.readconsole.count = 5;
    assert_int_equal(sysctl(XEN_SYSCTL_readconsole), -EFAULT);
}

static void physinfo_adds_up(void **state)
{
    struct xen_sysctl_physinfo *p = &sys->u.physinfo;

    assert_int_equal(sysctl(XEN_SYSCTL_physinfo), 0);
    assert_int_equal(p->nr_cpus, 1);
    assert_int_equal(p->max_cpu_id, 0);
    assert_int_equal(p->cpu_khz, 2500000);
    assert_int_equal(p->total_pages, 3999);
    assert_int_equal(p->free_pages, heap_free_pages());
    assert_int_equal(p->capabilities, XEN_SYSCTL_PHYSCAP_pv | XEN_SYSCTL_PHYSCAP_gnttab_v1);
    assert_int_equal(sysctl(XEN_SYSCTL_sched_id), 0);
    assert_int_equal(sys->u.sched_id.sched_id, XEN_SCHEDULER_CREDIT2);
}

static void domains_are_listed_from_a_number_on(void **state)
{
    struct xen_domctl_getdomaininfo *list = fake_guest(BUF_VA);
    struct xen_sysctl_getdomaininfolist *l = &sys->u.getdomaininfolist;

    *l = (struct xen_sysctl_getdomaininfolist){.max_domains = 8, .buffer = BUF_VA};
    assert_int_equal(sysctl(XEN_SYSCTL_getdomaininfolist), 0);
    assert_int_equal(l->num_domains, 2);
    assert_int_equal(list[0].domain, 0);
    assert_int_equal(list[1].domain, 5);
    l->max_domains = 1;
    assert_int_equal(sysctl(XEN_SYSCTL_getdomaininfolist), 0);
    assert_int_equal(l->num_domains, 1);
    l->first_domain = 1;
    assert_int_equal(sysctl(XEN_SYSCTL_getdomaininfolist), 0);
    assert_int_equal(list[0].domain, 5);
    l->first_domain = 6;
    assert_int_equal(sysctl(XEN_SYSCTL_getdomaininfolist), 0);
    assert_int_equal(l->num_domains, 0);
    l->first_domain = 0;
    l->buffer = 8;
    assert_int_equal(sysctl(XEN_SYSCTL_getdomaininfolist), -EFAULT);
}

static void the_hosts_figures_return_to_what_they_were(void **state)
{
    struct pavo_host_info before, with, after;
    const void *info = sys->u.pad;
    unsigned int id;
    struct domain *d;
    mfn_t mfn;

    assert_int_equal(sysctl(XEN_SYSCTL_pavo_host_info), 0);
    memcpy(&before, info, sizeof(before));
    assert_int_equal(before.version, PAVO_HOST_INFO_VERSION);
    assert_int_equal(before.nr_domains, 2);
    assert_int_equal(before.total_pages, before.free_pages + before.hypervisor_pages);
    fill_create(4);
    assert_int_equal(domctl(XEN_DOMCTL_createdomain, 0), 0);
    id = op->domain;
    op->u.max_vcpus.max = 4;
    assert_int_equal(domctl(XEN_DOMCTL_max_vcpus, id), 0);
    d = domain_get((domid_t)id);
    d->max_pages = 64;
    assert_int_equal(domain_alloc_frames(d, 6, 0, &mfn), 0);
    domain_put(d);
    assert_int_equal(sysctl(XEN_SYSCTL_pavo_host_info), 0);
    memcpy(&with, info, sizeof(with));
    assert_int_equal(with.nr_domains, 3);
    assert_int_equal(with.free_pages + with.hypervisor_pages + 64, with.total_pages);
    assert_int_equal(domctl(XEN_DOMCTL_destroydomain, id), 0);
    assert_int_equal(sysctl(XEN_SYSCTL_pavo_host_info), 0);
    memcpy(&after, info, sizeof(after));
    assert_memory_equal(&before, &after, sizeof(before));
}

#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(another_interface_version_is_refused),
        T(unknown_operations_and_domains_are_told_apart),
        T(create_picks_a_number_when_none_is_wanted),
        T(create_refuses_what_pavo_does_not_do),
        T(info_tells_of_the_domain_or_the_next),
        T(pause_by_the_controller_counts_once),
        T(vcpu_limits_are_those_of_creation),
        T(a_context_goes_in_and_comes_out),
        T(wrong_contexts_are_refused),
        T(vcpu_info_tells_where_and_how_long),
        T(affinity_is_set_and_read),
        T(wrong_affinities_are_refused),
        T(weights_are_for_the_whole_domain),
        T(handle_clock_and_size_are_settable),
        T(a_hypercall_page_needs_a_frame_of_the_domain),
        T(destroy_takes_as_many_slices_as_it_needs),
        T(a_dead_domain_with_mapped_frames_is_shown_as_dying),
        T(the_log_is_read_in_pieces),
        T(physinfo_adds_up),
        T(domains_are_listed_from_a_number_on),
        T(the_hosts_figures_return_to_what_they_were),
    };

    return cmocka_run_group_tests(tests, group_setup, group_teardown);
}
