/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * domctl, sysctl, platform_op: refused to guests, checked for dom0, and one domain's whole life:
 * created, built from a few frames, run, seen to shut down, destroyed.
 */
#include "mini.h"
#include "pv-abi/domctl.h"
#include "pv-abi/pavo.h"
#include "pv-abi/platform.h"
#include "pv-abi/sysctl.h"

#define SLOT 160
#define MS   1000000UL

static struct xen_domctl dom;
static struct xen_sysctl sys;
static struct xen_platform_op plat;

static long domctl(unsigned int cmd, domid_t domid)
{
    dom.cmd = cmd;
    dom.interface_version = XEN_DOMCTL_INTERFACE_VERSION;
    dom.domain = domid;
    return hypercall1(__HYPERVISOR_domctl, PTR(&dom));
}

static long sysctl(unsigned int cmd)
{
    sys.cmd = cmd;
    sys.interface_version = XEN_SYSCTL_INTERFACE_VERSION;
    return hypercall1(__HYPERVISOR_sysctl, PTR(&sys));
}

static long platform(unsigned int cmd)
{
    plat.cmd = cmd;
    plat.interface_version = XENPF_INTERFACE_VERSION;
    return hypercall1(__HYPERVISOR_platform_op, PTR(&plat));
}

TEST(guests_control_nothing)
{
    if (is_dom0())
        return;
    memset(&dom, 0, sizeof(dom));
    memset(&sys, 0, sizeof(sys));
    memset(&plat, 0, sizeof(plat));
    CHECK_EQ(domctl(XEN_DOMCTL_getdomaininfo, 0), -XEN_EPERM);
    CHECK_EQ(domctl(XEN_DOMCTL_createdomain, 0), -XEN_EPERM);
    CHECK_EQ(domctl(XEN_DOMCTL_destroydomain, 0), -XEN_EPERM);
    CHECK_EQ(domctl(XEN_DOMCTL_pausedomain, 0), -XEN_EPERM);
    CHECK_EQ(sysctl(XEN_SYSCTL_physinfo), -XEN_EPERM);
    CHECK_EQ(sysctl(XEN_SYSCTL_readconsole), -XEN_EPERM);
    CHECK_EQ(sysctl(XEN_SYSCTL_pavo_host_info), -XEN_EPERM);
    CHECK_EQ(sysctl(XEN_SYSCTL_pavo_perf), -XEN_EPERM);
    CHECK_EQ(sysctl(XEN_SYSCTL_pavo_trace), -XEN_EPERM);
    CHECK_EQ(domctl(XEN_DOMCTL_pavo_perf, DOMID_SELF), -XEN_EPERM);
    CHECK_EQ(platform(XENPF_get_cpuinfo), -XEN_EPERM);
    CHECK_EQ(platform(XENPF_enter_acpi_sleep), -XEN_EPERM);
}

TEST(versions_must_match)
{
    if (!is_dom0())
        return;
    memset(&dom, 0, sizeof(dom));
    dom.cmd = XEN_DOMCTL_getdomaininfo;
    dom.interface_version = XEN_DOMCTL_INTERFACE_VERSION - 1;
    CHECK_EQ(hypercall1(__HYPERVISOR_domctl, PTR(&dom)), -XEN_EACCES);
    sys.cmd = XEN_SYSCTL_physinfo;
    sys.interface_version = XEN_SYSCTL_INTERFACE_VERSION + 1;
    CHECK_EQ(hypercall1(__HYPERVISOR_sysctl, PTR(&sys)), -XEN_EACCES);
    plat.cmd = XENPF_get_cpuinfo;
    plat.interface_version = 1;
    CHECK_EQ(hypercall1(__HYPERVISOR_platform_op, PTR(&plat)), -XEN_EACCES);
    CHECK_EQ(hypercall1(__HYPERVISOR_domctl, 0x1000), -XEN_EFAULT);
    CHECK_EQ(hypercall1(__HYPERVISOR_sysctl, 0x1000), -XEN_EFAULT);
    CHECK_EQ(hypercall1(__HYPERVISOR_platform_op, 0x1000), -XEN_EFAULT);
}

TEST(unknown_operations_are_refused)
{
    if (!is_dom0())
        return;
    memset(&dom, 0, sizeof(dom));
    CHECK_EQ(domctl(9999, 0), -XEN_ENOSYS);
    CHECK_EQ(sysctl(9999), -XEN_ENOSYS);
    CHECK_EQ(platform(9999), -XEN_ENOSYS);
}

TEST(domain_0_describes_itself)
{
    if (!is_dom0())
        return;
    CHECK_EQ(domctl(XEN_DOMCTL_getdomaininfo, 0), 0);
    CHECK_EQ(dom.u.getdomaininfo.domain, 0);
    CHECK_EQ(dom.u.getdomaininfo.tot_pages > 1024, 1);
    CHECK_EQ(dom.u.getdomaininfo.flags &
                 (XEN_DOMINF_dying | XEN_DOMINF_shutdown | XEN_DOMINF_hvm_guest),
             0);
    CHECK(dom.u.getdomaininfo.max_vcpu_id <= 32);
    CHECK(dom.u.getdomaininfo.nr_online_vcpus >= 1);
    CHECK_EQ(dom.u.getdomaininfo.shared_info_frame, start_info->shared_info >> 12);
}

