# SPDX-License-Identifier: GPL-2.0-only
#
# Pavo's only build system. `make help` lists what can be typed.
#
# Each target a person types is an outer rule: it takes the build lock, runs this Makefile again
# with PAVO_INNER=1 to build what it needs, drops the lock, and only then runs anything. Two makes
# in one clone therefore build one after the other, and run side by side.

SHELL := /bin/bash
.DELETE_ON_ERROR:
.SUFFIXES:
MAKEFLAGS += -rR

ifneq ($(words $(CURDIR)),1)
$(error Pavo cannot be built in a path that holds a space: $(CURDIR))
endif

# What a person may set; `make help` documents these.
CPU        ?= qemu64
SMP        ?= 2
MEM        ?= 3072
ACCEL      ?= auto
HOST_ARGS  ?=
HV         ?= pavo
TIME       ?= 60
DESTDIR    ?=
PREFIX     ?= /usr
V          ?=

# The command and the files go to the run script through the environment, never through make's or
# the shell's quoting.
override CMD := $(value CMD)
override FILES := $(value FILES)
override HOST_ARGS := $(value HOST_ARGS)
export CMD FILES CPU SMP MEM ACCEL HOST_ARGS HV TIMEOUT TESTS

Q := $(if $(V),,@)

ifndef PAVO_INNER
# ---------------------------------------------------------------- outer: lock, build, then run

jobs := $(if $(filter -j%,$(MAKEFLAGS))$(findstring jobserver,$(MAKEFLAGS)),,-j$(shell nproc))
# Variables of the command line that the build itself understands; everything else stays outside.
pass = PAVO_INNER=1 V=$(V) PREFIX=$(PREFIX) $(if $(filter command%,$(origin CC)),CC=$(CC))
MAKEOVERRIDES :=
locked = flock build/.lock env -u CMD $(MAKE) --no-print-directory $(jobs) $(pass)
inner = mkdir -p build && $(locked)
# Builds quietly: noise goes to build/make.log, whose end is shown if it fails.
quietly = ($(inner) $(1)) >build/make.log 2>&1 || { tail -n 30 build/make.log >&2; exit 1; }
setup = dom0-tools/host/setup
bootable := $(if $(filter pavo,$(HV)),build/pavo) build/host/initrd build/guest/guest.img

.PHONY: all images demo check check-long check-only shell run bench fuzz lint format headercheck \
        unit clean install help setup FORCE
all: ; +@$(inner) programs
images: setup ; +@$(inner) images
unit: ; +@$(inner) unit
headercheck: ; +@$(inner) headercheck
build/%: FORCE ; +@$(inner) $@
FORCE:

setup: ; @$(setup)

demo: ; +@$(setup) && mkdir -p build && $(call quietly,images) && exec tests/host/demo
shell: ; +@$(setup) && mkdir -p build && $(call quietly,$(bootable)) && exec tests/host/run --shell
run: ; +@mkdir -p build && $(setup) >&2 && { $(call quietly,$(bootable)); } && exec tests/host/run
check: ; +@$(setup) && mkdir -p build && MAKE_INNER='$(locked)' exec tests/check
check-long: ; +@$(setup) && mkdir -p build && MAKE_INNER='$(locked)' exec tests/check --long
bench: ; +@$(setup) && mkdir -p build && $(call quietly,images bench-programs) && exec tests/bench/run
fuzz: ; +@$(setup) && $(inner) fuzz && exec tests/fuzz/run $(TIME)
lint: ; @tests/lint
format: ; @tests/lint --format
install: ; +@$(inner) programs build/bench-host/inside && $(MAKE) --no-print-directory PAVO_INNER=1 \
	   DESTDIR='$(DESTDIR)' PREFIX='$(PREFIX)' install
# Fetched packages are kept: `rm -rf build` drops those too.
clean: ; @mkdir -p build && flock build/.lock find build -mindepth 1 -maxdepth 1 ! -name .lock \
	! -name cache ! -name .setup ! -name .check-lock -exec rm -rf {} +

