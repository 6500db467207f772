/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Decoder of trace files. Records of one CPU are in the order of time; those of all are merged. The
 * file is somebody's: every length is checked by trace_check() before anything is believed.
 */
#include "dom0-tools/lib/trace.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "dom0-tools/lib/err.h"
#include "dom0-tools/lib/perfnames.h"
#include "pv-abi/pavo.h"

#define PID_OF(domid) ((domid) + 1u) /* viewers keep 0 for themselves */
#define PID_CPUS      100000u

struct reader {
    const char *data;
    size_t len;
    struct trace_header header;
    char *names[65536]; /* by domid */
    struct cpu {
        size_t at, end;   /* records that come next; equal: look for a chunk at @chunk */
        size_t chunk;     /* offset of the next chunk to look at */
        uint64_t last_ns; /* time of the last record */
        /* chrome: what is open on this CPU */
        struct pavo_record open[8];
        unsigned int depth;
        bool running;
        struct pavo_record in;
    } cpu[TRACE_CPUS_MAX];
    uint64_t first_ns;
    bool any; /* chrome: an event was written */
};

static struct trace_chunk chunk_at(const char *data, size_t offset)
{
    struct trace_chunk c;

    memcpy(&c, data + offset, sizeof(c));
    return c;
}

static bool chunk_ok(const struct trace_chunk *c, const struct trace_header *h)
{
    if (c->bytes % 8 || c->bytes > TRACE_CHUNK_MAX)
        return false;
    switch (c->kind) {
    case TRACE_RECORDS:
        return c->number < h->nr_cpus && !(c->bytes % sizeof(struct pavo_record));
    case TRACE_NAME:
        return c->number <= 0xffff && c->bytes <= 256;
    case TRACE_END:
        return c->number < h->nr_cpus && c->bytes == 8;
    default:
        return false;
    }
}

int trace_check(const void *data, size_t len, struct trace_summary *s, struct err *e)
{
    struct trace_header h;
    struct trace_chunk c;
    size_t at;

    memset(s, 0, sizeof(*s));
    if (len < sizeof(h) || memcmp(data, TRACE_MAGIC, 8))
        return err_set(e, STATUS_USAGE, NULL, "domctl trace makes one", "not a trace");
    memcpy(&h, data, sizeof(h));
    if (h.header_bytes < sizeof(h) || h.header_bytes % 8 || h.header_bytes > len || !h.nr_cpus ||
        h.nr_cpus > TRACE_CPUS_MAX)
        return err_set(e, STATUS_USAGE, NULL, NULL, "a damaged trace, from its head on");
    for (at = h.header_bytes; len - at >= sizeof(c); at += sizeof(c) + c.bytes) {
        c = chunk_at(data, at);
        if (!chunk_ok(&c, &h))
            return err_set(e, STATUS_USAGE, NULL, NULL, "a damaged trace, from byte %zu on", at);
        if (c.bytes > len - at - sizeof(c))
            break; /* cut off while it was written */
        if (c.kind == TRACE_RECORDS)
            s->records += c.bytes / sizeof(struct pavo_record);
        if (c.kind == TRACE_END) {
            uint64_t lost;

            memcpy(&lost, (const char *)data + at + sizeof(c), 8);
            s->lost += lost;
            s->cpus_ended++;
        }
    }
    return 0;
}

/* ---- reading ------------------------------------------------------------------------------------ */

static void take_name(struct reader *r, uint32_t domid, const char *text, size_t len)
{
    size_t i;

    free(r->names[domid]);
    r->names[domid] = strndup(text, len);
    for (i = 0; r->names[domid] && r->names[domid][i]; i++)
        if (r->names[domid][i] < ' ' || strchr("\"\\\x7f", r->names[domid][i]))
            r->names[domid][i] = '?';
}

static struct reader *reader_open(const void *data, size_t len, struct err *e)
{
    struct reader *r = calloc(1, sizeof(*r));
    struct trace_chunk c;
    size_t at, i;

