/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Memory of running domains. The target in the store is what the guest's balloon driver heads for,
 * the hypervisor's limit is the same number, so that a guest never has more than it was given.
 * Growth is claimed first: what the guest was promised is there when it comes for it. dom0 keeps
 * its limit, which it got at boot; it can give memory away and take it back.
 */
#include "dom0-tools/domd/domd.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "dom0-tools/domd/request.h"
#include "dom0-tools/lib/err.h"
#include "dom0-tools/lib/hv.h"
#include "dom0-tools/lib/json.h"
#include "xenstore-like/client.h"

#define DOM0_MIN_MIB 192 /* below it dom0's own programs begin to die */

/* What the guest is told, and its config, if it has one: a domd that is killed leaves both or neither. */
struct telling {
    const struct target *t;
    const char *node;
    uint64_t mib;
};

static int tell_tx(struct store *s, store_tx_t tx, void *arg)
{
    const struct telling *a = arg;
    char path[64];
    int rc;

    store_gather(s, tx);
    snprintf(path, sizeof(path), "/local/domain/%u/memory/%s", a->t->domid, a->node);
    rc = store_writef(s, tx, path, "%llu", (unsigned long long)a->mib << 10);
    return rc || !a->t->vm ? rc : record_put(a->t->vm, s, tx);
}

static int tell(struct request *r, const struct target *t, const char *node, uint64_t mib)
{
    struct telling a = {t, node, mib};
    struct store *s;
    int rc;

    if (open_store(&s, r->e))
        return -1;
    rc = store_transact(s, tell_tx, &a);
    store_close(s);
    return rc ? err_set(r->e, STATUS_FAILED, t->name, "see the log of stored",
                        "cannot tell the guest: %s", strerror(-rc))
              : 0;
}

static int no_memory(struct request *r, const struct target *t, uint64_t mib)
{
    struct hv_host host;
    char hint[64] = "";

    if (!hv_host_info(domd.hv, &host))
        snprintf(hint, sizeof(hint), "%llu MiB are free",
                 (unsigned long long)(host.free_pages - host.claimed_pages) >> 8);
    return err_set(r->e, STATUS_RESOURCES, t->name, *hint ? hint : NULL,
                   "not enough free memory for it to grow to %llu MiB", (unsigned long long)mib);
}

/* Limit and claim for a target of @mib. A claim that an earlier target left is dropped. */
static int reserve(struct hv *hv, uint32_t domid, uint64_t mib)
{
    int rc = hv_claim(hv, domid, 0);

    if (!rc)
        rc = hv_domain_set_max_mem(hv, domid, mib << 10);
    if (!rc)
        rc = hv_claim(hv, domid, mib << 8);
    return rc == -EINVAL ? 0 : rc; /* it has that much already */
}

static int set_guest(struct request *r, struct target *t, uint64_t mib)
{
    struct guest_config *g = &t->vm->cfg;
    uint64_t before = g->memory_mib;
    int rc;

    if (mib < GUEST_MEMORY_MIN_MIB || mib > g->maxmem_mib)
        return err_set(r->e, STATUS_USAGE, t->name, "domctl mem-max sets the limit",
                       "%llu MiB are not between %d and its limit of %llu", (unsigned long long)mib,
                       GUEST_MEMORY_MIN_MIB, (unsigned long long)g->maxmem_mib);
    g->memory_mib = mib;
    rc = reserve(domd.hv, t->domid, mib);
    if (!rc)
        rc = tell(r, t, "target", mib);
    if (!rc)
        return 0;
    g->memory_mib = before;
    reserve(domd.hv, t->domid, before);
    if (r->e->status)
        return -1;
    return rc == -ENOMEM ? no_memory(r, t, mib) : hv_failed(r, t->name, rc);
}

static int set_dom0(struct request *r, struct target *t, uint64_t mib)
{
    struct hv_domain d;
    struct hv_host host;
    int rc = hv_domain_info(domd.hv, 0, &d);

    if (!rc)
        rc = hv_host_info(domd.hv, &host);
    if (rc)
        return hv_failed(r, t->name, rc);
    if (mib < DOM0_MIN_MIB || mib << 8 > d.max_pages)
        return err_set(r->e, STATUS_USAGE, t->name, "dom0_mem= at boot is the limit",
                       "%llu MiB are not between %d and %llu", (unsigned long long)mib,
                       DOM0_MIN_MIB, (unsigned long long)(d.max_pages >> 8));
    if (mib << 8 > d.tot_pages && (mib << 8) - d.tot_pages > host.free_pages - host.claimed_pages)
        return no_memory(r, t, mib);
    return tell(r, t, "target", mib);
}

/* True with *@mib. */
static bool need_mib(struct request *r, uint64_t *mib)
{
    if (json_get_u64(r->in, "mib", mib) && *mib <= GUEST_MEMORY_MAX_MIB)
        return true;
    err_set(r->e, STATUS_USAGE, "memory", NULL, "more than %u MiB", GUEST_MEMORY_MAX_MIB);
    return false;
}

int op_mem_set(struct request *r)
{
    struct target t;
    uint64_t mib;
    int rc;

    if (!need_mib(r, &mib) || target_get(r, &t))
        return -1;
    json_put_u64(r->out, "target_mib", mib);
    rc = t.vm ? set_guest(r, &t, mib) : set_dom0(r, &t, mib);
    target_put(&t);
    return rc;
}

static int set_limit(struct request *r, struct target *t, uint64_t mib)
{
    struct guest_config *g = &t->vm->cfg;
    uint64_t before = g->maxmem_mib;

    if (mib < g->memory_mib)
        return err_set(r->e, STATUS_USAGE, t->name, "domctl mem-set it first",
                       "%llu MiB are less than its memory of %llu", (unsigned long long)mib,
                       (unsigned long long)g->memory_mib);
    g->maxmem_mib = mib;
    if (!tell(r, t, "static-max", mib))
        return 0;
    g->maxmem_mib = before;
    return -1;
}

/* How far mem-set may go; the hypervisor's limit follows the target, not this. */
int op_mem_max(struct request *r)
{
    struct target t;
    uint64_t mib;
    int rc;

    if (!need_mib(r, &mib) || target_get(r, &t))
        return -1;
    json_put_u64(r->out, "maxmem_mib", mib);
    rc = t.vm ? set_limit(r, &t, mib)
              : err_set(r->e, STATUS_USAGE, t.name, "give dom0_mem= at boot",
                        "dom0's limit cannot be changed");
    target_put(&t);
    return rc;
}
