#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Runs in dom0: programs.sh LABEL. Each program of programs/ here and in a guest, which finds them on a
# disk that is a block device of dom0, read-only.
. "$(dirname "$0")/lib.sh"
cp "$here/programs.img" /guest/programs.img
image user
device=$(losetup -f)
losetup -r "$device" /guest/programs.img
snapshot >/tmp/before
config user 'vcpus = 2' \
    "disk = [ '/guest/user.img,raw,xvda,rw', 'phy:$device,xvdb,r' ]" \
    'extra = "console=hvc0 quiet loglevel=4 programs=/dev/xvdb"'
create user
for program in "$here"/programs/*; do
    name=${program##*/}
    out=$("$program" 2>&1)
    rc=$?
    check "$1-$name-in-dom0" "status $rc: $out" [ $rc = 0 ]
done
check "$1-guest-boots" "$(cat /tmp/create.err; tail -n 3 $log/user.log)" wait_for 90 at_login user
for program in "$here"/programs/*; do
    name=${program##*/}
    said=$(grep -a "GUEST-STEP $name " $log/user.log)
    check "$1-$name-in-a-guest" "$said" grep -q "GUEST-STEP $name ok" <<<"$said"
done
domctl destroy user
same "$1-leaves-nothing"
losetup -d "$device"
