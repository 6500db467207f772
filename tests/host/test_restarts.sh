#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# The store's daemon killed under running guests: tests/host/tools/restarts.sh in dom0.
. tests/host/lib.sh
cp tests/host/tools/*.sh build/guest/mini "$scratch/"
FILES=$scratch TIMEOUT=400 dom0 'bash restarts.sh'