help:
	@printf '%s\n' \
	'make demo          set up, build, boot the host in QEMU, create a guest, attach to its console' \
	'make check         set up, build, run every test; last line: N passed, N failed' \
	'make check-long    the same and the slow tests' \
	'make shell         the same host, interactive: the console of dom0' \
	"make run CMD='...' [FILES=dir]   boot, run CMD in dom0 with dir copied to /files, power off" \
	'make bench         Pavo beside native Linux, Xen and KVM; report in build/bench/ (docs/benchmarks.md);' \
	"                   QUICK=1: the main rows; ONLY='CONFIG/WORKLOAD ...': chosen cells" \
	'make fuzz TIME=60  each fuzz target for so many seconds' \
	'make lint          format, cppcheck and shellcheck; make format: rewrite C files in house style' \
	'make headercheck   each header compiles alone' \
	'make unit          build and run the native tests' \
	'make all           compile everything; make images: the images of dom0 and of the guest too' \
	'make install DESTDIR=  [PREFIX=/usr]   everything, in the places of a distribution' \
	'make clean         remove what was built; fetched packages stay in build/cache' \
	'' \
	'demo, shell, run and check take:' \
	'  CPU=qemu64      model for QEMU -cpu' \
	'  SMP=2           CPUs of the host' \
	'  MEM=3072        memory of the host in MiB' \
	'  ACCEL=auto      auto, tcg or kvm (check always uses tcg)' \
	'  HOST_ARGS=      command line of the hypervisor, for example "dom0_mem=1024M loglvl=debug"' \
	'  TIMEOUT=120     seconds for the command of make run (then exit status 124 of tests/host/run)' \
	'  HV=pavo         pavo, none (dom0 on plain Linux) or xen (on Xen 4.17), for comparison' \
	'check takes TESTS="name ..." to run only some (the list is then not compared)'

else
# ---------------------------------------------------------------- inner: what is built, and how

ifeq ($(origin CC),default)
CC := gcc
endif
CC ?= gcc
CLANG ?= clang

.PHONY: programs images unit unit-programs fuzz guest-programs bench-programs headercheck install
programs:
images:
guest-programs:

hv-objs :=
hv-libs :=
progs :=
unit-tests :=
abi-tests :=
fuzz-tests :=
guest-images :=
man-pages :=

-include hypervisor/files.mk pv-abi/files.mk dom0-tools/files.mk xenstore-like/files.mk
-include guest-patches/files.mk tests/unit/files.mk tests/fuzz/files.mk
-include tests/guest/files.mk tests/host/files.mk

warn := -Wall -Wextra -Werror -Wno-unused-parameter
say = @printf '  %-7s %s\n' $(1) $@

# ---- hypervisor: build/pavo

HV_CFLAGS := -std=gnu11 -ffreestanding -fno-common -fpie -fvisibility=hidden -mcmodel=small \
	-mno-red-zone -mgeneral-regs-only -fno-stack-protector -fno-strict-aliasing \
	-fno-asynchronous-unwind-tables -fno-omit-frame-pointer -fcf-protection=none \
	-O2 -g $(warn) -I. -Ihypervisor/include -Ihypervisor/arch/x86/include $(hv-cflags)
HV_LDS := hypervisor/arch/x86/pavo.lds
hv-obj-files := $(addprefix build/hv/,$(hv-objs))
hv-lib-files = $(foreach l,$(hv-libs),$(shell $(CC) -print-file-name=$(l)))

build/hv/%.o: hypervisor/%.c
	$(call say,CC)
	$(Q)mkdir -p $(@D) && $(CC) $(HV_CFLAGS) $(hv-cflags-$*) -MMD -MP -c $< -o $@
