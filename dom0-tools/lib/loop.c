/* SPDX-License-Identifier: GPL-2.0-only */
/* Loop devices: see the header. */
#include "dom0-tools/lib/loop.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <linux/loop.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#define TRIES        64
#define WAIT_STEP_US 20000
#define WAIT_STEPS   250

static bool node_exists(int number)
{
    char path[64];

    snprintf(path, sizeof(path), "/sys/block/loop%d", number);
    return !access(path, F_OK);
}

bool loop_in_use(int number)
{
    char path[64];

    snprintf(path, sizeof(path), "/sys/block/loop%d/loop/backing_file", number);
    return !access(path, F_OK);
}

bool loop_serves(int number, const char *path)
{
    char node[64], backing[4096];
    struct stat theirs, ours;
    FILE *f;
    bool ok;

    snprintf(node, sizeof(node), "/sys/block/loop%d/loop/backing_file", number);
    f = fopen(node, "re");
    if (!f)
        return false;
    ok = fgets(backing, sizeof(backing), f) != NULL;
    fclose(f);
    if (!ok)
        return false;
    backing[strcspn(backing, "\n")] = '\0';
    return !stat(backing, &theirs) && !stat(path, &ours) && theirs.st_dev == ours.st_dev &&
           theirs.st_ino == ours.st_ino;
}

#define NR_LOOPS 4096

/* The lowest number that has no node yet, or -1: to see afterwards whether GET_FREE made one. */
static int first_missing(void)
{
    int n;

    for (n = 0; n < NR_LOOPS; n++)
        if (!node_exists(n))
            return n;
    return -1;
}

/* Two at once would be given the same one, and the one who made it might not be the one to have it. */
static pthread_mutex_t attaching = PTHREAD_MUTEX_INITIALIZER;

/* Nodes that were made here and are still there: who is given one before it is removed removes it. */
static bool made[NR_LOOPS];

int loop_attach(int fd, const char *path, bool writable, int *number, bool *created)
{
    int control = open("/dev/loop-control", O_RDWR | O_CLOEXEC), rc = -EBUSY, i;

    if (control < 0)
        return -errno;
    pthread_mutex_lock(&attaching);
    for (i = 0; i < TRIES && rc == -EBUSY; i++) {
        struct loop_config config = {.fd = (uint32_t)fd};
        int missing = first_missing(), n = ioctl(control, LOOP_CTL_GET_FREE), dev;
        char node[64];

        if (n < 0) {
            rc = -errno;
            break;
        }
        *created = n == missing || (n < NR_LOOPS && made[n]);
        snprintf(node, sizeof(node), "/dev/loop%d", n);
        dev = open(node, (writable ? O_RDWR : O_RDONLY) | O_CLOEXEC);
        if (dev < 0) {
            rc = -errno;
            break;
        }
        config.info.lo_flags = LO_FLAGS_AUTOCLEAR | (writable ? 0 : LO_FLAGS_READ_ONLY);
        strncpy((char *)config.info.lo_file_name, path, LO_NAME_SIZE - 1);
        if (!ioctl(dev, LOOP_CONFIGURE, &config)) {
            *number = n;
            rc = dev;
        } else {
            rc = -errno;
            close(dev);
        }
    }
    pthread_mutex_unlock(&attaching);
    close(control);
    return rc;
}

void loop_detach(int number, bool created)
{
    char node[64];
    int fd, i, rc = -1;

    if (created && number < NR_LOOPS) {
        pthread_mutex_lock(&attaching);
        made[number] = true;
        pthread_mutex_unlock(&attaching);
    }
    for (i = 0; i < WAIT_STEPS && loop_in_use(number); i++)
        usleep(WAIT_STEP_US);
    if (loop_in_use(number)) {
        snprintf(node, sizeof(node), "/dev/loop%d", number);
        fd = open(node, O_RDONLY | O_CLOEXEC);
        if (fd >= 0) {
            ioctl(fd, LOOP_CLR_FD);
            close(fd);
        }
    }
    if (!created)
        return;
    fd = open("/dev/loop-control", O_RDWR | O_CLOEXEC);
    if (fd < 0)
        return;
    for (i = 0; i < 10 && rc; i++) {
        pthread_mutex_lock(&attaching);
        rc = ioctl(fd, LOOP_CTL_REMOVE, number) && errno == EBUSY ? -1 : 0;
        if (!rc && number < NR_LOOPS)
            made[number] = false;
        pthread_mutex_unlock(&attaching);
        if (rc)
            usleep(WAIT_STEP_US);
    }
    close(fd);
}
