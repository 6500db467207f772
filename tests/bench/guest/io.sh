#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=dash
#
# io.sh SAMPLES ROW=SIZE...: Debian's fio on the disk of this machine, and iperf3, ping and round trips of one byte
# over its network, each SAMPLES times. SIZE is in milliseconds for fio, in seconds for iperf3, in turns for ping
# and round trips. The file "place" beside this says where the others are: self=, host= and other= (addresses), disk=
# (if it is not that of a driver); without self, this is no guest, and its network is the loopback.
# io.sh serve: the other guest, and the host: answers for ever. io.sh load SECONDS: the load of one of many guests.
here=$(dirname "$0")
self='' host='' other='' disk=''
# shellcheck disable=SC1091
. "$here/place"

# await COMMAND...: until it succeeds, 300 times at most.
await() {
    for _ in $(seq 300); do
        ! "$@" >/dev/null 2>&1 || return 0
        sleep 0.1
    done
    echo "FAIL io: waited in vain: $*"
    exit 1
}
# The drivers of a device, from its own up to that of the bus.
drivers() {
    device=$(readlink -f "$1") chain=
    while [ -n "$device" ] && [ "$device" != /sys/devices ]; do
        [ ! -e "$device/driver" ] || chain="$chain${chain:+<}$(basename "$(readlink -f "$device/driver")")"
        device=${device%/*}
    done
    echo "$chain"
}
find_disk() {
    for disk in xvda vda sda none; do [ ! -b /dev/$disk ] || return 0; done
    return 1
}
start_network() {
    await test -e /sys/class/net/eth0
    ip addr add "$self/24" dev eth0 && ip link set eth0 up
}
if [ -n "$self" ]; then
    # Each finds its devices or none.
    for module in xen-blkfront xen-netfront virtio_pci virtio_blk virtio_net ata_piix sd_mod e1000; do
        modprobe $module 2>/dev/null
    done
    start_network
fi

if [ "$1" = serve ]; then
    "$here/roundtrip" serve 5002 &
    exec /usr/bin/iperf3 -s >/tmp/iperf3.log 2>&1
fi
if [ -n "$disk" ]; then
    echo "ASSERT io-disk ${disk#/dev/}"
    echo "ASSERT io-net lo"
else
    await find_disk
    find_disk
    echo "ASSERT io-disk $(drivers "/sys/block/$disk/device")"
    echo "ASSERT io-net $(drivers /sys/class/net/eth0/device)"
    disk=/dev/$disk
fi
[ "$1" != load ] || exec "$here/share" "$disk" "$2"
samples=$1
shift

# job ROW MILLISECONDS: lines for fio; the row's name says what it does: fio_seq|rand_read|write_qDEPTH.
job() {
    how=${1#fio_} depth=${1##*_q} bs=4k
    how=${how%_q*}
    case $how in
    seq_*) bs=128k how=${how#seq_} ;;
    rand_*) how=rand${how#rand_} ;;
    esac
    printf '%s\n' "[$1]" stonewall "rw=$how" "bs=$bs" "iodepth=$depth" "runtime=$2ms"
}
disks() {
    printf '%s\n' '[global]' ioengine=libaio direct=1 thread time_based "filename=$disk" size=100% ramp_time=200ms
    for _ in $(seq "$samples"); do
        for word; do
            case $word in fio_*) job "${word%%=*}" "${word#*=}" ;; esac
        done
    done
}
# Of fio's terse lines, version 3: the job, then KB/s and operations a second of reads, or of writes.
fio_rows() {
    awk -F';' 'NF > 49 {
        bw = $7 + $48; iops = $8 + $49
        if ($5 != 0) printf "FAIL %s: error %s\n", $3, $5
        else if ($3 ~ /_seq_/) printf "ROW %s %.3f MB/s\n", $3, bw * 1.024 / 1000
        else printf "ROW %s %.1f /s\n", $3, iops
    }'
}
# stream ROW ADDRESS SECONDS [-R]: MB/s.
stream() {
    row=$1 to=$2 seconds=$3
    shift 3
    /usr/bin/iperf3 -c "$to" -t "$seconds" -f k "$@" >/tmp/out 2>&1
    rate=$(awk '/receiver/ { for (i = 2; i <= NF; i++) if ($i == "Kbits/sec") print $(i - 1) / 8000 }' /tmp/out)
    if [ -n "$rate" ]; then echo "ROW $row $rate MB/s"; else echo "FAIL $row: $(tail -n 1 /tmp/out)"; fi
}
pings() {
    ping -A -q -c "$2" "$host" >/tmp/out 2>&1
    mean=$(sed -nE 's|.*min/avg/max = [0-9.]*/([0-9.]*)/.*|\1|p' /tmp/out)
    if [ -n "$mean" ]; then echo "ROW $1 $(awk "BEGIN { print $mean * 1000 }") us"; else echo "FAIL $1: $(tail -n 1 /tmp/out)"; fi
}
turns() {
    if mean=$("$here/roundtrip" "$host" 5002 "$2" 2>/tmp/out); then
        echo "ROW $1 $mean us"
    else
        echo "FAIL $1: $(tail -n 1 /tmp/out)"
    fi
}

await ping -c 1 -W 1 "$host"
[ -z "$other" ] || await ping -c 1 -W 1 "$other"
disks "$@" >/tmp/jobs
/usr/bin/fio --output-format=terse --terse-version=3 --eta=never /tmp/jobs >/tmp/terse 2>/tmp/errors ||
    echo "FAIL fio: $(head -n 1 /tmp/errors)"
fio_rows </tmp/terse
for _ in $(seq "$samples"); do
    for word; do
        row=${word%%=*} size=${word#*=}
        case $row in
        net_out) stream "$row" "$host" "$size" ;;
        net_in) stream "$row" "$host" "$size" -R ;;
        net_guests) [ -z "$other" ] || stream "$row" "$other" "$size" ;;
        ping) pings "$row" "$size" ;;
        round_trip) turns "$row" "$size" ;;
        esac
    done
done
