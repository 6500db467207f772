/* SPDX-License-Identifier: GPL-2.0-only */
/* Requests to consoled: one line each way, then, after "attach", the console's bytes. */
#include "dom0-tools/domd/domd.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "dom0-tools/lib/err.h"
#include "dom0-tools/lib/proto.h"

#define ANSWER_MS   5000
#define PATIENCE_MS 5000 /* of one who starts a guest, for all tries together */
#define STEP_MS     100

/* Of a request that failed: */
enum failure {
    REFUSED,
    ABSENT, /* consoled is not there */
    CUT,    /* it has ended within the request */
};

/* Sends one line over @fd. Returns @fd, the open connection, or -1 with *@e and *@why. */
static int request_over(int fd, const char *line, int answer_ms, enum failure *why, struct err *e)
{
    char *answer = NULL;
    long n;

    *why = fd < 0 ? ABSENT : REFUSED;
    if (fd < 0)
        return err_set(e, STATUS_FAILED, "consoled", "start consoled", "not running");
    n = proto_send(fd, line, strlen(line), -1);
    if (!n)
        n = proto_receive(fd, &answer, 1024, answer_ms, NULL);
    if (n <= 0 && n != -ETIMEDOUT)
        *why = CUT;
    if (n <= 0)
        err_set(e, STATUS_FAILED, "consoled", "see its log", "no answer: %s",
                n ? strerror((int)-n) : "it hung up");
    else if (strcmp(answer, "ok"))
        err_set(e, STATUS_FAILED, "consoled", NULL, "%s", answer);
    free(answer);
    if (e->status) {
        close(fd);
        return -1;
    }
    return fd;
}

static int request(const char *line, enum failure *why, struct err *e)
{
    return request_over(proto_connect(CONSOLED_SOCKET), line, ANSWER_MS, why, e);
}

/*
 * consoled may be starting, or being restarted, at the same moment: give it a little time. What is
 * asked twice is done once.
 */
int console_add(const struct vm *vm, uint32_t port, bool fresh_log, struct err *e)
{
    long now = now_ms(), end = now + PATIENCE_MS;
    enum failure why;
    char line[160];
    int fd;

    snprintf(line, sizeof(line), "add %u %u %s %s", vm->domid, port, vm->cfg.name,
             fresh_log ? "fresh" : "keep");
    for (;;) {
        memset(e, 0, sizeof(*e));
        fd = request_over(proto_try_connect(CONSOLED_SOCKET), line, (int)(end - now), &why, e);
        if (fd >= 0)
            break;
        if (why == REFUSED || end - now_ms() <= STEP_MS)
            return -1;
        usleep(STEP_MS * 1000);
        now = now_ms();
    }
    close(fd);
    return 0;
}

void console_drop(const struct vm *vm, bool keep)
{
    struct err e = {0};
    enum failure why;
    char line[160];
    int fd;

    snprintf(line, sizeof(line), "drop %s %s", vm->cfg.name, keep ? "keep" : "close");
    fd = request(line, &why, &e);
    if (fd >= 0)
        close(fd);
}

/* A consoled that was killed within the request may have moved the log: the next one is asked. */
int console_rename(const struct vm *vm, struct err *e)
{
    enum failure why;
    char line[160];
    int fd;

    snprintf(line, sizeof(line), "name %u %s", vm->domid, vm->cfg.name);
    fd = request(line, &why, e);
    if (fd < 0 && why == CUT) {
        memset(e, 0, sizeof(*e));
        fd = request(line, &why, e);
    }
    if (fd < 0 && why == REFUSED)
        return -1;
    /* One that is not there reads the new name from the store when it starts. */
    memset(e, 0, sizeof(*e));
    if (fd >= 0)
        close(fd);
    return 0;
}

int console_attach(const char *name, bool resume, struct err *e)
{
    enum failure why;
    char line[160];

    snprintf(line, sizeof(line), "%s %s", resume ? "resume" : "attach", name);
    return request(line, &why, e);
}
