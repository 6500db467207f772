/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The domain builder. Everything that can be judged without a domain is judged first: files are
 * read, the kernel unpacked, the layout planned. After createdomain every failure destroys the
 * domain again. Page tables are written last and pinned after the last writable mapping of them
 * is gone; the hypervisor would refuse them otherwise.
 */
#include "dom0-tools/lib/build.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "dom0-tools/lib/err.h"
#include "dom0-tools/lib/file.h"
#include "dom0-tools/lib/foreign.h"
#include "dom0-tools/lib/grantsize.h"
#include "dom0-tools/lib/guest.h"
#include "dom0-tools/lib/hv.h"
#include "dom0-tools/lib/image.h"
#include "dom0-tools/lib/kernel.h"
#include "dom0-tools/lib/pvlayout.h"
#include "pv-abi/grant_table.h"
#include "pv-abi/shared_info.h"
#include "pv-abi/start_info.h"

#define PAGE            4096ull
#define MAP_BATCH       512 /* pages mapped at once */
#define ORDER_LARGE     9   /* 2 MiB */
#define LARGE_BATCH     256 /* extents per call */
#define SMALL_BATCH     8192
#define EVTCHN_PORT_MAX 4095 /* the 2-level ABI */
#define BACKEND_DOMID   0

struct builder {
    struct hv *h;
    struct foreign *f;
    const struct guest_config *g;
    struct err *e;
    struct file ramdisk;
    const struct image *im;
    struct pv_layout lo;
    uint64_t *p2m; /* nr_pages machine frames */
    uint32_t domid;
    uint64_t shared_info_mfn;
    struct built *b;
};

static int failed(struct builder *bd, const char *step, int rc)
{
    return err_set(bd->e, rc == -ENOMEM ? STATUS_RESOURCES : STATUS_FAILED, bd->g->name, NULL,
                   "%s: %s", step, strerror(-rc));
}

static int read_files(struct builder *bd)
{
    const struct guest_config *g = bd->g;
    size_t len;

    bd->im = kernel_get(g->kernel, bd->e);
    if (!bd->im)
        return -1;
    if (!g->ramdisk)
        return pv_layout_plan(&bd->lo, bd->im, 0, g->memory_mib << 8, bd->e);
    /* Its size decides before dom0 spends memory on its contents. */
    if (file_size("ramdisk", g->ramdisk, &len, bd->e) ||
        pv_layout_plan(&bd->lo, bd->im, len, g->memory_mib << 8, bd->e) ||
        file_read(&bd->ramdisk, "ramdisk", g->ramdisk, len, 0, bd->e))
        return -1;
    return pv_layout_plan(&bd->lo, bd->im, bd->ramdisk.len, g->memory_mib << 8, bd->e);
}

static int create(struct builder *bd, const uint8_t uuid[16])
{
    const struct guest_config *g = bd->g;
    struct hv_create c = {
        .max_vcpus = g->maxvcpus,
        .max_evtchn_port = EVTCHN_PORT_MAX,
        .max_grant_frames = grant_frames_limit(g),
        .max_maptrack_frames = UINT32_MAX, /* the hypervisor's default */
    };
    int rc;

    memcpy(c.uuid, uuid, sizeof(c.uuid));
    rc = hv_domain_create(bd->h, &c, &bd->domid);
    return rc ? failed(bd, "cannot create the domain", rc) : 0;
}

/* ---- memory */

static int no_memory(struct builder *bd)
{
    struct hv_host host;
    char hint[80];

    if (hv_host_info(bd->h, &host))
        return err_set(bd->e, STATUS_RESOURCES, bd->g->name, "lower memory in the config",
                       "not enough free memory for %llu MiB",
                       (unsigned long long)bd->g->memory_mib);
    snprintf(hint, sizeof(hint), "%llu MiB are free",
             (unsigned long long)(host.free_pages - host.claimed_pages) >> 8);
    return err_set(bd->e, STATUS_RESOURCES, bd->g->name, hint,
                   "not enough free memory for %llu MiB", (unsigned long long)bd->g->memory_mib);
}

