#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Runs in dom0: domtop in a terminal (tmux) and as a filter, beside a busy guest and an idle one.
. "$(dirname "$0")/lib.sh"
# tmux insists on UTF-8.
tm() { LOCPATH=$here/tmux LC_ALL=C.UTF-8 LD_LIBRARY_PATH=$here/tmux "$here/tmux/tmux" -f /dev/null -L domtop "$@"; }

truncate -s 32M /guest/scratch.img
words='extra = "console=hvc0 quiet loglevel=4 shell"'
config busy "$words" 'memory = 128' "disk = [ '/guest/scratch.img,raw,xvda,rw' ]"
config idle "$words" 'memory = 128'
domctl create /tmp/busy.cfg >/dev/null || fail create-busy
domctl create /tmp/idle.cfg >/dev/null || fail create-idle
prompt() { tail -c 20 "$log/$1.log" | grep -q '# '; }
check busy-is-up "$(tail -n 2 $log/busy.log)" wait_for 60 prompt busy
check idle-is-up "$(tail -n 2 $log/idle.log)" wait_for 60 prompt idle
mkfifo /tmp/keys
domctl console busy </tmp/keys >/dev/null 2>&1 &
exec 3>/tmp/keys

# ---- without a terminal
# of NAME KEY: a member of the last JSON.
of() { tr -d '\n' </tmp/json | sed 's/},{/}\n{/g' | sed -n "s/.*\"name\":\"$1\",.*\"$2\":\([0-9.]*\).*/\1/p"; }
# shellcheck disable=SC2016  # for the guest
printf 'dd if=/dev/zero of=/dev/xvda bs=1M count=16 conv=fsync && echo wrote-$((8 + 8))\r' >&3
check disk-write "$(tail -n 3 $log/busy.log)" wait_for 60 grep -q wrote-16 $log/busy.log
domtop -o json -d 0.2 >/tmp/json 2>/tmp/err
check json "$(cat /tmp/err; head -c 300 /tmp/json)" [ "$(of idle memory_mib)" = 128 ]
check json-bytes-written "$(of busy disk_write_bytes)" [ "$(of busy disk_write_bytes)" = 16777216 ]
# What is read: less than was written, and not from the guest's memory. It may read ahead.
# shellcheck disable=SC2016  # for the guest
printf 'echo 3 >/proc/sys/vm/drop_caches; dd if=/dev/xvda of=/dev/null bs=1M count=4 && echo read-$((2 + 2))\r' >&3
check disk-read "$(tail -n 3 $log/busy.log)" wait_for 60 grep -q '^read-4' $log/busy.log
domtop -o json -d 0.2 >/tmp/json 2>/tmp/err
check json-bytes-read "$(of busy disk_read_bytes)" \
    [ "$(of busy disk_read_bytes)" -ge 4194304 -a "$(of busy disk_read_bytes)" -lt 6291456 ]
domctl metrics >/tmp/metrics
metric() { sed -n "s/^pavo_domain_disk_$1_bytes_total{domain=\"busy\",.*} //p" /tmp/metrics; }
check metrics-bytes "$(grep '^pavo_domain_disk' /tmp/metrics)" \
    [ "$(metric read) $(metric written)" = "$(of busy disk_read_bytes) 16777216" ]
domtop -b -n 2 -d 0.2 -s name -r >/tmp/table
check batch "$(cat /tmp/table)" [ "$(grep -c '^NAME ' /tmp/table) $(grep -c '^idle ' /tmp/table)" = "2 2" ]
check batch-order "$(cat /tmp/table)" [ "$(awk '{ print $1 }' /tmp/table | head -n 4 | tr '\n' ' ')" = "NAME idle busy Domain-0 " ]
domtop -b -v -n 1 -d 0.2 >/tmp/table
check batch-vcpus "$(cat /tmp/table)" grep -q '^ vcpu 0 .*cpu [01]' /tmp/table
check json-vcpus "$(head -c 600 /tmp/json)" grep -q '"vcpu_stats":\[{"id":0,"online":true,' /tmp/json
domtop -s fun 2>/tmp/err
rc=$?
check bad-key "status $rc: $(cat /tmp/err)" [ "$rc $(wc -l </tmp/err)" = "2 1" ]
domtop </dev/null >/tmp/out 2>/tmp/err
rc=$?
check no-terminal "status $rc: $(cat /tmp/err)" [ "$rc $(grep -c 'this is no terminal' /tmp/err)" = "2 1" ]

