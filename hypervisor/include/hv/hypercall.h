/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Hypercall dispatch. core/hypercall.c has the one table.
 *
 * A handler that runs out of its slice puts its progress into current->hc_args[] (the arguments as the
 * guest passed them, 0 based) and returns HC_CONTINUE: the dispatcher makes the guest issue the call
 * again with these arguments (also from within a multicall). Handlers run with interrupts on, no locks.
 */
#ifndef HV_HYPERCALL_H
#define HV_HYPERCALL_H

#include <hv/domain.h>
#include <hv/guest_access.h>
#include <pv-abi/errno.h>
#include <pv-abi/hypercall.h>

#define HC_CONTINUE (-0x7fff0001l)

typedef long hypercall_fn(struct domain *d, uint64_t a0, uint64_t a1, uint64_t a2, uint64_t a3,
                          uint64_t a4);
/* Handlers declare only the arguments they have (uint64_t or guest_va_t each); on this calling
 * convention surplus register arguments are harmless. */
#define HC_FN(fn) ((hypercall_fn *)(void *)(fn))

enum hypercall_who { HC_ANY, HC_PRIVILEGED };
struct hypercall {
    hypercall_fn *fn;
    enum hypercall_who who;
};

/* Run hypercall @nr for current with current->hc_args. Returns the result, or HC_CONTINUE.
 * -ENOSYS for a hole, -EPERM. Called by arch entry and by multicall. */
long hypercall_dispatch(unsigned int nr);
long hypercall_run(unsigned int nr); /* the same, unseen by core/perf.c */

/* Handlers that live elsewhere than in a core header of their own: */
long hc_memory_op(struct domain *d, uint64_t cmd, guest_va_t arg); /* core/memory.c */
long hc_vcpu_op(struct domain *d, uint64_t cmd, uint64_t vcpuid, guest_va_t arg); /* core/vcpu.c */
long hc_domctl(struct domain *d, guest_va_t arg);                    /* core/domctl.c */
long hc_sysctl(struct domain *d, guest_va_t arg);                    /* core/sysctl.c */
long hc_xen_version(struct domain *d, uint64_t cmd, guest_va_t arg); /* core/version.c */
long hc_console_io(struct domain *d, uint64_t cmd, uint64_t count,
                   guest_va_t buf);                                /* core/console.c */
long hc_vm_assist(struct domain *d, uint64_t cmd, uint64_t type);  /* core/version.c */
long hc_multicall(struct domain *d, guest_va_t list, uint64_t nr); /* core/hypercall.c */

#endif
