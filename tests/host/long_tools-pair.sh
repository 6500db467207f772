#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Two guests at once with two vCPUs, disk and network each; ten rounds of create and destroy:
# tests/host/tools/pair.sh in dom0.
. tests/host/lib.sh
cp tests/host/tools/*.sh "$scratch/"
FILES=$scratch TIMEOUT=1200 dom0 'bash pair.sh'
