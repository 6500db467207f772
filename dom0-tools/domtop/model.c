/* SPDX-License-Identifier: GPL-2.0-only */
#include "dom0-tools/domtop/model.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "dom0-tools/lib/json.h"

#define ROWS_MAX 4096

static const char *const keys[NR_SORT_KEYS] = {"name", "id",   "state", "vcpus", "memory",
                                               "cpu",  "read", "write", "rx",    "tx"};

/* ---- from domd's answer */

static uint64_t number(const struct json *j, const char *key)
{
    uint64_t n = 0;

    json_get_u64(j, key, &n);
    return n;
}

/* Names are a guest's own choice only within narrow limits; what would move a cursor goes anyway. */
static void copy_text(char *to, size_t size, const char *from)
{
    size_t i;

    snprintf(to, size, "%s", from ? from : "?");
    for (i = 0; to[i]; i++)
        if ((unsigned char)to[i] < ' ' || (unsigned char)to[i] > '~')
            to[i] = '?';
}

static uint64_t sum(const struct json *list, const char *key)
{
    uint64_t n = 0;
    size_t i;

    for (i = 0; i < json_length(list); i++)
        n += number(json_at(list, i), key);
    return n;
}

static void vcpus_read(struct row *r, const struct json *list)
{
    size_t i;

    for (i = 0; i < json_length(list) && i < ROW_VCPUS_MAX; i++) {
        const struct json *v = json_at(list, i);

        r->vcpu[i] = (struct vcpu_use){.id = number(v, "id"),
                                       .cpu = number(v, "cpu"),
                                       .cpu_ns = number(v, "cpu_time_ns"),
                                       .online = json_get_bool(v, "online")};
    }
    r->nr_vcpus = i;
}

static void row_read(struct row *r, const struct json *d)
{
    const struct json *disks = json_get(d, "disk_stats"), *vifs = json_get(d, "vif_stats");

    memset(r, 0, sizeof(*r));
    copy_text(r->name, sizeof(r->name), json_get_str(d, "name"));
    copy_text(r->state, sizeof(r->state), json_get_str(d, "state"));
    r->id = number(d, "id");
    r->vcpus = number(d, "vcpus");
    r->memory_mib = number(d, "memory_mib");
    r->maxmem_mib = number(d, "maxmem_mib");
    r->cpu_ns = number(d, "cpu_time_ns");
    vcpus_read(r, json_get(d, "vcpu_stats"));
    r->total[DISK_READ] = sum(disks, "read_bytes");
    r->total[DISK_WRITE] = sum(disks, "write_bytes");
    r->total[NET_RX] = sum(vifs, "received_bytes");
    r->total[NET_TX] = sum(vifs, "sent_bytes");
}

bool sample_read(struct sample *s, const struct json *answer)
{
    const struct json *domains = json_get(answer, "domains"), *host = json_get(answer, "info");
    const struct json *daemons = json_get(answer, "daemons");
    size_t i;

    memset(s, 0, sizeof(*s));
    if (json_type(domains) != JSON_ARRAY || json_length(domains) > ROWS_MAX ||
        !json_get_u64(answer, "time_ns", &s->time_ns))
        return false;
    s->rows = calloc(json_length(domains) + 1, sizeof(*s->rows));
    if (!s->rows)
        return false;
    s->count = json_length(domains);
    for (i = 0; i < s->count; i++)
        row_read(&s->rows[i], json_at(domains, i));
    copy_text(s->version, sizeof(s->version), json_get_str(host, "version"));
    s->cpus = number(host, "cpus");
    s->total_pages = number(host, "total_pages");
    s->free_pages = number(host, "free_pages");
    s->stored = json_get_bool(daemons, "stored");
    s->consoled = json_get_bool(daemons, "consoled");
    return true;
}

void sample_free(struct sample *s)
{
    free(s->rows);
    memset(s, 0, sizeof(*s));
}

/* ---- rates */

