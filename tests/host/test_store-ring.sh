#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# stored in dom0: what goes through its socket and what goes through the ring of dom0's kernel
# (/dev/xen/xenbus) is one store; long messages, transactions and watches pass the ring.
. tests/host/lib.sh
out=$(dom0 "$(cat <<'E2'
export PATH=$PATH:/usr/sbin:/usr/bin
ring() { store --socket /dev/xen/xenbus "$@"; }
same() { [ "$2" = "$3" ] && echo "PASS $1" || echo "FAIL $1: expected $2 got $3"; }
ring write /ring/x 1
same ring-to-socket 1 "$(store read /ring/x)"
store write /ring/y 2
same socket-to-ring 2 "$(ring read /ring/y)"
same debian-client 1 "$(xenstore-read /ring/x)"
long=$(printf %03500d 7)
ring write /ring/long "$long"
same long-value "$long" "$(ring read /ring/long)"
i=0
args=
while [ $i -lt 1000 ]; do args="$args /ring/many/node-$i $i"; i=$((i + 1)); done
store write $args
same long-list 1000 "$(ring ls -1 /ring/many | wc -l)"
ring rm /ring/many
same rm 0 "$(store ls -1 /ring | grep -c many)"
ring watch -n 2 -t 20 /ring/w >/tmp/watched &
i=0
until grep -q . /tmp/watched || [ $i -gt 100 ]; do usleep 100000; i=$((i + 1)); done
store write /ring/w/deep 1
wait
same watch '/ring/w /ring/w/deep ' "$(tr '\n' ' ' </tmp/watched)"
# Four clients through the ring and one socket at once.
for n in 1 2 3 4; do
    (for i in 1 2 3 4 5 6 7 8 9 10; do ring write /ring/p/$n/$i $i; done) &
done
for i in 1 2 3 4 5 6 7 8 9 10; do store write /ring/p/5/$i $i; done
wait
same parallel 50 "$(ring ls /ring/p | grep -c ' = "[1-9]0*"')"
same refused 1 "$(ring read /ring/none >/dev/null 2>&1; echo $?)"
same kernel-uses-it 1 "$(store read control/feature-poweroff)"
store rm /ring
E2
)")
echo "$out"
[ "$(grep -c ^PASS <<<"$out")" = 10 ] || {
    grep -q ^FAIL <<<"$out" || fail all "only $(grep -c ^PASS <<<"$out") of 10 steps ran"
    exit 1
}
