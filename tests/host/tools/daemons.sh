#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Runs in dom0: several devices, daemons that are killed, guests that crash.
. "$(dirname "$0")/lib.sh"
image two
snapshot >/tmp/before
config two 'vcpus = 2' "disk = [ '/guest/two.img,raw,xvda,rw', '/guest/disk.img,raw,xvdb,ro' ]" \
    'vif = [ "bridge=pavobr0", "bridge=pavobr0,vifname=twonet,rate=10Mb/s" ]' \
    'extra = "console=hvc0 quiet loglevel=4 net=10.0.0.9/24"'
create two
check two-disks-two-vifs "$(cat /tmp/create.err)" [ -n "$(field two id)" ]
check vifname "$(ip -o link)" netif_exists twonet
answers() { ping -c 1 -W 1 10.0.0.9 >/dev/null; }
check network "no answer from the guest" wait_for 60 answers
config thief "disk = [ '/guest/two.img,raw,xvda,rw' ]"
create thief
check disk-in-use "status $?: $(cat /tmp/create.err)" grep -q 'in use by domain two' /tmp/create.err

kill -9 "$(pidof domd)"
wait_for 10 domctl list >/dev/null 2>&1
check domd-restarts "$(domctl list 2>&1)" [ -n "$(field two id)" ]
kill -9 "$(pidof consoled)"
touch /tmp/console2
back() { domctl console two </dev/null >/tmp/console2 2>&1 & c=$!; usleep 300000; kill $c 2>/dev/null; }
check consoled-restarts "$(cat /tmp/console2)" wait_for 10 back
domctl destroy two
check destroy "status $?" gone two
same destroy-leaves-nothing

# on_crash = preserve: kept until it is destroyed.
snapshot >/tmp/before
config crash 'on_crash = "preserve"' "disk = [ '/guest/two.img,raw,xvda,rw' ]" \
    'extra = "console=hvc0 quiet loglevel=4 rdinit=/bin/false"'
create crash
crashed() { [ "$(field crash state)" = crashed ]; }
config crash2 'on_crash = "destroy"' 'extra = "console=hvc0 quiet rdinit=/bin/false"'
wait_for 40 crashed
check on-crash-preserve "$(domctl list)" crashed
domctl destroy crash
check destroy-preserved "status $?" gone crash
create crash2
check on-crash-destroy "$(domctl list)" wait_for 40 gone crash2
same crash-leaves-nothing