/* Extents of one order from *@pfn up to @end; stops without an error where they run out. */
static int populate_order(struct builder *bd, unsigned int order, size_t batch, uint64_t *pfn,
                          uint64_t end)
{
    uint64_t step = 1ull << order, *frames = malloc(batch * sizeof(*frames));
    long given = 1;
    size_t i, k, nr;

    if (!frames)
        return -ENOMEM;
    while (given > 0 && *pfn + step <= end) {
        nr = (end - *pfn) / step < batch ? (end - *pfn) / step : batch;
        for (i = 0; i < nr; i++)
            frames[i] = *pfn + i * step;
        given = hv_populate(bd->h, bd->domid, order, frames, nr);
        for (i = 0; given > 0 && i < (size_t)given; i++, *pfn += step)
            for (k = 0; k < step; k++)
                bd->p2m[*pfn + k] = frames[i] + k;
        if (given < (long)nr)
            break;
    }
    free(frames);
    return given < 0 && given != -ENOMEM ? (int)given : 0;
}

static int populate(struct builder *bd)
{
    uint64_t end = bd->lo.nr_pages, pfn = 0;
    int rc;

    rc = hv_claim(bd->h, bd->domid, end);
    if (rc == -ENOMEM)
        return no_memory(bd);
    if (rc && rc != -ENOSYS)
        return failed(bd, "cannot claim memory", rc);
    bd->p2m = malloc(end * sizeof(*bd->p2m));
    if (!bd->p2m)
        return err_set(bd->e, STATUS_RESOURCES, bd->g->name, "give dom0 more memory",
                       "dom0 has no memory for the list of the guest's frames");
    rc = populate_order(bd, ORDER_LARGE, LARGE_BATCH, &pfn, end);
    if (!rc)
        rc = populate_order(bd, 0, SMALL_BATCH, &pfn, end);
    hv_claim(bd->h, bd->domid, 0);
    if (rc)
        return failed(bd, "cannot populate memory", rc);
    return pfn < end ? no_memory(bd) : 0;
}

/* Writes @len bytes at byte @where of the domain's memory, and zeroes up to @mem_len. */
static int write_bytes(struct builder *bd, uint64_t where, const uint8_t *data, uint64_t len,
                       uint64_t mem_len)
{
    uint64_t done = 0;

    while (done < mem_len) {
        uint64_t pfn = (where + done) / PAGE, offset = (where + done) % PAGE;
        uint64_t pages = (offset + mem_len - done + PAGE - 1) / PAGE, n, copy;
        uint8_t *map;

        if (pages > MAP_BATCH)
            pages = MAP_BATCH;
        n = pages * PAGE - offset;
        if (n > mem_len - done)
            n = mem_len - done;
        copy = done < len ? len - done : 0;
        if (copy > n)
            copy = n;
        map = foreign_map(bd->f, bd->domid, bd->p2m + pfn, pages);
        if (!map)
            return failed(bd, "cannot map the domain's memory", errno ? -errno : -EIO);
        if (copy)
            memcpy(map + offset, data + done, copy);
        memset(map + offset + copy, 0, n - copy);
        foreign_unmap(bd->f, map, pages);
        done += n;
    }
    return 0;
}

static int write_pages(struct builder *bd, uint64_t pfn, const void *data, uint64_t len)
{
    return write_bytes(bd, pfn * PAGE, data, len, (len + PAGE - 1) & ~(PAGE - 1));
}

static int write_kernel(struct builder *bd)
{
    size_t i;

    for (i = 0; i < bd->im->nr_segments; i++) {
        const struct image_segment *s = &bd->im->segments[i];

        if (write_bytes(bd, s->vaddr - bd->im->virt_base, s->data, s->file_size, s->mem_size))
            return -1;
    }
    if (bd->ramdisk.len && write_pages(bd, bd->lo.ramdisk_pfn, bd->ramdisk.data, bd->ramdisk.len))
        return -1;
    return write_pages(bd, bd->lo.p2m_pfn, bd->p2m, bd->lo.nr_pages * sizeof(*bd->p2m));
}

