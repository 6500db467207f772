# SPDX-License-Identifier: GPL-2.0-only
#
# build/guest/mini: the reference guest with the test modules of tests/guest/.
mini-objs := guest-patches/mini/start.o guest-patches/mini/main.o guest-patches/mini/lib.o \
	guest-patches/mini/console.o guest-patches/mini/mm.o guest-patches/mini/traps.o \
	guest-patches/mini/events.o guest-patches/mini/smp.o guest-patches/mini/storm.o guest-patches/mini/user.o \
	guest-patches/mini/bench.o \
	$(patsubst %.c,%.o,$(wildcard tests/guest/*.c))
mini-obj-files := $(addprefix build/mini/,$(mini-objs))

MINI_CFLAGS = -std=gnu11 -ffreestanding -fno-pic -no-pie -mcmodel=kernel -mno-red-zone \
	-mgeneral-regs-only -fno-stack-protector -fno-asynchronous-unwind-tables -fcf-protection=none \
	-fno-strict-aliasing -fno-jump-tables -fno-tree-switch-conversion -O2 -g $(warn) \
	-I. -Iguest-patches/mini

build/mini/%.o: %.c
	$(call say,MINICC)
	$(Q)mkdir -p $(@D) && $(CC) $(MINI_CFLAGS) -DMODULE='"$(basename $(notdir $<))"' -MMD -MP -c $< -o $@
build/mini/%.o: %.S
	$(call say,MINIAS)
	$(Q)mkdir -p $(@D) && $(CC) $(MINI_CFLAGS) -MMD -MP -c $< -o $@
build/guest/mini: $(mini-obj-files) guest-patches/mini/mini.lds
	$(call say,LD)
	$(Q)mkdir -p $(@D) && ld -static -no-pie -nostdlib -z noexecstack -z max-page-size=4096 \
	  --no-warn-rwx-segments --build-id=none -T guest-patches/mini/mini.lds -o $@.tmp \
	  $(mini-obj-files) && mv -f $@.tmp $@
guest-programs: build/guest/mini
programs: build/guest/mini
-include $(mini-obj-files:.o=.d)
