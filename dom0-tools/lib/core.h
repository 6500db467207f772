/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef DOM0_TOOLS_LIB_CORE_H
#define DOM0_TOOLS_LIB_CORE_H

/*
 * ELF cores of guests, as pure logic: which frames a guest has, at which of its kernel's addresses each
 * of them stands, and the headers that say so. The file is
 *   headers    ELF header, one PT_NOTE, then a PT_LOAD for each run of addresses; notes
 *   frames     each once, in the order of their pfns, from headers_len on
 * so that several PT_LOADs may show the same part of the file. Memory that no kernel address reaches
 * stands at its guest-physical address.
 *
 * What the guest wrote (its p2m, its page tables) is hostile: each loop over it has a budget, each
 * frame is read through core_read_fn, which refuses what is not the guest's.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/procfs.h>

#define CORE_PAGE      4096
#define CORE_ENTRIES   512
#define CORE_LOADS_MAX 60000 /* an ELF file may have 65534 without further ado */

struct arch_shared_info;
struct vcpu_guest_context;

/* Copies the guest's frame @mfn to @page. False: it has none of that number. */
typedef bool core_read_fn(void *arg, uint64_t mfn, uint64_t page[CORE_ENTRIES]);

struct core_frame {
    uint32_t mfn, pfn;
};

struct core_load {
    uint64_t vaddr;
    uint32_t first, count; /* of core.frames */
};

struct core {
    core_read_fn *read;
    void *arg;
    size_t pages; /* that the guest has: no more frames are taken */
    struct core_frame *frames;
    size_t nr_frames;
    uint32_t *by_mfn; /* indices of frames in the order of their mfns */
    uint8_t *reached; /* how often each frame was met */
    uint8_t *walked;  /* how often as a table */
    struct core_load *loads;
    size_t nr_loads, max_loads;
};

/* A vCPU as the notes tell of it. */
struct core_vcpu {
    struct elf_prstatus status;
    bool has_fpu;
    uint8_t fpu[512];
};

/* Takes the guest's number of pages. -ENOMEM. */
int core_init(struct core *c, size_t pages, core_read_fn *read, void *arg);
void core_free(struct core *c);

/*
 * Finds the guest's frames: by the p2m that it tells the tools of in its shared page (@told; pfns below
 * @max_pfn are looked at), else, numbered as met, those that its tables from @root (a machine frame) on
 * map. -ENOENT: neither has any; -ENOMEM.
 */
int core_find_frames(struct core *c, const struct arch_shared_info *told, uint64_t max_pfn,
                     uint64_t root);

/*
 * Makes the loads: what the kernel half of the tables from @root on maps, as far as the budget goes,
 * and at their guest-physical addresses the frames that it does not reach. -ENOMEM.
 */
int core_find_loads(struct core *c, uint64_t root);

/* vCPU @id becomes thread @id + 1. */
void core_vcpu_fill(struct core_vcpu *v, uint32_t id, const struct vcpu_guest_context *c);

/* What comes before the frames, in whole pages; *@headers is to be free()d. -ENOMEM. */
int core_headers(const struct core *c, const struct core_vcpu *vcpus, size_t nr_vcpus,
                 const char *name, uint8_t **headers, size_t *headers_len);

/* Where a core stands that nobody named: of guest @name, dumped at @when (seconds since 1970). */
#define CORE_FOLDER   "/var/log/pavo/dump"
#define CORE_PATH_MAX 160
void core_path(char path[CORE_PATH_MAX], const char *name, int64_t when);
/* True if that is how @file in the folder is called. */
bool core_is_of(const char *file, const char *name);

#endif
