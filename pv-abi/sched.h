/* SPDX-License-Identifier: MIT */
/*
 * Giving up the CPU, shutting down, waiting for ports, the watchdog.
 * Source: Xen 4.17 public/sched.h.
 */
#ifndef PV_ABI_SCHED_H
#define PV_ABI_SCHED_H

#define SCHEDOP_yield           0
#define SCHEDOP_block           1
#define SCHEDOP_shutdown        2
#define SCHEDOP_poll            3
#define SCHEDOP_remote_shutdown 4
#define SCHEDOP_shutdown_code   5
#define SCHEDOP_watchdog        6
#define SCHEDOP_pin_override    7

#define SHUTDOWN_poweroff   0
#define SHUTDOWN_reboot     1
#define SHUTDOWN_suspend    2
#define SHUTDOWN_crash      3
#define SHUTDOWN_watchdog   4
#define SHUTDOWN_soft_reset 5
#define SHUTDOWN_MAX        5

#ifndef __ASSEMBLER__
#include "pv-abi/types.h"

struct sched_shutdown {
    uint32_t reason; /* SHUTDOWN_* */
};

struct sched_poll {
    uint64_t ports; /* guest address of nr_ports evtchn_port_t */
    uint32_t nr_ports;
    uint32_t _pad;
    uint64_t timeout; /* system time in ns; 0: none */
};

struct sched_remote_shutdown {
    domid_t domain_id;
    uint16_t _pad;
    uint32_t reason;
};

struct sched_watchdog {
    uint32_t id;      /* 0: a new one */
    uint32_t timeout; /* seconds; 0 stops it */
};
#endif
#endif
