#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Runs in dom0: disks that come and go while a guest runs, a guest that takes nothing, back-ends that
# dom0's kernel is not ready with.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/devices-lib.sh"

truncate -s 8M /guest/data.img
head -c 4096 /dev/urandom >/tmp/mark
dd if=/tmp/mark of=/guest/data.img conv=notrunc 2>/dev/null
snapshot >/tmp/clean

config g "disk = [ '/guest/disk.img,raw,xvda,rw,overlay=/guest/g.cow' ]" \
    'extra = "console=hvc0 quiet loglevel=4"'
base=$(md5sum </guest/disk.img)
create g
check create-on-overlay "$(cat /tmp/create.err)" [ -n "$(field g id)" ]

# While it boots: a guest that has no drivers.
config deaf "kernel = '$here/deaf'" 'memory = 32'
sed -i /ramdisk/d /tmp/deaf.cfg
create deaf || fail deaf "$(cat /tmp/create.err)"
id=$(field deaf id)
wait_for 40 at_login g || fail boot "$(tail -n 3 $log/g.log)"
held >/tmp/before
row attach-not-taken 5 'disk xvdb: the guest did not take it within 1 s' \
    domctl block-attach -t 1 deaf /guest/data.img,raw,xvdb,rw
row attach-vif-not-taken 5 'vif 0: the guest did not take it' domctl network-attach -t 1 deaf
# A frontend that is not ready yet, and one that domd forgot when it was killed.
domctl block-attach deaf /guest/data.img,raw,xvdb,rw 2>/dev/null &
shown_to() { xenstore-ls -p "/local/domain/$id/device/vbd/51728" 2>/dev/null | grep -q "state.*(n$id)"; }
wait_for 8 shown_to || fail attach-waits "$(xenstore-ls -p "/local/domain/$id")"
kill -9 "$(pidof domd)"
wait
wait_for 10 domctl list >/dev/null 2>&1
same attach-killed-is-undone
check attach-unwaited "status $?" domctl block-attach -t 0 deaf /guest/data.img,raw,xvdb,rw
check list-unwaited "$(states block deaf)" [ "$(states block deaf)" = 'waiting ' ]
check detach-unused "status $?" domctl block-detach -t 1 deaf xvdb
same deaf-keeps-nothing
domctl destroy deaf
wait_for 5 gone deaf
held >/tmp/before

at_guest_shell g

domctl block-attach g /guest/data.img,raw,xvdb,rw 2>/tmp/err
check attach-disk "$(cat /tmp/err)" [ "$(states block g)" = 'connected connected ' ]
check list-table "$(domctl block-list g)" \
    grep -q '^xvdb  *51728 rw connected  */guest/data.img$' <<<"$(domctl block-list g)"
cp /tmp/before /tmp/whole
held >/tmp/before
row attach-twice 2 'vdev xvdb is given twice' domctl block-attach g /guest/disk.img,raw,xvdb,ro
row attach-same-file 1 'g has it already' domctl block-attach g /guest/data.img,raw,xvdc,ro
row attach-base 1 'disk /guest/disk.img: g has it already' domctl block-attach g /guest/disk.img,raw,xvdc,rw
row attach-no-file 2 'disk /none: no such file' domctl block-attach g /none,raw,xvdc,rw
row attach-no-vdev 2 'no virtual device' domctl block-attach g /guest/disk.img
row attach-mounted 2 'dom0 itself uses this device' \
    domctl block-attach g "$(sed -n 's|^\([^ ]*\) /guest .*|\1|p' /proc/mounts),raw,xvdc,rw"
row attach-no-overlay 2 'overlay /guest/initrd: this file is no overlay' \
    domctl block-attach g /guest/disk.img,raw,xvdc,rw,overlay=/guest/initrd
row attach-no-domain 3 'nobody: no such domain' domctl block-attach nobody /guest/disk.img,raw,xvdc,ro
row detach-none 2 "g: no disk 'xvdx'" domctl block-detach g xvdx
domctl pause g
row detach-paused 1 'disk xvdb: the guest is paused' domctl block-detach g xvdb
domctl unpause g
cp /tmp/whole /tmp/before

ran guest-reads-it 15 'dd if=/dev/xvdb bs=4k count=1 of=/tmp/mark 2>/dev/null'
ran guest-writes-it 15 'dd if=/tmp/mark of=/dev/xvdb bs=4k seek=1 2>/dev/null && sync'
kill -9 "$(pidof domd)"
wait_for 10 domctl list >/dev/null 2>&1
domctl block-detach g 51728 2>/tmp/err
check detach-after-domd-restart "$(cat /tmp/err)" [ "$(states block g)" = 'connected ' ]
check disk-was-the-file "another content" \
    cmp /tmp/mark <(dd if=/guest/data.img bs=4k skip=1 count=1 2>/dev/null)
