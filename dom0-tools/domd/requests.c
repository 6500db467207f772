/* SPDX-License-Identifier: GPL-2.0-only */
/* What clients can ask for: one function per "op". */
#include "dom0-tools/domd/domd.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "dom0-tools/domd/request.h"
#include "dom0-tools/domd/stats.h"
#include "dom0-tools/lib/err.h"
#include "dom0-tools/lib/hv.h"
#include "dom0-tools/lib/json.h"
#include "dom0-tools/lib/proto.h"
#include "pv-abi/sched.h"
#include "xenstore-like/client.h"

#define DOMAINS_MAX 512
#define LOG_MAX     (1u << 20)

const char *need_name(struct request *r)
{
    const char *name = json_get_str(r->in, "name");

    if (!name || !*name)
        err_set(r->e, STATUS_USAGE, "domd", NULL, "the request names no domain");
    return name && *name ? name : NULL;
}

void answer_vm(struct request *r, const struct vm *vm)
{
    char uuid[37];

    uuid_format(uuid, vm->uuid);
    json_put_str(r->out, "name", vm->cfg.name);
    json_put_u64(r->out, "id", vm->domid);
    json_put_str(r->out, "uuid", uuid);
}

struct vm *need_vm(struct request *r)
{
    const char *name = need_name(r);
    struct vm *vm = name ? registry_acquire(name, r->e) : NULL;

    if (vm)
        answer_vm(r, vm);
    return vm;
}

int hv_failed(struct request *r, const char *name, int rc)
{
    return err_set(r->e, STATUS_FAILED, name, NULL, "the hypervisor refused: %s", strerror(-rc));
}

struct vm *need_live_vm(struct request *r)
{
    struct vm *vm = need_vm(r);
    struct hv_domain info;
    int rc = vm ? hv_domain_info(domd.hv, vm->domid, &info) : 0;

    if (!vm || (!rc && !info.shutdown && !info.dying))
        return vm;
    if (rc && rc != -ESRCH)
        hv_failed(r, vm->cfg.name, rc);
    else
        err_set(r->e, STATUS_FAILED, vm->cfg.name, "domctl destroy it, or reset it",
                "the guest has ended");
    registry_release(vm);
    return NULL;
}

/* ---- create and destroy */

static void tell_timing(struct json_out *o, const struct timing *t)
{
    size_t i;

    json_key(o, "timing");
    json_array(o);
    for (i = 0; i < t->count; i++) {
        json_object(o);
        json_put_str(o, "phase", t->phase[i].name);
        json_put_u64(o, "us", t->phase[i].us);
        json_end_object(o);
    }
    json_end_array(o);
}

/* Everything a config may leave open. */
static void complete_config(struct guest_config *g)
{
    size_t i;

    if (!g->has_uuid) {
        uuid_make(g->uuid);
        g->has_uuid = true;
    }
    for (i = 0; i < g->nr_vifs; i++)
        if (!g->vifs[i].has_mac) {
            mac_make(g->vifs[i].mac);
            g->vifs[i].has_mac = true;
        }
}

static int op_create(struct request *r)
{
    struct timing timing = {0};
    struct guest_config g;
    struct vm *vm;

    if (pending_resumed(r->e))
        return -1;
    if (guest_config_from_json(&g, json_get(r->in, "config"), r->e))
        return -1;
    complete_config(&g);
    vm = registry_add(&g, r->e);
    if (!vm) {
        guest_config_free(&g);
        return -1;
    }
    vm->timing = &timing;
    timing_mark(vm, NULL);
    if (vm_start(vm, json_get_bool(r->in, "paused"), true, r->e)) {
        registry_remove(vm);
        return -1;
    }
    vm->timing = NULL;
    answer_vm(r, vm);
    if (json_get_bool(r->in, "timing"))
        tell_timing(r->out, &timing);
    event_emit(vm, "created", NULL, NULL);
    registry_publish(vm, VM_LIVE);
    return 0;
}