static const struct row *find(const struct sample *s, uint64_t id)
{
    size_t i;

    for (i = 0; i < s->count; i++)
        if (s->rows[i].id == id)
            return &s->rows[i];
    return NULL;
}

/* A counter that went back belongs to another device of the same name. */
static double grown(uint64_t now, uint64_t before)
{
    return now > before ? (double)(now - before) : 0;
}

/* vCPUs of the same domain stand in the same order. */
static void vcpu_rates(struct row *r, const struct row *old, double interval_s)
{
    size_t i;

    for (i = 0; i < r->nr_vcpus && i < old->nr_vcpus; i++)
        r->vcpu[i].cpu_percent = grown(r->vcpu[i].cpu_ns, old->vcpu[i].cpu_ns) / 1e7 / interval_s;
}

void sample_rates(struct sample *s, const struct sample *before)
{
    size_t i;
    int c;

    if (s->time_ns <= before->time_ns)
        return;
    s->interval_s = (double)(s->time_ns - before->time_ns) / 1e9;
    for (i = 0; i < s->count; i++) {
        struct row *r = &s->rows[i];
        const struct row *old = find(before, r->id);

        if (!old || strcmp(old->name, r->name) != 0)
            continue;
        r->has_rates = true;
        r->cpu_percent = grown(r->cpu_ns, old->cpu_ns) / 1e7 / s->interval_s;
        for (c = 0; c < NR_COUNTERS; c++)
            r->rate[c] = grown(r->total[c], old->total[c]) / s->interval_s;
        vcpu_rates(r, old, s->interval_s);
    }
}

/* ---- order */

static struct {
    int key;
    bool totals, reverse;
} order;

static int compare_numbers(double a, double b)
{
    return a < b ? -1 : a > b;
}

/* Below 0: @a comes first. */
static int compare_key(const struct row *a, const struct row *b)
{
    int c = order.key - SORT_COUNTER;

    switch (order.key) {
    case SORT_NAME:
        return strcmp(a->name, b->name);
    case SORT_ID:
        return compare_numbers((double)a->id, (double)b->id);
    case SORT_STATE:
        return strcmp(a->state, b->state);
    case SORT_VCPUS:
        return compare_numbers((double)b->vcpus, (double)a->vcpus);
    case SORT_MEMORY:
        return compare_numbers((double)b->memory_mib, (double)a->memory_mib);
    case SORT_CPU:
        return order.totals ? compare_numbers((double)b->cpu_ns, (double)a->cpu_ns)
                            : compare_numbers(b->cpu_percent, a->cpu_percent);
    default:
        return order.totals ? compare_numbers((double)b->total[c], (double)a->total[c])
                            : compare_numbers(b->rate[c], a->rate[c]);
    }
}

static int compare(const void *pa, const void *pb)
{
    const struct row *a = pa, *b = pb;
    int rc = compare_key(a, b);

    if (order.reverse)
        rc = -rc;
    return rc ? rc : compare_numbers((double)a->id, (double)b->id);
}

void sample_sort(struct sample *s, int key, bool totals, bool reverse)
{
    order.key = key;
    order.totals = totals;
    order.reverse = reverse;
    if (s->count)
        qsort(s->rows, s->count, sizeof(*s->rows), compare);
}

int sort_key_parse(const char *name)
{
    int i;

    for (i = 0; i < NR_SORT_KEYS; i++)
        if (!strcasecmp(name, keys[i]))
            return i;
    return -1;
}

/* ---- columns */

#define NAME_MIN       8
#define NAME_MAX_WIDTH 32

static const struct {
    const char *rates, *totals; /* headings */
    int width;
} columns[NR_COLUMNS] = {
    {"NAME", "NAME", NAME_MIN}, {"ID", "ID", 5},           {"STATE", "STATE", 8},
    {"VCPU", "VCPU", 4},        {"MEM/MiB", "MEM/MiB", 7}, {"CPU%", "TIME/s", 7},
    {"DISKR/s", "DISKR", 7},    {"DISKW/s", "DISKW", 7},   {"NETRX/s", "NETRX", 7},
    {"NETTX/s", "NETTX", 7},
};

