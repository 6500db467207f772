/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Configs in three forms. XML is read and written by the program domxml beside the running one (or
 * in PATH): a parser of text from anywhere runs in a process of its own, which has no socket.
 */
#include "dom0-tools/lib/guestfile.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "dom0-tools/lib/cfgtext.h"
#include "dom0-tools/lib/config.h"
#include "dom0-tools/lib/err.h"
#include "dom0-tools/lib/file.h"
#include "dom0-tools/lib/json.h"

#define ANSWER_MAX (8u << 20)

extern char **environ;

bool guest_format_parse(enum guest_format *f, const char *name)
{
    static const char *const names[] = {"cfg", "json", "xml"};
    int i;

    for (i = 0; i < 3; i++)
        if (!strcmp(name, names[i])) {
            *f = (enum guest_format)i;
            return true;
        }
    return false;
}

/* ---- JSON as people write it */

struct complaint {
    const char *path;
    guest_warn_fn warn;
    void *arg;
};

static void complain(const struct complaint *c, const char *where, const char *key)
{
    char text[512];

    if (!c->warn)
        return;
    snprintf(text, sizeof(text), "%.180s: %.60s%.60s: unknown key, ignored", c->path, where, key);
    err_one_line(text);
    c->warn(text, c->arg);
}

/* Members of what was typed that the guest made of it does not have. */
static void complain_members(const struct complaint *c, const char *where, const struct json *typed,
                             const struct json *taken)
{
    const char *key;
    size_t i;

    for (i = 0; json_member(typed, i, &key); i++)
        if (!json_get(taken, key) && strcmp(key, "type") != 0)
            complain(c, where, key);
}

static void complain_unknown(const struct complaint *c, const struct json *typed,
                             const struct json *taken)
{
    static const char *const lists[] = {"disk", "vif"};
    size_t i, k;

    complain_members(c, "", typed, taken);
    for (i = 0; i < 2; i++) {
        const struct json *a = json_get(typed, lists[i]), *b = json_get(taken, lists[i]);
        char where[32];

        for (k = 0; k < json_length(b); k++) {
            snprintf(where, sizeof(where), "%s[%zu].", lists[i], k);
            complain_members(c, where, json_at(a, k), json_at(b, k));
        }
    }
}

static void default_u64(struct json_out *o, const struct json *j, const char *key,
                        const char *other, uint64_t otherwise)
{
    if (json_get(j, key))
        return;
    json_get_u64(j, other, &otherwise);
    json_put_u64(o, key, otherwise);
}

static void default_str(struct json_out *o, const struct json *j, const char *key,
                        const char *otherwise)
{
    if (!json_get(j, key))
        json_put_str(o, key, otherwise);
}

static void complete_devices(struct json_out *o, const struct json *list, const char *key,
                             const char *otherwise)
{
    const struct json *value;
    const char *name;
    size_t i, k;

    json_array(o);
    for (i = 0; i < json_length(list); i++) {
        const struct json *device = json_at(list, i);

        json_object(o);
        for (k = 0; (value = json_member(device, k, &name)); k++) {
            json_key(o, name);
            json_value_copy(o, value);
        }
        default_str(o, device, key, otherwise);
        json_end_object(o);
    }
    json_end_array(o);
}

/* What xl.cfg(5) has for members that are missing. Wrong types stay, for the reader to refuse. */
static void complete(struct json_out *o, const struct json *j)
{
    const struct json *value;
    const char *key;
    size_t i;

    json_object(o);
    for (i = 0; (value = json_member(j, i, &key)); i++) {
        json_key(o, key);
        if (json_type(value) == JSON_ARRAY && !strcmp(key, "disk"))
            complete_devices(o, value, "access", "rw");
        else if (json_type(value) == JSON_ARRAY && !strcmp(key, "vif"))
            complete_devices(o, value, "bridge", "pavobr0");
        else
            json_value_copy(o, value);
    }
    default_str(o, j, "cmdline", "");
    default_u64(o, j, "memory", "maxmem", 128);
    default_u64(o, j, "maxmem", "memory", 128);
    default_u64(o, j, "vcpus", "maxvcpus", 1);
    default_u64(o, j, "maxvcpus", "vcpus", 1);
    default_str(o, j, "on_poweroff", "destroy");
    default_str(o, j, "on_reboot", "restart");
    default_str(o, j, "on_crash", "destroy");
    json_end_object(o);
}

