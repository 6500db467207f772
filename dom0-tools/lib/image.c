/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Kernel images. The way of a file: image_load() takes the payload out of a bzImage, unpacks it,
 * and gives the ELF file in it to elf_read(), which checks every offset against the length before
 * it is used.
 */
#include "dom0-tools/lib/image.h"

#include <elf.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "dom0-tools/lib/decompress.h"
#include "dom0-tools/lib/err.h"
#include "pv-abi/elfnote.h"

#define VADDR_LIMIT_LOW 0x0000800000000000ull /* end of the lower half */
#define VADDR_KERNEL    0xffff880000000000ull /* first address above the hypervisor's hole */

struct loader {
    struct image *im;
    const uint8_t *data; /* the ELF file */
    size_t len;
    const char *path;
    struct err *e;
    /* from the notes */
    bool has_notes, has_entry, has_phys_entry;
    uint64_t note_entry, paddr_offset;
    char xen_version[16], loader[16];
};

static int refuse(struct loader *l, const char *hint, const char *why)
{
    return err_set(l->e, STATUS_USAGE, l->path, hint, "%s", why);
}

static int truncated(struct loader *l, uint64_t need, uint64_t have)
{
    return err_set(l->e, STATUS_USAGE, l->path, "copy the file again",
                   "kernel is truncated: %llu bytes, its headers name %llu",
                   (unsigned long long)have, (unsigned long long)need);
}

static uint32_t le32(const uint8_t *p)
{
    return p[0] | p[1] << 8 | p[2] << 16 | (uint32_t)p[3] << 24;
}

/* ---- notes */

static uint64_t note_number(const uint8_t *desc, uint32_t size)
{
    uint64_t n = 0;

    if (size == 4 || size == 8)
        memcpy(&n, desc, size);
    return n;
}

static void note_string(char *to, size_t size, const uint8_t *desc, uint32_t len)
{
    size_t n = len < size ? len : size - 1;

    memcpy(to, desc, n);
    to[n] = '\0';
}

static void take_note(struct loader *l, uint32_t type, const uint8_t *desc, uint32_t size)
{
    struct image *im = l->im;

    l->has_notes = true;
    switch (type) {
    case XEN_ELFNOTE_ENTRY:
        l->has_entry = true;
        l->note_entry = note_number(desc, size);
        break;
    case XEN_ELFNOTE_HYPERCALL_PAGE:
        im->hypercall_page = note_number(desc, size);
        break;
    case XEN_ELFNOTE_VIRT_BASE:
        im->virt_base = note_number(desc, size);
        break;
    case XEN_ELFNOTE_PADDR_OFFSET:
        l->paddr_offset = note_number(desc, size);
        break;
    case XEN_ELFNOTE_XEN_VERSION:
        note_string(l->xen_version, sizeof(l->xen_version), desc, size);
        break;
    case XEN_ELFNOTE_GUEST_OS:
        note_string(im->guest_os, sizeof(im->guest_os), desc, size);
        break;
    case XEN_ELFNOTE_GUEST_VERSION:
        note_string(im->guest_version, sizeof(im->guest_version), desc, size);
        break;
    case XEN_ELFNOTE_LOADER:
        note_string(l->loader, sizeof(l->loader), desc, size);
        break;
    case XEN_ELFNOTE_INIT_P2M:
        im->init_p2m = note_number(desc, size);
        break;
    case XEN_ELFNOTE_MOD_START_PFN:
        im->mod_start_pfn = note_number(desc, size) != 0;
        break;
    case XEN_ELFNOTE_PHYS32_ENTRY:
        l->has_phys_entry = true;
        break;
    default:
        break;
    }
}

