#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# make demo without a terminal: a stock guest boots, uses disk and network, leaves nothing behind.
. tests/host/lib.sh
TIMEOUT=800 tests/host/demo </dev/null >"$scratch/out" 2>&1
rc=$?
[ $rc = 0 ] || {
    cat "$scratch/out"
    die "demo ended with $rc: $(tail -n 1 "$scratch/out")"
}
