# SPDX-License-Identifier: GPL-2.0-only
# The store: its daemon, its client library, its command line tool.

# What is plain logic: also linked into the native tests and the fuzz target.
store-logic := xenstore-like/change.c
store-logic += xenstore-like/conn.c
store-logic += xenstore-like/domain.c
store-logic += xenstore-like/errors.c
store-logic += xenstore-like/hash.c
store-logic += xenstore-like/journal.c
store-logic += xenstore-like/log.c
store-logic += xenstore-like/path.c
store-logic += xenstore-like/perms.c
store-logic += xenstore-like/ring.c
store-logic += xenstore-like/state.c
store-logic += xenstore-like/stored.c
store-logic += xenstore-like/transaction.c
store-logic += xenstore-like/tree.c
store-logic += xenstore-like/watch.c
store-logic += xenstore-like/wire.c
store-logic += dom0-tools/lib/crash.c

progs += xenstore-like/stored
xenstore-like/stored-srcs := $(store-logic)
xenstore-like/stored-srcs += xenstore-like/main.c
xenstore-like/stored-srcs += xenstore-like/links.c
xenstore-like/stored-srcs += dom0-tools/lib/evtchn.c
xenstore-like/stored-srcs += dom0-tools/lib/foreign.c
xenstore-like/stored-srcs += dom0-tools/lib/grant.c
xenstore-like/stored-srcs += dom0-tools/lib/hv.c
xenstore-like/stored-srcs += dom0-tools/lib/ready.c
xenstore-like/stored-libs := -lxencall -lxenevtchn -lxengnttab -lxenforeignmemory

progs += xenstore-like/store
xenstore-like/store-srcs := xenstore-like/cli.c
xenstore-like/store-srcs += xenstore-like/client.c
xenstore-like/store-srcs += xenstore-like/errors.c
xenstore-like/store-srcs += dom0-tools/lib/json.c
xenstore-like/store-libs := -lyajl
