/* SPDX-License-Identifier: GPL-2.0-only */
/* shutdown and reboot: ask the guests, wait for all of them together, end those that did not. */
#include "dom0-tools/domctl.h"

#include <inttypes.h>
#include <stdio.h>

struct ending {
    const char *op; /* "shutdown" or "reboot" */
    const struct options *o;
    bool limited; /* to @end: else it is waited for ever */
    int64_t end_ms;
};

static void add_final(struct json_out *o, const void *arg)
{
    const struct options *opts = arg;

    json_put_bool(o, "final", opts->destroy);
    json_put_u64(o, "timeout", opts->seconds);
}

static void ask_one(struct target *t, void *arg)
{
    const struct ending *end = arg;

    ask_target(t, end->op, add_final, end->o);
}

struct wait {
    uint64_t id, seconds, total;
    bool limited, gone;
    const char *op;
};

static void add_wait(struct json_out *o, const void *arg)
{
    const struct wait *w = arg;

    json_put_u64(o, "id", w->id);
    if (w->limited) {
        json_put_u64(o, "wait", w->seconds);
        json_put_u64(o, "total", w->total);
    }
    json_put_bool(o, "gone", w->gone);
    json_put_str(o, "for", w->op);
}

/* The time is over: it is ended, unless it went after all. */
static void end_one(struct target *t, const struct ending *end)
{
    bool again = *end->op == 'r';

    t->e = (struct err){0};
    ask_target(t, again ? "reset" : "destroy", NULL, NULL);
    if (t->e.status == STATUS_NO_DOMAIN) {
        t->e = (struct err){0};
        return;
    }
    t->forced = !t->e.status;
    if (t->forced && !end->o->quiet)
        fprintf(stderr, "domctl: warning: %s: did not %s within %u s: %s\n", target_label(t),
                again ? "reboot" : "power off", end->o->seconds, again ? "reset" : "destroyed");
}

/* After the time: withdraw, or end it. */
static void wait_one(struct target *t, void *arg)
{
    const struct ending *end = arg;
    int64_t left = end->end_ms - now_ms();
    /* domd counts whole seconds: one that has begun is not taken away. */
    struct wait w = {.seconds = left > 0 ? (uint64_t)(left + 999) / 1000 : 0,
                     .total = end->o->seconds,
                     .limited = end->limited,
                     .gone = end->o->waits > 1,
                     .op = end->op};

    if (!json_get_u64(t->answer, "id", &w.id))
        return;
    json_free(ask_domd("wait", target_key(t), add_wait, &w, NULL, &t->e));
    if (t->e.status == STATUS_TIMEOUT && end->o->destroy)
        end_one(t, end);
}

int ending_verb(const struct verb *v, int argc, char **argv, const char *op)
{
    struct err e = {0};
    struct options o;
    struct ending end = {.op = op, .o = &o};
    struct target *list;
    long n;
    int status, first = parse_options(v, argc, argv, "awtDqo", 0, -1, &o, &status);

    if (first < 0)
        return status;
    if (!o.all && first == argc)
        return usage_error(v, "name a guest, or give -a for all");
    if (o.all && first < argc)
        return usage_error(v, "either -a or names");
    if (o.destroy)
        o.wait = true;
    end.limited = o.timed || o.destroy;
    n = find_targets(argv + first, argc - first,
                     !o.all      ? ALL_NONE
                     : o.destroy ? ALL_KNOWN
                                 : ALL_ALIVE,
                     &list, &e);
    if (n < 0)
        return fail(&e);
    end.end_ms = now_ms() + (int64_t)o.seconds * 1000;
    status = for_each_target(list, n, ask_one, &end);
    if (o.wait)
        status = for_each_target(list, n, wait_one, &end);
    if (o.json)
        print_targets(list, n);
    free_targets(list, n);
    return status;
}