static int op_destroy(struct request *r)
{
    struct vm *vm = need_vm(r);

    if (!vm)
        return -1;
    vm_destroy(vm);
    return 0;
}

/* ---- pause, unpause, shutdown, reboot */

static int op_pause(struct request *r)
{
    struct vm *vm = need_live_vm(r);
    struct hv_domain info;
    int rc;

    if (!vm)
        return -1;
    /* The hypervisor counts pauses; for people it is a state. */
    rc = hv_domain_info(domd.hv, vm->domid, &info);
    if (!rc && !info.paused)
        rc = hv_domain_pause(domd.hv, vm->domid);
    if (!rc && !info.paused)
        event_emit(vm, "paused", NULL, NULL);
    rc = rc ? hv_failed(r, vm->cfg.name, rc) : 0;
    registry_release(vm);
    return rc;
}

static int op_unpause(struct request *r)
{
    struct vm *vm = need_live_vm(r);
    struct hv_domain info;
    int rc;

    if (!vm)
        return -1;
    rc = hv_domain_info(domd.hv, vm->domid, &info);
    if (!rc && info.paused)
        rc = hv_domain_unpause(domd.hv, vm->domid);
    if (!rc && info.paused)
        event_emit(vm, "unpaused", NULL, NULL);
    rc = rc ? hv_failed(r, vm->cfg.name, rc) : 0;
    registry_release(vm);
    return rc;
}

struct asked {
    const struct vm *vm;
    char path[64];
    const char *what;
    int64_t final; /* until then, in seconds since 1970; 0: its config says what follows */
};

static int ask_tx(struct store *s, store_tx_t tx, void *arg)
{
    const struct asked *a = arg;
    int rc = record_final(a->vm, a->final, s, tx);

    return rc ? rc : store_write(s, tx, a->path, a->what);
}

/* Asks the guest through its control node; @final: how long its end is the last. -1 with *e. */
static int ask_guest(struct vm *vm, const char *what, int64_t final, struct err *e)
{
    struct asked a = {.vm = vm, .what = what, .final = final ? (int64_t)time(NULL) + final : 0};
    struct store *s;
    int rc;

    if (open_store(&s, e))
        return -1;
    snprintf(a.path, sizeof(a.path), "/local/domain/%u/control/shutdown", vm->domid);
    rc = store_transact(s, ask_tx, &a);
    store_close(s);
    if (!rc)
        vm->final_until = final ? now_s() + final : 0;
    return rc ? err_set(e, STATUS_FAILED, vm->cfg.name, NULL, "cannot write %s: %s", a.path,
                        strerror(-rc))
              : 0;
}

static int withdraw_tx(struct store *s, store_tx_t tx, void *arg)
{
    const struct asked *a = arg;
    char *value = NULL;
    int rc = store_read(s, tx, a->path, &value, NULL);

    if (!rc && !strcmp(value, a->what))
        rc = store_write(s, tx, a->path, "");
    free(value);
    return rc;
}

void withdraw_request(uint32_t domid, const char *what)
{
    struct asked a = {.what = what};
    struct err e = {0};
    struct store *s;

    if (open_store(&s, &e))
        return;
    snprintf(a.path, sizeof(a.path), "/local/domain/%u/control/shutdown", domid);
    store_transact(s, withdraw_tx, &a);
    store_close(s);
}

/* "final": it shall be gone in the end, whatever its config says, if that comes within "timeout". */
static int end_guest(struct request *r, const char *what)
{
    bool final = json_get_bool(r->in, "final") && !strcmp(what, "poweroff");
    struct vm *vm = need_vm(r);
    uint64_t timeout;
    int rc;

    if (!vm)
        return -1;
    if (vm->delayed || (final && vm->state == VM_PRESERVED)) {
        /* Has ended, and would be started again in a moment: it is what was asked for. */
        if (strcmp(what, "poweroff"))
            registry_release(vm);
        else
            vm_destroy(vm);
        return 0;
    }
    /* The last request counts, and only as long as its client would wait: it may have gone. */
    if (!json_get_u64(r->in, "timeout", &timeout) || timeout > FINAL_MAX_S)
        timeout = FINAL_MAX_S;
    rc = vm->state == VM_LIVE
             ? ask_guest(vm, what, final ? (int64_t)timeout + FINAL_SPARE_S : 0, r->e)
             : err_set(r->e, STATUS_FAILED, vm->cfg.name, "domctl destroy it",
                       "the guest has ended");
    registry_release(vm);
    return rc;
}