    if (!r) {
        err_set(e, STATUS_RESOURCES, "trace", NULL, "out of memory");
        return NULL;
    }
    r->data = data;
    r->len = len;
    memcpy(&r->header, data, sizeof(r->header));
    for (at = r->header.header_bytes; len - at >= sizeof(c); at += sizeof(c) + c.bytes) {
        c = chunk_at(data, at);
        if (c.bytes > len - at - sizeof(c))
            break;
        if (c.kind == TRACE_NAME)
            take_name(r, c.number, r->data + at + sizeof(c), c.bytes);
    }
    r->len = at; /* without what was cut off */
    for (i = 0; i < TRACE_CPUS_MAX; i++)
        r->cpu[i].chunk = r->header.header_bytes;
    return r;
}

static void reader_close(struct reader *r)
{
    size_t i;

    for (i = 0; i < sizeof(r->names) / sizeof(r->names[0]); i++)
        free(r->names[i]);
    free(r);
}

/* Leads @cpu to its next record. False: there is none. */
static bool cpu_fill(struct reader *r, uint32_t cpu)
{
    struct cpu *p = &r->cpu[cpu];

    while (p->at == p->end && p->chunk < r->len) {
        struct trace_chunk c = chunk_at(r->data, p->chunk);

        if (c.kind == TRACE_RECORDS && c.number == cpu) {
            p->at = p->chunk + sizeof(c);
            p->end = p->at + c.bytes;
        }
        p->chunk += sizeof(c) + c.bytes;
    }
    return p->at != p->end;
}

/* The earliest record that is left. False: none. */
static bool reader_next(struct reader *r, struct pavo_record *rec, uint32_t *cpu)
{
    struct pavo_record one;
    bool found = false;
    uint32_t i;

    for (i = 0; i < r->header.nr_cpus; i++) {
        if (!cpu_fill(r, i))
            continue;
        memcpy(&one, r->data + r->cpu[i].at, sizeof(one));
        if (found && one.time_ns >= rec->time_ns)
            continue;
        found = true;
        *rec = one;
        *cpu = i;
    }
    if (!found)
        return false;
    r->cpu[*cpu].at += sizeof(*rec);
    r->cpu[*cpu].last_ns = rec->time_ns;
    if (!r->first_ns)
        r->first_ns = rec->time_ns;
    return true;
}

static const char *name_of(const struct reader *r, uint32_t domid)
{
    return r->names[domid] ? r->names[domid] : "-";
}

static int end_file(FILE *f, struct err *e)
{
    return fflush(f) || ferror(f) ? err_set(e, err_file_status(errno), "trace", NULL,
                                            "cannot write: %s", strerror(errno))
                                  : 0;
}

/* What an event's argument says, in words. */
static void detail(char *buf, size_t size, const struct pavo_record *rec)
{
    switch (rec->event) {
    case PAVO_EV_HYPERCALL:
        snprintf(buf, size, "%s", perf_hypercall_name(rec->arg));
        break;
    case PAVO_EV_HYPERCALL_END:
        snprintf(buf, size, "%s%s", perf_hypercall_name(rec->arg & ~PAVO_HYPERCALL_AGAIN),
                 rec->arg & PAVO_HYPERCALL_AGAIN ? " (to go on)" : "");
        break;
    case PAVO_EV_TRAP:
        snprintf(buf, size, "%s", perf_trap_name(rec->arg));
        break;
    case PAVO_EV_EMULATE:
        snprintf(buf, size, "%s", perf_emulated_name(rec->arg));
        break;
    case PAVO_EV_MODE_SWITCH:
        snprintf(buf, size, "to %s", rec->arg ? "kernel" : "user");
        break;
    default:
        snprintf(buf, size, "%" PRIu32, rec->arg);
    }
}

