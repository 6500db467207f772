#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# create's options, names and patterns, rename, reset, events, sysrq, shutdown: tests/host/tools/life.sh.
. tests/host/lib.sh
cp tests/host/tools/*.sh build/guest/mini "$scratch/"
FILES=$scratch TIMEOUT=150 dom0 'bash life.sh'
