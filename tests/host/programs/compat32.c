/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * compat32: a 32-bit program's ways into the kernel: int 0x80, and the entry that the kernel's 32-bit vDSO
 * holds for this processor (sysenter or syscall). Freestanding: built by -m32 -nostdlib. Exit status 0, or
 * the number of the step that failed.
 */
#define SYS_EXIT   1
#define SYS_WRITE  4
#define SYS_GETPID 20
#define AT_SYSINFO 32
#define ROUNDS     1000

static unsigned int vsyscall;

static int by_int(int nr, int a, int b, int c)
{
    int ret;

    __asm__ volatile("int $0x80" : "=a"(ret) : "a"(nr), "b"(a), "c"(b), "d"(c) : "memory");
    return ret;
}

static int by_vdso(int nr, int a, int b, int c)
{
    int ret;

    __asm__ volatile("call *%1"
                     : "=a"(ret)
                     : "m"(vsyscall), "0"(nr), "b"(a), "c"(b), "d"(c)
                     : "memory");
    return ret;
}

static void end(int step)
{
    for (;;)
        by_int(SYS_EXIT, step, 0, 0);
}

__attribute__((used)) static void run(unsigned int *stack)
{
    static const char text[] = "32-bit system calls answer by int 0x80 and by the vDSO\n";
    unsigned int *p = stack + 1 + stack[0] + 1;
    int pid;

    while (*p++)
        ;
    for (; p[0]; p += 2) {
        if (p[0] == AT_SYSINFO)
            vsyscall = p[1];
    }
    pid = by_int(SYS_GETPID, 0, 0, 0);
    if (pid <= 0)
        end(1);
    if (!vsyscall)
        end(2);
    for (unsigned int i = 0; i < ROUNDS; i++) {
        if (by_vdso(SYS_GETPID, 0, 0, 0) != pid)
            end(3);
        if (by_int(SYS_GETPID, 0, 0, 0) != pid)
            end(4);
    }
    if (by_vdso(-1, 0, 0, 0) != -38) /* ENOSYS */
        end(5);
    if (by_vdso(SYS_WRITE, 1, (int)text, sizeof(text) - 1) != sizeof(text) - 1)
        end(6);
    end(0);
}

__asm__(".globl _start\n"
        "_start: mov %esp, %eax\n"
        "        and $-16, %esp\n"
        "        sub $12, %esp\n"
        "        push %eax\n"
        "        call run\n");
