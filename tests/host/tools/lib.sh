# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Sourced by the scripts of this folder, which run in dom0 and print PASS and FAIL lines.
# A script starts each case with `snapshot >/tmp/before` where it must leave nothing behind.
set -u
# shellcheck disable=SC2034  # for the scripts
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
log=/var/log/pavo/console

pass() { echo "PASS $1"; }
fail() { echo "FAIL $1: ${*:2}"; }
check() {
    local name=$1 why=$2
    shift 2
    if "$@"; then pass "$name"; else fail "$name" "$why"; fi
}

# wait_for SECONDS COMMAND...
wait_for() {
    local until=$((SECONDS + $1))
    shift
    until "$@"; do
        [ $SECONDS -lt $until ] || return 1
        usleep 100000
    done
}

# config NAME [LINE...]: /tmp/NAME.cfg for a small guest without a disk; lines replace those here.
config() {
    local name=$1 line
    shift
    printf '%s\n' "name = \"$name\"" 'kernel = "/guest/vmlinuz"' 'ramdisk = "/guest/initrd"' \
        'memory = 192' 'vcpus = 1' 'extra = "console=hvc0 quiet loglevel=4"' >"/tmp/$name.cfg"
    for line; do
        sed -i "/^${line%% *} /d" "/tmp/$name.cfg"
        echo "$line" >>"/tmp/$name.cfg"
    done
}
# image NAME: /guest/NAME.img, a root disk to write to.
image() { cp /guest/disk.img "/guest/$1.img"; }

create() { domctl create "/tmp/$1.cfg" 2>/tmp/create.err >/tmp/create.out; }
field() { domctl list -o json | tr -d '\n' | sed -n "s/.*\"name\": \"$1\",\([^}]*\)}.*/\1/p" |
    tr ',' '\n' | sed -n "s/.*\"$2\": \"\{0,1\}\([^\"]*\)\"\{0,1\} *$/\1/p"; }
gone() { ! domctl list -o json | grep -q "\"name\": \"$1\""; }
netif_exists() { [ -e "/sys/class/net/$1" ]; }
at_login() { grep -q 'login: ' "$log/$1.log" 2>/dev/null; }

# grown PAGES: at most so many more are the hypervisor's since /tmp/before: dom0's tables of ports and of
# mappings keep what they grew to. /tmp/before then has these for `same`.
grown() {
    local now was
    now=$(domctl info -o json | sed -n 's/.*"hypervisor_pages": \([0-9]*\).*/\1/p')
    was=$(sed -n 's/.*"hypervisor_pages": \([0-9]*\).*/\1/p' /tmp/before)
    [ $((now - was)) -ge 0 ] && [ $((now - was)) -le "$1" ] || return
    awk -v n=$((now - was)) '/"free_pages"/ { sub(/[0-9]+/, $2 - n) } /"hypervisor_pages"/ { sub(/[0-9]+/, $2 + n) } { print }' \
        /tmp/before >/tmp/before.grown
    mv /tmp/before.grown /tmp/before
}
# same NAME: the host is as it was in /tmp/before.
same() {
    local out
    if out=$(snapshot --same /tmp/before 2>&1); then pass "$1"; else fail "$1" "$(echo "$out" | tr '\n' ' ')"; fi
}

# row NAME STATUS PATTERN COMMAND...: one line on stderr, the exit status, the host as in /tmp/before.
row() {
    local name=$1 status=$2 pattern=$3 rc
    shift 3
    "$@" >/tmp/out 2>/tmp/err
    rc=$?
    if [ $rc != "$status" ]; then
        fail "$name" "status $rc instead of $status: $(head -n 1 /tmp/err)"
    elif [ "$(wc -l </tmp/err)" != 1 ] || ! grep -q '^domctl: ' /tmp/err; then
        fail "$name" "not one line: $(tr '\n' '|' </tmp/err)"
    elif ! grep -qE "$pattern" /tmp/err; then
        fail "$name" "no '$pattern' in: $(cat /tmp/err)"
    else
        same "$name"
    fi
}
