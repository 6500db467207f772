#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# stored with 100,000 nodes, 1,000 connections and 10,000 watches, natively: it serves them all, and
# has the nodes again after a kill. That no request takes longer for them: tests/unit/test_store_scale.c.
. tests/host/lib.sh
bin=$PWD/build/xenstore-like
socket=$scratch/socket
trap 'kill "$daemon" 2>/dev/null; wait 2>/dev/null; rm -rf "$scratch"' EXIT
same() { if [ "$2" = "$3" ]; then pass "$1"; else fail "$1" "expected $2 got $3"; fi; }
start() {
    "$bin/stored" --no-kernel --socket "$socket" --state "$scratch/state" -o "$scratch/log" &
    daemon=$!
    until "$bin/store" --socket "$socket" read / >/dev/null 2>&1 || ! kill -0 "$daemon" 2>/dev/null; do sleep 0.02; done
}
cat >"$scratch/scale.py" <<'E2'
import resource, socket, struct, sys
soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
resource.setrlimit(resource.RLIMIT_NOFILE, (min(4096, hard), hard))
WATCH, WRITE, EVENT = 4, 11, 15
def conn():
    s = socket.socket(socket.AF_UNIX); s.connect(sys.argv[1]); s.settimeout(30); return s
def message(kind, data): return struct.pack("IIII", kind, 1, 0, len(data)) + data
def get(s, n):
    b = b""
    while len(b) < n:
        part = s.recv(n - len(b)); assert part; b += part
    return b
def take(s):
    kind, _, _, n = struct.unpack("IIII", get(s, 16)); return kind, get(s, n)
s = conn()
for i in range(1000):
    s.sendall(b"".join(message(WRITE, b"/load/%d/%d\0value" % (i, k)) for k in range(100)))
    assert all(take(s)[0] == WRITE for k in range(100))
print("nodes")
conns = [conn() for i in range(1000)]
for i, c in enumerate(conns):
    for k in range(10):
        c.sendall(message(WATCH, b"/load/%d/%d\0w%d\0" % (i, k, k)))
        assert sorted([take(c)[0], take(c)[0]]) == [WATCH, EVENT]
print("watches")
told = 0
for i in range(0, 1000, 7):
    s.sendall(message(WRITE, b"/load/%d/3\0new" % i)); assert take(s)[0] == WRITE
    assert take(conns[i]) == (EVENT, b"/load/%d/3\0w3\0" % i); told += 1
for c in conns: # and nobody else
    c.setblocking(False)
    try: c.recv(1); print("told too much")
    except BlockingIOError: pass
print("events", told)
E2
start
same all-served "nodes watches events 143" "$(python3 "$scratch/scale.py" "$socket" 2>&1 | tail -n 3 | tr '\n' ' ' | sed 's/ $//')"
kill -9 "$daemon"
wait "$daemon" 2>/dev/null
start
same nodes-after-a-kill 101000 "$("$bin/store" --socket "$socket" ls /load | wc -l)"
same values-after-a-kill $'new\nvalue' "$("$bin/store" --socket "$socket" read /load/7/3 /load/8/3)"
done_testing
