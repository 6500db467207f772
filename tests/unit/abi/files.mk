# SPDX-License-Identifier: GPL-2.0-only
unit-tests += abi
unit-abi := tests/unit/abi/ours.c tests/unit/abi/theirs.c

build/unit/abi-list/abi-list.h: tests/unit/abi/generate tests/unit/abi/names.awk \
		tests/unit/abi/headers.h tests/unit/abi/omitted tests/unit/abi/ours-only \
		$(wildcard pv-abi/*.h pv-abi/io/*.h)
	$(call say,ABI)
	$(Q)CC='$(CC)' tests/unit/abi/generate $(@D)
build/unit/abi.o/tests/unit/abi/ours.o build/unit/abi.o/tests/unit/abi/theirs.o \
build/unit/abi.o/tests/unit/test_abi.o: build/unit/abi-list/abi-list.h
