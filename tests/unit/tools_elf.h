/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef TESTS_UNIT_TOOLS_ELF_H
#define TESTS_UNIT_TOOLS_ELF_H

/* Makes small kernels in memory: an ELF file with one segment and notes, and a bzImage around it. */

#include <elf.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "pv-abi/elfnote.h"

#define KERNEL_BASE  0xffffffff80000000ull
#define KERNEL_PADDR 0x1000000ull
#define KERNEL_TEXT  0x2000u /* bytes in the file */
#define KERNEL_MEM   0x5000u /* bytes in memory */

struct elf_file {
    uint8_t data[0x8000];
    size_t len, notes; /* notes: bytes so far */
    Elf64_Ehdr *eh;
    Elf64_Phdr *load, *note;
};

static inline void elf_add_note(struct elf_file *f, uint32_t type, const void *desc, uint32_t size)
{
    uint8_t *p = f->data + f->note->p_offset + f->notes;
    const uint32_t head[3] = {4, size, type};

    memcpy(p, head, 12);
    memcpy(p + 12, "Xen", 4);
    memcpy(p + 16, desc, size);
    f->notes += 16 + ((size + 3) & ~3u);
    f->note->p_filesz = f->notes;
}

static inline void elf_add_u64(struct elf_file *f, uint32_t type, uint64_t value)
{
    elf_add_note(f, type, &value, 8);
}

/* Without notes. */
static inline void elf_start(struct elf_file *f)
{
    memset(f, 0, sizeof(*f));
    f->eh = (Elf64_Ehdr *)f->data;
    f->load = (Elf64_Phdr *)(f->data + sizeof(*f->eh));
    f->note = f->load + 1;
    memcpy(f->eh->e_ident, ELFMAG, SELFMAG);
    f->eh->e_ident[EI_CLASS] = ELFCLASS64;
    f->eh->e_ident[EI_DATA] = ELFDATA2LSB;
    f->eh->e_type = ET_EXEC;
    f->eh->e_machine = EM_X86_64;
    f->eh->e_phoff = sizeof(*f->eh);
    f->eh->e_phnum = 2;
    f->eh->e_phentsize = sizeof(Elf64_Phdr);
    f->load->p_type = PT_LOAD;
    f->load->p_offset = 0x1000;
    f->load->p_paddr = KERNEL_PADDR;
    f->load->p_filesz = KERNEL_TEXT;
    f->load->p_memsz = KERNEL_MEM;
    f->note->p_type = PT_NOTE;
    f->note->p_offset = 0x800;
    memset(f->data + 0x1000, 0x90, KERNEL_TEXT);
    f->len = 0x1000 + KERNEL_TEXT;
}

/* With the notes of a Linux kernel. */
static inline void elf_linux(struct elf_file *f)
{
    elf_start(f);
    elf_add_note(f, XEN_ELFNOTE_GUEST_OS, "linux", 6);
    elf_add_note(f, XEN_ELFNOTE_XEN_VERSION, "xen-3.0", 8);
    elf_add_note(f, XEN_ELFNOTE_LOADER, "generic", 8);
    elf_add_u64(f, XEN_ELFNOTE_VIRT_BASE, KERNEL_BASE);
    elf_add_u64(f, XEN_ELFNOTE_PADDR_OFFSET, 0);
    elf_add_u64(f, XEN_ELFNOTE_ENTRY, KERNEL_BASE + KERNEL_PADDR + 0x10);
    elf_add_u64(f, XEN_ELFNOTE_INIT_P2M, 1ull << 39);
    elf_add_note(f, XEN_ELFNOTE_MOD_START_PFN, "\1\0\0\0", 4);
}

/* A bzImage with @payload; to be free()d. */
static inline uint8_t *bzimage(const uint8_t *payload, size_t len, size_t *out_len)
{
    const size_t start = 3 * 512 + 0x100;
    uint8_t *p = calloc(1, start + len + 512);
    uint32_t offset = 0x100, size = (uint32_t)len;

    p[0x1f1] = 2;
    p[0x1fe] = 0x55;
    p[0x1ff] = 0xaa;
    memcpy(p + 0x202, "HdrS", 4);
    p[0x206] = 0x0f;
    p[0x207] = 0x02;
    memcpy(p + 0x248, &offset, 4);
    memcpy(p + 0x24c, &size, 4);
    memcpy(p + start, payload, len);
    *out_len = start + len + 512;
    return p;
}

#endif