TEST(the_host_describes_itself)
{
    static struct xen_domctl_getdomaininfo list[4];

    if (!is_dom0())
        return;
    CHECK_EQ(sysctl(XEN_SYSCTL_physinfo), 0);
    CHECK(sys.u.physinfo.nr_cpus >= 1);
    CHECK(sys.u.physinfo.total_pages > sys.u.physinfo.free_pages);
    CHECK(sys.u.physinfo.free_pages > 0);
    CHECK(sys.u.physinfo.cpu_khz > 1000);
    CHECK(sys.u.physinfo.capabilities & XEN_SYSCTL_PHYSCAP_pv);
    sys.u.getdomaininfolist.first_domain = 0;
    sys.u.getdomaininfolist.max_domains = 4;
    sys.u.getdomaininfolist.buffer = PTR(list);
    CHECK_EQ(sysctl(XEN_SYSCTL_getdomaininfolist), 0);
    CHECK_EQ(sys.u.getdomaininfolist.num_domains, 1);
    CHECK_EQ(list[0].domain, 0);
    sys.u.getdomaininfolist.buffer = 0x1000;
    CHECK_EQ(sysctl(XEN_SYSCTL_getdomaininfolist), -XEN_EFAULT);
}

TEST(the_console_ring_is_read)
{
    static char text[16384];
    unsigned int lines = 0;

    if (!is_dom0())
        return;
    memset(&sys, 0, sizeof(sys));
    sys.u.readconsole.buffer = PTR(text);
    sys.u.readconsole.count = sizeof(text);
    CHECK_EQ(sysctl(XEN_SYSCTL_readconsole), 0);
    CHECK(sys.u.readconsole.count > 0 && sys.u.readconsole.count <= sizeof(text));
    for (unsigned int i = 0; i < sys.u.readconsole.count; i++)
        lines += text[i] == '\n';
    CHECK(lines > 0);
    sys.u.readconsole.buffer = 0x1000;
    sys.u.readconsole.count = 16;
    CHECK_EQ(sysctl(XEN_SYSCTL_readconsole), -XEN_EFAULT);
}

TEST(the_scheduler_has_a_number)
{
    if (!is_dom0())
        return;
    sys.u.sched_id.sched_id = 0;
    CHECK_EQ(sysctl(XEN_SYSCTL_sched_id), 0);
    CHECK(sys.u.sched_id.sched_id >= 4 && sys.u.sched_id.sched_id <= 10);
}

TEST(cpus_are_listed)
{
    if (!is_dom0())
        return;
    memset(&plat, 0, sizeof(plat));
    CHECK_EQ(platform(XENPF_get_cpuinfo), 0);
    CHECK_EQ(plat.u.pcpu_info.flags & XEN_PCPU_FLAGS_ONLINE, XEN_PCPU_FLAGS_ONLINE);
    CHECK(plat.u.pcpu_info.max_present < 64);
    plat.u.pcpu_info.xen_cpuid = 1000;
    CHECK_EQ(platform(XENPF_get_cpuinfo), 0);
    CHECK_EQ(plat.u.pcpu_info.flags, XEN_PCPU_FLAGS_INVALID);
}

TEST(the_clock_is_set)
{
    uint32_t version = shared_info->wc_version;

    if (!is_dom0())
        return;
    memset(&plat, 0, sizeof(plat));
    plat.u.settime64.secs = 1700000000;
    plat.u.settime64.system_time = system_time_ns();
    CHECK_EQ(platform(XENPF_settime64), 0);
    CHECK(shared_info->wc_version != version);
    CHECK_EQ(shared_info->wc_version & 1, 0);
    CHECK(shared_info->wc_sec <= 1700000000 && shared_info->wc_sec > 1700000000 - 3600);
    plat.u.settime64.mbz = 1;
    CHECK_EQ(platform(XENPF_settime64), -XEN_EINVAL);
}

TEST(domains_that_do_not_exist_are_refused)
{
    static const unsigned int cmds[] = {
        XEN_DOMCTL_destroydomain, XEN_DOMCTL_pausedomain,    XEN_DOMCTL_unpausedomain,
        XEN_DOMCTL_max_mem,       XEN_DOMCTL_setvcpucontext, XEN_DOMCTL_getvcpucontext,
        XEN_DOMCTL_getvcpuinfo,   XEN_DOMCTL_max_vcpus,      XEN_DOMCTL_getdomaininfo,
        XEN_DOMCTL_scheduler_op,  XEN_DOMCTL_setdomainhandle};

    if (!is_dom0())
        return;
    for (unsigned int i = 0; i < sizeof(cmds) / sizeof(cmds[0]); i++) {
        memset(&dom, 0, sizeof(dom));
        CHECK_EQ(domctl(cmds[i], 0x1234), -XEN_ESRCH);
    }
}

TEST(dom0_does_not_end_itself)
{
    if (!is_dom0())
        return;
    CHECK(domctl(XEN_DOMCTL_destroydomain, 0) < 0);
    CHECK(domctl(XEN_DOMCTL_pausedomain, 0) < 0);
}

/* ---- one domain's life */

static long create(domid_t *domid)
{
    long rc;

    memset(&dom, 0, sizeof(dom));
    dom.u.createdomain.handle[0] = 0x42;
    dom.u.createdomain.max_vcpus = 1;
    dom.u.createdomain.max_evtchn_port = 1023;
    dom.u.createdomain.max_grant_frames = 4;
    dom.u.createdomain.max_maptrack_frames = 4;
    dom.u.createdomain.grant_opts = 1;
    rc = domctl(XEN_DOMCTL_createdomain, 0);
    *domid = dom.domain;
    return rc;
}

static long destroy(domid_t domid)
{
    long rc;

    do
        rc = domctl(XEN_DOMCTL_destroydomain, domid);
    while (rc == -XEN_EAGAIN || rc == -85);
    return rc;
}

static void wait_gone(domid_t domid)
{
    for (uint64_t end = system_time_ns() + 5000 * MS; system_time_ns() < end;) {
        long rc = domctl(XEN_DOMCTL_getdomaininfo, domid);

        if (rc == -XEN_ESRCH || dom.u.getdomaininfo.domain != domid)
            return;
        sched_op(SCHEDOP_yield, NULL);
    }
    CHECK(!"the domain is gone");
}

