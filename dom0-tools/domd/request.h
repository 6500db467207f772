/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef DOM0_TOOLS_DOMD_REQUEST_H
#define DOM0_TOOLS_DOMD_REQUEST_H

/* One request of a client, and what the functions that serve one have in common. */

#include <stdbool.h>
#include <stdint.h>

struct err;
struct hv_domain;
struct json;
struct json_out;
struct vm;

/*
 * @in its document; @given a descriptor that came with it, or -1; @out the answer, an open object; @pass
 * a descriptor to hand over, or -1.
 */
struct request {
    int client, given;
    const struct json *in;
    struct json_out *out;
    struct err *e;
    int pass;
    bool records; /* after the answer, a trace follows */
    bool stream;  /* after the answer, events follow, from this one on */
    uint64_t first_event;
};

/* The member "name"; NULL with the error set. */
const char *need_name(struct request *r);
/* The guest it names, held, of which the answer tells who it is; NULL with the error set. */
struct vm *need_vm(struct request *r);
/* Members name, id and uuid of the answer: for a guest of which they change meanwhile, at the end. */
void answer_vm(struct request *r, const struct vm *vm);
/* Only one that has not ended. */
struct vm *need_live_vm(struct request *r);
/* -1 with the error set: @rc is what the hypervisor said. */
int hv_failed(struct request *r, const char *name, int rc);

/* manage.c */
int op_events(struct request *r);
int op_rename(struct request *r);
int op_reset(struct request *r);
int op_sysrq(struct request *r);
int op_wait(struct request *r);

/* dump.c */
int op_dump_core(struct request *r);

/* device-requests.c */
int op_block_attach(struct request *r);
int op_block_detach(struct request *r);
int op_block_list(struct request *r);
int op_network_attach(struct request *r);
int op_network_detach(struct request *r);
int op_network_list(struct request *r);

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
/* Calls @tell for the domain that the request names or, if it names none, for all of them, between the
 * brackets of an array called @key. */
int tell_each(struct request *r, const char *key,
              int (*tell)(struct request *r, const struct hv_domain *d, const char *name));
int op_vcpu_list(struct request *r);
int op_vcpu_set(struct request *r);
int op_vcpu_pin(struct request *r);
int op_sched(struct request *r);

/* perf.c */
int op_perf(struct request *r);
int op_trace(struct request *r);

/* memory.c */
int op_mem_set(struct request *r);
int op_mem_max(struct request *r);

#endif
