/* SPDX-License-Identifier: GPL-2.0-only */
#include "dom0-tools/domctl.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "dom0-tools/lib/proto.h"

/* The guest that an event is about, by what it is called in the event. */
static bool is_wanted(const char *line, char **words, int count)
{
    struct json *j = count ? json_parse(line, strlen(line)) : NULL;
    bool wanted = !count;
    int i;

    for (i = 0; j && i < count && !wanted; i++)
        wanted = names_domain(words[i], j);
    json_free(j);
    return wanted;
}

int cmd_events(const struct verb *v, int argc, char **argv)
{
    struct err e = {0};
    struct options o;
    char *line;
    int status, fd, first = parse_options(v, argc, argv, "o", 0, -1, &o, &status);
    long n;

    if (first < 0)
        return status;
    fd = ask_domd_stream("events", NULL, NULL, &e);
    if (fd < 0)
        return fail(&e);
    while ((n = proto_receive(fd, &line, PROTO_ANSWER_MAX, -1, NULL)) > 0) {
        if (is_wanted(line, argv + first, argc - first))
            puts(line);
        free(line);
        if (fflush(stdout)) { /* nobody reads any more */
            close(fd);
            return STATUS_FAILED;
        }
    }
    close(fd);
    err_set(&e, STATUS_FAILED, "domd", "ask again when it is back", "it ended; so do the events");
    return fail(&e);
}
