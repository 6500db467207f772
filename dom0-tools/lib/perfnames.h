/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef DOM0_TOOLS_LIB_PERFNAMES_H
#define DOM0_TOOLS_LIB_PERFNAMES_H

/* Names of what the hypervisor counts and traces (pv-abi/pavo.h). All are static; none is NULL. */

#include <stdbool.h>
#include <stdint.h>

const char *perf_hypercall_name(uint32_t nr);
const char *perf_trap_name(uint32_t vector); /* as counted: 32 is int $0x80 */
const char *perf_emulated_name(uint32_t what);
const char *perf_event_name(uint32_t event); /* PAVO_EV_*; also what groups are made of */

/*
 * Events that a list such as "hypercall,switch" means, as a mask. False with *@bad at the first word
 * that means none.
 */
bool perf_events_parse(const char *list, uint32_t *mask, const char **bad);
/* The words it knows, with commas between them. */
const char *perf_events_words(void);

#endif
