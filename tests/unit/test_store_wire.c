// SPDX-License-Identifier: GPL-2.0-only
/* Tests of the store's messages: every type, right use and wrong, with the error it must name. */
#include "store_fixture.h"

#include "xenstore-like/errors.h"
#include "xenstore-like/wire.h"

static void a_new_store_holds_what_clients_expect(void **state)
{
    struct fixture *f = *state;

    answered(f, f->dom0, XS_DIRECTORY, 0, Z("/"), B("tool\0"));
    answered(f, f->dom0, XS_DIRECTORY, 0, Z("/tool"), B("xenstored\0"));
    answered(f, f->dom0, XS_GET_PERMS, 0, Z("/"), B("n0\0"));
}

static void write_makes_and_changes_nodes(void **state)
{
    struct fixture *f = *state;

    put(f, f->dom0, 0, "/a/b", "one");
    holds(f, f->dom0, 0, "/a/b", "one");
    holds(f, f->dom0, 0, "/a", "");
    put(f, f->dom0, 0, "/a/b", "");
    holds(f, f->dom0, 0, "/a/b", "");
    ok(f, f->dom0, XS_WRITE, 0, B("/a/b\0x\0y\0"));
    answered(f, f->dom0, XS_READ, 0, Z("/a/b"), B("x\0y\0"));
    put(f, f->dom0, 0, "/", "root");
    holds(f, f->dom0, 0, "/", "root");
}

static void write_refuses_what_is_no_path(void **state)
{
    struct fixture *f = *state;

    refused(f, f->dom0, XS_WRITE, 0, B(""), "EINVAL");
    refused(f, f->dom0, XS_WRITE, 0, B("/a"), "EINVAL");
    refused(f, f->dom0, XS_WRITE, 0, Z("/a//b"), "EINVAL");
    refused(f, f->dom0, XS_WRITE, 0, Z("/a/"), "EINVAL");
    refused(f, f->dom0, XS_WRITE, 0, Z("//"), "EINVAL");
    refused(f, f->dom0, XS_WRITE, 0, Z(""), "EINVAL");
    refused(f, f->dom0, XS_WRITE, 0, Z("/a.b"), "EINVAL");
    refused(f, f->dom0, XS_WRITE, 0, Z("/a\xff"), "EINVAL");
}

static void relative_paths_are_below_the_own_domain(void **state)
{
    struct fixture *f = *state;
    struct conn *g = guest(f, 7);

    put(f, f->dom0, 0, "name", "Domain-0");
    holds(f, f->dom0, 0, "/local/domain/0/name", "Domain-0");
    put(f, f->dom0, 0, "/local/domain/7", "");
    ok(f, f->dom0, XS_SET_PERMS, 0, Z("/local/domain/7\0n7"));
    put(f, g, 0, "device/x", "1");
    holds(f, f->dom0, 0, "/local/domain/7/device/x", "1");
}

static void read_wants_one_string_that_names_a_node(void **state)
{
    struct fixture *f = *state;

    missing(f, f->dom0, 0, "/none");
    missing(f, f->dom0, 0, "/tool/none");
    refused(f, f->dom0, XS_READ, 0, B("/tool"), "EINVAL");
    refused(f, f->dom0, XS_READ, 0, Z("/tool\0x"), "EINVAL");
    refused(f, f->dom0, XS_READ, 0, B(""), "EINVAL");
    refused(f, f->dom0, XS_READ, 0, Z("@releaseDomain"), "EINVAL");
}

static void directory_lists_and_refuses(void **state)
{
    struct fixture *f = *state;

    put(f, f->dom0, 0, "/d/2", "");
    put(f, f->dom0, 0, "/d/10", "");
    put(f, f->dom0, 0, "/d/x", "");
    answered(f, f->dom0, XS_DIRECTORY, 0, Z("/d"), B("2\00010\0x\0"));
    answered(f, f->dom0, XS_DIRECTORY, 0, Z("/d/x"), B(""));
    refused(f, f->dom0, XS_DIRECTORY, 0, Z("/none"), "ENOENT");
    refused(f, f->dom0, XS_DIRECTORY, 0, B("/d"), "EINVAL");
    refused(f, f->dom0, XS_DIRECTORY, 0, Z("/d/"), "EINVAL");
}