static int op_shutdown(struct request *r)
{
    return end_guest(r, "poweroff");
}

static int op_reboot(struct request *r)
{
    return end_guest(r, "reboot");
}

/* ---- telling */

static const char *state_name(const struct hv_domain *d)
{
    if (d->dying)
        return "dying";
    if (d->shutdown)
        return d->shutdown_code == SHUTDOWN_crash ? "crashed" : "shutdown";
    if (d->paused)
        return "paused";
    return d->running || !d->blocked ? "running" : "blocked";
}

static bool dom0_started(int64_t *started)
{
    struct timespec up;

    if (clock_gettime(CLOCK_BOOTTIME, &up))
        return false;
    *started = (int64_t)time(NULL) - up.tv_sec;
    return true;
}

static void tell_domain(struct json_out *o, const struct hv_domain *d, const char *name)
{
    char uuid[37];
    int64_t started;

    uuid_format(uuid, d->uuid);
    json_put_str(o, "name", name);
    json_put_u64(o, "id", d->domid);
    json_put_str(o, "uuid", uuid);
    json_put_str(o, "state", state_name(d));
    json_put_u64(o, "vcpus", d->nr_online_vcpus);
    json_put_u64(o, "memory_mib", d->tot_pages >> 8);
    json_put_u64(o, "cpu_time_ns", d->cpu_time_ns);
    if (d->domid ? registry_started(d->domid, &started) : dom0_started(&started))
        json_put_u64(o, "started", (uint64_t)started);
}

/* @stats: NULL, or tell what each uses, too. */
static int tell_domains(struct request *r, const struct stats *stats)
{
    struct hv_domain *list = calloc(DOMAINS_MAX, sizeof(*list));
    int n, i;

    if (!list)
        return err_set(r->e, STATUS_RESOURCES, "domd", NULL, "out of memory");
    n = hv_domain_list(domd.hv, 0, list, DOMAINS_MAX);
    if (n < 0) {
        free(list);
        return hv_failed(r, "list", n);
    }
    json_key(r->out, "domains");
    json_array(r->out);
    for (i = 0; i < n; i++) {
        char name[GUEST_NAME_MAX + 1];

        if (!registry_shows(list[i].domid, list[i].uuid, name))
            continue;
        json_object(r->out);
        tell_domain(r->out, &list[i], name);
        if (stats) {
            json_put_u64(r->out, "maxmem_mib", list[i].max_pages >> 8);
            stats_tell(r->out, stats, &list[i]);
        }
        json_end_object(r->out);
    }
    json_end_array(r->out);
    free(list);
    return 0;
}

static int op_list(struct request *r)
{
    return tell_domains(r, NULL);
}

static int tell_host(struct request *r)
{
    struct hv_host host;
    int rc = hv_host_info(domd.hv, &host);

    if (rc)
        return hv_failed(r, "host", rc);
#ifdef PAVO_ORACLE
    {
        struct hv_domain *list = calloc(DOMAINS_MAX, sizeof(*list));
        int n = list ? hv_domain_list(domd.hv, 0, list, DOMAINS_MAX) : 0;

        host.domains = n > 0 ? (uint32_t)n : 0;
        free(list);
    }
#endif
    json_key(r->out, "info");
    json_object(r->out);
    json_put_str(r->out, "version", domd.version);
    json_put_u64(r->out, "cpus", host.nr_cpus);
    json_put_u64(r->out, "total_pages", host.total_pages);
    json_put_u64(r->out, "free_pages", host.free_pages);
    json_put_u64(r->out, "claimed_pages", host.claimed_pages);
    json_put_u64(r->out, "hypervisor_pages", host.hypervisor_pages);
    json_put_u64(r->out, "dom0_event_channels", host.dom0_event_channels);
    json_put_u64(r->out, "grant_mappings", host.grant_mappings);
    json_put_u64(r->out, "domains", host.domains);
    json_end_object(r->out);
    return 0;
}

