/* SPDX-License-Identifier: GPL-2.0-only */
#include "dom0-tools/domtop/source.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "dom0-tools/domtop/model.h"
#include "dom0-tools/lib/err.h"
#include "dom0-tools/lib/json.h"
#include "dom0-tools/lib/proto.h"

#define ANSWER_MS 5000

static const char request[] = "{\"op\": \"stats\"}";

int source_sample(struct sample *s, struct err *e)
{
    const char *path = getenv("DOMD_SOCKET");
    char *line = NULL;
    struct json *j = NULL;
    int fd = proto_connect(path && *path ? path : DOMD_SOCKET);
    long n;

    memset(s, 0, sizeof(*s));
    if (fd == -EACCES)
        return err_set(e, STATUS_FAILED, "domd", "run domtop as root",
                       "its socket cannot be opened");
    if (fd < 0)
        return err_set(e, STATUS_FAILED, "domd", "start domd, in the dom0 of Pavo", "not running");
    n = proto_send(fd, request, strlen(request), -1);
    if (!n)
        n = proto_receive(fd, &line, PROTO_ANSWER_MAX, ANSWER_MS, NULL);
    close(fd);
    if (n > 0)
        j = json_parse(line, strlen(line));
    free(line);
    if (n <= 0)
        err_set(e, STATUS_FAILED, "domd", "see the log of domd", "%s",
                n == -ETIMEDOUT ? "does not answer" : "it ended during the request");
    else if (!proto_check(j, e) && !sample_read(s, j))
        err_set(e, STATUS_FAILED, "domd", "domtop and domd differ in version?",
                "answered nonsense");
    json_free(j);
    return e->status ? -1 : 0;
}
