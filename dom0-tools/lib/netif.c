/* SPDX-License-Identifier: GPL-2.0-only */
/* Network interfaces, through the classic ioctls. Names were checked by ifname_ok(). */
#include "dom0-tools/lib/netif.h"

#include <errno.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

bool netif_exists(const char *name)
{
    return if_nametoindex(name) != 0;
}

bool netif_is_bridge(const char *name)
{
    char path[80];

    snprintf(path, sizeof(path), "/sys/class/net/%s/bridge", name);
    return !access(path, F_OK);
}

static int request(unsigned long op, struct ifreq *r)
{
    int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0), rc;

    if (fd < 0)
        return -errno;
    rc = ioctl(fd, op, r) ? -errno : 0;
    close(fd);
    return rc;
}

static struct ifreq named(const char *name)
{
    struct ifreq r = {0};

    strncpy(r.ifr_name, name, IFNAMSIZ - 1);
    return r;
}

int netif_rename(const char *from, const char *to)
{
    struct ifreq r = named(from);

    strncpy(r.ifr_newname, to, IFNAMSIZ - 1);
    return request(SIOCSIFNAME, &r);
}

int netif_up(const char *name)
{
    struct ifreq r = named(name);
    int rc = request(SIOCGIFFLAGS, &r);

    if (rc)
        return rc;
    r.ifr_flags |= IFF_UP;
    return request(SIOCSIFFLAGS, &r);
}

int netif_add_to_bridge(const char *bridge, const char *name)
{
    struct ifreq r = named(bridge);

    r.ifr_ifindex = (int)if_nametoindex(name);
    if (!r.ifr_ifindex)
        return -ENODEV;
    return request(SIOCBRADDIF, &r);
}
