// SPDX-License-Identifier: GPL-2.0-only
/*
 * micro REPS ROW=COUNT...: what the smallest operations of a kernel cost. Each named row is measured
 * REPS times, COUNT operations at a time after one turn that does not count, and each time gives a
 * line `ROW name value unit operations`. A row that cannot be measured gives `FAIL name: why`, and the exit
 * status is 1.
 *
 * micro --facts: who this kernel runs on, as far as a program can ask: lines `ASSERT what value`.
 *
 * Each counted turn stands between two marks, which are no-operations that a tracer outside the
 * machine can tell by their bytes: see mark().
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/futex.h>
#include <setjmp.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <ucontext.h>
#include <unistd.h>

#define PAGE 4096
#define MIB  (1UL << 20)

static uint64_t now_ns(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
}

/*
 * 0f 1f 80 disp32 is a no-operation of seven bytes, with which no compiler writes these displacements:
 * 'P','A','V' and 1 where a counted turn begins, 2 where it ends.
 */
static inline void mark_begin(void)
{
    __asm__ volatile(".byte 0x0f, 0x1f, 0x80, 'P', 'A', 'V', 1" : : : "memory");
}
static inline void mark_end(void)
{
    __asm__ volatile(".byte 0x0f, 0x1f, 0x80, 'P', 'A', 'V', 2" : : : "memory");
}

static uint64_t begun, took;
static long parts;      /* operations of the row in one of the turn */
static const char *why; /* what a row that failed could not do */

static void begin(void)
{
    begun = now_ns();
    mark_begin();
}
static void end(void)
{
    mark_end();
    took = now_ns() - begun;
}

/* Rows return 0, or -1 with @why and errno set; a child's own errors are its exit status. */
static int failed(const char *what)
{
    why = what;
    return -1;
}

static char *map(size_t size)
{
    char *p = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    if (p == MAP_FAILED)
        return NULL;
    madvise(p, size, MADV_NOHUGEPAGE); /* pages of 4 KiB are what is compared */
    return p;
}

static void touch(char *p, size_t size)
{
    for (size_t i = 0; i < size; i += PAGE)
        *(volatile char *)(p + i) = 1;
}

static int reap(pid_t pid)
{
    int status;

    while (waitpid(pid, &status, 0) < 0)
        if (errno != EINTR)
            return failed("waitpid");
    if (status) {
        errno = ECHILD;
        return failed("a child failed");
    }
    return 0;
}

/* ---- rows */

static int null_syscall(long n)
{
    begin();
    for (long i = 0; i < n; i++)
        syscall(SYS_getppid);
    end();
    return 0;
}

static int clock_read(long n)
{
    struct timespec t;

    begin();
    for (long i = 0; i < n; i++)
        clock_gettime(CLOCK_MONOTONIC, &t);
    end();
    return 0;
}

static int forks(long n, int exec)
{
    begin();
    for (long i = 0; i < n; i++) {
        pid_t pid = fork();

        if (pid < 0)
            return failed("fork");
        if (!pid) {
            if (exec)
                execl("/proc/self/exe", "micro", "--nothing", (char *)NULL);
            _exit(exec);
        }
        if (reap(pid))
            return -1;
    }
    end();
    return 0;
}

static int fork_exit(long n)
{
    return forks(n, 0);
}
static int fork_exec(long n)
{
    return forks(n, 1);
}

static int fork_exit_8m(long n)
{
    char *p = map(8 * MIB);
    int rc;

    if (!p)
        return failed("mmap");
    touch(p, 8 * MIB);
    rc = forks(n, 0);
    munmap(p, 8 * MIB);
    return rc;
}

static int page_fault(long n)
{
    char *p = map((size_t)n * PAGE);

    if (!p)
        return failed("mmap");
    begin();
    touch(p, (size_t)n * PAGE);
    end();
    munmap(p, (size_t)n * PAGE);
    return 0;
}

static int mmap_1m(long n)
{
    begin();
    for (long i = 0; i < n; i++) {
        char *p = map(MIB);

        if (!p)
            return failed("mmap");
        touch(p, MIB);
        munmap(p, MIB);
    }
    end();
    return 0;
}

/* One page to read-only and back, and a write, so that each change is used. */
static int mprotect_pair(long n)
{
    char *p = map(PAGE);

    if (!p)
        return failed("mmap");
    touch(p, PAGE);
    begin();
    for (long i = 0; i < n; i++) {
        if (mprotect(p, PAGE, PROT_READ) || mprotect(p, PAGE, PROT_READ | PROT_WRITE))
            return failed("mprotect");
        *(volatile char *)p = 2;
    }
    end();
    munmap(p, PAGE);
    return 0;
}

