/* SPDX-License-Identifier: GPL-2.0-only */
#include "dom0-tools/domctl.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "dom0-tools/lib/guest.h"

struct attachment {
    struct disk_spec disk;
    const struct options *o;
};

static void add_disk(struct json_out *j, const void *arg)
{
    const struct attachment *a = arg;

    json_key(j, "disk");
    disk_spec_to_json(&a->disk, j);
    add_timeout(j, a->o);
}

static void warn(const char *text, void *arg)
{
    fprintf(stderr, "domctl: warning: disk: %s\n", text);
}

static int read_disk(struct disk_spec *d, char **words, struct err *e)
{
    char *text = join_words(words), why[256], dir[4096];

    if (!text)
        return err_set(e, STATUS_FAILED, "disk", NULL, "out of memory");
    if (disk_spec_parse(d, text, warn, NULL, why, sizeof(why)))
        err_set(e, STATUS_USAGE, "disk", NULL, "%s", why);
    else if (!disk_spec_complete(d, getcwd(dir, sizeof(dir))))
        err_set(e, STATUS_FAILED, "disk", NULL, "out of memory");
    free(text);
    return e->status ? -1 : 0;
}

int cmd_block_attach(const struct verb *v, int argc, char **argv)
{
    struct err e = {0};
    struct options o;
    struct attachment a = {.o = &o};
    struct json *j;
    int status, first = parse_options(v, argc, argv, "to", 2, 16, &o, &status);

    if (first < 0)
        return status;
    if (read_disk(&a.disk, argv + first + 1, &e))
        return fail(&e);
    j = ask_domd("block-attach", argv[first], add_disk, &a, NULL, &e);
    disk_spec_free(&a.disk);
    if (!j)
        return fail(&e);
    print_warning(j);
    return print_done(j, &o);
}

int cmd_block_detach(const struct verb *v, int argc, char **argv)
{
    return detach_verb(v, argc, argv, "block-detach");
}

static void print_disks(const struct json *list)
{
    uint64_t devid, used;
    size_t i;

    printf("%-8s %9s %-2s %-10s %s\n", "VDEV", "DEVID", "RW", "STATE", "TARGET");
    for (i = 0; i < json_length(list); i++) {
        const struct json *d = json_at(list, i);
        const char *overlay = json_get_str(d, "overlay");

        devid = used = 0;
        json_get_u64(d, "devid", &devid);
        json_get_u64(d, "overlay_used_kib", &used);
        printf("%-8s %9" PRIu64 " %-2s %-10s %s", json_get_str(d, "vdev"), devid,
               json_get_str(d, "access"), json_get_str(d, "state"), json_get_str(d, "target"));
        if (overlay)
            printf(" + %s (%" PRIu64 " KiB%s)", overlay, used,
                   json_get_bool(d, "overlay_broken") ? ", BROKEN" : "");
        putchar('\n');
    }
}

int cmd_block_list(const struct verb *v, int argc, char **argv)
{
    return list_verb(v, argc, argv, "block-list", "disks", print_disks);
}
