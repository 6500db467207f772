/* SPDX-License-Identifier: GPL-2.0-only */
/* What domctl's verbs share: options, requests to domd, and why domd cannot be reached. */
#include "dom0-tools/domctl.h"

#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "dom0-tools/lib/proto.h"

#define WAIT_DEFAULT_S 60

int fail(const struct err *e)
{
    fflush(stdout);
    fprintf(stderr, "domctl: %s\n", e->text);
    return e->status;
}

int usage_error(const struct verb *v, const char *why)
{
    fprintf(stderr, "domctl: %s: %s (usage: domctl %s%s%s)\n", v->name, why, v->name,
            *v->args ? " " : "", v->args);
    return STATUS_USAGE;
}

static int take_option(int opt, struct options *o)
{
    char *end;
    unsigned long n;

    switch (opt) {
    case 'o':
        o->json = !strcmp(optarg, "json");
        return o->json ? 0 : -1;
    case 'c':
        o->console = true;
        return 0;
    case 'p':
        o->paused = true;
        return 0;
    case 'w':
        o->wait = true;
        return 0;
    case 't':
        n = strtoul(optarg, &end, 10);
        if (*optarg < '0' || *optarg > '9' || *end || n > 86400)
            return -1;
        o->wait = true;
        o->seconds = (unsigned int)n;
        return 0;
    default:
        return -1;
    }
}

int parse_options(const struct verb *v, int argc, char **argv, const char *known, int min, int max,
                  struct options *o, int *status)
{
    static const struct option names[] = {{"output", required_argument, NULL, 'o'},
                                          {"console", no_argument, NULL, 'c'},
                                          {"paused", no_argument, NULL, 'p'},
                                          {"wait", no_argument, NULL, 'w'},
                                          {"timeout", required_argument, NULL, 't'},
                                          {"help", no_argument, NULL, 'h'},
                                          {0}};
    int opt;

    *o = (struct options){.seconds = WAIT_DEFAULT_S};
    opterr = 0;
    while ((opt = getopt_long(argc, argv, "o:cpwt:h", names, NULL)) != -1) {
        if (opt == 'h') {
            printf("usage: domctl %s%s%s\n%s\n%s", v->name, *v->args ? " " : "", v->args,
                   v->summary, v->help);
            *status = STATUS_DONE;
            return -1;
        }
        if (opt == '?' || !strchr(known, opt)) {
            *status = usage_error(v, "unknown option, or one without its value");
            return -1;
        }
        if (take_option(opt, o)) {
            *status =
                usage_error(v, opt == 'o' ? "-o knows only json" : "-t needs a number of seconds");
            return -1;
        }
    }
    if (argc - optind < min || argc - optind > max) {
        *status =
            usage_error(v, argc - optind < min ? "an argument is missing" : "too many arguments");
        return -1;
    }
    return optind;
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

static struct json *receive_answer(int fd, int *passed, struct err *e)
{
    struct json *answer = NULL;
    char *line;
    long n = proto_receive(fd, &line, PROTO_ANSWER_MAX, -1, passed);

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

struct json *ask_domd(const char *op, const char *name,
                      void (*more)(struct json_out *o, const void *arg), const void *arg,
                      int *passed, struct err *e)
{
    struct json_out *o = json_out_new(false);
    struct json *answer = NULL;
    const char *text;
    size_t len;
    int fd, rc;

    if (passed)
        *passed = -1;
    fd = proto_connect(socket_path());
    if (fd < 0) {
        explain_no_domd(fd, e);
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
    rc = text ? proto_send(fd, text, len, -1) : -ENOMEM;
    if (rc)
        err_set(e, STATUS_FAILED, "domd", NULL, "cannot send the request: %s", strerror(-rc));
    else
        answer = receive_answer(fd, passed, e);
    json_out_free(o);
    close(fd);
    return answer;
}

int simple_verb(const struct verb *v, int argc, char **argv, const char *op)
{
    struct err e = {0};
    struct options o;
    struct json *j;
    int status, first = parse_options(v, argc, argv, "", 1, 1, &o, &status);

    if (first < 0)
        return status;
    j = ask_domd(op, argv[first], NULL, NULL, NULL, &e);
    if (!j)
        return fail(&e);
    json_free(j);
    return STATUS_DONE;
}

static void add_wait(struct json_out *o, const void *arg)
{
    const struct options *opts = arg;

    if (opts->wait)
        json_put_u64(o, "wait", opts->seconds);
}

int ending_verb(const struct verb *v, int argc, char **argv, const char *op)
{
    struct err e = {0};
    struct options o;
    struct json *j;
    int status, first = parse_options(v, argc, argv, "wt", 1, 1, &o, &status);

    if (first < 0)
        return status;
    j = ask_domd(op, argv[first], add_wait, &o, NULL, &e);
    if (!j)
        return fail(&e);
    json_free(j);
    return STATUS_DONE;
}

int print_json(const struct json *j)
{
    struct json_out *o = json_out_new(true);
    const char *text = NULL;

    if (o) {
        json_value_copy(o, j);
        text = json_text(o, NULL);
    }
    if (text)
        fputs(text, stdout);
    if (text && *text && text[strlen(text) - 1] != '\n')
        putchar('\n');
    json_out_free(o);
    return text ? STATUS_DONE : STATUS_FAILED;
}
