#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Runs in dom0: guests that fill the store's and the console's ring with lies (guest-patches/mini/storm.c).
. "$(dirname "$0")/lib.sh"
kinds='store-index store-length store-type store-bytes console-bytes'
daemons=$(pidof stored domd consoled)
snapshot >/tmp/before
for kind in $kinds; do
    config "$kind" "kernel = '$here/mini'" 'memory = 16' "extra = 'storm=$kind'"
    sed -i '/^ramdisk/d' "/tmp/$kind.cfg"
    create "$kind"
    check "$kind-created" "$(cat /tmp/create.err)" [ -n "$(field "$kind" id)" ]
done
# All of them at once are at it now. A guest that works comes and goes, and dom0's own clients are served.
config good "kernel = '$here/mini'" 'memory = 16' "extra = 'test=version+multicall'"
sed -i '/^ramdisk/d' /tmp/good.cfg
create good
check a-good-guest-is-created "$(cat /tmp/create.err)" [ ! -s /tmp/create.err ]
passed() { grep -aq '^mini: .* passed, 0 failed' $log/good.log; }
check a-good-guest-works "$(tail -n 2 $log/good.log)" wait_for 60 passed
check a-good-guest-ends "$(domctl list)" wait_for 20 gone good
served=0
for i in 1 2 3 4 5 6 7 8 9 10; do
    store write /storm/$i $i && [ "$(store read /storm/$i)" = $i ] && served=$((served + 1))
done
store rm /storm
check the-store-answers "$served of 10" [ $served = 10 ]
broken=$(grep -c 'its connection is no longer served' /var/log/pavo/stored.log)
check broken-rings-are-logged "$broken lines" [ "$broken" -ge 2 ]
for kind in $kinds; do
    check "$kind-is-still-there" "$(domctl list)" [ -n "$(field "$kind" id)" ]
    domctl destroy "$kind" 2>/tmp/err
    check "$kind-destroyed" "$(cat /tmp/err)" gone "$kind"
done
check the-daemons-lived "$daemons, now $(pidof stored domd consoled)" [ "$(pidof stored domd consoled)" = "$daemons" ]
# A guest that spoils its console's ring has no more to say; its log must not have filled the disk.
size=$(stat -c %s $log/console-bytes.log)
check the-console-log-is-bounded "$size bytes" [ "$size" -lt 20000000 ]
same hostile-leaves-nothing
