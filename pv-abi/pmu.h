/* SPDX-License-Identifier: MIT */
/*
 * xenpmu_op: performance counters. Pavo refuses it; Linux asks at every boot.
 * Source: Xen 4.17 public/pmu.h.
 */
#ifndef PV_ABI_PMU_H
#define PV_ABI_PMU_H

#define XENPMU_VER_MAJ 0
#define XENPMU_VER_MIN 1

#define XENPMU_mode_get    0
#define XENPMU_mode_set    1
#define XENPMU_feature_get 2
#define XENPMU_feature_set 3
#define XENPMU_init        4
#define XENPMU_finish      5
#define XENPMU_lvtpc_set   6
#define XENPMU_flush       7

#define XENPMU_MODE_OFF  0
#define XENPMU_MODE_SELF 1
#define XENPMU_MODE_HV   2
#define XENPMU_MODE_ALL  4

#define XENPMU_FEATURE_INTEL_BTS 1
#define XENPMU_FEATURE_IPC_ONLY  2
#define XENPMU_FEATURE_ARCH_ONLY 4

#ifndef __ASSEMBLER__
#include "pv-abi/types.h"

struct xen_pmu_params {
    struct {
        uint32_t maj;
        uint32_t min;
    } version;
    uint64_t val;
    uint32_t vcpu;
    uint32_t pad;
};

ABI_SIZE(struct xen_pmu_params, 24);
#endif

#endif
