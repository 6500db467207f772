/* SPDX-License-Identifier: GPL-2.0-only */
/* ELF cores of guests: see the header. */
#include "dom0-tools/lib/core.h"

#include <ctype.h>
#include <elf.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "pv-abi/shared_info.h"
#include "pv-abi/x86.h"

#define PTE_PRESENT 0x001ull
#define PTE_PS      0x080ull     /* no PV guest has such pages */
#define MFN_LIMIT   (1ull << 32) /* 16 TiB; p2m entries above are marks, not frames */

/* Kernels stand outside the lower half and the hypervisor's hole. */
#define SLOT_KERNEL      272
#define SLOT_LAST        511
#define ALIASES_MAX      8 /* addresses of one frame: Linux has the page of a stack at thousands */
#define KERNEL_LOADS_MAX (CORE_LOADS_MAX - 10000) /* the rest is for frames not reached */

/* ---- tables of the guest */

static uint64_t entry_mfn(uint64_t entry)
{
    return entry >> 12 & ((1ull << 40) - 1);
}

static bool is_table(uint64_t entry)
{
    return (entry & (PTE_PRESENT | PTE_PS)) == PTE_PRESENT;
}

/* A walk through tables: what it does with a page, and what is left of its budget. */
struct walk {
    struct core *c;
    int (*page)(struct walk *w, uint64_t vaddr, uint64_t mfn); /* 0, or ends the walk */
    size_t tables, pages;
};

/* Linux needs a table for 512 pages, and maps the most of them once. */
static struct walk walk_begin(struct core *c,
                              int (*page)(struct walk *w, uint64_t vaddr, uint64_t mfn))
{
    return (struct walk){
        .c = c, .page = page, .tables = c->pages * 2 + 1024, .pages = c->pages * 8 + 65536};
}

/* Index of a frame of the guest's, or -1. */
static int64_t find_frame(const struct core *c, uint64_t mfn)
{
    size_t low = 0, high = c->nr_frames;

    while (low < high) {
        size_t middle = low + (high - low) / 2;

        if (c->frames[c->by_mfn[middle]].mfn < mfn)
            low = middle + 1;
        else
            high = middle;
    }
    if (low == c->nr_frames || c->frames[c->by_mfn[low]].mfn != mfn)
        return -1;
    return c->by_mfn[low];
}

/* Once more through a table that many others name? */
static bool may_walk(const struct core *c, uint64_t mfn)
{
    int64_t index = c->walked ? find_frame(c, mfn) : -1;

    if (index < 0)
        return true;
    if (c->walked[index] == ALIASES_MAX)
        return false;
    c->walked[index]++;
    return true;
}

/* Recursion ends at level 1, also where tables name themselves or each other. */
static int walk_table(struct walk *w, int level, uint64_t mfn, uint64_t vaddr, unsigned int from,
                      unsigned int to)
{
    unsigned int shift = 12 + 9 * ((unsigned int)level - 1), i;
    uint64_t table[CORE_ENTRIES];
    int rc = 0;

    if (!w->tables)
        return 1;
    if (!may_walk(w->c, mfn))
        return 0;
    w->tables--;
    if (!w->c->read(w->c->arg, mfn, table))
        return 0;
    for (i = from; !rc && i <= to; i++) {
        uint64_t at = vaddr | (uint64_t)i << shift;

        if (level > 1 && is_table(table[i])) {
            rc = walk_table(w, level - 1, entry_mfn(table[i]), at, 0, CORE_ENTRIES - 1);
        } else if (level == 1 && table[i] & PTE_PRESENT) {
            if (!w->pages)
                return 1;
            w->pages--;
            rc = w->page(w, at, entry_mfn(table[i]));
        }
    }
    return rc;
}

/* The top slot first: kernels have themselves there, and the budget may not reach all. */
static int walk_kernel(struct walk *w, uint64_t root)
{
    uint64_t half = 0xffff000000000000;
    int rc = walk_table(w, 4, root, half, SLOT_LAST, SLOT_LAST);

    return rc ? rc : walk_table(w, 4, root, half, SLOT_KERNEL, SLOT_LAST - 1);
}