void layout_make(struct layout *l, int width)
{
    static const int wanted[] = {COL_CPU,
                                 COL_COUNTER + DISK_WRITE,
                                 COL_COUNTER + DISK_READ,
                                 COL_MEMORY,
                                 COL_COUNTER + NET_RX,
                                 COL_COUNTER + NET_TX,
                                 COL_STATE,
                                 COL_ID,
                                 COL_VCPUS};
    int left = width - NAME_MIN;
    size_t i;

    memset(l, 0, sizeof(*l));
    l->shown[COL_NAME] = true;
    for (i = 0; i < sizeof(wanted) / sizeof(wanted[0]); i++) {
        if (left < columns[wanted[i]].width + 1)
            break;
        l->shown[wanted[i]] = true;
        left -= columns[wanted[i]].width + 1;
    }
    l->name_width = NAME_MIN + (left > 0 ? left : 0);
    if (l->name_width > NAME_MAX_WIDTH)
        l->name_width = NAME_MAX_WIDTH;
    if (l->name_width > width)
        l->name_width = width;
}

int layout_column(const struct layout *l, int column, int *width)
{
    int i, at = 0;

    if (!l->shown[column])
        return -1;
    for (i = 0; i < column; i++)
        if (l->shown[i])
            at += (i == COL_NAME ? l->name_width : columns[i].width) + 1;
    *width = column == COL_NAME ? l->name_width : columns[column].width;
    return at;
}

void format_bytes(char text[16], double bytes)
{
    static const char units[] = "KMGTPE";
    int unit = -1;

    /* 999.95 would be printed as 1000.0. */
    while (bytes >= (unit < 0 ? 10000 : 999.95) && unit < 5)
        bytes /= 1024, unit++;
    if (unit < 0)
        snprintf(text, 16, "%.0f", bytes);
    else
        snprintf(text, 16, "%.1f%c", bytes, units[unit]);
}

static void cell(const struct row *r, int column, bool totals, char text[80])
{
    int c = column - COL_COUNTER;

    if (r->is_vcpu && column != COL_NAME && column != COL_STATE && column != COL_CPU) {
        text[0] = '\0';
        return;
    }
    switch (column) {
    case COL_NAME:
        strcpy(text, r->name);
        break;
    case COL_ID:
        snprintf(text, 80, "%" PRIu64, r->id);
        break;
    case COL_STATE:
        strcpy(text, r->state);
        break;
    case COL_VCPUS:
        snprintf(text, 80, "%" PRIu64, r->vcpus);
        break;
    case COL_MEMORY:
        snprintf(text, 80, "%" PRIu64, r->memory_mib);
        break;
    case COL_CPU:
        if (totals)
            snprintf(text, 80, "%.1f", (double)r->cpu_ns / 1e9);
        else if (r->has_rates)
            snprintf(text, 80, "%.1f", r->cpu_percent);
        else
            strcpy(text, "-");
        break;
    default:
        if (totals)
            format_bytes(text, (double)r->total[c]);
        else if (r->has_rates)
            format_bytes(text, r->rate[c]);
        else
            strcpy(text, "-");
    }
}

void row_of_vcpu(const struct row *r, size_t i, struct row *to)
{
    const struct vcpu_use *v = &r->vcpu[i];

    memset(to, 0, sizeof(*to));
    to->is_vcpu = true;
    snprintf(to->name, sizeof(to->name), " vcpu %" PRIu64, v->id);
    if (v->online)
        snprintf(to->state, sizeof(to->state), "cpu %u", (unsigned int)v->cpu);
    else
        strcpy(to->state, "offline");
    to->vcpus = 1;
    to->cpu_ns = v->cpu_ns;
    to->has_rates = r->has_rates;
    to->cpu_percent = v->cpu_percent;
}

