/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A guest whose rings lie, for tests/host/test_hostile.sh: the word storm=KIND of the command line. It goes on
 * until somebody destroys it, because what it must not hurt is dom0 and its neighbours.
 */
#include "mini.h"
#include "pv-abi/io/console.h"
#include "pv-abi/io/xs_wire.h"

static uint64_t seed = 88172645463325252u;

static uint64_t any(void)
{
    seed ^= seed << 13;
    seed ^= seed >> 7;
    seed ^= seed << 17;
    return seed;
}

static void notify(uint32_t port)
{
    struct evtchn_send send = {.port = port};

    evtchn_op(EVTCHNOP_send, &send);
}

static void fill(volatile void *to, size_t bytes)
{
    for (size_t i = 0; i < bytes; i++)
        ((volatile uint8_t *)to)[i] = (uint8_t)any();
}

static void put(volatile struct xenstore_domain_interface *ring, const void *from, size_t bytes)
{
    uint32_t prod = ring->req_prod;

    for (size_t i = 0; i < bytes; i++)
        ring->req[(prod + i) % XENSTORE_RING_SIZE] = ((const char *)from)[i];
    __atomic_store_n(&ring->req_prod, prod + (uint32_t)bytes, __ATOMIC_RELEASE);
}

void storm(const char *kind)
{
    volatile struct xenstore_domain_interface *store = mfn_to_va(start_info->store_mfn);
    volatile struct xencons_interface *console = mfn_to_va(start_info->console.domU.mfn);
    uint32_t store_port = start_info->store_evtchn, console_port = start_info->console.domU.evtchn;
    struct xsd_sockmsg message = {.type = XS_DIRECTORY};

    for (;;) {
        if (!strcmp(kind, "store-index")) { /* more than the ring holds */
            store->req_prod = store->req_cons + XENSTORE_RING_SIZE + 1 + (uint32_t)any() % 100000;
            store->rsp_cons = (uint32_t)any();
        } else if (!strcmp(kind, "store-length")) { /* a payload beyond the protocol's */
            message.len = XENSTORE_PAYLOAD_MAX + 1 + (uint32_t)any();
            put(store, &message, sizeof(message));
        } else if (!strcmp(kind, "store-type")) { /* an unknown type, an unfinished string */
            message.type = (uint32_t)any() % 64;
            message.tx_id = (uint32_t)any() % 4;
            message.len = (uint32_t)any() % 32;
            if (XENSTORE_RING_SIZE - (store->req_prod - store->req_cons) >= sizeof(message) + 32) {
                put(store, &message, sizeof(message));
                store->req_prod += message.len; /* whatever lies there */
            }
            store->rsp_cons = store->rsp_prod;
        } else if (!strcmp(kind, "store-bytes")) { /* all of the page, indices included */
            fill(store, sizeof(*store));
        } else if (!strcmp(kind, "console-bytes")) {
            fill(console, sizeof(*console));
        }
        notify(store_port);
        notify(console_port);
        if (any() % 16 == 0) /* else as fast as it can */
            sched_op(SCHEDOP_yield, NULL);
    }
}
