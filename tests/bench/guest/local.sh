#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# local.sh WHERE SECONDS MEMORY: what host.sh is for a machine of the bench, for domctl bench on a host that serves
# others, too: run the workload of the file args (or guests) here, or in a guest that is made here; print what it
# printed. WHERE: here, pavo, xen (further words are lines of the guest's config). Runs in a folder of its own with
# the bench's files, writes nowhere else, and leaves no guest behind.
set -u
cd "$(dirname "$0")" || exit
read -r -a where <<<"$1"
seconds=$2 memory=$3
work=$PWD name=pavo-bench vcpus=1 kernel=$PWD/vmlinuz words='' made=''
lines=("ramdisk = \"$work/image\"")
read -r -a order <args

failed() {
    echo "FAIL $*"
    echo "END failed"
    exit 0
}
trap '[ -z "$made" ] || $made destroy $name >/dev/null 2>&1' EXIT
trap 'exit 1' INT TERM HUP
# A pause without a process: the guest has this CPU for itself.
exec {never}<> <(:)
pause() { read -r -t "$1" -u $never; }

# These workloads make guests themselves.
if [ -e guests ]; then
    tool=pavo
    read -r type </sys/hypervisor/version/extra
    [[ $type == *pavo* ]] || tool=xen
    read -r -a order <guests
    exec ./run.sh "${order[0]}" $tool "${order[@]:1}"
fi
[ "${where[0]}" != here ] || exec ./run.sh "${order[@]}"

tool=domctl log=/var/log/pavo/console/$name.log
[ "${where[0]}" = pavo ] || { tool=xl log=/var/log/xen/console/guest-$name.log; }
! $tool domid $name >/dev/null 2>&1 || failed "a guest of the name $name is there already"
if [ "${order[0]}" = pv ]; then # the tiny kernel takes the workload's words as its own
    kernel=$PWD/mini vcpus=2 lines=()
    words="bench=${order[*]:1}"
else
    mkdir -p bench && cat inside >image && cp args bench/args &&
        printf 'bench\nbench/args\n' | cpio -o -H newc 2>/dev/null >>image ||
        failed "no room for the guest's image in $work"
fi
printf '%s\n' "name = \"$name\"" "kernel = \"$kernel\"" "memory = $memory" "vcpus = $vcpus" \
    "extra = \"console=hvc0 quiet loglevel=1 $words\"" 'on_poweroff = "destroy"' 'on_crash = "destroy"' \
    'on_reboot = "destroy"' "${lines[@]}" "${where[@]:1}" >cfg || failed "no room in $work"
rm -f "$log"
made=$tool
# What ends this script lets the tool finish: half a guest cannot be destroyed.
(trap '' INT TERM HUP && exec $tool create cfg) >said 2>&1 || failed "$tool create: $(tail -n 1 said)"

ended() { [[ -e $log && $(<"$log") == *$'\n'END\ * ]]; }
until=$((SECONDS + seconds)) next=$((SECONDS + 5))
while ! ended; do
    if [ $SECONDS -ge $until ]; then
        echo "FAIL guest: no end within $seconds s"
        break
    elif [ $SECONDS -ge $next ] && ! $tool domid $name >/dev/null 2>&1; then
        pause 1 # for its last words
        ended || echo "FAIL guest: it went down at work"
        break
    fi
    [ $SECONDS -lt $next ] || next=$((SECONDS + 5))
    pause 0.5
done
pause 1
tr -d '\r' <"$log" | grep -aE '^(ASSERT|ROW|FAIL|END) ' || failed "the guest said nothing: $(tail -n 1 "$log")"
