#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# The bench on two cells of the smallest size: JSON by its schema, well-formed HTML; it goes on after a
# stop, and names what went wrong.
. tests/host/lib.sh
export SIZE=tiny
unset CPU QUICK ROUNDS FRESH
rc=0
bench() {
    OUT=$scratch/$1 ONLY=$2 tests/bench/run >"$scratch/said" 2>"$scratch/progress"
    rc=$?
}
value() { python3 -c 'import functools, json, sys
print(functools.reduce(lambda v, k: v[k], sys.argv[2:], json.load(open(sys.argv[1]))))' "$@"; }
well_formed() { python3 -c 'import sys, xml.etree.ElementTree as x; [x.parse(f) for f in sys.argv[1:]]' "$@"; }

tests/bench/unit || failures=1

bench two 'native/micro pavo-guest/micro'
check two-cells "$(tail -n 2 "$scratch/progress" "$scratch/said")" [ $rc = 0 ]
tests/bench/unit "$scratch/two/results.json" || failures=1
check html "$(head -c 200 "$scratch/two/report.html")" well_formed "$scratch/two/report.html" "$scratch/two/micro.svg"
check text-names-both "$(head -n 12 "$scratch/said")" grep -q 'native  *Pavo guest$' "$scratch/said"

# As if it had been stopped after the first of two rounds.
python3 - "$scratch/two/results.json" <<'E2'
import json, sys
r = json.load(open(sys.argv[1]))
r["cells"]["native/micro"].update(status="partial", rows={})
json.dump(r, open(sys.argv[1], "w"))
E2
first=$(value "$scratch/two/results.json" cells native/micro rounds)
ROUNDS=2 bench two native/micro
check goes-on "$(tail -n 3 "$scratch/progress")" [ $rc = 0 ]
both=$(value "$scratch/two/results.json" cells native/micro rounds)
check keeps-what-was-measured "$both" [ "${both#"${first%]}"}" != "$both" ]
check two-rounds-are-pooled "$both" [ "$(value "$scratch/two/results.json" cells native/micro rows null_syscall samples)" = 4 ]

# A workload without an end, by sizes of its own.
python3 - >"$scratch/sizes.json" <<'E2'
import json
s = json.load(open("tests/bench/sizes.json"))
s["tiny"]["micro"].update(seconds=3, rows=dict(s["tiny"]["micro"]["rows"], null_syscall=500000000))
print(json.dumps(s))
E2
# What is saved meanwhile does not fit on its disk at first.
mkdir "$scratch/hang" && ln -s /dev/full "$scratch/hang/results.part"
SIZES=$scratch/sizes.json bench hang native/micro
check hang-is-status-1 "$(cat "$scratch/progress")" [ $rc = 1 ]
check hang-is-named "$(cat "$scratch/said")" grep -q '^FAILED native/micro: .*did not end within 3 s' "$scratch/said"

check full-disk-is-named "$(cat "$scratch/progress")" [ "$(grep -c 'results.json: No space left on device$' "$scratch/progress")" = 1 ]
check saved-when-there-is-room "$(ls "$scratch/hang")" [ "$(value "$scratch/hang/results.json" cells native/micro status)" = failed ]

# Without AMD-V, KVM cannot run; what stands beside it does.
CPU=qemu64,-svm bench nosvm 'kvm-npt/micro native/micro'
check no-svm-is-status-1 "$(cat "$scratch/progress")" [ $rc = 1 ]
check no-svm-is-named "$(cat "$scratch/said")" grep -q '^FAILED kvm-npt/micro: .*neither AMD-V nor VT-x' "$scratch/said"
check others-are-measured "$(cat "$scratch/progress")" [ "$(value "$scratch/nosvm/results.json" cells native/micro status)" = ok ]

# Results of another machine are set aside, in one line. Then Ctrl-C, while QEMU runs. (Started with job control: a
# plain background process would ignore it.)
alien() { sed 's/"host_cpus": [0-9]*/"host_cpus": 4711/; s/"id": "[0-9a-f]*"/"id": "0123456789abcdef"/' "$1"; }
mkdir "$scratch/stopped" && alien "$scratch/two/results.json" >"$scratch/stopped/results.json"
set -m
OUT=$scratch/stopped ONLY=native/micro tests/bench/run >"$scratch/said" 2>"$scratch/progress" &
pid=$!
set +m
for ((i = 0; i < 600; i++)); do
    [ ! -e "$scratch/stopped/logs/native-micro.console" ] || break
    sleep 0.1
done
kill -INT $pid
wait $pid
rc=$?
check interrupted-is-status-130 "$(cat "$scratch/progress")" [ $rc = 130 ]
left() { pgrep -f "$scratch/stopped" >/dev/null; }
check nothing-is-left-running "$(pgrep -af "$scratch/stopped")" eval '! left'
check interrupted-says-so "$(cat "$scratch/progress")" grep -q '^bench: interrupted' "$scratch/progress"
check interrupted-cell "$(cat "$scratch/progress")" \
    [ "$(value "$scratch/stopped/results.json" cells native/micro why)" = interrupted ]

