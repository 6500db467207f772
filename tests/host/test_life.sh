#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# create's options, names and patterns, rename, reset, events, sysrq, shutdown, JSON: tests/host/tools/life.sh.
# Then counters and traces: tests/host/tools/perf.sh, whose traces are looked at here; and domctl bench:
# tests/host/tools/bench.sh.
. tests/host/lib.sh
cp tests/host/tools/*.sh build/guest/mini "$scratch/"
build/dom0-tools/domctl --help >"$scratch/help"
FILES=$scratch TIMEOUT=600 dom0 'bash life.sh; bash perf.sh; bash bench.sh' >"$scratch/out"
status=$?
grep -vE '^(TRACE|RESULTS) ' "$scratch/out" | tests/host/json-keys "$scratch/help"
# Trace-event JSON as a viewer reads it: what begins ends, per thread, in this order; time goes forward.
balanced() {
    sed -n "s/^TRACE $1 //p" "$scratch/out" | base64 -d | gzip -d | python3 -c '
import json, sys
begun, at, named, lost = {}, {}, set(), False
for e in json.load(sys.stdin)["traceEvents"]:
    thread = (e["pid"], e["tid"])
    if e["ph"] == "M":
        named.add((e["name"],) + thread)
        continue
    assert sys.argv[2] == "lost" or e["ts"] >= at.get(thread, 0), e
    at[thread] = e["ts"]
    lost |= "records lost" in e.get("name", "")
    if e["ph"] == "B":
        begun.setdefault(thread, []).append(e["name"])
    elif e["ph"] == "E":
        begun[thread].pop()
    else:
        assert e["ph"] == "i", e
assert not any(begun.values()), begun
assert len(begun) >= int(sys.argv[1]), begun
for thread in at:
    assert ("thread_name",) + thread in named, thread
assert lost == (sys.argv[2] == "lost"), lost
' "$2" "$3"
}
check perf-trace-whole "$(balanced whole 3 all 2>&1 | tail -n 1)" balanced whole 3 all
check perf-trace-with-gaps "$(balanced gaps 1 lost 2>&1 | tail -n 1)" balanced gaps 1 lost

# What domctl bench measured is a results file as `make bench` writes it.
sed -n 's/^RESULTS //p' "$scratch/out" | base64 -d >"$scratch/measured.json"
tests/bench/unit "$scratch/measured.json" | sed 's/ a-real-run/ bench-results/; s/ each-damage-of-a-real-run/ bench-each-damage/'
[ "${PIPESTATUS[0]}" = 0 ] || failures=1
OUT=$scratch/merged tests/bench/run --merge "$scratch/measured.json" >"$scratch/said" 2>&1
rc=$?
check bench-is-merged "status $rc: $(tail -n 2 "$scratch/said")" [ $rc = 0 ]
check bench-is-reported "$(cat "$scratch/said")" grep -qE '^null system call, ns +[0-9]' "$scratch/said"
exit $((status || failures))
