#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Runs in dom0: cores of guests. Those to be looked at with gdb go to stderr, as a tar file.
. "$(dirname "$0")/lib.sh"
exec 3>&2 2>/tmp/stderr
mkdir /tmp/out

# mini NAME WORDS [LINE...]: /tmp/NAME.cfg for the reference guest.
mini() {
    local name=$1 words=$2
    shift 2
    printf '%s\n' "name = \"$name\"" 'kernel = "/files/mini"' 'memory = 32' \
        "cmdline = \"$words\"" "$@" >"/tmp/$name.cfg"
}
# row NAME STATUS PATTERN COMMAND...: an error of one line.
row() {
    local name=$1 status=$2 pattern=$3 rc
    shift 3
    "$@" >/tmp/rowout 2>/tmp/err
    rc=$?
    check "$name" "status $rc: $(cat /tmp/err)" \
        [ "$rc $(wc -l </tmp/err) $(grep -cE "^domctl: $pattern" /tmp/err)" = "$status 1 1" ]
}
state() { [ "$(field "$1" state)" = "$2" ]; }
not_paused() { [ -n "$(field "$1" state)" ] && ! state "$1" paused; }
run_ns() { field "$1" cpu_time_ns; }

snapshot >/tmp/before
config lin 'memory = 128' 'vcpus = 2' 'extra = "console=hvc0 quiet loglevel=4 shell"'
create lin || fail create "$(cat /tmp/create.err)"
mini small 'test=vcpu end=wait' 'vcpus = 2'
create small || fail create "$(cat /tmp/create.err)"
wait_for 20 grep -q 'mini: end=wait' $log/small.log

# ---- a small guest: whole, packed, and as the file that nobody named
domctl dump-core small /tmp/out/small.core >/tmp/said 2>&1
rc=$?
check dump "status $rc: $(cat /tmp/said)" [ "$rc $(wc -c </tmp/said)" = "0 0" ]
check dump-mode "$(ls -l /tmp/out)" [ "$(stat -c %a /tmp/out/small.core)" = 600 ]
check dump-runs-on "$(domctl list)" not_paused small
domctl pause small
domctl dump-core small /tmp/out/paused.core
check dump-stays-paused "$(domctl list)" state small paused
domctl dump-core --compress small /tmp/paused.gz 2>/tmp/err
gunzip -c /tmp/paused.gz >/tmp/paused.unpacked
check dump-packed "$(cat /tmp/err; ls -l /tmp/paused* /tmp/out)" cmp -s /tmp/out/paused.core /tmp/paused.unpacked
check dump-packed-is-small "$(ls -l /tmp/paused.gz)" [ "$(stat -c %s /tmp/paused.gz)" -lt 2000000 ]
check dump-sparse "$(du /tmp/out/paused.core)" [ "$(du -k /tmp/out/paused.core | cut -f 1)" -lt 16000 ]
domctl unpause small
domctl dump-core "$(field small id)" >/tmp/said 2>/tmp/err
grep -qx '/var/log/pavo/dump/small-.*Z\.core' /tmp/said || echo /none >/tmp/said
check dump-unnamed "$(cat /tmp/said /tmp/err)" [ -s "$(cat /tmp/said)" ]
rm -r /var/log/pavo/dump /tmp/paused.gz /tmp/paused.unpacked /tmp/out/paused.core

# ---- what is refused
echo old >/tmp/old.core
row dump-no-such-domain 3 'nobody: no such domain' domctl dump-core nobody /tmp/old.core
row dump-dom0 2 'Domain-0: this cannot be done to dom0' domctl dump-core Domain-0 /tmp/old.core
row dump-folder 2 '/tmp: it is there and no regular file' domctl dump-core small /tmp
row dump-device 2 '/dev/null: it is there and no regular file' domctl dump-core small /dev/null
row dump-no-folder 1 '/nowhere/c: cannot be written: No such file' domctl dump-core small /nowhere/c
mkdir /tmp/tiny && mount -t tmpfs -o size=64k tmpfs /tmp/tiny
echo old >/tmp/tiny/c
row dump-disk-full 4 '/tmp/tiny/c: cannot be written: No space left' domctl dump-core small /tmp/tiny/c
check dump-disk-full-leaves-nothing "$(ls -lA /tmp/tiny)" [ "$(ls -A /tmp/tiny) $(cat /tmp/tiny/c)" = "c old" ]
row dump-disk-full-packed 4 '/tmp/tiny/d: cannot be written: No space left' \
    sh -c 'head -c 56k /dev/zero >/tmp/tiny/c; domctl dump-core --compress small /tmp/tiny/d'
check dump-runs-on-after-errors "$(domctl list)" not_paused small
mount -o remount,ro /tmp/tiny
row dump-read-only 1 '/tmp/tiny/c: cannot be written: Read-only' domctl dump-core small /tmp/tiny/c
umount /tmp/tiny
check dump-keeps-old "$(cat /tmp/old.core)" [ "$(cat /tmp/old.core)" = old ]
for option in -C --crash -R --reset -L; do
    row "dump-refuses$option" 2 "dump-core: $option is not supported \(use " domctl dump-core $option small /tmp/c
done
config 7777
sed -i "s/7777/$(field small id)/" /tmp/7777.cfg
domctl create -p /tmp/7777.cfg >/dev/null
row dump-ambiguous 2 "$(field small id): ambiguous: " domctl dump-core "$(field small id)" /tmp/c
domctl destroy "$(field "$(field small id)" uuid)"

