/* SPDX-License-Identifier: GPL-2.0-only */
/* JSON and the line protocol. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "dom0-tools/lib/err.h"
#include "dom0-tools/lib/json.h"
#include "dom0-tools/lib/proto.h"

static int make_pair(void **state)
{
    int *fds = malloc(2 * sizeof(int));

    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), 0);
    *state = fds;
    return 0;
}

static int drop_pair(void **state)
{
    int *fds = *state;

    close(fds[0]);
    close(fds[1]);
    free(fds);
    return 0;
}

static void a_line_comes_over_whole(void **state)
{
    int *fds = *state, passed;
    char *line;

    assert_int_equal(proto_send(fds[0], "{\"a\":1}", 7, -1), 0);
    assert_int_equal(proto_receive(fds[1], &line, 100, 1000, &passed), 8);
    assert_string_equal(line, "{\"a\":1}");
    assert_int_equal(passed, -1);
    free(line);
}

static void what_follows_a_line_stays_in_the_socket(void **state)
{
    int *fds = *state;
    char *line, rest[8] = "";

    assert_int_equal(write(fds[0], "one\ntwo", 7), 7);
    assert_int_equal(proto_receive(fds[1], &line, 100, 1000, NULL), 4);
    assert_string_equal(line, "one");
    free(line);
    assert_int_equal(read(fds[1], rest, sizeof(rest)), 3);
    assert_string_equal(rest, "two");
}

static void a_descriptor_rides_along(void **state)
{
    int *fds = *state, pipe_fds[2], passed;
    char *line, c = 0;

    assert_int_equal(pipe(pipe_fds), 0);
    assert_int_equal(proto_send(fds[0], "x", 1, pipe_fds[0]), 0);
    assert_int_equal(proto_receive(fds[1], &line, 100, 1000, &passed), 2);
    assert_true(passed >= 0 && passed != pipe_fds[0]);
    assert_int_equal(write(pipe_fds[1], "!", 1), 1);
    assert_int_equal(read(passed, &c, 1), 1);
    assert_int_equal(c, '!');
    free(line);
    close(passed);
    close(pipe_fds[0]);
    close(pipe_fds[1]);
}

static void an_unwanted_descriptor_is_closed(void **state)
{
    int *fds = *state, pipe_fds[2];
    char *line, c;

    assert_int_equal(pipe(pipe_fds), 0);
    assert_int_equal(proto_send(fds[0], "x", 1, pipe_fds[1]), 0);
    assert_int_equal(proto_receive(fds[1], &line, 100, 1000, NULL), 2);
    free(line);
    close(pipe_fds[1]);
    assert_int_equal(read(pipe_fds[0], &c, 1), 0);
    close(pipe_fds[0]);
}

/* Two ends of pipes in one message: the room that alignment leaves holds both. */
static void of_several_descriptors_one_stays(void **state)
{
    int *fds = *state, one[2], two[2], passed;
    union {
        struct cmsghdr c;
        char space[CMSG_SPACE(2 * sizeof(int))];
    } control = {.c = {.cmsg_len = CMSG_LEN(2 * sizeof(int)),
                       .cmsg_level = SOL_SOCKET,
                       .cmsg_type = SCM_RIGHTS}};
    struct iovec iov = {(char[]){"x\n"}, 2};
    struct msghdr m = {.msg_iov = &iov,
                       .msg_iovlen = 1,
                       .msg_control = &control,
                       .msg_controllen = sizeof(control)};
    char *line, c;

    assert_int_equal(pipe(one) || pipe(two), 0);
    memcpy(CMSG_DATA(&control.c), &one[1], sizeof(int));
    memcpy(CMSG_DATA(&control.c) + sizeof(int), &two[1], sizeof(int));
    assert_int_equal(sendmsg(fds[0], &m, 0), 2);
    close(one[1]);
    close(two[1]);
    fcntl(one[0], F_SETFL, O_NONBLOCK);
    fcntl(two[0], F_SETFL, O_NONBLOCK);
    assert_int_equal(proto_receive(fds[1], &line, 100, 1000, &passed), 2);
    assert_true(passed >= 0);
    free(line);
    assert_int_equal(read(two[0], &c, 1), 0); /* nobody has it open any more */
    assert_int_equal(read(one[0], &c, 1), -1);
    close(passed);
    assert_int_equal(read(one[0], &c, 1), 0);
    close(one[0]);
    close(two[0]);
}