/* One address after the other, with the tables of the last one kept. */
struct lookup {
    struct core *c;
    bool valid[5];
    uint64_t mfn[5];
    uint64_t table[5][CORE_ENTRIES];
};

static bool lookup_page(struct lookup *l, uint64_t root, uint64_t vaddr, uint64_t *mfn)
{
    uint64_t at = root;
    int level;

    for (level = 4; level; level--) {
        uint64_t entry;

        if (!l->valid[level] || l->mfn[level] != at) {
            l->mfn[level] = at;
            l->valid[level] = l->c->read(l->c->arg, at, l->table[level]);
        }
        if (!l->valid[level])
            return false;
        entry = l->table[level][vaddr >> (12 + 9 * (level - 1)) & (CORE_ENTRIES - 1)];
        if (level > 1 ? !is_table(entry) : !(entry & PTE_PRESENT))
            return false;
        at = entry_mfn(entry);
    }
    *mfn = at;
    return true;
}

/* ---- frames */

static int by_mfn_then_pfn(const void *a, const void *b)
{
    const struct core_frame *x = a, *y = b;

    if (x->mfn != y->mfn)
        return x->mfn < y->mfn ? -1 : 1;
    return x->pfn < y->pfn ? -1 : x->pfn > y->pfn;
}

static int by_pfn(const void *a, const void *b)
{
    const struct core_frame *x = a, *y = b;

    return x->pfn < y->pfn ? -1 : x->pfn > y->pfn;
}

static int index_by_mfn(const void *a, const void *b, void *arg)
{
    const struct core_frame *frames = arg;
    uint32_t x = frames[*(const uint32_t *)a].mfn, y = frames[*(const uint32_t *)b].mfn;

    return x < y ? -1 : x > y;
}

/* Each frame once, under its first pfn, in the order of pfns, and no more than the guest has. */
static int settle_frames(struct core *c)
{
    size_t i, n = 0;

    qsort(c->frames, c->nr_frames, sizeof(*c->frames), by_mfn_then_pfn);
    for (i = 0; i < c->nr_frames; i++)
        if (!i || c->frames[i].mfn != c->frames[i - 1].mfn)
            c->frames[n++] = c->frames[i];
    qsort(c->frames, n, sizeof(*c->frames), by_pfn);
    c->nr_frames = n < c->pages ? n : c->pages;
    c->by_mfn = malloc((c->nr_frames + 1) * sizeof(*c->by_mfn));
    c->reached = calloc(c->nr_frames + 1, 1);
    c->walked = calloc(c->nr_frames + 1, 1);
    if (!c->by_mfn || !c->reached || !c->walked)
        return -ENOMEM;
    for (i = 0; i < c->nr_frames; i++)
        c->by_mfn[i] = (uint32_t)i;
    qsort_r(c->by_mfn, c->nr_frames, sizeof(*c->by_mfn), index_by_mfn, c->frames);
    return 0;
}

/* The frame that holds page @n of the p2m: by address, or by lists of lists of frames. */
static bool find_p2m_page(struct lookup *l, const struct arch_shared_info *told, uint64_t n,
                          uint64_t *mfn)
{
    if (told->p2m_cr3)
        return lookup_page(l, told->p2m_cr3 >> 12, told->p2m_vaddr + n * CORE_PAGE, mfn);
    if (n >= CORE_ENTRIES * CORE_ENTRIES)
        return false;
    *mfn = told->pfn_to_mfn_frame_list_list;
    if (!l->valid[4])
        l->valid[4] = l->c->read(l->c->arg, *mfn, l->table[4]);
    if (!l->valid[4])
        return false;
    *mfn = l->table[4][n / CORE_ENTRIES];
    if (!l->valid[3] || l->mfn[3] != *mfn) {
        l->mfn[3] = *mfn;
        l->valid[3] = l->c->read(l->c->arg, *mfn, l->table[3]);
    }
    *mfn = l->table[3][n % CORE_ENTRIES];
    return l->valid[3];
}

