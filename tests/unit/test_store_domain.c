// SPDX-License-Identifier: GPL-2.0-only
/* Tests of how the store takes domains in and lets them go. */
#include "store_fixture.h"

static void introducing_connects_the_ring_and_tells(void **state)
{
    struct fixture *f = *state;

    watch(f, f->dom0, "@introduceDomain", "t");
    memset(&f->rings[3], 0xff, sizeof(f->rings[3]));
    answered(f, f->dom0, XS_IS_DOMAIN_INTRODUCED, 0, Z("3"), Z("F"));
    ok(f, f->dom0, XS_INTRODUCE, 0, Z("3\0001234\0007"));
    event(f->dom0, "@introduceDomain", "t");
    answered(f, f->dom0, XS_IS_DOMAIN_INTRODUCED, 0, Z("3"), Z("T"));
    assert_true(f->mapped[3]);
    assert_int_equal(f->nr_bound, 1);
    assert_int_equal(f->rings[3].req_prod, 0);
    assert_int_equal(f->rings[3].connection, XENSTORE_CONNECTED);
    assert_int_equal(f->notified[3], 1);
    assert_int_equal(domain_find(&f->st, 3)->gfn, 1234);
    assert_ptr_equal(domain_by_port(&f->st, 103), domain_find(&f->st, 3));
    assert_null(domain_by_port(&f->st, 104));
}

static void introducing_again_starts_the_connection_anew(void **state)
{
    struct fixture *f = *state;
    struct conn *g = guest(f, 3);

    watch(f, f->dom0, "@introduceDomain", "t");
    watch(f, g, "/a", "t");
    begin(f, g);
    conn_ignore(&f->st, g);
    f->rings[3].req_prod = 99;
    ok(f, f->dom0, XS_INTRODUCE, 0, Z("3\0001\0008"));
    assert_int_equal(f->rings[3].req_prod, 0);
    assert_int_equal(f->nr_bound, 1);
    assert_false(g->ignored);
    assert_int_equal(g->nr_watches, 0);
    assert_int_equal(domain_find(&f->st, 3)->nr_transactions, 0);
    no_event(f->dom0); /* nobody new */
}

static void introducing_checks_its_arguments(void **state)
{
    struct fixture *f = *state;

    refused(f, f->dom0, XS_INTRODUCE, 0, Z("3\0001"), "EINVAL");
    refused(f, f->dom0, XS_INTRODUCE, 0, Z("3\0001\0000"), "EINVAL");
    refused(f, f->dom0, XS_INTRODUCE, 0, Z("3\0001\000x"), "EINVAL");
    refused(f, f->dom0, XS_INTRODUCE, 0, Z("3\000x\0001"), "EINVAL");
    refused(f, f->dom0, XS_INTRODUCE, 0, Z("x\0001\0001"), "EINVAL");
    refused(f, f->dom0, XS_INTRODUCE, 0, Z("0\0001\0001"), "EINVAL");
    refused(f, f->dom0, XS_INTRODUCE, 0, Z("40000\0001\0001"), "EINVAL");
    refused(f, f->dom0, XS_INTRODUCE, 0, Z("15\0001\0001"), "ENOENT"); /* does not exist */
    f->state[3] |= DOMAIN_DYING;
    refused(f, f->dom0, XS_INTRODUCE, 0, Z("3\0001\0001"), "ENOENT");
}

static void a_ring_that_cannot_be_connected_leaves_nothing(void **state)
{
    struct fixture *f = *state;

    watch(f, f->dom0, "@introduceDomain", "t");
    f->map_error = -EACCES;
    refused(f, f->dom0, XS_INTRODUCE, 0, Z("3\0001\0001"), "EACCES");
    f->map_error = 0;
    f->bind_error = -EINVAL;
    refused(f, f->dom0, XS_INTRODUCE, 0, Z("3\0001\0001"), "EINVAL");
    assert_false(f->mapped[3]);
    answered(f, f->dom0, XS_IS_DOMAIN_INTRODUCED, 0, Z("3"), Z("F"));
    no_event(f->dom0);
}