/* Members that there must or may be, and what they must be: for errors that name the key. */
struct member {
    const char *key;
    enum json_type type;
    bool needed;
};

static const struct member members[] = {
    {"name", JSON_STRING, true},         {"kernel", JSON_STRING, true},
    {"ramdisk", JSON_STRING, false},     {"cmdline", JSON_STRING, false},
    {"uuid", JSON_STRING, false},        {"memory", JSON_INTEGER, false},
    {"maxmem", JSON_INTEGER, false},     {"vcpus", JSON_INTEGER, false},
    {"maxvcpus", JSON_INTEGER, false},   {"cpu_weight", JSON_INTEGER, false},
    {"cap", JSON_INTEGER, false},        {"max_grant_frames", JSON_INTEGER, false},
    {"disk", JSON_ARRAY, false},         {"vif", JSON_ARRAY, false},
    {"on_poweroff", JSON_STRING, false}, {"on_reboot", JSON_STRING, false},
    {"on_crash", JSON_STRING, false},    {NULL, JSON_NONE, false},
};
static const struct member disk_members[] = {
    {"target", JSON_STRING, true},   {"vdev", JSON_STRING, true}, {"access", JSON_STRING, false},
    {"overlay", JSON_STRING, false}, {NULL, JSON_NONE, false},
};
static const struct member vif_members[] = {
    {"mac", JSON_STRING, false},
    {"bridge", JSON_STRING, false},
    {"vifname", JSON_STRING, false},
    {"devid", JSON_INTEGER, false},
    {"rate_bytes", JSON_INTEGER, false},
    {"rate_usecs", JSON_INTEGER, false},
    {NULL, JSON_NONE, false},
};

/* @where: what goes before the key. */
static int check(const struct json *j, const struct member *m, const char *where, struct err *e)
{
    static const char *const type_names[] = {"", "a string", "a number", "", "", "a list"};
    char what[256];

    for (; m->key; m++) {
        const struct json *value = json_get(j, m->key);
        uint64_t n;

        snprintf(what, sizeof(what), "%s: %s", where, m->key);
        if (!value && m->needed && json_type(j) == JSON_OBJECT)
            return err_set(e, STATUS_USAGE, what, NULL, "missing");
        if (value ? json_type(value) != m->type : m->needed)
            return err_set(e, STATUS_USAGE, what, NULL, "%s is needed", type_names[m->type]);
        if (value && m->type == JSON_INTEGER && !json_u64(value, &n))
            return err_set(e, STATUS_USAGE, what, NULL, "it is below 0");
    }
    return 0;
}

static int check_devices(const struct json *list, const struct member *m, const char *where,
                         struct err *e)
{
    size_t i;

    for (i = 0; i < json_length(list); i++) {
        const struct json *device = json_at(list, i);

        if (check(device, m, where, e))
            return -1;
        if (json_type(device) != JSON_OBJECT)
            return err_set(e, STATUS_USAGE, where, NULL, "each element must be an object");
    }
    return 0;
}

static int check_members(const struct json *j, const char *path, struct err *e)
{
    const struct json *cpus = json_get(j, "cpus");
    char file[192], where[224];

    snprintf(file, sizeof(file), "%.180s", path);
    if (check(j, members, file, e))
        return -1;
    snprintf(where, sizeof(where), "%s: cpus", file);
    if (cpus && json_type(cpus) != JSON_STRING && json_type(cpus) != JSON_ARRAY)
        return err_set(e, STATUS_USAGE, where, NULL, "a string or a list is needed");
    snprintf(where, sizeof(where), "%s: disk", file);
    if (check_devices(json_get(j, "disk"), disk_members, where, e))
        return -1;
    snprintf(where, sizeof(where), "%s: vif", file);
    return check_devices(json_get(j, "vif"), vif_members, where, e);
}

static struct json *reparse(struct json_out *o)
{
    size_t len;
    const char *text = json_text(o, &len);

    return text ? json_parse(text, len) : NULL;
}

