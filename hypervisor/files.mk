# SPDX-License-Identifier: GPL-2.0-only
# Objects of build/pavo, one a line, by path below hypervisor/.
hv-cflags += -include hypervisor/include/hv/visibility.h
hv-objs += arch/x86/mm.o
hv-objs += arch/x86/tlb.o
hv-objs += arch/x86/mmu.o
hv-objs += arch/x86/traps.o
hv-objs += arch/x86/entry.o
hv-objs += arch/x86/domain.o
hv-objs += arch/x86/descriptors.o
hv-objs += arch/x86/switch.o
hv-objs += arch/x86/guest_access.o
hv-objs += core/pagetype.o

# Boot, machine, console.
hv-objs += arch/x86/boot.o
hv-objs += arch/x86/loader.o
hv-objs += arch/x86/e820.o
hv-objs += arch/x86/start.o
hv-objs += arch/x86/vmap.o
hv-objs += arch/x86/cpu.o
hv-objs += arch/x86/smap.o
hv-objs += arch/x86/acpi.o
hv-objs += arch/x86/acpi_parse.o
hv-objs += arch/x86/apic.o
hv-objs += arch/x86/smp.o
hv-objs += arch/x86/time.o
hv-objs += arch/x86/clock.o
hv-objs += arch/x86/serial.o
hv-objs += arch/x86/crash.o
hv-objs += core/console.o
hv-objs += core/cmdline.o

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

# dom0: its builder, its hardware; decoders for kernel images are Debian's static libraries.
hv-objs += core/elf.o
hv-objs += core/bzimage.o
hv-objs += core/decompress.o
hv-objs += core/idpool.o
hv-objs += arch/x86/unpack.o
hv-objs += arch/x86/dom0.o
hv-objs += arch/x86/irq.o
hv-objs += arch/x86/pci.o
hv-objs += arch/x86/physdev.o
hv-objs += arch/x86/platform.o
hv-libs += liblzma.a
hv-libs += libzstd.a
hv-libs += liblz4.a
hv-libs += libz.a
hv-objs += core/evtchn.o
hv-objs += core/grant.o
hv-objs += core/sched.o
hv-objs += core/softirq.o
hv-objs += core/timer.o
hv-objs += arch/x86/cpuid.o
hv-objs += arch/x86/decode.o
hv-objs += arch/x86/emulate.o
hv-objs += arch/x86/ioport.o
hv-objs += arch/x86/msr.o

# Domains and what they ask for.
# Loops of memcpy and memset must not become calls of memcpy and memset.
hv-cflags-core/lib := -fno-tree-loop-distribute-patterns
hv-objs += core/lib.o
hv-objs += core/text.o
hv-objs += core/alloc.o
hv-objs += core/memory.o
hv-objs += core/domain.o
hv-objs += core/vcpu.o
hv-objs += core/hypercall.o
hv-objs += core/version.o
hv-objs += core/domctl.o
hv-objs += core/sysctl.o
