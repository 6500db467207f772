#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# make demo on each CPU model and count that must work.
. tests/host/lib.sh
for cpu in qemu64 max EPYC Skylake-Server; do
    for smp in 1 2 4; do
        export LOG=$PWD/build/check/host-demo-$cpu-$smp.console.log
        CPU=$cpu SMP=$smp tests/host/demo </dev/null >"$scratch/out" 2>&1
        rc=$?
        check "$cpu-$smp-cpus" "ended with $rc: $(tail -n 1 "$scratch/out")" [ $rc = 0 ]
    done
done
done_testing
