#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# domctl's verbs on a working guest: tests/host/tools/verbs.sh in dom0.
. tests/host/lib.sh
cp tests/host/tools/*.sh "$scratch/"
FILES=$scratch TIMEOUT=280 dom0 'bash verbs.sh'
