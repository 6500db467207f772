# SPDX-License-Identifier: GPL-2.0-only
# The store's native tests.

unit-tests += store_client
unit-tests += store_domain
unit-tests += store_path
unit-tests += store_perms
unit-tests += store_ring
unit-tests += store_scale
unit-tests += store_state
unit-tests += store_transaction
unit-tests += store_tree
unit-tests += store_watch
unit-tests += store_wire
unit-store_client := $(store-logic) xenstore-like/client.c
unit-store_domain := $(store-logic)
unit-store_path := xenstore-like/path.c
unit-store_perms := $(store-logic)
unit-store_ring := xenstore-like/ring.c
unit-store_scale := $(store-logic)
unit-store_scale-cflags := -fsanitize-coverage=trace-pc
unit-store_state := $(store-logic)
unit-store_transaction := $(store-logic)
unit-store_tree := xenstore-like/tree.c xenstore-like/hash.c xenstore-like/perms.c
unit-store_watch := $(store-logic)
unit-store_wire := $(store-logic)