static uint64_t free_pages(void)
{
    sysctl(XEN_SYSCTL_physinfo);
    return sys.u.physinfo.free_pages;
}

TEST(create_checks_its_arguments)
{
    domid_t domid;

    if (!is_dom0())
        return;
    memset(&dom, 0, sizeof(dom));
    CHECK(domctl(XEN_DOMCTL_createdomain, 0) < 0); /* no vCPU at all, and the number 0 means any */
    CHECK_EQ(create(&domid), 0);
    CHECK(domid > 0 && domid < DOMID_FIRST_RESERVED);
    dom.domain = domid;
    memset(&dom.u, 0, sizeof(dom.u));
    dom.u.createdomain.max_vcpus = 1;
    dom.u.createdomain.max_evtchn_port = 1023;
    dom.u.createdomain.grant_opts = 1;
    CHECK_EQ(domctl(XEN_DOMCTL_createdomain, domid), -XEN_EEXIST);
    dom.u.createdomain.flags = 1U << 31;
    CHECK_EQ(domctl(XEN_DOMCTL_createdomain, 0), -XEN_EINVAL);
    CHECK_EQ(destroy(domid), 0);
    wait_gone(domid);
}

TEST(a_new_domain_is_empty_and_paused)
{
    domid_t domid;

    if (!is_dom0())
        return;
    CHECK_EQ(create(&domid), 0);
    CHECK_EQ(domctl(XEN_DOMCTL_getdomaininfo, domid), 0);
    CHECK_EQ(dom.u.getdomaininfo.domain, domid);
    CHECK_EQ(dom.u.getdomaininfo.flags & XEN_DOMINF_paused, XEN_DOMINF_paused);
    CHECK_EQ(dom.u.getdomaininfo.tot_pages, 0);
    CHECK_EQ(dom.u.getdomaininfo.handle[0], 0x42);
    CHECK_EQ(dom.u.getdomaininfo.nr_online_vcpus, 0);
    CHECK_EQ(destroy(domid), 0);
    wait_gone(domid);
}

/*
 * Runs as the new domain's only code, at 1 MiB: writes a word to its second page, then shuts down
 * with SHUTDOWN_crash, so that the result cannot come from anything else.
 */
__asm__(".pushsection .rodata\n"
        "small_kernel:\n"
        "movl $0x600d, 0x101000\n"
        "mov $2, %edi\n"
        "lea 1f(%rip), %rsi\n"
        "mov $29, %eax\n"
        "syscall\n"
        "ud2\n"
        "1: .long 3\n"
        "small_kernel_end:\n"
        ".popsection");
extern const uint8_t small_kernel[], small_kernel_end[];

enum { F_CODE, F_DATA, F_L1, F_L2, F_L3, F_L4, FRAMES };

static struct vcpu_guest_context context;

/* Map frame @mfn of @domid at scratch slot @slot; 0 unmaps. */
static long map_foreign(domid_t domid, unsigned int slot, uint64_t mfn)
{
    struct mmu_update update = {.ptr = va_to_maddr(&scratch_l1()[slot]) |
                                       (mfn ? MMU_PT_UPDATE_NO_TRANSLATE : 0),
                                .val = mfn ? mfn << 12 | PTE_KERNEL : 0};
    struct mmuext_op op = {.cmd = MMUEXT_TLB_FLUSH_LOCAL};
    long rc = mmu_update(&update, 1, NULL, mfn ? domid : DOMID_SELF);

    mmuext_op(&op, 1, NULL, DOMID_SELF);
    return rc;
}

