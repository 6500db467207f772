#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Boot by PVH: QEMU takes that entry of an image without a multiboot header. It gives the one module no
# command line, so dom0's words stand behind "--".
. tests/host/lib.sh
image=$scratch/pavo
cp build/pavo "$image"
offset=$(LC_ALL=C grep -obUaP '\x02\xb0\xad\x1b' "$image" | head -n 1 | cut -d: -f1)
[ -n "$offset" ] || die "build/pavo has no multiboot header"
printf '\0\0\0\0' | dd of="$image" bs=1 seek="$offset" conv=notrunc status=none
# boot COMMAND-LINE: its console is in $LOG.
boot() {
    timeout -k 5 100 qemu-system-x86_64 -accel tcg -cpu qemu64 -m 512 -smp 2 -display none -no-reboot -monitor none \
        -net none -serial stdio -kernel "$image" -initrd build/guest/mini -append "$1" </dev/null 2>&1 |
        tr -d '\r' >"$LOG"
}
boot 'console=com1 dom0_mem=64M -- test=boot+version'
check entry "$(head -n 1 "$LOG")" grep -aq '^(PV) Pavo, loaded by PVH, command line: console=com1 dom0_mem=64M$' "$LOG"
check dom0-runs "$(tail -n 1 "$LOG")" grep -aqE '^mini: [1-9][0-9]+ passed, 0 failed' "$LOG"
boot '-- test=version/version_is_4_17'
check all-words-are-dom0s "$(tail -n 1 "$LOG")" grep -aqE '^mini: 1 passed, 0 failed' "$LOG"
done_testing
