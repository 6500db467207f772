// SPDX-License-Identifier: GPL-2.0-only
/*
 * forkexec COUNT: fork, exec of this program, exit and wait, COUNT times. Prints microseconds for
 * one, from the total, on stdout.
 */
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

int main(int argc, char **argv)
{
    struct timespec start, end;
    int count, status;
    pid_t pid;

    if (argc != 2)
        return 2;
    count = atoi(argv[1]);
    if (count <= 0)
        return 0; /* the child */
    clock_gettime(CLOCK_MONOTONIC, &start);
    for (int i = 0; i < count; i++) {
        pid = fork();
        if (!pid) {
            execl("/proc/self/exe", "forkexec", "0", (char *)NULL);
            _exit(1);
        }
        if (pid < 0 || waitpid(pid, &status, 0) != pid || status) {
            fprintf(stderr, "forkexec: child %d failed\n", i);
            return 1;
        }
    }
    clock_gettime(CLOCK_MONOTONIC, &end);
    printf("%.1f\n",
           ((double)(end.tv_sec - start.tv_sec) * 1e9 + (double)(end.tv_nsec - start.tv_nsec)) /
               1000.0 / count);
    return 0;
}
