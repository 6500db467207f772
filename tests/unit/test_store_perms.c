// SPDX-License-Identifier: GPL-2.0-only
/* Tests of the store's permissions and of the quotas of guests. */
#include <unistd.h>

#include "store_fixture.h"

/* A folder that domain 5 may write and domain 6 may read. */
static void shared_folder(struct fixture *f)
{
    put(f, f->dom0, 0, "/s", "v");
    ok(f, f->dom0, XS_SET_PERMS, 0, Z("/s\0n0\0b5\0r6"));
}

static void the_owner_and_those_named_get_what_it_says(void **state)
{
    struct fixture *f = *state;
    struct conn *g5 = guest(f, 5), *g6 = guest(f, 6), *g7 = guest(f, 7);

    shared_folder(f);
    holds(f, g5, 0, "/s", "v");
    put(f, g5, 0, "/s", "w");
    holds(f, g6, 0, "/s", "w");
    refused(f, g6, XS_WRITE, 0, B("/s\0x"), "EACCES");
    refused(f, g7, XS_READ, 0, Z("/s"), "EACCES");
    refused(f, g7, XS_WRITE, 0, B("/s\0x"), "EACCES");
    refused(f, g7, XS_DIRECTORY, 0, Z("/s"), "EACCES");
    refused(f, g7, XS_DIRECTORY_PART, 0, Z("/s\0000"), "EACCES");
    refused(f, g7, XS_GET_PERMS, 0, Z("/s"), "EACCES");
    refused(f, g7, XS_RM, 0, Z("/s"), "EACCES");
    refused(f, g7, XS_MKDIR, 0, Z("/s"), "EACCES");
}

static void entry_0_holds_for_all_not_named(void **state)
{
    struct fixture *f = *state;
    struct conn *g5 = guest(f, 5), *g7 = guest(f, 7);

    put(f, f->dom0, 0, "/s", "v");
    ok(f, f->dom0, XS_SET_PERMS, 0, Z("/s\0r0\0n5"));
    holds(f, g7, 0, "/s", "v");
    refused(f, g5, XS_READ, 0, Z("/s"), "EACCES");
    ok(f, f->dom0, XS_SET_PERMS, 0, Z("/s\0w0"));
    put(f, g7, 0, "/s", "x");
    refused(f, g7, XS_READ, 0, Z("/s"), "EACCES");
}

static void whether_a_node_is_missing_shows_only_to_those_who_may_read_above(void **state)
{
    struct fixture *f = *state;
    struct conn *g6 = guest(f, 6), *g7 = guest(f, 7);

    shared_folder(f);
    refused(f, g6, XS_READ, 0, Z("/s/none/deep"), "ENOENT");
    refused(f, g7, XS_READ, 0, Z("/s/none/deep"), "EACCES");
    refused(f, g6, XS_WRITE, 0, B("/s/none\0x"), "EACCES"); /* may not write there */
    refused(f, g7, XS_RM, 0, Z("/s/none"), "EACCES");
}

static void children_inherit_but_belong_to_their_maker(void **state)
{
    struct fixture *f = *state;
    struct conn *g5 = guest(f, 5);

    guest(f, 6);
    shared_folder(f);
    put(f, g5, 0, "/s/a/b", "x");
    answered(f, f->dom0, XS_GET_PERMS, 0, Z("/s/a"), B("n5\0b5\0r6\0"));
    answered(f, f->dom0, XS_GET_PERMS, 0, Z("/s/a/b"), B("n5\0b5\0r6\0"));
    put(f, f->dom0, 0, "/s/c", "x");
    answered(f, f->dom0, XS_GET_PERMS, 0, Z("/s/c"), B("n0\0b5\0r6\0"));
}

static void only_the_owner_sets_permissions_and_keeps_the_node(void **state)
{
    struct fixture *f = *state;
    struct conn *g5 = guest(f, 5), *g6 = guest(f, 6);

    shared_folder(f);
    refused(f, g5, XS_SET_PERMS, 0, Z("/s\0b5"), "EACCES");
    put(f, g5, 0, "/s/a", "x");
    ok(f, g5, XS_SET_PERMS, 0, Z("/s/a\0n5\0b6"));
    put(f, g6, 0, "/s/a", "y");
    refused(f, g5, XS_SET_PERMS, 0, Z("/s/a\0n6"), "EPERM");
    ok(f, f->dom0, XS_SET_PERMS, 0, Z("/s/a\0n6"));
    refused(f, g5, XS_READ, 0, Z("/s/a"), "EACCES");
}

