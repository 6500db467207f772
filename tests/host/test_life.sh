#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# create's options, names and patterns, rename, reset, events, sysrq, shutdown, JSON: tests/host/tools/life.sh.
. tests/host/lib.sh
cp tests/host/tools/*.sh build/guest/mini "$scratch/"
build/dom0-tools/domctl --help >"$scratch/help"
FILES=$scratch TIMEOUT=200 dom0 'bash life.sh' >"$scratch/out"
rc=$?
tests/host/json-keys "$scratch/help" <"$scratch/out"
exit $rc
