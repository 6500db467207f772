#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Runs in dom0: a stock guest with as many vCPUs as there may be.
. "$(dirname "$0")/lib.sh"
trap '' PIPE
online() { domctl vcpu-list many | awk 'NR > 1 && $5 != "offline"' | wc -l; }

config many 'memory = 256' 'vcpus = 32' 'extra = "console=hvc0 quiet loglevel=4 shell"'
# The page tables of the descriptor windows for so many vCPUs are made once, and stay.
domctl create -p /tmp/many.cfg >/dev/null
domctl destroy many
snapshot >/tmp/before
create many
check create "$(cat /tmp/create.err)" [ -n "$(field many id)" ]
check boots "$(tail -n 3 $log/many.log)" wait_for 200 grep -aq GUEST-INIT $log/many.log
check thirty-two "$(online)" [ "$(online)" = 32 ]
check down "$(online)" domctl vcpu-set -t 60 many 3
check up "$(online)" domctl vcpu-set -t 100 many 32
domctl destroy many
same nothing-left
