/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef DOM0_TOOLS_LIB_BENCHDOC_H
#define DOM0_TOOLS_LIB_BENCHDOC_H

/*
 * What a bench measured: the lines of its workloads, and the results made of them in the form of
 * tests/bench/schema.json, which docs/benchmarks.md describes.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

struct err;
struct json;
struct json_out;
struct machine;

#define BENCH_SCHEMA  "pavo-bench/1"
#define BENCH_FACTS   24
#define BENCH_ROWS    64
#define BENCH_SAMPLES 64
#define BENCH_ROUNDS  32

struct bench_fact {
    char name[32], value[96];
};

struct bench_row {
    char name[32], unit[16];
    double samples[BENCH_SAMPLES];
    size_t nr;
};

/* One run of a workload. */
struct bench_round {
    char when[24]; /* UTC, when it ended */
    double seconds, load;
    struct bench_fact facts[BENCH_FACTS];
    struct bench_row rows[BENCH_ROWS];
    size_t nr_facts, nr_rows;
    char why[512]; /* what went wrong first, or "" */
    bool ended;    /* it said that all went well */
};

/* A workload on a configuration. */
struct bench_cell {
    const char *config, *workload;
    char when[24];
    uint64_t fingerprint;
    char why[512]; /* of a failure, or "" */
    struct bench_round *rounds[BENCH_ROUNDS];
    size_t nr_rounds;
};

struct bench_results {
    const char *size;
    const struct machine *machine;
    char pavo[64], linux_[192], xen[64]; /* versions */
    char started[24], ended[24];
    bool complete; /* no cell is left */
    struct bench_cell *cells;
    size_t nr;
};

/* Takes a line that a workload printed, without its newline: ASSERT, ROW, FAIL, END; no others. */
void bench_line(struct bench_round *r, const char *line);
/* What it said of itself, or NULL. */
const char *bench_fact(const struct bench_round *r, const char *name);
const struct bench_row *bench_row(const struct bench_round *r, const char *name);

struct bench_summary {
    double median, spread, min, max; /* spread: median distance from the median, as a part of it */
    size_t samples;
};
/* Sorts @samples, at least one. */
struct bench_summary bench_summarize(double *samples, size_t nr);
/* Units per second are better when there are more of them. */
bool bench_more_is_better(const char *unit);

void bench_write(struct json_out *o, const struct bench_results *r);

/*
 * A document of results from the file at @path. NULL with *@e (STATUS_USAGE): no file, no JSON, another
 * schema or, unless @id is NULL, of another machine or size.
 */
struct json *bench_load(const char *path, const char *id, const char *size, struct err *e);
/*
 * Writes the first document with the cells that the others add: those that it has not, or not measured
 * well, or that are newer.
 */
void bench_merge(struct json_out *o, const struct json **docs, size_t nr);
/* Prints it as tables: medians with spread, times native, and times Xen for Pavo. */
void bench_report(FILE *f, const struct json *doc);
/* The number of cells that failed. */
size_t bench_failed(const struct json *doc);

#endif
