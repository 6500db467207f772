/* SPDX-License-Identifier: GPL-2.0-only */
#include "dom0-tools/domctl.h"

#include <string.h>

#include "dom0-tools/lib/amount.h"

struct pin {
    uint64_t vcpu;
    bool all;
    const char *cpus;
};

static void add_pin(struct json_out *o, const void *arg)
{
    const struct pin *p = arg;

    if (!p->all)
        json_put_u64(o, "vcpu", p->vcpu);
    if (strcmp(p->cpus, "-")) /* else they stay as they are */
        json_put_str(o, "cpus", p->cpus);
}

/* NAME VCPU|all CPUS, and xl's fourth word, the CPUs that are preferred, if it asks for nothing. */
int cmd_vcpu_pin(const struct verb *v, int argc, char **argv)
{
    struct pin p = {0};
    struct err e = {0};
    struct options o;
    struct json *j;
    int status, first = parse_options(v, argc, argv, "o", 3, 4, &o, &status);

    if (first < 0)
        return status;
    p.all = !strcmp(argv[first + 1], "all");
    if (!p.all && !number_parse(&p.vcpu, argv[first + 1]))
        return usage_error(v, "VCPU must be a number or all");
    if (argc - first == 4 && strcmp(argv[first + 3], "-") && strcmp(argv[first + 3], "all"))
        return usage_error(v, "a vCPU cannot prefer CPUs (soft affinity), only be pinned to them");
    p.cpus = argv[first + 2];
    j = ask_domd("vcpu-pin", argv[first], add_pin, &p, NULL, &e);
    if (!j)
        return fail(&e);
    return print_done(j, &o);
}
