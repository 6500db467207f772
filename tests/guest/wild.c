/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A domain that runs wild: made here, with a kernel that does nothing but hypercalls with arguments
 * that nearly make sense. Whatever it does to itself, this domain goes on, and when it is destroyed
 * every frame comes back.
 */
#include "mini.h"
#include "pv-abi/domctl.h"
#include "pv-abi/sysctl.h"

#define SLOT   200
#define MS     1000000UL
#define ROUNDS 40

/*
 * The wild kernel's memory from 1 MiB on: code, data, spare pages, then its own page tables, which
 * it can read. The first data page says what it needs to know.
 */
enum {
    CODE = 0,
    CODE_PAGES = 2,
    DATA = 2,
    ARGS = 3,
    STACK = 4,
    SPARE = 5,
    TABLES = 12,
    FRAMES = 16
};
#define AT(page) (0x100000UL + (page)*PAGE_SIZE)

struct wild {
    uint64_t seed;
    uint64_t calls;     /* made so far */
    uint64_t succeeded; /* of them */
    uint64_t last;      /* number of the last */
    uint64_t only;      /* a hypercall's number, to narrow a fault down; 0: all of them */
    uint64_t mfn[FRAMES];
    uint64_t foreign[4]; /* frames of dom0 */
};

#define WILD        __attribute__((section(".text.wild"), noinline))
#define WILD_INLINE static inline __attribute__((always_inline))

WILD_INLINE uint64_t next(struct wild *w)
{
    w->seed ^= w->seed << 13;
    w->seed ^= w->seed >> 7;
    w->seed ^= w->seed << 17;
    return w->seed;
}

/* A value that may mean something. */
static WILD uint64_t value(struct wild *w)
{
    uint64_t r = next(w), kind = r & 15, low = r >> 8 & 0xfff, pick = r >> 24 & 15;

    if (kind < 4) /* an entry, or the place of one */
        return w->mfn[pick] << 12 | (low & 7 ? 0x67 ^ (low & 0x42) : low);
    if (kind < 6)
        return w->mfn[pick];
    if (kind < 8)
        return w->mfn[TABLES + (pick & 3)] << 12 | (low & 0xff8) | (low & 3);
    if (kind == 8)
        return AT(pick) + (low & 0xff8);
    if (kind == 9)
        return w->foreign[pick & 3] << 12 | 0x67;
    if (kind == 10)
        return w->foreign[pick & 3];
    if (kind == 11)
        return pick & 1 ? 0xffff830000000000UL + (r >> 40) : 0xffff800000000000UL;
    if (kind == 12)
        return pick < 8 ? 0x7ff0 : pick;
    if (kind == 13)
        return 1UL << (r >> 32 & 63);
    if (kind == 14)
        return next(w);
    return low & 31;
}

/* The kernel: AT(CODE), with the address of struct wild in RDI. */
static WILD __attribute__((noreturn)) void wild_main(struct wild *w)
{
    for (;;) {
        uint64_t *args = (uint64_t *)AT(ARGS), r = next(w);
        uint64_t number = r & 63, a = value(w), b = value(w), c = value(w), d = value(w);
        uint64_t list = AT(ARGS);

        for (unsigned int i = 0; i < 24; i++)
            args[i] = value(w);
        switch (r >> 8 & 7) { /* half of all calls: those with the most to break */
        case 0:
            number = __HYPERVISOR_mmu_update;
            break;
        case 1:
            number = __HYPERVISOR_mmuext_op;
            break;
        case 2:
            number = __HYPERVISOR_update_va_mapping;
            break;
        case 3:
            number = __HYPERVISOR_memory_op;
            break;
        default:
            break;
        }
        if (number == __HYPERVISOR_mmu_update || number == __HYPERVISOR_mmuext_op) {
            a = r & 1UL << 20 ? list : a;
            b = r >> 24 & 7;
            c = r & 1UL << 21 ? 0 : c;
            d = r & 1UL << 22 ? d : 0x7ff0;
            if (number == __HYPERVISOR_mmuext_op)
                for (unsigned int i = 0; i < 8; i++)
                    args[i * 3] = next(w) % 22;
        } else if (number == __HYPERVISOR_update_va_mapping) {
            a = AT(SPARE + (r >> 24 & 63)); /* not the ground that it stands on */
            c = r >> 32 & 7;
        } else if (number == __HYPERVISOR_sched_op || number == __HYPERVISOR_sched_op_compat) {
            a = r & 1UL << 20 ? 0 : 6; /* not away: yield, watchdog */
            b = list;
        } else if (number == __HYPERVISOR_iret || number == __HYPERVISOR_stack_switch) {
            continue;
        } else if (number == __HYPERVISOR_vcpu_op) {
            a = r >> 24 & 15;
            b = r >> 32 & 3;
            c = list;
            if (a == VCPUOP_down)
                continue;
        } else if (number == __HYPERVISOR_grant_table_op || number == __HYPERVISOR_multicall) {
            a = number == __HYPERVISOR_multicall ? list : r >> 24 & 15;
            b = number == __HYPERVISOR_multicall ? r >> 32 & 3 : list;
            c = r >> 36 & 7;
            if (number == __HYPERVISOR_multicall)
                for (unsigned int i = 0; i < 4; i++)
                    args[i * 8] = next(w) & 3 ? __HYPERVISOR_update_va_mapping : next(w) & 31;
        } else if (r & 1UL << 20) {
            a = r >> 24 & 31;
            b = list;
        }
        if (w->only && number != w->only)
            continue;
        w->last = number;
        w->calls++;
        if (hypercall5((unsigned int)number, a, b, c, d, value(w)) >= 0)
            w->succeeded++;
    }
}

