// SPDX-License-Identifier: GPL-2.0-only
/* Tests of the store's watches: who is told what, once, in which order. */
#include "store_fixture.h"

static void one_event_comes_at_once_after_the_answer(void **state)
{
    struct fixture *f = *state;
    struct taken t;

    ask(f, f->dom0, XS_WATCH, 0, Z("/nowhere\0tok"), &t);
    assert_string_equal(t.body, "OK");
    event(f->dom0, "/nowhere", "tok");
    no_event(f->dom0);
}

static void changes_at_and_below_are_told_others_not(void **state)
{
    struct fixture *f = *state;
    struct conn *c = conn_new(&f->st, NULL);

    watch(f, c, "/a/b", "t");
    put(f, f->dom0, 0, "/a/b", "1");
    event(c, "/a/b", "t");
    put(f, f->dom0, 0, "/a/b/c/d", "1");
    event(c, "/a/b/c/d", "t");
    put(f, f->dom0, 0, "/a", "1");
    put(f, f->dom0, 0, "/a/bc", "1");
    put(f, f->dom0, 0, "/x", "1");
    no_event(c);
}

static void the_root_is_told_of_all(void **state)
{
    struct fixture *f = *state;
    struct conn *c = conn_new(&f->st, NULL);

    watch(f, c, "/", "t");
    put(f, f->dom0, 0, "/a/b", "1");
    event(c, "/a/b", "t");
    put(f, f->dom0, 0, "/", "1");
    event(c, "/", "t");
    no_event(c);
}

static void making_permissions_and_removing_are_changes(void **state)
{
    struct fixture *f = *state;
    struct conn *c = conn_new(&f->st, NULL);

    watch(f, c, "/a", "t");
    ok(f, f->dom0, XS_MKDIR, 0, Z("/a/b"));
    event(c, "/a/b", "t");
    ok(f, f->dom0, XS_MKDIR, 0, Z("/a/b")); /* exists: nothing changes */
    no_event(c);
    ok(f, f->dom0, XS_SET_PERMS, 0, Z("/a/b\0r0"));
    event(c, "/a/b", "t");
    ok(f, f->dom0, XS_RM, 0, Z("/a/b"));
    event(c, "/a/b", "t");
    ok(f, f->dom0, XS_RM, 0, Z("/a/b")); /* did not exist */
    no_event(c);
}

static void removing_tells_watches_of_each_node_below_once(void **state)
{
    struct fixture *f = *state;
    struct conn *c = conn_new(&f->st, NULL);

    put(f, f->dom0, 0, "/a/b/c", "1");
    watch(f, c, "/a/b/c", "leaf");
    watch(f, c, "/a/b", "mid");
    watch(f, c, "/", "top");
    watch(f, c, "/a/b/none", "none");
    ok(f, f->dom0, XS_RM, 0, Z("/a"));
    event(c, "/a", "top");
    event(c, "/a/b", "mid");
    event(c, "/a/b/c", "leaf");
    no_event(c);
}

static void relative_watches_are_told_relative_paths(void **state)
{
    struct fixture *f = *state;
    struct conn *c = guest(f, 4);

    put(f, f->dom0, 0, "/local/domain/4", "");
    ok(f, f->dom0, XS_SET_PERMS, 0, Z("/local/domain/4\0n4"));
    watch(f, c, "device", "t");
    put(f, f->dom0, 0, "/local/domain/4/device/vbd", "1");
    event(c, "device/vbd", "t");
    ok(f, c, XS_UNWATCH, 0, Z("device\0t"));
    watch(f, c, "/local/domain/4/device", "abs");
    put(f, f->dom0, 0, "/local/domain/4/device/vbd", "1");
    event(c, "/local/domain/4/device/vbd", "abs");
}

