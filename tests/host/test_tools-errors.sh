#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Bad input: one line, the exit status, nothing left behind: tests/host/tools/errors.sh and every.sh in
# dom0; and domctl where there is no Pavo.
. tests/host/lib.sh
cp tests/host/tools/*.sh build/guest/mini "$scratch/"
gcc -O1 -o "$scratch/hold" tests/host/tools/hold.c -lxenforeignmemory || die "hold.c does not build"
gcc -nostdlib -static -no-pie -Wl,-Ttext=0x100000,--build-id=none,-z,max-page-size=4096 \
    -o "$scratch/crash" tests/host/tools/crash.S || die "crash.S does not build"
FILES=$scratch TIMEOUT=560 dom0 'bash errors.sh; bash every.sh'
out=$(build/dom0-tools/domctl list 2>&1)
rc=$?
check not-on-pavo "status $rc: $out" \
    [ "$rc $out" = "1 domctl: domd: not running on Pavo: this is a plain Linux (boot Pavo and run this in its dom0)" ]
done_testing
