/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef DOM0_TOOLS_LIB_TRACE_H
#define DOM0_TOOLS_LIB_TRACE_H

/*
 * Trace files, pavo-trace(5): written by domd through the socket to domctl's file, decoded here.
 * All numbers are little-endian. A header, then chunks, each with a head of its own.
 */

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

struct err;

#define TRACE_MAGIC "PAVOTRC1"

struct trace_header {
    char magic[8];
    uint32_t header_bytes; /* of this; chunks follow behind */
    uint32_t nr_cpus;
    uint64_t start_ns; /* when it began, since 1970 */
    uint32_t mask;     /* events asked for, 1 << PAVO_EV_* */
    uint32_t records;  /* ring of each CPU */
};

enum trace_kind {
    TRACE_RECORDS = 1, /* @number: CPU; struct pavo_record[] */
    TRACE_NAME = 2,    /* @number: domid; its name, filled up with NUL */
    TRACE_END = 3,     /* @number: CPU; 8 bytes: how many of its records were lost */
};

struct trace_chunk {
    uint32_t kind, number;
    uint32_t bytes; /* behind this head, a multiple of 8 */
    uint32_t zero;
};

#define TRACE_CPUS_MAX  64
#define TRACE_CHUNK_MAX (1u << 20)

struct trace_summary {
    uint64_t records, lost;
    uint32_t cpus_ended; /* fewer than the header's: the file was cut off */
};

/*
 * Looks through the @len bytes at @data (8-byte aligned). Returns 0 with *@s; -1 with *@e (STATUS_USAGE):
 * no trace, or damaged.
 */
int trace_check(const void *data, size_t len, struct trace_summary *s, struct err *e);

/* What trace_check() passed, to @f, in the order of time: as text, a record a line; or as JSON of Chrome's
 * trace events. Returns 0 or -1 with *@e: out of memory, or what @f said. */
int trace_text(const void *data, size_t len, FILE *f, struct err *e);
int trace_chrome(const void *data, size_t len, FILE *f, struct err *e);

#endif
