/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * domxml: libvirt-style domain XML to JSON and back, standard input to standard output. domctl starts
 * it where it needs it: what parses text from anywhere has limits, and no socket of domd.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "dom0-tools/domxml/xml.h"
#include "dom0-tools/lib/err.h"

#define INPUT_MAX   (4u << 20)
#define MEMORY_MAX  (512u << 20)
#define CPU_SECONDS 20

static const char usage[] =
    "usage: domxml read NAME | domxml write | domxml --help\n"
    "Converts libvirt-style domain XML of PV guests, standard input to standard output.\n"
    "  read NAME  XML to {\"config\": {...}, \"warnings\": [...]} or {\"error\": TEXT};\n"
    "             NAME stands for the input in messages\n"
    "  write      a config's JSON to {\"xml\": TEXT} or {\"error\": TEXT}\n";

static void limit(void)
{
    struct rlimit memory = {MEMORY_MAX, MEMORY_MAX}, cpu = {CPU_SECONDS, CPU_SECONDS};
    struct rlimit none = {0, 0};

    setrlimit(RLIMIT_AS, &memory);
    setrlimit(RLIMIT_CPU, &cpu);
    setrlimit(RLIMIT_CORE, &none);
    setrlimit(RLIMIT_NPROC, &none);
}

/* All of standard input, NUL-terminated; NULL when it is too long or cannot be read. */
static char *read_input(size_t *len)
{
    char *text = malloc(INPUT_MAX + 1);
    ssize_t n = 1;

    *len = 0;
    while (text && n && *len <= INPUT_MAX) {
        n = read(STDIN_FILENO, text + *len, INPUT_MAX + 1 - *len);
        if (n > 0)
            *len += (size_t)n;
        else if (n < 0 && errno != EINTR)
            break;
    }
    if (!n) {
        text[*len] = '\0';
        return text;
    }
    free(text);
    return NULL;
}

int main(int argc, char **argv)
{
    char *text, *answer = NULL;
    size_t len;

    if (argc == 2 && (!strcmp(argv[1], "--help") || !strcmp(argv[1], "-h"))) {
        fputs(usage, stdout);
        return STATUS_DONE;
    }
    if (argc < 2 || (strcmp(argv[1], "read") != 0 && strcmp(argv[1], "write") != 0)) {
        fputs(usage, stderr);
        return STATUS_USAGE;
    }
    limit();
    text = read_input(&len);
    if (!text)
        fputs("domxml: standard input: cannot be read, or is longer than 4 MiB\n", stderr);
    else
        answer = !strcmp(argv[1], "read") ? xml_read(text, len, argc > 2 ? argv[2] : "input")
                                          : xml_write(text, len);
    if (!answer || puts(answer) < 0 || fflush(stdout))
        return STATUS_FAILED;
    free(answer);
    free(text);
    return STATUS_DONE;
}
