/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef DOM0_TOOLS_DOMD_REQUEST_H
#define DOM0_TOOLS_DOMD_REQUEST_H

/* What the functions behind a client's requests have in common; each is in the table in requests.c. */

#include "dom0-tools/domd/domd.h"

/* One request: @in its document; @out the answer, an open object; @pass a descriptor to hand over. */
struct request {
    const struct json *in;
    struct json_out *out;
    struct err *e;
    int pass;
};

/* The member "name"; NULL with the error set. */
const char *need_name(struct request *r);
/* The guest of that name, held; NULL with the error set. */
struct vm *need_vm(struct request *r);
/* Sets the error for a hypercall that failed with @rc. Returns -1. */
int hv_failed(struct request *r, const char *name, int rc);

/* cpus.c: what may be done to dom0 too. */
struct target {
    struct vm *vm; /* held; NULL: dom0 */
    uint32_t domid;
    const char *name;
};
/* The domain that the request names; a guest that has ended is refused. -1 with the error set. */
int target_get(struct request *r, struct target *t);
void target_put(struct target *t);
/* Keeps the guest's changed config. */
int target_record(struct request *r, const struct target *t);
int op_vcpu_list(struct request *r);
int op_vcpu_set(struct request *r);
int op_vcpu_pin(struct request *r);
int op_sched(struct request *r);

/* memory.c */
int op_mem_set(struct request *r);
int op_mem_max(struct request *r);

#endif
