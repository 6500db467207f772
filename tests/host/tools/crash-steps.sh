#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Runs in dom0. A daemon gets --crash-at=N and a guest with disk and interface is created, rebooted or
# destroyed, or a device is attached to a running Linux or detached; for N from 1 on, until the daemon
# no longer gets that far. After each: the guest or the device is there whole, or not at all; what was
# asked for happens when it is asked for again, or has happened; and when it is gone the host is as it
# was before. That stored or consoled crash nobody notices: the answer is what it would have been.
#
# stored has hundreds of steps in each action, and answers as if it had not crashed. So besides single ones
# it gets crashes at every K-th step through all the actions (sweep), in rounds that begin BY steps later
# each; the first is drawn unless named. With BY 1 each step has its crash. A kernel's transaction does not survive a
# crash and is begun again: K must let the longest one through, of some 30 steps.
#
# DAEMON:FIRST:EVERY[:ACTION] or stored:sweep:K:BY[:FIRST] in $STEPS chooses.
. "$(dirname "$0")/lib.sh"
here=$(cd "$(dirname "$0")" && pwd)
truncate -s 8M /guest/data.img
cat >/tmp/g.cfg <<E2
name = "g"
kernel = "$here/mini"
cmdline = "test=version+callback+evtchn end=wait"
memory = 32
vcpus = 2
disk = [ '/guest/disk.img,raw,xvda,ro', '/guest/data.img,raw,xvdb,rw,overlay=/guest/g.cow' ]
vif = [ 'bridge=pavobr0' ]
on_reboot = "restart"
E2
config w "disk = [ '/guest/disk.img,raw,xvda,ro' ]" 'vif = [ "bridge=pavobr0" ]' \
    'extra = "console=hvc0 quiet loglevel=4 net=10.0.0.9/24"'
snapshot >/tmp/before

wait_for() {
    local until=$((SECONDS + $1))
    shift
    until "$@"; do
        [ $SECONDS -lt $until ] || return 1
        usleep 20000
    done
}
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
settled() { [ "$(pidof "$1")" ] && up "$1" && { [ "$1" = domd ] || up domd; }; }
crashed() { [ "$(ends "$1")" -ge $((before + 2)) ]; }
last_said() { tail -n "${1:-1}" /tmp/out | tr '\n' ' '; }

# ---- the guest g

