/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Runs in dom0: maps one frame of a domain and keeps it until it is killed, so that the domain, once
 * destroyed, stays on its way out.   hold DOMID MFN
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include <xenforeignmemory.h>

int main(int argc, char **argv)
{
    xenforeignmemory_handle *h = xenforeignmemory_open(NULL, 0);
    xen_pfn_t mfn = argc == 3 ? strtoul(argv[2], NULL, 10) : 0;
    int failed = 0;
    void *p = h && mfn ? xenforeignmemory_map(h, (uint32_t)strtoul(argv[1], NULL, 10), PROT_READ, 1,
                                              &mfn, &failed)
                       : NULL;

    if (!p || failed)
        return 1;
    puts("held");
    fflush(stdout);
    pause();
    return 0;
}
