// SPDX-License-Identifier: GPL-2.0-only
/* Tests of the store's transactions: what they see, when they conflict, what they leave. */
#include "store_fixture.h"

static void end(struct fixture *f, struct conn *c, uint32_t tx)
{
    ok(f, c, XS_TRANSACTION_END, tx, Z("T"));
}

static void conflict(struct fixture *f, struct conn *c, uint32_t tx)
{
    refused(f, c, XS_TRANSACTION_END, tx, Z("T"), "EAGAIN");
    refused(f, c, XS_READ, tx, Z("/"), "ENOENT"); /* it has ended all the same */
}

static void changes_show_outside_only_after_commit(void **state)
{
    struct fixture *f = *state;
    struct conn *other = conn_new(&f->st, NULL);
    uint32_t tx = begin(f, f->dom0);

    put(f, f->dom0, tx, "/a/b", "1");
    holds(f, f->dom0, tx, "/a/b", "1");
    missing(f, f->dom0, 0, "/a/b");
    missing(f, other, 0, "/a/b");
    end(f, f->dom0, tx);
    holds(f, other, 0, "/a/b", "1");
}

static void an_aborted_one_leaves_nothing(void **state)
{
    struct fixture *f = *state;
    uint32_t tx = begin(f, f->dom0);

    put(f, f->dom0, tx, "/a", "1");
    ok(f, f->dom0, XS_RM, tx, Z("/tool"));
    ok(f, f->dom0, XS_TRANSACTION_END, tx, Z("F"));
    missing(f, f->dom0, 0, "/a");
    holds(f, f->dom0, 0, "/tool", "");
}

static void it_sees_one_state_of_the_tree(void **state)
{
    struct fixture *f = *state;
    uint32_t tx;

    put(f, f->dom0, 0, "/a", "1");
    tx = begin(f, f->dom0);
    put(f, f->dom0, 0, "/a", "2");
    put(f, f->dom0, 0, "/b", "2");
    holds(f, f->dom0, tx, "/a", "1");
    missing(f, f->dom0, tx, "/b");
}

static void a_node_read_and_then_changed_elsewhere_conflicts(void **state)
{
    struct fixture *f = *state;
    uint32_t tx;

    put(f, f->dom0, 0, "/a", "1");
    tx = begin(f, f->dom0);
    holds(f, f->dom0, tx, "/a", "1");
    put(f, f->dom0, tx, "/b", "1");
    put(f, f->dom0, 0, "/a", "1"); /* the same value is a change, too */
    conflict(f, f->dom0, tx);
    missing(f, f->dom0, 0, "/b");
}

static void a_node_written_on_both_sides_conflicts(void **state)
{
    struct fixture *f = *state;
    uint32_t tx;

    put(f, f->dom0, 0, "/a", "1");
    tx = begin(f, f->dom0);
    put(f, f->dom0, tx, "/a", "2");
    put(f, f->dom0, 0, "/a", "3");
    conflict(f, f->dom0, tx);
    holds(f, f->dom0, 0, "/a", "3");
}

static void a_node_found_missing_and_then_made_conflicts(void **state)
{
    struct fixture *f = *state;
    uint32_t tx = begin(f, f->dom0);

    missing(f, f->dom0, tx, "/a/b/c");
    put(f, f->dom0, 0, "/a", "");
    conflict(f, f->dom0, tx);
}

static void a_node_read_and_then_removed_conflicts(void **state)
{
    struct fixture *f = *state;
    uint32_t tx = begin(f, f->dom0);

    holds(f, f->dom0, tx, "/tool/xenstored", "");
    ok(f, f->dom0, XS_RM, 0, Z("/tool"));
    conflict(f, f->dom0, tx);
}

static void changed_permissions_conflict(void **state)
{
    struct fixture *f = *state;
    uint32_t tx = begin(f, f->dom0);

    holds(f, f->dom0, tx, "/tool", "");
    ok(f, f->dom0, XS_SET_PERMS, 0, Z("/tool\0r0"));
    conflict(f, f->dom0, tx);
}

static void a_listed_node_with_a_new_child_conflicts(void **state)
{
    struct fixture *f = *state;
    uint32_t tx = begin(f, f->dom0);

    answered(f, f->dom0, XS_DIRECTORY, tx, Z("/tool"), B("xenstored\0"));
    put(f, f->dom0, 0, "/tool/x", "");
    conflict(f, f->dom0, tx);
}

static void removing_conflicts_with_a_new_child(void **state)
{
    struct fixture *f = *state;
    uint32_t tx = begin(f, f->dom0);

    ok(f, f->dom0, XS_RM, tx, Z("/tool"));
    put(f, f->dom0, 0, "/tool/x", "");
    conflict(f, f->dom0, tx);
    holds(f, f->dom0, 0, "/tool/x", "");
}

static void two_that_make_different_children_both_commit(void **state)
{
    struct fixture *f = *state;
    uint32_t tx1 = begin(f, f->dom0), tx2 = begin(f, f->dom0);

    put(f, f->dom0, tx1, "/tool/a", "1");
    put(f, f->dom0, tx2, "/tool/b", "2");
    end(f, f->dom0, tx1);
    end(f, f->dom0, tx2);
    holds(f, f->dom0, 0, "/tool/a", "1");
    holds(f, f->dom0, 0, "/tool/b", "2");
}

