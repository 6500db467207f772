/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Unpacking of kernels and bounded growth of the result. All decoders write into one struct sink,
 * which alone decides how much memory a file of unknown origin may take. Packing is at the end.
 */
#include "dom0-tools/lib/decompress.h"

#include <errno.h>
#include <lz4.h>
#include <lzma.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>
#include <zstd.h>

#define FIRST_SIZE       (16u << 20)
#define XZ_MEMORY_MAX    (256u << 20)
#define LZ4_LEGACY_BLOCK (8u << 20) /* unpacked size of every block but the last */

struct sink {
    uint8_t *data;
    size_t used, size, max;
};

/* Makes room for more. -E2BIG at the limit, -ENOMEM. */
static int sink_grow(struct sink *s, size_t at_least)
{
    size_t want = s->size ? s->size * 2 : FIRST_SIZE;
    uint8_t *grown;

    if (s->max - s->used < at_least)
        return -E2BIG;
    if (want < s->used + at_least)
        want = s->used + at_least;
    if (want > s->max)
        want = s->max;
    if (want == s->size)
        return -E2BIG;
    grown = realloc(s->data, want);
    if (!grown)
        return -ENOMEM;
    s->data = grown;
    s->size = want;
    return 0;
}

enum compression compression_of(const uint8_t *data, size_t len, const char **name)
{
    static const struct {
        enum compression kind;
        const char *name;
        uint8_t len, magic[6];
    } known[] = {
        {COMPRESSION_GZIP, "gzip", 3, {0x1f, 0x8b, 0x08}},
        {COMPRESSION_XZ, "xz", 6, {0xfd, '7', 'z', 'X', 'Z', 0x00}},
        {COMPRESSION_ZSTD, "zstd", 4, {0x28, 0xb5, 0x2f, 0xfd}},
        {COMPRESSION_LZ4, "lz4", 4, {0x02, 0x21, 0x4c, 0x18}},
        {COMPRESSION_REFUSED, "bzip2", 3, {'B', 'Z', 'h'}},
        {COMPRESSION_REFUSED, "lzma", 3, {0x5d, 0x00, 0x00}},
        {COMPRESSION_REFUSED, "lzo", 4, {0x89, 'L', 'Z', 'O'}},
    };
    size_t i;

    for (i = 0; i < sizeof(known) / sizeof(known[0]); i++)
        if (len >= known[i].len && !memcmp(data, known[i].magic, known[i].len)) {
            if (name)
                *name = known[i].name;
            return known[i].kind;
        }
    if (name)
        *name = "none";
    return COMPRESSION_NONE;
}

static int unpack_gzip(struct sink *s, const uint8_t *data, size_t len)
{
    z_stream z = {.next_in = (Bytef *)data, .avail_in = (uInt)len};
    int st = Z_OK, rc = 0;

    if (inflateInit2(&z, 15 + 16) != Z_OK)
        return -ENOMEM;
    while (!rc && st != Z_STREAM_END) {
        if (s->used == s->size && (rc = sink_grow(s, 1)))
            break;
        z.next_out = s->data + s->used;
        z.avail_out = (uInt)(s->size - s->used);
        st = inflate(&z, Z_NO_FLUSH);
        s->used = s->size - z.avail_out;
        if (st == Z_MEM_ERROR)
            rc = -ENOMEM;
        else if (st != Z_OK && st != Z_STREAM_END && !(st == Z_BUF_ERROR && !z.avail_out))
            rc = -EINVAL;
        else if (st == Z_OK && !z.avail_in && z.avail_out)
            rc = -EINVAL;
    }
    inflateEnd(&z);
    return rc;
}

static int unpack_xz(struct sink *s, const uint8_t *data, size_t len)
{
    lzma_stream z = LZMA_STREAM_INIT;
    lzma_ret st = LZMA_OK;
    int rc = 0;

    if (lzma_stream_decoder(&z, XZ_MEMORY_MAX, 0) != LZMA_OK)
        return -ENOMEM;
    z.next_in = data;
    z.avail_in = len;
    while (!rc && st != LZMA_STREAM_END) {
        if (s->used == s->size && (rc = sink_grow(s, 1)))
            break;
        z.next_out = s->data + s->used;
        z.avail_out = s->size - s->used;
        st = lzma_code(&z, LZMA_RUN);
        s->used = s->size - z.avail_out;
        if (st == LZMA_MEM_ERROR || st == LZMA_MEMLIMIT_ERROR)
            rc = -ENOMEM;
        else if (st != LZMA_OK && st != LZMA_STREAM_END && !(st == LZMA_BUF_ERROR && !z.avail_out))
            rc = -EINVAL;
        else if (st == LZMA_OK && !z.avail_in && z.avail_out)
            rc = -EINVAL;
    }
    lzma_end(&z);
    return rc;
}

