# SPDX-License-Identifier: GPL-2.0-only
# Tools of dom0: domctl and what it starts, domd, consoled.

# What domctl and domd both need: errors, configs, JSON, the protocol.
tools-common := dom0-tools/lib/amount.c
tools-common += dom0-tools/lib/config.c
tools-common += dom0-tools/lib/err.c
tools-common += dom0-tools/lib/file.c
tools-common += dom0-tools/lib/guest.c
tools-common += dom0-tools/lib/json.c
tools-common += dom0-tools/lib/proto.c
tools-common += dom0-tools/lib/spec.c
tools-common += dom0-tools/lib/xlkeys.c

progs += dom0-tools/domctl
dom0-tools/domctl-srcs := $(tools-common)
dom0-tools/domctl-srcs += dom0-tools/client.c
dom0-tools/domctl-srcs += dom0-tools/cmd-bench.c
dom0-tools/domctl-srcs += dom0-tools/cmd-block.c
dom0-tools/domctl-srcs += dom0-tools/cmd-config.c
dom0-tools/domctl-srcs += dom0-tools/cmd-console.c
dom0-tools/domctl-srcs += dom0-tools/cmd-create.c
dom0-tools/domctl-srcs += dom0-tools/cmd-destroy.c
dom0-tools/domctl-srcs += dom0-tools/cmd-dmesg.c
dom0-tools/domctl-srcs += dom0-tools/cmd-domid.c
dom0-tools/domctl-srcs += dom0-tools/cmd-dump-core.c
dom0-tools/domctl-srcs += dom0-tools/cmd-events.c
dom0-tools/domctl-srcs += dom0-tools/cmd-info.c
dom0-tools/domctl-srcs += dom0-tools/cmd-list.c
dom0-tools/domctl-srcs += dom0-tools/cmd-metrics.c
dom0-tools/domctl-srcs += dom0-tools/cmd-mem.c
dom0-tools/domctl-srcs += dom0-tools/cmd-network.c
dom0-tools/domctl-srcs += dom0-tools/cmd-pause.c
dom0-tools/domctl-srcs += dom0-tools/cmd-perf.c
dom0-tools/domctl-srcs += dom0-tools/cmd-reboot.c
dom0-tools/domctl-srcs += dom0-tools/cmd-rename.c
dom0-tools/domctl-srcs += dom0-tools/cmd-reset.c
dom0-tools/domctl-srcs += dom0-tools/cmd-sched.c
dom0-tools/domctl-srcs += dom0-tools/cmd-shutdown.c
dom0-tools/domctl-srcs += dom0-tools/cmd-sysrq.c
dom0-tools/domctl-srcs += dom0-tools/cmd-top.c
dom0-tools/domctl-srcs += dom0-tools/cmd-trace.c
dom0-tools/domctl-srcs += dom0-tools/cmd-unpause.c
dom0-tools/domctl-srcs += dom0-tools/devices.c
dom0-tools/domctl-srcs += dom0-tools/cmd-uptime.c
dom0-tools/domctl-srcs += dom0-tools/cmd-vcpu-list.c
dom0-tools/domctl-srcs += dom0-tools/cmd-vcpu-pin.c
dom0-tools/domctl-srcs += dom0-tools/cmd-vcpu-set.c
dom0-tools/domctl-srcs += dom0-tools/ending.c
dom0-tools/domctl-srcs += dom0-tools/lib/benchdoc.c
dom0-tools/domctl-srcs += dom0-tools/lib/cfgtext.c
dom0-tools/domctl-srcs += dom0-tools/lib/core.c
dom0-tools/domctl-srcs += dom0-tools/lib/guestfile.c
dom0-tools/domctl-srcs += dom0-tools/lib/machine.c
dom0-tools/domctl-srcs += dom0-tools/lib/newfile.c
dom0-tools/domctl-srcs += dom0-tools/lib/perfnames.c
dom0-tools/domctl-srcs += dom0-tools/lib/trace.c
dom0-tools/domctl-srcs += dom0-tools/main.c
dom0-tools/domctl-srcs += dom0-tools/options.c
dom0-tools/domctl-srcs += dom0-tools/progress.c
dom0-tools/domctl-srcs += dom0-tools/simple.c
dom0-tools/domctl-srcs += dom0-tools/targets.c
dom0-tools/domctl-srcs += dom0-tools/xl-hints.c
dom0-tools/domctl-libs := -lyajl

progs += dom0-tools/domtop
dom0-tools/domtop-srcs := dom0-tools/domtop/main.c
dom0-tools/domtop-srcs += dom0-tools/domtop/model.c
dom0-tools/domtop-srcs += dom0-tools/domtop/screen.c
dom0-tools/domtop-srcs += dom0-tools/domtop/source.c
dom0-tools/domtop-srcs += dom0-tools/lib/err.c
dom0-tools/domtop-srcs += dom0-tools/lib/json.c
dom0-tools/domtop-srcs += dom0-tools/lib/proto.c
dom0-tools/domtop-libs := -lncurses -ltinfo -lyajl