static void a_transaction_tells_at_commit_each_path_once(void **state)
{
    struct fixture *f = *state;
    struct conn *c = conn_new(&f->st, NULL);
    uint32_t tx;

    watch(f, c, "/", "t");
    tx = begin(f, f->dom0);
    put(f, f->dom0, tx, "/b", "1");
    put(f, f->dom0, tx, "/a", "1");
    put(f, f->dom0, tx, "/b", "2");
    no_event(c);
    ok(f, f->dom0, XS_TRANSACTION_END, tx, Z("T"));
    event(c, "/b", "t");
    event(c, "/a", "t");
    no_event(c);
}

static void a_node_that_lives_only_within_a_transaction_is_not_told(void **state)
{
    struct fixture *f = *state;
    struct conn *c = conn_new(&f->st, NULL);
    uint32_t tx;

    put(f, f->dom0, 0, "/old", "1");
    watch(f, c, "/", "t");
    tx = begin(f, f->dom0);
    put(f, f->dom0, tx, "/new", "1");
    put(f, f->dom0, tx, "/also/new", "1");
    ok(f, f->dom0, XS_RM, tx, Z("/new"));
    ok(f, f->dom0, XS_RM, tx, Z("/also"));
    ok(f, f->dom0, XS_RM, tx, Z("/old"));
    put(f, f->dom0, tx, "/old", "2");
    ok(f, f->dom0, XS_TRANSACTION_END, tx, Z("T"));
    event(c, "/old", "t");
    no_event(c);
}

static void an_aborted_or_conflicting_transaction_tells_nothing(void **state)
{
    struct fixture *f = *state;
    struct conn *c = conn_new(&f->st, NULL);
    uint32_t tx;

    put(f, f->dom0, 0, "/x", "1");
    watch(f, c, "/a", "t");
    tx = begin(f, f->dom0);
    put(f, f->dom0, tx, "/a", "1");
    ok(f, f->dom0, XS_TRANSACTION_END, tx, Z("F"));
    tx = begin(f, f->dom0);
    put(f, f->dom0, tx, "/a", "1");
    holds(f, f->dom0, tx, "/x", "1");
    put(f, f->dom0, 0, "/x", "2");
    refused(f, f->dom0, XS_TRANSACTION_END, tx, Z("T"), "EAGAIN");
    no_event(c);
}

static void the_same_path_and_token_twice_is_refused(void **state)
{
    struct fixture *f = *state;
    struct conn *other = conn_new(&f->st, NULL);

    watch(f, f->dom0, "/a", "t");
    refused(f, f->dom0, XS_WATCH, 0, Z("/a\0t"), "EEXIST");
    watch(f, f->dom0, "/a", "u");
    watch(f, f->dom0, "/b", "t");
    watch(f, other, "/a", "t");
}

static void after_unwatch_nothing_is_told(void **state)
{
    struct fixture *f = *state;

    watch(f, f->dom0, "/a", "t");
    refused(f, f->dom0, XS_UNWATCH, 0, Z("/a\0u"), "ENOENT");
    refused(f, f->dom0, XS_UNWATCH, 0, Z("/b\0t"), "ENOENT");
    ok(f, f->dom0, XS_UNWATCH, 0, Z("/a\0t"));
    refused(f, f->dom0, XS_UNWATCH, 0, Z("/a\0t"), "ENOENT");
    put(f, f->dom0, 0, "/a", "1");
    no_event(f->dom0);
    assert_int_equal(f->st.watches.count, 0);
    assert_int_equal(f->st.watch_paths.count, 0);
}

static void an_event_on_its_way_survives_unwatch(void **state)
{
    struct fixture *f = *state;
    struct conn *c = conn_new(&f->st, NULL);

    watch(f, c, "/a", "t");
    put(f, f->dom0, 0, "/a", "1");
    c->in_len = 0;
    ok(f, c, XS_UNWATCH, 0, Z("/a\0t"));
    event(c, "/a", "t");
    no_event(c);
}

