/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Kernel images as files: the bzImage wrapper, ELF, and the notes by which a PV kernel says how it wants
 * to be started. Pure functions over bytes that anybody may have written: every offset is checked.
 * core/elf.c, core/bzimage.c. Source of the note numbers: pv-abi/elfnote.h; ELF: System V gABI 4.1;
 * bzImage: the x86 boot protocol, 2.08 and later.
 */
#ifndef HV_PVIMAGE_H
#define HV_PVIMAGE_H

#include <hv/types.h>

#define PV_MAX_SEGMENTS 16u

struct pv_segment {
    uint64_t offset, filesz; /* in the file */
    uint64_t va, memsz;      /* where the kernel expects it at its start */
};

struct pv_image {
    unsigned int nr_segments;
    struct pv_segment segment[PV_MAX_SEGMENTS];
    uint64_t start, end; /* virtual addresses that the segments span */
    uint64_t virt_base;  /* virtual address of pfn 0 */
    uint64_t entry;
    uint64_t hypercall_page; /* has_hypercall_page */
    uint64_t init_p2m;       /* has_init_p2m */
    bool has_hypercall_page, has_init_p2m;
    bool mod_start_pfn; /* the ramdisk need not be mapped */
    char guest_os[16];
};

/*
 * Read the ELF file of @size bytes at @image. Returns 0 with *@out filled; -EINVAL with *@why set to a
 * reason for people (a static string): not ELF, truncated, not x86-64, no Xen note, entry outside, …
 */
int pv_image_parse(const void *image, size_t size, struct pv_image *out, const char **why);

enum kernel_packing { KERNEL_ELF, KERNEL_GZIP, KERNEL_XZ, KERNEL_LZ4, KERNEL_ZSTD };
struct kernel_payload {
    enum kernel_packing packing;
    size_t offset, size;  /* of the payload in the file, without the size word behind it */
    size_t unpacked_size; /* as the file says; 0: unknown (ELF: the same as size) */
};
/* What @image is. -EINVAL with *@why: neither ELF nor a bzImage, truncated, an unknown compression. */
int kernel_payload_find(const void *image, size_t size, struct kernel_payload *out,
                        const char **why);
/*
 * Decode the @n bytes of a payload at @in to @out, at most @room bytes; *@done are written. false: the
 * data are damaged or do not fit. core/decompress.c. KERNEL_ELF is not packed: false.
 */
bool payload_decode(enum kernel_packing packing, const uint8_t *in, size_t n, uint8_t *out,
                    size_t room, size_t *done);
const char *kernel_packing_name(enum kernel_packing p);

#endif