int trace_text(const void *data, size_t len, FILE *f, struct err *e)
{
    struct reader *r = reader_open(data, len, e);
    struct pavo_record rec;
    char text[64];
    uint32_t cpu;

    if (!r)
        return -1;
    while (reader_next(r, &rec, &cpu)) {
        detail(text, sizeof(text), &rec);
        fprintf(f, "%" PRIu64 ".%09" PRIu64 " cpu%" PRIu32 " ", rec.time_ns / 1000000000,
                rec.time_ns % 1000000000, cpu);
        if (rec.event == PAVO_EV_LOST)
            fprintf(f, "- - lost %s\n", text);
        else
            fprintf(f, "d%uv%u %s %s %s\n", rec.domid, rec.vcpu, name_of(r, rec.domid),
                    perf_event_name(rec.event), text);
    }
    reader_close(r);
    return end_file(f, e);
}

/* ---- Chrome's trace events ---------------------------------------------------------------------- */

/* Opens an object: phase, process, thread, time. The caller adds members and closes it. */
static void put(struct reader *r, FILE *f, char phase, uint32_t pid, uint32_t tid, uint64_t ns)
{
    ns = ns > r->first_ns ? ns - r->first_ns : 0;
    fprintf(f,
            "%s\n{\"ph\":\"%c\",\"pid\":%" PRIu32 ",\"tid\":%" PRIu32 ",\"ts\":%" PRIu64
            ".%03" PRIu64,
            r->any ? "," : "", phase, pid, tid, ns / 1000, ns % 1000);
    r->any = true;
}

__attribute__((format(printf, 6, 7))) static void put_named(struct reader *r, FILE *f,
                                                            const char *what, uint32_t pid,
                                                            uint32_t tid, const char *fmt, ...)
{
    va_list ap;

    put(r, f, 'M', pid, tid, 0);
    fprintf(f, ",\"name\":\"%s\",\"args\":{\"name\":\"", what);
    va_start(ap, fmt);
    vfprintf(f, fmt, ap);
    va_end(ap);
    fputs("\"}}", f);
}

/* Says what processes and threads are called, once each. */
static void put_names(struct reader *r, FILE *f, const uint32_t *vcpus)
{
    uint32_t i, v;

    put_named(r, f, "process_name", PID_CPUS, 0, "CPUs");
    for (i = 0; i < r->header.nr_cpus; i++)
        put_named(r, f, "thread_name", PID_CPUS, i + 1, "CPU %u", i);
    for (i = 0; i < 65536; i++) {
        if (!vcpus[i])
            continue;
        put_named(r, f, "process_name", PID_OF(i), 0, "domain %u %s", i, name_of(r, i));
        for (v = 0; v < 32; v++)
            if (vcpus[i] >> v & 1)
                put_named(r, f, "thread_name", PID_OF(i), v + 1, "vCPU %u", v);
    }
}

static void close_hypercall(struct reader *r, FILE *f, struct cpu *p, uint64_t ns)
{
    const struct pavo_record *b = &p->open[--p->depth];

    put(r, f, 'E', PID_OF(b->domid), b->vcpu + 1u, ns);
    fputs("}", f);
}

static void close_run(struct reader *r, FILE *f, uint32_t cpu, uint64_t ns)
{
    if (r->cpu[cpu].running) {
        put(r, f, 'E', PID_CPUS, cpu + 1, ns);
        fputs("}", f);
    }
    r->cpu[cpu].running = false;
}

/* Whatever is open on @cpu has ended, nobody knows when. */
static void close_all(struct reader *r, FILE *f, uint32_t cpu, uint64_t ns)
{
    while (r->cpu[cpu].depth)
        close_hypercall(r, f, &r->cpu[cpu], ns);
    close_run(r, f, cpu, ns);
}

static bool same_vcpu(const struct pavo_record *a, const struct pavo_record *b)
{
    return a->domid == b->domid && a->vcpu == b->vcpu;
}

