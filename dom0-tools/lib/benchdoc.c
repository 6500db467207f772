/* SPDX-License-Identifier: GPL-2.0-only */
/* Results of a bench. Samples are kept as they came; medians are made from all rounds of a cell. */
#include "dom0-tools/lib/benchdoc.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "dom0-tools/lib/err.h"
#include "dom0-tools/lib/file.h"
#include "dom0-tools/lib/json.h"
#include "dom0-tools/lib/machine.h"

#define FILE_MAX (16u << 20)

/* ---- lines of a workload */

/* "NAME REST"; what is said last counts. */
static void take_fact(struct bench_round *r, const char *rest)
{
    size_t len = strcspn(rest, " "), i;
    struct bench_fact *f;
    char name[32];

    snprintf(name, sizeof(name), "%.*s", (int)len, rest);
    for (i = 0; i < r->nr_facts && strcmp(r->facts[i].name, name); i++)
        ;
    if (i == BENCH_FACTS)
        return;
    f = &r->facts[i];
    r->nr_facts += i == r->nr_facts;
    strcpy(f->name, name);
    snprintf(f->value, sizeof(f->value), "%s", rest + len + strspn(rest + len, " "));
}

/* "NAME VALUE UNIT"; false if it is none. */
static bool take_row(struct bench_round *r, const char *rest)
{
    char name[32], unit[16];
    struct bench_row *row;
    double value;
    size_t i;

    if (sscanf(rest, "%31s %lf %15s", name, &value, unit) != 3 || !isfinite(value) || value < 0)
        return false;
    for (i = 0; i < r->nr_rows && strcmp(r->rows[i].name, name); i++)
        ;
    if (i == BENCH_ROWS)
        return false;
    row = &r->rows[i];
    if (i == r->nr_rows) {
        snprintf(row->name, sizeof(row->name), "%s", name);
        snprintf(row->unit, sizeof(row->unit), "%s", unit);
        r->nr_rows++;
    }
    if (strcmp(row->unit, unit) || row->nr == BENCH_SAMPLES)
        return false;
    row->samples[row->nr++] = value;
    return true;
}

static void go_wrong(struct bench_round *r, const char *what, const char *rest)
{
    if (*r->why)
        return;
    snprintf(r->why, sizeof(r->why), "%s%s", what, rest);
    err_one_line(r->why);
}

void bench_line(struct bench_round *r, const char *line)
{
    if (!strncmp(line, "ASSERT ", 7)) {
        take_fact(r, line + 7);
    } else if (!strncmp(line, "ROW ", 4)) {
        if (!take_row(r, line + 4))
            go_wrong(r, "a row that nobody knows: ", line + 4);
    } else if (!strncmp(line, "FAIL ", 5)) {
        go_wrong(r, "", line + 5);
    } else if (!strncmp(line, "END ", 4)) {
        r->ended = !strcmp(line + 4, "ok");
    }
}

const char *bench_fact(const struct bench_round *r, const char *name)
{
    size_t i;

    for (i = 0; i < r->nr_facts; i++)
        if (!strcmp(r->facts[i].name, name))
            return r->facts[i].value;
    return NULL;
}

const struct bench_row *bench_row(const struct bench_round *r, const char *name)
{
    size_t i;

    for (i = 0; i < r->nr_rows; i++)
        if (!strcmp(r->rows[i].name, name))
            return &r->rows[i];
    return NULL;
}

/* ---- summaries */

static int compare(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;

    return (x > y) - (x < y);
}

static double median_of(double *sorted, size_t nr)
{
    return nr % 2 ? sorted[nr / 2] : (sorted[nr / 2 - 1] + sorted[nr / 2]) / 2;
}

struct bench_summary bench_summarize(double *samples, size_t nr)
{
    struct bench_summary s = {.samples = nr};
    size_t i;

    qsort(samples, nr, sizeof(*samples), compare);
    s.median = median_of(samples, nr);
    s.min = samples[0];
    s.max = samples[nr - 1];
    for (i = 0; i < nr; i++)
        samples[i] = fabs(samples[i] - s.median);
    qsort(samples, nr, sizeof(*samples), compare);
    s.spread = s.median > 0 ? median_of(samples, nr) / s.median : 0;
    return s;
}

bool bench_more_is_better(const char *unit)
{
    size_t len = strlen(unit);

    return len >= 2 && !strcmp(unit + len - 2, "/s");
}

/* ---- the document */

