#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Interfaces attached and detached while a guest runs, rates, grant tables:
# tests/host/tools/interfaces.sh in dom0.
. tests/host/lib.sh
cp tests/host/tools/*.sh "$scratch/"
FILES=$scratch TIMEOUT=400 dom0 'bash interfaces.sh'