static struct xen_domctl dom;
static struct xen_sysctl sys;
static struct vcpu_guest_context context;

static long domctl(unsigned int cmd, domid_t domid)
{
    dom.cmd = cmd;
    dom.interface_version = XEN_DOMCTL_INTERFACE_VERSION;
    dom.domain = domid;
    return hypercall1(__HYPERVISOR_domctl, PTR(&dom));
}

static uint64_t free_pages(void)
{
    sys.cmd = XEN_SYSCTL_physinfo;
    sys.interface_version = XEN_SYSCTL_INTERFACE_VERSION;
    hypercall1(__HYPERVISOR_sysctl, PTR(&sys));
    return sys.u.physinfo.free_pages;
}

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

/* A wild domain, still paused; its page of facts stays mapped at SLOT. */
static domid_t make_wild(uint64_t seed)
{
    uint64_t frames[FRAMES];
    struct xen_memory_reservation r = {.extent_start = PTR(frames), .nr_extents = FRAMES};
    struct wild *w = scratch_va(SLOT + DATA);
    uint64_t *table[4];
    domid_t domid;

    memset(&dom, 0, sizeof(dom));
    dom.u.createdomain.max_vcpus = 2;
    dom.u.createdomain.max_evtchn_port = 255;
    dom.u.createdomain.max_grant_frames = 4;
    dom.u.createdomain.max_maptrack_frames = 4;
    dom.u.createdomain.grant_opts = 1;
    CHECK_EQ(domctl(XEN_DOMCTL_createdomain, 0), 0);
    domid = dom.domain;
    dom.u.max_vcpus.max = 2;
    CHECK_EQ(domctl(XEN_DOMCTL_max_vcpus, domid), 0);
    dom.u.max_mem.max_memkb = (FRAMES + 4) * 4;
    CHECK_EQ(domctl(XEN_DOMCTL_max_mem, domid), 0);
    for (uint64_t i = 0; i < FRAMES; i++)
        frames[i] = i;
    r.domid = domid;
    CHECK_EQ(memory_op(XENMEM_populate_physmap, &r), FRAMES);
    for (unsigned int i = 0; i < FRAMES; i++)
        CHECK_EQ(map_foreign(domid, SLOT + i, frames[i]), 0);
    for (unsigned int i = 0; i < CODE_PAGES; i++)
        memcpy(scratch_va(SLOT + CODE + i),
               (const char *)(PTR(wild_main) & ~4095UL) + i * PAGE_SIZE, PAGE_SIZE);
    w->seed = seed * 0x9e3779b97f4a7c15UL | 1;
    w->only = cmdline_number("only"); /* for runs by hand: "test=wild seed=7 only=26" */
    for (unsigned int i = 0; i < FRAMES; i++)
        w->mfn[i] = frames[i];
    w->foreign[0] = va_to_mfn(start_info);
    w->foreign[1] = va_to_mfn((void *)start_info->pt_base);
    w->foreign[2] = va_to_mfn(scratch_l1());
    w->foreign[3] = start_info->shared_info >> 12;
    for (unsigned int i = 0; i < 4; i++)
        table[i] = scratch_va(SLOT + TABLES + i);
    for (unsigned int i = 0; i < FRAMES; i++) /* code and tables read-only */
        table[0][256 + i] =
            frames[i] << 12 | (i < CODE_PAGES || i >= TABLES ? PTE_P | PTE_U : PTE_TABLE);
    table[1][0] = frames[TABLES] << 12 | PTE_TABLE;
    table[2][0] = frames[TABLES + 1] << 12 | PTE_TABLE;
    table[3][0] = frames[TABLES + 2] << 12 | PTE_TABLE;
    memset(&context, 0, sizeof(context));
    context.flags = VGCF_in_kernel | VGCF_online;
    context.user_regs.rip = AT(CODE) + (PTR(wild_main) & 4095);
    context.user_regs.rdi = AT(DATA);
    context.user_regs.cs = FLAT_KERNEL_CS;
    context.user_regs.ss = context.kernel_ss = FLAT_KERNEL_SS;
    context.user_regs.rsp = context.kernel_sp = AT(STACK + 1) - 8;
    context.user_regs.rflags = 0x1200;
    context.ctrlreg[3] = frames[TABLES + 3] << 12;
    for (unsigned int i = 0; i < FRAMES; i++)
        if (i != DATA)
            CHECK_EQ(map_foreign(domid, SLOT + i, 0), 0);
    dom.u.vcpucontext.vcpu = 0;
    dom.u.vcpucontext.ctxt = PTR(&context);
    CHECK_EQ(domctl(XEN_DOMCTL_setvcpucontext, domid), 0);
    return domid;
}

