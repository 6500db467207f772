/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef DOM0_TOOLS_LIB_IMAGE_H
#define DOM0_TOOLS_LIB_IMAGE_H

/*
 * Kernel images: a bzImage (its payload packed or not) or an ELF file (packed or not) becomes
 * segments and the answers to what a PV builder must know. Nothing in the file is trusted.
 * Sources: Linux Documentation/x86/boot (bzImage), System V ABI (ELF), pv-abi/elfnote.h.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct err;

#define IMAGE_FILE_MAX     (512u << 20) /* longest file, longest unpacked kernel */
#define IMAGE_SEGMENTS_MAX 32
#define IMAGE_NO_ADDRESS   UINT64_MAX

struct image_segment {
    uint64_t vaddr; /* where the guest sees it */
    uint64_t mem_size;
    const uint8_t *data; /* @file_size bytes; zeroes up to @mem_size */
    uint64_t file_size;
};

struct image {
    struct image_segment segments[IMAGE_SEGMENTS_MAX];
    size_t nr_segments;
    uint64_t vstart, vend; /* lowest and highest byte + 1 of all segments */
    uint64_t entry;
    uint64_t virt_base;      /* vaddr of pfn 0 */
    uint64_t hypercall_page; /* vaddr or IMAGE_NO_ADDRESS */
    uint64_t init_p2m;       /* vaddr or IMAGE_NO_ADDRESS: the p2m list follows the kernel */
    bool mod_start_pfn;      /* takes its ramdisk unmapped, by pfn */
    char guest_os[32], guest_version[32];
    const char *compression; /* for messages: "xz" */
    uint8_t *owned;          /* unpacked kernel, or NULL */
};

/*
 * Reads the image in @file (@len bytes, which must outlive *@im). Returns 0, to be released by
 * image_free(); -1 with *@e set: truncated, unknown format, unsupported compression, no PV kernel.
 * @path is for the message.
 */
int image_load(struct image *im, const uint8_t *file, size_t len, const char *path, struct err *e);
void image_free(struct image *im);

#endif