# ---- in a terminal
printf 'while :; do :; done\r' >&3
check cap "$(domctl sched busy 2>&1)" domctl sched -c 25 busy
# The first line of stty -a has the size, which changes here.
: >/tmp/screen
tm new-session -d -x 80 -y 24 'stty -a | sed 1d >/tmp/tty.before; domtop -d 2; echo "ended with $?"
    stty -a | sed 1d >/tmp/tty.after; exec sh'
screen() { tm capture-pane -p -t 0 >/tmp/screen; }
# shows PATTERN: within some seconds the screen has it.
on_screen() { screen; grep -qE "$1" /tmp/screen; }
shows() { check "$1" "$(grep . /tmp/screen | tr '\n' '|')" wait_for "${3:-15}" on_screen "$2"; }
# column NAME HEADING: from the screen.
column() { awk -v name="$1" -v head="$2" '
    $1 == "NAME" { for (i = 1; i <= NF; i++) if ($i == head) at = i }
    $1 == name && at { print $at }' /tmp/screen; }
between() { awk -v a="$1" -v b="$2" -v c="$3" 'BEGIN { exit !(b != "" && b >= a && b <= c) }'; }

if ! tm list-sessions >/dev/null; then
    fail tmux "does not start"
    exit
fi
shows screen-80 '^NAME +ID STATE'
busy_as_wanted() { screen; between 22 "$(column busy CPU%)" 28; }
idle_as_wanted() { screen; between 0 "$(column idle CPU%)" 1.99; }
check busy-cpu "$(column busy CPU%) is not in 22 to 28" wait_for 20 busy_as_wanted
check idle-cpu "$(column idle CPU%) is not under 2" wait_for 20 idle_as_wanted
check width-80 "$(awk '{ print length }' /tmp/screen | sort -n | tail -n 1)" \
    [ -z "$(awk 'length > 80' /tmp/screen)" ]
# Sort keys: the rows' order.
ordered() { screen; [ "$(awk '$1 ~ /^(busy|idle|Domain-0)$/ { printf "%s ", $1 }' /tmp/screen)" = "$1" ]; }
tm send-keys n
check sorted-by-name "$(cat /tmp/screen)" wait_for 5 ordered 'Domain-0 busy idle '
tm send-keys R
check reversed "$(cat /tmp/screen)" wait_for 5 ordered 'idle busy Domain-0 '
tm send-keys i
check sorted-by-id-reversed "$(cat /tmp/screen)" wait_for 5 ordered 'idle busy Domain-0 '
tm send-keys R '>' # the next column: state
check sorted-by-state "$(cat /tmp/screen)" wait_for 5 ordered "$(domctl list -o json | tr -d '\n' |
    grep -oE '"name": "[^"]*",[^}]*"state": "[^"]*"' | sed -E 's/"name": "([^"]*)".*"id": ([0-9]+).*"state": "([^"]*)"/\3 \2 \1/' |
    sort -k1,1 -k2,2n | awk '{ printf "%s ", $3 }')"
