/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The words bench=REPS ROW=COUNT...: what the hypervisor's own operations cost a kernel. Each named row is
 * measured REPS times, COUNT operations at a time after one turn that does not count. Output and marks
 * are those of tests/bench/guest/micro.c. Grants are to the domain itself: every step of map, unmap and
 * copy is taken, and no second domain takes CPU time meanwhile.
 */
#include "mini.h"

#define UPDATES   1000U /* of page-table entries, in one operation: half of them set, half clear */
#define BATCH     32U   /* calls in a multicall, as Linux makes them */
#define TABLE     510   /* slots of the scratch region behind those that updates change */
#define MAPPED    511
#define REF       20
#define TIMEOUT   10000000000UL
#define CPUS_MOST 8

/* No-operations that a tracer outside the machine knows by their bytes: a counted turn lies between 1 and 2. */
#define MARK(n) __asm__ volatile(".byte 0x0f, 0x1f, 0x80, 'P', 'A', 'V', " #n ::: "memory")

static uint64_t begun, took;

static void begin(void)
{
    begun = system_time_ns();
    MARK(1);
}
static void end(void)
{
    MARK(2);
    took = system_time_ns() - begun;
}

/* Rows return NULL, or what went wrong. */
static const char *null_hypercall(uint64_t n)
{
    begin();
    for (; n; n--)
        hypercall2(__HYPERVISOR_xen_version, XENVER_version, 0);
    end();
    return NULL;
}

/* From user mode to this kernel, which returns by the iret hypercall. */
static const char *user_syscall(uint64_t n)
{
    static const uint8_t code[] = {0x0f, 0x05, 0xeb, 0xfc}; /* 1: syscall; jmp 1b */

    if (user_init())
        return "no user mode";
    user_calls = n;
    begin();
    user_run(code, sizeof(code), 0);
    end();
    return seen.number == ENTRY_SYSCALL && !user_calls ? NULL : "user mode ended otherwise";
}

/* ---- events */

static long send(uint32_t port)
{
    struct evtchn_send op = {.port = port};

    return evtchn_op(EVTCHNOP_send, &op);
}

static void close_port(uint32_t port)
{
    struct evtchn_close op = {.port = port};

    event_mask_bit(port);
    evtchn_op(EVTCHNOP_close, &op);
    event_clear_bit(port);
}

/* To a port of one's own: sent, upcall, done. */
static const char *event_self(uint64_t n)
{
    struct evtchn_alloc_unbound here = {.dom = DOMID_SELF, .remote_dom = DOMID_SELF};
    struct evtchn_bind_interdomain there = {.remote_dom = DOMID_SELF};
    uint64_t left = n;

    if (evtchn_op(EVTCHNOP_alloc_unbound, &here))
        return "no port";
    there.remote_port = here.port;
    if (evtchn_op(EVTCHNOP_bind_interdomain, &there))
        return "no binding";
    event_clear_bit(there.local_port); /* a new binding is pending */
    event_unmask_bit(there.local_port);
    events_enable();
    event_counts[there.local_port] = 0;
    begin();
    for (; left; left--)
        send(here.port);
    end();
    events_disable();
    close_port(there.local_port);
    close_port(here.port);
    return event_counts[there.local_port] == n ? NULL : "not every event came";
}

static struct {
    uint32_t request, answer; /* ports */
    uint64_t turns;
    const char *why;
} pair;

/* Sleeps until @port fires. */
static const char *await(uint32_t port)
{
    struct sched_poll poll = {
        .ports = PTR(&port), .nr_ports = 1, .timeout = system_time_ns() + TIMEOUT};

    while (!event_pending_bit(port)) {
        if (sched_op(SCHEDOP_poll, &poll))
            return "no poll";
        if (system_time_ns() > poll.timeout)
            return "no answer";
    }
    event_clear_bit(port);
    return NULL;
}

static void answer_all(void *unused)
{
    for (uint64_t i = 0; i < pair.turns && !pair.why; i++) {
        pair.why = await(pair.request);
        send(pair.answer);
    }
}

/* To another vCPU, which sleeps until it comes, and its answer to this one, which sleeps meanwhile. */
static const char *ipi_ack(uint64_t n)
{
    struct evtchn_bind_ipi request = {.vcpu = 1}, answer = {.vcpu = 0};
    const char *why = NULL;

    if (evtchn_op(EVTCHNOP_bind_ipi, &request) || evtchn_op(EVTCHNOP_bind_ipi, &answer))
        return "no port for a second vCPU";
    event_mask_bit(request.port);
    event_mask_bit(answer.port);
    pair.request = request.port;
    pair.answer = answer.port;
    pair.turns = n + 1;
    pair.why = NULL;
    if (cpu_run(1, answer_all, NULL))
        return "no second vCPU";
    for (uint64_t i = 0; i <= n && !why; i++) {
        if (i == 1) /* the other one runs */
            begin();
        send(request.port);
        why = await(answer.port);
    }
    end();
    if (!why)
        why = cpu_wait(1, TIMEOUT) ? "the second vCPU stays" : pair.why;
    close_port(request.port);
    close_port(answer.port);
    return why;
}

