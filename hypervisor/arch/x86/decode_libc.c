/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the decoders need of a C library. Debian's static liblzma, libzstd, liblz4 and libz are linked as
 * they are (decompression is security-relevant, fuzzed, well-kept code: not ours to write again); of
 * libc they refer to malloc, calloc, free, the mem* functions of core/lib.c, and __stack_chk_fail.
 *
 * Memory: at most a few dozen blocks, the largest a dictionary of some MiB. Small blocks are cut one
 * after the other from a 1 MiB chunk and never reused; large ones come from the heap and go back by
 * free. decode_heap_release() frees everything. One CPU, interrupts off: no lock.
 */
#include <asm/unpack.h>
#include <hv/alloc.h>
#include <hv/arch.h>
#include <hv/lib.h>

#define CHUNK_ORDER 8u
#define CHUNK_SIZE  (PAGE_SIZE << CHUNK_ORDER)
#define SMALL_MAX   (64u << 10)
#define MAX_BLOCKS  64u

static struct block {
    void *va;
    unsigned int order;
} blocks[MAX_BLOCKS];
static uint8_t *chunk;
static size_t chunk_used;

static struct block *block_find(const void *va)
{
    for (unsigned int i = 0; i < MAX_BLOCKS; i++)
        if (blocks[i].va == va)
            return &blocks[i];
    return NULL;
}

static void *block_alloc(unsigned int order)
{
    struct block *b = block_find(NULL);
    mfn_t mfn;

    if (!b || order > MAX_ORDER)
        return NULL;
    mfn = heap_alloc(order, 0, 0);
    if (mfn_is_invalid(mfn))
        return NULL;
    b->va = mfn_to_virt(mfn);
    b->order = order;
    return b->va;
}

static void block_free(struct block *b)
{
    heap_free(virt_to_mfn(b->va), b->order, false);
    b->va = NULL;
}

void *malloc(size_t n)
{
    void *p;

    n = ROUND_UP(n ? n : 1, 64ul);
    if (n > SMALL_MAX) {
        unsigned int order = 0;

        while (order <= MAX_ORDER && (PAGE_SIZE << order) < n)
            order++;
        return block_alloc(order);
    }
    if (!chunk || chunk_used + n > CHUNK_SIZE) {
        chunk = block_alloc(CHUNK_ORDER);
        chunk_used = 0;
        if (!chunk)
            return NULL;
    }
    p = chunk + chunk_used;
    chunk_used += n;
    return p;
}

void *calloc(size_t n, size_t size)
{
    size_t bytes;
    void *p;

    if (__builtin_mul_overflow(n, size, &bytes))
        return NULL;
    p = malloc(bytes);
    if (p)
        memset(p, 0, bytes);
    return p;
}

void free(void *p)
{
    struct block *b = p ? block_find(p) : NULL;

    if (b && p != chunk) /* a chunk's first piece has the chunk's address */
        block_free(b);
}

void decode_heap_release(void)
{
    for (unsigned int i = 0; i < MAX_BLOCKS; i++)
        if (blocks[i].va)
            block_free(&blocks[i]);
    chunk = NULL;
}

void __stack_chk_fail(void) __attribute__((noreturn));
void __stack_chk_fail(void)
{
    panic("decoder overran its stack\n");
}

/* zstd's hooks are weak, which a call from this high an address does not reach: none is traced. */
unsigned long long ZSTD_trace_decompress_begin(const void *dctx);
unsigned long long ZSTD_trace_decompress_begin(const void *dctx)
{
    return 0;
}

void ZSTD_trace_decompress_end(unsigned long long ctx, const void *trace);
void ZSTD_trace_decompress_end(unsigned long long ctx, const void *trace)
{
}
