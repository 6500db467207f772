/* SPDX-License-Identifier: GPL-2.0-only */
/* shutdown and reboot: ask the guests, wait for all of them together, end those that did not. */
#include "dom0-tools/domctl.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

struct ending {
    const char *op; /* "shutdown" or "reboot" */
    const struct options *o;
    struct asked *asked; /* of each target, in the order of the list */
    size_t next;
    time_t end;
};

struct asked {
    bool sent;
    uint64_t id; /* of the domain that was asked */
};

static time_t now_s(void)
{
    struct timespec ts;

    clock_gettime(CLOCK_MONOTONIC, &ts);
    return ts.tv_sec;
}

static void add_final(struct json_out *o, const void *arg)
{
    const struct options *opts = arg;

    json_put_bool(o, "final", opts->destroy);
    json_put_u64(o, "timeout", opts->seconds);
}

static int ask_one(const struct target *t, void *arg, struct err *e)
{
    struct ending *end = arg;
    struct asked *a = &end->asked[end->next++];
    struct json *j = ask_domd(end->op, target_key(t), add_final, end->o, NULL, e);

    if (!j)
        return -1;
    a->sent = json_get_u64(j, "id", &a->id);
    json_free(j);
    return 0;
}

struct wait {
    uint64_t id, seconds, total;
    const char *op;
};

static void add_wait(struct json_out *o, const void *arg)
{
    const struct wait *w = arg;

    json_put_u64(o, "id", w->id);
    json_put_u64(o, "wait", w->seconds);
    json_put_u64(o, "total", w->total);
    json_put_str(o, "for", w->op);
}

/* After the time: withdraw, or end it. */
static int wait_one(const struct target *t, void *arg, struct err *e)
{
    struct ending *end = arg;
    const struct asked *a = &end->asked[end->next++];
    time_t now = now_s();
    struct wait w = {a->id, now < end->end ? (uint64_t)(end->end - now) : 0, end->o->seconds,
                     end->op};
    struct json *j;

    if (!a->sent)
        return 0;
    j = ask_domd("wait", target_key(t), add_wait, &w, NULL, e);
    if (!j && e->status == STATUS_TIMEOUT && end->o->destroy) {
        *e = (struct err){0};
        j = ask_domd(*end->op == 'r' ? "reset" : "destroy", target_key(t), NULL, NULL, NULL, e);
        if (!j && e->status == STATUS_NO_DOMAIN) { /* it went after all */
            *e = (struct err){0};
            return 0;
        }
        if (j && !end->o->quiet)
            fprintf(stderr, "domctl: warning: %s: did not %s within %u s: %s\n", target_label(t),
                    *end->op == 'r' ? "reboot" : "power off", end->o->seconds,
                    *end->op == 'r' ? "reset" : "destroyed");
    }
    if (!j)
        return -1;
    json_free(j);
    return 0;
}

int ending_verb(const struct verb *v, int argc, char **argv, const char *op)
{
    struct err e = {0};
    struct options o;
    struct ending end = {.op = op, .o = &o};
    struct target *list;
    long n;
    int status, waited, first = parse_options(v, argc, argv, "awtDq", 0, -1, &o, &status);

    if (first < 0)
        return status;
    if (!o.all && first == argc)
        return usage_error(v, "name a guest, or give -a for all");
    if (o.all && first < argc)
        return usage_error(v, "either -a or names");
    if (o.destroy)
        o.wait = true;
    n = find_targets(argv + first, argc - first,
                     !o.all      ? ALL_NONE
                     : o.destroy ? ALL_KNOWN
                                 : ALL_ALIVE,
                     &list, &e);
    if (n < 0)
        return fail(&e);
    end.asked = calloc((size_t)n + 1, sizeof(*end.asked));
    if (!end.asked) {
        free(list);
        err_set(&e, STATUS_RESOURCES, op, NULL, "out of memory");
        return fail(&e);
    }
    end.end = now_s() + (time_t)o.seconds;
    status = for_each_target(list, n, ask_one, &end);
    if (o.wait) {
        end.next = 0;
        waited = for_each_target(list, n, wait_one, &end);
        status = status ? status : waited;
    }
    free(end.asked);
    free(list);
    return status;
}
