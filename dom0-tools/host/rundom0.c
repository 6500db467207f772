// SPDX-License-Identifier: GPL-2.0-only
/*
 * rundom0 FILE: run the command in FILE as `sh -c` does, for tests/host/run on the machine outside.
 *
 * Three virtio-serial ports lead there: pavo.out and pavo.err carry the command's output as it is,
 * pavo.status the lines "ready" (before the command) and "exit N" (after it). The command's stdin
 * is empty. Background children that keep its output open do not hold up the end.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static volatile sig_atomic_t child_ended;

static void on_child(int sig)
{
    child_ended = 1;
}

/* Opens the virtio-serial port called @name; -1 if there is none (yet). */
static int port_open_once(const char *name)
{
    char path[512], found[64];
    struct dirent *e;
    int fd = -1;
    FILE *f;
    DIR *dir;

    dir = opendir("/sys/class/virtio-ports");
    if (!dir)
        return -1;
    while (fd < 0 && (e = readdir(dir))) {
        snprintf(path, sizeof(path), "/sys/class/virtio-ports/%s/name", e->d_name);
        f = fopen(path, "re");
        if (!f)
            continue;
        if (fscanf(f, "%63s", found) == 1 && !strcmp(found, name)) {
            snprintf(path, sizeof(path), "/dev/%s", e->d_name);
            fd = open(path, O_WRONLY | O_CLOEXEC);
        }
        fclose(f);
    }
    closedir(dir);
    return fd;
}

static int port_open(const char *name)
{
    int fd = -1;

    for (int i = 0; fd < 0 && i < 500; i++) {
        fd = port_open_once(name);
        if (fd < 0)
            usleep(20000);
    }
    return fd;
}

static int write_all(int fd, const char *p, size_t len)
{
    while (len) {
        ssize_t n = write(fd, p, len);

        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return -1;
        p += n;
        len -= (size_t)n;
    }
    return 0;
}

static char *read_file(const char *path)
{
    struct stat st;
    char *text;
    ssize_t n;
    int fd;

    fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0 || fstat(fd, &st))
        return NULL;
    text = calloc(1, (size_t)st.st_size + 1);
    n = text ? read(fd, text, (size_t)st.st_size) : -1;
    close(fd);
    return n == st.st_size ? text : NULL;
}

/* Moves what is in pipe @from to @to. Returns 0 at its end, 1 if more may come, -1 if none waits. */
static int pump(int from, int to)
{
    static char buf[65536];
    ssize_t n = read(from, buf, sizeof(buf));

    if (n > 0)
        return write_all(to, buf, (size_t)n) ? 0 : 1;
    if (n < 0 && (errno == EAGAIN || errno == EINTR))
        return -1;
    return 0;
}

static pid_t start(const char *command, const int *out, const int *err)
{
    pid_t pid = fork();
    int null;

    if (pid)
        return pid;
    setsid();
    null = open("/dev/null", O_RDONLY);
    if (null < 0 || dup2(null, 0) < 0 || dup2(out[1], 1) < 0 || dup2(err[1], 2) < 0)
        _exit(126);
    execl("/bin/sh", "sh", "-c", command, (char *)NULL);
    _exit(127);
}

/* Forwards both pipes until both end, or the command has ended and they are empty. */
static void forward(const int *from, const int *to)
{
    struct pollfd p[2] = {{.fd = from[0], .events = POLLIN}, {.fd = from[1], .events = POLLIN}};

    while (p[0].fd >= 0 || p[1].fd >= 0) {
        int over = child_ended; /* read before the pipes: what it wrote is in them by then */
        int moved = 0;

        for (int i = 0; i < 2; i++) {
            int rc = p[i].fd < 0 ? -1 : pump(p[i].fd, to[i]);

            if (!rc)
                p[i].fd = -1;
            moved |= rc > 0;
        }
        if (over && !moved)
            return;
        if (!moved)
            poll(p, 2, 100);
    }
}

int main(int argc, char **argv)
{
    struct sigaction sa = {.sa_handler = on_child, .sa_flags = SA_NOCLDSTOP};
    int out[2], err[2], ports[3], status = 0;
    char line[32], *command;
    pid_t pid;

    command = argc == 2 ? read_file(argv[1]) : NULL;
    if (!command) {
        fprintf(stderr, "rundom0: no command\n");
        return 1;
    }
    ports[0] = port_open("pavo.out");
    ports[1] = port_open("pavo.err");
    ports[2] = port_open("pavo.status");
    if (ports[0] < 0 || ports[1] < 0 || ports[2] < 0) {
        fprintf(stderr, "rundom0: no virtio-serial port leads to the machine outside\n");
        return 1;
    }
    if (pipe2(out, O_CLOEXEC) || pipe2(err, O_CLOEXEC) || fcntl(out[0], F_SETFL, O_NONBLOCK) ||
        fcntl(err[0], F_SETFL, O_NONBLOCK) || sigaction(SIGCHLD, &sa, NULL)) {
        perror("rundom0");
        return 1;
    }
    write_all(ports[2], "ready\n", 6);
    pid = start(command, out, err);
    if (pid < 0) {
        perror("rundom0: fork");
        return 1;
    }
    close(out[1]);
    close(err[1]);
    forward((int[]){out[0], err[0]}, ports);
    while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
        ;
    snprintf(line, sizeof(line), "exit %d\n",
             WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status));
    write_all(ports[2], line, strlen(line));
    return 0;
}
