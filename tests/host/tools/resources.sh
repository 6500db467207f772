#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Runs in dom0 (2 CPUs): vCPUs and memory of a stock guest while it runs; claims; pinning; weights.
. "$(dirname "$0")/lib.sh"
trap '' PIPE

# refused NAME STATUS COMMAND...: it ends with STATUS and one line on stderr.
refused() {
    local name=$1 want=$2 rc
    shift 2
    "$@" >/dev/null 2>/tmp/err
    rc=$?
    check "$name" "status $rc: $(cat /tmp/err)" [ $rc = "$want" ] && [ "$(wc -l </tmp/err)" = 1 ] ||
        fail "$name-one-line" "$(cat /tmp/err)"
}
host() { domctl info -o json | sed -n "s/.*\"$1\": \([0-9]*\).*/\1/p"; }
info() { domctl info -o json "$1" | sed -n "s/^ *\"$2\": \"\{0,1\}\([^\",]*\).*/\1/p" | head -n 1; }
vcpus() { domctl vcpu-list "$1" | awk 'NR > 1 && $5 != "offline"' | wc -l; }
# says TEXT COMMAND: the guest's shell answers COMMAND with a line that holds TEXT.
answers=0 answer=''
says() {
    local mark=$((answers += 1))
    # shellcheck disable=SC2016  # for the guest
    printf 'echo "[%s:$(%s)]"\r' "$mark" "$2" >&3
    wait_for 10 grep -aq "^\[$mark:.*\]" /tmp/console
    answer=$(sed -n "s/^\[$mark:\(.*\)\].*/\1/p" /tmp/console | tail -n 1)
    [[ $answer == *$1* ]]
}

# dom0 gives memory and a CPU away and takes them back, within what it had at boot. Its udev has no rule here.
was=$(field Domain-0 memory_mib)
check mem-set-dom0 "$(domctl list)" domctl mem-set -t 10 Domain-0 $((was - 32))m
check mem-set-dom0-back "$(domctl list)" domctl mem-set -t 10 0 "${was}m"
refused mem-set-dom0-too-big 2 domctl mem-set Domain-0 $((was + 1))m
refused mem-set-dom0-too-small 2 domctl mem-set Domain-0 64m
check vcpu-set-dom0 "$(domctl vcpu-list 0)" domctl vcpu-set -t 10 Domain-0 1
domctl vcpu-set 0 2
plugged() { echo 1 >/sys/devices/system/cpu/cpu1/online; } 2>/dev/null
check vcpu-set-dom0-back "$(nproc)" wait_for 5 plugged

snapshot >/tmp/before
config lin 'memory = 192' 'maxmem = 320' 'vcpus = 2' 'maxvcpus = 4' 'cpus = "0-1"' 'cpu_weight = 300' \
    'extra = "console=hvc0 quiet loglevel=4 shell"'
store control quota node-size 0 >/dev/null # what it says of itself at boot is refused
create lin
check create "$(cat /tmp/create.err)" [ -n "$(field lin id)" ]
mkfifo /tmp/keys
domctl console lin </tmp/keys >/tmp/console 2>/dev/null &
exec 3>/tmp/keys
wait_for 30 grep -aq GUEST-INIT /tmp/console
usleep 500000

# vCPUs
check boots-with-vcpus "$answer" wait_for 10 says 2 nproc
refusals() { grep -c "^[^ ]* stored: domain $(field lin id): refused, quota node-size: at most 0 " /var/log/pavo/stored.log; }
check refusals-are-in-info "$(domctl info -o json lin)" \
    [ "$(domctl info -o json lin | tr -d '\n' | sed -n 's/.*"store_refusals": {[^}]*"node-size": \([0-9]*\).*/\1/p')" -gt 0 ]
check a-refusal-is-logged-once "$(tail -n 3 /var/log/pavo/stored.log)" [ "$(refusals)" = 1 ]
store control quota node-size 2048 >/dev/null
check vcpu-list "$(domctl vcpu-list lin)" [ "$(vcpus lin)" = 2 ]
check vcpu-list-json "$(domctl vcpu-list -o json lin)" \
    [ "$(domctl vcpu-list -o json lin | grep -c '"cpu_time_ns": ')" = 4 ]
check vcpu-list-all "$(domctl vcpu-list)" grep -q '^Domain-0 ' <<<"$(domctl vcpu-list)"
check vcpu-set-up "$(domctl vcpu-list lin)" domctl vcpu-set -t 10 lin 4
check vcpu-set-up-in-guest "$answer" says 4 nproc
check vcpu-set-down "$(domctl vcpu-list lin)" domctl vcpu-set -t 10 lin 1
check vcpu-set-down-in-guest "$answer" says 1 nproc
refused vcpu-set-too-many 2 domctl vcpu-set lin 5
refused vcpu-set-none 2 domctl vcpu-set lin 0
refused vcpu-set-no-domain 3 domctl vcpu-set nobody 1
domctl vcpu-set -t 20 lin 2

