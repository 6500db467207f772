/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the hypervisor counts and traces, for clients. A trace is one client's at a time: the thread that
 * serves it empties the rings into its connection, in the form of pavo-trace(5), until the client shuts
 * its side down.
 */
#include "dom0-tools/domd/domd.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

#include "dom0-tools/domd/request.h"
#include "dom0-tools/lib/err.h"
#include "dom0-tools/lib/hv.h"
#include "dom0-tools/lib/json.h"
#include "dom0-tools/lib/trace.h"
#include "pv-abi/pavo.h"

#define DOMAINS_MAX    512
#define LOOK_MS        20
#define RECORDS_NORMAL 65536

/* ---- counters */

static int perf_failed(struct request *r, int rc)
{
    if (rc == -ENODATA)
        return err_set(r->e, STATUS_FAILED, "perf", "domctl perf --on", "counting is off");
    if (rc == -ENOMEM)
        return err_set(r->e, STATUS_RESOURCES, "perf", NULL, "the hypervisor has no memory left");
    return hv_failed(r, "perf", rc);
}

static int tell_counters(struct request *r, const struct hv_domain *d, const char *name)
{
    uint64_t words[512];
    int n = hv_perf_read(domd.hv, d->domid, words, sizeof(words) / sizeof(words[0])), i;

    if (n == -ESRCH || (n == -ENODATA && hv_perf_read(domd.hv, 0, words, 1) > 0))
        return 0; /* has just gone, or came when there was no memory for it */
    if (n < 0)
        return perf_failed(r, n);
    json_object(r->out);
    json_put_str(r->out, "name", name);
    json_put_u64(r->out, "id", d->domid);
    json_key(r->out, "words");
    json_array(r->out);
    for (i = 0; i < n; i++)
        json_value_u64(r->out, words[i]);
    json_end_array(r->out);
    json_end_object(r->out);
    return 0;
}

/* "do": on, off, reset; or none: the counters, of "name" or of all domains. */
int op_perf(struct request *r)
{
    const char *what = json_get_str(r->in, "do");
    uint64_t word;
    int rc = 0;

    if (!what)
        return tell_each(r, "domains", tell_counters);
    if (!strcmp(what, "reset"))
        rc = hv_perf_read(domd.hv, 0, &word, 1); /* dom0 always has some, or they are off */
    if (rc >= 0)
        rc = strcmp(what, "on") ? hv_perf(domd.hv, false) : 0;
    if (rc >= 0 && strcmp(what, "off")) {
        rc = hv_perf(domd.hv, true);
        if (rc)
            hv_perf(domd.hv, false); /* for some there was memory */
    }
    return rc < 0 ? perf_failed(r, rc) : 0;
}

/* ---- traces */

static struct {
    pthread_mutex_t lock;
    bool busy;
    struct trace_header header; /* of the one that is going on */
} trace = {.lock = PTHREAD_MUTEX_INITIALIZER};

static bool trace_claim(void)
{
    bool mine;

    pthread_mutex_lock(&trace.lock);
    mine = !trace.busy;
    trace.busy = true;
    pthread_mutex_unlock(&trace.lock);
    return mine;
}

static void trace_release(void)
{
    hv_trace_stop(domd.hv);
    pthread_mutex_lock(&trace.lock);
    trace.busy = false;
    pthread_mutex_unlock(&trace.lock);
}

void trace_forget(void)
{
    hv_trace_stop(domd.hv);
}