static void too_long_cut_and_late_lines_are_told_apart(void **state)
{
    int *fds = *state;
    char *line, text[20000];

    memset(text, 'x', sizeof(text));
    assert_int_equal(proto_receive(fds[1], &line, 100, 10, NULL), -ETIMEDOUT);
    assert_int_equal(proto_send(fds[0], text, sizeof(text), -1), 0);
    assert_int_equal(proto_receive(fds[1], &line, 10000, 1000, NULL), -EMSGSIZE);
    assert_null(line);
    while (recv(fds[1], text, sizeof(text), MSG_DONTWAIT) > 0)
        ;
    assert_int_equal(write(fds[0], "half", 4), 4);
    shutdown(fds[0], SHUT_WR);
    assert_int_equal(proto_receive(fds[1], &line, 100, 1000, NULL), -EPROTO);
    assert_int_equal(proto_receive(fds[1], &line, 100, 1000, NULL), 0);
    assert_null(line);
}

static void a_second_server_is_noticed(void **state)
{
    char path[64];
    int first, second;

    snprintf(path, sizeof(path), "/tmp/pavo-test.%d", (int)getpid());
    first = proto_listen(path);
    assert_true(first >= 0);
    assert_int_equal(proto_listen(path), -EADDRINUSE);
    close(first);
    assert_int_equal(proto_try_connect(path), -ECONNREFUSED);
    second = proto_listen(path); /* the file of a dead server is replaced */
    assert_true(second >= 0);
    close(second);
    unlink(path);
    assert_int_equal(proto_connect(path), -ENOENT);
}

/* ---- JSON */

static struct json *parse(const char *text)
{
    return json_parse(text, strlen(text));
}

static void members_are_found_by_type(void **state)
{
    struct json *j =
        parse("{\"s\":\"x\",\"n\":18,\"neg\":-1,\"f\":1.5,\"b\":true,\"a\":[1,\"two\"]}");
    uint64_t n = 0;

    assert_non_null(j);
    assert_string_equal(json_get_str(j, "s"), "x");
    assert_null(json_get_str(j, "n"));
    assert_true(json_get_u64(j, "n", &n));
    assert_int_equal(n, 18);
    assert_false(json_get_u64(j, "neg", &n));
    assert_false(json_get_u64(j, "f", &n));
    assert_false(json_get_u64(j, "s", &n));
    assert_true(json_get_bool(j, "b"));
    assert_false(json_get_bool(j, "s"));
    assert_int_equal(json_length(json_get(j, "a")), 2);
    assert_string_equal(json_str(json_at(json_get(j, "a"), 1)), "two");
    assert_null(json_at(json_get(j, "a"), 2));
    assert_null(json_get(j, "none"));
    assert_null(json_get(NULL, "s"));
    json_free(j);
}

static void broken_documents_are_refused(void **state)
{
    char deep[128];

    assert_null(parse(""));
    assert_null(parse("{"));
    assert_null(parse("{\"a\":}"));
    assert_null(json_parse("{}\0", 3));
    memset(deep, '[', 33);
    memset(deep + 33, ']', 33);
    deep[66] = '\0';
    assert_null(parse(deep));
    deep[65] = '\0';
    {
        struct json *j = parse(deep + 1);

        assert_non_null(j);
        json_free(j);
    }
}

static void bytes_that_are_no_utf8_become_question_marks(void **state)
{
    struct json_out *o = json_out_new(false);

    json_array(o);
    json_value_str(o, "a\xff\xc3\xa4\xc0\x80\xed\xa0\x80\xe2\x82\"\n");
    json_value_u64(o, 5);
    json_end_array(o);
    assert_string_equal(json_text(o, NULL), "[\"a?\xc3\xa4?????"
                                            "??\\\"\\n\",5]");
    json_out_free(o);
}

static void what_is_text_is_told(void **state)
{
    assert_true(json_is_text("", 0));
    assert_true(json_is_text("a\n\xc3\xa4\xed\x9f\xbf\xf4\x8f\xbf\xbf", 11));
    assert_false(json_is_text("a\0", 2));
    assert_false(json_is_text("\xe0\x81\x81", 3));     /* overlong */
    assert_false(json_is_text("\xf0\x8f\xbf\xbf", 4)); /* so, too */
    assert_false(json_is_text("\xed\xa0\x80", 3));     /* a surrogate */
    assert_false(json_is_text("\xf4\x90\x80\x80", 4)); /* beyond the last one */
    assert_false(json_is_text("\xe2\x82", 2));
}

