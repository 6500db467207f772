#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# What domctl refuses by itself, before it asks anybody: command lines, values, files that are no config.
# One line, status 2. Needs no Pavo: whoever is asked here answers "not running" with status 1.
. tests/host/lib.sh
domctl=$PWD/build/dom0-tools/domctl
mapfile -t verbs < <($domctl --help | sed -n 's/^  \([a-z][a-z-]*\)  *.*/\1/p')
cd "$scratch" || exit
why='' tried=0
# refused STATUS WORD...
refused() {
    local status=$1 rc lines
    shift
    DOMD_SOCKET=$scratch/none timeout 20 "$domctl" "$@" >out 2>err </dev/null
    rc=$?
    tried=$((tried + 1))
    mapfile -t lines <err
    if [ $rc != "$status" ] || [ ${#lines[@]} != 1 ] || [[ ${lines[0]} != 'domctl: '* ]] || [ -s out ] ||
        grep -aq $'[\x01-\x09\x0b-\x1f]' err; then
        why+=" $*: status $rc: $(tr -d '\000-\037' <err | head -c 200);"
    fi
}
judge() { # NAME COUNT
    [ $tried -ge "$2" ] || why+=" only $tried were tried"
    check "$1" "$(tr -d '\000-\037' <<<"$why")" [ -z "$why" ]
    why='' tried=0
}

for verb in "${verbs[@]}"; do
    [ "$verb" != top ] || continue # domtop's own
    refused 2 "$verb" --no-such-option
    refused 2 "$verb" $'--\e[2J\n'
    refused 2 "$verb" -o
    refused 2 "$verb" -o yaml g
    case $verb in # those that take no word, or none that must be there
    dmesg | metrics) refused 2 "$verb" word ;;
    list | uptime | events | info | vcpu-list | sched | perf | bench) refused 1 "$verb" ;;
    *) refused 2 "$verb" ;;
    esac
    case $verb in
    info | config | console | domid | domname | vcpu-list | block-list | network-list) refused 2 "$verb" a b ;;
    rename | sysrq | vcpu-set | mem-set | mem-max | block-detach | network-detach) refused 2 "$verb" a b c ;;
    esac
done
refused 2 $'no\nverb'
judge command-lines 130

for word in -1 1x 18446744073709551616 '' 0x1; do
    refused 2 vcpu-set g "$word"
    refused 2 vcpu-pin g "$word" 0
    refused 2 sched g -w "$word"
    refused 2 sched g -c "$word"
    refused 2 mem-max g "$word"
    refused 2 mem-set g "$word"
    for verb in shutdown reboot; do refused 2 $verb -t "$word" g; done
    refused 2 block-attach -t "$word" g /a,raw,xvda,rw
    refused 2 block-detach -t "$word" g xvda
    refused 2 mem-set -t "$word" g 32m
done
for option in -w -c; do refused 2 sched g $option 9223372036854775808; done # JSON has no such integer
refused 2 vcpu-pin g 9223372036854775808 0
for word in 1mm 1.5g m 99999999999999t; do refused 2 mem-set g "$word"; done
refused 2 mem-set g 512 # KiB
refused 2 shutdown -t 86401 g
refused 2 vcpu-pin g 0 0 1
refused 2 shutdown
refused 2 shutdown -a g
refused 2 metrics -f x -o json
refused 2 trace -e $'a\nb' file
for word in 0 -1 33 1x ''; do refused 2 bench -r "$word"; done
for word in huge '' Full; do refused 2 bench -s "$word"; done
refused 2 bench --report
refused 2 bench --report -m /dev/null life
for word in none . /dev/null; do refused 2 bench -m "$word"; done
for word in /a /a,raw,nonsense,rw /a,qcow2,xvdq,rw /a,raw,xvdq,maybe ",,," '' format=raw /a,raw,xvda,rw,script=x \
    backend=web,vdev=xvda,target=/a /a,,hdc,cdrom /a,raw,xvda,rw,colo; do
    refused 2 block-attach g "$word"
done
for word in mac=zz mac=ff:ff:ff:ff:ff:ff devid=256 devid=-1 rate=x rate=0B/s rate=1b/s rate=1MB/s@0 bridge= vifname=0123456789abcdef backend=web =; do
    refused 2 network-attach g "$word"
done
for verb in save restore migrate migrate-receive; do refused 2 $verb g file; done
judge values 100

head -c 10485760 /dev/zero | tr '\0' '#' >long.cfg
{ printf 'name = "i"\nkernel = "/k"\nextra = "' && head -c 10485760 /dev/zero | tr '\0' x && echo '"'; } >longer.cfg
head -c 65536 /dev/urandom >random.cfg
{ printf '{' && head -c 65536 /dev/urandom; } >random.json
{ printf '<' && head -c 65536 /dev/urandom; } >random.xml
printf '{"name": "i\xff", "kernel": "/k"}' >utf8.json
printf '<domain type="xen"><name>i\xff</name></domain>' >utf8.xml
printf 'name = "i\xff"\nkernel = "/k"\n' >utf8.cfg
printf 'name = "i"\nkernel = "/k"\n\0' >zero.cfg
: >empty.cfg
mkfifo fifo
{ echo '<!DOCTYPE domain [<!ENTITY a0 "ha">'
    for i in 1 2 3 4 5 6 7 8 9; do echo "<!ENTITY a$i \"&a$((i - 1));&a$((i - 1));&a$((i - 1));&a$((i - 1));\">"; done
    echo ']><domain type="xen"><name>&a9;</name></domain>'; } >bomb.xml
for file in long.cfg longer.cfg random.cfg random.json random.xml utf8.json utf8.xml utf8.cfg zero.cfg empty.cfg bomb.xml \
    fifo . none /dev/null /dev/zero; do
    refused 2 create "$file"
    refused 2 create -n "$file"
    refused 2 config -f "$file"
    refused 2 bench -m "$file"
done
judge files 64
done_testing
