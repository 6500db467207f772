/* SPDX-License-Identifier: GPL-2.0-only */
/* Prometheus' text format (version 0.0.4), made from what domd tells of the host and its domains. */
#include "dom0-tools/domctl.h"

#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "dom0-tools/lib/newfile.h"

#define PAGE 4096ull

/* A family of samples; @list and @key say where in a domain its numbers stand. */
struct family {
    const char *name, *type, *help;
    const char *list, *label, *label_key; /* of a domain's list, or NULL */
    const char *key;
    uint64_t factor, divisor;
};

static const struct family host_families[] = {
    {"pavo_host_cpus", "gauge", "CPUs of the host.", .key = "cpus", .factor = 1},
    {"pavo_host_domains", "gauge", "Domains, dom0 included.", .key = "domains", .factor = 1},
    {"pavo_host_memory_bytes", "gauge", "Memory of the host.", .key = "total_pages",
     .factor = PAGE},
    {"pavo_host_free_memory_bytes", "gauge", "Memory that belongs to nobody.", .key = "free_pages",
     .factor = PAGE},
    {"pavo_host_hypervisor_memory_bytes", "gauge", "Memory of the hypervisor itself.",
     .key = "hypervisor_pages", .factor = PAGE},
    {"pavo_host_grant_mappings", "gauge", "Mappings of granted pages.", .key = "grant_mappings",
     .factor = 1},
    {"pavo_host_dom0_event_channels", "gauge", "Event channels of dom0 in use.",
     .key = "dom0_event_channels", .factor = 1},
};

#define NS       1000000000ull
#define VCPU     .list = "vcpu_stats", .label = "vcpu", .label_key = "id"
#define DISK     .list = "disk_stats", .label = "device", .label_key = "vdev"
#define VIF      .list = "vif_stats", .label = "index", .label_key = "index"
#define COUNT(k) .key = k, .factor = 1

static const struct family domain_families[] = {
    {"pavo_domain_vcpus", "gauge", "vCPUs online.", COUNT("vcpus")},
    {"pavo_domain_memory_bytes", "gauge", "Memory of the domain.", .key = "memory_mib",
     .factor = 1 << 20},
    {"pavo_domain_max_memory_bytes", "gauge", "What its memory may grow to.", .key = "maxmem_mib",
     .factor = 1 << 20},
    {"pavo_domain_vcpu_seconds_total", "counter", "Run time of a vCPU.", VCPU, .key = "cpu_time_ns",
     .divisor = NS},
    {"pavo_domain_disk_read_bytes_total", "counter", "Bytes read from a disk.", DISK,
     COUNT("read_bytes")},
    {"pavo_domain_disk_written_bytes_total", "counter", "Bytes written to a disk.", DISK,
     COUNT("write_bytes")},
    {"pavo_domain_disk_reads_total", "counter", "Read requests.", DISK, COUNT("read_requests")},
    {"pavo_domain_disk_writes_total", "counter", "Write requests.", DISK, COUNT("write_requests")},
    {"pavo_domain_disk_flushes_total", "counter", "Flush requests.", DISK, COUNT("flush_requests")},
    {"pavo_domain_network_receive_bytes_total", "counter", "Bytes that the guest received.", VIF,
     COUNT("received_bytes")},
    {"pavo_domain_network_transmit_bytes_total", "counter", "Bytes that the guest sent.", VIF,
     COUNT("sent_bytes")},
    {"pavo_domain_network_receive_packets_total", "counter", "Packets that the guest received.",
     VIF, COUNT("received_packets")},
    {"pavo_domain_network_transmit_packets_total", "counter", "Packets that the guest sent.", VIF,
     COUNT("sent_packets")},
    {"pavo_domain_network_receive_drop_total", "counter", "Packets to the guest that were dropped.",
     VIF, COUNT("received_dropped")},
};

/* A label's value in quotes. */
static void put_quoted(FILE *f, const char *s)
{
    fputc('"', f);
    for (; *s; s++) {
        if (*s == '\n')
            fputs("\\n", f);
        else if (*s == '"' || *s == '\\')
            fprintf(f, "\\%c", *s);
        else
            fputc(*s, f);
    }
    fputc('"', f);
}

static void put_head(FILE *f, const char *name, const char *type, const char *help)
{
    fprintf(f, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, type);
}

static void put_number(FILE *f, const struct family *m, uint64_t n)
{
    if (m->divisor)
        fprintf(f, " %" PRIu64 ".%09" PRIu64 "\n", n / m->divisor, n % m->divisor);
    else
        fprintf(f, " %" PRIu64 "\n", n * m->factor);
}

/* NAME{domain="...",id="..." without the end bracket */
static void put_domain_labels(FILE *f, const char *name, const struct json *d)
{
    uint64_t id = 0;

    json_get_u64(d, "id", &id);
    fprintf(f, "%s{domain=", name);
    put_quoted(f, json_get_str(d, "name") ? json_get_str(d, "name") : "");
    fprintf(f, ",id=\"%" PRIu64 "\"", id);
}