static int frames_by_p2m(struct core *c, const struct arch_shared_info *told, uint64_t max_pfn)
{
    struct lookup *l = calloc(1, sizeof(*l));
    uint64_t end = told->max_pfn < max_pfn ? told->max_pfn : max_pfn, pfn, mfn, i;

    if (!l)
        return -ENOMEM;
    l->c = c;
    if (end > MFN_LIMIT)
        end = MFN_LIMIT;
    for (pfn = 0; pfn < end && c->nr_frames < c->pages; pfn += CORE_ENTRIES) {
        uint64_t page[CORE_ENTRIES];

        if (!find_p2m_page(l, told, pfn / CORE_ENTRIES, &mfn) || !c->read(c->arg, mfn, page))
            continue;
        for (i = 0; i < CORE_ENTRIES && pfn + i < end && c->nr_frames < c->pages; i++)
            if (page[i] && page[i] < MFN_LIMIT)
                c->frames[c->nr_frames++] =
                    (struct core_frame){(uint32_t)page[i], (uint32_t)(pfn + i)};
    }
    free(l);
    return 0;
}

static int collect_page(struct walk *w, uint64_t vaddr, uint64_t mfn)
{
    struct core *c = w->c;

    (void)vaddr;
    if (mfn >= MFN_LIMIT)
        return 0;
    c->frames[c->nr_frames] = (struct core_frame){(uint32_t)mfn, (uint32_t)c->nr_frames};
    return ++c->nr_frames >= c->pages * 2;
}

static int frames_by_tables(struct core *c, uint64_t root)
{
    struct walk w = walk_begin(c, collect_page);
    struct core_frame *grown;
    size_t i;
    int rc;

    /* Kernels map some of their frames twice, and they are met so. */
    grown = realloc(c->frames, (c->pages * 2 + 1) * sizeof(*c->frames));
    if (!grown)
        return -ENOMEM;
    c->frames = grown;
    walk_kernel(&w, root);
    rc = settle_frames(c);
    for (i = 0; i < c->nr_frames; i++)
        c->frames[i].pfn = (uint32_t)i;
    return rc;
}

int core_init(struct core *c, size_t pages, core_read_fn *read, void *arg)
{
    *c = (struct core){.read = read, .arg = arg, .pages = pages};
    c->frames = malloc((pages + 1) * sizeof(*c->frames));
    return c->frames ? 0 : -ENOMEM;
}

void core_free(struct core *c)
{
    free(c->frames);
    free(c->by_mfn);
    free(c->reached);
    free(c->walked);
    free(c->loads);
}

int core_find_frames(struct core *c, const struct arch_shared_info *told, uint64_t max_pfn,
                     uint64_t root)
{
    int rc = frames_by_p2m(c, told, max_pfn);

    if (!rc)
        rc = c->nr_frames ? settle_frames(c) : frames_by_tables(c, root);
    if (!rc && !c->nr_frames)
        rc = -ENOENT;
    return rc;
}

/* ---- loads */

/* The next page of a load, or a load of its own. -ENOMEM; -E2BIG: as many as there may be. */
static int add_page(struct core *c, uint64_t vaddr, uint32_t index, size_t max)
{
    struct core_load *last = c->nr_loads ? &c->loads[c->nr_loads - 1] : NULL;

    if (last && vaddr == last->vaddr + (uint64_t)last->count * CORE_PAGE &&
        index == last->first + last->count &&
        c->frames[index].pfn == c->frames[index - 1].pfn + 1) {
        last->count++;
        return 0;
    }
    if (c->nr_loads >= max)
        return -E2BIG;
    if (c->nr_loads == c->max_loads) {
        size_t more = c->max_loads ? c->max_loads * 2 : 256;
        struct core_load *grown = realloc(c->loads, more * sizeof(*grown));

        if (!grown)
            return -ENOMEM;
        c->loads = grown;
        c->max_loads = more;
    }
    c->loads[c->nr_loads++] = (struct core_load){vaddr, index, 1};
    return 0;
}

