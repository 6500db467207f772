#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Two makes in one clone build one after the other: the second waits for the lock.
. tests/host/lib.sh
exec 8>build/.lock
flock 8
make -s build/host/vmlinuz >"$scratch/out" 2>&1 8>&- &
maker=$!
sleep 1
check waits "make did not wait for the lock" kill -0 $maker
exec 8>&-
wait $maker
rc=$?
check goes-on "make ended with $rc: $(tail -n 1 "$scratch/out")" [ $rc = 0 ]

# A path with a space is refused in one line.
mkdir "$scratch/a b"
cp Makefile "$scratch/a b/"
out=$(make -C "$scratch/a b" -s help 2>&1)
rc=$?
check space-in-path "status $rc: $out" [ $rc = 2 ]
check space-in-path-says-why "$out" grep -q 'space' <<<"$out"
done_testing