TEST(a_small_domain_lives_and_dies)
{
    uint64_t frames[FRAMES], before, value = 0;
    struct xen_memory_reservation r = {.extent_start = PTR(frames), .nr_extents = FRAMES};
    domid_t domid;
    uint64_t end;

    if (!is_dom0())
        return;
    before = free_pages();
    CHECK_EQ(create(&domid), 0);
    dom.u.max_vcpus.max = 1;
    CHECK_EQ(domctl(XEN_DOMCTL_max_vcpus, domid), 0);
    dom.u.max_mem.max_memkb = FRAMES * 4;
    CHECK_EQ(domctl(XEN_DOMCTL_max_mem, domid), 0);
    for (uint64_t i = 0; i < FRAMES; i++)
        frames[i] = i;
    r.domid = domid;
    CHECK_EQ(memory_op(XENMEM_populate_physmap, &r), FRAMES);
    CHECK_EQ(domctl(XEN_DOMCTL_getdomaininfo, domid), 0);
    CHECK_EQ(dom.u.getdomaininfo.tot_pages, FRAMES);
    for (unsigned int i = 0; i < FRAMES; i++) {
        CHECK_EQ(mfn_to_pfn(frames[i]), i);
        CHECK_EQ(map_foreign(domid, SLOT + i, frames[i]), 0);
        CHECK_EQ(try_read(scratch_va(SLOT + i), &value), -1);
        CHECK_EQ(value, 0);
    }
    memcpy(scratch_va(SLOT + F_CODE), small_kernel, (size_t)(small_kernel_end - small_kernel));
    ((uint64_t *)scratch_va(SLOT + F_L1))[256] = frames[F_CODE] << 12 | PTE_TABLE;
    ((uint64_t *)scratch_va(SLOT + F_L1))[257] = frames[F_DATA] << 12 | PTE_TABLE;
    ((uint64_t *)scratch_va(SLOT + F_L2))[0] = frames[F_L1] << 12 | PTE_TABLE;
    ((uint64_t *)scratch_va(SLOT + F_L3))[0] = frames[F_L2] << 12 | PTE_TABLE;
    ((uint64_t *)scratch_va(SLOT + F_L4))[0] = frames[F_L3] << 12 | PTE_TABLE;
    memset(&context, 0, sizeof(context));
    context.flags = VGCF_in_kernel | VGCF_online;
    context.user_regs.rip = 0x100000;
    context.user_regs.cs = FLAT_KERNEL_CS;
    context.user_regs.ss = context.kernel_ss = FLAT_KERNEL_SS;
    context.user_regs.rsp = context.kernel_sp = 0x102000;
    context.user_regs.rflags = 0x1200;
    context.ctrlreg[3] = frames[F_L4] << 12;
    dom.u.vcpucontext.vcpu = 0;
    dom.u.vcpucontext.ctxt = PTR(&context);
    /* While dom0 has its tables mapped writable they are no page tables. */
    CHECK(domctl(XEN_DOMCTL_setvcpucontext, domid) < 0);
    for (unsigned int i = F_L1; i < FRAMES; i++)
        CHECK_EQ(map_foreign(domid, SLOT + i, 0), 0);
    dom.u.vcpucontext.vcpu = 0;
    dom.u.vcpucontext.ctxt = PTR(&context);
    CHECK_EQ(domctl(XEN_DOMCTL_setvcpucontext, domid), 0);
    /* What is refused half-way leaves it without tables, and so it must not run. */
    context.gdt_ents = 1;
    context.gdt_frames[0] = 0xfffffffffUL;
    dom.u.vcpucontext.vcpu = 0;
    dom.u.vcpucontext.ctxt = PTR(&context);
    CHECK(domctl(XEN_DOMCTL_setvcpucontext, domid) < 0);
    dom.u.getvcpuinfo.vcpu = 0;
    CHECK_EQ(domctl(XEN_DOMCTL_getvcpuinfo, domid), 0);
    CHECK_EQ(dom.u.getvcpuinfo.online, 0);
    context.gdt_ents = 0;
    dom.u.vcpucontext.vcpu = 0;
    dom.u.vcpucontext.ctxt = PTR(&context);
    CHECK_EQ(domctl(XEN_DOMCTL_setvcpucontext, domid), 0);
    CHECK(map_foreign(domid, SLOT + F_L1, frames[F_L1]) < 0);
    dom.u.getvcpuinfo.vcpu = 0;
    CHECK_EQ(domctl(XEN_DOMCTL_getvcpuinfo, domid), 0);
    CHECK_EQ(dom.u.getvcpuinfo.online, 1);
    CHECK_EQ(domctl(XEN_DOMCTL_unpausedomain, domid), 0);
    for (end = system_time_ns() + 5000 * MS; system_time_ns() < end;) {
        CHECK_EQ(domctl(XEN_DOMCTL_getdomaininfo, domid), 0);
        if (dom.u.getdomaininfo.flags & XEN_DOMINF_shutdown)
            break;
        sched_op(SCHEDOP_yield, NULL);
    }
    CHECK(dom.u.getdomaininfo.flags & XEN_DOMINF_shutdown);
    CHECK_EQ(dom.u.getdomaininfo.flags >> XEN_DOMINF_shutdownshift & XEN_DOMINF_shutdownmask,
             SHUTDOWN_crash);
    CHECK(dom.u.getdomaininfo.cpu_time > 0);
    CHECK_EQ(try_read(scratch_va(SLOT + F_DATA), &value), -1);
    CHECK_EQ(value & 0xffffffff, 0x600d);
    CHECK_EQ(destroy(domid), 0);
    /* dom0 still maps two of its frames: only when they go is everything back. */
    CHECK_EQ(try_read(scratch_va(SLOT + F_DATA), &value), -1);
    CHECK_EQ(value & 0xffffffff, 0x600d);
    CHECK_EQ(map_foreign(0, SLOT + F_CODE, 0), 0);
    CHECK_EQ(map_foreign(0, SLOT + F_DATA, 0), 0);
    wait_gone(domid);
    for (end = system_time_ns() + 2000 * MS; free_pages() != before && system_time_ns() < end;)
        sched_op(SCHEDOP_yield, NULL);
    if (is_pavo())
        CHECK_EQ(free_pages(), before);
}