static void entries_are_checked(void **state)
{
    struct fixture *f = *state;

    refused(f, f->dom0, XS_SET_PERMS, 0, Z("/tool"), "EINVAL");
    refused(f, f->dom0, XS_SET_PERMS, 0, B("/tool\0n0"), "EINVAL");
    refused(f, f->dom0, XS_SET_PERMS, 0, Z("/tool\0x0"), "EINVAL");
    refused(f, f->dom0, XS_SET_PERMS, 0, Z("/tool\0n"), "EINVAL");
    refused(f, f->dom0, XS_SET_PERMS, 0, Z("/tool\0n0x"), "EINVAL");
    refused(f, f->dom0, XS_SET_PERMS, 0, Z("/tool\0n-1"), "EINVAL");
    refused(f, f->dom0, XS_SET_PERMS, 0, Z("/tool\0n99999999999"), "EINVAL");
    refused(f, f->dom0, XS_SET_PERMS, 0, Z("/tool\0n0\0"), "EINVAL");
    refused(f, f->dom0, XS_SET_PERMS, 0, Z("/none\0n0"), "ENOENT");
    refused(f, f->dom0, XS_SET_PERMS, 0, Z("/tool/\0n0"), "EINVAL");
    refused(f, f->dom0, XS_SET_PERMS, 0, B(""), "EINVAL");
    answered(f, f->dom0, XS_GET_PERMS, 0, Z("/tool"), B("n0\0"));
    refused(f, f->dom0, XS_GET_PERMS, 0, Z("/none"), "ENOENT");
    refused(f, f->dom0, XS_GET_PERMS, 0, B("/tool"), "EINVAL");
    refused(f, f->dom0, XS_GET_PERMS, 0, Z("/tool/"), "EINVAL");
}

static void domains_that_do_not_exist_get_nothing(void **state)
{
    struct fixture *f = *state;
    struct conn *g;

    refused(f, f->dom0, XS_SET_PERMS, 0, Z("/tool\0n15"), "ENOENT"); /* as owner */
    ok(f, f->dom0, XS_SET_PERMS, 0, Z("/tool\0n0\0r15\0r9"));
    answered(f, f->dom0, XS_GET_PERMS, 0, Z("/tool"), B("n0\0r9\0"));
    f->state[15] = DOMAIN_EXISTS; /* a later domain of that number was not meant */
    g = guest(f, 15);
    refused(f, g, XS_READ, 0, Z("/tool"), "EACCES");
}

static void permissions_die_with_their_domain(void **state)
{
    struct fixture *f = *state;
    struct conn *g = guest(f, 5);

    put(f, f->dom0, 0, "/s", "v");
    ok(f, f->dom0, XS_SET_PERMS, 0, Z("/s\0n0\0r5"));
    holds(f, g, 0, "/s", "v");
    f->state[5] = 0;
    domains_check(&f->st);
    answered(f, f->dom0, XS_GET_PERMS, 0, Z("/s"), B("n0\0"));
    f->state[5] = DOMAIN_EXISTS;
    g = guest(f, 5);
    refused(f, g, XS_READ, 0, Z("/s"), "EACCES");
    answered(f, f->dom0, XS_GET_PERMS, 0, Z("/s"), B("n0\0"));
}

static void permissions_set_before_introduction_hold(void **state)
{
    struct fixture *f = *state;
    struct conn *g;

    put(f, f->dom0, 0, "/s", "v");
    ok(f, f->dom0, XS_SET_PERMS, 0, Z("/s\0n0\0r5"));
    g = guest(f, 5);
    holds(f, g, 0, "/s", "v");
}

static void a_domain_acts_for_its_target(void **state)
{
    struct fixture *f = *state;
    struct conn *g5 = guest(f, 5);

    guest(f, 6);
    put(f, f->dom0, 0, "/own", "v");
    put(f, f->dom0, 0, "/read", "v");
    ok(f, f->dom0, XS_SET_PERMS, 0, Z("/own\0n6"));
    ok(f, f->dom0, XS_SET_PERMS, 0, Z("/read\0n0\0r6"));
    refused(f, g5, XS_READ, 0, Z("/own"), "EACCES");
    ok(f, f->dom0, XS_SET_TARGET, 0, Z("5\0006"));
    put(f, g5, 0, "/own", "w");
    holds(f, g5, 0, "/read", "v");
    refused(f, g5, XS_WRITE, 0, B("/read\0x"), "EACCES");
    f->state[6] = 0;
    domains_check(&f->st);
    refused(f, g5, XS_READ, 0, Z("/read"), "EACCES");
}