static void put_of_list(FILE *f, const struct family *m, const struct json *d)
{
    const struct json *list = json_get(d, m->list);
    uint64_t n, number;
    size_t i;

    for (i = 0; i < json_length(list); i++) {
        const struct json *element = json_at(list, i);
        const char *label = json_get_str(element, m->label_key);

        if (!json_get_u64(element, m->key, &n))
            continue;
        put_domain_labels(f, m->name, d);
        fprintf(f, ",%s=", m->label);
        if (label)
            put_quoted(f, label);
        else if (json_get_u64(element, m->label_key, &number))
            fprintf(f, "\"%" PRIu64 "\"", number);
        else
            fputs("\"\"", f);
        fputc('}', f);
        put_number(f, m, n);
    }
}

static void put_domains(FILE *f, const struct json *domains)
{
    size_t i, k;
    uint64_t n;

    for (i = 0; i < sizeof(domain_families) / sizeof(domain_families[0]); i++) {
        const struct family *m = &domain_families[i];

        put_head(f, m->name, m->type, m->help);
        for (k = 0; k < json_length(domains); k++) {
            const struct json *d = json_at(domains, k);

            if (m->list) {
                put_of_list(f, m, d);
            } else if (json_get_u64(d, m->key, &n)) {
                put_domain_labels(f, m->name, d);
                fputc('}', f);
                put_number(f, m, n);
            }
        }
    }
    put_head(f, "pavo_domain_info", "gauge", "State and UUID; always 1.");
    for (k = 0; k < json_length(domains); k++) {
        const struct json *d = json_at(domains, k);
        const char *uuid = json_get_str(d, "uuid"), *state = json_get_str(d, "state");

        put_domain_labels(f, "pavo_domain_info", d);
        fputs(",uuid=", f);
        put_quoted(f, uuid ? uuid : "");
        fputs(",state=", f);
        put_quoted(f, state ? state : "");
        fputs("} 1\n", f);
    }
}

static void put_metrics(FILE *f, const struct json *answer)
{
    static const char *const daemons[] = {"stored", "consoled"};
    const struct json *host = json_get(answer, "info");
    const char *version = json_get_str(host, "version");
    uint64_t n;
    size_t i;

    put_head(f, "pavo_host_info", "gauge", "Version of the hypervisor; always 1.");
    fputs("pavo_host_info{version=", f);
    put_quoted(f, version ? version : "");
    fputs("} 1\n", f);
    for (i = 0; i < sizeof(host_families) / sizeof(host_families[0]); i++) {
        if (!json_get_u64(host, host_families[i].key, &n))
            continue;
        put_head(f, host_families[i].name, host_families[i].type, host_families[i].help);
        fputs(host_families[i].name, f);
        put_number(f, &host_families[i], n);
    }
    put_head(f, "pavo_daemon_up", "gauge", "1 if the daemon answers.");
    fputs("pavo_daemon_up{daemon=\"domd\"} 1\n", f);
    for (i = 0; i < 2; i++)
        fprintf(f, "pavo_daemon_up{daemon=\"%s\"} %d\n", daemons[i],
                json_get_bool(json_get(answer, "daemons"), daemons[i]));
    put_domains(f, json_get(answer, "domains"));
}

static int write_metrics(struct newfile *f, const struct json *answer, struct err *e)
{
    char *text = NULL;
    size_t len;
    FILE *m = open_memstream(&text, &len);
    int rc;

    if (m)
        put_metrics(m, answer);
    if (!m || fclose(m))
        rc = err_set(e, STATUS_RESOURCES, f->path, NULL, "out of memory");
    else
        rc = newfile_write(f, text, len, e);
    free(text);
    return rc;
}

/* Whoever reads @path sees the old contents or the new ones, never a part. */
static int write_textfile(const char *path, const struct json *answer, struct err *e)
{
    struct newfile f;

    if (newfile_open(&f, path, e))
        return -1;
    if (write_metrics(&f, answer, e)) {
        newfile_drop(&f);
        return -1;
    }
    fchmod(f.fd, 0644); /* collectors run as others */
    return newfile_commit(&f, e);
}

int cmd_metrics(const struct verb *v, int argc, char **argv)
{
    static const struct option names[] = {{"textfile", required_argument, NULL, 'f'},
                                          {"output", required_argument, NULL, 'o'},
                                          {"help", no_argument, NULL, 'h'},
                                          {0}};
    const char *path = NULL;
    struct err e = {0};
    struct options o = {0};
    struct json *answer;
    int opt;

    opterr = 0;
    while ((opt = getopt_long(argc, argv, ":f:o:h", names, NULL)) != -1) {
        if (opt == 'h')
            return show_help(v);
        if (opt == 'f')
            path = optarg;
        else if (opt != 'o')
            return refuse_option(v, argv[optind - 1], opt == ':');
        else if (!(o.json = !strcmp(optarg, "json")))
            return usage_error(v, "-o knows only json");
    }
    if (optind != argc)
        return usage_error(v, "too many arguments");
    if (path && o.json)
        return usage_error(v, "either -f or -o");
    answer = ask_domd("stats", NULL, NULL, NULL, NULL, &e);
    if (!answer)
        return fail(&e);
    if (o.json)
        return print_done(answer, &o);
    if (path)
        write_textfile(path, answer, &e);
    else
        put_metrics(stdout, answer);
    json_free(answer);
    return e.status ? fail(&e) : STATUS_DONE;
}
