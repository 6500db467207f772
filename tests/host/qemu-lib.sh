# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Sourced by the scripts that boot the host in QEMU. Call host_prepare, then host_qemu.
#
# Environment, with defaults:
#   CPU=qemu64 SMP=2 MEM=3072 ACCEL=tcg HOST_ARGS= DOM0_ARGS= (kernel command line of dom0)
#   HV=pavo     pavo: build/pavo; none: dom0's kernel on plain Linux; xen: Xen 4.17, for comparison
#   STORE=      with HV=xen, "xenstored": Xen's own daemons in place of stored, domd and consoled
#   DISKS=1     0: without the guest images at /guest
#   QEMU_ARGS=  further arguments of QEMU, split at spaces
export PATH=$PATH:/usr/sbin:/sbin
top=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
build=$top/build
CPU=${CPU:-qemu64} SMP=${SMP:-2} MEM=${MEM:-3072} HV=${HV:-pavo} ACCEL=${ACCEL:-tcg}

# One cpio archive of the files below $1 on stdout.
host_cpio() { (cd "$1" && find . -mindepth 1 | cpio -o -H newc -R 0:0 --quiet); }

# Why KVM cannot be used, or nothing. A probe guest must run: that /dev/kvm exists proves nothing.
kvm_refused() {
    grep -qwE 'vmx|svm' /proc/cpuinfo || { echo "the CPU shows neither vmx nor svm"; return; }
    [ -r /dev/kvm ] && [ -w /dev/kvm ] || { echo "this user may not open /dev/kvm"; return; }
    # 16 bytes of boot sector: write 0x31 to the debug-exit port, which ends QEMU with status 99.
    local probe rc=0
    probe=$(mktemp)
    { printf '\xb0\x31\xe6\xf4\xf4\xeb\xfd' && head -c 503 /dev/zero && printf '\x55\xaa'; } >"$probe"
    timeout -k 1 5 qemu-system-x86_64 -accel kvm -cpu qemu64 -m 16 -display none -net none \
        -device isa-debug-exit,iobase=0xf4,iosize=1 -drive "file=$probe,format=raw,snapshot=on" \
        </dev/null >/dev/null 2>&1 || rc=$?
    rm -f "$probe"
    [ $rc = 99 ] || echo "a probe guest does not run there"
}

# Sets $accel from ACCEL and says on stderr which was taken and why.
host_accel() {
    local why
    case $ACCEL in
    tcg | kvm) accel=$ACCEL ;;
    auto)
        why=$(kvm_refused)
        accel=kvm
        [ -z "$why" ] || accel=tcg
        echo "ACCEL=auto: $accel (${why:-a probe guest runs under KVM})" >&2
        ;;
    *)
        echo "ACCEL=$ACCEL: use auto, tcg or kvm" >&2
        exit 2
        ;;
    esac
}

# host_prepare DIR [COMMAND]: this run's own copies of everything below DIR, so that a build beside
# it changes nothing. COMMAND goes to dom0 as it is.
# Without room for them a machine would not boot, and nobody would know why.
no_images() {
    echo "the images for QEMU cannot be written to ${work#"$top/"} (is the disk full?)" >&2
    exit 125
}
host_prepare() {
    work=$1
    # Image paths hold no comma: QEMU would split them there.
    mkdir -p "$work/extra/etc/pavo"
    head -c 256 /dev/urandom >"$work/extra/etc/pavo/seed"
    printf %s "${2-}" >"$work/extra/etc/pavo/command"
    exec {buildlock}>"$build/.lock"
    flock -s "$buildlock"
    local need
    case $HV in
    pavo) need=pavo ;;
    xen)
        need=host/xen-tools.cpio
        [ -e "$work/xen" ] || gzip -dc "$build/cache/root/boot/xen-4.17-amd64.gz" >"$work/xen"
        ;;
    none) need=host/initrd ;;
    *)
        echo "HV=$HV: use pavo, none or xen" >&2
        exit 2
        ;;
    esac
    for need in "$need" host/vmlinuz host/initrd; do
        [ -e "$build/$need" ] || { echo "build/$need is missing: make images" >&2; exit 125; }
    done
    [ "$HV" != pavo ] || cp "$build/pavo" "$work/pavo" || no_images
    ln "$build/host/vmlinuz" "$work/vmlinuz" 2>/dev/null || cp "$build/host/vmlinuz" "$work/vmlinuz" || no_images
    {
        cat "$build/host/initrd" &&
            { [ "$HV" != xen ] || [ "${XEN_TOOLS:-1}" = 0 ] || cat "$build/host/xen-tools.cpio"; } &&
            host_cpio "$work/extra"
    } >"$work/initrd" || no_images
    drives=()
    if [ "${DISKS:-1}" = 1 ] && [ -e "$build/guest/guest.img" ]; then
        ln "$build/guest/guest.img" "$work/guest.img" 2>/dev/null ||
            cp --sparse=always "$build/guest/guest.img" "$work/guest.img" || no_images
        drives+=(-drive "file=$work/guest.img,format=raw,if=none,id=guest,snapshot=on"
            -device virtio-blk-pci,drive=guest,serial=guest)
    fi
    exec {buildlock}>&-
    if [ -n "${FILES:-}" ]; then
        [ -d "$FILES" ] || { echo "FILES=$FILES: no such directory" >&2; exit 2; }
        local kib
        kib=$(du -sk --apparent-size "$FILES" | cut -f1)
        truncate -s $((kib * 5 / 4 + 65536))K "$work/files.img"
        mke2fs -q -F -t ext4 -O ^has_journal -L files -E root_owner=0:0 -d "$FILES" "$work/files.img" ||
            no_images
        drives+=(-drive "file=$work/files.img,format=raw,if=none,id=files,cache=unsafe"
            -device virtio-blk-pci,drive=files,serial=files)
    fi
}

# host_qemu WORDS QEMU-ARGUMENT...: fills the array $qemu. WORDS go to dom0's kernel command line.
host_qemu() {
    local words=$1 console=hvc0 cmdline
    shift
    [ "$HV" != none ] || console=ttyS0
    [ ${#drives[@]} = 0 ] || words+=" pavo.disks"
    [ -z "${STORE:-}" ] || words+=" pavo.store=$STORE"
    cmdline="console=$console quiet loglevel=4 panic=-1 $words ${DOM0_ARGS:-}"
    qemu=(qemu-system-x86_64 -accel "$accel" -cpu "$CPU" -smp "$SMP" -m "$MEM"
        -display none -no-reboot -monitor none -net none)
    case $HV in
    none) qemu+=(-kernel "$work/vmlinuz" -initrd "$work/initrd" -append "$cmdline") ;;
    xen)
        # TCG 7.2 and SMAP: see docs/architecture.md.
        qemu+=(-kernel "$work/xen" -initrd "$work/vmlinuz ${cmdline//,/,,},$work/initrd"
            -append "com1=115200,8n1 console=com1 dom0_mem=768M,max:768M smap=0 noreboot loglvl=warning guest_loglvl=warning ${HOST_ARGS:-}")
        ;;
    pavo)
        qemu+=(-kernel "$work/pavo" -initrd "$work/vmlinuz ${cmdline//,/,,},$work/initrd"
            -append "console=com1 dom0_mem=768M loglvl=info ${HOST_ARGS:-}")
        ;;
    esac
    qemu+=("${drives[@]}" "$@")
    # shellcheck disable=SC2206  # split on purpose
    [ -z "${QEMU_ARGS:-}" ] || qemu+=($QEMU_ARGS)
}
