#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# What domctl and domtop do with domd's answers, natively, with a domd of the test's own: full disks, consoles that end,
# odd names, times.
. tests/host/lib.sh
domctl=$PWD/build/dom0-tools/domctl domtop=$PWD/build/dom0-tools/domtop fake=$PWD/tests/host/fake-domd
cd "$scratch" || exit
domd=
start() {
    rm -f socket
    "$fake" "$scratch/socket" "$scratch/log" 2>fake.err &
    domd=$!
    until [ -e socket ] && [ -e log ]; do sleep 0.05; done
}
trap 'kill $domd 2>/dev/null; rm -rf "$scratch"' EXIT
export DOMD_SOCKET=$scratch/socket
start

why=''
# full COMMAND...: one line that names the cause, status 4, with its output on a full disk.
full() {
    timeout 20 "$@" >/dev/full 2>err </dev/null
    local rc=$?
    if [ $rc != 4 ] || [ "$(wc -l <err)" != 1 ] || ! grep -q ': standard output: cannot be written: No space left on device$' err; then
        why+=" ${*##*/}: status $rc: $(tr '\n' '|' <err);"
    fi
}
for verb in list 'list -o json' 'info -o json 7' 'pause -o json 7' 'destroy -o json 7' events uptime metrics --help; do
    # shellcheck disable=SC2086  # words
    full "$domctl" $verb
done
for options in '-b -n 2' '-o json'; do
    # shellcheck disable=SC2086  # words
    full "$domtop" -d 0.1 $options
done
check full-standard-output "$why" [ -z "$why" ]

# A time that is waited for is not cut short by the second that has begun.
waits() {
    for _ in 1 2 3 4 5 6; do
        timeout 20 "$domctl" shutdown -t 1 5 || return
        sleep 0.23
    done
    ! grep '"op": "wait"' log | grep -qv '"wait": 1[,}]'
}
check whole-seconds-are-waited "$(grep '"op": "wait"' log)" waits

done_testing
