#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# host.sh WHERE SECONDS MEMORY [WORDS]: run the workload of /files/args in dom0, or on plain Linux, or in a
# guest that is made here; print what it printed. WHERE: here, pavo, xen (WHERE's further words are
# lines of its config), kvm npt|shadow, tcg. WORDS go to the guest's kernel. Runs in dom0 with the bench's files at /files.
set -u
cd /files || exit
read -r -a where <<<"$1"
seconds=$2 memory=$3 words=${4-}
name=bench
kernel=/files/vmlinuz
initrd=
vcpus=1
log=
declare -A pids
devices=()
read -r -a task <args

failed() {
    echo "FAIL $*"
    echo "END failed"
    exit 0
}

# A pause without a process: the guest has this CPU for itself.
exec {never}<> <(:)
pause() { read -r -t "$1" -u $never; }
ended() { [[ -e $log && $(<"$log") == *$'\n'END\ * ]]; }
# await ALIVE...: until the guest has said END; says why if it does not.
await() {
    local until=$((SECONDS + seconds)) next=$((SECONDS + 5))
    while ! ended; do
        if [ $SECONDS -ge $until ]; then
            echo "FAIL guest: no end within $seconds s"
            return
        elif [ $SECONDS -ge $next ] && ! "$@" >/dev/null 2>&1; then
            pause 1 # for its last words
            ended || echo "FAIL guest: it went down at work"
            return
        fi
        [ $SECONDS -lt $next ] || next=$((SECONDS + 5))
        pause 0.5
    done
}

config() { # NAME LINE...
    printf '%s\n' "name = \"$1\"" "kernel = \"$kernel\"" ${initrd:+"ramdisk = \"$initrd\""} \
        "memory = $memory" "vcpus = $vcpus" "extra = \"console=hvc0 quiet loglevel=1 $words\"" \
        'on_poweroff = "destroy"' 'on_crash = "destroy"' 'on_reboot = "destroy"' "${@:2}"
}
domain() { # TOOL NAME LINE...
    config "${@:2}" >"/tmp/$2.cfg"
    "$1" create "/tmp/$2.cfg" >/tmp/create.out 2>&1 && return
    cat /tmp/create.out >&2
    # xl tells the cause first, and then what it could not do.
    failed "$1 create: $(grep -m 1 error /tmp/create.out || tail -n 1 /tmp/create.out)"
}
machine() { # ACCEL NAME ARGUMENT...
    LD_LIBRARY_PATH=/files/qemu/lib QEMU_MODULE_DIR=/files/qemu/modules \
        /files/qemu/qemu-system-x86_64 -L /files/qemu/share -accel "$1" -cpu qemu64 -m "$memory" -smp 1 \
        -display none -no-reboot -monitor none -net none -serial "file:$log" -kernel $kernel \
        -initrd "$initrd" -append "console=ttyS0 quiet loglevel=1 panic=-1 $words" "${@:3}" </dev/null >"/tmp/$2.out" 2>&1 &
    pids[$2]=$!
}
# start NAME WORD...: a guest at WHERE, with those lines of config or arguments of QEMU; sets $log to its console's.
start() {
    case ${where[0]} in
    pavo) log=/var/log/pavo/console/$1.log ;;
    xen) log=/var/log/xen/console/guest-$1.log ;;
    *) log=/tmp/$1.log ;;
    esac
    case ${where[0]} in
    pavo) domain domctl "$@" ;;
    xen) domain xl "$@" "${where[@]:1}" ;;
    *) machine "${where[0]}" "$@" ;;
    esac
}
alive() {
    case ${where[0]} in
    pavo) domctl domid "$1" ;;
    xen) xl domid "$1" ;;
    *) kill -0 "${pids[$1]}" ;;
    esac
}
stop() {
    case ${where[0]} in
    pavo) domctl destroy "$1" ;;
    xen) xl destroy "$1" ;;
    *) kill "${pids[$1]}" ;;
    esac >/dev/null 2>&1
}

