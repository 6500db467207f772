/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A machine of a few frames and two domains around core/pagetype.c and arch/x86/mm.c, driven by byte
 * strings, and a judge that counts all references anew from the tables and compares.
 */
#ifndef TESTS_PT_MODEL_H
#define TESTS_PT_MODEL_H

#include <asm/mm.h>
#include <hv/arch.h>

#define MODEL_FRAMES  48u
#define MODEL_DOMAINS 2u

void model_reset(void);
struct domain *model_domain(unsigned int i);
struct frame *model_frame(unsigned int mfn);
uint64_t *model_page(unsigned int mfn);
/* Frames [first, first + nr) are of domain @i. */
void model_own(unsigned int i, unsigned int first, unsigned int nr);
/* The guest stores @val itself, if some mapping could let it: false if the frame is a table. */
bool model_guest_store(unsigned int mfn, unsigned int index, uint64_t val);
/* Preemption says "stop" at each n-th question; 0: never. */
extern unsigned int model_preempt_every;
/* What another CPU does while this one waits: called once. */
extern void (*model_spin)(void);
/* Called at each event, such as a written entry, while perf_flags is not 0. */
extern void (*model_note)(void);
extern uint64_t model_flushed_cpus; /* by the last flush that a guest asked for */
extern s_time_t model_now;          /* what now_ns() says */
/* Work off devalidation, then compare all counts. Aborts with a line on stderr if one is wrong. */
void model_judge(void);
/* Destroy both domains' tables: every count must come down to the allocation. */
void model_destroy(void);
/* Interpret @n bytes as operations, judging after each. */
void model_run(const uint8_t *ops, size_t n);

extern unsigned int model_type_flushes; /* flushes of stale translations before a type change */

#endif