build/hv/%.o: hypervisor/%.S
	$(call say,AS)
	$(Q)mkdir -p $(@D) && $(CC) $(HV_CFLAGS) -D__ASSEMBLY__ -MMD -MP -c $< -o $@
# The script may use #include for the memory layout that C shares with it.
build/hv/pavo.lds: $(HV_LDS)
	$(Q)mkdir -p $(@D) && $(CC) -E -P -x c -D__ASSEMBLY__ -D__LINKER_SCRIPT__ -I. \
	  -Ihypervisor/include -Ihypervisor/arch/x86/include -MMD -MP -MT $@ -MF build/hv/pavo.lds.d $< -o $@

ifneq ($(hv-objs),)
ifndef hv-own-link
build/pavo: $(hv-obj-files) build/hv/pavo.lds
	$(call say,LD)
	$(Q)ld -static -no-pie -nostdlib -z noexecstack --no-warn-rwx-segments --build-id=none \
	  -T build/hv/pavo.lds -Map build/hv/pavo.map -o $@.tmp $(hv-obj-files) \
	  --start-group $(hv-lib-files) --end-group && mv -f $@.tmp $@
endif
programs: build/pavo
endif
-include $(hv-obj-files:.o=.d) build/hv/pavo.lds.d

# ---- programs of dom0 (and of any Linux): build/FOLDER/NAME

CFLAGS := -std=gnu11 -D_GNU_SOURCE -O2 -g -fstack-protector-strong $(warn) -I.
obj-of = $(patsubst %,build/obj/%.o,$(basename $(1)))

build/obj/%.o: %.c
	$(call say,CC)
	$(Q)mkdir -p $(@D) && $(CC) $(CFLAGS) -fPIE -D_FORTIFY_SOURCE=2 $(cflags-$*) -MMD -MP -c $< -o $@

define prog-rule
build/$(1): $$(call obj-of,$$($(1)-srcs))
	$$(call say,LD)
	$$(Q)mkdir -p $$(@D) && $$(CC) -pie -Wl,-z,relro,-z,now -o $$@.tmp $$(call obj-of,$$($(1)-srcs)) \
	  $$($(1)-libs) && mv -f $$@.tmp $$@
programs: build/$(1)
-include $$(patsubst %.o,%.d,$$(call obj-of,$$($(1)-srcs)))
endef
$(foreach p,$(sort $(progs)),$(eval $(call prog-rule,$(p))))

# ---- native tests: build/unit/test_NAME (sources tests/unit/test_NAME.c and unit-NAME), and
# ---- build/abi/test_NAME (sources pv-abi/tests/test_NAME.c and abi-NAME)

UNIT_CFLAGS := -std=gnu11 -D_GNU_SOURCE -O1 -g -fno-omit-frame-pointer -fsanitize=address,undefined \
	-fno-sanitize-recover=all $(warn) -I. -Ihypervisor/include -Itests/fake-arch/include -Itests

# $(1) kind (unit, abi), $(2) name, $(3) source of the test itself
define test-rule
$(1)-$(2)-objs := $$(patsubst %,build/$(1)/$(2).o/%.o,$$(basename $(3) $$($(1)-$(2))))
build/$(1)/test_$(2): $$($(1)-$(2)-objs)
	$$(call say,LD)
	$$(Q)$$(CC) -fsanitize=address,undefined -o $$@ $$($(1)-$(2)-objs) $$($(1)-$(2)-libs) -lcmocka
build/$(1)/$(2).o/%.o: %.c
	$$(call say,CC)
	$$(Q)mkdir -p $$(@D) && $$(CC) $$(UNIT_CFLAGS) $$($(1)-$(2)-cflags) -MMD -MP -c $$< -o $$@
unit-programs: build/$(1)/test_$(2)
-include $$($(1)-$(2)-objs:.o=.d)
endef
$(foreach t,$(sort $(unit-tests)),$(eval $(call test-rule,unit,$(t),tests/unit/test_$(t).c)))
$(foreach t,$(sort $(abi-tests)),$(eval $(call test-rule,abi,$(t),pv-abi/tests/test_$(t).c)))