static void write_round(struct json_out *o, const struct bench_round *r)
{
    size_t i, k;

    json_object(o);
    json_put_str(o, "when", r->when);
    json_put_fraction(o, "seconds", r->seconds);
    json_put_fraction(o, "load", r->load);
    json_key(o, "facts");
    json_object(o);
    for (i = 0; i < r->nr_facts; i++)
        json_put_str(o, r->facts[i].name, r->facts[i].value);
    json_end_object(o);
    json_key(o, "rows");
    json_object(o);
    for (i = 0; i < r->nr_rows; i++) {
        json_key(o, r->rows[i].name);
        json_array(o);
        for (k = 0; k < r->rows[i].nr; k++)
            json_value_number(o, r->rows[i].samples[k]);
        json_end_array(o);
    }
    json_end_object(o);
    json_end_object(o);
}

/* The summary of a row over all rounds that have it. */
static void write_row(struct json_out *o, const struct bench_cell *c, const struct bench_row *row)
{
    double all[BENCH_ROUNDS * BENCH_SAMPLES];
    struct bench_summary s;
    size_t i, nr = 0;

    for (i = 0; i < c->nr_rounds; i++) {
        const struct bench_row *more = bench_row(c->rounds[i], row->name);

        if (more) {
            memcpy(all + nr, more->samples, more->nr * sizeof(*all));
            nr += more->nr;
        }
    }
    s = bench_summarize(all, nr);
    json_key(o, row->name);
    json_object(o);
    json_put_str(o, "unit", row->unit);
    json_put_str(o, "better", bench_more_is_better(row->unit) ? "higher" : "lower");
    json_put_number(o, "median", s.median);
    json_put_number(o, "spread", s.spread);
    json_put_number(o, "min", s.min);
    json_put_number(o, "max", s.max);
    json_put_u64(o, "samples", s.samples);
    json_end_object(o);
}

static void write_cell(struct json_out *o, const struct bench_cell *c)
{
    char text[160];
    size_t i;

    snprintf(text, sizeof(text), "%s/%s", c->config, c->workload);
    json_key(o, text);
    json_object(o);
    json_put_str(o, "config", c->config);
    json_put_str(o, "workload", c->workload);
    json_put_str(o, "status", *c->why ? "failed" : "ok");
    json_put_str(o, "why", c->why);
    json_put_str(o, "when", c->when);
    snprintf(text, sizeof(text), "%016llx", (unsigned long long)c->fingerprint);
    json_put_str(o, "fingerprint", text);
    json_key(o, "rounds");
    json_array(o);
    for (i = 0; i < c->nr_rounds; i++)
        write_round(o, c->rounds[i]);
    json_end_array(o);
    json_key(o, "rows");
    json_object(o);
    for (i = 0; c->nr_rounds && i < c->rounds[0]->nr_rows; i++)
        write_row(o, c, &c->rounds[0]->rows[i]);
    json_end_object(o);
    json_end_object(o);
}

/* The keys are those of `make bench`, where a developer's host runs a machine; here it is the machine itself. */
static void write_machine(struct json_out *o, const struct machine *m)
{
    json_key(o, "machine");
    json_object(o);
    json_put_str(o, "id", m->id);
    json_put_str(o, "host_cpu", m->cpu);
    json_put_u64(o, "host_cpus", m->cpus);
    json_put_str(o, "host_kernel", "none");
    json_put_str(o, "accel", m->accel);
    json_put_str(o, "cpu", m->cpu);
    json_put_u64(o, "memory_mib", m->memory_mib);
    json_put_str(o, "qemu", "none");
    json_put_str(o, "product", m->product);
    json_end_object(o);
}

void bench_write(struct json_out *o, const struct bench_results *r)
{
    size_t i;

    json_object(o);
    json_put_str(o, "schema", BENCH_SCHEMA);
    json_put_str(o, "size", r->size);
    write_machine(o, r->machine);
    json_key(o, "versions");
    json_object(o);
    json_put_str(o, "pavo", r->pavo);
    json_put_str(o, "linux", r->linux_);
    json_put_str(o, "xen", r->xen);
    json_put_str(o, "qemu_inside", "none");
    json_end_object(o);
    json_put_str(o, "started", r->started);
    json_put_str(o, "ended", r->ended);
    json_put_bool(o, "complete", r->complete);
    json_key(o, "cells");
    json_object(o);
    for (i = 0; i < r->nr; i++)
        write_cell(o, &r->cells[i]);
    json_end_object(o);
    json_end_object(o);
}

/* ---- other documents */

static const char *text_at(const struct json *doc, const char *key, const char *key2)
{
    const char *s = json_get_str(json_get(doc, key), key2);

    return s ? s : "?";
}

