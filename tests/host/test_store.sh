#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# stored as a program, natively and without a hypervisor: the clients of Debian's xenstore-utils as
# they are, and Pavo's own client, against it.
. tests/host/lib.sh
bin=$PWD/build/xenstore-like
root=$PWD/build/cache/root/usr
export XENSTORED_PATH=$scratch/run/socket
mkdir "$scratch/lib"
ln -s "$root"/lib/x86_64-linux-gnu/libxen{store,toolcore}.so* "$scratch/lib/"
xs() { LD_LIBRARY_PATH=$scratch/lib "$root/bin/xenstore-$1" "${@:2}"; }
store() { "$bin/store" --socket "$XENSTORED_PATH" "$@"; }
pids=()
trap 'kill "${pids[@]}" 2>/dev/null; wait; rm -rf "$scratch"' EXIT
# eventually COMMAND...: within 10 s.
eventually() {
    local i
    for ((i = 0; i < 200; i++)); do
        "$@" >/dev/null 2>&1 && return
        sleep 0.05
    done
    return 1
}
# same NAME EXPECTED ACTUAL
same() {
    if [ "$2" = "$3" ]; then pass "$1"; else fail "$1" "expected $(head -c 300 <<<"$2" | tr '\n' '|') got $(head -c 300 <<<"$3" | tr '\n' '|')"; fi
}

"$bin/stored" --no-kernel --socket "$XENSTORED_PATH" -v -o "$scratch/log" &
daemon=$!
pids+=("$daemon")
eventually store read / || die "stored does not answer: $(cat "$scratch/log")"

same socket-mode 600 "$(stat -c %a "$XENSTORED_PATH")"
same fresh $'tool = "" (n0)\n xenstored = "" (n0)' "$(xs ls -p / | sed 's/ [ .]*(/ (/')"

# Debian's clients.
xs write /local/domain/0/name Domain-0 domid 0
same write-read $'Domain-0\n0' "$(xs read name /local/domain/0/domid)"
same list $'domid\nname' "$(xs list /local/domain/0)"
check exists "" xs exists /local/domain/0/name
check exists-not "" eval '! xs exists /local/domain/0/none'
check read-missing "" eval '! xs read /local/none 2>/dev/null'
xs chmod -r /local/domain/0 n0 r1 b2
same chmod '/local/domain/0/name = "Domain-0"   (n0,r1,b2)' "$(xs ls -f -p /local | grep name)"
xs rm /local/domain/0/name
check rm "" eval '! xs exists /local/domain/0/name'
xs write /t/a/b 1
xs rm -t /t/a/b
check rm-tidy "" eval '! xs exists /t'

LD_LIBRARY_PATH=$scratch/lib timeout 20 "$root/bin/xenstore-watch" -n 4 /w >"$scratch/watched" &
watcher=$!
eventually grep -q . "$scratch/watched"
xs write /w/x 1
xs write /other 1
xs rm /w/x
xs write /w/y 2
wait $watcher
same watch $'/w\n/w/x\n/w/x\n/w/y' "$(cat "$scratch/watched")"

# Lists that need more than one message, in both clients.
for i in $(seq 2000); do printf '/big/node-number-%s v%s ' "$i" "$i"; done |
    xargs -n 1000 "$bin/store" --socket "$XENSTORED_PATH" write
same long-list 2000 "$(xs list /big | wc -l)"
same long-ls 2000 "$(xs ls /big | grep -c 'node-number-.* = "v')"
same long-store-ls 2000 "$(store ls /big | grep -c '= "v')"
xs rm /big
check long-rm "" eval '! xs exists /big'

# Our own client.
store write /s/a 1 /s/b 'x "y" \z' /s/10 ten /s/9 nine
same store-ls $'/s/9 = "nine"\n/s/10 = "ten"\n/s/a = "1"\n/s/b = "x \\"y\\" \\\\z"' "$(store ls /s)"
same store-ls-json '/s/9 nine /s/10 ten /s/a 1 /s/b x "y" \z ' "$(store ls -o json /s |
    python3 -c 'import json, sys
for n in json.load(sys.stdin): print(n["path"], n["value"], end=" ")')"
store chmod -r /s n0 r7
same store-perms '["n0", "r7"]' "$(store ls -p -o json /s |
    python3 -c 'import json, sys; print(json.dumps(json.load(sys.stdin)[0]["permissions"]))')"
same store-read $'1\nten' "$(store read /s/a /s/10)"
store mkdir /s/dir/sub
same store-names $'9\n10\na\nb\ndir' "$(store ls -1 /s)"
store watch -n 2 -t 20 -o json /s/w >"$scratch/watched" &
watcher=$!
eventually grep -q . "$scratch/watched"
store write /s/w/deep 1
wait $watcher
same store-watch $'{"path":"/s/w","watch":"/s/w"}\n{"path":"/s/w/deep","watch":"/s/w"}' \
    "$(cat "$scratch/watched")"