unit: unit-programs
	@tests/unit/run

# ---- fuzz targets: build/fuzz/fuzz_NAME (sources tests/fuzz/fuzz_NAME.c and fuzz-NAME)

FUZZ_CFLAGS := -std=gnu11 -D_GNU_SOURCE -O1 -g -fno-omit-frame-pointer $(warn) \
	-fsanitize=fuzzer,address,undefined -fno-sanitize-recover=all -I. -Ihypervisor/include \
	-Itests/fake-arch/include -Itests
define fuzz-rule
build/fuzz/fuzz_$(1): tests/fuzz/fuzz_$(1).c $$(fuzz-$(1))
	$$(call say,FUZZCC)
	$$(Q)mkdir -p $$(@D) && $$(CLANG) $$(FUZZ_CFLAGS) $$(fuzz-$(1)-cflags) -MMD -MP -MF $$@.d -MT $$@ \
	  -o $$@ $$(filter %.c,$$^) $$(fuzz-$(1)-libs)
fuzz: build/fuzz/fuzz_$(1)
-include build/fuzz/fuzz_$(1).d
endef
$(foreach t,$(sort $(fuzz-tests)),$(eval $(call fuzz-rule,$(t))))

# ---- small static helpers of the images, built with their recipes

build/helpers/%: dom0-tools/host/%.c
	$(call say,CC)
	$(Q)mkdir -p $(@D) && $(CC) $(CFLAGS) -static -o $@.tmp $< && mv -f $@.tmp $@
build/helpers/%: tests/bench/%.c
	$(call say,CC)
	$(Q)mkdir -p $(@D) && $(CC) $(CFLAGS) -static -o $@.tmp $< && mv -f $@.tmp $@
build/helpers/%: tests/bench/guest/%.c
	$(call say,CC)
	$(Q)mkdir -p $(@D) && $(CC) $(CFLAGS) -static -o $@.tmp $< && mv -f $@.tmp $@
# A plugin of QEMU, which has the functions it calls.
build/helpers/%.so: tests/bench/events/%.c
	$(call say,CC)
	$(Q)mkdir -p $(@D) && $(CC) $(CFLAGS) -fvisibility=hidden -fPIC -shared -o $@.tmp $< && mv -f $@.tmp $@
