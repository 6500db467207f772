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

#define ANSWER_MS 5000

/* Sends one line. Returns the open connection, or -1 with *@e. */
static int request(const char *line, struct err *e)
{
    char *answer = NULL;
    int fd = proto_connect(CONSOLED_SOCKET);
    long n;

    if (fd < 0)
        return err_set(e, STATUS_FAILED, "consoled", "start consoled", "not running");
    n = proto_send(fd, line, strlen(line), -1);
    if (!n)
        n = proto_receive(fd, &answer, 1024, ANSWER_MS, NULL);
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

/* consoled may be starting, or being restarted, at the same moment: give it a little time. */
int console_add(const struct vm *vm, uint32_t port, bool fresh_log, struct err *e)
{
    char line[160];
    int fd = -1, i;

    snprintf(line, sizeof(line), "add %u %u %s %s", vm->domid, port, vm->cfg.name,
             fresh_log ? "fresh" : "keep");
    for (i = 0; i < 50 && fd < 0; i++) {
        if (i)
            usleep(100000);
        memset(e, 0, sizeof(*e));
        fd = request(line, e);
        if (fd < 0 && strncmp(e->text, "consoled: not running", 21))
            break;
    }
    if (fd < 0)
        return -1;
    close(fd);
    return 0;
}

void console_drop(const struct vm *vm, bool keep)
{
    struct err e = {0};
    char line[160];
    int fd;

    snprintf(line, sizeof(line), "drop %s %s", vm->cfg.name, keep ? "keep" : "close");
    fd = request(line, &e);
    if (fd >= 0)
        close(fd);
}

int console_rename(const struct vm *vm, struct err *e)
{
    char line[160];
    int fd;

    snprintf(line, sizeof(line), "name %u %s", vm->domid, vm->cfg.name);
    fd = request(line, e);
    if (fd < 0)
        return -1;
    close(fd);
    return 0;
}

int console_attach(const char *name, struct err *e)
{
    char line[160];

    snprintf(line, sizeof(line), "attach %s", name);
    return request(line, e);
}