static void reset_drops_all_of_this_connection_only(void **state)
{
    struct fixture *f = *state;
    struct conn *other = conn_new(&f->st, NULL);

    watch(f, f->dom0, "/a", "t");
    watch(f, f->dom0, "/b", "t");
    watch(f, other, "/a", "t");
    ok(f, f->dom0, XS_RESET_WATCHES, 0, Z(""));
    put(f, f->dom0, 0, "/a", "1");
    no_event(f->dom0);
    event(other, "/a", "t");
}

static void the_same_event_is_not_queued_twice(void **state)
{
    struct fixture *f = *state;
    struct conn *c = conn_new(&f->st, NULL);

    watch(f, c, "/a", "t");
    put(f, f->dom0, 0, "/a", "1");
    put(f, f->dom0, 0, "/a", "2");
    event(c, "/a", "t");
    no_event(c);
    put(f, f->dom0, 0, "/a", "3");
    event(c, "/a", "t");
}

static void an_event_half_sent_does_not_stand_for_a_later_one(void **state)
{
    struct fixture *f = *state;
    struct conn *c = conn_new(&f->st, NULL);

    watch(f, c, "/a", "t");
    put(f, f->dom0, 0, "/a", "1");
    conn_sent(c, 5);
    put(f, f->dom0, 0, "/a", "2");
    conn_sent(c, c->out_first->size - 5);
    event(c, "/a", "t");
    no_event(c);
}

static void too_many_events_are_merged_into_one_per_watch(void **state)
{
    struct fixture *f = *state;
    struct conn *g = guest(f, 5);
    struct taken t;
    char path[64];
    size_t most = 0;
    int i, merged = 0, total = 0;

    put(f, f->dom0, 0, "/d", "");
    ok(f, f->dom0, XS_SET_PERMS, 0, Z("/d\0r0"));
    watch(f, g, "/d", "t");
    for (i = 0; i < 5000; i++) {
        sprintf(path, "/d/node%d", i);
        put(f, f->dom0, 0, path, "");
        if (g->out_bytes > most)
            most = g->out_bytes;
    }
    assert_true(most < 70000);
    while (take(g, &t)) {
        merged += !strcmp(t.body, "/d");
        total++;
    }
    assert_int_equal(merged, 1);
    assert_true(total > 500);
    assert_string_equal(t.body, "/d"); /* the last word */
    assert_int_equal(domain_find(&f->st, 5)->refusals[QUOTA_EVENTS], 1);
    put(f, f->dom0, 0, "/d/again", "");
    event(g, "/d/again", "t");
}

static void who_may_not_read_is_not_told(void **state)
{
    struct fixture *f = *state;
    struct conn *g = guest(f, 5);

    put(f, f->dom0, 0, "/secret/x", "1");
    watch(f, g, "/secret", "t");
    put(f, f->dom0, 0, "/secret/x", "2");
    no_event(g);
    ok(f, f->dom0, XS_SET_PERMS, 0, Z("/secret/x\0n0\0r5")); /* may read it from now on */
    event(g, "/secret/x", "t");
    put(f, f->dom0, 0, "/secret/x", "3");
    event(g, "/secret/x", "t");
    ok(f, f->dom0, XS_SET_PERMS, 0, Z("/secret/x\0n0")); /* could read it before */
    event(g, "/secret/x", "t");
    put(f, f->dom0, 0, "/secret/x", "4");
    no_event(g);
}

static void who_may_list_the_parent_is_told_of_children(void **state)
{
    struct fixture *f = *state;
    struct conn *g = guest(f, 5);

    put(f, f->dom0, 0, "/dir", "");
    ok(f, f->dom0, XS_SET_PERMS, 0, Z("/dir\0n0\0r5"));
    watch(f, g, "/dir", "t");
    put(f, f->dom0, 0, "/dir/x", "1");
    event(g, "/dir/x", "t");
    ok(f, f->dom0, XS_SET_PERMS, 0, Z("/dir/x\0n0"));
    event(g, "/dir/x", "t");
    ok(f, f->dom0, XS_RM, 0, Z("/dir/x"));
    event(g, "/dir/x", "t");
}

