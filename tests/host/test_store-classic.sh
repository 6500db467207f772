#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# stored against Debian's own xenstored, natively: the same random operations, the same answers and
# events. The peer runs with a shim for the hypervisor's libraries.
. tests/host/lib.sh
root=$PWD/build/cache/root/usr
theirs=$scratch/theirs/socket
ours=$scratch/ours/socket
mkdir "$scratch/theirs" "$scratch/data" "$scratch/lib"
ln -s "$root"/lib/x86_64-linux-gnu/libxen*.so.* "$scratch/lib/"
xenstored=$(compgen -G "$root/lib/xen-4.17/bin/xenstored") || die "no xenstored in build/cache"
gcc -shared -fPIC -w -o "$scratch/shim.so" tests/host/store/shim.c || die "the shim does not compile"
printf 1 >"$scratch/port"
head -c 4096 /dev/zero >"$scratch/ring"
pids=()
trap 'kill "${pids[@]}" 2>/dev/null; wait 2>/dev/null; rm -rf "$scratch"' EXIT

compare() { # SEED
    SHIM_PORT=$scratch/port SHIM_RING=$scratch/ring XENSTORED_PATH=$theirs \
        XENSTORED_RUNDIR=$scratch/theirs XENSTORED_ROOTDIR=$scratch/data \
        LD_LIBRARY_PATH=$scratch/lib LD_PRELOAD=$scratch/shim.so "$xenstored" -N >"$scratch/log" 2>&1 &
    pids=($!)
    build/xenstore-like/stored --no-kernel --socket "$ours" -o "$scratch/log.ours" &
    pids+=($!)
    for ((i = 0; i < 200; i++)); do
        [ -S "$theirs" ] && [ -S "$ours" ] && break
        sleep 0.05
    done
    out=$(timeout 60 python3 tests/host/store/compare.py "$ours" "$theirs" "$1" 2500 2>&1 | tail -n 1)
    kill "${pids[@]}" 2>/dev/null
    wait "${pids[@]}" 2>/dev/null
    rm -rf "$theirs" "$scratch/data" && mkdir "$scratch/data"
    [ "$out" = same ]
}
for seed in 1 2 3 4; do
    if compare $seed; then pass "seed-$seed"; else fail "seed-$seed" "$out"; fi
done
done_testing