static void end_wild(domid_t domid)
{
    uint64_t end = system_time_ns() + 5000 * MS;
    long rc;

    do
        rc = domctl(XEN_DOMCTL_destroydomain, domid);
    while ((rc == -XEN_EAGAIN || rc == -XEN_ERESTART) && system_time_ns() < end);
    CHECK_EQ(rc, 0);
    CHECK_EQ(map_foreign(domid, SLOT + DATA, 0), 0);
    do {
        rc = domctl(XEN_DOMCTL_getdomaininfo, domid);
        sched_op(SCHEDOP_yield, NULL);
    } while (rc == 0 && dom.u.getdomaininfo.domain == domid && system_time_ns() < end);
    CHECK(rc == -XEN_ESRCH || dom.u.getdomaininfo.domain != domid);
}

TEST(a_wild_domain_harms_nobody)
{
    static uint8_t mine[4096], before[4096];
    const struct wild *w = scratch_va(SLOT + DATA);
    uint64_t frames = 0, calls = 0, good = 0;

    uint64_t seed = cmdline_number("seed");

    if (!is_dom0())
        return;
    memcpy(before, start_info, sizeof(struct start_info));
    for (unsigned int round = 0; round < ROUNDS; round++) {
        domid_t domid = make_wild(seed * ROUNDS + round + 1);
        uint64_t end;

        CHECK_EQ(domctl(XEN_DOMCTL_unpausedomain, domid), 0);
        end = system_time_ns() + 150 * MS;
        while (system_time_ns() < end) {
            CHECK_EQ(domctl(XEN_DOMCTL_getdomaininfo, domid), 0);
            if (dom.u.getdomaininfo.flags & XEN_DOMINF_shutdown)
                break;
            sched_op(SCHEDOP_yield, NULL);
        }
        calls += w->calls;
        good += w->succeeded;
        end_wild(domid);
        /* What the hypervisor keeps for domains to come it has after the first round. */
        if (round == 1)
            frames = free_pages();
    }
    kprintf("wild: %lu hypercalls, %lu of them served\n", calls, good);
    CHECK(calls > 1000);
    CHECK(good > 100);
    if (is_pavo()) {
        for (uint64_t end = system_time_ns() + 2000 * MS;
             free_pages() != frames && system_time_ns() < end;)
            sched_op(SCHEDOP_yield, NULL);
        CHECK_EQ(free_pages(), frames);
    }
    memcpy(mine, start_info, sizeof(struct start_info));
    CHECK(!memcmp(mine, before, sizeof(struct start_info)));
}

TEST(two_wild_domains_run_side_by_side)
{
    domid_t first, second;
    uint64_t end;

    if (!is_dom0())
        return;
    first = make_wild(1001);
    CHECK_EQ(map_foreign(first, SLOT + DATA, 0), 0);
    second = make_wild(1002);
    CHECK_EQ(domctl(XEN_DOMCTL_unpausedomain, first), 0);
    CHECK_EQ(domctl(XEN_DOMCTL_unpausedomain, second), 0);
    for (end = system_time_ns() + 200 * MS; system_time_ns() < end;)
        sched_op(SCHEDOP_yield, NULL);
    end_wild(first);
    end_wild(second);
}
