/* SPDX-License-Identifier: GPL-2.0-only */
/* What domctl's verbs share: options, requests to domd, and why domd cannot be reached. */
#include "dom0-tools/domctl.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "dom0-tools/lib/proto.h"

int fail(const struct err *e)
{
    fflush(stdout);
    fprintf(stderr, "domctl: %s\n", e->text);
    return e->status;
}

/* First line of a file in sysfs, without its newline. */
static bool read_line(const char *path, char *buf, int size)
{
    FILE *f = fopen(path, "re");
    bool ok;

    if (!f)
        return false;
    ok = fgets(buf, size, f) != NULL;
    fclose(f);
    buf[ok ? strcspn(buf, "\n") : 0] = '\0';
    return ok;
}

/* Why nobody answers on domd's socket. */
static void explain_no_domd(int rc, struct err *e)
{
    char type[32] = "", extra[64] = "";

    if (rc == -EACCES) {
        err_set(e, STATUS_FAILED, "domd", "run domctl as root", "its socket cannot be opened");
    } else if (!read_line("/sys/hypervisor/type", type, sizeof(type)) || strcmp(type, "xen")) {
        err_set(e, STATUS_FAILED, "domd", "boot Pavo and run this in its dom0",
                "not running on Pavo: this is a plain Linux");
    } else if (read_line("/sys/hypervisor/version/extra", extra, sizeof(extra)) &&
               !strstr(extra, "-pavo")) {
        err_set(e, STATUS_FAILED, "domd", "boot Pavo and run this in its dom0",
                "not running on Pavo: this is another hypervisor");
    } else {
        err_set(e, STATUS_FAILED, "domd", "start domd", "not running");
    }
}

/* The daemon's socket, or what the environment names for tests. */
static const char *socket_path(void)
{
    const char *path = getenv("DOMD_SOCKET");

    return path && *path ? path : DOMD_SOCKET;
}

/* After a second without an answer, says on a terminal that it goes on. */
static void show_progress(int fd, const char *op)
{
    struct pollfd p = {.fd = fd, .events = POLLIN};
    unsigned int s = 0;

    if (!isatty(STDERR_FILENO))
        return;
    while (!poll(&p, 1, 1000))
        fprintf(stderr, "\r%s ... %u s ", op, ++s);
    if (s)
        fputs("\r\033[K", stderr);
}

static struct json *receive_answer(int fd, const char *op, int *passed, struct err *e)
{
    struct json *answer = NULL;
    char *line;
    long n;

    show_progress(fd, op);
    n = proto_receive(fd, &line, PROTO_ANSWER_MAX, -1, passed);
    if (n <= 0) {
        err_set(e, STATUS_FAILED, "domd", "see the log of domd", "it ended during the request");
        return NULL;
    }
    answer = json_parse(line, strlen(line));
    free(line);
    if (proto_check(answer, e)) {
        json_free(answer);
        return NULL;
    }
    return answer;
}

/* The connection stays open in *@fd. @give: a descriptor that goes along, or -1. */
static struct json *ask(const char *op, const char *name,
                        void (*more)(struct json_out *o, const void *arg), const void *arg,
                        int give, int *fd, int *passed, struct err *e)
{
    struct json_out *o = json_out_new(false);
    struct json *answer = NULL;
    const char *text;
    size_t len;
    int rc;

    *fd = proto_connect(socket_path());
    if (*fd < 0) {
        explain_no_domd(*fd, e);
        json_out_free(o);
        return NULL;
    }
    json_object(o);
    json_put_str(o, "op", op);
    if (name)
        json_put_str(o, "name", name);
    if (more)
        more(o, arg);
    json_end_object(o);
    text = json_text(o, &len);
    rc = text ? proto_send(*fd, text, len, give) : -ENOMEM;
    if (rc)
        err_set(e, STATUS_FAILED, "domd", NULL, "cannot send the request: %s", strerror(-rc));
    else
        answer = receive_answer(*fd, op, passed, e);
    json_out_free(o);
    if (!answer) {
        close(*fd);
        *fd = -1;
    }
    return answer;
}

struct json *ask_domd(const char *op, const char *name,
                      void (*more)(struct json_out *o, const void *arg), const void *arg,
                      int *passed, struct err *e)
{
    struct json *answer;
    int fd;

    if (passed)
        *passed = -1;
    answer = ask(op, name, more, arg, -1, &fd, passed, e);
    if (answer)
        close(fd);
    return answer;
}

struct json *ask_domd_giving(const char *op, const char *name,
                             void (*more)(struct json_out *o, const void *arg), const void *arg,
                             int give, struct err *e)
{
    int fd;
    struct json *answer = ask(op, name, more, arg, give, &fd, NULL, e);

    if (answer)
        close(fd);
    return answer;
}

static void add_all(struct json_out *o, const void *arg)
{
    json_put_bool(o, "all", true);
}

int ask_domd_events(bool all, struct err *e)
{
    return ask_domd_stream("events", all ? add_all : NULL, NULL, e);
}

int ask_domd_stream(const char *op, void (*more)(struct json_out *o, const void *arg),
                    const void *arg, struct err *e)
{
    int fd;
    struct json *answer = ask(op, NULL, more, arg, -1, &fd, NULL, e);

    json_free(answer);
    return answer ? fd : -1;
}

int print_text(struct json_out *o)
{
    const char *text = json_text(o, NULL);

    if (!text) {
        fputs("domctl: out of memory\n", stderr);
        return STATUS_RESOURCES;
    }
    fputs(text, stdout);
    if (*text && text[strlen(text) - 1] != '\n')
        putchar('\n');
    return STATUS_DONE; /* whether it arrived, main() finds out */
}

int print_json(const struct json *j)
{
    struct json_out *o = json_out_new(true);
    int status;

    if (!o)
        return STATUS_FAILED;
    json_value_copy(o, j);
    status = print_text(o);
    json_out_free(o);
    return status;
}
