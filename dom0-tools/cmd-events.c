/* SPDX-License-Identifier: GPL-2.0-only */
#include "dom0-tools/domctl.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "dom0-tools/lib/proto.h"

#define COME_BACK_MS 10000
#define STEP_US      50000

/* By what the guest is called in the event; what is about no guest is for everybody. */
static bool is_wanted(const char *line, char **words, int count)
{
    struct json *j = count ? json_parse(line, strlen(line)) : NULL;
    bool wanted = !count || (j && !json_get_str(j, "name"));
    int i;

    for (i = 0; j && i < count && !wanted; i++)
        wanted = names_domain(words[i], j);
    json_free(j);
    return wanted;
}

/* Until domd hangs up. False: nobody reads any more. */
static bool print_events(int fd, char **words, int count)
{
    bool read = true;
    char *line;

    while (read && proto_receive(fd, &line, PROTO_ANSWER_MAX, -1, NULL) > 0) {
        if (is_wanted(line, words, count))
            puts(line);
        read = !fflush(stdout);
        free(line);
    }
    close(fd);
    return read;
}

/* All events of the domd that is started in the place of one that has ended. */
static int follow_domd(struct err *e)
{
    int64_t end = now_ms() + COME_BACK_MS;
    int fd = -1;

    while (fd < 0 && now_ms() < end) {
        usleep(STEP_US);
        *e = (struct err){0};
        fd = ask_domd_events(true, e);
    }
    if (fd < 0) {
        *e = (struct err){0};
        err_set(e, STATUS_FAILED, "domd", "ask again when it is back",
                "it ended, and is not back after %d s; so the events end", COME_BACK_MS / 1000);
    }
    return fd;
}

int cmd_events(const struct verb *v, int argc, char **argv)
{
    struct err e = {0};
    struct options o;
    int status, fd, first = parse_options(v, argc, argv, "o", 0, -1, &o, &status);

    if (first < 0)
        return status;
    for (fd = ask_domd_events(false, &e); fd >= 0; fd = follow_domd(&e))
        if (!print_events(fd, argv + first, argc - first))
            return STATUS_DONE; /* main() says why */
    return fail(&e);
}