static void fill(struct fixture *f, int count)
{
    char path[64];
    int i;

    for (i = 0; i < count; i++) {
        sprintf(path, "/long/node-%05d", i);
        put(f, f->dom0, 0, path, "");
    }
}

static void a_list_too_long_for_a_message_comes_in_parts(void **state)
{
    struct fixture *f = *state;
    char arg[64], name[32], generation[32] = "";
    unsigned int offset = 0, count = 0, len;
    struct taken t;
    bool end = false;

    fill(f, 1000);
    refused(f, f->dom0, XS_DIRECTORY, 0, Z("/long"), "E2BIG");
    while (!end) {
        const char *at;

        len = sprintf(arg, "/long%c%u", 0, offset) + 1;
        ask(f, f->dom0, XS_DIRECTORY_PART, 0, arg, len, &t);
        assert_int_equal(t.type, XS_DIRECTORY_PART);
        if (offset)
            assert_string_equal(generation, t.body);
        strcpy(generation, t.body);
        for (at = t.body + strlen(t.body) + 1; at < t.body + t.len; at += strlen(at) + 1) {
            if (!*at) {
                end = true;
                assert_ptr_equal(at + 1, t.body + t.len);
                break;
            }
            sprintf(name, "node-%05u", count++);
            assert_string_equal(at, name);
            offset += strlen(at) + 1;
        }
    }
    assert_int_equal(count, 1000);
    put(f, f->dom0, 0, "/long/new", "");
    ask(f, f->dom0, XS_DIRECTORY_PART, 0, Z("/long\0000"), &t);
    assert_string_not_equal(t.body, generation);
}

static void parts_of_short_lists_end_at_once(void **state)
{
    struct fixture *f = *state;
    struct taken t;
    size_t len;

    ask(f, f->dom0, XS_DIRECTORY_PART, 0, Z("/tool\0000"), &t);
    len = strlen(t.body) + 1;
    assert_int_equal(t.len, len + sizeof("xenstored\0"));
    assert_memory_equal(t.body + len, "xenstored\0", sizeof("xenstored\0"));
    ask(f, f->dom0, XS_DIRECTORY_PART, 0, Z("/tool\00010"), &t); /* at the end */
    assert_int_equal(t.len, strlen(t.body) + 2);
    ask(f, f->dom0, XS_DIRECTORY_PART, 0, Z("/tool\000999"), &t); /* behind it */
    assert_int_equal(t.len, strlen(t.body) + 2);
    refused(f, f->dom0, XS_DIRECTORY_PART, 0, Z("/tool"), "EINVAL");
    refused(f, f->dom0, XS_DIRECTORY_PART, 0, Z("/tool\0x"), "EINVAL");
    refused(f, f->dom0, XS_DIRECTORY_PART, 0, Z("/tool\000-1"), "EINVAL");
    refused(f, f->dom0, XS_DIRECTORY_PART, 0, Z("/none\0000"), "ENOENT");
}

static void mkdir_makes_empty_nodes_and_leaves_others(void **state)
{
    struct fixture *f = *state;

    ok(f, f->dom0, XS_MKDIR, 0, Z("/a/b"));
    holds(f, f->dom0, 0, "/a/b", "");
    put(f, f->dom0, 0, "/a/b", "v");
    ok(f, f->dom0, XS_MKDIR, 0, Z("/a/b"));
    holds(f, f->dom0, 0, "/a/b", "v");
    refused(f, f->dom0, XS_MKDIR, 0, B("/a"), "EINVAL");
    refused(f, f->dom0, XS_MKDIR, 0, Z("/a\0b"), "EINVAL");
    refused(f, f->dom0, XS_MKDIR, 0, Z("/a/"), "EINVAL");
}