static int op_stats(struct request *r)
{
    struct stats *stats = stats_open();
    int rc;

    if (!stats)
        return err_set(r->e, STATUS_RESOURCES, "domd", NULL, "out of memory");
    stats_tell_host(r->out);
    rc = tell_host(r);
    if (!rc)
        rc = tell_domains(r, stats);
    stats_close(stats);
    return rc;
}

/* What the open object's domain uses. */
static void tell_stats(struct request *r, const struct hv_domain *d)
{
    struct stats *stats = stats_open();

    if (stats)
        stats_tell(r->out, stats, d);
    stats_close(stats);
}

/* The config's members, then where the guest's ends in dom0 are. */
static void tell_vm(struct request *r, const struct vm *vm)
{
    struct json *j = guest_config_json(&vm->cfg);
    char path[128], name[16];
    size_t i;

    json_key(r->out, "config");
    json_value_copy(r->out, j);
    json_free(j);
    snprintf(path, sizeof(path), "/var/log/pavo/console/%s.log", vm->cfg.name);
    json_put_str(r->out, "console_log", path);
    grants_tell(vm, r->out);
    json_key(r->out, "interfaces");
    json_array(r->out);
    for (i = 0; i < vm->cfg.nr_vifs; i++) {
        vif_interface(vm, i, name);
        json_value_str(r->out, name);
    }
    json_end_array(r->out);
}

static int op_info(struct request *r)
{
    const char *name = json_get_str(r->in, "name");
    struct hv_domain d;
    struct vm *vm;
    int rc;

    if (!name)
        return tell_host(r);
    if (!strcmp(name, "0") || !strcmp(name, "Domain-0")) {
        rc = hv_domain_info(domd.hv, 0, &d);
        if (rc)
            return hv_failed(r, "Domain-0", rc);
        json_key(r->out, "info");
        json_object(r->out);
        tell_domain(r->out, &d, "Domain-0");
        tell_stats(r, &d);
        json_end_object(r->out);
        return 0;
    }
    vm = need_vm(r);
    if (!vm)
        return -1;
    rc = hv_domain_info(domd.hv, vm->domid, &d);
    if (rc) {
        hv_failed(r, name, rc);
    } else {
        json_key(r->out, "info");
        json_object(r->out);
        tell_domain(r->out, &d, vm->cfg.name);
        json_put_u64(r->out, "target_mib", vm->cfg.memory_mib);
        json_put_u64(r->out, "maxmem_mib", vm->cfg.maxmem_mib);
        tell_vm(r, vm);
        tell_stats(r, &d);
        tell_refusals(r->out, vm->domid);
        json_end_object(r->out);
    }
    registry_release(vm);
    return rc ? -1 : 0;
}

static int op_console(struct request *r)
{
    struct vm *vm = need_vm(r);

    if (!vm)
        return -1;
    r->pass = console_attach(vm->cfg.name, json_get_bool(r->in, "resume"), r->e);
    registry_release(vm);
    return r->pass < 0 ? -1 : 0;
}

static int op_dmesg(struct request *r)
{
    char *text = malloc(LOG_MAX);
    size_t len = 0, i;
    int rc;

    if (!text)
        return err_set(r->e, STATUS_RESOURCES, "dmesg", NULL, "out of memory");
    rc = hv_log_read(domd.hv, text, LOG_MAX, &len);
    if (rc) {
        free(text);
        return hv_failed(r, "dmesg", rc);
    }
    for (i = 0; i < len; i++)
        if (!text[i])
            text[i] = ' ';
    json_put_str(r->out, "log", text);
    free(text);
    return 0;
}