static void releasing_drops_the_connection_and_tells(void **state)
{
    struct fixture *f = *state;

    guest(f, 3);
    watch(f, f->dom0, "@releaseDomain", "t");
    ok(f, f->dom0, XS_RELEASE, 0, Z("3"));
    event(f->dom0, "@releaseDomain", "t");
    assert_false(f->mapped[3]);
    assert_int_equal(f->nr_bound, 0);
    answered(f, f->dom0, XS_IS_DOMAIN_INTRODUCED, 0, Z("3"), Z("F"));
    refused(f, f->dom0, XS_RELEASE, 0, Z("3"), "ENOENT");
    refused(f, f->dom0, XS_RELEASE, 0, Z("0"), "EINVAL");
    refused(f, f->dom0, XS_RELEASE, 0, Z("x"), "EINVAL");
    refused(f, f->dom0, XS_RELEASE, 0, B("3"), "EINVAL");
    put(f, f->dom0, 0, "/a", "");
    ok(f, f->dom0, XS_SET_PERMS, 0, Z("/a\0n0\0r4")); /* known, not introduced */
    refused(f, f->dom0, XS_RELEASE, 0, Z("4"), "EINVAL");
}

static void a_shutdown_is_told_once_until_resumed(void **state)
{
    struct fixture *f = *state;

    guest(f, 3);
    watch(f, f->dom0, "@releaseDomain", "t");
    domains_check(&f->st);
    no_event(f->dom0);
    f->state[3] |= DOMAIN_SHUTDOWN;
    domains_check(&f->st);
    event(f->dom0, "@releaseDomain", "t");
    domains_check(&f->st);
    no_event(f->dom0);
    assert_true(f->mapped[3]); /* still there */
    f->state[3] = DOMAIN_EXISTS;
    ok(f, f->dom0, XS_RESUME, 0, Z("3"));
    f->state[3] |= DOMAIN_SHUTDOWN;
    domains_check(&f->st);
    event(f->dom0, "@releaseDomain", "t");
    refused(f, f->dom0, XS_RESUME, 0, Z("9"), "ENOENT");
    refused(f, f->dom0, XS_RESUME, 0, Z("0"), "EINVAL");
    refused(f, f->dom0, XS_RESUME, 0, Z(""), "EINVAL");
}

static void a_dying_domain_leaves_nothing_of_its_own(void **state)
{
    struct fixture *f = *state;
    struct conn *g = guest(f, 3);

    put(f, f->dom0, 0, "/local/domain/3", "");
    ok(f, f->dom0, XS_SET_PERMS, 0, Z("/local/domain/3\0n3"));
    put(f, g, 0, "a/b", "1");
    put(f, f->dom0, 0, "/shared", "");
    ok(f, f->dom0, XS_SET_PERMS, 0, Z("/shared\0w0"));
    put(f, g, 0, "/shared/of-guest", "1");
    watch(f, g, "/", "t");
    begin(f, g);
    watch(f, f->dom0, "@releaseDomain", "t");
    watch(f, f->dom0, "/local/domain/3/a", "gone");
    f->state[3] |= DOMAIN_DYING;
    domains_check(&f->st);
    event(f->dom0, "/local/domain/3/a", "gone");
    event(f->dom0, "@releaseDomain", "t");
    no_event(f->dom0);
    missing(f, f->dom0, 0, "/local/domain/3");
    missing(f, f->dom0, 0, "/shared/of-guest");
    holds(f, f->dom0, 0, "/shared", "");
    assert_false(f->mapped[3]);
    assert_int_equal(f->nr_bound, 0);
    assert_null(domain_find(&f->st, 3));
    assert_int_equal(f->st.watches.count, 2);
    domains_check(&f->st);
    no_event(f->dom0);
}

static void the_root_does_not_stay_a_dead_domains(void **state)
{
    struct fixture *f = *state;
    struct conn *g = guest(f, 3);

    ok(f, f->dom0, XS_SET_PERMS, 0, Z("/\0n3"));
    put(f, g, 0, "/x", "1");
    f->state[3] |= DOMAIN_DYING;
    domains_check(&f->st);
    missing(f, f->dom0, 0, "/x");
    answered(f, f->dom0, XS_GET_PERMS, 0, Z("/"), Z("n0"));
    f->state[3] = DOMAIN_EXISTS; /* a later one of the same number */
    g = guest(f, 3);
    refused(f, g, XS_WRITE, 0, B("/x\0001"), "EACCES");
}

