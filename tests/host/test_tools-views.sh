#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Configs out and in again, metrics, completion, a console's past: tests/host/tools/views.sh in dom0. Then
# cores of guests: tests/host/tools/dump.sh in dom0, and what gdb makes of them here.
# shellcheck disable=SC2016  # $rip is gdb's
. tests/host/lib.sh
cp tests/host/tools/*.sh dom0-tools/completion/domctl build/guest/mini "$scratch/"
FILES=$scratch TIMEOUT=600 dom0 'bash views.sh 2>/dev/null; bash dump.sh' 2>"$scratch/cores.tar" || exit
if ! tar xf "$scratch/cores.tar" -C "$scratch" 2>/dev/null; then
    head -n 5 "$scratch/cores.tar" >&2
    exit 1
fi
gunzip "$scratch/out/lin.core.gz"

# look CORE [PROGRAM] COMMAND...: what gdb says.
look() {
    local core=$scratch/out/$1 args=() line
    shift
    for line; do args+=(-ex "$line"); done
    HOME=$scratch gdb -batch -nx -iex 'set debuginfod enabled off' -iex 'set confirm off' \
        "${args[@]:1}" "$1" -c "$core" 2>&1
}
mini=build/guest/mini

# ---- the reference guest: two vCPUs with their registers, code, constants and what it wrote itself
look small.core $mini 'thread apply all -q info symbol $rip' bt 'print (char *)start_info->cmd_line' \
    'x/i $rip' 'print /x $rsp' >"$scratch/gdb"
check gdb-threads "$(cat "$scratch/gdb")" [ "$(grep -c ' in section \.text' "$scratch/gdb")" = 2 ]
check gdb-backtrace "$(cat "$scratch/gdb")" grep -q '^#[0-9].* _start ()' "$scratch/gdb"
check gdb-data "$(cat "$scratch/gdb")" grep -q '"test=vcpu end=wait"' "$scratch/gdb"
check gdb-code "$(cat "$scratch/gdb")" grep -qE '^=> 0xffffffff801[0-9a-f]+ <[a-z_]+\+[0-9]+>:' "$scratch/gdb"
read -r start size < <(objdump -h $mini | awk '$2 == ".rodata" { print $4, $3 }')
objcopy -O binary -j .rodata $mini "$scratch/rodata"
# Without the program: else gdb might take them from there.
look small.core '' "dump binary memory $scratch/seen 0x$start 0x$start+0x$size" >"$scratch/gdb"
check gdb-constants "$(cat "$scratch/gdb")" cmp -s "$scratch/rodata" "$scratch/seen"
check core-has-all "$(readelf -lW "$scratch/out/small.core")" \
    [ "$(stat -c %s "$scratch/out/small.core")" = $((32 * 1048576 + 4096)) ]
look sick.core $mini 'info symbol $rip' >"$scratch/gdb"
check gdb-crashed "$(cat "$scratch/gdb")" grep -q 'domain_shutdown.* in section \.text' "$scratch/gdb"

# ---- a stock Linux, without its symbols: its text and the direct map show the same memory
banner=$(sed -n 's/ . linux_banner$//p' "$scratch/out/lin.facts")
version=$(grep -m 1 '^Linux version' "$scratch/out/lin.facts")
look lin.core '' 'set print elements 0' "x/s 0x$banner" "x/s 0x$banner - 0xffffffff80000000 + 0xffff888000000000" \
    'thread apply all -q x/2i $rip' 'thread apply all -q x/2gx $rsp' >"$scratch/gdb"
check gdb-linux-text "$version; $(cat "$scratch/gdb")" grep -qF "0x$banner:	\"$version" "$scratch/gdb"
check gdb-linux-direct-map "$(cat "$scratch/gdb")" grep -q "^0xffff8880[0-9a-f]*:	\"Linux version" "$scratch/gdb"
check gdb-linux-vcpus "$(cat "$scratch/gdb")" [ "$(grep -c '^=> 0xffffffff8' "$scratch/gdb")" = 2 ]
check gdb-linux-stacks "$(cat "$scratch/gdb")" [ "$(grep -cE '^0xffff[0-9a-f]+:	0x[0-9a-f]{16}	0x' "$scratch/gdb")" = 2 ]
done_testing