static int load_page(struct walk *w, uint64_t vaddr, uint64_t mfn)
{
    int64_t index = find_frame(w->c, mfn);

    if (index < 0) /* of another domain, or the hypervisor's */
        return 0;
    if (w->c->reached[index] == ALIASES_MAX)
        return 0;
    w->c->reached[index]++;
    return add_page(w->c, vaddr, (uint32_t)index, KERNEL_LOADS_MAX);
}

static int by_vaddr(const void *a, const void *b)
{
    const struct core_load *x = a, *y = b;

    return x->vaddr < y->vaddr ? -1 : x->vaddr > y->vaddr;
}

int core_find_loads(struct core *c, uint64_t root)
{
    struct walk w = walk_begin(c, load_page);
    int rc = walk_kernel(&w, root);
    size_t i;

    for (i = 0; rc != -ENOMEM && i < c->nr_frames; i++)
        if (!c->reached[i]) {
            rc = add_page(c, (uint64_t)c->frames[i].pfn * CORE_PAGE, (uint32_t)i, CORE_LOADS_MAX);
            if (rc)
                break;
        }
    if (rc == -ENOMEM)
        return rc;
    qsort(c->loads, c->nr_loads, sizeof(*c->loads), by_vaddr);
    return 0;
}

/* ---- headers */

void core_vcpu_fill(struct core_vcpu *v, uint32_t id, const struct vcpu_guest_context *c)
{
    const struct cpu_user_regs *r = &c->user_regs;
    bool in_kernel = c->flags & VGCF_in_kernel;
    /* The order of struct user_regs_struct. */
    const unsigned long long regs[ELF_NGREG] = {
        r->r15,
        r->r14,
        r->r13,
        r->r12,
        r->rbp,
        r->rbx,
        r->r11,
        r->r10,
        r->r9,
        r->r8,
        r->rax,
        r->rcx,
        r->rdx,
        r->rsi,
        r->rdi,
        ~0ull /* no system call */,
        r->rip,
        r->cs,
        r->rflags,
        r->rsp,
        r->ss,
        c->fs_base,
        in_kernel ? c->gs_base_kernel : c->gs_base_user,
        r->ds,
        r->es,
        r->fs,
        r->gs,
    };

    memset(v, 0, sizeof(*v));
    v->status.pr_pid = (pid_t)id + 1;
    v->status.pr_fpvalid = v->has_fpu = c->flags & VGCF_i387_valid;
    memcpy(&v->status.pr_reg, regs, sizeof(regs));
    memcpy(v->fpu, &c->fpu_ctxt, sizeof(v->fpu));
}

static uint8_t *put_note(uint8_t *p, uint32_t type, const void *data, size_t len)
{
    static const char name[8] = "CORE";
    Elf64_Nhdr n = {.n_namesz = 5, .n_descsz = (uint32_t)len, .n_type = type};

    memcpy(p, &n, sizeof(n));
    memcpy(p + sizeof(n), name, sizeof(name));
    memcpy(p + sizeof(n) + sizeof(name), data, len);
    return p + sizeof(n) + sizeof(name) + ((len + 3) & ~(size_t)3);
}

static size_t note_size(size_t len)
{
    return sizeof(Elf64_Nhdr) + 8 + ((len + 3) & ~(size_t)3);
}

static size_t notes_size(const struct core_vcpu *vcpus, size_t nr_vcpus)
{
    size_t i, size = note_size(sizeof(struct elf_prpsinfo));

    for (i = 0; i < nr_vcpus; i++)
        size += note_size(sizeof(vcpus[i].status)) +
                (vcpus[i].has_fpu ? note_size(sizeof(vcpus[i].fpu)) : 0);
    return size;
}

