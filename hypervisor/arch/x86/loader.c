/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the loader left in memory: command line, modules, memory map. Everything is copied at once,
 * while only the first 4 GiB are mapped, one to one. One small function for each loader's format.
 * ABI: pv-abi/multiboot.h, pv-abi/pvh.h.
 */
#include <asm/boot.h>
#include <asm/machine.h>
#include <hv/lib.h>
#include <pv-abi/multiboot.h>
#include <pv-abi/pvh.h>

struct boot_info boot_info;
struct xen_e820entry e820[128];
unsigned int nr_e820;

static const void *low(maddr_t a)
{
    return (const void *)a;
}

static void add_memory(uint64_t addr, uint64_t size, uint32_t type)
{
    if (nr_e820 < ARRAY_SIZE(e820) && size)
        e820[nr_e820++] = (struct xen_e820entry){addr, size, type};
}

static void add_module(maddr_t start, maddr_t end, const char *cmdline)
{
    struct boot_module *m;

    if (boot_info.nr_modules == ARRAY_SIZE(boot_info.module))
        return;
    m = &boot_info.module[boot_info.nr_modules++];
    m->start = start;
    m->end = end;
    strlcpy(m->cmdline, cmdline, sizeof(m->cmdline));
}

/* Some loaders put the file's name before the arguments. */
static const char *skip_word(const char *s)
{
    while (*s == ' ')
        s++;
    while (*s && *s != ' ')
        s++;
    while (*s == ' ')
        s++;
    return s;
}

static void parse_multiboot(const struct multiboot_info *mbi)
{
    const struct multiboot_module *mod = low(mbi->mods_addr);
    bool has_names = !(mbi->flags & MULTIBOOT_INFO_BOOT_LOADER_NAME) ||
                     strncmp(low(mbi->boot_loader_name), "GRUB 2", 6) != 0;
    const char *s;

    if (mbi->flags & MULTIBOOT_INFO_CMDLINE) {
        s = low(mbi->cmdline);
        strlcpy(boot_info.cmdline, has_names ? skip_word(s) : s, sizeof(boot_info.cmdline));
    }
    if (mbi->flags & MULTIBOOT_INFO_MODS)
        for (unsigned int i = 0; i < mbi->mods_count; i++) {
            s = mod[i].cmdline ? low(mod[i].cmdline) : "";
            add_module(mod[i].mod_start, mod[i].mod_end, has_names ? skip_word(s) : s);
        }
    if (mbi->flags & MULTIBOOT_INFO_MEM_MAP) {
        for (uint32_t at = 0; at + sizeof(struct multiboot_mmap_entry) <= mbi->mmap_length;) {
            const struct multiboot_mmap_entry *m = low(mbi->mmap_addr + at);

            add_memory(m->addr, m->len, m->type);
            at += m->size + 4;
        }
    } else {
        add_memory(0, mbi->mem_lower * 1024ull, 1);
        add_memory(0x100000, mbi->mem_upper * 1024ull, 1);
    }
}

static void parse_pvh(const struct hvm_start_info *si)
{
    const struct hvm_modlist_entry *mod = low(si->modlist_paddr);
    const struct hvm_memmap_table_entry *map = low(si->memmap_paddr);

    if (si->cmdline_paddr)
        strlcpy(boot_info.cmdline, low(si->cmdline_paddr), sizeof(boot_info.cmdline));
    for (unsigned int i = 0; i < si->nr_modules; i++)
        add_module(mod[i].paddr, mod[i].paddr + mod[i].size,
                   mod[i].cmdline_paddr ? low(mod[i].cmdline_paddr) : "");
    if (si->version >= 1)
        for (unsigned int i = 0; i < si->memmap_entries; i++)
            add_memory(map[i].addr, map[i].size, map[i].type);
    boot_info.rsdp = si->rsdp_paddr;
}

/* For loaders that can't hand a module its command line: what stands behind a "--" of ours is dom0's. */
static void split_cmdline(void)
{
    for (char *s = boot_info.cmdline; *s; s++) {
        if ((s != boot_info.cmdline && s[-1] != ' ') || strncmp(s, "--", 2) ||
            (s[2] && s[2] != ' '))
            continue;
        if (boot_info.nr_modules && !*boot_info.module[0].cmdline)
            strlcpy(boot_info.module[0].cmdline, s + (s[2] ? 3 : 2),
                    sizeof(boot_info.module[0].cmdline));
        s[s > boot_info.cmdline ? -1 : 0] = 0;
        return;
    }
}

void loader_parse(uint32_t magic, maddr_t info)
{
    if (magic == BOOT_MAGIC_PVH)
        parse_pvh(low(info));
    else if (magic == BOOT_MAGIC_MULTIBOOT)
        parse_multiboot(low(info));
    split_cmdline();
}