/* Walks one run of notes: [namesz][descsz][type][name padded][desc padded]. */
static void read_notes(struct loader *l, uint64_t offset, uint64_t size)
{
    const uint8_t *p = l->data + offset, *end = p + size;

    while (end - p >= 12) {
        uint32_t namesz = le32(p), descsz = le32(p + 4), type = le32(p + 8);
        uint64_t left = (uint64_t)(end - p) - 12;
        uint64_t name_pad = ((uint64_t)namesz + 3) & ~3ull;
        uint64_t desc_pad = ((uint64_t)descsz + 3) & ~3ull;

        if (name_pad > left || descsz > left - name_pad)
            return;
        if (namesz == 4 && !memcmp(p + 12, "Xen", 4))
            take_note(l, type, p + 12 + name_pad, descsz);
        if (desc_pad > left - name_pad)
            return;
        p += 12 + name_pad + desc_pad;
    }
}

static bool range_ok(const struct loader *l, uint64_t offset, uint64_t size)
{
    return offset <= l->len && size <= l->len - offset;
}

/* ---- ELF */

static int check_header(struct loader *l, Elf64_Ehdr *eh)
{
    if (l->len < sizeof(*eh))
        return truncated(l, sizeof(*eh), l->len);
    memcpy(eh, l->data, sizeof(*eh));
    if (eh->e_ident[EI_CLASS] != ELFCLASS64 || eh->e_machine != EM_X86_64)
        return refuse(l, "use a kernel for x86-64", "no 64-bit x86 kernel");
    if (eh->e_ident[EI_DATA] != ELFDATA2LSB || (eh->e_type != ET_EXEC && eh->e_type != ET_DYN))
        return refuse(l, NULL, "ELF file, but no executable");
    if (!eh->e_phnum || eh->e_phentsize != sizeof(Elf64_Phdr))
        return refuse(l, NULL, "ELF file without program headers");
    if (!range_ok(l, eh->e_phoff, (uint64_t)eh->e_phnum * sizeof(Elf64_Phdr)))
        return truncated(l, eh->e_phoff + (uint64_t)eh->e_phnum * sizeof(Elf64_Phdr), l->len);
    return 0;
}

static Elf64_Phdr phdr_at(const struct loader *l, const Elf64_Ehdr *eh, unsigned int i)
{
    Elf64_Phdr ph;

    memcpy(&ph, l->data + eh->e_phoff + i * sizeof(ph), sizeof(ph));
    return ph;
}

/* Notes in PT_NOTE segments; kernels linked without one keep them in SHT_NOTE sections. */
static int collect_notes(struct loader *l, const Elf64_Ehdr *eh)
{
    unsigned int i;

    for (i = 0; i < eh->e_phnum; i++) {
        Elf64_Phdr ph = phdr_at(l, eh, i);

        if (ph.p_type != PT_NOTE)
            continue;
        if (!range_ok(l, ph.p_offset, ph.p_filesz))
            return truncated(l, ph.p_offset + ph.p_filesz, l->len);
        read_notes(l, ph.p_offset, ph.p_filesz);
    }
    if (l->has_notes || !eh->e_shoff || eh->e_shentsize != sizeof(Elf64_Shdr) ||
        !range_ok(l, eh->e_shoff, (uint64_t)eh->e_shnum * sizeof(Elf64_Shdr)))
        return 0;
    for (i = 0; i < eh->e_shnum; i++) {
        Elf64_Shdr sh;

        memcpy(&sh, l->data + eh->e_shoff + i * sizeof(sh), sizeof(sh));
        if (sh.sh_type == SHT_NOTE && range_ok(l, sh.sh_offset, sh.sh_size))
            read_notes(l, sh.sh_offset, sh.sh_size);
    }
    return 0;
}

static int judge_notes(struct loader *l)
{
    if (!l->has_notes)
        return refuse(l, "use a kernel built with CONFIG_XEN_PV",
                      "no PV kernel: it carries no Xen notes");
    if (!l->has_entry)
        return refuse(l, "use a kernel built with CONFIG_XEN_PV",
                      l->has_phys_entry ? "no PV kernel: it knows only the PVH entry"
                                        : "no PV kernel: the ENTRY note is missing");
    if (l->xen_version[0] && strcmp(l->xen_version, "xen-3.0"))
        return refuse(l, NULL, "PV kernel for another interface than xen-3.0");
    if (l->loader[0] && strcmp(l->loader, "generic"))
        return refuse(l, NULL, "PV kernel for another loader than generic");
    return 0;
}