# Bytes that are no UTF-8 are shown as they are: a surrogate, a letter in an overlong form.
store write /s/u $'\xed\xa0\x80' /s/v $'\xe0\x81\x81' /s/w $'\xc3\xa4'
same store-no-text '["eda080", "e08181", "\u00e4"]' "$(store read -o json /s/u /s/v /s/w | python3 -c 'import json, sys
print(json.dumps([n.get("value_hex", n.get("value")) for n in json.load(sys.stdin)]))')"
store rm /s
# Nothing that a terminal obeys: a CSI of one byte, and as UTF-8.
store write /s/a $'\x9b2J \xc3\xa4' /s/b $'\xc2\x9b2J\x1b\t\n"\xc2\xa0\xc3\xa4'
same store-escapes $'/s/a = "\\x9b2J \\xc3\\xa4"\n/s/b = "\\xc2\\x9b2J\\x1b\\t\\n\\"\xc2\xa0\xc3\xa4"' "$(store ls /s)"
store rm /s
# A command line that fails in the middle changes nothing.
out=$(store write /atomic/ok 1 '/atomic/not ok' 1 2>&1)
same store-atomic-status 1 $?
same store-atomic-says 'store: write /atomic/not ok: not a valid path or argument' "$out"
check store-atomic "" eval '! store read /atomic/ok 2>/dev/null'

status() {
    store "$@" >/dev/null 2>&1
    echo $?
}
same status-missing 1 "$(status read /none)"
same status-usage "2 2 2 2" "$(status) $(status nonsense) $(status write /a) $(status chmod /a x1)"
same status-range "2 2 2" "$(status chmod / n0 r4294967297) $(status watch -t 4294968 /) $(status watch -t 9999999999999999 /)"
# Where there is no room for it nobody sees the answer.
out=$(store ls 2>&1 >/dev/full)
same full-disk "1 store: ls: standard output: cannot be written: No space left on device" "$? $out"
same full-disk-status "1 1" "$(for v in 'read -o json /' 'watch -n 2 -t 20 /'; do
    # shellcheck disable=SC2086
    store $v >/dev/full 2>/dev/null; echo $?; done | xargs)"
same status-timeout 5 "$(status watch -n 2 -t 1 /a)"
same status-down 1 "$("$bin/store" --socket "$scratch/none" ls >/dev/null 2>&1; echo $?)"
for p in store stored; do
    check "help-$p" "" eval "'$bin/$p' --help | grep -q ^usage:"
done

# Many writers of one counter: each increment is a transaction, none is lost.
cat >"$scratch/count.py" <<'E2'
import socket, struct, sys
s = socket.socket(socket.AF_UNIX); s.connect(sys.argv[1])
def ask(kind, tx, data):
    s.sendall(struct.pack("IIII", kind, 1, tx, len(data)) + data)
    def get(n):
        b = b""
        while len(b) < n:
            b += s.recv(n - len(b))
        return b
    kind, _, _, n = struct.unpack("IIII", get(16))
    return kind, get(n)
for i in range(int(sys.argv[2])):
    while True:
        tx = int(ask(6, 0, b"\0")[1][:-1])
        n = int(ask(2, tx, b"/counter\0")[1])
        ask(11, tx, b"/counter\0%d" % (n + 1))
        if ask(7, tx, b"T\0")[0] == 7:
            break
E2
store write /counter 0
writers=()
for i in 1 2 3 4 5 6; do
    python3 "$scratch/count.py" "$XENSTORED_PATH" 100 &
    writers+=($!)
done
wait "${writers[@]}"
same no-lost-update 600 "$(store read /counter)"

# Bad clients lose their connection (or wait), the others are served.
cat >"$scratch/bad.py" <<'E2'
import os, socket, struct, sys, time
path = sys.argv[1]
def conn():
    s = socket.socket(socket.AF_UNIX); s.connect(path); s.settimeout(10); return s
# Too long a message: closed.
s = conn(); s.sendall(struct.pack("IIII", 2, 1, 0, 5000) + b"x" * 100)
assert s.recv(100) == b"", "not closed"
# Noise.
for i in range(50):
    s = conn(); s.sendall(os.urandom(300)); s.close()
# Half a message, and many of them: others go on.
half = [conn() for i in range(300)]
for h in half: h.sendall(struct.pack("IIII", 2, 1, 0, 10) + b"/to")
# One that asks and asks and never reads.
deaf = conn(); deaf.setblocking(False)
message = struct.pack("IIII", 2, 1, 0, 2) + b"/\0"
try:
    for i in range(100000): deaf.send(message * 100)
except BlockingIOError: pass
s = conn(); start = time.time()
s.sendall(message); assert len(s.recv(100)) >= 16
# Half-sent ones are answered when they come to an end.
for h in half:
    h.sendall(b"ol\0...."); assert len(h.recv(100)) >= 16
print("served")
E2
same bad-clients served "$(python3 "$scratch/bad.py" "$XENSTORED_PATH" 2>&1 | tail -n 1)"
check alive-after "" store read /

# One daemon for a socket.
out=$("$bin/stored" --no-kernel --socket "$XENSTORED_PATH" 2>&1)
same second-daemon "1 stored: $XENSTORED_PATH: Address already in use (another store daemon runs)" \
    "$? $out"
out=$("$bin/stored" --socket "$scratch/other" 2>&1)
same without-hypervisor 1 $?
same without-hypervisor-one-line "stored: /dev/xen/privcmd" "$(cut -d: -f1,2 <<<"$out")"

same log-has-messages yes "$(grep -q 'WRITE tx 0 "/other|1"' "$scratch/log" && echo yes)"
kill "$daemon"
wait "$daemon"
same ends-by-signal 0 $?
check socket-removed "" [ ! -e "$XENSTORED_PATH" ]
done_testing