static bool is(const struct json *cell, const char *key, const char *value)
{
    const char *s = json_get_str(cell, key);

    return s && !strcmp(s, value);
}

struct json *bench_load(const char *path, const char *id, const char *size, struct err *e)
{
    const char *schema, *was;
    struct json *doc;
    struct file f;

    if (file_read(&f, "results", path, FILE_MAX, 0, e))
        return NULL;
    doc = json_parse((const char *)f.data, f.len);
    file_free(&f);
    schema = json_get_str(doc, "schema");
    was = text_at(doc, "machine", "id");
    if (!doc || json_type(doc) != JSON_OBJECT)
        err_set(e, STATUS_USAGE, path, NULL, "no JSON of a bench");
    else if (!schema || strcmp(schema, BENCH_SCHEMA))
        err_set(e, STATUS_USAGE, path, NULL, "schema %s, not %s", schema ? schema : "none",
                BENCH_SCHEMA);
    else if (json_type(json_get(doc, "cells")) != JSON_OBJECT)
        err_set(e, STATUS_USAGE, path, NULL, "no cells in it");
    else if (id && strcmp(was, id))
        err_set(e, STATUS_USAGE, path, NULL, "of another machine (%s, %s: %s, here %s)",
                text_at(doc, "machine", "product"), text_at(doc, "machine", "host_cpu"), was, id);
    else if (size && !is(doc, "size", size))
        err_set(e, STATUS_USAGE, path, NULL, "of size %s, not %s",
                json_get_str(doc, "size") ? json_get_str(doc, "size") : "none", size);
    if (!e->status)
        return doc;
    json_free(doc);
    return NULL;
}

/* Whether @more takes the place of @mine (or NULL). */
static bool is_better(const struct json *more, const struct json *mine)
{
    const char *when = json_get_str(more, "when"), *was = json_get_str(mine, "when");

    if (!mine || !is(mine, "status", "ok"))
        return true;
    return is(more, "status", "ok") && when && was && strcmp(when, was) > 0;
}

/* The best cell of all documents with that name. */
static const struct json *best_cell(const struct json **docs, size_t nr, const char *name)
{
    const struct json *best = NULL;
    size_t i;

    for (i = 0; i < nr; i++) {
        const struct json *cell = json_get(json_get(docs[i], "cells"), name);

        if (cell && is_better(cell, best))
            best = cell;
    }
    return best;
}

static void merge_cells(struct json_out *o, const struct json **docs, size_t nr)
{
    const char *name;
    size_t i, k, m;

    json_object(o);
    for (i = 0; i < nr; i++) {
        for (k = 0; json_member(json_get(docs[i], "cells"), k, &name); k++) {
            for (m = 0; m < i && !json_get(json_get(docs[m], "cells"), name); m++)
                ;
            if (m < i)
                continue; /* it was written with that document's */
            json_key(o, name);
            json_value_copy(o, best_cell(docs, nr, name));
        }
    }
    json_end_object(o);
}

/* Whether @list, of versions with commas between them, has that one. */
static bool has_version(const char *list, const char *version, size_t len)
{
    size_t n = strcspn(list, ",");

    while (n != len || strncmp(list, version, len)) {
        if (!list[n])
            return false;
        list += n + 1 + (list[n + 1] == ' ');
        n = strcspn(list, ",");
    }
    return true;
}

/* Adds those versions of the list @more that @list has not yet. */
static void add_versions(char *list, size_t size, const char *more)
{
    size_t used = strlen(list), len;

    for (;; more += len + 1 + (more[len + 1] == ' ')) {
        len = strcspn(more, ",");
        if (len && !has_version("none", more, len) && !has_version(list, more, len))
            used += (size_t)snprintf(list + used, size - used, "%s%.*s", used ? ", " : "", (int)len,
                                     more);
        if (!more[len] || used >= size)
            return;
    }
}

/* All that the documents name; a host that runs no Xen knows no version of it. */
static void merge_versions(struct json_out *o, const struct json **docs, size_t nr)
{
    const char *name, *text;
    char all[1024];
    size_t i, k;

    json_object(o);
    for (i = 0; json_member(json_get(docs[0], "versions"), i, &name); i++) {
        *all = '\0';
        for (k = 0; k < nr; k++) {
            text = json_get_str(json_get(docs[k], "versions"), name);
            add_versions(all, sizeof(all), text ? text : "");
        }
        json_put_str(o, name, *all ? all : "none");
    }
    json_end_object(o);
}

