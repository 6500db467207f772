/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The console ring and the byte queues: plain logic. The guest shares the ring and is hostile:
 * each index is read once, judged, and only then used.
 */
#include "dom0-tools/consoled/consoled.h"

#include <stdlib.h>
#include <string.h>

#include "pv-abi/io/console.h"

size_t ring_take(struct xencons_interface *ring, uint8_t buf[2048], bool *broken)
{
    uint32_t prod = __atomic_load_n(&ring->out_prod, __ATOMIC_ACQUIRE);
    uint32_t cons = __atomic_load_n(&ring->out_cons, __ATOMIC_RELAXED);
    uint32_t len = prod - cons, i;

    if (len > XENCONS_OUT_BYTES) {
        *broken = true;
        __atomic_store_n(&ring->out_cons, prod, __ATOMIC_RELEASE);
        return 0;
    }
    for (i = 0; i < len; i++)
        buf[i] = (uint8_t)__atomic_load_n(&ring->out[(cons + i) & (XENCONS_OUT_BYTES - 1)],
                                          __ATOMIC_RELAXED);
    return len;
}

void ring_taken(struct xencons_interface *ring, size_t len)
{
    uint32_t cons = __atomic_load_n(&ring->out_cons, __ATOMIC_RELAXED);

    /* The bytes are read before the guest may write there again. */
    __atomic_store_n(&ring->out_cons, cons + (uint32_t)len, __ATOMIC_RELEASE);
}

uint32_t ring_position(const struct xencons_interface *ring)
{
    return __atomic_load_n(&ring->out_cons, __ATOMIC_RELAXED);
}

size_t ring_give(struct xencons_interface *ring, const uint8_t *data, size_t len)
{
    uint32_t cons = __atomic_load_n(&ring->in_cons, __ATOMIC_ACQUIRE);
    uint32_t prod = __atomic_load_n(&ring->in_prod, __ATOMIC_RELAXED);
    uint32_t used = prod - cons, room, i;

    if (used > XENCONS_IN_BYTES)
        return 0;
    room = XENCONS_IN_BYTES - used;
    if (room > len)
        room = (uint32_t)len;
    for (i = 0; i < room; i++)
        __atomic_store_n(&ring->in[(prod + i) & (XENCONS_IN_BYTES - 1)], (char)data[i],
                         __ATOMIC_RELAXED);
    __atomic_store_n(&ring->in_prod, prod + room, __ATOMIC_RELEASE);
    return room;
}

bool fifo_init(struct fifo *f, size_t size)
{
    memset(f, 0, sizeof(*f));
    f->data = malloc(size);
    f->size = f->data ? size : 0;
    return f->data;
}

void fifo_free(struct fifo *f)
{
    free(f->data);
    memset(f, 0, sizeof(*f));
}

size_t fifo_put(struct fifo *f, const void *data, size_t len)
{
    size_t at, first;

    if (len > f->size - f->len)
        len = f->size - f->len;
    if (!len)
        return 0;
    at = (f->head + f->len) & (f->size - 1);
    first = f->size - at < len ? f->size - at : len;
    memcpy(f->data + at, data, first);
    memcpy(f->data, (const uint8_t *)data + first, len - first);
    f->len += len;
    return len;
}

void fifo_push(struct fifo *f, const void *data, size_t len)
{
    const uint8_t *p = data;

    if (len > f->size) {
        p += len - f->size;
        len = f->size;
    }
    if (len > f->size - f->len)
        fifo_drop(f, len - (f->size - f->len));
    fifo_put(f, p, len);
}

size_t fifo_peek(const struct fifo *f, const uint8_t **data)
{
    *data = f->data + f->head;
    return f->size - f->head < f->len ? f->size - f->head : f->len;
}

void fifo_drop(struct fifo *f, size_t len)
{
    if (len > f->len)
        len = f->len;
    f->len -= len;
    f->head = f->len ? (f->head + len) & (f->size - 1) : 0;
}

size_t fifo_find(const struct fifo *f, uint8_t byte)
{
    size_t i;

    for (i = 0; i < f->len; i++)
        if (f->data[(f->head + i) & (f->size - 1)] == byte)
            return i + 1;
    return 0;
}
