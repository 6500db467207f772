#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# on_poweroff, on_reboot, on_crash, the brake on guests that end at once, a full disk below a log:
# tests/host/tools/policy.sh.
. tests/host/lib.sh
cp tests/host/tools/*.sh build/guest/mini "$scratch/"
FILES=$scratch TIMEOUT=240 dom0 'bash policy.sh'