TEST(small_operations_on_a_paused_domain)
{
    static uint8_t cpus[64];
    domid_t domid;

    if (!is_dom0())
        return;
    CHECK_EQ(create(&domid), 0);
    dom.u.max_vcpus.max = 1;
    CHECK_EQ(domctl(XEN_DOMCTL_max_vcpus, domid), 0);
    dom.u.max_vcpus.max = 100000;
    CHECK_EQ(domctl(XEN_DOMCTL_max_vcpus, domid), -XEN_EINVAL);

    memset(&dom.u, 0, sizeof(dom.u));
    dom.u.setdomainhandle.handle[15] = 0x99;
    CHECK_EQ(domctl(XEN_DOMCTL_setdomainhandle, domid), 0);
    CHECK_EQ(domctl(XEN_DOMCTL_getdomaininfo, domid), 0);
    CHECK_EQ(dom.u.getdomaininfo.handle[15], 0x99);

    CHECK_EQ(domctl(XEN_DOMCTL_pausedomain, domid), 0);
    CHECK_EQ(domctl(XEN_DOMCTL_getdomaininfo, domid), 0);
    CHECK_EQ(dom.u.getdomaininfo.flags & XEN_DOMINF_paused, XEN_DOMINF_paused);
    /* Xen counts, and the new domain was paused once already; Pavo has one switch. */
    CHECK_EQ(domctl(XEN_DOMCTL_unpausedomain, domid), 0);
    if (!is_pavo())
        CHECK_EQ(domctl(XEN_DOMCTL_unpausedomain, domid), 0);
    CHECK_EQ(domctl(XEN_DOMCTL_getdomaininfo, domid), 0);
    CHECK_EQ(dom.u.getdomaininfo.flags & XEN_DOMINF_paused, 0);

    CHECK_EQ(domctl(XEN_DOMCTL_get_address_size, domid), 0);
    CHECK_EQ(dom.u.address_size.size, 64);
    dom.u.address_size.size = 64;
    CHECK_EQ(domctl(XEN_DOMCTL_set_address_size, domid), 0);
    dom.u.address_size.size = 16;
    CHECK(domctl(XEN_DOMCTL_set_address_size, domid) < 0);

    memset(&dom.u, 0, sizeof(dom.u));
    dom.u.vcpuaffinity.flags = XEN_VCPUAFFINITY_HARD;
    dom.u.vcpuaffinity.cpumap_hard.bitmap = PTR(cpus);
    dom.u.vcpuaffinity.cpumap_hard.nr_bits = sizeof(cpus) * 8;
    CHECK_EQ(domctl(XEN_DOMCTL_getvcpuaffinity, domid), 0);
    CHECK_EQ(cpus[0] & 1, 1);
    cpus[0] = 1;
    dom.u.vcpuaffinity.vcpu = 0;
    dom.u.vcpuaffinity.flags = XEN_VCPUAFFINITY_HARD;
    dom.u.vcpuaffinity.cpumap_hard.bitmap = PTR(cpus);
    dom.u.vcpuaffinity.cpumap_hard.nr_bits = sizeof(cpus) * 8;
    CHECK_EQ(domctl(XEN_DOMCTL_setvcpuaffinity, domid), 0);
    memset(cpus, 0, sizeof(cpus));
    CHECK_EQ(domctl(XEN_DOMCTL_setvcpuaffinity, domid), -XEN_EINVAL); /* nowhere to run */
    dom.u.vcpuaffinity.vcpu = 77;
    CHECK(domctl(XEN_DOMCTL_setvcpuaffinity, domid) < 0);
    CHECK(domctl(XEN_DOMCTL_getvcpuaffinity, domid) < 0);

    memset(&dom.u, 0, sizeof(dom.u));
    dom.u.settimeoffset.time_offset_seconds = 3600;
    CHECK_EQ(domctl(XEN_DOMCTL_settimeoffset, domid), 0);

    dom.u.getvcpuinfo.vcpu = 77;
    CHECK(domctl(XEN_DOMCTL_getvcpuinfo, domid) < 0);
    dom.u.vcpucontext.vcpu = 77;
    dom.u.vcpucontext.ctxt = PTR(&context);
    CHECK(domctl(XEN_DOMCTL_setvcpucontext, domid) < 0);
    CHECK(domctl(XEN_DOMCTL_getvcpucontext, domid) < 0);
    dom.u.vcpucontext.vcpu = 0;
    dom.u.vcpucontext.ctxt = 0x1000;
    CHECK_EQ(domctl(XEN_DOMCTL_setvcpucontext, domid), -XEN_EFAULT);
    CHECK_EQ(domctl(XEN_DOMCTL_getvcpucontext, domid), -XEN_ENODATA); /* none was set */
    dom.u.hypercall_init.gmfn = 0xfffffffffUL;
    CHECK(domctl(XEN_DOMCTL_hypercall_init, domid) < 0);
    CHECK_EQ(domctl(XEN_DOMCTL_resumedomain, domid), 0); /* not shut down: nothing to do */
    CHECK_EQ(destroy(domid), 0);
    wait_gone(domid);
}

TEST(remote_shutdown_ends_a_domain)
{
    struct sched_remote_shutdown op = {.reason = SHUTDOWN_reboot};
    domid_t domid;

    if (!is_dom0())
        return;
    CHECK_EQ(create(&domid), 0);
    op.domain_id = domid;
    CHECK_EQ(sched_op(SCHEDOP_remote_shutdown, &op), 0);
    CHECK_EQ(domctl(XEN_DOMCTL_getdomaininfo, domid), 0);
    CHECK(dom.u.getdomaininfo.flags & XEN_DOMINF_shutdown);
    CHECK_EQ(dom.u.getdomaininfo.flags >> XEN_DOMINF_shutdownshift & XEN_DOMINF_shutdownmask,
             SHUTDOWN_reboot);
    CHECK_EQ(destroy(domid), 0);
    wait_gone(domid);
}

TEST(a_memory_map_is_set_for_another)
{
    static struct xen_e820entry entry[1] = {{0, 4 << 20, E820_RAM}};
    struct xen_foreign_memory_map map = {.map = {.nr_entries = 1, .buffer = PTR(entry)}};
    domid_t domid;

    if (!is_dom0())
        return;
    CHECK_EQ(create(&domid), 0);
    map.domid = domid;
    CHECK_EQ(memory_op(XENMEM_set_memory_map, &map), 0);
    map.map.nr_entries = 100000;
    CHECK_EQ(memory_op(XENMEM_set_memory_map, &map), -XEN_EINVAL);
    map.map.nr_entries = 1;
    map.map.buffer = 0x1000;
    CHECK_EQ(memory_op(XENMEM_set_memory_map, &map), -XEN_EFAULT);
    CHECK_EQ(destroy(domid), 0);
    wait_gone(domid);
}

