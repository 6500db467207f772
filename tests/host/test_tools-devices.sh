#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Disks attached and detached while a guest runs, overlays, a guest that takes nothing, late back-ends:
# tests/host/tools/devices.sh in dom0.
. tests/host/lib.sh
cp tests/host/tools/*.sh build/guest/mini "$scratch/"
gcc -nostdlib -static -no-pie -Wl,-Ttext=0x100000,--build-id=none,-z,max-page-size=4096 \
    -o "$scratch/deaf" tests/host/tools/deaf.S || die "deaf.S does not build"
FILES=$scratch TIMEOUT=400 dom0 'bash devices.sh'
