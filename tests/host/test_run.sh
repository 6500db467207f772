#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# make run hands a command and its output on byte for byte, and its status.
. tests/host/lib.sh
mkdir "$scratch/files"
head -c 1000000 /dev/urandom >"$scratch/files/noise"

# shellcheck disable=SC2016  # dom0's shell expands it
command='printf "%s|" "double" '\''single $HOME'\'' $0 "#hash" $(echo sub) `echo tick` $((1+2))
cat noise; echo oops >&2'
{
    # shellcheck disable=SC2016
    printf '%s|' double 'single $HOME' sh '#hash' sub tick 3
    cat "$scratch/files/noise"
} >"$scratch/expected"
make -s run "CMD=$command" FILES="$scratch/files" TIMEOUT=240 >"$scratch/out" 2>"$scratch/err"
rc=$?
check status "make run ended with $rc" [ $rc = 0 ]
check stdout "stdout differs: $(cmp "$scratch/out" "$scratch/expected" 2>&1)" \
    cmp -s "$scratch/out" "$scratch/expected"
check stderr "stderr is '$(head -c 200 "$scratch/err")'" [ "$(cat "$scratch/err")" = oops ]

DISKS=0 dom0 'exit 7'
rc=$?
check exit-status "exit 7 gave $rc" [ $rc = 7 ]
out=$(DISKS=0 dom0 'wc -c')
check empty-stdin "stdin holds $out bytes" [ "$out" = 0 ]
DISKS=0 TIMEOUT=5 dom0 'sleep 1000' 2>/dev/null
rc=$?
check timeout "a command that does not end gave $rc" [ $rc = 124 ]
DOM0_ARGS=rdinit=/nonesuch DISKS=0 BOOT_TIMEOUT=20 dom0 true 2>/dev/null
rc=$?
check no-boot "a host that does not boot gave $rc" [ $rc = 125 ]

# A person at a terminal, who has had enough.
out=$(DISKS=0 python3 - 2>&1 <<'P'
import os, pty, subprocess, sys, termios, time

def qemus():
    out = subprocess.run(["pgrep", "-f", os.environ["LOG"]], capture_output=True, text=True)
    return out.stdout.split()

pid, terminal = pty.fork()
if not pid:
    os.environ["CMD"] = "sleep 1000"
    os.execv("tests/host/run", ["tests/host/run"])
before = termios.tcgetattr(terminal)
end = time.time() + 60
while not qemus() and time.time() < end:
    time.sleep(0.2)
ran = qemus()
os.write(terminal, b"\x03")
status = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
if not ran or status != 130 or qemus() or termios.tcgetattr(terminal) != before:
    sys.exit(f"ran as {ran}, status {status}, left {qemus()}, terminal {before} {termios.tcgetattr(terminal)}")
P
)
rc=$?
check ctrl-c "$out" [ $rc = 0 ]
done_testing