there() { domctl list -o json 2>/dev/null | grep -q '"name": "g"'; }
whole() {
    local id
    id=$(field g id)
    [ "$id" ] && [ "$(xenstore-read "/local/domain/$id/name" 2>/dev/null)" = g ] &&
        xenstore-exists "/domd/$id/complete" && [ -e "/sys/bus/xen-backend/devices/vif-$id-0" ] &&
        netif_exists "vif$id.0" && [ -e /guest/g.cow ]
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

before_create() { return 0; }
before_destroy() { there || domctl create /tmp/g.cfg; }
before_reboot() { before_destroy; }
do_create() { domctl create /tmp/g.cfg; }
do_destroy() { domctl destroy g; }
do_reboot() {
    local id rc
    id=$(field g id)
    domctl reset g
    rc=$?
    wait_for 10 another_domain "$id" && return $rc
}
after_create() {
    [ "$1" != 0 ] || there || { why="created, but not there"; return 1; }
    if there; then
        wait_for 5 whole || { why="half a guest: $(domctl list | tr '\n' ';')"; return 1; }
        logged_once || { why="the log: $(grep ^FAIL $log/g.log; tail -n 4 $log/g.log | tr '\n' ' ')"; return 1; }
    elif [ -e /guest/g.cow ]; then
        why="no guest, but its overlay"
        return 1
    fi
}
after_destroy() { ! there || wait_for 5 whole || { why="half a guest: $(domctl list | tr '\n' ';')"; return 1; }; }
after_reboot() { wait_for 10 whole || { why="no guest after a reboot: $(tail -n 3 /var/log/pavo/domd.log)"; return 1; }; }
clear_guest() {
    wait_for 10 settle_destroy || { why="not destroyed: $(domctl list | tr '\n' ';')"; return 1; }
    rm -f /guest/g.cow
    snapshot --same /tmp/before >/tmp/out 2>&1 || { why=$(last_said 20); return 1; }
}

# ---- devices of the guest w

held() { snapshot | sed '/^== host/,/^== store/d'; }
as_alone() { held >/tmp/now; cmp -s /tmp/alone /tmp/now; }
answers() { ping -c 1 -W 1 10.0.0.9 >/dev/null; }
start_w() {
    domctl create /tmp/w.cfg || return
    wait_for 60 answers && wait_for 60 at_login w && held >/tmp/alone
}
stop_w() { gone w || domctl destroy w; }
count() { domctl "$1"-list -o json w | grep -c '"backend"'; }
listed() { [ "$(count "$1")" = 2 ]; }
alone() { [ "$(count "$1")" = 1 ] && as_alone; }
# Both ends are connected, and nothing is under way.
device_whole() {
    listed "$1" && ! xenstore-exists "/domd/$(field w id)/moving" &&
        [ "$(domctl "$1-list" -o json w | grep -c '"\(frontend_\)\{0,1\}state": "connected"')" = 4 ]
}
not_moving() { settled domd && ! xenstore-exists "/domd/$(field w id)/moving"; }
attach_block() { domctl block-attach -t 20 w overlay=/guest/w.cow,vdev=xvdb,target=/guest/data.img; }
attach_network() { domctl network-attach -t 20 w bridge=pavobr0 rate=1MB/s; }
detach_block() { domctl block-detach -t 20 w xvdb; }
detach_network() { domctl network-detach -t 20 w 1; }

before_attach() { ! gone w || start_w; }
before_detach() { before_attach && { listed "$1" || "attach_$1"; }; }
# What was begun is taken back or finished; what was said to be done is done.
after_device() {
    local want=$1 kind=$2 status=$3
    wait_for 20 not_moving || { why="still moving: $(xenstore-read "/domd/$(field w id)/moving")"; return 1; }
    if listed "$kind"; then
        wait_for 5 device_whole "$kind" || { why="half a device: $(domctl "$kind-list" -o json w | tr -d '\n')"; return 1; }
    elif ! wait_for 5 alone "$kind"; then
        why="something is left: $(diff /tmp/alone /tmp/now | grep '^[<>]' | tr '\n' ' ')"
        return 1
    elif [ "$kind$want" = blockattach ] && [ -e /guest/w.cow ]; then
        why="no disk, but its overlay"
        return 1
    fi
    [ "$want$status" != attach0 ] || listed "$kind" || { why="attached, but not there"; return 1; }
    [ "$want$status" != detach0 ] || ! listed "$kind" || { why="detached, but there"; return 1; }
    wait_for 5 answers || { why="the guest does not answer"; return 1; }
}
clear_device() {
    ! listed "$1" || "detach_$1" || return
    wait_for 5 alone "$1" || { why="something is left: $(diff /tmp/alone /tmp/now | grep '^[<>]' | tr '\n' ' ')"; return 1; }
    rm -f /guest/w.cow
}

before_block_attach() { before_attach; }
before_network_attach() { before_attach; }
before_block_detach() { before_detach block; }
before_network_detach() { before_detach network; }
do_block_attach() { attach_block; }
do_network_attach() { attach_network; }
do_block_detach() { detach_block; }
do_network_detach() { detach_network; }
after_block_attach() { after_device attach block "$1"; }
after_network_attach() { after_device attach network "$1"; }
after_block_detach() { after_device detach block "$1"; }
after_network_detach() { after_device detach network "$1"; }

# ---- one step, and all

# step DAEMON ACTION N: 0 done, 1 a failure, 2 the daemon did not get that far.
step() {
    local rc=0 status action=${2//-/_} clear=clear_guest
    case $2 in *-*) clear="clear_device ${2%-*}" ;; esac
    "before_$action" >/tmp/out 2>&1 || { why="cannot begin: $(last_said)"; return 1; }
    arm "$1" "$3"
    wait_for 10 settled "$1" || { why="$1 does not come up"; return 1; }
    "do_$action" >/tmp/out 2>&1
    status=$?
    wait_for 10 settled "$1" || { why="$1 does not come up again"; return 1; }
    [ "$1" = domd ] || [ $status = 0 ] || { why="status $status: $(last_said)"; return 1; }
    "after_$action" $status || return 1
    # Only now: consoled works on until the guest has said all. What was not reached is not to come later.
    crashed "$1" || { rc=2; kill -9 "$(pidof "$1")"; }
    wait_for 10 settled "$1" || { why="$1 does not come up again"; return 1; }
    $clear || { why="${why:-$(last_said)}"; return 1; }
    return $rc
}

# The steps that an action has at least: somewhat less than there are. What reaches fewer has ended early.
floor() {
    case $1-$2 in
    domd-create) echo 8 ;;
    domd-reboot) echo 14 ;;
    domd-destroy) echo 6 ;;
    domd-block-attach) echo 6 ;;
    domd-network-attach) echo 4 ;;
    domd-*-detach) echo 3 ;;
    consoled-create) echo 5 ;;
    consoled-reboot) echo 4 ;;
    consoled-destroy) echo 1 ;;
    stored-create) echo 280 ;;
    stored-reboot) echo 430 ;;
    stored-block-attach) echo 240 ;;
    stored-network-attach) echo 330 ;;
    stored-block-detach) echo 48 ;;
    stored-destroy | stored-network-detach) echo 96 ;;
    esac
}
# every DAEMON ACTION FIRST BY
every() {
    local n=$3 done=0 begun=$SECONDS
    while :; do
        why=
        step "$1" "$2" "$n"
        case $? in
        1) fail "$1-$2" "step $n: $why"; return ;;
        2) break ;;
        esac
        done=$((done + 1)) n=$((n + $4))
    done
    # The last step may lie up to BY - 1 behind the last crash.
    check "$1-$2" "$done crashes: no step was reached from $n on, there are $(floor "$1" "$2") at least" \
        [ $done -gt 0 -a "$n" -gt "$(floor "$1" "$2")" ]
    echo "$1 $2: $done crashes, the last at step $((n - $4)), $((SECONDS - begun)) s"
}

