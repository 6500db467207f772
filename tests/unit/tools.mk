# SPDX-License-Identifier: GPL-2.0-only
# Native tests of dom0's tools.
unit-tests += tools_amount
unit-tools_amount := dom0-tools/lib/amount.c
unit-tests += tools_config
unit-tools_config := $(tools-common)
unit-tools_config-libs := -lyajl
unit-tests += tools_console
unit-tools_console := dom0-tools/consoled/ring.c
unit-tests += tools_dm
unit-tools_dm := dom0-tools/lib/dm.c
unit-tests += tools_grantsize
unit-tools_grantsize := dom0-tools/lib/grantsize.c
unit-tests += tools_image
unit-tools_image := dom0-tools/lib/decompress.c dom0-tools/lib/err.c dom0-tools/lib/image.c
unit-tools_image-libs := -lz -llzma -lzstd -llz4
unit-tests += tools_layout
unit-tools_layout := dom0-tools/lib/err.c dom0-tools/lib/pvlayout.c
unit-tests += tools_nodes
unit-tools_nodes := dom0-tools/lib/nodes.c dom0-tools/lib/spec.c
unit-tests += tools_policy
unit-tools_policy := dom0-tools/domd/policy.c
unit-tests += tools_proto
unit-tools_proto := dom0-tools/lib/err.c dom0-tools/lib/json.c dom0-tools/lib/proto.c
unit-tools_proto-libs := -lyajl
unit-tests += tools_spec
unit-tools_spec := dom0-tools/lib/spec.c
