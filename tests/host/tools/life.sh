#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Runs in dom0: what create can be told, names and patterns, rename, reset, events, a Linux guest that
# is asked to do things.
. "$(dirname "$0")/lib.sh"

# mini NAME [WORDS [LINE...]]: /tmp/NAME.cfg for the reference guest.
mini() {
    local name=$1 words=${2:-end=wait}
    shift $(($# > 1 ? 2 : 1))
    printf '%s\n' "name = \"$name\"" 'kernel = "/files/mini"' 'memory = 32' \
        "cmdline = \"$words\"" "$@" >"/tmp/$name.cfg"
}
# says STATUS PATTERN COMMAND...: its status and what it says on stderr.
says() {
    local want=$1 pattern=$2 rc
    shift 2
    "$@" >/tmp/out 2>/tmp/err
    rc=$?
    [ $rc = "$want" ] && grep -q -- "$pattern" /tmp/err && [ "$(wc -l </tmp/err)" = 1 ]
}
# expect NAME STATUS PATTERN COMMAND...
expect() {
    local name=$1
    shift
    if says "$@"; then pass "$name"; else fail "$name" "$(cat /tmp/err /tmp/out)"; fi
}

snapshot >/tmp/before
domctl events >/tmp/events 2>/tmp/events.err &
events=$!

# ---- create
mini web1
domctl create -n /tmp/web1.cfg >/tmp/out
check dry-run "$(cat /tmp/out)" grep -q '"memory": 32,' /tmp/out
check dry-run-creates-nothing "$(domctl list)" gone web1
domctl create -n -e memory=48 -e name=other /tmp/web1.cfg vcpus=2 >/tmp/out
check overrides "$(cat /tmp/out)" eval \
    "grep -q '\"memory\": 48,' /tmp/out && grep -q '\"name\": \"other\"' /tmp/out && grep -q '\"vcpus\": 2,' /tmp/out"
expect override-wrong 2 '^domctl: -e: memory: .much. is not a number' domctl create -e memory=much /tmp/web1.cfg
domctl create -q /tmp/web1.cfg >/tmp/out 2>&1
check create-quiet "$(cat /tmp/out)" [ ! -s /tmp/out ]
mini web2
domctl create --timing -p /tmp/web2.cfg >/tmp/out 2>&1
phases() { sed -n 's/^  \([a-z]*\)  *[0-9]*\.[0-9] ms$/\1/p' /tmp/out | tr '\n' ' '; }
check create-timing "$(cat /tmp/out)" [ "$(phases)" = 'devices build queue announce console backends start total ' ]
adds_up() { awk '/ ms$/ { if ($1 == "total") total = $2; else sum += $2 }
    END { exit !(total > 0 && sum <= total + 1 && sum > total * 0.9) }' /tmp/out; }
check create-timing-adds-up "$(cat /tmp/out)" adds_up
mini webc 'end=poweroff after=500'
domctl create -c /tmp/webc.cfg </dev/null >/tmp/out 2>/tmp/err &
wait_for 20 eval "! kill -0 $! 2>/dev/null"
check create-console "$(cat /tmp/out /tmp/err)" grep -aq 'mini: end=poweroff' /tmp/out
check create-console-ends "$(domctl list)" gone webc
# A guest that does not hear, but ends as soon as it runs, and is kept for a look.
truncate -s 1M /tmp/kept.img
mini kept 'end=poweroff' 'on_poweroff = "preserve"' \
    'disk = [ "/tmp/kept.img,raw,xvda,rw,untrusted" ]' 'vif = [ "untrusted" ]'
asked() { [ -n "$(store read "/local/domain/$(field "$1" id)/control/shutdown" 2>/dev/null)" ]; }
# waiting COMMAND...: in the background, until kept was asked; then kept runs. Its end is the last line of /tmp/out.
waiting() {
    ("$@" >/tmp/out 2>&1; echo "status $?" >>/tmp/out) &
    wait_for 10 asked kept
    domctl unpause kept
}
came_back() { [ "$(cat /tmp/out)" = 'status 0' ]; }
domctl create -q -p -f /tmp/kept.cfg memory=40 2>/tmp/err
check create-defconfig "$(cat /tmp/err)" [ "$(field kept memory_mib)" = 40 ]
told() { store read "/local/domain/$(field kept id)/device/$1/trusted"; }
check untrusted-is-told "$(told vbd/51712) $(told vif/0)" [ "$(told vbd/51712) $(told vif/0)" = "0 0" ]
waiting strace -s 1000 -e trace=write,sendto,sendmsg -o /tmp/trace domctl shutdown -w kept
wait_for 10 came_back
check shutdown-w-comes-back "$(cat /tmp/out)" came_back
check shutdown-w-has-no-limit "$(cat /tmp/trace)" eval \
    "grep -q '\"op.*wait' /tmp/trace && ! grep -qE '\"(wait|total)..?:' /tmp/trace"
domctl destroy kept
domctl create -q -p --defconfig=/tmp/kept.cfg
waiting domctl shutdown -w -w kept
ended() { store read "/domd/$(field kept id)/kept" >/dev/null 2>&1; }
wait_for 10 ended
usleep 500000
check shutdown-ww-waits-on "$(cat /tmp/out; domctl list)" eval 'ended && [ ! -s /tmp/out ]'
domctl destroy kept
check shutdown-ww-comes-back "$(cat /tmp/out)" wait_for 5 came_back
mini db
create db
dd if=/dev/zero bs=1024 count=10240 2>/dev/null | tr '\0' '#' >/tmp/big.cfg
expect config-too-long 2 '^domctl: config /tmp/big.cfg: ' domctl create /tmp/big.cfg
head -c 4096 /dev/urandom >/tmp/garbage.cfg
expect config-garbage 2 '^domctl: /tmp/garbage.cfg' domctl create /tmp/garbage.cfg
expect name-invalid-utf8 2 'no name' domctl create /tmp/web1.cfg $'name=a\xff'
expect nobody-invalid-utf8 3 'no such domain' domctl pause $'a\xff'
expect xl-option-refused 2 'shutdown: -F is not supported (' domctl shutdown -F web1
expect xl-verb-refused 2 'pci-list: not supported (' domctl pci-list web1

# ---- names, numbers, UUIDs, patterns
id=$(field web1 id)
uuid=$(field web1 uuid)
check domid "$(domctl domid web1)" [ "$(domctl domid web1)" = "$id" ]
check domname "$(domctl domname "$id")" [ "$(domctl domname "$id")" = web1 ]
check by-uuid "$(domctl domname "$uuid")" [ "$(domctl domname "$uuid")" = web1 ]
check pause-by-uuid "$(domctl list -v)" domctl pause "$uuid"
check list-pattern "$(domctl list 'web*')" [ "$(domctl list 'web*' | wc -l)" = 3 ]
expect list-no-match 3 "no domain matches" domctl list 'x*'
expect list-nobody 3 'nobody: no such domain' domctl list nobody
check list-uuid "$(domctl list -v)" grep -q "$uuid" <<<"$(domctl list -v)"
expect destroy-no-match 3 '^domctl: x\*: no guest matches' domctl destroy 'x*'
expect dom0-is-safe 2 'cannot be done to dom0' domctl destroy 0
up() { domctl uptime web1 | tail -n 1; }
check uptime "$(up)" grep -qE '^web1 +[0-9]+ 00:00:[0-9]{2}$' <<<"$(up)"
check uptime-json "$(domctl uptime -o json)" grep -q '"uptime": ' <<<"$(domctl uptime -o json)"

# ---- rename
expect rename 0 '' eval 'domctl rename web1 front; echo >&2'
check renamed "$(domctl list)" [ "$(field front id)" = "$id" ]
check rename-store "$(store read "/local/domain/$id/name")" [ "$(store read "/local/domain/$id/name")" = front ]
check rename-log "$(ls $log)" grep -q 'mini: end=wait' $log/front.log
# consoled dies within the request, when it has moved the log: the next one finds the guest's name so.
service consoled stop
# It notes where it is with each guest's log, then, within the request, with this one's.
echo $(($(domctl list | wc -l) - 1)) >/run/pavo/service.consoled.crash-at
service consoled start
attached() { timeout 1 domctl console front </dev/null >/tmp/out 2>&1; grep -q 'mini: end=wait' /tmp/out; }
wait_for 10 attached
expect rename-while-consoled-dies 0 '' eval 'domctl rename front twice && domctl rename twice front; echo >&2'
check rename-goes-through "$(domctl list; tail -n 3 /var/log/pavo/consoled.log)" \
    [ "$(field front id) $(grep -c 'status 137' /var/log/pavo/consoled.log)" = "$id 1" ]
expect rename-taken 2 'a domain of this name exists' domctl rename front db
expect rename-nonsense 2 'is no name' domctl rename front 'a b'
expect rename-invalid-utf8 2 'is no name' domctl rename front $'a\xff'
kill -9 "$(pidof domd)"
wait_for 10 domctl list >/dev/null 2>&1
check rename-survives-domd "$(domctl list)" [ "$(field front id)" = "$id" ]
domctl rename db "$id"
expect ambiguous 2 'ambiguous' domctl pause "$id"
domctl rename "$id" db 2>/dev/null || domctl rename "$(field "$id" uuid)" db
check unambiguous-again "$(domctl list)" [ "$(domctl domname "$id")" = front ]
kill $events 2>/dev/null
domctl events front >/tmp/events2 2>/tmp/events.err &
events=$!
usleep 300000

# ---- reset, destroy
domctl reset front
check reset "$(domctl list)" [ "$(field front id)" -gt "$id" ]
domctl destroy 'web*' front db
check destroy-several "$(domctl list)" [ "$(domctl list | wc -l)" = 2 ]
expect destroy-nobody 3 'nobody: no such domain' domctl destroy nobody
ev() { grep -c "\"event\":\"$1\",\"name\":\"$2\"" "$3"; }
check events "$(cat /tmp/events)" [ "$(ev created web1 /tmp/events) $(ev paused web1 /tmp/events) $(ev renamed front /tmp/events)" = "1 1 2" ]
check events-filtered "$(cat /tmp/events2)" [ "$(ev reset front /tmp/events2) $(ev destroyed front /tmp/events2) $(ev destroyed db /tmp/events2)" = "1 1 0" ]
kill $events 2>/dev/null
same names-leave-nothing

# ---- a Linux guest that is asked
linux='extra = "console=hvc0 quiet loglevel=4 rdinit=/bin/init"'
for n in a b; do
    config lin$n 'memory = 128' "$linux"
    create lin$n
done
ready() { [ "$(store read "/local/domain/$(field "$1" id)/control/feature-poweroff" 2>/dev/null)" = 1 ]; }
wait_for 30 ready lina
wait_for 30 ready linb

# ---- -o json, of every verb: tests/host/json-keys judges what comes.
json() {
    local rc
    domctl "$1" -o json "${@:2}" >/tmp/out 2>/tmp/err
    rc=$?
    echo "JSON $1 $rc $(base64 -w 0 </tmp/out)"
}
domctl events -o json lina >/tmp/events3 2>/dev/null &
listener=$!
truncate -s 1M /tmp/json.img
mini webj
json create --timing /tmp/webj.cfg
json list
json info lina
json config lina
json uptime lina
json domid lina
json domname "$(field lina id)"
json pause webj lina
json unpause nobody
domctl unpause lina
json vcpu-list
json vcpu-set lina 1
json vcpu-pin lina 0 0
json mem-set lina 128m
json mem-max lina 128m
json sched
json sched -w 300 lina
json block-attach -t 0 lina /tmp/json.img,raw,xvdb,ro
json block-list lina
json network-attach -t 0 lina mac=00:16:3e:00:00:55
json network-list lina
json block-detach --force lina xvdb
json network-detach --force lina 0
json sysrq lina h
json dump-core webj /tmp/json.core
json rename webj webk
json reset webk
json destroy webk
json metrics
json dmesg
wait_for 5 grep -q unpaused /tmp/events3
kill $listener
echo "JSON events 0 $(grep '"unpaused"' /tmp/events3 | base64 -w 0)"
expect sysrq 0 '' eval 'domctl sysrq lina h; echo >&2'
helped() { grep -aq 'sysrq: HELP' $log/lina.log; }
check sysrq-arrived "$(tail -n 3 $log/lina.log)" wait_for 5 helped
expect sysrq-nonsense 2 'one letter or digit' domctl sysrq lina xyz
domctl pause linb
expect sysrq-not-taken 5 'did not take the key' domctl sysrq linb h
expect shutdown-in-vain 5 'linb: the guest did not poweroff within 1 s (it is paused' domctl shutdown -t 1 linb
id=$(field linb id)
json reboot -t 1 --destroy linb
newer() { [ "$(field "$1" id)" -gt "$2" ] 2>/dev/null; } # it is not listed while it starts
check reboot-destroy "$(cat /tmp/err)" grep -q 'linb: did not reboot within 1 s: reset' /tmp/err
check reboot-destroyed "$(domctl list)" newer linb "$id"
wait_for 30 ready linb
id=$(field linb id)
domctl reboot -a -t 60 2>/tmp/err
check reboot-all "status $?: $(cat /tmp/err)" wait_for 10 newer lina "$id"
check reboot-all-both "$(domctl list)" wait_for 10 newer linb "$id"
# By a pattern: those that match, and no other.
config mail 'memory = 128' "$linux"
create mail
for n in lina linb mail; do wait_for 30 ready $n; done
id=$(field lina id)
both=$(field linb id)
alone=$(field mail id)
domctl reboot -t 60 'lin*' 2>/tmp/err
untouched() { [ "$(field mail id)" = "$alone" ] && ! asked mail; }
again() { newer lina "$id" && newer linb "$both"; }
wait_for 30 again
check reboot-pattern "$(cat /tmp/err; domctl list; tail -n 5 /var/log/pavo/domd.log)" again
check reboot-pattern-no-other "$(domctl list)" untouched
for n in lina linb; do wait_for 30 ready $n; done
domctl shutdown -t 60 'lin*' 2>/tmp/err
check shutdown-pattern "status $?: $(cat /tmp/err)" eval "[ $? = 0 ] && gone lina && gone linb"
check shutdown-pattern-no-other "$(domctl list)" untouched
domctl create -p /tmp/linb.cfg >/dev/null
expect shutdown-destroy 0 'linb: did not power off within 1 s: destroyed' domctl shutdown -t 1 --destroy linb
json shutdown -a -w
check shutdown-all "$(cat /tmp/err)" gone mail
expect shutdown-nobody 2 'name a guest, or give -a' domctl shutdown
same asking-leaves-nothing
