/* SPDX-License-Identifier: GPL-2.0-only */
#include <hv/errno.h>
#include <hv/lib.h>
#include <hv/pvimage.h>
#include <pv-abi/elfnote.h>

struct elf_header {
    uint8_t ident[16];
    uint16_t type, machine;
    uint32_t version;
    uint64_t entry, phoff, shoff;
    uint32_t flags;
    uint16_t ehsize, phentsize, phnum, shentsize, shnum, shstrndx;
};
struct elf_phdr {
    uint32_t type, flags;
    uint64_t offset, vaddr, paddr, filesz, memsz, align;
};
struct elf_shdr {
    uint32_t name, type;
    uint64_t flags, addr, offset, size;
    uint32_t link, info;
    uint64_t addralign, entsize;
};
struct elf_note {
    uint32_t namesz, descsz, type;
};
enum { ET_EXEC = 2, ET_DYN = 3, EM_X86_64 = 62, PT_LOAD = 1, PT_NOTE = 4, SHT_NOTE = 7 };

struct parse {
    const uint8_t *image;
    size_t size;
    struct elf_header eh;
    struct pv_image *out;
    const char *why;
    uint64_t paddr_offset, pstart, pend;
    bool has_entry, has_xen_note, needs_refused_feature;
};

static bool in_file(const struct parse *p, uint64_t offset, uint64_t len)
{
    return offset <= p->size && len <= p->size - offset;
}

static int fail(struct parse *p, const char *why)
{
    p->why = why;
    return -EINVAL;
}

static int read_header(struct parse *p)
{
    static const uint8_t ident[7] = {0x7f, 'E', 'L', 'F', 2, 1, 1};

    if (p->size < sizeof(p->eh) || memcmp(p->image, ident, 4))
        return fail(p, "not an ELF file");
    memcpy(&p->eh, p->image, sizeof(p->eh));
    if (memcmp(p->eh.ident, ident, sizeof(ident)) || p->eh.machine != EM_X86_64 ||
        (p->eh.type != ET_EXEC && p->eh.type != ET_DYN))
        return fail(p, "not an x86-64 ELF kernel");
    if (p->eh.phentsize != sizeof(struct elf_phdr) || !p->eh.phnum ||
        !in_file(p, p->eh.phoff, (uint64_t)p->eh.phnum * sizeof(struct elf_phdr)))
        return fail(p, "ELF program headers are damaged");
    return 0;
}

/* Segments by physical address: some (per-CPU data) have a virtual one that is no place to load them. */
static int read_segments(struct parse *p)
{
    struct pv_image *out = p->out;

    p->pstart = ~0ull;
    for (unsigned int i = 0; i < p->eh.phnum; i++) {
        struct elf_phdr ph;
        struct pv_segment *s;

        memcpy(&ph, p->image + p->eh.phoff + i * sizeof(ph), sizeof(ph));
        if (ph.type != PT_LOAD || ph.memsz == 0)
            continue;
        if (!in_file(p, ph.offset, ph.filesz) || ph.filesz > ph.memsz)
            return fail(p, "ELF segment outside of the file: truncated?");
        if (ph.paddr + ph.memsz < ph.paddr)
            return fail(p, "ELF segment wraps around");
        if (out->nr_segments == PV_MAX_SEGMENTS)
            return fail(p, "too many ELF segments");
        s = &out->segment[out->nr_segments++];
        *s = (struct pv_segment){ph.offset, ph.filesz, ph.paddr, ph.memsz};
        p->pstart = min(p->pstart, ph.paddr);
        p->pend = max(p->pend, ph.paddr + ph.memsz);
    }
    return out->nr_segments ? 0 : fail(p, "ELF file has nothing to load");
}

static const struct {
    const char *name;
    bool refused; /* PV guests are not given it */
} features[] = {
    {"writable_page_tables", false},   {"writable_descriptor_tables", false},
    {"auto_translated_physmap", true}, {"supervisor_mode_kernel", true},
    {"pae_pgdir_above_4gb", false},    {"dom0", false},
};

/* Names joined by '|'; one that starts with '!' is needed, the others do not matter. */
static int read_features(struct parse *p, const char *s, size_t n)
{
    size_t i = 0;

    while (i < n && s[i]) {
        bool required = s[i] == '!';
        size_t start = i + required, len = 0, f;

        while (start + len < n && s[start + len] && s[start + len] != '|')
            len++;
        for (f = 0; f < ARRAY_SIZE(features); f++)
            if (strlen(features[f].name) == len && !memcmp(features[f].name, s + start, len))
                break;
        if (required && f == ARRAY_SIZE(features))
            return fail(p, "kernel needs a feature that nobody knows");
        if (required)
            p->needs_refused_feature |= features[f].refused;
        i = start + len;
        if (i < n && s[i] == '|')
            i++;
    }
    return 0;
}