# Pinning
domctl vcpu-pin lin 0 1
check vcpu-pin "$(domctl vcpu-list lin)" grep -q ' 1$' <<<"$(domctl vcpu-list lin | grep '^lin  *[0-9]*  *0 ')"
on_one() { says '' 'true' && domctl vcpu-list lin | grep -q '^lin  *[0-9]*  *0  *1 '; }
check vcpu-pin-runs-there "$(domctl vcpu-list lin)" wait_for 5 on_one
domctl vcpu-pin lin all all
check vcpu-pin-all "$(domctl vcpu-list lin)" [ "$(domctl vcpu-list lin | grep -c ' all$')" = 4 ]
refused vcpu-pin-no-such-cpu 2 domctl vcpu-pin lin 0 7
refused vcpu-pin-nonsense 2 domctl vcpu-pin lin 0 1-
refused vcpu-pin-no-such-vcpu 2 domctl vcpu-pin lin 9 0

# Weight
check weight-from-config "$(domctl sched)" grep -q '^lin  *[0-9]*  *300  *0$' <<<"$(domctl sched)"
domctl sched lin -w 512
check sched-weight "$(domctl sched lin)" grep -q ' 512  *0$' <<<"$(domctl sched lin)"
check sched-in-config "$(domctl info lin)" grep -q 'cpu_weight: 512' <<<"$(domctl info lin)"
refused sched-weight-zero 2 domctl sched lin -w 0
refused sched-weight-too-big 2 domctl sched -d lin -w 65536

# Memory: to the frame
check boots-ballooned "$(field lin memory_mib)" [ "$(field lin memory_mib)" = 192 ]
free=$(host free_pages)
check mem-set-up "$(domctl list)" domctl mem-set -t 10 lin 262144
check mem-set-up-exact "$free to $(host free_pages)" [ $((free - $(host free_pages))) = $((64 * 256)) ]
check mem-set-claim-is-used "$(host claimed_pages)" [ "$(host claimed_pages)" = 0 ]
says '' 'sed -n s/MemTotal://p /proc/meminfo' && big=$(tr -dc 0-9 <<<"$answer")
check mem-set-down "$(domctl list)" domctl mem-set -t 10 lin 160m
says '' 'sed -n s/MemTotal://p /proc/meminfo' && small=$(tr -dc 0-9 <<<"$answer")
check mem-set-in-guest "$big to $small kB" [ $((big - small)) = $((96 * 1024)) ]
check mem-set-down-exact "$free to $(host free_pages)" [ $(($(host free_pages) - free)) = $((32 * 256)) ]
refused mem-set-over-max 2 domctl mem-set lin 321m
refused mem-set-too-small 2 domctl mem-set lin 15m
refused mem-set-a-number-is-kib 2 domctl mem-set lin 200
check mem-set-a-number-is-kib-hint "$(cat /tmp/err)" grep -q '200 alone is KiB: say 200m' /tmp/err
refused mem-set-nonsense 2 domctl mem-set lin 1x
refused mem-max-below-memory 2 domctl mem-max lin 159m
domctl mem-max lin 64g
check mem-max "$(info lin maxmem_mib)" [ "$(info lin maxmem_mib)" = 65536 ]
refused mem-set-over-free 4 domctl mem-set lin 60g
check mem-set-over-free-changes-nothing "$(host claimed_pages) $(info lin target_mib)" \
    [ "$(host claimed_pages) $(info lin target_mib)" = "0 160" ]
domctl mem-max lin 320m

# What the guest has not taken yet nobody else gets.
domctl pause lin
domctl mem-set lin 320m
check growth-is-claimed "$(host claimed_pages)" [ "$(host claimed_pages)" = $((160 * 256)) ]
domctl mem-set lin 160m
check claim-goes-back "$(host claimed_pages)" [ "$(host claimed_pages)" = 0 ]
domctl unpause lin

# domd knows it all after a restart.
service domd restart >/dev/null 2>&1
wait_for 10 domctl list >/dev/null 2>&1
check survives-domd "$(info lin target_mib) $(info lin vcpus)" [ "$(info lin target_mib)" = 160 ]
check survives-domd-weight "$(domctl info lin)" grep -q 'cpu_weight: 512' <<<"$(domctl info lin)"
domctl destroy lin
exec 3>&-
same nothing-left

# Two that believe in the same memory: one gets it, the other is told at once.
mib=$((($(host free_pages) >> 8) * 6 / 10))
for n in 1 2; do
    printf '%s\n' "name = 'big$n'" "kernel = '/files/mini'" "memory = $mib" >/tmp/big$n.cfg
    { domctl create -p /tmp/big$n.cfg >/dev/null 2>/tmp/big$n.err; echo $? >/tmp/big$n.rc; } &
    creates[n]=$!