static const struct {
    const char *op;
    int (*fn)(struct request *r);
} ops[] = {
    {"create", op_create},
    {"destroy", op_destroy},
    {"pause", op_pause},
    {"unpause", op_unpause},
    {"shutdown", op_shutdown},
    {"reboot", op_reboot},
    {"list", op_list},
    {"info", op_info},
    {"console", op_console},
    {"dmesg", op_dmesg},
    {"events", op_events},
    {"rename", op_rename},
    {"reset", op_reset},
    {"sysrq", op_sysrq},
    {"wait", op_wait},
    {"dump-core", op_dump_core},
    {"stats", op_stats},
    {"vcpu-list", op_vcpu_list},
    {"vcpu-set", op_vcpu_set},
    {"vcpu-pin", op_vcpu_pin},
    {"sched", op_sched},
    {"perf", op_perf},
    {"trace", op_trace},
    {"mem-set", op_mem_set},
    {"mem-max", op_mem_max},
    {"block-attach", op_block_attach},
    {"block-detach", op_block_detach},
    {"block-list", op_block_list},
    {"network-attach", op_network_attach},
    {"network-detach", op_network_detach},
    {"network-list", op_network_list},
};

static int run(struct request *r)
{
    const char *op = json_get_str(r->in, "op");
    size_t i;

    for (i = 0; op && i < sizeof(ops) / sizeof(ops[0]); i++)
        if (!strcmp(op, ops[i].op))
            return ops[i].fn(r);
    return err_set(r->e, STATUS_USAGE, "domd", "domctl and domd differ in version?",
                   "unknown request");
}

static int answer_error(int fd, const struct err *e)
{
    struct json_out *o = json_out_new(false);
    const char *text;
    size_t len;
    int rc = -ENOMEM;

    if (!o)
        return rc;
    json_object(o);
    json_put_bool(o, "ok", false);
    json_put_str(o, "error", e->text);
    json_put_u64(o, "status", (uint64_t)e->status);
    json_end_object(o);
    text = json_text(o, &len);
    if (text)
        rc = proto_send(fd, text, len, -1);
    json_out_free(o);
    return rc;
}

static int answer(int fd, const char *line, size_t len, int given)
{
    struct err e = {0};
    struct request r = {
        .client = fd, .given = given, .e = &e, .pass = -1, .first_event = events_now()};
    struct json *in = json_parse(line, len);
    const char *text;
    size_t n;
    int rc;

    r.in = in;
    r.out = json_out_new(false);
    if (!in || !r.out) {
        err_set(&e, STATUS_USAGE, "domd", NULL, "the request is no JSON object");
    } else {
        json_object(r.out);
        json_put_bool(r.out, "ok", true);
        rc = run(&r);
        json_end_object(r.out);
        if (rc && !e.status)
            err_set(&e, STATUS_FAILED, "domd", NULL, "the request failed");
    }
    text = e.status ? NULL : json_text(r.out, &n);
    if (!e.status && !text)
        err_set(&e, STATUS_RESOURCES, "domd", NULL, "out of memory");
    rc = e.status ? answer_error(fd, &e) : proto_send(fd, text, n, r.pass);
    if (r.pass >= 0)
        close(r.pass);
    json_out_free(r.out);
    json_free(in);
    if (!rc && r.stream) {
        events_send(fd, r.first_event);
        rc = -EPIPE;
    }
    if (r.records) {
        trace_send(rc ? -1 : fd);
        rc = -EPIPE;
    }
    return rc;
}

void *client_main(void *arg)
{
    int fd = (int)(intptr_t)arg, given;
    char *line;
    long n;

    while ((n = proto_receive(fd, &line, PROTO_REQUEST_MAX, -1, &given)) > 0) {
        int rc = answer(fd, line, strlen(line), given);

        free(line);
        if (given >= 0)
            close(given);
        if (rc)
            break;
    }
    if (n == -EMSGSIZE || n == -EPROTO) {
        struct err e = {0};

        err_set(&e, STATUS_USAGE, "domd", NULL, "the request is too long or not a line");
        answer_error(fd, &e);
    }
    close(fd);
    return NULL;
}
