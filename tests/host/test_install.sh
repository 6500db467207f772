#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# make install puts everything below DESTDIR, in the places of a distribution.
. tests/host/lib.sh
make -s install DESTDIR="$scratch/root" >"$scratch/out" 2>&1
rc=$?
check status "make install ended with $rc: $(tail -n 1 "$scratch/out")" [ $rc = 0 ]
for file in boot/pavo usr/sbin/domd usr/sbin/consoled usr/sbin/stored usr/sbin/pavo-guests usr/bin/domctl \
    usr/bin/domtop usr/bin/domxml usr/bin/store \
    usr/include/pavo/pv-abi/hypercall.h usr/include/pavo/pv-abi/io/ring.h usr/share/doc/pavo/README.md \
    usr/share/man/man1/domctl.1 usr/share/man/man1/domtop.1 lib/systemd/system/stored.service \
    lib/systemd/system/domd.service lib/systemd/system/consoled.service lib/systemd/system/proc-xen.mount \
    usr/lib/modules-load.d/pavo.conf usr/libexec/pavo/bench/local.sh usr/libexec/pavo/bench/inside \
    usr/libexec/pavo/bench/sizes.json; do
    check "${file##*/}" "no /$file" [ -s "$scratch/root/$file" ]
done
# Dom0 counts as no virtual machine for systemd: a unit with such a condition never starts there.
check dom0-units "a unit that never starts in dom0" \
    [ -z "$(grep -l ConditionVirtualization "$scratch"/root/lib/systemd/system/*)" ]
check guests-stay "restarting a daemon would stop the guests" \
    [ -z "$(grep -hE '^(Requires|Requisite|BindsTo|PartOf)=' "$scratch"/root/lib/systemd/system/*)" ]
# The modules that domd(8) names, one a word, are those that are loaded.
sed -n "/kernel needs the modules/,/and loop/p" docs/man/domd.8 | grep -oE 'xen-[a-z]+|bridge|loop' | sort >"$scratch/named"
grep -v '^#' "$scratch/root/usr/lib/modules-load.d/pavo.conf" | sort | diff "$scratch/named" - >"$scratch/diff"
check modules "not those of domd(8): $(tr '\n' ' ' <"$scratch/diff")" [ ! -s "$scratch/diff" ]
check completion "no completion" [ -s "$scratch/root/usr/share/bash-completion/completions/domctl" ]

# The units: guests depend on the daemons, which tell when they serve, come back whenever they end, are the
# last to go when memory is short, and find their files again.
units=$scratch/root/lib/systemd/system
for d in stored domd consoled; do
    for line in Type=notify Restart=always StartLimitIntervalSec=0 OOMScoreAdjust=-900 RuntimeDirectoryPreserve=yes; do
        grep -qx "$line" "$units/$d.service" || echo "$d: no $line"
    done
done >"$scratch/missing"
check units-promise "$(cat "$scratch/missing")" [ ! -s "$scratch/missing" ]
# systemd's own checker, where this machine has it; the targets are systemd's.
if command -v systemd-analyze >/dev/null; then
    for t in sysinit basic shutdown umount network network-online remote-fs local-fs local-fs-pre multi-user; do
        echo '[Unit]' >"$units/$t.target"
    done
    systemd-analyze verify --man=no --recursive-errors=yes --root="$scratch/root" \
        "$units"/*.service "$units"/*.mount >"$scratch/out" 2>&1
    rc=$?
    check units "status $rc: $(tr '\n' ' ' <"$scratch/out")" [ $rc = 0 -a ! -s "$scratch/out" ]
else
    echo "no systemd here: the units were not given to systemd-analyze"
    check units "an unknown line" [ -z "$(cat "$units"/*.service "$units"/*.mount | grep -vE '^(#|$|\[[A-Z][a-z]+\]$|[A-Z][A-Za-z]+=)')" ]
fi
done_testing
