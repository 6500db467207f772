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

timeout 20 "$domctl" uptime '*' >out 2>err
rc=$?
check pattern-leaves-out-what-is-going "status $rc: $(cat out err)" [ "$rc $(awk 'NR > 1 { print $2 }' out)" = '0 5' ]
timeout 20 "$domctl" info 7 >out
check info-says-true-and-false "$(cat out)" [ "$(sed -n 's/^ *online: //p' out | paste -sd ' ')" = 'true false' ]

# A time that is waited for is not cut short by the second that has begun.
waits() {
    for _ in 1 2 3 4 5 6; do
        timeout 20 "$domctl" shutdown -t 1 5 || return
        sleep 0.23
    done
    ! grep '"op": "wait"' log | grep -qv '"wait": 1[,}]'
}
check whole-seconds-are-waited "$(grep '"op": "wait"' log)" waits

# A console that nobody can see any more ends; its guest is asked for by what stays: neither name nor number.
printf 'name = "7"\nkernel = "/k"\nmemory = 32\n' >7.cfg
timeout 20 "$domctl" create -q -c 7.cfg </dev/null 2>err >/dev/full
rc=$?
check console-on-a-full-disk-ends "status $rc: $(cat err)" [ "$rc $(cat err)" = \
    '4 domctl: standard output: cannot be written: No space left on device' ]
asked=$(grep -c '"op": "console"' log)
check console-on-a-full-disk-is-not-asked-for-again "$asked times" [ "$asked" = 1 ]
check create-shows-the-console-of-its-guest "$(cat log)" grep -q '"name": "01234567-89ab-cdef-0123-456789abcdef", "op": "console"' log
# And one whose domd does not come back, after a while.
timeout 20 "$domctl" console 5 </dev/null >out 2>err
rc=$?
check console-without-domd-ends-in-time "status $rc: $(cat out err)" [ "$rc $(paste -sd ' ' out)" = '0 hello hello' ]
check console-is-taken-up-by-uuid "$(tail -n 1 log)" grep -q '"name": "01234567-89ab-cdef-0123-456789abcdef", "op": "console", "resume": true' log
done_testing
