#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# life.sh pavo|xen|kvm SAMPLES GUESTS MEMORY MACHINE: what guests cost to make and to end, measured in
# dom0 (or on plain Linux), with the kernel of all rows and, where many are made, the tiny one. Prints ROW
# lines in ms and KiB. MEMORY: of a guest, in MiB; MACHINE: of the machine.
set -u
cd /files || exit
tool=$1 samples=$2 guests=$3 memory=$4 machine=$5
tiny_mib=16

failed() {
    echo "FAIL $*"
    exit 1
}
# shellcheck disable=SC2034  # set by name
now() { printf -v "$1" %s "${EPOCHREALTIME/./}"; } # microseconds
row() { echo "ROW $1 $(($2 / 1000)).$(printf %03d $(($2 % 1000))) ms"; }
exec {never}<> <(:)
pause() { read -r -t "$1" -u $never; }

# first_lines COUNT FILE: until the console has shown that many starts of a guest's init.
first_lines() {
    local i text
    for ((i = 0; i < 12000; i++)); do
        text=
        [ ! -e "$2" ] || text=$(<"$2")
        text=${text//[^@]/}
        [ ${#text} -lt "$1" ] || return 0
        pause 0.005
    done
    return 1
}

config() { # NAME KERNEL MEMORY LINE...
    printf '%s\n' "name = \"$1\"" "kernel = \"$2\"" "memory = $3" 'vcpus = 1' 'on_poweroff = "destroy"' \
        'on_reboot = "restart"' 'on_crash = "destroy"' "${@:4}" >"/tmp/$1.cfg"
}
free_kib() {
    if [ "$tool" = pavo ]; then
        echo $(($(domctl info -o json | sed -n 's/.*"free_pages": *\([0-9]*\).*/\1/p') * 4))
    else
        xl dmesg -c >/dev/null
        xl debug-keys m
        pause 0.3
        xl dmesg -c | sed -n 's/.*Dom heap: *\([0-9]*\)kB.*/\1/p' | tail -n 1
    fi
}

domains() {
    local xl=domctl log=/var/log/pavo/console/life.log i a b c before after
    [ "$tool" = pavo ] || { xl=xl log=/var/log/xen/console/guest-life.log; }
    config life /files/vmlinuz "$memory" 'ramdisk = "/tmp/inside"' 'extra = "console=hvc0 quiet loglevel=1"'
    for ((i = 0; i < samples; i++)); do
        rm -f $log
        now a
        $xl create /tmp/life.cfg >/tmp/life.out 2>&1 || failed "$xl create: $(tail -n 1 /tmp/life.out)"
        now b
        first_lines 1 $log || failed "the guest's init never spoke"
        now c
        row create_ms $((b - a))
        row init_ms $((c - a))
        pause 1
        now a
        $xl reboot life >/tmp/life.out 2>&1 || failed "$xl reboot: $(tail -n 1 /tmp/life.out)"
        first_lines 2 $log || failed "the guest did not come back from its reboot"
        now b
        row reboot_ms $((b - a))
        pause 1
        now a
        $xl destroy life >/tmp/life.out 2>&1 || failed "$xl destroy: $(tail -n 1 /tmp/life.out)"
        now b
        row destroy_ms $((b - a))
    done
    before=$(free_kib)
    echo "ROW self_kib $((machine * 1024 - 768 * 1024 - before)) KiB"
    for ((i = 1; i <= guests; i++)); do
        config "tiny$i" /files/mini $tiny_mib
        $xl create -p "/tmp/tiny$i.cfg" >/tmp/life.out 2>&1 || failed "$xl create, guest $i: $(tail -n 1 /tmp/life.out)"
    done
    after=$(free_kib)
    echo "ROW guest_kib $(((before - after) / guests - tiny_mib * 1024)) KiB"
}

available_kib() { sed -n 's/^MemAvailable: *\([0-9]*\).*/\1/p' /proc/meminfo; }
machines() {
    local log=/tmp/life.log i a b c before
    qemu() {
        LD_LIBRARY_PATH=/files/qemu/lib QEMU_MODULE_DIR=/files/qemu/modules /files/qemu/qemu-system-x86_64 \
            -L /files/qemu/share -accel kvm -cpu qemu64 -m "$memory" -smp 1 -display none -no-reboot \
            -monitor none -net none -serial "file:$log" -kernel /files/vmlinuz -initrd /tmp/inside -daemonize \
            -pidfile /tmp/life.pid -append "console=ttyS0 quiet loglevel=1 panic=-1" "$@" </dev/null >/tmp/life.out 2>&1 ||
            failed "QEMU: $(head -n 1 /tmp/life.out)"
    }
    end() {
        local pid
        read -r pid </tmp/life.pid
        kill "$pid"
        while [ -e "/proc/$pid" ]; do pause 0.002; done
    }
    for ((i = 0; i < samples; i++)); do
        rm -f $log
        now a
        qemu
        now b
        first_lines 1 $log || failed "the guest's init never spoke"
        now c
        row create_ms $((b - a))
        row init_ms $((c - a))
        pause 1
        now a
        end
        now b
        row destroy_ms $((b - a))
    done
    before=$(available_kib)
    qemu -S
    pause 1
    echo "ROW guest_kib $((before - $(available_kib))) KiB"
    end
}

cat /files/inside >/tmp/inside
(mkdir -p /tmp/add/bench && echo idle >/tmp/add/bench/args && cd /tmp/add && find . | cpio -o -H newc) >>/tmp/inside 2>/dev/null
if [ "$tool" = kvm ]; then machines; else domains; fi
exit 0 # whatever the last pause said: what failed has ended it before