static uint64_t realtime_ns(void)
{
    struct timespec now;

    clock_gettime(CLOCK_REALTIME, &now);
    return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

/* "mask": events, all unless told; "records": of each CPU's ring. */
int op_trace(struct request *r)
{
    uint64_t mask = UINT32_MAX, records = RECORDS_NORMAL;
    struct hv_host host;
    int rc = hv_host_info(domd.hv, &host);

    if (rc)
        return hv_failed(r, "trace", rc);
    json_get_u64(r->in, "mask", &mask);
    json_get_u64(r->in, "records", &records);
    if (records < PAVO_TRACE_RECORDS_MIN || records > PAVO_TRACE_RECORDS_MAX ||
        (records & (records - 1)))
        return err_set(r->e, STATUS_USAGE, "trace", "a power of two from 256 to 1048576",
                       "a CPU's ring cannot hold %llu records", (unsigned long long)records);
    if (!trace_claim())
        return err_set(r->e, STATUS_FAILED, "trace", NULL, "another trace is going on");
    rc = hv_trace_start(domd.hv, (uint32_t)mask, (uint32_t)records);
    if (rc) {
        trace_release();
        return rc == -ENOMEM
                   ? err_set(r->e, STATUS_RESOURCES, "trace", "take fewer with --records",
                             "no memory for rings of %llu records", (unsigned long long)records)
                   : hv_failed(r, "trace", rc);
    }
    trace.header = (struct trace_header){.magic = "",
                                         .header_bytes = sizeof(trace.header),
                                         .nr_cpus = host.nr_cpus,
                                         .start_ns = realtime_ns(),
                                         .mask = (uint32_t)mask,
                                         .records = (uint32_t)records};
    memcpy(trace.header.magic, TRACE_MAGIC, 8);
    r->records = true;
    return 0;
}

static int send_all(int fd, const void *data, size_t len)
{
    const char *p = data;

    while (len) {
        ssize_t n = send(fd, p, len, MSG_NOSIGNAL);

        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return -errno;
        p += n;
        len -= (size_t)n;
    }
    return 0;
}

static int send_chunk(int fd, enum trace_kind kind, uint32_t number, const void *data, size_t bytes)
{
    struct trace_chunk c = {.kind = kind, .number = number, .bytes = (uint32_t)bytes};
    int rc = send_all(fd, &c, sizeof(c));

    return rc ? rc : send_all(fd, data, bytes);
}

/* What the domains that there are now are called. */
static int send_names(int fd)
{
    struct hv_domain *list = calloc(DOMAINS_MAX, sizeof(*list));
    int n = list ? hv_domain_list(domd.hv, 0, list, DOMAINS_MAX) : 0, i, rc = 0;

    for (i = 0; i < n && !rc; i++) {
        char name[(GUEST_NAME_MAX + 1 + 7) / 8 * 8] = "Domain-0";
        enum vm_state state;

        if (!list[i].domid || registry_describe(list[i].domid, name, &state))
            rc = send_chunk(fd, TRACE_NAME, list[i].domid, name, (strlen(name) + 8) / 8 * 8);
    }
    free(list);
    return rc;
}

/* One CPU's records, once around its ring. How many there were; a negative errno: the client is gone. */
static long send_cpu(int fd, uint32_t cpu, struct pavo_record *room, uint64_t *lost)
{
    long n, total = 0;

    do {
        int rc;

        n = hv_trace_read(domd.hv, cpu, room, lost);
        rc = n > 0 ? send_chunk(fd, TRACE_RECORDS, cpu, room, (size_t)n * sizeof(*room)) : 0;
        if (n < 0 || rc)
            return n < 0 ? n : rc;
        total += n;
    } while (n == PAVO_TRACE_READ_MAX && total < trace.header.records);
    return total;
}

/* As above, of the CPU that had most. */
static long send_records(int fd, struct pavo_record *room, uint64_t *lost)
{
    long n, most = 0;
    uint32_t cpu;

    for (cpu = 0; cpu < trace.header.nr_cpus; cpu++) {
        n = send_cpu(fd, cpu, room, &lost[cpu]);
        if (n < 0)
            return n;
        most = n > most ? n : most;
    }
    return most;
}

static int send_ends(int fd, const uint64_t *lost)
{
    uint32_t cpu;
    int rc = 0;

    for (cpu = 0; cpu < trace.header.nr_cpus && !rc; cpu++)
        rc = send_chunk(fd, TRACE_END, cpu, &lost[cpu], sizeof(lost[cpu]));
    return rc;
}

/* The client has said something, or nothing more will come from it. */
static bool enough(int fd, int wait_ms)
{
    struct pollfd p = {.fd = fd, .events = POLLIN};

    return poll(&p, 1, wait_ms) != 0;
}

void trace_send(int fd)
{
    struct pavo_record *room = calloc(PAVO_TRACE_READ_MAX, sizeof(*room));
    uint64_t lost[TRACE_CPUS_MAX] = {0};
    long n = fd < 0 || !room ? -EPIPE : send_all(fd, &trace.header, sizeof(trace.header));

    if (!n)
        n = send_names(fd);
    /* Looking leaves records, too: rest between, unless the rings fill as fast. */
    while (n >= 0 && !enough(fd, n > trace.header.records / 2 ? 0 : LOOK_MS))
        n = send_records(fd, room, lost);
    if (n >= 0)
        n = hv_trace_freeze(domd.hv);
    while (n >= 0 && (n = send_records(fd, room, lost)) > 0)
        ;
    if (!n && !send_names(fd)) /* also of those that came meanwhile */
        send_ends(fd, lost);
    free(room);
    trace_release();
}
