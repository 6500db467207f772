#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# One kernel in every packing boots as a guest: the stock bzImage (lz4), and its ELF file put into a
# bzImage again by gzip, xz, zstd, lz4 and not at all.
. tests/host/lib.sh
kernel=build/guest/vmlinuz
# le32 OFFSET: a number in the header of the bzImage.
le32() { od -An -tu4 -j "$1" -N 4 $kernel | tr -d ' '; }
sects=$(od -An -tu1 -j 497 -N 1 $kernel | tr -d ' ')
start=$(((sects + 1) * 512 + $(le32 584)))
length=$(le32 588)
tail -c +$((start + 1)) $kernel | head -c $((length - 4)) | lz4 -dc >"$scratch/elf" ||
    die "the payload of $kernel is no lz4"

# number N: four bytes, little-endian.
number() {
    local n=$1
    for _ in 1 2 3 4; do
        # shellcheck disable=SC2059  # the format is the byte
        printf "\\x$(printf %02x $((n & 255)))"
        n=$((n >> 8))
    done
}
# bzimage NAME COMMAND...: the head of the stock kernel and the packed ELF file.
bzimage() {
    local name=$1 to=$scratch/bz-$1
    shift
    "$@" <"$scratch/elf" >"$scratch/payload"
    [ "$name" = none ] || number "$(stat -c %s "$scratch/elf")" >>"$scratch/payload"
    head -c $start $kernel >"$to"
    number "$(stat -c %s "$scratch/payload")" | dd of="$to" bs=1 seek=588 conv=notrunc status=none
    cat "$scratch/payload" >>"$to"
    rm "$scratch/payload"
}
bzimage gzip gzip -1
bzimage xz xz -0 --check=crc32
bzimage zstd zstd -q -1
bzimage lz4 lz4 -l -1
bzimage none cat
cp $kernel "$scratch/bz-stock"
rm "$scratch/elf"
cp tests/host/tools/*.sh "$scratch/"
FILES=$scratch TIMEOUT=280 dom0 'bash kernels.sh'
