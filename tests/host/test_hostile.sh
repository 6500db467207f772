#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Guests whose rings lie beside a guest that works: tests/host/tools/hostile.sh in dom0.
. tests/host/lib.sh
mkdir "$scratch/files"
cp build/guest/mini tests/host/tools/lib.sh tests/host/tools/hostile.sh "$scratch/files/"
FILES=$scratch/files TIMEOUT=280 dom0 'bash hostile.sh'
