#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# How the scheduler shares CPUs: tests/host/tools/sched.sh in dom0. One CPU runs on QEMU's instruction
# clock, where an instruction takes a nanosecond and nobody waits, so that it repeats. Two cannot: QEMU 7.2
# gives the first CPU all instructions up to the next timer before the second has its turn, and when the
# first computes on, nothing is left. The second then stands at a plain instruction (seen with `info registers
# -a`: behind its write to the local APIC's timer) for minutes; Linux without a hypervisor does not even boot.
. tests/host/lib.sh
cp tests/host/tools/*.sh build/guest/mini "$scratch/"
export FILES=$scratch DISKS=0 MEM=1280 TIMEOUT=${TIMEOUT:-200}
SMP=1 QEMU_ARGS='-icount shift=0,sleep=off' dom0 "bash sched.sh 1 ${SECONDS_EACH:-2}" || fail 1-cpu "see $LOG"
SMP=2 dom0 "bash sched.sh 2 ${SECONDS_EACH:-2}" || fail 2-cpus "see $LOG"
done_testing
