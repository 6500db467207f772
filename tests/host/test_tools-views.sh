#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Configs out and in again, metrics, completion, a console's past: tests/host/tools/views.sh in dom0.
. tests/host/lib.sh
cp tests/host/tools/*.sh dom0-tools/completion/domctl "$scratch/"
FILES=$scratch TIMEOUT=280 dom0 'bash views.sh'
