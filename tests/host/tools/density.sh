#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# density.sh GUESTS, in dom0: so many stock Linux guests of 96 MiB, each with a disk of its own over one
# base image and an interface. Each is created when the one before has booted, so that all meet a host
# that does nothing else. All answer; then they are destroyed, several at once, and leave nothing.
# What dom0's tables grew by is there for the next guests, a tenth as many: after these the host is the
# same to the page.
. "$(dirname "$0")/lib.sh"
guests=$1
address() { echo "10.0.$((1 + $1 / 250)).$((1 + $1 % 250))"; }
us() { echo "${EPOCHREALTIME/./}"; }
for ((n = 1; n <= guests; n++)); do
    config "d$n" 'memory = 96' "vif = [ 'bridge=pavobr0' ]" \
        "disk = [ '/guest/disk.img,raw,xvda,rw,overlay=/guest/d$n.cow' ]" \
        "extra = 'console=hvc0 quiet loglevel=4 net=$(address $n)/16 hostname=d$n'"
done
ip addr add 10.0.0.254/16 dev pavobr0
snapshot >/tmp/before
base=$(md5sum </guest/disk.img)
bad=

# start COUNT: d1 and so on, one after the other.
start() {
    local n before started=$SECONDS
    for ((n = 1; n <= $1; n++)); do
        before=$(us)
        if ! create "d$n"; then
            bad+=" d$n: $(cat /tmp/create.err)"
            break
        fi
        took[n]=$((($(us) - before) / 1000))
        wait_for 60 at_login "d$n" || bad+=" d$n: no login: $(tail -n 1 "$log/d$n.log")"
        [ $((n % 10)) -gt 1 ] || echo "guest $n: created in ${took[n]} ms, all so far are up after $((SECONDS - started)) s"
    done
}
# stop COUNT: eight at a time.
some() { for ((n = $1; n <= $2; n += 8)); do domctl destroy "d$n" || echo "d$n" >>/tmp/bad; done; }
stop() {
    local k pids started=$SECONDS
    for k in {1..8}; do
        some "$k" "$1" 2>>/tmp/bad &
        pids[k]=$!
    done
    wait "${pids[@]}"
    echo "destroyed in $((SECONDS - started)) s"
    rm -f /guest/d*.cow
}

start "$guests"
check all-are-created "$bad" [ -z "$bad" ]
before=$(us)
domctl list >/tmp/list
echo "list: $((($(us) - before) / 1000)) ms"
check all-are-listed "$(wc -l </tmp/list)" [ "$(grep -c '^d[0-9]' /tmp/list)" = "$guests" ]
bad=
for ((n = 1; n <= guests; n++)); do ping -c 1 -W 5 "$(address $n)" >/dev/null || bad+=" d$n"; done
check all-answer "$bad" [ -z "$bad" ]
check none-has-ended "$(cat /tmp/list)" [ "$(domctl list | grep -Ec '^d[0-9].* (running|blocked) ')" = "$guests" ]
config big 'memory = 65536'
create big
check one-too-many-is-refused "status $?: $(cat /tmp/create.err)" grep -q 'not enough free memory' /tmp/create.err
echo "dom0: $(free -m | awk '/^Mem/ { print $4 }') of $(free -m | awk '/^Mem/ { print $2 }') MiB free, \
$(domctl info | tr -s ' ' | grep -E 'event|grant' | tr '\n' ';')"

stop "$guests"
check all-are-destroyed "$(cat /tmp/bad)" [ ! -s /tmp/bad ]
check dom0s-tables-grow-little "$(domctl info)" grown 256
same nothing-left
bad=
start $((guests / 10 + 1))
stop $((guests / 10 + 1))
check more-come-and-go "$bad$(cat /tmp/bad)" [ -z "$bad" -a ! -s /tmp/bad ]
same nothing-grows-again
check base-untouched "changed" [ "$(md5sum </guest/disk.img)" = "$base" ]
well() { ! dmesg | grep 'Out of memory\|page allocation failure\|BUG:\|WARNING:'; }
check dom0-is-well "$(dmesg | tail -n 20)" well
