# SPDX-License-Identifier: GPL-2.0-only
include tests/unit/abi/files.mk

unit-tests += elf
unit-elf := hypervisor/core/elf.c
unit-tests += bzimage
unit-bzimage := hypervisor/core/bzimage.c
unit-tests += idpool
unit-idpool := hypervisor/core/idpool.c