static void rm_removes_all_below(void **state)
{
    struct fixture *f = *state;

    put(f, f->dom0, 0, "/a/b/c", "v");
    ok(f, f->dom0, XS_RM, 0, Z("/a"));
    missing(f, f->dom0, 0, "/a/b/c");
    missing(f, f->dom0, 0, "/a");
    ok(f, f->dom0, XS_RM, 0, Z("/a")); /* its parent exists */
    refused(f, f->dom0, XS_RM, 0, Z("/a/b"), "ENOENT");
    refused(f, f->dom0, XS_RM, 0, Z("/"), "EINVAL");
    refused(f, f->dom0, XS_RM, 0, B("/tool"), "EINVAL");
    refused(f, f->dom0, XS_RM, 0, Z("/tool/"), "EINVAL");
    holds(f, f->dom0, 0, "/tool", "");
}

static void unknown_types_are_not_implemented(void **state)
{
    struct fixture *f = *state;

    refused(f, f->dom0, 20, 0, Z("/"), "ENOSYS");
    refused(f, f->dom0, XS_WATCH_EVENT, 0, Z("/"), "ENOSYS");
    refused(f, f->dom0, XS_ERROR, 0, Z("/"), "ENOSYS");
    refused(f, f->dom0, XS_TYPE_COUNT, 0, Z("/"), "ENOSYS");
    refused(f, f->dom0, XS_INVALID, 0, Z("/"), "ENOSYS");
    refused(f, f->dom0, UINT32_MAX, 0, Z("/"), "ENOSYS");
}

static void the_path_of_a_domain(void **state)
{
    struct fixture *f = *state;
    struct conn *g = guest(f, 7);

    answered(f, f->dom0, XS_GET_DOMAIN_PATH, 0, Z("0"), Z("/local/domain/0"));
    answered(f, g, XS_GET_DOMAIN_PATH, 0, Z("12"), Z("/local/domain/12"));
    refused(f, f->dom0, XS_GET_DOMAIN_PATH, 0, Z("x"), "EINVAL");
    refused(f, f->dom0, XS_GET_DOMAIN_PATH, 0, Z(""), "EINVAL");
    refused(f, f->dom0, XS_GET_DOMAIN_PATH, 0, B("1"), "EINVAL");
    refused(f, f->dom0, XS_GET_DOMAIN_PATH, 0, Z("99999999999999999999"), "EINVAL");
}

static void a_guest_may_not_do_what_is_dom0s(void **state)
{
    struct fixture *f = *state;
    struct conn *g = guest(f, 7);

    refused(f, g, XS_CONTROL, 0, Z("help"), "EACCES");
    refused(f, g, XS_INTRODUCE, 0, Z("3\0001\0001"), "EACCES");
    refused(f, g, XS_RELEASE, 0, Z("7"), "EACCES");
    refused(f, g, XS_IS_DOMAIN_INTRODUCED, 0, Z("7"), "EACCES");
    refused(f, g, XS_RESUME, 0, Z("7"), "EACCES");
    refused(f, g, XS_SET_TARGET, 0, Z("7\0000"), "EACCES");
    refused(f, g, XS_SET_PERMS, 0, Z("@releaseDomain\0n0\0r7"), "EACCES");
    refused(f, g, XS_GET_PERMS, 0, Z("@releaseDomain"), "EACCES");
}

static void control_answers(void **state)
{
    struct fixture *f = *state;
    struct taken t;

    ask(f, f->dom0, XS_CONTROL, 0, Z("help"), &t);
    assert_non_null(strstr(t.body, "quota"));
    ask(f, f->dom0, XS_CONTROL, 0, Z("quota"), &t);
    assert_non_null(strstr(t.body, "nodes 1000\n"));
    ok(f, f->dom0, XS_CONTROL, 0, Z("quota\0nodes\0005"));
    assert_int_equal(f->st.quotas.nodes, 5);
    refused(f, f->dom0, XS_CONTROL, 0, Z("quota\0nodes"), "EINVAL");
    refused(f, f->dom0, XS_CONTROL, 0, Z("quota\0nodes\0x"), "EINVAL");
    refused(f, f->dom0, XS_CONTROL, 0, Z("quota\0nothing\0005"), "EINVAL");
    answered(f, f->dom0, XS_CONTROL, 0, Z("log\0on"), Z("on"));
    answered(f, f->dom0, XS_CONTROL, 0, Z("log\0off"), Z("off"));
    refused(f, f->dom0, XS_CONTROL, 0, Z("log\0maybe"), "EINVAL");
    answered(f, f->dom0, XS_CONTROL, 0, Z("refusals"), Z(""));
    ask(f, f->dom0, XS_CONTROL, 0, Z("stats"), &t);
    assert_non_null(strstr(t.body, "domain 0 nodes 3 "));
    refused(f, f->dom0, XS_CONTROL, 0, Z("nonsense"), "EINVAL");
    refused(f, f->dom0, XS_CONTROL, 0, B(""), "EINVAL");
}

