/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Hypercalls of two hostile guests and a clumsy dom0, with the real core over the fake architecture:
 * whatever they ask for, in whatever order, when all domains are dead every frame is back in the heap.
 *
 * The input is a program: each call takes a caller, a hypercall, its arguments and the words that lie
 * where its argument points to. Words are made by kind (small, pointer, frame of the caller, edge),
 * so that arguments get past the first check.
 */
#include "tests/fake-arch/fake.h"

#include <stdio.h>
#include <stdlib.h>

#include <hv/alloc.h>
#include <hv/cmdline.h>
#include <hv/console.h>
#include <hv/perf.h>
#include <pv-abi/domctl.h>
#include <pv-abi/grant_table.h>
#include <pv-abi/memory.h>
#include <pv-abi/pavo.h>
#include <pv-abi/sysctl.h>

#define ARG_VA     FAKE_GUEST_VA
#define HEAP_END   1500u
#define MAX_CALLS  60u
#define MAX_SLICES 2000u

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

char cmdline_text[1024];
struct cmdline_options options;
static const uint8_t *in, *in_end;
static jmp_buf machine_jmp;
static struct domain *caller;

#define CHECK(c)                                                    \
    do {                                                            \
        if (!(c)) {                                                 \
            fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, #c); \
            abort();                                                \
        }                                                           \
    } while (0)

/* --- What the fake architecture needs beside itself -------------------------------------------- */

/* Grant mappings, with the domain whose tables hold them: they go with it. */
static struct mapping {
    struct domain *d;
    uint64_t addr;
    mfn_t mfn;
    bool readonly;
} mappings[64];

int arch_grant_map(struct domain *d, uint64_t addr, mfn_t mfn, unsigned int flags, bool readonly)
{
    for (unsigned int i = 0; i < ARRAY_SIZE(mappings); i++) {
        if (mappings[i].d)
            continue;
        mappings[i] = (struct mapping){d, addr, mfn, readonly};
        return GNTST_okay;
    }
    return GNTST_general_error;
}

static void mapping_drop(struct mapping *m)
{
    struct frame *f = mfn_to_frame(m->mfn);

    if (m->readonly)
        frame_put(f);
    else
        frame_put_and_type(f);
    m->d = NULL;
}

int arch_grant_unmap(struct domain *d, uint64_t addr, mfn_t mfn, unsigned int flags, bool readonly)
{
    for (unsigned int i = 0; i < ARRAY_SIZE(mappings); i++) {
        struct mapping *m = &mappings[i];

        if (m->d == d && m->addr == addr && mfn_eq(m->mfn, mfn) && m->readonly == readonly) {
            mapping_drop(m);
            return GNTST_okay;
        }
    }
    return GNTST_bad_virt_addr;
}

int arch_domain_relinquish(struct domain *d)
{
    for (unsigned int i = 0; i < ARRAY_SIZE(mappings); i++) {
        if (mappings[i].d == d)
            mapping_drop(&mappings[i]);
    }
    for (uint64_t n = 1; n < HEAP_END; n++)
        frame_relinquish(mfn_to_frame(_mfn(n)), d);
    return frame_drain(d, false);
}

void machine_poweroff(void)
{
    longjmp(machine_jmp, 1);
}
void machine_restart(void)
{
    longjmp(machine_jmp, 1);
}
uint32_t arch_cpu_khz(void)
{
    return 1000;
}
void arch_hypercall_page(void *page)
{
    memset(page, 0, PAGE_SIZE);
}
void console_ring_clear(void)
{
}
size_t console_ring_read(uint64_t *index, char *buf, size_t n)
{
    n = *index < 100 ? min(n, 100 - *index) : 0;
    memset(buf, '.', n);
    *index += n;
    return n;
}
long hc_console_io(struct domain *d, uint64_t cmd, uint64_t count, guest_va_t buf)
{
    return -ENOSYS;
}
long hc_sched_op(struct domain *d, uint64_t cmd, guest_va_t arg)
{
    return -ENOSYS;
}
long hc_set_timer_op(struct domain *d, uint64_t timeout_ns)
{
    return -ENOSYS;
}

/* --- Reading the program -------------------------------------------------------------------------- */

static uint8_t byte(void)
{
    return in < in_end ? *in++ : 0;
}

static uint64_t raw(unsigned int n)
{
    uint64_t v = 0;

    while (n--)
        v = v << 8 | byte();
    return v;
}