# Domain XML, for domctl: a process of its own.
progs += dom0-tools/domxml
dom0-tools/domxml-srcs := dom0-tools/domxml/main.c
dom0-tools/domxml-srcs += dom0-tools/domxml/xml.c
dom0-tools/domxml-srcs += dom0-tools/lib/err.c
dom0-tools/domxml-srcs += dom0-tools/lib/json.c
dom0-tools/domxml-libs := -lxml2 -lyajl
cflags-dom0-tools/domxml/xml := -I/usr/include/libxml2

progs += dom0-tools/domd
dom0-tools/domd-srcs := $(tools-common)
dom0-tools/domd-srcs += dom0-tools/domd/attach.c
dom0-tools/domd-srcs += dom0-tools/domd/console.c
dom0-tools/domd-srcs += dom0-tools/domd/cpus.c
dom0-tools/domd-srcs += dom0-tools/domd/device-requests.c
dom0-tools/domd-srcs += dom0-tools/domd/devices.c
dom0-tools/domd-srcs += dom0-tools/domd/disks.c
dom0-tools/domd-srcs += dom0-tools/domd/dump.c
dom0-tools/domd-srcs += dom0-tools/domd/grants.c
dom0-tools/domd-srcs += dom0-tools/domd/events.c
dom0-tools/domd-srcs += dom0-tools/domd/life.c
dom0-tools/domd-srcs += dom0-tools/domd/main.c
dom0-tools/domd-srcs += dom0-tools/domd/manage.c
dom0-tools/domd-srcs += dom0-tools/domd/memory.c
dom0-tools/domd-srcs += dom0-tools/domd/pending.c
dom0-tools/domd-srcs += dom0-tools/domd/perf.c
dom0-tools/domd-srcs += dom0-tools/domd/policy.c
dom0-tools/domd-srcs += dom0-tools/domd/record.c
dom0-tools/domd-srcs += dom0-tools/domd/refusals.c
dom0-tools/domd-srcs += dom0-tools/domd/registry.c
dom0-tools/domd-srcs += dom0-tools/domd/requests.c
dom0-tools/domd-srcs += dom0-tools/domd/stats.c
dom0-tools/domd-srcs += dom0-tools/lib/build.c
dom0-tools/domd-srcs += dom0-tools/lib/core.c
dom0-tools/domd-srcs += dom0-tools/lib/crash.c
dom0-tools/domd-srcs += dom0-tools/lib/decompress.c
dom0-tools/domd-srcs += dom0-tools/lib/dm.c
dom0-tools/domd-srcs += dom0-tools/lib/foreign.c
dom0-tools/domd-srcs += dom0-tools/lib/grantsize.c
dom0-tools/domd-srcs += dom0-tools/lib/hv.c
dom0-tools/domd-srcs += dom0-tools/lib/image.c
dom0-tools/domd-srcs += dom0-tools/lib/kernel.c
dom0-tools/domd-srcs += dom0-tools/lib/loop.c
dom0-tools/domd-srcs += dom0-tools/lib/netif.c
dom0-tools/domd-srcs += dom0-tools/lib/newfile.c
dom0-tools/domd-srcs += dom0-tools/lib/nodes.c
dom0-tools/domd-srcs += dom0-tools/lib/pvlayout.c
dom0-tools/domd-srcs += dom0-tools/lib/ready.c
dom0-tools/domd-srcs += xenstore-like/client.c
dom0-tools/domd-srcs += xenstore-like/errors.c
dom0-tools/domd-libs := -lxencall -lxenforeignmemory -lyajl -lz -llzma -lzstd -llz4 -lpthread

progs += dom0-tools/consoled
dom0-tools/consoled-srcs := dom0-tools/consoled/main.c
dom0-tools/consoled-srcs += dom0-tools/consoled/ring.c
dom0-tools/consoled-srcs += dom0-tools/consoled/position.c
dom0-tools/consoled-srcs += dom0-tools/lib/crash.c
dom0-tools/consoled-srcs += dom0-tools/lib/err.c
dom0-tools/consoled-srcs += dom0-tools/lib/evtchn.c
dom0-tools/consoled-srcs += dom0-tools/lib/grant.c
dom0-tools/consoled-srcs += dom0-tools/lib/json.c
dom0-tools/consoled-srcs += dom0-tools/lib/proto.c
dom0-tools/consoled-srcs += dom0-tools/lib/ready.c
dom0-tools/consoled-srcs += dom0-tools/lib/spec.c
dom0-tools/consoled-srcs += xenstore-like/client.c
dom0-tools/consoled-srcs += xenstore-like/errors.c
dom0-tools/consoled-libs := -lxenevtchn -lxengnttab -lyajl

# A domd for comparing with Xen itself: it does without Pavo's own call (host info). Never shipped.
oracle-srcs := $(dom0-tools/domd-srcs)
build/oracle/domd: $(oracle-srcs)
	$(Q)mkdir -p $(@D) && $(CC) $(CFLAGS) -DPAVO_ORACLE -o $@ $(oracle-srcs) $(dom0-tools/domd-libs)