size_t sample_lines(const struct sample *s, bool vcpus)
{
    size_t i, n = s->count;

    for (i = 0; i < s->count && vcpus; i++)
        n += s->rows[i].nr_vcpus;
    return n;
}

void layout_line(const struct layout *l, const struct row *r, bool totals, char *line, size_t size)
{
    char text[80];
    size_t used = 0;
    int i, n, width;

    line[0] = '\0';
    for (i = 0; i < NR_COLUMNS && used + 1 < size; i++) {
        bool left = i == COL_NAME || i == COL_STATE;

        if (layout_column(l, i, &width) < 0)
            continue;
        if (r)
            cell(r, i, totals, text);
        else
            strcpy(text, totals ? columns[i].totals : columns[i].rates);
        n = snprintf(line + used, size - used, left ? "%s%-*.*s" : "%s%*.*s", used ? " " : "",
                     width, width, text);
        used += n > 0 ? (size_t)n : 0;
    }
}

/* ---- JSON */

static void put_numbers(struct json_out *o, const char *const keys[], const uint64_t *n,
                        size_t count)
{
    size_t i;

    for (i = 0; i < count; i++)
        json_put_u64(o, keys[i], n[i]);
}

static void vcpus_to_json(const struct row *r, struct json_out *o)
{
    size_t i;

    json_key(o, "vcpu_stats");
    json_array(o);
    for (i = 0; i < r->nr_vcpus; i++) {
        const struct vcpu_use *v = &r->vcpu[i];

        json_object(o);
        json_put_u64(o, "id", v->id);
        json_put_bool(o, "online", v->online);
        json_put_u64(o, "cpu", v->cpu);
        json_put_u64(o, "cpu_time_ns", v->cpu_ns);
        if (r->has_rates)
            json_put_fraction(o, "cpu_percent", v->cpu_percent);
        json_end_object(o);
    }
    json_end_array(o);
}

static void row_to_json(const struct row *r, struct json_out *o)
{
    static const char *const keys[] = {"vcpus", "memory_mib", "maxmem_mib", "cpu_time_ns"};
    static const char *const totals[] = {"disk_read_bytes", "disk_write_bytes",
                                         "net_received_bytes", "net_sent_bytes"};
    static const char *const rates[] = {"disk_read_bytes_per_s", "disk_write_bytes_per_s",
                                        "net_received_bytes_per_s", "net_sent_bytes_per_s"};
    int c;

    json_object(o);
    json_put_str(o, "name", r->name);
    json_put_u64(o, "id", r->id);
    json_put_str(o, "state", r->state);
    put_numbers(o, keys, (uint64_t[]){r->vcpus, r->memory_mib, r->maxmem_mib, r->cpu_ns}, 4);
    put_numbers(o, totals, r->total, NR_COUNTERS);
    if (r->has_rates) {
        json_put_fraction(o, "cpu_percent", r->cpu_percent);
        for (c = 0; c < NR_COUNTERS; c++)
            json_put_fraction(o, rates[c], r->rate[c]);
    }
    vcpus_to_json(r, o);
    json_end_object(o);
}

void sample_to_json(const struct sample *s, struct json_out *o)
{
    static const char *const keys[] = {"cpus", "total_pages", "free_pages"};
    size_t i;

    json_object(o);
    json_put_u64(o, "time_ns", s->time_ns);
    json_put_fraction(o, "interval_s", s->interval_s);
    json_put_str(o, "version", s->version);
    put_numbers(o, keys, (uint64_t[]){s->cpus, s->total_pages, s->free_pages}, 3);
    json_put_bool(o, "stored", s->stored);
    json_put_bool(o, "consoled", s->consoled);
    json_key(o, "domains");
    json_array(o);
    for (i = 0; i < s->count; i++)
        row_to_json(&s->rows[i], o);
    json_end_array(o);
    json_end_object(o);
}