/* The first time that the documents have under @name, or the last one; null without any. */
static void merge_times(struct json_out *o, const struct json **docs, size_t nr, const char *name,
                        bool last)
{
    const char *best = NULL;
    size_t i;

    for (i = 0; i < nr; i++) {
        const char *text = json_get_str(docs[i], name);

        if (text && (!best || (strcmp(text, best) > 0) == last))
            best = text;
    }
    if (best)
        json_value_str(o, best);
    else
        json_value_copy(o, NULL);
}

void bench_merge(struct json_out *o, const struct json **docs, size_t nr)
{
    const struct json *value;
    const char *name;
    size_t i;

    json_object(o);
    for (i = 0; (value = json_member(docs[0], i, &name)); i++) {
        json_key(o, name);
        if (!strcmp(name, "cells"))
            merge_cells(o, docs, nr);
        else if (!strcmp(name, "versions"))
            merge_versions(o, docs, nr);
        else if (!strcmp(name, "started") || !strcmp(name, "ended"))
            merge_times(o, docs, nr, name, *name == 'e');
        else
            json_value_copy(o, value);
    }
    json_end_object(o);
}

/* ---- tables */

#define COLUMNS_MAX 16
#define LABEL_WIDTH 24
#define WIDTH       24

/* Which configuration of Xen stands beside one of Pavo. */
static const char *peer_of(const char *config)
{
    return !strcmp(config, "pavo-dom0")    ? "xen-dom0"
           : !strcmp(config, "pavo-guest") ? "xen-guest"
                                           : NULL;
}

static const struct json *row_of(const struct json *doc, const char *config, const char *workload,
                                 const char *row)
{
    char name[160];

    snprintf(name, sizeof(name), "%s/%s", config, workload);
    return json_get(json_get(json_get(json_get(doc, "cells"), name), "rows"), row);
}

static double member(const struct json *row, const char *key)
{
    double value = 0;

    json_number(json_get(row, key), &value);
    return value;
}

/* How many times as dear @row is as @base; 0 if that cannot be said. */
static double ratio(const struct json *row, const struct json *base)
{
    double a = member(row, "median"), b = member(base, "median");

    if (a <= 0 || b <= 0)
        return 0;
    return is(row, "better", "higher") ? b / a : a / b;
}

/* Three digits that matter. */
static void figure(char *text, size_t size, double x)
{
    snprintf(text, size, x >= 100 ? "%.0f" : x >= 10 ? "%.1f" : "%.3g", x);
}

/* @text to the right of a column; characters count, not bytes. */
static void column(FILE *f, const char *text)
{
    size_t n = 0, i;

    for (i = 0; text[i]; i++)
        n += (text[i] & 0xc0) != 0x80;
    fprintf(f, "%*s%s", n < WIDTH ? (int)(WIDTH - n) : 1, "", text);
}

static void print_figure(FILE *f, const struct json *row, double times)
{
    char median[32], factor[32] = "", text[96];

    figure(median, sizeof(median), member(row, "median"));
    if (times > 0)
        figure(factor, sizeof(factor), times);
    snprintf(text, sizeof(text), "%s \302\261%.0f%%%s%s%s", median, member(row, "spread") * 100,
             times > 0 ? " " : "", factor, times > 0 ? "x" : "");
    column(f, row ? text : "-");
}

struct table {
    const struct json *doc;
    const char *workload;
    const char *configs[COLUMNS_MAX];
    size_t nr;
};

static bool has_config(const struct table *t, const char *config)
{
    size_t i;

    for (i = 0; i < t->nr && strcmp(t->configs[i], config); i++)
        ;
    return i < t->nr;
}

static void print_row(FILE *f, const struct table *t, const char *name, const struct json *row)
{
    const char *unit = json_get_str(row, "unit");
    char text[96];
    size_t i;

    snprintf(text, sizeof(text), "%s, %s", name, unit ? unit : "?");
    fprintf(f, "%-*s", LABEL_WIDTH, text);
    for (i = 0; i < t->nr; i++) {
        row = row_of(t->doc, t->configs[i], t->workload, name);
        print_figure(f, row,
                     strcmp(t->configs[i], "native")
                         ? ratio(row, row_of(t->doc, "native", t->workload, name))
                         : 0);
    }
    for (i = 0; i < t->nr; i++) {
        const char *peer = peer_of(t->configs[i]);
        double times;

        if (!peer || !has_config(t, peer))
            continue;
        times = ratio(row_of(t->doc, t->configs[i], t->workload, name),
                      row_of(t->doc, peer, t->workload, name));
        if (times > 0) {
            figure(text, sizeof(text) - 1, times);
            strcat(text, "x");
        }
        column(f, times > 0 ? text : "-");
    }
    fputc('\n', f);
}

