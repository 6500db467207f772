#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Runs in dom0: stored is killed and started again, and only its socket's clients notice; events go on
# across domd, and tell what happened without it.
. "$(dirname "$0")/lib.sh"
snapshot >/tmp/before

# kill_daemon NAME: as if it had crashed; waits for the next one.
scores() { for d in stored domd consoled; do cat "/proc/$(pidof $d)/oom_score_adj"; done | tr '\n' ' '; }
check daemons-go-last "$(scores)" [ "$(scores)" = '-900 -900 -900 ' ]
kill_daemon() {
    local old
    old=$(pidof "$1")
    kill -9 "$old"
    wait_for 5 another "$1" "$old"
}
another() {
    local new
    new=$(pidof "$1") && [ "$new" != "$2" ] && xenstore-exists / 2>/dev/null
}
# ask TYPE TRANSACTION PAYLOAD: one request on descriptor 5, dom0's kernel's device; prints what is answered.
ask() {
    local len number bytes=
    len=$(printf %b "$3" | wc -c)
    for number in "$1" 1 "$2" "$len"; do
        bytes+=$(printf '\\x%02x' $((number & 255)) $((number >> 8 & 255)) $((number >> 16 & 255)) \
            $((number >> 24)))
    done
    printf %b "$bytes$3" >&5
    dd bs=4112 count=1 <&5 2>/dev/null | tail -c +17 | tr -d '\0'
}
same_store() { xenstore-ls -f -p | sort >/tmp/store.after; cmp -s /tmp/store.before /tmp/store.after; }

config live 'vcpus = 2' "disk = [ '/guest/disk.img,raw,xvda,ro' ]" 'vif = [ "bridge=pavobr0" ]' \
    'extra = "console=hvc0 quiet loglevel=4 net=10.0.0.9/24"'
create live
check create "$(cat /tmp/create.err)" [ -n "$(field live id)" ]
store watch -n 3 -t 60 /t >/tmp/watched &
watcher=$!
answers() { ping -c 1 -W 1 10.0.0.9 >/dev/null; }
check guest-up "no answer from the guest" wait_for 40 answers

# A transaction of dom0's kernel, open while the daemon dies: it is used on, and conflicts at its end.
xenstore-write /t/a 1
xenstore-ls -f -p | sort >/tmp/store.before
exec 5<>/dev/xen/xenbus
tx=$(ask 6 0 '\0')
check transaction-begins "$tx" [ "$tx $(ask 11 "$tx" '/t/a\0inside')" = "$((tx)) OK" ]
kill_daemon stored
check stored-restarts "$(tail -n 3 /var/log/pavo/stored.log)" [ -n "$(pidof stored)" ]
same_store
check tree-kept "$(diff /tmp/store.before /tmp/store.after)" same_store
out="$(ask 2 "$tx" '/t/a\0') $(ask 7 "$tx" 'T\0') $(ask 2 0 '/t/a\0')"
check transaction-goes-on "$out" [ "$out" = "inside EAGAIN 1" ]
tx=$(ask 6 0 '\0')
out="$(ask 11 "$tx" '/t/a\0inside') $(ask 7 "$tx" 'T\0') $(ask 2 0 '/t/a\0')"
check transaction-tried-again "$out" [ "$out" = "OK OK inside" ]
exec 5>&-
check guest-connected "$(tail -n 5 /var/log/pavo/stored.log)" \
    grep -q "domain $(field live id): connected again" /var/log/pavo/stored.log
store write /t/a 2
check watch-again "$(cat /tmp/watched)" wait "$watcher"

# dom0's kernel has its watches: its back-ends take a new guest's devices. So has domd.
config next "disk = [ '/guest/disk.img,raw,xvda,ro' ]" 'vif = [ "bridge=pavobr0" ]'
create next
check create-after "$(cat /tmp/create.err)" [ -n "$(field next id)" ]
for _ in 1 2 3; do kill_daemon stored; done
domctl destroy next
check destroy-after "status $?" gone next