/* The whole of [start, start + size) lies in one half and outside of the hypervisor's hole. */
static bool guest_range_ok(uint64_t start, uint64_t size)
{
    if (size > UINT64_MAX - start)
        return false;
    return start + size <= VADDR_LIMIT_LOW || (start >= VADDR_KERNEL && start + size >= start);
}

static int load_segment(struct loader *l, const Elf64_Phdr *ph)
{
    struct image *im = l->im;
    struct image_segment *seg = &im->segments[im->nr_segments];
    uint64_t offset = l->paddr_offset;

    if (!range_ok(l, ph->p_offset, ph->p_filesz))
        return truncated(l, ph->p_offset + ph->p_filesz, l->len);
    if (ph->p_filesz > ph->p_memsz || ph->p_memsz > IMAGE_FILE_MAX)
        return refuse(l, NULL, "damaged kernel: a segment has impossible sizes");
    if (im->nr_segments == IMAGE_SEGMENTS_MAX)
        return refuse(l, NULL, "kernel has too many segments");
    if (ph->p_paddr < offset)
        return refuse(l, NULL, "damaged kernel: a segment lies below the physical base");
    seg->vaddr = ph->p_paddr - offset + im->virt_base;
    if (seg->vaddr < im->virt_base || !guest_range_ok(seg->vaddr, ph->p_memsz) ||
        seg->vaddr - im->virt_base > (1ull << 40))
        return refuse(l, NULL, "damaged kernel: a segment has an impossible address");
    seg->mem_size = ph->p_memsz;
    seg->file_size = ph->p_filesz;
    seg->data = l->data + ph->p_offset;
    if (seg->vaddr < im->vstart)
        im->vstart = seg->vaddr;
    if (seg->vaddr + seg->mem_size > im->vend)
        im->vend = seg->vaddr + seg->mem_size;
    im->nr_segments++;
    return 0;
}

static bool in_kernel(const struct image *im, uint64_t vaddr, uint64_t size)
{
    return vaddr >= im->vstart && vaddr < im->vend && size <= im->vend - vaddr;
}

static int judge_addresses(struct loader *l)
{
    struct image *im = l->im;

    if (!im->nr_segments)
        return refuse(l, NULL, "damaged kernel: nothing to load in it");
    if (im->vend - im->vstart > IMAGE_FILE_MAX)
        return refuse(l, NULL, "damaged kernel: its segments lie too far apart");
    im->entry = l->note_entry;
    if (!in_kernel(im, im->entry, 1))
        return refuse(l, NULL, "damaged kernel: the entry lies outside of it");
    if (im->virt_base & 0xfff)
        return refuse(l, NULL, "damaged kernel: the virtual base is not page-aligned");
    if (im->hypercall_page != IMAGE_NO_ADDRESS &&
        ((im->hypercall_page & 0xfff) || !in_kernel(im, im->hypercall_page, 4096)))
        return refuse(l, NULL, "damaged kernel: the hypercall page lies outside of it");
    if (im->init_p2m != IMAGE_NO_ADDRESS &&
        ((im->init_p2m & 0x1fffff) || !guest_range_ok(im->init_p2m, 1ull << 36)))
        return refuse(l, NULL, "damaged kernel: impossible address for the p2m list");
    return 0;
}

static int elf_read(struct loader *l)
{
    Elf64_Ehdr eh;
    unsigned int i;

    if (check_header(l, &eh) || collect_notes(l, &eh) || judge_notes(l))
        return -1;
    for (i = 0; i < eh.e_phnum; i++) {
        Elf64_Phdr ph = phdr_at(l, &eh, i);

        if (ph.p_type == PT_LOAD && ph.p_memsz && load_segment(l, &ph))
            return -1;
    }
    return judge_addresses(l);
}

