/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The machine's identity. Only what is the same under every hypervisor goes into it: the SMBIOS table of
 * the firmware, which dom0 reads where plain Linux does, and the CPU's name. What a kernel counts for
 * itself (its CPUs, its memory) differs between dom0 and Linux, and is only used without that table.
 *
 * Source: SMBIOS reference specification (DSP0134), structures 1, 4 and 17.
 */
#include "dom0-tools/lib/machine.h"

#include <cpuid.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/sysinfo.h>

#define SMBIOS_TABLE "/sys/firmware/dmi/tables/DMI"

uint64_t fnv1a(uint64_t hash, const void *data, size_t len)
{
    const uint8_t *p = data;

    while (len--)
        hash = (hash ^ *p++) * 0x100000001b3ull;
    return hash;
}

/* ---- SMBIOS */

/* One structure: its fixed part, and the strings that follow it, up to @end. */
struct structure {
    const uint8_t *at, *end;
    uint8_t len;
};

static unsigned int word(const uint8_t *p)
{
    return p[0] | (unsigned int)p[1] << 8;
}

/* String number @n (from 1) of the structure, "" without one. */
static const char *string(const struct structure *s, unsigned int n)
{
    const uint8_t *p = s->at + s->len;

    while (n && p < s->end && *p) {
        if (!--n)
            return (const char *)p;
        p += strlen((const char *)p) + 1;
    }
    return "";
}

/* System: who made it, what it is, its UUID unless all its bytes are alike. */
static void system_structure(struct machine *m, const struct structure *s)
{
    size_t i;

    if (s->len < 0x08)
        return;
    snprintf(m->product, sizeof(m->product), "%s %s", string(s, s->at[4]), string(s, s->at[5]));
    if (s->len < 0x18 || !memcmp(s->at + 8, s->at + 9, 15))
        return;
    for (i = 0; i < 16; i++)
        snprintf(m->uuid + 2 * i, 3, "%02x", s->at[8 + i]);
}

/* A processor: its threads. A count of 255 stands in a wider field behind. */
static unsigned int threads(const struct structure *s)
{
    unsigned int n = s->len > 0x25 ? s->at[0x25] : 1;

    if (!(s->at[0x18] & 0x40)) /* an empty socket */
        return 0;
    if (n == 0xff && s->len >= 0x30)
        n = word(s->at + 0x2e);
    return n ? n : 1;
}

/* A memory device: MiB; 0 for an empty slot or one of unknown size. */
static uint64_t device_mib(const struct structure *s)
{
    unsigned int size = word(s->at + 0x0c);

    if (size == 0xffff)
        return 0;
    if (size == 0x7fff)
        return s->len >= 0x20 ? word(s->at + 0x1c) | (uint64_t)(word(s->at + 0x1e) & 0x7fff) << 16
                              : 0;
    return size & 0x8000 ? (size & 0x7fff) / 1024 : size;
}

/* The structure at @p: false if the table ends within it. Its strings end with an empty one. */
static bool structure_at(struct structure *s, const uint8_t *p, const uint8_t *end)
{
    const uint8_t *q;

    if (end - p < 4 || p[1] < 4 || end - p < p[1] + 2)
        return false;
    for (q = p + p[1]; q + 1 < end; q++)
        if (!q[0] && !q[1]) {
            *s = (struct structure){p, q + 2, p[1]};
            return true;
        }
    return false;
}

void machine_from_smbios(struct machine *m, const uint8_t *data, size_t len)
{
    const uint8_t *end = data + len, *p = data;
    unsigned int cpus = 0;
    struct structure s;
    uint64_t mib = 0;

    while (p < end && structure_at(&s, p, end)) {
        if (p[0] == 1)
            system_structure(m, &s);
        else if (p[0] == 4 && s.len > 0x18)
            cpus += threads(&s);
        else if (p[0] == 17 && s.len > 0x0d)
            mib += device_mib(&s);
        p = s.end;
    }
    if (cpus)
        m->cpus = cpus;
    if (mib)
        m->memory_mib = mib;
}

/* ---- this machine */

/* The brand string of CPUID, without the blanks around it. */
static void read_cpu(char name[64])
{
    unsigned int regs[12] = {0}, i, max, unused;
    char text[49] = "", *from = text;

    if (__get_cpuid(0x80000000, &max, &unused, &unused, &unused) && max >= 0x80000004)
        for (i = 0; i < 3; i++)
            __get_cpuid(0x80000002 + i, regs + 4 * i, regs + 4 * i + 1, regs + 4 * i + 2,
                        regs + 4 * i + 3);
    memcpy(text, regs, 48);
    while (*from == ' ')
        from++;
    for (i = (unsigned int)strlen(from); i && from[i - 1] == ' '; i--)
        from[i - 1] = '\0';
    snprintf(name, 64, "%s", *from ? from : "unknown");
}

/* Who says in CPUID that it runs this machine, read plainly, as a program of dom0 can. */
static const char *read_accel(void)
{
    unsigned int a, b, c, d;
    char name[13] = "";

    if (!__get_cpuid(1, &a, &b, &c, &d) || !(c & 1u << 31))
        return "none";
    __cpuid(0x40000000, a, b, c, d);
    memcpy(name, &b, 4);
    memcpy(name + 4, &c, 4);
    memcpy(name + 8, &d, 4);
    return !strcmp(name, "TCGTCGTCGTCG") ? "tcg" : !strcmp(name, "KVMKVMKVM") ? "kvm" : "none";
}

void machine_identify(struct machine *m)
{
    char all[384];
    int n;

    /* Only that it is translated: a hypervisor may hide from dom0 that KVM runs it. */
    n = snprintf(all, sizeof(all), "%s|%s|%s|%u|%" PRIu64 "|%d", m->cpu, m->product, m->uuid,
                 m->cpus, m->memory_mib, !strcmp(m->accel, "tcg"));
    snprintf(m->id, sizeof(m->id), "%016" PRIx64, fnv1a(FNV_START, all, (size_t)n));
}

void machine_read(struct machine *m)
{
    static uint8_t
        table[1 << 16]; /* an SMBIOS 2 table is no longer; of a longer one, its beginning */
    FILE *f = fopen(SMBIOS_TABLE, "re");
    struct sysinfo si = {0};

    sysinfo(&si);
    *m = (struct machine){
        .product = "unknown", .accel = read_accel(), .cpus = (unsigned int)get_nprocs()};
    m->memory_mib = (uint64_t)si.totalram * si.mem_unit >> 20;
    read_cpu(m->cpu);
    if (f) {
        machine_from_smbios(m, table, fread(table, 1, sizeof(table), f));
        fclose(f);
    }
    machine_identify(m);
}
