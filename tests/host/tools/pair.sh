#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Runs in dom0: two guests at once that work and talk to each other, then guests that come and go.
. "$(dirname "$0")/lib.sh"
trap '' PIPE
image left
image right
snapshot >/tmp/before

# type_to NAME TEXT: as a person would, over the console.
declare -A keys
attach() {
    mkfifo "/tmp/keys-$1"
    domctl console "$1" <"/tmp/keys-$1" >"/tmp/console-$1" 2>&1 &
    exec {fd}>"/tmp/keys-$1"
    keys[$1]=$fd
}
type_to() { printf '%s\r' "$2" >&"${keys[$1]}"; }
shown() { grep -aq "$2" "/tmp/console-$1"; }
at_shell() {
    type_to "$1" 'echo sh"el"l'
    usleep 500000
    shown "$1" '^shell'
}

n=10
for g in left right; do
    n=$((n + 1))
    config $g 'vcpus = 2' "disk = [ '/guest/$g.img,raw,xvda,rw' ]" 'vif = [ "bridge=pavobr0" ]' \
        "extra = \"console=hvc0 quiet loglevel=4 net=10.0.0.$n/24 hostname=$g\""
    create $g
    check "$g-created" "$(cat /tmp/create.err)" [ -n "$(field $g id)" ]
done
for g in left right; do
    check "$g-boots" "$(tail -n 3 $log/$g.log)" wait_for 90 at_login $g
    attach $g
    type_to $g root
    check "$g-shell" "$(tail -n 3 /tmp/console-$g)" wait_for 30 at_shell $g
done
type_to left 'ping -c 3 -w 20 10.0.0.12 >/dev/null && echo left-"hears"'
type_to right 'ping -c 3 -w 20 10.0.0.11 >/dev/null && echo right-"hears"'
# At the same time, on both.
for g in left right; do
    # shellcheck disable=SC2016  # the guest counts
    type_to $g 'i=0; while [ $i -lt 2000 ]; do /bin/busybox true || break; i=$((i + 1)); done; echo ran-"$i"-times'
done
for g in left right; do
    check "$g-hears-the-other" "$(tail -n 3 /tmp/console-$g)" wait_for 40 shown $g "^$g-hears"
    check "$g-runs-2000-programs" "$(tail -n 3 /tmp/console-$g)" wait_for 400 shown $g '^ran-2000-times'
done
domctl shutdown -t 60 left
domctl destroy right
check both-end "$(domctl list)" eval 'gone left && gone right'
same pair-leaves-nothing
for g in left right; do eval "exec ${keys[$g]}>&-"; done

config round 'vif = [ "bridge=pavobr0" ]' "disk = [ '/guest/left.img,raw,xvda,rw' ]"
for round in 1 2 3 4 5 6 7 8 9 10; do
    create round || break
    domctl destroy round || break
done
check ten-rounds "round $round: $(cat /tmp/create.err)" [ "$round" = 10 ]
same ten-rounds-leave-nothing