int guest_json_read(struct guest_config *g, const struct json *j, const char *path,
                    guest_warn_fn warn, void *arg, struct err *e)
{
    struct complaint c = {path, warn, arg};
    struct json_out *o = json_out_new(false);
    struct json *whole = NULL, *taken = NULL;
    int rc = -1;

    if (json_type(j) != JSON_OBJECT) {
        err_set(e, STATUS_USAGE, path, NULL, "a JSON object with the keys of a config is needed");
    } else if (!check_members(j, path, e)) {
        if (o) {
            complete(o, j);
            whole = reparse(o);
        }
        if (!whole)
            err_set(e, STATUS_RESOURCES, path, NULL, "out of memory");
        else if (!(rc = guest_config_from_json(g, whole, e)) && (taken = guest_config_json(g)))
            complain_unknown(&c, j, taken);
        else
            err_prefix(e, path);
    }
    json_free(taken);
    json_free(whole);
    json_out_free(o);
    return rc;
}

/* ---- domxml */

struct child {
    pid_t pid;
    int to, from;
};

/* Where domxml is: beside the running program, or wherever PATH says. */
static void domxml_path(char *path, size_t size)
{
    ssize_t n = readlink("/proc/self/exe", path, size - sizeof("domxml"));
    char *slash;

    path[n < 0 ? 0 : n] = '\0';
    slash = strrchr(path, '/');
    strcpy(slash ? slash + 1 : path, "domxml");
    if (access(path, X_OK))
        strcpy(path, "domxml");
}

static int spawn(struct child *c, const char *mode, const char *name)
{
    char path[4096],
        *argv[] = {(char[]){"domxml"}, (char *)(uintptr_t)mode, (char *)(uintptr_t)name, NULL};
    posix_spawn_file_actions_t fa;
    int in[2], out[2], rc;

    if (pipe2(in, O_CLOEXEC))
        return -errno;
    if (pipe2(out, O_CLOEXEC)) {
        rc = -errno;
        close(in[0]);
        close(in[1]);
        return rc;
    }
    domxml_path(path, sizeof(path));
    posix_spawn_file_actions_init(&fa);
    posix_spawn_file_actions_adddup2(&fa, in[0], STDIN_FILENO);
    posix_spawn_file_actions_adddup2(&fa, out[1], STDOUT_FILENO);
    rc = -posix_spawnp(&c->pid, path, &fa, NULL, argv, environ);
    posix_spawn_file_actions_destroy(&fa);
    close(in[0]);
    close(out[1]);
    c->to = in[1];
    c->from = out[0];
    if (rc) {
        close(c->to);
        close(c->from);
    }
    return rc;
}

/* Writes all of @text and reads all of the answer, whichever is possible. */
static char *exchange(struct child *c, const char *text, size_t len, size_t *got)
{
    char *answer = malloc(ANSWER_MAX + 1);
    size_t used = 0;

    fcntl(c->to, F_SETFL, O_NONBLOCK);
    while (answer && used < ANSWER_MAX) {
        struct pollfd p[2] = {{.fd = c->from, .events = POLLIN}, {.fd = c->to, .events = POLLOUT}};
        ssize_t n;

        if (c->to >= 0 && !len) {
            close(c->to);
            c->to = -1;
            continue;
        }
        if (poll(p, 2, -1) < 0 && errno != EINTR)
            break;
        if (p[1].revents) {
            n = write(c->to, text, len);
            if (n < 0 && errno != EAGAIN && errno != EINTR)
                len = 0;
            else if (n > 0)
                text += n, len -= (size_t)n;
        }
        if (!p[0].revents)
            continue;
        n = read(c->from, answer + used, ANSWER_MAX - used);
        if (!n || (n < 0 && errno != EINTR))
            break;
        used += n > 0 ? (size_t)n : 0;
    }
    *got = used;
    return answer;
}

/* Runs domxml; its answer is a JSON object with "config" or "xml", or with "error". */
static struct json *domxml(const char *mode, const char *name, const char *text, size_t len,
                           struct err *e)
{
    void (*old)(int) = signal(SIGPIPE, SIG_IGN);
    struct child c;
    struct json *j = NULL;
    char *answer = NULL;
    size_t got = 0;
    int status = 0, rc = spawn(&c, mode, name);

