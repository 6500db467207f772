#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# vCPUs and memory of running guests: tests/host/tools/resources.sh in dom0.
. tests/host/lib.sh
cp tests/host/tools/*.sh build/guest/mini "$scratch/"
FILES=$scratch SMP=2 MEM=1536 TIMEOUT=260 dom0 'bash resources.sh'
