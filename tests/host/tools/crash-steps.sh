#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Runs in dom0. A daemon gets --crash-at=N and a guest with disk and interface is created, rebooted or
# destroyed; for N from 1 on, until the daemon no longer gets that far. After each: the guest is
# there whole, or not at all; what was asked for happens when it is asked for again, or has happened;
# and when the guest is gone the host is as it was before.
. "$(dirname "$0")/lib.sh"
here=$(cd "$(dirname "$0")" && pwd)
cat >/tmp/g.cfg <<E2
name = "g"
kernel = "$here/mini"
cmdline = "test=version+callback+evtchn end=wait"
memory = 32
vcpus = 2
disk = [ '/guest/disk.img,raw,xvda,ro' ]
vif = [ 'bridge=pavobr0' ]
on_reboot = "restart"
E2
snapshot >/tmp/before

up() {
    case $1 in
    stored) xenstore-exists / 2>/dev/null ;;
    domd) domctl list >/dev/null 2>&1 ;;
    consoled) [ -S /run/pavo/consoled.sock ] ;;
    esac
}
ends() { cat "/run/pavo/service.$1.ends" 2>/dev/null || echo 0; }
# arm NAME N: the daemon is started anew and will end at its N-th step, be it at once.
arm() {
    before=$(ends "$1")
    echo "$2" >"/run/pavo/service.$1.crash-at"
    kill -9 "$(pidof "$1")"
    until [ ! -e "/run/pavo/service.$1.crash-at" ]; do usleep 10000; done
}
settled() { [ "$(pidof "$1")" ] && up "$1" && up domd; }
crashed() { [ "$(ends "$1")" -ge $((before + 2)) ]; }
there() { domctl list -o json 2>/dev/null | grep -q '"name": "g"'; }
whole() {
    local id
    id=$(field g id)
    [ "$id" ] && [ "$(xenstore-read "/local/domain/$id/name" 2>/dev/null)" = g ] &&
        xenstore-exists "/domd/$id/complete" && [ -e "/sys/bus/xen-backend/devices/vif-$id-0" ] &&
        netif_exists "vif$id.0"
}
ask_reboot() {
    local id
    id=$(field g id)
    domctl reset g
    wait_for 10 another_domain "$id"
}
another_domain() { new=$(field g id) && [ "$new" ] && [ "$new" != "$1" ]; }
not_there() { domctl list -o json >/tmp/list 2>/dev/null && ! grep -q '"name": "g"' /tmp/list; }
settle_destroy() { domctl destroy g 2>/dev/null; not_there; }

# Its console's log holds each line once. Nothing of it is to be said if it was never there.
logged_once() {
    local f=/var/log/pavo/console/g.log n
    wait_for 10 grep -q 'mini: end=wait' $f || return
    n=$(sed -n 's/^mini: \([0-9]*\) passed, 0 failed.*/\1/p' $f)
    [ "$n" ] && [ "$(grep -c '^PASS ' $f)" = "$n" ] && [ ! "$(grep '^PASS ' $f | sort | uniq -d)" ]
}

# step DAEMON ACTION N: 0 done, 1 a failure, 2 the daemon did not get that far.
step() {
    local rc=0
    [ "$2" = create ] || there || domctl create /tmp/g.cfg >/tmp/out 2>&1 || { why="no guest: $(cat /tmp/out)"; return 1; }
    arm "$1" "$3"
    wait_for 10 settled "$1" || { why="$1 does not come up"; return 1; }
    case $2 in
    create) domctl create /tmp/g.cfg >/tmp/out 2>&1 ;;
    destroy) domctl destroy g >/tmp/out 2>&1 ;;
    reboot) ask_reboot >/tmp/out 2>&1 ;;
    esac
    wait_for 10 settled "$1" || { why="$1 does not come up again"; return 1; }
    if [ "$2" = reboot ]; then
        wait_for 10 whole || { why="no guest after a reboot: $(tail -n 3 /var/log/pavo/domd.log)"; return 1; }
    elif there; then
        wait_for 5 whole || { why="half a guest: $(domctl list | tr '\n' ';')"; return 1; }
        [ "$2" != create ] || logged_once || { why="the log: $(grep ^FAIL /var/log/pavo/console/g.log; tail -n 4 /var/log/pavo/console/g.log | tr '\n' ' ')"; return 1; }
    fi
    crashed "$1" || rc=2 # only now: consoled works on until the guest has said all
    wait_for 10 settled "$1" || { why="$1 does not come up again"; return 1; }
    wait_for 10 settle_destroy || { why="not destroyed: $(domctl list | tr '\n' ';')"; return 1; }
    snapshot --same /tmp/before >/tmp/out 2>&1 || { why=$(tr '\n' ' ' </tmp/out); return 1; }
    return $rc
}

# every DAEMON ACTION FIRST BY
every() {
    local n=$3 done=0
    while :; do
        step "$1" "$2" "$n"
        case $? in
        1) fail "$1-$2" "step $n: $why"; return ;;
        2) break ;;
        esac
        done=$((done + 1)) n=$((n + $4))
    done
    check "$1-$2" "no step was reached" [ $done -gt 0 ]
    echo "$1 $2: $done crashes, the last at step $((n - $4))"
}

[ "$STEPS" ] || STEPS='domd:1:1 consoled:1:1 stored:1:1'
for s in $STEPS; do
    IFS=: read -r daemon first by <<<"$s"
    for action in create reboot destroy; do every "$daemon" "$action" "$first" "$by"; done
done