static int unpack_zstd(struct sink *s, const uint8_t *data, size_t len)
{
    ZSTD_DStream *z = ZSTD_createDStream();
    ZSTD_inBuffer in = {data, len, 0};
    size_t left = 1;
    int rc = 0;

    if (!z)
        return -ENOMEM;
    ZSTD_DCtx_setParameter(z, ZSTD_d_windowLogMax, 28);
    while (!rc && left) {
        ZSTD_outBuffer out;

        if (s->used == s->size && (rc = sink_grow(s, 1)))
            break;
        out = (ZSTD_outBuffer){s->data, s->size, s->used};
        left = ZSTD_decompressStream(z, &out, &in);
        if (ZSTD_isError(left) || (left && in.pos == in.size && out.pos < out.size))
            rc = -EINVAL;
        s->used = out.pos;
    }
    ZSTD_freeDStream(z);
    return rc;
}

static uint32_t le32(const uint8_t *p)
{
    return p[0] | p[1] << 8 | p[2] << 16 | (uint32_t)p[3] << 24;
}

/* Magic, then blocks of [packed size][data]; a short block is the last. */
static int unpack_lz4(struct sink *s, const uint8_t *data, size_t len)
{
    size_t pos = 4;

    while (len - pos >= 4) {
        uint32_t packed = le32(data + pos);
        size_t room;
        int n, rc;

        pos += 4;
        if (packed == 0x184c2102) /* another magic: the next stream of a concatenation */
            continue;
        if (packed > (uint32_t)LZ4_COMPRESSBOUND(LZ4_LEGACY_BLOCK) || packed > len - pos ||
            !packed) {
            /* The unpacked size that the kernel's build appends looks like one more header. */
            return s->used && pos == len ? 0 : -EINVAL;
        }
        room = s->max - s->used < LZ4_LEGACY_BLOCK ? s->max - s->used : LZ4_LEGACY_BLOCK;
        if (s->size - s->used < room && (rc = sink_grow(s, room)))
            return rc;
        n = LZ4_decompress_safe((const char *)data + pos, (char *)s->data + s->used, (int)packed,
                                (int)room);
        if (n < 0)
            return room < LZ4_LEGACY_BLOCK ? -E2BIG : -EINVAL;
        s->used += (size_t)n;
        pos += packed;
        if (n < (int)LZ4_LEGACY_BLOCK)
            return 0;
    }
    return s->used && pos == len ? 0 : -EINVAL;
}

int decompress(enum compression kind, const uint8_t *data, size_t len, size_t max, uint8_t **out,
               size_t *out_len)
{
    struct sink s = {.max = max};
    int rc;

    if (len > UINT32_MAX / 2)
        return -E2BIG;
    switch (kind) {
    case COMPRESSION_GZIP:
        rc = unpack_gzip(&s, data, len);
        break;
    case COMPRESSION_XZ:
        rc = unpack_xz(&s, data, len);
        break;
    case COMPRESSION_ZSTD:
        rc = unpack_zstd(&s, data, len);
        break;
    case COMPRESSION_LZ4:
        rc = unpack_lz4(&s, data, len);
        break;
    default:
        rc = -ENOTSUP;
    }
    if (rc) {
        free(s.data);
        return rc;
    }
    *out = s.data;
    *out_len = s.used;
    return 0;
}

/* ---- packing */

struct gzip {
    z_stream z;
    gzip_out_fn *out;
    void *arg;
    uint8_t buf[1 << 16];
};

struct gzip *gzip_new(gzip_out_fn *out, void *arg)
{
    struct gzip *g = calloc(1, sizeof(*g));

    /* Fast: whoever waits for it may hold up a guest. 15 + 16: a gzip header around it. */
    if (g &&
        deflateInit2(&g->z, Z_BEST_SPEED, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY) != Z_OK) {
        free(g);
        return NULL;
    }
    if (g) {
        g->out = out;
        g->arg = arg;
    }
    return g;
}

int gzip_put(struct gzip *g, const void *data, size_t len, bool last)
{
    int rc = 0;

    g->z.next_in = (Bytef *)(uintptr_t)data;
    g->z.avail_in = (uInt)len;
    do {
        g->z.next_out = g->buf;
        g->z.avail_out = sizeof(g->buf);
        deflate(&g->z, last ? Z_FINISH : Z_NO_FLUSH);
        if (g->z.avail_out < sizeof(g->buf))
            rc = g->out(g->arg, g->buf, sizeof(g->buf) - g->z.avail_out);
    } while (!rc && !g->z.avail_out);
    return rc;
}

void gzip_free(struct gzip *g)
{
    if (g)
        deflateEnd(&g->z);
    free(g);
}
