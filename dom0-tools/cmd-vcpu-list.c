/* SPDX-License-Identifier: GPL-2.0-only */
#include "dom0-tools/domctl.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

static const char *word(const struct json *j, const char *key)
{
    const char *s = json_get_str(j, key);

    return s ? s : "?";
}

static void print_vcpu(const struct json *v)
{
    uint64_t id = 0, vcpu = 0, cpu = 0, ns = 0;
    char where[24];

    json_get_u64(v, "id", &id);
    json_get_u64(v, "vcpu", &vcpu);
    json_get_u64(v, "cpu", &cpu);
    json_get_u64(v, "cpu_time_ns", &ns);
    snprintf(where, sizeof(where), "%" PRIu64, cpu);
    if (!strcmp(word(v, "state"), "offline"))
        strcpy(where, "-");
    printf("%-24s %5" PRIu64 " %5" PRIu64 " %4s %-9s %10.1f  %s\n", word(v, "name"), id, vcpu,
           where, word(v, "state"), (double)ns / 1e9, word(v, "affinity"));
}

int cmd_vcpu_list(const struct verb *v, int argc, char **argv)
{
    const struct json *vcpus;
    struct err e = {0};
    struct options o;
    struct json *j;
    size_t i;
    int status, first = parse_options(v, argc, argv, "o", 0, 1, &o, &status);

    if (first < 0)
        return status;
    j = ask_domd("vcpu-list", first < argc ? argv[first] : NULL, NULL, NULL, NULL, &e);
    if (!j)
        return fail(&e);
    status = STATUS_DONE;
    vcpus = json_get(j, "vcpus");
    if (o.json) {
        status = print_json(vcpus);
    } else {
        printf("%-24s %5s %5s %4s %-9s %10s  %s\n", "NAME", "ID", "VCPU", "CPU", "STATE", "TIME/s",
               "AFFINITY");
        for (i = 0; i < json_length(vcpus); i++)
            print_vcpu(json_at(vcpus, i));
    }
    json_free(j);
    return status;
}