static volatile long faults;
static uintptr_t go_on_at;

static void skip_write(int sig, siginfo_t *info, void *context)
{
    faults++;
    ((ucontext_t *)context)->uc_mcontext.gregs[REG_RIP] = (greg_t)go_on_at;
}

static int prot_signal(long n)
{
    struct sigaction sa = {.sa_sigaction = skip_write, .sa_flags = SA_SIGINFO}, old;
    char *p = map(PAGE);

    if (!p || mprotect(p, PAGE, PROT_READ))
        return failed("mmap");
    (void)*(volatile char *)p;
    sigaction(SIGSEGV, &sa, &old);
    faults = 0;
    begin();
    for (long i = 0; i < n; i++)
        __asm__ volatile("leaq 1f(%%rip), %%rcx\n\t"
                         "movq %%rcx, %0\n\t"
                         "movb $1, (%1)\n"
                         "1:"
                         : "=m"(go_on_at)
                         : "r"(p)
                         : "rcx", "memory");
    end();
    sigaction(SIGSEGV, &old, NULL);
    munmap(p, PAGE);
    errno = EIO;
    return faults == n ? 0 : failed("not every write faulted");
}

/* A byte goes round a ring of @processes, this one among them, @n times. */
static int ring(long n, int processes)
{
    int fds[8][2];
    pid_t pids[8];
    char c = 0;

    for (int i = 0; i < processes; i++)
        if (pipe(fds[i]))
            return failed("pipe");
    for (int i = 1; i < processes; i++) {
        pids[i] = fork();
        if (pids[i] < 0)
            return failed("fork");
        if (pids[i])
            continue;
        for (long k = 0; k <= n; k++)
            if (read(fds[i - 1][0], &c, 1) != 1 || write(fds[i][1], &c, 1) != 1)
                _exit(1);
        _exit(0);
    }
    for (long k = 0; k <= n; k++) {
        if (k == 1) /* the first round started them all */
            begin();
        if (write(fds[0][1], &c, 1) != 1 || read(fds[processes - 1][0], &c, 1) != 1)
            return failed("a pipe of the ring");
    }
    end();
    parts = processes; /* one switch */
    for (int i = 0; i < processes; i++) {
        close(fds[i][0]);
        close(fds[i][1]);
        if (i && reap(pids[i]))
            return -1;
    }
    return 0;
}

static int switch_2(long n)
{
    return ring(n, 2);
}
static int switch_8(long n)
{
    return ring(n, 8);
}

/* @n times 64 KiB from a child. */
static int pipe_rate(long n)
{
    static char buf[65536];
    ssize_t got, total = 0;
    int fds[2];
    pid_t pid;

    if (pipe(fds))
        return failed("pipe");
    pid = fork();
    if (pid < 0)
        return failed("fork");
    if (!pid) {
        for (long i = 0; i < n; i++)
            if (write(fds[1], buf, sizeof(buf)) != sizeof(buf))
                _exit(1);
        _exit(0);
    }
    close(fds[1]);
    begin();
    while ((got = read(fds[0], buf, sizeof(buf))) > 0)
        total += got;
    end();
    close(fds[0]);
    if (reap(pid))
        return -1;
    errno = EIO;
    return total == n * (ssize_t)sizeof(buf) ? 0 : failed("bytes were lost");
}

static long futex(volatile int *word, int op, int value)
{
    return syscall(SYS_futex, word, op, value, NULL, NULL, 0);
}

/* Waits until *@word is @value. */
static void futex_await(volatile int *word, int value)
{
    int seen;

    while ((seen = *word) != value)
        futex(word, FUTEX_WAIT, seen);
}

static void futex_set(volatile int *word, int value)
{
    *word = value;
    futex(word, FUTEX_WAKE, 1);
}

/* Two processes wake each other in turn: one wake and one switch each. */
static int futex_wake(long n)
{
    volatile int *word =
        mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    pid_t pid;

    if (word == MAP_FAILED)
        return failed("mmap");
    pid = fork();
    if (pid < 0)
        return failed("fork");
    if (!pid) {
        for (int i = 0; i <= n; i++) {
            futex_await(word, 2 * i + 1);
            futex_set(word, 2 * i + 2);
        }
        _exit(0);
    }
    for (int i = 0; i <= n; i++) {
        if (i == 1)
            begin();
        futex_set(word, 2 * i + 1);
        futex_await(word, 2 * i + 2);
    }
    end();
    parts = 2;
    if (reap(pid))
        return -1;
    munmap((void *)word, PAGE);
    return 0;
}

