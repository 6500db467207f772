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

/* With -o json: what domd answered, and the file. */
static int print_dump(const struct json *answer, const char *file)
{
    struct json_out *out = json_out_new(true);
    int status;

    if (!out)
        return STATUS_FAILED;
    json_object(out);
    copy_answer(out, answer);
    json_put_str(out, "file", file);
    json_end_object(out);
    status = print_text(out);
    json_out_free(out);
    return status;
}

/*
 * The file is made with the rights of whoever asks for it; domd writes to it. Returns domd's answer, or
 * NULL with *@e.
 */
static struct json *dump(const char *name, const struct dump *d, struct err *e)
{
    struct newfile f;
    struct json *j;
    uint64_t unread = 0;

    if (newfile_open(&f, d->file, e))
        return NULL;
    j = ask_domd_giving("dump-core", name, add_dump, d, f.fd, e);
    if (!j) {
        newfile_drop(&f);
        return NULL;
    }
    if (json_get_u64(j, "unread", &unread) && unread)
        fprintf(stderr, "domctl: warning: %s: %" PRIu64 " of its pages could not be read\n", name,
                unread);
    if (!newfile_commit(&f, e))
        return j;
    json_free(j);
    return NULL;
}

int cmd_dump_core(const struct verb *v, int argc, char **argv)
{
    char path[CORE_PATH_MAX];
    struct err e = {0};
    struct options o;
    struct dump d = {.o = &o};
    struct json *j;
    int status, first = parse_options(v, argc, argv, "LZo", 1, 2, &o, &status);

    if (first < 0)
        return status;
    d.file = argc - first > 1 ? argv[first + 1] : path;
    if (d.file == path && choose_path(argv[first], path, &e))
        return fail(&e);
    j = dump(argv[first], &d, &e);
    if (!j)
        return fail(&e);
    status = STATUS_DONE;
    if (o.json)
        status = print_dump(j, d.file);
    else if (d.file == path)
        puts(path);
    json_free(j);
    return status;
}