kvm() {
    grep -qw svm /proc/cpuinfo || grep -qw vmx /proc/cpuinfo ||
        failed "the machine's CPU model has neither AMD-V nor VT-x, which KVM needs"
    local npt=0 file vendor=amd parameter=npt
    [ "$1" != npt ] || npt=1
    if grep -qw vmx /proc/cpuinfo; then vendor=intel parameter=ept; fi
    while read -r file; do
        case $file in
        *kvm-amd.ko | *kvm-intel.ko)
            [ "${file##*/}" = kvm-$vendor.ko ] || continue
            insmod "$file" $parameter=$npt || failed "kvm-$vendor does not load"
            ;;
        *) insmod "$file" || failed "${file##*/} does not load" ;;
        esac
    done </files/kvm/order
    echo "ASSERT nested-paging $(cat /sys/module/kvm_$vendor/parameters/$parameter)"
}

# initrd_for NAME WORD...: sets $initrd to guest NAME's own, which runs those WORDs; what is in /tmp/add goes along.
initrd_for() {
    initrd=/tmp/initrd.$1
    shift
    echo "$*" >/tmp/add/bench/args && cat "${images[@]}" >"$initrd" &&
        (cd /tmp/add && find . | cpio -o -H newc) >>"$initrd" 2>/dev/null || failed "no room in /tmp for the guest's image"
}
# Without a guest, the same files are unpacked in memory, and the workload has them as its root.
in_tree() {
    local image
    mkdir /tmp/tree
    mount -t tmpfs -o mode=755 tree /tmp/tree
    for image in "${images[@]}"; do (cd /tmp/tree && cpio -idmu <"/files/$image") 2>/dev/null || failed "$image does not unpack"; done
    for image in dev proc sys; do mount --bind /$image /tmp/tree/$image; done
    command=(env HOME=/root PATH=/bin:/usr/bin chroot /tmp/tree /bench/run.sh)
}

seed /files/seed
# These workloads make guests themselves.
if [ -e guests ]; then
    tool=${where[0]}
    case $tool in
    here) if [ -x /usr/sbin/xl ]; then tool=xen; else tool=pavo; fi ;;
    kvm) kvm "${where[1]}" ;;
    esac
    read -r -a told <guests
    exec ./run.sh "${told[0]}" "$tool" "${told[@]:1}"
fi
images=(inside) command=(./run.sh)
[ ! -e image ] || images+=("$(<image)")
if [ -e devices ]; then
    . ./devices.sh
    load_devices "$(<disk-mib)"
    [ "${task[0]}" != io ] || io_peers
fi
if [ "${where[0]}" = here ]; then
    [ ! -e image ] || [ -e /tmp/tree ] || in_tree
    exec "${command[@]}" "${task[@]}"
fi
mkdir -p /tmp/add/bench
case ${where[0]} in
pavo | xen | tcg) ;;
kvm) kvm "${where[1]}" ;;
*) failed "${where[*]}: no such place" ;;
esac
[ "${where[0]}" != tcg ] || echo "ASSERT accel tcg"
case ${task[0]} in
sharing)
    sharing "${task[@]:1}"
    exit
    ;;
io) io_guests ;;
pv) # the tiny kernel takes the workload's words as its own
    kernel=/files/mini vcpus=2
    words="bench=${task[*]:1}"
    ;;
*) initrd_for $name "${task[@]}" ;;
esac
start $name "${devices[@]}"
await alive $name
pause 1
stop $name
if [ ! -s "$log" ] && [ -s "/tmp/$name.out" ]; then echo "FAIL QEMU inside: $(head -n 1 /tmp/$name.out)"; fi
tr -d '\r' <"$log" | grep -aE '^(ASSERT|ROW|FAIL|END) ' || failed "the guest said nothing: $(tail -n 1 "$log")"
