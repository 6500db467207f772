/* SPDX-License-Identifier: GPL-2.0-only */
/* The one file that calls libxengnttab. */
#include "dom0-tools/lib/grant.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <xengnttab.h>

struct grant {
    xengnttab_handle *handle;
};

int grant_open(struct grant **g)
{
    struct grant *new = calloc(1, sizeof(*new));

    if (!new)
        return -ENOMEM;
    new->handle = xengnttab_open(NULL, 0);
    if (!new->handle) {
        int rc = errno ? -errno : -ENODEV;

        free(new);
        return rc;
    }
    *g = new;
    return 0;
}

void grant_close(struct grant *g)
{
    if (!g)
        return;
    xengnttab_close(g->handle);
    free(g);
}

void *grant_map(struct grant *g, uint32_t domid, uint32_t ref)
{
    return xengnttab_map_grant_ref(g->handle, domid, ref, PROT_READ | PROT_WRITE);
}

void grant_unmap(struct grant *g, void *page)
{
    if (page)
        xengnttab_unmap(g->handle, page, 1);
}