TEST(scheduler_parameters_are_kept)
{
    uint32_t scheduler;
    domid_t domid;

    if (!is_dom0())
        return;
    CHECK_EQ(sysctl(XEN_SYSCTL_sched_id), 0);
    scheduler = sys.u.sched_id.sched_id;
    CHECK_EQ(create(&domid), 0);
    dom.u.max_vcpus.max = 1;
    CHECK_EQ(domctl(XEN_DOMCTL_max_vcpus, domid), 0);
    memset(&dom.u, 0, sizeof(dom.u));
    dom.u.scheduler_op.sched_id = scheduler;
    dom.u.scheduler_op.cmd = XEN_DOMCTL_SCHEDOP_putinfo;
    dom.u.scheduler_op.u.credit.weight = 512;
    CHECK_EQ(domctl(XEN_DOMCTL_scheduler_op, domid), 0);
    memset(&dom.u, 0, sizeof(dom.u));
    dom.u.scheduler_op.sched_id = scheduler;
    dom.u.scheduler_op.cmd = XEN_DOMCTL_SCHEDOP_getinfo;
    CHECK_EQ(domctl(XEN_DOMCTL_scheduler_op, domid), 0);
    CHECK_EQ(dom.u.scheduler_op.u.credit.weight, 512);
    dom.u.scheduler_op.sched_id = 99;
    CHECK_EQ(domctl(XEN_DOMCTL_scheduler_op, domid), -XEN_EINVAL);
    CHECK_EQ(destroy(domid), 0);
    wait_gone(domid);
}

TEST(a_hypercall_page_is_filled)
{
    uint64_t frame[1] = {0};
    struct xen_memory_reservation r = {.extent_start = PTR(frame), .nr_extents = 1};
    const uint8_t *stub;
    domid_t domid;

    if (!is_dom0())
        return;
    CHECK_EQ(create(&domid), 0);
    dom.u.max_mem.max_memkb = 4;
    CHECK_EQ(domctl(XEN_DOMCTL_max_mem, domid), 0);
    r.domid = domid;
    CHECK_EQ(memory_op(XENMEM_populate_physmap, &r), 1);
    dom.u.hypercall_init.gmfn = frame[0];
    CHECK_EQ(domctl(XEN_DOMCTL_hypercall_init, domid), 0);
    CHECK_EQ(map_foreign(domid, SLOT, frame[0]), 0);
    for (unsigned int number = 0; number < 64; number++) {
        unsigned int found = 0;

        stub = (const uint8_t *)scratch_va(SLOT) + number * HYPERCALL_STUB_BYTES;
        for (unsigned int i = 0; i < HYPERCALL_STUB_BYTES - 1; i++)
            found |= (stub[i] == 0x0f && stub[i + 1] == 0x05); /* syscall */
        CHECK(found);
    }
    CHECK_EQ(map_foreign(domid, SLOT, 0), 0);
    CHECK_EQ(destroy(domid), 0);
    wait_gone(domid);
}

TEST(the_context_of_a_vcpu_reads_back)
{
    uint64_t frame[1] = {0};
    struct xen_memory_reservation r = {.extent_start = PTR(frame), .nr_extents = 1};
    static struct vcpu_guest_context back;
    domid_t domid;

    if (!is_dom0())
        return;
    CHECK_EQ(create(&domid), 0);
    dom.u.max_vcpus.max = 1;
    CHECK_EQ(domctl(XEN_DOMCTL_max_vcpus, domid), 0);
    dom.u.max_mem.max_memkb = 4;
    CHECK_EQ(domctl(XEN_DOMCTL_max_mem, domid), 0);
    r.domid = domid;
    CHECK_EQ(memory_op(XENMEM_populate_physmap, &r), 1);
    memset(&context, 0, sizeof(context));
    context.flags = VGCF_in_kernel | VGCF_online;
    context.user_regs.rip = 0x123456;
    context.user_regs.cs = FLAT_KERNEL_CS;
    context.user_regs.ss = context.kernel_ss = FLAT_KERNEL_SS;
    context.user_regs.r12 = 0x1212121212121212UL;
    context.kernel_sp = 0x9000;
    context.event_callback_eip = 0x4000;
    context.fs_base = 0x7000;
    for (unsigned int i = 0; i < 256; i++)
        context.trap_ctxt[i].vector = (uint8_t)i;
    context.trap_ctxt[14].address = 0x5000;
    context.trap_ctxt[14].cs = FLAT_KERNEL_CS;
    context.ctrlreg[3] = frame[0] << 12; /* an empty table */
    context.debugreg[1] = 0x6000;
    dom.u.vcpucontext.vcpu = 0;
    dom.u.vcpucontext.ctxt = PTR(&context);
    context.debugreg[7] = 1 << 13; /* general detect */
    if (is_pavo())                 /* elsewhere it is dropped in silence */
        CHECK_EQ(domctl(XEN_DOMCTL_setvcpucontext, domid), -XEN_EINVAL);
    context.debugreg[7] = 0x4; /* the breakpoint of register 1 */
    CHECK_EQ(domctl(XEN_DOMCTL_setvcpucontext, domid), 0);
    dom.u.vcpucontext.vcpu = 0;
    dom.u.vcpucontext.ctxt = PTR(&back);
    CHECK_EQ(domctl(XEN_DOMCTL_getvcpucontext, domid), 0);
    CHECK_EQ(back.user_regs.rip, 0x123456);
    CHECK_EQ(back.user_regs.r12, 0x1212121212121212UL);
    CHECK_EQ(back.kernel_sp, 0x9000);
    CHECK_EQ(back.event_callback_eip, 0x4000);
    CHECK_EQ(back.fs_base, 0x7000);
    CHECK_EQ(back.debugreg[1], 0x6000);
    CHECK_EQ(back.debugreg[7], 0x404);
    CHECK_EQ(back.trap_ctxt[14].address, 0x5000);
    CHECK_EQ(back.ctrlreg[3] >> 12, frame[0]);
    CHECK_EQ(back.flags & VGCF_in_kernel, VGCF_in_kernel);
    CHECK_EQ(destroy(domid), 0);
    wait_gone(domid);
}

TEST(firmware_facts_are_given_or_absent)
{
    if (!is_dom0())
        return;
    memset(&plat, 0, sizeof(plat));
    plat.u.firmware_info.type = XEN_FW_DISK_INFO;
    plat.u.firmware_info.index = 200;
    CHECK(platform(XENPF_firmware_info) < 0);
    plat.u.firmware_info.type = 99;
    CHECK_EQ(platform(XENPF_firmware_info), -XEN_EINVAL);
}

