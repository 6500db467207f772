// SPDX-License-Identifier: GPL-2.0-only
/*
 * Preloaded into Debian's store daemons so that they run without a hypervisor, as the peers that
 * stored is compared with: every domain up to 100 exists, dom0's ring is a file, events go nowhere.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

static int events = -1;
static int handle;

void *xenevtchn_open(void *logger, unsigned int flags)
{
    (void)logger;
    (void)flags;
    events = eventfd(0, 0);
    return &handle;
}

int xenevtchn_fd(void *h)
{
    (void)h;
    return events;
}

int xenevtchn_bind_virq(void *h, unsigned int virq)
{
    (void)h;
    (void)virq;
    return 1;
}

int xenevtchn_bind_interdomain(void *h, unsigned int domid, unsigned int port)
{
    (void)h;
    (void)domid;
    (void)port;
    return 2;
}

int xenevtchn_unbind(void *h, unsigned int port)
{
    (void)h;
    (void)port;
    return 0;
}

int xenevtchn_notify(void *h, unsigned int port)
{
    (void)h;
    (void)port;
    return 0;
}

int xenevtchn_unmask(void *h, unsigned int port)
{
    (void)h;
    (void)port;
    return 0;
}

int xenevtchn_pending(void *h)
{
    (void)h;
    errno = EAGAIN;
    return -1;
}

void *xengnttab_open(void *logger, unsigned int flags)
{
    (void)logger;
    (void)flags;
    return &handle;
}

int xengnttab_close(void *h)
{
    (void)h;
    return 0;
}

int xengnttab_set_max_grants(void *h, unsigned int count)
{
    (void)h;
    (void)count;
    return 0;
}

void *xengnttab_map_grant_ref(void *h, unsigned int domid, unsigned int ref, int prot)
{
    void *page = aligned_alloc(4096, 4096);

    (void)h;
    (void)domid;
    (void)ref;
    (void)prot;
    if (page)
        memset(page, 0, 4096);
    return page;
}

int xengnttab_unmap(void *h, void *page, unsigned int count)
{
    (void)h;
    (void)count;
    free(page);
    return 0;
}

void *xc_interface_open(void *logger, void *dombuild_logger, unsigned int flags)
{
    (void)logger;
    (void)dombuild_logger;
    (void)flags;
    return &handle;
}

int xc_interface_close(void *h)
{
    (void)h;
    return 0;
}

/* The first words of the record: number, label, then the flags (none: running). */
int xc_domain_getinfo(void *h, unsigned int first, unsigned int max, unsigned int *info)
{
    (void)h;
    (void)max;
    if (first > 100)
        return 0;
    info[0] = first;
    info[1] = info[2] = 0;
    return 1;
}

/* dom0's ring and port: files named by the environment. */
static const char *instead(const char *path)
{
    if (!strcmp(path, "/proc/xen/xsd_port"))
        return getenv("SHIM_PORT");
    if (!strcmp(path, "/proc/xen/xsd_kva"))
        return getenv("SHIM_RING");
    return path;
}

int open(const char *path, int flags, ...)
{
    va_list ap;
    int mode;

    va_start(ap, flags);
    mode = va_arg(ap, int);
    va_end(ap);
    return openat(AT_FDCWD, instead(path), flags, mode);
}

/* oxenstored insists on more descriptors than we may have; it needs few here. */
int setrlimit(int resource, const void *limit)
{
    (void)resource;
    (void)limit;
    return 0;
}

/* The place of its socket is built into oxenstored: it goes where the environment says. */
static int is_built_in(const char *path)
{
    return getenv("SHIM_SOCKET") && !strncmp(path, "/var/run/xenstored", 18);
}

int bind(int fd, const struct sockaddr *addr, socklen_t len)
{
    int (*next)(int, const struct sockaddr *, socklen_t) = dlsym(RTLD_NEXT, "bind");
    struct sockaddr_un un = {.sun_family = AF_UNIX};

    if (addr->sa_family != AF_UNIX || !is_built_in(((const struct sockaddr_un *)addr)->sun_path))
        return next(fd, addr, len);
    strncpy(un.sun_path, getenv("SHIM_SOCKET"), sizeof(un.sun_path) - 1);
    return next(fd, (struct sockaddr *)&un, sizeof(un));
}

int mkdir(const char *path, mode_t mode)
{
    int (*next)(const char *, mode_t) = dlsym(RTLD_NEXT, "mkdir");

    return is_built_in(path) ? 0 : next(path, mode);
}

int unlink(const char *path)
{
    int (*next)(const char *) = dlsym(RTLD_NEXT, "unlink");

    return is_built_in(path) ? 0 : next(path);
}
