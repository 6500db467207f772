// SPDX-License-Identifier: GPL-2.0-only
/*
 * The store does not slow down with nodes and watches that have nothing to do with a request. Counted, not
 * timed: the compiler calls us in every branch of the store's code, so what looks at each of ten thousand
 * shows, and a busy machine does not.
 */
#include <unistd.h>

#include "store_fixture.h"

#include "xenstore-like/state.h"

#define FEW    10
#define MANY   10000
#define TRIES  8
#define DIRS   100 /* the unrelated nodes lie in so many directories */
#define LOADED 10  /* connections that have the unrelated watches */

static unsigned long steps;

void __sanitizer_cov_trace_pc(void);
__attribute__((no_sanitize_coverage)) void __sanitizer_cov_trace_pc(void)
{
    steps++;
}

/* ---- what is unrelated */

static void load_nodes(struct fixture *f, unsigned int count)
{
    char path[64];
    unsigned int i;

    for (i = 0; i < count; i++) {
        snprintf(path, sizeof(path), "/load/%u/%u", i % DIRS, i / DIRS);
        put(f, f->dom0, 0, path, "value");
    }
}

static void load_watches(struct fixture *f, unsigned int count)
{
    struct conn *conns[LOADED];
    char path[64], token[24];
    unsigned int i;

    for (i = 0; i < LOADED; i++)
        conns[i] = conn_new(&f->st, NULL);
    for (i = 0; i < count; i++) {
        snprintf(path, sizeof(path), "/load/%u/%u", i % DIRS, i / DIRS);
        snprintf(token, sizeof(token), "t%u", i);
        watch(f, conns[i % LOADED], path, token);
    }
}

/* ---- requests; each leaves the store as it was, so that it can be made again */

static void reads(struct fixture *f)
{
    holds(f, f->dom0, 0, "/own/a", "1");
}

static void reads_what_is_missing(struct fixture *f)
{
    missing(f, f->dom0, 0, "/own/none");
}

static void lists(struct fixture *f)
{
    answered(f, f->dom0, XS_DIRECTORY, 0, Z("/own"), "a\0b", 4);
}

static void gets_permissions(struct fixture *f)
{
    answered(f, f->dom0, XS_GET_PERMS, 0, Z("/own/a"), "n0", 3);
}

static void sets_permissions(struct fixture *f)
{
    ok(f, f->dom0, XS_SET_PERMS, 0, Z("/own/a\0n0"));
}

static void writes(struct fixture *f)
{
    put(f, f->dom0, 0, "/own/a", "1");
}

static void makes_and_removes(struct fixture *f)
{
    ok(f, f->dom0, XS_MKDIR, 0, Z("/own/new"));
    ok(f, f->dom0, XS_RM, 0, Z("/own/new"));
}

static void writes_what_is_watched(struct fixture *f)
{
    struct conn *c = domain_find(&f->st, 3)->conn;

    put(f, f->dom0, 0, "/own/b", "2");
    event(c, "/own/b", "t");
    no_event(c);
}

static void watches_and_unwatches(struct fixture *f)
{
    watch(f, f->dom0, "/own", "again");
    ok(f, f->dom0, XS_UNWATCH, 0, Z("/own\0again"));
}

static void commits(struct fixture *f)
{
    uint32_t tx = begin(f, f->dom0);

    holds(f, f->dom0, tx, "/own/b", "2");
    put(f, f->dom0, tx, "/own/a", "1");
    ok(f, f->dom0, XS_TRANSACTION_END, tx, Z("T"));
}

static void conflicts(struct fixture *f)
{
    uint32_t tx = begin(f, f->dom0);

    put(f, f->dom0, tx, "/own/a", "1");
    writes(f);
    refused(f, f->dom0, XS_TRANSACTION_END, tx, Z("T"), "EAGAIN");
}

static void comes_and_goes(struct fixture *f)
{
    struct conn *c = conn_new(&f->st, NULL);

    watch(f, c, "/own/a", "t");
    conn_free(&f->st, c);
}

static void guest_comes_and_goes(struct fixture *f)
{
    guest(f, 4);
    domain_release(&f->st, domain_find(&f->st, 4));
}

static const struct request {
    const char *name;
    void (*make)(struct fixture *f);
} requests[] = {
    {"a read", reads},
    {"a read of nothing", reads_what_is_missing},
    {"a list", lists},
    {"get permissions", gets_permissions},
    {"set permissions", sets_permissions},
    {"a write", writes},
    {"make and remove", makes_and_removes},
    {"a write that is watched", writes_what_is_watched},
    {"watch and unwatch", watches_and_unwatches},
    {"a transaction", commits},
    {"a conflict", conflicts},
    {"a client that comes and goes", comes_and_goes},
    {"a guest that comes and goes", guest_comes_and_goes},
};
#define NR_REQUESTS (sizeof(requests) / sizeof(requests[0]))

/* The fewest steps of some tries: a table that grows once in a while is none of a request's. */
static void count_all(struct fixture *f, unsigned long counts[NR_REQUESTS])
{
    unsigned long before;
    size_t i;
    int n;

    for (i = 0; i < NR_REQUESTS; i++) {
        counts[i] = ~0ul;
        for (n = 0; n < TRIES; n++) {
            before = steps;
            requests[i].make(f);
            state_commit(&f->st);
            if (steps - before < counts[i])
                counts[i] = steps - before;
        }
    }
}

static void prepare(struct fixture *f)
{
    put(f, f->dom0, 0, "/own/a", "1");
    put(f, f->dom0, 0, "/own/b", "2");
    ok(f, f->dom0, XS_SET_PERMS, 0, Z("/own/a\0n0"));
    guest(f, 3);
    ok(f, f->dom0, XS_SET_PERMS, 0, Z("/own/b\0r0"));
    watch(f, domain_find(&f->st, 3)->conn, "/own/b", "t");
}

/* With @few and with @many in the store: a request takes at most half as much again. */
static void compare(struct fixture *f, void (*load)(struct fixture *, unsigned int))
{
    unsigned long few[NR_REQUESTS], many[NR_REQUESTS];
    size_t i;

    prepare(f);
    load(f, FEW);
    count_all(f, few);
    load(f, MANY);
    count_all(f, many);
    for (i = 0; i < NR_REQUESTS; i++) {
        print_message("%s: %lu steps, then %lu\n", requests[i].name, few[i], many[i]);
        assert_true(few[i] > 10); /* the compiler does call us */
        if (many[i] > few[i] + few[i] / 2)
            fail_msg("%s: %lu steps, and %lu beside %d others", requests[i].name, few[i], many[i],
                     MANY);
    }
}

static void unrelated_nodes_cost_nothing(void **state)
{
    compare(*state, load_nodes);
}

/* The same with a journal, which takes note of each change. */
static void unrelated_nodes_cost_nothing_to_note(void **state)
{
    struct fixture *f = *state;
    char path[] = "/tmp/pavo-scale-XXXXXX";

    close(mkstemp(path));
    unlink(path);
    assert_int_equal(state_open(&f->st, path), 0);
    compare(f, load_nodes);
    unlink(path);
}

static void unrelated_watches_cost_nothing(void **state)
{
    compare(*state, load_watches);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(unrelated_nodes_cost_nothing),
        TEST(unrelated_nodes_cost_nothing_to_note),
        TEST(unrelated_watches_cost_nothing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
