/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * vCPUs: what they do, how many are online, which CPUs they may run on, and how the domains share
 * the CPUs. What is changed here goes into the guest's config too, so that it outlives a reboot of
 * the guest and a restart of domd. dom0 has no config: its values last until the host restarts.
 */
#include "dom0-tools/domd/domd.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "dom0-tools/domd/request.h"
#include "dom0-tools/lib/amount.h"
#include "dom0-tools/lib/err.h"
#include "dom0-tools/lib/hv.h"
#include "dom0-tools/lib/json.h"
#include "xenstore-like/client.h"

#define DOMAINS_MAX 512

/* ---- any domain, dom0 included */

int target_get(struct request *r, struct target *t)
{
    const char *name = need_name(r);

    memset(t, 0, sizeof(*t));
    if (!name)
        return -1;
    if (!strcmp(name, "0") || !strcmp(name, "Domain-0")) {
        t->name = "Domain-0";
        json_put_str(r->out, "name", t->name);
        json_put_u64(r->out, "id", 0);
        return 0;
    }
    t->vm = need_live_vm(r);
    if (!t->vm)
        return -1;
    t->domid = t->vm->domid;
    t->name = t->vm->cfg.name;
    return 0;
}

void target_put(struct target *t)
{
    if (t->vm)
        registry_release(t->vm);
    t->vm = NULL;
}

int target_record(struct request *r, const struct target *t)
{
    struct store *s;
    int rc;

    if (!t->vm)
        return 0;
    if (open_store(&s, r->e))
        return -1;
    rc = record_write(t->vm, s);
    store_close(s);
    return rc ? err_set(r->e, STATUS_FAILED, t->name, "see the log of stored",
                        "done, but it could not be recorded: %s", strerror(-rc))
              : 0;
}

/* ---- vcpu-list */

static const char *vcpu_state(const struct hv_domain *d, const struct hv_vcpu *v)
{
    if (!v->online)
        return "offline";
    if (d->paused || d->shutdown)
        return "paused";
    if (v->running)
        return "running";
    return v->blocked ? "blocked" : "runnable";
}

