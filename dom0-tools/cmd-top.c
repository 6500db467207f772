/* SPDX-License-Identifier: GPL-2.0-only */
#include "dom0-tools/domctl.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* domtop is a program of its own; this is where people look for it. */
int cmd_top(const struct verb *v, int argc, char **argv)
{
    char path[4096], *slash;
    ssize_t n = readlink("/proc/self/exe", path, sizeof(path) - sizeof("domtop"));

    if (argc > 1 && (!strcmp(argv[1], "--help") || !strcmp(argv[1], "-h")))
        return show_help(v);
    path[n < 0 ? 0 : n] = '\0';
    slash = strrchr(path, '/');
    strcpy(slash ? slash + 1 : path, "domtop");
    argv[0] = (char[]){"domtop"};
    execv(path, argv);
    execvp("domtop", argv);
    fprintf(stderr, "domctl: domtop: cannot be started: %s (is it installed?)\n", strerror(errno));
    return STATUS_FAILED;
}
