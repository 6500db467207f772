#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Runs in dom0: interfaces that come and go while a guest runs, rates, a grant table that gets full.
# Two interfaces need more than 1,024 grants, so a third frame: all that it may have.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/devices-lib.sh"

snapshot >/tmp/clean
config g 'max_grant_frames = 3' "disk = [ '/guest/disk.img,raw,xvda,rw,overlay=/guest/n.cow' ]" \
    'vif = [ "bridge=pavobr0" ]' 'extra = "console=hvc0 quiet loglevel=4 net=10.0.0.11/24"'
create g || fail create "$(cat /tmp/create.err)"
wait_for 40 at_login g || fail boot "$(tail -n 3 $log/g.log)"
held >/tmp/before
at_guest_shell g
row attach-no-bridge 2 'bridge none: no such interface' domctl network-attach g bridge=none
row attach-same-number 2 'two interfaces have devid 0' domctl network-attach g devid=0
row detach-no-vif 2 "g: no interface '7'" domctl network-detach g 7

ip addr add 10.0.1.1/24 dev pavobr0
domctl network-attach g rate=500KB/s mac=00:16:3e:00:00:77 >/tmp/out 2>/tmp/err
check attach-vif "$(cat /tmp/err)" [ "$(states network g)" = 'connected connected ' ]
check grants-warning "$(cat /tmp/err)" grep -q 'warning: g: its grant table is nearly full' /tmp/err
check grants-in-info "$(domctl info g)" grep -q '^warning: g: its grant table' <<<"$(domctl info g)"
check vif-table "$(domctl network-list g)" grep -q ' 500KB/s$' <<<"$(domctl network-list g)"
say 'ip addr add 10.0.1.2/24 dev eth1; ip link set eth1 up'
answers() { ping -c 1 -W 1 10.0.1.2 >/dev/null; }
check vif-works "no answer" wait_for 15 answers
# A rate is a limit: it can only take longer. 2 MiB at 500 kB a second, the first burst is free.
start=$(cut -d. -f1 /proc/uptime)
timeout 60 nc -l -p 5000 >/tmp/got < <(exec sleep 60) & # an end of its input would end it all
usleep 300000
say 'dd if=/dev/zero bs=64k count=32 2>/dev/null | nc 10.0.1.1 5000'
wait $!
took=$(($(cut -d. -f1 /proc/uptime) - start))
check rate-holds "$(stat -c %s /tmp/got) bytes in $took s" \
    [ "$took" -ge 3 -a "$(stat -c %s /tmp/got)" = 2097152 ]
domctl network-detach g 00:16:3e:00:00:77 2>/tmp/err
check detach-vif "$(cat /tmp/err)" [ "$(states network g)" = 'connected ' ]
ran guest-has-no-more-vif 10 '[ ! -e /sys/class/net/eth1 ]'
ip addr del 10.0.1.1/24 dev pavobr0
same vif-leaves-nothing

domctl destroy g
all_same interfaces-leave-nothing
