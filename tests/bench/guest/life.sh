#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# life.sh pavo|xen|kvm SAMPLES GUESTS MEMORY MACHINE: what guests cost to make and to end, measured in
# dom0 (or on plain Linux), with the kernel of all rows and, where many are made, the tiny one. Prints ROW
# lines in ms and KiB. MEMORY: of a guest, in MiB; MACHINE: of the machine. Runs in the folder of the bench's
# files; writes to $WORK (/tmp).
set -u
cd "$(dirname "$0")" || exit
work=${WORK:-/tmp}
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

# Guests go with this script, however it ends.
made=()
trap '[ ${#made[@]} = 0 ] || for name in "${made[@]}"; do $xl destroy "$name" >/dev/null 2>&1; done' EXIT
trap 'exit 1' INT TERM HUP

config() { # NAME KERNEL MEMORY LINE...
    ! $xl domid "$1" >/dev/null 2>&1 || failed "a guest of the name $1 is there already"
    printf '%s\n' "name = \"$1\"" "kernel = \"$2\"" "memory = $3" 'vcpus = 1' 'on_poweroff = "destroy"' \
        'on_reboot = "restart"' 'on_crash = "destroy"' "${@:4}" >"$work/cfg" || failed "no room in $work"
    made+=("$1")
}
# create [OPTION]: what ends this script lets the tool finish: half a guest cannot be destroyed.
create() { (trap '' INT TERM HUP && exec "$xl" create "$@" "$work/cfg") >"$work/said" 2>&1; }
said() { grep -im 1 error "$work/said" || tail -n 1 "$work/said"; }
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

# What dom0 and all guests have.
domains_mib() {
    if [ "$tool" = pavo ]; then
        domctl list -o json | sed -n 's/.*"memory_mib": *\([0-9]*\).*/\1/p' |
            awk '{ n += $1 } END { print n }'
    else
        xl list | awk 'NR > 1 { n += $3 } END { print n }'
    fi
}

domains() {
    local name=pavo-bench i a b c before after has log
    log=/var/log/pavo/console/$name.log
    [ "$tool" = pavo ] || log=/var/log/xen/console/guest-$name.log
    config $name "$PWD/vmlinuz" "$memory" "ramdisk = \"$image\"" 'extra = "console=hvc0 quiet loglevel=1"'
    for ((i = 0; i < samples; i++)); do
        rm -f "$log"
        now a
        create || failed "$xl create: $(said)"
        now b
        first_lines 1 "$log" || failed "the guest's init never spoke"
        now c
        row create_ms $((b - a))
        row init_ms $((c - a))
        pause 1
        now a
        $xl reboot $name >"$work/said" 2>&1 || failed "$xl reboot: $(said)"
        first_lines 2 "$log" || failed "the guest did not come back from its reboot"
        now b
        row reboot_ms $((b - a))
        pause 1
        now a
        $xl destroy $name >"$work/said" 2>&1 || failed "$xl destroy: $(said)"
        now b
        row destroy_ms $((b - a))
    done
    before=$(free_kib)
    has=$(domains_mib)
    echo "ROW self_kib $(((machine - has) * 1024 - before)) KiB"
    for ((i = 1; i <= guests; i++)); do
        config "$name$i" "$PWD/mini" $tiny_mib
        create -p || failed "$xl create, guest $i: $(said)"
    done
    after=$(free_kib)
    echo "ROW guest_kib $(((before - after) / guests - tiny_mib * 1024)) KiB"
}

available_kib() { sed -n 's/^MemAvailable: *\([0-9]*\).*/\1/p' /proc/meminfo; }
machines() {
    local log=$work/life.log i a b c before
    qemu() {
        LD_LIBRARY_PATH=$PWD/qemu/lib QEMU_MODULE_DIR=$PWD/qemu/modules ./qemu/qemu-system-x86_64 \
            -L "$PWD/qemu/share" -accel kvm -cpu qemu64 -m "$memory" -smp 1 -display none -no-reboot \
            -monitor none -net none -serial "file:$log" -kernel "$PWD/vmlinuz" -initrd "$image" -daemonize \
            -pidfile "$work/life.pid" -append "console=ttyS0 quiet loglevel=1 panic=-1" "$@" </dev/null >"$work/said" 2>&1 ||
            failed "QEMU: $(head -n 1 "$work/said")"
    }
    end() {
        local pid
        read -r pid <"$work/life.pid"
        kill "$pid"
        while [ -e "/proc/$pid" ]; do pause 0.002; done
    }
    for ((i = 0; i < samples; i++)); do
        rm -f "$log"
        now a
        qemu
        now b
        first_lines 1 "$log" || failed "the guest's init never spoke"
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

xl=domctl image=$work/image
[ "$tool" != xen ] || xl=xl
mkdir -p "$work/bench"
cat inside >"$image" && echo idle >"$work/bench/args" &&
    (cd "$work" && printf 'bench\nbench/args\n' | cpio -o -H newc) >>"$image" 2>/dev/null ||
    failed "no room for the guest's image in $work"
if [ "$tool" = kvm ]; then machines; else domains; fi
exit 0 # whatever the last pause said: what failed has ended it before
