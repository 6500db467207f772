#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# domctl bench, all of it with the smallest sizes, on one machine that is booted three ways: plain Linux, Xen,
# Pavo. Each knows the machine as the same, and the last has the figures of all.
. tests/host/lib.sh
export CPU=qemu64 SMP=1 MEM=2048 TIMEOUT=900 FILES=$scratch/files
mkdir "$scratch/files"
HV=none dom0 'domctl bench -s tiny -o json' >"$scratch/none.json" 2>"$scratch/none.err"
rc=$?
check on-linux "$(tail -n 1 "$scratch/none.err")" [ $rc = 0 ]
HV=xen XEN_TOOLS=1 STORE=xenstored dom0 'domctl bench -s tiny -o json' >"$scratch/xen.json" 2>"$scratch/xen.err"
rc=$?
check on-xen "$(tail -n 1 "$scratch/xen.err")" [ $rc = 0 ]
cp "$scratch"/{none,xen}.json "$scratch/files/"
HV=pavo dom0 'domctl bench -s tiny -m none.json -m xen.json -o json' >"$scratch/all.json" 2>"$scratch/all.err"
rc=$?
check on-pavo "$(tail -n 1 "$scratch/all.err")" [ $rc = 0 ]
tests/bench/unit "$scratch/all.json" || failures=1
cells=$(python3 -c 'import json, sys
print(*sorted(json.load(open(sys.argv[1]))["cells"]))' "$scratch/all.json")
for cell in native/micro xen-dom0/micro xen-guest/micro xen-dom0/life pavo-dom0/micro pavo-guest/micro pavo-dom0/life; do
    check "has-${cell/\//-}" "$cells" eval "[[ ' $cells ' == *' $cell '* ]]"
done
OUT=$scratch/out tests/bench/run --merge "$scratch/all.json" >"$scratch/said" 2>&1
rc=$?
check merged "status $rc: $(tail -n 2 "$scratch/said")" [ $rc = 0 ]
check ratios "$(cat "$scratch/said")" grep -q 'Pavo guest / Xen guest$' "$scratch/said"
done_testing
