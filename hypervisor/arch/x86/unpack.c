/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Unpack dom0's kernel. The decoders are ordinary user-space libraries: they use SSE and the red zone and
 * read their stack protector's canary at %fs:0x28. So they run with interrupts off (nothing pushes onto
 * their stack; NMI has a stack of its own), CR0.TS clear and CR4.OSFXSR set, and with FS at a page of
 * ours. It is boot time: no guest has state in the FPU or in FS yet.
 *
 * Debian's static liblzma, libzstd, liblz4 and libz are linked as they are (decompression is security-relevant,
 * fuzzed, well-kept code: not ours to write again). Of libc they refer to malloc, calloc, free, the mem*
 * functions of core/lib.c, and __stack_chk_fail. Each frees what it took.
 */
#include <asm/machine.h>
#include <asm/msr.h>
#include <asm/unpack.h>
#include <hv/alloc.h>
#include <hv/arch.h>
#include <hv/errno.h>
#include <hv/lib.h>
#include <hv/pvimage.h>
#include <hv/timer.h>

extern void (*const __init_array_start[])(void);
extern void (*const __init_array_end[])(void);

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

/* Run the decoder in the surroundings that a user-space library expects. */
static bool decode_guarded(const struct kernel_payload *k, const uint8_t *in, uint8_t *out,
                           size_t *done)
{
    uint64_t cr0 = read_cr0(), cr4 = read_cr4(), fs = rdmsr(MSR_FS_BASE);
    static uint64_t fs_page[16]; /* the canary is word 5 */
    unsigned long flags = arch_irq_save();
    bool ok;

    write_cr0(cr0 & ~(CR0_TS | CR0_EM));
    write_cr4(cr4 | CR4_OSFXSR | CR4_OSXMMEXCPT);
    wrmsr(MSR_FS_BASE, (uint64_t)(uintptr_t)fs_page);
    for (void (*const *fn)(void) = __init_array_start; fn < __init_array_end; fn++)
        (*fn)(); /* liblzma picks its CRC function here */
    ok = payload_decode(k->packing, in + k->offset, k->size, out, k->unpacked_size, done);
    wrmsr(MSR_FS_BASE, fs);
    write_cr4(cr4);
    write_cr0(cr0);
    arch_irq_restore(flags);
    return ok;
}

int kernel_unpack(const void *file, size_t size, struct unpacked *out, const char **why)
{
    struct kernel_payload k;
    size_t done = 0;
    s_time_t start;
    mfn_t mfn;
    int rc;

    memset(out, 0, sizeof(*out));
    rc = kernel_payload_find(file, size, &k, why);
    if (rc)
        return rc;
    if (k.packing == KERNEL_ELF) {
        out->elf = (const uint8_t *)file + k.offset;
        out->size = k.size;
        return 0;
    }
    while ((PAGE_SIZE << out->order) < k.unpacked_size)
        out->order++;
    *why = "not enough contiguous memory to unpack the kernel";
    mfn = out->order <= MAX_ORDER ? heap_alloc(out->order, 0, 0) : INVALID_MFN;
    if (mfn_is_invalid(mfn))
        return -ENOMEM;
    out->elf = mfn_to_virt(mfn);
    out->owned = true;
    start = now_ns();
    if (!decode_guarded(&k, file, mfn_to_virt(mfn), &done) || done != k.unpacked_size) {
        kernel_unpack_free(out);
        *why = "the kernel's payload is damaged";
        return -EINVAL;
    }
    out->size = done;
    printk(LOG_INFO "dom0: kernel unpacked (%s, %lu kB to %lu kB) in %lu ms\n",
           kernel_packing_name(k.packing), k.size >> 10, done >> 10,
           (unsigned long)(now_ns() - start) / 1000000);
    return 0;
}

void kernel_unpack_free(struct unpacked *u)
{
    if (u->owned)
        heap_free(virt_to_mfn(u->elf), u->order, false);
    memset(u, 0, sizeof(*u));
}
