/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Any bytes as a kernel image of a guest. First byte: 0 as they are; 1 behind the header of a small
 * ELF kernel, whose bytes they overwrite; 2 as the payload of a bzImage. What loads must be sane.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "dom0-tools/lib/err.h"
#include "dom0-tools/lib/image.h"
#include "dom0-tools/lib/pvlayout.h"
#include "tests/unit/tools_elf.h"

static volatile uint8_t sink; /* so that the reads are not left out */

static void load(const uint8_t *data, size_t len)
{
    struct err e = {0};
    struct pv_layout lo;
    struct image im;
    size_t i;

    if (image_load(&im, data, len, "f", &e)) {
        if (!e.status || !e.text[0] || im.owned)
            abort();
        return;
    }
    for (i = 0; i < im.nr_segments; i++) {
        const struct image_segment *s = &im.segments[i];

        if (s->file_size > s->mem_size || s->vaddr < im.vstart ||
            s->vaddr + s->mem_size > im.vend || s->vaddr < im.virt_base)
            abort();
        if (s->file_size)
            sink = s->data[0] + s->data[s->file_size - 1];
    }
    if (im.entry < im.vstart || im.entry >= im.vend)
        abort();
    memset(&e, 0, sizeof(e));
    if (!pv_layout_plan(&lo, &im, 12345, 1 << 18, &e) && lo.end_pfn > 1 << 18)
        abort();
    image_free(&im);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct elf_file elf;
    uint8_t *p;
    size_t n, i;

    if (!size)
        return 0;
    switch (data[0] % 3) {
    case 0:
        p = malloc(size);
        memcpy(p, data + 1, size - 1);
        load(p, size - 1);
        break;
    case 1:
        /* Triples of 16-bit offset and byte. */
        elf_linux(&elf);
        for (i = 1; i + 2 < size; i += 3)
            elf.data[(data[i] | data[i + 1] << 8) % 0x1000] = data[i + 2];
        n = elf.len;
        p = malloc(n);
        memcpy(p, elf.data, n);
        load(p, n);
        break;
    default:
        p = bzimage(data + 1, size - 1, &n);
        load(p, n);
    }
    free(p);
    return 0;
}