static void print_heads(FILE *f, const struct table *t)
{
    char text[96];
    size_t i;

    fprintf(f, "\n%s (median, spread, times native)\n%*s", t->workload, LABEL_WIDTH, "");
    for (i = 0; i < t->nr; i++)
        column(f, t->configs[i]);
    for (i = 0; i < t->nr; i++)
        if (peer_of(t->configs[i]) && has_config(t, peer_of(t->configs[i]))) {
            snprintf(text, sizeof(text), "%s / Xen", t->configs[i]);
            column(f, text);
        }
    fputc('\n', f);
}

/* Rows in the order of the cell that has them first. */
static void print_table(FILE *f, const struct table *t)
{
    const struct json *row;
    const char *name;
    size_t i, k, m;

    print_heads(f, t);
    for (i = 0; i < t->nr; i++) {
        char cell[160];

        snprintf(cell, sizeof(cell), "%s/%s", t->configs[i], t->workload);
        for (k = 0; (row = json_member(json_get(json_get(json_get(t->doc, "cells"), cell), "rows"),
                                       k, &name));
             k++) {
            for (m = 0; m < i && !row_of(t->doc, t->configs[m], t->workload, name); m++)
                ;
            if (m == i)
                print_row(f, t, name, row);
        }
    }
}

/* The configurations that have figures of this workload: native first, then as they stand in the file. */
static void find_configs(struct table *t)
{
    const struct json *cells = json_get(t->doc, "cells"), *cell;
    const char *name;
    size_t i;
    int turn;

    t->nr = 0;
    for (turn = 0; turn < 2; turn++)
        for (i = 0; (cell = json_member(cells, i, &name)); i++) {
            const char *config = json_get_str(cell, "config"), *unused;

            if (config && is(cell, "workload", t->workload) && !strcmp(config, "native") == !turn &&
                json_member(json_get(cell, "rows"), 0, &unused) && t->nr < COLUMNS_MAX)
                t->configs[t->nr++] = config;
        }
}

static void print_header(FILE *f, const struct json *doc)
{
    const char *kernel = text_at(doc, "versions", "linux");
    uint64_t cpus = 0, mib = 0;

    json_get_u64(json_get(doc, "machine"), "host_cpus", &cpus);
    json_get_u64(json_get(doc, "machine"), "memory_mib", &mib);
    fprintf(f, "Machine: %s, %s, %llu CPUs, %llu MiB%s\n", text_at(doc, "machine", "product"),
            text_at(doc, "machine", "host_cpu"), (unsigned long long)cpus, (unsigned long long)mib,
            !strcmp(text_at(doc, "machine", "accel"), "tcg")
                ? "; translated by QEMU: wall times carry over to silicon only in part"
                : "");
    fprintf(f, "Pavo: %s\nKernel%s: %s\nXen: %s\nWhen: %s to %s, size %s\n",
            text_at(doc, "versions", "pavo"),
            strchr(kernel, ',') ? "s, not the same in every row" : " in every row", kernel,
            text_at(doc, "versions", "xen"),
            json_get_str(doc, "started") ? json_get_str(doc, "started") : "?",
            json_get_str(doc, "ended") ? json_get_str(doc, "ended") : "now",
            json_get_str(doc, "size") ? json_get_str(doc, "size") : "?");
}

void bench_report(FILE *f, const struct json *doc)
{
    const struct json *cells = json_get(doc, "cells"), *cell, *other;
    const char *name, *unused;
    size_t i, k;

    print_header(f, doc);
    for (i = 0; (cell = json_member(cells, i, &name)); i++) {
        struct table t = {.doc = doc, .workload = json_get_str(cell, "workload")};

        if (!t.workload)
            continue;
        for (k = 0; k < i; k++) {
            other = json_member(cells, k, &unused);
            if (is(other, "workload", t.workload))
                break;
        }
        find_configs(&t);
        if (k == i && t.nr)
            print_table(f, &t);
    }
    for (i = 0; (cell = json_member(cells, i, &name)); i++)
        if (is(cell, "status", "failed"))
            fprintf(f, "FAILED %s: %s\n", name,
                    json_get_str(cell, "why") ? json_get_str(cell, "why") : "?");
}

size_t bench_failed(const struct json *doc)
{
    const struct json *cells = json_get(doc, "cells"), *cell;
    const char *name;
    size_t i, failed = 0;

    for (i = 0; (cell = json_member(cells, i, &name)); i++)
        failed += is(cell, "status", "failed");
    return failed;
}
