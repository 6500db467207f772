#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# A hundred stock Linux guests on one host: tests/host/tools/density.sh in dom0. DENSITY= guests (100).
. tests/host/lib.sh
cp tests/host/tools/*.sh "$scratch/"
guests=${DENSITY:-100}
# Each has 96 MiB and what the hypervisor keeps of it; dom0 768 MiB.
FILES=$scratch SMP=2 MEM=$((1536 + guests * 104)) TIMEOUT=3500 dom0 "bash density.sh $guests"
