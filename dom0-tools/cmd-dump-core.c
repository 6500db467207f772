/* SPDX-License-Identifier: GPL-2.0-only */
#include "dom0-tools/domctl.h"

#include <inttypes.h>
#include <stdio.h>
#include <sys/stat.h>
#include <time.h>

#include "dom0-tools/lib/core.h"
#include "dom0-tools/lib/newfile.h"

struct dump {
    const struct options *o;
    const char *file;
};

static void add_dump(struct json_out *o, const void *arg)
{
    const struct dump *d = arg;

    json_put_str(o, "file", d->file);
    json_put_bool(o, "live", d->o->live);
    json_put_bool(o, "compress", d->o->compress);
}

/* For one that was not named. */
static int choose_path(const char *domain, char path[CORE_PATH_MAX], struct err *e)
{
    struct json *j = ask_domd("info", domain, NULL, NULL, NULL, e);
    const char *name = json_get_str(json_get(j, "info"), "name");

    if (name) {
        mkdir(CORE_FOLDER, 0700);
        core_path(path, name, time(NULL));
    } else if (j) {
        err_set(e, STATUS_FAILED, domain, NULL, "domd does not tell its name");
    }
    json_free(j);
    return e->status ? -1 : 0;
}

/* The file is made with the rights of whoever asks for it; domd writes to it. */
static int dump(const char *name, const struct dump *d, struct err *e)
{
    struct newfile f;
    struct json *j;
    uint64_t unread = 0;

    if (newfile_open(&f, d->file, e))
        return -1;
    j = ask_domd_giving("dump-core", name, add_dump, d, f.fd, e);
    if (!j) {
        newfile_drop(&f);
        return -1;
    }
    if (json_get_u64(j, "unread", &unread) && unread)
        fprintf(stderr, "domctl: warning: %s: %" PRIu64 " of its pages could not be read\n", name,
                unread);
    json_free(j);
    return newfile_commit(&f, e);
}

int cmd_dump_core(const struct verb *v, int argc, char **argv)
{
    char path[CORE_PATH_MAX];
    struct err e = {0};
    struct options o;
    struct dump d = {.o = &o};
    int status, first = parse_options(v, argc, argv, "LZ", 1, 2, &o, &status);

    if (first < 0)
        return status;
    d.file = argc - first > 1 ? argv[first + 1] : path;
    if (d.file == path && choose_path(argv[first], path, &e))
        return fail(&e);
    if (dump(argv[first], &d, &e))
        return fail(&e);
    if (d.file == path)
        puts(path);
    return STATUS_DONE;
}
