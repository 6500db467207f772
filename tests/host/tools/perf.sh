#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Runs in dom0, on two CPUs: counters of a guest whose hypercalls are known, traces with and without gaps.
# Prints two traces as well ("TRACE NAME BASE64").
. "$(dirname "$0")/lib.sh"

# says NAME STATUS PATTERN COMMAND...: its status, and one line on stderr.
says() {
    local name=$1 want=$2 pattern=$3 rc
    shift 3
    "$@" >/tmp/out 2>/tmp/err
    rc=$?
    if [ $rc = "$want" ] && grep -q -- "$pattern" /tmp/err && [ "$(wc -l </tmp/err)" = 1 ]; then
        pass "$name"
    else
        fail "$name" "status $rc: $(head -c 300 /tmp/err)"
    fi
}
# mini NAME WORDS: the reference guest, created.
mini() {
    printf '%s\n' "name = \"$1\"" 'kernel = "/files/mini"' 'memory = 32' "cmdline = \"$2\"" >"/tmp/$1.cfg"
    domctl create "/tmp/$1.cfg" >/dev/null
}
waits() { grep -aq '^mini: end=wait' "$log/$1.log"; }
# calls NAME [OPTION...]: "count ns" of its get_debugreg hypercalls.
calls() {
    domctl perf -o json "$@" | tr -d ' \n' |
        sed -n 's/.*"name":"get_debugreg","number":9,"count":\([0-9]*\),"ns":\([0-9]*\).*/\1 \2/p'
}

snapshot >/tmp/before
says perf-is-off 1 'domctl: perf: counting is off (domctl perf --on)' domctl perf
says perf-reset-of-nothing 1 'counting is off' domctl perf --reset
says perf-usage 2 'only one of --on' domctl perf --on --off
says perf-all-at-once 2 'for all domains at once' domctl perf --on Domain-0

# ---- counters: a domain that comes while counting is on
domctl perf --on
mini calls1 'calls=1000 end=wait'
wait_for 10 waits calls1
read -r count ns <<<"$(calls calls1)"
check perf-counts-exactly "count $count, $ns ns" [ "$count" = 1000 -a "${ns:-0}" -gt 1000 ]
counted=$(calls -i 1 calls1)
check perf-of-an-interval "$counted" [ -z "$counted" ]
check perf-table "$(domctl perf calls1)" eval "domctl perf calls1 | grep -qE '^  get_debugreg  *1000 '"
says perf-of-nobody 3 'nobody: no such domain' domctl perf nobody
domctl perf -o json 0 | tr -d ' \n' >/tmp/dom0.json
check perf-of-dom0 "$(head -c 300 /tmp/dom0.json)" eval 'grep -q "\"id\":0,.*\"name\":\"iret\".*\"pagefault\"" /tmp/dom0.json &&
    grep -qE "\"switch-in\":[1-9]" /tmp/dom0.json && ! grep -q calls1 /tmp/dom0.json'
echo "JSON perf 0 $(domctl perf -o json | base64 -w 0)"
domctl perf --reset
check perf-reset "$(calls calls1)" [ -z "$(calls calls1)" ]
domctl destroy calls1
domctl perf --off
says perf-off-again 1 'counting is off' domctl perf
same perf-leaves-nothing

# ---- traces
domctl trace -e hypercall,sched /tmp/whole 2>/tmp/whole.err &
tracer=$!
wait_for 5 [ -s /tmp/whole ]
says trace-one-at-a-time 1 'another trace is going on' domctl trace -s 1 /tmp/second
mini calls2 'calls=1000 end=wait'
wait_for 10 waits calls2
kill -INT $tracer
wait $tracer
check trace-sums-up "$(cat /tmp/whole.err)" grep -qE '^/tmp/whole: [1-9][0-9]* records, 0 lost$' /tmp/whole.err
domctl trace -d text /tmp/whole >/tmp/whole.txt
for end in hypercall hypercall-end; do
    n=$(grep -cE "^[0-9]+\.[0-9]{9} cpu[01] d[0-9]+v0 calls2 $end get_debugreg$" /tmp/whole.txt)
    check trace-has-each-$end "$n" [ "$n" = 1000 ]
done
check trace-only-what-was-asked-for "$(grep -m 1 trap /tmp/whole.txt)" eval "! grep -qE ' (trap|upcall|emulate|syscall) ' /tmp/whole.txt"
sort -c -n /tmp/whole.txt 2>/tmp/err
check trace-is-in-order "$(cat /tmp/err)" [ ! -s /tmp/err ]
domctl trace -s 1 -r 256 -e hypercall,pt-write /tmp/gaps 2>/tmp/gaps.err
echo "JSON trace 0 $(domctl trace -s 1 -e sched -o json /tmp/again | base64 -w 0)"
check trace-tells-what-is-lost "$(cat /tmp/gaps.err)" grep -qE '^/tmp/gaps: [1-9][0-9]* records, [1-9][0-9]* lost' /tmp/gaps.err
for t in whole gaps; do
    echo "TRACE $t $(domctl trace -d chrome /tmp/$t | gzip -1 -c | base64 | tr -d '\n')"
done

# ---- what goes wrong
says trace-of-nothing 2 '/files/mini: not a trace' domctl trace -d text /files/mini
head -c 1000 /tmp/whole >/tmp/cut
says trace-cut-off 0 '/tmp/cut: the file was cut off' domctl trace -d text /tmp/cut
{ head -c 32 /tmp/whole; head -c 1000 /dev/zero; } >/tmp/damaged
says trace-damaged 2 '/tmp/damaged: a damaged trace, from byte ' domctl trace -d text /tmp/damaged
says trace-no-such-file 2 '/tmp/none: No such file' domctl trace -d text /tmp/none
says trace-bad-events 2 "does not know 'nonsense'" domctl trace -e hypercall,nonsense /tmp/none
says trace-bad-size 2 'cannot hold 300 records' domctl trace -r 300 /tmp/none
says trace-disk-full 4 '/dev/full: No space left on device' domctl trace -s 1 /dev/full
# A client that is killed leaves no trace going on, and no rings.
domctl trace /tmp/killed 2>/dev/null &
tracer=$!
wait_for 5 [ -s /tmp/killed ]
kill -9 $tracer
wait $tracer 2>/dev/null
again() { domctl trace -s 1 /tmp/again 2>/dev/null; }
check trace-after-a-killed-one "$(domctl trace -s 1 /tmp/again 2>&1)" wait_for 5 again
# Nor does a daemon that is killed.
rm /tmp/killed
domctl trace /tmp/killed 2>/tmp/err &
tracer=$!
wait_for 5 [ -s /tmp/killed ]
kill -9 "$(pidof domd)"
wait $tracer
rc=$?
check trace-of-a-killed-domd "status $rc: $(cat /tmp/err)" eval "[ $rc = 1 ] && grep -q 'domd: it ended; so does the trace' /tmp/err"
check trace-after-a-killed-domd "$(domctl trace -s 1 /tmp/again 2>&1)" wait_for 10 again
domctl destroy calls2
same trace-leaves-nothing
