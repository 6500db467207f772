#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# What may be given as dom0's kernel: every packing of a bzImage and plain ELF start; anything else
# stops the boot with one line that says why. The reference guest serves as the kernel inside.
. tests/host/lib.sh

number() { od -An -t "u$3" -j "$2" -N "$3" "$1" | tr -d ' '; }
word() { # little-endian, 32 bits
    printf %08x "$1" | sed 's/\(..\)\(..\)\(..\)\(..\)/\\x\4\\x\3\\x\2\\x\1/' | { read -r w; printf "%b" "$w"; }
}

linux=build/host/vmlinuz mini=build/guest/mini
start=$((($(number $linux 497 1) + 1) * 512 + $(number $linux 584 4)))

# wrap NAME: stdin as the payload behind the header of Debian's kernel.
wrap() {
    cat >"$scratch/payload"
    { head -c $start $linux; cat "$scratch/payload"; } >"$scratch/$1"
    word "$(stat -c %s "$scratch/payload")" | dd of="$scratch/$1" bs=1 seek=588 conv=notrunc status=none
}
sized() { cat && word "$(stat -c %s $mini)"; } # as a kernel's build does for all but gzip

# boot FILE: what the console shows, until the hypervisor or the guest ends the machine.
boot() {
    timeout -k 2 60 qemu-system-x86_64 -accel tcg -cpu qemu64 -m "${MEM:-512}" -display none -no-reboot \
        -monitor none -net none -serial stdio -kernel build/pavo -append "console=com1 ${HOST_ARGS:-dom0_mem=64M}" \
        ${1:+-initrd "$1 test=version"} </dev/null 2>&1 | tr -d '\r' | tee "$LOG"
}
starts() { boot "$2" >"$scratch/out"; check "$1" "see ${LOG#"$PWD/"}" grep -q '^mini: .*dom0$' "$scratch/out"; }
refused() {
    boot "$2" >"$scratch/out"
    check "$1" "no line says '$3', see ${LOG#"$PWD/"}" grep -q "Pavo stops.*dom0: .*$3" "$scratch/out"
}

gzip -9c $mini | wrap gzip
xz -c --check=crc32 --x86 --lzma2=preset=6,dict=32MiB $mini | sized | wrap xz
zstd -qc -19 $mini | sized | wrap zstd
lz4 -qc -l $mini | sized | wrap lz4
cat $mini | wrap stored
for packing in gzip xz zstd lz4 stored; do
    LOG=$PWD/build/check/host-dom0image-$packing.console.log
    starts "a-kernel-packed-by-$packing-starts" "$scratch/$packing"
done
starts a-plain-elf-kernel-starts $mini

head -c $((start + 5000)) "$scratch/xz" >"$scratch/cut"
refused a-truncated-kernel-is-refused "$scratch/cut" 'truncated'
for packing in gzip xz zstd lz4; do
    cp "$scratch/$packing" "$scratch/damaged"
    head -c 300 /dev/zero | tr '\0' Z | dd of="$scratch/damaged" bs=1 seek=$((start + 20000)) conv=notrunc status=none
    LOG=$PWD/build/check/host-dom0image-damaged-$packing.console.log
    refused "a-damaged-$packing-payload-is-refused" "$scratch/damaged" 'damaged\|not a PV kernel\|ELF'
done
printf 'BZh91AY&SY%0100d' 0 | wrap unknown
refused an-unknown-packing-is-refused "$scratch/unknown" 'unknown compression'
refused a-program-is-no-kernel /bin/true 'not a PV kernel'
head -c 9000 /dev/zero >"$scratch/zeroes"
refused zeroes-are-no-kernel "$scratch/zeroes" 'neither ELF nor a bzImage'
refused no-kernel-is-said '' 'no kernel'
HOST_ARGS=dom0_mem=4M refused too-little-memory-is-said $mini 'dom0_mem='
done_testing