/* ---- grants */

static struct grant_entry_v1 *table;
static domid_t self;
static void *granted, *target;

static const char *grants_init(void)
{
    uint64_t frames[1] = {0};
    struct gnttab_setup_table setup = {
        .dom = DOMID_SELF, .nr_frames = 1, .frame_list = PTR(frames), .status = 1};
    struct evtchn_alloc_unbound unbound = {.dom = DOMID_SELF, .remote_dom = DOMID_SELF};
    struct evtchn_status status = {.dom = DOMID_SELF};

    if (table)
        return NULL;
    /* A port for oneself tells one's own number. */
    if (evtchn_op(EVTCHNOP_alloc_unbound, &unbound))
        return "no port";
    status.port = unbound.port;
    evtchn_op(EVTCHNOP_status, &status);
    close_port(unbound.port);
    self = status.u.unbound.dom;
    scratch_l1();
    if (grant_op(GNTTABOP_setup_table, &setup, 1) || setup.status != GNTST_okay ||
        update_va_mapping(scratch_va(TABLE), frames[0] << 12 | PTE_KERNEL, UVMF_INVLPG))
        return "no grant table";
    table = scratch_va(TABLE);
    granted = page_alloc();
    target = page_alloc();
    table[REF].domid = self;
    table[REF].frame = (uint32_t)va_to_mfn(granted);
    barrier();
    *(volatile uint16_t *)&table[REF].flags = GTF_permit_access;
    return NULL;
}

static const char *grant_map(uint64_t n)
{
    struct gnttab_map_grant_ref map = {
        .host_addr = PTR(scratch_va(MAPPED)), .flags = GNTMAP_host_map, .ref = REF};
    struct gnttab_unmap_grant_ref unmap = {.host_addr = PTR(scratch_va(MAPPED))};
    const char *why = grants_init();
    long bad = 0;

    if (why)
        return why;
    map.dom = self;
    begin();
    for (; n; n--) {
        bad |= grant_op(GNTTABOP_map_grant_ref, &map, 1) | map.status;
        unmap.handle = map.handle;
        bad |= grant_op(GNTTABOP_unmap_grant_ref, &unmap, 1) | unmap.status;
    }
    end();
    return bad ? "a grant was not mapped" : NULL;
}

static const char *grant_copy(uint64_t n)
{
    struct gnttab_copy copy = {.len = PAGE_SIZE, .flags = GNTCOPY_source_gref};
    const char *why = grants_init();
    long bad = 0;

    if (why)
        return why;
    memset(granted, 0x5a, PAGE_SIZE);
    memset(target, 0, PAGE_SIZE);
    copy.source.domid = self;
    copy.source.u.ref = REF;
    copy.dest.domid = DOMID_SELF;
    copy.dest.u.gmfn = va_to_mfn(target);
    begin();
    for (; n; n--)
        bad |= grant_op(GNTTABOP_copy, &copy, 1) | copy.status;
    end();
    return bad || memcmp(granted, target, PAGE_SIZE) ? "a grant was not copied" : NULL;
}

/* ---- page tables: a page appears at half as many addresses as there are updates, and goes again */

static struct mmu_update updates[UPDATES];
static struct multicall_entry calls[UPDATES];

static void updates_init(void)
{
    static void *page;
    uint64_t *l1 = scratch_l1();

    if (!page)
        page = page_alloc();
    for (unsigned int i = 0; i < UPDATES; i++) {
        unsigned int slot = i % (UPDATES / 2);

        updates[i].ptr = va_to_maddr(&l1[slot]) | MMU_NORMAL_PT_UPDATE;
        updates[i].val = i < UPDATES / 2 ? va_to_maddr(page) | PTE_KERNEL : 0;
        calls[i] = (struct multicall_entry){
            .op = __HYPERVISOR_update_va_mapping,
            .args = {PTR(scratch_va(slot)), updates[i].val, 0},
        };
    }
}

/* The entries as the last update left them, after those before it. */
static const char *updates_done(long bad)
{
    const uint64_t *l1 = scratch_l1();

    if (bad)
        return "an update was refused";
    for (unsigned int i = 0; i < UPDATES / 2; i++)
        if (l1[i])
            return "an update was not made";
    return NULL;
}

