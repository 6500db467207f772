/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef DOM0_TOOLS_LIB_DECOMPRESS_H
#define DOM0_TOOLS_LIB_DECOMPRESS_H

/*
 * The compressions that Linux kernels are packed with, through zlib, liblzma, libzstd, liblz4; and
 * packing by zlib, since only one file calls it.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum compression {
    COMPRESSION_NONE, /* nothing known */
    COMPRESSION_GZIP,
    COMPRESSION_XZ,
    COMPRESSION_ZSTD,
    COMPRESSION_LZ4,     /* the legacy framing, the kernel's */
    COMPRESSION_REFUSED, /* known but not supported: bzip2, lzma, lzo */
};

/* Recognises the first bytes; *@name (may be NULL) is set to a word for messages. */
enum compression compression_of(const uint8_t *data, size_t len, const char **name);

/*
 * Unpacks @len bytes at @data. What follows the packed stream is ignored (the kernel appends its
 * size there). Returns 0 with *@out, to be free()d, and *@out_len; -EINVAL when the stream is damaged
 * or cut short; -E2BIG when it would be longer than @max; -ENOMEM; -ENOTSUP for the last kind.
 */
int decompress(enum compression kind, const uint8_t *data, size_t len, size_t max, uint8_t **out,
               size_t *out_len);

/* Packs a stream as gzip does; what comes out goes through @out, which returns 0 or a negative errno. */
struct gzip;
typedef int gzip_out_fn(void *arg, const void *data, size_t len);

struct gzip *gzip_new(gzip_out_fn *out, void *arg); /* NULL: out of memory */
/* Takes @len bytes; @last: they end the stream. 0, or what @out returned. */
int gzip_put(struct gzip *g, const void *data, size_t len, bool last);
void gzip_free(struct gzip *g);

#endif