tm send-keys m
check sorted-by-memory "$(cat /tmp/screen)" wait_for 5 ordered 'Domain-0 busy idle '
tm send-keys w T # totals: only busy has written
first() { screen; [ "$(awk '/^NAME/ { getline; print $1 }' /tmp/screen)" = "$1" ]; }
check sorted-by-written "$(cat /tmp/screen)" wait_for 5 first busy
# Its row is green; tmux tells a colour only where it changes, and the heading above has another.
sgr=$'\e\\[[0-9;]*m'
: >/tmp/colours
colours() { tm capture-pane -e -p -t 0 >/tmp/colours; grep -qE "^($sgr)*"$'\e\\[[0-9;]*32m'"($sgr)*busy " /tmp/colours; }
check colours "$(od -c </tmp/colours | head -n 20)" wait_for 8 colours
tm send-keys T c
# vCPUs, below their domain.
tm send-keys V
vcpu_as_wanted() { screen; between 22 "$(awk '/^busy/ { getline; if ($1 == "vcpu" && $3 == "cpu") print $5 }' /tmp/screen)" 28; }
check vcpus "$(cat /tmp/screen)" wait_for 15 vcpu_as_wanted
tm send-keys V
# A VT100 has no colours.
tm new-window -d 'TERM=vt100 domtop -d 5'
plain() { tm capture-pane -e -p -t :1 >/tmp/colours; grep -q '^[^ ]*busy ' /tmp/colours; }
check vt100 "$(cat /tmp/colours)" wait_for 8 plain
check vt100-has-no-colours "$(od -c </tmp/colours | head)" eval "! grep -qE $'\e\\[[0-9;]*3[0-7]' /tmp/colours"
tm kill-window -t :1
tm send-keys T
shows totals '^busy .* 16\.0M '
tm resize-window -x 40 -y 12
shows resized-to-40 '^busy +[0-9.]+ .*16\.0M *$'
check resized-keeps-head "$(cat /tmp/screen)" grep -qE '^NAME +.*TIME/s' /tmp/screen
check resized-disk-written "$(column busy DISKW)" [ "$(column busy DISKW)" = 16.0M ]
tm send-keys T
usleep 500000
check busy-cpu-at-40 "$(column busy CPU%)" wait_for 20 busy_as_wanted
check idle-cpu-at-40 "$(column idle CPU%)" wait_for 20 idle_as_wanted
tm resize-window -x 100 -y 24
tm send-keys n
service consoled stop
shows consoled-down 'consoled: down'
service consoled start
up() { screen; ! grep -q ': down' /tmp/screen; }
check consoled-up "$(cat /tmp/screen)" wait_for 15 up
service stored stop
shows stored-down 'stored: down'
service stored start
check stored-up "$(cat /tmp/screen)" wait_for 15 up
service domd stop
shows domd-down 'domd: not running'
check domd-down-shows-the-past "$(cat /tmp/screen)" grep -q '^busy ' /tmp/screen
service domd start
back() { screen; grep -q '^busy ' /tmp/screen && ! grep -q 'not running' /tmp/screen; }
check domd-up "$(cat /tmp/screen)" wait_for 15 back
tm send-keys h
shows help '^q  *quit'
tm send-keys q
shows quits 'ended with 0'
check terminal-restored "$(diff /tmp/tty.before /tmp/tty.after)" cmp -s /tmp/tty.before /tmp/tty.after
tm send-keys 'domctl top; stty -a | sed 1d | cmp - /tmp/tty.after && echo again-as-it-was' Enter
shows top-starts-domtop '^NAME +ID STATE'
kill -TERM "$(pidof domtop)"
shows terminal-restored-by-signal '^again-as-it-was'
# One that is paused uses nothing, though it would.
used() { field busy cpu_time_ns; }
grows() { [ "$(used)" -gt "$was" ]; }
was=$(used)
check busy-uses-its-cpu "$was" wait_for 5 grows
domctl pause busy
was=$(used)
usleep 500000
check paused-uses-no-cpu "$was, then $(used)" [ -n "$was" -a "$(used)" = "$was" ]
domctl unpause busy
check unpaused-goes-on "$was, then $(used)" wait_for 5 grows
# What takes long shows that it goes on, on a terminal alone.
domctl pause idle
tm send-keys 'domctl shutdown -t 4 idle' Enter
shows progress '^[a-z]+ \.\.\. [0-9]+ s'
shows progress-is-wiped '^domctl: idle: the guest did not poweroff within 4 s'
domctl shutdown -t 2 idle 2>/tmp/err
check no-progress-without-a-terminal "$(cat /tmp/err)" [ "$(tr '\r' '\n' </tmp/err | wc -l)" = 1 ]
tm kill-server
exec 3>&-
domctl destroy busy
domctl destroy idle
