/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the decoders need of a C library. Debian's static liblzma, libzstd, liblz4 and libz are linked as
 * they are (decompression is security-relevant, fuzzed, well-kept code: not ours to write again); of
 * libc they refer to malloc, calloc, free, the mem* functions of core/lib.c, and __stack_chk_fail.
 *
 * Each frees what it took.
 */
#include <hv/alloc.h>
#include <hv/lib.h>

void *malloc(size_t n)
{
    return hv_alloc(n);
}

void *calloc(size_t n, size_t size)
{
    size_t bytes;

    return __builtin_mul_overflow(n, size, &bytes) ? NULL : hv_alloc(bytes); /* gives zeroes */
}

void free(void *p)
{
    hv_free(p);
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
