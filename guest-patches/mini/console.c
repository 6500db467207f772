/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Output. A guest has a ring, named by start_info, which a program in dom0 empties; dom0 itself
 * writes to the hypervisor's console.
 */
#include "mini.h"
#include "pv-abi/io/console.h"

static volatile struct xencons_interface *ring;
static uint32_t ring_port;

void console_init(void)
{
    if (is_dom0() || !start_info->console.domU.mfn)
        return;
    ring = mfn_to_va(start_info->console.domU.mfn);
    ring_port = start_info->console.domU.evtchn;
}

static void ring_notify(void)
{
    struct evtchn_send send = {.port = ring_port};

    evtchn_op(EVTCHNOP_send, &send);
}

static void ring_put(char c)
{
    while (ring->out_prod - ring->out_cons >= sizeof(ring->out)) {
        ring_notify();
        sched_op(SCHEDOP_yield, NULL);
    }
    ring->out[ring->out_prod % sizeof(ring->out)] = c;
    __atomic_store_n(&ring->out_prod, ring->out_prod + 1, __ATOMIC_RELEASE);
}

void console_write(const char *text, unsigned long bytes)
{
    if (!ring) {
        hypercall3(__HYPERVISOR_console_io, CONSOLEIO_write, bytes, PTR(text));
        return;
    }
    for (; bytes; bytes--, text++) {
        if (*text == '\n')
            ring_put('\r');
        ring_put(*text);
    }
    ring_notify();
}

/* Wait, at most a second, until everything was read: a dead guest's ring may be lost. */
void console_flush(void)
{
    uint64_t end = system_time_ns() + 1000000000UL;

    while (ring && ring->out_cons != ring->out_prod && system_time_ns() < end)
        sched_op(SCHEDOP_yield, NULL);
}