static void control_tells_of_many_domains_as_far_as_they_fit(void **state)
{
    struct fixture *f = *state;
    struct taken t;
    int i, k;

    for (i = 1; i < 12; i++)
        for (k = 0; k < NR_QUOTAS; k++)
            domain_learn(&f->st, i)->refusals[k] = UINT64_MAX;
    ask(f, f->dom0, XS_CONTROL, 0, Z("refusals"), &t);
    assert_non_null(strstr(t.body, "1 nodes 18446744073709551615\n"));
    assert_null(strstr(t.body, "..."));
    for (i = 100; i < 400; i++)
        domain_restore(&f->st, i, 1);
    for (i = 100; i < 400; i++)
        domain_find(&f->st, i)->refusals[QUOTA_NODES] = i;
    ask(f, f->dom0, XS_CONTROL, 0, Z("refusals"), &t);
    assert_string_equal(t.body + t.len - 6, "\n...\n");
    ask(f, f->dom0, XS_CONTROL, 0, Z("stats"), &t);
    assert_string_equal(t.body + t.len - 6, "\n...\n");
    /* One alone always does. */
    answered(f, f->dom0, XS_CONTROL, 0, Z("refusals\000399"), Z("399 nodes 399\n"));
    answered(f, f->dom0, XS_CONTROL, 0, Z("refusals\000400"), Z(""));
    ask(f, f->dom0, XS_CONTROL, 0, Z("stats\000399"), &t);
    assert_non_null(strstr(t.body, "domain 399 nodes 0 "));
    assert_null(strstr(t.body, "domain 1 "));
    refused(f, f->dom0, XS_CONTROL, 0, Z("refusals\000x"), "EINVAL");
    refused(f, f->dom0, XS_CONTROL, 0, Z("stats\00032752"), "EINVAL");
    for (i = 100; i < 400; i++)
        domain_release(&f->st, domain_find(&f->st, i));
}

static void a_message_that_is_too_long_ends_the_connection(void **state)
{
    struct fixture *f = *state;
    struct xsd_sockmsg hdr = {.type = XS_READ, .len = XENSTORE_PAYLOAD_MAX + 1};

    memcpy(f->dom0->in, &hdr, sizeof(hdr));
    f->dom0->in_len = sizeof(hdr);
    assert_int_equal(conn_process(&f->st, f->dom0, 1), -EPROTO);
}

static void the_longest_message_is_handled(void **state)
{
    struct fixture *f = *state;
    static char buf[XENSTORE_PAYLOAD_MAX];
    struct taken t;

    memset(buf, 'x', sizeof(buf));
    memcpy(buf, "/big", 5);
    ok(f, f->dom0, XS_WRITE, 0, buf, sizeof(buf));
    ask(f, f->dom0, XS_READ, 0, Z("/big"), &t);
    assert_int_equal(t.len, sizeof(buf) - 5);
}

static void messages_may_arrive_byte_by_byte(void **state)
{
    struct fixture *f = *state;
    struct xsd_sockmsg hdr = {.type = XS_READ, .req_id = 5, .len = 6};
    char bytes[sizeof(hdr) + 6];
    struct taken t;
    size_t i;

    memcpy(bytes, &hdr, sizeof(hdr));
    memcpy(bytes + sizeof(hdr), "/tool", 6);
    for (i = 0; i < sizeof(bytes); i++) {
        assert_false(take(f->dom0, &t));
        f->dom0->in[f->dom0->in_len++] = bytes[i];
        assert_int_equal(conn_process(&f->st, f->dom0, 1), 0);
    }
    assert_true(take(f->dom0, &t));
    assert_int_equal(t.type, XS_READ);
    assert_int_equal(t.req_id, 5);
}

