/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Unpack dom0's kernel. The decoders are ordinary user-space libraries: they use SSE and the red zone and
 * read their stack protector's canary at %fs:0x28. So they run with interrupts off (nothing pushes onto
 * their stack; NMI has a stack of its own), CR0.TS clear and CR4.OSFXSR set, and with FS at a page of
 * ours. It is boot time: no guest has state in the FPU or in FS yet.
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

#include <lz4.h>
#include <lzma.h>
#include <zlib.h>
#include <zstd.h>

#define LZ4_LEGACY_MAGIC 0x184c2102u
#define LZ4_LEGACY_BLOCK (8u << 20)
#define XZ_MEMORY_LIMIT (256u << 20)

extern void (*const __init_array_start[])(void);
extern void (*const __init_array_end[])(void);

static bool unxz(const uint8_t *in, size_t n, uint8_t *out, size_t room, size_t *done)
{
    uint64_t limit = XZ_MEMORY_LIMIT;
    size_t in_pos = 0;

    return lzma_stream_buffer_decode(&limit, 0, NULL, in, &in_pos, n, out, done, room) == LZMA_OK;
}

static bool unzstd(const uint8_t *in, size_t n, uint8_t *out, size_t room, size_t *done)
{
    size_t frame = ZSTD_findFrameCompressedSize(in, n);

    if (ZSTD_isError(frame))
        return false;
    *done = ZSTD_decompress(out, room, in, frame);
    return !ZSTD_isError(*done);
}

static bool gunzip(const uint8_t *in, size_t n, uint8_t *out, size_t room, size_t *done)
{
    z_stream s = {.next_in = (Bytef *)(uintptr_t)in, .avail_in = (uInt)n, .next_out = out,
                  .avail_out = (uInt)room};
    int rc;

    if (inflateInit2(&s, 16 + MAX_WBITS) != Z_OK) /* 16: a gzip header */
        return false;
    rc = inflate(&s, Z_FINISH);
    *done = s.total_out;
    inflateEnd(&s);
    return rc == Z_STREAM_END;
}

/* The legacy framing: the magic (again before each appended stream), then blocks of up to 8 MiB, each
 * behind its length. */
static bool unlz4(const uint8_t *in, size_t n, uint8_t *out, size_t room, size_t *done)
{
    size_t pos = 0;

    *done = 0;
    while (n - pos >= 4) {
        uint32_t len;
        int got;

        memcpy(&len, in + pos, 4);
        pos += 4;
        if (len == LZ4_LEGACY_MAGIC)
            continue;
        if (len == 0 || len > n - pos)
            return false;
        got = LZ4_decompress_safe((const char *)in + pos, (char *)out + *done, (int)len,
                                  (int)min(room - *done, (size_t)LZ4_LEGACY_BLOCK));
        if (got < 0)
            return false;
        *done += (size_t)got;
        pos += len;
    }
    return true;
}

static bool decode(enum kernel_packing packing, const uint8_t *in, size_t n, uint8_t *out, size_t room,
                   size_t *done)
{
    switch (packing) {
    case KERNEL_XZ:
        return unxz(in, n, out, room, done);
    case KERNEL_ZSTD:
        return unzstd(in, n, out, room, done);
    case KERNEL_GZIP:
        return gunzip(in, n, out, room, done);
    case KERNEL_LZ4:
        return unlz4(in, n, out, room, done);
    case KERNEL_ELF:
        break;
    }
    return false;
}

/* Run the decoder in the surroundings that a user-space library expects. */
static bool decode_guarded(const struct kernel_payload *k, const uint8_t *in, uint8_t *out, size_t *done)
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
    ok = decode(k->packing, in + k->offset, k->size, out, k->unpacked_size, done);
    decode_heap_release();
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
           kernel_packing_name(k.packing), (unsigned long)k.size >> 10, (unsigned long)done >> 10,
           (unsigned long)(now_ns() - start) / 1000000);
    return 0;
}

void kernel_unpack_free(struct unpacked *u)
{
    if (u->owned)
        heap_free(virt_to_mfn(u->elf), u->order, false);
    memset(u, 0, sizeof(*u));
}
