/* SPDX-License-Identifier: GPL-2.0-only */
#include "dom0-tools/domctl.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "dom0-tools/lib/guest.h"

struct attachment {
    struct vif_spec vif;
    const struct options *o;
};

static void add_vif(struct json_out *j, const void *arg)
{
    const struct attachment *a = arg;

    json_key(j, "vif");
    vif_spec_to_json(&a->vif, j);
    add_timeout(j, a->o);
}

static void warn(const char *text, void *arg)
{
    fprintf(stderr, "domctl: warning: vif: %s\n", text);
}

static int read_vif(struct vif_spec *v, char **words, struct err *e)
{
    char *text = join_words(words), why[256];

    if (!text)
        return err_set(e, STATUS_FAILED, "vif", NULL, "out of memory");
    if (vif_spec_parse(v, text, warn, NULL, why, sizeof(why)))
        err_set(e, STATUS_USAGE, "vif", NULL, "%s", why);
    else if (!v->bridge[0])
        strcpy(v->bridge, VIF_DEFAULT_BRIDGE);
    free(text);
    return e->status ? -1 : 0;
}

int cmd_network_attach(const struct verb *v, int argc, char **argv)
{
    struct err e = {0};
    struct options o;
    struct attachment a = {.o = &o};
    struct json *j;
    uint64_t devid = 0;
    int status, first = parse_options(v, argc, argv, "to", 1, 16, &o, &status);

    if (first < 0)
        return status;
    if (read_vif(&a.vif, argv + first + 1, &e))
        return fail(&e);
    j = ask_domd("network-attach", argv[first], add_vif, &a, NULL, &e);
    if (!j)
        return fail(&e);
    json_get_u64(j, "devid", &devid);
    if (!o.json)
        printf("interface %" PRIu64 ", mac %s\n", devid, json_get_str(j, "mac"));
    print_warning(j);
    return print_done(j, &o);
}

int cmd_network_detach(const struct verb *v, int argc, char **argv)
{
    return detach_verb(v, argc, argv, "network-detach");
}

static void print_vifs(const struct json *list)
{
    uint64_t devid, bytes, usecs;
    double rate;
    size_t i;

    printf("%5s %-17s %-15s %-15s %-10s %s\n", "DEVID", "MAC", "BRIDGE", "INTERFACE", "STATE",
           "RATE");
    for (i = 0; i < json_length(list); i++) {
        const struct json *d = json_at(list, i);

        devid = bytes = usecs = 0;
        json_get_u64(d, "devid", &devid);
        json_get_u64(d, "rate_bytes", &bytes);
        json_get_u64(d, "rate_usecs", &usecs);
        printf("%5" PRIu64 " %-17s %-15s %-15s %-10s", devid, json_get_str(d, "mac"),
               json_get_str(d, "bridge"), json_get_str(d, "interface"), json_get_str(d, "state"));
        rate = usecs ? (double)bytes * 1000000 / (double)usecs : 0;
        if (rate >= 10000)
            printf(" %.0fKB/s", rate / 1000);
        else if (usecs)
            printf(" %.0fB/s", rate);
        else
            printf(" -");
        putchar('\n');
    }
}

int cmd_network_list(const struct verb *v, int argc, char **argv)
{
    return list_verb(v, argc, argv, "network-list", "interfaces", print_vifs);
}