static const char *pt_list(uint64_t n)
{
    long bad = 0;

    updates_init();
    begin();
    for (; n; n--)
        bad |= mmu_update(updates, UPDATES, NULL, DOMID_SELF);
    end();
    return updates_done(bad);
}

static const char *pt_single(uint64_t n)
{
    long bad = 0;

    updates_init();
    begin();
    for (; n; n--)
        for (unsigned int i = 0; i < UPDATES; i++)
            bad |= mmu_update(&updates[i], 1, NULL, DOMID_SELF);
    end();
    return updates_done(bad);
}

static const char *pt_multi(uint64_t n)
{
    long bad = 0;

    updates_init();
    begin();
    for (; n; n--)
        for (unsigned int i = 0; i < UPDATES; i += BATCH)
            bad |= hypercall2(__HYPERVISOR_multicall, PTR(&calls[i]),
                              UPDATES - i < BATCH ? UPDATES - i : BATCH);
    end();
    for (unsigned int i = 0; i < UPDATES; i++)
        bad |= calls[i].result;
    return updates_done(bad);
}

/* By stores, as if the table were writable: each is a fault that the hypervisor carries out. */
static const char *pt_store(uint64_t n)
{
    volatile uint64_t *l1 = scratch_l1();

    if (hypercall2(__HYPERVISOR_vm_assist, VMASST_CMD_enable, VMASST_TYPE_writable_pagetables))
        return "no stores to page tables";
    updates_init();
    begin();
    for (; n; n--)
        for (unsigned int i = 0; i < UPDATES; i++)
            l1[i % (UPDATES / 2)] = updates[i].val;
    end();
    return updates_done(0);
}

static const struct row {
    const char *name;
    const char *(*run)(uint64_t n);
    const char *unit; /* ns or us */
} rows[] = {
    {"null_hypercall", null_hypercall, "ns"},
    {"user_syscall", user_syscall, "ns"},
    {"event_self", event_self, "ns"},
    {"ipi_ack", ipi_ack, "ns"},
    {"grant_map", grant_map, "ns"},
    {"grant_copy", grant_copy, "ns"},
    {"pt_list", pt_list, "us"},
    {"pt_multi", pt_multi, "us"},
    {"pt_single", pt_single, "us"},
    {"pt_store", pt_store, "us"},
};

static int measure(const struct row *r, uint64_t n, uint64_t reps)
{
    for (uint64_t i = 0; i <= reps; i++) {
        const char *why = r->run(n);
        uint64_t value;

        if (why) {
            kprintf("FAIL %s: %s\n", r->name, why);
            return 1;
        }
        if (!i)
            continue; /* a turn to warm up */
        value = r->unit[0] == 'n' ? took * 1000 / n : took / n;
        kprintf("ROW %s %lu.%03lu %s %lu\n", r->name, value / 1000, value % 1000, r->unit, n);
    }
    return 0;
}

/* What is below: no other hypervisor's figures are taken for this one's. */
static void facts(void)
{
    uint32_t a = 0x40000000, name[4] = {0}, cpus = 0;
    uint64_t version = (uint64_t)xen_version(XENVER_version, NULL);
    char extra[XEN_EXTRAVERSION_LEN] = "";

    __asm__ volatile("ud2a\n\t.ascii \"xen\"\n\tcpuid"
                     : "+a"(a), "=b"(name[0]), "=c"(name[1]), "=d"(name[2]));
    kprintf("ASSERT pv-cpuid %s\n", (const char *)name);
    kprintf("ASSERT hypervisor %s\n",
            strncmp((const char *)start_info->magic, "xen-", 4) ? "none" : "xen");
    xen_version(XENVER_extraversion, extra);
    kprintf("ASSERT version %lu.%lu%s\n", version >> 16, version & 0xffff, extra);
    /* It was entered with start_info, and its privileged instructions would fault: */
    __asm__ volatile("mov %%cs, %0" : "=r"(a));
    kprintf("ASSERT guest-type %s\n", (a & 3) == 3 ? "PV" : "none");
    kprintf("ASSERT clock xen\n"); /* system_time_ns() */
    while (cpus < CPUS_MOST && vcpu_op(VCPUOP_is_up, cpus, NULL) >= 0)
        cpus++;
    kprintf("ASSERT cpus %u\n", cpus);
}

void bench(uint64_t reps)
{
    int bad = 0;

    facts();
    for (const struct row *r = rows; r < rows + sizeof(rows) / sizeof(rows[0]); r++) {
        uint64_t n = cmdline_number(r->name);

        if (n)
            bad |= measure(r, n, reps);
    }
    kprintf("END %s\n", bad ? "failed" : "ok");
}