    if (!rc) {
        answer = exchange(&c, text, len, &got);
        if (c.to >= 0)
            close(c.to);
        close(c.from);
        while (waitpid(c.pid, &status, 0) < 0 && errno == EINTR)
            ;
        j = answer ? json_parse(answer, got) : NULL;
    }
    signal(SIGPIPE, old);
    free(answer);
    if (rc)
        err_set(e, STATUS_FAILED, "domxml", "is it installed?", "cannot be started: %s",
                strerror(-rc));
    else if (!j || json_type(j) != JSON_OBJECT)
        err_set(e, STATUS_USAGE, name, NULL, "domxml gave up on it (wait status %d)", status);
    else if (json_get_str(j, "error"))
        err_set(e, STATUS_USAGE, NULL, NULL, "%s", json_get_str(j, "error"));
    if (e->status) {
        json_free(j);
        return NULL;
    }
    return j;
}

/* ---- reading */

static int json_or_xml(struct guest_config *g, const char *text, size_t len, const char *path,
                       guest_warn_fn warn, void *arg, struct err *e)
{
    bool xml = *text == '<';
    struct json *j = xml ? domxml("read", path, text, len, e) : json_parse(text, len);
    const struct json *warnings;
    size_t i;
    int rc;

    if (!j)
        return err_set(e, STATUS_USAGE, path, NULL,
                       "begins like JSON, but is no valid JSON document");
    warnings = xml ? json_get(j, "warnings") : NULL;
    for (i = 0; warn && i < json_length(warnings); i++)
        if (json_str(json_at(warnings, i)))
            warn(json_str(json_at(warnings, i)), arg);
    rc = guest_json_read(g, xml ? json_get(j, "config") : j, path, warn, arg, e);
    json_free(j);
    return rc;
}

int guest_file_to_cfg(struct file *f, const char *path, guest_warn_fn warn, void *arg,
                      struct err *e)
{
    const char *p = (const char *)f->data;
    struct guest_config g;
    char *text;

    if (f->len >= 3 && !memcmp(p, "\xef\xbb\xbf", 3))
        p += 3;
    p += strspn(p, " \t\r\n");
    if (*p != '{' && *p != '<')
        return 0;
    if (json_or_xml(&g, p, f->len - (size_t)(p - (const char *)f->data), path, warn, arg, e))
        return -1;
    text = guest_text(&g, FORMAT_CFG, e);
    guest_config_free(&g);
    if (!text)
        return err_prefix(e, path);
    free(f->data);
    f->data = (uint8_t *)text;
    f->len = strlen(text);
    return 0;
}

/* ---- writing */

static char *json_pretty(const struct json *j)
{
    struct json_out *o = json_out_new(true);
    char *text = NULL;

    if (!o)
        return NULL;
    json_value_copy(o, j);
    if (json_text(o, NULL))
        text = strdup(json_text(o, NULL));
    json_out_free(o);
    return text;
}

static char *xml_text(const struct json *config, struct err *e)
{
    char *plain = json_pretty(config), *text = NULL;
    struct json *j = plain ? domxml("write", "config", plain, strlen(plain), e) : NULL;

    if (j && json_get_str(j, "xml"))
        text = strdup(json_get_str(j, "xml"));
    json_free(j);
    free(plain);
    return text;
}

/* True if the text gives this config when it is read. */
static bool reads_same(const char *text, const struct json *config)
{
    struct err e = {0};
    struct guest_config g;
    struct json *again = NULL;
    char *a = NULL, *b = NULL;
    struct cfg c;
    bool same;

    if (cfg_parse(&c, text, strlen(text), "config", &e))
        return false;
    if (!guest_config_from_cfg(&g, &c, "config", NULL, NULL, NULL, &e)) {
        again = guest_config_json(&g);
        guest_config_free(&g);
    }
    cfg_free(&c);
    if (again) {
        a = json_pretty(config);
        b = json_pretty(again);
    }
    same = a && b && !strcmp(a, b);
    free(a);
    free(b);
    json_free(again);
    return same;
}

char *guest_text(const struct guest_config *g, enum guest_format f, struct err *e)
{
    struct json *config = guest_config_json(g);
    char *text = NULL;

    if (config && f == FORMAT_JSON)
        text = json_pretty(config);
    else if (config && f == FORMAT_XML)
        text = xml_text(config, e);
    else if (config)
        text = cfg_text(config, e);
    if (text && f == FORMAT_CFG && !reads_same(text, config)) {
        err_set(e, STATUS_USAGE, "config", "use JSON",
                "a value of it cannot be written in the syntax of a config file");
        free(text);
        text = NULL;
    }
    json_free(config);
    if (!text)
        err_set(e, STATUS_RESOURCES, "config", NULL, "out of memory");
    return text;
}
