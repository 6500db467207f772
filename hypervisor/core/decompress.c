/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The payload of a kernel image, through the decoders of liblzma, libzstd, liblz4 and libz. Their code
 * needs surroundings that arch/x86/unpack.c makes; natively it needs nothing.
 */
#include <hv/lib.h>
#include <hv/pvimage.h>

#include <lz4.h>
#include <lzma.h>
#include <zlib.h>
#include <zstd.h>

#define LZ4_LEGACY_MAGIC 0x184c2102u
#define LZ4_LEGACY_BLOCK (8u << 20)
#define XZ_MEMORY_LIMIT  (256u << 20)

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
    z_stream s = {.next_in = (Bytef *)(uintptr_t)in,
                  .avail_in = (uInt)n,
                  .next_out = out,
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

bool payload_decode(enum kernel_packing packing, const uint8_t *in, size_t n, uint8_t *out,
                    size_t room, size_t *done)
{
    static bool (*const decoders[])(const uint8_t *in, size_t n, uint8_t *out, size_t room,
                                    size_t *done) = {
        [KERNEL_GZIP] = gunzip, [KERNEL_XZ] = unxz, [KERNEL_LZ4] = unlz4, [KERNEL_ZSTD] = unzstd};

    return packing != KERNEL_ELF && decoders[packing](in, n, out, room, done);
}
