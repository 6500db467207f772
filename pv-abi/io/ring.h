/* SPDX-License-Identifier: MIT */
/*
 * Request and response rings of the device protocols.
 *
 * One page shared by a front-end (writes requests, reads responses) and a back-end. The four
 * indices run freely and are masked on use. A side publishes with its _prod index and asks for a
 * notification by its _event index: "tell me when _prod passes this". The side that publishes
 * issues a full barrier between writing _prod and reading the other's _event; the side that waits,
 * between writing _event and looking at _prod once more.
 * Source: Xen 4.17 public/io/ring.h (layout and the event rule; the helpers are Pavo's).
 */
#ifndef PV_ABI_IO_RING_H
#define PV_ABI_IO_RING_H

#ifndef __ASSEMBLER__
#include "pv-abi/types.h"

typedef uint32_t RING_IDX;

/* ring[1]: as many as fit, see RING_SLOTS. */
#define DEFINE_RING_TYPES(name, req_t, rsp_t) \
    union name##_sring_entry {                \
        req_t req;                            \
        rsp_t rsp;                            \
    };                                        \
    struct name##_sring {                     \
        RING_IDX req_prod;                    \
        RING_IDX req_event;                   \
        RING_IDX rsp_prod;                    \
        RING_IDX rsp_event;                   \
        uint8_t pvt[4];                       \
        uint8_t __pad[44];                    \
        union name##_sring_entry ring[1];     \
    }

/* Slots in a shared ring of @bytes: the largest power of two that fits. */
static inline uint32_t ring_slots(size_t bytes, size_t header_bytes, size_t entry_bytes)
{
    size_t fit = (bytes - header_bytes) / entry_bytes;
    uint32_t slots = 1;

    while (slots * 2UL <= fit)
        slots *= 2;
    return slots;
}

#define RING_SLOTS(name, bytes) \
    ring_slots(bytes, offsetof(struct name##_sring, ring), sizeof(union name##_sring_entry))

/* Does moving _prod from @was to @now cross the index that the other side asked to hear of? */
static inline int ring_wants_event(RING_IDX was, RING_IDX now, RING_IDX event)
{
    return (RING_IDX)(now - event) < (RING_IDX)(now - was);
}
#endif

#endif
