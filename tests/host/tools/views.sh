#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Runs in dom0: a guest's config exported and created again in each form, metrics, completion of names,
# a console's past.
. "$(dirname "$0")/lib.sh"

# ---- config: out, and in again
image one
config one "disk = [ '/guest/one.img,raw,xvda,ro' ]" 'vif = [ "bridge=pavobr0,rate=10Mb/s" ]' \
    'extra = "console=hvc0 quiet loglevel=4 shell a=\"b c\" <&>"' 'on_crash = "preserve"'
snapshot >/tmp/before
domctl create -p /tmp/one.cfg >/dev/null 2>/tmp/err || fail create "$(cat /tmp/err)"
domctl config -o json one >/tmp/first.json
for form in cfg json xml; do
    domctl config -o $form one >/tmp/one.$form
    domctl destroy one
    domctl create -p /tmp/one.$form >/dev/null 2>/tmp/err
    domctl config -o json one >/tmp/again.json
    check create-from-$form "$(cat /tmp/err; diff /tmp/first.json /tmp/again.json | head -n 5)" \
        cmp -s /tmp/first.json /tmp/again.json
done
check config-has-what-was-made "$(cat /tmp/first.json)" eval 'grep -q "\"uuid\": \"" /tmp/first.json &&
    grep -q "\"mac\": \"00:16:3e:" /tmp/first.json'
domctl destroy one
same create-from-forms-leaves-nothing
printf '<!DOCTYPE d [<!ENTITY e SYSTEM "file:///etc/passwd">]><domain type="xen"><name>&e;</name></domain>' >/tmp/bad.xml
domctl create /tmp/bad.xml 2>/tmp/err
rc=$?
check create-refuses-entities "status $rc: $(cat /tmp/err)" \
    [ "$rc $(cat /tmp/err)" = "2 domctl: /tmp/bad.xml: a document type definition is not accepted (leave <!DOCTYPE> out)" ]
domctl config nobody 2>/tmp/err
rc=$?
check config-of-nobody "status $rc: $(cat /tmp/err)" [ "$rc $(grep -c '^domctl: nobody: no such domain' /tmp/err)" = "3 1" ]
domctl config 0 2>/tmp/err
rc=$?
check config-of-dom0 "status $rc: $(cat /tmp/err)" [ "$rc $(wc -l </tmp/err)" = "2 1" ]

# ---- metrics
sed -i '/^on_crash/d' /tmp/one.cfg
domctl create /tmp/one.cfg >/dev/null 2>/tmp/err || fail create "$(cat /tmp/err)"
domctl metrics >/tmp/metrics
# Each sample is preceded by HELP and TYPE of its family, families and samples come once.
why=$(awk '
    /^# HELP [a-z0-9_]+ .+/ { if (seen[$3]++) print "twice: " $0; help = $3; next }
    /^# TYPE [a-z0-9_]+ (counter|gauge)$/ { if ($3 != help) print "no HELP: " $0; type = $3; next }
    /^[a-z0-9_]+(\{[a-z]+="[^"]*"(,[a-z]+="[^"]*")*\})? [0-9]+(\.[0-9]+)?$/ {
        name = $1; sub(/\{.*/, "", name)
        if (name != type) print "outside its family: " $0
        line = $0; sub(/ [^ ]*$/, "", line)
        if (sample[line]++) print "twice: " $0
        next }
    { print "no metric: " $0 }' /tmp/metrics | head -n 3)
check metrics-format "$why" [ -z "$why" ]
id=$(field one id)
for sample in 'pavo_daemon_up{daemon="consoled"} 1' "pavo_domain_vcpus{domain=\"one\",id=\"$id\"} 1" \
    "pavo_domain_memory_bytes{domain=\"one\",id=\"$id\"} 201326592"; do
    name=${sample%% *} name=${name%%\{*} name=${name//_/-}
    check "$name" "$(grep "^${sample%%\{*}" /tmp/metrics)" grep -qxF "$sample" /tmp/metrics
done
for family in pavo_domain_vcpu_seconds_total pavo_domain_disk_read_bytes_total \
    pavo_domain_network_receive_bytes_total; do
    check "${family//_/-}" "$(grep "^$family" /tmp/metrics)" grep -q "^$family{domain=\"one\",id=\"$id\"," /tmp/metrics
done
mkdir /tmp/small && mount -t tmpfs -o size=16k tmpfs /tmp/small
domctl metrics --textfile=/tmp/small/pavo.prom
rc=$?
check textfile "status $rc" eval "[ $rc = 0 ] && grep -q '^pavo_host_cpus ' /tmp/small/pavo.prom"
cp /tmp/small/pavo.prom /tmp/old.prom
dd if=/dev/zero of=/tmp/small/full bs=1k 2>/dev/null
domctl metrics -f /tmp/small/pavo.prom 2>/tmp/err
rc=$?
check textfile-disk-full "status $rc, $(cat /tmp/err), $(ls -A /tmp/small)" \
    [ "$rc $(wc -l </tmp/err) $(cmp /tmp/old.prom /tmp/small/pavo.prom) $(find /tmp/small -type f | wc -l)" = "4 1  2" ]
umount /tmp/small
domctl metrics --textfile=/nowhere/pavo.prom 2>/tmp/err
rc=$?
check textfile-no-folder "status $rc: $(cat /tmp/err)" [ "$rc $(wc -l </tmp/err)" = "1 1" ]

# ---- completion
# shellcheck source=dom0-tools/completion/domctl
. "$here/domctl"
# complete_words WORD...: what the last, begun word can become.
complete_words() {
    COMP_WORDS=("$@") COMP_CWORD=$(($# - 1)) COMPREPLY=()
    _domctl
    echo "${COMPREPLY[*]}"
}
config two
domctl create -p /tmp/two.cfg >/dev/null
completes() {
    local want=$1 name=$2
    shift 2
    out=$(complete_words "$@")
    check "complete-$name" "'$out' instead of '$want'" [ "$out" = "$want" ]
}
completes "destroy" verb domctl des
completes "one two" names domctl destroy ''
completes "two" begun-name domctl console t
completes "cfg json xml" formats domctl config -o ''
completes "full quick tiny" values domctl bench -s ''
completes "one" name-after-option domctl config -o json o
completes "one" name-after-value domctl block-attach -o json o
completes "one two" names-beside-option domctl shutdown -t 3 ''
completes "" word-after-name domctl block-attach -t 5 one o
completes "--help" option domctl dmesg --h
cd /tmp || exit
completes "one.cfg" files domctl create one.c
completes "" nothing domctl dmesg ''
domctl destroy two

# ---- what the console said before a person, or consoled, came
prompt() { tail -c 20 $log/one.log | grep -q '# '; }
check console-prompt "$(tail -n 2 $log/one.log)" wait_for 60 prompt
past() { (sleep 1) | timeout 3 domctl console one 2>/dev/null | head -c 100000 >/tmp/past; cmp -s $log/one.log /tmp/past; }
past
check console-past "$(cmp $log/one.log /tmp/past 2>&1)" cmp -s $log/one.log /tmp/past
service consoled restart
wait_for 5 past
check console-past-after-restart "$(cmp $log/one.log /tmp/past 2>&1)" cmp -s $log/one.log /tmp/past
domctl destroy one
same views-leave-nothing
