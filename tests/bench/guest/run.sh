#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
#
# run.sh WORKLOAD ARGUMENT...: one workload of the bench, inside what is measured. Runs in a guest
# (from init) and in dom0 or on plain Linux (from host.sh). Prints
#   ASSERT WHAT VALUE   what this machine is, so that nothing else is measured by mistake
#   ROW NAME VALUE UNIT [OPERATIONS]  one measured figure, of so many operations; the same name again is
#                       one more sample
#   FAIL WHAT: WHY      something could not be measured
#   END ok | END failed
here=$(dirname "$0")

first() { head -n 1 "$1" 2>/dev/null || echo none; }
# The drivers of the block and network devices that are there, without those of dom0's own image.
drivers() {
    for d in /sys/$1/device/driver; do
        [ ! -e "$d" ] || basename "$(readlink -f "$d")"
    done | sort -u | tr '\n' ',' | sed 's/,$//'
}
facts() {
    "$here/micro" --facts
    echo "ASSERT hypervisor $(first /sys/hypervisor/type)"
    version=/sys/hypervisor/version
    echo "ASSERT version $(first $version/major).$(first $version/minor)$(first $version/extra)"
    echo "ASSERT guest-type $(first /sys/hypervisor/guest_type)"
    echo "ASSERT clock $(first /sys/devices/system/clocksource/clocksource0/current_clocksource)"
    echo "ASSERT pti $(grep -qw pti /proc/cpuinfo && echo on || echo off)"
    echo "ASSERT kernel $(uname -r)"
    echo "ASSERT cpus $(grep -c ^processor /proc/cpuinfo)"
    echo "ASSERT disk $(drivers 'block/*')"
    echo "ASSERT net $(drivers 'class/net/*')"
}

workload=$1
shift
[ "$workload" = idle ] || facts
case $workload in
micro) "$here/micro" "$@" ;;
macro | io) "$here/$workload.sh" "$@" ;;
sharing) "$here/io.sh" load "$@" ;;
life | many) "$here/$workload.sh" "$@" ;;
idle)
    while :; do sleep 3600; done
    ;;
*)
    echo "FAIL $workload: no such workload"
    false
    ;;
esac
rc=$?
[ $rc = 0 ] || [ $rc = 1 ] || echo "FAIL $workload: ended with status $rc"
if [ $rc = 0 ]; then echo "END ok"; else echo "END failed"; fi