done
wait "${creates[@]}"
check claim-one-wins "$(cat /tmp/big?.rc /tmp/big?.err)" [ "$(sort /tmp/big?.rc | tr -d '\n')" = 04 ]
check claim-other-is-told "$(cat /tmp/big?.err)" grep -q 'not enough free memory' /tmp/big?.err
for n in 1 2; do domctl destroy big$n 2>/dev/null; done
same claim-nothing-left

# Pinned from the start, to a CPU that is there or is not.
printf '%s\n' "name = 'pinned'" "kernel = '/files/mini'" "memory = 32" 'vcpus = 2' 'cpus = ["1", "0"]' >/tmp/pinned.cfg
domctl create -p /tmp/pinned.cfg >/dev/null
check cpus-key "$(domctl vcpu-list pinned)" \
    [ "$(domctl vcpu-list pinned | awk 'NR > 1 { printf "%s ", $7 }')" = "1 0 " ]
domctl destroy pinned
sed -i 's/"0"/"9"/' /tmp/pinned.cfg
refused cpus-key-no-such-cpu 2 domctl create -p /tmp/pinned.cfg
same pinned-nothing-left

# Twenty at once, while others look. Then ten go while ten come, and the rest at once.
many() { # many VERB NUMBER...: of each guest, at the same time; exit statuses in /tmp/rc.VERB.NUMBER
    local verb=$1 n pids=()
    shift
    for n; do
        {
            if [ "$verb" = create ]; then domctl create "/tmp/many$n.cfg"; else domctl "$verb" "many$n"; fi
            echo $? >"/tmp/rc.$verb.$n"
        } >"/tmp/out.$verb.$n" 2>&1 &
        pids+=($!)
    done
    wait "${pids[@]}"
}
# Of each verb: all ended with 0.
all_done() { ! grep -vqx 0 /tmp/rc."$1".* && [ "$(cat /tmp/rc."$1".* | wc -l)" = "$2" ]; }
look() {
    while [ -e /tmp/looking ]; do
        domctl list -o json >/tmp/look || echo list >>/tmp/look.bad
        domctl info many7 >/dev/null 2>>/tmp/looks || [ $? = 3 ] || echo info >>/tmp/look.bad # 3: not there now
        grep -o '"id": [0-9]*' /tmp/look | sort | uniq -d >>/tmp/look.bad
        echo look >>/tmp/looks
    done
}
listed() { [ "$(domctl list 'many*' | grep -c '^many')" = "$1" ]; }
for n in {1..20}; do
    printf '%s\n' "name = 'many$n'" "kernel = '/files/mini'" "cmdline = 'end=wait'" 'memory = 24' \
        "disk = [ '/guest/disk.img,raw,xvda,ro' ]" 'vif = [ "bridge=pavobr0" ]' >"/tmp/many$n.cfg"
done
: >/tmp/looking
: >/tmp/look.bad
loops=$(echo /dev/loop[0-9]*)
look &
looker=$!
many create {1..20}
check twenty-creates-at-once "$(cat /tmp/rc.create.* /tmp/out.create.* | sort | uniq -c)" all_done create 20
check twenty-are-listed "$(domctl list)" listed 20
check twenty-have-ids-of-their-own "$(domctl list)" \
    [ "$(domctl list -o json | grep -o '"id": [0-9]*' | sort -u | wc -l)" = 21 ]
many destroy {1..10} &
going=$!
rm -f /tmp/rc.create.* /tmp/out.create.*
sed -i "s/many/more/" /tmp/many{1..10}.cfg
many create {1..10}
wait $going
check ten-come-as-ten-go "$(cat /tmp/out.create.* /tmp/out.destroy.* | sort | uniq -c)" all_done create 10
check ten-go-as-ten-come "$(cat /tmp/out.destroy.* | sort | uniq -c)" all_done destroy 10
check others-stay "$(domctl list)" listed 10
rm /tmp/looking
wait $looker
all_looked_well() { [ -s /tmp/looks ] && [ ! -s /tmp/look.bad ]; }
check lists-meanwhile "$(cat /tmp/look.bad)" all_looked_well
domctl destroy 'more*' >/tmp/out.more 2>&1 &
going=$!
many destroy {11..20}
wait $going
check all-go-at-once "$(domctl list)" all_done destroy 20
check dom0s-tables-grow-little "$(domctl info)" grown 4
same many-nothing-left
check loop-devices-are-removed "$(echo /dev/loop[0-9]*)" [ "$(echo /dev/loop[0-9]*)" = "$loops" ]