/* A hypercall stays on its CPU; a multicall has others within. */
static void put_hypercall(struct reader *r, FILE *f, uint32_t cpu, const struct pavo_record *rec)
{
    struct cpu *p = &r->cpu[cpu];
    uint32_t nr = rec->arg & ~PAVO_HYPERCALL_AGAIN;

    while (p->depth && !same_vcpu(&p->open[p->depth - 1], rec))
        close_hypercall(r, f, p, rec->time_ns);
    if (rec->event == PAVO_EV_HYPERCALL_END) {
        if (p->depth && p->open[p->depth - 1].arg == nr)
            close_hypercall(r, f, p, rec->time_ns);
        return; /* else it began before the trace */
    }
    if (p->depth == sizeof(p->open) / sizeof(p->open[0]))
        close_hypercall(r, f, p, rec->time_ns);
    p->open[p->depth++] = *rec;
    put(r, f, 'B', PID_OF(rec->domid), rec->vcpu + 1u, rec->time_ns);
    fprintf(f, ",\"cat\":\"hypercall\",\"name\":\"%s\",\"args\":{\"cpu\":%" PRIu32 "}}",
            perf_hypercall_name(nr), cpu);
}

static void put_switch(struct reader *r, FILE *f, uint32_t cpu, const struct pavo_record *rec)
{
    close_run(r, f, cpu, rec->time_ns);
    if (rec->event == PAVO_EV_SWITCH_OUT)
        return;
    r->cpu[cpu].running = true;
    put(r, f, 'B', PID_CPUS, cpu + 1, rec->time_ns);
    fprintf(f, ",\"cat\":\"sched\",\"name\":\"d%uv%u %s\"}", rec->domid, rec->vcpu,
            name_of(r, rec->domid));
}

static void put_instant(struct reader *r, FILE *f, uint32_t cpu, const struct pavo_record *rec)
{
    char text[64];

    detail(text, sizeof(text), rec);
    put(r, f, 'i', PID_OF(rec->domid), rec->vcpu + 1u, rec->time_ns);
    fprintf(f, ",\"s\":\"t\",\"cat\":\"%s\",\"name\":\"%s %s\",\"args\":{\"cpu\":%" PRIu32 "}}",
            perf_event_name(rec->event), perf_event_name(rec->event), text, cpu);
}

static void put_record(struct reader *r, FILE *f, uint32_t cpu, const struct pavo_record *rec)
{
    switch (rec->event) {
    case PAVO_EV_LOST:
        close_all(r, f, cpu, rec->time_ns);
        put(r, f, 'i', PID_CPUS, cpu + 1, rec->time_ns);
        fprintf(f, ",\"s\":\"t\",\"name\":\"%" PRIu32 " records lost\"}", rec->arg);
        break;
    case PAVO_EV_HYPERCALL:
    case PAVO_EV_HYPERCALL_END:
        put_hypercall(r, f, cpu, rec);
        break;
    case PAVO_EV_SWITCH_IN:
    case PAVO_EV_SWITCH_OUT:
        put_switch(r, f, cpu, rec);
        break;
    default:
        put_instant(r, f, cpu, rec);
    }
}

int trace_chrome(const void *data, size_t len, FILE *f, struct err *e)
{
    struct reader *r = reader_open(data, len, e);
    uint32_t *vcpus = calloc(65536, sizeof(*vcpus)), cpu; /* seen, a bit each, by domid */
    struct pavo_record rec;

    if (!r || !vcpus) {
        if (r)
            reader_close(r);
        free(vcpus);
        return err_set(e, STATUS_RESOURCES, "trace", NULL, "out of memory");
    }
    fputs("{\"displayTimeUnit\":\"ns\",\"traceEvents\":[", f);
    while (reader_next(r, &rec, &cpu)) {
        if (rec.event != PAVO_EV_LOST)
            vcpus[rec.domid] |= 1u << rec.vcpu % 32;
        put_record(r, f, cpu, &rec);
    }
    for (cpu = 0; cpu < r->header.nr_cpus; cpu++)
        close_all(r, f, cpu, r->cpu[cpu].last_ns);
    put_names(r, f, vcpus);
    fputs("\n]}\n", f);
    free(vcpus);
    reader_close(r);
    return end_file(f, e);
}
