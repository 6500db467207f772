/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The two sides that the ABI test compares: ABI_SIDE is 1 for Pavo's headers, 2 for libxen-dev's.
 * This folder is the only place that includes the latter.
 */
#if ABI_SIDE == 1
#include "pv-abi/callback.h"
#include "pv-abi/console_io.h"
#include "pv-abi/domctl.h"
#include "pv-abi/elfnote.h"
#include "pv-abi/errno.h"
#include "pv-abi/event_channel.h"
#include "pv-abi/grant_table.h"
#include "pv-abi/hypercall.h"
#include "pv-abi/memory.h"
#include "pv-abi/mmu.h"
#include "pv-abi/physdev.h"
#include "pv-abi/platform.h"
#include "pv-abi/pvh.h"
#include "pv-abi/sched.h"
#include "pv-abi/shared_info.h"
#include "pv-abi/start_info.h"
#include "pv-abi/sysctl.h"
#include "pv-abi/types.h"
#include "pv-abi/vcpu.h"
#include "pv-abi/version.h"
#include "pv-abi/vm_assist.h"
#include "pv-abi/x86.h"
#include "pv-abi/io/blkif.h"
#include "pv-abi/io/console.h"
#include "pv-abi/io/netif.h"
#include "pv-abi/io/ring.h"
#include "pv-abi/io/xenbus.h"
#include "pv-abi/io/xs_wire.h"
#else
#define __XEN_TOOLS__             1
#define __XEN_INTERFACE_VERSION__ 0x00041100
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <xen/xen.h>
#include <xen/callback.h>
#include <xen/domctl.h>
#include <xen/elfnote.h>
#include <xen/errno.h>
#include <xen/event_channel.h>
#include <xen/features.h>
#include <xen/grant_table.h>
#include <xen/memory.h>
#include <xen/physdev.h>
#include <xen/platform.h>
#include <xen/sched.h>
#include <xen/sysctl.h>
#include <xen/vcpu.h>
#include <xen/version.h>
#include <xen/arch-x86/cpuid.h>
#include <xen/arch-x86/xen-mca.h>
#include <xen/arch-x86/hvm/start_info.h>
#include <xen/io/blkif.h>
#include <xen/io/console.h>
#include <xen/io/netif.h>
#include <xen/io/ring.h>
#include <xen/io/xenbus.h>
#include <xen/io/xs_wire.h>
#endif
