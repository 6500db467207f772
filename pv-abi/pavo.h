/* SPDX-License-Identifier: MIT */
/*
 * Pavo's own operations, under numbers of its own: 0x5041 ("PA") and 16 bits.
 */
#ifndef PV_ABI_PAVO_H
#define PV_ABI_PAVO_H

/* sysctl, interface version 0x15: the argument is struct pavo_host_info in the union. */
#define XEN_SYSCTL_pavo_host_info 0x50410001
#define PAVO_HOST_INFO_VERSION    1
/* sysctl: struct pavo_perf_op. domctl, interface version 0x15: struct pavo_perf_read. */
#define XEN_SYSCTL_pavo_perf      0x50410002
#define XEN_DOMCTL_pavo_perf      0x50410001
#define PAVO_PERF_VERSION         1
/* sysctl: struct pavo_trace_op. */
#define XEN_SYSCTL_pavo_trace     0x50410003

/* What is counted and traced, and the argument that goes with it. */
#define PAVO_EV_LOST          0  /* trace: this many records of this CPU are missing here */
#define PAVO_EV_HYPERCALL     1  /* begins; its number, or PAVO_HYPERCALL_OTHER */
#define PAVO_EV_HYPERCALL_END 2  /* the same; with PAVO_HYPERCALL_AGAIN: it will go on */
#define PAVO_EV_TRAP          3  /* of the guest; vector */
#define PAVO_EV_SYSCALL       4  /* handed to the guest's kernel; 0 */
#define PAVO_EV_EMULATE       5  /* privileged instruction, also a refused one; PAVO_EMUL_* */
#define PAVO_EV_PT_WRITE      6  /* page-table entry written; level */
#define PAVO_EV_MODE_SWITCH   7  /* root and GS changed; 0: to guest user mode, 1: to its kernel */
#define PAVO_EV_BASEPTR       8  /* root of another process loaded; 0 */
#define PAVO_EV_SEND          9  /* by EVTCHNOP_send; the sender's port */
#define PAVO_EV_EVENT         10 /* has become pending; the receiver's port */
#define PAVO_EV_UPCALL        11 /* guest entered at its event callback; 0 */
#define PAVO_EV_WAKE          12 /* runnable; CPU */
#define PAVO_EV_SWITCH_IN     13 /* runs from now on; 1: its CPU was idle */
#define PAVO_EV_SWITCH_OUT    14 /* runs no more; 1: its CPU goes idle */
#define PAVO_EV_TLB_LOCAL     15 /* all of this CPU's translations flushed; 0 */
#define PAVO_EV_TLB_PAGE      16 /* one page's, on this CPU; 0 */
#define PAVO_EV_TLB_REMOTE    17 /* another CPU interrupted to flush; which */
#define PAVO_EV_GRANT_MAP     18 /* domain that granted */
#define PAVO_EV_GRANT_UNMAP   19 /* handle */
#define PAVO_EV_GRANT_COPY    20 /* bytes */
#define PAVO_EV_INTERRUPT     21 /* of the machine, while the vcpu was current; vector */
#define PAVO_EVENTS           22

#define PAVO_HYPERCALL_OTHER 63u
#define PAVO_HYPERCALL_AGAIN 0x80000000u

/* Instructions carried out for a guest: privileged ones, then stores to page tables. */
#define PAVO_EMUL_FORCED_CPUID 18
#define PAVO_EMUL_PT_STORE     24

#ifndef __ASSEMBLER__
#include "pv-abi/types.h"

/* What the whole host uses. Written by the hypervisor. */
struct pavo_host_info {
    uint32_t version;    /* PAVO_HOST_INFO_VERSION */
    uint32_t nr_domains; /* dom0 and dying domains included */
    uint64_t total_pages;
    uint64_t free_pages;
    uint64_t hypervisor_pages;
    uint64_t dom0_event_channels; /* ports of dom0 that are not free */
    uint64_t grant_mappings;      /* mappings of granted frames, all domains together */
};

ABI_SIZE(struct pavo_host_info, 48);
ABI_OFFSET(struct pavo_host_info, total_pages, 8);

/* Counters of all domains: given, from 0 (if they are not there already), or gone. */
struct pavo_perf_op {
    uint32_t on; /* 1, 0 */
};

/* One domain's counters are copied to @buffer; -ENODATA counting is off. */
struct pavo_perf_read {
    uint64_t buffer; /* guest address of a struct pavo_perf */
    uint32_t size;   /* in: room; out: bytes written. Later versions add at the end */
    uint32_t _pad;
};

struct pavo_perf {
    uint32_t version;          /* PAVO_PERF_VERSION */
    uint32_t size;             /* bytes of it that mean something */
    uint64_t since_ns, now_ns; /* system time: counted between these */
    uint64_t events[32];       /* by PAVO_EV_* */
    uint64_t sums[32];         /* of their arguments: bytes copied by grants, for example */
    uint64_t hypercalls[64];   /* by number; without those that go on later */
    uint64_t hypercall_ns[64]; /* in them; a multicall's without what it called */
    uint64_t traps[40];        /* by vector; 32: int $0x80, 39: others */
    uint64_t emulated[40];     /* by PAVO_EMUL_* */
    uint64_t wake_us[32];      /* woken to running: [0] below 1 us, [n] below 2^n, [31] all more */
};

ABI_SIZE(struct pavo_perf, 2456);

#define PAVO_TRACE_START  0 /* into fresh rings; -EBUSY they are there */
#define PAVO_TRACE_FREEZE 1 /* nothing more is recorded; what is may be read */
#define PAVO_TRACE_READ   2 /* takes records of one CPU out */
#define PAVO_TRACE_STOP   3 /* rings are gone */

#define PAVO_TRACE_RECORDS_MIN 256u
#define PAVO_TRACE_RECORDS_MAX (1u << 20)
#define PAVO_TRACE_READ_MAX    4096u

/* -ENODATA: there are no rings. */
struct pavo_trace_op {
    uint32_t cmd;  /* PAVO_TRACE_* */
    uint32_t cpu;  /* READ: whose; -ENOENT: beyond the last */
    uint32_t mask; /* START: events to record, 1 << PAVO_EV_* */
    /* START: ring of each CPU, a power of 2. READ: room, READ_MAX are used of it; out: how many. */
    uint32_t records;
    uint64_t buffer; /* READ: guest address of struct pavo_record[] */
    uint64_t lost;   /* READ: <- records that found the CPU's ring full so far */
};

struct pavo_record {
    uint64_t time_ns; /* system time; not going back within one CPU */
    uint8_t event;    /* PAVO_EV_* */
    uint8_t vcpu;
    uint16_t domid;
    uint32_t arg;
};

ABI_SIZE(struct pavo_perf_op, 4);
ABI_SIZE(struct pavo_perf_read, 16);
ABI_SIZE(struct pavo_trace_op, 32);
ABI_SIZE(struct pavo_record, 16);
#endif

#endif
