#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# 200 kills of the daemons while guests come and go: tests/host/tools/kills.sh in dom0. KILLS=20 for fewer.
. tests/host/lib.sh
cp tests/host/tools/*.sh build/guest/mini "$scratch/"
FILES=$scratch TIMEOUT=1200 dom0 "KILLS=${KILLS-200} bash kills.sh"
