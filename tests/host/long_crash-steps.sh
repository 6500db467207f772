#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Each daemon ended at each step that lasts, while a guest is created, restarted and destroyed and devices
# are attached and detached: tests/host/tools/crash-steps.sh in dom0. STEPS='DAEMON:FIRST:EVERY...' tries
# only some.
. tests/host/lib.sh
cp tests/host/tools/*.sh build/guest/mini "$scratch/"
FILES=$scratch TIMEOUT=3500 dom0 "STEPS='${STEPS-}' bash crash-steps.sh"
