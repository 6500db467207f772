# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Sourced by host.sh for workloads with a disk and a network. The disk is memory of this machine (brd): the path
# to it is measured, not what lies below. Every guest hangs on one bridge, which has 10.0.0.1; guest N has
# 10.0.0.N+1. Guests of Pavo and Xen get them from this kernel's stock back-ends, those of QEMU from virtio (the network by
# vhost) or, if WHERE says "emulated", from an IDE disk and an e1000.
disk=/dev/ram0

load_devices() { # MIB
    local file module
    while read -r file; do
        module=${file##*/} module=${module%.ko}
        [ ! -e "/sys/module/${module//-/_}" ] || continue
        case $module in
        brd) insmod "$file" rd_nr=1 rd_size=$(($1 * 1024)) ;;
        *) insmod "$file" ;;
        esac || failed "$module does not load"
    done </files/devices/order
    # All of its memory is there from now on.
    dd if=/dev/zero of=$disk bs=1M count="$1" conv=fsync 2>/dev/null || failed "the disk cannot be filled"
    blockdev --flushbufs $disk
    [ -e /sys/class/net/pavobr0 ] || {
        ip link add pavobr0 address 02:00:00:00:00:01 type bridge
        ip addr add 10.0.0.1/24 dev pavobr0
        ip link set pavobr0 up
    }
}

# give_devices NUMBER [MODE]: fills $devices for guest NUMBER (from 1); MODE: rw, or ro for a disk that others have too,
# or none.
give_devices() {
    local mac=02:00:00:00:01:0$1 mode=${2-rw} tap=tap$1 kind=virtio card=virtio-net-pci readonly=off
    case ${where[0]} in
    pavo | xen)
        devices=("vif = [ 'mac=$mac,bridge=pavobr0' ]")
        [ "$mode" = none ] || devices+=("disk = [ '$disk,raw,xvda,$mode' ]")
        return
        ;;
    esac
    [ -e "/sys/class/net/$tap" ] || {
        ip tuntap add "$tap" mode tap
        ip link set "$tap" master pavobr0
        ip link set "$tap" up
    }
    [ "$mode" != ro ] || readonly=on
    if [ "${where[2]-}" = emulated ]; then kind=ide card=e1000; fi
    devices=(-netdev "tap,id=net,ifname=$tap,script=no,downscript=no,vhost=$([ $card = e1000 ] && echo off || echo on)"
        -device "$card,netdev=net,mac=$mac,romfile=")
    [ "$mode" = none ] || devices+=(-drive "file=$disk,format=raw,if=$kind,cache=none,aio=native,readonly=$readonly")
}

# The host's end of the network, out of the same image, and another guest at the end of it.
io_peers() {
    in_tree
    cp /files/{io.sh,roundtrip} /tmp/tree/bench/
    if [ "${where[0]}" = here ]; then
        printf 'host=127.0.0.1\ndisk=%s\n' $disk >/tmp/tree/bench/place
    else
        printf 'host=10.0.0.1\n' >/tmp/tree/bench/place
    fi
    "${command[@]/run.sh/io.sh}" serve </dev/null >/dev/null 2>&1 &
}
io_guests() {
    cp /files/{io.sh,roundtrip} /tmp/add/bench/
    printf 'self=10.0.0.3\nhost=10.0.0.1\n' >/tmp/add/bench/place
    initrd_for other io serve
    give_devices 2 none
    start other "${devices[@]}"
    await_said 'ASSERT net' "$log" # one after the other: a tool that waits for its scripts has its patience
    printf 'self=10.0.0.2\nhost=10.0.0.1\nother=10.0.0.3\n' >/tmp/add/bench/place
    initrd_for "$name" "${task[@]}"
    give_devices 1
}

# ---- many guests with the same load

# said WORDS LOG...: each LOG has a line that begins with WORDS.
said() {
    local words=$1 log
    shift
    for log; do [[ -e $log && $'\n'$(tr -d '\r' <"$log") == *$'\n'"$words"* ]] || return 1; done
}
await_said() {
    local until=$((SECONDS + seconds / 2))
    until said "$@"; do
        [ $SECONDS -lt $until ] || failed "guests: not all of them said '$1': $(tail -qn 1 "${@:2}" | tail -n 1)"
        pause 0.2
    done
}
# shares ROUND COUNT LOG...: sum and Jain's index of what the guests did: (sum of x)^2 / (n * sum of x^2).
shares() {
    local round=$1 count=$2
    shift 2
    grep -ah "^SHARE $round " "$@" | tr -d '\r' | awk -v n="$count" '
        { seen++; cpu += $3; cpu2 += $3 * $3; io += $4; io2 += $4 * $4 }
        END {
            if (seen != n || !cpu2 || !io2) { printf "FAIL sharing: %d of %d guests have worked\n", seen, n; exit }
            printf "ROW cpu_sum_%d %.3f /s\nROW io_sum_%d %.3f /s\n", n, cpu, n, io
            if (n > 1) printf "ROW cpu_jain_%d %.5f index\nROW io_jain_%d %.5f index\n", n, cpu * cpu / (n * cpu2), n, io * io / (n * io2)
        }'
}
sharing() { # SAMPLES SECONDS GUESTS...
    local samples=$1 window=$2 round=0 running=0 count i logs=()
    shift 2
    cp /files/{io.sh,share} /tmp/add/bench/
    for count; do
        while [ $running -lt "$count" ]; do
            running=$((running + 1))
            printf 'self=10.0.0.%s\n' $((running + 1)) >/tmp/add/bench/place
            initrd_for share$running sharing "$window"
            give_devices $running ro
            start share$running "${devices[@]}"
            logs+=("$log")
        done
        await_said 'SHARE ready' "${logs[@]}"
        for ((i = 0; i < samples; i++)); do
            round=$((round + 1))
            printf '%-512s' $round | dd of=$disk conv=notrunc,fsync 2>/dev/null
            pause $((window + 2))
            await_said "SHARE $round " "${logs[@]}"
            shares $round "$count" "${logs[@]}"
        done
    done
    tr -d '\r' <"${logs[0]}" | grep -aE '^(ASSERT|FAIL) '
    for ((i = 1; i <= running; i++)); do stop share$i; done
    echo "END ok"
}