static void a_domain_only_known_dies_without_a_word(void **state)
{
    struct fixture *f = *state;

    put(f, f->dom0, 0, "/a", "");
    ok(f, f->dom0, XS_SET_PERMS, 0, Z("/a\0n4"));
    watch(f, f->dom0, "@releaseDomain", "t");
    f->state[4] = 0;
    domains_check(&f->st);
    no_event(f->dom0);
    missing(f, f->dom0, 0, "/a");
}

static void targets_must_be_introduced(void **state)
{
    struct fixture *f = *state;

    guest(f, 3);
    refused(f, f->dom0, XS_SET_TARGET, 0, Z("3\0004"), "ENOENT");
    refused(f, f->dom0, XS_SET_TARGET, 0, Z("4\0003"), "ENOENT");
    refused(f, f->dom0, XS_SET_TARGET, 0, Z("3\0000"), "EINVAL");
    refused(f, f->dom0, XS_SET_TARGET, 0, Z("3"), "EINVAL");
    refused(f, f->dom0, XS_SET_TARGET, 0, Z("3\000x"), "EINVAL");
    guest(f, 4);
    ok(f, f->dom0, XS_SET_TARGET, 0, Z("3\0004"));
}

static void introduced_is_asked_for_by_number(void **state)
{
    struct fixture *f = *state;

    answered(f, f->dom0, XS_IS_DOMAIN_INTRODUCED, 0, Z("32752"), Z("T")); /* DOMID_SELF */
    refused(f, f->dom0, XS_IS_DOMAIN_INTRODUCED, 0, Z("x"), "EINVAL");
    refused(f, f->dom0, XS_IS_DOMAIN_INTRODUCED, 0, Z(""), "EINVAL");
}

static void dom0s_kernel_has_a_ring_of_its_own(void **state)
{
    struct fixture *f = *state;
    struct conn *c;

    f->mapped[0] = true;
    f->nr_bound++;
    f->rings[0].req_prod = f->rings[0].req_cons = 17; /* in use: must not be reset */
    domain_introduce_dom0(&f->st, &f->rings[0], 100);
    assert_int_equal(f->rings[0].req_prod, 17);
    assert_int_equal(f->notified[0], 1);
    c = domain_find(&f->st, 0)->conn;
    put(f, c, 0, "/tool/x", "privileged");
    f->state[0] = 0;
    domains_check(&f->st); /* dom0 is never released */
    assert_non_null(domain_find(&f->st, 0));
}

static void an_ignored_connection_is_neither_read_nor_told(void **state)
{
    struct fixture *f = *state;
    struct conn *g = guest(f, 3);
    struct xsd_sockmsg hdr = {.type = XS_READ, .len = 2};

    put(f, f->dom0, 0, "/a", "");
    ok(f, f->dom0, XS_SET_PERMS, 0, Z("/a\0r0"));
    watch(f, g, "/a", "t");
    conn_ignore(&f->st, g);
    put(f, f->dom0, 0, "/a", "1");
    memcpy(g->in, &hdr, sizeof(hdr));
    g->in_len = sizeof(hdr) + 2;
    assert_int_equal(conn_process(&f->st, g, 1), 0);
    assert_null(g->out_first);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(introducing_connects_the_ring_and_tells),
        TEST(introducing_again_starts_the_connection_anew),
        TEST(introducing_checks_its_arguments),
        TEST(a_ring_that_cannot_be_connected_leaves_nothing),
        TEST(releasing_drops_the_connection_and_tells),
        TEST(a_shutdown_is_told_once_until_resumed),
        TEST(a_dying_domain_leaves_nothing_of_its_own),
        TEST(the_root_does_not_stay_a_dead_domains),
        TEST(a_domain_only_known_dies_without_a_word),
        TEST(targets_must_be_introduced),
        TEST(introduced_is_asked_for_by_number),
        TEST(dom0s_kernel_has_a_ring_of_its_own),
        TEST(an_ignored_connection_is_neither_read_nor_told),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
