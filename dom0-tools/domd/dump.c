/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Cores of guests (lib/core.h): what domctl asks for, into a file that it opened, and what a config asks
 * for at an end. Memory goes through one buffer, a batch of frames at a time; besides, a dump takes some
 * 16 bytes for each page of the guest.
 *
 * The guest is paused meanwhile unless told otherwise, and runs again in any case: pending.c keeps a note
 * of that for a domd which is killed, and a client that hangs up ends the dump.
 */
#include "dom0-tools/domd/domd.h"

#include <dirent.h>
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "dom0-tools/domd/request.h"
#include "dom0-tools/lib/core.h"
#include "dom0-tools/lib/crash.h"
#include "dom0-tools/lib/decompress.h"
#include "dom0-tools/lib/err.h"
#include "dom0-tools/lib/foreign.h"
#include "dom0-tools/lib/hv.h"
#include "dom0-tools/lib/json.h"
#include "dom0-tools/lib/newfile.h"
#include "pv-abi/shared_info.h"

#define BATCH 512 /* pages */
#define PFNS_SPARE \
    (1u << 18)     /* beyond the most that the guest can have: where some map others' pages */
#define KEPT_MAX 3 /* cores that a guest's ends leave behind */

struct dump {
    const struct vm *vm;
    const struct dump_to *to;
    struct err *e;
    struct core core;
    struct core_vcpu *vcpus;
    size_t nr_vcpus;
    uint64_t root; /* a machine frame */
    uint64_t offset, unread;
    struct gzip *gzip;
};

static int no_memory(const struct dump *d)
{
    return err_set(d->e, STATUS_RESOURCES, d->vm->cfg.name, "give dom0 more memory",
                   "dom0 has no memory for the dump");
}

/* ---- reading */

static bool read_page(void *arg, uint64_t mfn, uint64_t page[CORE_ENTRIES])
{
    const struct dump *d = arg;

    return !foreign_read(domd.foreign, d->vm->domid, &mfn, 1, page);
}

static int read_vcpus(struct dump *d, uint32_t count)
{
    struct vcpu_guest_context *c = malloc(sizeof(*c));
    uint32_t i;
    int rc = 0;

    d->vcpus = calloc(count, sizeof(*d->vcpus));
    if (!c || !d->vcpus) {
        free(c);
        return no_memory(d);
    }
    for (i = 0; i < count && !rc; i++) {
        rc = hv_vcpu_get_context(domd.hv, d->vm->domid, i, c);
        if (!rc) {
            core_vcpu_fill(&d->vcpus[d->nr_vcpus++], i, c);
            d->root = d->root ? d->root : c->ctrlreg[3] >> 12;
        } else if (rc == -ENODATA) { /* one that was never started */
            rc = 0;
        }
    }
    free(c);
    if (rc)
        return err_set(d->e, STATUS_FAILED, d->vm->cfg.name, NULL, "cannot read vCPU %u: %s", i - 1,
                       strerror(-rc));
    return d->nr_vcpus ? 0 : err_set(d->e, STATUS_FAILED, d->vm->cfg.name, NULL, "has no vCPUs");
}

static int find_memory(struct dump *d, const struct hv_domain *info)
{
    union {
        uint64_t words[CORE_ENTRIES];
        struct shared_info info;
    } shared;
    struct arch_shared_info told = {0};
    uint64_t pfns = d->vm->cfg.maxmem_mib << 9;
    int rc = core_init(&d->core, info->tot_pages, read_page, d);

    if (!rc && read_page(d, info->shared_info_mfn, shared.words))
        told = shared.info.arch;
    if (!rc)
        rc = core_find_frames(&d->core, &told, pfns + PFNS_SPARE, d->root);
    if (!rc)
        rc = core_find_loads(&d->core, d->root);
    if (rc == -ENOENT)
        return err_set(d->e, STATUS_FAILED, d->vm->cfg.name, NULL,
                       "its memory is not found: neither its p2m nor its page tables name any");
    return rc ? no_memory(d) : 0;
}

/* ---- writing */

static int write_at(struct dump *d, const void *data, size_t len, uint64_t offset)
{
    const char *p = data;

    while (len) {
        ssize_t n = pwrite(d->to->fd, p, len, (off_t)offset);

        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return n ? -errno : -EIO;
        p += n;
        offset += (uint64_t)n;
        len -= (size_t)n;
    }
    return 0;
}

static int put_packed(void *arg, const void *data, size_t len)
{
    struct dump *d = arg;
    int rc = write_at(d, data, len, d->offset);

    d->offset += len;
    return rc;
}

static bool is_zero(const uint8_t *page)
{
    return !page[0] && !memcmp(page, page + 1, CORE_PAGE - 1);
}

/* Pages of zeros become holes. */
static int put_sparse(struct dump *d, const uint8_t *data, size_t pages)
{
    size_t i = 0, n;
    int rc = 0;

    while (!rc && i < pages) {
        for (n = 0; i + n < pages && !is_zero(data + (i + n) * CORE_PAGE);)
            n++;
        if (n)
            rc = write_at(d, data + i * CORE_PAGE, n * CORE_PAGE, d->offset + i * CORE_PAGE);
        i += n ? n : 1;
    }
    d->offset += pages * CORE_PAGE;
    return rc;
}

static int put(struct dump *d, const uint8_t *data, size_t pages)
{
    return d->gzip ? gzip_put(d->gzip, data, pages * CORE_PAGE, false) : put_sparse(d, data, pages);
}

/* Nobody wants it any more. */
static bool is_abandoned(const struct dump *d)
{
    struct pollfd p = {.fd = d->to->client, .events = POLLRDHUP};

    return p.fd >= 0 && poll(&p, 1, 0) > 0;
}

