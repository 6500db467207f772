/* SPDX-License-Identifier: GPL-2.0-only */
#include "dom0-tools/domctl.h"

#include <inttypes.h>
#include <stdio.h>
#include <unistd.h>

#include "dom0-tools/lib/config.h"
#include "dom0-tools/lib/file.h"
#include "dom0-tools/lib/guest.h"
#include "dom0-tools/lib/guestfile.h"

struct creation {
    struct guest_config cfg;
    bool paused;
};

static void warn(const char *text, void *arg)
{
    fprintf(stderr, "domctl: warning: %s\n", text);
}

static int read_config(const char *path, struct guest_config *g, struct err *e)
{
    char dir[4096];
    struct file f;
    struct cfg c;
    int rc;

    if (file_read(&f, "config", path, CFG_TEXT_MAX, 1, e))
        return -1;
    rc = guest_file_to_cfg(&f, path, warn, NULL, e);
    if (!rc)
        rc = cfg_parse(&c, (const char *)f.data, f.len, path, e);
    if (!rc) {
        rc = guest_config_from_cfg(g, &c, path, getcwd(dir, sizeof(dir)), warn, NULL, e);
        cfg_free(&c);
    }
    file_free(&f);
    return rc;
}

static void add_creation(struct json_out *o, const void *arg)
{
    const struct creation *c = arg;

    json_key(o, "config");
    guest_config_to_json(&c->cfg, o);
    json_put_bool(o, "paused", c->paused);
}

int cmd_create(const struct verb *v, int argc, char **argv)
{
    struct creation c;
    struct err e = {0};
    struct options o;
    struct json *j;
    uint64_t id = 0;
    int status, first = parse_options(v, argc, argv, "cp", 1, 1, &o, &status);

    if (first < 0)
        return status;
    if (read_config(argv[first], &c.cfg, &e))
        return fail(&e);
    c.paused = o.paused;
    j = ask_domd("create", NULL, add_creation, &c, NULL, &e);
    if (!j) {
        guest_config_free(&c.cfg);
        return fail(&e);
    }
    json_get_u64(j, "id", &id);
    printf("created %s, domain %" PRIu64 "\n", c.cfg.name, id);
    fflush(stdout);
    json_free(j);
    status = o.console ? show_console(c.cfg.name) : STATUS_DONE;
    guest_config_free(&c.cfg);
    return status;
}
