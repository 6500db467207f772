/* SPDX-License-Identifier: GPL-2.0-only */
/* The one file that calls libxenforeignmemory. It includes none of our ABI headers: the library's
 * own header brings the same names. */
#include "dom0-tools/lib/foreign.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <xenforeignmemory.h>

#define PAGE                 4096
#define RESOURCE_GRANT_TABLE 1 /* XENMEM_resource_grant_table */

struct foreign {
    xenforeignmemory_handle *handle;
};

int foreign_open(struct foreign **f)
{
    struct foreign *new = calloc(1, sizeof(*new));

    if (!new)
        return -ENOMEM;
    new->handle = xenforeignmemory_open(NULL, 0);
    if (!new->handle) {
        int rc = errno ? -errno : -ENODEV;

        free(new);
        return rc;
    }
    *f = new;
    return 0;
}

void foreign_close(struct foreign *f)
{
    if (!f)
        return;
    xenforeignmemory_close(f->handle);
    free(f);
}

void *foreign_map(struct foreign *f, uint32_t domid, const uint64_t *mfns, size_t count)
{
    return xenforeignmemory_map(f->handle, domid, PROT_READ | PROT_WRITE, count,
                                (const xen_pfn_t *)mfns, NULL);
}

void foreign_unmap(struct foreign *f, void *p, size_t count)
{
    if (p)
        xenforeignmemory_unmap(f->handle, p, count);
}

long foreign_read(struct foreign *f, uint32_t domid, const uint64_t *mfns, size_t count, void *to)
{
    int *refused = calloc(count, sizeof(*refused));
    const char *p;
    long missing = 0;
    size_t i;

    if (!refused)
        return -ENOMEM;
    p = xenforeignmemory_map(f->handle, domid, PROT_READ, count, (const xen_pfn_t *)mfns, refused);
    for (i = 0; p && i < count; i++) {
        if (!refused[i])
            memcpy((char *)to + i * PAGE, p + i * PAGE, PAGE);
        else
            memset((char *)to + i * PAGE, 0, PAGE);
        missing += refused[i] != 0;
    }
    if (!p)
        missing = errno ? -errno : -EIO;
    else
        xenforeignmemory_unmap(f->handle, (void *)(uintptr_t)p, count);
    free(refused);
    return missing;
}

void *foreign_map_grants(struct foreign *f, uint32_t domid, void **handle)
{
    void *p = NULL;

    *handle = xenforeignmemory_map_resource(f->handle, (domid_t)domid, RESOURCE_GRANT_TABLE, 0, 0,
                                            1, &p, PROT_READ | PROT_WRITE, 0);
    return *handle ? p : NULL;
}

void foreign_unmap_grants(struct foreign *f, void *handle)
{
    if (handle)
        xenforeignmemory_unmap_resource(f->handle, handle);
}