static int put_frames(struct dump *d, uint8_t *buf)
{
    const struct core *c = &d->core;
    uint64_t mfns[BATCH];
    size_t at, n, i;
    int rc = 0;

    for (at = 0; !rc && at < c->nr_frames; at += n) {
        long unread;

        n = c->nr_frames - at < BATCH ? c->nr_frames - at : BATCH;
        for (i = 0; i < n; i++)
            mfns[i] = c->frames[at + i].mfn;
        unread = foreign_read(domd.foreign, d->vm->domid, mfns, n, buf);
        if (unread < 0)
            return err_set(d->e, STATUS_FAILED, d->vm->cfg.name, NULL,
                           "its memory cannot be read: %s", strerror((int)-unread));
        d->unread += (uint64_t)unread;
        rc = put(d, buf, n);
        if (!rc && is_abandoned(d))
            return err_set(d->e, STATUS_FAILED, d->vm->cfg.name, NULL, "nobody waits for the dump");
    }
    return rc;
}

/* 0, -1 with the error set, or another negative errno of the file. */
static int put_all(struct dump *d, uint8_t *buf)
{
    uint8_t *headers;
    size_t len;
    int rc;

    if (core_headers(&d->core, d->vcpus, d->nr_vcpus, d->vm->cfg.name, &headers, &len))
        return no_memory(d);
    rc = put(d, headers, len / CORE_PAGE);
    free(headers);
    crash_point();
    if (!rc)
        rc = put_frames(d, buf);
    if (!rc && d->gzip)
        rc = gzip_put(d->gzip, NULL, 0, true);
    else if (!rc && ftruncate(d->to->fd, (off_t)d->offset))
        rc = -errno;
    return rc;
}

static int write_core(struct dump *d)
{
    uint8_t *buf = malloc((size_t)BATCH * CORE_PAGE);
    int rc;

    if (d->to->compress)
        d->gzip = gzip_new(put_packed, d);
    rc = buf && (d->gzip || !d->to->compress) ? put_all(d, buf) : no_memory(d);
    free(buf);
    gzip_free(d->gzip);
    if (rc && !d->e->status)
        err_set(d->e, err_file_status(-rc), d->to->file, NULL, "cannot be written: %s",
                strerror(-rc));
    return rc ? -1 : 0;
}

/* ---- the whole */

int vm_dump(const struct vm *vm, const struct dump_to *to, uint64_t *unread, struct err *e)
{
    struct dump d = {.vm = vm, .to = to, .e = e};
    struct hv_domain info;
    int rc = hv_domain_info(domd.hv, vm->domid, &info);
    bool pause;

    if (rc || info.dying)
        return err_set(e, STATUS_FAILED, vm->cfg.name, NULL, "the guest is being destroyed");
    pause = !to->live && !info.paused && !info.shutdown;
    if (pause && pending_pause(vm, e))
        return -1;
    rc = read_vcpus(&d, info.nr_vcpus);
    if (!rc)
        rc = find_memory(&d, &info);
    if (!rc)
        rc = write_core(&d);
    if (pause)
        pending_unpause(vm);
    core_free(&d.core);
    free(d.vcpus);
    *unread = d.unread;
    return rc;
}

int op_dump_core(struct request *r)
{
    const char *file = json_get_str(r->in, "file");
    struct dump_to to = {.fd = r->given,
                         .file = file ? file : "core",
                         .compress = json_get_bool(r->in, "compress"),
                         .live = json_get_bool(r->in, "live"),
                         .client = r->client};
    uint64_t unread = 0;
    struct stat st;
    struct vm *vm;
    int rc;

    /* Others might keep us, and the guest, waiting for ever. */
    if (to.fd < 0 || fstat(to.fd, &st) || !S_ISREG(st.st_mode))
        return err_set(r->e, STATUS_USAGE, "domd", NULL, "the request brings no file");
    vm = need_vm(r);
    if (!vm)
        return -1;
    rc = vm_dump(vm, &to, &unread, r->e);
    if (!rc) {
        json_put_u64(r->out, "unread", unread);
        event_emit(vm, "dumped", NULL, NULL);
    }
    registry_release(vm);
    return rc;
}

/* ---- at an end */

/* Removes the oldest of the guest's cores: their names tell their age. */
static void forget_old(const char *name)
{
    struct dirent **list = NULL;
    int n = scandir(CORE_FOLDER, &list, NULL, alphasort), i, kept = 0;
    char path[CORE_PATH_MAX + 256];

    for (i = n - 1; i >= 0; i--) {
        if (core_is_of(list[i]->d_name, name) && ++kept > KEPT_MAX) {
            snprintf(path, sizeof(path), CORE_FOLDER "/%s", list[i]->d_name);
            unlink(path);
        }
        free(list[i]);
    }
    free(list);
}

void dump_ended(const struct vm *vm)
{
    char path[CORE_PATH_MAX];
    struct err e = {0};
    struct newfile f;
    uint64_t unread;

    mkdir(CORE_FOLDER, 0700);
    core_path(path, vm->cfg.name, (int64_t)time(NULL));
    if (!newfile_open(&f, path, &e)) {
        struct dump_to to = {.fd = f.fd, .file = path, .client = -1};

        if (vm_dump(vm, &to, &unread, &e))
            newfile_drop(&f);
        else
            newfile_commit(&f, &e);
    }
    if (e.status) {
        log_line("%s: cannot dump its core: %s", vm->cfg.name, e.text);
        return;
    }
    log_line("%s: its core is in %s", vm->cfg.name, path);
    event_emit(vm, "dumped", "file", path);
    forget_old(vm->cfg.name);
}
