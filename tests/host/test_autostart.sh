#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Guests that come and go with the host: started in the order of their configs' names when dom0 comes up,
# shut down when it powers off.
. tests/host/lib.sh
mkdir -p "$scratch/files/auto"
cp build/guest/mini "$scratch/files/"
mini() { # FILE NAME [LINE...]
    printf '%s\n' "name = \"$2\"" 'kernel = "/files/mini"' 'memory = 32' 'cmdline = "end=wait"' \
        "${@:3}" >"$scratch/files/auto/$1"
}
mini 30-first third
mini 10-third first
mini 20-broken broken 'memory = "much"'
printf '%s\n' 'name = "linux"' 'kernel = "/guest/vmlinuz"' 'ramdisk = "/guest/initrd"' 'memory = 128' \
    'extra = "console=hvc0 quiet rdinit=/bin/init"' 'on_poweroff = "restart"' >"$scratch/files/auto/15-linux"
mini 40-kept.bak backup
# shellcheck disable=SC2016  # for dom0's shell
out=$(FILES=$scratch/files DOM0_ARGS=pavo.auto=/files/auto dom0 '
    domctl list | awk "NR > 2 { printf \"%s \", \$1 }"
    pavo-guests start 2>&1 | grep -c started:
    domctl destroy third
    i=0
    while [ $i -lt 60 ] && [ "$(store read "/local/domain/$(domctl domid linux)/control/feature-poweroff")" != 1 ]
    do sleep 0.5; i=$((i + 1)); done' 2>"$scratch/err")
check started-in-name-order "$out $(cat "$scratch/err")" [ "${out%% 0*}" = "first linux third" ]
check failure-is-told "see $LOG" grep -aq 'pavo-guests: /files/auto/20-broken was not started' "$LOG"
check poweroff-asks-guests "see $LOG" grep -aq 'pavo-guests: shutting down .*linux' "$LOG"
# The reference guest does not know how to; Linux does.
check poweroff-destroys-the-deaf "see $LOG" grep -aq 'warning: first: did not power off within 10 s: destroyed' "$LOG"
check poweroff-waits-for-linux "see $LOG" eval "! grep -aq 'warning: linux' '$LOG'"
check poweroff-leaves-none "see $LOG" grep -aq 'pavo-guests: all have ended' "$LOG"
done_testing
