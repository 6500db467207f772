#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Two guests at once, then 3 rounds of create and destroy: tests/host/tools/guests.sh in dom0.
. tests/host/lib.sh
mkdir "$scratch/files"
cp tests/host/tools/guests.sh "$scratch/files/"
FILES=$scratch/files TIMEOUT=800 dom0 'bash guests.sh 3'
