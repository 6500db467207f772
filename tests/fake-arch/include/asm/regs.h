/* SPDX-License-Identifier: GPL-2.0-only */
/* The fake architecture has the registers of the real one: pure x86 logic is tested natively too. */
#include "../../../../hypervisor/arch/x86/include/asm/regs.h"
