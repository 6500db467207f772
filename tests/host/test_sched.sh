#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# How the scheduler shares CPUs: tests/host/tools/sched.sh in dom0, where an instruction takes a nanosecond
# and nobody waits, so that it repeats.
. tests/host/lib.sh
cp tests/host/tools/*.sh build/guest/mini "$scratch/"
export FILES=$scratch DISKS=0 MEM=1280 QEMU_ARGS='-icount shift=0,sleep=off'
for cpus in 1 2; do
    SMP=$cpus TIMEOUT=${TIMEOUT:-200} dom0 "bash sched.sh $cpus ${SECONDS_EACH:-2}" || fail "$cpus-cpus" "see $LOG"
done
done_testing
