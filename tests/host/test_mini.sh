#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# The test modules of tests/guest/ in an unprivileged guest that domctl created: the mini guest, whose
# console ring consoled reads. What it is refused differs from what dom0 is.
. tests/host/lib.sh
mkdir "$scratch/files"
cp build/guest/mini "$scratch/files/"
cat >"$scratch/files/mini.cfg" <<'E2'
name = "mini"
kernel = "/files/mini"
cmdline = "test=all"
memory = 64
vcpus = 4
E2
# shellcheck disable=SC2016  # for dom0's shell
FILES=$scratch/files dom0 'domctl create mini.cfg >&2 || exit
    log=/var/log/pavo/console/mini.log
    i=0
    while [ $i -lt 240 ] && ! grep -q "^mini: .* passed" $log; do sleep 0.5; i=$((i + 1)); done
    cat $log' | tr -d '\r' >"$scratch/log" || die "the guest was not created"
grep -aE '^(FAIL|  and) ' "$scratch/log"
result=$(grep -a '^mini: .* passed' "$scratch/log") || die "the guest did not finish: $(tail -n 1 "$scratch/log")"
echo "$result"
passed=${result#mini: } passed=${passed%% *}
[ "$passed" -ge 300 ] && [[ $result == *' 0 failed' ]]
