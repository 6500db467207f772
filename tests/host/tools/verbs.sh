#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Runs in dom0: each verb of domctl on guests that work.
. "$(dirname "$0")/lib.sh"

for verb in create list info console shutdown reboot destroy pause unpause dmesg; do
    out=$(domctl $verb --help) && [[ $out == "usage: domctl $verb"* ]] || break
    out=
done
check help "domctl $verb --help: $out" [ -z "$out" ]

trap '' PIPE # a console may end before we have typed all

image one
snapshot >/tmp/before
config one "disk = [ '/guest/one.img,raw,xvda,rw' ]"
create one
check create "status $?: $(cat /tmp/create.err)" [ -n "$(field one id)" ]
id=$(field one id)
[ -n "$id" ] || exit 1
check list-table "$(domctl list)" grep -q "^one  *$id " <<<"$(domctl list)"
check info-json "$(domctl info -o json one)" grep -q '"vdev": "xvda"' <<<"$(domctl info -o json one)"
check info-by-number "$(domctl info "$id")" grep -q '^name: one' <<<"$(domctl info "$id")"
check host-info "$(domctl info -o json)" grep -q '"grant_mappings": ' <<<"$(domctl info -o json)"
check log-from-first-byte "$(head -c 200 $log/one.log)" wait_for 60 at_login one
create one
rc=$?
check create-name-twice "status $rc: $(cat /tmp/create.err)" [ $rc = 2 ]

domctl pause one
check pause "state $(field one state)" [ "$(field one state)" = paused ]
domctl unpause one
check unpause "state $(field one state)" [ "$(field one state)" != paused ]

mkfifo /tmp/keys
domctl console one </tmp/keys >/tmp/console 2>/tmp/console.err &
console=$!
exec 3>/tmp/keys
printf 'root\r' >&3
# shellcheck disable=SC2016  # the guest shall do the sum
typed() { printf 'echo hello-$((40 + 2))\r' >&3; usleep 300000; grep -q hello-42 /tmp/console; }
check console "$(tail -c 300 /tmp/console)" wait_for 20 typed
check console-shows-the-past "$(head -c 300 /tmp/console)" grep -aq 'login: ' /tmp/console

domctl reboot -t 60 one
check reboot "status $?, domain $(field one id)" [ "$(field one id)" != "$id" ]
twice() { [ "$(grep -ac 'login: ' $log/one.log)" -ge 2 ]; }
check reboot-boots-again "$(tail -n 3 $log/one.log)" wait_for 60 twice
check console-survives-reboot "gone" kill -0 $console
domctl shutdown -w one
check shutdown "status $?" gone one
printf '\035' 2>/dev/null >&3
exec 3>&-
check console-ends-with-guest "still there" wait_for 5 eval "! kill -0 $console 2>/dev/null"
same shutdown-leaves-nothing

config idle
domctl create -p /tmp/idle.cfg >/dev/null
check create-paused "state $(field idle state)" [ "$(field idle state)" = paused ]
domctl destroy idle
domctl shutdown nobody 2>/tmp/err
check no-such-domain "status $?: $(cat /tmp/err)" grep -q '^domctl: nobody: no such domain' /tmp/err
strace -f -e trace=open,openat -o /tmp/trace domctl list >/dev/null
check domctl-opens-no-device "$(grep /dev/xen /tmp/trace)" eval '! grep -q /dev/xen /tmp/trace'
# The hypervisor's log, from its first line to what the guest did: its first domain ended by a reboot.
domctl dmesg >/tmp/dmesg
check dmesg "$(head -n 1 /tmp/dmesg)" grep -q '^(PV) Pavo, loaded by ' /tmp/dmesg
check dmesg-cpus "$(grep CPUs /tmp/dmesg)" grep -qx "(PV) $(nproc) of $(nproc) CPUs are up" /tmp/dmesg
check dmesg-has-what-happened "$(tail -n 3 /tmp/dmesg)" grep -qx "(PV) d$id shut down, reason 1" /tmp/dmesg