/* ---- bzImage and packed files */

#define BZ_SETUP_SECTS    0x1f1
#define BZ_BOOT_FLAG      0x1fe
#define BZ_HEADER         0x202
#define BZ_VERSION        0x206
#define BZ_PAYLOAD_OFFSET 0x248
#define BZ_PAYLOAD_LENGTH 0x24c
#define BZ_HEADER_END     0x250

static bool is_bzimage(const uint8_t *file, size_t len)
{
    return len >= BZ_HEADER_END && !memcmp(file + BZ_HEADER, "HdrS", 4) &&
           file[BZ_BOOT_FLAG] == 0x55 && file[BZ_BOOT_FLAG + 1] == 0xaa;
}

/* Narrows *@file to the payload of a bzImage. */
static int take_payload(struct loader *l, const uint8_t **file, size_t *len)
{
    const uint8_t *p = *file;
    uint64_t sects = p[BZ_SETUP_SECTS] ? p[BZ_SETUP_SECTS] : 4;
    uint64_t start = (sects + 1) * 512 + le32(p + BZ_PAYLOAD_OFFSET);
    uint64_t size = le32(p + BZ_PAYLOAD_LENGTH);

    if ((p[BZ_VERSION] | p[BZ_VERSION + 1] << 8) < 0x208)
        return refuse(l, "use a kernel newer than 2.6.24",
                      "bzImage of a boot protocol older than 2.08");
    if (!size)
        return refuse(l, NULL, "damaged kernel: the bzImage has no payload");
    if (start + size > *len)
        return truncated(l, start + size, *len);
    *file = p + start;
    *len = size;
    return 0;
}

static int unpack(struct loader *l, const uint8_t *file, size_t len)
{
    enum compression kind = compression_of(file, len, &l->im->compression);
    int rc;

    if (kind == COMPRESSION_NONE) {
        l->data = file;
        l->len = len;
        return 0;
    }
    rc = decompress(kind, file, len, IMAGE_FILE_MAX, &l->im->owned, &l->len);
    if (rc == -ENOTSUP)
        return err_set(l->e, STATUS_USAGE, l->path, "gzip, xz, zstd and lz4 are supported",
                       "kernel is compressed with %s", l->im->compression);
    if (rc == -ENOMEM)
        return err_set(l->e, STATUS_RESOURCES, l->path, "give dom0 more memory",
                       "out of memory while unpacking the kernel");
    if (rc == -E2BIG)
        return err_set(l->e, STATUS_USAGE, l->path, NULL, "kernel unpacks to more than %u MiB",
                       IMAGE_FILE_MAX >> 20);
    if (rc)
        return err_set(l->e, STATUS_USAGE, l->path, "copy the file again",
                       "kernel is truncated or damaged: its %s data does not unpack",
                       l->im->compression);
    l->data = l->im->owned;
    return 0;
}

int image_load(struct image *im, const uint8_t *file, size_t len, const char *path, struct err *e)
{
    struct loader l = {.im = im, .path = path, .e = e};
    int rc = 0;

    memset(im, 0, sizeof(*im));
    im->vstart = UINT64_MAX;
    im->hypercall_page = im->init_p2m = IMAGE_NO_ADDRESS;
    im->compression = "none";
    if (is_bzimage(file, len))
        rc = take_payload(&l, &file, &len);
    if (!rc)
        rc = unpack(&l, file, len);
    if (!rc && (l.len < SELFMAG || memcmp(l.data, ELFMAG, SELFMAG)))
        rc = refuse(&l, "a bzImage or an ELF file is needed", "not a kernel");
    if (!rc)
        rc = elf_read(&l);
    if (rc)
        image_free(im);
    return rc;
}

void image_free(struct image *im)
{
    free(im->owned);
    memset(im, 0, sizeof(*im));
}
