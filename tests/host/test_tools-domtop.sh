#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# domtop in a terminal multiplexer and as a filter: tests/host/tools/domtop.sh in dom0, with tmux from
# the fetched packages.
. tests/host/lib.sh
cp tests/host/tools/*.sh "$scratch/"
mkdir "$scratch/tmux"
for file in tmux libevent_core-2.1.so.7 libutempter.so.0; do
    found=$(find build/cache/root -name "$file" -not -type d | grep -E '/(bin|lib)/' | head -n 1)
    cp -L "${found:-/none/$file}" "$scratch/tmux/" || die "no $file among the fetched packages"
done
cp -r /usr/lib/locale/C.utf8 "$scratch/tmux/" || die "this machine has no locale C.UTF-8" # libc-bin's
FILES=$scratch TIMEOUT=400 dom0 'bash domtop.sh'
