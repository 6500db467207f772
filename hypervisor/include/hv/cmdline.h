/* SPDX-License-Identifier: GPL-2.0-only */
/* The hypervisor's command line: NAME=VALUE and NAME words; unknown ones are logged. core/cmdline.c. */
#ifndef HV_CMDLINE_H
#define HV_CMDLINE_H

#include <hv/types.h>

#define LOGLVL_DEFAULT 3u /* errors, warnings, information */

struct cmdline_options {
    uint64_t dom0_mem_pages;      /* dom0_mem=SIZE[KMG][,max:SIZE] ; 0: default */
    unsigned int dom0_max_vcpus;  /* 0: as many as CPUs */
    unsigned int hypercall_delay; /* instructions added to each hypercall, to test measuring */
    unsigned int loglvl; /* none|error|warning|info|debug: so many levels are on the console */
    bool noreboot;
    bool nosmp;
    char console[16]; /* "com1" (default), "com2", "none" */
    unsigned int console_baud;
};
extern struct cmdline_options options;
void cmdline_parse(const char *s);
/* The line itself, as it was parsed. */
extern char cmdline_text[1024];

#endif
