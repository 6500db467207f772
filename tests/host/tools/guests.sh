#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# guests.sh ROUNDS, in dom0: two guests at once, each with 2 vCPUs, disk and network, ping each other
# and run 2,000 fork+exec; then so many rounds of create and destroy. The host is as it was before.
set -u
rounds=$1
log=/var/log/pavo/console
failures=0
say() {
    if [ "$1" = 0 ]; then echo "PASS $2"; else
        echo "FAIL $2: $3"
        failures=1
    fi
}

for n in 1 2; do
    cp --sparse=always /guest/disk.img /guest/two-$n.img 2>/dev/null || cp /guest/disk.img /guest/two-$n.img
    cat >/tmp/two-$n.cfg <<E
name = "two-$n"
kernel = "/guest/vmlinuz"
ramdisk = "/guest/initrd"
extra = "console=hvc0 quiet loglevel=4 net=10.0.0.1$n/24 peer=10.0.0.1$((3 - n)) forks=2000 hostname=two-$n"
memory = 192
vcpus = 2
disk = [ "/guest/two-$n.img,raw,xvda,rw" ]
vif = [ "bridge=pavobr0" ]
on_crash = "destroy"
E
done
snapshot >/tmp/before

for n in 1 2; do
    domctl create /tmp/two-$n.cfg
    say $? "create-$n" "domctl create failed"
done
for n in 1 2; do
    for ((i = 0; i < 300; i++)); do
        grep -q 'login: ' $log/two-$n.log 2>/dev/null && break
        sleep 1
    done
    for step in peer forks; do
        grep -q "^GUEST-STEP $step ok" $log/two-$n.log
        say $? "$step-$n" "$(grep "GUEST-STEP $step" $log/two-$n.log || tail -n 1 $log/two-$n.log)"
    done
    grep -q 'GUEST-STEP forks ok.* 2 CPUs' $log/two-$n.log
    say $? "cpus-$n" "$(grep 'GUEST-STEP forks' $log/two-$n.log)"
done
for n in 1 2; do
    domctl destroy two-$n
    say $? "destroy-$n" "domctl destroy failed"
done
why=$(snapshot --same /tmp/before 2>&1)
say $? host-as-before "$(echo "$why" | tr '\n' ' ')"

bad=
for ((r = 1; r <= rounds; r++)); do
    rm -f $log/two-*.log
    for n in 1 2; do domctl create /tmp/two-$n.cfg || bad+=" create-$n in round $r"; done
    # In the middle of their boot, at another point each round.
    sleep "0.$((r % 10))"
    for n in 1 2; do domctl destroy two-$n || bad+=" destroy-$n in round $r"; done
done
[ -z "$bad" ]
say $? "$rounds-rounds" "$bad"
why=$(snapshot --same /tmp/before 2>&1)
say $? "host-as-before-after-$rounds-rounds" "$(echo "$why" | tr '\n' ' ')"
exit $failures