# ---- a stock Linux
prompt() { tail -c 20 $log/lin.log | grep -q '# '; }
check dump-linux-up "$(tail -n 2 $log/lin.log)" wait_for 90 prompt
facts() { [ "$(grep -cE ' linux_banner|^Linux version' $log/lin.log)" -ge 3 ]; }
(echo; echo 'grep -w linux_banner /proc/kallsyms'; echo 'cat /proc/version'; wait_for 20 facts) |
    timeout 25 domctl console lin >/dev/null
tr -d '\r' <$log/lin.log | grep -E '^[0-9a-f]{16} [A-Za-z] linux_banner$|^Linux version' >/tmp/out/lin.facts
domctl dump-core --compress lin /tmp/out/lin.core.gz 2>/tmp/err
check dump-linux "status $?: $(cat /tmp/err)" [ -s /tmp/out/lin.core.gz ]
before=$(run_ns lin)
domctl dump-core --live lin /tmp/live.core 2>/tmp/err
check dump-live "status $?: $(cat /tmp/err)" [ -s /tmp/live.core ]
domctl sysrq lin h
check dump-linux-runs-on "$(domctl list)" [ "$(run_ns lin)" -gt "$before" ]
rm /tmp/live.core

# ---- who dumps dies meanwhile: the guest runs on, no file is left
begun() { state lin paused; }
begin() {
    domctl dump-core --compress lin /tmp/out/none.core >/dev/null 2>/tmp/err &
    dump=$!
    wait_for 5 begun
}
begin
check dump-begun "$(domctl list; cat /tmp/err)" begun
kill -9 $dump
wait $dump 2>/dev/null
check dump-client-killed "$(domctl list)" wait_for 10 not_paused lin
begin
kill -9 "$(pidof domd)"
wait $dump
rc=$?
check dump-domd-killed-is-said "$rc: $(cat /tmp/err)" \
    [ "$rc $(grep -c '^domctl: domd: it ended during the request' /tmp/err) $(wc -l </tmp/err)" = "1 1 1" ]
check dump-domd-killed "$(domctl list)" wait_for 10 not_paused lin
no_note() { ! xenstore-exists "/domd/$(field "$1" id)/paused"; }
check dump-note-is-gone "$(xenstore-ls /domd)" no_note lin
check dump-no-half-file "$(ls -A /tmp/out)" [ ! "$(find /tmp/out -name '*none*')" ]
# A step that lasts, before and after: the note, the pause, the headers, the end of the pause.
step() {
    local ends
    ends=$(cat /run/pavo/service.domd.ends)
    echo "$1" >/run/pavo/service.domd.crash-at
    kill -9 "$(pidof domd)"
    until [ ! -e /run/pavo/service.domd.crash-at ]; do usleep 10000; done
    wait_for 10 domctl list >/dev/null 2>&1
    domctl dump-core small /tmp/out/none.core >/dev/null 2>&1
    wait_for 10 not_paused small && no_note small &&
        [ "$(cat /run/pavo/service.domd.ends)" -ge $((ends + 2)) ]
}
for n in 2 3 4 6; do
    step $n || { n="$n is not undone"; break; }
done
check dump-crash-steps "step $n: $(domctl list; tail -n 5 /var/log/pavo/domd.log)" [ "$n" = 6 ]
rm -f /tmp/out/none.core
kill -9 "$(pidof domd)" # it still had steps to go
wait_for 10 domctl list >/dev/null 2>&1
domctl destroy lin small

# ---- an end that the config wants dumped; the oldest of four goes
mini sick 'end=crash after=400' 'on_crash = "coredump-restart"'
domctl events >/tmp/events 2>/dev/null &
create sick
fourth() { [ "$(grep -c '"event":"dumped".*"file":"/var/log/pavo/dump/sick-.*Z\.core"' /tmp/events)" = 4 ]; }
check coredump-restart "$(cat /tmp/events; domctl list)" wait_for 40 fourth
domctl dump-core sick /tmp/out/sick.core 2>/tmp/err
check dump-crashed "status $?: $(cat /tmp/err)" [ -s /tmp/out/sick.core ]
check coredump-kept "$(ls /var/log/pavo/dump)" \
    [ "$(find /var/log/pavo/dump -name 'sick-*.core' | wc -l)" = 3 ]
domctl destroy sick
rm -r /var/log/pavo/dump
mkdir /var/log/pavo/dump
mount -t tmpfs -o size=64k tmpfs /var/log/pavo/dump
mini ill 'end=crash after=1500' 'on_crash = "coredump-destroy"'
create ill
check coredump-destroy "$(domctl list)" wait_for 20 gone ill
check coredump-disk-full "$(tail -n 3 /var/log/pavo/domd.log)" \
    grep -q 'ill: cannot dump its core: /var/log/pavo/dump/ill-.*No space left' /var/log/pavo/domd.log
check coredump-disk-full-leaves-nothing "$(ls -A /var/log/pavo/dump)" [ ! "$(ls -A /var/log/pavo/dump)" ]
umount /var/log/pavo/dump
rmdir /var/log/pavo/dump
kill %1 2>/dev/null
same dumps-leave-nothing
tar cf - -C /tmp out >&3
