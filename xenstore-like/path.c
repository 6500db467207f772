// SPDX-License-Identifier: GPL-2.0-only
/* Paths of nodes. */
#include "xenstore-like/path.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "pv-abi/io/xs_wire.h"

#define DOMAIN_PREFIX "/local/domain/"

static bool name_char(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '_' || c == '@';
}

/* Length of "/local/domain/N/" at the start of @path, 0 without it. */
static size_t domain_part(const char *path)
{
    size_t len = sizeof(DOMAIN_PREFIX) - 1, digits;

    if (strncmp(path, DOMAIN_PREFIX, len))
        return 0;
    digits = strspn(path + len, "0123456789");
    if (!digits || path[len + digits] != '/')
        return 0;
    return len + digits + 1;
}

int path_canonical(const char *path, uint32_t domid, char *to)
{
    size_t len = strlen(path), i;
    int prefix = 0;

    if (path[0] == '@')
        return -EINVAL; /* reserved for what is no node */
    if (path[0] != '/')
        prefix = sprintf(to, DOMAIN_PREFIX "%u/", domid);
    if (prefix + len > XENSTORE_ABS_PATH_MAX)
        return -EINVAL;
    memcpy(to + prefix, path, len + 1);
    len += prefix;
    if (len - domain_part(to) > XENSTORE_REL_PATH_MAX)
        return -EINVAL;
    if (len == 1)
        return prefix; /* "/" */
    for (i = 0; i < len; i++) {
        if (to[i] == '/' ? to[i + 1] == '/' || to[i + 1] == '\0' : !name_char(to[i]))
            return -EINVAL;
    }
    return prefix;
}
