#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Runs in dom0: bad input. Each row: one line on stderr, the exit status, nothing left behind.
. "$(dirname "$0")/lib.sh"

# bad NAME STATUS PATTERN LINE...: create from a config that is good but for the lines.
bad() {
    local name=$1 status=$2 pattern=$3
    shift 3
    config bad "$@"
    row "$name" "$status" "$pattern" domctl create /tmp/bad.cfg
}

# No row may change this.
snapshot >/tmp/before
row missing-config 2 'config /tmp/none.cfg: no such file' domctl create /tmp/none.cfg
row unreadable-config 2 'config /tmp: not a regular file' domctl create /tmp
printf 'name = "x"\nmemory = "lots\n' >/tmp/syntax.cfg
row syntax-error 2 '/tmp/syntax.cfg:2: memory: string without an end quote' domctl create /tmp/syntax.cfg
bad wrong-value 2 '/tmp/bad.cfg:[0-9]+: memory: .*not a number' 'memory = "many"'
bad missing-kernel 2 'kernel /none: no such file' 'kernel = "/none"'
bad missing-ramdisk 2 'ramdisk /none: no such file' 'ramdisk = "/none"'
bad missing-disk 2 'disk /none: no such file' 'disk = [ "/none,raw,xvda,rw" ]'
head -c 5000000 /guest/vmlinuz >/tmp/short
bad truncated-kernel 2 'kernel: /tmp/short: kernel is truncated' 'kernel = "/tmp/short"'
bad no-kernel 2 'kernel: /guest/disk.img: not a kernel' 'kernel = "/guest/disk.img"'
cp /bin/busybox /tmp/elf
bad no-pv-kernel 2 'kernel: /tmp/elf: no PV kernel' 'kernel = "/tmp/elf"'
bad missing-bridge 2 'bridge nobr: no such interface' 'vif = [ "bridge=nobr" ]'
bad bridge-is-none 2 'bridge lo: this interface is no bridge' 'vif = [ "bridge=lo" ]'
bad too-much-memory 4 'not enough free memory for 900000 MiB' 'memory = 900000'
bad too-much-but-possible 4 'not enough free memory|not enough' "memory = $(($(domctl info -o json |
    sed -n 's/.*"free_pages": \([0-9]*\).*/\1/p') / 256 + 64))"
bad ramdisk-too-big 4 'ramdisk: 64 MiB do not fit' 'ramdisk = "/guest/disk.img"' 'memory = 96'
bad name-of-dom0 2 'Domain-0' 'name = "Domain-0"'
bad no-name 2 'name: no name' 'name = "a/b"'
if [ -e "$here/crash" ]; then
    bad crash-at-once 1 'crashed at once' "kernel = '$here/crash'"
    bad crash-at-once-with-devices 1 'crashed at once' 'vif = [ "bridge=pavobr0" ]' \
        "kernel = '$here/crash'" "memory = 64"
fi
row no-such-domain 3 'nobody: no such domain' domctl destroy nobody
row no-such-verb 2 'no such verb' domctl fly
row missing-argument 2 'an argument is missing' domctl destroy
row unknown-option 2 'unknown option' domctl list --fast
row sched-option-of-xl 2 'sched: -p is not supported [(]Pavo has no CPU pools' domctl sched -p
row sched-missing-value 2 'sched: -w needs a value' domctl sched deaf -w

# A name that exists, a wait that runs out: with a guest that does not listen.
config deaf
domctl create -p /tmp/deaf.cfg >/dev/null || fail deaf "cannot be created"
cp /tmp/before /tmp/whole
snapshot >/tmp/before
row name-in-use 2 'deaf: a domain of this name exists' domctl create /tmp/deaf.cfg
row wait-runs-out 5 'deaf: the guest did not poweroff within 1 s' domctl shutdown -t 1 deaf
domctl destroy deaf

service domd stop
row_down() {
    local name=$1 pattern=$2 rc
    shift 2
    "$@" >/tmp/out 2>/tmp/err
    rc=$?
    if [ $rc = 1 ] && [ "$(wc -l </tmp/err)" = 1 ] && grep -qE "$pattern" /tmp/err; then
        pass "$name"
    else
        fail "$name" "status $rc: $(cat /tmp/err)"
    fi
}
row_down domd-down 'domd: not running' domctl list
service domd start
service consoled stop
config mute
row_down consoled-down 'consoled: not running' domctl create /tmp/mute.cfg
service consoled start
cp /tmp/whole /tmp/before
same daemons-down-leave-nothing

service stored stop
row_down stored-down 'store: not running' domctl create /tmp/mute.cfg
service stored start
row_up() { domctl create -p /tmp/mute.cfg >/dev/null 2>/tmp/err && domctl destroy mute; }
check stored-up-again "$(cat /tmp/err)" wait_for 10 row_up