static void put_notes(uint8_t *p, const struct core_vcpu *vcpus, size_t nr_vcpus, const char *name)
{
    struct elf_prpsinfo info = {.pr_sname = 'R', .pr_pid = 1};
    static const char what[] = "Pavo guest ";
    size_t i, len = strlen(name);

    memcpy(info.pr_fname, name, len < sizeof(info.pr_fname) ? len : sizeof(info.pr_fname) - 1);
    memcpy(info.pr_psargs, what, sizeof(what));
    strncat(info.pr_psargs, name, sizeof(info.pr_psargs) - sizeof(what));
    for (i = 0; i < nr_vcpus; i++) {
        p = put_note(p, NT_PRSTATUS, &vcpus[i].status, sizeof(vcpus[i].status));
        if (!i)
            p = put_note(p, NT_PRPSINFO, &info, sizeof(info));
        if (vcpus[i].has_fpu)
            p = put_note(p, NT_FPREGSET, vcpus[i].fpu, sizeof(vcpus[i].fpu));
    }
}

int core_headers(const struct core *c, const struct core_vcpu *vcpus, size_t nr_vcpus,
                 const char *name, uint8_t **headers, size_t *headers_len)
{
    size_t notes_at = sizeof(Elf64_Ehdr) + (c->nr_loads + 1) * sizeof(Elf64_Phdr);
    size_t notes_len = notes_size(vcpus, nr_vcpus), i;
    size_t len = (notes_at + notes_len + CORE_PAGE - 1) & ~(size_t)(CORE_PAGE - 1);
    uint8_t *p = calloc(1, len);
    Elf64_Phdr ph = {.p_type = PT_NOTE, .p_offset = notes_at, .p_filesz = notes_len};
    Elf64_Ehdr eh = {.e_ident = {ELFMAG0, ELFMAG1, ELFMAG2, ELFMAG3, ELFCLASS64, ELFDATA2LSB,
                                 EV_CURRENT, ELFOSABI_NONE},
                     .e_type = ET_CORE,
                     .e_machine = EM_X86_64,
                     .e_version = EV_CURRENT,
                     .e_phoff = sizeof(eh),
                     .e_ehsize = sizeof(eh),
                     .e_phentsize = sizeof(ph),
                     .e_phnum = (uint16_t)(c->nr_loads + 1)};

    if (!p)
        return -ENOMEM;
    memcpy(p, &eh, sizeof(eh));
    memcpy(p + sizeof(eh), &ph, sizeof(ph));
    for (i = 0; i < c->nr_loads; i++) {
        const struct core_load *l = &c->loads[i];

        ph = (Elf64_Phdr){.p_type = PT_LOAD,
                          .p_flags = PF_R | PF_W | PF_X,
                          .p_offset = len + (uint64_t)l->first * CORE_PAGE,
                          .p_vaddr = l->vaddr,
                          .p_paddr = (uint64_t)c->frames[l->first].pfn * CORE_PAGE,
                          .p_filesz = (uint64_t)l->count * CORE_PAGE,
                          .p_memsz = (uint64_t)l->count * CORE_PAGE,
                          .p_align = CORE_PAGE};
        memcpy(p + sizeof(eh) + (i + 1) * sizeof(ph), &ph, sizeof(ph));
    }
    put_notes(p + notes_at, vcpus, nr_vcpus, name);
    *headers = p;
    *headers_len = len;
    return 0;
}

/* ---- where cores stand that nobody named */

#define TIME_LEN 16 /* of 20261231T235959Z */
#define SUFFIX   ".core"

void core_path(char path[CORE_PATH_MAX], const char *name, int64_t when)
{
    time_t t = (time_t)when;
    char text[24];
    struct tm tm;

    gmtime_r(&t, &tm);
    strftime(text, sizeof(text), "%Y%m%dT%H%M%SZ", &tm);
    snprintf(path, CORE_PATH_MAX, CORE_FOLDER "/%.80s-%.20s" SUFFIX, name, text);
}

bool core_is_of(const char *file, const char *name)
{
    size_t len = strlen(name), i;

    if (strncmp(file, name, len) || file[len] != '-' ||
        strlen(file) != len + 1 + TIME_LEN + strlen(SUFFIX))
        return false;
    file += len + 1;
    for (i = 0; i < TIME_LEN; i++)
        if (i == 8 ? file[i] != 'T' : i == 15 ? file[i] != 'Z' : !isdigit((unsigned char)file[i]))
            return false;
    return !strcmp(file + TIME_LEN, SUFFIX);
}