static const struct row {
    const char *name;
    int (*run)(long n);
    double ns; /* in one unit; 0: MB/s of 64 KiB an operation */
    const char *unit;
} rows[] = {
    {"null_syscall", null_syscall, 1, "ns"}, {"clock_gettime", clock_read, 1, "ns"},
    {"fork_exit", fork_exit, 1e3, "us"},     {"fork_exit_8m", fork_exit_8m, 1e3, "us"},
    {"fork_exec", fork_exec, 1e3, "us"},     {"page_fault", page_fault, 1, "ns"},
    {"prot_signal", prot_signal, 1, "ns"},   {"mprotect", mprotect_pair, 1, "ns"},
    {"mmap_1m", mmap_1m, 1e3, "us"},         {"switch_2", switch_2, 1e3, "us"},
    {"switch_8", switch_8, 1e3, "us"},       {"pipe_rate", pipe_rate, 0, "MB/s"},
    {"futex_wake", futex_wake, 1e3, "us"},
};

static int measure(const struct row *r, long n, int reps)
{
    double value;

    for (int i = 0; i <= reps; i++) {
        parts = 1;
        if (r->run(n)) {
            printf("FAIL %s: %s: %s\n", r->name, why, strerror(errno));
            return 1;
        }
        if (!i)
            continue; /* a turn to warm up */
        if (!took) {  /* a clock of one CPU behind another's stands still until it has caught up */
            printf("FAIL %s: no time passed by this machine's clock\n", r->name);
            return 1;
        }
        if (r->ns > 0)
            value = (double)took / (double)(n * parts) / r->ns;
        else
            value = 65536.0 * (double)n / 1e6 / ((double)took / 1e9);
        printf("ROW %s %.6g %s %ld\n", r->name, value, r->unit, n * parts);
    }
    return 0;
}

/* ---- who is below */

static sigjmp_buf no_such_instruction;

static void on_sigill(int sig)
{
    siglongjmp(no_such_instruction, 1);
}

/* The signature of leaf 0x40000000; @prefixed: by the prefix that a PV hypervisor emulates. */
static const char *signature(int prefixed)
{
    static char name[13];
    uint32_t a = 0x40000000, b = 0, c = 0, d = 0;

    memset(name, 0, sizeof(name));
    signal(SIGILL, on_sigill);
    if (!sigsetjmp(no_such_instruction, 1)) {
        if (prefixed)
            __asm__ volatile("ud2a\n\t.ascii \"xen\"\n\tcpuid"
                             : "+a"(a), "=b"(b), "+c"(c), "=d"(d));
        else
            __asm__ volatile("cpuid" : "+a"(a), "=b"(b), "+c"(c), "=d"(d));
        memcpy(name, &b, 4);
        memcpy(name + 4, &c, 4);
        memcpy(name + 8, &d, 4);
    }
    signal(SIGILL, SIG_DFL);
    for (char *p = name; p < name + 12; p++)
        if (*p && (*p <= ' ' || *p > '~'))
            *p = '?';
    return name[0] ? name : "none";
}

static void facts(void)
{
    printf("ASSERT cpuid %s\n", signature(0));
    printf("ASSERT pv-cpuid %s\n", signature(1));
}

int main(int argc, char **argv)
{
    int reps, bad = 0;

    if (argc == 2 && !strcmp(argv[1], "--nothing"))
        return 0;
    setvbuf(stdout, NULL, _IOLBF, 0);
    if (argc == 2 && !strcmp(argv[1], "--facts")) {
        facts();
        return 0;
    }
    reps = argc > 2 ? atoi(argv[1]) : 0;
    if (reps < 1) {
        fputs("usage: micro REPS ROW=COUNT... | --facts\n", stderr);
        return 2;
    }
    for (int i = 2; i < argc; i++) {
        const char *equals = strchr(argv[i], '=');
        size_t len = equals ? (size_t)(equals - argv[i]) : 0, k;
        long n = equals ? atol(equals + 1) : 0;

        for (k = 0; k < sizeof(rows) / sizeof(*rows); k++)
            if (strlen(rows[k].name) == len && !memcmp(rows[k].name, argv[i], len))
                break;
        if (k == sizeof(rows) / sizeof(*rows) || n < 1 || n > INT_MAX / 4) {
            printf("FAIL %s: no such row or count\n", argv[i]);
            bad = 1;
            continue;
        }
        bad |= measure(&rows[k], n, reps);
    }
    return bad;
}
