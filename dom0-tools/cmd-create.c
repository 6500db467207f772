/* SPDX-License-Identifier: GPL-2.0-only */
#include "dom0-tools/domctl.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "dom0-tools/lib/config.h"
#include "dom0-tools/lib/file.h"
#include "dom0-tools/lib/guest.h"
#include "dom0-tools/lib/guestfile.h"

struct creation {
    struct guest_config cfg;
    const struct options *o;
};

static void warn(const char *text, void *arg)
{
    const struct options *o = arg;

    if (!o->quiet)
        fprintf(stderr, "domctl: warning: %s\n", text);
}

/* The file's keys, or none without a file. */
static int read_file(struct cfg *c, const char *path, const struct options *o, struct err *e)
{
    struct file f;
    int rc;

    *c = (struct cfg){0};
    if (!path)
        return 0;
    if (file_read(&f, "config", path, CFG_TEXT_MAX, 1, e))
        return -1;
    rc = guest_file_to_cfg(&f, path, warn, (void *)(uintptr_t)o, e);
    if (!rc)
        rc = cfg_parse(c, (const char *)f.data, f.len, path, e);
    file_free(&f);
    return rc;
}

int read_config(const char *path, const struct options *o, struct guest_config *g, struct err *e)
{
    char dir[4096];
    struct cfg c;
    size_t i;
    int rc = read_file(&c, path, o, e);

    if (rc)
        return rc;
    for (i = 0; !rc && i < o->nr_overrides; i++)
        rc = cfg_override(&c, o->overrides[i], e);
    if (!rc)
        rc = guest_config_from_cfg(g, &c, path ? path : "-e", getcwd(dir, sizeof(dir)), warn,
                                   (void *)(uintptr_t)o, e);
    cfg_free(&c);
    return rc;
}

static void add_creation(struct json_out *o, const void *arg)
{
    const struct creation *c = arg;

    json_key(o, "config");
    guest_config_to_json(&c->cfg, o);
    json_put_bool(o, "paused", c->o->paused);
    json_put_bool(o, "timing", c->o->timing);
}

/* -n: what the guest would be made from, on standard output. */
static int dry_run(const struct guest_config *g)
{
    struct json_out *o = json_out_new(true);
    int status = STATUS_FAILED;

    if (o) {
        guest_config_to_json(g, o);
        status = print_text(o);
    }
    json_out_free(o);
    return status;
}

static void print_timing(const struct json *timing)
{
    uint64_t us, total = 0;
    size_t i;

    for (i = 0; i < json_length(timing); i++) {
        const struct json *t = json_at(timing, i);

        if (!json_get_u64(t, "us", &us) || !json_get_str(t, "phase"))
            continue;
        total += us;
        printf("  %-10s %10.1f ms\n", json_get_str(t, "phase"), (double)us / 1e3);
    }
    printf("  %-10s %10.1f ms\n", "total", (double)total / 1e3);
}

/* What domd answered. */
static void report(const struct json *j, const struct options *o)
{
    uint64_t id = 0;

    json_get_u64(j, "id", &id);
    if (!o->quiet)
        printf("created %s, domain %" PRIu64 "\n", json_get_str(j, "name"), id);
    if (o->timing)
        print_timing(json_get(j, "timing"));
}

/* Words: a file, and KEY=VALUE as xl takes them. A name with '=' in it is a file if it has a '/' before. */
static int take_words(const struct verb *v, int argc, char **argv, int first, struct options *o)
{
    for (; first < argc; first++) {
        const char *word = argv[first], *equals = strchr(word, '='), *slash = strchr(word, '/');

        if (equals && (!slash || slash > equals)) {
            if (o->nr_overrides == OVERRIDES_MAX)
                return usage_error(v, "too many KEY=VALUE");
            o->overrides[o->nr_overrides++] = word;
        } else if (o->file) {
            return usage_error(v, "one config file is enough");
        } else {
            o->file = word;
        }
    }
    return o->file || o->nr_overrides ? STATUS_DONE : usage_error(v, "an argument is missing");
}

int cmd_create(const struct verb *v, int argc, char **argv)
{
    struct options o;
    struct creation c = {.o = &o};
    struct err e = {0};
    struct json *j;
    char uuid[37]; /* its name may be another's number */
    int status, first = parse_options(v, argc, argv, "cpnqefMo", 0, -1, &o, &status);

    if (first < 0)
        return status;
    status = take_words(v, argc, argv, first, &o);
    if (status)
        return status;
    if (read_config(o.file, &o, &c.cfg, &e))
        return fail(&e);
    if (o.dry_run) {
        status = dry_run(&c.cfg);
        guest_config_free(&c.cfg);
        return status;
    }
    j = ask_domd("create", NULL, add_creation, &c, NULL, &e);
    if (!j) {
        guest_config_free(&c.cfg);
        return fail(&e);
    }
    snprintf(uuid, sizeof(uuid), "%s", json_get_str(j, "uuid") ? json_get_str(j, "uuid") : "");
    if (!o.json)
        report(j, &o);
    status = print_done(j, &o);
    fflush(stdout);
    if (o.console)
        status = show_console(uuid, c.cfg.name);
    guest_config_free(&c.cfg);
    return status;
}
