#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# What only a user program of a stock kernel can tell, in dom0 and in a guest, on processors whose kernels
# take 32-bit system calls by syscall (qemu64) and by sysenter (Skylake): tests/host/programs/*.c.
. tests/host/lib.sh
mkdir "$scratch/files" "$scratch/files/programs"
gcc -O2 -Wall -Werror -static -o "$scratch/files/programs/vdsoclock" tests/host/programs/vdsoclock.c &&
    gcc -m32 -O2 -Wall -Werror -nostdlib -static -fno-pic -no-pie -fno-stack-protector \
        -o "$scratch/files/programs/compat32" tests/host/programs/compat32.c || die "programs do not build"
truncate -s 4M "$scratch/files/programs.img"
PATH=$PATH:/usr/sbin:/sbin mke2fs -q -F -t ext4 -d "$scratch/files/programs" "$scratch/files/programs.img" ||
    die "the programs' disk cannot be made"
cp tests/host/tools/lib.sh tests/host/tools/programs.sh "$scratch/files/"
for cpu in qemu64 Skylake-Server; do
    CPU=$cpu FILES=$scratch/files TIMEOUT=240 dom0 "bash programs.sh $cpu"
done
