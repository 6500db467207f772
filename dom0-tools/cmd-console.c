/* SPDX-License-Identifier: GPL-2.0-only */
#include "dom0-tools/domctl.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <termios.h>
#include <unistd.h>

#define LEAVE         0x1d /* Ctrl-] */
#define AGAIN_MS      5000
#define AGAIN_STEP_MS 100

static struct termios saved;
static bool raw;

static void restore(void)
{
    if (raw)
        tcsetattr(STDIN_FILENO, TCSADRAIN, &saved);
    raw = false;
}

static void on_end(int sig)
{
    restore();
    _exit(STATUS_FAILED);
}

static void make_raw(void)
{
    struct termios t;

    if (tcgetattr(STDIN_FILENO, &saved))
        return;
    t = saved;
    cfmakeraw(&t);
    signal(SIGTERM, on_end);
    signal(SIGHUP, on_end);
    raw = !tcsetattr(STDIN_FILENO, TCSADRAIN, &t);
}

static bool write_all(int fd, const char *p, ssize_t len)
{
    while (len > 0) {
        ssize_t n = write(fd, p, (size_t)len);

        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return false;
        p += n;
        len -= n;
    }
    return true;
}

/* From the person to the guest. False at Ctrl-]; *@open becomes false when nothing more comes. */
static bool pump_in(int fd, bool *open)
{
    char buf[1024], *leave;
    ssize_t n = read(STDIN_FILENO, buf, sizeof(buf));

    if (n < 0 && errno == EINTR)
        return true;
    if (n <= 0) {
        *open = false;
        return true;
    }
    leave = memchr(buf, LEAVE, (size_t)n);
    if (leave)
        n = leave - buf;
    write_all(fd, buf, n); /* a console that has ended is found so by pump_out() */
    return !leave;
}

/* From the guest to the person. False when the console has ended, or, with @*error, nothing can be shown. */
static bool pump_out(int fd, int *error)
{
    char buf[4096];
    ssize_t n = read(fd, buf, sizeof(buf));

    if (n < 0 && errno == EINTR)
        return true;
    if (n <= 0)
        return false;
    if (write_all(STDOUT_FILENO, buf, n))
        return true;
    *error = errno;
    return false;
}

/* True when the person has left or, with @*error, nothing can be shown any more; false at the console's end. */
static bool pump(int fd, int *error)
{
    bool open = true;

    for (;;) {
        struct pollfd p[2] = {{.fd = fd, .events = POLLIN},
                              {.fd = open ? STDIN_FILENO : -1, .events = POLLIN}};

        if (poll(p, 2, -1) < 0 && errno != EINTR)
            return true;
        if (p[0].revents && !pump_out(fd, error))
            return *error != 0;
        if (p[1].revents && !pump_in(fd, &open))
            return true;
    }
}

static void say_resume(struct json_out *o, const void *arg)
{
    (void)arg;
    json_put_bool(o, "resume", true);
}

/*
 * The console has ended: with its guest, or because consoled is being restarted. In that case goes
 * on with what is said from now on: a descriptor; else -1.
 */
static int attach_again(const char *uuid)
{
    int64_t end = now_ms() + AGAIN_MS;
    int fd = -1;

    while (now_ms() < end) {
        struct err e = {0};
        struct json *j = ask_domd("console", uuid, say_resume, NULL, &fd, &e);

        json_free(j);
        if (j || e.status == STATUS_NO_DOMAIN)
            return j ? fd : -1;
        usleep(AGAIN_STEP_MS * 1000);
    }
    return -1;
}

int show_console(const char *name, const char *label)
{
    struct err e = {0};
    struct json *j;
    char uuid[37]; /* meanwhile it may have another name or number */
    int fd = -1, error = 0;

    j = ask_domd("console", name, NULL, NULL, &fd, &e);
    if (!j)
        return fail(&e);
    snprintf(uuid, sizeof(uuid), "%s", json_get_str(j, "uuid") ? json_get_str(j, "uuid") : "");
    json_free(j);
    if (fd < 0) {
        fputs("domctl: domd: gave no console (see the log of domd)\n", stderr);
        return STATUS_FAILED;
    }
    if (isatty(STDIN_FILENO)) {
        fprintf(stderr, "Console of %s. Ctrl-] leaves it.\n", label);
        make_raw();
    }
    signal(SIGPIPE, SIG_IGN);
    while (fd >= 0 && !pump(fd, &error)) {
        close(fd);
        fd = attach_again(uuid);
    }
    restore();
    if (fd >= 0)
        close(fd);
    if (!error || error == EPIPE) /* whoever read it has seen enough */
        return STATUS_DONE;
    err_set(&e, err_file_status(error), "standard output", NULL, "cannot be written: %s",
            strerror(error));
    return fail(&e);
}

int cmd_console(const struct verb *v, int argc, char **argv)
{
    struct options o;
    int status, first = parse_options(v, argc, argv, "", 1, 1, &o, &status);

    return first < 0 ? status : show_console(argv[first], argv[first]);
}