static int read_note(struct parse *p, uint32_t type, const uint8_t *desc, uint32_t n)
{
    struct pv_image *out = p->out;
    uint64_t v = 0;

    memcpy(&v, desc, n == 4 ? 4 : n >= 8 ? 8 : 0);
    p->has_xen_note = true;
    switch (type) {
    case XEN_ELFNOTE_ENTRY:
        out->entry = v;
        p->has_entry = true;
        break;
    case XEN_ELFNOTE_HYPERCALL_PAGE:
        out->hypercall_page = v;
        out->has_hypercall_page = true;
        break;
    case XEN_ELFNOTE_VIRT_BASE:
        out->virt_base = v;
        break;
    case XEN_ELFNOTE_PADDR_OFFSET:
        p->paddr_offset = v;
        break;
    case XEN_ELFNOTE_XEN_VERSION:
        if (n < 8 || memcmp(desc, "xen-3.0", 7))
            return fail(p, "kernel is for another version of the interface than xen-3.0");
        break;
    case XEN_ELFNOTE_GUEST_OS:
        memset(out->guest_os, 0, sizeof(out->guest_os));
        memcpy(out->guest_os, desc, min(n, sizeof(out->guest_os) - 1));
        break;
    case XEN_ELFNOTE_FEATURES:
        return read_features(p, (const char *)desc, n);
    case XEN_ELFNOTE_INIT_P2M:
        out->init_p2m = v;
        out->has_init_p2m = true;
        break;
    case XEN_ELFNOTE_MOD_START_PFN:
        out->mod_start_pfn = v != 0;
        break;
    }
    return 0;
}

static int read_notes(struct parse *p, uint64_t offset, uint64_t size)
{
    uint64_t end = offset + size;

    if (!in_file(p, offset, size))
        return fail(p, "ELF notes outside of the file: truncated?");
    while (end - offset >= sizeof(struct elf_note)) {
        struct elf_note n;
        uint64_t name, desc;

        memcpy(&n, p->image + offset, sizeof(n));
        name = offset + sizeof(n);
        desc = name + ROUND_UP((uint64_t)n.namesz, 4);
        offset = desc + ROUND_UP((uint64_t)n.descsz, 4);
        if (desc + n.descsz > end)
            return fail(p, "an ELF note is damaged");
        if (n.namesz == 4 && !memcmp(p->image + name, "Xen", 4)) {
            int rc = read_note(p, n.type, p->image + desc, n.descsz);

            if (rc)
                return rc;
        }
        if (offset > end)
            break;
    }
    return 0;
}

static int read_all_notes(struct parse *p)
{
    int rc;

    for (unsigned int i = 0; i < p->eh.phnum; i++) {
        struct elf_phdr ph;

        memcpy(&ph, p->image + p->eh.phoff + i * sizeof(ph), sizeof(ph));
        if (ph.type == PT_NOTE && (rc = read_notes(p, ph.offset, ph.filesz)))
            return rc;
    }
    if (p->has_xen_note || p->eh.shentsize != sizeof(struct elf_shdr) ||
        !in_file(p, p->eh.shoff, (uint64_t)p->eh.shnum * sizeof(struct elf_shdr)))
        return 0;
    for (unsigned int i = 0; i < p->eh.shnum; i++) {
        struct elf_shdr sh;

        memcpy(&sh, p->image + p->eh.shoff + i * sizeof(sh), sizeof(sh));
        if (sh.type == SHT_NOTE && (rc = read_notes(p, sh.offset, sh.size)))
            return rc;
    }
    return 0;
}

static bool in_kernel(const struct pv_image *out, uint64_t va)
{
    return va >= out->start && va < out->end;
}

/* From what the notes say (default 0 each): virtual address = physical - PADDR_OFFSET + VIRT_BASE. */
static int place(struct parse *p)
{
    struct pv_image *out = p->out;
    uint64_t shift;

    if (!p->has_xen_note)
        return fail(p, "no Xen ELF notes: not a PV kernel");
    if (!p->has_entry)
        out->entry = p->eh.entry;
    shift = out->virt_base - p->paddr_offset;
    for (unsigned int i = 0; i < out->nr_segments; i++)
        out->segment[i].va += shift;
    out->start = p->pstart + shift;
    out->end = p->pend + shift;
    if (out->virt_base & (PAGE_SIZE - 1))
        return fail(p, "VIRT_BASE is not page-aligned");
    if (out->start < out->virt_base || out->end < out->start)
        return fail(p, "kernel lies below its VIRT_BASE");
    if (!in_kernel(out, out->entry))
        return fail(p, "entry point outside of the kernel");
    if (out->has_hypercall_page &&
        ((out->hypercall_page & (PAGE_SIZE - 1)) || !in_kernel(out, out->hypercall_page) ||
         !in_kernel(out, out->hypercall_page + PAGE_SIZE - 1)))
        return fail(p, "hypercall page outside of the kernel");
    if (out->has_init_p2m && (out->init_p2m & (PAGE_SIZE - 1)))
        return fail(p, "INIT_P2M is not page-aligned");
    if (p->needs_refused_feature)
        return fail(p, "kernel needs a feature that PV guests are not given");
    return 0;
}

int pv_image_parse(const void *image, size_t size, struct pv_image *out, const char **why)
{
    struct parse p = {.image = image, .size = size, .out = out};
    int rc;

    memset(out, 0, sizeof(*out));
    rc = read_header(&p);
    if (!rc)
        rc = read_segments(&p);
    if (!rc)
        rc = read_all_notes(&p);
    if (!rc)
        rc = place(&p);
    if (rc && why)
        *why = p.why;
    return rc;
}