set_aside() {
    grep -q "^bench: .*of another machine (host_cpus 4711, here .*kept as results.aside.json" "$scratch/progress" &&
        [ "$(value "$scratch/stopped/results.aside.json" machine host_cpus)" = 4711 ]
}
check another-machine-is-set-aside "$(cat "$scratch/progress")" set_aside

alien "$scratch/two/results.json" >"$scratch/alien.json"
ROUNDS=x bench stopped native/micro
check wrong-use-is-status-2 "$(cat "$scratch/progress")" [ $rc = 2 ]
OUT=$scratch/two tests/bench/run --merge "$scratch/alien.json" >"$scratch/said" 2>"$scratch/progress"
rc=$?
check another-machine-is-status-1 "$(cat "$scratch/progress")" [ $rc = 1 ]
check another-machine-is-named "$(cat "$scratch/progress")" grep -q 'of another machine (host_cpus 4711, here' "$scratch/progress"

# refused PATTERN ARGUMENT...: without a run, in one line, with status 1.
refused() {
    local pattern=$1
    shift
    OUT=$scratch/two tests/bench/run "$@" >"$scratch/said" 2>"$scratch/progress"
    [ $? = 1 ] && [ ! -s "$scratch/said" ] && [ "$(wc -l <"$scratch/progress")" = 1 ] && grep -q "$pattern" "$scratch/progress"
}
before=$(cat docs/benchmarks.md)
check docs-take-a-full-run "$(cat "$scratch/progress")" refused 'of size tiny; docs/benchmarks.md holds a full run$' --docs
check docs-stay "docs/benchmarks.md has changed" [ "$before" = "$(cat docs/benchmarks.md)" ]
sed 's/"size": "tiny"/"size": "quick"/' "$scratch/two/results.json" >"$scratch/quick.json"
check sizes-are-not-mixed "$(cat "$scratch/progress")" refused 'quick.json: of size quick, not tiny$' --merge "$scratch/quick.json"
sed -i 's|pavo-bench/1|pavo-bench/7|' "$scratch/two/results.json"
check another-schema-is-named "$(cat "$scratch/progress")" refused 'results.json: schema pavo-bench/7, not pavo-bench/1$' --report

# A planted slow-down: each hypercall is 1,000 instructions longer, and nothing else. The tiny kernel runs as dom0.
ICOUNT='-icount shift=0,sleep=off -rtc base=2026-01-01T00:00:00,clock=vm'
slowed() {
    # shellcheck disable=SC2086  # options
    timeout -k 5 60 qemu-system-x86_64 -accel tcg -cpu qemu64 -m 256 -smp 1 $ICOUNT -display none -no-reboot -monitor none \
        -net none -serial stdio -kernel build/pavo -append "console=com1 dom0_mem=64M $1" \
        -initrd 'build/guest/mini bench=1 null_hypercall=500 user_syscall=500 grant_map=200 pt_list=2 pt_store=2' \
        </dev/null 2>&1 | tr -d '\r' | sed -n 's/^ROW //p' >"$2"
}
# longer ROW CALLS: whether each operation of ROW takes as many more instructions as CALLS hypercalls do.
longer() {
    awk -v row="$1" -v calls="$2" 'FNR == 1 { file++ }
        $1 == row { value[file] = $2 * ($3 == "us" ? 1000 : 1) }
        END { more = value[2] - value[1]; exit !(value[1] > 0 && more >= calls * 1000 - value[1] / 1000 &&
              more <= calls * 1060 + value[1] / 1000) }' "$scratch/plain" "$scratch/slow"
}
slowed '' "$scratch/plain"
slowed hypercall_delay=1000 "$scratch/slow"
both=$(paste -d' ' "$scratch/plain" "$scratch/slow")
check slow-down-of-a-hypercall "$both" longer null_hypercall 1
check slow-down-of-a-system-call-is-its-iret "$both" longer user_syscall 1
check slow-down-of-two-hypercalls "$both" longer grant_map 2
check slow-down-of-a-list-is-one "$both" longer pt_list 1
check no-slow-down-without-a-hypercall "$both" longer pt_store 0

# What is counted from outside is what Pavo counts itself. Two runs, so that all around them cancels out.
mkdir "$scratch/files" && cp build/helpers/micro "$scratch/files/"
# shellcheck disable=SC2016  # for dom0
HV=pavo SMP=1 DISKS=0 FILES=$scratch/files EVENTS=$scratch/events QEMU_ARGS="$ICOUNT -plugin build/helpers/events.so,pv=1" \
    dom0 'domctl perf --on
    shot() { domctl perf -o json 0 | tr -d "\n"; echo; }
    shot; ./micro 1 fork_exec=5 null_syscall=500 >&2; shot; ./micro 1 fork_exec=25 null_syscall=2500 >&2; shot' \
    >"$scratch/perf" 2>"$scratch/said"
tests/bench/unit --same "$scratch/events" "$scratch/perf" || failures=1
done_testing
