#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=dash
#
# macro.sh SAMPLES ROW=SIZE...: Debian's programs at work, inside what is measured, on files in memory. Each row is
# measured SAMPLES times, one after the other, and each time gives a line `ROW name value unit`. Run by BusyBox, whose shell
# knows EPOCHREALTIME. SIZE of compile is how many times, of sqlite the size for speedtest1, of redis
# the requests, of compression the KiB.
here=$(dirname "$0")
cd /tmp || exit
samples=$1
shift

# shellcheck disable=SC3028
now() { # microseconds, into $t
    t=$EPOCHREALTIME
    t=${t%.*}${t#*.}
}
failed() {
    echo "FAIL $row: $*"
    exit 1
}
# took COMMAND...: its microseconds, into $us.
took() {
    now
    from=$t
    "$@" >out 2>&1 || failed "ended with status $?: $(tail -n 1 out)"
    now
    us=$((t - from))
}
# print UNIT WHAT: WHAT divided by the million.
print() { echo "ROW $row $(($2 / 1000000)).$(printf %06d $(($2 % 1000000))) $1"; }

# 10,102 lines in four programs of SQLite's build, each compiled and linked as make does.
compile() {
    for _ in $(seq "$1"); do
        for program in lemon mkkeywordhash mksourceid speedtest1; do
            /usr/bin/gcc-12 -c -o $program.o "$here/src/$program.c" || return
            case $program in speedtest1) set -- -lsqlite3 ;; *) set -- ;; esac
            /usr/bin/gcc-12 -o $program $program.o "$@" || return
        done
    done
}
sqlite() {
    rm -f speedtest.db
    /usr/bin/speedtest1 --size "$1" speedtest.db
}

# redis_row REQUESTS ARGUMENT...: requests a second, of 50 clients.
redis_row() {
    requests=$1
    shift
    /usr/bin/redis-benchmark --csv -n "$requests" "$@" >out 2>&1 || failed "$(tail -n 1 out)"
    rate=$(sed -nE 's/^"(SET|GET)[^"]*","([0-9.]+)".*/\2/p' out)
    [ -n "$rate" ] || failed "redis-benchmark said no rate: $(tail -n 1 out)"
    echo "ROW $row $rate /s"
}
redis_start() {
    [ -z "$redis" ] || return 0
    /usr/bin/redis-server --save '' --appendonly no >redis.log 2>&1 &
    redis=$!
    for _ in $(seq 300); do
        ! grep -q 'Ready to accept connections' redis.log || return 0
        sleep 0.2
    done
    failed "redis-server is not ready: $(tail -n 1 redis.log)"
}

# pack PROGRAM LEVEL KIB, unpack PROGRAM: MB/s of what is not compressed.
pack() {
    head -c $(($3 * 1024)) "$here/text" >text
    took sh -c "/usr/bin/$1 -$2 -c text >text.$1"
    print MB/s $(($3 * 1024 * 1000000 / us))
}
unpack() {
    head -c $(($2 * 1024)) "$here/text" >text
    took sh -c "/usr/bin/$1 -d -c text.$1 >text.back"
    cmp -s text text.back || failed "what comes out is not what went in"
    print MB/s $(($2 * 1024 * 1000000 / us))
}

redis=
for word; do
    row=${word%%=*} size=${word#*=}
    for _ in $(seq "$samples"); do
        case $row in
        compile | sqlite)
            took "$row" "$size"
            print s "$us"
            ;;
        redis_*)
            redis_start
            case $row in
            redis_set) redis_row "$size" -t set ;;
            redis_get) redis_row "$size" -t get ;;
            redis_pipelined) redis_row "$size" -t get -P 16 ;;
            *) failed "no such row" ;;
            esac
            ;;
        zstd) pack zstd 3 "$size" ;;
        gzip) pack gzip 6 "$size" ;;
        xz) pack xz 1 "$size" ;;
        zstd_d | gzip_d | xz_d) unpack "${row%_d}" "$size" ;;
        *) failed "no such row" ;;
        esac
    done
done
[ -z "$redis" ] || kill "$redis"