static void copies_are_complete(void **state)
{
    static const char text[] = "{\"a\":[1,-2,3.5,true,false,null,\"s\"],\"o\":{\"k\":{}}}";
    struct json *j = parse(text);
    struct json_out *o = json_out_new(false);

    json_value_copy(o, j);
    assert_string_equal(json_text(o, NULL), text);
    json_out_free(o);
    json_free(j);
}

static void answers_become_errors(void **state)
{
    struct err e = {0};
    struct json *j = parse("{\"ok\":true}");

    assert_int_equal(proto_check(j, &e), 0);
    json_free(j);
    j = parse("{\"ok\":false,\"error\":\"x: y (z)\",\"status\":4}");
    assert_int_equal(proto_check(j, &e), -1);
    assert_int_equal(e.status, 4);
    assert_string_equal(e.text, "x: y (z)");
    json_free(j);
    memset(&e, 0, sizeof(e));
    assert_int_equal(proto_check(NULL, &e), -1);
    assert_int_equal(e.status, STATUS_FAILED);
}

static void what_is_cut_before_why(void **state)
{
    struct err e = {0};
    char what[3000];

    memset(what, 'x', sizeof(what) - 1);
    what[sizeof(what) - 1] = '\0';
    err_set(&e, 3, what, "see it", "no such domain");
    assert_true(strlen(e.text) < sizeof(e.text));
    assert_non_null(strstr(e.text, "xxx...: no such domain (see it)"));
    strcpy(what, e.text);
    e = (struct err){0};
    err_set(&e, 3, NULL, NULL, "%s", what); /* as it comes over the socket */
    assert_string_equal(e.text, what);
}

static void errors_are_one_line_and_the_first_stays(void **state)
{
    struct err e = {0};

    assert_int_equal(err_set(&e, 2, "a", "c", "b\n%d", 5), -1);
    assert_string_equal(e.text, "a: b?5 (c)");
    err_set(&e, 3, "later", NULL, "ignored");
    assert_int_equal(e.status, 2);
    err_prefix(&e, "kernel");
    assert_string_equal(e.text, "kernel: a: b?5 (c)");
}

/* What a guest says about a device that it refuses ends on a person's terminal. */
static void errors_hold_nothing_that_a_terminal_obeys(void **state)
{
    struct err e = {0};

    err_set(&e, 1, "\033[2J", NULL,
            "\r\x7f \xc2\x9b"
            "31m \xc2\x80\xc2\x9f \xc2\xa0\xc3\x9b \xc2");
    assert_string_equal(e.text, "?[2J: ?? ??31m ???? \xc2\xa0\xc3\x9b \xc2");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_line_comes_over_whole, make_pair, drop_pair),
        cmocka_unit_test_setup_teardown(what_follows_a_line_stays_in_the_socket, make_pair,
                                        drop_pair),
        cmocka_unit_test_setup_teardown(a_descriptor_rides_along, make_pair, drop_pair),
        cmocka_unit_test_setup_teardown(of_several_descriptors_one_stays, make_pair, drop_pair),
        cmocka_unit_test_setup_teardown(an_unwanted_descriptor_is_closed, make_pair, drop_pair),
        cmocka_unit_test_setup_teardown(too_long_cut_and_late_lines_are_told_apart, make_pair,
                                        drop_pair),
        cmocka_unit_test(a_second_server_is_noticed),
        cmocka_unit_test(members_are_found_by_type),
        cmocka_unit_test(broken_documents_are_refused),
        cmocka_unit_test(bytes_that_are_no_utf8_become_question_marks),
        cmocka_unit_test(what_is_text_is_told),
        cmocka_unit_test(copies_are_complete),
        cmocka_unit_test(answers_become_errors),
        cmocka_unit_test(what_is_cut_before_why),
        cmocka_unit_test(errors_are_one_line_and_the_first_stays),
        cmocka_unit_test(errors_hold_nothing_that_a_terminal_obeys),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
