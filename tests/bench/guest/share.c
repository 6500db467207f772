// SPDX-License-Identifier: GPL-2.0-only
/*
 * share DISK SECONDS: the load of one guest among several. The first bytes of DISK, which all guests read, are the
 * number of the present round in decimal; when it changes, one process computes and another reads blocks of 4 KiB at
 * random places, one at a time. After a second in which all others come to their work, both are
 * counted for SECONDS, and they work on for a second in which others may still count. Prints, for ever,
 *   SHARE ROUND COMPUTED READ   turns of 10,000 steps, and blocks, a second
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define BLOCK 4096UL

struct counts {
    volatile unsigned long computed, read;
};

static void die(const char *what)
{
    printf("FAIL share: %s: %s\n", what, strerror(errno));
    exit(1);
}

static uint64_t step(uint64_t x)
{
    x ^= x << 13;
    x ^= x >> 7;
    return x ^ x << 17;
}

static void compute(struct counts *c)
{
    uint64_t x = 88172645463325252UL;

    for (;; c->computed++)
        for (int i = 0; i < 10000; i++) {
            x = step(x);
            __asm__ volatile("" : "+r"(x)); /* each step is taken */
        }
}

static void read_blocks(struct counts *c, int disk, void *block)
{
    uint64_t x = 88172645463325252UL, blocks = lseek(disk, 0, SEEK_END) / BLOCK;

    for (;; c->read++) {
        x = step(x);
        if (pread(disk, block, BLOCK, x % blocks * BLOCK) != (ssize_t)BLOCK)
            die("read");
    }
}

static double now(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec + t.tv_nsec / 1e9;
}

static void rest(double seconds)
{
    struct timespec t = {(time_t)seconds, (seconds - (time_t)seconds) * 1e9};

    while (nanosleep(&t, &t))
        ;
}

static unsigned long round_on(int disk, char *block)
{
    if (pread(disk, block, BLOCK, 0) != (ssize_t)BLOCK)
        die("read of the round");
    block[20] = 0;
    return strtoul(block, NULL, 10);
}

static pid_t child(void (*work)(struct counts *, int, void *), struct counts *c, int disk,
                   void *block)
{
    pid_t pid = fork();

    if (pid < 0)
        die("fork");
    if (!pid)
        work(c, disk, block);
    return pid;
}

static void computing(struct counts *c, int disk, void *block)
{
    compute(c);
}

static void one_round(unsigned long number, struct counts *c, int disk, void *block, double seconds)
{
    pid_t a = child(computing, c, disk, block), b = child(read_blocks, c, disk, block);
    double from, took;
    struct counts was;

    rest(1);
    was = *c;
    from = now();
    rest(seconds);
    took = now() - from;
    was.computed = c->computed - was.computed;
    was.read = c->read - was.read;
    rest(1);
    kill(a, SIGKILL);
    kill(b, SIGKILL);
    while (wait(NULL) > 0)
        ;
    printf("SHARE %lu %.3f %.3f\n", number, was.computed / took, was.read / took);
}

int main(int argc, char **argv)
{
    double seconds = argc == 3 ? strtod(argv[2], NULL) : 0;
    int disk = seconds > 0 ? open(argv[1], O_RDONLY | O_DIRECT) : -1;
    unsigned long before, number;
    struct counts *c;
    void *block;

    if (seconds <= 0) {
        fprintf(stderr, "usage: share DISK SECONDS\n");
        return 2;
    }
    setvbuf(stdout, NULL, _IOLBF, 0);
    c = mmap(NULL, BLOCK, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (disk < 0 || c == MAP_FAILED || posix_memalign(&block, BLOCK, BLOCK))
        die(argv[1]);
    before = round_on(disk, block);
    printf("SHARE ready\n");
    for (;; rest(0.02)) {
        number = round_on(disk, block);
        if (number != before)
            one_round(number, c, disk, block, seconds);
        before = number;
    }
}
