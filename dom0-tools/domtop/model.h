/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef DOM0_TOOLS_DOMTOP_MODEL_H
#define DOM0_TOOLS_DOMTOP_MODEL_H

/* What domtop shows: counters of all domains at one moment, rates from two of them. Pure logic. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct json;
struct json_out;

enum counter {
    DISK_READ,
    DISK_WRITE,
    NET_RX,
    NET_TX,
    NR_COUNTERS
}; /* bytes; as the guest sees it */

struct vcpu_use {
    uint64_t id, cpu, cpu_ns; /* cpu: where it runs, or ran last */
    bool online;
    double cpu_percent;
};

#define ROW_VCPUS_MAX 64

struct row {
    char name[64], state[16];
    uint64_t id, vcpus, memory_mib, maxmem_mib;
    uint64_t cpu_ns;
    uint64_t total[NR_COUNTERS];
    bool has_rates; /* seen before: the following hold */
    double cpu_percent;
    double rate[NR_COUNTERS]; /* bytes per second */
    size_t nr_vcpus;
    struct vcpu_use vcpu[ROW_VCPUS_MAX];
    bool is_vcpu; /* made by row_of_vcpu(): most columns are empty */
};

struct sample {
    uint64_t time_ns; /* of dom0's monotonic clock */
    char version[64];
    uint64_t cpus, total_pages, free_pages;
    bool stored, consoled; /* they answer */
    double interval_s;     /* that the rates refer to; 0: none yet */
    struct row *rows;
    size_t count;
};

/* Reads domd's answer to "stats". False when it makes no sense; *@s is empty then. */
bool sample_read(struct sample *s, const struct json *answer);
void sample_free(struct sample *s);

/* Fills the rates of @s: what was added since @before, for domains that are in both. */
void sample_rates(struct sample *s, const struct sample *before);

enum sort_key {
    SORT_NAME,
    SORT_ID,
    SORT_STATE,
    SORT_VCPUS,
    SORT_MEMORY,
    SORT_CPU,
    SORT_COUNTER, /* + enum counter */
    NR_SORT_KEYS = SORT_COUNTER + NR_COUNTERS
};

/* Numbers: the largest first; names and ids upwards; @reverse turns that around. */
void sample_sort(struct sample *s, int key, bool totals, bool reverse);

/* The key of that name ("cpu", "read", ...); -1 when there is none. */
int sort_key_parse(const char *name);

/* ---- columns */

enum column { COL_NAME, COL_ID, COL_STATE, COL_VCPUS, COL_MEMORY, COL_CPU, COL_COUNTER };
#define NR_COLUMNS (COL_COUNTER + NR_COUNTERS)

/* Which columns fit into @width characters, the most wanted first, and how wide the name may be. */
struct layout {
    bool shown[NR_COLUMNS];
    int name_width;
};
void layout_make(struct layout *l, int width);
/* One line, without a newline; @r NULL: the headings. */
void layout_line(const struct layout *l, const struct row *r, bool totals, char *line, size_t size);
/* The line of the domain's vCPU @i, to be shown below its own. */
void row_of_vcpu(const struct row *r, size_t i, struct row *to);
/* How many lines all rows take; @vcpus: with those of vCPUs. */
size_t sample_lines(const struct sample *s, bool vcpus);
/* Place and width of a column's text within a line; -1 when it is not shown. */
int layout_column(const struct layout *l, int column, int *width);

/* A number of bytes in at most six characters: "512", "1.5K", "16.0M". */
void format_bytes(char text[16], double bytes);

/* The sample as one JSON object. */
void sample_to_json(const struct sample *s, struct json_out *o);

#endif