static void specials_have_permissions_too(void **state)
{
    struct fixture *f = *state;
    struct conn *g5 = guest(f, 5);

    answered(f, f->dom0, XS_GET_PERMS, 0, Z("@releaseDomain"), B("n0\0"));
    watch(f, g5, "@releaseDomain", "t");
    guest(f, 6);
    ok(f, f->dom0, XS_RELEASE, 0, Z("6"));
    no_event(g5);
    ok(f, f->dom0, XS_SET_PERMS, 0, Z("@releaseDomain\0n0\0r5"));
    answered(f, f->dom0, XS_GET_PERMS, 0, Z("@releaseDomain"), B("n0\0r5\0"));
    guest(f, 6);
    ok(f, f->dom0, XS_RELEASE, 0, Z("6"));
    event(g5, "@releaseDomain", "t");
    refused(f, f->dom0, XS_SET_PERMS, 0, Z("@releaseDomain\0n15"), "ENOENT");
    refused(f, f->dom0, XS_SET_PERMS, 0, Z("@other\0n0"), "EINVAL");
}

/* Quotas. Each: the last that is allowed, the first that is not, and dom0, whom none binds. */

static void a_refusal_is_logged_once_for_each_guest_and_cause(void **state)
{
    char log[] = "/tmp/pavo-log-XXXXXX";
    struct fixture *f = *state;
    struct conn *g = guest(f, 5), *h = guest(f, 6);

    f->st.quotas.node_size = 3;
    shared_folder(f);
    ok(f, f->dom0, XS_SET_PERMS, 0, Z("/s\0n0\0b5\0b6"));
    close(mkstemp(log));
    assert_int_equal(log_open(log), 0);
    for (int i = 0; i < 3; i++)
        refused(f, g, XS_WRITE, 0, B("/s\0four"), "ENOSPC");
    assert_int_equal(lines_with(log, "domain 5: refused, quota node-size: at most 3 "), 1);
    refused(f, h, XS_WRITE, 0, B("/s\0four"), "ENOSPC");
    assert_int_equal(lines_with(log, "refused, quota node-size"), 2);
    f->st.quotas.nodes = 0;
    refused(f, g, XS_MKDIR, 0, Z("/s/d"), "ENOSPC");
    assert_int_equal(lines_with(log, "domain 5: refused, quota nodes: at most 0 "), 1);
    log_open("/dev/null");
    unlink(log);
}

static void quota_of_nodes(void **state)
{
    struct fixture *f = *state;
    struct conn *g = guest(f, 5);
    uint32_t tx;

    f->st.quotas.nodes = 3;
    shared_folder(f);
    put(f, g, 0, "/s/a/b", "");
    refused(f, g, XS_WRITE, 0, Z("/s/c/d"), "ENOSPC");
    refused(f, g, XS_MKDIR, 0, Z("/s/c/d"), "ENOSPC");
    put(f, g, 0, "/s/c", "");
    put(f, g, 0, "/s/c", "again");
    refused(f, g, XS_MKDIR, 0, Z("/s/d"), "ENOSPC");
    put(f, f->dom0, 0, "/s/d", "");
    assert_int_equal(domain_find(&f->st, 5)->refusals[QUOTA_NODES], 3);
    ok(f, g, XS_RM, 0, Z("/s/a"));
    assert_int_equal(domain_find(&f->st, 5)->nr_nodes, 1);
    tx = begin(f, g);
    put(f, g, tx, "/s/x", "");
    put(f, g, tx, "/s/y", "");
    refused(f, g, XS_MKDIR, tx, Z("/s/z"), "ENOSPC");
    ok(f, g, XS_RM, tx, Z("/s/c"));
    put(f, g, tx, "/s/z", "");
    ok(f, g, XS_TRANSACTION_END, tx, Z("T"));
    assert_int_equal(domain_find(&f->st, 5)->nr_nodes, 3);
}

static void quota_of_nodes_holds_over_two_transactions(void **state)
{
    struct fixture *f = *state;
    struct conn *g = guest(f, 5);
    uint32_t tx1, tx2;

    f->st.quotas.nodes = 3;
    shared_folder(f);
    tx1 = begin(f, g);
    tx2 = begin(f, g);
    put(f, g, tx1, "/s/a/a", "");
    put(f, g, tx2, "/s/b/b", "");
    ok(f, g, XS_TRANSACTION_END, tx1, Z("T"));
    refused(f, g, XS_TRANSACTION_END, tx2, Z("T"), "ENOSPC");
    assert_int_equal(domain_find(&f->st, 5)->nr_nodes, 2);
}

