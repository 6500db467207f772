#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Runs in dom0: devices that come and go while a guest runs.
. "$(dirname "$0")/lib.sh"
trap '' PIPE

# What attaching may change of the host. A guest that runs takes and gives back grants meanwhile.
held() { snapshot | sed '/^== host/,/^== store/d'; }
same() {
    local i
    for ((i = 0; i < 8; i++)); do
        held >/tmp/now
        cmp -s /tmp/before /tmp/now && break
        usleep 250000
    done
    check "$1" "$(diff /tmp/before /tmp/now | sed -n 's/^[<>]/&/p' | tr '\n' ' ')" cmp -s /tmp/before /tmp/now
}
all_same() {
    local out
    if out=$(snapshot --same /tmp/clean 2>&1); then pass "$1"; else fail "$1" "$(echo "$out" | tr '\n' ' ')"; fi
}

# row NAME STATUS PATTERN COMMAND...: one line on stderr, the exit status, the host as in /tmp/before.
row() {
    local name=$1 status=$2 pattern=$3 rc
    shift 3
    "$@" >/tmp/out 2>/tmp/err
    rc=$?
    if [ $rc != "$status" ]; then
        fail "$name" "status $rc instead of $status: $(head -n 1 /tmp/err)"
    elif [ "$(wc -l </tmp/err)" != 1 ] || ! grep -qE "^domctl: .*$pattern" /tmp/err; then
        fail "$name" "no '$pattern' in: $(tr '\n' '|' </tmp/err)"
    else
        same "$name"
    fi
}
# In the guest, by its console. say COMMAND; and wait for what it prints.
say() { printf '%s\r' "$1" >&3; }
shown() { grep -aq "$1" /tmp/console; }
# ran NAME SECONDS COMMAND: COMMAND succeeds in the guest.
ran() {
    say "$3 && echo \"did\"-$1"
    check "$1" "$(tail -n 4 /tmp/console | tr '\r\n' '  ')" wait_for "$2" shown "^did-$1"
}
member() { sed -n "s/.*\"$1\": \"\{0,1\}\([^\",]*\)\"\{0,1\},\{0,1\}$/\1/p"; }
states() { domctl "$1"-list -o json "$2" | member state | tr '\n' ' '; }

truncate -s 8M /guest/data.img
head -c 4096 /dev/urandom >/tmp/mark
dd if=/tmp/mark of=/guest/data.img conv=notrunc 2>/dev/null
snapshot >/tmp/clean

config g 'max_grant_frames = 5' "disk = [ '/guest/disk.img,raw,xvda,rw,overlay=/guest/g.cow' ]" \
    'vif = [ "bridge=pavobr0" ]' 'extra = "console=hvc0 quiet loglevel=4 net=10.0.0.11/24"'
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
shown_to() { xenstore-ls -p "/local/domain/$id/device/vbd/51728" | grep -q "state.*(n$id)"; }
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

mkfifo /tmp/keys
domctl console g </tmp/keys >/tmp/console 2>&1 &
exec 3>/tmp/keys
say root
at_shell() { say 'echo at-"shell"'; usleep 300000; shown '^at-shell'; }
wait_for 20 at_shell || fail shell "$(tail -n 3 /tmp/console)"

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
row attach-no-bridge 2 'bridge none: no such interface' domctl network-attach g bridge=none
row attach-same-number 2 'two interfaces have devid 0' domctl network-attach g devid=0
row detach-none 2 "g: no disk 'xvdx'" domctl block-detach g xvdx
row detach-no-vif 2 "g: no interface '7'" domctl network-detach g 7
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

domctl block-attach g target=/guest/data.img vdev=xvdc access=rw overlay=/guest/data.cow 2>/tmp/err ||
    domctl block-attach g overlay=/guest/data.cow,vdev=xvdc,target=/guest/data.img 2>/tmp/err
check attach-overlay "$(cat /tmp/err)" grep -q '/guest/data.cow' <<<"$(domctl block-list g)"
data=$(md5sum </guest/data.img)
ran guest-writes-overlay 15 'echo kept >/dev/xvdc && sync'
domctl block-detach --force g xvdc 2>/tmp/err
check detach-force "$(cat /tmp/err)" [ "$(states block g)" = 'connected ' ]
check overlay-spares-the-target "changed" [ "$(md5sum </guest/data.img)" = "$data" ]
same overlay-leaves-nothing
domctl block-attach g overlay=/guest/data.cow,vdev=xvdc,target=/guest/data.img 2>/tmp/err
ran overlay-keeps-what-was-written 15 'head -n 1 /dev/xvdc | grep -q kept'
domctl block-detach g xvdc

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
nc -l -p 5000 >/tmp/got &
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
check base-untouched "changed" [ "$(md5sum </guest/disk.img)" = "$base" ]
all_same devices-leave-nothing
rm -f /guest/new.cow
config half "disk = [ '/guest/disk.img,raw,xvda,rw,overlay=/guest/new.cow', '/none,raw,xvdb,ro' ]"
create half
check failed-create-keeps-no-overlay "$(cat /tmp/create.err)" [ ! -e /guest/new.cow ]
all_same failed-create-leaves-nothing
