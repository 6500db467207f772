#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# make run hands a command and its output on byte for byte, and its status.
. tests/host/lib.sh
mkdir "$scratch/files"
head -c 1000000 /dev/urandom >"$scratch/files/noise"

# shellcheck disable=SC2016  # dom0's shell expands it
command='printf "%s|" "double" '\''single $HOME'\'' $0 "#hash" $(echo sub) `echo tick` $((1+2))
cat noise; echo oops >&2'
{
    # shellcheck disable=SC2016
    printf '%s|' double 'single $HOME' sh '#hash' sub tick 3
    cat "$scratch/files/noise"
} >"$scratch/expected"
make -s run "CMD=$command" FILES="$scratch/files" TIMEOUT=240 >"$scratch/out" 2>"$scratch/err"
rc=$?
check status "make run ended with $rc" [ $rc = 0 ]
check stdout "stdout differs: $(cmp "$scratch/out" "$scratch/expected" 2>&1)" \
    cmp -s "$scratch/out" "$scratch/expected"
check stderr "stderr is '$(head -c 200 "$scratch/err")'" [ "$(cat "$scratch/err")" = oops ]

DISKS=0 dom0 'exit 7'
rc=$?
check exit-status "exit 7 gave $rc" [ $rc = 7 ]
out=$(DISKS=0 dom0 'wc -c')
check empty-stdin "stdin holds $out bytes" [ "$out" = 0 ]
DISKS=0 TIMEOUT=5 dom0 'sleep 1000' 2>/dev/null
rc=$?
check timeout "a command that does not end gave $rc" [ $rc = 124 ]
DOM0_ARGS=rdinit=/nonesuch DISKS=0 BOOT_TIMEOUT=20 dom0 true 2>/dev/null
rc=$?
check no-boot "a host that does not boot gave $rc" [ $rc = 125 ]
done_testing
