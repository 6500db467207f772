#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# many.sh pavo|xen COUNT, in dom0: creates COUNT guests, lists and destroys them. Prints `ROW name milliseconds
# ms`. A guest is a stock Linux of 96 MiB with a disk and an interface that stays paused: what the host does for
# it, without its own start. Each figure is the median of three.
set -u
tool=domctl count=$2
[ "$1" = pavo ] || tool=xl
took() { # MILLISECONDS... of a command, into $ms
    local from=${EPOCHREALTIME/./}
    "$@" >/tmp/out 2>&1 || { echo "FAIL $*: $(grep -im 1 error /tmp/out || tail -n 1 /tmp/out)"; exit 1; }
    ms=$(((${EPOCHREALTIME/./} - from) / 1000))
}
median() { printf '%s\n' "$@" | sort -n | sed -n "$(($# / 2 + 1))p"; }
config() {
    printf '%s\n' "name = 'b$1'" "kernel = '/guest/vmlinuz'" "ramdisk = '/guest/initrd'" 'memory = 96' \
        "extra = 'console=hvc0'" "disk = [ '/guest/disk.img,raw,xvda,ro' ]" "vif = [ 'bridge=pavobr0' ]" >"/tmp/b$1.cfg"
}
for ((n = 0; n <= count; n++)); do config "$n"; done
# Once for nothing: files are read, modules loaded.
took "$tool" create -p /tmp/b0.cfg
took "$tool" destroy b0
for ((n = 1; n <= count; n++)); do
    took "$tool" create -p "/tmp/b$n.cfg"
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
echo "ROW create_1 $(median "${create[@]:0:3}") ms"
[ "$count" -lt 11 ] || echo "ROW create_10 $(median "${create[@]:8:3}") ms"
echo "ROW create_last $(median "${create[@]:$((count - 3)):3}") ms"
echo "ROW list $(median "${list[@]}") ms"
echo "ROW destroy_last $(median "${destroy[@]:$((count - 3)):3}") ms"
echo "ROW destroy_1 $(median "${destroy[@]:0:3}") ms"
