#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Runs in dom0: each verb that `domctl --help` knows, with each bad input that it can be given: one line
# on stderr, the exit status, the host as it was.
. "$(dirname "$0")/lib.sh"

mapfile -t verbs < <(domctl --help | sed -n 's/^  \([a-z][a-z-]*\)  *.*/\1/p')
# The words that a verb takes for domain @, good for guest g.
words() {
    case $1 in
    rename) echo "@ other" ;;
    sysrq) echo "@ h" ;;
    vcpu-set) echo "@ 1" ;;
    vcpu-pin) echo "@ 0 0" ;;
    mem-set) echo "@ 32m" ;;
    mem-max) echo "@ 64m" ;;
    sched) echo "@ -w 300" ;;
    block-attach) echo "-t 0 @ /tmp/free.img,raw,xvdq,ro" ;;
    block-detach) echo "--force @ xvda" ;;
    network-attach) echo "-t 0 @ bridge=pavobr0" ;;
    network-detach) echo "--force @ 0" ;;
    shutdown | reboot) echo "-t 5 @" ;;
    dump-core) echo "@ /tmp/core" ;;
    bench | create | dmesg | metrics | top | trace) ;; # name none
    events) ;;                         # of guests that may come, too
    *) echo "@" ;;
    esac
}

# bad NAME STATUS PATTERN COMMAND...: adds to $why what is wrong. Counts in $tried.
bad() {
    local name=$1 status=$2 pattern=$3 rc lines said
    shift 3
    "$@" >/tmp/out 2>/tmp/err </dev/null
    rc=$?
    tried=$((tried + 1))
    mapfile -t lines </tmp/err
    said=${lines[*]}
    [ ${#said} -lt 100 ] || said=...${said: -100}
    if [ $rc != "$status" ]; then
        why+=" $name: status $rc instead of $status: $said;"
    elif [ ${#lines[@]} != 1 ] || ! [[ ${lines[0]} =~ ^domctl:\ .*$pattern ]]; then
        why+=" $name: $said;"
    elif [ -s /tmp/out ]; then
        why+=" $name: prints $(head -n 1 /tmp/out);"
    fi
}
# judge NAME COUNT: all that was tried since the last time went well, it was so much at least, nothing changed.
judge() {
    if [ $tried -lt "$2" ]; then why+=" only $tried were tried"; fi
    if [ -z "$why" ]; then same "$1"; else fail "$1" "$why"; fi
    [ -z "${TIMES-}" ] || cat /proc/uptime
    why='' tried=0
}
why='' tried=0
# each STATUS PATTERN DOMAIN [VERB...]: all verbs that take a domain, but for those named.
each() {
    local status=$1 pattern=$2 domain=$3 verb
    local -a list
    shift 3
    for verb in "${verbs[@]}"; do
        read -ra list <<<"$(words "$verb")"
        if [ ${#list[@]} = 0 ] || [[ " $* " == *" $verb "* ]]; then continue; fi
        bad "$verb" "$status" "$pattern" domctl "$verb" "${list[@]/#@/$domain}"
    done
}

truncate -s 1M /tmp/g.img /tmp/free.img
mini() { # NAME WORDS [LINE...]
    printf '%s\n' "name = \"$1\"" 'kernel = "/files/mini"' 'memory = 32' "cmdline = \"$2\"" "${@:3}" >"/tmp/$1.cfg"
    create "$1" || fail "create-$1" "$(cat /tmp/create.err)"
}
domctl perf --on || fail perf-on
snapshot >/tmp/clean
mini g 'end=wait' 'maxvcpus = 2' "disk = [ '/tmp/g.img,raw,xvda,rw' ]" 'vif = [ "bridge=pavobr0" ]'
domctl pause g
id=$(field g id)
snapshot >/tmp/before

# ---- names that name nobody, or two
each 3 'nobody: no such domain' nobody
judge every-nobody 20
each 3 'no such domain' $'a\xff'
judge every-invalid-utf8 20
for verb in pause list vcpu-list; do
    bad "$verb-control" 3 'a.b.2J: no such domain' domctl "$verb" $'a\nb\e2J'
    bad "$verb-long" 3 'nnn\.\.\.: no such domain' domctl "$verb" "$(printf '%05000d' 0 | tr 0 n)"
    bad "$verb-uuid" 3 'no such domain' domctl "$verb" 01234567-89ab-cdef-0123-456789abcdef
done
for verb in destroy shutdown list; do bad "$verb-pattern" 3 'no (guest|domain) matches' domctl "$verb" 'x*'; done
each 2 '(to dom0|dom0 has no config|cannot be changed)' 0 list info uptime domid domname vcpu-list vcpu-set \
    vcpu-pin mem-set sched perf
judge every-strange-name 27
mini "$id" 'end=wait'
cp /tmp/before /tmp/alone
snapshot >/tmp/before
each 2 'ambiguous' "$id"
judge every-ambiguous 20
domctl destroy "$(field "$id" uuid)"
cp /tmp/alone /tmp/before

# ---- values that only domd can judge; host/usage has the others
value() { bad "$*" 2 '' domctl "$@"; }
for word in 0 3 4294967297; do value vcpu-set g $word; done
for word in 2 4294967296; do value vcpu-pin g $word 0; done
for word in 63 1- ^0 nodes:0 ''; do value vcpu-pin g 0 "$word"; done
for word in 15m 33m 99999999t; do value mem-set g $word; done
for word in 0m 31m 99999999t; do value mem-max g $word; done
for word in 0 65536; do value sched g -w $word; done
value sched g -c 99999999
for word in '' ab '?' $'\xff' $'\n'; do value sysrq g "$word"; done
for word in '' . 'a b' a/b $'\xff' Domain-0 "$(printf '%064d' 0)"; do value rename g "$word"; done
for word in /none /tmp /files/mini/x; do value block-attach -t 0 g "$word,raw,xvdq,rw"; done
value block-attach -t 0 g /tmp/g.img,raw,xvda,rw
for word in bridge=none bridge=lo devid=0; do value network-attach -t 0 g $word; done
for word in xvdb '' $'\xff'; do value block-detach --force g "$word"; done
for word in 1 '' zz:zz; do value network-detach --force g "$word"; done
value ''
value pause ''
judge every-value 45

# ---- a device that somebody has, a disk that is full
mini h 'end=wait'
domctl pause h
cp /tmp/before /tmp/alone
snapshot >/tmp/before
bad attach-in-use 1 'in use by domain g' domctl block-attach -t 0 h /tmp/g.img,raw,xvda,rw
printf '%s\n' 'name = "i"' 'kernel = "/files/mini"' 'memory = 32' "disk = [ '/tmp/g.img,raw,xvda,ro' ]" >/tmp/i.cfg
bad create-in-use 1 'in use by domain g' domctl create /tmp/i.cfg
mkdir -p /tmp/small && mount -t tmpfs -o size=64k tmpfs /tmp/small
mkdir /tmp/small/ro && mount -t tmpfs -o ro tmpfs /tmp/small/ro
dd if=/dev/zero of=/tmp/small/full bs=1k >/dev/null 2>&1
bad metrics-disk-full 4 'cannot be written: No space left' domctl metrics -f /tmp/small/pavo.prom
bad trace-disk-full 4 'No space left' domctl trace -s 1 -e sched /tmp/small/trace
rm -f /tmp/small/trace
bad dump-disk-full 4 'No space left' domctl dump-core h /tmp/small/core
bad standard-output-full 4 'cannot be written: No space left' sh -c 'domctl list >/dev/full'
overlay() { domctl create /tmp/i.cfg "disk=['/tmp/free.img,raw,xvda,rw,overlay=$1']"; }
bad overlay-readonly-disk 2 'overlay /tmp/small/ro/cow: Read-only file system$' overlay /tmp/small/ro/cow
bad overlay-no-folder 2 'overlay /none/cow: no such file' overlay /none/cow
bad overlay-disk-full 4 'overlay /tmp/small/cow: ' overlay /tmp/small/cow
[ "$(ls /tmp/small)" = "$(printf 'full\nro')" ] || why+=" files left: $(ls /tmp/small)"
umount /tmp/small/ro /tmp/small
judge every-device-busy-disk-full 9

# ---- files; host/usage has what domctl alone can judge
{ echo '<!DOCTYPE domain [<!ENTITY a0 "ha">'
    for i in 1 2 3 4 5 6 7 8 9; do echo "<!ENTITY a$i \"&a$((i - 1));&a$((i - 1));&a$((i - 1));&a$((i - 1));\">"; done
    echo ']><domain type="xen"><name>&a9;</name></domain>'; } >/tmp/bomb.xml
bad create-bomb 2 'document type definition' domctl create /tmp/bomb.xml
head -c 70000 /dev/urandom >/tmp/random
printf 'name = "i"\nkernel = "/tmp/random"\nmemory = 32\n' >/tmp/i.cfg
bad create-random-kernel 2 'not a kernel' domctl create /tmp/i.cfg
bad create-no-disk 2 'neither a file nor a block device' domctl create /tmp/i.cfg 'disk=["/dev/null,raw,xvda,rw"]'
judge every-file 3
domctl destroy h
cp /tmp/alone /tmp/before

# ---- a guest that has ended and is kept
sed -i 's/end=wait/end=poweroff/; $a on_poweroff = "preserve"' /tmp/g.cfg
domctl destroy g
create g
ended() { store read "/domd/$(field g id)/kept" >/dev/null 2>&1; } # and domd has taken note
wait_for 10 ended || fail preserve "$(domctl list)"
snapshot >/tmp/before
told='list info config uptime console destroy reset rename domid domname vcpu-list block-list network-list dump-core perf'
# shellcheck disable=SC2086  # words
each 1 'the guest has ended' g $told
judge every-ended 14
for verb in $told; do
    case $verb in
    destroy | reset | rename | console) continue ;; # these change it; or wait
    esac
    read -ra list <<<"$(words "$verb")"
    timeout 30 domctl "$verb" "${list[@]/#@/g}" >/tmp/out 2>/tmp/err </dev/null || why+=" $verb: $(cat /tmp/err)"
    [ -s /tmp/out ] || [ "$verb" = dump-core ] || why+=" $verb: prints nothing"
    tried=$((tried + 1))
done
rm -f /tmp/core
judge every-ended-tells 10

# ---- a domain that was destroyed and cannot go, as dom0 still maps a page of it
id=$(field g id)
: >/tmp/held
"$here/hold" "$id" "$(store read "/local/domain/$id/store/ring-ref")" >/tmp/held 2>&1 &
holder=$!
wait_for 5 grep -q held /tmp/held || fail hold "$(cat /tmp/held)"
domctl destroy g
check dying-is-listed "$(domctl list)" [ "$(domctl list "$id" | awk 'NR == 2 { print $3 }')" = dying ]
snapshot >/tmp/before
each 3 'no such domain any more: it was destroyed' "$id" list
judge every-dying 20
kill $holder
cp /tmp/clean /tmp/before
same every-leaves-nothing
