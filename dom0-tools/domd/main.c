/* SPDX-License-Identifier: GPL-2.0-only */
/* domd: start-up, the socket, threads. */
#include "dom0-tools/domd/domd.h"

#include <errno.h>
#include <getopt.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "dom0-tools/lib/crash.h"
#include "dom0-tools/lib/err.h"
#include "dom0-tools/lib/foreign.h"
#include "dom0-tools/lib/hv.h"
#include "dom0-tools/lib/proto.h"
#include "dom0-tools/lib/ready.h"
#include "xenstore-like/client.h"

#define STORE_WAIT_MS 2000

struct domd domd;

static const char usage[] =
    "usage: domd [--socket=PATH] [--crash-at=N] [--help]\n"
    "Creates and owns domains; domctl is its client. Runs in the foreground, logs to stderr.\n"
    "  --socket=PATH  listen there instead of " DOMD_SOCKET "\n"
    "  --crash-at=N   end at the N-th step that lasts, as if killed (for tests)\n";

void log_line(const char *fmt, ...)
{
    char text[1024];
    va_list ap;

    va_start(ap, fmt);
    vsnprintf(text, sizeof(text), fmt, ap);
    va_end(ap);
    fprintf(stderr, "domd: %s\n", text);
}

int open_store(struct store **s, struct err *e)
{
    int rc = store_open(s, NULL), i;

    /* Killed, and being started anew; one that was stopped has removed its socket. */
    for (i = 0; i < STORE_WAIT_MS / 20 && rc == -ECONNREFUSED; i++) {
        usleep(20000);
        rc = store_open(s, NULL);
    }
    if (!rc)
        return 0;
    *s = NULL;
    return err_set(e, STATUS_FAILED, "store", "start stored",
                   rc == -ENOENT || rc == -ECONNREFUSED ? "not running" : "cannot connect: %s",
                   strerror(-rc));
}

/* 0, or an exit status after a message. */
static int connect_hypervisor(void)
{
    struct hv_host host;
    int rc = hv_open(&domd.hv);

    if (rc) {
        log_line(
            "not running on Pavo: no hypercall interface: %s (boot Pavo; modprobe xen-privcmd)",
            strerror(-rc));
        return STATUS_FAILED;
    }
    if (hv_version(domd.hv, domd.version, sizeof(domd.version)))
        strcpy(domd.version, "unknown");
    rc = hv_host_info(domd.hv, &host);
    if (rc) {
        log_line("not running on Pavo: hypervisor %s does not know its calls: %s", domd.version,
                 strerror(-rc));
        return STATUS_FAILED;
    }
    rc = foreign_open(&domd.foreign);
    if (rc) {
        log_line("cannot map domains: %s", strerror(-rc));
        return STATUS_FAILED;
    }
    return 0;
}

static int start_thread(void *(*fn)(void *), void *arg)
{
    pthread_attr_t attr;
    pthread_t t;
    int rc;

    pthread_attr_init(&attr);
    pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);
    pthread_attr_setstacksize(&attr, 1u << 20);
    rc = pthread_create(&t, &attr, fn, arg);
    pthread_attr_destroy(&attr);
    return rc;
}

static void serve(int listener)
{
    for (;;) {
        int fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC);

        if (fd < 0) {
            if (errno != EINTR && errno != ECONNABORTED)
                usleep(100000); /* out of descriptors: some client will go */
            continue;
        }
        if (start_thread(client_main, (void *)(intptr_t)fd))
            close(fd);
    }
}

static const char *socket_path = DOMD_SOCKET;

static void on_end(int sig)
{
    unlink(socket_path);
    _exit(STATUS_DONE);
}

int main(int argc, char **argv)
{
    static const struct option options[] = {{"socket", required_argument, NULL, 's'},
                                            {"crash-at", required_argument, NULL, 'c'},
                                            {"help", no_argument, NULL, 'h'},
                                            {0}};
    int opt, listener, rc;
    bool adopted;

    while ((opt = getopt_long(argc, argv, "h", options, NULL)) != -1) {
        if (opt == 'h') {
            fputs(usage, stdout);
            return STATUS_DONE;
        }
        if (opt == 's') {
            socket_path = optarg;
        } else if (opt != 'c' || !crash_at(optarg)) {
            fputs(usage, stderr);
            return STATUS_USAGE;
        }
    }
    signal(SIGPIPE, SIG_IGN);
    rc = connect_hypervisor();
    if (rc)
        return rc;
    mkdir("/run/pavo", 0755);
    listener = proto_listen(socket_path);
    if (listener < 0) {
        log_line("%s: %s", socket_path,
                 listener == -EADDRINUSE ? "another domd serves it" : strerror(-listener));
        return STATUS_FAILED;
    }
    signal(SIGTERM, on_end);
    signal(SIGINT, on_end);
    trace_forget();
    event_emit(NULL, "domd-started", NULL, NULL);
    adopted = record_adopt_all();
    if (!adopted)
        log_line("store: not running: waiting for it in order to take over guests");
    if (start_thread(monitor_main, adopted ? &domd : NULL)) {
        log_line("cannot start a thread");
        return STATUS_FAILED;
    }
    log_line("ready on %s", domd.version);
    ready_tell();
    serve(listener);
}