TEST(the_clock_is_set_by_the_old_form)
{
    if (!is_dom0())
        return;
    memset(&plat, 0, sizeof(plat));
    plat.u.settime32.secs = 1600000500;
    plat.u.settime32.system_time = system_time_ns();
    CHECK_EQ(platform(XENPF_settime32), 0);
    CHECK(shared_info->wc_sec <= 1600000500 && shared_info->wc_sec > 1600000500 - 3600);
}

TEST(sleep_states_are_checked)
{
    if (!is_dom0())
        return;
    memset(&plat, 0, sizeof(plat));
    plat.u.enter_acpi_sleep.sleep_state = 9;
    CHECK(platform(XENPF_enter_acpi_sleep) < 0);
    plat.u.enter_acpi_sleep.flags = 0x80;
    CHECK(platform(XENPF_enter_acpi_sleep) < 0);
}

TEST(memory_stops_at_the_domains_maximum)
{
    uint64_t frames[4] = {0, 1, 2, 3};
    struct xen_memory_reservation r = {.extent_start = PTR(frames), .nr_extents = 4};
    domid_t domid;

    if (!is_dom0())
        return;
    CHECK_EQ(create(&domid), 0);
    dom.u.max_mem.max_memkb = 8;
    CHECK_EQ(domctl(XEN_DOMCTL_max_mem, domid), 0);
    r.domid = domid;
    CHECK_EQ(memory_op(XENMEM_populate_physmap, &r), 2);
    CHECK_EQ(memory_op(XENMEM_current_reservation, &domid), 2);
    CHECK_EQ(memory_op(XENMEM_maximum_reservation, &domid), 2);
    CHECK_EQ(destroy(domid), 0);
    wait_gone(domid);
}

TEST(claims_hold_memory_back)
{
    struct xen_memory_reservation r = {.nr_extents = 100};
    uint64_t outstanding;
    domid_t domid;

    if (!is_dom0())
        return;
    CHECK_EQ(create(&domid), 0);
    r.domid = domid;
    dom.u.max_mem.max_memkb = 400;
    CHECK_EQ(domctl(XEN_DOMCTL_max_mem, domid), 0);
    CHECK_EQ(memory_op(XENMEM_claim_pages, &r), 0);
    CHECK_EQ(sysctl(XEN_SYSCTL_physinfo), 0);
    outstanding = sys.u.physinfo.outstanding_pages;
    CHECK_EQ(outstanding, 100);
    CHECK_EQ(memory_op(XENMEM_claim_pages, &r), -XEN_EINVAL); /* one at a time */
    r.nr_extents = 0;
    CHECK_EQ(memory_op(XENMEM_claim_pages, &r), 0);
    CHECK_EQ(sysctl(XEN_SYSCTL_physinfo), 0);
    CHECK_EQ(sys.u.physinfo.outstanding_pages, 0);
    r.nr_extents = 1UL << 40;
    CHECK(memory_op(XENMEM_claim_pages, &r) < 0);
    CHECK_EQ(destroy(domid), 0);
    wait_gone(domid);
}

TEST(ports_and_grants_of_another_domain)
{
    struct evtchn_alloc_unbound unbound = {.remote_dom = DOMID_SELF};
    struct evtchn_bind_interdomain bind;
    struct evtchn_status status = {0};
    struct evtchn_close close;
    struct gnttab_query_size size = {.status = 99};
    uint64_t frames[1] = {0}, value = 0;
    struct xen_mem_acquire_resource resource = {
        .type = XENMEM_resource_grant_table, .nr_frames = 1, .frame_list = PTR(frames)};
    domid_t domid;

    if (!is_dom0())
        return;
    CHECK_EQ(create(&domid), 0);
    dom.u.max_vcpus.max = 1;
    CHECK_EQ(domctl(XEN_DOMCTL_max_vcpus, domid), 0);
    unbound.dom = domid;
    CHECK_EQ(evtchn_op(EVTCHNOP_alloc_unbound, &unbound), 0);
    bind = (struct evtchn_bind_interdomain){.remote_dom = domid, .remote_port = unbound.port};
    CHECK_EQ(evtchn_op(EVTCHNOP_bind_interdomain, &bind), 0);
    status.dom = domid;
    status.port = unbound.port;
    CHECK_EQ(evtchn_op(EVTCHNOP_status, &status), 0);
    CHECK_EQ(status.status, EVTCHNSTAT_interdomain);
    CHECK_EQ(status.u.interdomain.dom, 0);
    size.dom = domid;
    CHECK_EQ(grant_op(GNTTABOP_query_size, &size, 1), 0);
    CHECK_EQ(size.status, GNTST_okay);
    CHECK_EQ(size.max_nr_frames, 4);
    resource.domid = domid;
    CHECK_EQ(memory_op(XENMEM_acquire_resource, &resource), 0);
    CHECK(frames[0]);
    CHECK_EQ(map_foreign(domid, SLOT, frames[0]), 0);
    CHECK_EQ(try_read(scratch_va(SLOT), &value), -1);
    CHECK_EQ(value, 0);
    CHECK_EQ(try_write(scratch_va(SLOT), 0), -1);
    CHECK_EQ(map_foreign(domid, SLOT, 0), 0);
    CHECK_EQ(destroy(domid), 0);
    close.port = bind.local_port;
    wait_gone(domid);
    /* The peer is gone: the port is unbound, and may be closed. */
    status.dom = DOMID_SELF;
    status.port = bind.local_port;
    CHECK_EQ(evtchn_op(EVTCHNOP_status, &status), 0);
    CHECK_EQ(status.status, EVTCHNSTAT_unbound);
    CHECK_EQ(evtchn_op(EVTCHNOP_close, &close), 0);
}