# What happens while there is no domd is found and told by the next one, once.
domctl events >/tmp/events 2>/tmp/events.err &
events=$!
# mini NAME END MS: it ends so after that time of its own.
mini() {
    printf '%s\n' "name = \"$1\"" 'kernel = "/files/mini"' 'memory = 32' "cmdline = \"end=$2 after=$3\"" \
        'on_reboot = "restart"' 'on_crash = "restart"' >"/tmp/$1.cfg"
}
# These two will live for as long again: until somebody has paused them.
mini again reboot 8000
mini risen crash 8000
mini kept poweroff 5000
mini left poweroff 5000
echo 'on_poweroff = "preserve"' >>/tmp/kept.cfg
create again && create risen && create kept && create left
check create-those-that-end "$(cat /tmp/create.err)" [ -n "$(field left id)" ]
was="$(field again id) $(field risen id)"
service domd stop
have_ended() { [ "$(cat $log/{again,risen,kept,left}.log | grep -c 'mini: .* now')" = 4 ]; }
early=$(cat $log/{again,risen,kept,left}.log | grep 'mini: .* now')
check none-has-ended-before "$early" [ -z "$early" ]
check ends-without-domd "$(tail -n 2 $log/{again,risen,kept,left}.log)" wait_for 30 have_ended
usleep 300000 # from the last word to the last call
service domd start
# told EVENT...: what was said of the two, sorted.
told() { sed -n 's/.*"event":"\([a-z-]*\)","name":"\(kept\|left\)".*/\2:\1/p' /tmp/events | sort | tr '\n' ' '; }
all_told() { [ "$(told)" = 'kept:created kept:ended kept:preserved left:created left:destroyed left:ended ' ]; }
# Those that start again are paused then, so that nothing more comes from them.
begun() { grep -c 'mini: end=' "$log/$1.log"; }
came_back() { [ "$(begun again)" -ge 2 ] && [ "$(begun risen)" -ge 2 ]; }
check restarts-without-domd "$(cat /tmp/events)" wait_for 20 came_back
domctl pause again risen
check ends-are-told-once "$(cat /tmp/events /tmp/events.err)" wait_for 10 all_told
sleep 2 # twice, if ever
check ends-are-not-told-again "$(told)" all_told
for n in again risen; do
    once="$(for e in created ended restarted paused; do grep -c "\"event\":\"$e\",\"name\":\"$n\"" /tmp/events; done | tr '\n' ' ')"
    check $n-restarts-once "$once: $(grep $n /tmp/events)" [ "$once" = '1 1 1 1 ' ]
    there="$(domctl list | grep -c "^$n ") $(field $n state) $(begun $n)"
    check $n-is-there-once "$there: $(domctl list)" [ "$there" = '1 paused 2' ]
done
now="$(field again id) $(field risen id)"
check restarted-are-new-domains "$was, then $now" [ "${now% *}" -gt "${was% *}" -a "${now#* }" -gt "${was#* }" ]
domctl destroy again risen
check events-name-the-restart "$(cat /tmp/events)" [ "$(grep -c '"event":"domd-started"}$' /tmp/events)" = 1 ]
domctl destroy kept
service domd stop
wait $events
rc=$?
check events-end-with-domd "status $rc: $(cat /tmp/events.err)" \
    [ "$rc $(cat /tmp/events.err)" = '1 domctl: domd: it ended, and is not back after 10 s; so the events end (ask again when it is back)' ]
service domd start

# The store goes while domd begins to take over its guest, and stays away for longer than domd waits:
# domd begins anew, and neither forgets the guest nor ends it.
was=$(field live id)
kill -STOP "$(pidof stored)"
old=$(pidof domd)
kill -9 "$old"
asks() { [ -n "$(pidof domd)" ] && [ "$(pidof domd)" != "$old" ]; }
wait_for 5 asks
usleep 500000
service stored stop
begins_anew() { grep -q 'begins anew' /var/log/pavo/domd.log; }
check adoption-begins-anew "$(tail -n 3 /var/log/pavo/domd.log)" wait_for 20 begins_anew
service stored start
known() { [ "$(field live id)" = "$was" ]; }
check adoption-without-store "$(tail -n 5 /var/log/pavo/domd.log)" wait_for 10 known

# Who looks at its console goes on looking.
domctl console live </dev/null >/tmp/shown 2>/dev/null &
until grep -q . /tmp/shown; do usleep 50000; done
kill_daemon consoled

# The guest has its watch: it takes note of the request, and domd of the guest's end.
kill_daemon stored
domctl shutdown -t 40 live 2>/tmp/err
check shutdown-after "status $?: $(cat /tmp/err)" gone live
check console-goes-on "$(tail -n 3 /tmp/shown)" grep -q 'reboot: ' /tmp/shown
xenstore-rm /t
check next-daemons-go-last "$(scores)" [ "$(scores)" = '-900 -900 -900 ' ]
same restarts-leave-nothing