static void tell_vcpus(struct request *r, const struct hv_domain *d, const char *name,
                       uint32_t nr_cpus)
{
    char text[CPUS_TEXT_MAX];
    struct timespec now;
    struct hv_vcpu v;
    uint32_t i;

    for (i = 0; i < d->nr_vcpus; i++) {
        if (hv_vcpu_info(domd.hv, d->domid, i, &v))
            continue; /* it is going away */
        clock_gettime(CLOCK_MONOTONIC, &now);
        cpus_format(text, v.affinity, nr_cpus);
        json_object(r->out);
        json_put_str(r->out, "name", name);
        json_put_u64(r->out, "id", d->domid);
        json_put_u64(r->out, "vcpu", i);
        json_put_u64(r->out, "cpu", v.cpu);
        json_put_str(r->out, "state", vcpu_state(d, &v));
        json_put_u64(r->out, "cpu_time_ns", v.cpu_time_ns);
        json_put_u64(r->out, "at_ns", (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec);
        json_put_str(r->out, "affinity", text);
        json_end_object(r->out);
    }
}

int tell_each(struct request *r, const char *key,
              int (*tell)(struct request *r, const struct hv_domain *d, const char *name))
{
    struct hv_domain *list = calloc(DOMAINS_MAX, sizeof(*list));
    const char *wanted = json_get_str(r->in, "name");
    char name[GUEST_NAME_MAX + 1];
    uint32_t domid = 0;
    int n, i, rc = 0;

    if (!list)
        return err_set(r->e, STATUS_RESOURCES, "domd", NULL, "out of memory");
    if (wanted && !registry_domid(wanted, &domid, r->e)) {
        free(list);
        return -1;
    }
    n = hv_domain_list(domd.hv, domid, list, wanted ? 1 : DOMAINS_MAX);
    if (n < 0)
        rc = hv_failed(r, wanted ? wanted : "list", n);
    json_key(r->out, key);
    json_array(r->out);
    for (i = 0; i < n && !rc; i++)
        if ((!wanted || list[i].domid == domid) &&
            registry_shows(list[i].domid, list[i].uuid, name))
            rc = tell(r, &list[i], name);
    json_end_array(r->out);
    free(list);
    return rc;
}

static int tell_vcpus_of(struct request *r, const struct hv_domain *d, const char *name)
{
    struct hv_host host;
    int rc = hv_host_info(domd.hv, &host);

    if (rc)
        return hv_failed(r, "host", rc);
    tell_vcpus(r, d, name, host.nr_cpus);
    return 0;
}

int op_vcpu_list(struct request *r)
{
    return tell_each(r, "vcpus", tell_vcpus_of);
}

/* ---- vcpu-set */

struct availability {
    const struct target *t;
    uint32_t online, max;
};

/* The guest watches these nodes; only what changes is written. Its config goes along. */
static int write_availability(struct store *s, store_tx_t tx, void *arg)
{
    const struct availability *a = arg;
    uint32_t i;
    int rc = 0;

    for (i = 0; i < a->max && !rc; i++) {
        const char *want = i < a->online ? "online" : "offline";
        char path[64], *now = NULL;

        snprintf(path, sizeof(path), "/local/domain/%u/cpu/%u/availability", a->t->domid, i);
        rc = store_read(s, tx, path, &now, NULL);
        if (!rc || rc == -ENOENT)
            rc = now && !strcmp(now, want) ? 0 : store_write(s, tx, path, want);
        free(now);
    }
    if (rc || !a->t->vm)
        return rc;
    store_gather(s, tx);
    return record_put(a->t->vm, s, tx);
}

static int set_online(struct request *r, const struct target *t, uint32_t online, uint32_t max)
{
    uint32_t before = t->vm ? t->vm->cfg.vcpus : 0;
    struct availability a = {t, online, max};
    struct store *s;
    int rc;

    if (open_store(&s, r->e))
        return -1;
    if (t->vm)
        t->vm->cfg.vcpus = online;
    rc = store_transact(s, write_availability, &a);
    store_close(s);
    if (rc && t->vm)
        t->vm->cfg.vcpus = before;
    return rc ? err_set(r->e, STATUS_FAILED, t->name, "see the log of stored",
                        "cannot tell the guest: %s", strerror(-rc))
              : 0;
}

int op_vcpu_set(struct request *r)
{
    struct hv_domain info;
    struct target t;
    uint64_t n = 0;
    int rc;

    if (target_get(r, &t))
        return -1;
    rc = hv_domain_info(domd.hv, t.domid, &info);
    if (rc)
        rc = hv_failed(r, t.name, rc);
    else if (!json_get_u64(r->in, "vcpus", &n) || n < 1 || n > info.nr_vcpus)
        rc =
            err_set(r->e, STATUS_USAGE, t.name, t.vm ? "maxvcpus in its config is the limit" : NULL,
                    "%llu vCPUs are not between 1 and %u", (unsigned long long)n, info.nr_vcpus);
    else
        rc = set_online(r, &t, (uint32_t)n, info.nr_vcpus);
    json_put_u64(r->out, "vcpus", n);
    target_put(&t);
    return rc;
}

/* ---- vcpu-pin */

static int pin(struct request *r, struct target *t, uint32_t vcpu, uint64_t cpus)
{
    int rc = hv_vcpu_set_affinity(domd.hv, t->domid, vcpu, cpus);

    if (rc == -EINVAL)
        return err_set(r->e, STATUS_USAGE, t->name, "see domctl info for the number of CPUs",
                       "the host has none of these CPUs");
    if (rc)
        return hv_failed(r, t->name, rc);
    if (t->vm && vcpu < GUEST_VCPUS_MAX)
        t->vm->cfg.cpus[vcpu] = cpus;
    return 0;
}

int op_vcpu_pin(struct request *r)
{
    const char *text = json_get_str(r->in, "cpus");
    uint64_t cpus, one = 0;
    struct hv_domain info;
    struct target t;
    bool single;
    uint32_t i;
    int rc;

    if (text && !cpus_parse(&cpus, text))
        return err_set(r->e, STATUS_USAGE, "vcpu-pin", "such as 0-3,^1 or all",
                       "'%.60s' is no list of CPUs", text);
    if (target_get(r, &t))
        return -1;
    single = json_get_u64(r->in, "vcpu", &one);
    rc = hv_domain_info(domd.hv, t.domid, &info);
    if (rc)
        rc = hv_failed(r, t.name, rc);
    else if (single && one >= info.nr_vcpus)
        rc = err_set(r->e, STATUS_USAGE, t.name, NULL, "it has no vCPU %llu, only 0 to %u",
                     (unsigned long long)one, info.nr_vcpus - 1);
    for (i = single ? (uint32_t)one : 0; !rc && text && i < info.nr_vcpus; i++) {
        rc = pin(r, &t, i, cpus);
        if (single)
            break;
    }
    if (single)
        json_put_u64(r->out, "vcpu", one);
    if (text)
        json_put_str(r->out, "cpus", text);
    if (!rc && text)
        rc = target_record(r, &t);
    target_put(&t);
    return rc;
}

/* ---- sched */

static int tell_share(struct request *r, const struct hv_domain *d, const char *name)
{
    uint32_t weight, cap;

    if (hv_sched_get(domd.hv, d->domid, &weight, &cap))
        return 0; /* it is going away */
    json_object(r->out);
    json_put_str(r->out, "name", name);
    json_put_u64(r->out, "id", d->domid);
    json_put_u64(r->out, "weight", weight);
    json_put_u64(r->out, "cap", cap);
    json_end_object(r->out);
    return 0;
}

static int set_share(struct request *r, struct target *t)
{
    uint64_t weight, cap;
    uint32_t w, c;
    int rc = hv_sched_get(domd.hv, t->domid, &w, &c);

    if (rc)
        return hv_failed(r, t->name, rc);
    weight = w;
    cap = c;
    json_get_u64(r->in, "weight", &weight);
    json_get_u64(r->in, "cap", &cap);
    if (weight < 1 || weight > GUEST_WEIGHT_MAX)
        return err_set(r->e, STATUS_USAGE, "weight", NULL, "%llu is not between 1 and %d",
                       (unsigned long long)weight, GUEST_WEIGHT_MAX);
    if (cap > GUEST_CAP_MAX)
        return err_set(r->e, STATUS_USAGE, "cap", "percent of one CPU; 0 is no cap",
                       "%llu is not between 0 and %d", (unsigned long long)cap, GUEST_CAP_MAX);
    rc = hv_sched_set(domd.hv, t->domid, (uint32_t)weight, (uint32_t)cap);
    if (rc)
        return hv_failed(r, t->name, rc);
    if (t->vm) {
        t->vm->cfg.weight = (uint32_t)weight;
        t->vm->cfg.cap = (uint32_t)cap;
    }
    return target_record(r, t);
}

int op_sched(struct request *r)
{
    struct target t;
    uint64_t n;
    int rc;

    if (!json_get_u64(r->in, "weight", &n) && !json_get_u64(r->in, "cap", &n))
        return tell_each(r, "domains", tell_share);
    if (target_get(r, &t))
        return -1;
    rc = set_share(r, &t);
    target_put(&t);
    return rc ? rc : tell_each(r, "domains", tell_share);
}