static void quota_of_watches(void **state)
{
    struct fixture *f = *state;
    struct conn *g = guest(f, 5);

    f->st.quotas.watches = 2;
    watch(f, g, "/a", "t");
    watch(f, g, "/b", "t");
    refused(f, g, XS_WATCH, 0, Z("/c\0t"), "E2BIG");
    ok(f, g, XS_UNWATCH, 0, Z("/a\0t"));
    watch(f, g, "/c", "t");
    watch(f, f->dom0, "/a", "t");
    watch(f, f->dom0, "/b", "t");
    watch(f, f->dom0, "/c", "t");
}

static void quota_of_transactions(void **state)
{
    struct fixture *f = *state;
    struct conn *g = guest(f, 5);
    uint32_t tx;
    int i;

    for (i = 0; i < 10; i++)
        tx = begin(f, g);
    refused(f, g, XS_TRANSACTION_START, 0, Z(""), "ENOSPC");
    ok(f, g, XS_TRANSACTION_END, tx, Z("F"));
    begin(f, g);
    for (i = 0; i < 20; i++)
        begin(f, f->dom0);
}

static void quota_of_what_a_transaction_touches(void **state)
{
    struct fixture *f = *state;
    struct conn *g = guest(f, 5);
    uint32_t tx;

    f->st.quotas.transaction_nodes = 3;
    shared_folder(f);
    tx = begin(f, g);
    holds(f, g, tx, "/s", "v");
    missing(f, g, tx, "/s/a");
    missing(f, g, tx, "/s/b");
    missing(f, g, tx, "/s/b");
    refused(f, g, XS_READ, tx, Z("/s/c"), "ENOSPC");
    ok(f, g, XS_TRANSACTION_END, tx, Z("T"));
    tx = begin(f, g);
    put(f, g, tx, "/s", "1");
    put(f, g, tx, "/s", "2");
    put(f, g, tx, "/s", "3");
    refused(f, g, XS_WRITE, tx, B("/s\0004"), "ENOSPC");
    ok(f, g, XS_TRANSACTION_END, tx, Z("T"));
    holds(f, g, 0, "/s", "3");
}

static void quota_of_a_nodes_size(void **state)
{
    struct fixture *f = *state;
    struct conn *g = guest(f, 5);
    static char buf[3000] = "/s";

    shared_folder(f);
    ok(f, g, XS_WRITE, 0, buf, 3 + 2048);
    refused(f, g, XS_WRITE, 0, buf, 3 + 2049, "ENOSPC");
    ok(f, f->dom0, XS_WRITE, 0, buf, 3 + 2049);
}

static void quota_of_permissions(void **state)
{
    struct fixture *f = *state;
    struct conn *g = guest(f, 5);

    shared_folder(f);
    put(f, g, 0, "/s/a", "");
    ok(f, g, XS_SET_PERMS, 0, Z("/s/a\0n5\0r1\0r2\0r3\0r4"));
    refused(f, g, XS_SET_PERMS, 0, Z("/s/a\0n5\0r1\0r2\0r3\0r4\0r6"), "ENOSPC");
    ok(f, f->dom0, XS_SET_PERMS, 0, Z("/s/a\0n5\0r1\0r2\0r3\0r4\0r6"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(the_owner_and_those_named_get_what_it_says),
        TEST(entry_0_holds_for_all_not_named),
        TEST(whether_a_node_is_missing_shows_only_to_those_who_may_read_above),
        TEST(children_inherit_but_belong_to_their_maker),
        TEST(only_the_owner_sets_permissions_and_keeps_the_node),
        TEST(entries_are_checked),
        TEST(domains_that_do_not_exist_get_nothing),
        TEST(permissions_die_with_their_domain),
        TEST(permissions_set_before_introduction_hold),
        TEST(a_domain_acts_for_its_target),
        TEST(specials_have_permissions_too),
        TEST(a_refusal_is_logged_once_for_each_guest_and_cause),
        TEST(quota_of_nodes),
        TEST(quota_of_nodes_holds_over_two_transactions),
        TEST(quota_of_watches),
        TEST(quota_of_transactions),
        TEST(quota_of_what_a_transaction_touches),
        TEST(quota_of_a_nodes_size),
        TEST(quota_of_permissions),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