/* ---- counters and traces -------------------------------------------------------------------------- */

static struct pavo_perf counters;
static struct pavo_record records[PAVO_TRACE_RECORDS_MIN];

static long perf(unsigned int on)
{
    ((struct pavo_perf_op *)(void *)sys.u.pad)->on = on;
    return sysctl(XEN_SYSCTL_pavo_perf);
}

static long counters_read(domid_t domid, const void *to)
{
    *(struct pavo_perf_read *)(void *)dom.u.pad =
        (struct pavo_perf_read){.buffer = PTR(to), .size = sizeof(counters)};
    return domctl(XEN_DOMCTL_pavo_perf, domid);
}

static void make_calls(unsigned int n)
{
    while (n--)
        hypercall1(__HYPERVISOR_get_debugreg, 7);
}

TEST(counters_count_exactly)
{
    if (!is_dom0() || !is_pavo())
        return;
    make_calls(3);
    CHECK_EQ(perf(1), 0);
    make_calls(100);
    CHECK_EQ(counters_read(0, &counters), 0);
    CHECK_EQ(counters.version, PAVO_PERF_VERSION);
    CHECK_EQ(counters.hypercalls[__HYPERVISOR_get_debugreg], 100);
    CHECK(counters.hypercall_ns[__HYPERVISOR_get_debugreg] > 0);
    CHECK(counters.now_ns > counters.since_ns);
    CHECK_EQ(perf(0), 0);
    CHECK_EQ(perf(1), 0);
    make_calls(1);
    CHECK_EQ(counters_read(0, &counters), 0);
    CHECK_EQ(counters.hypercalls[__HYPERVISOR_get_debugreg], 1);
    CHECK_EQ(perf(0), 0);
}

TEST(counters_check_their_arguments)
{
    if (!is_dom0() || !is_pavo())
        return;
    CHECK_EQ(perf(2), -XEN_EINVAL);
    CHECK_EQ(counters_read(0, &counters), -XEN_ENODATA);
    CHECK_EQ(counters_read(1, &counters), -XEN_ESRCH);
    CHECK_EQ(perf(1), 0);
    CHECK_EQ(counters_read(0, (void *)0x1000), -XEN_EFAULT);
    CHECK_EQ(counters_read(0, (void *)0xffff830000000000), -XEN_EFAULT);
    CHECK_EQ(perf(0), 0);
}

static long trace(struct pavo_trace_op op)
{
    long rc;

    *(struct pavo_trace_op *)(void *)sys.u.pad = op;
    rc = sysctl(XEN_SYSCTL_pavo_trace);
    return rc ? rc : ((struct pavo_trace_op *)(void *)sys.u.pad)->records;
}

static long trace_start(uint32_t n)
{
    return trace(
        (struct pavo_trace_op){.cmd = PAVO_TRACE_START,
                               .mask = 1u << PAVO_EV_HYPERCALL | 1u << PAVO_EV_HYPERCALL_END,
                               .records = n});
}

static long trace_read(uint32_t cpu, const void *to)
{
    return trace((struct pavo_trace_op){
        .cmd = PAVO_TRACE_READ, .cpu = cpu, .buffer = PTR(to), .records = 1000});
}

TEST(traces_record_each_hypercall)
{
    unsigned int begun = 0, ended = 0;
    long n;

    if (!is_dom0() || !is_pavo())
        return;
    CHECK_EQ(trace_start(PAVO_TRACE_RECORDS_MIN), PAVO_TRACE_RECORDS_MIN);
    make_calls(20);
    CHECK_EQ(trace((struct pavo_trace_op){.cmd = PAVO_TRACE_FREEZE}), 0);
    make_calls(20);
    for (uint32_t cpu = 0; (n = trace_read(cpu, records)) >= 0; cpu++) {
        for (long i = 0; i < n; i++) {
            if (records[i].arg != __HYPERVISOR_get_debugreg)
                continue;
            begun += records[i].event == PAVO_EV_HYPERCALL;
            ended += records[i].event == PAVO_EV_HYPERCALL_END;
            CHECK_EQ(records[i].domid, 0);
            CHECK(!i || records[i].time_ns >= records[i - 1].time_ns);
        }
    }
    CHECK_EQ(n, -XEN_ENOENT);
    CHECK_EQ(begun, 20);
    CHECK_EQ(ended, 20);
    CHECK_EQ(trace((struct pavo_trace_op){.cmd = PAVO_TRACE_STOP}), 0);
}

TEST(traces_check_their_arguments)
{
    if (!is_dom0() || !is_pavo())
        return;
    CHECK_EQ(trace_start(0), -XEN_EINVAL);
    CHECK_EQ(trace_start(1000), -XEN_EINVAL);
    CHECK_EQ(trace_start(PAVO_TRACE_RECORDS_MAX * 2), -XEN_EINVAL);
    CHECK_EQ(trace_read(0, records), -XEN_ENODATA);
    CHECK_EQ(trace((struct pavo_trace_op){.cmd = PAVO_TRACE_STOP}), -XEN_ENODATA);
    CHECK_EQ(trace((struct pavo_trace_op){.cmd = PAVO_TRACE_STOP + 1}), -XEN_EINVAL);
    CHECK_EQ(trace_start(256), 256);
    CHECK_EQ(trace_start(256), -XEN_EBUSY);
    make_calls(1);
    CHECK_EQ(trace_read(0xffffffff, records), -XEN_ENOENT);
    CHECK(trace_read(0, (void *)0x1000) == -XEN_EFAULT ||
          trace_read(1, (void *)0x1000) == -XEN_EFAULT);
    CHECK_EQ(trace((struct pavo_trace_op){.cmd = PAVO_TRACE_STOP}), 0);
}
