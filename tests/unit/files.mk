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
unit-pagetable := tests/unit/pt-model.c hypervisor/core/pagetype.c hypervisor/arch/x86/mm.c
unit-pagetable-cflags := -Ihypervisor/arch/x86/include -Wno-unused-parameter
