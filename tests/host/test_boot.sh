#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# The host boots on every CPU model and count that must work, and dom0 has all CPUs.
. tests/host/lib.sh
for cpu in qemu64 max EPYC Skylake-Server; do
    for smp in 1 2 4; do
        export LOG=$PWD/build/check/host-boot-$cpu-$smp.console.log
        out=$(CPU=$cpu SMP=$smp DISKS=0 TIMEOUT=60 dom0 'cat /sys/hypervisor/type; nproc' 2>&1)
        check "$cpu-$smp-cpus" "printed '${out//$'\n'/ }' (see ${LOG#"$PWD/"})" \
            [ "$out" = "xen"$'\n'"$smp" ]
    done
done
done_testing
