#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Runs in dom0: what follows when guests end by themselves, also across a kill of domd.
. "$(dirname "$0")/lib.sh"

# mini NAME WORDS [LINE...]: /tmp/NAME.cfg for the reference guest.
mini() {
    local name=$1 words=$2
    shift 2
    printf '%s\n' "name = \"$name\"" 'kernel = "/files/mini"' 'memory = 32' \
        "cmdline = \"$words\"" "$@" >"/tmp/$name.cfg"
}
ev() { grep "\"event\":\"$1\",\"name\":\"$2\"" /tmp/events; }
state() { [ "$(field "$1" state)" = "$2" ]; }
restart_domd() {
    kill -9 "$(pidof domd)"
    wait_for 10 domctl list >/dev/null 2>&1
}
truncate -s 1M /tmp/disk.img

snapshot >/tmp/before
domctl events >/tmp/events 2>/dev/null & # goes on with the next domd
sleep 0.3

# ---- the brake: a guest that crashes at once, again and again, is kept in the end.
mini loop 'end=crash after=400' 'on_crash = "restart"'
create loop
# ---- meanwhile: each action.
mini off 'end=poweroff after=400' 'on_poweroff = "preserve"'
create off
check preserve-poweroff "$(domctl list)" wait_for 10 state off shutdown
check ended-is-said "$(domctl pause off 2>&1)" grep -q '^domctl: off: the guest has ended (' <<<"$(domctl pause off 2>&1)"
mini again 'end=poweroff after=400' 'on_poweroff = "restart"'
create again
restarted() { ev restarted again >/dev/null; }
check restart-poweroff "$(cat /tmp/events)" wait_for 10 restarted
domctl destroy again
check destroyed-while-restarting "$(domctl list)" gone again

# Who asked for its last end was killed, and somebody else asks for just an end: it may start again.
mini last 'end=reboot after=4000' 'on_reboot = "restart"'
create last
domctl shutdown -t 60 --destroy last >/dev/null 2>&1 &
asked() { [ "$(xenstore-read "/local/domain/$(field last id)/control/shutdown" 2>/dev/null)" = poweroff ]; }
wait_for 2 asked
kill -9 $!
wait $! 2>/dev/null
domctl shutdown last
restarted() { ev restarted last >/dev/null; }
check last-request-counts "$(cat /tmp/events)" wait_for 15 restarted
domctl destroy last

mini ren 'end=reboot after=3000' 'on_reboot = "rename-restart"' \
    "disk = [ '/tmp/disk.img,raw,xvda,rw' ]" 'vif = [ "bridge=pavobr0,vifname=rennet" ]'
create ren
id=$(field ren id)
uuid=$(field ren uuid)
kept() { domctl list -o json | grep -o '"name": "ren-[^"]*"' | head -n 1 | cut -d'"' -f4; }
has_kept() { [ -n "$(kept)" ] && [ -n "$(field ren id)" ]; }
wait_for 20 has_kept
check rename-restart "$(domctl list; tail -n 8 /var/log/pavo/domd.log)" has_kept
domctl pause ren
k=$(kept)
check kept-has-its-number "$(domctl list -v)" [ "$(domctl domid "$k")" = "$id" ]
check kept-has-another-uuid "$(domctl list -v)" [ "$(field "$k" uuid)" != "$uuid" ]
check successor-has-the-uuid "$(domctl list -v)" [ "$(field ren uuid)" = "$uuid" ]
check successor-has-the-devices "$(ip -o link)" netif_exists rennet
old=$(field ren id)
domctl reset ren 2>/tmp/err
domctl pause ren
check reset-with-devices "$(cat /tmp/err)" [ "$(field ren id)" -gt "$old" ]
check reset-keeps-devices "$(losetup -a; ip -o link)" eval 'netif_exists rennet && losetup -a | grep -q /tmp/disk.img'
check kept-log "$(ls $log)" grep -q 'mini: end=reboot' "$log/$k.log"
restart_domd
check kept-across-domd "$(domctl list -v)" state "$k" shutdown
check kept-is-not-reset "$(domctl reset "$k" 2>&1)" grep -q 'kept for a look' <<<"$(domctl reset "$k" 2>&1)"
check preserved-across-domd "$(domctl list -v)" state off shutdown
domctl destroy 'ren*' off
check kept-destroyed "$(domctl list)" [ -z "$(kept)" ]