bench-programs: build/helpers/events.so $(patsubst tests/bench/%.c,build/helpers/%,$(wildcard tests/bench/*.c)) build/bench-image/inside
build/bench-image/inside: tests/bench/build-image dom0-tools/host/image-lib.sh build/guest/mini \
		$(patsubst tests/bench/guest/%.c,build/helpers/%,$(wildcard tests/bench/guest/*.c)) $(wildcard tests/bench/guest/*) build/cache/packages.stamp
	$(call say,BENCH)
	$(Q)tests/bench/build-image
# What domctl bench runs on a host: beside domctl in ../libexec/pavo/bench.
bench-host := $(addprefix build/bench-host/,run.sh local.sh life.sh micro mini sizes.json inside)
build/bench-host/inside: tests/bench/build-host dom0-tools/host/image-lib.sh tests/bench/sizes.json \
		$(addprefix tests/bench/guest/,init run.sh local.sh life.sh) build/helpers/micro build/guest/mini \
		build/cache/packages.stamp
	$(call say,BENCH)
	$(Q)tests/bench/build-host
$(filter-out %/inside,$(bench-host)): build/bench-host/inside ;

# ---- images

helpers := build/helpers/rundom0 build/helpers/seed
host-progs := $(addprefix build/,$(filter dom0-tools/% xenstore-like/%,$(progs)))
build/cache/packages.stamp: dom0-tools/host/fetch docs/dependencies.txt
	@dom0-tools/host/fetch

build/host/initrd: dom0-tools/host/build-initrd dom0-tools/host/image-lib.sh dom0-tools/host/init \
		dom0-tools/host/service dom0-tools/host/pavo-guests dom0-tools/host/power dom0-tools/host/demo \
		dom0-tools/host/icudata.c tests/host/snapshot build/cache/packages.stamp \
		$(wildcard dom0-tools/host/files/* dom0-tools/host/files/*/*) $(helpers) $(host-progs)
	$(call say,INITRD)
	$(Q)dom0-tools/host/build-initrd $(host-progs)
build/host/vmlinuz: build/host/initrd ;
build/guest/guest.img: dom0-tools/guest-image/build dom0-tools/host/image-lib.sh build/cache/packages.stamp \
		$(wildcard dom0-tools/guest-image/*) $(helpers) build/helpers/forkexec build/bench-host/inside
	$(call say,GUEST)
	$(Q)dom0-tools/guest-image/build
build/guest/vmlinuz build/guest/initrd build/guest/disk.img: build/guest/guest.img ;
images: programs build/host/initrd build/host/vmlinuz build/guest/guest.img guest-programs

# ---- headers compile alone

hv-headers := $(wildcard hypervisor/include/hv/*.h hypervisor/arch/x86/include/asm/*.h)
abi-headers := $(wildcard pv-abi/*.h pv-abi/io/*.h)
other-headers := $(wildcard dom0-tools/*.h dom0-tools/lib/*.h xenstore-like/*.h)
headercheck:
	@set -e; for h in $(hv-headers) $(abi-headers); do \
	  $(CC) $(HV_CFLAGS) -Wno-unused-function -fsyntax-only -x c -include $$h /dev/null; done; \
	for h in $(abi-headers) $(other-headers); do \
	  $(CC) $(CFLAGS) -Wno-unused-function -fsyntax-only -x c -include $$h /dev/null; done; \
	echo "$(words $(hv-headers) $(abi-headers) $(other-headers)) headers compile alone"

# ---- install: programs, hypervisor, headers, man pages, documents

dest := $(DESTDIR)$(PREFIX)
daemons := $(filter %/domd %/consoled %/stored,$(progs))
install:
	install -d $(dest)/bin $(dest)/sbin $(dest)/include/pavo $(dest)/share/doc/pavo $(DESTDIR)/boot
	test ! -e build/pavo || install -m 644 build/pavo $(DESTDIR)/boot/pavo
	for p in $(daemons); do install build/$$p $(dest)/sbin/ || exit 1; done
	for p in $(filter-out $(daemons),$(progs)); do install build/$$p $(dest)/bin/ || exit 1; done
	install dom0-tools/host/pavo-guests $(dest)/sbin/
	install -d $(dest)/libexec/pavo/bench
	cp -p $(bench-host) $(dest)/libexec/pavo/bench/
	cd pv-abi && for h in $$(find . -name '*.h'); do \
	  install -D -m 644 $$h $(dest)/include/pavo/pv-abi/$$h || exit 1; done
	for m in $(wildcard docs/man/*.[1-8]); do \
	  install -D -m 644 $$m $(dest)/share/man/man$${m##*.}/$${m##*/} || exit 1; done
	install -D -m 644 dom0-tools/completion/domctl $(dest)/share/bash-completion/completions/domctl
	for u in $(wildcard dom0-tools/host/systemd/*.*); do \
	  install -D -m 644 $$u $(DESTDIR)/lib/systemd/system/$${u##*/} || exit 1; done
	install -D -m 644 dom0-tools/host/modules-load.conf $(dest)/lib/modules-load.d/pavo.conf
	install -m 644 README.md COPYING pv-abi/LICENSE $(wildcard docs/*.md docs/*.txt docs/*.cfg) $(dest)/share/doc/pavo/
	for f in $(wildcard docs/pictures/*); do \
	  install -D -m 644 $$f $(dest)/share/doc/pavo/pictures/$${f##*/} || exit 1; done
endif
