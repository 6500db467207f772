# SPDX-License-Identifier: GPL-2.0-only

fuzz-tests += pagetable
fuzz-pagetable := tests/unit/pt-model.c hypervisor/core/pagetype.c hypervisor/arch/x86/mm.c
fuzz-pagetable-cflags := -Ihypervisor/arch/x86/include -Wno-unused-parameter

fuzz-tests += kernel
fuzz-kernel := hypervisor/core/elf.c hypervisor/core/bzimage.c hypervisor/core/decompress.c
fuzz-kernel-libs := -llzma -lzstd -llz4 -lz
fuzz-tests += store
fuzz-store := $(store-logic)
fuzz-tests += decode
fuzz-decode := hypervisor/arch/x86/decode.c
fuzz-decode-cflags := -Ihypervisor/arch/x86/include
include tests/fuzz/tools.mk
fuzz-tests += hypercall
fuzz-hypercall := $(addprefix hypervisor/core/,hypercall.c memory.c alloc.c domain.c vcpu.c domctl.c sysctl.c \
	version.c evtchn.c grant.c pagetype.c perf.c) tests/fake-arch/fake.c
fuzz-hypercall-cflags := -Wno-unused-parameter
fuzz-hypercall-libs := -lcmocka