# ---- the other actions of each end
mini reboot-destroy 'end=reboot after=400' 'on_reboot = "destroy"'
mini reboot-preserve 'end=reboot after=400' 'on_reboot = "preserve"'
mini crash-rename 'end=crash after=400' 'on_crash = "rename-restart"'
mini off-rename 'end=poweroff after=400' 'on_poweroff = "rename-restart"'
for name in reboot-destroy reboot-preserve crash-rename off-rename; do create $name; done
check on-reboot-destroy "$(domctl list)" wait_for 10 gone reboot-destroy
check on-reboot-preserve "$(domctl list)" wait_for 10 state reboot-preserve shutdown
for which in crash-rename off-rename; do # check has a name of its own
    preserved() { grep -q "\"event\":\"preserved\",\"name\":\"$which-20" /tmp/events && ev restarted "$which" >/dev/null; }
    check on-$which-restart "$(tail -n 20 /tmp/events)" wait_for 10 preserved
done
domctl destroy reboot-preserve 'crash-rename*' 'off-rename*' 2>/tmp/err
# They go on ending meanwhile: until none is left.
none_left() { ! domctl list | grep -qE '^(crash|off)-rename' || { domctl destroy 'crash-rename*'; domctl destroy 'off-rename*'; } 2>/dev/null; ! domctl list | grep -qE '^(crash|off)-rename'; }
check others-are-gone "$(domctl list)" wait_for 10 none_left

# The brake goes on where it was, whatever happened to domd.
gave_up() { ev gave-up loop >/dev/null; }
check brake "$(cat /tmp/events; tail -n 20 /var/log/pavo/domd.log)" wait_for 30 gave_up
check brake-waits "$(cat /tmp/events)" grep -q '"seconds":"8"' <<<"$(ev delayed loop)"
check brake-keeps "$(domctl list)" wait_for 5 state loop crashed
check ended-reason "$(ev ended loop)" grep -q '"reason":"crash"' <<<"$(ev ended loop)"
# Five times at most; domd may have been dead at the moment of one.
starts=$(ev restarted loop | wc -l)
check brake-counts "$(cat /tmp/events)" [ $((starts == 4 || starts == 5)) = 1 ]
domctl destroy loop
same policies-leave-nothing

# ---- a disk that takes no more of a console's log: the guest goes on, and who attaches sees what it said.
mount -t tmpfs -o size=16k tmpfs $log
dd if=/dev/zero of=$log/full bs=1k 2>/dev/null
mini wordy 'test=version+callback+evtchn end=poweroff after=300' 'on_poweroff = "preserve"'
create wordy
check full-disk-lets-it-end "$(domctl list)" wait_for 20 state wordy shutdown
check full-disk-is-full "$(ls -l $log)" [ "$(stat -c %s $log/wordy.log)" = 0 ]
(sleep 1) | timeout 3 domctl console wordy 2>/dev/null >/tmp/said
# More than the ring holds, so it was emptied meanwhile.
check full-disk-loses-nothing-said "$(wc /tmp/said; tail -n 2 /tmp/said)" \
    [ "$(wc -c </tmp/said)" -gt 2048 -a "$(grep -c '^mini: poweroff now' /tmp/said)" = 1 ]
rm $log/full
domctl reset wordy 2>/dev/null
logged() { [ "$(grep -c '^mini: poweroff now' $log/wordy.log)" = 1 ]; }
check full-disk-emptied "$(ls -l $log; tail -n 2 $log/wordy.log)" wait_for 20 logged
domctl destroy wordy
umount $log || fail umount "$(ls -l $log)"
same full-disk-leaves-nothing
