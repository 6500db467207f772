#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Runs in dom0: each bz-NAME of this folder boots as a guest up to its first program.
. "$(dirname "$0")/lib.sh"
snapshot >/tmp/before
boot() {
    local name=$1
    config "k$name" "kernel = '$here/bz-$name'" 'memory = 160'
    create "k$name" || return
}
booted() { grep -aq '^GUEST-INIT' "$log/k$1.log" 2>/dev/null; }
for kernel in "$here"/bz-*; do
    name=${kernel##*/bz-}
    boot "$name" || fail "$name" "$(cat /tmp/create.err)"
    check "$name" "$(tail -c 200 "$log/k$name.log" 2>&1 | tr '\r\n' '  ')" wait_for 60 booted "$name"
    domctl destroy "k$name"
done
same kernels-leave-nothing
