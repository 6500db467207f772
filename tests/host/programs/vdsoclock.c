/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * vdsoclock: the clock is read without system calls. Under strict seccomp any other call than read, write and
 * exit kills the program, clock_gettime included: so a clock that is not wholly in user mode ends it by
 * SIGKILL. Exits with 0 if the clock went on and never backwards.
 */
#include <linux/seccomp.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#define ROUNDS 100000

static uint64_t now(clockid_t clock)
{
    struct timespec t;

    clock_gettime(clock, &t);
    return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

int main(void)
{
    uint64_t first, last, t, back = 0;
    char line[96];
    int n;

    now(CLOCK_MONOTONIC); /* libc finds the function now */
    if (prctl(PR_SET_SECCOMP, SECCOMP_MODE_STRICT))
        return 2;
    first = last = now(CLOCK_MONOTONIC);
    for (unsigned int i = 0; i < ROUNDS; i++) {
        t = now(CLOCK_MONOTONIC);
        back += t < last;
        last = t;
        now(CLOCK_REALTIME);
    }
    n = snprintf(line, sizeof(line), "%u readings in %llu us, %llu backwards\n", 2u * ROUNDS,
                 (unsigned long long)(last - first) / 1000, (unsigned long long)back);
    if (write(1, line, (size_t)n) != n)
        back = 1;
    syscall(SYS_exit, back || last == first);
}
