/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef DOM0_TOOLS_LIB_HV_H
#define DOM0_TOOLS_LIB_HV_H

/*
 * Hypercalls of the tools, through libxencall. All functions may be called from any thread; they
 * return 0 (or a count) or a negative errno, as the hypervisor gave it.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct hv;
struct pavo_record;
struct vcpu_guest_context;

/* -ENOENT, -ENODEV: not on this hypervisor or its driver is missing; -EACCES: not root. */
int hv_open(struct hv **h);
void hv_close(struct hv *h);

/* Version and the words behind it, e.g. "4.17.0-pavo". */
int hv_version(struct hv *h, char *text, size_t size);

struct hv_domain {
    uint32_t domid;
    bool dying, shutdown, paused, blocked, running;
    uint8_t shutdown_code; /* SHUTDOWN_* of pv-abi/sched.h */
    uint64_t tot_pages, max_pages;
    uint64_t shared_info_mfn;
    uint64_t cpu_time_ns;
    uint32_t nr_online_vcpus, nr_vcpus;
    uint8_t uuid[16];
};

/* -ESRCH when there is no domain of that number. */
int hv_domain_info(struct hv *h, uint32_t domid, struct hv_domain *info);
/* Up to @max domains from @first upwards; returns their number. */
int hv_domain_list(struct hv *h, uint32_t first, struct hv_domain *list, size_t max);

struct hv_create {
    uint8_t uuid[16];
    uint32_t max_vcpus;
    uint32_t max_evtchn_port;
    uint32_t max_grant_frames, max_maptrack_frames;
};

int hv_domain_create(struct hv *h, const struct hv_create *c, uint32_t *domid);
int hv_domain_set_max_vcpus(struct hv *h, uint32_t domid, uint32_t max);
int hv_domain_set_max_mem(struct hv *h, uint32_t domid, uint64_t kib);
int hv_domain_destroy(struct hv *h, uint32_t domid);
int hv_domain_pause(struct hv *h, uint32_t domid);
int hv_domain_unpause(struct hv *h, uint32_t domid);
int hv_domain_set_uuid(struct hv *h, uint32_t domid, const uint8_t uuid[16]);
int hv_vcpu_set_context(struct hv *h, uint32_t domid, uint32_t vcpu,
                        const struct vcpu_guest_context *c);
/* -EINVAL no such vCPU; -ENODATA one that was never started. */
int hv_vcpu_get_context(struct hv *h, uint32_t domid, uint32_t vcpu, struct vcpu_guest_context *c);
/* Writes hypercall stubs into a page of the domain. */
int hv_hypercall_page_fill(struct hv *h, uint32_t domid, uint64_t mfn);

struct hv_vcpu {
    bool online, blocked, running;
    uint32_t cpu; /* where it runs, or ran last */
    uint64_t cpu_time_ns;
    uint64_t affinity; /* CPUs that it may run on, one bit each */
};

/* -ESRCH when the domain has no such vCPU. */
int hv_vcpu_info(struct hv *h, uint32_t domid, uint32_t vcpu, struct hv_vcpu *info);
/* -EINVAL when none of the CPUs exists. */
int hv_vcpu_set_affinity(struct hv *h, uint32_t domid, uint32_t vcpu, uint64_t cpus);

/* The domain's part of the CPUs: @weight 1 to 65535, @cap in percent of one CPU, 0: none. */
int hv_sched_get(struct hv *h, uint32_t domid, uint32_t *weight, uint32_t *cap);
int hv_sched_set(struct hv *h, uint32_t domid, uint32_t weight, uint32_t cap);

/*
 * Sets memory aside so that the domain can grow to @pages; 0 gives back what it did not use.
 * -ENOMEM; -EINVAL when it has that much already, has a claim, or may not have so much.
 */
int hv_claim(struct hv *h, uint32_t domid, uint64_t pages);
/*
 * Gives the domain @nr extents of 2^@order pages. @frames: in, first pfn of each; out, first mfn.
 * Returns how many were given (fewer than @nr when memory ran out).
 */
long hv_populate(struct hv *h, uint32_t domid, unsigned int order, uint64_t *frames, size_t nr);
/* The guest's view of its memory: [0, @bytes) is RAM. */
int hv_set_memory_map(struct hv *h, uint32_t domid, uint64_t bytes);
/* Pins @mfn as top-level page table of the domain. */
int hv_pin_root(struct hv *h, uint32_t domid, uint64_t mfn);
/* A new port of @domid that @remote may bind. */
int hv_evtchn_alloc(struct hv *h, uint32_t domid, uint32_t remote, uint32_t *port);

/* Frames of the domain's grant table: taken, and the limit. */
int hv_grant_frames(struct hv *h, uint32_t domid, uint32_t *used, uint32_t *max);

/* Reads the hypervisor's log into @buf (NUL added); *@len bytes. */
int hv_log_read(struct hv *h, char *buf, size_t size, size_t *len);

/* Counters of all domains, from now on (if they are not there already) or gone. */
int hv_perf(struct hv *h, bool on);
/* Those of one domain, struct pavo_perf as 64-bit words, at most @max; returns how many. -ENODATA: off. */
int hv_perf_read(struct hv *h, uint32_t domid, uint64_t *words, size_t max);

/* Traces, see pv-abi/pavo.h. -EBUSY: another is there; -ENODATA: none is. */
int hv_trace_start(struct hv *h, uint32_t mask, uint32_t records);
int hv_trace_freeze(struct hv *h);
int hv_trace_stop(struct hv *h);
/* Takes up to PAVO_TRACE_READ_MAX records of @cpu out; returns how many. */
long hv_trace_read(struct hv *h, uint32_t cpu, struct pavo_record *records, uint64_t *lost);

struct hv_host {
    uint64_t total_pages, free_pages, hypervisor_pages;
    uint64_t claimed_pages; /* of the free ones: set aside for domains */
    uint64_t dom0_event_channels, grant_mappings;
    uint32_t domains;
    uint32_t nr_cpus, cpu_khz;
};

/*
 * -ENOSYS (or what the hypervisor says) when it is not Pavo, unless built with PAVO_ORACLE: then
 * the counters that only Pavo keeps read 0.
 */
int hv_host_info(struct hv *h, struct hv_host *host);

#endif