/* A frame of the caller (or near one): the @n-th that it has. */
static uint64_t some_frame(unsigned int n)
{
    uint64_t last = 1;

    for (uint64_t m = 1; m < HEAP_END; m++) {
        if (frame_owner(mfn_to_frame(_mfn(m))) != caller->domid)
            continue;
        last = m;
        if (!n--)
            break;
    }
    return last;
}

static uint64_t word(void)
{
    switch (byte() % 8) {
    case 0:
        return byte() % 8;
    case 1:
        return byte();
    case 2: /* two small halves */
        return (uint64_t)(byte() % 16) << 32 | byte() % 16;
    case 3: /* a guest address */
        return FAKE_GUEST_VA + (raw(2) & 0xfff8);
    case 4:
        return some_frame(byte());
    case 5: /* edges */
        return (1ull << byte() % 64) - byte() % 2;
    case 6: /* a domain, and another behind it */
        return (byte() % 2 ? DOMID_SELF : byte() % 3) | (uint64_t)(byte() % 3) << 16;
    default:
        return raw(8);
    }
}

/* --- Calls ------------------------------------------------------------------------------------------ */

static const uint8_t numbers[] = {
    __HYPERVISOR_memory_op,        __HYPERVISOR_memory_op,      __HYPERVISOR_memory_op,
    __HYPERVISOR_event_channel_op, __HYPERVISOR_vcpu_op,        __HYPERVISOR_grant_table_op,
    __HYPERVISOR_xen_version,      __HYPERVISOR_grant_table_op, __HYPERVISOR_multicall,
    __HYPERVISOR_vm_assist,        __HYPERVISOR_domctl,         __HYPERVISOR_sysctl,
};

static void fill_reservation(struct xen_memory_reservation *r)
{
    r->extent_start = FAKE_GUEST_VA + 0x1000 + (byte() & 0x18);
    r->nr_extents = byte() % 24;
    r->extent_order = byte() % 4 ? byte() % 3 : byte() % 12;
    r->mem_flags = byte() % 4 ? 0 : byte();
    r->domid = byte() % 4 ? DOMID_SELF : byte() % 4;
}

/* The caller lets somebody use one of its frames: it writes its grant table. */
static void grant_something(void)
{
    struct grant_entry_v1 *e;

    if (!caller->grant.nr_frames)
        return;
    e = &caller->grant.shared[0][byte() % 16];
    e->frame = (uint32_t)some_frame(byte() % 8);
    e->domid = byte() % 3;
    e->flags =
        (uint16_t)(byte() % 4 ? GTF_permit_access | (byte() % 2 ? GTF_readonly : 0) : raw(2));
}

/* Shapes that random words would hardly hit. */
static void header(unsigned int nr, uint64_t *cmd, uint64_t *arg)
{
    uint32_t *w = (uint32_t *)arg;

    if (nr == __HYPERVISOR_memory_op && byte() % 4) {
        uint64_t *list = fake_guest(FAKE_GUEST_VA + 0x1000);
        struct xen_memory_exchange *x = (void *)arg;

        fill_reservation(&x->in);
        if (*cmd == XENMEM_exchange) {
            x->out = x->in;
            if (byte() % 2) { /* as many frames in larger or smaller pieces */
                x->in.nr_extents = 1u << byte() % 4;
                x->in.extent_order = byte() % 4;
                x->out.nr_extents = x->in.nr_extents << x->in.extent_order;
                x->out.extent_order = 0;
            }
            if (byte() % 2) {
                struct xen_memory_reservation r = x->in;

                x->in = x->out;
                x->out = r;
            }
            x->in.extent_start = FAKE_GUEST_VA + 0x1000;
            x->out.extent_start = FAKE_GUEST_VA + 0x2000;
            x->nr_exchanged = byte() % 4 ? 0 : byte();
        }
        for (unsigned int n = byte() % 16; n; n--)
            list[n - 1] = some_frame(byte());
    } else if (nr == __HYPERVISOR_grant_table_op && byte() % 2) {
        grant_something();
        arg[0] = byte() % 2 ? FAKE_GUEST_VA + (byte() & 0xf8) : arg[0];
        w[2] = byte() % 4 ? GNTMAP_host_map | (byte() % 2 ? GNTMAP_readonly : 0) : byte();
        w[3] = byte() % 16;
        arg[2] = byte() % 3;
    }

    if (nr == __HYPERVISOR_domctl) {
        static const uint8_t some[] = {1, 2, 3, 4, 5, 9, 11, 12, 13, 14, 15, 16, 22, 25, 27};

        w[0] = some[byte() % sizeof(some)];
        if (byte() % 16 == 15)
            w[0] = XEN_DOMCTL_pavo_perf;
        w[1] = XEN_DOMCTL_INTERFACE_VERSION;
        arg[1] = byte() % 8;
        if (w[0] == XEN_DOMCTL_createdomain && byte() % 4) {
            memset(&arg[2], 0, sizeof(struct xen_domctl_createdomain));
            ((struct xen_domctl *)(void *)arg)->u.createdomain.max_vcpus = byte() % 4;
            ((struct xen_domctl *)(void *)arg)->u.createdomain.max_grant_frames = 4;
            ((struct xen_domctl *)(void *)arg)->u.createdomain.max_maptrack_frames = 2;
        }
    } else if (nr == __HYPERVISOR_sysctl) {
        w[0] = byte() % 8 >= 4 ? XEN_SYSCTL_pavo_host_info + byte() % 3 : byte() % 8;
        w[1] = XEN_SYSCTL_INTERFACE_VERSION;
    }
}

