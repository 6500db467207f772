#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# sched.sh CPUS SECONDS, in dom0: how the scheduler shares CPUs among mini guests, from the hypervisor's own
# run times over so many seconds of guest time.
. "$(dirname "$0")/lib.sh"
cpus=$1 seconds=$2

# guest NAME "LINE;LINE" [WORDS]: a mini guest that computes for ever, or does what WORDS say.
guest() {
    local extra=${2-}
    printf '%s\n' "name = '$1'" "kernel = '/files/mini'" 'memory = 16' "${extra//;/$'\n'}" \
        "cmdline = '${3:-test=load/busy_time_is_counted busy_ms=1000000000}'" >"/tmp/$1.cfg"
    domctl create "/tmp/$1.cfg" >/dev/null || fail "create-$1"
}
destroy() { for name; do domctl destroy "$name"; done; }
# window: run times at its two ends, in /tmp/first and /tmp/last.
window() {
    domctl vcpu-list -o json >/tmp/first
    sleep "$seconds"
    domctl vcpu-list -o json >/tmp/last
}
# used PATTERN: per mille of one CPU that those domains used in the window, each vCPU by its own clock.
used() {
    awk -v p="^$1\$" 'FNR == 1 { file++ }
        { gsub(/[",]/, "") }
        /name:/ { name = $2 }
        / vcpu:/ { vcpu = name " " $2 }
        /cpu_time_ns:/ { ns[file, vcpu] = $2 }
        /at_ns:/ { at[file, vcpu] = $2; if (file == 2 && name ~ p && (1, vcpu) in at)
            sum += (ns[2, vcpu] - ns[1, vcpu]) / (at[2, vcpu] - at[1, vcpu]) }
        END { printf "%d", sum * 1000 }' /tmp/first /tmp/last
}
between() { [ "$2" -ge "$1" ] && [ "$2" -le "$3" ]; }
all() { for d; do printf '%s %s; ' "$d" "$(used "$d")"; done; }

snapshot >/tmp/before
domctl sched Domain-0 -w 65535 # who measures shall not wait between the clock and the run times
if [ "$cpus" = 1 ]; then
    # Weights 512 and 256: 2 to 1 within 3 percent.
    guest one 'cpu_weight = 512'
    guest two 'cpu_weight = 256'
    window
    check weights "$(all one two)" between 1940 $(($(used one) * 1000 / $(used two))) 2060
    # dom0 sleeps meanwhile: nothing is lost.
    check busy-cpu-is-used "$(all one two '.*')" between 995 "$(used '.*')" 1005

    # An I/O-bound guest beside four that compute.
    guest three
    guest four
    guest sleeper '' "test=load/sleeper_wakes rounds=$((seconds * 100))"
    sleep $((seconds + seconds / 4 + 2)) # dom0 stays away till it is over: it goes before all others
    wait_for $((seconds * 5)) grep -q 'mini: .* passed' $log/sleeper.log
    late=$(tr -d '\r' <$log/sleeper.log | sed -n 's/^sleeper: .* latest \([0-9]*\) us/\1/p')
    check wakes-soon "latest after ${late:-?} us" between 0 "${late:-1000000}" 1000
    destroy one two three four

    # Caps: percent of one CPU, also where nobody competes; more than one domain; taken back.
    guest one 'cap = 25'
    window
    check cap-alone "$(all one)" between 230 "$(used one)" 270
    guest two 'cap = 50'
    guest three 'cap = 10'
    window
    check cap-25-beside "$(all one two three)" between 230 "$(used one)" 270
    check cap-50-beside "$(all one two three)" between 480 "$(used two)" 520
    check cap-10-beside "$(all one two three)" between 80 "$(used three)" 120
    domctl sched one -c 0
    domctl sched two -c 20
    window
    check cap-lifted "$(all one two three)" between 680 "$(used one)" 720
    check cap-changed "$(all one two three)" between 180 "$(used two)" 220
    destroy one two three
else
    # Three that compute, two CPUs: none idles. Nobody knows how much of it dom0 uses: it counts, too.
    for n in one two three; do guest $n; done
    window
    check no-cpu-idles "$(all one two three '.*')" between 1980 "$(used '.*')" 2020
    # Two on one CPU by their pins; when one may go, it goes.
    destroy three
    domctl vcpu-pin one 0 0
    domctl vcpu-pin two 0 0
    window
    check pins-hold "$(all one two)" between 950 "$(used 'one|two')" 1010
    check pinned-share "$(all one two)" between 950 $(($(used one) * 1000 / $(used two))) 1050
    domctl vcpu-pin two 0 all
    window
    check unpinned-moves "$(all one two '.*')" between 1980 "$(used '.*')" 2020
    destroy one two
fi
domctl sched Domain-0 -w 256
same "leaves-nothing-$cpus"