ran guest-has-it-no-more 10 '[ ! -e /sys/block/xvdb ]'
same disk-leaves-nothing

# A Linux that prints waits, with all that it does, until somebody takes what it said.
deafen() { kill -STOP "$(pidof consoled)"; domctl sysrq g t 2>/tmp/err || fail deafen "$(cat /tmp/err)"; }
hear() { kill -CONT "$(pidof consoled)"; }
ran sysrq-allowed 10 'echo 1 >/proc/sys/kernel/sysrq; echo 8 >/proc/sys/kernel/printk'
domctl block-attach g /guest/data.img,raw,xvdb,rw
held >/tmp/before
deafen
row detach-not-given-back 5 'disk xvdb: the guest did not give it back within 1 s \(--force' \
    domctl block-detach -t 1 g xvdb
hear
ran guest-keeps-it 20 'echo again >/dev/xvdb && sync'
deafen
domctl block-detach -t 30 g xvdb 2>/dev/null &
asked=$!
asked_for() { [ "$(xenstore-read "/domd/$(field g id)/moving" 2>/dev/null)" = 'detach disk xvdb' ]; }
wait_for 5 asked_for || fail detach-waits "$(states block g)"
kill -9 "$(pidof domd)"
wait $asked
hear
detached() { [ "$(states block g)" = 'connected ' ]; }
check detach-goes-on-with-the-next-domd "$(states block g)" wait_for 15 detached
cp /tmp/whole /tmp/before
same detach-leaves-nothing

truncate -s 64K /guest/data.cow # a file of holes that is there already is made as large as it must be
domctl block-attach g target=/guest/data.img vdev=xvdc access=rw overlay=/guest/data.cow 2>/tmp/err ||
    domctl block-attach g overlay=/guest/data.cow,vdev=xvdc,target=/guest/data.img 2>/tmp/err
check attach-overlay "$(cat /tmp/err)" grep -q '/guest/data.cow' <<<"$(domctl block-list g)"
large() { [ "$(stat -c %s /guest/data.cow)" -gt "$(stat -c %s /guest/data.img)" ]; }
check overlay-grows "$(stat -c '%n %s' /guest/data.*)" large
data=$(md5sum </guest/data.img)
ran guest-writes-overlay 15 'echo kept >/dev/xvdc && sync'
deafen
domctl block-detach --force g xvdc 2>/tmp/err
hear
check detach-force "$(cat /tmp/err)" [ "$(states block g)" = 'connected ' ]
check overlay-spares-the-target "changed" [ "$(md5sum </guest/data.img)" = "$data" ]
same overlay-leaves-nothing
domctl block-attach g overlay=/guest/data.cow,vdev=xvdc,target=/guest/data.img 2>/tmp/err
ran overlay-keeps-what-was-written 15 'head -n 1 /dev/xvdc | grep -q kept'
domctl block-detach g xvdc

# ---- a block device of dom0, and a disk that is only to be read
truncate -s 8M /guest/dev.img
dd if=/tmp/mark of=/guest/dev.img conv=notrunc 2>/dev/null
loop=$(losetup -f)
losetup "$loop" /guest/dev.img
domctl block-attach g "phy:$loop,xvdb,w" 2>/tmp/err
check attach-block-device "$(cat /tmp/err)" [ "$(states block g)" = 'connected connected ' ]
ran guest-reads-block-device 15 'dd if=/dev/xvdb bs=4k count=1 2>/dev/null | cmp - /tmp/mark'
ran guest-writes-block-device 15 'dd if=/tmp/mark of=/dev/xvdb bs=4k seek=2 2>/dev/null && sync'
domctl block-detach g xvdb 2>/tmp/err
check block-device-has-it "$(cat /tmp/err)" \
    cmp /tmp/mark <(dd if="$loop" bs=4k skip=2 count=1 2>/dev/null)
losetup -d "$loop"
domctl block-attach g /guest/dev.img,raw,xvdb,ro 2>/tmp/err
check attach-read-only "$(cat /tmp/err; domctl block-list g)" \
    grep -q '^xvdb  *51728 ro connected  */guest/dev.img$' <<<"$(domctl block-list g)"
data=$(md5sum </guest/dev.img)
ran guest-reads-ro 15 'dd if=/dev/xvdb bs=4k count=1 2>/dev/null | cmp - /tmp/mark'
ran guest-cannot-write-ro 15 '! dd if=/dev/zero of=/dev/xvdb bs=4k count=1 conv=fsync 2>/dev/null'
domctl block-detach g xvdb
check ro-disk-is-unchanged "changed" [ "$(md5sum </guest/dev.img)" = "$data" ]