static void work_per_turn_is_bounded(void **state)
{
    struct fixture *f = *state;
    struct xsd_sockmsg hdr = {.type = XS_READ, .len = 2};
    struct taken t;
    int i;

    for (i = 0; i < 5; i++) {
        memcpy(f->dom0->in + f->dom0->in_len, &hdr, sizeof(hdr));
        memcpy(f->dom0->in + f->dom0->in_len + sizeof(hdr), "/", 2);
        f->dom0->in_len += sizeof(hdr) + 2;
    }
    assert_int_equal(conn_process(&f->st, f->dom0, 2), 1);
    assert_int_equal(f->dom0->nr_answers, 2);
    assert_int_equal(conn_process(&f->st, f->dom0, 2), 1);
    assert_int_equal(conn_process(&f->st, f->dom0, 2), 0);
    for (i = 0; i < 5; i++)
        assert_true(take(f->dom0, &t));
    assert_false(take(f->dom0, &t));
}

static void a_guest_that_takes_no_answers_is_not_read_from(void **state)
{
    struct fixture *f = *state;
    struct conn *g = guest(f, 7);
    struct xsd_sockmsg hdr = {.type = XS_READ, .len = 2};
    struct taken t;
    int i;

    for (i = 0; i < 25; i++) {
        memcpy(g->in + g->in_len, &hdr, sizeof(hdr));
        memcpy(g->in + g->in_len + sizeof(hdr), "/", 2);
        g->in_len += sizeof(hdr) + 2;
    }
    assert_int_equal(conn_process(&f->st, g, 100), 0);
    assert_int_equal(g->nr_answers, f->st.quotas.outstanding);
    assert_true(conn_stalled(&f->st, g));
    assert_true(take(g, &t));
    assert_int_equal(conn_process(&f->st, g, 100), 0);
    assert_int_equal(g->nr_answers, f->st.quotas.outstanding);
}

static void every_error_has_a_name_that_comes_back(void **state)
{
    static const int numbers[] = {EINVAL, EACCES,  EEXIST,    EISDIR, ENOENT, ENOMEM,
                                  ENOSPC, EIO,     ENOTEMPTY, ENOSYS, EROFS,  EBUSY,
                                  EAGAIN, EISCONN, E2BIG,     EPERM};
    size_t i;

    (void)state;
    for (i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++)
        assert_int_equal(xs_error_number(xs_error_name(numbers[i])), numbers[i]);
    assert_string_equal(xs_error_name(ENODEV), "EINVAL");
    assert_int_equal(xs_error_number("ENONSENSE"), EINVAL);
    assert_int_equal(xs_error_number(""), 0);
    assert_string_equal(wire_name(XS_DIRECTORY_PART), "DIRECTORY_PART");
    assert_string_equal(wire_name(20), "?");
    assert_string_equal(wire_name(4711), "?");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_new_store_holds_what_clients_expect),
        TEST(write_makes_and_changes_nodes),
        TEST(write_refuses_what_is_no_path),
        TEST(relative_paths_are_below_the_own_domain),
        TEST(read_wants_one_string_that_names_a_node),
        TEST(directory_lists_and_refuses),
        TEST(a_list_too_long_for_a_message_comes_in_parts),
        TEST(parts_of_short_lists_end_at_once),
        TEST(mkdir_makes_empty_nodes_and_leaves_others),
        TEST(rm_removes_all_below),
        TEST(unknown_types_are_not_implemented),
        TEST(the_path_of_a_domain),
        TEST(a_guest_may_not_do_what_is_dom0s),
        TEST(control_answers),
        TEST(control_tells_of_many_domains_as_far_as_they_fit),
        TEST(a_message_that_is_too_long_ends_the_connection),
        TEST(the_longest_message_is_handled),
        TEST(messages_may_arrive_byte_by_byte),
        TEST(work_per_turn_is_bounded),
        TEST(a_guest_that_takes_no_answers_is_not_read_from),
        TEST(every_error_has_a_name_that_comes_back),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
