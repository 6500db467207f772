# SPDX-License-Identifier: GPL-2.0-only
# build/pavo: every source below core/ and arch/x86/, and Debian's static decoders for kernel images.
hv-objs := $(patsubst hypervisor/%,%.o,$(basename $(wildcard $(addprefix hypervisor/,core/*.c arch/x86/*.[cS]))))
hv-libs := liblzma.a libzstd.a liblz4.a libz.a
hv-cflags += -include hypervisor/include/hv/visibility.h
# Loops of memcpy and memset must not become calls of memcpy and memset.
hv-cflags-core/lib := -fno-tree-loop-distribute-patterns

# Two links: the first gives the names and addresses of functions, the second carries them as a table for
# crash dumps. Text lies before the table, so its addresses stay.
hv-own-link := y
hv-gen-symbols := hypervisor/arch/x86/gen-symbols
hv-link = ld -static -no-pie -nostdlib -z noexecstack -z max-page-size=4096 --no-warn-rwx-segments --no-relax \
	--build-id=none -T build/hv/pavo.lds $(hv-obj-files) --start-group $(hv-lib-files) --end-group
.SECONDEXPANSION:
build/pavo: $$(hv-obj-files) build/hv/pavo.lds $(hv-gen-symbols)
	@printf '  %-7s %s\n' LD $@
	$(Q)$(hv-gen-symbols) >build/hv/symbols.0.S && $(CC) -c -o build/hv/symbols.0.o build/hv/symbols.0.S && \
	  $(hv-link) build/hv/symbols.0.o -o build/hv/pavo.0 && \
	  $(hv-gen-symbols) build/hv/pavo.0 >build/hv/symbols.1.S && \
	  $(CC) -c -o build/hv/symbols.1.o build/hv/symbols.1.S && \
	  $(hv-link) build/hv/symbols.1.o -Map build/hv/pavo.map -o $@.tmp && \
	  $(hv-gen-symbols) $@.tmp | cmp -s - build/hv/symbols.1.S && mv -f $@.tmp $@