# ---- nothing is there for a guest before its back-end is: these come when we say so
probe=/sys/bus/xen-backend/drivers_autoprobe
held_back() { [ -e "/sys/bus/xen-backend/devices/$1" ]; }
let_go() { echo "$1" >"/sys/bus/xen-backend/drivers/${1%%-*}/bind"; }
# What the store has of the device whose back-end is $1, all of it dom0's alone.
frontend() { xenstore-ls -f -p "/local/domain/$(field g id)/device/${1%%-*}" | grep "/${1##*-}[ /]"; }
hidden() { frontend "$1" | grep -q '/state = ' && ! frontend "$1" | grep -qv '(n0)$'; }
echo 0 >$probe
for late in "vbd-$(field g id)-51728" "vif-$(field g id)-0"; do
    kind=block what=/guest/data.img,raw,xvdb,rw
    [[ $late == vbd-* ]] || kind=network what=bridge=pavobr0
    domctl $kind-attach g $what >/tmp/out 2>/tmp/err &
    asked=$!
    wait_for 5 held_back "$late"
    usleep 300000
    check "$kind-hidden-until-ready" "$(frontend "$late")" hidden "$late"
    let_go "$late"
    wait $asked
    rc=$?
    check "$kind-attached-when-ready" "status $rc: $(cat /tmp/err)" [ $rc = 0 ]
done
check late-devices-are-connected "$(states block g)$(states network g)" \
    [ "$(states block g)$(states network g)" = 'connected connected connected ' ]
echo 1 >$probe
domctl network-detach g 0
domctl block-detach g xvdb

domctl destroy g
check base-untouched "changed" [ "$(md5sum </guest/disk.img)" = "$base" ]
all_same devices-leave-nothing

# A new guest runs when the last of its back-ends is ready; the reference guest speaks at once.
printf '%s\n' 'name = "late"' "kernel = \"$here/mini\"" 'memory = 32' 'cmdline = "end=wait"' \
    "disk = [ '/guest/disk.img,raw,xvda,ro' ]" 'vif = [ "bridge=pavobr0" ]' >/tmp/late.cfg
echo 0 >$probe
create late &
asked=$!
late_is() { late=$(cd /sys/bus/xen-backend/devices && echo "$1"-*) && [ "$late" != "$1-*" ]; }
silent() { wait_for 5 [ -e $log/late.log ] && usleep 500000 && [ ! -s $log/late.log ]; }
speaks() { grep -q 'mini: end=wait' $log/late.log; }
wait_for 10 late_is vbd
check waits-for-both "$(cat $log/late.log)" silent
let_go "$late"
wait_for 10 late_is vif
check waits-for-the-last "$(cat $log/late.log)" silent
let_go "$late"
wait $asked
rc=$?
check runs-when-all-are-ready "status $rc: $(cat /tmp/create.err $log/late.log)" eval "[ $rc = 0 ] && wait_for 5 speaks"
echo 1 >$probe
domctl destroy late
all_same late-leaves-nothing

# One base for several; nobody else may write it meanwhile.
for n in 1 2 3; do
    config share$n "kernel = '$here/deaf'" 'memory = 32' \
        "disk = [ '/guest/disk.img,raw,xvda,rw,overlay=/guest/share$n.cow' ]"
    sed -i /ramdisk/d /tmp/share$n.cfg
    domctl create -q -p /tmp/share$n.cfg 2>>/tmp/share.err
done
check overlays-share-a-base "$(cat /tmp/share.err)" [ "$(domctl list 'share*' | wc -l)" = 4 ]
held >/tmp/before
row shared-base-is-not-written 1 'disk /guest/disk.img: in use by domain share' \
    domctl create -p /tmp/share1.cfg name=other 'disk=["/guest/disk.img,raw,xvda,rw"]'
row overlay-of-another 1 'overlay /guest/share1.cow|disk /guest/share1.cow: in use by domain share1' \
    domctl create -p /tmp/share1.cfg name=other
domctl destroy 'share*'
rm -f /guest/share?.cow
all_same shared-base-leaves-nothing
rm -f /guest/new.cow
config half "disk = [ '/guest/disk.img,raw,xvda,rw,overlay=/guest/new.cow', '/none,raw,xvdb,ro' ]"
create half
check failed-create-keeps-no-overlay "$(cat /tmp/create.err)" [ ! -e /guest/new.cow ]
all_same failed-create-leaves-nothing