/* ---- rings, shared page, tables */

static int open_ports(struct builder *bd)
{
    int rc = hv_evtchn_alloc(bd->h, bd->domid, BACKEND_DOMID, &bd->b->store_port);

    if (!rc)
        rc = hv_evtchn_alloc(bd->h, bd->domid, BACKEND_DOMID, &bd->b->console_port);
    return rc ? failed(bd, "cannot open event channels", rc) : 0;
}

/* Lets dom0's daemons map the two rings, under the references that are reserved for them. */
static int grant_rings(struct builder *bd)
{
    struct grant_entry_v1 *table;
    void *handle = NULL;

    table = foreign_map_grants(bd->f, bd->domid, &handle);
    if (!table)
        return failed(bd, "cannot map the grant table", errno ? -errno : -EIO);
    table[GNTTAB_RESERVED_CONSOLE].domid = BACKEND_DOMID;
    table[GNTTAB_RESERVED_CONSOLE].frame = (uint32_t)bd->b->console_mfn;
    table[GNTTAB_RESERVED_XENSTORE].domid = BACKEND_DOMID;
    table[GNTTAB_RESERVED_XENSTORE].frame = (uint32_t)bd->b->store_mfn;
    __atomic_thread_fence(__ATOMIC_RELEASE); /* flags open an entry: last */
    table[GNTTAB_RESERVED_CONSOLE].flags = GTF_permit_access;
    table[GNTTAB_RESERVED_XENSTORE].flags = GTF_permit_access;
    foreign_unmap_grants(bd->f, handle);
    return 0;
}

static int write_start_info(struct builder *bd)
{
    struct pv_start s = {
        .shared_info_mfn = bd->shared_info_mfn,
        .store_port = bd->b->store_port,
        .console_port = bd->b->console_port,
        .cmdline = bd->g->cmdline,
    };
    struct start_info si;

    pv_start_info_fill(&bd->lo, bd->p2m, &s, &si);
    if (write_pages(bd, bd->lo.start_info_pfn, &si, sizeof(si)) ||
        write_bytes(bd, bd->lo.store_pfn * PAGE, NULL, 0, PAGE) ||
        write_bytes(bd, bd->lo.console_pfn * PAGE, NULL, 0, PAGE))
        return -1;
    return write_bytes(bd, bd->lo.stack_pfn * PAGE, NULL, 0, PAGE);
}

static int write_shared_info(struct builder *bd)
{
    struct shared_info *sh = foreign_map(bd->f, bd->domid, &bd->shared_info_mfn, 1);

    if (!sh)
        return failed(bd, "cannot map the shared page", errno ? -errno : -EIO);
    pv_shared_info_fill(sh);
    foreign_unmap(bd->f, sh, 1);
    return 0;
}

static int write_tables(struct builder *bd)
{
    const struct pv_layout *lo = &bd->lo;
    uint64_t *tables = calloc(lo->nr_pt, PAGE);
    uint64_t *p2m_tables = lo->nr_p2m_pt ? calloc(lo->nr_p2m_pt, PAGE) : NULL;
    int rc = -1;

    if (!tables || (lo->nr_p2m_pt && !p2m_tables)) {
        failed(bd, "page tables", -ENOMEM);
        goto out;
    }
    pv_tables_fill(lo, bd->p2m, tables, p2m_tables);
    if (write_pages(bd, lo->pt_pfn, tables, lo->nr_pt * PAGE))
        goto out;
    if (p2m_tables && write_pages(bd, lo->p2m_pt_pfn, p2m_tables, lo->nr_p2m_pt * PAGE))
        goto out;
    rc = hv_pin_root(bd->h, bd->domid, bd->p2m[lo->pt_pfn]);
    if (rc)
        failed(bd, "the hypervisor refused the page tables", rc);
out:
    free(tables);
    free(p2m_tables);
    return rc ? -1 : 0;
}

