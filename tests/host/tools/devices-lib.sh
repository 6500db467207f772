# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Sourced by the scripts that attach devices to a guest, after lib.sh.
trap '' PIPE

# What attaching may change of the host. A guest that runs takes and gives back grants meanwhile.
held() { snapshot | sed '/^== host/,/^== store/d'; }
same() {
    local i
    for ((i = 0; i < 8; i++)); do
        held >/tmp/now
        cmp -s /tmp/before /tmp/now && break
        usleep 250000
    done
    check "$1" "$(diff /tmp/before /tmp/now | sed -n 's/^[<>]/&/p' | tr '\n' ' ')" cmp -s /tmp/before /tmp/now
}
all_same() {
    local out
    if out=$(snapshot --same /tmp/clean 2>&1); then pass "$1"; else fail "$1" "$(echo "$out" | tr '\n' ' ')"; fi
}

# In the guest, by its console. say COMMAND; and wait for what it prints.
say() { printf '%s\r' "$1" >&3; }
shown() { grep -aq "$1" /tmp/console; }
# ran NAME SECONDS COMMAND: COMMAND succeeds in the guest.
ran() {
    say "$3 && echo \"did\"-$1"
    check "$1" "$(tail -n 4 /tmp/console | tr '\r\n' '  ')" wait_for "$2" shown "^did-$1"
}
member() { sed -n "s/.*\"$1\": \"\{0,1\}\([^\",]*\)\"\{0,1\},\{0,1\}$/\1/p"; }
states() { domctl "$1"-list -o json "$2" | member state | tr '\n' ' '; }

# at_guest_shell NAME: its console is ours from now on.
at_guest_shell() {
    mkfifo /tmp/keys
    domctl console "$1" </tmp/keys >/tmp/console 2>&1 &
    exec 3>/tmp/keys
    say root
    wait_for 20 at_shell || fail shell "$(tail -n 3 /tmp/console)"
}
at_shell() { say 'echo at-"shell"'; usleep 300000; shown '^at-shell'; }
