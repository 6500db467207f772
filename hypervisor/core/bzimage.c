/* SPDX-License-Identifier: GPL-2.0-only */
#include <hv/errno.h>
#include <hv/lib.h>
#include <hv/pvimage.h>

/* Of the setup header. */
enum {
    SETUP_SECTS = 0x1f1,
    BOOT_FLAG = 0x1fe,
    HEADER = 0x202,
    VERSION = 0x206,
    PAYLOAD_OFFSET = 0x248,
    PAYLOAD_LENGTH = 0x24c,
    HEADER_END = 0x250
};

/* No kernel is bigger: a wrong size word must not eat the machine. */
#define MAX_UNPACKED (512u << 20)

static uint16_t le16(const uint8_t *p)
{
    return (uint16_t)(p[0] | p[1] << 8);
}
static uint32_t le32(const uint8_t *p)
{
    return le16(p) | (uint32_t)le16(p + 2) << 16;
}

static const struct {
    uint8_t len, magic[6];
    enum kernel_packing packing;
} magics[] = {
    {2, {0x1f, 0x8b}, KERNEL_GZIP},
    {6, {0xfd, '7', 'z', 'X', 'Z', 0}, KERNEL_XZ},
    {4, {0x02, 0x21, 0x4c, 0x18}, KERNEL_LZ4},
    {4, {0x28, 0xb5, 0x2f, 0xfd}, KERNEL_ZSTD},
    {4, {0x7f, 'E', 'L', 'F'}, KERNEL_ELF},
};

static int packing_of(const uint8_t *p, size_t n, enum kernel_packing *packing)
{
    for (size_t i = 0; i < ARRAY_SIZE(magics); i++) {
        if (n < magics[i].len || memcmp(p, magics[i].magic, magics[i].len))
            continue;
        *packing = magics[i].packing;
        return 0;
    }
    return -EINVAL;
}

const char *kernel_packing_name(enum kernel_packing p)
{
    static const char *const names[] = {"ELF", "gzip", "xz", "lz4", "zstd"};

    return p < ARRAY_SIZE(names) ? names[p] : "unknown";
}

/* The size word behind the packed bytes. For gzip it is the last word of the format itself, else the
 * kernel's build puts it there. */
static int read_unpacked_size(const uint8_t *p, struct kernel_payload *out, const char **why)
{
    if (out->packing == KERNEL_ELF) {
        out->unpacked_size = out->size;
        return 0;
    }
    out->unpacked_size = le32(p + out->offset + out->size - 4);
    if (out->packing != KERNEL_GZIP)
        out->size -= 4;
    *why = "kernel payload of no sensible size";
    return out->unpacked_size && out->unpacked_size <= MAX_UNPACKED ? 0 : -EINVAL;
}

static int bzimage_payload(const uint8_t *p, size_t size, struct kernel_payload *out,
                           const char **why)
{
    uint64_t sects = p[SETUP_SECTS] ? p[SETUP_SECTS] : 4;
    uint64_t start = (sects + 1) * 512 + le32(p + PAYLOAD_OFFSET);
    uint64_t len = le32(p + PAYLOAD_LENGTH);

    *why = "bzImage of a boot protocol before 2.08";
    if (le16(p + VERSION) < 0x208)
        return -EINVAL;
    *why = "bzImage is truncated";
    if (len < 16 || start > size || len > size - start)
        return -EINVAL;
    *why = "kernel payload in an unknown compression (known: gzip, xz, lz4, zstd, none)";
    if (packing_of(p + start, (size_t)len, &out->packing))
        return -EINVAL;
    out->offset = (size_t)start;
    out->size = (size_t)len;
    return read_unpacked_size(p, out, why);
}

int kernel_payload_find(const void *image, size_t size, struct kernel_payload *out,
                        const char **why)
{
    const uint8_t *p = image;

    memset(out, 0, sizeof(*out));
    if (size >= HEADER_END && le16(p + BOOT_FLAG) == 0xaa55 && !memcmp(p + HEADER, "HdrS", 4))
        return bzimage_payload(p, size, out, why);
    *why = "neither ELF nor a bzImage";
    if (packing_of(p, size, &out->packing))
        return -EINVAL;
    out->size = size;
    /* A packed ELF file by itself: only gzip says how large it will be. */
    *why = "a compressed file that is no bzImage, and not gzip";
    if (out->packing != KERNEL_ELF && (out->packing != KERNEL_GZIP || size < 18))
        return -EINVAL;
    return read_unpacked_size(p, out, why);
}