# ---- all steps of stored

# Each command succeeds, and what it was for is there.
sweep_create() { domctl create /tmp/g.cfg && wait_for 10 whole && logged_once; }
sweep_reboot() { domctl reset g && wait_for 10 whole; }
sweep_attach() { "attach_$1" && wait_for 5 device_whole "$1"; }
sweep_detach() { "detach_$1" && ! listed "$1" && { [ "$1" = network ] || rm -f /guest/w.cow; }; }
sweep_destroy() { domctl destroy g && not_there && rm -f /guest/g.cow; }
round() {
    local action
    for action in "attach block" "attach network" "detach network" "detach block" create reboot destroy; do
        # shellcheck disable=SC2086  # a function and its argument
        sweep_$action >/tmp/out 2>&1 || { why="$action: $(last_said)"; return 1; }
    done
    wait_for 5 answers || { why="the guest does not answer"; return 1; }
}
# For who looks at the log: where a device of the guest w stands, and what its kernel and the daemon say.
tell_state() {
    local id
    id=$(field w id)
    xenstore-ls -f "/local/domain/$id/device"
    xenstore-ls -f /local/domain/0/backend
    tail -n 10 "$log/w.log" /var/log/pavo/domd.log "/var/log/pavo/$1.log"
    dmesg | tail -n 10
}
# sweep DAEMON K BY[:FIRST]
sweep() {
    local by=${3%:*} first rounds=0 begun=$SECONDS crashes=0 why=
    case $3 in
    *:*) first=${3#*:} ;;
    *) first=$((1 + RANDOM % by)) ;;
    esac
    before_attach >/tmp/out 2>&1 || { fail "$1-sweep" "cannot begin: $(last_said)"; return; }
    while [ "$first" -le "$2" ] && [ ! "$why" ]; do
        echo "$2" >"/run/pavo/service.$1.crash-every"
        arm "$1" "$first"
        round || { why="the round from step $first: $why" && tell_state "$1"; }
        rm "/run/pavo/service.$1.crash-every"
        crashes=$((crashes + $(ends "$1") - before - 1)) rounds=$((rounds + 1)) first=$((first + by))
        kill -9 "$(pidof "$1")"
        wait_for 10 settled "$1" || why=${why:-$1 does not come up}
        [ "$why" ] || wait_for 5 as_alone || why="something is left: $(diff /tmp/alone /tmp/now | grep '^[<>]' | tr '\n' ' ')"
    done
    # A round has more than a thousand steps.
    [ $((crashes * $2)) -ge $((rounds * 700)) ] || why=${why:-only $crashes crashes in $rounds rounds}
    check "$1-sweep" "$why" [ ! "$why" ]
    echo "$1: $crashes crashes in $rounds rounds, $((SECONDS - begun)) s"
}

devices='block-attach network-attach block-detach network-detach'
[ "$STEPS" ] || STEPS='domd:1:1 consoled:1:1 stored:1:60 stored:sweep:96:8'
for s in $STEPS; do
    IFS=: read -r daemon first by only <<<"$s"
    actions="create reboot destroy"
    [ "$daemon" = consoled ] || actions+=" $devices"
    if [ "$first" = sweep ]; then
        sweep "$daemon" "$by" "${only:-1}"
        daemon=sweep
    else
        for action in ${only:-$actions}; do every "$daemon" "$action" "$first" "$by"; done
    fi
    # For the next one the host is as it was at first.
    if ! gone w; then
        domctl destroy w
        same "$daemon-leaves-nothing"
    fi
done
echo "$SECONDS s in all"
