#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# many.sh pavo|xen COUNT, in dom0: creates COUNT guests, lists and destroys them. Prints `ROW name milliseconds
# ms`. A guest is a stock Linux of 96 MiB with a disk and an interface that stays paused: what the host does for
# it, without its own start. Each figure is the median of three. Writes to $WORK (/tmp).
set -u
tool=domctl count=$2 work=${WORK:-/tmp}
[ "$1" = pavo ] || tool=xl
took() { # MILLISECONDS... of a command, into $ms
    local from=${EPOCHREALTIME/./}
    "$@" >"$work/out" 2>&1 || { echo "FAIL $*: $(grep -im 1 error "$work/out" || tail -n 1 "$work/out")"; exit 1; }
    ms=$(((${EPOCHREALTIME/./} - from) / 1000))
}
median() { printf '%s\n' "$@" | sort -n | sed -n "$(($# / 2 + 1))p"; }
config() {
    printf '%s\n' "name = 'b$1'" "kernel = '/guest/vmlinuz'" "ramdisk = '/guest/initrd'" 'memory = 96' \
        "extra = 'console=hvc0'" "disk = [ '/guest/disk.img,raw,xvda,ro' ]" "vif = [ 'bridge=pavobr0' ]" >"$work/b$1.cfg"
}
for ((n = 0; n <= count; n++)); do config "$n"; done
# Once for nothing: files are read, modules loaded.
took "$tool" create -p "$work/b0.cfg"
took "$tool" destroy b0
for ((n = 1; n <= count; n++)); do
    took "$tool" create -p "$work/b$n.cfg"
    create[n]=$ms
done
for i in 0 1 2; do
    took "$tool" list
    list[i]=$ms
done
for ((n = count; n; n--)); do
    took "$tool" destroy "b$n"
    destroy[n]=$ms
done
# Of these arrays, a slice begins at a guest's number, the first of which is 1.
echo "ROW create_1 $(median "${create[@]:1:3}") ms"
[ "$count" -lt 11 ] || echo "ROW create_10 $(median "${create[@]:9:3}") ms"
echo "ROW create_last $(median "${create[@]:$((count - 2)):3}") ms"
echo "ROW list $(median "${list[@]}") ms"
echo "ROW destroy_last $(median "${destroy[@]:$((count - 2)):3}") ms"
echo "ROW destroy_1 $(median "${destroy[@]:1:3}") ms"
