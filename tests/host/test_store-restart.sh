#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# stored killed and started again, natively and without a hypervisor: the tree is there, the client
# library comes back, nothing that was answered is lost.
. tests/host/lib.sh
bin=$PWD/build/xenstore-like
socket=$scratch/socket
store() { "$bin/store" --socket "$socket" "$@"; }
pids=()
trap 'kill "${pids[@]}" 2>/dev/null; wait 2>/dev/null; rm -rf "$scratch"' EXIT
daemon=
# start OPTION...: and wait until it answers, or has ended.
start() {
    "$bin/stored" --no-kernel --socket "$socket" --state "$scratch/state" -o "$scratch/log" "$@" &
    daemon=$!
    pids=("$daemon")
    until store read / >/dev/null 2>&1 || ! kill -0 "$daemon" 2>/dev/null; do sleep 0.02; done
}
end() { kill -9 "$daemon"; wait "$daemon" 2>/dev/null; }
same() { if [ "$2" = "$3" ]; then pass "$1"; else fail "$1" "expected $2 got $3"; fi; }

start
store write /a/b 1 /a/c 'two words' >/dev/null
store chmod /a/b n3 r4 w5
before=$(store ls -p /)
end
start
same tree-and-permissions "$before" "$(store ls -p /)"

store watch -n 3 -t 20 /a/b >"$scratch/watched" &
watcher=$!
until grep -qs . "$scratch/watched"; do sleep 0.02; done
end
start
until [ "$(wc -l <"$scratch/watched")" -ge 2 ]; do sleep 0.02; done # set again
store write /a/b 2
wait $watcher
same watch-goes-on "0 3" "$? $(wc -l <"$scratch/watched")"

# A transaction goes with the daemon. across COMMAND...: which says "open", and has another daemon then.
across() {
    "$@" <"$scratch/go" >"$scratch/across" &
    local client=$!
    exec 4>"$scratch/go"
    until grep -qs open "$scratch/across" || ! kill -0 $client; do sleep 0.02; done
    end
    start
    echo >&4
    exec 4>&-
    wait $client
    tail -n 1 "$scratch/across"
}
mkfifo "$scratch/go"
gcc -std=gnu11 -D_GNU_SOURCE -Wall -Wextra -Werror -I. -o "$scratch/open-tx" tests/host/store/open-tx.c \
    xenstore-like/client.c xenstore-like/errors.c || die "open-tx.c does not build"
across "$scratch/open-tx" "$socket" >"$scratch/said"
same open-transaction 'write again, commit again, anew done in 1' "$(cat "$scratch/said")"
same open-transaction-left-nothing '/tx/redone = "1"' "$(store ls /tx)"
# Who speaks the protocol by itself loses its connection, and its number means nothing to the next daemon.
cat >"$scratch/open-tx.py" <<'E2'
import socket, struct, sys
def ask(s, kind, tx, data):
    try:
        s.sendall(struct.pack("IIII", kind, 1, tx, len(data)) + data)
        return s.recv(4096)[16:].decode().strip("\0")
    except OSError:
        return ""
def conn():
    s = socket.socket(socket.AF_UNIX); s.connect(sys.argv[1]); return s
s = conn()
tx = int(ask(s, 6, 0, b"\0"))
ask(s, 11, tx, b"/tx/hand\0001")
print("open", flush=True)
sys.stdin.readline()
print(ask(s, 7, tx, b"T\0") or "hung up", ask(conn(), 7, tx, b"T\0"))
E2
across python3 "$scratch/open-tx.py" "$socket" >"$scratch/said"
same open-transaction-by-hand 'hung up ENOENT' "$(cat "$scratch/said")"
same by-hand-left-nothing '/tx/redone = "1"' "$(store ls /tx)"
store rm /tx

# Writers that never stop; what they were told is written must be there after each kill.
cat >"$scratch/writer.py" <<'E2'
import os, socket, struct, sys, time
path, key = sys.argv[1:3]
told, n, end = 0, 0, time.time() + float(sys.argv[3])
def conn():
    while True:
        try:
            s = socket.socket(socket.AF_UNIX); s.connect(path); return s
        except OSError:
            time.sleep(0.005)
def get(s, n):
    b = b""
    while len(b) < n:
        part = s.recv(n - len(b))
        if not part: raise OSError
        b += part
    return b
def ask(s, kind, data):
    s.sendall(struct.pack("IIII", kind, 1, 0, len(data)) + data)
    kind, _, _, n = struct.unpack("IIII", get(s, 16))
    return kind, get(s, n)