static int fill_hypercall_page(struct builder *bd)
{
    uint64_t pfn;
    int rc;

    if (bd->im->hypercall_page == IMAGE_NO_ADDRESS)
        return 0;
    pfn = (bd->im->hypercall_page - bd->im->virt_base) / PAGE;
    rc = hv_hypercall_page_fill(bd->h, bd->domid, bd->p2m[pfn]);
    return rc ? failed(bd, "cannot fill the hypercall page", rc) : 0;
}

static int set_context(struct builder *bd)
{
    struct vcpu_guest_context *c = malloc(sizeof(*c));
    int rc;

    if (!c)
        return failed(bd, "vCPU context", -ENOMEM);
    pv_context_fill(&bd->lo, bd->p2m, c);
    rc = hv_vcpu_set_context(bd->h, bd->domid, 0, c);
    free(c);
    return rc ? failed(bd, "the hypervisor refused the first vCPU", rc) : 0;
}

/* Where its vCPUs may run, and what part of the CPUs is theirs. */
static int set_cpus(struct builder *bd)
{
    const struct guest_config *g = bd->g;
    uint32_t i;
    int rc = 0;

    for (i = 0; !rc && i < g->maxvcpus; i++)
        if (g->cpus[i])
            rc = hv_vcpu_set_affinity(bd->h, bd->domid, i, g->cpus[i]);
    if (rc == -EINVAL)
        return err_set(bd->e, STATUS_USAGE, g->name, "see domctl info for the number of CPUs",
                       "cpus: the host has none of those for vCPU %u", i - 1);
    if (rc)
        return failed(bd, "cannot pin its vCPUs", rc);
    rc = hv_sched_set(bd->h, bd->domid, g->weight, g->cap);
    return rc ? failed(bd, "cannot set its weight and cap", rc) : 0;
}

/* The memory limit follows the target (domd's memory.c); the memory map tells how far it may go. */
static int set_limits(struct builder *bd)
{
    const struct guest_config *g = bd->g;
    int rc = hv_domain_set_max_vcpus(bd->h, bd->domid, g->maxvcpus);

    if (rc)
        return failed(bd, "cannot make its vCPUs", rc);
    if (set_cpus(bd))
        return -1;
    rc = hv_domain_set_max_mem(bd->h, bd->domid, g->memory_mib << 10);
    if (rc)
        return failed(bd, "cannot set its memory limit", rc);
    if (g->maxmem_mib > g->memory_mib) {
        rc = hv_set_memory_map(bd->h, bd->domid, g->maxmem_mib << 20);
        if (rc && rc != -ENOSYS)
            return failed(bd, "cannot set its memory map", rc);
    }
    return 0;
}

static int fill(struct builder *bd)
{
    struct hv_domain info;
    int rc;

    if (set_limits(bd) || populate(bd))
        return -1;
    bd->b->store_mfn = bd->p2m[bd->lo.store_pfn];
    bd->b->console_mfn = bd->p2m[bd->lo.console_pfn];
    rc = hv_domain_info(bd->h, bd->domid, &info);
    if (rc)
        return failed(bd, "domain vanished", rc);
    bd->shared_info_mfn = info.shared_info_mfn;
    if (write_kernel(bd) || open_ports(bd) || grant_rings(bd) || write_start_info(bd) ||
        write_shared_info(bd) || fill_hypercall_page(bd) || write_tables(bd))
        return -1;
    return set_context(bd);
}

int domain_build(struct hv *h, struct foreign *f, const struct guest_config *g,
                 const uint8_t uuid[16], int (*created)(uint32_t domid, void *arg, struct err *e),
                 void *arg, struct built *b, struct err *e)
{
    struct builder bd = {.h = h, .f = f, .g = g, .e = e, .b = b};
    int rc = read_files(&bd);

    memset(b, 0, sizeof(*b));
    if (!rc)
        rc = create(&bd, uuid);
    if (!rc) {
        b->domid = bd.domid;
        rc = created(bd.domid, arg, e);
        if (!rc)
            rc = fill(&bd);
        if (rc)
            hv_domain_destroy(h, bd.domid);
    }
    free(bd.p2m);
    kernel_put(bd.im);
    file_free(&bd.ramdisk);
    return rc;
}
