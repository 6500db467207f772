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

/* True while a file is attached. */
static bool in_use(int number)
{
    char path[64];

    snprintf(path, sizeof(path), "/sys/block/loop%d/loop/backing_file", number);
    return !access(path, F_OK);
}

/* True while the file @path is. */
static bool serves(int number, const char *path)
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

/*
 * Guards the nodes, and attaching: two at once would be given the same one, and the one who made it
 * might not be the one to have it.
 *
 * A device is free as soon as its last user has closed it, and may be given to the next before the
 * one who had it gets round to detach it. So who had it is counted: whoever is last removes the node.
 */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct {
    bool made; /* by us, and still there */
    unsigned int owners;
} nodes[NR_LOOPS];

int loop_attach(int fd, const char *path, bool writable, int *number, bool *created)
{
    int control = open("/dev/loop-control", O_RDWR | O_CLOEXEC), rc = -EBUSY, i;

    if (control < 0)
        return -errno;
    pthread_mutex_lock(&lock);
    for (i = 0; i < TRIES && rc == -EBUSY; i++) {
        struct loop_config config = {.fd = (uint32_t)fd};
        int missing = first_missing(), n = ioctl(control, LOOP_CTL_GET_FREE), dev;
        char node[64];

        if (n < 0) {
            rc = -errno;
            break;
        }
        if (n >= NR_LOOPS) {
            rc = -ENFILE;
            break;
        }
        nodes[n].made = nodes[n].made || n == missing;
        snprintf(node, sizeof(node), "/dev/loop%d", n);
        dev = open(node, (writable ? O_RDWR : O_RDONLY) | O_CLOEXEC);
        if (dev < 0) {
            rc = -errno;
            break;
        }
        config.info.lo_flags = LO_FLAGS_AUTOCLEAR | (writable ? 0 : LO_FLAGS_READ_ONLY);
        strncpy((char *)config.info.lo_file_name, path, LO_NAME_SIZE - 1);
        if (!ioctl(dev, LOOP_CONFIGURE, &config)) {
            nodes[n].owners++;
            *created = nodes[n].made;
            *number = n;
            rc = dev;
        } else {
            rc = -errno;
            close(dev);
        }
    }
    pthread_mutex_unlock(&lock);
    close(control);
    return rc;
}

void loop_adopt(int number, bool created)
{
    if (number < 0 || number >= NR_LOOPS)
        return;
    pthread_mutex_lock(&lock);
    nodes[number].owners++;
    nodes[number].made = nodes[number].made || created;
    pthread_mutex_unlock(&lock);
}

static bool has_owner(int number)
{
    bool has;

    pthread_mutex_lock(&lock);
    has = nodes[number].owners;
    pthread_mutex_unlock(&lock);
    return has;
}

/* 0, -EBUSY while it has a user, or another negative errno. Nothing to do when it has an owner again. */
static int remove_node(int control, int number)
{
    int rc = 0;

    pthread_mutex_lock(&lock);
    if (!nodes[number].owners && nodes[number].made) {
        rc = ioctl(control, LOOP_CTL_REMOVE, number) ? -errno : 0;
        nodes[number].made = rc == -EBUSY;
    }
    pthread_mutex_unlock(&lock);
    return rc;
}

void loop_detach(int number, const char *path)
{
    char node[64];
    int fd, i;

    if (number < 0 || number >= NR_LOOPS)
        return;
    pthread_mutex_lock(&lock);
    nodes[number].owners--;
    pthread_mutex_unlock(&lock);
    for (i = 0; i < WAIT_STEPS && !has_owner(number) && serves(number, path); i++)
        usleep(WAIT_STEP_US);
    if (!has_owner(number) && serves(number, path)) {
        snprintf(node, sizeof(node), "/dev/loop%d", number);
        fd = open(node, O_RDONLY | O_CLOEXEC);
        if (fd >= 0) {
            ioctl(fd, LOOP_CLR_FD);
            close(fd);
        }
    }
    fd = open("/dev/loop-control", O_RDWR | O_CLOEXEC);
    if (fd < 0)
        return;
    for (i = 0; i < 10 && !in_use(number) && remove_node(fd, number) == -EBUSY; i++)
        usleep(WAIT_STEP_US);
    close(fd);
}