static void arguments_are_checked(void **state)
{
    struct fixture *f = *state;
    static char buf[2200];

    refused(f, f->dom0, XS_WATCH, 0, Z("/a"), "EINVAL");
    refused(f, f->dom0, XS_WATCH, 0, B("/a\0t"), "EINVAL");
    refused(f, f->dom0, XS_WATCH, 0, Z("/a/\0t"), "EINVAL");
    refused(f, f->dom0, XS_WATCH, 0, Z("/a b\0t"), "EINVAL");
    refused(f, f->dom0, XS_WATCH, 0, Z(""), "EINVAL");
    refused(f, f->dom0, XS_UNWATCH, 0, Z("/a"), "EINVAL");
    refused(f, f->dom0, XS_UNWATCH, 0, Z("/a/\0t"), "ENOENT");
    memset(buf, 'a', sizeof(buf));
    buf[0] = '@';
    strcpy(buf + 2049, "");
    refused(f, f->dom0, XS_WATCH, 0, buf, 2052, "EINVAL");
}

static void an_empty_token_is_a_token(void **state)
{
    struct fixture *f = *state;

    watch(f, f->dom0, "/a", "");
    put(f, f->dom0, 0, "/a", "1");
    event(f->dom0, "/a", "");
}

static void a_path_too_long_for_a_message_is_told_as_what_is_watched(void **state)
{
    struct fixture *f = *state;
    struct conn *g = guest(f, 1);
    static char token[2501], name[2000];
    char path[XENSTORE_PAYLOAD_MAX];

    memset(token, 't', sizeof(token) - 1);
    memset(name, 'n', sizeof(name) - 1);
    watch(f, f->dom0, "/a", token);
    /* The longest that fits, and one more. */
    snprintf(path, sizeof(path), "/a/%.*s", XENSTORE_PAYLOAD_MAX - 2500 - 2 - 3, name);
    put(f, f->dom0, 0, path, "1");
    event(f->dom0, path, token);
    strcat(path, "n");
    put(f, f->dom0, 0, path, "1");
    event(f->dom0, "/a", token);
    /* A relative one. */
    put(f, f->dom0, 0, "/local/domain/1", "");
    ok(f, f->dom0, XS_SET_PERMS, 0, Z("/local/domain/1\0n1"));
    watch(f, g, "a", token);
    snprintf(path, sizeof(path), "a/%s", name);
    put(f, g, 0, path, "1");
    event(g, "a", token);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(one_event_comes_at_once_after_the_answer),
        TEST(changes_at_and_below_are_told_others_not),
        TEST(the_root_is_told_of_all),
        TEST(making_permissions_and_removing_are_changes),
        TEST(removing_tells_watches_of_each_node_below_once),
        TEST(relative_watches_are_told_relative_paths),
        TEST(a_transaction_tells_at_commit_each_path_once),
        TEST(a_node_that_lives_only_within_a_transaction_is_not_told),
        TEST(an_aborted_or_conflicting_transaction_tells_nothing),
        TEST(the_same_path_and_token_twice_is_refused),
        TEST(after_unwatch_nothing_is_told),
        TEST(an_event_on_its_way_survives_unwatch),
        TEST(reset_drops_all_of_this_connection_only),
        TEST(the_same_event_is_not_queued_twice),
        TEST(an_event_half_sent_does_not_stand_for_a_later_one),
        TEST(too_many_events_are_merged_into_one_per_watch),
        TEST(who_may_not_read_is_not_told),
        TEST(who_may_list_the_parent_is_told_of_children),
        TEST(arguments_are_checked),
        TEST(an_empty_token_is_a_token),
        TEST(a_path_too_long_for_a_message_is_told_as_what_is_watched),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
