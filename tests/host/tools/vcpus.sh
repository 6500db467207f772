#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Runs in dom0: a stock guest with as many vCPUs as there may be.
. "$(dirname "$0")/lib.sh"
trap '' PIPE
online() { domctl vcpu-list many | awk 'NR > 1 && $5 != "offline"' | wc -l; }

config many 'memory = 256' 'vcpus = 32' 'extra = "console=hvc0 quiet loglevel=4 shell"'
# Sixteen vCPUs share a page table for the windows that hold their descriptor tables. It is made when a vCPU first
# needs it and stays for the next, so the hypervisor grows by the first guest of this size and by no other.
held() { domctl info -o json | sed -n 's/.*"hypervisor_pages": \([0-9]*\).*/\1/p'; }
round() { domctl create -p /tmp/many.cfg >/dev/null && domctl destroy many; }
grew() { [ $(($(held) - $1)) -le "$2" ]; }
before=$(held)
round
check window-tables-are-few "$before, then $(held)" wait_for 5 grew "$before" 2
after=$(held)
round
round
check window-tables-stay "$after, then $(held)" wait_for 5 grew "$after" 0
snapshot >/tmp/before
create many
check create "$(cat /tmp/create.err)" [ -n "$(field many id)" ]
check boots "$(tail -n 3 $log/many.log)" wait_for 200 grep -aq GUEST-INIT $log/many.log
check thirty-two "$(online)" [ "$(online)" = 32 ]
check down "$(online)" domctl vcpu-set -t 60 many 3
check up "$(online)" domctl vcpu-set -t 100 many 32
domctl destroy many
same nothing-left
