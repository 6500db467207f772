# SPDX-License-Identifier: GPL-2.0-only
include tests/unit/abi/files.mk

unit-tests += elf
unit-elf := hypervisor/core/elf.c
unit-tests += bzimage
unit-bzimage := hypervisor/core/bzimage.c
unit-tests += idpool
unit-idpool := hypervisor/core/idpool.c
unit-tests += decompress
unit-decompress := hypervisor/core/decompress.c
unit-decompress-libs := -llzma -lzstd -llz4 -lz

# Page tables: the real rules over a model machine, shared with the fuzz target.
unit-tests += pagetable
unit-pagetable := tests/unit/pt-model.c hypervisor/core/pagetype.c hypervisor/arch/x86/mm.c \
	hypervisor/arch/x86/mmu.c hypervisor/arch/x86/decode.c
unit-pagetable-cflags := -Ihypervisor/arch/x86/include -Wno-unused-parameter

unit-tests += cmdline
unit-cmdline := hypervisor/core/cmdline.c hypervisor/core/text.c tests/fake-arch/fake.c
unit-tests += console
unit-console := hypervisor/core/console.c hypervisor/core/cmdline.c hypervisor/core/text.c \
	tests/fake-arch/fake.c
unit-tests += e820
unit-e820 := hypervisor/arch/x86/e820.c tests/fake-arch/fake.c
unit-e820-cflags := -Ihypervisor/arch/x86/include
unit-tests += acpi
unit-acpi := hypervisor/arch/x86/acpi_parse.c tests/fake-arch/fake.c
unit-acpi-cflags := -Ihypervisor/arch/x86/include
include tests/unit/store.mk

# Events, scheduler, timers: core over the fake architecture.
unit-tests += evtchn
unit-evtchn := hypervisor/core/evtchn.c tests/fake-arch/fake.c
unit-tests += clock
unit-clock := hypervisor/arch/x86/clock.c tests/fake-arch/fake.c
unit-clock-cflags := -Ihypervisor/arch/x86/include
unit-tests += decode
unit-decode := hypervisor/arch/x86/decode.c
unit-decode-cflags := -Ihypervisor/arch/x86/include
unit-tests += cpuid
unit-cpuid := hypervisor/arch/x86/cpuid.c
unit-cpuid-cflags := -Ihypervisor/arch/x86/include
unit-tests += timer
unit-timer := hypervisor/core/timer.c hypervisor/core/softirq.c tests/fake-arch/fake.c
unit-tests += sched
unit-sched := hypervisor/core/sched.c hypervisor/core/timer.c hypervisor/core/softirq.c tests/fake-arch/fake.c
unit-tests += grant
unit-grant := hypervisor/core/grant.c hypervisor/core/pagetype.c tests/fake-arch/fake.c
include tests/unit/tools.mk

# The hypervisor's own library, under other names than the C library's.
unit-tests += lib
unit-lib := hypervisor/core/lib.c hypervisor/core/text.c tests/fake-arch/fake.c
unit-lib-cflags := $(foreach f,memcpy memmove memset memcmp strlen strcmp strncmp vsnprintf,-D$(f)=hv_$(f)) \
	-fno-builtin -fno-tree-loop-distribute-patterns

# Memory, domains, dispatch.
unit-tests += alloc
unit-alloc := tests/fake-arch/fake.c
build/unit/alloc.o/tests/unit/test_alloc.o: hypervisor/core/alloc.c
unit-tests += version
unit-version := hypervisor/core/version.c tests/fake-arch/fake.c
unit-tests += hypercall
unit-hypercall := hypervisor/core/hypercall.c tests/fake-arch/fake.c
unit-tests += memory
unit-memory := hypervisor/core/memory.c hypervisor/core/alloc.c hypervisor/core/domain.c hypervisor/core/vcpu.c \
	hypervisor/core/pagetype.c tests/fake-arch/fake.c
unit-tests += domain
unit-domain := hypervisor/core/domain.c hypervisor/core/memory.c hypervisor/core/alloc.c hypervisor/core/vcpu.c \
	hypervisor/core/pagetype.c tests/fake-arch/fake.c
unit-tests += control
unit-control := hypervisor/core/domctl.c hypervisor/core/sysctl.c hypervisor/core/domain.c hypervisor/core/memory.c \
	hypervisor/core/alloc.c hypervisor/core/vcpu.c hypervisor/core/pagetype.c tests/fake-arch/fake.c

# Counters and traces.
unit-tests += perf
unit-perf := hypervisor/core/perf.c hypervisor/core/domctl.c hypervisor/core/sysctl.c hypervisor/core/domain.c \
	hypervisor/core/memory.c hypervisor/core/alloc.c hypervisor/core/vcpu.c hypervisor/core/pagetype.c \
	tests/fake-arch/fake.c