static void one_call(void)
{
    unsigned int nr, slices = 0, n;
    uint64_t *arg = fake_guest(ARG_VA);
    struct vcpu *v;
    long rc;

    caller = domain_get(byte() % 3);
    if (!caller)
        return;
    domain_put(caller);
    v = caller->vcpu[0];
    if (caller->is_shut_down || caller->dying || !v)
        return;
    fake_set_current(v);
    nr = numbers[byte() % sizeof(numbers)];
    for (n = byte() % 20; n; n--)
        arg[n - 1] = word();
    v->hc_args[0] = byte() % 8 ? byte() % 32 : raw(8);
    header(nr, &v->hc_args[0], arg);
    for (n = 1; n < 6; n++)
        v->hc_args[n] = word();
    if (byte() % 8) { /* mostly the argument lies where it was put */
        if (nr == __HYPERVISOR_vcpu_op) {
            v->hc_args[1] = byte() % 3;
            v->hc_args[2] = ARG_VA;
        } else if (nr == __HYPERVISOR_domctl || nr == __HYPERVISOR_sysctl ||
                   nr == __HYPERVISOR_multicall) {
            v->hc_args[0] = ARG_VA;
            v->hc_args[1] = byte() % 4;
        } else {
            v->hc_args[1] = ARG_VA;
        }
        if (nr == __HYPERVISOR_grant_table_op)
            v->hc_args[2] = byte() % 4;
    }
    do {
        fake_preempt_after = byte() % 8;
        rc = hypercall_dispatch(nr);
    } while (rc == HC_CONTINUE && slices++ < MAX_SLICES);
    fake_preempt_after = 0;
    CHECK(slices < MAX_SLICES);
    frame_drain(caller, false);
}

static struct domain *make(unsigned int id)
{
    static const uint8_t handle[16];
    struct domain *d;
    mfn_t mfn;

    CHECK(!domain_create(id, handle, 2, 4, 2, 0, &d));
    for (unsigned int i = 0; i < 2; i++)
        CHECK(!vcpu_create(d, i, 0));
    d->max_pages = 700;
    CHECK(!domain_alloc_frames(d, 5, 0, &mfn));
    return d;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static uint64_t free_pages;
    struct domain *d;

    if (!free_pages) {
        fake_reset();
        heap_add(_mfn(1), _mfn(HEAP_END));
        free_pages = heap_free_pages();
    }
    memset(fake_guest(FAKE_GUEST_VA), 0, 0x10000);
    in = data;
    in_end = data + size;
    dom0 = make(0);
    make(1);
    make(2);
    if (!setjmp(machine_jmp)) {
        for (unsigned int n = 0; n < MAX_CALLS && in < in_end; n++)
            one_call();
    }
    fake_preempt_after = 0;
    fake_set_current(dom0->vcpu[0]);
    CHECK(!perf_control(&(struct pavo_perf_op){.on = 0}));
    perf_trace(&(struct pavo_trace_op){.cmd = PAVO_TRACE_STOP});
    /* dom0 last, as it lies in the way of nothing, and as if it were any domain. */
    for (unsigned int id = 1; (d = domain_get_next(id));) {
        id = d->domid + 1u;
        CHECK(!domain_kill(d));
        domain_put(d);
    }
    d = dom0;
    dom0 = NULL;
    CHECK(!domain_kill(d));
    d = domain_get_next(0);
    if (d)
        fprintf(stderr, "d%u stays: %u references, %lu pages, %lu shared by us, dying %d\n",
                d->domid, d->refs - 1, d->tot_pages, d->hv_pages, d->dying);
    CHECK(!d);
    CHECK(heap_free_pages() == free_pages);
    CHECK(!heap_claimed_pages());
    CHECK(!grant_mappings_total());
    return 0;
}
