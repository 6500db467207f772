#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Several disks and interfaces, domd and consoled killed under a running guest, guests that crash:
# tests/host/tools/daemons.sh in dom0.
. tests/host/lib.sh
cp tests/host/tools/*.sh "$scratch/"
FILES=$scratch TIMEOUT=280 dom0 'bash daemons.sh'
