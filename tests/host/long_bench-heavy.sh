#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# The bench's workloads with Debian's programs, with a disk and a network, and with many guests, at their smallest
# size, on each kind of machine: every row is there, and each cell has said by which drivers it was measured.
. tests/host/lib.sh
export SIZE=tiny
unset CPU QUICK ROUNDS FRESH

for cell in native/macro pavo-guest/macro native/io pavo-guest/io kvm-npt/io kvm-npt-emulated/io pavo-guest/sharing; do
    OUT=$scratch/out ONLY=$cell tests/bench/run >"$scratch/said" 2>"$scratch/progress"
    rc=$?
    check "${cell//\//-}" "$(tail -n 2 "$scratch/progress"; grep "^FAILED $cell" "$scratch/said")" [ $rc = 0 ]
done
# An index of fairness lies between one part of the guests and 1.
fair() {
    python3 - "$1" <<'E2'
import json, sys
rows = json.load(open(sys.argv[1]))["cells"]["pavo-guest/sharing"]["rows"]
for kind in ("cpu", "io"):
    for n in (2, 4, 8):
        index = rows[f"{kind}_jain_{n}"]["median"]
        assert 1 / n <= index <= 1.00001, (kind, n, index)
E2
}
check fairness-is-an-index "$(tail -n 20 "$scratch/said")" fair "$scratch/out/results.json"

# What is not what its name says is not believed: no figures of a disk behind another driver.
sed 's/"io-disk": "ram0"/"io-disk": "sda"/' tests/bench/configs.py >"$scratch/configs.py"
cp -r tests/bench "$scratch/bench"
mkdir -p "$scratch/tree/tests"
mv "$scratch/bench" "$scratch/tree/tests/"
mv "$scratch/configs.py" "$scratch/tree/tests/bench/"
ln -s "$PWD/build" "$scratch/tree/build"
ln -s "$PWD/tests/host" "$scratch/tree/tests/host"
OUT=$scratch/other ONLY=native/io "$scratch/tree/tests/bench/run" >"$scratch/said" 2>"$scratch/progress"
rc=$?
check another-driver-is-status-1 "$(cat "$scratch/progress")" [ $rc = 1 ]
check another-driver-is-named "$(cat "$scratch/said")" \
    grep -q "^FAILED native/io: is not native: io-disk is 'ram0', not sda" "$scratch/said"
done_testing
