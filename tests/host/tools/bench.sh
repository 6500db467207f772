#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Runs in dom0: domctl bench, with the smallest sizes; what goes wrong; what it leaves behind. Prints its
# results as well ("RESULTS BASE64"). All of it, on other hosts, too: host/bench-boots.
. "$(dirname "$0")/lib.sh"

# says NAME STATUS PATTERN COMMAND...: its status, and the last line on stderr.
says() {
    local name=$1 want=$2 pattern=$3 rc
    shift 3
    "$@" >/tmp/out 2>/tmp/err </dev/null
    rc=$?
    if [ $rc = "$want" ] && tail -n 1 /tmp/err | grep -q -- "$pattern"; then
        pass "$name"
    else
        fail "$name" "status $rc: $(tail -c 300 /tmp/err)"
    fi
}
# cell FILE NAME KEY: of a cell.
cell() { tr -d '\n' <"$1" | sed -n "s|.*\"$2\": {\([^}]*\)\"fingerprint.*|\1|p" | grep -o "\"$3\": \"[^\"]*" | sed 's/.*"//'; }

snapshot >/tmp/before
domctl bench --size=tiny -o json micro >/tmp/bench.json 2>/tmp/err
rc=$?
check bench-status "status $rc: $(cat /tmp/err)" [ $rc = 0 ]
echo "JSON bench 0 $(base64 -w 0 /tmp/bench.json)"
echo "RESULTS $(base64 -w 0 /tmp/bench.json)"
check bench-tells-its-progress "$(cat /tmp/err)" grep -qx 'pavo-guest/micro, round 1 of 1 \.\.\.' /tmp/err
same bench-leaves-nothing
check bench-leaves-no-files "$(ls /tmp)" [ -z "$(find /tmp -maxdepth 1 -name 'domctl-bench.*')" ]

# ---- results of the same machine, booted otherwise: as if Linux had taken a half of dom0's time
sed 's/pavo-dom0/native/; s/pavo-guest/xen-guest/; s/"pavo": "4[^"]*/"pavo": "none/' /tmp/bench.json >/tmp/other.json
domctl bench --report -m /tmp/bench.json -m /tmp/other.json >/tmp/out
check bench-merges "$(cat /tmp/out)" grep -qE '^ +native +pavo-dom0 +pavo-guest +xen-guest +pavo-guest / Xen$' /tmp/out
check bench-has-ratios "$(cat /tmp/out)" grep -qE '^null_syscall, ns +[0-9.]+ ±[0-9]+% +[0-9.]+ ±[0-9]+% 1x .* 1x$' /tmp/out
sed 's/"id": "[0-9a-f]*"/"id": "0123456789abcdef"/' /tmp/bench.json >/tmp/alien.json
sed 's|pavo-bench/1|pavo-bench/7|' /tmp/bench.json >/tmp/future.json
head -c 1000 /tmp/bench.json >/tmp/cut.json
says bench-of-another-machine 2 '^domctl: /tmp/alien.json: of another machine (QEMU .*: 0123456789abcdef, here ' domctl bench -s tiny -m /tmp/alien.json
says bench-of-another-size 2 '^domctl: /tmp/bench.json: of size tiny, not quick$' domctl bench -s quick -m /tmp/bench.json
says bench-of-another-schema 2 '^domctl: /tmp/future.json: schema pavo-bench/7, not pavo-bench/1$' domctl bench -m /tmp/future.json
says bench-cut-off 2 '^domctl: /tmp/cut.json: no JSON of a bench$' domctl bench -m /tmp/cut.json
says bench-unknown-cell 2 "^domctl: native/micro: no such cell on this host, only pavo-dom0/micro pavo-guest/micro " domctl bench native/micro
says bench-no-kernel 2 '^domctl: /none: No such file' domctl bench -k /none
says bench-report-disk-full 4 '^domctl: standard output: cannot be written: No space left on device$' sh -c 'domctl bench --report -m /tmp/bench.json >/dev/full'
says bench-json-disk-full 4 '^domctl: standard output: cannot be written: No space left on device$' sh -c 'domctl bench --report -o json -m /tmp/bench.json >/dev/full'

# ---- a guest that ends at once; what stands beside it is measured
says bench-bad-guest 1 '^domctl: bench: 1 of the cells failed$' domctl bench -s tiny -k /files/mini -o json micro
cp /tmp/out /tmp/failed.json
check bench-names-the-failure "$(cell /tmp/failed.json pavo-guest/micro why)" [ "$(cell /tmp/failed.json pavo-guest/micro status)" = failed ]
check bench-measures-the-others "$(cat /tmp/err)" [ "$(cell /tmp/failed.json pavo-dom0/micro status)" = ok ]
# One that hangs: with sizes of its own, beside a copy of domctl.
mkdir -p /tmp/own/bin /tmp/own/libexec/pavo
cp /usr/bin/domctl /tmp/own/bin/
says bench-not-installed 1 '^domctl: /tmp/own/libexec/pavo/bench: No such file or directory (.make install. ' /tmp/own/bin/domctl bench
cp -r /usr/libexec/pavo/bench/. /tmp/own/libexec/pavo/bench
sed -i 's/"null_syscall": 200/"null_syscall": 500000000/; s/"seconds": 240/"seconds": 3/' /tmp/own/libexec/pavo/bench/sizes.json
says bench-hang 1 '^domctl: bench: 2 of the cells failed$' /tmp/own/bin/domctl bench -s tiny micro
check bench-names-the-hang "$(cat /tmp/out)" eval 'grep -qx "FAILED pavo-dom0/micro: no end within 3 s" /tmp/out &&
    grep -qx "FAILED pavo-guest/micro: guest: no end within 3 s" /tmp/out'
rm -r /tmp/own
mkdir /tmp/small
mount -t tmpfs -o size=256k tmpfs /tmp/small
TMPDIR=/tmp/small says bench-no-room 1 '1 of the cells failed' domctl bench -s tiny pavo-guest/micro
check bench-names-the-full-disk "$(cat /tmp/out)" grep -q "^FAILED pavo-guest/micro: no room for the guest's image in /tmp/small/domctl-bench" /tmp/out
umount /tmp/small

# ---- Ctrl-C, while a guest is there
domctl bench life >/tmp/out 2>/tmp/err &
pid=$!
there() { domctl domid pavo-bench >/dev/null 2>&1; }
wait_for 60 there || fail bench-guest "$(cat /tmp/err)"
kill -INT $pid
wait $pid
rc=$?
check bench-interrupted "status $rc: $(cat /tmp/err)" [ "$rc $(tail -n 1 /tmp/err)" = "1 domctl: bench: interrupted" ]
check bench-interrupted-cell "$(cat /tmp/out)" grep -qx 'FAILED pavo-dom0/life: interrupted' /tmp/out
check bench-leaves-nobody "$(ps)" eval '! ps | grep -E "[l]ocal.sh|[r]un.sh|[m]icro " >/dev/null'
check bench-leaves-no-files-ever "$(ls /tmp)" [ -z "$(find /tmp -maxdepth 1 -name 'domctl-bench.*')" ]
same bench-leaves-nothing-ever
