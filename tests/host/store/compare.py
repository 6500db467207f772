#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""compare.py OURS THEIRS SEED COUNT: gives the same random operations to two store daemons on
empty stores and compares each answer, and the events that each connection got by then.

Known differences are not provoked: malformed messages, the order of children, permissions of
domains that don't exist. A transaction is compared while nothing else changes the tree."""
import random
import socket
import struct
import sys

(CONTROL, DIRECTORY, READ, GET_PERMS, WATCH, UNWATCH, START, END, _, _, DOMAIN_PATH, WRITE, MKDIR, RM,
 SET_PERMS, EVENT, ERROR) = range(17)
INTRODUCED, RESET, PART = 17, 21, 22
PATHS = ["/t", "/t/a", "/t/a/b", "/t/a/b/c", "/t/a/d", "/t/x", "/t/x/y", "/t/z/q/r", "rel", "rel/x",
         "/tool", "/t/1", "/t/10", "/t/2", "/"]
BAD = ["", "//", "/t/", "/t//b", "t/", "@foo", "/t/a b", "/t/a:b", "/t/a.b", "/t/@x", "/t/a-b_C"]
SPECIAL = ["@releaseDomain", "@introduceDomain", "@foo"]


class Conn:
    def __init__(self, path):
        self.s = socket.socket(socket.AF_UNIX)
        self.s.connect(path)
        self.s.settimeout(20)
        self.events = set()
        self.transactions = {}

    def get(self, n):
        data = b""
        while len(data) < n:
            part = self.s.recv(n - len(data))
            if not part:
                raise EOFError
            data += part
        return data

    def ask(self, kind, tx, data):
        self.s.sendall(struct.pack("IIII", kind, 7, tx, len(data)) + data)
        while True:
            answer, _, _, n = struct.unpack("IIII", self.get(16))
            body = self.get(n)
            if answer != EVENT:
                return answer, body
            self.events.add(body)

    def take_events(self):
        self.ask(DOMAIN_PATH, 0, b"1\0")  # what was queued before comes before its answer
        events, self.events = self.events, set()
        return sorted(events)


def normal(kind, answer):
    """What of an answer must be equal: not the order of children, numbers, generations."""
    got, body = answer
    if got == DIRECTORY:
        return got, sorted(body.split(b"\0"))
    if got == PART:
        _, names = body.split(b"\0", 1)
        return got, sorted(names.split(b"\0"))
    return (got, b"") if got == START else answer


def perms(rnd):
    return b"".join(b"%c%d\0" % (rnd.choice(b"nrwb"), rnd.choice([0, 0, 1, 7]))
                    for _ in range(rnd.randint(1, 4)))


def operation(rnd):
    """A random message: kind and payload."""
    kind = rnd.choice([DIRECTORY, DIRECTORY, READ, READ, READ, GET_PERMS, WRITE, WRITE, WRITE, WRITE,
                       MKDIR, RM, RM, SET_PERMS, SET_PERMS, WATCH, UNWATCH, PART, RESET, INTRODUCED, 20])
    path = rnd.choice(BAD if rnd.randrange(12) == 0 else PATHS).encode() + b"\0"
    if kind == WRITE:
        return kind, path + b"v%d" % rnd.randrange(1000)
    if kind == SET_PERMS:
        if path[:1] == b"@":  # answered there with the error of some earlier call
            path = b"rel\0"
        return kind, path + perms(rnd)
    if kind in (WATCH, UNWATCH):
        if rnd.randrange(8) == 0:
            path = rnd.choice(SPECIAL).encode() + b"\0"
        return kind, path + b"token%d\0" % rnd.randrange(3)
    if kind == PART:
        return kind, path + b"0\0"
    if kind == INTRODUCED:
        return kind, rnd.choice([b"3\0", b"77\0", b"32752\0"])
    if kind == RESET:
        return (kind, b"\0") if rnd.randrange(20) == 0 else (READ, path)
    return kind, path


def main():
    paths, seed, count = sys.argv[1:3], int(sys.argv[3]), int(sys.argv[4])
    rnd = random.Random(seed)
    daemons = [[Conn(p) for _ in range(3)] for p in paths]
    open_tx = None  # of connection 0: its number with each daemon
    for i in range(count):
        if rnd.randrange(25) == 0:
            if open_tx is None:
                who, kind, data = 0, START, b"\0"
            else:
                who, kind, data = 0, END, rnd.choice([b"T\0", b"T\0", b"F\0"])
        else:
            kind, data = operation(rnd)
            who = rnd.randrange(3) if open_tx is None else 0
            if kind == RESET and open_tx is not None:
                continue
        answers = [d[who].ask(kind, open_tx[k] if open_tx else 0, data) for k, d in enumerate(daemons)]
        what = f"seed {seed} operation {i}: connection {who} kind {kind} {data!r}"
        if normal(kind, answers[0]) != normal(kind, answers[1]):
            sys.exit(f"{what}: {answers[0]} here, {answers[1]} there")
        if kind == START:
            open_tx = [int(a[1][:-1]) for a in answers]
        elif kind == END:
            open_tx = None
        for c in range(3):
            here, there = (d[c].take_events() for d in daemons)
            if here != there:
                sys.exit(f"{what}: connection {c} was told {here} here, {there} there")
    print("same")


main()
