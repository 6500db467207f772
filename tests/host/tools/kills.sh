#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Runs in dom0. A Linux guest runs all the time, three others are created and destroyed again and
# again, and the daemons are killed in turn meanwhile. The one does not notice, the others leave
# nothing behind.
. "$(dirname "$0")/lib.sh"
here=$(cd "$(dirname "$0")" && pwd)
snapshot >/tmp/before
config live 'vcpus = 2' "disk = [ '/guest/disk.img,raw,xvda,ro' ]" 'vif = [ "bridge=pavobr0" ]' \
    'extra = "console=hvc0 quiet loglevel=4 net=10.0.0.9/24"'
create live
answers() { ping -c 1 -W 1 10.0.0.9 >/dev/null; }
check guest-up "$(cat /tmp/create.err)" wait_for 60 answers
was=$(field live id)
used() { field live cpu_time_ns; }
before=$(used)

begun=$SECONDS
: >/tmp/go
load() {
    printf '%s\n' "name = \"g$1\"" "kernel = \"$here/mini\"" 'cmdline = "end=wait"' 'memory = 32' \
        "disk = [ '/guest/disk.img,raw,xvda,ro' ]" 'vif = [ "bridge=pavobr0" ]' >"/tmp/g$1.cfg"
    made=0
    while [ -e /tmp/go ]; do
        domctl create "/tmp/g$1.cfg" && made=$((made + 1))
        domctl destroy "g$1" || usleep 50000
    done >/dev/null 2>&1
    echo $made >"/tmp/made.$1"
}
for i in 1 2 3; do load $i & done
total=${KILLS:-200}
daemons=(stored domd consoled)
kills=0
while [ $kills -lt "$total" ]; do
    pid=$(pidof "${daemons[RANDOM % 3]}") && kill -9 "$pid" && kills=$((kills + 1))
    usleep $((50000 + RANDOM * 40)) # now within a create, now after a few
done
rm /tmp/go
wait
up() { domctl list >/dev/null 2>&1 && [ -S /run/pavo/consoled.sock ]; }
check daemons-up "$(tail -n 2 /var/log/pavo/*.log)" wait_for 20 up
made=$(cat /tmp/made.? | tr '\n' +)0
check guests-were-made "$made" [ $((made)) -ge 10 ]
check guest-answers "no answer" wait_for 5 answers
# The same domain, which has run all the time and begun once.
check guest-is-the-same "$was, now $(field live id)" [ -n "$was" -a "$(field live id)" = "$was" ]
check guest-ran-on "$before, now $(used)" [ "$(used)" -gt "$before" ]
up_s() { domctl uptime -o json live | sed -n 's/.*"uptime": \([0-9]*\).*/\1/p'; }
check guest-is-as-old "up $(up_s) s, killing for $((SECONDS - begun)) s" [ "$(up_s)" -ge $((SECONDS - begun)) ]
check guest-began-once "$(grep -c GUEST-INIT $log/live.log)" [ "$(grep -c GUEST-INIT $log/live.log)" = 1 ]
empty() {
    local i
    for i in 1 2 3; do domctl destroy g$i; done >/dev/null 2>&1
    domctl list -o json >/tmp/list && ! grep -q '"name": "g' /tmp/list
}
check others-are-gone "$(domctl list)" wait_for 30 empty
domctl shutdown -t 40 live 2>/tmp/err
check shutdown "status $?: $(cat /tmp/err)" gone live
same kills-leave-nothing
echo "$kills kills, guests made: $made, $SECONDS s"
