#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# A stock guest with 32 vCPUs: tests/host/tools/vcpus.sh in dom0.
. tests/host/lib.sh
cp tests/host/tools/*.sh "$scratch/"
FILES=$scratch SMP=4 TIMEOUT=600 dom0 'bash vcpus.sh'
