/* SPDX-License-Identifier: GPL-2.0-only */
/* Kernel images: wrapper, payload and ELF notes of files that anybody may have written. */
#include <stdlib.h>
#include <string.h>

#include <hv/pvimage.h>

#define ROOM (256u << 10)

static void check_image(const uint8_t *p, size_t n)
{
    struct pv_image image;
    const char *why;

    if (pv_image_parse(p, n, &image, &why))
        return;
    /* What a builder relies on. */
    for (unsigned int i = 0; i < image.nr_segments; i++) {
        const struct pv_segment *s = &image.segment[i];

        if (s->offset > n || s->filesz > n - s->offset || s->filesz > s->memsz ||
            s->va < image.start || s->va + s->memsz > image.end || s->va + s->memsz < s->va)
            abort();
    }
    if (image.start < image.virt_base || image.entry < image.start || image.entry >= image.end)
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct kernel_payload k;
    const char *why;
    size_t done = 0;
    uint8_t *out;

    check_image(data, size);
    if (kernel_payload_find(data, size, &k, &why))
        return 0;
    if (k.offset > size || k.size > size - k.offset)
        abort();
    out = malloc(ROOM);
    if (payload_decode(k.packing, data + k.offset, k.size, out,
                       k.unpacked_size < ROOM ? k.unpacked_size : ROOM, &done))
        check_image(out, done);
    free(out);
    return 0;
}