static void unrelated_changes_do_not_conflict(void **state)
{
    struct fixture *f = *state;
    uint32_t tx;

    put(f, f->dom0, 0, "/a/x", "1");
    put(f, f->dom0, 0, "/b/x", "1");
    tx = begin(f, f->dom0);
    holds(f, f->dom0, tx, "/a/x", "1");
    put(f, f->dom0, tx, "/a/x", "2");
    put(f, f->dom0, 0, "/b/x", "2");
    end(f, f->dom0, tx);
    holds(f, f->dom0, 0, "/a/x", "2");
    holds(f, f->dom0, 0, "/b/x", "2");
}

static void a_node_removed_and_made_again_is_new(void **state)
{
    struct fixture *f = *state;
    uint32_t tx;

    put(f, f->dom0, 0, "/a/b", "1");
    tx = begin(f, f->dom0);
    put(f, f->dom0, tx, "/a/c", "x");
    ok(f, f->dom0, XS_RM, tx, Z("/a"));
    missing(f, f->dom0, tx, "/a/c");
    put(f, f->dom0, tx, "/a/d", "2");
    end(f, f->dom0, tx);
    answered(f, f->dom0, XS_DIRECTORY, 0, Z("/a"), B("d\0"));
}

static void a_transaction_without_a_look_never_conflicts(void **state)
{
    struct fixture *f = *state;
    uint32_t tx = begin(f, f->dom0);

    put(f, f->dom0, 0, "/a", "1");
    end(f, f->dom0, tx);
}

static void one_within_another_is_refused(void **state)
{
    struct fixture *f = *state;
    uint32_t tx = begin(f, f->dom0);

    refused(f, f->dom0, XS_TRANSACTION_START, tx, Z(""), "EBUSY");
}

static void numbers_of_others_are_unknown(void **state)
{
    struct fixture *f = *state;
    struct conn *other = conn_new(&f->st, NULL);
    uint32_t tx = begin(f, f->dom0);

    refused(f, other, XS_READ, tx, Z("/"), "ENOENT");
    refused(f, other, XS_TRANSACTION_END, tx, Z("T"), "ENOENT");
    refused(f, f->dom0, XS_READ, tx + 1, Z("/"), "ENOENT");
    refused(f, f->dom0, XS_TRANSACTION_END, 0, Z("T"), "ENOENT");
}

static void ends_are_true_or_false(void **state)
{
    struct fixture *f = *state;
    uint32_t tx = begin(f, f->dom0);

    refused(f, f->dom0, XS_TRANSACTION_END, tx, Z("X"), "EINVAL");
    refused(f, f->dom0, XS_TRANSACTION_END, tx, B("T"), "EINVAL");
    refused(f, f->dom0, XS_TRANSACTION_END, tx, Z("TT"), "EINVAL");
    end(f, f->dom0, tx);
}

static void a_closed_connection_aborts_its_own(void **state)
{
    struct fixture *f = *state;
    struct conn *c = conn_new(&f->st, NULL);
    uint32_t tx = begin(f, c);

    put(f, c, tx, "/a", "1");
    conn_free(&f->st, c);
    missing(f, f->dom0, 0, "/a");
}

static void a_reset_of_watches_aborts_them(void **state)
{
    struct fixture *f = *state;
    uint32_t tx = begin(f, f->dom0);

    ok(f, f->dom0, XS_RESET_WATCHES, 0, Z(""));
    refused(f, f->dom0, XS_READ, tx, Z("/"), "ENOENT");
}

static void permissions_set_within_hold_after_commit(void **state)
{
    struct fixture *f = *state;
    struct conn *g = guest(f, 3);
    uint32_t tx = begin(f, f->dom0);

    put(f, f->dom0, tx, "/a", "1");
    ok(f, f->dom0, XS_SET_PERMS, tx, Z("/a\0n0\0r3"));
    refused(f, g, XS_READ, 0, Z("/a"), "EACCES");
    end(f, f->dom0, tx);
    holds(f, g, 0, "/a", "1");
}

static void a_new_owner_who_died_before_commit_is_refused(void **state)
{
    struct fixture *f = *state;
    uint32_t tx;

    guest(f, 3);
    tx = begin(f, f->dom0);
    put(f, f->dom0, tx, "/a", "1");
    ok(f, f->dom0, XS_SET_PERMS, tx, Z("/a\0n3"));
    f->state[3] = 0;
    domains_check(&f->st);
    refused(f, f->dom0, XS_TRANSACTION_END, tx, Z("T"), "ENOENT");
    missing(f, f->dom0, 0, "/a");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(changes_show_outside_only_after_commit),
        TEST(an_aborted_one_leaves_nothing),
        TEST(it_sees_one_state_of_the_tree),
        TEST(a_node_read_and_then_changed_elsewhere_conflicts),
        TEST(a_node_written_on_both_sides_conflicts),
        TEST(a_node_found_missing_and_then_made_conflicts),
        TEST(a_node_read_and_then_removed_conflicts),
        TEST(changed_permissions_conflict),
        TEST(a_listed_node_with_a_new_child_conflicts),
        TEST(removing_conflicts_with_a_new_child),
        TEST(two_that_make_different_children_both_commit),
        TEST(unrelated_changes_do_not_conflict),
        TEST(a_node_removed_and_made_again_is_new),
        TEST(a_transaction_without_a_look_never_conflicts),
        TEST(one_within_another_is_refused),
        TEST(numbers_of_others_are_unknown),
        TEST(ends_are_true_or_false),
        TEST(a_closed_connection_aborts_its_own),
        TEST(a_reset_of_watches_aborts_them),
        TEST(permissions_set_within_hold_after_commit),
        TEST(a_new_owner_who_died_before_commit_is_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
