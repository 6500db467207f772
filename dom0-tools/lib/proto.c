/* SPDX-License-Identifier: GPL-2.0-only */
/* Lines of JSON over a unix socket, with descriptors. */
#include "dom0-tools/lib/proto.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "dom0-tools/lib/err.h"
#include "dom0-tools/lib/json.h"

#define COME_BACK_MS      2000
#define COME_BACK_STEP_MS 20

static int make_address(struct sockaddr_un *sa, const char *path)
{
    memset(sa, 0, sizeof(*sa));
    sa->sun_family = AF_UNIX;
    if (strlen(path) >= sizeof(sa->sun_path))
        return -ENAMETOOLONG;
    strcpy(sa->sun_path, path);
    return 0;
}

int proto_try_connect(const char *path)
{
    struct sockaddr_un sa;
    int fd, rc = make_address(&sa, path);

    if (rc)
        return rc;
    fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return -errno;
    if (connect(fd, (struct sockaddr *)&sa, sizeof(sa))) {
        rc = -errno;
        close(fd);
        return rc;
    }
    return fd;
}

/* A socket that nobody serves is that of a server that was killed; one that ended has removed it. */
int proto_connect(const char *path)
{
    int fd = proto_try_connect(path), i;

    for (i = 0; i < COME_BACK_MS / COME_BACK_STEP_MS && fd == -ECONNREFUSED; i++) {
        usleep(COME_BACK_STEP_MS * 1000);
        fd = proto_try_connect(path);
    }
    return fd;
}

int proto_listen(const char *path)
{
    struct sockaddr_un sa;
    mode_t old;
    int fd, rc = make_address(&sa, path);

    if (rc)
        return rc;
    fd = proto_try_connect(path);
    if (fd >= 0) {
        close(fd);
        return -EADDRINUSE;
    }
    unlink(path);
    fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return -errno;
    old = umask(0177);
    rc = bind(fd, (struct sockaddr *)&sa, sizeof(sa)) || listen(fd, 64) ? -errno : 0;
    umask(old);
    if (rc) {
        close(fd);
        return rc;
    }
    return fd;
}

static long send_part(int fd, const char *p, size_t len, int pass)
{
    union {
        struct cmsghdr align;
        char space[CMSG_SPACE(sizeof(int))];
    } control;
    struct iovec iov = {(void *)(uintptr_t)p, len};
    struct msghdr m = {.msg_iov = &iov, .msg_iovlen = 1};

    if (pass >= 0) {
        struct cmsghdr *c = &control.align;

        memset(&control, 0, sizeof(control));
        m.msg_control = &control;
        m.msg_controllen = sizeof(control);
        c->cmsg_level = SOL_SOCKET;
        c->cmsg_type = SCM_RIGHTS;
        c->cmsg_len = CMSG_LEN(sizeof(int));
        memcpy(CMSG_DATA(c), &pass, sizeof(int));
    }
    return sendmsg(fd, &m, MSG_NOSIGNAL);
}

int proto_send(int fd, const char *text, size_t len, int pass)
{
    while (len) {
        long n = send_part(fd, text, len, -1);

        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return -errno;
        text += n;
        len -= (size_t)n;
    }
    while (send_part(fd, "\n", 1, pass) < 0)
        if (errno != EINTR)
            return -errno;
    return 0;
}

static long now_ms(void)
{
    struct timespec ts;

    clock_gettime(CLOCK_MONOTONIC, &ts);
    return ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

/* Waits until @fd is readable. 0, -ETIMEDOUT, or another negative errno. */
static int wait_readable(int fd, long end_ms)
{
    for (;;) {
        struct pollfd p = {.fd = fd, .events = POLLIN};
        long left = end_ms < 0 ? -1 : end_ms - now_ms();
        int n;

        if (end_ms >= 0 && left < 0)
            left = 0;
        n = poll(&p, 1, (int)left);
        if (n > 0)
            return 0;
        if (!n)
            return -ETIMEDOUT;
        if (errno != EINTR)
            return -errno;
    }
}

/* The first of the descriptors in @c becomes *@passed, if that is wanted and none yet; the others go. */
static void take_descriptors(struct cmsghdr *c, int *passed)
{
    const unsigned char *at = CMSG_DATA(c), *end = (const unsigned char *)c + c->cmsg_len;
    int got;

    for (; end - at >= (long)sizeof(got); at += sizeof(got)) {
        memcpy(&got, at, sizeof(got));
        if (passed && *passed < 0)
            *passed = got;
        else
            close(got);
    }
}

/* Takes bytes up to and with the newline: looks first, so that what follows stays in the socket. */
static long take(int fd, char *buf, size_t size, int *passed)
{
    union {
        struct cmsghdr align;
        char space[CMSG_SPACE(sizeof(int))];
    } control;
    struct iovec iov = {buf, size};
    struct msghdr m = {.msg_iov = &iov,
                       .msg_iovlen = 1,
                       .msg_control = &control,
                       .msg_controllen = sizeof(control)};
    struct cmsghdr *c;
    char *nl;
    long n = recv(fd, buf, size, MSG_PEEK);

    if (n <= 0)
        return n < 0 ? -errno : 0;
    nl = memchr(buf, '\n', (size_t)n);
    iov.iov_len = nl ? (size_t)(nl - buf) + 1 : (size_t)n;
    n = recvmsg(fd, &m, MSG_CMSG_CLOEXEC);
    if (n <= 0)
        return n < 0 ? -errno : 0;
    for (c = CMSG_FIRSTHDR(&m); c; c = CMSG_NXTHDR(&m, c))
        if (c->cmsg_level == SOL_SOCKET && c->cmsg_type == SCM_RIGHTS)
            take_descriptors(c, passed);
    return n;
}

long proto_receive(int fd, char **line, size_t max, int timeout_ms, int *passed)
{
    long end_ms = timeout_ms < 0 ? -1 : now_ms() + timeout_ms;
    size_t used = 0, size = 0;
    char *buf = NULL;
    long n = 0;

    *line = NULL;
    if (passed)
        *passed = -1;
    for (;;) {
        if (size - used < 4096) {
            char *grown = realloc(buf, size ? size * 2 : 8192);

            if (!grown) {
                n = -ENOMEM;
                break;
            }
            buf = grown;
            size = size ? size * 2 : 8192;
        }
        n = wait_readable(fd, end_ms);
        if (n)
            break;
        n = take(fd, buf + used, size - used, passed);
        if (n == -EINTR)
            continue;
        if (n <= 0)
            break;
        used += (size_t)n;
        if (buf[used - 1] == '\n') {
            buf[used - 1] = '\0';
            *line = buf;
            return (long)used; /* with the newline: never 0 */
        }
        if (used > max) {
            n = -EMSGSIZE;
            break;
        }
    }
    free(buf);
    if (passed && *passed >= 0) {
        close(*passed);
        *passed = -1;
    }
    return n < 0 ? n : used ? -EPROTO : 0;
}

int proto_check(const struct json *answer, struct err *e)
{
    const char *text = json_get_str(answer, "error");
    uint64_t status = STATUS_FAILED;

    if (json_get_bool(answer, "ok"))
        return 0;
    json_get_u64(answer, "status", &status);
    if (status < 1 || status > 5)
        status = STATUS_FAILED;
    return err_set(e, (int)status, NULL, NULL, "%s", text ? text : "domd: answered nonsense");
}