s, lives = conn(), 1
while time.time() < end:
    try:
        n += 1
        assert ask(s, 11, b"/w/%s\0%d" % (key.encode(), n))[0] == 11
        told = n
    except OSError:
        s, lives = conn(), lives + 1
        try:
            kind, value = ask(s, 2, b"/w/%s\0" % key.encode())
        except OSError:
            continue
        if told and (kind != 2 or not told <= int(value) <= n):
            sys.exit("told %d, found %r" % (told, value))
print("whole" if lives > 3 else "only %d lives" % lives)
E2
for i in 1 2 3; do
    python3 "$scratch/writer.py" "$socket" "$i" 6 >"$scratch/writer.$i" 2>&1 &
    eval "writer$i=$!"
done
# shellcheck disable=SC2154
while kill -0 "$writer1" 2>/dev/null; do sleep 0.3; end; start; done
# shellcheck disable=SC2154
wait "$writer1" "$writer2" "$writer3"
same nothing-told-is-lost "whole whole whole" "$(cat "$scratch"/writer.? | tr '\n' ' ' | sed 's/ $//')"

# A crash at each step of one command: all of it, or nothing if the daemon never served.
store rm /w
store mkdir /x
bad='' n=1 reached=0 back=0
while [ $n -le 8 ]; do
    end
    start --crash-at "$n"
    kill -0 "$daemon" 2>/dev/null && served=1 || served=0
    "$bin/store" --socket "$socket" write /x/1 a /x/2 b >/dev/null 2>&1 &
    client=$!
    for i in 1 2 3 4 5; do kill -0 "$client" 2>/dev/null && sleep 0.05; done
    if kill -0 "$daemon" 2>/dev/null; then end; else reached=$n; fi
    start
    wait $client
    rc=$? there=$(store ls /x 2>&1 | tr '\n' ' ')
    case "$served $rc $there" in
    '1 0 /x/1 = "a" /x/2 = "b" ') [ $reached != $n ] || back=$((back + 1)) ;;
    '0 1 ' | '0 0 /x/1 = "a" /x/2 = "b" ') ;;
    *) bad="step $n: served $served, the client ended with $rc: $there" ;;
    esac
    store rm -f /x/1 /x/2
    n=$((n + 1))
done
check every-step "$bad" [ -z "$bad" ]
check steps-were-reached "the last one at $reached" [ $reached -ge 4 ]
check clients-came-back "after $back crashes" [ $back -ge 2 ]

end
echo nonsense >"$scratch/state"
start
same no-journal 'tool = ""' "$(store ls / | head -n 1 | sed 's,^/,,')"
check no-journal-is-said "" grep -q 'not a journal' "$scratch/log"
kill "$daemon"
wait "$daemon"
start
same kept-after-sigterm '/tool = ""' "$(store ls / | head -n 1)"
out=$("$bin/stored" --no-kernel --socket "$scratch/other" --crash-at 0 2>&1)
same crash-at-usage "2 stored: --crash-at 0: not a number of steps" "$? $out"

# A kernel's device, played by a terminal: its connection is all programs' and its numbers of
# transactions go beyond what a socket's connection ever sees.
cat >"$scratch/device.py" <<'E2'
import os, pty, struct, subprocess, sys, tty
kernel, device = pty.openpty()
tty.setraw(device)
client = subprocess.Popen([sys.argv[1], "--socket", os.ttyname(device), "write", "/a", "1", "/b", "2"])
def get(n):
    b = b""
    while len(b) < n: b += os.read(kernel, n - len(b))
    return b
seen = []
while not seen or seen[-1][0] != 7:
    kind, req, tx, n = struct.unpack("IIII", get(16))
    get(n)
    seen.append((kind, tx))
    answer = b"%d\0" % int(sys.argv[2]) if kind == 6 else b"OK\0"
    os.write(kernel, struct.pack("IIII", kind, req, tx, len(answer)) + answer)
print(client.wait(), *["%d:%d" % s for s in seen])
E2
same device-numbers "0 6:0 11:16777217 11:16777217 7:16777217" \
    "$(timeout 20 python3 "$scratch/device.py" "$bin/store" 16777217 2>&1)"

# Tells a supervisor that it serves.
same ready "READY=1" "$(python3 - "$bin/stored" "$scratch" <<'E2'
import os, socket, subprocess, sys
s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM); s.bind(sys.argv[2] + "/ready"); s.settimeout(10)
d = subprocess.Popen([sys.argv[1], "--no-kernel", "--socket", sys.argv[2] + "/third"],
                     env=dict(os.environ, NOTIFY_SOCKET=sys.argv[2] + "/ready"), stderr=subprocess.DEVNULL)
print(s.recv(100).decode())
d.terminate()
E2
)"
done_testing
